"""The guarded ledger: nothing decided is lost, nothing is entered twice, and a kill goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.orders.words import IntentRecorded, OrderRefused, Purpose, Refusal
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason
from daemon.errors import StoreError
from daemon.messages import (
    AlertEscalated,
    BasketEnded,
    DayEnded,
    DayMarked,
    DayOpened,
    EntriesPaused,
    EntryDecided,
    EpochBegan,
    ExitDecided,
    ExitOwed,
    ExitReplaced,
    Job,
    JobDone,
    Latched,
    LatchKind,
    LegExpired,
    LinkDied,
    LinkRevived,
    Noted,
    RequestAnswered,
    RequestBegun,
    Scope,
    SessionReady,
    StrategyStopped,
    TakeEntries,
)
from daemon.messages.arming import AccountDisarmed
from daemon.runtime.words import DeadLetter, Origin
from daemon.storage import codec, emergency_file
from daemon.storage.codec import LEDGER
from daemon.storage.emergency import GuardedLedger
from tests.kit.facts import INTENT, NOW, ORIGIN, tick
from tests.kit.stores import InFile, InSchema, Kept, audited, ledger_of, rows_of
from tests.kit.tidy import ROOT

SMALL = 32_768
FACTS = [EpochBegan(number, NOW) for number in range(100)]
EXIT = replace(INTENT, purpose=Purpose.EXIT)


class Killed(BaseException):
    """The process ends here."""


class Disk:
    """Waits for a flush as told: it succeeds, fails, is late and stores, or is late and does not.

    Attributes:
        does: what becomes of the next flushes; then all succeed.
    """

    limit_s = 0.25

    def __init__(self, *does: str) -> None:
        self.does = list(does)
        self.idle = True

    def in_time(self, flush) -> bool:
        """Run a flush as told."""
        done = self.does.pop(0) if self.does else "stores"
        if done == "fails":
            raise StoreError("the disk is full")
        if done != "hangs":
            flush()
        if done == "fails after all":
            raise StoreError("the answer was lost")
        self.idle = done != "hangs"
        return done == "stores"

    def close(self) -> None:
        """There is nothing to let go of."""


class Run:
    """A ledger and its emergency file in a folder, started anew as often as wanted."""

    def __init__(
        self, folder: Path, *does: str, size: int = SMALL, kept: Kept | None = None
    ) -> None:
        self.told: list[str] = []
        self.inner = ledger_of(kept or InFile(folder / "ledger.db"))
        self.path = folder / "emergency"
        self.disk = Disk(*does)
        self.ledger = GuardedLedger(self.inner, self.path, self.told.append, self.disk, size)

    def recovered(self):
        """Recover, and return this run."""
        self.said = self.ledger.recover()
        return self

    def enter(self, *facts, origin=ORIGIN) -> None:
        """Enter facts in one piece and make them durable."""
        self.ledger.append(facts, origin, NOW)
        self.ledger.flush()

    def dies(self) -> None:
        """End as a kill does: nothing is flushed any more."""
        self.inner._writer.close()
        self.ledger._file.close()


@pytest.fixture
def started(tmp_path, kept):
    """Start runs in one folder and on one store; each ends the one before it."""
    runs: list[Run] = []

    def start(*does: str, size: int = SMALL) -> Run:
        if runs:
            runs[-1].dies()
        runs.append(Run(tmp_path, *does, size=size, kept=kept))
        return runs[-1].recovered()

    yield start
    runs[-1].dies()


def in_ledger(run: Run) -> list:
    return list(run.inner.facts())


def test_while_the_ledger_works_everything_goes_through_to_it(started):
    run = started()
    epoch = run.ledger.begin_epoch(NOW)
    run.ledger.take(tick(1))
    run.enter(*FACTS[:2])

    assert (epoch, in_ledger(run)) == (1, [EpochBegan(1, NOW), *FACTS[:2]])
    assert list(run.ledger.facts()) == in_ledger(run)
    assert (run.ledger.head, run.ledger.journal_sha256()) == (
        run.inner.head,
        run.inner.journal_sha256(),
    )
    assert (run.told, run.ledger.failed_because, run.said) == ([], "", ())
    assert started().said == ()


@pytest.mark.parametrize(
    ("does", "because", "there"),
    [
        ("fails", "the disk is full", 2),
        ("fails after all", "the answer was lost", 4),
        ("hangs", "a flush took over 250 ms", 2),
        ("stores late", "a flush took over 250 ms", 4),
    ],
)
def test_what_a_failing_ledger_did_not_store_is_entered_at_the_next_start(
    does, because, there, started, kept
):
    """Once, in order, whether the flush that failed stored it after all or not."""
    run = started("stores", does)
    run.enter(*FACTS[:2])
    run.enter(*FACTS[2:4])
    run.enter(FACTS[4], origin=Origin("router", 8, 7))
    run.enter(FACTS[5])
    meanwhile = list(run.ledger.facts())
    again = started()

    assert meanwhile == FACTS[:6]
    assert run.ledger.failed_because == because
    (sentence,) = run.told
    assert sentence.startswith(f"the ledger failed: {because}; what is decided is kept in ")
    (said,) = again.said
    assert said.startswith(f"{6 - there} of 4 facts in ")
    assert said.endswith(f"it had failed: {because}")
    assert in_ledger(again) == list(again.ledger.facts()) == FACTS[:6]
    assert audited(kept).broken is None
    again.enter(FACTS[6])
    assert (started().said, again.told) == ((), [])


def test_what_an_older_version_stored_late_is_not_entered_twice(started, monkeypatch):
    """It wrote no field that was not there yet, and this version writes it as empty."""
    fact = BasketEnded("s:1", "s", complete=True, because="", at_ns=NOW)
    written = codec.encode(fact)
    run = started("stores late")
    with monkeypatch.context() as patch:
        older = SimpleNamespace(encode=lambda _: written.replace(b',"waits":false', b""))
        patch.setattr(codec, "_encoder", older)
        run.enter(fact)
    (said,) = (again := started()).said

    assert said.startswith("0 of 1 facts in ")
    assert in_ledger(again) == [fact]


def test_recovered_facts_tell_where_they_come_from(started, kept):
    run = started("fails")
    run.enter(FACTS[0], origin=Origin("router", 8, 7))
    started()

    assert rows_of(kept, "actor, message, cause, at_ns") == [("router", 8, 7, NOW)]


def test_equal_facts_are_entered_as_often_as_they_were_decided(started):
    """Two that are alike in everything, the first of them in a flush that was only late."""
    run = started("stores late")
    run.enter(FACTS[0])
    run.enter(FACTS[0])
    run.enter(FACTS[0], FACTS[0])

    assert in_ledger(started()) == [FACTS[0]] * 4


def test_what_another_run_recorded_in_between_is_not_taken_for_it(started, kept):
    """A daemon without the guard ran on this ledger meanwhile."""
    run = started("stores late")
    run.enter(*FACTS[:2])
    run.enter(FACTS[2])
    run.dies()
    other = ledger_of(kept)
    other.append((FACTS[9], FACTS[2]), LEDGER, NOW)
    other.close()

    left = run.path.read_bytes()
    first = in_ledger(again := started())
    again.dies()
    run.path.write_bytes(left)  # as if it had died before the file was emptied

    assert first == in_ledger(started()) == [*FACTS[:2], FACTS[9], FACTS[2], FACTS[2]]


def test_ticks_are_not_taken_while_the_ledger_has_failed(started):
    run = started("fails")
    run.enter(FACTS[0])
    before = run.inner.head
    for number in range(10_000):
        run.ledger.take(tick(number))
    run.inner.flush()

    assert run.inner.head == before


def test_ticks_between_facts_do_not_disturb_the_recovery(started, kept):
    run = started("stores", "stores late")
    for number in range(3):
        run.ledger.take(tick(number))
        run.enter(FACTS[number])

    assert in_ledger(started()) == FACTS[:3]
    assert audited(kept).broken is None


def test_a_run_that_another_has_followed_goes_on_in_no_file_either(started, kept):
    """What is open is the newer run's affair: an exit of this one would be a second one."""
    run = started()
    newer = ledger_of(kept)
    newer.begin_epoch(NOW)
    newer.close()
    for _ in range(2):
        with pytest.raises(StoreError, match="run 1 has begun on the ledger"):
            run.enter(IntentRecorded(EXIT, NOW))

    assert (run.told, run.ledger.failed_because) == ([], "")
    assert in_ledger(started()) == [EpochBegan(1, NOW)]


def test_a_ledger_that_refuses_to_be_entered_into_has_failed(started, monkeypatch):
    run = started()

    def refuse(*_):
        raise StoreError("it is gone")

    monkeypatch.setattr(run.inner, "append", refuse)
    run.enter(FACTS[0])

    assert (run.ledger.failed_because, list(run.ledger.facts())) == ("it is gone", FACTS[:1])
    assert in_ledger(started()) == FACTS[:1]


def test_what_is_no_fact_is_refused_and_fells_no_ledger(started):
    run = started()
    with pytest.raises(StoreError, match="is not a fact"):
        run.ledger.append((FACTS[0], TakeEntries("ann")), ORIGIN, NOW)
    run.enter(FACTS[1])

    assert (run.ledger.failed_because, in_ledger(run)) == ("", FACTS[1:2])


def test_nothing_is_entered_before_what_the_last_run_left(tmp_path):
    run = Run(tmp_path)
    with pytest.raises(AssertionError, match="comes first"):
        run.ledger.append((FACTS[0],), ORIGIN, NOW)
    with pytest.raises(AssertionError, match="comes first"):
        run.ledger.begin_epoch(NOW)
    run.dies()


def test_no_run_begins_in_the_emergency_file(started):
    run = started("fails")
    with pytest.raises(StoreError, match="no run can begin, the ledger failed: the disk is full"):
        run.ledger.begin_epoch(NOW)


def test_an_epoch_that_begins_after_facts_reads_back_once(started):
    run = started()
    run.ledger.append((FACTS[5],), ORIGIN, NOW)
    epoch = run.ledger.begin_epoch(NOW)

    assert list(run.ledger.facts()) == [FACTS[5], EpochBegan(epoch, NOW)]


def test_a_flush_without_anything_new_writes_nothing(started):
    run = started("fails")
    run.enter(FACTS[0])
    end = run.ledger._file.end
    run.ledger.flush()

    assert (run.ledger._file.end, len(run.told)) == (end, 1)


def test_facts_are_read_while_a_flush_hangs(started):
    """An actor that is built again must not wait for the disk."""
    run = started()
    run.enter(*FACTS[:2])
    run.ledger.append(FACTS[2:3], ORIGIN, NOW)
    with run.inner._storing:
        told = list(run.ledger.facts())

    assert told == FACTS[:3]


def test_a_ledger_that_hangs_is_left_behind_by_the_real_patience(tmp_path):
    """The flush that hangs is waited for by nobody; what it held is in the emergency file."""
    inner, go, told = (
        ledger_of(InFile(tmp_path / "ledger.db")),
        threading.Event(),
        [],
    )
    store = inner.flush
    inner.flush = lambda: (go.wait(), store())
    ledger = GuardedLedger(inner, tmp_path / "emergency", told.append)
    ledger._patience.limit_s = 0.001
    inner.flush, hanging = store, inner.flush
    ledger.recover()
    inner.flush = hanging
    ledger.append(FACTS[:2], ORIGIN, NOW)
    ledger.flush()
    ledger.close()
    seen = len(told), ledger.failed_because
    go.set()
    ledger._patience._thread.join()
    inner._writer._db.close()
    again = Run(tmp_path, size=emergency_file.SIZE_BYTES).recovered()

    assert seen == (1, "a flush took over 1 ms")
    assert in_ledger(again) == FACTS[:2]
    again.dies()


@pytest.mark.parametrize("does", ["stores", "fails", "stores late"])
def test_closing_keeps_everything(does, started):
    run = started(does)
    run.ledger.append(FACTS[:2], ORIGIN, NOW)
    run.ledger.close()

    with pytest.raises(StoreError, match="closed"):
        run.inner._writer.reader.head()
    assert in_ledger(started()) == FACTS[:2]


def test_closing_a_ledger_that_cannot_even_be_closed_in_peace_is_no_loss(started):
    run = started("fails")
    run.ledger.append(FACTS[:2], ORIGIN, NOW)
    run.inner._writer.close()
    run.ledger.close()

    assert in_ledger(started()) == FACTS[:2]


def test_another_ledgers_emergency_file_is_refused(started, tmp_path, kept):
    run = started("stores", "fails")
    run.enter(FACTS[0])
    run.enter(FACTS[1])
    run.dies()
    kept.clear()

    with pytest.raises(StoreError, match="belongs to another ledger, or the ledger lost record 1"):
        started()
    left = Run(tmp_path, kept=kept)
    assert left.ledger._file.read()[0][0].batches[0].facts == (FACTS[1],)
    left.dies()


def test_a_half_written_record_is_dropped_and_told(started, tmp_path, monkeypatch):
    run = started("fails")
    run.enter(FACTS[0])
    real = os.pwrite

    def torn(to, what, at):
        real(to, what[: len(what) // 2], at)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", torn)
        with pytest.raises(Killed):
            run.enter(FACTS[1])
    again = started()

    assert in_ledger(again) == FACTS[:1]
    assert len(again.said) == 2
    assert again.said[1].endswith("was half written and is dropped: nothing was done because of it")
    assert started().said == ()


def test_a_disk_that_takes_neither_is_fatal(started, monkeypatch):
    run = started("fails")

    def failing(*_):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing)
        with pytest.raises(StoreError, match=r"the emergency file .* could not be written"):
            run.enter(FACTS[0])
    run.ledger.flush()

    assert in_ledger(started()) == FACTS[:1]


NOTE = Noted("gap", "x" * 500, NOW)
TRAILED = LevelMoved("straddle", "call", Move.TRAILED, 1, 2, NOW)
SAFE = [
    IntentRecorded(EXIT, NOW),
    IntentRecorded(replace(EXIT, purpose=Purpose.RESIDENT_STOP), NOW),
    OrderRefused("OR1", Refusal.OTHER, "", NOW),
    ExitDecided("straddle", (), ExitReason.STOP, 0, NOW),
    ExitOwed("exit-1", "straddle", (), ExitReason.STOP, NOW),
    ExitReplaced("OR1", NOW),
    EntriesPaused("the ledger failed", NOW),
    replace(TRAILED, move=Move.ARMED),
    replace(TRAILED, move=Move.ADJUSTED),
    Latched("kill-1", LatchKind.KILL, Scope.ALL, "", "", "ann", NOW),
    AccountDisarmed("zed", "enough", "ann", NOW),
    StrategyStopped("straddle", "ann", NOW),
    LegExpired("straddle", "call", "NIFTY-2025-09-02-24550-CE", NOW),
    DayOpened(date(2025, 9, 1), (), NOW),
    DayMarked("straddle", date(2025, 9, 1), None, None, (NOW, 5), "NONE", 0, (), NOW),
    DayEnded(date(2025, 9, 1), NOW),
]
UNSAFE = [IntentRecorded(INTENT, NOW), EpochBegan(1, NOW)]
TELLING = [
    NOTE,
    TRAILED,
    replace(TRAILED, move=Move.LOCKED),
    replace(TRAILED, move=Move.FLOOR_RAISED),
    AlertEscalated("ledger-1", 2, NOW),
    JobDone(Job.REPORT, date(2025, 8, 29), True, "", NOW),
    EntryDecided("straddle", "basket-1", 1, (), NOW),
    LinkDied(NOW),
    LinkRevived(NOW),
    SessionReady("zed", 2, NOW),
    DeadLetter("feed", "a frame", "an error", NOW),
]


def filled(started, *facts) -> Run:
    """Return a run whose emergency file takes no more of these facts."""
    run = started("fails")
    run.enter(FACTS[0])
    for _ in range(SMALL):
        try:
            run.enter(*facts)
        except StoreError:
            return run
        if run.ledger.gone_by:
            return run
    raise AssertionError("it never fills")


@pytest.mark.parametrize("fact", SAFE, ids=lambda fact: type(fact).__name__)
def test_the_last_quarter_is_kept_for_what_ends_risk(fact, started):
    run = filled(started, NOTE)
    end = run.ledger._file.end
    run.enter(fact)
    run.enter(fact, NOTE)

    assert SMALL * 5 // 8 < end <= SMALL * 3 // 4
    assert list(run.ledger.facts())[-3:] == [fact, fact, NOTE]
    assert in_ledger(started())[-3:] == [fact, fact, NOTE]


@pytest.mark.parametrize("fact", UNSAFE, ids=lambda fact: type(fact).__name__)
def test_what_adds_to_no_safety_is_refused_the_last_quarter(fact, started):
    run = filled(started, NOTE)
    kind = type(fact).__name__
    for facts in ((fact,) * 3, (fact, NOTE)):
        with pytest.raises(StoreError, match=f"no room left for {kind}; the ledger failed: the"):
            run.ledger.append(facts, ORIGIN, NOW)


@pytest.mark.parametrize("fact", TELLING, ids=lambda fact: type(fact).__name__)
def test_what_only_tells_goes_by_in_the_last_quarter_and_ends_no_run(fact, started):
    """An actor that is built again finds it; a restart does not, and all that ends risk."""
    run = filled(started, fact)
    end, exits = run.ledger._file.end, [SAFE[0], SAFE[4]]
    for each in exits:
        run.enter(each)
        run.enter(fact)
        run.enter()

    assert run.ledger._file.end > end
    assert list(run.ledger.facts())[-5:] == [fact, exits[0], fact, exits[1], fact]
    assert run.ledger.gone_by == 3
    assert in_ledger(started())[-3:] == [fact, *exits]


def test_requests_go_by_from_the_half_on_and_leave_the_room_of_levels_alone(started):
    begun = RequestBegun("r-1", "0" * 64, NOW)
    answered = RequestAnswered("r-1", "0" * 64, 409, "x" * 300, NOW)
    run = started("fails")
    for _ in range(SMALL // 256):
        run.enter(begun)
        run.enter(answered)
    end, gone_by = run.ledger._file.end, run.ledger.gone_by
    run.enter(TRAILED)

    assert (end <= SMALL // 2, gone_by) == (True, 0)
    assert list(run.ledger.facts())[-2:] == [answered, TRAILED]
    assert in_ledger(started())[-1] == TRAILED


def test_that_facts_go_by_is_told_once(started):
    run = filled(started, NOTE)
    run.enter(NOTE)
    failed, goes_by = run.told

    assert failed.startswith("the ledger failed: the disk is full; what is decided")
    assert goes_by.startswith("the ledger failed: ")
    assert "levels that follow the market, notes and alerts are in memory alone" in goes_by


def test_the_whole_file_is_the_end_of_what_ends_risk_too(started):
    run = filled(started, SAFE[0])

    assert SMALL * 7 // 8 < run.ledger._file.end <= SMALL
    assert len(in_ledger(started())) > 20


def test_what_waits_unwritten_counts_as_room_that_is_taken(started):
    """Facts that are entered between two flushes never overfill the file."""
    run = started("fails")
    run.enter(FACTS[0])
    for _ in range(SMALL // 500):
        run.ledger.append((NOTE,), ORIGIN, NOW)
    run.ledger.flush()

    assert run.ledger._file.end <= SMALL * 3 // 4


STEPS = st.lists(
    st.sampled_from(["append", "append", "flush", "tick", "start"]), min_size=1, max_size=25
)
FATES = st.lists(
    st.sampled_from(["stores", "stores", "fails", "fails after all", "stores late", "hangs"]),
    max_size=6,
)
DEATHS = st.tuples(STEPS, FATES, st.integers(0, 12), st.integers(0, 400), st.booleans())


@settings(max_examples=60)
@given(DEATHS)
def test_wherever_it_dies_what_was_durable_is_there_once_and_in_order(tmp_path_factory, death):
    """It dies in the n-th write to the emergency file, or at the end; and again in recovery."""
    folder = tmp_path_factory.mktemp("state")
    assert_all_is_there(folder, InFile(folder / "ledger.db"), *death)


@settings(max_examples=20)
@given(DEATHS)
def test_on_a_server_too_what_was_durable_is_there_once_and_in_order(
    tmp_path_factory, postgres, death
):
    assert_all_is_there(tmp_path_factory.mktemp("state"), InSchema(postgres), *death)


def assert_all_is_there(
    folder: Path,
    kept: Kept,
    steps: list,
    fates: list,
    dies_at: int,
    written_bytes: int,
    twice: bool,
) -> None:
    real, writes = os.pwrite, [0]
    entered: list[EpochBegan] = []
    durable = 0

    def torn(to, what, at):
        writes[0] += 1
        if writes[0] == dies_at:
            real(to, what[:written_bytes], at)
            raise Killed
        return real(to, what, at)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "pwrite", torn)
        run = Run(folder, *fates, kept=kept).recovered()
        try:
            for step in steps:
                if step == "append":
                    # Even numbers twice, so that some facts are alike.
                    entered.append(EpochBegan(len(entered) // 2, NOW))
                    run.ledger.append(entered[-1:], ORIGIN, NOW)
                elif step == "flush":
                    run.ledger.flush()
                    durable = len(entered)
                elif step == "tick":
                    run.ledger.take(tick(len(entered)))
                else:
                    run.dies()
                    run = Run(folder, *fates, kept=kept).recovered()
                    found = in_ledger(run)
                    assert found == entered[: len(found)]
                    assert len(found) >= durable
                    entered, durable = found, len(found)
        except Killed:
            pass
    run.dies()
    if twice:
        cut = Run(folder, kept=kept)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(cut.ledger._file, "renew", renewal_that_dies)
            with pytest.raises(Killed) if durable_in_emergency(cut) else noted():
                cut.ledger.recover()
        cut.dies()
    again = Run(folder, kept=kept).recovered()
    found = in_ledger(again)
    again.dies()

    assert found == entered[: len(found)]
    assert len(found) >= durable
    assert audited(kept).broken is None


def renewal_that_dies() -> None:
    raise Killed


def durable_in_emergency(run: Run) -> bool:
    return any(run.ledger._file.read())


def noted():
    return pytest.MonkeyPatch.context()


FULL = """
import json, resource, sys
from pathlib import Path
from daemon.messages import EpochBegan
from daemon.runtime.words import Origin
from daemon.storage.emergency import GuardedLedger
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
folder, told = Path(sys.argv[1]), []
inner = StoredLedger(SqliteStore(folder / "ledger.db"), "owner")
ledger = GuardedLedger(inner, folder / "emergency", told.append)
ledger._patience.limit_s = 60
ledger.recover()
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
number = 0
while not told or number % 10:
    ledger.append([EpochBegan(number, 0)] * 20, Origin("router", number, 0), 0)
    ledger.flush()
    number += 1
print(json.dumps([number, told, len(list(ledger.facts()))]), flush=True)
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_disk_that_is_really_full_takes_every_fact_all_the_same(tmp_path):
    """The write-ahead log may not grow beyond a megabyte; the process is killed at the end."""
    ended = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (-9, "")
    count, told, held = json.loads(ended.stdout)
    again = Run(tmp_path, size=emergency_file.SIZE_BYTES).recovered()
    found = in_ledger(again)

    assert len(told) == 1
    assert "could not be written" in told[0]
    assert held == count * 20
    assert found == [EpochBegan(number, 0) for number in range(count) for _ in range(20)]
    assert (len(again.said), audited(InFile(tmp_path / "ledger.db")).broken) == (1, None)
    again.dies()
