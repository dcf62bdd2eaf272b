"""What the gate looks at: the owner's limits and what is true around an intent.

The one who asks fills a `GateView`; nothing in it has a preset that would let an order pass.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from daemon.domain.market.instruments import Instrument
from daemon.domain.money import E4, PERCENT_E4
from daemon.domain.orders.words import Intent, OrderType

_PERCENT = PERCENT_E4 // 100


class Control(StrEnum):
    """What may refuse an order, in the order of looking."""

    TRADABILITY = "tradability"
    QUANTITY = "quantity"
    COLLAR = "price_collar"
    VALUE = "order_value"
    EXPOSURE = "possible_exposure"
    RATE = "message_rate"
    DUPLICATE = "duplicate"
    SELF_TRADE = "self_trade"
    STALE = "stale_price"
    LINK = "broker_link"
    MARGIN = "margin"
    PARENT = "parent"
    STRATEGY = "strategy_config"
    CLOSABLE = "closable"
    BOOKS = "books_differ"


class Limits(Struct, frozen=True):
    """The owner's limits; what is preset lets 50 lots of an index straddle or condor pass.

    Attributes:
        order_types: how an order may be priced.
        max_order_lots: lots in one order of options or futures; the freeze quantity binds besides.
        collar_percent_e4: how far an option's price may lie from the reference.
        collar_least_e4: but at least this far, for options of a few ticks.
        linear_collar_percent_e4: the same share for futures and equities.
        collar_ticks: the reference is the median of so many of the newest fresh ticks.
        max_value_e4: price x units of one order of options (their premium) or equities.
        max_notional_e4: strike x units of one short option order, price x units of a future.
        max_equity_e4: price x units of the possible exposure in one equity.
        max_instrument_lots: possible exposure in one option or future.
        max_strategy_lots: possible exposure of one strategy over all its options and futures.
        max_account_lots: possible exposure of the account over all options and futures.
        margin_percent_e4: the share of the free margin that an entry may take.
        duplicate_window_ms: within it an equal order needs to say that it is meant.
    """

    order_types: frozenset[OrderType] = frozenset(OrderType)
    max_order_lots: int = 50
    collar_percent_e4: int = 20 * _PERCENT
    collar_least_e4: int = 2 * E4
    linear_collar_percent_e4: int = 3 * _PERCENT
    collar_ticks: int = 5
    max_value_e4: int = 2_500_000 * E4
    max_notional_e4: int = 150_000_000 * E4
    max_equity_e4: int = 5_000_000 * E4
    max_instrument_lots: int = 100
    max_strategy_lots: int = 400
    max_account_lots: int = 1_000
    margin_percent_e4: int = 95 * _PERCENT
    duplicate_window_ms: int = 2_000


class Reach(Struct, frozen=True):
    """Possible exposure before this order.

    Attributes:
        low: the lowest net quantity that may come about in this order's contract, in units.
        high: the highest.
        elsewhere_lots: lots in all other options and futures, each at its worst.
    """

    low: int
    high: int
    elsewhere_lots: int


class Parent(Struct, frozen=True):
    """The basket or obligation that the order is a child of.

    Attributes:
        live: it exists and has not ended.
        quantity: units that it is for, in this order's leg.
        others_quantity: units that its other children have filled or may still fill.
    """

    live: bool
    quantity: int
    others_quantity: int


class GateView(Struct, frozen=True):
    """What is true around an intent, without the intent itself.

    Attributes:
        instrument: the contract in today's master; None where it is not there.
        session_open: the exchange trades it now.
        ticks_e4: fresh last prices, the newest last.
        low_e4: the lowest price that the exchange takes now.
        high_e4: the highest; 0 where the band is not known.
        account: the account's possible exposure.
        strategy: the strategy's.
        rate_slot: the budget has a slot that is not kept for exits.
        recent: intents of the account that were decided lately.
        working: own orders that are in the broker's book, and so can be cancelled.
        doubtful: own orders that may be there: intended and unknown ones.
        fresh: for each leg's symbol whether its price is fresh; it must name the order's own.
        link_open: calls to the broker get through, or one is due that finds out.
        parent: what the order is a child of.
        strategy_sane: the strategy's configuration was checked and found whole.
        closable_quantity: units that this side may still close: what is open, less the exits that
            are or may be on their way.
        again: an equal order a moment ago is meant; said by slices and by the closing machine.
    """

    instrument: Instrument | None
    session_open: bool
    ticks_e4: tuple[int, ...]
    low_e4: int
    high_e4: int
    account: Reach
    strategy: Reach
    rate_slot: bool
    recent: tuple[Intent, ...]
    working: tuple[Intent, ...]
    doubtful: tuple[Intent, ...]
    fresh: dict[str, bool]
    link_open: bool
    parent: Parent
    strategy_sane: bool
    closable_quantity: int
    again: bool = False


class Ask(Struct, frozen=True):
    """One question to every control."""

    intent: Intent
    instrument: Instrument
    view: GateView
    limits: Limits
    now_ns: int
