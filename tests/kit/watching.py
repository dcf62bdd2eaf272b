"""A watchdog with the record that it leads to, for tests of days and restarts."""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.market.frames import Frame
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    Ask,
    ExitDecided,
    FramePolled,
    Noted,
    PauseEntries,
    SeeRisk,
    WatchSeen,
)
from tests.kit.acting import ROUTER, facts, told

S = 1_000_000_000
LOSS = AccountLimits(loss_e4=e4("1000"))


@dataclass
class Run:
    """A watchdog with the record that it leads to; a restart is a run of another's record."""

    limits: AccountLimits = LOSS
    record: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watchdog = RiskWatchdog(ROUTER, self.limits, tuple(self.record))
        self.left: list[tuple[str, tuple[str, ...], ExitReason]] = []
        self.paused: list[int] = []

    def hear(self, *messages: object) -> Run:
        """Tell it these, and keep what is recorded."""
        for message in messages:
            at_ns = message.frame.at_ns if isinstance(message, FramePolled) else message.at_ns
            effects = self.watchdog.handle(message, at_ns)
            if not isinstance(message, Frame | FramePolled):
                self.record.append(message)
            self.record += facts(effects)
            decided = facts(effects, ExitDecided)
            self.left += [(each.strategy_id, each.leg_ids, each.reason) for each in decided]
            self.paused += [at_ns] * len(told(effects, PauseEntries))
        return self

    def again(self, without: type | tuple[type, ...] = ()) -> Run:
        """Return it after a restart, or after a crash that kept such facts out of the record."""
        return Run(self.limits, [each for each in self.record if not isinstance(each, without)])

    def notes(self, kind: NoteKind) -> list[str]:
        """Return what was noted of a kind."""
        return [each.text for each in self.record if isinstance(each, Noted) and each.kind is kind]

    def seen(self, at_ns: int) -> WatchSeen:
        """Return the only entry that is seen."""
        (shown,) = self.watchdog.handle(Ask(1, SeeRisk()), at_ns)
        (only,) = shown.view.answer.watches
        return only
