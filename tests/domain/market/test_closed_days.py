"""Closed days: at weekends, every year, and by lists, an operator's own among them."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.domain.market.calendar import is_session
from daemon.domain.market.closed_days import trades_ordinarily
from daemon.domain.market.rules import Own, lay_over
from daemon.domain.market.tables import require_tables
from daemon.errors import RulesDamaged
from tests.kit.own_rules import unread_tables

SAID = {"source": "a test", "confidence": "OWN"}


@pytest.fixture(autouse=True)
def _unread():
    with unread_tables():
        yield


@pytest.mark.parametrize(
    ("day", "as_of", "expected"),
    [
        (date(2026, 3, 31), None, False),
        (date(2026, 3, 31), date(2025, 12, 11), True),
        (date(2026, 3, 31), date(2025, 12, 12), False),
        (date(2026, 1, 15), date(2026, 1, 8), True),
        (date(2029, 12, 25), None, False),
        (date(2029, 12, 24), None, True),
        (date(2029, 12, 22), None, False),
        (date(2026, 2, 1), None, False),
        (date(2025, 10, 21), None, False),
    ],
)
def test_an_ordinary_session_is_judged_with_the_eyes_of_a_day(day, as_of, expected):
    assert trades_ordinarily(day, as_of) is expected


def lay(**sections: object) -> None:
    lay_over({"calendar": Own("mine.toml", sections)})


def listed(**named: object) -> list[dict[str, object]]:
    span = {"effective_from": date(2026, 3, 1), "effective_to": date(2026, 12, 31)}
    return [{**span, "announced": date(2026, 3, 3), **SAID, **named}]


def test_a_day_is_closed_at_short_notice_and_another_opened():
    lay(closed=listed(days=[date(2026, 12, 10)], opened=[date(2026, 3, 31)]))
    require_tables()

    assert not is_session(date(2026, 12, 10))
    assert is_session(date(2026, 12, 11))
    assert is_session(date(2026, 3, 31))
    assert not is_session(date(2026, 3, 26))


@pytest.mark.parametrize("kind", ["days", "opened"])
def test_a_list_holds_days_of_its_own_time_alone(kind):
    lay(closed=listed(**{kind: [date(2026, 12, 10), date(2026, 1, 15)]}))

    with pytest.raises(RulesDamaged, match="lists 2026-01-15 in the closed days of another time"):
        require_tables()


UNLISTED = "as opened, which is closed without a list: write its session under [[special]]"
LATER = (
    "as opened in a row after which another closes it: let its effective_from be that of the "
    "other, or later"
)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 12, 5), UNLISTED),
        (date(2026, 12, 25), UNLISTED),
        (date(2026, 3, 26), LATER),
    ],
    ids=["a weekend", "closed every year", "a list that begins later"],
)
def test_a_day_that_is_opened_in_vain_is_refused(day, said):
    later = listed(days=[date(2026, 3, 26)], effective_from=date(2026, 3, 2))
    lay(closed=[*listed(opened=[day]), *later])

    with pytest.raises(RulesDamaged) as refused:
        require_tables()
    assert str(refused.value) == (
        f"mine.toml lists {day} {said}; docs/rules.md says what it may hold"
    )
