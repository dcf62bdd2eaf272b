"""`ordo run` on live prices: what is refused before anything is asked of a broker."""

from __future__ import annotations

import pytest

from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.commands import told
from tests.kit.live_daemon import LIVE

SETTINGS = f"""{LIVE}
[web]
enabled = false
[brokers.zerodha]
static_ip = "8.8.4.4"
"""
STAND_IN = """
api_root = "http://127.0.0.1:1"
ws_root = "ws://127.0.0.1:1"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text(SETTINGS)
    (tmp_path / "state").mkdir(mode=0o700)
    return tmp_path


@pytest.mark.parametrize(
    "args", [("--data", "day.parquet"), ("--until", "2026-03-09"), ("--speed", "8")]
)
def test_a_live_market_is_not_played(folder, args):
    done = told("run", *args)
    assert done.code == 2
    assert f"{args[0]}: days are played with it, and [feed] kind is broker" in done.err


def test_without_a_vault_there_is_no_live_run(folder):
    done = told("run")
    assert done.code == 1
    assert "there is no vault at state/vault.json; `ordo vault init` makes one" in done.err


def test_a_live_account_whose_credentials_were_never_put_in_is_refused_by_name(folder):
    vault = Vault(Place(folder / "state"))
    vault.begin(1)
    vault.put("zed", {"api_key": Secret("k")}, 1)
    done = told("run")
    assert done.code == 2
    assert "has no api_secret of zed: put them in with `ordo vault init`" in done.err
    assert done.out.startswith("LIVE  on the market as it is, in state\n")


def test_a_stand_in_that_does_not_answer_is_told(folder):
    (folder / "settings.toml").write_text(SETTINGS + STAND_IN)
    done = told("run", "--speed", "8")
    assert done.code == 1
    assert "the stand-in at http://127.0.0.1:1 does not say what time it is" in done.err
