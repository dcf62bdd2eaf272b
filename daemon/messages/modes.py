"""Whose money it is: paper or live, of each account and of what is told of it.

The word is that of the account: one on paper says paper in a live daemon too. What concerns no
account, or one that is not known, has the word of the whole, which is live where one account is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Protocol

from daemon.domain.orders.arming import LIVE, PAPER, Mode, mode_of
from daemon.domain.orders.words import IntentRecorded
from daemon.messages.alerts import AlertCleared, AlertEscalated, AlertRaised
from daemon.messages.cells import OF_AN_ORDER

_REMEMBERED: Final = 20_000
"""More orders than all accounts of a daemon send in a day; older ones are forgotten."""


class Accounted(Protocol):
    """An account, as far as its word hangs on it."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def broker(self) -> str:
        """The canonical id of its broker."""
        ...


class Modes:
    """Knows the word of each account.

    Args:
        modes: `paper` or `live` by account.
        home: the account that what carries no mark belongs to; empty: the first.

    Attributes:
        home: that account.
        whole: live where one account is.
    """

    def __init__(self, modes: Mapping[str, Mode], home: str = "") -> None:
        self.home = home or next(iter(modes), "")
        self._modes = {name: modes[name] for name in (self.home, *modes) if name in modes}
        self._orders: dict[str, str] = {}
        self.whole: Mode = LIVE if LIVE in self._modes.values() else PAPER
        self._alike = len(set(self._modes.values())) <= 1

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account, that at home first."""
        return tuple(self._modes)

    def of(self, account: str) -> Mode:
        """Return the word of an account; empty: of the one at home."""
        return self._modes.get(account or self.home, self.whole)

    def of_all(self, accounts: Iterable[str]) -> Mode:
        """Return the word of several accounts: live where one of them is; of none, that of all."""
        words = {self.of(each) for each in accounts}
        return LIVE if LIVE in words else PAPER if words else self.whole

    def of_fact(self, fact: Any) -> Mode:
        """Return the word of what was recorded; later news of an order knows it by the order."""
        if self._alike:
            return self.whole
        account = self._account_of(fact)
        return self.whole if account is None else self.of(account)

    def _account_of(self, fact: Any) -> str | None:
        """Return whose a fact is; None: everybody's, or nobody knows."""
        if isinstance(fact, IntentRecorded):
            self._orders[fact.intent.intent_id] = fact.intent.account
            while len(self._orders) > _REMEMBERED:
                del self._orders[next(iter(self._orders))]
            return fact.intent.account
        if isinstance(fact, OF_AN_ORDER):
            return self._orders.get(fact.intent_id)
        if isinstance(fact, AlertRaised | AlertEscalated | AlertCleared):
            return (fact.condition.account or None) if fact.condition is not None else None
        account: str | None = getattr(fact, "account", None)
        return account


def modes_of(accounts: Collection[Accounted], home: str = "") -> Modes:
    """Return whose money each account trades with.

    Args:
        accounts: all of them.
        home: the account that what carries no mark belongs to; empty: the first.
    """
    return Modes({account.id: mode_of(account.broker) for account in accounts}, home)


ON_PAPER: Final = Modes({})
"""Where there is no account that money is traded in."""
