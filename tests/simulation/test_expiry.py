"""Runs over the night in which all expires that is held, and how what is written off is judged."""

from __future__ import annotations

from datetime import date, time

import pytest

from daemon.actors.order_router import router
from daemon.domain.instants import at
from daemon.domain.orders.parents import WRITTEN_OFF
from daemon.domain.orders.unsent import filled_unsent
from daemon.domain.orders.words import Intent, OrderType, Product, Purpose, Side
from daemon.errors import StoreError
from daemon.simulation import scenario
from daemon.simulation.dice import Dice
from daemon.simulation.judging.judge import Judge, Violated
from daemon.simulation.judging.prices import trades_still
from daemon.simulation.market import UNDERLYING, Piece
from daemon.simulation.night import DaysExchange
from daemon.simulation.outcome import Given
from daemon.simulation.sweep import played
from daemon.simulation.verdict import objected

EXPIRY, AFTER = scenario.NEXT_DAY, scenario.LAST_DAY
NIGHT = scenario.nights(rests=False, shares=False, expires=True)
OVER, FOLLOWING = "NIFTY-2026-03-10-24500-CE", "NIFTY-2026-03-17-24500-CE"
MORNING_NS = at(AFTER, time(9, 15))
HELD = (40, 84)
"""On the evening of these runs much is held that expires."""


def intent(name, symbol, side, *, purpose=Purpose.EXIT, parent=""):
    of = (symbol, side, 130, OrderType.LIMIT, 0, purpose, parent, MORNING_NS, MORNING_NS)
    return Intent(name, "paper", "s", "ce", *of, product=Product.CARRY)


def judge_of(symbol):
    """A judge who knows that a leg is short of two lots."""
    judge = Judge(scenario.measures(NIGHT.plans, 65))
    opened = intent("OR1", symbol, Side.SELL, purpose=Purpose.ENTRY)
    for fact in filled_unsent(opened, 1_000, "filled"):
        judge.known.apply(fact)
    return judge


def written_off(symbol, units=130):
    name = "OR2"
    whole = intent(name, symbol, Side.BUY, parent=f"{WRITTEN_OFF}{symbol}")
    return filled_unsent(whole.__replace__(quantity=units), 0, "written off")


def test_what_expires_on_a_day_is_quoted_on_it_and_not_on_the_next():
    piece = Piece(Dice(1), NIGHT.days)
    before = piece.next(at(EXPIRY, time(9, 20)), thin=False).quotes
    after = piece.next(MORNING_NS, thin=False).quotes

    assert {OVER, FOLLOWING, UNDERLYING} < before.keys()
    assert {*piece.symbols} == before.keys() - {UNDERLYING}
    assert OVER not in after
    assert {FOLLOWING, UNDERLYING} < after.keys()


def test_strategies_that_expire_enter_on_their_last_day_and_are_to_be_left_when_nobody_is_there():
    assert NIGHT.days == (EXPIRY, AFTER)
    for plan in NIGHT.plans:
        assert [str(day) for day in plan.days] == ["tue"]
        assert plan.exit.at > NIGHT.evening > plan.entry.at


@pytest.mark.parametrize(
    ("symbol", "day", "expected"),
    [
        (OVER, EXPIRY, True),
        (OVER, AFTER, False),
        (FOLLOWING, AFTER, True),
        (UNDERLYING, AFTER, True),
        (OVER, None, True),
    ],
)
def test_a_contract_trades_until_the_day_of_its_expiry_is_over(symbol, day: date, expected):
    assert trades_still(symbol, day) is expected


def test_what_has_expired_may_be_written_off_as_a_whole():
    judge = judge_of(OVER)
    judge.entered(written_off(OVER), MORNING_NS)

    assert judge.known.book.position("s", "ce").net_quantity == 0
    assert judge.known.outside.twice() == {}


@pytest.mark.parametrize(("symbol", "units"), [(FOLLOWING, 130), (OVER, 65)])
def test_nothing_is_written_off_that_trades_and_no_part_of_what_is_held(symbol, units):
    with pytest.raises(Violated, match=f"I10: OR2: {units} of -130 {symbol} are written off"):
        judge_of(symbol).entered(written_off(symbol, units), MORNING_NS)


@pytest.mark.parametrize(
    ("ended", "violated", "sentence"),
    [
        (Violated("I4", "our book holds 1"), "I4", "I4: our book holds 1"),
        (AssertionError("an exit is owed"), "assertion", "a defect of our own: an exit is owed"),
        (StoreError("the disk is full"), "I20", "I20: the daemon ended: the disk is full"),
    ],
)
def test_a_run_ends_by_what_is_objected_to_by_a_defect_or_with_its_daemon(
    ended, violated, sentence
):
    assert objected(ended) == (violated, sentence)


@pytest.mark.untraced
@pytest.mark.timeout(300)
def test_whatever_is_broken_before_an_expiry_what_was_held_is_off_the_book_after_it(monkeypatch):
    expired, end_day = [], DaysExchange.end_day

    def look(market):
        expired.append({each.symbol for each in market.positions() if each.net_quantity})
        end_day(market)

    monkeypatch.setattr(DaysExchange, "end_day", look)

    outcomes = [played(Given(seed, days=2)) for seed in HELD]

    assert [(each.given.seed, each.sentence) for each in outcomes if each.violated] == []
    assert all(any(str(EXPIRY) in symbol for symbol in held) for held in expired)


@pytest.mark.untraced
def test_what_stays_in_our_book_though_it_expired_is_objected_to(monkeypatch):
    monkeypatch.setattr(router, "write_off", lambda *_: None)

    assert {played(Given(seed, days=2)).violated for seed in HELD} == {"I4"}
