"""A decision to enter as it is recorded, and the basket that it opens."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.actors.strategy_runner.entry_window import Window
from daemon.actors.strategy_runner.fan_out import entry_name
from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.money import e4
from daemon.domain.orders.basket import Basket
from daemon.domain.plans.legs import LegPlan, basket_leg
from daemon.domain.plans.parsing import version_of
from daemon.domain.plans.risk_rules import leg_rules, resident_percent_e4, strategy_rules
from daemon.domain.plans.schema import Plan
from daemon.messages import BasketOpened, EntryDecided


def opened_by(
    plan: Plan, window: Window, chosen: Sequence[LegPlan], number: int, now_ns: int
) -> BasketOpened:
    """Return what a strategy opens when it enters, in its own lots.

    Args:
        plan: the strategy.
        window: of the day on which it enters.
        chosen: its legs, as they were found.
        number: which of the day's decisions it is, from 1.
        now_ns: when it decided.
    """
    basket = Basket(
        basket_id=f"{plan.id}:{entry_name(window.day, number)}",
        strategy_id=plan.id,
        legs=tuple(basket_leg(leg, plan.product) for leg in chosen),
        decided_ns=now_ns,
        deadline_ns=min(now_ns + plan.entry.legging.timeout_ms * MILLISECOND_NS, window.exit_ns),
        on_fail=plan.entry.legging.on_fail,
        buffer_percent_e4=e4(plan.order.buffer.percent),
        reprice_ns=plan.order.unfilled_after_ms * MILLISECOND_NS,
        resident_percent_e4=resident_percent_e4(plan),
    )
    return BasketOpened(
        basket=basket,
        leg_rules={leg.id: leg_rules(leg) for leg in plan.legs},
        rules=strategy_rules(plan),
        exit_ns=window.exit_ns,
        close_ns=window.session_end_ns,
        at_ns=now_ns,
        version=version_of(plan),
        live=plan.live,
    )


def decided(opened: BasketOpened, chosen: Sequence[LegPlan], basis_e4: int) -> EntryDecided:
    """Return the record of a decision, with the quotes that it rests on.

    Args:
        opened: what it opens.
        chosen: its legs, as they were found.
        basis_e4: what at the money was measured on.
    """
    return EntryDecided(
        strategy_id=opened.basket.strategy_id,
        basket_id=opened.basket.basket_id,
        basis_e4=basis_e4,
        legs=tuple((leg.leg_id, leg.symbol, leg.quote.bid_e4, leg.quote.ask_e4) for leg in chosen),
        at_ns=opened.at_ns,
    )
