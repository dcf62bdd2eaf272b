"""The live world: days by the calendar, prices as they are told, and what is chosen to be shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing, asynccontextmanager
from datetime import date, time
from itertools import islice

import pytest

from daemon.actors.timekeeper import DayBegins, DayEnds, DaySettles
from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.words import Side
from daemon.errors import BrokerMisused, BrokerUnavailable, OrdoError
from daemon.feeds.live import LiveFeed
from daemon.messages import (
    FrameArrived,
    LegExpired,
    OptionsListed,
    PositionChanged,
    RenewSession,
)
from daemon.ports.market import (
    BookWanted,
    BygonePrices,
    FrameHeard,
    LinkMoved,
    MarketReady,
    News,
    NoticeHeard,
    NotShown,
    PricesOwed,
    SessionLost,
)
from daemon.worlds import Entry, Live, Source, Step
from tests.kit.plans import FUTURE, plan

FRI, MON = date(2026, 3, 6), date(2026, 3, 9)
WEEK = date(2026, 3, 10)
CALL = f"NIFTY-{WEEK}-25000-CE"


def clock(wall: str, day: date = MON) -> int:
    return at(day, time.fromisoformat(wall))


class HandTime:
    """Market time that moves when it is told to."""

    def __init__(self, now_ns: int) -> None:
        self.at_ns, self.ahead_ns = now_ns, 0
        self._moved = asyncio.Condition()

    def now_ns(self) -> int:
        return self.at_ns

    async def reach(self, at_ns: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.at_ns >= at_ns)

    def shown_ns(self) -> int:
        return self.at_ns - self.ahead_ns

    async def reach_shown(self, at_ns: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.shown_ns() >= at_ns)

    async def move(self, at_ns: int, ahead_ns: int = 0) -> None:
        async with self._moved:
            self.at_ns, self.ahead_ns = at_ns, ahead_ns
            self._moved.notify_all()


class Told:
    """A market that tells what a test says, and notes what is wanted of it."""

    def __init__(self, room: int = 100, options: Iterable[str] = (CALL,)) -> None:
        self.room = room
        self.listed = {"NIFTY", *options}
        self.wants: list[tuple[list[str], list[str]]] = []
        self.holds: list[list[str]] = []
        self.renewed = 0
        self.fails = asyncio.Event()
        self.refuses = ""
        self.lacks: list[str] = []
        self.keeps_up = [True]
        self.asked_for_listing = 0

    def lists(self, symbol: str) -> bool:
        return symbol in self.listed

    def options(self, underlying: str, expiry: date) -> list[str]:
        return sorted(each for each in self.listed if each.startswith(f"{underlying}-{expiry}"))

    def want(self, held: Iterable[str], others: Iterable[str]) -> list[str]:
        if self.refuses:
            raise BrokerMisused(self.refuses)
        self.wants.append((list(held), list(others)))
        return self.lacks

    def hold(self, symbols: Iterable[str]) -> None:
        self.holds.append(sorted(symbols))

    def renew(self) -> None:
        self.renewed += 1

    async def keep_up(self) -> bool:
        self.asked_for_listing += 1
        return self.keeps_up.pop() if len(self.keeps_up) > 1 else self.keeps_up[0]

    async def listen(self, hear: Callable[[News], None]) -> None:
        self.hear = hear
        await self.fails.wait()
        raise BrokerUnavailable("nothing can be heard")


def entered(market: Told, time: HandTime, entry: Entry | None = None, router: str = "r") -> Live:
    source = Source("zed", market, router)
    return Live(source, LiveFeed(), time, entry or Entry(0), {})


def days(now: int, count: int, entry: Entry | None = None) -> list[tuple[object, int]]:
    """The first days of a world that is entered now: what is told, and when that is due."""
    live = entered(Told(), HandTime(now), entry)
    return [(step.message, step.at_ns) for step in islice(live.days(), count)]


def day(of: date, now: int = 0) -> list[tuple[object, int]]:
    ends = clock("15:31", of)
    opens = max(clock("09:15", of), now)
    return [
        (DayBegins(of, SECOND_NS, may_trade=True), clock("09:10", of)),
        (PricesOwed(opens), opens),
        (DaySettles(of), ends),
        (DayEnds(of), ends),
    ]


@pytest.mark.parametrize("now", [clock("15:32", FRI), clock("10:00", date(2026, 3, 7))])
def test_a_day_begins_before_it_opens_and_ends_after_it_has_closed(now):
    """A weekend, and a day whose end has passed, are no days."""
    assert days(now, 4) == day(MON)


def test_a_day_that_is_entered_late_begins_at_once():
    assert days(clock("11:00"), 4) == day(MON, clock("11:00"))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Entry(1, MON), day(MON, clock("11:00"))[1:] + day(WEEK)),
        (Entry(1, MON, ended=True), day(WEEK)),
        (Entry(1, FRI), day(FRI)[2:] + day(MON, clock("11:00"))),
        (Entry(1, FRI, ended=True), day(MON, clock("11:00"))),
    ],
)
def test_after_a_restart_a_day_is_opened_once_and_what_was_left_open_is_ended(entry, expected):
    assert days(clock("11:00"), len(expected), entry) == expected


@pytest.mark.parametrize(
    ("of", "hours"),
    [
        (date(2045, 3, 9), ("09:10", "15:41")),
        (date(2026, 11, 8), ("08:55", "23:31")),
    ],
    ids=["beyond the calendar", "a session whose hours nobody published"],
)
def test_a_day_that_may_trade_is_opened_to_guard_what_is_held_and_owes_no_prices(of, hours):
    opens, ends = (clock(each, of) for each in hours)
    whole = [
        (DayBegins(of, SECOND_NS, may_trade=True), opens),
        (DaySettles(of), ends),
        (DayEnds(of), ends),
    ]

    assert days(clock("08:00", of), 3) == whole
    assert days(clock("10:00", of), 2, Entry(1, of)) == whole[1:]


def test_beyond_the_calendar_a_weekend_and_a_day_that_is_closed_every_year_are_no_days():
    friday = date(2027, 1, 22)
    begun = [each.day for each, _ in days(clock("08:00", friday), 9) if type(each) is DayBegins]

    assert begun == [friday, date(2027, 1, 25), date(2027, 1, 27)]


async def quiet() -> None:
    """Let everything happen that can happen now."""
    for _ in range(100):
        await asyncio.sleep(0)


async def _all(coming) -> list[Step]:
    return [step async for step in coming]


ON_ENTERING = (PricesOwed, OptionsListed)


@asynccontextmanager
async def coming(market: Told, hand: HandTime | None = None, but=ON_ENTERING, **given):
    """A world with one plan that is listened to, and the steps that came of it so far."""
    live = entered(market, hand or HandTime(NOW), **{"entry": Entry(1, MON), **given})
    live.know((plan(),))
    steps: list[Step] = []

    async def collect() -> None:
        async with aclosing(live.coming()) as coming:
            async for step in coming:
                if not isinstance(step.message, but):
                    steps.append(step)  # noqa: PERF401  seen as they come

    task = asyncio.get_running_loop().create_task(collect())
    await quiet()
    try:
        yield live, steps
        await quiet()
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})


NOW = clock("11:00:07")
FRAME = Frame(clock("11:00"), {"NIFTY": Quote(e4(25_000))})
MOVED = LinkMoved(0, 1, alive=True)
NOTICE = NoticeHeard("message", "hello", 1)
BYGONE = BygonePrices((("A", Quote(7)),))


@pytest.mark.parametrize(
    ("news", "to", "message"),
    [
        (FrameHeard(FRAME), "feed", FrameArrived(FRAME, 1)),
        (BookWanted("an order"), "r", BookWanted("an order")),
        (SessionLost(3), "session_keeper:zed", RenewSession("zed", 3)),
        (MOVED, "feed", MOVED),
        (NOTICE, "feed", NOTICE),
        (BYGONE, "feed", BYGONE),
    ],
)
async def test_each_thing_is_told_at_the_present_instant_to_whom_it_concerns(news, to, message):
    market = Told()
    async with coming(market) as (_, steps):
        market.hear(news)
        await quiet()
    assert steps == [Step(to, message, NOW)]


async def test_what_a_day_has_is_asked_for_as_it_begins_and_each_minute_until_it_is_there():
    """A log-in comes before the broker's file of the day, and where nobody trades nobody asks."""
    market, hand = Told(), HandTime(clock("07:40"))
    market.keeps_up = [True, True, False, False]
    async with coming(market, hand, entry=Entry(1, FRI, ended=True)):
        asked = []
        for wall in ("09:09:59", "09:10", "09:10:59", "09:11", "09:12", "09:13", "15:31"):
            await hand.move(clock(wall))
            await quiet()
            asked.append(market.asked_for_listing)
        assert asked == [0, 1, 1, 2, 3, 3, 3]
        await hand.move(clock("09:10", WEEK))
        await quiet()
        assert market.asked_for_listing == 4


async def test_what_a_day_has_is_asked_for_after_a_restart_and_not_once_it_is_over():
    market, hand = Told(), HandTime(NOW)
    market.keeps_up = [False]
    async with coming(market, hand):
        assert market.asked_for_listing == 1
        await hand.move(clock("15:31"))
        await quiet()
        asked = market.asked_for_listing
        await hand.move(clock("15:40"))
        await quiet()
        assert market.asked_for_listing == asked


async def test_days_go_on_while_prices_come():
    market, hand = Told(), HandTime(clock("15:29"))
    async with coming(market, hand) as (_, steps):
        market.hear(FrameHeard(FRAME))
        await quiet()
        await hand.move(clock("15:31:02"))
        await quiet()
    assert [type(step.message) for step in steps] == [FrameArrived, DaySettles, DayEnds]
    assert {step.at_ns for step in steps[1:]} == {clock("15:31:02")}


async def test_a_day_begins_and_ends_by_the_clock_though_market_time_stands_ahead_of_it():
    """After it was set back, market time catches up slowly; a day neither begins nor ends early."""
    zone_ns, hand = clock("05:30") - clock("00:00"), HandTime(clock("15:30"))
    async with coming(Told(), hand) as (_, steps):
        await hand.move(clock("15:31"), ahead_ns=60 * SECOND_NS)
        await quiet()
        assert steps == []
        await hand.move(clock("15:31:40"), ahead_ns=40 * SECOND_NS)
        await quiet()
        await hand.move(clock("09:10", WEEK), ahead_ns=zone_ns)
        await quiet()
        assert [type(step.message) for step in steps] == [DaySettles, DayEnds]
        await hand.move(clock("12:00", WEEK), ahead_ns=clock("12:00") - clock("09:10"))
        await quiet()
    assert [type(step.message) for step in steps[2:]] == [DayBegins]


async def test_a_session_that_market_time_leaves_behind_and_the_clock_does_not_ends_the_world():
    """Nothing could be left any more in this run; the next goes by the clock."""
    hand = HandTime(clock("15:00"))
    live = entered(Told(), hand, Entry(1, MON, ended=True))
    async with aclosing(live.coming()) as coming:
        task = asyncio.ensure_future(_all(coming))
        await hand.move(clock("09:10", WEEK))
        await quiet()
        await hand.move(clock("15:31", WEEK), ahead_ns=clock("15:31") - clock("10:01"))
        with pytest.raises(OrdoError, match=r"come to 15:31 ahead of .* shows 10:01") as ended:
            await task
    assert ended.value.code == "market_time_ahead"


@pytest.mark.parametrize("reached", ["15:20", "09:31"])
def test_records_that_reach_beyond_the_clock_of_a_day_leave_the_rest_of_it_to_be_played(reached):
    """As where a clock that stood ahead was put right, and the daemon started again."""
    now = clock("09:30")
    assert days(now, 3, Entry(clock(reached), MON)) == day(MON, now)[1:]


@pytest.mark.parametrize(
    ("wall", "count"), [("09:14:59", 0), ("09:15", 1), ("15:30", 1), ("18:00", 0)]
)
async def test_prices_from_outside_the_session_are_no_news(wall, count):
    market = Told()
    async with coming(market) as (_, steps):
        market.hear(FrameHeard(Frame(clock(wall), FRAME.quotes)))
        await quiet()
    assert len(steps) == count


async def test_a_market_that_cannot_be_listened_to_ends_the_world():
    market = Told()
    with pytest.raises(BrokerUnavailable, match="nothing can be heard"):
        async with coming(market):
            market.fails.set()


async def test_no_book_is_read_of_an_account_in_which_nobody_trades():
    market = Told()
    async with coming(market, router="") as (_, steps):
        market.hear(BookWanted("an order"))
        await quiet()
    assert steps == []


def sold(symbol: str, units: int) -> PositionChanged:
    """A leg that was sold, and bought back but for so many units."""
    return PositionChanged("s", "ce", symbol, Side.SELL, 65 - units, 0, 65, 0, NOW)


def texts(steps: list[Step]) -> list[str]:
    return [step.message.text for step in steps if isinstance(step.message, NotShown)]


async def test_what_is_wanted_is_shown_and_again_with_each_session_which_is_then_used():
    market = Told()
    async with coming(market) as (_, steps):
        assert (market.wants, market.renewed) == ([([], ["NIFTY", CALL])], 0)
        market.hear(MarketReady(renewed=True))
        await quiet()
        assert (len(market.wants), market.renewed) == (2, 1)
    assert steps == []


async def test_what_is_listed_of_each_chain_is_told_before_any_price_of_it():
    """Also the options for which there is no room; of an expiry without any there is no word."""
    options = [f"NIFTY-{WEEK}-{each}" for each in ("9500-CE", "10000-CE", "9500-PE", "9400-PE")]
    market = Told(3, options)
    async with coming(market, but=PricesOwed) as (live, steps):
        market.hear(FrameHeard(FRAME))
        await quiet()
        market.listed -= set(options)
        live.know(())
        await quiet()
    calls, puts = (e4(9_500), e4(10_000)), (e4(9_400), e4(9_500))
    assert [step for step in steps if not isinstance(step.message, NotShown)] == [
        Step("feed", OptionsListed("NIFTY", WEEK, calls, puts, NOW), NOW),
        Step("feed", FrameArrived(FRAME, 1), NOW),
    ]


async def test_before_the_contracts_of_the_day_are_there_nothing_is_wanted_and_nothing_told():
    market = Told()
    market.listed.clear()
    async with coming(market) as (_, steps):
        pass
    assert (market.wants, steps) == ([], [])


async def test_a_strategy_that_comes_and_what_is_held_are_shown_too():
    market = Told()
    held = f"SENSEX-{WEEK}-80000-PE"
    market.listed |= {held, f"NIFTY-{date(2026, 3, 30)}-FUT"}
    async with coming(market) as (live, steps):
        live.hear(sold(held, 65))
        live.hear(sold(CALL, 0))
        live.know((plan(legs=FUTURE),))
        await quiet()
    assert market.wants[-1] == ([held], [held, "NIFTY", f"NIFTY-{date(2026, 3, 30)}-FUT"])
    assert steps == []


async def test_the_index_under_what_is_held_is_shown_for_it_tells_whether_that_is_of_now():
    """Those of another exchange say nothing of it."""
    market = Told()
    strangers = f"SENSEX-{WEEK}-80000-PE"
    market.listed |= {strangers, "SENSEX", "BSE:ACME", "ACME"}
    async with coming(market) as (live, _):
        for symbol in (strangers, "BSE:ACME", "ACME"):
            live.hear(sold(symbol, 20))
        await quiet()
    held, shown = market.wants[-1]
    assert set(held) == {strangers, "BSE:ACME", "ACME"}
    assert set(shown) == {*held, CALL, "NIFTY", "SENSEX"}


async def test_what_comes_to_be_held_is_shown_at_once_and_what_is_shown_is_told_as_held():
    """Somebody trades beside Ordo: what he holds has to be priced, or no kill could close it."""
    market = Told()
    strangers = f"SENSEX-{WEEK}-80000-PE"
    market.listed.add(strangers)
    async with coming(market) as (live, steps):
        at_first = len(market.wants)
        live.hear(sold(CALL, 65))
        live.hear(sold(CALL, 130))
        await quiet()
        assert (len(market.wants), market.holds) == (at_first, [[CALL]])
        live.hear(sold(strangers, 20))
        await quiet()
        ((held, shown),) = market.wants[at_first:]
        assert (held, set(shown)) == ([CALL, strangers], {CALL, strangers, "NIFTY"})
        live.hear(sold(strangers, 40))
        live.hear(sold("GONE", 65))
        live.hear(sold("GONE", 130))
        await quiet()
        assert len(market.wants) == at_first + 2
    assert texts(steps) == ["GONE is not listed today"]


@pytest.mark.parametrize(
    ("market", "refuses", "said"),
    [
        (Told(options=()), "", f"no option of NIFTY that expires on {WEEK} is listed"),
        (Told(), "they are too many", "prices cannot be shown: they are too many"),
    ],
)
async def test_what_cannot_be_shown_is_told(market, refuses, said):
    market.refuses = refuses
    async with coming(market) as (_, steps):
        pass
    assert texts(steps) == [said]


async def test_why_some_of_what_is_wanted_is_not_shown_is_told():
    market = Told()
    market.lacks = ["the broker lists no NIFTY-2026-03-10-9500-CE"]
    async with coming(market) as (_, steps):
        pass
    assert len(market.wants) == 1
    assert texts(steps) == [f"prices cannot be shown: {market.lacks[0]}"]


async def test_what_has_expired_is_held_no_longer():
    market = Told()
    async with coming(market) as (live, steps):
        live.hear(sold(CALL, 65))
        live.hear(LegExpired("s", "ce", CALL, NOW))
        live.know(())
        await quiet()
    assert market.wants[-1] == ([], ["NIFTY", CALL])
    assert steps == []


async def test_what_is_held_and_not_listed_is_told():
    async with coming(Told()) as (live, steps):
        live.hear(sold("GONE", 65))
        live.know(())
        await quiet()
    assert texts(steps) == ["GONE is not listed today"]


async def test_where_not_all_find_room_the_nearest_to_the_money_are_shown_once_that_is_known():
    market = Told(3, [f"NIFTY-{WEEK}-{strike}-CE" for strike in (24_000, 25_000, 26_000)])
    async with coming(market) as (live, steps):
        assert market.wants[-1] == ([], ["NIFTY"])
        live.see(Frame(NOW, {CALL: Quote(e4(100))}), NOW)
        live.see(Frame(NOW, {"NIFTY": Quote(0)}), NOW)
        await quiet()
        assert len(market.wants) == 1
        live.see(FRAME, NOW)
        live.see(FRAME, NOW)
        await quiet()
    assert market.wants[1:] == [([], ["NIFTY", CALL, f"NIFTY-{WEEK}-24000-CE"])]
    assert texts(steps) == ["there is no room for 1 of the options, those farthest from the money"]
