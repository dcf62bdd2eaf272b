"""Which level an exit went by, by what was recorded of its strategy before it."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.domain.orders.words import Intent, IntentRecorded, Purpose
from daemon.domain.risk.moves import LevelMoved
from daemon.storage.codec import Recorded


def level_behind(
    newest_first: Sequence[Recorded], intent: Intent, leg_id: str
) -> LevelMoved | None:
    """Return the newest move of a leg's stop, or of the floor under what is left; None: none.

    Args:
        newest_first: the moves and intents of the strategy before the exit.
        intent: of the order that leaves.
        leg_id: whose stop; empty: the floor, of the entry that the order's own leg belongs to.
    """
    of_leg = (intent.account, intent.strategy_id, intent.leg_id)
    entries = (
        fact.intent.parent
        for fact in newest_first
        if isinstance(fact, IntentRecorded)
        and fact.intent.purpose is Purpose.ENTRY
        and (fact.intent.account, fact.intent.strategy_id, fact.intent.leg_id) == of_leg
    )
    entry = "" if leg_id else next(entries, "")
    moves = (
        fact for fact in newest_first if isinstance(fact, LevelMoved) and fact.leg_id == leg_id
    )
    return next((fact for fact in moves if leg_id or fact.basket_id in ("", entry)), None)
