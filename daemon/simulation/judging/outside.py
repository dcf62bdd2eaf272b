"""What people close at the broker's own terminal, counted anew: no exit closes it once more."""

from __future__ import annotations

from collections import Counter

from daemon.domain.orders.late import is_handed_on
from daemon.domain.orders.outside import is_outside
from daemon.domain.orders.parents import WRITTEN_OFF
from daemon.domain.orders.reconcile import EXTERNAL, is_strangers
from daemon.domain.orders.words import Intent, IntentRecorded, OrderUpdated, Pocket, Purpose, Side


class Outside:
    """A fold of facts: what our own orders have opened, and what strangers have closed of it.

    It passes over the intents by which the daemon itself says so.
    """

    def __init__(self) -> None:
        self._intents: dict[str, Intent] = {}
        self._filled: Counter[str] = Counter()
        self._legs: dict[Pocket, Counter[tuple[str, str]]] = {}
        self._his: Counter[Pocket] = Counter()
        self._closed: Counter[tuple[Pocket, Side]] = Counter()
        self._ours: Counter[tuple[Pocket, Side]] = Counter()
        self._either: Counter[tuple[Pocket, Side]] = Counter()

    def apply(self, fact: object) -> None:
        """Take one fact in; those of others are passed over."""
        match fact:
            case IntentRecorded(intent) if intent.parent.startswith(WRITTEN_OFF):
                self._forget(intent.pocket)
            case IntentRecorded(intent) if not is_outside(intent):
                self._intents[intent.intent_id] = intent
            case OrderUpdated(intent_id, filled_quantity=filled) if intent_id in self._intents:
                more = filled - self._filled[intent_id]
                if more > 0:
                    self._filled[intent_id] = filled
                    self.fill(self._intents[intent_id], more)

    def beyond(self, intent: Intent, resting: int) -> str:
        """Say how an exit closes more than strangers have left; empty: it does not.

        What was closed twice may be undone, and so may what strangers opened themselves. A long is
        not sold beside their orders that may sell it.

        Args:
            intent: the exit.
            resting: units that strangers' orders like it may still trade, as far as they are known.
        """
        pocket, side = intent.pocket, intent.side
        left, gone = self._open(pocket)[side], self._closed[pocket, side]
        his = max(-self._his[pocket] * side.sign, 0)
        is_his = intent.strategy_id == EXTERNAL
        beside = resting if side is Side.SELL else 0
        if is_his or not (gone or beside) or intent.quantity <= left + his - beside:
            return ""
        what = f"{side} {intent.quantity} {pocket}, of which {left} are left"
        return f"{intent.intent_id}: {what} once {gone} were closed outside, and {beside} may be"

    def twice(self) -> dict[Pocket, str]:
        """Return what exits of ours have closed once more and nobody has undone, in words.

        Where he traded after an exit what that exit had just traded, it may be his own, or what the
        leg is beyond flat by; closed by whoever takes it for his, it was closed once. Where he
        closes what a leg holds and then trades as much the other way, he may open something of his
        own, or the leg again.
        """
        found: dict[Pocket, str] = {}
        for pocket in sorted(self._legs):
            left, opened = self._left(pocket), self._open(pocket)
            for side in Side:
                units = min(-left[side], opened[side.opposite])
                units -= self._either[pocket, side.opposite]
                if units > 0:
                    found[pocket] = f"{side} {units} {pocket}"
        return found

    def own(self, pocket: Pocket, side: Side) -> int:
        """Return the units of strangers' own that a trade on this side closes, at most."""
        return max(-self._his[pocket] * side.sign + self._either[pocket, side], 0)

    def fill(self, intent: Intent, units: int) -> None:
        """Take in that so many units more of an order were filled."""
        pocket, side = intent.pocket, intent.side
        if intent.strategy_id != EXTERNAL:
            legs = self._legs.setdefault(pocket, Counter())
            legs[intent.strategy_id, intent.leg_id] += side.sign * units
            if intent.purpose is not Purpose.ENTRY and not is_handed_on(intent):
                self._ours[pocket, side] += units
            return
        if is_strangers(intent):
            own = min(max(-self._his[pocket] * side.sign, 0), units)
            met = min(self._open(pocket)[side], units - own)
            self._closed[pocket, side] += met
            units -= met
            either = min(units - own, self._ours[pocket, side])
            self._ours[pocket, side] -= either
            self._either[pocket, side] += either
            back = self._closed[pocket, side.opposite] - self._either[pocket, side]
            self._either[pocket, side] += max(min(units - own - either, back), 0)
        self._his[pocket] += side.sign * units

    def _forget(self, pocket: Pocket) -> None:
        """Take that a contract has expired: nobody holds or trades it any more."""
        self._legs.pop(pocket, None)
        self._his.pop(pocket, None)
        for counted in (self._closed, self._ours, self._either):
            for side in Side:
                counted.pop((pocket, side), None)

    def _open(self, pocket: Pocket) -> dict[Side, int]:
        """Return the units of our legs that a trade on each side closes.

        What was closed twice on one side is open on the other, until somebody has closed it there.
        """
        buys, sales = self._left(pocket).values()
        if buys < 0:
            buys, sales = 0, sales - buys
        if sales < 0:
            buys, sales = buys - sales, 0
        return {Side.BUY: max(buys, 0), Side.SELL: sales}

    def _left(self, pocket: Pocket) -> dict[Side, int]:
        """Return for each side what our own orders have opened less what strangers have closed."""
        held = self._legs.get(pocket, Counter()).values()
        return {
            side: sum(max(-net * side.sign, 0) for net in held) - self._closed[pocket, side]
            for side in (Side.BUY, Side.SELL)
        }
