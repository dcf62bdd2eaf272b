"""Exits: decided, owed, overdue and done.

`account` is the mark of the account that a fact belongs to, as `cells` puts it there.
"""

from __future__ import annotations

from msgspec import Struct, field

from daemon.domain.risk.words import ExitReason


class ExitLegs(Struct, frozen=True):
    """Leave these legs; `because` is what a person said of it, if anything."""

    strategy_id: str
    leg_ids: tuple[str, ...]
    reason: ExitReason
    because: str = ""


class ExitDecided(Struct, frozen=True, tag=True):
    """A rule said to leave; with the profit that the strategy stood at."""

    strategy_id: str
    leg_ids: tuple[str, ...]
    reason: ExitReason
    pnl_e4: int
    at_ns: int
    account: str = ""


class ExitOwed(Struct, frozen=True, tag=True, omit_defaults=True):
    """An exit is an obligation from here on.

    Attributes:
        exit_id: the parent of its orders.
        strategy_id: whose.
        leg_ids: what is left.
        reason: why.
        at_ns: when.
        keep: units of each leg that stay held; 0: all of it is left.
        because: what a person said of it; left out of a record where nobody said anything.
    """

    exit_id: str
    strategy_id: str
    leg_ids: tuple[str, ...]
    reason: ExitReason
    at_ns: int
    keep: int = field(default_factory=int)  # of factories, so that they stand in records
    account: str = field(default_factory=str)
    because: str = ""


class ExitFinished(Struct, frozen=True, tag=True):
    """The obligation is met: the broker's evidence says flat, or that the part is closed.

    Attributes:
        exit_id: the parent of its orders.
        strategy_id: whose.
        leg_ids: what was left.
        at_ns: when.
        closed_quantity: units that a part has closed; 0 where all was to be left.
        held_quantity: units that stay after a part; 0 where all was to be left.
    """

    exit_id: str
    strategy_id: str
    leg_ids: tuple[str, ...]
    at_ns: int
    closed_quantity: int = 0
    held_quantity: int = 0
    account: str = ""

    @property
    def part(self) -> str:
        """How much of how much was closed, in words; empty where all was to be left."""
        if not self.held_quantity:
            return ""
        whole = self.closed_quantity + self.held_quantity
        return f"{self.closed_quantity} of {whole} units of {', '.join(self.leg_ids)}"


class ExitOverdue(Struct, frozen=True, tag=True):
    """An exit is not finished in its time: a person is paged."""

    exit_id: str
    strategy_id: str
    because: str
    at_ns: int
    account: str = ""


class ExitReplaced(Struct, frozen=True, tag=True):
    """An exit in doubt is no longer counted on: another leaves in its place, and both may fill."""

    intent_id: str
    at_ns: int


ExitFact = ExitDecided | ExitOwed | ExitFinished | ExitOverdue | ExitReplaced
