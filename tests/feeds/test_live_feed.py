"""A live feed keeps what was heard within bounds, and loses neither an extreme nor an alarm."""

from __future__ import annotations

import pytest

from daemon.actors.market_feed import MarketFeed
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.market.frames import Frame, Quote
from daemon.feeds.live import MOST_WORDS, LiveFeed
from daemon.messages import DayOpened, FrameArrived
from daemon.ports.market import BookWanted, FrameHeard, LinkMoved, NoticeHeard, SessionLost
from daemon.runtime.words import Publish
from tests.kit.acting import clock

BEGINS_NS = clock("10:00")


def priced(at_ns: int, **prices_e4: int) -> FrameHeard:
    return FrameHeard(Frame(at_ns, {name: Quote(price) for name, price in prices_e4.items()}), 5)


async def taken(feed: LiveFeed, count: int):
    arrivals = feed.arrivals()
    return [await anext(arrivals) for _ in range(count)]


async def test_prices_come_in_their_order_with_a_fingerprint_of_their_content():
    feed = LiveFeed()
    for at_ns, content in enumerate((5, 5, 0, 0), 1):
        feed.hear(FrameHeard(Frame(at_ns, {"A": Quote(10)}), content))

    arrived = await taken(feed, 4)

    assert [each.frame.at_ns for each in arrived] == [1, 2, 3, 4]
    first, again, unknown, another = (each.fingerprint for each in arrived)
    assert first == again
    assert len({first, unknown, another, 0}) == 4


@pytest.mark.parametrize("content", [6, 0])
async def test_a_book_that_goes_back_to_what_it_was_is_taken_and_a_copy_of_it_is_not(content):
    """Between them lay another book, or one that nobody knows the content of, as where it joins."""
    feed, taker = LiveFeed(), MarketFeed(0, LiveFeed.memory)
    session = (BEGINS_NS, BEGINS_NS + 3_600 * SECOND_NS)
    taker.handle(DayOpened(day_of(BEGINS_NS), (session,), BEGINS_NS, SECOND_NS), BEGINS_NS)
    for number, told in enumerate((5, content, 5, 5)):
        frame = Frame(BEGINS_NS + number * SECOND_NS // 4, {"A": Quote(10 + told)})
        feed.hear(FrameHeard(frame, told))

    prices = []
    for each in await taken(feed, 4):
        effects = taker.handle(each, each.frame.at_ns)
        told = [e.message for e in effects if isinstance(e, Publish)]
        prices += [frame.quotes["A"].ltp_e4 for frame in told if isinstance(frame, Frame)]
    assert prices == [15, 10 + content, 15]


async def test_who_lags_is_given_the_newest_of_each_and_no_extreme_is_lost():
    feed = LiveFeed(most_frames=2)
    for at_ns, price in enumerate((10, 50, 3, 7), 1):
        feed.hear(priced(at_ns, A=price))
    feed.hear(priced(5, B=1))

    first, second = await taken(feed, 2)

    assert first == FrameArrived(Frame(1, {"A": Quote(10)}), first.fingerprint)
    assert second.frame == Frame(5, {"A": Quote(7, low_e4=3, high_e4=50), "B": Quote(1)})
    assert first.fingerprint != second.fingerprint
    assert feed.joined == 3


async def test_what_is_no_price_goes_first_and_a_reading_is_wanted_but_once():
    feed = LiveFeed()
    feed.hear(priced(1, A=10))
    for number in range(MOST_WORDS * 2):
        feed.hear(BookWanted(f"order {number}"))
    feed.hear(SessionLost(3))
    feed.hear(SessionLost(3))

    told = await taken(feed, 3)

    assert [type(each) for each in told] == [BookWanted, SessionLost, FrameArrived]


async def test_a_broker_that_says_much_drives_no_alarm_out():
    feed = LiveFeed()
    for number in range(MOST_WORDS + 10):
        feed.hear(NoticeHeard("message", str(number), number))
    down = LinkMoved(0, 1, alive=False, why="no byte for 3 s", in_session=True)
    feed.hear(down)

    assert (await taken(feed, MOST_WORDS + 1))[-1] == down
    assert feed.lost == 10
