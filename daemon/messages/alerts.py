"""Alerts: what a person must know of, until he says that he does or until it is over."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

UNTOLD: Final = "untold"
"""The code of the alert that a sink did not take one, or a kill."""
BEHIND: Final = "falls behind"
CAUGHT_UP: Final = "has caught up"
"""So it is said of a sink that more waits for it than is read, and that this is over."""


class Severity(StrEnum):
    """How much hangs on it: a critical alert escalates until somebody acknowledges it."""

    WARNING = "warning"
    CRITICAL = "critical"


class Condition(Struct, frozen=True):
    """What is not as it should be; the same condition is one alert, however often it is told.

    Attributes:
        severity: how much hangs on it.
        code: its kind, one word for programs.
        about: what it concerns: an exit, an order, a symbol; with the code it is the condition.
        sentence: what is wrong and what to do, for a person.
        account: whose; empty: it is not known, or no matter of one.
        strategy_id: likewise.
    """

    severity: Severity
    code: str
    about: str
    sentence: str
    account: str = ""
    strategy_id: str = ""


class AlertRaised(Struct, frozen=True, tag=True):
    """A condition holds, and a person must know.

    Attributes:
        alert_id: repeated by whoever acknowledges it.
        condition: what is wrong.
        at_ns: the market instant.
    """

    alert_id: str
    condition: Condition
    at_ns: int


class AlertAcknowledged(Struct, frozen=True, tag=True):
    """A person has seen an alert, and it does not escalate any more."""

    alert_id: str
    by: str
    at_ns: int


class AlertEscalated(Struct, frozen=True, tag=True, omit_defaults=True):
    """Nobody has acknowledged a critical alert in time.

    Attributes:
        alert_id: which.
        level: 1 when it is raised.
        at_ns: the market instant.
        condition: what is wrong; None: recorded before that was told again.
    """

    alert_id: str
    level: int
    at_ns: int
    condition: Condition | None = None


class AlertCleared(Struct, frozen=True, tag=True, omit_defaults=True):
    """The condition of an alert is over.

    Attributes:
        alert_id: which.
        at_ns: the market instant.
        condition: what was wrong; None: recorded before that was told again.
    """

    alert_id: str
    at_ns: int
    condition: Condition | None = None


AlertFact = AlertRaised | AlertAcknowledged | AlertEscalated | AlertCleared


class FactRecorded(Struct, frozen=True):
    """To the keeper of alerts: this fact is durable."""

    fact: Any


class AcknowledgeAlert(Struct, frozen=True):
    """To the keeper of alerts: a person has seen this one."""

    alert_id: str
    by: str


class SeeAlerts(Struct, frozen=True):
    """To the keeper of alerts: a tuple of `AlertSeen`, the open ones first, the newest first."""


class AlertSeen(Struct, frozen=True):
    """How an alert stands.

    Attributes:
        raised: what and when.
        level: 1, and one more for each time that it escalated.
        told_ns: when it was raised or escalated last.
        acknowledged: by whom and when; None: by nobody.
        cleared_ns: when its condition was over; None: it holds.
    """

    raised: AlertRaised
    level: int
    told_ns: int
    acknowledged: AlertAcknowledged | None = None
    cleared_ns: int | None = None

    @property
    def presses(self) -> bool:
        """Whether it escalates until somebody acknowledges it."""
        critical = self.raised.condition.severity is Severity.CRITICAL
        return critical and self.cleared_ns is None and self.acknowledged is None
