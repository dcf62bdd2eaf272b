from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.money import E4
from daemon.domain.plans.parsing import encode, from_json, parse
from daemon.domain.plans.validation import EntryPrice, Fault, leg_fault, loss_fault
from daemon.errors import StrategyError
from tests.kit.plans import CALL, FUTURE, GUARD, HOURS, PUT, STOCK, plan, text

LONG = CALL.replace("sell", "buy")
LONG_STOCK, LONG_FUTURE = STOCK.replace("sell", "buy"), FUTURE.replace("sell", "buy")
EXACT = CALL.replace("atm = 0", "exact = 24550")
RESTS = "[order]\nresident_stop = { beyond_percent = 20 }\n"
LOCK = "[risk]\nstop = { rupees = 1 }\nlock_and_trail = "


def rs(amount: int) -> int:
    return amount * E4


def legs(leg: str, *lines: str) -> str:
    return text(legs=leg + "\n".join(lines) + "\n")


def hours(start: str, end: str, latest: str = "") -> str:
    entry = f"[entry]\nat = {start}\n" + (f"no_later_than = {latest}\n" if latest else "")
    return text(hours=entry + f"[exit]\nat = {end}\n")


def called(strategy_id: str) -> str:
    return text().replace('id = "s"', f'id = "{strategy_id}"')


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (called("manual"), 'id: "manual" is what counts for no strategy; choose another id'),
        (
            called("expiry"),
            'id: "expiry" is a word that the record tells booked orders by; choose another id',
        ),
        (called("external"), 'id: "external" is what counts for no strategy; choose another id'),
        (hours("15:20:00", "15:20:00"), "entry.at: 15:20:00 is not before exit.at, 15:20:00"),
        (hours("15:21:00", "15:20:00"), "entry.at: 15:21:00 is not before exit.at"),
        (hours("09:20:00", "15:20:00", "09:19:59"), "entry.no_later_than: 09:19:59 is not between"),
        (hours("09:20:00", "15:20:00", "15:20:01"), "entry.no_later_than: 15:20:01 is not between"),
        (text(head="days = []"), "days: names no day"),
        (text(head='days = ["mon", "mon"]'), "days: names one twice"),
        (text(head="days_to_expiry = []"), "days_to_expiry: names no day"),
        (text(head="days_to_expiry = [1, 1]"), "days_to_expiry: names one twice"),
        (text(legs=CALL + CALL), 'legs[1].id: "ce" is the id of an earlier leg too'),
        (text(legs=CALL.replace('"CE"', '"INDEX"')), "legs[0].instrument: an index is not traded"),
        (text(legs=CALL.replace("strike", "#")), "legs[0].strike: is required for an option"),
        (
            text(legs=STOCK).replace("RELIANCE", "NIFTY"),
            "legs[0].instrument: NIFTY is an index, no share",
        ),
        (
            text().replace('"NIFTY"', '"NIFTYY"'),
            (
                "underlying: options and futures of NIFTYY come in a later version, with the daily "
                "list of contracts; did you mean NIFTY?"
            ),
        ),
        (text().replace('"NIFTY"', '"TCS"'), "underlying: options and futures of TCS come in a"),
        (legs(STOCK, "strike = { atm = 0 }"), "legs[0].strike: belongs to options"),
        (legs(STOCK, 'expiry = "weekly"'), "legs[0].expiry: an equity has no expiry"),
        (
            text(head='product = "carry"', legs=STOCK),
            "legs[0].side: shares that are sold short cannot be carried",
        ),
        (legs(FUTURE, 'expiry = "weekly"'), "legs[0].expiry: a future's is monthly"),
        (legs(FUTURE, "expiry = { rank = 1 }"), "legs[0].expiry: a future's is monthly"),
        (
            text(legs=CALL.replace("atm = 0", 'atm = 0, pick = "closest"')),
            "legs[0].strike.pick: belongs to `premium`",
        ),
        (legs(LONG, "stop = { percent = 100 }"), "legs[0].stop.percent: must be below 100"),
        (legs(STOCK, "stop = { percent = 101 }"), "legs[0].stop.percent: is beyond the notional"),
        (legs(EXACT, "stop = { points = 24550 }"), "legs[0].stop.points: is beyond the notional"),
        (legs(CALL, "target = { percent = 100 }"), "legs[0].target.percent: must be below 100"),
        (
            legs(CALL, "trail = { every = { points = 1 }, by = { points = 1 } }"),
            "legs[0].trail: moves a stop, and this leg has none",
        ),
        (
            legs(
                CALL,
                "stop = { percent = 30 }",
                "trail = { every = { points = 1 }, by = { percent = 1 } }",
            ),
            "legs[0].trail.by: must be of the same unit as `every`",
        ),
        (text(tail=""), "legs[0].stop: nothing guards this short leg"),
        (text(tail="[risk]\ntarget = { rupees = 1 }"), "legs[0].stop: nothing guards this short"),
        (
            text(legs=CALL + FUTURE, tail="[risk]\ncombined_premium_stop = { percent = 25 }"),
            "legs[1].stop: nothing guards this short leg",
        ),
        (
            text(legs=CALL + FUTURE, tail="[risk]\nstop = { premium_percent = 25 }"),
            "legs[1].stop: nothing guards this short leg",
        ),
        (
            text(legs=LONG_STOCK, tail="[risk]\ncombined_premium_stop = { percent = 25 }"),
            "risk.combined_premium_stop: counts the premium of options, and no leg is one",
        ),
        (
            text(legs=LONG_STOCK, tail="[risk]\nstop = { premium_percent = 25 }"),
            "risk.stop.premium_percent: counts the premium of options, and no leg is one",
        ),
        (
            text(legs=FUTURE, tail=GUARD + "target = { premium_percent = 25 }"),
            "risk.target.premium_percent: counts the premium of options, and no leg is one",
        ),
        (text(tail=LOCK + "{ at = 10, lock = 10 }"), "risk.lock_and_trail.lock: 10 is not below"),
        (
            text(tail=LOCK + "{ at = 10, lock = 5, by = 1 }"),
            "risk.lock_and_trail.every: is required",
        ),
        (text(tail=LOCK + "{ at = 10, lock = 5, every = 1 }"), "risk.lock_and_trail.by: is requir"),
        (
            text(tail=LOCK + "{ at = 10, lock = 5, every = 1, by = 2 }"),
            "risk.lock_and_trail.by: 2 is more than `every`, 1",
        ),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(file: str, expected: str) -> None:
    """Each contradiction is told where the trader can mend it."""
    with pytest.raises(StrategyError) as caught:
        parse(file)

    assert str(caught.value).startswith(expected)
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    "file",
    [
        hours("09:20:00", "15:20:00", "09:20:00"),
        hours("09:20:00", "15:20:00", "15:20:00"),
        hours("15:19:59", "15:20:00"),
        text(head='days_to_expiry = "any"\naccounts = ["paper"]'),
        text(legs=CALL + "stop = { percent = 400 }\n", tail=""),
        text(tail="[risk]\ncombined_premium_stop = { percent = 25 }"),
        text(tail="[risk]\nstop = { premium_percent = 25 }"),
        text(legs=CALL + LONG_FUTURE, tail="[risk]\nstop = { premium_percent = 25 }"),
        text(legs=LONG + "stop = { percent = 99.9999 }\n", tail=""),
        text(legs=LONG + "target = { percent = 900 }\n", tail=""),
        text(legs=STOCK + "stop = { percent = 100 }\n", tail=""),
        text(legs=EXACT + "stop = { points = 24549 }\n", tail=""),
        text(legs=CALL + "target = { points = 20 }\n"),
        text(legs=FUTURE + "expiry = { date = 2026-11-24 }\n"),
        text(legs=FUTURE),
        text(legs=LONG, tail=""),
        text(legs=CALL + "stop = { percent = 30 }\n" + LONG_FUTURE, tail=RESTS),
        text(tail=LOCK + "{ at = 10, lock = 9.9999 }"),
        text(tail=LOCK + "{ at = 10, lock = 0, every = 5, by = 5 }"),
        text(
            legs=CALL
            + "stop = { percent = 30 }\n"
            + "trail = { every = { percent = 1 }, by = { percent = 1 } }\n"
        ),
    ],
)
def test_the_edge_that_is_still_right_is_taken(file: str) -> None:
    """A refusal reaches no further than its reason."""
    assert parse(file).id == "s"


@pytest.mark.parametrize("name", ["manual", "external"])
def test_a_name_of_what_is_no_strategy_is_refused_also_where_it_was_recorded(name: str) -> None:
    """Its legs would be taken for orders by hand, or for a stranger's, and nobody guards those."""
    recorded = encode(plan()).replace(b'"s"', f'"{name}"'.encode())

    with pytest.raises(StrategyError, match=r"^id: .* choose another id$"):
        from_json(recorded)


def test_a_name_that_only_begins_so_is_taken() -> None:
    assert parse(called("manually")).id == "manually"


SHORT_STOP = "stop = { points = 50 }\n"


@pytest.mark.parametrize(
    ("leg", "entry", "expected"),
    [
        (CALL, EntryPrice(rs(100), 75, rs(24550)), None),
        (CALL + "stop = { percent = 400 }\n", EntryPrice(1_186_000, 75, rs(24550)), None),
        (CALL + SHORT_STOP, EntryPrice(rs(50), 75, rs(100)), None),
        (CALL + SHORT_STOP, EntryPrice(rs(51), 75, rs(100)), "legs[0].stop"),
        (CALL + "stop = { percent = 300 }\n", EntryPrice(rs(26), 75, rs(100)), "legs[0].stop"),
        (STOCK + SHORT_STOP, EntryPrice(rs(50), 1), None),
        (STOCK + SHORT_STOP, EntryPrice(rs(49), 1), "legs[0].stop"),
        (LONG + SHORT_STOP, EntryPrice(rs(51), 75, rs(100)), None),
        (LONG + SHORT_STOP, EntryPrice(rs(50), 75, rs(100)), "legs[0].stop"),
        (LONG + "target = { points = 50 }\n", EntryPrice(rs(10), 75, rs(100)), None),
        (CALL + "target = { points = 50 }\n", EntryPrice(rs(51), 75, rs(100)), None),
        (CALL + "target = { points = 50 }\n", EntryPrice(rs(50), 75, rs(100)), "legs[0].target"),
    ],
)
def test_a_stop_or_target_is_judged_again_at_the_entry_price(
    leg: str, entry: EntryPrice, expected: str | None
) -> None:
    """What no price of the market can reach, and what costs more than the notional, is refused."""
    fault = leg_fault(plan(legs=leg).legs[0], "legs[0]", entry)

    assert (fault and fault.place) == expected


TWO = [EntryPrice(rs(100), 10, rs(1_000)), EntryPrice(rs(50), 10, rs(1_000))]


@pytest.mark.parametrize(
    ("risk", "place"),
    [
        ("stop = { rupees = 20000 }", None),
        ("stop = { rupees = 20000.0001 }", "risk.stop.rupees"),
        ("stop = { premium_percent = 1333 }", None),
        ("stop = { premium_percent = 1334 }", "risk.stop.premium_percent"),
        ("combined_premium_stop = { percent = 1333 }", None),
        ("combined_premium_stop = { percent = 1334 }", "risk.combined_premium_stop.percent"),
        ("combined_premium_stop = { points = 2000 }", None),
        ("combined_premium_stop = { points = 2001 }", "risk.combined_premium_stop.points"),
    ],
)
def test_a_stop_of_the_whole_bears_no_more_than_the_notional(risk: str, place: str | None) -> None:
    """Two short options of strike 1,000, ten units each: 20,000 rupees."""
    fault = loss_fault(plan(legs=CALL + PUT, tail="[risk]\n" + risk), TWO)

    assert (fault and fault.place) == place


def test_points_of_premium_are_of_the_options_beside_a_future() -> None:
    """Ten units of a strike of 1,000 and a hundred of a future at 10: 11,000 rupees."""
    both = [TWO[0], EntryPrice(rs(10), 100)]
    risk = "[risk]\ncombined_premium_stop = { points = %d }"
    places = [
        fault and fault.place
        for points in (1100, 1101)
        for fault in [loss_fault(plan(legs=CALL + LONG_FUTURE, tail=risk % points), both)]
    ]
    assert places == [None, "risk.combined_premium_stop.points"]


def test_the_notional_of_an_equity_is_its_price() -> None:
    """Without a strike the price counts."""
    fault = loss_fault(plan(legs=STOCK, tail=GUARD), [EntryPrice(rs(500), 10)])

    assert fault == Fault(
        "risk.stop.rupees", "is beyond the notional (strike or price x quantity) of all legs"
    )


@given(entry=st.integers(1, rs(2_000)), points=st.integers(1, 30_000))
def test_a_stop_that_is_taken_lies_within_the_notional(entry: int, points: int) -> None:
    """Whatever the price, a taken stop of a short option costs at most the strike."""
    leg = plan(legs=CALL + f"stop = {{ points = {points} }}\n").legs[0]
    strike_e4 = rs(24_550)

    taken = leg_fault(leg, "legs[0]", EntryPrice(entry, 75, strike_e4)) is None

    assert taken == (entry + rs(points) <= strike_e4)


def test_the_shared_hours_are_valid() -> None:
    """The tables above rest on them."""
    assert parse(text(hours=HOURS)).id == "s"
