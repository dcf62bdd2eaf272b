"""Whether quotes are asked for on a dead link, as the record of the real poller tells it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.actors.quote_poller import PollDue, QuotePoller
from daemon.domain.instants import SECOND_NS as S
from daemon.domain.market.notes import NoteKind
from daemon.messages import LinkDied, LinkRevived, Noted, SeeRisk
from daemon.messages.modes import Modes
from daemon.runtime.words import ActorDisarmed
from daemon.telemetry.log import make_log
from daemon.web.streaming.asking import Asking
from daemon.web.streaming.hub import Hub
from daemon.web.streaming.stream import Watcher
from tests.kit.acting import clock, day_ended, day_opened, facts, sold
from tests.kit.control_port import open_port
from tests.kit.seen import ANSWERS
from tests.kit.transports import Wire
from tests.kit.watched import LEG, frame, risk, watch

T = clock("10:00:00")
DIED = LinkDied(T)
DEAD = risk(watch(legs=(replace(LEG, unguarded_because=("link_dead", "no_price")),)), alive=False)


def told() -> list[Any]:
    """What the poller records where it begins to ask."""
    poller = QuotePoller()
    for message in (day_opened(), sold("ce"), DIED):
        poller.handle(message, T)
    return [DIED, *facts(poller.handle(PollDue(T + 10 * S), T + 10 * S))]


def after(*more: Any) -> Asking:
    """Whoever heard that, and what came then."""
    asking = Asking()
    for fact in (*told(), *more):
        asking.hear(fact)
    return asking


def test_it_is_known_from_the_pollers_own_note_that_quotes_are_asked_for():
    assert after().stands(DEAD)
    assert after(Noted(NoteKind.STALE, "something else", T), sold("pe")).stands(DEAD)


@pytest.mark.parametrize(
    "end",
    [LinkRevived(T), DIED, day_ended(), ActorDisarmed("quote_poller", T)],
    ids=["the link lives", "another silence", "the day is over", "the poller fell"],
)
def test_it_ends_with_the_silence_and_with_the_poller(end):
    assert not after(end).stands(DEAD)


def test_another_actor_that_is_left_out_ends_nothing():
    assert after(ActorDisarmed("alert_keeper", T)).stands(DEAD)


def test_it_is_so_for_a_long_as_for_a_short():
    assert after().stands(replace(DEAD, watches=(watch(legs=(replace(LEG, quantity=75),)),)))


@pytest.mark.parametrize(
    "seen",
    [
        replace(DEAD, link_alive=True),
        replace(DEAD, watches=(watch(legs=(replace(LEG, quantity=0),)),)),
        replace(DEAD, watches=(watch(legs=(replace(LEG, unguarded_because=("orders_closed",)),)),)),
    ],
    ids=["the link lives", "all is flat", "the exchange does not trade"],
)
def test_nothing_is_asked_for_where_the_poller_would_not_ask(seen):
    assert not after().stands(seen)


def test_carried_shares_whose_market_has_closed_end_no_asking_for_what_trades():
    shut = replace(LEG, leg_id="eq", quantity=100, unguarded_because=("orders_closed",))
    assert after().stands(replace(DEAD, watches=(watch(legs=(LEG, shut)),)))


async def test_the_stream_of_profit_says_that_quotes_are_asked_for():
    log = make_log(io.StringIO(), lambda: 0)
    hub = Hub(lambda *, force: None, lambda: 0, Modes({"paper": "paper"}), log)
    wire = Wire()
    hub.join(hub.pnl, Watcher(wire, 0.0))
    hub.show(frame(DEAD))
    await hub.pnl.send()
    hub.record(told())
    hub.show(frame(DEAD))
    await hub.pnl.send()

    assert [each["feed"] for each in wire.told] == [
        {"alive": False, "asked": False},
        {"alive": False, "asked": True},
    ]


async def test_the_snapshot_says_that_quotes_are_asked_for(tmp_path):
    asking = Asking()
    answers = {**ANSWERS, SeeRisk: lambda _: DEAD}
    async with open_port(tmp_path, answers, asks=asking.stands) as port:
        _, before, _ = await port.ask("GET", "/api/portfolio/snapshot")
        for fact in told():
            asking.hear(fact)
        _, meanwhile, _ = await port.ask("GET", "/api/portfolio/snapshot")

    assert (before["quotes_asked"], meanwhile["quotes_asked"]) == (False, True)
