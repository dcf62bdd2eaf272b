"""What scripted actors answer to those who look: one account, one strategy, one short leg."""

from __future__ import annotations

from daemon.domain.orders.words import Side
from daemon.messages import (
    AccountSeen,
    AlertAcknowledged,
    AlertRaised,
    AlertSeen,
    Condition,
    HeldSeen,
    LegSeen,
    PriceSeen,
    RiskSeen,
    SeeAccount,
    SeePrice,
    SeeRisk,
    SeeStrategy,
    Severity,
    StrategySeen,
    WatchSeen,
)
from tests.kit.control_port import MARKET_NS

DIFFER = Condition(Severity.CRITICAL, "books_differ", "NIFTY", "they differ", "paper")
ALERT = AlertSeen(AlertRaised("alert-1", DIFFER, MARKET_NS), 2, MARKET_NS)
SEEN = AlertAcknowledged("alert-1", "ann", MARKET_NS)
CE = "NIFTY-2026-11-23-24550-CE"
SHORT = HeldSeen("paper", "straddle", "ce", CE, -75, 75, 7_500_000, 150, 17_797_500, 75, 1_425_000)
FLAT = HeldSeen("paper", "straddle", "pe", CE, 0, 75, 7_500_000, 75, 7_875_000)
ACCOUNT = AccountSeen(
    account="paper",
    broker="paper",
    reconciled=True,
    paused="",
    latches=(),
    held=(SHORT, FLAT),
    differing=("RELIANCE",),
    exits_owed=("E1",),
    working=2,
)
LEG = LegSeen(
    leg_id="ce",
    symbol=CE,
    side=Side.SELL,
    quantity=-75,
    entry_e4=1_186_500,
    ltp_e4=1_100_000,
    age_ms=250,
    realised_e4=0,
    unrealised_e4=6_487_500,
    stop_e4=1_542_450,
    target_e4=0,
    unguarded_because=("the feed link is dead",),
)
WATCH = WatchSeen(
    strategy_id="straddle",
    status="open",
    lock="LOCKED",
    current_sl_e4=15_000_000,
    pnl_e4=6_862_500,
    realised_e4=375_000,
    unrealised_e4=6_487_500,
    charges_e4=None,
    legs=(LEG,),
    today_e4=5_000_000,
)
ANSWERS = {
    SeeAccount: lambda _: ACCOUNT,
    SeeRisk: lambda _: RiskSeen(MARKET_NS, True, (WATCH,)),
    SeeStrategy: lambda _: StrategySeen("straddle", True, "waits for 09:20:00"),
    SeePrice: lambda about: PriceSeen(about.symbol, 245_000_500, 0, 0, 40, False),
}
