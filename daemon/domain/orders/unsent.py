"""What moves a leg though no request left for it: filled the instant it is recorded."""

from __future__ import annotations

from daemon.domain.orders.words import Intent, IntentRecorded, OrderUpdated, State


def filled_unsent(intent: Intent, value_e4: int, text: str) -> tuple[IntentRecorded, OrderUpdated]:
    """Return the facts by which an intent is recorded, and filled with all its units.

    Args:
        intent: what was decided.
        value_e4: the sum of price x units.
        text: what became of it.
    """
    filled = OrderUpdated(
        intent_id=intent.intent_id,
        broker_order_id="",
        state=State.FILLED,
        filled_quantity=intent.quantity,
        filled_value_e4=value_e4,
        at_ns=intent.decided_ns,
        text=text,
    )
    return IntentRecorded(intent, intent.decided_ns), filled
