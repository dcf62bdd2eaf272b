"""Lines of what is traded, and of what people do about that."""

from __future__ import annotations

from typing import Any

from daemon.domain.risk.moves import LevelMoved
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    MAY_HAVE_FILLED,
    BasketEnded,
    BasketOpened,
    BooksAgree,
    BooksDiffer,
    EntriesFreed,
    EntriesHeld,
    EntriesPaused,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    KillStaged,
    Latched,
    LegExpired,
    OrderAsked,
    Released,
)
from daemon.messages.arming import AccountArmed, AccountDisarmed
from daemon.web.told.lines import Told, rupees

_UNTOLD = frozenset({ExitReason.MANUAL, ExitReason.KILL, ExitReason.RESIDENT_STOP})
"""No rule has told of these before."""


def of_trading(fact: Any) -> Told | None:
    """Return the line of an entry, an exit, or a level; None: it is of none."""
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
    before = f"from {rupees(moved.from_e4)} to" if moved.from_e4 else "at"
    return f"{word} {before} {rupees(moved.to_e4)}"


def of_control(fact: Any) -> Told | None:
    """Return the line of a kill, an arm, or of what keeps entries; None: it is of none."""
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
