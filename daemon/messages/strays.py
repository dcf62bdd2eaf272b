"""Strays: accounts that hold something by the records, and stand otherwise in the settings.

One that is not there would be guarded by nobody. One that is at another broker would be worse off:
what was held on paper would be bought back with money, and what is held with money on paper.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from daemon.domain.instants import day_of
from daemon.domain.market.instruments import parts_of
from daemon.domain.orders.arming import LIVE, PAPER, mode_of
from daemon.domain.orders.book import Book
from daemon.domain.orders.reconcile import is_strangers
from daemon.domain.orders.words import Intent, IntentRecorded, OrderNews
from daemon.messages.modes import Accounted
from daemon.messages.trading import CodeLoaded


def strays(recorded: Sequence[object], accounts: Collection[Accounted]) -> dict[str, str]:
    """Return, by account, what it holds or has on its way elsewhere, and what to do; a sentence.

    Args:
        recorded: all of it, oldest first.
        accounts: those that the settings have.
    """
    where, there = _recorded_at(recorded), {each.id: each.broker for each in accounts}
    found = {}
    newest = day_of(_newest_ns(recorded))
    for account, book in _books(recorded, where, there).items():
        open_there = _open_in(book, newest)
        if open_there:
            found[account] = _sentence(account, open_there, where.get(account, ""), there)
    return found


def _recorded_at(recorded: Sequence[object]) -> dict[str, str]:
    """Return where each account was traded last: its broker, or `live` where that was not told."""
    where: dict[str, str] = {}
    for fact in recorded:
        if isinstance(fact, CodeLoaded):
            where.update(fact.modes)
            where.update(fact.brokers)
    return where


def _newest_ns(recorded: Sequence[object]) -> int:
    """Return the newest instant at which a run began, or an order was decided in any account."""
    newest_ns = 0
    for fact in recorded:
        match fact:
            case CodeLoaded(at_ns=at_ns) | IntentRecorded(Intent(decided_ns=at_ns)):
                newest_ns = max(newest_ns, at_ns)
    return newest_ns


def _books(
    recorded: Sequence[object], where: Mapping[str, str], there: Mapping[str, str]
) -> dict[str, Book]:
    """Return the books of those accounts alone, for a long record has many orders."""
    at_home = {name for name, broker in there.items() if _is_at(broker, where.get(name, broker))}
    books: dict[str, Book] = {}
    owners: dict[str, str] = {}
    for fact in recorded:
        if isinstance(fact, IntentRecorded):
            account = fact.intent.account
            if account not in at_home:
                owners[fact.intent.intent_id] = account
                books.setdefault(account, Book()).apply(fact)
        elif owners and isinstance(fact, OrderNews) and fact.intent_id in owners:
            books[owners[fact.intent_id]].apply(fact)
    return books


def _is_at(broker: str, recorded: str) -> bool:
    return recorded in (broker, LIVE) if mode_of(broker) == LIVE else recorded == PAPER


def _open_in(book: Book, newest: date) -> str:
    """Return what a book holds, and what of ours may still fill; empty: nothing.

    An order fills on its own day alone, at every broker, and one that was proven to be over with it
    has ended in the record. What has expired is held nowhere. A stranger's order is his.

    Args:
        book: of the account.
        newest: the newest day of the record.
    """
    held = [symbol for symbol in book.symbols() if book.net(symbol) and _lives(symbol, newest)]
    orders = [
        f"{order.intent.intent_id}, {order.intent.side} {order.remaining_quantity} "
        f"{order.intent.symbol}"
        for order in book.open_orders()
        if not is_strangers(order.intent) and day_of(order.intent.decided_ns) >= newest
    ]
    holds = f"holds {', '.join(held)}" if held else ""
    waits = f"has orders that may have filled ({'; '.join(orders)})" if orders else ""
    return " and ".join(filter(None, (holds, waits)))


def _lives(symbol: str, day: date) -> bool:
    """Say whether a contract has not expired before a day; what is none never does."""
    parts = parts_of(symbol)
    return parts is None or parts.expiry is None or parts.expiry >= day


def _sentence(account: str, open_there: str, recorded: str, there: Mapping[str, str]) -> str:
    at = {"": "", PAPER: " on paper", LIVE: " at a live broker"}.get(recorded, f" at {recorded}")
    has = f"account {account} {open_there}{at} by the records of this state folder, and"
    broker = there.get(account)
    if broker is None:
        return (
            f"{has} the settings have no such account but {', '.join(there)}; put [[accounts]] "
            f'id = "{account}" back until that is over, or name another [daemon] state_dir'
        )
    settings = "on paper" if broker == PAPER else f"at {broker}"
    return (
        f"{has} the settings have it {settings}; put its broker back until that is over, or name "
        "another [daemon] state_dir"
    )
