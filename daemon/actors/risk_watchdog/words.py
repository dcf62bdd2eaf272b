"""What the watchdog says to itself and to people, and what it records of a day."""

from __future__ import annotations

from msgspec import Struct

from daemon.actors.risk_watchdog.watch import Watch, worth_e4
from daemon.domain.market.frames import Frame
from daemon.domain.risk.hours import GRACE_NS, alarm_at, brought_forward
from daemon.domain.risk.leg_views import LegView
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    DayEnded,
    DayMarked,
    DayOpened,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    FramePolled,
    LegExpired,
    LinkDied,
    LinkRevived,
    PaceLearnt,
    PositionChanged,
    Pulsed,
)
from daemon.runtime.words import Alarm, Lane, Show

HEARS = (
    Frame,
    FramePolled,
    DayOpened,
    DayEnded,
    LinkDied,
    LinkRevived,
    PaceLearnt,
    BasketOpened,
    BasketEnded,
    PositionChanged,
    ExitOwed,
    ExitFinished,
    ExitOverdue,
    LegExpired,
    Pulsed,
)
_GRACE_INTERVALS = 3


class ExitTime(Struct, frozen=True):
    """A strategy's exit time has passed, whether or not a frame brought it."""

    strategy_id: str


class PnlSeen(Struct, frozen=True, gc=False):
    """A strategy's profit on a frame, before charges, for people to see.

    Each of its entries has its own, by `basket_id`.
    """

    strategy_id: str
    pnl_e4: int
    status: str
    floor_e4: int
    at_ns: int
    account: str = ""
    basket_id: str = ""


def pnl_seen(watch: Watch, now_ns: int) -> tuple[Show, ...]:
    """Return the profit of an entry for people to see; nothing while nobody knows it.

    In what the frames are judged by, a leg that no price has ever come of counts as worth what it
    was entered at.
    """
    risk, basket_id = watch.risk, watch.opened.basket.basket_id
    whole = risk.pnl.is_whole(risk.pnl.last_ns)
    if not whole and any(leg.pnl_e4 is None for leg in risk.legs()):
        return ()
    lock, pnl_e4 = risk.lock, risk.pnl.last_e4
    seen = PnlSeen(
        risk.strategy_id, pnl_e4, lock.status, lock.floor_e4, now_ns, basket_id=basket_id
    )
    return (Show(seen),)


def marked(watch: Watch, ended: DayEnded, last_ns: int, opened_ns: int = 0) -> DayMarked:
    """Return how a day went; what is flat is worth the same on every later frame of the day.

    Args:
        watch: of which entry.
        ended: which day.
        last_ns: when its last frame was.
        opened_ns: when its market opened; 0: it stayed closed.
    """
    pnl, lock = watch.risk.pnl, watch.risk.lock
    valued = [leg for leg in watch.risk.legs() if leg.net_quantity and leg.mark_e4 >= 0]
    held = [leg for leg in valued if pnl.last_ns or _is_seen(watch, leg, opened_ns)]
    valued_ns = pnl.last_ns if watch.is_open else max(pnl.last_ns, last_ns)
    low, high = (pnl.low_e4, pnl.low_ns), (pnl.high_e4, pnl.high_ns)
    now_e4 = worth_e4(watch)
    if now_e4 != pnl.last_e4:  # a leg was left after the last frame: none has valued that
        low, high = min(low, (now_e4, valued_ns)), max(high, (now_e4, valued_ns))
    return DayMarked(
        strategy_id=watch.risk.strategy_id,
        day=ended.day,
        low=(low[1], low[0]) if pnl.low_ns else None,
        high=(high[1], high[0]) if pnl.high_ns else None,
        last=(valued_ns, now_e4) if pnl.last_ns else None,
        status=lock.status,
        floor_e4=lock.floor_e4,
        marks=tuple((leg.leg_id, leg.mark_e4) for leg in held),
        at_ns=ended.at_ns,
        basket_id=watch.opened.basket.basket_id,
    )


def _is_seen(watch: Watch, leg: LegView, opened_ns: int) -> bool:
    """Say whether a mark is of the day, though its entry was never valued on it.

    What is known from a day before marks no day that nobody saw; on one without a market it is
    still the price, if the last that had one was seen to its end.
    """
    if opened_ns:
        return leg.seen_ns >= opened_ns
    return leg.seen_ns > 0 and watch.carried.unseen is None


def exit_alarm(
    opened: BasketOpened, sessions: tuple[tuple[int, int], ...], interval_ns: int
) -> Alarm:
    """Return the alarm of a square-off that no frame brings; yesterday's is rung by today's.

    One of today is rung before the close of today, which was perhaps not known at the entry.

    Args:
        opened: what is to be left.
        sessions: of the day; none on a closed one.
        interval_ns: how far frames lie apart; a frame in its time goes before the alarm.
    """
    exit_ns, close_ns = opened.exit_ns, opened.close_ns
    if sessions and exit_ns < sessions[0][0]:
        exit_ns, close_ns = sessions[0][0], sessions[-1][1]
    elif sessions and (early_ns := brought_forward(exit_ns, sessions[-1][1])) < exit_ns:
        exit_ns, close_ns = early_ns, sessions[-1][1]
    grace_ns = max(GRACE_NS, _GRACE_INTERVALS * interval_ns)
    at_ns = alarm_at(exit_ns, close_ns, grace_ns)
    return Alarm(at_ns, ExitTime(opened.basket.strategy_id), Lane.CONTROL)
