"""What a broker shows of Ordo's own making, and the record does not know.

A record that was moved away to begin anew, or put back from an older copy, knows nothing of what
was sent since. The broker does: its orders carry ids of our own form. They are taken in as a
stranger's, so nobody guards them, and a strategy that has entered already would enter once more.
A short that was carried over a night is told by no order any more: that nobody knows it is reason
enough, unless it was traded today, which a list shows. A leg of that contract is known of in either
product: a broker may have carried over what was to be left on its day.
So entries of that account are latched before anything is decided by the first reading; the latch
is a file, stands through restarts, and a person who has looked releases it. A daemon on another
folder that trades in the same account looks the same, and is a reason to look as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from daemon.app.at_brokers.accounts import Account
from daemon.control.brakes import Brakes
from daemon.domain.market.instruments import parts_of
from daemon.domain.orders.book import Book
from daemon.domain.orders.ids import parse
from daemon.domain.orders.reconcile import strangers
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import IntentRecorded, Pocket, Product, State
from daemon.kill import LatchUnwritten
from daemon.messages import AccountUnread, BooksDiffer, LegExpired, PositionChanged, Scope
from daemon.messages.cells import Cell
from daemon.runtime.words import Port, Surroundings

_NAMED = 3
"""So many are named, and the others counted."""


class _Known(Struct):
    """What the record knows of one account: its orders, what it holds, and what was told of it."""

    account: str
    book: Book
    ordered: bool = False
    told: set[Pocket] = field(default_factory=set)
    legs: dict[tuple[str, str], PositionChanged] = field(default_factory=dict)

    def take(self, fact: PositionChanged | LegExpired) -> None:
        """Take in what became of a leg."""
        key = (fact.strategy_id, fact.leg_id)
        self.legs.pop(key, None)
        if isinstance(fact, PositionChanged) and fact.net_quantity:
            self.legs[key] = fact

    def held(self) -> set[Pocket]:
        """Return where something is held."""
        return {Pocket(each.symbol, each.product) for each in self.legs.values()}


class UnknownOrders:
    """Looks at the first reading of each account.

    Args:
        accounts: each with its cell.
        facts: all that was recorded so far.
        brakes: latch.
        say: tells people something.
    """

    def __init__(
        self,
        accounts: Collection[tuple[Account, Cell]],
        facts: Iterable[object],
        brakes: Callable[[], Brakes],
        say: Callable[[str], None],
    ) -> None:
        self._brakes = brakes
        self._say = say
        self._unread = {
            account.terms.broker: _Known(account.id, Book(cell.mark)) for account, cell in accounts
        }
        known = {each.account: each for each in self._unread.values()}
        marked = known | {cell.mark: known[cell.account] for _, cell in accounts}
        for fact in facts:
            match fact:
                case IntentRecorded(intent) if intent.account in known:
                    known[intent.account].book.apply(fact)
                    known[intent.account].ordered = True
                case BooksDiffer(account) if account in known:
                    known[account].told.add(fact.pocket)
                case PositionChanged() | LegExpired() if fact.account in marked:
                    marked[fact.account].take(fact)

    def around(self, around: Surroundings) -> Surroundings:
        """Return the surroundings of actors, who hear of a latch before the first reading."""
        seen = {name: partial(self._ask, name, around.ports[name]) for name in self._unread}
        return replace(around, ports={**around.ports, **seen})

    async def _ask(self, name: str, port: Port, request: Any) -> Sequence[Any]:
        answers = await port(request)
        for told in answers if name in self._unread else ():
            read = told.sharesless if isinstance(told, AccountUnread) else told
            if isinstance(read, AccountRead):
                known = self._unread.pop(name)
                because = _unknown(known, read)
                if because:
                    await self._latch(known.account, because)
        return answers

    async def _latch(self, account: str, because: str) -> None:
        """Let nothing be entered; where the disk refuses, the actors are told all the same."""
        try:
            latched = await self._brakes().pause(Scope.ACCOUNT, account, because, "ordo")
        except LatchUnwritten as error:
            self._say(f"ALERT {account} takes no entries in this run, for {because}: {error}")
        else:
            # Where a person has paused that account before, the latch says his reason.
            wait = f"entries of {account} wait for `ordo rearm {latched.latch_id}`"
            self._say(f"ALERT {because}; {wait}")


def _unknown(known: _Known, read: AccountRead) -> str:
    """Return what a reading shows that the record should know; empty: nothing."""
    sent = [
        order.client_id
        for order in strangers(known.book, read)
        if parse(order.client_id) and (order.state is State.WORKING or order.filled_quantity)
    ]
    if sent:
        return (
            f"the broker has orders of Ordo's own that this record does not know, {_shown(sent)}: "
            "it began anew, came from a copy, or another daemon trades here; look at what is held, "
            "and close what nobody guards"
        )
    held = [Pocket(each.symbol, each.product) for each in read.positions if each.net_quantity]
    new = [str(pocket) for pocket in held if pocket not in known.told]
    if new and not known.ordered:
        return (
            f"the broker holds {_shown(new)}, and this record has never known an order in "
            f"{known.account}: look whose that is, and close what nobody guards"
        )
    held_here = {pocket.symbol for pocket in known.held()}
    lost = [
        str(pocket)
        for pocket in _carried_shorts(read)
        if pocket not in known.told and pocket.symbol not in held_here
    ]
    if lost:
        return (
            f"the broker holds {_shown(lost)} since an earlier day, short, and this record does "
            "not know of it: it came from a copy, or somebody sold it while no daemon ran; look "
            "whose that is, and close what nobody guards"
        )
    return ""


def _carried_shorts(read: AccountRead) -> list[Pocket]:
    """Return which options and futures are held short, and were not traded on this day."""
    traded = {order.symbol for order in read.orders if order.filled_quantity}
    return [
        Pocket(each.symbol, each.product)
        for each in read.positions
        if each.net_quantity < 0
        and each.product is Product.CARRY
        and each.symbol not in traded
        and (parts := parts_of(each.symbol)) is not None
        and parts.expiry is not None
    ]


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
