"""What a broker shows of Ordo's own making, and the record does not know.

A record that was moved away to begin anew, or put back from an older copy, knows nothing of what
was sent since. The broker does: its orders carry ids of our own form. They are taken in as a
stranger's, so nobody guards them, and a strategy that has entered already would enter once more.
So entries of that account are latched before anything is decided by the first reading; the latch
is a file, stands through restarts, and a person who has looked releases it. A daemon on another
folder that trades in the same account looks the same, and is a reason to look as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from daemon.app.at_brokers.accounts import Account
from daemon.control.brakes import Brakes
from daemon.domain.orders.book import Book
from daemon.domain.orders.ids import parse
from daemon.domain.orders.reconcile import strangers
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import IntentRecorded, Pocket, State
from daemon.kill import LatchUnwritten
from daemon.messages import BooksDiffer, Scope
from daemon.messages.cells import Cell
from daemon.runtime.words import Port, Surroundings

_NAMED = 3
"""So many are named, and the others counted."""


class _Known(Struct):
    """What the record knows of one account: its orders, and what was told of its positions."""

    account: str
    book: Book
    ordered: bool = False
    told: set[Pocket] = field(default_factory=set)


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
        accounts: Iterable[tuple[Account, Cell]],
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
        for fact in facts:
            match fact:
                case IntentRecorded(intent) if intent.account in known:
                    known[intent.account].book.apply(fact)
                    known[intent.account].ordered = True
                case BooksDiffer(account) if account in known:
                    known[account].told.add(fact.pocket)

    def around(self, around: Surroundings) -> Surroundings:
        """Return the surroundings of actors, who hear of a latch before the first reading."""
        seen = {name: partial(self._ask, name, around.ports[name]) for name in self._unread}
        return replace(around, ports={**around.ports, **seen})

    async def _ask(self, name: str, port: Port, request: Any) -> Sequence[Any]:
        answers = await port(request)
        for read in answers if name in self._unread else ():
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
    return ""


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
