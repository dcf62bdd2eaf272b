"""Whether what is held needs more margin today than at the last session."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.jobs.margin_rise import margin_rise
from daemon.messages import LegExpired
from tests.kit.acting import CE, DAY, clock, sold

EXPIRY = date(2025, 9, 2)
SHORT = sold("ce")
STOCK = replace(SHORT, leg_id="eq", symbol="RELIANCE")


def test_a_short_option_needs_more_on_the_day_that_it_expires():
    told = margin_rise([SHORT, STOCK], EXPIRY)

    assert told.startswith(f"the margin of {CE} rises from ")
    assert told.endswith(f" on {EXPIRY}")


@pytest.mark.parametrize(
    ("facts", "day"),
    [
        ((), EXPIRY),
        ((SHORT,), DAY),
        ((SHORT, sold("ce", bought="90")), EXPIRY),
        ((SHORT, LegExpired("s", "ce", CE, clock("15:30:00"))), EXPIRY),
        ((STOCK,), EXPIRY),
        ((replace(STOCK, symbol="MCX:CRUDEOIL25SEP5800CE"),), EXPIRY),
    ],
)
def test_what_is_not_held_or_does_not_expire_needs_no_more(facts, day):
    assert margin_rise(facts, day) == ""


def test_a_margin_that_no_table_tells_is_told():
    assert margin_rise([SHORT], date(1990, 1, 1)).startswith(
        "the margin of what is held is not known"
    )
