"""From the daemon's own words to what is told outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from daemon import kill
from daemon.control import Outcome
from daemon.domain.instants import iso
from daemon.domain.money import E4, sum_known
from daemon.domain.orders.arming import LIVE, PAPER, Mode
from daemon.domain.orders.heard import Order
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.messages import (
    AccountSeen,
    CodeLoaded,
    Done,
    HeldSeen,
    LegSeen,
    PriceSeen,
    StrategySeen,
    WatchSeen,
)
from daemon.web.told.deed_shapes import DoneTold
from daemon.web.told.shapes import (
    AccountTold,
    ArmTold,
    CodeTold,
    DayProfitTold,
    LatchTold,
    LegTold,
    OrderTold,
    PositionTold,
    PriceTold,
    ProfitTold,
    RestingTold,
    RiskTold,
    SessionTold,
    StrategyTold,
    WatchTold,
)


def rupees(amount_e4: int) -> float:
    """Return an amount as a JSON number."""
    return amount_e4 / E4


def age(age_ms: int) -> int | None:
    """Return how old a price is; null where there never was one."""
    return None if age_ms < 0 else age_ms


def rupees_or_none(amount_e4: int | None) -> float | None:
    """Return an amount; null where it is not known."""
    return None if amount_e4 is None else rupees(amount_e4)


def price(price_e4: int) -> float | None:
    """Return a price; null where there is none."""
    return price_e4 / E4 if price_e4 else None


def current_sl(watch: WatchSeen) -> float | None:
    """Return the profit at which a strategy is left; null where there is no such level.

    Beside futures or shares the combined premium stop is none: it counts the options alone. A
    floor may stand at nought: then break-even is what is locked.
    """
    locked = watch.lock == LockStatus.LOCKED
    return rupees(watch.current_sl_e4) if locked else price(watch.current_sl_e4)


def average(value_e4: int, quantity: int) -> float | None:
    """Return the average price of what was traded; null where nothing was."""
    return value_e4 / quantity / E4 if quantity else None


def done_told(done: Done | Outcome, mode: Mode) -> DoneTold:
    """Tell that something was carried out."""
    return DoneTold(ok=True, text=done.text, owed=done.owed, mode=mode)


def latch_told(latch: kill.Latch, mode: Mode) -> LatchTold:
    """Tell of a latch."""
    return LatchTold(
        latch.latch_id,
        latch.kind,
        latch.scope,
        latch.id,
        latch.reason,
        latch.by,
        iso(latch.at_ns) if latch.at_ns else None,
        mode=mode,
    )


def account_told(seen: AccountSeen, arm: ArmTold | None) -> AccountTold:
    """Tell of an account."""
    return AccountTold(
        seen.account,
        seen.broker,
        seen.reconciled,
        seen.paused,
        seen.differing,
        seen.exits_owed,
        seen.working,
        arm,
        mode=LIVE if seen.live else PAPER,
    )


def code_told(loaded: CodeLoaded | None) -> CodeTold | None:
    """Tell what decides in this run, where somebody says."""
    if loaded is None:
        return None
    return CodeTold(
        loaded.version, loaded.code_sha256, loaded.settings_sha256, loaded.schema_number
    )


def session_told(seen: AccountSeen) -> SessionTold:
    """Tell of the way to a broker."""
    return SessionTold(
        seen.account, seen.broker, seen.reconciled, mode=LIVE if seen.live else PAPER
    )


def strategy_told(seen: StrategySeen, accounts: Sequence[str], mode: Mode) -> StrategyTold:
    """Tell of a strategy."""
    there = (accounts[0], tuple(accounts))
    return StrategyTold(seen.strategy_id, *there, seen.taking, seen.status, seen.live, mode=mode)


def price_told(seen: PriceSeen, mode: Mode) -> PriceTold:
    """Tell of a price."""
    return PriceTold(
        seen.symbol,
        price(seen.ltp_e4),
        price(seen.bid_e4),
        price(seen.ask_e4),
        seen.age_ms,
        seen.stale,
        "feed (dead)" if seen.stale else "feed",
        mode=mode,
    )


def order_told(order: Order, mode: Mode) -> OrderTold:
    """Tell of an order."""
    intent = order.intent
    return OrderTold(
        order_id=intent.intent_id,
        account=intent.account,
        strategy_id=intent.strategy_id,
        leg_id=intent.leg_id,
        symbol=intent.symbol,
        side=intent.side,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        remaining_quantity=order.remaining_quantity,
        average_price=average(order.filled_value_e4, order.filled_quantity),
        order_type=order.order_type,
        price=price(order.price_e4),
        trigger_price=price(order.trigger_e4),
        purpose=intent.purpose,
        state=order.state,
        broker_order_id=order.broker_order_id,
        reason=reason_of(order),
        decided_at=iso(intent.decided_ns),
        at=iso(order.at_ns),
        product=intent.product,
        mode=mode,
    )


def reason_of(order: Order) -> str:
    """Return why an order is not working, as far as somebody said so."""
    said = (order.refusal.value if order.refusal else "", order.text)
    return ": ".join(part for part in said if part)


def position_told(held: HeldSeen, mode: Mode) -> PositionTold:
    """Tell of a position; its average is that of the side which opened it."""
    short = held.net_quantity < 0
    value_e4 = held.sold_value_e4 if short else held.bought_value_e4
    quantity = held.sold_quantity if short else held.bought_quantity
    return PositionTold(
        account=held.account,
        strategy_id=held.strategy_id,
        leg_id=held.leg_id,
        symbol=held.symbol,
        quantity=held.net_quantity,
        average_price=average(value_e4, quantity) if held.net_quantity else None,
        bought_quantity=held.bought_quantity,
        bought_value=rupees(held.bought_value_e4),
        sold_quantity=held.sold_quantity,
        sold_value=rupees(held.sold_value_e4),
        resident_stop=_resting(held),
        product=held.product,
        mode=mode,
    )


def _resting(held: HeldSeen) -> RestingTold | None:
    if not held.resident_quantity:
        return None
    return RestingTold(held.resident_quantity, price(held.resident_trigger_e4))


def leg_told(leg: LegSeen) -> LegTold:
    """Tell of a leg under watch."""
    return LegTold(
        leg_id=leg.leg_id,
        symbol=leg.symbol,
        side=leg.side,
        quantity=leg.quantity,
        entry=price(leg.entry_e4),
        ltp=price(leg.ltp_e4),
        age_ms=age(leg.age_ms),
        pnl=rupees_or_none(leg.pnl_e4),
        stop=price(leg.stop_e4),
        target=price(leg.target_e4),
        guarded=not leg.unguarded_because,
        unguarded_because=leg.unguarded_because,
    )


def watch_told(watch: WatchSeen, account: str, mode: Mode) -> WatchTold:
    """Tell of an entry under watch."""
    return WatchTold(
        strategy_id=watch.strategy_id,
        account=account,
        basket_id=watch.basket_id,
        status=watch.status,
        pnl=rupees_or_none(watch.pnl_e4),
        today=rupees_or_none(watch.today_e4),
        realised=rupees(watch.realised_e4),
        unrealised=rupees_or_none(watch.unrealised_e4),
        charges=rupees_or_none(watch.charges_e4),
        risk=RiskTold(watch.lock, current_sl(watch)),
        legs=tuple(leg_told(leg) for leg in watch.legs),
        mode=mode,
    )


def profit_told(
    name: str, watches: Iterable[WatchSeen], mode: Mode, account: str = ""
) -> ProfitTold:
    """Tell the sum of some strategies; of what is unknown of one of them the sum is unknown.

    Args:
        name: whose.
        watches: what is added up.
        mode: whose money it is.
        account: where it was made, of a strategy in one account.
    """
    summed = tuple(watches)
    return ProfitTold(
        id=name,
        pnl=rupees_or_none(sum_known(watch.pnl_e4 for watch in summed)),
        today=rupees_or_none(sum_known(watch.today_e4 for watch in summed)),
        realised=rupees(sum(watch.realised_e4 for watch in summed)),
        unrealised=rupees_or_none(sum_known(watch.unrealised_e4 for watch in summed)),
        charges=rupees_or_none(sum_known(watch.charges_e4 for watch in summed)),
        account=account,
        mode=mode,
    )


def day_told(profit: ProfitTold) -> DayProfitTold:
    """Tell of a profit what was made of it today."""
    return DayProfitTold(
        id=profit.id,
        pnl=profit.today,
        since_entry=profit.pnl,
        realised=profit.realised,
        unrealised=profit.unrealised,
        charges=profit.charges,
        account=profit.account,
        mode=profit.mode,
    )
