"""Profit and loss of a leg, exact: what was sold less what was bought, plus the rest at its mark.

Only the split into realised and unrealised is ever rounded, and what one side gains by that the
other loses: the two always sum to the total. Charges are not in it; they are added by the caller.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.market.frames import Quote
from daemon.domain.money import E4, PERCENT_E4, divide_half_even, percent_of
from daemon.domain.orders.words import Side
from daemon.domain.risk.words import Mark

_BUY = Side.BUY  # looked up once: every sum asks
NO_MARK = -1
"""What stands for the price that nothing tells; 0 is a price: that of a worthless option."""
_WIDE_PERCENT_E4 = PERCENT_E4 // 10
_LITTLE_E4 = 2 * E4
"""No spread so small is wide: of a cheap hedge that hardly trades it decides nothing."""


class LegPosition(Struct, frozen=True):
    """What was traded for one leg, from its entry until it is flat; cumulative.

    Attributes:
        leg_id: the leg of its strategy.
        symbol: of what.
        side: which way it is entered.
        bought_quantity: units bought so far.
        bought_value_e4: the sum of price x units over those fills.
        sold_quantity: units sold so far.
        sold_value_e4: the sum of price x units over those fills.
        added_quantity: units that somebody put on the orders of its entry at the broker.
    """

    leg_id: str
    symbol: str
    side: Side
    bought_quantity: int = 0
    bought_value_e4: int = 0
    sold_quantity: int = 0
    sold_value_e4: int = 0
    added_quantity: int = 0

    @property
    def net_quantity(self) -> int:
        """Units held: below zero for a short."""
        return self.bought_quantity - self.sold_quantity

    @property
    def entry_quantity(self) -> int:
        """Units that were traded in the direction of the entry."""
        return self.bought_quantity if self.side is _BUY else self.sold_quantity

    @property
    def entry_value_e4(self) -> int:
        """What was paid or received for the units of the entry."""
        return self.bought_value_e4 if self.side is _BUY else self.sold_value_e4

    @property
    def entry_e4(self) -> int:
        """The average entry price, half to even; 0 before the first fill."""
        quantity = self.entry_quantity
        return divide_half_even(self.entry_value_e4, quantity) if quantity else 0

    @property
    def cash_e4(self) -> int:
        """What has been received less what has been paid."""
        return self.sold_value_e4 - self.bought_value_e4

    def entry_within(self, wanted_quantity: int) -> LegPosition:
        """Return the entry alone, with no more units than were wanted, at their average price.

        What is traded back, since a close or an entry of it filled twice, was traded in the
        direction of the entry too, and is none of it. What somebody put on it he wants.

        Args:
            wanted_quantity: units that the entry was for.
        """
        quantity, value_e4 = self.entry_quantity, self.entry_value_e4
        units = min(quantity, wanted_quantity + self.added_quantity)
        if units < quantity:
            value_e4 = divide_half_even(value_e4 * units, quantity)
        sums = (units, value_e4, 0, 0) if self.side is _BUY else (0, 0, units, value_e4)
        return LegPosition(self.leg_id, self.symbol, self.side, *sums)

    def filled(self, side: Side, quantity: int, price_e4: int) -> LegPosition:
        """Return the position after one more fill."""
        bought, sold = (quantity, 0) if side is _BUY else (0, quantity)
        return LegPosition(
            self.leg_id,
            self.symbol,
            self.side,
            self.bought_quantity + bought,
            self.bought_value_e4 + bought * price_e4,
            self.sold_quantity + sold,
            self.sold_value_e4 + sold * price_e4,
            self.added_quantity,
        )


def total_e4(position: LegPosition, mark_e4: int) -> int:
    """Return profit before charges with what is open valued at the mark; exact."""
    return position.cash_e4 + position.net_quantity * mark_e4


def unrealised_e4(position: LegPosition, mark_e4: int) -> int:
    """Return the profit of what is open, against the average price at which it was opened.

    The cost of the open units is rounded once, half to even. What was closed beyond the entry
    is open the other way, at the average price of the closing side.
    """
    net = position.net_quantity
    if net > 0:
        cost_e4 = divide_half_even(position.bought_value_e4 * net, position.bought_quantity)
    elif net < 0:
        cost_e4 = divide_half_even(position.sold_value_e4 * net, position.sold_quantity)
    else:
        cost_e4 = 0
    return net * mark_e4 - cost_e4


def known_unrealised_e4(position: LegPosition, mark_e4: int) -> int | None:
    """Return the profit of what is open; None: there is some, and the mark is `NO_MARK`."""
    if position.net_quantity and mark_e4 == NO_MARK:
        return None
    return unrealised_e4(position, mark_e4)


def realised_e4(position: LegPosition) -> int:
    """Return the profit of what is closed: the total less what is unrealised, at any mark."""
    return total_e4(position, 0) - unrealised_e4(position, 0)


def mark_of(quote: Quote, mark: Mark, *, short: bool, option: bool) -> int:
    """Return the price that a position is valued at, in `_e4`; `NO_MARK` where nothing tells.

    What never traded is valued at what closing it would meet. A short that nobody offers is
    valued at the dearer of bid and last trade, a long that nobody bids for at the cheaper of ask
    and last trade: at a circuit one side of the book is empty, and the price is still one. Only
    a long option that is offered, and neither bid for nor traded, is worthless.
    Where a bid lies above its offer one of the two is wrong: what is worse for the position counts.
    Whoever goes by the last trade and has none goes by no book that is wide: in the first moments
    of a day it may be one far offer, and that is no price.

    Args:
        quote: the newest prices of its contract.
        mark: the last trade, or what closing would cost now: the ask for a short.
        short: units are owed, not held.
        option: its contract may end worthless.
    """
    ltp_e4, bid_e4, ask_e4 = quote.ltp_e4, quote.bid_e4, quote.ask_e4
    if quote.is_crossed:
        bid_e4, ask_e4 = ask_e4, bid_e4
    if mark is Mark.LTP:
        if ltp_e4:
            return ltp_e4
        if _is_wide(bid_e4, ask_e4):
            return NO_MARK
    if short:
        return ask_e4 or max(ltp_e4, bid_e4) or NO_MARK
    if bid_e4:
        return bid_e4
    if ltp_e4 and ask_e4:
        return min(ltp_e4, ask_e4)
    if ask_e4 and option:
        return 0
    return ltp_e4 or ask_e4 or NO_MARK


def _is_wide(bid_e4: int, ask_e4: int) -> bool:
    """Say whether an offer lies far above what is bid, be that nothing."""
    middle_e4 = (bid_e4 + ask_e4) // 2
    return ask_e4 - bid_e4 > max(percent_of(middle_e4, _WIDE_PERCENT_E4), _LITTLE_E4)


class PnlTrack:
    """The lowest, highest and newest profit with their instants; 0 ns before the first.

    Attributes:
        estimated_ns: the newest that something open had no price for; 0: none.
    """

    __slots__ = ("estimated_ns", "high_e4", "high_ns", "last_e4", "last_ns", "low_e4", "low_ns")

    def __init__(self) -> None:
        self.low_e4 = self.high_e4 = self.last_e4 = 0
        self.low_ns = self.high_ns = self.last_ns = self.estimated_ns = 0

    def note(self, pnl_e4: int, at_ns: int) -> None:
        """Take the profit of one frame; of equal ones the first instant stays."""
        self.last_e4 = pnl_e4
        self.last_ns = at_ns
        if self.low_e4 <= pnl_e4 <= self.high_e4 and self.low_ns:
            return
        if pnl_e4 < self.low_e4 or not self.low_ns:
            self.low_e4, self.low_ns = pnl_e4, at_ns
        if pnl_e4 > self.high_e4 or not self.high_ns:
            self.high_e4, self.high_ns = pnl_e4, at_ns

    def estimate(self, pnl_e4: int, at_ns: int) -> None:
        """Take a profit in which something open has no price now: the newest, and no extreme."""
        self.last_e4 = pnl_e4
        self.last_ns = self.estimated_ns = at_ns

    def is_whole(self, at_ns: int) -> bool:
        """Say whether all that is open had a price at that instant, the newest."""
        return self.last_ns == at_ns != self.estimated_ns
