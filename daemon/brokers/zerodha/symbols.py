"""Zerodha's names of contracts, taken apart and put together.

A contract of the month is `NIFTY26AUG24350CE`, one of a week `NIFTY2681824350CE`: year, month and
day, the month as one sign of 1 to 9, O, N and D. Which expiry is that of its month is not for the
name to say. A contract of the month does not name its day.
"""

from __future__ import annotations

import re

from msgspec import Struct

from daemon.domain.market.instruments import Kind
from daemon.domain.money import e4, units

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_SIGNS = "123456789OND"
_DAY = r"0[1-9]|[12]\d|3[01]"
_FORM = re.compile(
    rf"(?P<underlying>[A-Z0-9&-]+?)(?P<year>[1-4]\d)"
    rf"(?:(?P<month>{'|'.join(_MONTHS)})|(?P<sign>[{_SIGNS}])(?P<day>{_DAY}))"
    r"(?:FUT|(?P<strike>\d+(?:\.\d{1,4})?)(?P<kind>CE|PE))",
    re.ASCII,
)
_CENTURY = 2_000

INDEX_NAMES = {
    ("NSE", "NIFTY 50"): "NIFTY",
    ("NSE", "NIFTY BANK"): "BANKNIFTY",
    ("NSE", "NIFTY FIN SERVICE"): "FINNIFTY",
    ("NSE", "NIFTY MID SELECT"): "MIDCPNIFTY",
    ("NSE", "NIFTY NEXT 50"): "NIFTYNXT50",
    ("BSE", "SENSEX"): "SENSEX",
    ("BSE", "BANKEX"): "BANKEX",
}
"""Exchange and name of an index at Zerodha -> the underlying that it is."""


class Named(Struct, frozen=True):
    """What the name of a future or an option says.

    Attributes:
        underlying: `NIFTY`.
        year: of its expiry.
        month: of its expiry, 1 to 12.
        day: of its expiry; 0: it is the contract of the month, and its day is not named.
        kind: future, call or put.
        strike_e4: options only.
    """

    underlying: str
    year: int
    month: int
    day: int
    kind: Kind
    strike_e4: int = 0


def parse_name(text: str) -> Named | None:
    """Take the name of a future or an option apart; None where it is no such name."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    month = _MONTHS.index(found["month"]) if found["month"] else _SIGNS.index(found["sign"])
    return Named(
        underlying=found["underlying"],
        year=_CENTURY + int(found["year"]),
        month=month + 1,
        day=int(found["day"] or 0),
        kind=Kind(found["kind"] or "FUT"),
        strike_e4=e4(found["strike"] or 0),
    )


def name_of(named: Named) -> str:
    """Return the name at Zerodha: `parse_name` backwards."""
    month = _MONTHS[named.month - 1]
    if named.day:
        month = f"{_SIGNS[named.month - 1]}{named.day:02}"
    of_what = "FUT"
    if named.kind.is_option:
        of_what = f"{plain(named.strike_e4)}{named.kind}"
    return f"{named.underlying}{named.year % 100:02}{month}{of_what}"


def plain(amount_e4: int) -> str:
    """Return an amount as it is written on the wire: units, without idle zeros."""
    text = f"{units(amount_e4):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
