from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.domain.instants import MILLISECOND_NS
from daemon.errors.catalogue import entry_of
from daemon.guardian.listening import listening
from daemon.jobs.preflight import machine, preflight
from daemon.jobs.preflight.findings import Verdict
from daemon.settings import Daemon, LedgerSettings, Logs, Settings
from daemon.storage import verified
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from daemon.storage.stood_in_for import MEND, stood_in_for

OK, WARN, FAIL = Verdict
NOW = 1_795_406_400 * 10**9
MIB = 2**20
SOMEBODY = 54_321


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


def of(folder: Path) -> Settings:
    return Settings(daemon=Daemon(state_dir=folder))


def test_a_private_state_folder_with_room_is_well(state):
    found = machine.state_folder(of(state))

    assert found.verdict is OK
    assert found.evidence.startswith(f"{state} is private, ")


def test_a_state_folder_that_is_still_to_be_made_is_well(tmp_path):
    found = machine.state_folder(of(tmp_path / "deep" / "state"))

    assert found.verdict is OK
    assert "is made at the first run" in found.evidence


@pytest.mark.parametrize("mode", [0o750, 0o704, 0o777])
def test_a_state_folder_that_is_open_to_others_fails(state, mode):
    state.chmod(mode)
    found = machine.state_folder(of(state))

    assert (found.verdict, found.mend) == (FAIL, f"chmod 700 {state}")


def test_a_file_in_the_place_of_the_state_folder_fails(tmp_path):
    (tmp_path / "state").write_text("")
    found = machine.state_folder(of(tmp_path / "state"))

    assert (found.verdict, found.evidence) == (FAIL, f"{tmp_path / 'state'} is no folder")


def test_a_state_folder_that_cannot_be_written_fails(state, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = machine.state_folder(of(state))

    assert (found.verdict, found.evidence) == (FAIL, f"{state} cannot be written")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_is_not_of_whom_the_state_folder_is_fails_with_what_mends_it(state):
    (state / "killed").mkdir()
    mine = [state / "ballast", state / "killed" / "all"]
    for each in mine:
        each.write_text("")
    for each in (state, state / "killed", mine[0]):
        os.chown(each, SOMEBODY, SOMEBODY)
    found = machine.files(of(state))

    assert (found.verdict, found.mend) == (FAIL, f"as root: chown -R {SOMEBODY} {state}/")
    assert found.evidence == f"not of user {SOMEBODY}: {mine[1]} (user 0)"
    os.chown(mine[1], SOMEBODY, SOMEBODY)
    assert machine.files(of(state)).verdict is OK


def test_what_a_disk_keeps_for_itself_and_a_link_are_nobodys(state, monkeypatch):
    (state / "lost+found" / "rest").mkdir(parents=True)
    (state / "vault.key").symlink_to("/etc/ordo/vault.key")
    mine = os.geteuid()
    monkeypatch.setattr(machine, "owner_in", lambda _: mine + 1)

    assert machine.files(of(state)).verdict is OK


def test_many_files_of_another_users_are_counted_and_a_folder_to_come_holds_none(
    state, monkeypatch
):
    for name in "abcdef":
        (state / name).write_text("")
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)

    assert f"{state / 'd'} (user {mine}) and 2 more" in machine.files(of(state)).evidence
    assert machine.files(of(state / "deep")).verdict is OK


def logging_to(folder: Path, days: int = 30) -> Settings:
    return Settings(daemon=Daemon(state_dir=folder), logs=Logs(folder=folder / "logs", days=days))


@pytest.mark.parametrize(
    ("days", "told"), [(30, "files of 30 days in {}/logs"), (0, "no files are kept")]
)
def test_a_log_whose_files_can_be_made_or_are_not_kept_is_well(state, days, told):
    found = machine.logs(logging_to(state, days))

    assert found.verdict is OK
    assert found.evidence.startswith(told.format(state))


def test_a_folder_of_the_log_that_cannot_be_written_is_a_warning(state, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = machine.logs(logging_to(state))

    assert (found.verdict, found.evidence) == (WARN, f"{state} cannot be written")


def test_a_file_in_the_place_of_the_folder_of_the_log_is_a_warning(state):
    (state / "logs").write_text("")
    found = machine.logs(logging_to(state))

    assert (found.verdict, found.evidence) == (WARN, f"{state / 'logs'} is no folder")


@pytest.mark.parametrize(
    ("free_mib", "verdict"), [(99, FAIL), (100, WARN), (999, WARN), (1_000, OK)]
)
def test_a_disk_must_have_room(state, monkeypatch, free_mib, verdict):
    usage = (0, 0, free_mib * MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(*usage))

    assert machine.state_folder(of(state)).verdict is verdict


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder on another disk, of which 1,000 MiB are free unless a test says so."""
    folder, look = tmp_path / "elsewhere", Path.stat
    folder.mkdir()

    def stat(path, **options):
        found = look(path, **options)
        device = found.st_dev + path.is_relative_to(folder)
        return os.stat_result((*found[:2], device, *found[3:10]))

    monkeypatch.setattr(Path, "stat", stat)
    return folder


def free_there(monkeypatch, folder, free_mib):
    """Leave so much of its disk, and of every other plenty."""

    def usage(path):
        free = free_mib if Path(path).is_relative_to(folder) else 1_000
        return shutil._ntuple_diskusage(0, 0, free * MIB)

    monkeypatch.setattr(shutil, "disk_usage", usage)


@pytest.mark.parametrize(
    ("free_mib", "verdict"), [(99, FAIL), (100, WARN), (999, WARN), (1_000, OK)]
)
@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("begun", [True, False])
def test_the_disk_of_a_ledger_that_lies_elsewhere_must_have_room(
    state, elsewhere, monkeypatch, free_mib, verdict, linked, begun
):
    """By the limits of the state folder's own, whose room is another; a link leads to it too."""
    file = elsewhere / "ledger.sqlite"
    if begun:
        with closing(StoredLedger(SqliteStore(file), "owner")) as ledger:
            ledger.begin_epoch(NOW)
    settings = replace(of(state), ledger=LedgerSettings(url=f"sqlite:{file}"))
    if linked:
        (state / "ledger.sqlite").symlink_to(file)
        settings = of(state)
    free_there(monkeypatch, elsewhere, free_mib)
    found = machine.ledger(settings)

    assert machine.state_folder(settings).verdict is OK
    assert (found.verdict, found.check) == (verdict, "ledger")
    if verdict is not OK:
        assert found.evidence == f"{free_mib} MiB are free at {elsewhere}"
        assert found.mend == "make room: every order is recorded before it leaves"


def test_a_ledger_beside_which_there_is_too_little_room_is_told_for_what_it_is_too(
    state, elsewhere, monkeypatch
):
    file = elsewhere / "l.sqlite"
    file.write_bytes(b"not a ledger, and longer than a header" * 9)
    free_there(monkeypatch, elsewhere, 4)
    found = machine.ledger(replace(of(state), ledger=LedgerSettings(url=f"sqlite:{file}")))

    assert found.verdict is FAIL
    assert found.evidence.startswith(f"4 MiB are free at {elsewhere}; ")
    assert "file is not a database" in found.evidence


def test_no_ledger_yet_is_well(state):
    found = machine.ledger(of(state))

    assert (found.verdict, found.evidence) == (
        OK,
        f"none yet in {state}; the first run makes it",
    )


def test_a_ledger_of_its_own_folder_needs_that_folder(state, tmp_path):
    """A start makes the state folder, and no other."""
    folder = tmp_path / "kept"
    elsewhere = replace(of(state), ledger=LedgerSettings(url=f"sqlite:{folder}/l.sqlite"))
    found = machine.ledger(elsewhere)
    assert (found.verdict, found.evidence) == (
        FAIL,
        f"{folder}, of [ledger] url, is no folder to write to",
    )
    folder.mkdir()

    found = machine.ledger(elsewhere)
    assert (found.verdict, found.evidence) == (OK, f"none yet in {folder}; the first run makes it")


@pytest.mark.parametrize("url", ["sqlite:STATE/ledger.sqlite", "sqlite:{state}/l.sqlite"])
def test_a_ledger_in_a_state_folder_that_is_still_to_be_made_is_well(tmp_path, url):
    state = tmp_path / "state"
    beside = replace(of(state), ledger=LedgerSettings(url=url.format(state=state)))

    assert machine.ledger(beside).verdict is OK


def test_a_ledger_that_is_as_it_was_written_is_well(state):
    ledger = StoredLedger(SqliteStore(state / "ledger.sqlite"), "owner")
    ledger.begin_epoch(NOW)
    found = machine.ledger(of(state))
    ledger.close()

    assert found.verdict is OK
    assert found.evidence.endswith("ledger.sqlite has 1 records, each as it was written")


def test_a_long_ledger_that_was_found_whole_is_marked_so_for_the_next_start(state, monkeypatch):
    monkeypatch.setattr(verified, "AT_ONCE", 1)
    with closing(StoredLedger(SqliteStore(state / "ledger.sqlite"), "owner")) as ledger:
        ledger.begin_epoch(NOW)
        ledger.begin_epoch(NOW)
    machine.ledger(of(state))

    assert (state / "verified").read_text().startswith('{"records":2,"head":"')


def test_a_ledger_whose_tail_was_cut_fails(state):
    ledger = StoredLedger(SqliteStore(state / "ledger.sqlite"), "owner")
    ledger.begin_epoch(NOW)
    ledger.close()
    db = sqlite3.connect(state / "ledger.sqlite", isolation_level=None)
    db.execute("DROP TRIGGER records_are_not_removed")
    db.execute("DELETE FROM records")
    db.close()
    found = machine.ledger(of(state))

    assert found.verdict is FAIL
    assert found.mend == entry_of("ledger_altered").mend
    assert found.evidence.endswith("ledger.sqlite is cut")


def test_a_file_that_is_no_ledger_fails(state):
    (state / "ledger.sqlite").write_bytes(b"not a ledger, and longer than a header" * 9)
    found = machine.ledger(of(state))

    assert found.verdict is FAIL
    assert "file is not a database" in found.evidence


def test_a_latch_that_stands_is_a_warning_that_tells_which(state):
    assert machine.latches(of(state)).verdict is OK

    kill.pull(state, kill.Latch("pause-2", kill.PAUSE, kill.STRATEGY, "straddle", "", "me", 0))
    found = machine.latches(of(state))

    assert (found.verdict, found.evidence) == (WARN, "pause-2 (pause of straddle: no reason)")


@pytest.mark.parametrize(
    ("pulled", "said"),
    [
        ([(kill.STRATEGY, "straddle")], "no entries of strategy straddle until each is released"),
        (
            [(kill.STRATEGY, "straddle@zed"), (kill.ACCOUNT, "zed"), (kill.ACCOUNT, "zed")],
            "no entries of strategy straddle@zed, account zed until each is released",
        ),
        ([(kill.STRATEGY, "straddle"), (kill.ALL, "")], "no entries until each is released"),
    ],
)
def test_a_latch_is_told_with_whose_entries_it_stops(state, pulled, said):
    for number, (scope, name) in enumerate(pulled):
        latch = kill.Latch(f"kill-{number}", kill.KILL, scope, name, "", "me", number)
        kill.pull(state, latch)
    others = "" if pulled[-1][0] == kill.ALL else "; all others enter"

    assert machine.latches(of(state)).mend == f"{said}: `ordo rearm`{others}"


def test_the_clock_of_this_machine_is_well():
    assert machine.clock().verdict is OK


@pytest.mark.parametrize(
    ("wall_ns", "drift_ms", "zone", "said"),
    [
        (NOW, 20, "Asia/Kolkata", ""),
        (NOW, -20, "Asia/Kolkata", ""),
        (NOW, 21, "Asia/Kolkata", "it jumps: 21 ms in a moment"),
        (NOW, -3_000, "Asia/Kolkata", "it jumps: -3000 ms in a moment"),
        (0, 0, "Asia/Kolkata", "it says 1970-01-01, before this version was made"),
        (NOW, 0, "Asia/Nowhere", "the data of time zones lacks Indian time"),
        (NOW, 0, "Asia/Tokyo", "the data of time zones lacks Indian time"),
    ],
)
def test_a_clock_is_judged(wall_ns, drift_ms, zone, said):
    found = machine.judged_clock(wall_ns, drift_ms * MILLISECOND_NS, zone)

    assert (found.verdict, said in found.evidence) == (FAIL if said else OK, True)


def test_a_guardian_that_stands_in_for_something_else_fails_before_the_open(state):
    settings = of(state)
    with listening(state, msgspec.json.encode(stood_in_for(settings))):
        assert list(machine.guardian(settings)) == []
    with listening(state, b""):
        (found,) = (
            each for each in preflight(settings, date(2026, 3, 9)) if each.check == "guardian"
        )
        assert (found.verdict, found.mend) == (FAIL, MEND)
        assert "does not say what it stands in for" in found.evidence
