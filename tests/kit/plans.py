"""Plans for tests, made from the smallest file that is one."""

from __future__ import annotations

from pathlib import Path

from daemon.domain.plans.parsing import parse
from daemon.domain.plans.schema import Plan

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "strategies").glob("*.toml"))

HOURS = '[entry]\nat = 09:20:00\n[exit]\nat = "15:20:00"\n'
CALL = '[[legs]]\nid = "ce"\nside = "sell"\ninstrument = "CE"\nstrike = { atm = 0 }\n'
PUT = CALL.replace("ce", "pe").replace("CE", "PE")
STOCK = '[[legs]]\nid = "cash"\nside = "sell"\ninstrument = "EQ"\n'
FUTURE = STOCK.replace("EQ", "FUT")
GUARD = "[risk]\nstop = { rupees = 6000 }\n"


def text(*, head: str = "", legs: str = CALL, tail: str = GUARD, hours: str = HOURS) -> str:
    """Return a strategy file: one sold call at the money unless told otherwise."""
    underlying = "RELIANCE" if '"EQ"' in legs else "NIFTY"
    return f'id = "s"\nunderlying = "{underlying}"\n' + head + "\n" + hours + legs + tail


def plan(*, head: str = "", legs: str = CALL, tail: str = GUARD) -> Plan:
    """Return the plan of such a file."""
    return parse(text(head=head, legs=legs, tail=tail))
