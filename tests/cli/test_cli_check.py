"""The command as a whole; each check has a test of its own under preflight."""

from __future__ import annotations

import json
import os
import socket
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from daemon import kill
from daemon.guardian.listening import listening
from daemon.jobs.preflight import machine
from daemon.settings import load
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from daemon.storage.stood_in_for import MEND, stood_in_for
from tests.kit.commands import told
from tests.kit.fake_daemon import TOKEN

CHECKS = [
    *(
        "settings",
        "feed",
        "strategies",
        "state folder",
        "files",
        "logs",
        "ledger",
        "hot state",
        "sinks",
    ),
    *("tokens", "vault", "latches"),
    *("guardian", "port", "clock", "rules", "calendar", "rates", "broker of paper", "static IP"),
    "live",
]

LIVE = (
    '[daemon]\nmode = "live"\n[feed]\nkind = "broker"\n[[accounts]]\nid = "zed"\n'
    'broker = "zerodha"\n[brokers.zerodha]\nstatic_ip = "8.8.4.4"\n'
)


def words(path: Path | None = None) -> bytes:
    """Return what a guardian says that is started by these settings."""
    return msgspec.json.encode(stood_in_for(load(path, os.environ)))


@pytest.fixture
def free_port(house, monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("ORDO_WEB__PORT", str(port))


def checked() -> dict[str, tuple[str, str, str]]:
    document = json.loads(told("check", "--json").out)
    return {
        each["check"]: (each["verdict"], each["evidence"], each["mend"])
        for each in document["checks"]
    }


@pytest.mark.usefixtures("free_port")
def test_a_fresh_folder_passes_every_check():
    done = told("check", "--json")
    document = json.loads(done.out)

    assert (done.code, done.err, document["ok"]) == (0, "", True)
    assert [each["check"] for each in document["checks"]] == CHECKS
    assert {each["verdict"] for each in document["checks"]} <= {"ok", "warn"}


@pytest.mark.usefixtures("free_port")
def test_people_read_a_line_each():
    lines = told("check").out.splitlines()

    assert [line[:15].strip() for line in lines if not line.startswith(" ")] == CHECKS
    assert lines[2].startswith("strategies       ok       ")


@pytest.mark.usefixtures("free_port")
def test_what_fails_is_told_with_its_mend_and_the_exit_code(house):
    (house / "state").chmod(0o755)
    done = told("check")

    assert done.code == 1
    assert "state folder     fail     state is open to others (mode 0755)\n" in done.out
    assert "\n                          -> chmod 700 state\n" in done.out


@pytest.mark.usefixtures("free_port")
def test_a_record_that_a_start_would_refuse_fails(house):
    store = SqliteStore(house / "state" / "ledger.sqlite")
    with closing(StoredLedger(store, "anna")) as ledger:
        ledger.begin_epoch(1)
    verdict, evidence, _ = checked()["ledger"]

    assert verdict == "fail"
    assert "are those of owner anna" in evidence


@pytest.mark.usefixtures("free_port")
def test_a_warning_does_not_fail(house):
    latch = kill.Latch("kill-1", kill.KILL, kill.ALL, "", "too wild", "me", 0)
    kill.pull(house / "state", latch)
    done = told("check")

    assert done.code == 0
    assert "kill-1 (kill of all: too wild)" in done.out


def test_wrong_settings_are_told_and_nothing_else_is_looked_at(house):
    (house / "settings.toml").write_text("[feed]\nsed = 1\n")
    done = told("check", "--json")
    (only,) = json.loads(done.out)["checks"]

    assert done.code == 1
    assert (only["check"], only["verdict"]) == ("settings", "fail")
    assert "feed.sed is unknown" in only["evidence"]


def test_a_daemon_of_ours_on_the_port_is_known(fake):
    fake.tells("/api/status", {"mode": "paper", "state": "running"})

    assert checked()["port"] == (
        *("ok", f"our daemon answers at http://127.0.0.1:{fake.port}: paper, running", ""),
    )


def test_a_control_port_that_is_off_is_no_fault(house, monkeypatch):
    monkeypatch.setenv("ORDO_WEB__ENABLED", "false")

    assert checked()["port"] == ("ok", "none is opened: [web] enabled is false", "")


@pytest.mark.usefixtures("free_port")
def test_no_secret_is_shown():
    assert TOKEN not in told("check").out + told("check", "--json").out


@pytest.mark.usefixtures("free_port")
def test_a_guardian_that_watches_is_told_and_so_is_what_it_left_word_of(house):
    state = house / "state"
    with listening(state, words()):
        assert checked()["guardian"] == ("ok", "one watches state", "")
    (state / "guardian.alert").write_text("the guardian has closed everything, and latched\n")
    assert checked()["guardian"] == (
        "warn",
        "one does not watch state; it has left word in state/guardian.alert",
        "look what it did, and remove state/guardian.alert then",
    )


def test_where_an_account_is_live_a_guardian_that_does_not_watch_is_a_warning(house):
    (house / "settings.toml").write_text(LIVE)
    verdict, _, mend = checked()["guardian"]
    assert verdict == "warn"
    assert "start `ordo-guardian`" in mend
    with listening(house / "state", words(house / "settings.toml")):
        assert checked()["guardian"][0] == "ok"


@pytest.mark.usefixtures("free_port")
def test_a_guardian_that_was_started_on_paper_fails_where_an_account_is_live_now(house):
    with listening(house / "state", words()):
        (house / "settings.toml").write_text(LIVE)
        verdict, evidence, mend = checked()["guardian"]
        assert (verdict, mend) == ("fail", MEND)
        assert "stands in for paper (PAPER), and the settings are for zed (LIVE)" in evidence


@pytest.mark.parametrize("amiss", [False, True])
def test_a_version_that_replaces_another_looks_at_settings_strategies_and_ledger_alone(
    house, amiss
):
    """Nothing is asked of a guardian or a server; the strategies that it replaces go with it."""
    there = house / "opt"
    (there / "strategies").mkdir(parents=True)
    (there / "strategies" / "old.toml").write_text("of = 'an earlier version'\n")
    text = f'[strategies]\npaths = ["{there}/../opt/strategies"]\n'
    (house / "settings.toml").write_text(text)
    if amiss:
        (house / "state" / "ledger.sqlite").write_bytes(b"no ledger")
    done = told("check", "--replaces", "opt", "--json")
    verdicts = {each["check"]: each["verdict"] for each in json.loads(done.out)["checks"]}

    assert list(verdicts) == ["settings", "strategies", "ledger"]
    assert (done.code, verdicts["ledger"]) == ((1, "fail") if amiss else (0, "ok"))
    assert verdicts["strategies"] != "fail"
    assert told("check", "--replaces", "elsewhere").code == 1


def test_a_version_that_replaces_another_looks_at_the_emergency_file_and_the_book_on_paper(
    house,
):
    (house / "state" / "emergency").write_bytes(b"of a newer version")
    done = told("check", "--replaces", "opt")
    assert (done.code, "state/emergency is damaged at byte 0" in done.out) == (1, True)

    (house / "state" / "emergency").unlink()
    (house / "state" / "exchange.sqlite").write_bytes(b"no book" * 99)
    done = told("check", "--replaces", "opt")
    assert (done.code, "file state/exchange.sqlite cannot be read" in done.out) == (1, True)


def test_a_version_that_replaces_another_asks_no_server_for_its_ledger(monkeypatch):
    monkeypatch.setenv("ORDO_LEDGER__URL", "postgresql://ordo@127.0.0.1:1/ordo")
    done = told("check", "--replaces", "opt")

    assert done.code == 0
    assert "ledger      warn     it is on a server, which is not asked" in done.out


def test_checking_changes_nothing(house):
    before = sorted(path.relative_to(house) for path in house.rglob("*"))
    told("check")

    assert sorted(path.relative_to(house) for path in house.rglob("*")) == before


@pytest.mark.usefixtures("free_port")
def test_what_this_user_may_not_look_at_fails_alone_and_all_else_is_told(monkeypatch):
    """As in the state folder of another user, who may let nobody in."""

    def forbidden(*_):
        raise PermissionError(13, "Permission denied", "state/replay")

    monkeypatch.setattr(machine, "newest_store", forbidden)
    found = checked()

    assert list(found) == CHECKS
    assert found["ledger"] == (
        "fail",
        "this user cannot look: [Errno 13] Permission denied: 'state/replay'",
        "look as the user whose daemon it is, or as root",
    )
