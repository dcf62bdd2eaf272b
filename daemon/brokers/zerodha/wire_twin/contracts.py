"""What is listed on a day, under Zerodha's names and numbers, and its file of contracts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zlib import crc32

from msgspec import Struct

from daemon.brokers.zerodha.instruments import HEADER, ORDERED_AT
from daemon.brokers.zerodha.symbols import INDEX_NAMES, Named, name_of, plain
from daemon.domain.market.expiries import monthly
from daemon.domain.market.instruments import Exchange, Instrument, Kind, contract, exchange_of
from daemon.errors import RuleUnknown

_SEGMENTS = {"NSE": 1, "NFO": 2, "BSE": 4, "BFO": 5}
_INDICES = 9
_INDEX_NUMBERS = {"NIFTY": 1001, "SENSEX": 1, "BANKNIFTY": 1016}
"""Of the indices that clients write down as they are, the number at the exchange."""
_INDEX_PLACES = {underlying: place for place, underlying in INDEX_NAMES.items()}
_NUMBERS = 1 << 22


class Listing(Struct, frozen=True):
    """One contract as it is listed.

    Attributes:
        token: Zerodha's number of it.
        exchange: where it is ordered.
        name: how it is called there.
        contract: what it is.
    """

    token: int
    exchange: str
    name: str
    contract: Instrument

    @property
    def key(self) -> str:
        """Exchange and name."""
        return f"{self.exchange}:{self.name}"

    @property
    def is_index(self) -> bool:
        """Whether nobody can trade it."""
        return self.contract.kind is Kind.INDEX


class Contracts:
    """All that is listed on a day.

    Args:
        symbols: Ordo's; what no rule knows is left out.
        day: the trading day.
    """

    def __init__(self, symbols: Iterable[str], day: date) -> None:
        self.of_symbol: dict[str, Listing] = {}
        self.of_token: dict[int, Listing] = {}
        self.of_key: dict[str, Listing] = {}
        for symbol in sorted(symbols):
            try:
                instrument = contract(symbol, day, strict=False)
            except RuleUnknown:
                continue
            exchange, name = _place(instrument)
            listing = Listing(self._free_token(instrument, exchange), exchange, name, instrument)
            self.of_symbol[symbol] = self.of_token[listing.token] = listing
            self.of_key[listing.key] = listing

    def file(self, exchange: str = "") -> str:
        """Return the file of contracts; of one exchange, or of all."""
        lines = [
            _line(listing) for listing in self.of_key.values() if exchange in ("", listing.exchange)
        ]
        return "\n".join((HEADER, *lines, ""))

    def _free_token(self, instrument: Instrument, exchange: str) -> int:
        """Return a number that follows from the symbol; one that is taken gives way to the next."""
        is_index = instrument.kind is Kind.INDEX
        segment = _INDICES if is_index else _SEGMENTS[exchange]
        number = _INDEX_NUMBERS.get(instrument.symbol, 0) if is_index else 0
        number = number or crc32(instrument.symbol.encode()) % _NUMBERS
        while (number << 8 | segment) in self.of_token:
            number = (number + 1) % _NUMBERS
        return number << 8 | segment


def _place(instrument: Instrument) -> tuple[str, str]:
    """Return the exchange where it is ordered, and how it is called there."""
    if instrument.kind is Kind.INDEX:
        return _INDEX_PLACES.get(instrument.symbol, (Exchange.NSE.value, instrument.symbol))
    if instrument.expiry is None:
        return Exchange.NSE.value, instrument.symbol
    expiry = instrument.expiry
    named = Named(
        instrument.underlying,
        expiry.year,
        expiry.month,
        0
        if instrument.kind is Kind.FUTURE or _is_monthly(instrument.underlying, expiry)
        else expiry.day,
        instrument.kind,
        instrument.strike_e4,
    )
    return ORDERED_AT[exchange_of(instrument.underlying)], name_of(named)


def _is_monthly(underlying: str, expiry: date) -> bool:
    try:
        return monthly(underlying, expiry) == expiry
    except RuleUnknown:
        return False


def _line(listing: Listing) -> str:
    instrument = listing.contract
    of_exchange = listing.token >> 8
    if listing.is_index:
        rest = f'"{listing.name}",0,,0,0,0,EQ,INDICES'
    else:
        kind = instrument.kind
        segment = listing.exchange
        if kind.is_derivative:
            segment += "-OPT" if kind.is_option else "-FUT"
        rest = (
            f'"{instrument.underlying}",0,{instrument.expiry or ""},'
            f"{plain(instrument.strike_e4)},{plain(instrument.tick_e4)},{instrument.lot},{kind},{segment}"
        )
    return f"{listing.token},{of_exchange},{listing.name},{rest},{listing.exchange}"
