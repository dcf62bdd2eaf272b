"""Where a level may stand: where it was left, and a stop that is armed where its plan has it.

The second is worked out from the plan and from what the exchange has traded, never from what the
daemon makes of them. It need not have heard of every trade of a leg yet, so its average lies
anywhere from the lowest to the highest of their prices, and its stop between those of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from daemon.domain.money import E4
from daemon.domain.orders.late import is_handed_on
from daemon.domain.plans.schema import Leg
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.simulation.judging.known import Known
from daemon.twin.words import Trade

_ROUNDED_E4 = 2
"""An average is rounded, and the distance from it: by less than that together."""


def misplaced(
    known: Known,
    moved: LevelMoved,
    legs: Mapping[tuple[str, str], Leg],
    trades: Callable[[], Sequence[Trade]],
) -> str:
    """Say what is wrong with a level that has moved; empty: nothing.

    Args:
        known: what our facts say before the move.
        moved: the level that has moved.
        legs: by strategy and leg, what its plan says of it.
        trades: returns all that the exchange has traded.
    """
    sentence = _lost_or_loosened(known, moved)
    leg = legs.get((moved.strategy_id, moved.leg_id))
    if sentence or leg is None or moved.move is not Move.ARMED:
        return sentence
    return _armed_elsewhere(known, moved, leg, trades())


def _lost_or_loosened(known: Known, moved: LevelMoved) -> str:
    """Only a level that is armed anew, by another average, may come loose."""
    stood = known.stood(moved)
    if stood is None:
        return ""
    lost = moved.from_e4 != stood
    loosened = moved.to_e4 > stood if moved.leg_id else moved.to_e4 < stood
    if lost or (loosened and moved.move is not Move.ARMED):
        where = f"{moved.strategy_id} {moved.leg_id}: {moved.from_e4} to {moved.to_e4}"
        return f"{where}, and it stood at {stood}"
    return ""


def _armed_elsewhere(known: Known, moved: LevelMoved, leg: Leg, trades: Sequence[Trade]) -> str:
    """One that trails may be armed again nearer to the price, by what it has followed."""
    key, sign = (moved.strategy_id, moved.leg_id), leg.side.sign
    intents = [each.intent for each in known.book]
    intents = [each for each in intents if (each.strategy_id, each.leg_id) == key]
    if any(is_handed_on(each) and each.side is leg.side for each in intents):
        return ""  # what was traded outside is of no order of the leg
    own = {each.intent_id for each in intents}
    prices = [t.price_e4 for t in trades if t.client_id in own and t.side.value == leg.side.value]
    if not prices:
        return f"the stop of {key} is armed, and the exchange has traded nothing of it"
    wide, near = sorted(sign * _stop_e4(leg, price_e4) for price_e4 in (min(prices), max(prices)))
    follows = leg.trail is not None and known.stood(moved) is not None
    tight = sign * moved.to_e4
    if wide - _ROUNDED_E4 <= tight and (follows or tight <= near + _ROUNDED_E4):
        return ""
    stops = " to ".join(str(abs(round(each))) for each in sorted({wide, near}))
    return f"the stop of {key} is armed at {moved.to_e4}, and by its plan it is {stops}"


def _stop_e4(leg: Leg, entry_e4: int) -> Fraction:
    """Return where the plan has the stop of a leg that was entered at a price; 0: nowhere."""
    stop = leg.stop
    if stop is None:
        return Fraction(0)
    if stop.percent is not None:
        away_e4 = entry_e4 * Fraction(stop.percent) / 100
    else:
        away_e4 = Fraction(stop.points or 0) * E4
    return max(Fraction(0), entry_e4 - leg.side.sign * away_e4)
