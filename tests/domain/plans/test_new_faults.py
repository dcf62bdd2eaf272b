"""What new plans alone are refused for."""

from __future__ import annotations

import pytest

from daemon.domain.plans.new_faults import faults_of_new
from daemon.domain.plans.parsing import from_json, parse
from daemon.errors import StrategyError
from tests.kit.plans import CALL, FUTURE, GUARD, HOURS, PUT, text

RESTS = "[order]\nresident_stop = { beyond_percent = 20 }\n"
LONG = CALL.replace("sell", "buy")
LONG_PUT, LONG_FUTURE = PUT.replace("sell", "buy"), FUTURE.replace("sell", "buy")


def legging(timeout_ms: int) -> str:
    lines = f"legging = {{ timeout_ms = {timeout_ms} }}\n[exit]"
    return text(hours=HOURS.replace("[exit]", lines))


def trailed(every: str, by: str) -> str:
    trail = f"trail = {{ every = {{ {every} }}, by = {{ {by} }} }}\n"
    return text(legs=PUT + CALL + "stop = { percent = 30 }\n" + trail)


def target(bound: str, legs: str = CALL + PUT, lock: int = 0) -> str:
    locked = f"lock_and_trail = {{ at = {lock}, lock = 100 }}\n" if lock else ""
    return text(legs=legs, tail=GUARD + f"target = {{ {bound} }}\n" + locked)


def stop(bound: str, legs: str = LONG + LONG_PUT) -> str:
    return text(legs=legs, tail=f"[risk]\n{bound}\n")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            stop("combined_premium_stop = { percent = 100 }"),
            (
                "risk.combined_premium_stop.percent: must be below 100 where all options are "
                "bought: it would fire once all is lost, or never"
            ),
        ),
        (
            stop("combined_premium_stop = { percent = 150 }", legs=LONG + LONG_FUTURE),
            (
                "risk.combined_premium_stop.percent: must be below 100 where all options are "
                "bought: it would fire once all is lost, or never"
            ),
        ),
        (
            stop("stop = { premium_percent = 100 }"),
            (
                "risk.stop.premium_percent: must be below 100 where all legs are bought options: "
                "it would fire once all is lost, or never"
            ),
        ),
        (
            legging(5),
            "entry.legging.timeout_ms: 5 is 5 milliseconds; write 100 or more, 5000 for 5 seconds",
        ),
        (
            text(tail=GUARD + "[order]\nunfilled_after_ms = 99\n"),
            "order.unfilled_after_ms: 99 is 99 milliseconds; write 100 or more, 5000 for 5 seconds",
        ),
        (
            text(legs=CALL + "stop = { percent = 30 }\n" + PUT, tail=GUARD + RESTS),
            (
                "order.resident_stop: lies beyond the stop of each sold leg; give one to legs[1],"
                " as wide as you like"
            ),
        ),
        (
            trailed("points = 5", "points = 5.05"),
            (
                "legs[1].trail.by: 5.05 is more than `every`, 5: the stop would overtake the "
                "price; write 5 or less"
            ),
        ),
        (
            trailed("percent = 5", "percent = 20"),
            (
                "legs[1].trail.by: 20 is more than `every`, 5: the stop would overtake the price; "
                "write 5 or less"
            ),
        ),
        (
            target("premium_percent = 100"),
            (
                "risk.target.premium_percent: must be below 100 where all legs are sold options: "
                "it could not be reached"
            ),
        ),
        (
            target("rupees = 2000", lock=2000),
            (
                "risk.lock_and_trail.at: 2000 is not below risk.target.rupees, 2000: it would "
                "never lock; write less than 2000"
            ),
        ),
    ],
)
def test_what_can_do_nothing_good_is_refused_with_what_to_write(file: str, expected: str) -> None:
    with pytest.raises(StrategyError) as caught:
        parse(file)

    assert str(caught.value) == expected
    assert not caught.value.others


@pytest.mark.parametrize(
    "file",
    [
        stop("combined_premium_stop = { percent = 99.9999 }"),
        stop("combined_premium_stop = { points = 500 }"),
        stop("stop = { premium_percent = 99.9999 }"),
        stop("stop = { rupees = 900000 }"),
        stop("stop = { premium_percent = 150 }", legs=LONG + LONG_FUTURE),
        stop("combined_premium_stop = { percent = 150 }", legs=LONG + PUT),
        stop("stop = { premium_percent = 150 }", legs=LONG + PUT),
        text(legs=LONG_FUTURE, tail="[risk]\nstop = { rupees = 900000 }\n"),
        legging(100),
        text(tail=GUARD + "[order]\nunfilled_after_ms = 100\n"),
        trailed("points = 5", "points = 5"),
        trailed("percent = 5", "percent = 5"),
        target("premium_percent = 99.9999"),
        target("premium_percent = 150", legs=CALL + LONG_PUT),
        target("premium_percent = 150", legs=CALL + LONG_FUTURE),
        target("premium_percent = 150", legs=CALL + FUTURE),
        target("rupees = 2000.0001", lock=2000),
        target("premium_percent = 50", lock=2000),
        text(tail=GUARD + "lock_and_trail = { at = 2000, lock = 100 }\n"),
    ],
)
def test_the_edge_that_can_still_be_meant_is_taken(file: str) -> None:
    assert parse(file).id == "s"


def test_what_was_recorded_before_it_was_refused_is_run_as_it_was() -> None:
    """It was traded with, and perhaps holds something still."""
    plan = from_json(
        """
        {"id": "s", "underlying": "NIFTY",
         "entry": {"at": "09:20:00", "legging": {"timeout_ms": 5}}, "exit": {"at": "15:20:00"},
         "legs": [{"side": "sell", "instrument": "CE", "strike": {"atm": 0}, "stop": {"points": 9},
                   "trail": {"every": {"points": 1}, "by": {"points": 2}}}],
         "risk": {"target": {"rupees": 10}, "lock_and_trail": {"at": 10, "lock": 1}}}
        """
    )

    assert plan.entry.legging.timeout_ms == 5


def test_of_what_is_at_fault_by_itself_nothing_more_is_said() -> None:
    assert not list(faults_of_new({}))
