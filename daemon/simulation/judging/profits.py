"""What a strategy is worth by the exchange's own trades, and which limit of its whole that is past.

A strategy of which our book has not heard every trade, or to which something was handed on that
the exchange holds to be somebody else's, is not valued: nobody could know what it is worth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from math import ceil

from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.words import Side
from daemon.domain.plans.schema import Bound, Plan
from daemon.domain.risk.words import Mark
from daemon.simulation.judging.known import Known
from daemon.twin.words import Trade


class Profits:
    """Values strategies, each of which enters once in its day.

    Args:
        trades: returns what the exchange has traded today, oldest first.
    """

    def __init__(self, trades: Callable[[], Sequence[Trade]]) -> None:
        self._trades = trades
        self._taken = 0
        self._nets: Counter[tuple[str, str]] = Counter()
        self._cash_e4: Counter[tuple[str, str]] = Counter()
        self._sold_e4: Counter[tuple[str, str]] = Counter()

    def take(self, known: Known) -> None:
        """Take what was traded since the last time; our book says of which leg each order is."""
        trades = self._trades()
        for trade in islice(trades, self._taken, None):
            order = known.book.order(trade.client_id)
            if order is not None:
                key = (order.intent.strategy_id, order.intent.leg_id)
                self._nets[key] += trade.side.sign * trade.quantity
                self._cash_e4[key] -= trade.side.sign * trade.quantity * trade.price_e4
                if trade.side.sign < 0:
                    self._sold_e4[key] += trade.quantity * trade.price_e4
        self._taken = len(trades)

    def beyond(self, plan: Plan, known: Known, frame: Frame) -> str:
        """Say which limit of the whole a strategy is past at the prices of a frame; empty: none."""
        profit_e4 = self._profit_e4(plan, known, frame)
        if profit_e4 is None:
            return ""
        floors = [each for (owner, _), each in known.floors.items() if owner == plan.id]
        if floors and profit_e4 <= max(floors):
            return f"{plan.id} is worth {profit_e4}, its floor is {max(floors)}"
        stop_e4, target_e4 = self._limits_e4(plan)
        if stop_e4 and profit_e4 <= -stop_e4:
            return f"{plan.id} is worth {profit_e4}, its stop is {-stop_e4}"
        if target_e4 and profit_e4 >= target_e4:
            return f"{plan.id} is worth {profit_e4}, its target is {target_e4}"
        return ""

    def _limits_e4(self, plan: Plan) -> tuple[int, int]:
        """Return the loss and the profit at which a strategy is left; 0: none."""
        stop, target, combined = plan.risk.stop, plan.risk.target, plan.risk.combined_premium_stop
        losses = [_rupees_e4(stop)]
        losses.append(self._share_e4(plan, stop.premium_percent if stop else None))
        losses.append(self._share_e4(plan, combined.percent if combined else None))
        gains = [_rupees_e4(target)]
        gains.append(self._share_e4(plan, target.premium_percent if target else None))
        loss_e4, gain_e4 = (min(filter(None, each), default=0) for each in (losses, gains))
        return loss_e4, gain_e4

    def _share_e4(self, plan: Plan, percent: Decimal | None) -> int:
        """Return a share of what the legs were sold for, rounded up; 0: none, or some are bought.

        What was sold to undo a purchase counts as well, so it may be more than their premium.
        """
        if percent is None or any(leg.side is Side.BUY for leg in plan.legs):
            return 0
        sold_e4 = sum(self._sold_e4[plan.id, leg.id] for leg in plan.legs)
        return ceil(sold_e4 * Fraction(percent) / 100)

    def _profit_e4(self, plan: Plan, known: Known, frame: Frame) -> int | None:
        """Return the profit of a strategy; None: nothing is held, or it cannot be known."""
        profit_e4, holds = 0, False
        for leg in plan.legs:
            key = (plan.id, leg.id)
            net, cash_e4 = self._nets[key], self._cash_e4[key]
            ours = known.book.position(*key)
            if (net, cash_e4) != (ours.net_quantity, ours.sold_value_e4 - ours.bought_value_e4):
                return None
            profit_e4 += cash_e4
            if net:
                quote = frame.quotes.get(known.pockets[key].symbol)
                if quote is None:
                    return None
                profit_e4 += net * _mark_e4(plan, quote, net)
                holds = True
        return profit_e4 if holds else None


def _mark_e4(plan: Plan, quote: Quote, net: int) -> int:
    if plan.risk.mark is Mark.LTP:
        return quote.ltp_e4
    return quote.bid_e4 if net > 0 else quote.ask_e4


def _rupees_e4(bound: Bound | None) -> int:
    return e4(bound.rupees or Decimal(0)) if bound is not None else 0
