"""What the rules of risk say: a level has moved, a position is to be left.

A level that moves is a fact, recorded before anybody relies on it, so that a restart finds the
stops and floors that stood; it carries the level after the move, so nobody adds moves up.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from daemon.domain.risk.words import ExitReason

NEVER = 1 << 62
"""Beyond every price and amount: the place of a level that is not there."""


class Move(StrEnum):
    """What moved a level."""

    ARMED = "armed"
    TRAILED = "trailed"
    ADJUSTED = "adjusted"
    LOCKED = "locked"
    FLOOR_RAISED = "floor_raised"


class LevelMoved(Struct, frozen=True, tag=True):
    """A stop or a floor stands elsewhere now.

    Attributes:
        strategy_id: whose.
        leg_id: of which leg, a price; empty for a level of the whole strategy, an amount.
        move: what moved it.
        from_e4: where it stood; 0 where there was none.
        to_e4: where it stands.
        at_ns: the market instant of the decision.
        best_e4: the most favourable price, or profit, that the level has followed so far.
        account: the mark of the account that it is recorded in.
        basket_id: of which of the strategy's entries; empty: recorded before that was told, or of
            the account's day.
    """

    strategy_id: str
    leg_id: str
    move: Move
    from_e4: int
    to_e4: int
    at_ns: int
    best_e4: int = 0
    account: str = ""
    basket_id: str = ""


class Exit(Struct, frozen=True, tag=True):
    """Leave these legs.

    Attributes:
        strategy_id: whose.
        leg_ids: which, all of them open.
        reason: the first rule that held.
        at_ns: the market instant of the decision.
    """

    strategy_id: str
    leg_ids: tuple[str, ...]
    reason: ExitReason
    at_ns: int


Verdict = LevelMoved | Exit
