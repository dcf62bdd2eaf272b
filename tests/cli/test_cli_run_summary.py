"""What `ordo run` says of each strategy at its end."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from daemon.actors.risk_watchdog import PnlSeen
from daemon.cli.run_summary import summary
from daemon.domain.instants import at

DAY = date(2026, 11, 18)
NOW = at(DAY, time(9, 20))
CE = "NIFTY-2026-11-23-24500-CE"


def seen(pnl_e4: int, at_ns: int = NOW, day: date = DAY) -> PnlSeen:
    return PnlSeen("s", pnl_e4, "NONE", 0, at_ns, basket_id=f"s:{day}")


def trade(leg_id: str, exit_at: str | None, pnl: float | None) -> dict[str, Any]:
    held = {"leg_id": leg_id, "symbol": CE, "side": "sell", "quantity": 65, "entry": 164.0}
    return {**held, "exit_at": exit_at, "pnl": pnl}


def document(*days: list[dict[str, Any]], pnl: float | None = 0) -> dict[str, Any]:
    trades = [each for day in days for each in day]
    total = {"days": len(days), "days_traded": len(days), "trades": len(trades), "pnl": pnl}
    return {
        "strategy_id": "s",
        "journal_sha256": "ab" * 32,
        "days": [
            {"date": f"2026-11-{19 - len(days) + number}", "trades": day}
            for number, day in enumerate(days)
        ],
        "total": {**total, "charges": 7.5},
    }


CLOSED = trade("ce", "2026-11-18T10:00:00+05:30", 100.0)
OPEN = trade("pe", None, None)


@pytest.mark.parametrize(
    ("report", "newest", "profit"),
    [
        (document([CLOSED], pnl=100), seen(5), "P&L 100.00"),
        (document([CLOSED], pnl=None), None, "P&L unknown"),
        (document([CLOSED, OPEN], pnl=None), None, "P&L not valued"),
        (document([OPEN]), seen(10_497_500), "P&L 1,049.75 as last valued at 09:20:00"),
        (document([CLOSED, OPEN]), seen(10_497_500), "P&L 1,049.75 as last valued at 09:20:00"),
        (document([CLOSED], [OPEN]), seen(10_497_500), "P&L 1,149.75 as last valued at 09:20:00"),
        (document([CLOSED | {"pnl": None}], [OPEN]), seen(10_497_500), "P&L unknown"),
        (document([OPEN], [OPEN]), seen(10_497_500), "P&L not valued"),
    ],
    ids=[
        "closed",
        "never valued",
        "open and never valued",
        "open",
        "half open",
        "open later",
        "one unknown",
        "two open and one never valued",
    ],
)
def test_the_summary_values_what_is_open_at_what_was_last_seen(report, newest, profit):
    """A day that is still open is worth its newest profit; days before it are over."""
    entries = {} if newest is None else {newest.basket_id: newest}
    assert f", {profit} before charges of 7.50\n" in summary(report, entries)


def test_the_summary_adds_up_what_was_seen_of_each_entry_that_is_open():
    """And leaves out one that is closed, whose trades have its profit."""
    days = (date(2026, 11, 16), date(2026, 11, 17), DAY)
    entries = [seen(10_000 * (1 + at), at_ns=NOW + at, day=day) for at, day in enumerate(days)]
    told = summary(
        document([OPEN], [CLOSED], [CLOSED, OPEN]), {each.basket_id: each for each in entries}
    )
    assert ", P&L 104.00 as last valued at 09:20:00 before" in told


def test_the_summary_values_an_entry_that_had_waited():
    """Its basket has a number behind the day."""
    entry = seen(10_497_500)
    told = summary(document([OPEN]), {f"{entry.basket_id}.2": entry})
    assert ", P&L 1,049.75 as last valued at 09:20:00 before" in told


def test_the_summary_names_what_is_open():
    lines = summary(document([CLOSED, OPEN]), {}).splitlines()

    assert lines == [
        "s: 2 trades on 1 of 1 day, P&L not valued before charges of 7.50",
        f"  still open: pe sell 65 {CE} at 164.00",
        "journal " + "ab" * 32,
    ]
