"""The exchange on paper as an account meets it: the twin under the rules of the Indian market."""

from __future__ import annotations

from datetime import date

from daemon.domain.market.bands import band
from daemon.domain.market.calendar import Segment, may_trade
from daemon.domain.market.instruments import Instrument, contract
from daemon.errors import RuleUnknown
from daemon.twin.exchange import Exchange
from daemon.twin.faults import Faults
from daemon.twin.file import NoFile, TwinFile
from daemon.twin.floor import Terms
from daemon.twin.latency import Latency
from daemon.twin.rules import MarketRules

_NO_FAULTS = Faults()


def exchange(
    cash_e4: int, latency: Latency, file: TwinFile | None = None, faults: Faults = _NO_FAULTS
) -> Exchange:
    """Open an exchange twin that goes by the dated rules of the Indian market."""
    return Exchange.open(Terms(RULES, cash_e4, latency, faults), file or NoFile())


def _contract(symbol: str, day: date) -> Instrument | None:
    try:
        return contract(symbol, day, strict=False)
    except (RuleUnknown, ValueError):
        return None


def _band(symbol: str, reference_e4: int, day: date) -> tuple[int, int] | None:
    instrument = _contract(symbol, day)
    if instrument is None:
        return None
    try:
        allowed = band(instrument, reference_e4, day)
    except RuleUnknown:
        return None
    return allowed.low_e4, allowed.high_e4


def segment_of(instrument: Instrument) -> Segment:
    """Return by whose hours a contract trades."""
    return Segment.DERIVATIVES if instrument.expiry else Segment.CASH


def _is_open(instrument: Instrument, at_ns: int) -> bool:
    # What is guarded can be left, on a day that no table knows too.
    return may_trade(at_ns, segment_of(instrument))


RULES = MarketRules(contract=_contract, band=_band, is_open=_is_open)
"""The dated rules, as an exchange asks them."""
