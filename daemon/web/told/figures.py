"""The documents of the streams: profit and loss, and prices, as people and pages read them.

Amounts are rupees as JSON numbers: this is the edge where exact amounts meet a format that has
none. What is not there is null, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from daemon.domain.instants import MILLISECOND_NS, iso
from daemon.domain.money import sum_known
from daemon.messages import LegSeen, PriceSeen, RiskSeen, WatchSeen
from daemon.messages.modes import Modes
from daemon.web.told.telling import age, current_sl, price, rupees, rupees_or_none

Document = dict[str, Any]


def pnl(risk: RiskSeen, modes: Modes, *, asked: bool = False) -> Document:
    """Return the fields of a message of `/ws/pnl`.

    Args:
        risk: everything under watch; `date` is the day whose figures it holds.
        modes: every account, and whose money it trades with.
        asked: quotes are asked for in place of a feed that is dead.
    """
    sums: dict[str, list[WatchSeen]] = {account: [] for account in modes.accounts}
    for watch in risk.watches:
        sums.setdefault(watch.account or modes.home, []).append(watch)
    return {
        "market_time": iso(risk.at_ns),
        "date": risk.whose_day().isoformat(),
        "feed": {"alive": risk.link_alive, "asked": asked},
        "strategies": [
            {**_strategy(watch, watch.account or modes.home), "mode": modes.of(watch.account)}
            for watch in risk.watches
        ],
        "accounts": [
            {**_account(account, watches), "mode": modes.of(account)}
            for account, watches in sums.items()
        ],
    }


def tick(seen: PriceSeen, later_ns: int) -> Document:
    """Return one entry of a message of `/ws/ticks`.

    Args:
        seen: the price, and how old it was when it was told.
        later_ns: market time since then.
    """
    age_ms = age(seen.age_ms)
    return {
        "symbol": seen.symbol,
        "ltp": price(seen.ltp_e4),
        "bid": price(seen.bid_e4),
        "ask": price(seen.ask_e4),
        "age_ms": None if age_ms is None else age_ms + later_ns // MILLISECOND_NS,
        "stale": seen.stale,
    }


def _strategy(watch: WatchSeen, account: str) -> Document:
    return {
        "strategy_id": watch.strategy_id,
        "account": account,
        "basket_id": watch.basket_id,
        "pnl": rupees_or_none(watch.pnl_e4),
        "today": rupees_or_none(watch.today_e4),
        "realised": rupees(watch.realised_e4),
        "unrealised": rupees_or_none(watch.unrealised_e4),
        "charges": rupees_or_none(watch.charges_e4),
        "status": watch.status,
        "risk": {"status": watch.lock, "current_sl": current_sl(watch)},
        "legs": [_leg(leg, account) for leg in watch.legs],
    }


def _leg(leg: LegSeen, account: str) -> Document:
    guarded = not leg.unguarded_because
    document: Document = {
        "leg_id": leg.leg_id,
        "account": account,
        "symbol": leg.symbol,
        "side": leg.side.value,
        "quantity": leg.quantity,
        "entry": price(leg.entry_e4),
        "ltp": price(leg.ltp_e4),
        "age_ms": age(leg.age_ms),
        "pnl": rupees_or_none(leg.pnl_e4),
        "stop": price(leg.stop_e4),
        "target": price(leg.target_e4),
        "guarded": guarded,
    }
    if not guarded:
        document["unguarded_because"] = list(leg.unguarded_because)
    return document


def _account(account: str, watches: Iterable[WatchSeen]) -> Document:
    held = list(watches)
    return {
        "account": account,
        "pnl": rupees_or_none(sum_known(watch.pnl_e4 for watch in held)),
        "today": rupees_or_none(sum_known(watch.today_e4 for watch in held)),
        "realised": rupees(sum(watch.realised_e4 for watch in held)),
        "unrealised": rupees_or_none(sum_known(watch.unrealised_e4 for watch in held)),
        "charges": rupees_or_none(sum_known(watch.charges_e4 for watch in held)),
    }
