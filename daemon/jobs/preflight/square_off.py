"""When a broker closes what was traded for one day, and which strategies leave too late for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import time

from msgspec import Struct

from daemon.domain.market.instruments import Kind
from daemon.domain.orders.arming import PAPER
from daemon.domain.orders.words import Product
from daemon.domain.plans.schema import Plan
from daemon.domain.risk.hours import square_off
from daemon.settings import Settings


class Closes(Struct, frozen=True):
    """From when on a broker closes what is `intraday`, IST.

    Attributes:
        shares: of the cash segment.
        derivatives: of index and stock futures and options.
    """

    shares: time
    derivatives: time

    def of(self, kind: Kind) -> time:
        """Return from when on it closes that kind of instrument."""
        return self.shares if kind is Kind.EQUITY else self.derivatives


CLOSES = {"zerodha": Closes(shares=time(15, 20), derivatives=time(15, 25))}
"""When each broker begins, by its canonical id.

Source: https://support.zerodha.com, "What are the auto square-off timings for open intraday
positions?", as it was read on 2026-11-20. The page is of before the closing auction of 2026-08-03,
and no newer one was found; the broker may begin earlier on any day, and says so in its bulletin.
"""


def late(plan: Plan, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield which brokers close what a plan holds before it leaves by itself, and the mend.

    Args:
        plan: the strategy.
        settings: which broker each account is at.
    """
    if plan.product is not Product.INTRADAY:
        return
    brokers = {account.id: account.broker for account in settings.accounts}
    names = plan.accounts or tuple(brokers)[:1]
    for broker in dict.fromkeys(brokers.get(name, PAPER) for name in names):
        closes, kinds = CLOSES.get(broker), {leg.instrument for leg in plan.legs}
        met = [kind for kind in kinds if closes is not None and plan.exit.at >= closes.of(kind)]
        if closes is not None and met:
            first, ours = min(map(closes.of, met)), min(map(square_off, met))
            told = f"{broker} closes intraday positions by itself at {first}, and exit.at is"
            yield f"{told} {plan.exit.at}", f"write exit.at = {ours} or earlier"


def late_exits(plans: Iterable[Plan], settings: Settings) -> Iterator[str]:
    """Yield a sentence for each plan and each broker that closes what it holds before it leaves."""
    for plan in plans:
        for told, mend in late(plan, settings):
            yield f"ALERT {plan.id}: {told}; {mend}"
