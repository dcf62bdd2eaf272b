"""What people see of the watch: each leg with its levels and its guard, each entry as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.risk_watchdog.watch import Watch
from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.market.freshness import STALE_FLOOR_NS, STALE_INTERVALS
from daemon.domain.market.instruments import parts_of
from daemon.domain.market.trading_hours import Hours, trades
from daemon.domain.money import sum_known
from daemon.domain.risk import guard
from daemon.domain.risk.leg_views import LegView
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.strategy import StrategyRisk
from daemon.messages import LegSeen, WatchSeen


class Traded(Struct, frozen=True, gc=False):
    """The newest last price of a symbol, `ltp_e4` 0 while it has only a book; and its instant."""

    ltp_e4: int
    at_ns: int


class Around(Struct, frozen=True):
    """What holds for every leg at the instant of a look.

    Attributes:
        now_ns: the instant.
        link_alive: the feed's link beats.
        sessions: of the day.
        interval_ns: how far apart frames are.
        day: the last that began, on which the figures are; None: none did.
        silent: the indices that are told no more, nor what is held of them.
    """

    now_ns: int
    link_alive: bool
    sessions: Hours
    interval_ns: int
    day: date | None
    silent: frozenset[str]


class Look(Struct, frozen=True):
    """What is known of one leg beside its levels.

    Attributes:
        traded: its newest last price; None: it was never quoted.
        looked_ns: when it was last judged.
        overdue: an exit of it is past its deadline.
    """

    traded: Traded | None
    looked_ns: int
    overdue: bool


def leg_seen(leg: LegView, look: Look, around: Around) -> LegSeen:
    """Return what people see of a leg."""
    traded = look.traded or Traded(0, 0)
    age_ms = (around.now_ns - traded.at_ns) // MILLISECOND_NS if traded.ltp_e4 else -1
    return LegSeen(
        leg_id=leg.leg_id,
        symbol=leg.symbol,
        side=leg.side,
        quantity=leg.net_quantity,
        entry_e4=leg.entry_e4,
        ltp_e4=traded.ltp_e4,
        age_ms=age_ms,
        realised_e4=leg.realised_e4,
        unrealised_e4=leg.unrealised_e4,
        stop_e4=leg.stop_e4,
        target_e4=leg.target_e4,
        unguarded_because=_unguarded(leg, look, around) if leg.net_quantity else (),
        followed_e4=leg.followed_e4,
    )


def _unguarded(leg: LegView, look: Look, around: Around) -> tuple[str, ...]:
    parts = parts_of(leg.symbol) if around.silent else None
    known = guard.Watch(
        ruled=leg.ruled,
        entry_e4=leg.entry_e4,
        subscribed=look.traded is not None,
        link_alive=around.link_alive,
        priced=leg.fresh,
        unjudged=leg.unjudged,
        looked_ns=look.looked_ns,
        orders_open=trades(leg.symbol, around.sessions, around.now_ns),
        exit_overdue=look.overdue,
        index_silent=parts is not None and parts.underlying in around.silent,
    )
    patience_ns = max(STALE_FLOOR_NS, STALE_INTERVALS * around.interval_ns)
    reasons = guard.unguarded_because(known, around.now_ns, patience_ns)
    return tuple(reason.value for reason in reasons)


def watch_seen(watch: Watch, legs: Sequence[LegSeen], charges_e4: int | None) -> WatchSeen:
    """Return what people see of an entry; its legs were looked at just before."""
    risk = watch.risk
    seen = _whole(
        WatchSeen(
            strategy_id=risk.strategy_id,
            status=_status(watch),
            lock=risk.lock.status.value,
            current_sl_e4=_current_sl_e4(risk),
            pnl_e4=0,
            realised_e4=0,
            unrealised_e4=0,
            charges_e4=charges_e4,
            legs=tuple(legs),
            basket_id=watch.opened.basket.basket_id,
            best_e4=risk.lock.best_e4,
        )
    )
    before_e4 = watch.carried.before_e4
    if before_e4 is None or seen.pnl_e4 is None:
        return seen
    return replace(seen, today_e4=seen.pnl_e4 - before_e4)


def stray_seen(
    strategy_id: str, legs: Sequence[LegSeen], charges_e4: int | None, today_e4: int | None
) -> WatchSeen:
    """Return what people see of what no entry of a strategy holds, and no rule."""
    status = "open" if any(leg.quantity for leg in legs) else "flat"
    lock = LockStatus.NONE.value
    seen = WatchSeen(strategy_id, status, lock, 0, 0, 0, 0, charges_e4, tuple(legs))
    return replace(_whole(seen), today_e4=today_e4)


def _whole(seen: WatchSeen) -> WatchSeen:
    """Return it with the sums over its legs."""
    return replace(
        seen,
        pnl_e4=sum_known(leg.pnl_e4 for leg in seen.legs),
        realised_e4=sum(leg.realised_e4 for leg in seen.legs),
        unrealised_e4=sum_known(leg.unrealised_e4 for leg in seen.legs),
    )


def _status(watch: Watch) -> str:
    if not (watch.entering or watch.is_open):
        return "flat"
    if watch.leaving is not None or (watch.is_open and not watch.free_legs()):
        return "leaving"
    return "entering" if watch.entering else "open"


def _current_sl_e4(risk: StrategyRisk) -> int:
    if risk.lock.status is LockStatus.LOCKED:
        return risk.lock.floor_e4
    floor_e4 = risk.thresholds.floor_e4
    return floor_e4 if floor_e4 > -NEVER else 0
