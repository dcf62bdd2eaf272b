"""What a router may ask of a broker, and what it is answered.

An answer is a sequence of messages, the direct one first. A write is answered with exactly one of
`OrderAccepted`, `OrderRefused`, `OutcomeUnknown` and `ConfirmationWanted`; whatever else follows is
the broker's own evidence. A time-out is `OutcomeUnknown`, never a refusal. What the broker asks
before it takes an order is `ConfirmationWanted`: a person may answer that, and a port never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from daemon.domain.orders.limits import Approved
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import OrderAnswer, OrderUpdated
from daemon.messages import (
    AccountRead,
    AccountUnread,
    CancelAnswered,
    LoggedIn,
    LoginFailed,
    MarginRead,
    OrderNotFound,
    StepWanted,
)

Answer = OrderAnswer | OrderUpdated | CancelAnswered
Found = OrderUpdated | OrderNotFound
Read = OrderUpdated | AccountRead | AccountUnread
Counted = OrderUpdated | MarginRead


class Broker(Protocol):
    """One account at one broker."""

    async def place(self, approved: Approved) -> Sequence[Answer]:
        """Ask for an order; asked once per intent, whatever is answered."""
        ...

    async def cancel(self, intent_id: str, broker_order_id: str) -> Sequence[Answer]:
        """Ask that an order be taken out of the book."""
        ...

    async def log_in(self, generation: int) -> Sequence[LoggedIn | LoginFailed | StepWanted]:
        """Ask for a session, without waiting for a person; the generation comes back."""
        ...

    async def find(self, intent_id: str) -> Sequence[Found]:
        """Look an order up by our own id; several where the broker made several of it."""
        ...

    async def read(self) -> Sequence[Read]:
        """Read the whole book; what happened of late may precede it, `AccountRead` comes last.

        Where a part does not come without which what is held cannot be compared, `AccountUnread`
        comes last, and what happened of late is evidence all the same. Where only an order that is
        not known as ours cannot be understood, it bears the rest of the book.
        """
        ...

    async def margin(self, parent: str, legs: Sequence[MarginLeg]) -> Sequence[Counted]:
        """Say what margin legs need and what is free for them; `MarginRead` comes last."""
        ...
