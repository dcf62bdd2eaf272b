"""Pricing: at what limit the orders of an entry leave."""

from __future__ import annotations

from daemon.actors.order_router.known.desk import Desk
from daemon.domain.money import ceil_to, floor_to, percent_of
from daemon.domain.orders.basket import Basket, BasketLeg
from daemon.domain.orders.words import Side


def price_e4(desk: Desk, basket: Basket, leg: BasketLeg, now_ns: int) -> int:
    """Return a limit as far through the touch as the plan's buffer says, on tick, inside the band.

    0 where the leg has no fresh price.
    """
    instrument = desk.contract(leg.symbol)
    if instrument is None:
        return 0
    prospect = desk.prospect(instrument, leg.side)
    if not prospect.touch_e4 or desk.prices.fresh(leg.symbol, now_ns) is None:
        return 0
    through_e4, tick_e4 = percent_of(prospect.touch_e4, basket.buffer_percent_e4), prospect.tick_e4
    if leg.side is Side.BUY:
        limit_e4 = ceil_to(prospect.touch_e4 + through_e4, tick_e4)
        return min(limit_e4, floor_to(prospect.high_e4, tick_e4) or limit_e4)
    limit_e4 = floor_to(prospect.touch_e4 - through_e4, tick_e4)
    return max(limit_e4, ceil_to(prospect.low_e4, tick_e4), tick_e4)
