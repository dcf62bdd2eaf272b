"""The controls that every order is held to, as a table by purpose.

Each control is one small function from a question to an objection, empty where it has none. Entries
are held to all that bounds risk. Exits are held only to what keeps them from doing harm: no limit
on new risk may stand between an open position and its end. A resident stop is held to that as well,
and to a fresh price: it waits, so nothing is lost if it cannot leave now.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median_low

from daemon.domain.instants import MILLISECOND_NS, day_of
from daemon.domain.market.instruments import Kind
from daemon.domain.market.ticks import finest_tick_e4
from daemon.domain.money import PERCENT_E4, units
from daemon.domain.orders.view import Ask, Control, Reach
from daemon.domain.orders.words import Intent, OrderType, Pocket, Purpose, Side

_OPTIONS = frozenset({Kind.CALL, Kind.PUT})


def _tradability(ask: Ask) -> str:
    intent, contract, day = ask.intent, ask.instrument, day_of(ask.now_ns)
    if contract.kind is Kind.INDEX:
        return f"{contract.symbol} is an index and cannot be traded; trade a contract on it"
    if contract.expiry is not None and contract.expiry < day:
        return f"{contract.symbol} expired on {contract.expiry}"
    if not ask.view.session_open:
        return f"the exchange does not trade {contract.symbol} now"
    if intent.order_type not in ask.limits.order_types:
        return f"orders of type {intent.order_type} are not allowed; use a limit"
    stop = intent.order_type is OrderType.STOP_LIMIT
    for price_e4 in (intent.price_e4, intent.trigger_e4) if stop else (intent.price_e4,):
        tick_e4 = finest_tick_e4(contract, price_e4, day)
        if price_e4 <= 0 or price_e4 % tick_e4:
            tick = units(tick_e4)
            return f"{units(price_e4)} is not a price of {contract.symbol}: its tick is {tick}"
    if intent.quantity % contract.lot and not _odd_rest(ask):
        return f"{intent.quantity} units are not whole lots of {contract.lot} in {contract.symbol}"
    return ""


def _odd_rest(ask: Ask) -> bool:
    """Return whether an exit closes the remainder below one lot that no whole lot can close."""
    intent, lot = ask.intent, ask.instrument.lot
    exits = intent.purpose is Purpose.EXIT
    return exits and intent.quantity == ask.view.closable_quantity % lot


def _quantity(ask: Ask) -> str:
    freeze = _freeze(ask)
    if ask.instrument.kind is Kind.EQUITY:
        return _above(ask, freeze)
    return _above(ask, min(ask.limits.max_order_lots * ask.instrument.lot, freeze))


def _exit_quantity(ask: Ask) -> str:
    return _above(ask, _freeze(ask))


def _freeze(ask: Ask) -> int:
    # A freeze quantity below one lot is wrong on its face: the least must stay tradable.
    return max(ask.instrument.freeze_quantity, ask.instrument.lot)


def _above(ask: Ask, cap: int) -> str:
    quantity, symbol = ask.intent.quantity, ask.instrument.symbol
    if quantity <= 0:
        return f"an order for {quantity} units of {symbol} buys and sells nothing"
    if quantity > cap:
        return f"{quantity} units of {symbol} in one order are above {cap}; slice it"
    return ""


def _band(ask: Ask) -> str:
    low_e4, high_e4, price_e4 = ask.view.low_e4, ask.view.high_e4, ask.intent.price_e4
    if high_e4 and not low_e4 <= price_e4 <= high_e4:
        band = f"{units(low_e4)} to {units(high_e4)}"
        return f"{units(price_e4)} for {ask.intent.symbol} is outside the exchange's band of {band}"
    return ""


def _collar(ask: Ask) -> str:
    intent, view, limits = ask.intent, ask.view, ask.limits
    if not view.ticks_e4:
        return f"there is no fresh price of {intent.symbol} to measure the limit against"
    # A stop's limit belongs to its trigger, which lies away from the market on purpose.
    stop = intent.order_type is OrderType.STOP_LIMIT
    reference_e4 = intent.trigger_e4 if stop else median_low(view.ticks_e4[-limits.collar_ticks :])
    option = ask.instrument.kind in _OPTIONS
    percent_e4 = limits.collar_percent_e4 if option else limits.linear_collar_percent_e4
    least_e4 = limits.collar_least_e4 if option else 0
    distance_e4 = abs(intent.price_e4 - reference_e4)
    if distance_e4 > least_e4 and distance_e4 * PERCENT_E4 > reference_e4 * percent_e4:
        far = f"{units(distance_e4)} from {units(reference_e4)}"
        return f"{units(intent.price_e4)} for {intent.symbol} is {far}, beyond the collar"
    return _band(ask)


def _trigger(ask: Ask) -> str:
    """A stop whose trigger is met already would be an order at once."""
    intent = ask.intent
    met = [
        tick
        for tick in ask.view.ticks_e4[-1:]
        if (tick - intent.trigger_e4) * intent.side.sign >= 0
    ]
    if met:
        return f"{intent.symbol} stands at {units(met[0])}, past {units(intent.trigger_e4)} already"
    if (intent.price_e4 - intent.trigger_e4) * intent.side.sign < 0:
        limit = f"a limit of {units(intent.price_e4)}"
        return f"a {intent.side} with {limit} cannot trade once {units(intent.trigger_e4)} is met"
    return _band(ask)


def _value(ask: Ask) -> str:
    intent, contract, limits = ask.intent, ask.instrument, ask.limits
    value_e4, cap_e4 = intent.quantity * intent.price_e4, limits.max_value_e4
    if contract.kind is Kind.FUTURE:
        cap_e4 = limits.max_notional_e4
    if value_e4 > cap_e4:
        return f"the order is worth {units(value_e4)}, above the limit of {units(cap_e4)}"
    notional_e4 = intent.quantity * contract.strike_e4
    if intent.side is Side.SELL and notional_e4 > limits.max_notional_e4:
        most = units(limits.max_notional_e4)
        return f"the sold options stand for {units(notional_e4)}, above the limit of {most}"
    return ""


def _exposure(ask: Ask) -> str:
    view, limits, lot = ask.view, ask.limits, ask.instrument.lot
    more = ask.intent.side.sign * ask.intent.quantity
    here = Reach(view.account.low, view.account.high, 0)
    if ask.instrument.kind is Kind.EQUITY:
        return _equity_exposure(ask, _worst(here, more), _worst(here, 0))
    scopes = (
        ("the contract", here, limits.max_instrument_lots),
        ("the strategy", view.strategy, limits.max_strategy_lots),
        ("the account", view.account, limits.max_account_lots),
    )
    for name, reach, cap in scopes:
        worst = _worst_lots(reach, more, lot)
        if worst > cap and worst > _worst_lots(reach, 0, lot):
            return f"{name} could come to {worst} lots, above the limit of {cap}"
    return ""


def _equity_exposure(ask: Ask, worst: int, before: int) -> str:
    value_e4, cap_e4 = worst * ask.intent.price_e4, ask.limits.max_equity_e4
    if value_e4 > cap_e4 and worst > before:
        most = units(cap_e4)
        return f"{ask.intent.symbol} could come to {units(value_e4)}, above the limit of {most}"
    return ""


def _worst_lots(reach: Reach, more: int, lot: int) -> int:
    """Return the lots at worst, those in all else included."""
    return reach.elsewhere_lots - (-_worst(reach, more) // lot)


def _worst(reach: Reach, more: int) -> int:
    """Return the units at worst, once so many more may be bought or, below zero, sold."""
    return max(abs(reach.low + min(more, 0)), abs(reach.high + max(more, 0)))


def _rate(ask: Ask) -> str:
    return "" if ask.view.rate_slot else "the account's orders come too fast; wait for a slot"


def _duplicate(ask: Ask) -> str:
    intent, intent_id, again = ask.intent, ask.intent.intent_id, ask.view.again
    since_ns = ask.now_ns - ask.limits.duplicate_window_ms * MILLISECOND_NS
    for earlier in ask.view.recent:
        if earlier.intent_id == intent_id:
            return f"{intent_id} was intended before; an intent is never sent twice"
        if earlier.decided_ns > since_ns and not again and _alike(earlier, intent):
            return f"it repeats {earlier.intent_id} of a moment ago without saying that it is meant"
    return ""


def _alike(earlier: Intent, intent: Intent) -> bool:
    # Two legs of one basket may be alike: they were planned together, and the parent bounds them.
    if intent.parent and earlier.parent == intent.parent and earlier.leg_id != intent.leg_id:
        return False
    return _likeness(earlier) == _likeness(intent)


def _likeness(intent: Intent) -> tuple[str, Pocket, Side, int, int]:
    return intent.strategy_id, intent.pocket, intent.side, intent.quantity, intent.price_e4


def _self_trade(ask: Ask) -> str:
    return _crossed(ask, (*ask.view.working, *ask.view.doubtful))


def _exit_self_trade(ask: Ask) -> str:
    # An order that perhaps exists cannot be cancelled, so it cannot hold up an exit.
    return _crossed(ask, ask.view.working)


def _crossed(ask: Ask, orders: tuple[Intent, ...]) -> str:
    intent = ask.intent
    for own in orders:
        same = own.symbol == intent.symbol and own.account == intent.account
        # Above zero where the purchase pays at least what the sale asks.
        overlap_e4 = (intent.price_e4 - own.price_e4) * intent.side.sign
        # An order whose limit nobody knows may take any price.
        if (
            same
            and own.side is intent.side.opposite
            and (overlap_e4 >= 0 or not own.price_e4)
            and not _asleep(own, intent)
        ):
            return f"it would trade with the own order {own.intent_id}; cancel that one first"
    return ""


def _asleep(one: Intent, other: Intent) -> bool:
    """Return whether one of two orders is a stop that wakes only past the other's limit.

    A market on its way to that trigger trades with the other one before the stop is awake.
    """
    return any(
        stop.trigger_e4 > 0 and (against.price_e4 - stop.trigger_e4) * stop.side.sign < 0
        for stop, against in ((one, other), (other, one))
    )


def _stale(ask: Ask) -> str:
    fresh = {ask.intent.symbol: False} | ask.view.fresh
    stale = sorted(symbol for symbol, is_fresh in fresh.items() if not is_fresh)
    return f"the price of {', '.join(stale)} is stale" if stale else ""


def _link(ask: Ask) -> str:
    if ask.view.link_open:
        return ""
    return "calls to the broker fail; no entry leaves until one gets through"


def _parent(ask: Ask) -> str:
    parent, quantity = ask.view.parent, ask.intent.quantity
    if not parent.live:
        return f"{ask.intent.parent or 'its parent'} is not live, so it can have no orders"
    if parent.others_quantity + quantity > parent.quantity:
        of = f"{parent.others_quantity} and {quantity} units are more than {parent.quantity}"
        return f"the orders of {ask.intent.parent} exceed it: {of}"
    return ""


def _strategy(ask: Ask) -> str:
    if ask.view.strategy_sane:
        return ""
    return f"the configuration of {ask.intent.strategy_id} was not found whole; check the strategy"


def _closable(ask: Ask) -> str:
    closable = ask.view.closable_quantity
    if ask.intent.quantity > closable:
        return f"an exit of {ask.intent.quantity} units is larger than the {closable} left to close"
    return ""


CONTROLS: dict[Purpose, dict[Control, Callable[[Ask], str]]] = {
    Purpose.ENTRY: {
        Control.TRADABILITY: _tradability,
        Control.QUANTITY: _quantity,
        Control.COLLAR: _collar,
        Control.VALUE: _value,
        Control.EXPOSURE: _exposure,
        Control.RATE: _rate,
        Control.DUPLICATE: _duplicate,
        Control.SELF_TRADE: _self_trade,
        Control.STALE: _stale,
        Control.LINK: _link,
        Control.PARENT: _parent,
        Control.STRATEGY: _strategy,
    },
    Purpose.EXIT: {
        Control.TRADABILITY: _tradability,
        Control.QUANTITY: _exit_quantity,
        Control.COLLAR: _band,
        Control.SELF_TRADE: _exit_self_trade,
        Control.PARENT: _parent,
        Control.CLOSABLE: _closable,
    },
    Purpose.RESIDENT_STOP: {
        Control.TRADABILITY: _tradability,
        Control.QUANTITY: _exit_quantity,
        Control.COLLAR: _trigger,
        Control.SELF_TRADE: _self_trade,
        Control.STALE: _stale,
        Control.PARENT: _parent,
        Control.CLOSABLE: _closable,
    },
}
"""What an order is held to by its purpose; an empty answer is no objection."""
