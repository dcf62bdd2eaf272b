"""The port of a sink: what it was not taken for is told, to the publisher and to people."""

from __future__ import annotations

from datetime import timedelta
from itertools import count, islice

import pytest

from daemon.actors.alert_keeper.conditions import Conditions
from daemon.app.machine.telemetry import bare
from daemon.app.shown.sink_port import Recipient, SinkPort
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.errors import SinkError, SinkFault
from daemon.messages import DayOpened, EpochBegan, Noted
from daemon.messages.outbox import CaughtUp, Deliver, Delivered, Event, NotDelivered
from daemon.settings import EventKind, SinkSettings
from tests.kit.acting import day_opened

REFUSED, FAILED, AWAY = SinkFault
ALERT = Event(1, "1-ab", "alert", "alert_id:alert-1", b'{"code":"x"}')
KILL = Event(2, "2-ab", "kill", "kill_id:k", b"{}")
FILL = Event(3, "3-ab", "fill", "strategy_id:s", b"{}")
OF_THIS = Event(4, "4-ab", "alert", "alert_id:alert-2", b'{"code":"untold"}')


class Answering:
    """A sink that answers as it is told."""

    kind, name = "webhook", "a place"

    def __init__(self) -> None:
        self.fault: SinkFault | None = None

    async def deliver(self, event: Event, attempt: int) -> None:
        if self.fault is not None:
            raise SinkError("it says no", fault=self.fault, after_s=7)

    async def close(self) -> None:
        pass


class Desk:
    def __init__(self, events: tuple[EventKind, ...] = tuple(EventKind)) -> None:
        self.told: list[str] = []
        self.sink = Answering()
        settings = SinkSettings(id="pager", url="http://127.0.0.1:1/", tries=3, events=events)
        self.port = SinkPort(Recipient(settings, self.sink), bare().log, self.told.append)

    async def give(
        self, event: Event, attempt: int, fault: SinkFault | None, *, is_last: bool = False
    ) -> object:
        self.sink.fault = fault
        (answer,) = await self.port.ask(Deliver(event, attempt, is_last))
        return answer

    async def give_crowded(self, event: Event, attempt: int) -> None:
        self.sink.fault = AWAY
        await self.port.ask(Deliver(event, attempt, is_crowded=True))


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_what_is_not_taken_is_answered_with_its_fault_and_the_time_that_is_asked_for(desk):
    assert await desk.give(ALERT, 1, None) == Delivered(1)
    answer = await desk.give(ALERT, 1, AWAY)
    assert answer == NotDelivered(1, "it says no", AWAY, 7 * SECOND_NS)
    assert desk.told == []


@pytest.mark.parametrize("event", [ALERT, KILL])
async def test_each_alert_and_each_kill_that_is_given_up_is_told(desk, event):
    await desk.give(event, 2, REFUSED)
    assert desk.told == []
    for _ in range(2):
        await desk.give(event, 3, REFUSED, is_last=True)

    text = f"the sink pager: {event.kind} {event.event_id} was not taken in 3 tries: it says no"
    assert desk.told == [text, text]


@pytest.mark.parametrize("event", [FILL, OF_THIS])
async def test_nobody_is_told_of_a_fill_or_of_the_alert_that_tells_of_this(desk, event):
    await desk.give(event, 3, REFUSED, is_last=True)
    await desk.give(event, 3, AWAY)
    assert desk.told == []


async def test_that_a_receiver_is_away_for_long_is_told_once_until_he_takes_something(desk):
    for attempt in (1, 2, 3, 4):
        await desk.give(ALERT, attempt, AWAY)
        await desk.give(KILL, attempt, FAILED)
    assert desk.told == ["the sink pager: alert 1-ab was not taken in 3 tries: it says no"]

    await desk.give(FILL, 1, None)
    await desk.give(KILL, 5, FAILED)
    assert len(desk.told) == 1
    await desk.give(KILL, 6, FAILED, is_last=True)
    assert desk.told[1:] == ["the sink pager: kill 2-ab was not taken in 6 tries: it says no"]


async def test_each_day_what_is_still_not_taken_is_told_anew_and_stands_on_that_day(desk):
    """With the day ends the condition that it began, and the sink may be dead for weeks."""
    conditions, days = Conditions(), (day_opened().day + timedelta(days=n) for n in range(4))
    attempts = count(1)
    for day in days:
        desk.port.begin_day()
        conditions.hear(DayOpened(day, (), 1))
        assert conditions.standing == {}
        before = len(desk.told)
        for attempt in islice(attempts, 5):
            await desk.give(ALERT, attempt, AWAY)
        (told,) = desk.told[before:]
        conditions.hear(Noted(NoteKind.UNTOLD, told, 1))
        assert list(conditions.standing) == [("untold", "the sink pager")]
    assert desk.told[1] == "the sink pager: alert 1-ab was not taken in 6 tries: it says no"


async def test_what_is_taken_the_next_day_does_not_hide_what_is_still_not_taken(desk):
    await desk.give(ALERT, 3, FAILED)
    desk.port.begin_day()
    await desk.give(FILL, 1, None)
    for attempt in (4, 5):
        await desk.give(ALERT, attempt, FAILED)
        await desk.give(FILL, 1, None)
    assert len(desk.told) == 2


async def test_a_single_try_is_told_as_one(desk):
    await desk.give(KILL, 1, REFUSED, is_last=True)
    assert desk.told == ["the sink pager: kill 2-ab was not taken in 1 try: it says no"]


BEHIND = (
    "the sink pager falls behind: {} was not taken in {} tries, and more waits unread: it says no"
)


async def test_what_waits_unread_behind_an_event_of_any_kind_is_told_once_a_day(desk):
    """An alert may be among it, of which no try could tell."""
    for attempt in (1, 2, 3, 4):
        await desk.give_crowded(FILL, attempt)
    assert desk.told == [BEHIND.format("fill 3-ab", 3)]

    await desk.give(KILL, 1, None)
    desk.port.begin_day()
    for attempt in (5, 6):
        await desk.give_crowded(OF_THIS, attempt)
    assert desk.told[1:] == [BEHIND.format("alert 4-ab", 5)]


async def test_that_a_sink_falls_behind_is_an_alert_beside_that_of_what_it_did_not_take(desk):
    await desk.give_crowded(ALERT, 3)
    conditions = Conditions()
    conditions.hear(day_opened())
    for said in desk.told:
        conditions.hear(Noted(NoteKind.UNTOLD, said, 1))

    sink = "the sink pager"
    assert list(conditions.standing) == [("untold", sink), ("untold", f"{sink} falls behind")]


async def test_that_a_sink_falls_behind_is_over_once_nothing_waits_for_it_and_told_anew_if_it_does(
    desk,
):
    assert await desk.port.ask(CaughtUp()) == ()
    await desk.give_crowded(FILL, 3)
    for _ in range(2):
        await desk.port.ask(CaughtUp())
    await desk.give_crowded(FILL, 3)
    behind = BEHIND.format("fill 3-ab", 3)
    assert desk.told == [behind, "the sink pager has caught up: nothing waits for it", behind]


async def test_what_was_not_taken_stays_an_alert_when_the_sink_has_caught_up(desk):
    await desk.give_crowded(ALERT, 3)
    await desk.port.ask(CaughtUp())
    conditions, stood = Conditions(), []
    for said in desk.told:
        conditions.hear(Noted(NoteKind.UNTOLD, said, 1))
        stood.append([about for _, about in conditions.standing])
    sink = "the sink pager"
    assert stood == [[sink], [sink, f"{sink} falls behind"], [sink]]


async def test_after_a_restart_it_is_found_anew_whether_a_sink_falls_behind(desk):
    await desk.give_crowded(ALERT, 3)
    conditions = Conditions()
    for said in desk.told:
        conditions.hear(Noted(NoteKind.UNTOLD, said, 1))
    conditions.hear(EpochBegan(2, 1))
    assert list(conditions.standing) == [("untold", "the sink pager")]


@pytest.mark.parametrize(
    ("events", "times"),
    [((EventKind.FILL,), 0), ((EventKind.FILL, EventKind.ALERT), 1), ((EventKind.KILL,), 1)],
)
async def test_nobody_is_told_that_a_sink_falls_behind_which_takes_no_alerts_and_no_kills(
    events, times
):
    desk = Desk(events)
    await desk.give_crowded(FILL, 3)
    assert len(desk.told) == times
