"""Readings that lack the shares of earlier days alone.

They are whole for an account that has to do with no share. None is entered in it before they come.
"""

from __future__ import annotations

from daemon.actors.order_router.broker import reconciling
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.shown import AccountRead
from daemon.messages import AccountUnread, Noted


def taken(
    desk: Desk, turn: Turn, told: AccountRead | AccountUnread, now_ns: int
) -> AccountRead | None:
    """Return what an answer tells of the whole book; None: it does not, and that is taken."""
    if isinstance(told, AccountRead):
        desk.reads.sharesless = ""
        return told
    whole = told.whole_beside(desk.book)
    if whole is None:
        reconciling.unread(desk, turn, told, now_ns)
    elif not desk.reads.sharesless:
        desk.reads.sharesless = told.because
        text = f"the account has to do with no share, and trades on; {told.because}"
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns))
    return whole
