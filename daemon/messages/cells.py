"""Which account a fact belongs to.

An account is a cell. Within it nobody names the account: its actors hear of nothing else. At the
wall of a cell its facts are marked with the account as they leave, and those of other cells are
kept out. The account that a ledger began with is its home: it goes unmarked, so a ledger of one
account reads as it always did.

Orders name their account by their intent; what has neither account nor order concerns everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, get_args

from msgspec import Struct
from msgspec.structs import fields, replace

from daemon.domain.orders.words import IntentRecorded, OrderNews
from daemon.messages.exits import ExitReplaced
from daemon.messages.trading import CancelAsked, CodeLoaded
from daemon.messages.views import RiskSeen

T = TypeVar("T")
_known: dict[type, bool] = {}
OF_AN_ORDER = OrderNews | CancelAsked | ExitReplaced
"""Facts that name an order, and by it its account."""
_OF_AN_ORDER = frozenset(get_args(OF_AN_ORDER))
"""The same, for a start, which asks it of each fact that there is: to look a type up is quicker."""


class Cell(Struct, frozen=True):
    """One account among those of a run.

    Attributes:
        account: its id.
        mark: what its facts carry; empty at home.
    """

    account: str
    mark: str = ""

    def owns(self, message: Any) -> bool:
        """Say whether a message is of this cell; what names no account is everybody's."""
        account = getattr(message, "account", None)
        return account is None or account in (self.mark, self.account)

    def marked(self, message: T) -> T:
        """Return a message as it leaves the cell."""
        return self._with(message, self.mark) if self.mark else message

    def bare(self, message: T) -> T:
        """Return a message of this cell as it is known within."""
        return self._with(message, "") if self.mark else message

    def facts(self, recorded: Iterable[object]) -> Iterator[object]:
        """Yield what is of this cell of all that was recorded, as it is known within."""
        orders = set[str]()
        for fact in recorded:
            if type(fact) is IntentRecorded:
                if fact.intent.account == self.account:
                    orders.add(fact.intent.intent_id)
                    yield fact
            elif type(fact) in _OF_AN_ORDER:
                if fact.intent_id in orders:  # type: ignore[attr-defined]
                    yield fact
            elif self.owns(fact):
                yield self.bare(fact)

    def _with(self, message: T, mark: str) -> T:
        if not isinstance(message, Struct) or not _is_marked(type(message)):
            return message
        return replace(message, account=mark)


def whole_of(told: Sequence[RiskSeen]) -> RiskSeen:
    """Return what is watched in all accounts, each watch with the mark of its account."""
    if len(told) == 1 and not told[0].account:
        return told[0]
    watches = tuple(replace(watch, account=risk.account) for risk in told for watch in risk.watches)
    floors = tuple(replace(floor, account=risk.account) for risk in told for floor in risk.floors)
    alive = all(risk.link_alive for risk in told)
    day = max((risk.day for risk in told if risk.day is not None), default=None)
    at_ns, priced = max(risk.at_ns for risk in told), all(risk.priced for risk in told)
    return RiskSeen(at_ns, alive, watches, floors=floors, day=day, priced=priced)


def mark_of(message: Any) -> str:
    """Return the mark that a message carries; empty at home, and for what concerns everybody."""
    return str(message.account) if _is_marked(type(message)) else ""


def _is_marked(kind: type) -> bool:
    """Say whether messages of a type carry a mark: an account that is empty at home."""
    known = _known.get(kind)
    if known is None:
        known = _known[kind] = issubclass(kind, Struct) and any(
            field.name == "account" and not field.required for field in fields(kind)
        )
    return known


def address(strategy_id: str, account: str) -> str:
    """Return a strategy in one account as people say it; without an account its id alone."""
    return f"{strategy_id}@{account}" if account else strategy_id


def home_of(recorded: Iterable[object], first: str) -> str:
    """Return the account that a ledger began with, which its facts do not name.

    Each run tells it. Records from before that show it by their orders: the account of the first of
    them that no fact was marked with until then.

    Args:
        recorded: all of it, oldest first.
        first: the account that a ledger without any such order begins with.
    """
    marks = set[str]()
    for fact in recorded:
        if isinstance(fact, CodeLoaded) and fact.home:
            return fact.home
        if isinstance(fact, IntentRecorded) and fact.intent.account not in marks:
            return fact.intent.account
        marks.add(mark_of(fact))
    return first
