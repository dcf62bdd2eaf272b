"""Zerodha's file of contracts, by token and by name, and Ordo's own symbols for what is in it.

The file has a hundred thousand lines, of which a day needs some hundred: each is found by its token
and by its name, and is read when it is asked for. The file is made anew each morning and says
nowhere of which day it is, so its day is that on which it was fetched, and what has expired in it
gives an older one away. What Ordo has no symbol for (other exchanges, commodities, currencies,
shares at BSE) bears exchange and name, `MCX:GOLD26DECFUT`: so it is shown where it is held.
"""

from __future__ import annotations

import re
from datetime import date, time

from msgspec import Struct, field
from msgspec.structs import replace

from daemon.brokers.zerodha.symbols import INDEX_NAMES, Named, name_of, parse_name
from daemon.domain.instants import at, day_of
from daemon.domain.market.instruments import (
    Exchange,
    Kind,
    Parts,
    contract,
    exchange_of,
    is_index,
    parse_symbol,
    symbol_of,
)
from daemon.domain.money import e4
from daemon.errors import RuleUnknown, WireGarbled

MADE_BY = time(8, 30)
"""From when on a file that is fetched is that of its day, by Indian clocks."""
HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,"
    "lot_size,instrument_type,segment,exchange"
)
_FIRST, _LAST = 4, 7  # commas up to the price and after it; a company's name may hold some too
_TRADED_AT = {"NFO": Exchange.NSE, "BFO": Exchange.BSE}
"""Where derivatives are ordered -> where what is under them is traded."""
ORDERED_AT = {home: exchange for exchange, home in _TRADED_AT.items()}
_INDICES = {
    underlying: f"{exchange}:{name}" for (exchange, name), underlying in INDEX_NAMES.items()
}
_AMOUNT = re.compile(r"(?:\d{1,12}(?:\.\d{1,12})?)?", re.ASCII)


class Listed(Struct, frozen=True):
    """A line of the file.

    Attributes:
        token: the broker's number of it; given to another contract once it has expired.
        symbol: Ordo's own, else exchange and name.
        exchange: where it is ordered, `NFO`.
        name: how it is called there, `NIFTY26AUG24350CE`.
        lot: units in one lot; 0 for an index.
        tick_e4: the price step; 0 for an index.
        parts: what the symbol says; None where it is not one of Ordo's.
    """

    token: int
    symbol: str
    exchange: str
    name: str
    lot: int
    tick_e4: int
    parts: Parts | None


class Master(Struct):
    """The contracts of a day.

    Attributes:
        fetched_ns: when the file was fetched.
        lines: by exchange and name, `NFO:NIFTY26AUG24350CE`.
        names: token -> exchange and name.
        first_expiry: the nearest where Ordo trades; empty where nothing expires there.
        unread: how many lines could not be understood; they are left out.
    """

    fetched_ns: int
    lines: dict[str, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    first_expiry: str = ""
    unread: int = 0

    def objection(self, day: date) -> str:
        """Return why this is not the file of a day, in a sentence; empty: it is.

        Args:
            day: the trading day.
        """
        fetched = day_of(self.fetched_ns)
        if fetched != day:
            return f"the contracts are those of {fetched}, and not of {day}"
        if self.fetched_ns < at(day, MADE_BY):
            return (
                f"the contracts were fetched before {MADE_BY:%H:%M}, and may be of an earlier day"
            )
        if self.first_expiry and self.first_expiry < day.isoformat():
            return f"the contracts are of an earlier day: some expired on {self.first_expiry}"
        return ""

    def of_token(self, token: int) -> Listed | None:
        """Return what has a token; None where nothing has.

        Raises:
            WireGarbled: its line cannot be understood.
        """
        return self.of_name(self.names.get(token, ""))

    def of_name(self, name: str) -> Listed | None:
        """Return what is called so, exchange and name; None where nothing is.

        Raises:
            WireGarbled: its line cannot be understood.
        """
        line = self.lines.get(name)
        return None if line is None else _listed(line)

    def symbol_of(self, exchange: str, name: str) -> str:
        """Return the symbol of what the broker calls so; exchange and name where there is none.

        A line that cannot be understood takes nothing out of what is held.
        """
        own = f"{exchange}:{name}"
        try:
            listed = self.of_name(own)
        except WireGarbled:
            return own
        return listed.symbol if listed else own

    def of_symbol(self, symbol: str) -> Listed | None:
        """Return what has a symbol; None where nothing has.

        Raises:
            WireGarbled: its line cannot be understood.
        """
        for name in _names_of(symbol):
            listed = self.of_name(name)
            if listed is not None and listed.symbol == symbol:
                return listed
        return None

    def options(self, underlying: str, expiry: date) -> tuple[tuple[Listed, ...], tuple[str, ...]]:
        """Return all options of an underlying that expire on a day, and what is left out of them.

        Left out, by exchange and name, is a line that cannot be understood, and an option that is
        not found by its symbol, for its name is of other terms than its line: nobody could show it.
        """
        found, left_out = list[Listed](), list[str]()
        starts = f"{ORDERED_AT[exchange_of(underlying)]}:{underlying}"
        holds = f",{expiry.isoformat()},"
        for name, line in self.lines.items():
            if not (name.startswith(starts) and holds in line):
                continue
            try:
                listed = _listed(line)
                parts = listed.parts
                if parts is None or not parts.kind.is_option or parts.underlying != underlying:
                    continue
                is_found = self.of_symbol(listed.symbol) == listed
            except WireGarbled:
                is_found = False
            if is_found:
                found.append(listed)
            else:
                left_out.append(name)
        return tuple(found), tuple(left_out)


def objection_to_lot(listed: Listed, day: date) -> str:
    """Return why a contract is not to be entered: the broker trades it in other lots than we say.

    All that is measured in lots would be out by that, and the broker might take it all the same.

    Args:
        listed: a line of the file.
        day: the trading day.

    Returns:
        A sentence; empty where both are the same, or our tables have no such lot to size by.
    """
    if listed.parts is None or listed.parts.kind is Kind.INDEX:
        return ""
    try:
        ours = contract(listed.parts, day).lot
    except RuleUnknown:
        return ""
    if listed.lot == ours:
        return ""
    return (
        f"Zerodha trades {listed.symbol} in lots of {listed.lot}, and the lot is {ours} by Ordo's "
        "own tables; a newer Ordo is needed to enter it"
    )


def read(text: str, fetched_ns: int) -> Master:
    """Read the file.

    Args:
        text: all of it.
        fetched_ns: when it was fetched.

    Raises:
        WireGarbled: it is no file of contracts, or it ends in the middle of a line.
    """
    header, *lines = text.splitlines() or [""]
    if header != HEADER:
        raise WireGarbled(f"the broker's file of contracts begins with {header[:200]!r}")
    master, expiries = Master(fetched_ns), set[str]()
    names, by_name = master.names, master.lines
    for line in lines:
        try:
            head, expiry, _, _, _, _, _, exchange = line.rsplit(",", _LAST)
            token, _, name, _, _ = head.split(",", _FIRST)
            own = f"{exchange}:{name}"
            names[int(token)] = own
        except ValueError:
            master.unread += 1
            continue
        by_name[own] = line
        if exchange in _TRADED_AT:
            expiries.add(expiry)
    if not by_name or not text.endswith("\n"):  # the broker ends its last line as any other
        raise WireGarbled(
            "the broker's file of contracts is empty, or ends in the middle of a line"
        )
    master.first_expiry = min(expiries - {""}, default="")
    _prove(by_name)
    return master


def _prove(lines: dict[str, str]) -> None:
    """See that futures are found in a file which has some, and options in one which has those.

    A form that is read wrongly throughout would otherwise be told, order by order, as contracts
    that the broker does not list, and no exit could leave.

    Raises:
        WireGarbled: it has some, and none of them is one of Ordo's.
    """
    traded = [line for name, line in lines.items() if name.partition(":")[0] in _TRADED_AT]
    for what in ("future", "option"):
        some = [line for line in traded if (",FUT," in line) == (what == "future")]
        if some and not any(map(_is_ours, some)):
            raise WireGarbled(
                f"no {what} in the broker's file of contracts is understood, not even "
                f"{some[0][:200]!r}"
            )


def _is_ours(line: str) -> bool:
    """Return whether it is read, and Ordo has a symbol for it."""
    try:
        return _listed(line).parts is not None
    except WireGarbled:
        return False  # told when it is asked for


def _listed(line: str) -> Listed:
    """Read a line.

    Raises:
        WireGarbled: a number or a day in it is none.
    """
    head, expiry, strike, tick, lot, kind, segment, exchange = line.rsplit(",", _LAST)
    token, _, name, company, _ = head.split(",", _FIRST)
    try:
        if expiry:
            parts = _derivative(exchange, _bare(company) or name, expiry, strike, kind)
        else:
            parts = _undated(exchange, name, segment)
        tick_e4, lot_size, number = _amount_e4(tick), int(lot), int(token)
    except ValueError as error:
        raise WireGarbled(f"the broker's file of contracts says of {name}: {line!r}") from error
    symbol = f"{exchange}:{name}"
    if parts is not None:
        symbol = symbol_of(parts.underlying, parts.expiry, parts.strike_e4, parts.kind)
    return Listed(number, symbol, exchange, name, lot_size, tick_e4, parts)


def _derivative(exchange: str, name: str, expiry: str, strike: str, kind: str) -> Parts | None:
    """Return what a line that expires is; None where Ordo does not trade it at that exchange.

    Lines of old contracts leave the underlying out; then the name of the contract tells it.
    """
    day = date.fromisoformat(expiry)
    named = parse_name(name)
    underlying = named.underlying if named else name
    if _TRADED_AT.get(exchange) is not exchange_of(underlying) or not _is_plain(underlying):
        return None
    of_what, strike_e4 = Kind(kind), _amount_e4(strike)
    if not of_what.is_derivative or (of_what.is_option and not strike_e4):
        raise ValueError(f"{kind} at {strike} is nothing that expires")
    return Parts(underlying, of_what, day, strike_e4)


def _undated(exchange: str, name: str, segment: str) -> Parts | None:
    """Return what an index or a share is; None where Ordo does not know it."""
    if (exchange, name) in INDEX_NAMES and segment == "INDICES":
        return Parts(INDEX_NAMES[exchange, name], Kind.INDEX)
    is_share = exchange == segment == Exchange.NSE and not is_index(name) and _is_plain(name)
    return Parts(name, Kind.EQUITY) if is_share else None


def _bare(text: str) -> str:
    """Return a text without the quotes around it, which the broker's file has and samples lack."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _is_plain(text: str) -> bool:
    """Return whether it is the symbol of an index or a share."""
    try:
        return parse_symbol(text).expiry is None
    except ValueError:
        return False


def _names_of(symbol: str) -> tuple[str, ...]:
    """Return what may be called so at the broker; a contract of the month is named otherwise."""
    try:
        parts = parse_symbol(symbol)
    except ValueError:
        return (symbol,)
    if parts.kind is Kind.INDEX:
        return (_INDICES[parts.underlying],)
    if parts.expiry is None:
        return (f"{Exchange.NSE}:{symbol}",)
    exchange = ORDERED_AT[exchange_of(parts.underlying)]
    of_month = Named(
        parts.underlying, parts.expiry.year, parts.expiry.month, 0, parts.kind, parts.strike_e4
    )
    of_week = replace(of_month, day=parts.expiry.day)
    return (f"{exchange}:{name_of(of_month)}", f"{exchange}:{name_of(of_week)}")


def _amount_e4(text: str) -> int:
    """Return an amount in `_e4`; nothing is zero.

    Raises:
        ValueError: it is no number, or finer than that.
    """
    if _AMOUNT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no amount")
    return e4(text or 0)
