"""Arms: an account of a live broker is entered on a day for which a person armed it."""

from __future__ import annotations

from daemon.actors.order_router.giving_up import give_up_all
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.opening.permission import unarmed_because
from daemon.actors.turn import Turn
from daemon.messages import DayEnded, DayOpened, Declined, Done
from daemon.messages.arming import AccountArmed, AccountDisarmed


def arm(desk: Desk, turn: Turn, armed: AccountArmed) -> Done | Declined:
    """Take an arm on; whether it may be given was judged by whoever gives it."""
    if not desk.terms.live:
        return Declined("cannot_arm", f"{desk.terms.account} trades on paper, and needs no arm")
    desk.apply(armed)
    turn.record(armed)
    return Done(f"{armed.account} is armed for live trading on {armed.day}")


def disarm(desk: Desk, turn: Turn, because: str, by: str, now_ns: int) -> bool:
    """Enter no further, and say whether that is news."""
    if desk.halts.armed is None:
        return False
    _disarmed(desk, turn, because, by, now_ns)
    give_up_all(desk, turn, unarmed_because(desk, now_ns), now_ns)
    return True


def lapse(desk: Desk, turn: Turn, word: DayOpened | DayEnded, now_ns: int) -> None:
    """Let an arm end with its day: when that is over, or at the next one if nobody was there."""
    armed = desk.halts.armed
    if armed is None:
        return
    if armed.day < word.day or (isinstance(word, DayEnded) and armed.day == word.day):
        _disarmed(desk, turn, f"{armed.day} is over", "ordo", now_ns)


def _disarmed(desk: Desk, turn: Turn, because: str, by: str, now_ns: int) -> None:
    disarmed = AccountDisarmed(desk.terms.account, because, by, now_ns)
    desk.apply(disarmed)
    turn.record(disarmed)
