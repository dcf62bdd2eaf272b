"""The live side: what must be in order before an account of a live broker may be armed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from daemon.domain.orders.arming import PAPER
from daemon.jobs.preflight import egress, machine, market
from daemon.jobs.preflight.findings import Finding, ok, warn
from daemon.settings import Settings

TERMS = {
    "zerodha": (
        "clause 2(e) of its API terms: no fully automated trading without the exchange's approval",
        "clause 4(b) of its API terms: no permanent copies of what it sends; the record keeps some",
        "orders come from one or two fixed addresses alone, changed at most once a calendar week",
    ),
}
"""What the user of a broker must settle with it himself, by its canonical id.

Source: its terms as others read them on 2026-10-09, which change; the addresses since 2026-04-01.
"""


def hindrances(settings: Settings, day: date) -> Iterator[Finding]:
    """Yield what concerns live trading of all that is checked.

    The record is not verified here: that takes as long as it is long, and each evening does it.

    Args:
        settings: everything that was set.
        day: that is traded.
    """
    yield market.strategies(settings, day)
    yield machine.state_folder(settings)
    yield machine.clock()
    yield market.calendar_reach(day)
    yield market.rates(settings)
    yield from market.brokers(settings)
    yield egress.static_ip(settings)


def terms(settings: Settings) -> Iterator[Finding]:
    """Say what a user must settle with his brokers before money is traded with, a line each.

    No line of a term is ever well by itself: nothing here can see what was agreed on.
    """
    live = sorted({each.broker for each in settings.accounts} - {PAPER})
    if not live:
        yield ok("live", "every account is on paper; docs/live.md says what live trading needs")
        return
    for name in live:
        for term in TERMS.get(name, ()):
            mend = "settle it with the broker in writing, and keep the answer: docs/live.md"
            yield warn(f"terms of {name}", f"{term}; only you can confirm this", mend)
    opted = "each account needs `ordo arm` each day, each strategy `live = true`"
    yield warn("live", opted, "see step by step in docs/live.md")
