"""`ordo-guardian` as a command: what it says, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import closing
from types import SimpleNamespace

import pytest

from daemon.errors import DiskFails
from daemon.guardian.__main__ import main
from daemon.guardian.decision import Exposure
from daemon.guardian.listening import listening
from daemon.guardian.telling import ALERT, Teller
from daemon.guardian.watch import Watch
from daemon.storage import codec
from daemon.storage.exclusive import LOCK
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from daemon.storage.vault import Place, Vault
from daemon.storage.vault_keys import KEY_FILE
from daemon.twin.words import Side
from tests.guardian.test_guardian_taking_over import CALL, traded
from tests.kit.commands import ordo
from tests.kit.guardian_process import GuardianProcess
from tests.kit.handed import handed_over
from tests.kit.live_daemon import LIVE, SHADOW
from tests.kit.standard_output import WAYS, amiss

NEVER = "no daemon ever ran on {}; [daemon] state_dir state is seen from the folder that this is "


@pytest.fixture(autouse=True)
def house(tmp_path, monkeypatch):
    """An own folder to run in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    return tmp_path


def ran(monkeypatch, capsys, *args: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["ordo-guardian", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def test_a_disk_that_fails_is_no_misuse(monkeypatch, capsys):
    def refused(*_):
        raise DiskFails("vault.json cannot be read: Input/output error; see the log")

    monkeypatch.setattr("daemon.guardian.__main__.load_with_rules", refused)
    code, _, err = ran(monkeypatch, capsys)
    assert (code, err.split(":")[0]) == (1, "ordo-guardian")


@pytest.mark.untraced
def test_a_ledger_that_only_newer_code_can_read_ends_it_with_exit_code_one(
    house, monkeypatch, capsys
):
    """What is open, and what an unknown record hides, is for the code that is installed."""
    monkeypatch.setenv("ORDO_GUARDIAN__SILENCE_S", "2")
    monkeypatch.setattr("daemon.guardian.watch._OLD_S", 0)
    monkeypatch.setattr("daemon.guardian.sight.exposure_of", lambda _: Exposure.OPEN)
    newer = SimpleNamespace(encode=lambda _: b'{"type":"MoonSeen","at_ns":1}')
    store = SqliteStore(house / "state" / "ledger.sqlite")
    with monkeypatch.context() as patch, closing(StoredLedger(store, "owner")) as ledger:
        patch.setattr(codec, "_encoder", newer)
        ledger.begin_epoch(1)
    (house / "state" / LOCK).write_text("daemon 1 1\n")
    code, _, err = ran(monkeypatch, capsys)

    assert code == 1
    assert "ordo-guardian: the ledger was written by a newer version (it has a MoonSeen)" in err
    assert "so that its manager starts what is installed" in (house / "state" / ALERT).read_text()


@pytest.mark.untraced
def test_asked_once_it_says_how_things_stand_and_changes_nothing(house, monkeypatch, capsys):
    traded(house / "state", (CALL, Side.SELL, 65, 0))
    (house / "state" / LOCK).touch()
    before = sorted(path.name for path in (house / "state").iterdir())
    code, out, _ = ran(monkeypatch, capsys, "--once")
    assert code == 0
    assert out.splitlines() == [
        f"PAPER, state folder {house / 'state'}: a guardian does not watch",
        "daemon: it was stopped in order, or was never there",
        "broker: something is held, or an order rests",
    ]
    assert {*before} >= {p.name for p in (house / "state").iterdir() if "-" not in p.name}


def test_on_a_folder_that_no_daemon_ever_ran_on_it_says_so_and_from_where_that_is_seen(
    house, monkeypatch, capsys
):
    code, out, _ = ran(monkeypatch, capsys, "--once")

    assert code == 0
    assert out.splitlines()[1].startswith(f"daemon: {NEVER.format(house / 'state')}")


@pytest.mark.parametrize(
    ("args", "code", "part"),
    [
        (("--settings", "absent.toml"), 2, "absent.toml"),
        (("--nothing",), 2, "No such option"),
    ],
)
def test_what_it_cannot_do_is_told_without_a_traceback(monkeypatch, capsys, args, code, part):
    ended, _, err = ran(monkeypatch, capsys, *args)
    assert ended == code
    assert part in err
    assert "Traceback" not in err


def test_a_second_one_on_the_folder_is_refused(house, monkeypatch, capsys):
    with listening(house / "state"):
        code, _, err = ran(monkeypatch, capsys)
    assert code == 1
    assert "another guardian watches" in err


def test_interrupted_it_ends_at_once(house):
    guardian = GuardianProcess(house, {})
    guardian.wait_line(
        f"guardian: PAPER  watches {house / 'state'}: 30 s without a beat, 300 s after an orderly"
        " end"
    )
    guardian.wait_line(f"guardian: PAPER  {NEVER.format(house / 'state')}")
    assert guardian.end(signal.SIGINT) == 130
    assert not (house / "state" / "beat.sock").exists()


def test_a_terminal_that_is_gone_ends_it_not_and_is_told_once(house):
    guardian = GuardianProcess(house, {})
    guardian.wait_line(" that this is ")
    for _ in range(2):
        os.kill(guardian.pid, signal.SIGHUP)
    guardian.wait_line("the guardian watches on; settings are read at a start alone")
    os.kill(guardian.pid, signal.SIGHUP)
    assert guardian.end(signal.SIGINT) == 130
    assert len([line for line in guardian.lines if "SIGHUP" in line]) == 1


@pytest.mark.parametrize("how", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interrupt_ends_it_in_either_way_in_which_asyncio_tells_one(monkeypatch, capsys, how):
    async def interrupted(_: object) -> None:
        raise how

    monkeypatch.setattr(Watch, "keep", interrupted)
    code, _, err = ran(monkeypatch, capsys)
    assert code == 130
    assert "Traceback" not in err


def test_what_stays_the_same_is_told_once_and_the_alert_says_what_is_so_now(house):
    said: list[str] = []
    teller = Teller(house / "state", said.append)
    for lines in (["closing", "a"], ["closing", "a"], ["closed"]):
        teller.alert(lines)
    assert said == ["PAPER  ALERT closing; a", "PAPER  ALERT closed"]
    assert (house / "state" / ALERT).read_text() == "PAPER  closed\n"


@pytest.mark.parametrize("removed", [False, True])
def test_once_a_daemon_guards_again_the_alert_that_is_still_there_says_so(house, removed):
    file, teller = house / "state" / ALERT, Teller(house / "state", lambda _: None)
    teller.guarded_again()
    assert not file.exists()
    teller.alert(["NOT closed: a"])
    if removed:
        file.unlink()
    teller.guarded_again()
    since = "PAPER  since then a daemon guards again: ask it what is held, `ordo positions`\n"
    assert file.exists() is not removed
    assert removed or file.read_text() == f"PAPER  NOT closed: a\n{since}"
    file.unlink(missing_ok=True)
    teller.guarded_again()
    assert not file.exists()


def test_an_alert_that_cannot_be_written_is_told_all_the_same(house):
    said: list[str] = []
    teller = Teller(house / "absent", said.append)
    teller.alert(["closing"])
    assert said[0] == "PAPER  ALERT closing"
    assert "cannot be written" in said[1]


@pytest.mark.parametrize("how", WAYS)
def test_whatever_becomes_of_its_standard_output_it_watches_on_and_ends_as_ever(house, how):
    """A full disk may be why the daemon does not come back."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, amiss(how) as out:
        manager.bind(str(house / "notify"))
        manager.settimeout(30)
        told = {"NOTIFY_SOCKET": str(house / "notify")}
        guardian = ordo(cwd=house, environ=told, module="daemon.guardian", stdout=out)
        lives = [manager.recv(64) for _ in range(4)]
        guardian.send_signal(signal.SIGINT)
        ended = guardian.wait(30)
        assert guardian.stderr is not None
        guardian.stderr.close()
    assert lives == [b"READY=1\nWATCHDOG=1"] * 4
    assert ended == 130


def test_asked_once_it_alerts_to_one_that_was_started_by_other_settings(house, monkeypatch, capsys):
    monkeypatch.setenv("ORDO_LEDGER__FLUSH_MS", "2000")
    paper = GuardianProcess(house, {"ORDO_LEDGER__FLUSH_MS": "2000"})
    try:
        paper.wait_line("  watches ")
        assert "ALERT" not in ran(monkeypatch, capsys, "--once")[1]
        (house / "settings.toml").write_text(LIVE + '[brokers.zerodha]\nstatic_ip = "8.8.4.4"\n')
        _, out, _ = ran(monkeypatch, capsys, "--once")
    finally:
        paper.end()
    (alert,) = (line for line in out.splitlines() if line.startswith("ALERT "))
    assert " stands in for paper (PAPER), and the settings are for zed (LIVE); " in alert
    assert "restart ordo-guardian" in alert


def test_without_a_session_it_says_what_it_cannot_do(house, monkeypatch, capsys):
    (house / "settings.toml").write_text(LIVE + '[brokers.zerodha]\nstatic_ip = "8.8.4.4"\n')
    code, out, _ = ran(monkeypatch, capsys, "--once")
    assert code == 0
    assert "broker: nobody can see it from here now, and nothing could be closed" in out
    assert "because: the guardian has no session of zed at its broker (" in out


@pytest.mark.parametrize("lies", ["nowhere", "named", "handed to the unit"])
def test_asked_once_it_looks_with_the_key_that_is_named_or_that_the_unit_was_handed(
    house, monkeypatch, capsys, lies
):
    (house / "settings.toml").write_text(LIVE + '[brokers.zerodha]\nstatic_ip = "8.8.4.4"\n')
    (house / "state").chmod(0o700)
    Vault(Place(house / "state")).begin(1)
    unit = house / "unit"
    key = (house / "state" / KEY_FILE).read_bytes()
    (house / "state" / KEY_FILE).unlink()
    handed_over(unit, {KEY_FILE: key} if lies != "nowhere" else {}, by_list=False)
    if lies == "handed to the unit":
        monkeypatch.setattr("daemon.guardian.__main__._UNITS", unit)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    named = ["--key", str(house / "key")] if lies == "named" else []
    (house / "key").write_bytes(key)
    (house / "key").chmod(0o600)
    code, out, _ = ran(monkeypatch, capsys, "--once", *named)

    assert code == 0
    assert "begin anew" not in out
    assert ("broker: not looked at: there is no key at " in out) is (lies == "nowhere")
    assert ("the guardian that run may have it" in out) is (lies == "nowhere")
    assert ("has no session of zed at its broker (" in out) is (lies != "nowhere")


def test_where_all_are_on_paper_by_live_prices_there_is_nothing_to_stand_in_for(
    house, monkeypatch, capsys
):
    (house / "settings.toml").write_text(SHADOW)
    code, out, err = ran(monkeypatch, capsys)
    assert (code, out) == (2, "")
    assert "no guardian is needed" in err
