"""What is noted of a daemon that lives through a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from statistics import linear_regression
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from daemon.domain.instants import moment_of
from daemon.domain.market.frames import Frame
from daemon.messages import RiskSeen, TellRisk
from daemon.runtime.words import Actor, ActorSpec, Effect, Tell

_EXAMPLES = 20


class Guards(Struct):
    """How many of the open legs were guarded, at each look.

    Attributes:
        looks: while anything was open in an account.
        legs: open ones, over all looks.
        guarded: of these.
        worst: the least share of an account's open legs that was guarded at one look.
        reasons: why a leg was not guarded, and at how many looks.
        examples: the first of them, in words.
    """

    looks: int = 0
    legs: int = 0
    guarded: int = 0
    worst: float = 1.0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of the open legs that was guarded."""
        return self.guarded / self.legs if self.legs else 1.0

    def look(self, seen: RiskSeen) -> None:
        """Take in what an account's watchdog tells."""
        legs = [(watch, leg) for watch in seen.watches for leg in watch.legs if leg.quantity]
        if not legs:
            return
        guarded = 0
        for watch, leg in legs:
            guarded += not leg.unguarded_because
            self.reasons.update(leg.unguarded_because)
            if leg.unguarded_because and len(self.examples) < _EXAMPLES:
                where = f"{moment_of(seen.at_ns):%Y-%m-%d %H:%M:%S} {seen.account or 'home'}"
                because = ", ".join(leg.unguarded_because)
                self.examples.append(f"{where} {watch.strategy_id} {leg.leg_id}: {because}")
        self.looks += 1
        self.legs += len(legs)
        self.guarded += guarded
        self.worst = min(self.worst, guarded / len(legs))


class Close(Struct, frozen=True):
    """The end of one day, once its ledger was backed up.

    Attributes:
        day: which day.
        resident_kb: memory of the process.
        trades: of the exchange, by account.
        differences: what the two books tell otherwise.
    """

    day: date
    resident_kb: int
    trades: dict[str, int]
    differences: list[str]


def slope_kb(samples: Sequence[int]) -> float:
    """Return by how much memory grew from one close to the next, by least squares."""
    if len(samples) < 2:  # noqa: PLR2004  a line needs two points
        return 0.0
    return linear_regression(range(len(samples)), samples).slope


class _Asked:
    """A watchdog that is asked before each frame how well it guards what is open.

    What was told since the frame before has been heard by then, and the newest look is as old as
    it ever gets.
    """

    def __init__(self, actor: Actor, look: Callable[[RiskSeen], None]) -> None:
        self._actor = actor
        self._look = look

    def handle(self, message: Any, now_ns: int) -> Sequence[Effect]:
        if type(message) is Frame:
            for effect in self._actor.handle(TellRisk("bench"), now_ns):
                if isinstance(effect, Tell) and isinstance(effect.message, RiskSeen):
                    self._look(effect.message)
        return self._actor.handle(message, now_ns)


def asked(spec: ActorSpec, look: Callable[[RiskSeen], None]) -> ActorSpec:
    """Return a watchdog whose answers are looked at before each frame."""
    return replace(spec, restore=lambda facts: _Asked(spec.restore(facts), look))
