from datetime import date

import pytest
from msgspec.structs import replace

from daemon.domain.market.instruments import Kind
from daemon.domain.money import e4
from daemon.domain.orders.controls import CONTROLS
from daemon.domain.orders.limits import Approved, Control, Parent, Reach, Refused
from daemon.domain.orders.words import OrderType, Purpose, Side
from tests.kit.asked import CALL, EQUITY, FUTURE, INTENT, NOW, changed, gated

OWN = replace(INTENT, intent_id="OR0", side=Side.BUY, price_e4=e4("99.95"))
EARLIER = replace(INTENT, intent_id="OR0", decided_ns=NOW - 2 * 10**9)
LATER = replace(EARLIER, decided_ns=EARLIER.decided_ns + 1)
STOP = {"order_type": OrderType.STOP_LIMIT, "trigger_e4": e4(70)}
SPIKE = (*[e4(1)] * 3, *[e4(100)] * 3, e4(500), e4(500))
LOT_EDGE = {"max_order_lots": 2}

REST = {
    "side": Side.BUY,
    "order_type": OrderType.STOP_LIMIT,
    "trigger_e4": e4(120),
    "price_e4": e4(126),
}
SALE = replace(INTENT, intent_id="OR0", price_e4=e4("119.95"))
RESTING = changed(replace(INTENT, intent_id="OR0", purpose=Purpose.RESIDENT_STOP), REST)

ENTRY, EXIT, RESIDENT = Purpose.ENTRY, Purpose.EXIT, Purpose.RESIDENT_STOP
C = Control
# purpose, control, what passes at the boundary, what is one step beyond it
CASES = [
    (ENTRY, C.TRADABILITY, {}, {"instrument": replace(CALL, kind=Kind.INDEX)}),
    (ENTRY, C.TRADABILITY, {}, {"instrument": replace(CALL, expiry=date(2026, 11, 22))}),
    (ENTRY, C.TRADABILITY, {}, {"session_open": False}),
    (
        ENTRY,
        C.TRADABILITY,
        {"order_type": OrderType.MARKET},
        {"order_type": OrderType.MARKET, "order_types": frozenset({OrderType.LIMIT})},
    ),
    (ENTRY, C.TRADABILITY, {"price_e4": e4("100.05")}, {"price_e4": e4("100.01")}),
    (
        ENTRY,
        C.TRADABILITY,
        {"ticks_e4": (e4(1),), "low_e4": 0, "price_e4": e4("0.05")},
        {"ticks_e4": (e4(1),), "low_e4": 0, "price_e4": 0},
    ),
    (
        ENTRY,
        C.TRADABILITY,
        STOP | {"price_e4": e4(70)},
        STOP | {"price_e4": e4(70), "trigger_e4": e4("70.01")},
    ),
    (
        ENTRY,
        C.TRADABILITY,
        {"instrument": EQUITY, "price_e4": e4("100.03")},
        {"instrument": EQUITY, "price_e4": e4("100.035")},
    ),
    (ENTRY, C.TRADABILITY, {"quantity": 130}, {"quantity": 131}),
    (ENTRY, C.TRADABILITY, {"quantity": 65}, {"quantity": 35, "closable_quantity": 100}),
    (ENTRY, C.QUANTITY, {"quantity": 130} | LOT_EDGE, {"quantity": 195} | LOT_EDGE),
    (ENTRY, C.QUANTITY, {"quantity": 1755}, {"quantity": 1820}),
    (ENTRY, C.QUANTITY, {}, {"quantity": 0}),
    (ENTRY, C.COLLAR, {"price_e4": e4(120)}, {"price_e4": e4("120.05")}),
    (ENTRY, C.COLLAR, {"price_e4": e4(80)}, {"price_e4": e4("79.95")}),
    (ENTRY, C.COLLAR, {}, {"ticks_e4": ()}),
    (
        ENTRY,
        C.COLLAR,
        {"ticks_e4": SPIKE, "price_e4": e4(120)},
        {"ticks_e4": SPIKE, "price_e4": e4("120.05")},
    ),
    (
        ENTRY,
        C.COLLAR,
        {"ticks_e4": (e4(3),), "price_e4": e4(5), "low_e4": 0},
        {"ticks_e4": (e4(3),), "price_e4": e4("5.05"), "low_e4": 0},
    ),
    (ENTRY, C.COLLAR, STOP | {"price_e4": e4(84)}, STOP | {"price_e4": e4("84.05")}),
    (
        ENTRY,
        C.COLLAR,
        {"instrument": FUTURE, "price_e4": e4(103)},
        {"instrument": FUTURE, "price_e4": e4("103.05")},
    ),
    (
        ENTRY,
        C.COLLAR,
        {"high_e4": e4(110), "price_e4": e4(110)},
        {"high_e4": e4(110), "price_e4": e4("110.05")},
    ),
    (
        ENTRY,
        C.COLLAR,
        {"low_e4": e4(90), "price_e4": e4(90)},
        {"low_e4": e4(90), "price_e4": e4("89.95")},
    ),
    (ENTRY, C.VALUE, {"max_value_e4": e4(6500)}, {"max_value_e4": e4(6500) - 1}),
    (
        ENTRY,
        C.VALUE,
        {"instrument": EQUITY, "max_value_e4": e4(6500)},
        {"instrument": EQUITY, "max_value_e4": e4(6500) - 1},
    ),
    (
        ENTRY,
        C.VALUE,
        {"max_notional_e4": 65 * e4(24550)},
        {"max_notional_e4": 65 * e4(24550) - 1},
    ),
    (
        ENTRY,
        C.VALUE,
        {"side": Side.BUY, "max_notional_e4": 0},
        {"side": Side.SELL, "max_notional_e4": 0},
    ),
    (
        ENTRY,
        C.VALUE,
        {"instrument": FUTURE, "max_value_e4": 0, "max_notional_e4": e4(6500)},
        {"instrument": FUTURE, "max_value_e4": 0, "max_notional_e4": e4(6500) - 1},
    ),
    (
        ENTRY,
        C.EXPOSURE,
        {"max_instrument_lots": 3, "account": Reach(-130, 0, 0)},
        {"max_instrument_lots": 3, "account": Reach(-131, 0, 0)},
    ),
    (
        ENTRY,
        C.EXPOSURE,
        {"max_strategy_lots": 9, "strategy": Reach(-65, 65, 7)},
        {"max_strategy_lots": 9, "strategy": Reach(-65, 65, 8)},
    ),
    (
        ENTRY,
        C.EXPOSURE,
        {"max_account_lots": 9, "side": Side.BUY, "account": Reach(-130, 65, 7)},
        {"max_account_lots": 9, "side": Side.BUY, "account": Reach(-65, 130, 7)},
    ),
    (
        ENTRY,
        C.EXPOSURE,
        {"max_instrument_lots": 1, "account": Reach(130, 195, 0)},
        {"max_instrument_lots": 1, "account": Reach(-195, -130, 0)},
    ),
    (
        ENTRY,
        C.EXPOSURE,
        {"instrument": EQUITY, "max_equity_e4": e4(6500), "account": Reach(0, 65, 2000)},
        {"instrument": EQUITY, "max_equity_e4": e4(6500), "account": Reach(-1, 65, 2000)},
    ),
    (
        ENTRY,
        C.EXPOSURE,
        {"instrument": EQUITY, "max_equity_e4": 0, "account": Reach(130, 195, 0)},
        {"instrument": EQUITY, "max_equity_e4": 0, "account": Reach(-195, -130, 0)},
    ),
    (ENTRY, C.RATE, {}, {"rate_slot": False}),
    (ENTRY, C.DUPLICATE, {"recent": (EARLIER,)}, {"recent": (LATER,)}),
    (ENTRY, C.DUPLICATE, {"recent": (LATER,), "again": True}, {"recent": (LATER,)}),
    (
        ENTRY,
        C.DUPLICATE,
        {"recent": (EARLIER,), "again": True},
        {"recent": (replace(EARLIER, intent_id="OR1"),), "again": True},
    ),
    (
        ENTRY,
        C.DUPLICATE,
        {"recent": (replace(LATER, leg_id="other"),)},
        {"recent": (replace(LATER, leg_id="other", parent="earlier"),)},
    ),
    (
        ENTRY,
        C.DUPLICATE,
        {"recent": (LATER,), "price_e4": e4("100.05")},
        {"recent": (replace(LATER, parent=""),), "parent": ""},
    ),
    (
        ENTRY,
        C.SELF_TRADE,
        {"working": (OWN,)},
        {"working": (replace(OWN, price_e4=e4(100)),)},
    ),
    (
        ENTRY,
        C.SELF_TRADE,
        {"doubtful": (replace(OWN, price_e4=e4(101), account="other"),)},
        {"doubtful": (replace(OWN, price_e4=e4(101)),)},
    ),
    (
        ENTRY,
        C.SELF_TRADE,
        {"side": Side.BUY, "working": (replace(OWN, side=Side.SELL, price_e4=e4("100.05")),)},
        {"side": Side.BUY, "working": (replace(OWN, side=Side.SELL, price_e4=e4(100)),)},
    ),
    (ENTRY, C.SELF_TRADE, {"working": (OWN,)}, {"working": (replace(OWN, price_e4=0),)}),
    (
        ENTRY,
        C.SELF_TRADE,
        {"working": (replace(OWN, price_e4=e4(125), trigger_e4=e4(120)),)},
        {"working": (replace(OWN, price_e4=e4(125), trigger_e4=e4(99)),)},
    ),
    (ENTRY, C.STALE, {}, {"fresh": {CALL.symbol: False}}),
    (ENTRY, C.STALE, {}, {"fresh": {CALL.symbol: True, "NIFTY": False}}),
    (ENTRY, C.STALE, {}, {"fresh": {}}),
    (
        ENTRY,
        C.PARENT,
        {"the_parent": Parent(True, 195, 130)},
        {"the_parent": Parent(True, 195, 131)},
    ),
    (ENTRY, C.PARENT, {}, {"the_parent": Parent(False, 3250, 0)}),
    (ENTRY, C.PARENT, {}, {"the_parent": Parent(False, 3250, 0), "parent": ""}),
    (ENTRY, C.STRATEGY, {}, {"strategy_sane": False}),
    (ENTRY, C.LINK, {}, {"link_open": False}),
    (EXIT, C.TRADABILITY, {}, {"session_open": False}),
    (
        EXIT,
        C.TRADABILITY,
        {"quantity": 35, "closable_quantity": 100},
        {"quantity": 34, "closable_quantity": 100},
    ),
    (EXIT, C.QUANTITY, {"quantity": 1755} | LOT_EDGE, {"quantity": 1820} | LOT_EDGE),
    (EXIT, C.QUANTITY, {}, {"quantity": 0}),
    (EXIT, C.COLLAR, {"price_e4": e4(140)}, {"price_e4": e4("140.05")}),
    (EXIT, C.COLLAR, {"price_e4": e4(60)}, {"price_e4": e4("59.95")}),
    (
        EXIT,
        C.COLLAR,
        {"price_e4": e4(900), "low_e4": 0, "high_e4": 0},
        {"price_e4": e4(900), "low_e4": 0},
    ),
    (EXIT, C.SELF_TRADE, {"working": (OWN,)}, {"working": (replace(OWN, price_e4=e4(100)),)}),
    (
        EXIT,
        C.PARENT,
        {"the_parent": Parent(True, 195, 130)},
        {"the_parent": Parent(True, 195, 131)},
    ),
    (EXIT, C.CLOSABLE, {"closable_quantity": 65}, {"closable_quantity": 64}),
    (
        ENTRY,
        C.SELF_TRADE,
        {"working": (RESTING,), "price_e4": e4("119.95"), "ticks_e4": (e4(110),)},
        {"working": (RESTING,), "price_e4": e4(120), "ticks_e4": (e4(110),)},
    ),
    (RESIDENT, C.TRADABILITY, REST, REST | {"order_types": frozenset({OrderType.LIMIT})}),
    (
        RESIDENT,
        C.TRADABILITY,
        REST | {"quantity": 65, "closable_quantity": 165},
        REST | {"quantity": 34, "closable_quantity": 164},
    ),
    (RESIDENT, C.QUANTITY, REST | {"quantity": 1755} | LOT_EDGE, REST | {"quantity": 1820}),
    (RESIDENT, C.COLLAR, REST | {"price_e4": e4(140)}, REST | {"price_e4": e4("140.05")}),
    (RESIDENT, C.COLLAR, REST | {"price_e4": e4(120)}, REST | {"price_e4": e4("119.95")}),
    (
        RESIDENT,
        C.COLLAR,
        REST | {"ticks_e4": (e4(130), e4("119.95"))},
        REST | {"ticks_e4": (e4(100), e4(120))},
    ),
    (
        RESIDENT,
        C.SELF_TRADE,
        REST | {"working": (SALE,), "doubtful": (SALE,)},
        REST | {"doubtful": (replace(SALE, price_e4=e4(120)),)},
    ),
    (RESIDENT, C.STALE, REST, REST | {"fresh": {CALL.symbol: False}}),
    (
        RESIDENT,
        C.PARENT,
        REST | {"the_parent": Parent(True, 195, 130)},
        REST | {"the_parent": Parent(True, 195, 131)},
    ),
    (RESIDENT, C.CLOSABLE, REST | {"closable_quantity": 65}, REST | {"closable_quantity": 64}),
]


@pytest.mark.parametrize(("purpose", "control", "boundary", "beyond"), CASES)
def test_each_control_passes_at_its_boundary_and_refuses_one_step_beyond(
    purpose, control, boundary, beyond, monkeypatch
):
    """And nothing but that control refuses: without it the order would leave."""
    assert isinstance(gated(purpose, boundary), Approved)
    refused = gated(purpose, beyond)
    assert isinstance(refused, Refused)
    assert refused.control is control
    assert len(refused.sentence) > 20
    others = {name: check for name, check in CONTROLS[purpose].items() if name is not control}
    monkeypatch.setitem(CONTROLS, purpose, others)
    assert isinstance(gated(purpose, beyond), Approved)


def test_every_control_of_every_purpose_is_tested():
    """A control that is added needs its boundary in the table above."""
    tested = {purpose: {case[1] for case in CASES if case[0] is purpose} for purpose in Purpose}
    assert tested == {purpose: set(controls) for purpose, controls in CONTROLS.items()}


def test_the_controls_are_looked_at_in_their_order():
    """What cannot be traded is said first, and the limits on it after."""
    order = list(Control)
    for controls in CONTROLS.values():
        assert list(controls) == sorted(controls, key=order.index)


def test_no_limit_on_new_risk_holds_up_an_exit():
    """Stale prices, full budgets, caps and a doubtful own order do not keep a position open."""
    worst = {
        "ticks_e4": (),
        "max_order_lots": 0,
        "max_value_e4": 0,
        "max_notional_e4": 0,
        "max_instrument_lots": 0,
        "max_strategy_lots": 0,
        "max_account_lots": 0,
        "rate_slot": False,
        "recent": (LATER,),
        "doubtful": (replace(OWN, price_e4=e4(100)),),
        "fresh": {CALL.symbol: False},
        "strategy_sane": False,
    }
    assert isinstance(gated(EXIT, worst), Approved)


@pytest.mark.parametrize("freeze_quantity", [1, 64])
def test_a_freeze_quantity_below_one_lot_leaves_one_lot_closable(freeze_quantity):
    """A wrong table must not lock a position in."""
    wrong = {"instrument": replace(CALL, freeze_quantity=freeze_quantity)}
    assert isinstance(gated(EXIT, wrong), Approved)
    assert gated(EXIT, wrong | {"quantity": 130}).control is Control.QUANTITY
