"""A ledger that is whole, and that a start would refuse all the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from daemon.domain.chain import GENESIS, Head
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, State
from daemon.jobs.preflight import machine, records
from daemon.jobs.preflight.findings import Verdict, warn
from daemon.messages import CodeLoaded
from daemon.settings import Account, Daemon, FeedKind, Settings
from daemon.storage import codec, emergency_file
from daemon.storage.emergency_file import Batch, EmergencyFile, Written
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from daemon.twin.file import SqliteFile
from tests.kit.facts import INTENT, NOW, ORIGIN

PAPER, SECOND = Account(id="paper", broker="paper"), Account(id="second", broker="paper")
BEGUN = CodeLoaded("1", "", "", 1, NOW, home="paper", modes={"paper": "paper", "second": "paper"})
SHORT = (
    IntentRecorded(replace(INTENT, account="second"), NOW),
    OrderUpdated(INTENT.intent_id, "1", State.FILLED, 75, 75 * INTENT.price_e4, NOW),
)


@pytest.fixture
def state(tmp_path) -> Path:
    return tmp_path


def of(folder: Path, *accounts: Account) -> Settings:
    return Settings(daemon=Daemon(state_dir=folder), accounts=accounts or (PAPER, SECOND))


def recorded(folder: Path, *facts: object, owner: str = PAPER.owner) -> None:
    with closing(StoredLedger(SqliteStore(folder / "ledger.sqlite"), owner)) as ledger:
        ledger.append(facts, ORIGIN, NOW)


def test_a_record_that_a_start_takes_up_is_well(state):
    assert records.ledger(of(state)).verdict is Verdict.OK
    recorded(state, BEGUN, *SHORT)
    found = records.ledger(of(state))

    assert found == machine.ledger(of(state))
    assert found.evidence.endswith("ledger.sqlite has 3 records, each as it was written")


@pytest.mark.parametrize(
    ("accounts", "verdict"), [((PAPER, SECOND), Verdict.WARN), ((PAPER,), Verdict.FAIL)]
)
def test_what_is_only_to_be_known_of_a_ledger_hides_nothing_that_a_start_would_refuse(
    state, monkeypatch, accounts, verdict
):
    recorded(state, BEGUN, *SHORT)
    low = warn("ledger", "999 MiB are free at /mnt", "make room")
    monkeypatch.setattr(machine, "ledger", lambda _: low)
    found = records.ledger(of(state, *accounts))

    assert found.verdict is verdict
    assert (found == low) is (verdict is Verdict.WARN)


def test_records_of_a_newer_version_fail(state, monkeypatch):
    with monkeypatch.context() as patch:
        newer = SimpleNamespace(encode=lambda _: b'{"type":"MoonSeen","at_ns":1}')
        patch.setattr(codec, "_encoder", newer)
        recorded(state, BEGUN)
    found = records.ledger(of(state))

    assert (found.verdict, found.mend) == (Verdict.FAIL, "run that version, or a later one")
    assert found.evidence == (
        "the ledger was written by a newer version (it has a MoonSeen); run that one"
    )


def test_a_short_of_an_account_that_was_renamed_fails(state):
    recorded(state, BEGUN, *SHORT)
    found = records.ledger(of(state, PAPER, replace(SECOND, id="other")))

    assert (found.verdict, found.mend) == (
        Verdict.FAIL,
        "do one of the two; until then nothing starts",
    )
    assert found.evidence.startswith(
        f"account second holds {INTENT.symbol} on paper by the records"
    )
    assert 'put [[accounts]] id = "second" back' in found.evidence


def test_records_of_another_owner_fail(state):
    recorded(state, BEGUN, owner="anna")
    found = records.ledger(of(state))

    assert (found.verdict, found.mend) == (
        Verdict.FAIL,
        "do one of the two; until then nothing starts",
    )
    assert 'write owner = "anna" again' in found.evidence


def test_what_is_not_whole_is_told_of_by_that_alone(state):
    (state / "ledger.sqlite").write_bytes(b"not a ledger, and longer than a header" * 9)

    assert records.ledger(of(state)) == machine.ledger(of(state))


def test_a_recording_is_played_whatever_the_daemons_own_record_holds(state):
    recorded(state, BEGUN, *SHORT)
    settings = of(state, PAPER)
    replays = replace(settings, feed=replace(settings.feed, kind=FeedKind.REPLAY))

    assert records.ledger(settings).verdict is Verdict.FAIL
    assert records.ledger(replays).verdict is Verdict.OK


def left(folder: Path, *facts: object, head: Head = GENESIS) -> None:
    """An emergency left these behind."""
    with closing(EmergencyFile(folder / "emergency")) as file:
        batch = Batch(facts, ORIGIN.actor, ORIGIN.message, ORIGIN.cause, NOW)
        file.write(Written(head, "full", (batch,)))


def failed(settings: Settings) -> tuple[str, str]:
    found = records.ledger(settings)
    assert found.verdict is Verdict.FAIL
    return found.evidence, found.mend


@pytest.mark.parametrize("ledger", [None, (BEGUN,), (BEGUN, SHORT[0])])
def test_what_an_emergency_left_behind_counts_for_what_is_held(state, ledger):
    """Once, where the ledger has a part of it."""
    if ledger:
        recorded(state, *ledger)
    left(state, BEGUN, *SHORT)

    found, waits = records.ledger(of(state)), 3 - len(ledger or ())
    assert found.verdict is Verdict.OK
    facts = "fact waits" if waits == 1 else "facts wait"
    said = f"; and {waits} {facts} in {state / 'emergency'}, which the next start enters"
    assert found.evidence == machine.ledger(of(state)).evidence + said
    evidence, _ = failed(of(state, PAPER))
    assert evidence.startswith(f"account second holds {INTENT.symbol} on paper by the records")


@pytest.mark.parametrize("begun", [True, False])
def test_an_emergency_file_of_another_ledger_fails(state, begun):
    if begun:
        recorded(state, BEGUN)
    left(state, *SHORT, head=Head(7, bytes(32)))
    evidence, mend = failed(of(state))

    assert "emergency belongs to another ledger, or the ledger lost record 7" in evidence
    assert mend.startswith("keep a copy of it")


def test_an_emergency_file_that_is_damaged_or_of_a_newer_version_fails(state, monkeypatch):
    path = state / "emergency"
    with monkeypatch.context() as patch:
        newer = SimpleNamespace(encode=lambda _: b'{"head":7}')
        patch.setattr(emergency_file, "_encoder", newer)
        left(state, *SHORT)
    evidence, mend = failed(of(state))
    assert "holds at byte 64 what this version does not know" in evidence
    assert mend == "run that version, or a later one"

    path.write_bytes(path.read_bytes()[:-1])
    assert "emergency is damaged at byte 0" in failed(of(state))[0]
    path.unlink()
    recorded(state, BEGUN)
    path.symlink_to(state / "ledger.sqlite")
    assert "emergency cannot be opened" in failed(of(state))[0]


def test_an_emergency_file_in_which_nothing_waits_is_not_told_of(state):
    recorded(state, BEGUN, *SHORT)
    EmergencyFile(state / "emergency").close()
    assert records.ledger(of(state)) == machine.ledger(of(state))

    left(state, BEGUN, *SHORT)
    assert records.ledger(of(state)) == machine.ledger(of(state))


def test_what_is_half_written_at_the_end_of_an_emergency_file_is_no_fault(state):
    recorded(state, BEGUN)
    left(state, *SHORT)
    path = state / "emergency"
    with closing(EmergencyFile(path)) as file:
        whole, _ = file.read()
        end = file.end
        file.write(whole[0])
    content = path.read_bytes()
    torn = content[: end + 50].ljust(len(content), b"\0")
    path.write_bytes(torn)

    assert records.ledger(of(state)).verdict is Verdict.OK
    assert path.read_bytes() == torn


@pytest.mark.parametrize(
    ("home", "name"),
    [
        ("paper", "exchange.sqlite"),
        ("paper", "exchange.second.sqlite"),
        ("second", "exchange.sqlite"),
        ("second", "exchange.paper.sqlite"),
    ],
)
def test_a_book_of_the_exchange_on_paper_of_another_version_fails(state, home, name):
    recorded(state, replace(BEGUN, home=home))
    SqliteFile(state / name).close()
    assert records.ledger(of(state)).verdict is Verdict.OK

    with closing(sqlite3.connect(state / name)) as db:
        db.execute("PRAGMA user_version = 7")
    evidence, mend = failed(of(state))
    assert evidence == f"{state / name} has version 7, not 2; run the version that made it"
    assert mend.startswith("mend its disk")


def test_a_book_on_paper_that_nobody_would_open_is_no_fault(state):
    recorded(state, BEGUN)
    zed = Account(id="zed", broker="zerodha")
    for name in ("gone", "zed"):
        (state / f"exchange.{name}.sqlite").write_bytes(b"no book" * 99)

    assert records.ledger(of(state, PAPER, SECOND, zed)).verdict is Verdict.OK


def test_a_book_on_paper_that_is_damaged_fails_and_one_that_is_not_begun_does_not(state):
    recorded(state, BEGUN)
    path = state / "exchange.sqlite"
    path.touch()
    assert records.ledger(of(state)).verdict is Verdict.OK
    assert path.read_bytes() == b""

    SqliteFile(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE orders")
    assert "is damaged: no such table: orders" in failed(of(state))[0]
    path.write_bytes(b"no book" * 99)
    assert "cannot be read: file is not a database" in failed(of(state))[0]


def test_an_empty_file_is_a_ledger_that_the_first_run_makes(state):
    (state / "ledger.sqlite").touch()
    assert records.ledger(of(state)) == machine.ledger(of(state))
    assert records.ledger(of(state)).evidence.startswith("none yet in")

    recorded(state, BEGUN)
    assert "has 1 records" in records.ledger(of(state)).evidence
