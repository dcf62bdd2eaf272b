"""The keeper of alerts: which conditions hold, who knows of them, and how loud they are.

It hears what was recorded. A condition that begins raises one alert, one that ends clears it; a
critical one that nobody acknowledges in time escalates. What crashed in between is made good at the
next start, for conditions and alerts are both folds of the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.alert_keeper.conditions import HEARS, Conditions
from daemon.actors.turn import Turn
from daemon.messages import Ask, Declined, Done, Told
from daemon.messages.alerts import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertCleared,
    AlertEscalated,
    AlertFact,
    AlertRaised,
    AlertSeen,
    Condition,
    FactRecorded,
    SeeAlerts,
)
from daemon.runtime.words import Alarm, Effect, Show, Started

KEPT = 200
"""So many alerts whose condition is over are still told."""
LEVELS = 5
"""Up to this level an alert escalates; then everybody has been told, and it stays as it is."""

_HEARS = frozenset(HEARS)


class Unanswered(Struct, frozen=True):
    """The time in which an alert was to be acknowledged is over; of the level that it had then."""

    alert_id: str
    level: int


class AlertKeeper:
    """Raises, escalates and clears.

    Args:
        acknowledge_ns: within which a critical alert is to be acknowledged, of market time.
        facts: all that was recorded so far.
    """

    def __init__(self, acknowledge_ns: int, facts: Iterable[object] = ()) -> None:
        self._acknowledge_ns = acknowledge_ns
        self._conditions = Conditions()
        self._alerts: dict[str, AlertSeen] = {}
        self._open: dict[tuple[str, str], str] = {}
        self._count = 0
        for fact in facts:
            if type(fact) in _HEARS:
                self._conditions.hear(fact)
            if isinstance(fact, AlertFact):
                self._apply(fact)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        turn = Turn()
        match message:
            case Started():
                for alert in self._alerts.values():
                    self._await(turn, alert, now_ns)
                self._compare(turn, now_ns)
            case FactRecorded(fact):
                self._conditions.hear(fact)
                self._compare(turn, now_ns)
            case Unanswered(alert_id, level):
                self._escalate(turn, self._alerts.get(alert_id), level, now_ns)
            case Ask(number, about):
                turn.do(Show(Told(number, self._answer(turn, about, now_ns))))
            case _:
                raise AssertionError(f"the keeper of alerts was told {message!r}")
        return turn.done()

    def _compare(self, turn: Turn, now_ns: int) -> None:
        """Hold the alerts that are open against the conditions that stand."""
        standing = self._conditions.standing
        for key, alert_id in tuple(self._open.items()):
            condition = self._alerts[alert_id].raised.condition
            if standing.get(key) != condition:
                self._record(turn, AlertCleared(alert_id, now_ns, condition))
        for key, condition in standing.items():
            if key not in self._open:
                self._raise(turn, condition, now_ns)

    def _raise(self, turn: Turn, condition: Condition, now_ns: int) -> None:
        raised = AlertRaised(f"alert-{self._count + 1}", condition, now_ns)
        self._record(turn, raised)
        self._await(turn, self._alerts[raised.alert_id], now_ns)

    def _escalate(self, turn: Turn, alert: AlertSeen | None, level: int, now_ns: int) -> None:
        if alert is None or not alert.presses or alert.level != level:
            return
        alert_id, condition = alert.raised.alert_id, alert.raised.condition
        self._record(turn, AlertEscalated(alert_id, level + 1, now_ns, condition))
        self._await(turn, self._alerts[alert_id], now_ns)

    def _await(self, turn: Turn, alert: AlertSeen, now_ns: int) -> None:
        """Wait until an alert is to be acknowledged, if it is one that escalates."""
        if alert.presses and alert.level < LEVELS:
            due_ns = max(now_ns, alert.told_ns + self._acknowledge_ns)
            turn.do(Alarm(due_ns, Unanswered(alert.raised.alert_id, alert.level)))

    def _answer(
        self, turn: Turn, about: object, now_ns: int
    ) -> Done | Declined | tuple[AlertSeen, ...]:
        match about:
            case SeeAlerts():
                newest = reversed(self._alerts.values())
                return tuple(sorted(newest, key=lambda alert: alert.cleared_ns is not None))
            case AcknowledgeAlert(alert_id, by):
                return self._acknowledge(turn, AlertAcknowledged(alert_id, by, now_ns))
        raise AssertionError(f"the keeper of alerts was asked {about!r}")

    def _acknowledge(self, turn: Turn, fact: AlertAcknowledged) -> Done | Declined:
        alert = self._alerts.get(fact.alert_id)
        if alert is None:
            text = f"no alert {fact.alert_id} is known; `ordo alerts` lists them"
            return Declined("unknown_alert", text)
        if alert.acknowledged is not None:
            return Done(f"{fact.alert_id} was acknowledged by {alert.acknowledged.by} before")
        self._record(turn, fact)
        return Done(f"{fact.alert_id} is acknowledged")

    def _record(self, turn: Turn, fact: AlertFact) -> None:
        self._apply(fact)
        turn.record(fact)

    def _apply(self, fact: AlertFact) -> None:
        """Take in what became of an alert."""
        if isinstance(fact, AlertRaised):
            self._count += 1
            self._alerts[fact.alert_id] = AlertSeen(fact, 1, fact.at_ns)
            self._open[_key(fact)] = fact.alert_id
            return
        alert = self._alerts.get(fact.alert_id)
        if alert is None:
            return  # it was forgotten, long after it was cleared
        match fact:
            case AlertAcknowledged():
                alert = replace(alert, acknowledged=fact)
            case AlertEscalated(_, level, at_ns):
                alert = replace(alert, level=level, told_ns=at_ns)
            case AlertCleared(_, at_ns):
                alert = replace(alert, cleared_ns=at_ns)
                self._open.pop(_key(alert.raised), None)
        self._alerts[fact.alert_id] = alert
        if isinstance(fact, AlertCleared):
            self._forget()

    def _forget(self) -> None:
        """Drop the oldest of those that are over."""
        over = [name for name, alert in self._alerts.items() if alert.cleared_ns is not None]
        for name in over[:-KEPT]:
            del self._alerts[name]


def _key(raised: AlertRaised) -> tuple[str, str]:
    return raised.condition.code, raised.condition.about
