"""The fold, record by record, without any store."""

from __future__ import annotations

import gc
import json
from types import FunctionType, ModuleType
from typing import get_args

import pytest
from msgspec.structs import replace

from daemon.domain.orders.parents import LATE, UNSEEN, WRITTEN_OFF
from daemon.domain.orders.unsent import filled_unsent
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderFact,
    OrderRefused,
    OrderUpdated,
    Refusal,
    Side,
    State,
)
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.jobs.projections import schema
from daemon.jobs.projections.fold import Fold
from daemon.jobs.projections.schema import PROJECTIONS, TOLD
from daemon.messages import (
    DayMarked,
    LegExpired,
    RequestAnswered,
    RequestBegun,
    SessionReady,
    StrategyDeclared,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.runtime.words import DeadLetter
from daemon.storage.codec import FACTS, Row, encode
from tests.kit.acting import CE, DAY, LOT, clock, day_opened, opened, sold
from tests.kit.facts import INTENT

NINE, TEN = clock("09:30:00"), clock("10:00:00")


def told(*facts: object, home: str = "paper") -> dict[str, list[dict]]:
    """Return the rows of each table once these were folded."""
    fold = Fold(home)
    for number, fact in enumerate(facts, 1):
        fold.take(row(number, fact))
    return {name: list(rows.values()) for name, rows in fold.drained().rows.items()}


def row(number: int, fact: object) -> Row:
    return Row(number, "owner", NINE, type(fact).__name__, "a", 1, 0, encode(fact), b"")


def intent(number: int, **how: object) -> IntentRecorded:
    given = {"leg_id": "ce", "symbol": CE, "strategy_id": "s", "quantity": LOT, "decided_ns": NINE}
    return IntentRecorded(replace(INTENT, intent_id=f"OR{number}", **(given | how)), NINE)


def filled(number: int, quantity: int, price: int, state=State.WORKING) -> OrderUpdated:
    value_e4 = quantity * price * 10_000
    return OrderUpdated(f"OR{number}", f"B{number}", state, quantity, value_e4, NINE)


def test_every_fact_is_told_in_a_table():
    worked_out = set(get_args(OrderFact))

    assert TOLD.keys() == set(FACTS)
    assert [kind for kind in FACTS if not TOLD[kind] and kind not in worked_out] == []


@pytest.mark.untraced
def test_no_table_is_without_a_writer(day):
    others = told(
        StrategyDeclared("t", "{}", "ann", NINE),
        RequestBegun("r", "d", NINE),
        SessionReady("paper", 1, NINE),
    )
    fold = Fold("alpha")
    for each in day.rows:
        if each.kind != "TicksTaken":
            fold.take(each)

    assert fold.drained().rows.keys() | others.keys() == {each.name for each in PROJECTIONS.tables}


def test_every_column_is_filled_by_something(day):
    fold = Fold("alpha")
    for each in day.rows:
        if each.kind != "TicksTaken":
            fold.take(each)
    tables = fold.drained().rows
    for table in (schema.TRADES, schema.ORDERS, schema.FILLS, schema.POSITIONS, schema.STOPS):
        found = {name for each in tables[table.name].values() for name in each}
        assert found == set(table.columns)


def test_a_fill_is_what_an_order_has_more_than_before():
    rows = told(intent(1), filled(1, 25, 100), filled(1, 25, 100), filled(1, 75, 110, State.FILLED))
    assert [(r["quantity"], r["value_e4"], r["price_e4"]) for r in rows["fills"]] == [
        (25, 25_000_000, 1_000_000),
        (50, 57_500_000, 1_150_000),
    ]
    (order,) = rows["orders"]
    assert (order["state"], order["filled_quantity"]) == ("FILLED", 75)


def test_a_value_that_is_put_right_is_a_fill_of_nothing():
    rows = told(intent(1), filled(1, 75, 100), filled(1, 75, 101))
    assert [(r["quantity"], r["value_e4"], r["price_e4"]) for r in rows["fills"]] == [
        (75, 75_000_000, 1_000_000),
        (0, 750_000, None),
    ]


@pytest.mark.parametrize("parent", [WRITTEN_OFF, UNSEEN])
def test_what_is_written_off_is_filled_at_a_price_that_nobody_knows(parent):
    off = intent(2, side=Side.BUY, price_e4=0, parent=f"{parent}{CE}").intent
    entered = [day_opened(), opened(), intent(1, side=Side.SELL), filled(1, LOT, 100), sold("ce")]
    ended = LegExpired("s", "ce", CE, TEN)
    rows = told(*entered, *filled_unsent(off, 0, "written off"), ended)

    assert [(r["quantity"], r["value_e4"], r["price_e4"]) for r in rows["fills"]] == [
        (LOT, LOT * 1_000_000, 1_000_000),
        (LOT, None, None),
    ]
    assert [(r["filled_quantity"], r["filled_value_e4"]) for r in rows["orders"]] == [
        (LOT, LOT * 1_000_000),
        (LOT, None),
    ]
    assert [each["pnl_e4"] for each in rows["trades"]] == [None]


def test_a_refused_order_says_why():
    (order,) = told(intent(1), OrderRefused("OR1", Refusal.MARGIN, "no funds", NINE))["orders"]

    assert (order["state"], order["refusal"], order["text"]) == ("REFUSED", "MARGIN", "no funds")


def test_what_no_server_takes_into_a_text_is_replaced():
    (order,) = told(intent(1), OrderRefused("OR1", Refusal.OTHER, "no\0funds", NINE))["orders"]

    assert order["text"] == "no\N{REPLACEMENT CHARACTER}funds"


def test_news_of_an_order_that_was_never_intended_moves_nothing():
    assert told(filled(9, 75, 100)).keys() == set()


def test_an_order_of_an_unheard_of_spelling_names_an_instrument_without_parts():
    (row,) = told(intent(1, symbol="what is this"))["instruments"]

    assert (row["symbol"], "underlying" in row) == ("what is this", False)


def test_a_trade_has_its_stops_as_they_moved():
    moved = [
        LevelMoved("s", "ce", Move.ARMED, 0, 1_300_000, NINE),
        LevelMoved("s", "ce", Move.TRAILED, 1_300_000, 1_250_000, TEN),
        LevelMoved("s", "", Move.LOCKED, 0, 7_500_000, TEN),
    ]
    rows = told(day_opened(), opened(), intent(1), sold("ce"), *moved)

    (trade,) = rows["trades"]
    assert (trade["trade"], trade["stop_e4"], trade["exit_ns"]) == (3, 1_250_000, None)
    assert [(r["to_e4"], r.get("trade")) for r in rows["stops"]] == [
        (1_300_000, 3),
        (1_250_000, 3),
        (7_500_000, None),
    ]
    assert json.loads(trade["rules"]).keys() == {"leg", "whole"}


def test_an_order_that_was_never_filled_is_no_trade():
    rows = told(day_opened(), opened(), intent(1))

    assert "trades" not in rows
    assert rows["orders"][0]["trade"] == 3


def test_a_leg_that_is_entered_again_is_another_trade():
    again = [opened(), intent(3), sold("ce")]
    rows = told(day_opened(), opened(), intent(1), sold("ce"), sold("ce", bought="90"), *again)

    assert [each["trade"] for each in rows["trades"]] == [3, 7]


def test_what_is_held_over_the_night_is_looked_at_again_in_the_morning():
    tomorrow = day_opened(DAY.replace(day=DAY.day + 1))
    entered = [day_opened(), opened(), intent(1, side=Side.SELL), filled(1, LOT, 100), sold("ce")]
    (today,), (later,) = told(*entered)["trades"], told(*entered, tomorrow)["trades"]

    assert (today["number"], later["number"]) == (5, 6)
    assert today["pnl_e4"] is None


def test_a_contract_that_nobody_knows_the_end_of_leaves_nothing_held():
    rows = told(day_opened(), opened(), intent(1), sold("ce"), LegExpired("s", "ce", CE, TEN))

    assert [each["net_quantity"] for each in rows["positions"]] == [0]
    assert [(each["exit_reason"], each["pnl_e4"]) for each in rows["trades"]] == [("expiry", None)]


def test_a_strategy_is_as_it_was_left_last():
    declared = StrategyDeclared("s", "{}", "ann", NINE)
    (row,) = told(declared, StrategyStarted("s", "bob", TEN))["strategies"]
    assert (row["declared"], row["takes_entries"], row["changed_by"]) == (True, True, "bob")
    (row,) = told(declared, StrategyStopped("s", "ordo", TEN, "storm"))["strategies"]
    assert (row["takes_entries"], row["because"], row["declaration"]) == (False, "storm", "{}")
    (row,) = told(declared, StrategyRemoved("s", "ann", TEN))["strategies"]
    assert (row["declared"], row["takes_entries"]) == (False, False)


def test_what_a_person_did_is_audited_beside_its_own_table():
    rows = told(StrategyStarted("s", "bob", TEN), DeadLetter("a", "m", "e", TEN))

    assert [(r["kind"], r.get("done_by")) for r in rows["audit"]] == [
        ("StrategyStarted", "bob"),
        ("DeadLetter", None),
    ]
    assert [each["kind"] for each in rows["strategy_events"]] == ["StrategyStarted"]


def test_a_request_is_answered_once_under_its_key():
    begun, answered = RequestBegun("r", "d", NINE), RequestAnswered("r", "d", 200, "{}", TEN)
    (row,) = told(begun)["idempotency_keys"]
    assert (row["answered"], row["host_ns"]) == (False, NINE)
    (row,) = told(begun, answered)["idempotency_keys"]
    assert (row["answered"], row["status_code"], row["answer"]) == (True, 200, "{}")


def test_what_was_over_before_the_day_is_kept_small_and_changes_no_row():
    """News of an order may come late; what it is of stands in its row already."""
    tomorrow = day_opened(DAY.replace(day=DAY.day + 1))
    entered = [day_opened(), opened(), intent(1), filled(1, LOT, 100), sold("ce")]
    left = [intent(2, side=Side.BUY), filled(2, LOT, 90), sold("ce", bought="90")]
    fold = Fold("paper")
    for number, fact in enumerate([*entered, *left, tomorrow], 1):
        fold.take(row(number, fact))
    fold.drained()
    fold.take(row(10, OrderUpdated("OR2", "B2", State.FILLED, LOT, LOT * 900_000, TEN)))
    late = fold.drained().rows

    assert late.keys() == {"orders"}
    assert late["orders"]["OR2",]["state"] == "FILLED"


def test_a_late_fill_of_an_order_of_an_earlier_day_changes_no_trade():
    """It is handed on by an intent of its own, and the trade that its order was of is let go."""
    tomorrow = day_opened(DAY.replace(day=DAY.day + 1))
    entered = [day_opened(), opened(), intent(1), filled(1, LOT, 100), sold("ce")]
    left = [intent(2, side=Side.BUY), filled(2, LOT, 90), sold("ce", bought="90")]
    fold = Fold("paper")
    for number, fact in enumerate([*entered, *left, tomorrow, opened(), intent(3)], 1):
        fold.take(row(number, fact))
    fold.drained()
    for number, fact in enumerate([intent(4, parent=f"{LATE}OR2"), filled(4, LOT, 80)], 12):
        fold.take(row(number, fact))
    late = fold.drained().rows

    assert "trades" not in late
    assert [(key, each["filled_quantity"]) for key, each in late["orders"].items()] == [
        (("OR4",), LOT)
    ]


def test_an_order_of_a_day_that_is_over_is_remembered_by_its_book_alone():
    days = [day_opened(DAY.replace(day=DAY.day + each)) for each in range(3)]
    entered = [days[0], opened(), intent(1), filled(1, LOT, 100), sold("ce")]
    left = [intent(2, side=Side.BUY), filled(2, LOT, 90), sold("ce", bought="90")]
    fold = Fold("paper")
    for number, fact in enumerate([*entered, *left, days[1], opened(), days[2]], 1):
        fold.take(row(number, fact))
    fold.drained()

    rest = [each for name, each in vars(fold).items() if name != "_books"]
    assert "OR2" in strings_in([fold._books])
    assert not strings_in(rest) & {"OR1", "OR2"}


def strings_in(kept: list[object]) -> set[str]:
    """Return every text that hangs on something."""
    seen = dict[int, object]()
    waiting = list(kept)
    while waiting:
        each = waiting.pop()
        if id(each) not in seen and not isinstance(each, type | ModuleType | FunctionType):
            seen[id(each)] = each
            waiting += gc.get_referents(each)
            waiting += each if isinstance(each, dict) else ()
    return {each for each in seen.values() if isinstance(each, str)}


def test_each_entry_of_a_day_has_a_row_of_its_own():
    """Where a carried one left and another was entered, neither hides the other."""
    first = DayMarked("s", DAY, None, None, (TEN, -45_000_000), "NONE", 0, (), TEN, "", "s:old")
    second = replace(first, last=(TEN, 3_750_000), basket_id="s:new")
    rows = told(first, second, replace(first, basket_id=""))["strategy_days"]

    assert [(each["basket_id"], each["last_e4"]) for each in rows] == [
        ("s:old", -45_000_000),
        ("s:new", 3_750_000),
        ("", -45_000_000),
    ]
