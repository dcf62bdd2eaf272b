"""What people are told of what was recorded: one line for each fact that concerns them.

The kinds are those of the contract: order, fill, risk, kill, alert, actor. What somebody must know
of is told once as an alert: a fact that begins or ends a condition is of the kind of what it is
about, and its alert is raised and cleared. Facts that only the machine needs (prices of a day,
answers kept, who began when) are no news.
"""

from __future__ import annotations

from typing import Any

from daemon.domain.instants import day_of, iso
from daemon.domain.money import divide_half_even
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
from daemon.messages import DayOpened
from daemon.messages.cells import mark_of
from daemon.messages.modes import ON_PAPER, Modes
from daemon.web.told.lines import Item, Told, rupees
from daemon.web.told.machine_lines import of_alert, of_machine
from daemon.web.told.trading_lines import of_control, of_trading


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
        told = self._order(fact) or of_trading(fact) or of_control(fact)
        told = told or of_alert(fact) or of_machine(fact)
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

    def _order(self, fact: Any) -> Told | None:
        match fact:
            case IntentRecorded(intent):
                self._intents[intent.intent_id] = intent
                priced = f" at {rupees(intent.price_e4)}" if intent.price_e4 else ""
                if intent.trigger_e4:
                    priced += f", triggered at {rupees(intent.trigger_e4)},"
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

    def _updated(self, fact: OrderUpdated) -> Told:
        about = {**self._about(fact.intent_id), "state": fact.state.value}
        name = self._name(fact.intent_id)
        because = f": {fact.text}" if fact.text else ""
        stands = f"is {fact.state.value.lower()}{because}"
        if not fact.filled_quantity:
            return "order", f"{name} {stands}", about
        average = rupees(divide_half_even(fact.filled_value_e4, fact.filled_quantity))
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


def _of(intent: Intent) -> Item:
    return {
        "order_id": intent.intent_id,
        "account": intent.account,
        "strategy_id": intent.strategy_id,
        "leg_id": intent.leg_id,
        "symbol": intent.symbol,
    }
