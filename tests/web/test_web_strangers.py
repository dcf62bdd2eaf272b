"""Lines of log of requests that nobody was let in for."""

from __future__ import annotations

from daemon.domain.instants import SECOND_NS
from daemon.web.strangers import LINES, Strangers

NOW = 1_000 * SECOND_NS


def test_so_many_at_once_have_a_line_each_and_the_rest_have_none():
    strangers = Strangers()
    taken = [strangers.take(NOW) for _ in range(LINES.limit + 50)]

    assert taken == [0] * LINES.limit + [None] * 50


def test_after_a_while_one_has_a_line_again_and_says_how_many_had_none():
    strangers = Strangers()
    for _ in range(LINES.limit + 50):
        strangers.take(NOW)

    assert strangers.take(NOW + LINES.span_ns - 1) is None
    assert strangers.take(NOW + LINES.span_ns) == 51
    assert strangers.take(NOW + LINES.span_ns) == 0


def test_whoever_asks_seldom_has_a_line_each_time():
    strangers = Strangers()

    assert {strangers.take(NOW + at * SECOND_NS) for at in range(3 * LINES.limit)} == {0}
