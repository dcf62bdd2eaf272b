"""What `ordo run` prints: P&L as it moves, and every event; machines are told each fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from daemon.actors.risk_watchdog import PnlSeen
from daemon.cli.words import clock, entry_name, rupees
from daemon.domain.instants import MILLISECOND_NS, iso
from daemon.domain.money import divide_half_even
from daemon.domain.orders.words import (
    ConfirmationWanted,
    OrderParked,
    OrderRefused,
    OutcomeUnknown,
)
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.moves import LevelMoved
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    AlertAcknowledged,
    AlertCleared,
    AlertEscalated,
    AlertRaised,
    BasketEnded,
    BooksAgree,
    BooksDiffer,
    CredentialsKept,
    DayEnded,
    DayOpened,
    EntriesFreed,
    EntriesHeld,
    EntriesPaused,
    EntryDecided,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    JobDone,
    KillStaged,
    Latched,
    LinkRevived,
    Noted,
    OrderAsked,
    PositionChanged,
    Released,
    StrategyDeclared,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.messages.arming import AccountArmed, AccountDisarmed
from daemon.messages.cells import address, mark_of
from daemon.messages.modes import ON_PAPER, Modes
from daemon.runtime.clock import Clock
from daemon.runtime.words import ActorDisarmed, DeadLetter, Origin

_BETWEEN_NS = 250 * MILLISECOND_NS


class Lines:
    """Says lines to people, and tells machines of facts.

    Args:
        people: takes each line for people; neither waits nor raises, for the loop calls it.
        machines: takes each fact, plain values under plain keys.
        host: host time, by which the lines of a profit are spaced.
        modes: whose money each account trades with.

    Attributes:
        seen: of each strategy the newest profit of each entry, by its basket, written or not; none
            before it first moved. In an account that is not at home it is `ID@ACCOUNT`.
    """

    def __init__(
        self,
        people: Callable[[str], None],
        machines: Callable[[Mapping[str, object]], None],
        host: Clock,
        modes: Modes = ON_PAPER,
    ) -> None:
        self._write = people
        self._machines = machines
        self._host = host
        self._modes = modes
        self._shown: dict[tuple[str, str], tuple[int, int]] = {}
        self._todays: dict[str, set[str]] = {}
        self.seen: dict[str, dict[str, PnlSeen]] = {}

    def begin(self, modes: Modes) -> None:
        """Know whose money each account trades with, and which of them is at home."""
        self._modes = modes

    def say(self, text: str) -> None:
        """Say a line to people."""
        self._write(f"{self._modes.whole.upper()}  {text}")

    def ready(self, url: str) -> None:
        """Tell that the daemon is ready; the last line is for programs too, and holds no more.

        Args:
            url: of the page; empty: there is no control port.
        """
        self.say("all that was recorded is known, and the broker's book was read")
        self._write(f"ordo ready {url}".rstrip())

    def show(self, view: object) -> None:
        """Show the profit of an entry when it has moved, at most four times a second.

        It is named by its strategy, and by its day as well where it is one of several of the day.
        """
        if not isinstance(view, PnlSeen):
            return
        name, basket_id = address(view.strategy_id, view.account), view.basket_id
        todays = self._todays.setdefault(name, set())
        todays.add(basket_id)
        if view.pnl_e4 or basket_id in self.seen.get(name, ()):
            self.seen.setdefault(name, {})[basket_id] = view
        host_ns = self._host.now_ns()
        before_ns, before_e4 = self._shown.get((name, basket_id), (-_BETWEEN_NS, 0))
        if view.pnl_e4 == before_e4 or host_ns - before_ns < _BETWEEN_NS:
            return
        self._shown[name, basket_id] = (host_ns, view.pnl_e4)
        whose = f"{name}:{entry_name(basket_id)}" if len(todays) > 1 else name
        locked = view.status == LockStatus.LOCKED
        floor = f"  locked at {rupees(view.floor_e4)}" if locked else ""
        mode = self._modes.of(view.account).upper()
        self._write(f"{clock(view.at_ns)}  {mode}  {whose}  P&L {rupees(view.pnl_e4):>10}{floor}")

    def _forget(self, name: str, basket_id: str) -> None:
        self._todays.get(name, set()).discard(basket_id)
        self.seen.get(name, {}).pop(basket_id, None)

    def tell(self, fact: object, origin: Origin, at_ns: int) -> None:
        """Write one recorded fact."""
        if isinstance(fact, DayOpened):
            self._todays.clear()
        if isinstance(fact, BasketEnded) and fact.waits:  # nothing of it has left: it is none
            self._forget(address(fact.strategy_id, fact.account), fact.basket_id)
        text = _sentence(fact)
        mark, mode = mark_of(fact), self._modes.of_fact(fact)
        if text and mark:
            text = f"{mark}: {text}"
        if text:
            self._write(f"{clock(at_ns)}  {mode.upper()}  {text}")
        self._machines(
            {
                "at": iso(at_ns),
                "level": "warning" if text.startswith("ALERT") else "info",
                "mode": mode,
                "actor": origin.actor,
                "message": origin.message,
                "cause": origin.cause,
                "event": type(fact).__name__,
                "fact": msgspec.to_builtins(fact),
            }
        )


def _sentence(fact: object) -> str:
    return _of_hands(fact) or _of_trading(fact) or _of_alerts(fact)


def _of_hands(fact: object) -> str:
    """Return what a person did, and what came of it."""
    match fact:
        case Latched(latch_id, kind, scope, name, reason, by):
            whom = f"{scope} {name}".strip()
            return f"ALERT {kind} of {whom} by {by}: {reason or 'no reason given'} ({latch_id})"
        case Released(latch_id, by):
            return f"{latch_id} is released by {by}"
        case KillStaged(latch_id, stage, left):
            return f"{latch_id}: {stage}" + (f", left: {'; '.join(left)}" if left else "")
        case StrategyStarted(strategy_id, by):
            return f"{strategy_id} takes entries, says {by}"
        case StrategyStopped(strategy_id, by, because=because):
            return f"{strategy_id} takes no more entries, says {by}" + (because and f": {because}")
        case StrategyDeclared(strategy_id, _, by):
            return f"{strategy_id} is declared by {by}, and takes no entries yet"
        case StrategyRemoved(strategy_id, by):
            return f"{strategy_id} is removed by {by}"
        case CredentialsKept(account, names, by):
            return f"{account}: {', '.join(names)} put into the vault by {by}"
        case AccountArmed(account, day, reason, by):
            return f"ALERT {account} is armed for LIVE trading on {day} by {by}" + (
                reason and f": {reason}"
            )
        case AccountDisarmed(account, because, by):
            return f"ALERT {account} is armed no more, says {by}: {because}"
        case OrderAsked(symbol=symbol, side=side, quantity=quantity, by=by):
            return f"{by} asks to {side} {quantity} {symbol}"
        case BooksDiffer(ours=ours, theirs=theirs):
            return f"ALERT {fact.pocket}: the broker holds {theirs:+d}, our book says {ours:+d}"
        case BooksAgree():
            return f"{fact.pocket}: the broker's book and ours agree again"
    return ""


def _of_alerts(fact: object) -> str:
    """Return what somebody is to acknowledge."""
    match fact:
        case AlertRaised(alert_id, condition):
            return f"ALERT {alert_id}, {condition.severity}: {condition.sentence}"
        case AlertAcknowledged(alert_id, by):
            return f"{alert_id} is acknowledged by {by}"
        case AlertEscalated(alert_id, level, _, condition):
            told = f", {condition.severity}: {condition.sentence}" if condition is not None else ""
            return f"ALERT {alert_id} is not acknowledged: level {level}{told}"
        case AlertCleared(alert_id, _, condition):
            return f"{alert_id} is over" + (f": {condition.sentence}" if condition else "")
    return ""


def _of_trading(fact: object) -> str:
    match fact:
        case DayOpened(day, sessions):
            return f"{day} " + ("opens" if sessions else "is no trading day")
        case DayEnded(day):
            return f"{day} is over"
        case JobDone(job, _, ok, text):
            return f"{'' if ok else 'ALERT '}{job.replace('_', ' ')}: {text}"
        case Noted():
            return fact.named
        case EntryDecided(strategy_id, _, basis_e4):
            return f"{strategy_id} enters, {rupees(basis_e4)} at the money"
        case PositionChanged():
            return _position(fact)
        case LevelMoved(strategy_id, leg_id, move, _, to_e4):
            whose = f"{strategy_id} {leg_id}" if leg_id else strategy_id
            # A floor may stand at nought, and a stop cannot.
            at = f"at {rupees(to_e4)}" if to_e4 or not leg_id else "without a stop of its own"
            return f"{whose} {move.replace('_', ' ')} {at}"
        case ExitDecided(strategy_id, leg_ids, reason, pnl_e4):
            return f"{strategy_id} leaves {', '.join(leg_ids)}: {reason}, P&L {rupees(pnl_e4)}"
        case ExitOwed(_, strategy_id, leg_ids, reason, because=because):
            met = ": its stop at the broker was met" if reason is ExitReason.RESIDENT_STOP else ""
            why = f", by hand: {because}" if because else met
            return f"{strategy_id} leaves {', '.join(leg_ids)}{why}" if why else ""
        case ExitFinished(_, strategy_id, leg_ids, part=part):
            out = f"is out of {', '.join(leg_ids)}"
            return f"{strategy_id} " + (f"has closed {part}" if part else out)
        case BasketEnded(_, strategy_id, because=because, waits=True):
            return f"{strategy_id} waits to enter: {because}"
        case BasketEnded(_, strategy_id):
            return f"{strategy_id} {fact.outcome}"
        case LinkRevived():
            return "prices are fresh again"
    return _warning(fact)


def _warning(fact: object) -> str:
    match fact:
        case ExitOverdue(_, strategy_id, because):
            return f"ALERT {strategy_id}: {because}"
        case EntriesPaused(because):
            return f"ALERT no more entries: {because}"
        case EntriesHeld(because=because):
            return f"ALERT entries wait: {because}"
        case EntriesFreed(by=by):
            return f"entries need not wait for the {by} any more"
        case OrderRefused(intent_id, kind, text):
            return f"order {intent_id} was refused, {kind}: {text}"
        case OutcomeUnknown(intent_id, because):
            return f"ALERT order {intent_id} may stand or not: {because}"
        case ConfirmationWanted(intent_id):
            return f"ALERT order {intent_id}: {fact.said}"
        case OrderParked(intent_id):
            return f"ALERT order {intent_id} is parked: nobody knows whether it stands"
        case DeadLetter(actor, _, error):
            return f"ALERT {actor} fell and is rebuilt: {error}"
        case ActorDisarmed(actor):
            return f"ALERT {actor} fell too often and is left out"
    return ""


def _position(changed: PositionChanged) -> str:
    bought, sold = changed.bought_quantity, changed.sold_quantity
    prices = [
        f"{word} {quantity} at {rupees(divide_half_even(value_e4, quantity))}"
        for word, quantity, value_e4 in (
            ("bought", bought, changed.bought_value_e4),
            ("sold", sold, changed.sold_value_e4),
        )
        if quantity
    ]
    return f"{changed.symbol}  {', '.join(prices)}  net {changed.net_quantity:+d}"
