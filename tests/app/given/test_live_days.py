"""The days of a live market: their time flows, and their records are no made-up days."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.actors.timekeeper import DayBegins
from daemon.app.at_brokers.accounts import accounts_of
from daemon.app.at_brokers.connections import Opened, on_paper
from daemon.app.given.assignment import Assignment
from daemon.app.given.live_days import LiveDays
from daemon.app.given.runs import Past, Run, world_of
from daemon.app.opening import openers_of
from daemon.domain.instants import DAY_NS, SECOND_NS, day_of, start_of
from daemon.domain.market.notes import NoteKind
from daemon.errors import SettingsError, StoreError
from daemon.feeds.live import LiveFeed
from daemon.messages import DayOpened, Noted
from daemon.runtime.clock import VirtualClock
from daemon.runtime.flow import Flow
from daemon.settings import Settings
from daemon.worlds import Live

NOW = start_of(date(2026, 3, 9)) + 10 * 3_600 * SECOND_NS


def kept(reached_ns: int) -> Any:
    return SimpleNamespace(
        ledger=SimpleNamespace(facts=lambda: ("fact",)),
        reached_ns=reached_ns,
        folder=Path("state"),
        open=ExitStack(),
    )


def days() -> LiveDays:
    return LiveDays(LiveFeed(), VirtualClock(NOW))


@pytest.mark.parametrize("speed", [None, Fraction(8)])
def test_its_time_is_that_of_the_market_and_flows(speed):
    time = days().time(VirtualClock(), speed)
    assert isinstance(time, Flow)
    assert time.now_ns() == NOW


def test_it_has_no_days_that_are_known_ahead_and_no_end():
    assert (days().days(), days().is_beyond("anything")) == ((), False)
    days().tell_of(kept(0).ledger)


@pytest.mark.parametrize("reached_ns", [0, NOW, NOW + 3_600 * SECOND_NS])
def test_it_goes_on_where_the_records_end(reached_ns):
    assert days().past(kept(reached_ns)) == Past(("fact",), reached_ns, 0)


def test_a_day_that_was_opened_by_other_hours_is_told_anew():
    """As one of now, or as late as the records reach."""
    before = DayOpened(day_of(NOW), ((NOW - SECOND_NS, NOW + SECOND_NS),), NOW - SECOND_NS)
    for reached_ns in (NOW - SECOND_NS, NOW + SECOND_NS):
        records = kept(reached_ns)
        records.ledger.facts = lambda: (before,)
        (opened, _) = days().past(records).anew
        assert opened.at_ns == max(NOW, reached_ns)
        assert (opened.day, opened.interval_ns) == (before.day, LiveFeed().interval_ns)
        assert opened.sessions != before.sessions


def test_what_is_told_anew_is_heard_by_the_world_as_well():
    """A day that is told anew is open."""
    accounts = accounts_of(Settings(), strict=False)
    paper = on_paper(accounts[0], None, VirtualClock().now_ns)
    there = {"paper": paper, "zed": Opened(paper.broker, market=SimpleNamespace(room=1))}
    anew = DayOpened(day_of(NOW), (), NOW)
    for told, is_open in ((), False), ((anew,), True):
        world = world_of(replace(run(), past=Past((), 0, 0, told)), accounts, there)[0]
        assert isinstance(world, Live)
        assert (type(next(world.days()).message) is not DayBegins) is is_open


def test_records_of_a_day_that_is_yet_to_come_are_refused():
    with pytest.raises(StoreError, match="if it is behind, set it, and leave the"):
        days().past(kept(NOW + DAY_NS))


def run() -> Run:
    return Run(
        LiveFeed(), (), 1, past=Past((), 0, 0), clock=Flow(VirtualClock(NOW), VirtualClock())
    )


def test_prices_come_of_the_first_account_whose_broker_tells_them():
    accounts = accounts_of(Settings(), strict=False)
    paper = on_paper(accounts[0], None, VirtualClock().now_ns)
    market: Any = SimpleNamespace(room=1)
    there = {"paper": paper, "zed": Opened(paper.broker, market=market)}
    assert isinstance(world_of(run(), accounts, there)[0], Live)


def test_where_no_broker_tells_prices_that_is_refused():
    accounts = accounts_of(Settings(), strict=False)
    paper = on_paper(accounts[0], None, VirtualClock().now_ns)
    with pytest.raises(SettingsError, match="no account is at a broker that tells prices"):
        world_of(run(), accounts, {"paper": paper})


def test_a_run_knows_how_its_brokers_are_opened_and_may_name_its_own():
    given: Any = SimpleNamespace(settings=Settings(), openers={"paper": on_paper})
    nothing: Any = None
    openers = openers_of(given, nothing, nothing, VirtualClock(), nothing)
    assert sorted(openers) == ["paper", "zerodha"]
    given.openers["zerodha"] = on_paper
    assert openers_of(given, nothing, nothing, VirtualClock(), nothing)["zerodha"] is on_paper


class Resting(Live):
    """A live world that is entered again with orders that rest on paper."""

    def __init__(self) -> None:
        """It needs nothing to say so."""

    def slept(self, now_ns: int) -> tuple[Noted, ...]:
        return (Noted(NoteKind.GAP, "rested", now_ns),)


@pytest.mark.parametrize(("world", "told"), [(Resting(), ["a file", "rested"]), (None, ["a file"])])
def test_what_rested_on_paper_is_recorded_before_the_market_comes(world, told):
    """Beside who takes no entries; what stands still while the daemon is away rested nothing."""
    given = Assignment(
        Settings(), (), (), frozenset(), days(), Path("state"), left_out={"straddle": "a file"}
    )
    recorded: list[Any] = []
    ledger = SimpleNamespace(append=lambda facts, *_: recorded.extend(facts))
    given.tell_of(ledger, NOW, world)
    assert [(each.text, each.at_ns) for each in recorded] == [(each, NOW) for each in told]
