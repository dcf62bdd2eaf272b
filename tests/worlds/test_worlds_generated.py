"""The generated world: entered at an instant, for the first time or after a fall."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import cache
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.actors.timekeeper import DayBegins, DayEnds, DaySettles
from daemon.brokers.paper import Paper
from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.money import E4
from daemon.domain.orders.parents import SETTLEMENT
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderUpdated,
    Purpose,
)
from daemon.domain.orders.words import OrderType as OurType
from daemon.domain.orders.words import Side as OurSide
from daemon.domain.plans.parsing import parse
from daemon.messages import DayEnded, DayOpened, FrameArrived
from daemon.twin.words import OrderType, Side, TwinOrder
from daemon.worlds import (
    Entry,
    Generated,
    GeneratedMarket,
    begins_ns,
    reached,
    trading_sessions,
)
from tests.kit.acting import clock
from tests.kit.paper_accounts import paper, reopened, sold
from tests.kit.plans import text

pytestmark = pytest.mark.untraced

FRI, MON, TUE = date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10)
ROUTER = "router:paper"
MINUTE = 60 * SECOND_NS
OPEN, CLOSE = clock("09:15:00", MON), clock("15:30:00", MON)
MARKET = GeneratedMarket(1, MON, MINUTE)


def entered(at_ns: int, market=MARKET, **entry) -> tuple[Generated, Paper]:
    account = paper()
    return Generated(market, {ROUTER: account}, Entry(at_ns, **entry)), account


def told(world: Generated, count: int = 3) -> list[tuple[type, int, bool]]:
    """The first steps: what is told, when, and whether it is waited for."""
    return [(type(step.message), step.at_ns, step.jump) for step in islice(world.steps(), count)]


@cache
def whole(day: date) -> list:
    return [recorded.frame for recorded in MARKET.frames(day)]


def quotes(frames) -> dict:
    return {symbol: quote for frame in frames for symbol, quote in frame.quotes.items()}


def test_a_first_run_begins_the_day_before_the_open_and_waits_for_it():
    """There are no frames yet, so the clock just runs."""
    begins = clock("08:50:00", MON)
    world, account = entered(begins)
    assert told(world) == [
        (DayBegins, begins, True),
        (FrameArrived, OPEN, False),
        (FrameArrived, OPEN + MINUTE, False),
    ]
    assert next(world.steps()).message == DayBegins(MON, MINUTE)
    assert account.exchange.quoted_ns() == 0


def test_a_first_run_may_begin_in_the_morning_with_a_whole_picture():
    """The exchange knows the quotes too, of the frames that they came in."""
    begins = clock("09:19:30", MON)
    world, account = entered(begins)
    assert told(world) == [
        (DayBegins, begins, True),
        (FrameArrived, begins + 1, False),
        (FrameArrived, begins + MINUTE // 2, False),
    ]
    until = [frame for frame in whole(MON) if frame.at_ns <= begins]
    picture = list(islice(world.steps(), 2))[1].message.frame
    assert picture.quotes == quotes(until) == account.exchange.quotes(MON).quotes
    assert account.exchange.quoted_ns() == until[-1].at_ns


def test_a_first_run_on_a_closed_day_begins_with_the_next_session():
    """Sunday: nothing is waited for."""
    world, _ = entered(clock("11:00:00", date(2026, 3, 8)))
    assert told(world, 1) == [(DayBegins, OPEN - 1, True)]


def test_a_run_beyond_the_tables_brings_nothing():
    assert told(entered(clock("11:00:00", date(2027, 1, 8)))[0]) == []


def test_the_next_session_follows_the_end_of_a_day():
    steps = list(islice(entered(OPEN - 1)[0].steps(), 382))
    assert [(type(step.message), step.at_ns, step.jump) for step in steps[376:]] == [
        (FrameArrived, CLOSE, False),
        (DaySettles, CLOSE + 1, False),
        (DayEnds, CLOSE + 1, False),
        (DayBegins, clock("09:15:00", TUE) - 1, True),
        (FrameArrived, clock("09:15:00", TUE), False),
        (FrameArrived, clock("09:16:00", TUE), False),
    ]
    prints = [s.message.fingerprint for s in steps if isinstance(s.message, FrameArrived)]
    assert len(set(prints)) == len(prints)
    assert 0 not in prints


def test_a_generated_day_closes_at_its_last_level_and_no_recording_tells_another():
    """A day that is entered at its end must settle as one that was played from its beginning."""
    world, _ = entered(CLOSE + 1, day=MON, ended=True, first=MON)
    messages = (step.message for step in world.steps())
    assert next(each for each in messages if isinstance(each, DaySettles)) == DaySettles(TUE, None)


def test_a_run_that_fell_between_two_frames_goes_on_with_a_picture_and_the_next():
    """An answer was stamped after the frame; the day is not opened again."""
    at_ns = clock("10:00:00", MON) + 40_000_000
    world, account = entered(at_ns, day=MON, first=MON)
    assert told(world) == [
        (FrameArrived, at_ns + 1, False),
        (FrameArrived, clock("10:01:00", MON), False),
        (FrameArrived, clock("10:02:00", MON), False),
    ]
    assert account.exchange.quoted_ns() == clock("10:00:00", MON)


def test_a_run_that_fell_at_a_frame_does_not_bring_it_again():
    at_ns = clock("10:00:00", MON)
    world, account = entered(at_ns, day=MON, first=MON)
    assert [at for _, at, _ in told(world, 2)] == [at_ns + 1, at_ns + MINUTE]
    assert account.exchange.quoted_ns() == at_ns


def test_a_frame_at_the_very_instant_of_the_picture_is_one_with_it():
    """So no frame is lost, and none is dropped for being the second of its instant."""
    at_ns = clock("10:01:00", MON) - 1
    world, account = entered(at_ns, day=MON, first=MON)
    first, second = islice(world.steps(), 2)
    until = [frame for frame in whole(MON) if frame.at_ns <= at_ns + 1]
    assert (first.at_ns, second.at_ns) == (at_ns + 1, at_ns + 1 + MINUTE)
    assert first.message.frame.quotes == quotes(until)
    world.see(first.message.frame, first.at_ns)
    assert account.exchange.quoted_ns() == at_ns + 1


def test_a_day_that_was_opened_before_its_session_waits_for_its_first_frame():
    """Nothing was quoted on the first day of all, so there is no picture."""
    world, account = entered(clock("08:50:00", MON), day=MON, first=MON)
    assert told(world, 1) == [(FrameArrived, OPEN, False)]
    assert account.exchange.quoted_ns() == 0


def test_before_a_later_session_the_exchange_knows_the_quotes_of_the_one_before():
    """As one that was not left does, until the first frame of the day."""
    world, account = entered(clock("09:15:00", TUE) - 1, day=TUE, first=MON)
    assert told(world, 1) == [(FrameArrived, clock("09:15:00", TUE), False)]
    assert account.exchange.quotes(MON).quotes == quotes(whole(MON))


@pytest.mark.parametrize("after_ns", [0, 1, 40_000_000])
def test_a_day_that_fell_after_its_last_frame_is_settled_and_ended(after_ns):
    """Once, after whatever was recorded of it, and before the next begins."""
    at_ns = CLOSE + after_ns
    world, account = entered(at_ns, day=MON, first=MON)
    assert told(world) == [
        (DaySettles, at_ns + 1, False),
        (DayEnds, at_ns + 1, False),
        (DayBegins, clock("09:15:00", TUE) - 1, True),
    ]
    assert account.exchange.quotes(MON).quotes == quotes(whole(MON))


def test_a_day_that_ended_is_over():
    """Overnight: the next session is jumped to."""
    world, account = entered(CLOSE + 1, day=MON, first=MON, ended=True)
    assert told(world, 1) == [(DayBegins, clock("09:15:00", TUE) - 1, True)]
    assert account.exchange.quotes(MON).quotes == quotes(whole(MON))


def test_a_day_that_only_the_exchange_has_begun_is_opened_where_that_stands():
    """A copy of the evening stands in place of the ledger: no frame is older than the clock."""
    at_ns = clock("11:00:00", TUE)
    world, account = entered(at_ns, day=MON, first=MON, ended=True)
    assert told(world) == [
        (DayBegins, at_ns, True),
        (FrameArrived, at_ns + 1, False),
        (FrameArrived, at_ns + MINUTE, False),
    ]
    assert next(world.steps()).message == DayBegins(TUE, MINUTE)
    assert account.exchange.quoted_ns() == at_ns


def test_a_day_that_the_record_left_open_ends_before_the_one_that_the_exchange_has_begun():
    """The copy was made by hand in the course of a day."""
    at_ns = clock("11:00:00", TUE)
    steps = list(islice(entered(at_ns, day=MON, first=MON)[0].steps(), 4))
    assert [(type(step.message), step.at_ns) for step in steps] == [
        (DaySettles, at_ns + 1),
        (DayEnds, at_ns + 1),
        (DayBegins, at_ns + 1),
        (FrameArrived, at_ns + 1),
    ]
    assert [step.message.day for step in steps[:3]] == [MON, MON, TUE]


def test_sessions_that_lie_before_the_exchange_are_not_played_behind_its_back():
    """An old copy: the days between were the exchange's alone, and are over."""
    for wall, day in (("11:00:00", TUE), ("11:00:00", date(2026, 3, 8))):
        at_ns = clock(wall, day)
        steps = entered(at_ns, GeneratedMarket(1, FRI, MINUTE), day=date(2026, 3, 5), ended=True)
        begins = next(steps[0].steps())
        assert begins.message.day == max(day, MON)
        assert begins.at_ns >= at_ns


def test_the_session_that_is_merely_next_is_jumped_to_though_its_morning_has_begun():
    """What is done before the market opens was recorded last."""
    world, _ = entered(clock("08:30:00", TUE), day=MON, first=MON, ended=True)
    assert told(world, 1) == [(DayBegins, clock("09:15:00", TUE) - 1, True)]


def test_what_the_exchange_settled_on_a_day_that_it_alone_has_seen_is_told():
    end_ns = clock("15:30:00", TUE) + 1
    account, symbol = sold(MARKET, clock("15:29:00", TUE))
    account.exchange.settle(TUE, {"NIFTY": 23_000 * E4}, end_ns)
    again = reopened(account)
    world = Generated(MARKET, {ROUTER: again}, Entry(end_ns, day=MON, ended=True, first=MON))
    begins, settles, ends = islice(world.steps(), 3)
    assert [each.message for each in (begins, ends)] == [DayBegins(TUE, MINUTE), DayEnds(TUE)]
    assert [each.symbol for _, each in world.see(settles.message, settles.at_ns)] == [symbol]


@settings(max_examples=25, deadline=None)
@given(st.integers(OPEN - 2 * MINUTE, CLOSE + MINUTE))
def test_a_world_left_anywhere_brings_the_frames_after_it_and_the_same_quotes(cut_ns):
    """Each once; and the exchange knows what one knows that saw every frame."""
    world, account = entered(cut_ns, day=MON, first=MON)
    frames, picture = [], world._picture
    for step in world.steps():
        if isinstance(step.message, DayEnds):
            break
        if isinstance(step.message, FrameArrived):
            world.see(step.message.frame, step.at_ns)
            if step.message.frame is not picture:
                frames.append(step.message.frame)
                if len(frames) == 2:
                    break
    watching = paper()
    after = [frame for frame in whole(MON) if frame.at_ns > cut_ns]
    for frame in whole(MON)[: len(whole(MON)) - len(after) + 2]:
        watching.on_frame(frame, frame.at_ns)
    assert [frame.at_ns for frame in frames] == [frame.at_ns for frame in after[:2]]
    assert account.exchange.quotes(MON).quotes == watching.exchange.quotes(MON).quotes


def test_the_picture_is_no_news_to_the_exchange():
    """It would refill sizes, and match what was decided after the frame that it repeats."""
    at_ns = clock("10:00:00", MON)
    world, account = entered(at_ns + 7, day=MON, first=MON)
    strike = round(account.exchange.quotes(MON).quotes["NIFTY"].ltp_e4 / E4 / 50) * 50
    symbol = f"NIFTY-2026-03-10-{strike}-CE"
    limit = account.exchange.quotes(MON).quotes[symbol].ask_e4
    account.exchange.place(
        TwinOrder("late", symbol, Side.BUY, 65, OrderType.LIMIT, limit, at_ns + 7), at_ns + 7
    )
    picture, following = islice(world.steps(), 2)
    assert world.see(picture.message.frame, picture.at_ns) == ()
    assert world.see(following.message, following.at_ns) == ()
    news = world.see(following.message.frame, following.at_ns)
    assert [type(update) for _, update in news] == [OrderUpdated] * len(news)


def test_what_is_decided_on_the_picture_matches_the_quotes_that_it_shows():
    """As it would have on the frame itself, had the run not fallen."""
    at_ns = clock("10:00:00", MON)
    world, account = entered(at_ns + 7, day=MON, first=MON)
    picture = next(world.steps())
    strike = round(account.exchange.quotes(MON).quotes["NIFTY"].ltp_e4 / E4 / 50) * 50
    symbol = f"NIFTY-2026-03-10-{strike}-CE"
    limit = account.exchange.quotes(MON).quotes[symbol].ask_e4
    account.exchange.place(
        TwinOrder("c", symbol, Side.BUY, 65, OrderType.LIMIT, limit, picture.at_ns), picture.at_ns
    )
    assert [(trade.quantity, trade.price_e4) for trade in account.exchange.trades()] == [
        (65, limit)
    ]


def test_orders_of_yesterday_lapse_when_the_next_day_begins():
    """What a recorded world does with the beginning of a day is done here too."""
    account, symbol = sold(MARKET, clock("15:00:00", TUE))
    account.exchange.place(
        TwinOrder("r", symbol, Side.BUY, 65, OrderType.LIMIT, 500, 0), clock("15:00:01", TUE)
    )
    again = reopened(account)
    entry = Entry(clock("15:31:00", TUE), day=TUE, first=MON, ended=True)
    world = Generated(MARKET, {ROUTER: again}, entry)
    step = next(world.steps())
    news = world.see(step.message, step.at_ns)
    assert [update.text for _, update in news] == ["lapsed: an order is good for its session only"]


INTENT = Intent(
    intent_id="OR1",
    account="paper",
    strategy_id="s",
    leg_id="ce",
    symbol="NIFTY-2026-03-10-23000-CE",
    side=OurSide.BUY,
    quantity=65,
    order_type=OurType.LIMIT,
    price_e4=500,
    purpose=Purpose.EXIT,
    parent=f"{SETTLEMENT}NIFTY-2026-03-10-23000-CE",
    decided_ns=5,
    deadline_ns=5,
)
SETTLES = IntentRecorded(INTENT, 5)
REACHED = {
    "nothing": ((), 0, Entry(0)),
    "a day that goes on": ((DayOpened(MON, (), 1),), 9, Entry(9, MON, False, MON)),
    "a day that ended": (
        (DayOpened(MON, (), 1), DayEnded(MON, 2)),
        2,
        Entry(2, MON, True, MON),
    ),
    "the day after": (
        (DayOpened(MON, (), 1), SETTLES, DayEnded(MON, 2), DayOpened(TUE, (), 3)),
        3,
        Entry(3, TUE, False, MON),
    ),
    "settled": (
        (DayOpened(TUE, (), 1), SETTLES),
        5,
        Entry(5, TUE, False, TUE, frozenset({(INTENT.account, INTENT.pocket)})),
    ),
}


@pytest.mark.parametrize(("facts", "recorded_ns", "entry"), REACHED.values(), ids=REACHED)
def test_the_record_tells_where_a_run_got_to(facts, recorded_ns, entry):
    assert reached(facts, recorded_ns, [paper().exchange]) == entry


@pytest.mark.parametrize(("recorded_ns", "at_ns"), [(OPEN, OPEN + 7), (CLOSE, CLOSE)])
def test_the_newer_of_record_and_exchange_counts(recorded_ns, at_ns):
    """The exchange may have filled an order after the last fact, and facts come without it."""
    account = paper()
    account.advance(OPEN + 7)
    assert reached((), recorded_ns, [account.exchange]).at_ns == at_ns


BEGINS = {
    "half a minute at sixty times": ([("09:20:00")], Fraction(60), "08:50:00"),
    "half a minute as it is": (["09:20:00"], Fraction(1), "09:19:30"),
    "the earliest counts": (["11:00:00", "09:30:00"], Fraction(2), "09:29:00"),
    "half speed": (["09:20:00"], Fraction(1, 2), "09:19:45"),
    "never before its day": (["09:20:00"], Fraction(10_000), "00:00:00"),
}


@pytest.mark.parametrize(("entries", "speed", "wall"), BEGINS.values(), ids=BEGINS)
def test_a_first_run_begins_half_a_minute_of_host_time_before_the_first_entry(entries, speed, wall):
    plans = [parse(text().replace("09:20:00", entry)) for entry in entries]
    assert begins_ns(plans, speed, MON) == clock(wall, MON)


@pytest.mark.parametrize("speed", [None, Fraction(60)])
def test_a_run_that_waits_for_nothing_begins_at_the_open(speed):
    """As fast as it goes, or without a strategy."""
    plans = [parse(text())] if speed is None else []
    assert begins_ns(plans, speed, MON) == OPEN - 1


def test_a_closed_day_has_no_open_to_begin_at():
    assert begins_ns([], None, date(2026, 3, 8)) == clock("00:00:00", date(2026, 3, 8))


def test_the_market_goes_on_from_its_first_day_a_second_at_a_time():
    market = GeneratedMarket(1, date(2026, 3, 7))
    assert list(islice(market.days(), 2)) == [MON, TUE]
    assert (market.interval_ns(MON), market.memory) == (SECOND_NS, 1)
    assert next(market.days(TUE)) == TUE
    assert day_of(next(market.frames(MON)).frame.at_ns) == MON
    assert trading_sessions(MON) == ((OPEN, CLOSE),)
