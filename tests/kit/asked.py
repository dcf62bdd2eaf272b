"""An intent that passes the gate, and what is true around it, to be changed by field name."""

from datetime import date, time

from msgspec.structs import replace

from daemon.domain.instants import at
from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.money import e4
from daemon.domain.orders.limits import Approved, GateView, Limits, Parent, Reach, Refused, gate
from daemon.domain.orders.words import Intent, OrderType, Purpose, Side

DAY = date(2026, 11, 23)
NOW = at(DAY, time(9, 20))
CALL = Instrument(
    symbol="NIFTY-2026-11-23-24550-CE",
    underlying="NIFTY",
    kind=Kind.CALL,
    lot=65,
    tick_e4=e4("0.05"),
    freeze_quantity=1800,
    expiry=DAY,
    strike_e4=e4(24550),
)
FUTURE = replace(CALL, kind=Kind.FUTURE, strike_e4=0)
EQUITY = replace(CALL, kind=Kind.EQUITY, strike_e4=0, expiry=None, lot=1)
INTENT = Intent(
    intent_id="OR1",
    account="paper",
    strategy_id="straddle",
    leg_id="call",
    symbol=CALL.symbol,
    side=Side.SELL,
    quantity=65,
    order_type=OrderType.LIMIT,
    price_e4=e4(100),
    purpose=Purpose.ENTRY,
    parent="basket",
    decided_ns=NOW,
    deadline_ns=NOW + 10**9,
)
VIEW = GateView(
    instrument=CALL,
    session_open=True,
    ticks_e4=(e4(100),),
    low_e4=e4(60),
    high_e4=e4(140),
    account=Reach(0, 0, 0),
    strategy=Reach(0, 0, 0),
    rate_slot=True,
    recent=(),
    working=(),
    doubtful=(),
    fresh={CALL.symbol: True},
    link_open=True,
    parent=Parent(live=True, quantity=3250, others_quantity=0),
    strategy_sane=True,
    closable_quantity=3250,
)


def changed(struct, changes):
    """Return a struct with those of the changes that are fields of it."""
    return replace(struct, **{k: v for k, v in changes.items() if k in struct.__struct_fields__})


def gated(purpose, changes) -> Approved | Refused:
    """Pass one intent through the gate, with changes to intent, view or limits by field name."""
    seen = {key: value for key, value in changes.items() if key != "parent"}
    if "the_parent" in changes:
        seen["parent"] = changes["the_parent"]
    intent = changed(INTENT, {"purpose": purpose} | changes)
    return gate(intent, changed(VIEW, seen), changed(Limits(), changes), NOW)
