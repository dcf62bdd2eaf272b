"""Whose prices a file holds: what the caller says, else the file's label, else its name.

A label that contradicts the name of its file (rows of BANKNIFTY labelled NIFTY in a file called
BNF) is a known fault of recordings: there the file's name is believed, and a note says so. A label
that is no symbol of ours stays what it is; nobody reads it, and a note says that too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from daemon.domain.market.instruments import parts_of
from daemon.errors import DataError
from daemon.feeds.formats.table import Table
from daemon.feeds.formats.words import ReplayOptions

_COLUMNS = ("instrument", "symbol", "index_name", "idx")
_INDEX_FILES = {
    "BNF": "BANKNIFTY",
    "BANKNIFTY": "BANKNIFTY",
    "NIFTY": "NIFTY",
    "FINNIFTY": "FINNIFTY",
    "MIDCPNIFTY": "MIDCPNIFTY",
    "SENSEX": "SENSEX",
    "BANKEX": "BANKEX",
}
_MOST_NAMED = 5
"""So many labels that are no symbols are named in a note, lest it be a page."""
_DERIVATIVE = re.compile(r"[A-Z0-9&]+-\d{4}-\d{2}-\d{2}-(FUT|\d+(\.\d+)?-(CE|PE))(?![A-Z0-9])")


class Label(Struct, frozen=True):
    """The symbol of each row.

    Attributes:
        sql: the symbol as SQL.
        text: what must be said of the labels; empty: nothing.
    """

    sql: str
    text: str = ""


def label(table: Table, options: ReplayOptions) -> Label:
    """Return whose prices a file's rows are.

    Raises:
        DataError: one symbol was given for a file of several.
    """
    column = table.first_of(*_COLUMNS)
    named = first_word(table.path.name)
    if not column:
        return Label(_literal(options.symbol or named))
    sql = f"coalesce(upper(trim({table.column(column)})), '')"
    found = [row[0] for row in table.distinct(sql)]
    if options.symbol and len(found) > 1:
        raise DataError(f"{table.path} holds several symbols, {found}: one name fits not them all")
    if options.symbol:
        return Label(_literal(options.symbol))
    index = _INDEX_FILES.get(named, "")
    if len(found) == 1 and found[0] in _INDEX_FILES and index not in ("", found[0]):
        text = f"{table.path.name}: rows labelled {found[0]} are read as {index}, as the file is"
        return Label(_literal(index), f"{text} named; give a symbol to say otherwise")
    return Label(sql, _unread(table.path.name, found))


def _unread(file_name: str, labels: Sequence[str]) -> str:
    """Say which labels are no symbols of ours; empty: all of them are."""
    odd = [repr(name) for name in labels if parts_of(name) is None]
    if not odd:
        return ""
    more = f" and {len(odd) - _MOST_NAMED} more" if len(odd) > _MOST_NAMED else ""
    named = ", ".join(odd[:_MOST_NAMED]) + more
    return f"{file_name}: nothing goes by rows labelled {named}: no symbol of Ordo's is written so"


def first_word(file_name: str) -> str:
    """Return the symbol that a file's name begins with: a derivative whole, else one word."""
    upper = file_name.upper()
    derivative = _DERIVATIVE.match(upper)
    return derivative.group() if derivative else re.split(r"[-_. ]", upper, maxsplit=1)[0]


def _literal(symbol: str) -> str:
    quoted = symbol.replace("'", "''")
    return f"'{quoted}'"
