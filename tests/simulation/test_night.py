"""Runs of two days: what is held is carried over the night between them."""

from __future__ import annotations

from datetime import time

import pytest

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import Intent, IntentRecorded, Purpose
from daemon.domain.orders.words import OrderType as Limit
from daemon.domain.orders.words import Side as Direction
from daemon.messages import DayOpened, Noted
from daemon.simulation import scenario
from daemon.simulation.dice import Dice
from daemon.simulation.judging.judge import Violated
from daemon.simulation.judging.known import Known
from daemon.simulation.night import DaysExchange, Night, exchange
from daemon.simulation.outcome import Given
from daemon.simulation.sweep import played
from daemon.simulation.timeline import Timeline
from daemon.simulation.verdict import every_order_is_accounted_for
from daemon.twin.faults import Faults
from daemon.twin.words import OrderType, Side, TwinOrder

DAY, NEXT_DAY = scenario.DAY, scenario.NEXT_DAY
OPENS_NS, EVENING_NS = at(NEXT_DAY, time(9, 15)), at(DAY, time(9, 22))
TWO_DAYS = scenario.nights(rests=False, shares=False)
CALL = "NIFTY-2026-03-10-24500-CE"
LOTS = 130
"""More of a contract than this is a leg of a strategy."""
KNOWN = (12, 21, 24, 28)
"""They failed once, each where the judge or the world took the second day for the first."""


class Dawns:
    """The way to an exchange, which is told of the dawn."""

    dawns = 0

    def dawn(self):
        self.dawns += 1


def fallen(night):
    """Let a night fall; return what becomes of its dawn."""
    timeline, market, network = Timeline(Dice(1), EVENING_NS), opened(), Dawns()
    night.fall(timeline, market, network)
    while timeline.go_on(OPENS_NS):
        pass
    return market, network, timeline.now_ns()


def opened():
    return exchange(scenario.account(), Faults())


def sell(market, now_ns):
    """Sell a lot at once."""
    market.on_frame(Frame(now_ns, {CALL: Quote(1_000_000, 999_500, 650, 1_000_500, 650)}), now_ns)
    order = (CALL, Side.SELL, 65, OrderType.MARKET, 0, now_ns)
    market.place(TwinOrder(f"{now_ns}", *order, product="carry"), now_ns)
    market.advance(now_ns + SECOND_NS)


def test_a_run_of_one_day_has_no_evening_and_no_night():
    night = Night(Dice(1), scenario.minutes(rests=False))

    assert night.days_ns(1, 9) == ((1, 9),)
    assert not night.is_evening(EVENING_NS)
    assert not night.falls(EVENING_NS)
    assert night.wakes_ns(EVENING_NS) == night.starts_ns(EVENING_NS) == EVENING_NS


def test_nobody_trades_at_night_and_nobody_is_there():
    starts = set()
    for seed in range(1, 20):
        night = Night(Dice(seed), TWO_DAYS)
        assert not night.falls(EVENING_NS)
        assert night.starts_ns(EVENING_NS) == EVENING_NS
        fallen(night)
        assert night.falls(EVENING_NS)
        assert not night.falls(OPENS_NS)
        assert night.wakes_ns(EVENING_NS) == OPENS_NS
        assert night.wakes_ns(OPENS_NS + 1) == OPENS_NS + 1
        starts.add(night.starts_ns(EVENING_NS))
        assert night.starts_ns(OPENS_NS + 600 * SECOND_NS) == OPENS_NS + 600 * SECOND_NS

    assert min(starts) < OPENS_NS < max(starts)


def test_things_go_wrong_until_the_evening_and_from_the_morning_on():
    night = Night(Dice(1), TWO_DAYS)

    assert night.days_ns(1, OPENS_NS + 9) == ((1, EVENING_NS), (OPENS_NS, OPENS_NS + 9))


def test_an_evening_ends_with_the_night_or_is_objected_to():
    night = Night(Dice(1), TWO_DAYS)
    assert not night.is_evening(EVENING_NS - 1)
    assert night.is_evening(EVENING_NS)
    with pytest.raises(Violated, match="I3: nothing goes wrong, and not all is heard"):
        night.is_evening(EVENING_NS + 601 * SECOND_NS)
    fallen(night)
    assert not night.is_evening(EVENING_NS + 601 * SECOND_NS)


def test_at_dawn_the_broker_turns_the_day():
    _, network, now_ns = fallen(Night(Dice(1), TWO_DAYS))

    assert (network.dawns, now_ns) == (1, at(NEXT_DAY, time(6)))


def test_whoever_judges_is_told_the_trades_of_both_days():
    market = opened()
    sell(market, EVENING_NS)
    market.end_day()
    sell(market, OPENS_NS)

    assert [each.at_ns for each in market.trades()] == [EVENING_NS, OPENS_NS]
    assert [each.client_id for each in market.orders()] == [f"{OPENS_NS}"]
    assert [each.net_quantity for each in market.positions()] == [-130]


def test_strategies_of_two_days_are_carried_and_enter_on_the_first_alone():
    for plan in TWO_DAYS.plans:
        assert plan.product == "carry"
        assert [str(day) for day in plan.days] == ["mon"]
    assert TWO_DAYS.days == (DAY, NEXT_DAY)
    assert scenario.minutes(rests=False).days == (DAY,)


@pytest.mark.parametrize("day", [DAY, NEXT_DAY])
def test_an_order_that_outlived_its_day_is_accounted_for_once_somebody_was_told(day):
    order = ("x", "CE", Direction.SELL, 65, Limit.LIMIT, 1, Purpose.EXIT, "p", EVENING_NS, 0)
    known, market = Known(), opened()
    for fact in (
        IntentRecorded(Intent("OR1", "paper", "s", *order), EVENING_NS),
        DayOpened(day, (), EVENING_NS),
    ):
        known.apply(fact)
    with pytest.raises(Violated, match="I3: OR1 is INTENDED"):
        every_order_is_accounted_for(known, market)

    known.apply(Noted(NoteKind.REFUSED, "OR1, sell 65 CE, is over with its day", OPENS_NS))

    if day == NEXT_DAY:
        assert every_order_is_accounted_for(known, market) is None
    else:
        with pytest.raises(Violated, match="I3: OR1 is INTENDED"):
            every_order_is_accounted_for(known, market)


@pytest.mark.untraced
@pytest.mark.timeout(300)
def test_whatever_is_broken_on_two_days_every_order_is_accounted_for(monkeypatch):
    carried, end_day = [], DaysExchange.end_day

    def look(market):
        carried.append(sum(abs(each.net_quantity) > LOTS for each in market.positions()))
        end_day(market)

    monkeypatch.setattr(DaysExchange, "end_day", look)

    outcomes = [played(Given(seed, days=2)) for seed in (*range(1, 9), *KNOWN)]

    assert [(each.given.seed, each.sentence) for each in outcomes if each.violated] == []
    assert len(carried) == len(outcomes)
    assert sum(map(bool, carried)) > len(carried) // 3
    assert all(outcome.lives > 1 for outcome in outcomes)


@pytest.mark.untraced
def test_equal_seeds_of_two_days_take_equal_steps_and_others_than_those_of_one():
    two, again, one = (played(Given(2, days=days)) for days in (2, 2, 1))

    assert two.trace == again.trace != one.trace
