"""Percentages below 1, which may have been meant as fractions."""

from __future__ import annotations

import pytest

from daemon.jobs.preflight.percentages import small
from tests.kit.plans import CALL, HOURS, SHIPPED, parse, text

GUARDS = """stop = { percent = 0.3 }
target = { percent = 0.6 }
trail = { every = { percent = 0.1 }, by = { percent = 0.05 } }
"""
RISK = """[risk]
combined_premium_stop = { percent = 0.25 }
stop = { premium_percent = 0.4 }
target = { premium_percent = 0.999 }
[order]
buffer = { percent = 0.5 }
resident_stop = { beyond_percent = 0.2 }
"""
HASTY = text(
    hours=HOURS.replace("[exit]", "max_spread = { percent = 0.05 }\n[exit]"),
    legs=CALL + GUARDS,
    tail=RISK,
)


def test_each_percentage_below_one_is_told_with_what_may_have_been_meant():
    assert list(small(parse(HASTY))) == [
        (f"{place}: {written} is {written} %, not {meant} %", f"write {meant} where that is meant")
        for place, written, meant in (
            ("entry.max_spread.percent", "0.05", "5"),
            ("legs[0].stop.percent", "0.3", "30"),
            ("legs[0].target.percent", "0.6", "60"),
            ("legs[0].trail.every.percent", "0.1", "10"),
            ("legs[0].trail.by.percent", "0.05", "5"),
            ("risk.combined_premium_stop.percent", "0.25", "25"),
            ("risk.stop.premium_percent", "0.4", "40"),
            ("risk.target.premium_percent", "0.999", "99.9"),
            ("order.resident_stop.beyond_percent", "0.2", "20"),
        )
    ]


@pytest.mark.parametrize(
    "file",
    [
        text(),
        text(legs=CALL + "stop = { percent = 1 }\n"),
        text(legs=CALL + "stop = { points = 0.3 }\n"),
        *(file.read_text() for file in SHIPPED),
    ],
)
def test_of_any_other_nothing_is_told(file):
    assert list(small(parse(file))) == []
