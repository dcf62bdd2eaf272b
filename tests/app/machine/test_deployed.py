"""Which code, settings and schema a run begins with."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from daemon.app.machine import deployed
from daemon.app.machine.deployed import UNINSTALLED, code_loaded, code_sha256
from daemon.messages import CodeLoaded
from daemon.settings import Account, Daemon, Settings, Web
from daemon.storage.migrating import SQLITE, shipped


@pytest.fixture
def code(tmp_path) -> Path:
    """The files of a package."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "inner" / "b.sql").write_text("2")
    return tmp_path


def hashed(folder: Path) -> str:
    code_sha256.cache_clear()
    return code_sha256(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_text("3"),
        lambda folder: (folder / "inner" / "b.sql").unlink(),
        lambda folder: (folder / "a.py").rename(folder / "c.py"),
        lambda folder: (folder / "inner" / "c").write_text(""),
    ],
    ids=["changed", "removed", "renamed", "added"],
)
def test_any_other_file_gives_another_hash(code, change):
    before = hashed(code)
    change(code)

    assert hashed(code) != before


def test_what_python_compiles_counts_for_nothing(code):
    before = hashed(code)
    (code / "inner" / "__pycache__").mkdir()
    (code / "inner" / "__pycache__" / "b.pyc").write_text("3")

    assert hashed(code) == before


def test_a_run_tells_its_version_its_settings_and_its_schema():
    told = code_loaded(Settings(), 7)

    assert told == code_loaded(Settings(daemon=Daemon(state_dir=Path("state"))), 7)
    assert told.settings_sha256 != code_loaded(Settings(web=Web(port=1)), 7).settings_sha256
    assert isinstance(told, CodeLoaded)
    assert (told.version, told.at_ns) == (metadata.version("ordo"), 7)
    assert told.schema_number == shipped(SQLITE)[-1].number
    assert len(told.code_sha256) == 64
    assert code_loaded(Settings(), 7, "alpha") == replace(told, home="alpha")
    assert code_loaded(Settings(), 7, "", "ab") == replace(told, record_id="ab")
    assert b"record_id" not in msgspec.json.encode(told)


def test_a_run_tells_at_which_broker_each_account_trades_with_money():
    zed = Account(id="zed", broker="zerodha")
    told = code_loaded(replace(Settings(), accounts=(*Settings().accounts, zed)), 0)

    assert (told.modes, told.brokers) == ({"paper": "paper", "zed": "live"}, {"zed": "zerodha"})
    assert b"brokers" not in msgspec.json.encode(code_loaded(Settings(), 0))


def test_run_from_its_sources_it_says_so(monkeypatch):
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    deployed._version.cache_clear()
    told = code_loaded(Settings(), 0).version
    deployed._version.cache_clear()

    assert told == UNINSTALLED
