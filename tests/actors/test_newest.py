"""The newest quotes, for whom looks back but rarely."""

import pytest

from daemon.actors.newest import Newest
from daemon.domain.market.frames import Frame, Quote
from tests.kit.acting import CE, PE, prices


def newest(*frames) -> Newest:
    """These frames, seen in order."""
    seen = Newest()
    for frame in frames:
        seen.see(frame)
    return seen


def ltps(found: Newest) -> list[tuple[str, int, int]]:
    """What is known of both strikes."""
    return [(symbol, quote.ltp_e4, came_ns) for symbol, quote, came_ns in found.of((CE, PE))]


def test_what_a_frame_leaves_out_is_known_from_an_earlier_one() -> None:
    found = newest(prices(1, "100", "90"), prices(2, "101"))
    assert ltps(found) == [(CE, 1_010_000, 2), (PE, 900_000, 1)]


def test_what_was_never_quoted_is_not_made_up() -> None:
    assert ltps(newest(prices(1, None, "90"))) == [(PE, 900_000, 1)]
    assert ltps(newest()) == []
    assert newest(prices(1, None, "90")).quote(CE) is None


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_it_is_the_same_however_many_frames_nobody_asked_about(count) -> None:
    found = newest(prices(1, None, "90"), *(prices(n, "100") for n in range(2, count + 2)))
    assert ltps(found) == [(CE, 1_000_000, count + 1), (PE, 900_000, 1)]


def test_the_newest_frames_are_kept_whole_and_lost_with_the_rest() -> None:
    found, frames = Newest(recent=2), [prices(n, "100") for n in range(1, 5)]
    for frame in frames[:3]:
        found.see(frame)
    assert list(found.recent()) == frames[1:3]
    found.lose()
    found.see(frames[3])
    assert list(found.recent()) == frames[3:]


def test_what_was_lost_is_not_known_until_it_is_quoted_again() -> None:
    """Read or not."""
    found = newest(prices(1, "100", "90"))
    assert isinstance(found.of((CE,))[0][1], Quote)
    found.see(prices(2, "101"))
    found.lose()
    assert ltps(found) == []
    found.see(prices(3, "102"))
    assert ltps(found) == [(CE, 1_020_000, 3)]


HALF, WHOLE = Quote(0, 0, 0, 9, 1), Quote(0, 4, 1, 8, 1)


@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize(
    ("quotes", "worth_e4"),
    [
        ([], 0),
        ([Quote(5)], 5),
        ([HALF], 0),
        ([WHOLE, HALF], 6),
        ([Quote(5), WHOLE, HALF, Quote(0)], 6),
        ([WHOLE, HALF, Quote(7)], 7),
        ([WHOLE, HALF, Quote(7), HALF], 7),
    ],
)
def test_a_symbol_is_worth_what_the_newest_quote_says_that_says_something(
    quotes, worth_e4, is_read
) -> None:
    found = Newest()
    for number, quote in enumerate(quotes):
        found.see(Frame(number, {CE: quote}))
        assert not is_read or found.quote(CE) is quote
    assert (found.worth_e4(CE), found.worth_e4(PE)) == (worth_e4, 0)
    found.lose()
    assert found.worth_e4(CE) == 0
