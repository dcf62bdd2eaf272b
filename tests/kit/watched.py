"""What the watchdog and the broadcaster tell: a straddle in NIFTY, to be changed by field name."""

from msgspec.structs import replace

from daemon.domain.money import e4
from daemon.domain.orders.words import Side
from daemon.messages import LegSeen, PnlFrame, PriceSeen, RiskSeen, WatchSeen
from tests.kit.acting import CE, PE, clock

LEG = LegSeen(
    leg_id="ce",
    symbol=CE,
    side=Side.SELL,
    quantity=-75,
    entry_e4=e4("112.35"),
    ltp_e4=e4(102),
    age_ms=400,
    realised_e4=0,
    unrealised_e4=e4("776.25"),
    stop_e4=e4("146.05"),
    target_e4=0,
)
OTHER_LEG = replace(LEG, leg_id="pe", symbol=PE)


def watch(strategy_id="straddle", **changes):
    """A strategy under watch."""
    seen = WatchSeen(
        strategy_id=strategy_id,
        status="open",
        lock="NONE",
        current_sl_e4=-e4(6000),
        pnl_e4=e4("776.25"),
        realised_e4=0,
        unrealised_e4=e4("776.25"),
        charges_e4=e4("41.20"),
        legs=(LEG,),
        today_e4=changes.get("pnl_e4", e4("776.25")),
    )
    return replace(seen, **changes)


def risk(*watches, at="10:00:00", alive=True):
    """Everything under watch."""
    return RiskSeen(clock(at), alive, watches or (watch(),))


def price(symbol=CE, ltp=102, age_ms=400):
    """The newest price of a symbol."""
    return PriceSeen(symbol, e4(ltp), e4(ltp) - 500, e4(ltp) + 500, age_ms, stale=False)


def frame(seen, *prices):
    """What the broadcaster shows of it."""
    return PnlFrame(seen.at_ns, seen, prices)
