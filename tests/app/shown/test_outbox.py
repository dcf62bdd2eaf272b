"""The outbox of a daemon: real stores and a real receiver, beside whatever decides."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from daemon.actors.outbox_publisher import Due, OutboxPublisher
from daemon.app.machine.telemetry import bare
from daemon.app.shown import outbox as module
from daemon.app.shown.courier import Courier
from daemon.app.shown.outbox import Desk, Outboxes, conduct_of
from daemon.app.shown.sink_port import Recipient
from daemon.control import Refusal
from daemon.domain.market.notes import NoteKind
from daemon.errors import StoreError
from daemon.messages import (
    AlertRaised,
    Condition,
    KillStaged,
    Latched,
    LatchKind,
    Noted,
    Scope,
    Severity,
    Stage,
)
from daemon.messages.outbox import Delivered, LetterState
from daemon.runtime.clock import MonotonicClock, SteadyClock, WallClock
from daemon.runtime.words import Alarm, Show
from daemon.settings import EventKind, SinkSettings
from daemon.sinks.webhook import Webhook
from daemon.storage.outbox import Outbox
from daemon.telemetry.redaction import Secret
from daemon.web.told.news import News
from tests.kit.facts import NOW, ORIGIN
from tests.kit.outbox import news
from tests.kit.receiver import AWAY, FAILING, HANGS, REFUSING, TAKEN, Receiver, receiving
from tests.kit.stores import InFile, InSchema, Kept, killed, ledger_of

T = TypeVar("T")
STEADY = SteadyClock(WallClock(), MonotonicClock())
RAISED = AlertRaised("alert-1", Condition(Severity.CRITICAL, "x", "y", "look at the broker"), NOW)


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request, tmp_path) -> Kept:
    if request.param == "sqlite":
        return InFile(tmp_path / "ledger.db")
    return InSchema(request.getfixturevalue("postgres"))


class Watched(Desk):
    """Says when something was done in the store, or could not be."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(kept.store, "owner")
        self.did = asyncio.Event()

    async def do(self, work: Callable[[Outbox], T]) -> T:
        try:
            return await super().do(work)
        finally:
            self.did.set()


def noted(daemon: Daemon) -> list[Noted]:
    """Return the notes that are recorded so far."""
    daemon.ledger.flush()
    return [fact for fact in daemon.ledger.facts() if isinstance(fact, Noted)]


class Daemon:
    """A ledger, and the outboxes beside it."""

    def __init__(self, kept: Kept, recipients: Sequence[Recipient]) -> None:
        self.kept = kept
        self.said: list[str] = []
        self.spoke = asyncio.Event()
        self.ledger = ledger_of(kept)
        self.desk = Watched(kept)
        self.outboxes = Outboxes(recipients, self.desk, STEADY, bare(), self.say)

    def say(self, text: str) -> None:
        self.said.append(text)
        self.spoke.set()

    def record(self, *facts: Any) -> None:
        """Record facts durably, and tell the publishers of it."""
        self.ledger.append(facts, ORIGIN, NOW)
        self.ledger.flush()
        self.outboxes.wake()

    def dead(self, sink: str) -> int:
        """Return how many dead letters the publisher of a sink knows of."""
        return next(seen.dead for seen, _, _ in self.outboxes.seen() if seen.sink == sink)

    async def until(self, so: Callable[[Outbox], bool]) -> None:
        """Wait until something is so in the store."""
        with closing(self.kept.store.open_aside()) as aside:
            async with asyncio.timeout(30):
                self.desk.did.clear()
                while not so(Outbox(aside, "owner")):
                    await self.desk.did.wait()
                    self.desk.did.clear()

    async def until_done(self) -> None:
        """Wait until every cursor stands behind the last record."""
        last = self.ledger.head.count
        await self.until(lambda outbox: {c.number for c in outbox.cursors().values()} == {last})


@asynccontextmanager
async def running(kept: Kept, *sinks: tuple[SinkSettings, Receiver]) -> AsyncIterator[Daemon]:
    recipients = [
        Recipient(each, Webhook(receiver.url, Secret("long-enough-secret"), 300, STEADY))
        for each, receiver in sinks
    ]
    daemon = Daemon(kept, recipients)
    try:
        async with daemon.outboxes.kept(daemon.ledger, lambda: NOW):
            yield daemon
    finally:
        killed(daemon.ledger)


def sink(name: str = "pager", **more: Any) -> SinkSettings:
    quick = {"pause_ms": 10, "longest_pause_ms": 20, "tries": 2, **more}
    return SinkSettings(id=name, url="http://127.0.0.1:1/", **quick)


async def test_an_alert_reaches_its_receiver_with_all_that_is_told_of_it(kept):
    async with receiving() as receiver, running(kept, (sink(), receiver)) as daemon:
        daemon.record(RAISED)
        await daemon.until_done()
        link = daemon.ledger.head.digest.hex()

    told = json.loads(receiver.posted[0].body)
    assert told == {
        "id": f"1-{link[:32]}",
        "number": 1,
        "kind": "alert",
        "fact": "AlertRaised",
        "at": told["at"],
        "text": "look at the broker",
        "mode": "paper",
        "alert_id": "alert-1",
        "severity": "critical",
        "code": "x",
    }
    assert receiver.posted[0].headers["ordo-event-id"] == told["id"]


async def test_a_kill_is_told_under_an_id_of_its_own_whatever_it_holds(tmp_path):
    kept = InFile(tmp_path / "ledger.db")
    latched = Latched("kill-1", LatchKind.KILL, Scope.STRATEGY, "straddle", "so", "ann", NOW)
    async with receiving() as receiver, running(kept, (sink(), receiver)) as daemon:
        daemon.record(latched)
        await daemon.until_done()

    told = json.loads(receiver.posted[0].body)
    assert told["id"] == receiver.posted[0].headers["ordo-event-id"]
    assert (told["kill_id"], told["scope"], told["name"]) == ("kill-1", "strategy", "straddle")


async def test_a_sink_is_given_the_kinds_that_it_takes_and_its_cursor_passes_the_others(kept):
    pager = sink(events=(EventKind.ALERT,))
    async with receiving() as receiver, running(kept, (pager, receiver)) as daemon:
        daemon.record(*news("a"), RAISED, *news("b"))
        await daemon.until_done()

    assert [json.loads(each.body)["number"] for each in receiver.posted] == [2]


async def test_a_restart_goes_on_behind_what_was_given_and_a_new_sink_with_what_comes(kept):
    async with receiving() as receiver:
        async with running(kept, (sink(), receiver)) as daemon:
            daemon.record(*news("a"))
            await daemon.until_done()
        ledger = ledger_of(kept)
        ledger.append(news("b"), ORIGIN, NOW)
        ledger.close()
        async with receiving() as other:
            sinks = (sink(), receiver), (sink("later"), other)
            async with running(kept, *sinks) as daemon:
                daemon.record(*news("c"))
                await daemon.until_done()

    def numbers(of: Receiver) -> list[int]:
        return [json.loads(each.body)["number"] for each in of.posted]

    assert (numbers(receiver), numbers(other)) == ([1, 2, 3], [3])


async def test_a_sink_that_fails_and_one_that_hangs_hold_up_no_other(kept):
    async with (
        receiving(REFUSING) as failing,
        receiving(HANGS) as hanging,
        receiving() as sound,
        running(
            kept, (sink("failing"), failing), (sink("hanging"), hanging), (sink("sound"), sound)
        ) as daemon,
    ):
        daemon.record(*news("a", "b"))
        await sound.until(2)
        await hanging.until(2)
        await daemon.until(lambda _: daemon.dead("failing") == 2)
        await daemon.until(lambda outbox: outbox.cursors()["hanging"].failed_because != "")
        seen = {told.sink: (told, is_kept) for told, _, is_kept in daemon.outboxes.seen()}

    assert [(seen[name][0].dead, seen[name][1]) for name in ("failing", "hanging", "sound")] == [
        (2, True),
        (0, True),
        (0, True),
    ]
    assert seen["hanging"][0].behind == 2  # that nobody answers is no no
    assert "gave no answer within 300 ms" in seen["hanging"][0].cursor.failed_because
    assert seen["sound"][0].cursor.failed_because == ""


async def test_dead_letters_are_given_again_when_a_person_wants_it(kept):
    async with receiving(REFUSING) as receiver, running(kept, (sink(), receiver)) as daemon:
        daemon.record(*news("a", "b", "c"))
        await daemon.until(lambda outbox: outbox.waiting("pager") == 3)
        receiver.answers = [TAKEN]

        assert await daemon.outboxes.replay("pager", 2) == 1
        await daemon.until(lambda outbox: outbox.waiting("pager") == 2)
        assert await daemon.outboxes.replay() == 2
        await daemon.until(lambda outbox: outbox.waiting("pager") == 0)
        await daemon.until(lambda outbox: len(outbox.letters([LetterState.DELIVERED])) == 3)

    delivered = [json.loads(each.body)["number"] for each in receiver.posted[6:]]
    assert (delivered[0], sorted(delivered[1:])) == (2, [1, 3])


async def test_what_cannot_be_given_again_is_refused(tmp_path):
    kept = InFile(tmp_path / "ledger.db")
    async with running(kept) as nobody:
        with pytest.raises(Refusal, match="this daemon has no sinks") as none:
            await nobody.outboxes.replay()
    async with receiving() as receiver, running(kept, (sink(), receiver)) as daemon:
        with pytest.raises(Refusal, match="there is no sink other; there are: pager"):
            await daemon.outboxes.replay("other")
        with pytest.raises(Refusal, match="no dead letter pager:7 waits") as unknown:
            await daemon.outboxes.replay("pager", 7)
        assert await daemon.outboxes.replay() == 0

    assert (none.value.code, unknown.value.code) == ("no_outbox", "unknown_letter")


async def test_a_publisher_that_falls_begins_anew_and_is_left_out_if_it_falls_too_often(
    tmp_path, monkeypatch
):
    begun = []

    class Falling(OutboxPublisher):
        def handle(self, message, now_ns):
            begun.append(message)
            raise ZeroDivisionError

    monkeypatch.setattr(module, "OutboxPublisher", Falling)
    kept = InFile(tmp_path / "ledger.db")
    async with receiving() as receiver, running(kept, (sink(), receiver)) as daemon:
        await daemon.spoke.wait()
        daemon.outboxes.wake()
        ((_, _, is_kept),) = daemon.outboxes.seen()

    assert (len(begun), is_kept) == (6, False)
    assert daemon.said == [
        "ALERT the sink pager is told nothing more until a restart: its publisher fell"
    ]


NEWS = News()
KILLED = KillStaged("kill-1", Stage.FLAT, (), 4, NOW)


def lines(*facts: Any) -> list[Any]:
    return [line for fact in facts if (line := NEWS.of(fact)) is not None]


async def test_once_the_ledger_has_failed_alerts_and_kills_are_told_past_the_record(tmp_path):
    kept = InFile(tmp_path / "ledger.db")
    loud = sink("loud", events=(EventKind.KILL,))
    async with (
        receiving() as pager,
        receiving() as other,
        running(kept, (sink(), pager), (loud, other)) as daemon,
    ):
        daemon.record(RAISED)
        await daemon.until_done()
        daemon.outboxes.hear(lines(*news("a"), RAISED, KILLED), "its disk is full")
        await pager.until(3)
        await other.until(1)
        async with asyncio.timeout(5):  # until both answers were heard
            while sum(told.behind for told, _, _ in daemon.outboxes.seen()) > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        seen = {told.sink: told for told, _, _ in daemon.outboxes.seen()}

    first, *past = (json.loads(each.body) for each in pager.posted)
    assert {each["kind"] for each in past} == {"alert", "kill"}
    assert [each["number"] for each in past] == [0, 0]
    assert all(each["id"].startswith("emergency-") for each in past)
    assert len({each["id"] for each in past}) == 2
    (alert,) = (each for each in past if each["kind"] == "alert")
    same = ("alert_id", "fact", "at", "text", "severity", "code", "mode")
    assert [alert[name] for name in same] == [first[name] for name in same]
    assert seen["pager"].cursor.failed_because.startswith("the ledger failed: its disk is full; ")
    assert (seen["pager"].cursor.number, seen["pager"].behind) == (1, 1)
    assert seen["loud"].behind == 0


async def test_while_the_ledger_works_nothing_is_told_past_the_record(tmp_path):
    kept = InFile(tmp_path / "ledger.db")
    async with receiving() as pager, running(kept, (sink(), pager)) as daemon:
        daemon.outboxes.hear(lines(RAISED), "")
        daemon.record(KILLED)
        await daemon.until_done()
        ((told, _, _),) = daemon.outboxes.seen()

    assert [json.loads(each.body)["number"] for each in pager.posted] == [1]
    assert (told.behind, told.cursor.failed_because) == (0, "")


async def test_a_publisher_that_falls_gives_what_it_was_told_past_the_record_once_more(
    tmp_path, monkeypatch
):
    class Falling(OutboxPublisher):
        falls = True

        def handle(self, message, now_ns):
            if isinstance(message, Delivered) and Falling.falls:
                Falling.falls = False
                raise ZeroDivisionError
            return super().handle(message, now_ns)

    monkeypatch.setattr(module, "OutboxPublisher", Falling)
    kept = InFile(tmp_path / "ledger.db")
    async with receiving() as pager, running(kept, (sink(), pager)) as daemon:
        daemon.outboxes.hear(lines(KILLED), "so")
        await pager.until(2)

    first, again = (json.loads(each.body) for each in pager.posted)
    assert first == again


async def test_an_alert_that_is_given_up_is_told_once_and_what_tells_of_that_is_not(tmp_path):
    """Else a receiver of no alerts would be told of that without end."""
    kept = InFile(tmp_path / "ledger.db")
    of_this = Condition(Severity.CRITICAL, "untold", "the sink pager", "see to it")
    async with receiving(REFUSING) as pager, running(kept, (sink(), pager)) as daemon:
        daemon.record(RAISED, AlertRaised("alert-2", of_this, NOW), *news("a"))
        await daemon.until(lambda outbox: outbox.waiting("pager") == 3)
        notes = noted(daemon)

    (note,) = notes
    assert (note.kind, note.at_ns) == (NoteKind.UNTOLD, NOW)
    assert note.text.startswith("the sink pager: alert 1-")
    assert " was not taken in 2 tries: the webhook at http://127.0.0.1:" in note.text
    assert note.text.endswith(" says no: it answered 404")


@pytest.mark.parametrize("answer", [AWAY, FAILING], ids=["away", "failing"])
async def test_that_a_sink_takes_nothing_is_told_though_its_alerts_wait_unread_behind_the_rest(
    tmp_path, answer
):
    kept = InFile(tmp_path / "ledger.db")
    async with receiving(answer) as pager, running(kept, (sink(), pager)) as daemon:
        daemon.record(*news(*["a"] * 400), RAISED)
        async with asyncio.timeout(30):
            while not (told := noted(daemon)):
                await pager.until(len(pager.posted) + 1)

    (note,) = told
    assert note.kind is NoteKind.UNTOLD
    assert note.text.startswith("the sink pager falls behind: actor 1-")
    assert " tries, and more waits unread: the webhook at http://127.0.0.1:" in note.text


async def test_that_a_sink_has_caught_up_is_recorded_once_it_has_taken_all_that_waited(tmp_path):
    kept = InFile(tmp_path / "ledger.db")
    async with receiving(AWAY) as pager, running(kept, (sink(), pager)) as daemon:
        daemon.record(*news(*["a"] * 400), RAISED)
        async with asyncio.timeout(30):
            while not noted(daemon):
                await pager.until(len(pager.posted) + 1)
            pager.answers = [TAKEN]
            daemon.outboxes.wake()
            while len(told := noted(daemon)) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        taken = len({each.headers["ordo-event-id"] for each in pager.posted})

    assert taken >= 401
    assert told[1].text == "the sink pager has caught up: nothing waits for it"


async def test_a_publisher_only_calls_and_waits():
    class Showing(OutboxPublisher):
        def handle(self, message, now_ns):
            return (Show(message),)

    courier = Courier(lambda: Showing("pager", conduct_of(sink())), {}, STEADY.now_ns)
    with pytest.raises(ExceptionGroup) as caught:
        await courier.keep()
    assert isinstance(caught.value.exceptions[0], AssertionError)


async def test_an_alarm_rings_at_its_time_and_never_before_it(monkeypatch):
    """Else what is due then would be found not to be, and nobody would look again."""
    slept, rung, hours = [], asyncio.Event(), iter((0, 3, 5))

    class Woken(OutboxPublisher):
        def handle(self, message, now_ns):
            if message == Due():
                rung.set()
                return ()
            return (Alarm(5, Due()),)

    async def sleep(left_s):
        slept.append(left_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    courier = Courier(lambda: Woken("pager", conduct_of(sink())), {}, lambda: next(hours, 5))
    task = asyncio.get_running_loop().create_task(courier.keep())
    await rung.wait()
    task.cancel()
    assert [left_s for left_s in slept if left_s] == [2e-9]


async def test_a_store_that_cannot_be_had_at_the_start_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.actors.outbox_publisher.AGAIN_NS", 0)
    kept = InFile(tmp_path / "ledger.db")
    opening = kept.store.open_aside
    failing = [StoreError("its disk fails")] * 2

    def open_aside():
        if failing:
            raise failing.pop()
        return opening()

    monkeypatch.setattr(kept.store, "open_aside", open_aside)
    async with receiving() as receiver, running(kept, (sink(), receiver)) as daemon:
        daemon.kept = InFile(kept.path)
        await daemon.until(lambda outbox: "pager" in outbox.cursors())
        daemon.record(*news("a"))
        await receiver.until(1)
    assert failing == []


async def test_waking_waits_for_nothing_and_a_hanging_sink_is_closed_at_once(tmp_path):
    kept = InFile(tmp_path / "ledger.db")
    async with receiving(HANGS) as receiver:
        slow = replace(sink(), timeout_ms=60_000)
        async with running(kept, (slow, receiver)) as daemon:
            daemon.record(*news("a"))
            await receiver.until(1)
            for _ in range(1_000):
                daemon.outboxes.wake()
        assert len(receiver.posted) == 1
