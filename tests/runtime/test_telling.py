"""Long work tells that it goes on, while it is done and for whoever does it."""

from __future__ import annotations

import pytest

from daemon.runtime.telling import EVERY, telling


@pytest.mark.parametrize(("count", "told"), [(0, 0), (1, 1), (EVERY, 1), (2 * EVERY + 1, 3)])
def test_it_is_told_with_each_thousand_and_at_the_end(count, told):
    heard: list[int] = []
    assert list(telling(range(count), lambda: heard.append(1))) == list(range(count))
    assert len(heard) == told


def test_nothing_is_told_before_who_goes_through_them_has_had_them():
    seen: list[int] = []
    heard: list[int] = []
    seen.extend(telling(iter(range(EVERY + 1)), lambda: heard.append(1)))
    going = telling(range(EVERY + 1), lambda: heard.append(2))
    assert [next(going) for _ in range(EVERY)] == seen[:EVERY]
    assert heard == [1, 1]
    assert (next(going), heard) == (EVERY, [1, 1, 2])
