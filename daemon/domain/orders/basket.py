"""A basket: the entry of several legs as one, hedges before shorts.

Like the closing machine it only compares what is wanted with what is filled and on its way, so it
can be asked at any time. A basket that is not complete by its deadline, or that met a refusal,
fails: what is not filled is taken back, and what is filled is unwound or kept as its plan says.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from daemon.domain.market.instruments import Instrument
from daemon.domain.orders.slices import slices
from daemon.domain.orders.words import Pocket, Product, Side


class OnFail(StrEnum):
    """What becomes of the filled legs of a basket that failed."""

    UNWIND = "unwind"
    KEEP = "keep"


class BasketLeg(Struct, frozen=True, omit_defaults=True):
    """One leg that is to be entered.

    Attributes:
        leg_id: its id in the plan.
        symbol: of what.
        side: which way.
        quantity: units wanted.
        lot: units in one lot.
        freeze_quantity: the most units of one order.
        tick_e4: the price step.
        product: how it is held.
    """

    leg_id: str
    symbol: str
    side: Side
    quantity: int
    lot: int
    freeze_quantity: int
    tick_e4: int
    product: Product = Product.INTRADAY

    @property
    def pocket(self) -> Pocket:
        """What it trades, as the broker keeps it."""
        return Pocket(self.symbol, self.product)

    def under(self, contract: Instrument | None) -> BasketLeg:
        """Return the leg by the rules of its contract, which an exchange may change overnight.

        Args:
            contract: of today; None: it is not known, and the rules that were stay.
        """
        if contract is None:
            return self
        rules = contract.lot, contract.freeze_quantity, contract.tick_e4
        return BasketLeg(
            self.leg_id, self.symbol, self.side, self.quantity, *rules, product=self.product
        )


class Basket(Struct, frozen=True, omit_defaults=True):
    """What is to be entered together.

    Attributes:
        basket_id: the parent of its orders.
        strategy_id: whose.
        legs: in the order of the plan.
        decided_ns: the frame that decided it.
        deadline_ns: when it must be complete if it leaves at once; what leaves later has as long,
            until its exit time at most.
        on_fail: what becomes of the filled legs when it is not.
        buffer_percent_e4: how far through the touch its limits go.
        reprice_ns: how long an unfilled limit may rest.
        resident_percent_e4: how far beyond its own stop another of each short rests at the broker;
            0: none does.
    """

    basket_id: str
    strategy_id: str
    legs: tuple[BasketLeg, ...]
    decided_ns: int
    deadline_ns: int
    on_fail: OnFail
    buffer_percent_e4: int
    reprice_ns: int
    resident_percent_e4: int = 0


class Progress(Struct, frozen=True):
    """How far one leg has come: units filled, and units that orders on their way may fill."""

    filled_quantity: int = 0
    pending_quantity: int = 0


class PlaceEntry(Struct, frozen=True):
    """Send one order of an entry."""

    leg: BasketLeg
    quantity: int


def missing(basket: Basket, progress: Mapping[str, Progress]) -> tuple[PlaceEntry, ...]:
    """Return the orders to send now: hedges first, shorts once every hedge is filled."""
    hedges = tuple(leg for leg in basket.legs if leg.side is Side.BUY)
    hedged = all(_of(progress, leg).filled_quantity >= leg.quantity for leg in hedges)
    due = hedges if not hedged else basket.legs
    return tuple(
        PlaceEntry(leg, quantity)
        for leg in due
        for quantity in slices(_short_of(progress, leg), leg.freeze_quantity, leg.lot)
    )


def is_complete(basket: Basket, progress: Mapping[str, Progress]) -> bool:
    """Say whether every leg is filled."""
    return all(_of(progress, leg).filled_quantity >= leg.quantity for leg in basket.legs)


def _of(progress: Mapping[str, Progress], leg: BasketLeg) -> Progress:
    return progress.get(leg.leg_id, Progress())


def _short_of(progress: Mapping[str, Progress], leg: BasketLeg) -> int:
    come = _of(progress, leg)
    return max(leg.quantity - come.filled_quantity - come.pending_quantity, 0)
