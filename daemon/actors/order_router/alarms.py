"""What the router has itself told later."""

from __future__ import annotations

from msgspec import Struct


class BasketDue(Struct, frozen=True):
    """A basket's limits have rested long enough, or its time is up."""

    basket_id: str


class ClosingDue(Struct, frozen=True):
    """Look at a closing again."""

    exit_id: str


class ExitLate(Struct, frozen=True):
    """An exit should have been finished by now."""

    exit_id: str


class LookUpDue(Struct, frozen=True):
    """Ask again what became of an order."""

    intent_id: str
