"""Arming an account of a live broker: what is recorded of it, and what is asked of whom."""

from __future__ import annotations

from datetime import date

from msgspec import Struct


class AccountArmed(Struct, frozen=True, tag=True):
    """A person armed an account of a live broker: it may be entered until the day ends.

    Attributes:
        account: which.
        day: the day of market time that it ends with.
        reason: why, in the words of whoever armed it.
        by: who.
        at_ns: the market instant.
    """

    account: str
    day: date
    reason: str
    by: str
    at_ns: int


class AccountDisarmed(Struct, frozen=True, tag=True):
    """An account of a live broker is entered no more; what it holds is guarded and can be left.

    Attributes:
        account: which.
        because: why.
        by: who; `ordo` where no person did.
        at_ns: the market instant.
    """

    account: str
    because: str
    by: str
    at_ns: int


class ArmAccount(Struct, frozen=True):
    """To a router: a person arms its account for live trading; it was judged."""

    armed: AccountArmed


class DisarmAccount(Struct, frozen=True):
    """To a router: its account is entered no more until it is armed again."""

    because: str
    by: str


class SeeSession(Struct, frozen=True):
    """To a session keeper: the state of its session, in one word."""


ArmingFact = AccountArmed | AccountDisarmed
