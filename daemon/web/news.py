"""What people are told of what was recorded: one line for each fact that concerns them.

The kinds are those of the contract: order, fill, risk, kill, alert, actor. What somebody must know
of is told once as an alert: a fact that begins or ends a condition is of the kind of what it is
about, and its alert is raised and cleared. Facts that only the machine needs (prices of a day,
answers kept, who began when) are no news.
"""

from __future__ import annotations

import re
from typing import Any

from daemon.domain.instants import day_of, iso
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import divide_half_even, units
from daemon.domain.orders.words import (
    ConfirmationWanted,
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    State,
)
from daemon.domain.risk.moves import LevelMoved
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    MAY_HAVE_FILLED,
    AlertAcknowledged,
    AlertCleared,
    AlertEscalated,
    AlertRaised,
    BasketEnded,
    BasketOpened,
    BooksAgree,
    BooksDiffer,
    CredentialsKept,
    DayOpened,
    EntriesFreed,
    EntriesHeld,
    EntriesPaused,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    JobDone,
    KillStaged,
    Latched,
    LegExpired,
    LinkDied,
    LinkRevived,
    Noted,
    OrderAsked,
    Released,
    SessionReady,
    StrategyDeclared,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.messages.alerts import Condition
from daemon.messages.arming import AccountArmed, AccountDisarmed
from daemon.messages.cells import mark_of
from daemon.messages.modes import ON_PAPER, Modes
from daemon.runtime.words import ActorDisarmed, DeadLetter

Item = dict[str, Any]
_UNTOLD = frozenset({ExitReason.MANUAL, ExitReason.KILL, ExitReason.RESIDENT_STOP})
"""No rule has told of these before."""
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


class News:
    """Turns facts into lines.

    It remembers the orders of two days, whose later facts name no symbol: what is heard of one in
    the morning after is still told by its name.

    Args:
        modes: whose money each account trades with, which each line says.
    """

    def __init__(self, modes: Modes = ON_PAPER) -> None:
        self._modes = modes
        self._intents: dict[str, Intent] = {}
        self._opened_ns = 0

    def of(self, fact: Any) -> Item | None:
        """Return the line of a fact; None where it concerns nobody."""
        if isinstance(fact, DayOpened) and day_of(fact.at_ns) != day_of(self._opened_ns):
            self._forget(fact.at_ns)
        mode = self._modes.of_fact(fact)
        told = self._order(fact) or _trading(fact) or _control(fact)
        told = told or _alerts(fact) or _machine(fact)
        if told is None:
            return None
        kind, text, about = told
        if mark := mark_of(fact):
            text, about = f"{mark}: {text}", {"account": mark, **about}
        item = {"kind": kind, "fact": type(fact).__name__, "at": iso(fact.at_ns), "text": text}
        return {**item, "mode": mode, **about}

    def _forget(self, opened_ns: int) -> None:
        """A day has begun: let go of the orders from before the one that ends with it."""
        since_ns, self._opened_ns = self._opened_ns, opened_ns
        self._intents = {
            intent_id: intent
            for intent_id, intent in self._intents.items()
            if intent.decided_ns >= since_ns
        }

    def _order(self, fact: Any) -> tuple[str, str, Item] | None:
        match fact:
            case IntentRecorded(intent):
                self._intents[intent.intent_id] = intent
                priced = f" at {_rupees(intent.price_e4)}" if intent.price_e4 else ""
                if intent.trigger_e4:
                    priced += f", triggered at {_rupees(intent.trigger_e4)},"
                return "order", f"{self._name(intent.intent_id)}{priced} is sent", _of(intent)
            case OrderAccepted(intent_id):
                return "order", f"{self._name(intent_id)} is in the book", self._about(intent_id)
            case OrderRefused(intent_id, kind, text):
                text = f"{self._name(intent_id)} was refused, {kind.value}: {text}"
                return "order", text, self._about(intent_id)
            case OutcomeUnknown(intent_id, because):
                text = f"{self._name(intent_id)}: perhaps it was executed; {because}"
                return "alert", text, self._about(intent_id)
            case ConfirmationWanted(intent_id):
                text = f"{self._name(intent_id)}: {fact.said}"
                return "order", text, self._about(intent_id)
            case OrderParked(intent_id):
                text = f"{self._name(intent_id)}: nothing was heard of it; it counts as exposure"
                return "order", text, self._about(intent_id)
            case OrderUpdated():
                return self._updated(fact)
        return None

    def _updated(self, fact: OrderUpdated) -> tuple[str, str, Item]:
        about = {**self._about(fact.intent_id), "state": fact.state.value}
        name = self._name(fact.intent_id)
        because = f": {fact.text}" if fact.text else ""
        stands = f"is {fact.state.value.lower()}{because}"
        if not fact.filled_quantity:
            return "order", f"{name} {stands}", about
        average = _rupees(divide_half_even(fact.filled_value_e4, fact.filled_quantity))
        about["filled_quantity"] = fact.filled_quantity
        done = "filled" if fact.state is State.FILLED else f"{fact.filled_quantity} filled"
        rest = "" if fact.state in {State.FILLED, State.WORKING} else f", the rest {stands}"
        return "fill", f"{name}: {done} at {average}{rest}", about

    def _about(self, intent_id: str) -> Item:
        intent = self._intents.get(intent_id)
        return {"order_id": intent_id} if intent is None else _of(intent)

    def _name(self, intent_id: str) -> str:
        intent = self._intents.get(intent_id)
        if intent is None:
            return f"order {intent_id}"
        return f"{intent.side.value} {intent.quantity} {intent.symbol}"


def _rupees(amount_e4: int) -> str:
    """Return a price or an amount on two decimals: levels are finer than prices."""
    return f"{units(amount_e4):.2f}"


def _of(intent: Intent) -> Item:
    return {
        "order_id": intent.intent_id,
        "account": intent.account,
        "strategy_id": intent.strategy_id,
        "leg_id": intent.leg_id,
        "symbol": intent.symbol,
    }


def _trading(fact: Any) -> tuple[str, str, Item] | None:
    match fact:
        case BasketOpened(basket):
            about = {"strategy_id": basket.strategy_id}
            return "risk", f"{basket.strategy_id} enters {len(basket.legs)} legs", about
        case BasketEnded(_, strategy_id, because=because, waits=True):
            return (
                "risk",
                f"{strategy_id}: the entry waits, {because}",
                {"strategy_id": strategy_id},
            )
        case BasketEnded(_, strategy_id, complete, because):
            how = "goes no further" if because.endswith(MAY_HAVE_FILLED) else "failed"
            so = "is complete" if complete else f"{how}, {because}"
            text = f"{strategy_id}: the entry {so}"
            return "risk" if complete else "alert", text, {"strategy_id": strategy_id}
        case ExitDecided(strategy_id, leg_ids, reason):
            text = f"{strategy_id} leaves {', '.join(leg_ids)}: {reason.value.replace('_', ' ')}"
            return "risk", text, {"strategy_id": strategy_id, "reason": reason.value}
        case ExitOwed(_, strategy_id, leg_ids, reason, because=because) if reason in _UNTOLD:
            why = reason.value.replace("_", " ") + (because and f": {because}")
            text = f"{strategy_id} has to leave {', '.join(leg_ids)}: {why}"
            return "risk", text, {"strategy_id": strategy_id, "reason": reason.value}
        case ExitFinished(_, strategy_id, leg_ids, part=part):
            done = f"has closed {part}" if part else f"has left {', '.join(leg_ids)}"
            return "risk", f"{strategy_id} {done}", {"strategy_id": strategy_id}
        case ExitOverdue(_, strategy_id, because):
            text = f"{strategy_id}: an exit is overdue, {because}"
            return "risk", text, {"strategy_id": strategy_id}
        case LevelMoved(strategy_id, leg_id):
            about = {"strategy_id": strategy_id, "leg_id": leg_id}
            return "risk", f"{strategy_id} {leg_id}".rstrip() + f": {_level(fact)}", about
        case LegExpired(strategy_id, leg_id, symbol):
            how = "was closed outside after its day" if fact.outside else "expired"
            text = f"{strategy_id} {leg_id}: {symbol} {how} and nobody knows what it was worth"
            return "risk", text, {"strategy_id": strategy_id, "leg_id": leg_id, "symbol": symbol}
    return None


def _level(moved: LevelMoved) -> str:
    """Return what became of a stop or a floor; a floor may stand at nought, and a stop cannot."""
    word = moved.move.value.replace("_", " ")
    if moved.leg_id and not moved.to_e4:
        return f"{word} without a stop of its own"
    before = f"from {_rupees(moved.from_e4)} to" if moved.from_e4 else "at"
    return f"{word} {before} {_rupees(moved.to_e4)}"


def _control(fact: Any) -> tuple[str, str, Item] | None:
    match fact:
        case Latched(latch_id, kind, scope, name, reason, by):
            whose = f"{scope.value} {name}".rstrip()
            told = f", {reason}" if reason else ""
            about = {"kill_id": latch_id, "scope": scope.value, "id": name}
            return "kill", f"{kind.value} of {whose} by {by}{told}", about
        case Released(latch_id, by):
            return "kill", f"{latch_id} was released by {by}", {"kill_id": latch_id}
        case KillStaged(latch_id, stage, left, attempts):
            rest = f"; left: {', '.join(left)}" if left else ""
            about = {"kill_id": latch_id, "stage": stage.value}
            counted = {**about, "left": list(left), "attempts": attempts}
            return "kill", f"{latch_id} is {stage.value}{rest}", counted
        case OrderAsked(request_id, account, symbol, side, quantity, by=by):
            text = f"{by} asks to {side.value} {quantity} {symbol}"
            return "order", text, {"request_id": request_id, "account": account, "symbol": symbol}
        case AccountArmed(account, day, reason, by):
            told = f", {reason}" if reason else ""
            text = f"{account} is armed for live trading on {day} by {by}{told}"
            return "alert", text, {"account": account}
        case AccountDisarmed(account, because, by):
            text = f"{account} is armed no more, says {by}: {because}"
            return "alert", text, {"account": account}
        case EntriesPaused(because):
            return "risk", f"no new entries: {because}", {}
        case EntriesHeld(account, _, because):
            return "risk", f"{account}: entries wait: {because}", {"account": account}
        case EntriesFreed(account, by):
            text = f"{account}: entries need not wait for the {by.value} any more"
            return "risk", text, {"account": account}
        case BooksDiffer(account, symbol, ours, theirs):
            text = f"{account}: the broker shows {theirs} {fact.pocket}, our book {ours}"
            return "risk", text, {"account": account, "symbol": symbol}
        case BooksAgree(account, symbol):
            text = f"{account}: the broker shows the same {fact.pocket} as our book again"
            return "risk", text, {"account": account, "symbol": symbol}
    return None


def _alerts(fact: Any) -> tuple[str, str, Item] | None:
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


def _machine(fact: Any) -> tuple[str, str, Item] | None:
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
