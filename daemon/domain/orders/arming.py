"""Arming: whether an account of a live broker may be entered, and whether it may be armed at all.

An arm is one person's word for one account and one day. Exits need none: an account that nobody
armed must still be able to close what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from msgspec import Struct

PAPER: Final = "paper"
"""The canonical id of the broker at which no money is traded with, and its mode."""
LIVE: Final = "live"
Mode = Literal["paper", "live"]
"""Whose money it is."""
READY = "READY"
"""The state of a session that can be used."""


def mode_of(broker: str) -> Mode:
    """Return whose money is traded with at a broker, by its canonical id."""
    return PAPER if broker == PAPER else LIVE


def mode_of_all(brokers: Iterable[str]) -> Mode:
    """Return whose money it is at some brokers together: live where it is at one of them."""
    return LIVE if LIVE in map(mode_of, brokers) else PAPER


class Grounds(Struct, frozen=True):
    """What is true where somebody wants to arm an account.

    Attributes:
        account: its id.
        broker: the canonical id of its broker.
        mode: of the daemon, `paper` or `live`.
        session: the state of its session.
        latches: those that reach it, by name.
        failures: what a check for live trading found amiss, a sentence each.
    """

    account: str
    broker: str
    mode: str
    session: str
    latches: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


def objections(grounds: Grounds) -> tuple[str, ...]:
    """Return every reason not to arm an account, a sentence each; none: it may be armed."""
    account = grounds.account
    found = []
    if grounds.mode != LIVE:
        found.append(f'the daemon runs on {grounds.mode}; set [daemon] mode = "live"')
    if grounds.broker == PAPER:
        found.append(f"{account} trades on paper, which needs no arm; give it a live broker")
    if grounds.session != READY:
        state = grounds.session or "unknown"
        found.append(f"the session of {account} is {state}, not {READY}; log in first")
    found += [f"{name} is latched; release it with `ordo rearm {name}`" for name in grounds.latches]
    return (*found, *grounds.failures)


def unarmed(account: str, armed_for: date | None, day: date) -> str:
    """Return why an account of a live broker may not be entered; empty: it is armed.

    Args:
        account: its id.
        armed_for: the day that it was armed for last; None: it is not armed.
        day: of now.
    """
    if armed_for == day:
        return ""
    return f"{account} is not armed for live trading today; arm it with `ordo arm {account}`"


def elsewhere(broker: str, known: str, seen: str) -> str:
    """Return why a broker would refuse every order from here; empty: it would not.

    Args:
        broker: its canonical id.
        known: the address that it takes orders from.
        seen: the address that this machine has to others; both are written as everywhere.
    """
    if seen == known:
        return ""
    return f"orders would leave from {seen}, and {broker} takes them from {known} alone"


def unwilling(strategy_id: str) -> str:
    """Return why a strategy that did not opt in may not enter in an account of a live broker."""
    return f"{strategy_id} may not trade live; let its file say `live = true` if that is meant"
