"""Books that are not read: what an account holds is not known before its broker has told it.

Our own book is what was recorded. Until the broker's was read since the start, and where it cannot
be read any more, a position that our book lacks may be there all the same, so nobody may be told
that nothing is held. Where prices come through an account in which nobody trades, its session is
told of likewise: without it what is held is known, and guarded by nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from daemon.control.asked_session import session_of
from daemon.domain.orders.arming import READY
from daemon.messages import AccountSeen
from daemon.web.house import House
from daemon.web.told.shapes import UnreadTold

_PATIENCE_S: Final = 1
_WELL: Final = frozenset({"", READY})
"""Of a session nothing is told that is ready, or of which nobody says how it is."""


async def lacking(house: House, accounts: Sequence[AccountSeen]) -> tuple[UnreadTold, ...]:
    """Return what `unread` does, and whom prices should come through who has no session for them.

    Args:
        house: whose session keepers are asked, those of accounts in which nobody trades too.
        accounts: all of them, as their routers know them.
    """
    line = house.control.line
    others = [each for each in line.names.sessions if each not in line.names.routers]
    asked = (session_of(line, each, _PATIENCE_S) for each in others)
    books, sessions = await asyncio.gather(unread(house, accounts), asyncio.gather(*asked))
    told = (
        UnreadTold(each, session, _priceless(each, session), mode=house.modes.of(each))
        for each, session in zip(others, sessions, strict=True)
    )
    return (*books, *(each for each in told if each.text))


async def unread(house: House, accounts: Sequence[AccountSeen]) -> tuple[UnreadTold, ...]:
    """Return the accounts whose book is not read, or cannot be, with what to do.

    Args:
        house: whose session keepers are asked, of these accounts and of live ones alone.
        accounts: as their routers know them.
    """
    found = [each for each in accounts if each.live or not each.reconciled or each.overdue]
    line = house.control.line
    asked = (session_of(line, each.account, _PATIENCE_S) for each in found)
    sessions = await asyncio.gather(*asked)
    told = [
        (each.account, session, _sentence(each, session))
        for each, session in zip(found, sessions, strict=True)
    ]
    modes = house.modes
    return tuple(UnreadTold(*each, mode=modes.of(each[0])) for each in told if each[-1])


def _sentence(seen: AccountSeen, session: str) -> str:
    if not seen.reconciled:
        return sentence(seen.account, session)
    return lost(seen.account, session) or (late(seen) if seen.overdue else "")


def late(seen: AccountSeen) -> str:
    """Return what is so of an account whose book was read before, and is owed since."""
    why = f": {seen.unread}" if seen.unread else ""
    so = f"the broker's book of {seen.account} has not been read since {seen.overdue}{why}"
    return f"{so}; what may have filled since is not guarded: look at the broker"


def lost(account: str, session: str) -> str:
    """Return what is so of an account whose book was read before, and what to do; empty: it can be.

    Args:
        account: its id.
        session: the state of its session; empty: nobody says.
    """
    if session in _WELL:
        return ""
    so = f"the session of {account} is {session}: its book at the broker cannot be read"
    return f"{so}, and no order of it leaves, not even an exit: `ordo login {account}`"


def _priceless(account: str, session: str) -> str:
    """Return what is so where prices should come through an account; empty: they can."""
    if session in _WELL:
        return ""
    so = f"the session of {account} is {session}: no prices come through it, so nothing is entered"
    return f"{so}, and nothing that is held is guarded: `ordo login {account}`"


def sentence(account: str, session: str) -> str:
    """Return what is so of an account whose book was not read, and what to do.

    Args:
        account: its id.
        session: the state of its session; empty: nobody says.
    """
    so = f"the broker's book of {account} has not been read yet: what it holds is not known"
    login = f"`ordo login {account}`"
    if session == READY:
        return f"{so}; its session is {READY}, and the book is asked for: look again in a moment"
    if not session:
        return f"{so}; nobody says how its session is: look again in a moment, or {login}"
    return f"{so}; its session is {session}: {login}"
