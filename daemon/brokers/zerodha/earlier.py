"""What an earlier file of contracts lists, and a newer one lacks.

The broker's file has come without a line, without an exchange, and cut at the end of a line. By
such a file nothing tells how what is held is called, what it costs and how it is closed. So a
contract that has not expired stays as it was listed before, but is not entered; and a file that
lacks most of an exchange is none. A file loses lines in good order, too: what has expired is no
loss, nor is what its number or its symbol shows under another name, nor what has other terms now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from daemon.brokers.zerodha.instruments import ORDERED_AT, Master, read
from daemon.brokers.zerodha.symbols import INDEX_NAMES
from daemon.domain.instants import day_of
from daemon.domain.market.instruments import Exchange
from daemon.errors import WireGarbled

_JUDGED = (Exchange.NSE.value, *ORDERED_AT.values())
"""Where Ordo trades; of BSE it knows a few indices, and one of them may end."""
_SHARE = 3
"""Who lacks one in so many of an exchange lacks more than ever ends in good order."""
_FEW = 500
"""Of fewer nothing is said: so few are what is left of an old file, or a stand-in's."""
_MARK = "what follows was listed before, and is not listed any more\n"
"""Stands on the disk before the lines of earlier files."""
_FIELDS = 7  # from the expiry on
_SERIES = 3  # letters, with the hyphen before them


class Listing(Struct, frozen=True):
    """What is known of contracts, by the newest file and those before it.

    Attributes:
        master: the contracts of a day, and those before it that have not expired.
        missing: which of them the file of that day lacks, by exchange and name.
    """

    master: Master
    missing: frozenset[str] = frozenset()

    def fresh(self, before: Listing | None) -> list[str]:
        """Return which of Ordo's futures and options are missing, and were not before."""
        known = before.missing if before else frozenset[str]()
        return sorted(
            name
            for name in self.missing - known
            if _expiry(self.master.lines[name]) and _is_ours(self.master, name)
        )


def recalled(text: str, fetched_ns: int) -> Listing:
    """Read what was kept.

    Args:
        text: as `kept` returned it, or as the broker gave it.
        fetched_ns: when the newest file in it was fetched.

    Raises:
        WireGarbled: it is no file of contracts.
    """
    newest, _, rest = text.partition(_MARK)
    master, bygone = read(newest + rest, fetched_ns), {*rest.splitlines()}
    return Listing(master, frozenset(name for name, line in master.lines.items() if line in bygone))


def fetched(text: str, fetched_ns: int, before: Listing | None) -> Listing:
    """Read what the broker gives.

    Args:
        text: all of it.
        fetched_ns: when it was fetched.
        before: what is known by earlier files.

    Raises:
        WireGarbled: it is no file of contracts, or not a whole one.
    """
    master = read(text, fetched_ns)
    if before is None:
        _prove(master)
        return Listing(master)
    day = day_of(fetched_ns)
    _compare(before, master, day)
    _prove(master)
    missing = _missing(before.master, master, day)
    for name in missing:
        line = before.master.lines[name]
        master.lines[name], master.names[_token(line)] = line, name
    return Listing(master, missing)


def kept(text: str, listing: Listing) -> str:
    """Return what is to be kept of the broker's file, and of those before it."""
    lines = [f"{listing.master.lines[name]}\n" for name in sorted(listing.missing)]
    return "".join((text, _MARK, *lines)) if lines else text


def _compare(before: Listing, newer: Master, day: date) -> None:
    """See that a newer file has lost of no exchange more than ends in good order.

    What was missing before was lost before, and what expires on the day may be gone by its evening.
    Of NSE's lines most are loans and bills that come and go, each named with its series, `-SG`.

    Raises:
        WireGarbled: it lacks a third of what has not expired, or all.
    """
    earlier, until = before.master, day.isoformat()
    for exchange in _JUDGED:
        had = [
            name
            for name, line in earlier.lines.items()
            if name.startswith(f"{exchange}:")
            and name not in before.missing
            and not "" < _expiry(line) <= until
            and name[-_SERIES:][0] != "-"
        ]
        if not _is_much([name for name in had if _is_unseen(name, earlier, newer)], had):
            continue
        ours = [name for name in had if _is_ours(earlier, name)]  # slow: only where it may matter
        lost = [name for name in ours if _is_unseen(name, earlier, newer)]
        if _is_much(lost, ours):
            raise WireGarbled(
                f"the broker's file of contracts is not whole: of {len(ours):,} of {exchange} that "
                f"were listed before and have not expired it lacks {len(lost):,}"
            )


def _is_much(lost: Sequence[str], had: Sequence[str]) -> bool:
    return len(had) >= _FEW and len(lost) * _SHARE >= len(had)


def _missing(earlier: Master, newer: Master, day: date) -> frozenset[str]:
    """Return what a newer file lacks, and may be held still on a day."""
    since = day.isoformat()
    return frozenset(
        name
        for name, line in earlier.lines.items()
        if not "" < _expiry(line) < since and _is_missing(name, earlier, newer)
    )


def _is_missing(name: str, earlier: Master, newer: Master) -> bool:
    """Return whether a newer file has nothing of it: two of one symbol would be each other's."""
    if not _is_unseen(name, earlier, newer):
        return False
    try:
        return newer.of_symbol(earlier.symbol_of(*name.split(":", 1))) is None
    except WireGarbled:
        return True


def _is_unseen(name: str, earlier: Master, newer: Master) -> bool:
    """Return whether a newer file has neither the name nor the number.

    Where it has the number, that is called otherwise now, or stands for something else: two of one
    number would be told each other's prices.
    """
    return name not in newer.lines and _token(earlier.lines[name]) not in newer.names


def _prove(master: Master) -> None:
    """See that there is what every file has, whatever came before it.

    Raises:
        WireGarbled: there is not.
    """
    indices = [f"{exchange}:{name}" for exchange, name in INDEX_NAMES if exchange == Exchange.NSE]
    if master.lines.keys().isdisjoint(indices):
        raise WireGarbled("the broker's file of contracts is not whole: it has no index of NSE")
    options = ORDERED_AT[Exchange.NSE]
    if not any(name.startswith(f"{options}:") for name in master.lines):
        raise WireGarbled(
            f"the broker's file of contracts is not whole: it has nothing of {options}"
        )


def _is_ours(master: Master, name: str) -> bool:
    """Return whether its line is understood, and Ordo has a symbol for it."""
    try:
        listed = master.of_name(name)
    except WireGarbled:
        return False
    return listed is not None and listed.parts is not None


def _expiry(line: str) -> str:
    """Return when a line expires; empty: it does not."""
    return line.rsplit(",", _FIELDS)[1]


def _token(line: str) -> int:
    return int(line.partition(",")[0])
