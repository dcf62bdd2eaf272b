"""The sentences of `ordo why`: what each record says, and which step of the chain it is."""

from __future__ import annotations

from enum import StrEnum

from daemon import messages as m
from daemon.cli.words import rupees
from daemon.domain.instants import wall_of
from daemon.domain.money import divide_half_even
from daemon.domain.orders import words as orders
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason
from daemon.storage.codec import Recorded


class Step(StrEnum):
    """What a record is in the chain from tick to fill."""

    FRAME = "frame"
    HAND = "hand"
    RULE = "rule"
    DECISION = "decision"
    INTENT = "intent"
    REPLY = "reply"
    FILL = "fill"
    POSITION = "position"
    END = "end"
    OTHER = "other"


_REASONS = {
    ExitReason.STOP: "its stop was met",
    ExitReason.TARGET: "its target was met",
    ExitReason.TRAIL: "its trailed stop was met",
    ExitReason.COMBINED_PREMIUM: "the stop of the combined premium was met",
    ExitReason.STRATEGY_STOP: "the stop of the whole strategy was met",
    ExitReason.STRATEGY_TARGET: "the target of the whole strategy was met",
    ExitReason.LOCK: "its profit fell to the floor that was locked",
    ExitReason.TIME: "its time was over",
    ExitReason.UNWIND: "its entry did not become complete",
    ExitReason.ACCOUNT_LOSS: "the account's loss of a day was reached",
    ExitReason.ACCOUNT_PROFIT: "the account's profit of a day was reached",
    ExitReason.STALE: "no fresh price was known for too long",
    ExitReason.MANUAL: "a person wanted it",
    ExitReason.KILL: "a kill wanted it",
    ExitReason.EXPIRY: "its contract expired",
    ExitReason.RESIDENT_STOP: "the stop that rested at the broker was met",
}
_MOVES = {
    Move.ARMED: "is set",
    Move.TRAILED: "is trailed",
    Move.ADJUSTED: "is moved by hand",
    Move.LOCKED: "is locked",
    Move.FLOOR_RAISED: "is raised",
}
_HANDS = "told by the clock or from outside"


def clock(at_ns: int) -> str:
    """Return what Indian clocks show, to the millisecond."""
    return wall_of(at_ns).isoformat("milliseconds")


def frame_sentence(frame_ns: int, *, by_frame: bool) -> str:
    """Return what the decision came of."""
    if not frame_ns:
        return f"{_HANDS}, before any frame"
    if by_frame:
        return f"the frame of {clock(frame_ns)} came in"
    return f"{_HANDS}; the newest prices were those of {clock(frame_ns)}"


def sentence_of(fact: Recorded) -> tuple[Step, str]:
    """Return the step that a fact is, and what it says in one sentence."""
    match fact:
        case m.EntryDecided():
            return Step.DECISION, _entry(fact)
        case m.ExitDecided(strategy_id, leg_ids, reason, pnl_e4):
            legs, why = ", ".join(leg_ids), _REASONS[reason]
            return Step.DECISION, f"{strategy_id} leaves {legs} at {rupees(pnl_e4)}: {why}"
        case LevelMoved():
            return Step.RULE, _level(fact)
        case m.BasketOpened(basket, version=version):
            legs = ", ".join(f"{leg.side} {leg.quantity} {leg.symbol}" for leg in basket.legs)
            which = f", version {version[:12]}," if version else ""
            return Step.RULE, f"{basket.strategy_id}{which} is to {legs}"
        case m.ExitOwed(exit_id, strategy_id, leg_ids, reason, because=because):
            legs, why = ", ".join(leg_ids), _REASONS[reason] + (because and f": {because}")
            return Step.RULE, f"{exit_id} is owed: {strategy_id} out of {legs}, because {why}"
        case m.Latched() | m.OrderAsked() | m.StrategyStopped() | m.StrategyStarted():
            return Step.HAND, _hand(fact)
        case m.StrategyDeclared(strategy_id, _, by):
            return Step.HAND, f"{by} declared {strategy_id}"
        case m.StrategyRemoved(strategy_id, by):
            return Step.HAND, f"{by} removed {strategy_id}"
        case orders.IntentRecorded(intent):
            return Step.INTENT, f"{intent.intent_id} is wanted: {wanted(intent)}"
    return _reply(fact)


def wanted(intent: orders.Intent) -> str:
    """Return what an order is for."""
    priced = str(intent.order_type)
    if intent.price_e4:  # a stranger's may have none
        priced += f" {rupees(intent.price_e4)}"
    if intent.trigger_e4:
        priced += f", triggered at {rupees(intent.trigger_e4)}"
    return f"{intent.side} {intent.quantity} {intent.pocket}, {priced}"


def average(quantity: int, value_e4: int) -> str:
    """Return a number of units and the price of one, on average."""
    return f"{quantity} at {rupees(divide_half_even(value_e4, quantity))}"


def _entry(decided: m.EntryDecided) -> str:
    quotes = ", ".join(
        f"{leg_id} {symbol} bid {rupees(bid_e4)} ask {rupees(ask_e4)}"
        for leg_id, symbol, bid_e4, ask_e4 in decided.legs
    )
    basis = rupees(decided.basis_e4)
    return f"{decided.strategy_id} enters, {basis} at the money, on these quotes: {quotes}"


def _level(moved: LevelMoved) -> str:
    whose = f"the stop of {moved.strategy_id} {moved.leg_id}"
    if moved.leg_id and not moved.to_e4:  # a floor may stand at nought, and a stop cannot
        return f"{moved.strategy_id} {moved.leg_id} has no stop of its own"
    if not moved.leg_id:
        whose = f"the floor of {moved.strategy_id}"
    before = f" from {rupees(moved.from_e4)}" if moved.from_e4 else ""
    best = f", the best so far {rupees(moved.best_e4)}" if moved.best_e4 else ""
    return f"{whose} {_MOVES[moved.move]}{before} to {rupees(moved.to_e4)}{best}"


def _hand(fact: Recorded) -> str:
    match fact:
        case m.Latched(latch_id, kind, scope, name, reason, by):
            reach = f"{scope} {name}" if name else str(scope)
            return f"{by} pulled {latch_id}, a {kind} of {reach}: {reason or 'no reason given'}"
        case m.OrderAsked(request_id, account, symbol, side, quantity, order_type):
            what = f"{side} {quantity} {symbol}, {order_type}, in {account}"
            return f"{fact.by} asked for it by hand: {what} (request {request_id})"
        case m.StrategyStopped(strategy_id, by, because=because):
            return f"{by} stopped {strategy_id}" + (because and f": {because}")
    assert isinstance(fact, m.StrategyStarted), "the last of the four"
    return f"{fact.by} started {fact.strategy_id}"


def _reply(fact: Recorded) -> tuple[Step, str]:
    match fact:
        case orders.OrderAccepted(intent_id, broker_order_id):
            return Step.REPLY, f"the broker took {intent_id} as {broker_order_id}"
        case orders.OrderRefused(intent_id, kind, text):
            return Step.REPLY, f"the broker refused {intent_id}, {kind}: {text}"
        case orders.OutcomeUnknown(intent_id, because):
            return Step.REPLY, f"{intent_id} may stand or not: {because}"
        case orders.ConfirmationWanted(intent_id):
            return Step.REPLY, f"{intent_id}: {fact.said}"
        case orders.OrderParked(intent_id):
            return Step.REPLY, f"{intent_id} is parked: nobody knows whether it stands"
        case orders.OrderUpdated():
            return _update(fact)
        case m.PositionChanged():
            return Step.POSITION, _position(fact)
    return _ended(fact)


def _update(update: orders.OrderUpdated) -> tuple[Step, str]:
    what = f"the broker's book shows {update.broker_order_id or update.intent_id}"
    what += f" {update.state}"
    why = f", {update.kind}" if update.kind else ""
    said = f": {update.text}" if update.text else ""
    if update.filled_quantity > 0:
        filled = average(update.filled_quantity, update.filled_value_e4)
        return Step.FILL, f"{what}{why}, filled {filled}{said}"
    return Step.REPLY, f"{what}{why}{said}"


def _position(changed: m.PositionChanged) -> str:
    sides = (
        ("bought", changed.bought_quantity, changed.bought_value_e4),
        ("sold", changed.sold_quantity, changed.sold_value_e4),
    )
    traded = ", ".join(f"{how} {average(units, value)}" for how, units, value in sides if units > 0)
    held = f"{changed.net_quantity:+d}" if changed.net_quantity else "nothing any more"
    return f"{changed.strategy_id} {changed.leg_id} holds {held}: {traded}"


def _ended(fact: Recorded) -> tuple[Step, str]:
    match fact:
        case m.BasketEnded(_, strategy_id):
            return Step.END, f"{strategy_id} {fact.outcome}"
        case m.ExitFinished(exit_id, strategy_id, leg_ids, part=part):
            done = f"has closed {part}" if part else f"is out of {', '.join(leg_ids)}"
            return Step.END, f"{exit_id} is done: {strategy_id} {done}"
        case m.ExitOverdue(exit_id, _, because):
            return Step.END, f"{exit_id} is overdue: {because}"
    return Step.OTHER, f"beside it: {type(fact).__name__}"
