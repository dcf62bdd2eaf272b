from __future__ import annotations

from datetime import date

import msgspec
import pytest

from daemon.domain.plans.words import AccountId, LegId, StrategyId, Underlying, Weekday


@pytest.mark.parametrize(
    ("day", "name"), [(date(2026, 11, 23), "mon"), (date(2026, 11, 29), "sun")]
)
def test_weekdays_stand_in_the_order_of_the_calendar(day: date, name: str) -> None:
    """The place of a day in the list is its number in a date."""
    assert tuple(Weekday)[day.weekday()] == name


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (StrategyId, "nifty-short-straddle"),
        (StrategyId, "a" * 64),
        (LegId, "short_ce"),
        (AccountId, "paper"),
        (Underlying, "NIFTY"),
        (Underlying, "M&M"),
        (Underlying, "BAJAJ-AUTO"),
    ],
)
def test_a_name_is_taken(kind: type, text: str) -> None:
    """Names in use fit."""
    assert msgspec.convert(text, kind) == text


@pytest.mark.parametrize("kind", [StrategyId, LegId, AccountId, Underlying])
@pytest.mark.parametrize("text", ["", " ", "A" * 65, "A/B", "../A", "A:B", "A\n", "\u0410", "-A"])
def test_what_could_be_a_path_or_a_key_is_no_name(kind: type, text: str) -> None:
    """Names become parts of files, keys and symbols, so they hold no separator."""
    with pytest.raises(msgspec.ValidationError, match="Expected `str` matching"):
        msgspec.convert(text, kind)
