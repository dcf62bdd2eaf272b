"""Where stops may be armed, by the plan and by what the exchange has traded."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from daemon.domain.market.instruments import Kind
from daemon.domain.orders.parents import OUTSIDE
from daemon.domain.orders.words import Intent, IntentRecorded, OrderType, Purpose, Side
from daemon.domain.plans.schema import Leg, LegTrail, Stop, TrailStep
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.simulation.judging.known import Known
from daemon.simulation.judging.levels import misplaced
from daemon.twin import words as twin

TRAIL = LegTrail(TrailStep(points=Decimal(4)), TrailStep(points=Decimal(3)))
ENTRY = Intent(
    *("1", "a", "s", "ce", "CE", Side.SELL, 65, OrderType.LIMIT, 1, Purpose.ENTRY, "b", 0, 0)
)


def leg(side=Side.SELL, trail=None, **stop):
    return Leg(side, Kind.CALL, "ce", stop=Stop(**stop) if stop else None, trail=trail)


def traded(price_e4, client_id="1", side=twin.Side.SELL):
    return twin.Trade("T", "O", client_id, "CE", side, 65, price_e4, 0)


def objection(to_e4, of, *prices_e4, stood=None, intent=ENTRY):
    known = Known()
    known.apply(IntentRecorded(intent, 0))
    if stood is not None:
        known.apply(LevelMoved("s", "ce", Move.ARMED, 0, stood, 0))
    side = twin.Side(of.side.value)
    back = traded(1, side=twin.Side.BUY if of.side is Side.SELL else twin.Side.SELL)
    trades = [*(traded(each, side=side) for each in prices_e4), traded(1, "2", side), back]
    moved = LevelMoved("s", "ce", Move.ARMED, stood or 0, to_e4, 0)
    return misplaced(known, moved, {("s", "ce"): of}, lambda: trades)


EIGHT, TWELVE = {"percent": Decimal(8)}, {"points": Decimal(12)}


@pytest.mark.parametrize(
    ("of", "prices_e4", "stop_e4"),
    [
        (leg(**EIGHT), (900_000,), 972_000),
        (leg(**TWELVE), (900_000,), 1_020_000),
        (leg(Side.BUY, **EIGHT), (900_000,), 828_000),
        (leg(Side.BUY, **TWELVE), (100_000,), 0),
        (leg(), (900_000,), 0),
        (leg(**EIGHT), (900_000, 1_000_000), 1_026_000),
    ],
)
def test_a_stop_is_armed_as_far_from_the_trades_as_its_plan_says(of, prices_e4, stop_e4):
    assert objection(stop_e4, of, *prices_e4) == ""
    assert "by its plan" in objection(stop_e4 + 200_000, of, *prices_e4)


@pytest.mark.parametrize("away_e4", [-3, 3])
def test_no_more_than_what_is_rounded_lies_between(away_e4):
    assert objection(972_000 + away_e4, leg(**EIGHT), 900_000)
    assert not objection(972_000 + away_e4 * 2 // 3, leg(**EIGHT), 900_000)


@pytest.mark.parametrize(
    ("to_e4", "stood", "trail", "caught"),
    [
        (940_000, 972_000, TRAIL, False),
        (940_000, 972_000, None, True),
        (940_000, None, TRAIL, True),
        (990_000, 972_000, TRAIL, True),
    ],
)
def test_only_a_stop_that_has_trailed_is_armed_nearer_and_none_further(to_e4, stood, trail, caught):
    assert bool(objection(to_e4, leg(trail=trail, **EIGHT), 900_000, stood=stood)) is caught


def test_a_stop_is_not_armed_for_what_the_exchange_has_not_traded():
    assert "traded nothing" in objection(972_000, leg(**EIGHT))


def test_a_leg_that_takes_what_was_traded_outside_is_not_judged_by_its_own_trades():
    handed_on = replace(ENTRY, parent=f"{OUTSIDE}EX")
    assert objection(1_972_000, leg(**EIGHT), 900_000, intent=handed_on) == ""
    assert objection(1_972_000, leg(**EIGHT), 900_000) != ""
