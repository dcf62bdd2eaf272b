"""What people read: rupees on two decimals, counts with their noun, clocks and names of entries."""

from __future__ import annotations

from daemon.domain.instants import wall_of
from daemon.domain.money import units
from daemon.messages import CodeLoaded

_SHOWN = 12


def money(amount: float | None) -> str:
    """Return rupees of a report; what is not known says so."""
    return "unknown" if amount is None else f"{amount:,.2f}"


def rupees(amount_e4: int) -> str:
    """Return an exact amount or price on two decimals, half to even."""
    return f"{units(amount_e4):.2f}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where that is due."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def clock(at_ns: int) -> str:
    """Return the time of day of an instant, to the second."""
    return wall_of(at_ns).isoformat(timespec="seconds")


def entry_name(basket_id: str) -> str:
    """Return which entry of its strategy a basket is: its day; of what was held loose, the leg."""
    return basket_id.rpartition(":")[2]


def code_said(loaded: CodeLoaded) -> str:
    """Return what decides in a run, with the beginnings of its hashes."""
    return (
        f"version {loaded.version}, code {loaded.code_sha256[:_SHOWN]}, "
        f"settings {loaded.settings_sha256[:_SHOWN]}, ledger schema {loaded.schema_number}"
    )
