"""What is around the accounts that are closed: on paper, or at a broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from daemon.brokers.door import Door
from daemon.domain.market.frames import Quote
from daemon.domain.orders.words import OrderUpdated


class World(Protocol):
    """The accounts, and the market around them."""

    @property
    def doors(self) -> Mapping[str, Door]:
        """The last line before each account that can be closed from here, by its id."""
        ...

    @property
    def others(self) -> Sequence[str]:
        """What may be open and cannot be closed from here, a sentence each."""
        ...

    @property
    def patience_s(self) -> float | None:
        """How long one account may hold up the others' next round; None: each answers at once."""
        ...

    @property
    def quotes(self) -> Mapping[str, Quote]:
        """The newest, by symbol."""
        ...

    def now_ns(self) -> int:
        """Return market time."""
        ...

    async def ready(self, account: str) -> str:
        """See that an account can be asked; return why not, empty where it can.

        Raises:
            SessionRefused: nobody can ask it any more from here.
        """
        ...

    async def price(self, account: str, symbols: Iterable[str]) -> str:
        """See that the quotes are the newest; return why they are not, empty where they are."""
        ...

    async def go_on(self) -> Mapping[str, Sequence[OrderUpdated]] | None:
        """Let the market go on.

        Returns:
            What that filled, by account, as far as nobody need ask for it; None: it is over for
            today.
        """
        ...


def unlatched(account: str, strategy_id: str) -> str:  # noqa: ARG001  nothing is entered here
    """Say that no latch keeps an entry back."""
    return ""
