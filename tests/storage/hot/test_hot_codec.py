"""The hot state as JSON: what is written, and what of it is believed."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.market.frames import Quote
from daemon.domain.money import e4
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.mirrored import MOST_E4, MirroredDay, MirroredLeg, MirroredLevels
from daemon.messages import FloorSeen
from daemon.storage.hot.codec import (
    OWNED_BYTES,
    believed,
    documents,
    is_ours,
    levels_of,
    owned,
    owner_of,
    prices,
)
from daemon.storage.hot.words import Kept
from tests.kit.watched import LEG, OTHER_LEG, risk, watch

LEVELS, DAY = "strategy:straddle:risk_state", "account:paper:risk_state"
FLAT = replace(OTHER_LEG, quantity=0)
ENTRY = watch(
    basket_id="straddle:1",
    lock="LOCKED",
    current_sl_e4=e4(750),
    best_e4=e4(1500),
    legs=(replace(LEG, followed_e4=e4(98)), FLAT),
)
MIRRORED = MirroredLevels(
    "straddle:1",
    LockStatus.LOCKED,
    e4(750),
    e4(1500),
    (MirroredLeg("ce", e4("146.05"), e4(98)),),
)


def written(*watches, floors=()):
    return documents(replace(risk(*watches), floors=floors), lambda mark: mark or "paper")


def test_each_strategy_stands_under_its_four_keys():
    found = written(ENTRY, watch("other", account="second"))

    assert set(found) == {
        f"strategy:{name}:{key}"
        for name in ("straddle", "other@second")
        for key in ("state", "risk_state", "active_legs", "pnl")
    }
    assert all(map(is_ours, found))


def test_what_stands_there_is_what_the_watchdog_shows():
    found = {key: json.loads(value) for key, value in written(ENTRY).items()}

    (entry,) = found["strategy:straddle:state"]["entries"]
    assert entry == {"basket_id": "straddle:1", "status": "open"}
    (leg,) = found["strategy:straddle:active_legs"]["entries"]
    assert (leg["leg_id"], leg["quantity"], leg["stop_e4"]) == ("ce", -75, e4("146.05"))
    (pnl,) = found["strategy:straddle:pnl"]["entries"]
    assert (pnl["pnl_e4"], pnl["charges_e4"]) == (e4("776.25"), e4("41.20"))
    assert {document["version"] for document in found.values()} == {1}


def test_two_entries_of_a_strategy_on_one_day_stand_side_by_side():
    found = written(ENTRY, replace(ENTRY, basket_id="straddle:2"))

    entries = believed(Kept({LEVELS: found[LEVELS]})).entries
    assert [each.basket_id for each in entries] == ["straddle:1", "straddle:2"]


def test_what_is_written_is_believed_as_it_was():
    floor = FloorSeen(date(2026, 3, 9), e4(5000), e4(10000))
    found = believed(Kept(written(ENTRY, floors=(floor,))))

    assert found.entries == (MIRRORED,) == (levels_of(ENTRY),)
    assert found.days == {"paper": MirroredDay(floor.day, floor.floor_e4, floor.best_e4)}
    assert found.poisoned == ()


def test_a_value_says_at_its_beginning_whose_it_is_and_is_believed_as_it_was():
    floor = FloorSeen(date(2026, 3, 9), e4(5000), e4(10000))
    plain = written(ENTRY, floors=(floor,))
    told = {key: owned(value, "a" * 32) for key, value in plain.items()}

    assert {owner_of(value[:OWNED_BYTES]) for value in told.values()} == {"a" * 32}
    assert {owner_of(value) for value in plain.values()} == {""}
    assert believed(Kept(told)) == believed(Kept(plain))


def test_of_what_no_entry_holds_and_of_a_stop_in_rupees_no_floor_is_told():
    stray = watch("manual")
    unlocked = watch("straddle", basket_id="straddle:1")
    entries = believed(Kept(written(stray, unlocked))).entries

    assert [(each.lock, each.floor_e4) for each in entries] == [(LockStatus.NONE, 0)]


def test_prices_are_told_by_symbol():
    told = json.loads(prices({"A": Quote(e4(10), e4(9), 1, e4(11), 1)}, 7))

    assert told == {
        "version": 1,
        "at_ns": 7,
        "prices": {"A": {"ltp_e4": e4(10), "bid_e4": e4(9), "ask_e4": e4(11)}},
    }


GOOD = json.loads(written(ENTRY)[LEVELS])


def changed(**entry) -> bytes:
    (was,) = GOOD["entries"]
    return json.dumps({**GOOD, "entries": [{**was, **entry}]}).encode()


@pytest.mark.parametrize(
    "value",
    [
        b"x",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"version": 2, "entries": []}',
        b'{"version": 1, "entries": [], "more": 1}',
        b'{"version": 1, "entries": [' + b"[" * 10_000,
        changed(floor_e4=MOST_E4 + 1),
        changed(floor_e4=10**40),
        changed(floor_e4=7.5),
        changed(floor_e4="750"),
        changed(best_e4=-MOST_E4 - 1),
        changed(lock="OPEN"),
        changed(basket_id="x" * 201),
        changed(basket_id=1),
        changed(extra=1),
        changed(legs=[{"leg_id": "ce", "stop_e4": -1, "followed_e4": 1}]),
        changed(legs=[{"leg_id": "ce", "stop_e4": 1}]),
        changed(legs=[{"leg_id": "ce", "stop_e4": 1, "followed_e4": 1}] * 101),
        json.dumps({**GOOD, "entries": GOOD["entries"] * 201}).encode(),
    ],
)
def test_a_value_that_is_not_as_we_write_it_is_an_error_that_never_shows_it(value):
    found = believed(Kept({LEVELS: value, DAY: value}))

    assert (found.entries, found.days) == ((), {})
    assert [error.code for error in found.poisoned] == ["hot_state_poisoned"] * 2
    assert all("is not taken, and written anew from memory" in str(e) for e in found.poisoned)


def test_one_poisoned_value_does_not_cost_the_others():
    found = believed(Kept({"strategy:a:risk_state": b"x", **written(ENTRY)}))

    assert found.entries == (MIRRORED,)
    assert len(found.poisoned) == 1


@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_it_fall(value):
    found = believed(Kept({LEVELS: value}))

    assert bool(found.poisoned) == bool(value) or found.entries == ()


@pytest.mark.parametrize(
    "key",
    [
        "strategy:a:stated",
        "strategy::state",
        "strategy:a b:state",
        "account:a:pnl",
        "x:a:state",
        "",
    ],
)
def test_a_key_of_another_form_is_not_ours(key):
    assert not is_ours(key)
