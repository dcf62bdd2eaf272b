"""What is halted: latches and how far their kills have come, holds and arm, as a fold of facts."""

from __future__ import annotations

from msgspec import Struct, field

from daemon.domain.orders.kill import Progress, Proof, Stage, begun
from daemon.messages import (
    LEDGER_FAILED,
    EntriesFreed,
    EntriesHeld,
    EntriesPaused,
    EpochBegan,
    HeldBy,
    KillStaged,
    Latched,
    LatchKind,
    Released,
    Scope,
)
from daemon.messages.arming import AccountArmed, AccountDisarmed


class Kill(Struct):
    """A kill whose latch stands.

    Attributes:
        latched: what it closes.
        progress: how far it has come; None: it was not begun.
        proof: the readings of the broker's book that show its scope flat; no restart keeps them.
    """

    latched: Latched
    progress: Progress | None = None
    proof: Proof = field(default_factory=Proof)

    @property
    def is_over(self) -> bool:
        """Whether all of its scope is proven flat."""
        return self.progress is not None and self.progress.stage is Stage.FLAT


class Halts(Struct):
    """The latches, holds and arm of one account.

    Attributes:
        account: whose.
        latches: those that stand, by id.
        kills: those of them that are kills.
        stages: the newest stage of every kill, released ones included.
        holds: why entries wait, by who holds them; a new run begins without any.
        unrecorded: why nothing is entered in this run any more, since the ledger has failed; no
            new day and no other pause changes that.
        armed: until the end of which day it may be entered live; None: it may not.
    """

    account: str
    latches: dict[str, Latched] = field(default_factory=dict)
    kills: dict[str, Kill] = field(default_factory=dict)
    stages: dict[str, KillStaged] = field(default_factory=dict)
    holds: dict[HeldBy, str] = field(default_factory=dict)
    unrecorded: str = ""
    armed: AccountArmed | None = None

    def apply(self, fact: object) -> None:
        """Take one recorded fact in; those of others are passed over."""
        match fact:
            case Latched(latch_id) if self.reaches(fact):
                self.latches[latch_id] = fact
                if fact.kind is LatchKind.KILL:
                    self.kills[latch_id] = Kill(fact)
            case Released(latch_id):
                self.latches.pop(latch_id, None)
                self.kills.pop(latch_id, None)
            case KillStaged(latch_id, stage, _, attempts, at_ns) if latch_id in self.kills:
                kill = self.kills[latch_id]
                kill.progress = begun(kill.progress, stage, attempts, at_ns)
                self.stages[latch_id] = fact
            case EntriesHeld(self.account, by, because):
                self.holds[by] = because
            case EntriesFreed(self.account, by):
                self.holds.pop(by, None)
            case EntriesPaused(because) if because.startswith(LEDGER_FAILED):
                self.unrecorded = because
            case EpochBegan():
                self.holds.clear()
                self.unrecorded = ""
            case AccountArmed(self.account):
                self.armed = fact
            case AccountDisarmed(self.account):
                self.armed = None

    def reaches(self, latched: Latched) -> bool:
        """Say whether a latch may concern this account; who trades in it is not known here."""
        return concerns(latched.scope, latched.id, self.account)

    def over(self, strategy_id: str) -> Latched | None:
        """Return a latch that stops the entries of a strategy."""
        for latched in self.latches.values():
            if covers(latched.scope, latched.id, strategy_id):
                return latched
        return None

    def closes_all(self) -> bool:
        """Say whether a kill of the whole account stands: the broker's book is what it closes."""
        return any(kill.latched.scope is not Scope.STRATEGY for kill in self.kills.values())

    def kills_in(self, strategy_id: str) -> bool:
        """Say whether a kill stands that closes a strategy."""
        return self.killed_by(strategy_id) is not None

    def killed_by(self, strategy_id: str) -> Latched | None:
        """Return the latch of a kill that closes a strategy."""
        latches = (kill.latched for kill in self.kills.values())
        return next((each for each in latches if covers(each.scope, each.id, strategy_id)), None)

    def under_way(self) -> bool:
        """Say whether a kill is not over."""
        return any(not kill.is_over for kill in self.kills.values())


def concerns(scope: Scope, name: str, account: str) -> bool:
    """Say whether a scope may reach an account; `ID@ACCOUNT` is a strategy in that one alone."""
    if scope is Scope.ACCOUNT:
        return name == account
    return scope is not Scope.STRATEGY or name.partition("@")[2] in ("", account)


def covers(scope: Scope, name: str, strategy_id: str) -> bool:
    """Say whether a scope that reaches this account holds orders of a strategy in it."""
    return scope is not Scope.STRATEGY or name.partition("@")[0] == strategy_id


def said(latched: Latched) -> str:
    """Return what a latch has to say to whoever wants to enter."""
    what = f"{latched.kind} {latched.latch_id} of {latched.id or 'everything'}"
    return f"{what} is latched: {latched.reason or 'no reason given'}; release it with rearm"
