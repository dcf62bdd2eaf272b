from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.domain.market import expiries
from daemon.domain.plans.days import resolve, rest_reason
from daemon.domain.plans.parsing import parse
from daemon.domain.plans.validation import Fault
from daemon.errors import RuleUnknown
from tests.kit.plans import CALL, FUTURE, SHIPPED, STOCK, plan

FRIDAY = date(2025, 8, 29)
TUESDAY = date(2025, 9, 2)


class Calendar:
    """A calendar of expiries around the change from Thursdays to Tuesdays."""

    def weekly(self, underlying: str, day: date) -> date:
        if underlying != "NIFTY":
            raise RuleUnknown(f"{underlying} has no weekly expiries on {day}")
        return TUESDAY

    def next_weekly(self, underlying: str, day: date) -> date:
        return date(2025, 9, 9)

    def monthly(self, underlying: str, day: date) -> date:
        return date(2025, 9, 30)

    def next_monthly(self, underlying: str, day: date) -> date:
        return date(2025, 10, 28)

    def by_rank(self, underlying: str, day: date, rank: int) -> date:
        return [TUESDAY, date(2025, 9, 9), date(2025, 9, 16)][rank - 1]

    def is_expiry(self, underlying: str, day: date) -> bool:
        if day.year > 2025:
            raise RuleUnknown(f"the tables end before {day}")
        return day in {FRIDAY, TUESDAY}


@pytest.mark.parametrize(
    ("leg", "expected"),
    [
        (CALL, TUESDAY),
        (CALL + 'expiry = "weekly"\n', TUESDAY),
        (CALL + 'expiry = "next_weekly"\n', date(2025, 9, 9)),
        (CALL + 'expiry = "monthly"\n', date(2025, 9, 30)),
        (CALL + 'expiry = "next_monthly"\n', date(2025, 10, 28)),
        (CALL + "expiry = { rank = 3 }\n", date(2025, 9, 16)),
        (CALL + "expiry = { date = 2025-08-29 }\n", FRIDAY),
        (CALL + "expiry = { date = 2027-06-29 }\n", date(2027, 6, 29)),
        (FUTURE, date(2025, 9, 30)),
        (STOCK, None),
    ],
)
def test_a_leg_has_its_expiry(leg: str, expected: date | None) -> None:
    """By word, rank or date; an option's is weekly and a future's monthly unless it is said."""
    assert resolve(plan(legs=leg), FRIDAY, Calendar()) == (expected,)


def test_a_date_gone_by_is_refused() -> None:
    """An expired contract is never looked for in the market."""
    legs = FUTURE + CALL + "expiry = { date = 2025-08-28 }\n"

    refused = resolve(plan(legs=legs), FRIDAY, Calendar())

    assert refused == Fault("legs[1].expiry", "2025-08-28 has expired; today is 2025-08-29")


def test_a_date_that_is_no_expiry_is_refused() -> None:
    """A slip of the pen is told before the market opens, and what no table knows is not judged."""
    refused = resolve(plan(legs=CALL + "expiry = { date = 2025-09-03 }\n"), FRIDAY, Calendar())

    assert refused == Fault("legs[0].expiry", "NIFTY does not expire on 2025-09-03")


def test_an_expiry_that_no_rule_knows_is_refused() -> None:
    """What the calendar cannot say is told, not guessed."""
    refused = resolve(replace(plan(), underlying="BANKNIFTY"), FRIDAY, Calendar())

    assert refused == Fault("legs[0].expiry", "BANKNIFTY has no weekly expiries on 2025-08-29")


def left(_day: date, _expiry: date) -> tuple[int, bool]:
    """One trading day lies between a Friday and the Tuesday after, and the Tuesday itself."""
    return 2, True


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", None),
        ('days = ["fri"]', None),
        ('days = ["mon", "tue"]', Fault("days", "fri is not among mon, tue")),
        ("days_to_expiry = [2]", None),
        (
            "days_to_expiry = [0, 1]",
            Fault("days_to_expiry", "2 trading days to 2025-09-02; allowed: 0, 1"),
        ),
    ],
)
def test_a_plan_rests_on_other_days(head: str, expected: Fault | None) -> None:
    """Days of the week, and trading days to the nearest expiry."""
    far = date(2025, 9, 30)

    assert rest_reason(plan(head=head), FRIDAY, (None, far, TUESDAY), left) == expected


@pytest.mark.parametrize("allowed", [[1], [2], [3]])
def test_a_plan_rests_where_the_calendar_does_not_reach_its_expiry(allowed: list[int]) -> None:
    """How many trading days there are is not known, only that there are so many at least."""
    resting = rest_reason(
        plan(head=f"days_to_expiry = {allowed}"), FRIDAY, (TUESDAY,), lambda *_: (2, False)
    )

    text = "at least 2 trading days to 2025-09-02, which is beyond the calendar; allowed: "
    assert resting == Fault("days_to_expiry", f"{text}{allowed[0]}")


def test_a_plan_without_expiries_has_no_days_to_one() -> None:
    """Equities never come near an expiry."""
    resting = rest_reason(plan(head="days_to_expiry = [0]"), FRIDAY, (None,), left)

    assert resting == Fault("days_to_expiry", "no leg expires")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("day", [FRIDAY, date(2026, 11, 18)])
def test_a_shipped_strategy_finds_its_expiries_in_the_real_calendar(path: Path, day: date) -> None:
    """The calendar of the market is one that a plan can ask, then and now."""
    found = resolve(parse(path.read_bytes()), day, expiries)

    assert isinstance(found, tuple)
    assert all(expiry is not None and expiry >= day for expiry in found)


def test_the_recorded_day_finds_the_first_tuesday() -> None:
    """On the Friday after the last Thursday expiry the nearest one is a Tuesday."""
    assert resolve(plan(), FRIDAY, expiries) == (TUESDAY,)
