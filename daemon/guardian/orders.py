"""The orders of a guardian: how an exit is priced, written, and shown to the gate."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.bands import averaged_e4
from daemon.domain.market.calendar import guarded
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Instrument, contract
from daemon.domain.market.trading_hours import takes_orders
from daemon.domain.orders.flatten import PlaceExit
from daemon.domain.orders.ladder import Prospect, prospect_of
from daemon.domain.orders.limits import GateView, Parent, Reach
from daemon.domain.orders.words import Intent, OrderType, Pocket, Purpose, Side
from daemon.errors import RuleUnknown

_DEADLINE_NS = 3_600 * SECOND_NS
_NO_QUOTE = Quote(0)
_NOTHING = Reach(0, 0, 0)


class Priced(Struct, frozen=True):
    """A contract, and what an exit of it is priced from."""

    instrument: Instrument
    prospect: Prospect


class Wanted(Struct, frozen=True):
    """What an exit is of.

    Attributes:
        account: whose.
        leg: strategy and leg.
        pocket: what it holds, as the broker keeps it.
        parent: the obligation.
        open_quantity: units that are held.
        sent_quantity: units that its exits on their way may still close.
        working: own orders that rest.
    """

    account: str
    leg: tuple[str, str]
    pocket: Pocket
    parent: str
    open_quantity: int
    sent_quantity: int
    working: tuple[Intent, ...]


def is_ordered(symbol: str) -> bool:
    """Say whether a broker's position can be closed from here at all.

    What is in none of our products, or has no symbol of ours, bears the broker's own words.
    """
    return ":" not in symbol


def contract_of(symbol: str, now_ns: int) -> Instrument | None:
    """Return today's contract; None where no table knows it: no order for it can be made."""
    try:
        return contract(symbol, day_of(now_ns), strict=False)
    except (RuleUnknown, ValueError):
        return None


def prices(symbol: str, side: Side, seen: Sequence[Frame], now_ns: int) -> Priced | None:
    """Return what an exit is priced from; None where the contract is not known today.

    Args:
        symbol: the contract.
        side: of the exit.
        seen: the newest quotes of each round, the last round's last.
        now_ns: the present instant.
    """
    day, instrument = day_of(now_ns), contract_of(symbol, now_ns)
    if instrument is None:
        return None
    quote, mean_e4 = seen[-1].quotes.get(symbol, _NO_QUOTE), averaged_e4(seen, symbol, now_ns)
    return Priced(instrument, prospect_of(instrument, side, quote, day, mean_e4))


def intent_of(intent_id: str, word: PlaceExit, wanted: Wanted, now_ns: int) -> Intent:
    """Return the order that an exit leaves as."""
    strategy_id, leg_id = wanted.leg
    return Intent(
        intent_id=intent_id,
        account=wanted.account,
        strategy_id=strategy_id,
        leg_id=leg_id,
        symbol=wanted.pocket.symbol,
        side=word.side,
        quantity=word.quantity,
        order_type=OrderType.LIMIT,
        price_e4=word.price_e4,
        purpose=Purpose.EXIT,
        parent=wanted.parent,
        decided_ns=now_ns,
        deadline_ns=now_ns + _DEADLINE_NS,
        product=wanted.pocket.product,
    )


def seen_by_the_gate(wanted: Wanted, side: Side, seen: Sequence[Frame], now_ns: int) -> GateView:
    """Return what is true around an exit; what the gate holds entries to alone stays empty."""
    found = prices(wanted.pocket.symbol, side, seen, now_ns)
    prospect = found.prospect if found else Prospect(0, 0, 0, 0, 1)
    return GateView(
        instrument=found.instrument if found else None,
        session_open=found is not None and _trades(found.instrument, now_ns),
        ticks_e4=(),
        low_e4=prospect.low_e4,
        high_e4=prospect.high_e4,
        account=_NOTHING,
        strategy=_NOTHING,
        rate_slot=True,
        recent=(),
        working=wanted.working,
        doubtful=(),
        fresh={},
        link_open=True,
        parent=Parent(bool(wanted.parent), wanted.open_quantity, wanted.sent_quantity),
        strategy_sane=True,
        closable_quantity=wanted.open_quantity - wanted.sent_quantity,
        again=True,
    )


def _trades(instrument: Instrument, at_ns: int) -> bool:
    hours = tuple((each.open_ns, each.close_ns - 1) for each in guarded(day_of(at_ns)))
    return takes_orders(instrument.symbol, hours, at_ns)
