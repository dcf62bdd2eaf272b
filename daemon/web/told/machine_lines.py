"""Lines of alerts, and of what the machine is at."""

from __future__ import annotations

import re
from typing import Any

from daemon.domain.market.notes import NoteKind
from daemon.messages import (
    AlertAcknowledged,
    AlertCleared,
    AlertEscalated,
    AlertRaised,
    CredentialsKept,
    JobDone,
    LinkDied,
    LinkRevived,
    Noted,
    SessionReady,
    StrategyDeclared,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.messages.alerts import Condition
from daemon.runtime.words import ActorDisarmed, DeadLetter
from daemon.web.told.lines import Item, Told

_RAISING = {
    NoteKind.OVERFILLED: "risk",
    NoteKind.OUTSIDE: "risk",
    NoteKind.SESSION: "actor",
    NoteKind.LEFT_OUT: "actor",
    NoteKind.HOURS: "actor",
    NoteKind.UNTOLD: "actor",
}
"""Notes by which an alert is raised, and what they are about."""
_ELSEWHERE = re.compile(
    r"^no entry (yet|today)|^days(_to_expiry)?: |^legs\[\d+\]\.expiry: |^the entry (waits|failed)"
    r"|; entries in it are stopped$|is stopped, .*; start it again|is incomplete and goes on: "
    r"|is parked: |; its settlement value is unknown$"
)
"""Refusals that are routine, such as a day of rest, or that another fact tells of as well: an entry
that ended, books that differ, a strategy that was stopped, a kill, an order, an expiry."""


def of_alert(fact: Any) -> Told | None:
    """Return the line of an alert; None: it is of none."""
    match fact:
        case AlertRaised(alert_id, condition):
            return "alert", condition.sentence, {"alert_id": alert_id, **_of_condition(condition)}
        case AlertAcknowledged(alert_id, by):
            return "alert", f"{alert_id} was acknowledged by {by}", {"alert_id": alert_id}
        case AlertEscalated(alert_id, level, _, condition):
            text = f"nobody has acknowledged {alert_id}; it escalates to level {level}"
            about = {"alert_id": alert_id, "level": level, **_of_condition(condition)}
            return "alert", text + _again(condition), about
        case AlertCleared(alert_id, _, condition):
            about = {"alert_id": alert_id, **_of_condition(condition)}
            return "alert", f"{alert_id} is over{_again(condition)}", about
    return None


def _again(condition: Condition | None) -> str:
    """Return what an alert says once more; nothing where its record does not tell."""
    return f": {condition.sentence}" if condition is not None else ""


def _of_condition(condition: Condition | None) -> Item:
    if condition is None:
        return {}
    about = {"severity": condition.severity.value, "code": condition.code}
    whose = {"account": condition.account, "strategy_id": condition.strategy_id}
    return about | {name: told for name, told in whose.items() if told}


def of_machine(fact: Any) -> Told | None:
    """Return the line of a strategy, an account, a job, the feed, or a note; None: of none."""
    match fact:
        case StrategyStarted(strategy_id, by):
            return "actor", f"{strategy_id} was started by {by}", {"strategy_id": strategy_id}
        case StrategyStopped(strategy_id, by, because=because):
            why = f", {because}" if because else ""
            text = f"{strategy_id} was stopped by {by}{why}"
            return "actor", text, {"strategy_id": strategy_id}
        case StrategyDeclared(strategy_id, _, by):
            return "actor", f"{strategy_id} was declared by {by}", {"strategy_id": strategy_id}
        case StrategyRemoved(strategy_id, by):
            return "actor", f"{strategy_id} was removed by {by}", {"strategy_id": strategy_id}
        case SessionReady(account):
            return "actor", f"{account}: the broker session is ready", {"account": account}
        case CredentialsKept(account, names, by):
            text = f"{account}: {', '.join(names)} put into the vault by {by}"
            return "actor", text, {"account": account}
        case ActorDisarmed(actor):
            return "actor", f"{actor} fell too often and was left out", {"actor": actor}
        case DeadLetter(actor, message, error):
            return "actor", f"{actor} fell over {message}: {error}", {"actor": actor}
        case JobDone(job, day, _, text):
            return "actor", f"{job.value.replace('_', ' ')} of {day}: {text}", {"job": job.value}
        case LinkDied():
            return "actor", "the feed is silent: its prices are stale", {}
        case LinkRevived():
            return "actor", "the feed brings prices again", {}
        case Noted(kind, text, _, strategy_id):
            told, about = (fact.named, {"strategy_id": strategy_id}) if strategy_id else (text, {})
            return _kind_of(kind, text), told, about
    return None


def _kind_of(kind: NoteKind, text: str) -> str:
    """Return what a note is about: routine, or what an alert is raised by, is none of its own."""
    if kind in _RAISING:
        return _RAISING[kind]
    return "risk" if kind is NoteKind.REFUSED and _ELSEWHERE.search(text) else "alert"
