"""A small market for tests of the exchange on paper: NIFTY contracts, plain rules, frames."""

from datetime import date, time

from daemon.domain.instants import at, wall_of
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.money import e4
from daemon.twin.exchange import Exchange
from daemon.twin.faults import Faults
from daemon.twin.floor import Terms
from daemon.twin.latency import Latency
from daemon.twin.rules import MarketRules
from daemon.twin.words import OrderType, Side, TwinOrder

DAY = date(2025, 9, 1)
EXPIRY = date(2025, 9, 2)
CALL = "NIFTY-2025-09-02-24550-CE"
PUT = "NIFTY-2025-09-02-24550-PE"
FUTURE = "NIFTY-2025-09-30-FUT"
SHARE = "RELIANCE"
OPENS = at(DAY, time(9, 15))
T0 = at(DAY, time(9, 30))


def contract(symbol: str, day: date) -> Instrument | None:
    """Read a contract from its symbol: lot 75, tick 0.05, freeze 1800."""
    parts = symbol.split("-")
    if parts[0] == SHARE:
        return Instrument(symbol, symbol, Kind.EQUITY, 1, 500, 100_000)
    if parts[0] != "NIFTY":
        return None
    if len(parts) == 1:
        return Instrument(symbol, "NIFTY", Kind.INDEX, 1, 500, 1)
    expiry = date.fromisoformat("-".join(parts[1:4]))
    strike_e4 = e4(parts[4]) if len(parts) == 6 else 0
    return Instrument(symbol, "NIFTY", Kind(parts[-1]), 75, 500, 1800, expiry, strike_e4)


def band(symbol: str, reference_e4: int, day: date) -> tuple[int, int]:
    """40 % either side of the reference."""
    return reference_e4 * 6 // 10, reference_e4 * 14 // 10


def is_open(instrument: Instrument, at_ns: int) -> bool:
    """09:15 to 15:30 every day."""
    return time(9, 15) <= wall_of(at_ns) < time(15, 30)


RULES = MarketRules(contract=contract, band=band, is_open=is_open)


def terms(cash="1000000", latency=None, faults=None) -> Terms:
    """An account with ten lakh."""
    return Terms(RULES, e4(cash), latency or Latency(), faults or Faults())


def exchange(*plan, cash="1000000", latency=None, file=None) -> Exchange:
    """An exchange in memory, unless a file is given."""
    return Exchange.open(terms(cash, latency, Faults(plan)), file)


def quote(ltp="100", bid="99.95", ask="100.05", size=750, **extremes) -> Quote:
    """A quote with the same size on both sides."""
    return Quote(
        e4(ltp), e4(bid), size, e4(ask), size, **{name: e4(v) for name, v in extremes.items()}
    )


def frame(at_ns=T0, **quotes) -> Frame:
    """A frame of CALL, PUT, FUTURE or SHARE by those names in lower case."""
    names = {"call": CALL, "put": PUT, "future": FUTURE, "share": SHARE}
    return Frame(at_ns, {names[name]: quote for name, quote in quotes.items()})


def order(side="buy", quantity=75, price="100.05", symbol=CALL, **fields) -> TwinOrder:
    """A limit order decided at T0, unless the fields say otherwise."""
    trigger = e4(fields.pop("trigger", "0"))
    kind = OrderType(fields.pop("order_type", "sl" if trigger else "limit"))
    fields = {"client_id": "c", "decided_ns": T0, "trigger_e4": trigger} | fields
    return TwinOrder(
        symbol=symbol,
        side=Side(side),
        quantity=quantity,
        order_type=kind,
        price_e4=e4(price),
        **fields,
    )


def bought(ex: Exchange, symbol=CALL) -> list[tuple[int, int]]:
    """The day's trades of a symbol as (quantity, price in e4)."""
    return [(t.quantity, t.price_e4) for t in ex.trades() if t.symbol == symbol]
