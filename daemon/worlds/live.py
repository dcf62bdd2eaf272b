"""The live world: prices as a broker tells them, and days that begin and end by the calendar.

Nothing in it waits for the daemon. What is shown is chosen anew with each session at the broker,
for with it come the contracts of the day; with whatever comes to be held; and once an underlying
has a price, where not all of its strikes find room. Accounts on paper have their exchange twins
here as in any world.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct

from daemon.actors.held import Held
from daemon.actors.timekeeper import DayBegins, DayEnds, DaySettles
from daemon.domain.instants import SECOND_NS, day_of, moment_of, start_of, wall_of
from daemon.domain.market import expiries
from daemon.domain.market.calendar import guarded, knows_hours
from daemon.domain.market.frames import Frame
from daemon.domain.market.instruments import Kind, is_index, parse_symbol, parts_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.market.trading_hours import Hours
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.wanted import Chain, shown, wanted
from daemon.errors import BrokerError, OrdoError
from daemon.feeds.live import Brought, LiveFeed
from daemon.messages import (
    FrameArrived,
    LinkDied,
    LinkRevived,
    Noted,
    OptionsListed,
    RenewSession,
)
from daemon.ports.market import (
    BookWanted,
    BygonePrices,
    LinkMoved,
    LiveMarket,
    MarketReady,
    NoticeHeard,
    NotShown,
    PricesOwed,
    SessionLost,
)
from daemon.runtime.clock import MarketTime
from daemon.worlds.entry import Entry
from daemon.worlds.twins import Account, Twins
from daemon.worlds.upkeep import Upkeep
from daemon.worlds.words import News, Step

BEFORE_NS = 5 * 60 * SECOND_NS
"""So long before it opens a day begins; what is to be done in the morning has been done by then."""
AFTER_NS = 60 * SECOND_NS
"""So long after it has closed a day ends: what was filled at last has been told."""
CANARY = "NIFTY"
"""Is shown where no strategy wants an index, for by one it is known that prices live."""
_DAY = timedelta(days=1)


class Source(Struct, frozen=True):
    """Where prices come from.

    Attributes:
        account: through which they are told.
        market: tells them.
        router: is told that the book of that account is to be read; empty: nobody trades there.
    """

    account: str
    market: LiveMarket
    router: str = ""


class Live(Twins):
    """The market as it is now.

    Args:
        source: where prices come from.
        feed: what is heard waits here.
        clock: market time.
        entry: where the records end.
        papers: the paper account of each router, by the router's address.
    """

    def __init__(
        self,
        source: Source,
        feed: LiveFeed,
        clock: MarketTime,
        entry: Entry,
        papers: Mapping[str, Account],
    ) -> None:
        super().__init__(papers, lambda _: feed.interval_ns, entry)
        self._source = source
        self._feed = feed
        self._clock = clock
        self._entry = entry
        self._plans: dict[str, Plan] = {}
        self._held = Held()
        self._money_e4: dict[str, int] = {}
        self._waiting: frozenset[str] = frozenset()
        self._shown: frozenset[str] = frozenset()
        self._upkeep = Upkeep(source.market, clock)
        if entry.day is not None and not entry.ended:
            self._upkeep.begin()  # the day began in an earlier run

    @property
    def market(self) -> LiveMarket:
        """Whoever tells prices."""
        return self._source.market

    def hear(self, fact: object) -> None:
        """Take a fact in: what is held is shown from then on, whatever strategies want.

        Whoever trades beside Ordo holds contracts that no strategy names. Without prices they would
        be guarded by nothing, and no kill could close them. A silence of the feed is told to the
        exchanges on paper: what was quoted before it is no price of the market after it.
        """
        if isinstance(fact, LinkDied | LinkRevived):
            self.link(alive=isinstance(fact, LinkRevived))
        before = self._held.symbols()
        self._held.hear(fact)
        fresh = {*self._held.symbols()} - {*before}
        if not self._shown.issuperset(fresh):
            self._feed.hear(MarketReady())
        elif fresh:
            self._source.market.hold(fresh)

    def know(self, plans: Iterable[Plan]) -> None:
        """Show what these strategies need from now on."""
        self._plans |= {plan.id: plan for plan in plans}
        self._feed.hear(MarketReady())

    async def coming(self) -> AsyncGenerator[Step, None]:
        """Yield what comes, for ever: prices and words as they are told, days by the calendar.

        Raises:
            OrdoError: the market cannot be listened to any further.
        """
        loop, days, arrivals = asyncio.get_running_loop(), self.days(), self._feed.arrivals()
        due = next(days)
        turning = loop.create_task(self._turn(due), name="day")
        listening = loop.create_task(self._source.market.listen(self._feed.hear), name="prices")
        arriving = loop.create_task(_next(arrivals), name="arrivals")
        keeping_up = loop.create_task(self._upkeep.keep_up(), name="listing")
        try:
            while True:
                works = {turning, listening, arriving, keeping_up}
                done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
                if turning in done:
                    turning.result()
                    self._upkeep.hear(due.message)
                    yield Step(due.to, due.message, self._clock.now_ns())
                    due = next(days)
                    turning = loop.create_task(self._turn(due), name="day")
                for endless in done & {listening, keeping_up}:
                    endless.result()
                    raise AssertionError("a market is listened to until it is called off")
                if arriving in done:
                    for step in self._steps(arriving.result()):
                        yield step
                    arriving = loop.create_task(_next(arrivals), name="arrivals")
        finally:
            works = {turning, listening, arriving, keeping_up}
            for work in works:
                work.cancel()
            await asyncio.wait(works)
            await arrivals.aclose()

    def see(self, message: object, at_ns: int) -> News:
        """Let the twins see what is coming, and return what that led to."""
        if self._waiting and type(message) is Frame:
            self._look_for_money(message)
        return super().see(message, at_ns)

    def slept(self, now_ns: int) -> Iterator[Noted]:
        """Yield a note for each account on paper with orders that rested while nobody was there.

        Its exchange sleeps with the daemon, so no price of that time has met them.

        Args:
            now_ns: when somebody is there again, market time.
        """
        since_ns = self._entry.at_ns
        until_ns = min(now_ns, _closes_ns(day_of(since_ns)))  # an order is good for its day only
        if until_ns > since_ns:
            spent = f"from {wall_of(since_ns):%H:%M:%S} at the earliest to "
            for text in self._rested(f"{spent}{wall_of(until_ns):%H:%M:%S}"):
                yield Noted(NoteKind.GAP, text, now_ns)

    def days(self) -> Iterator[Step]:
        """Yield the begins and ends of days, for ever, each with when it is due."""
        entry, today = self._entry, day_of(self._clock.now_ns())
        day = today
        if entry.day is not None:
            if not entry.ended:
                yield from self._opens(entry.day)
                yield from _ends(entry.day)
            day = max(today, entry.day + _DAY)
        while True:
            hours = _hours(day)
            if hours and hours[-1][1] + AFTER_NS > self._clock.now_ns():
                begins = DayBegins(day, self._feed.interval_ns, may_trade=True)
                yield Step("timekeeper", begins, hours[0][0] - BEFORE_NS)
                yield from self._opens(day)
                yield from _ends(day)
            day += _DAY

    async def _turn(self, due: Step) -> None:
        """Wait until a step of a day is due by the clock, though market time stand ahead of it.

        Raises:
            OrdoError: market time has left a session behind that lasts by the clock, since that
                was set back. Nothing more can be left in this run; the next goes by the clock.
        """
        await self._clock.reach(due.at_ns)
        shown_ns = self._clock.shown_ns()
        if isinstance(due.message, DaySettles) and shown_ns < _closes_ns(due.message.day):
            raise OrdoError(
                f"market time has come to {moment_of(due.at_ns):%H:%M} ahead of the machine's "
                f"clock, which was set back and shows {moment_of(shown_ns):%H:%M}, when the day is "
                "not over; started again the daemon goes by the clock",
                "market_time_ahead",
            )
        await self._clock.reach_shown(due.at_ns)

    def _opens(self, day: date) -> Iterator[Step]:
        """Yield what the feed is told at each opening of a day that is not over.

        Where no table knows when it opens, no prices are owed.
        """
        for opens_ns, closes_ns in _hours(day) if knows_hours(day) else ():
            since_ns = max(opens_ns, self._clock.now_ns())
            if since_ns <= closes_ns:
                yield Step("feed", PricesOwed(since_ns), since_ns)

    def _steps(self, brought: Brought) -> Iterable[Step]:
        """Return what follows of one thing that was heard, each to whom it concerns."""
        source, now_ns = self._source, self._clock.now_ns()
        match brought:
            case FrameArrived(frame) if not _is_open(frame.at_ns):
                return ()  # a broker shows prices at night as well
            case FrameArrived() | BygonePrices() | LinkMoved() | NoticeHeard():
                return (Step("feed", brought, now_ns),)
            case BookWanted():
                return (Step(source.router, brought, now_ns),) if source.router else ()
            case SessionLost(generation):
                renew = RenewSession(source.account, generation)
                return (Step(f"session_keeper:{source.account}", renew, now_ns),)
            case MarketReady(renewed):
                told = self._show(now_ns)
                if renewed:
                    source.market.renew()
                return tuple(Step("feed", each, now_ns) for each in told)

    def _show(self, now_ns: int) -> Sequence[OptionsListed | NotShown]:
        """Have everything shown that is wanted; return what there is of it, and what cannot be."""
        market, day = self._source.market, day_of(now_ns)
        needs = wanted(self._plans.values(), day, expiries)
        held = self._held.symbols()
        under = filter(market.lists, _indices_under(held))
        alone = tuple(dict.fromkeys((*held, *needs.symbols, CANARY, *under)))
        listed = [symbol for symbol in alone if market.lists(symbol)]
        if not listed:
            return ()  # the contracts of the day are not there yet
        options = {chain: market.options(*chain) for chain in needs.chains}
        found = shown(listed, options, self._money_e4, market.room)
        names = {name for name, _ in options} if found.left_out else set()
        self._waiting = frozenset(names - self._money_e4.keys())
        told = [f"{symbol} is not listed today" for symbol in alone if symbol not in listed]
        told += [
            f"no option of {name} that expires on {expiry} is listed"
            for (name, expiry), symbols in options.items()
            if not symbols
        ]
        if found.left_out and not self._waiting:
            most = f"{found.left_out:,} of the options"
            told.append(f"there is no room for {most}, those farthest from the money")
        try:
            lacking = market.want([symbol for symbol in listed if symbol in held], found.symbols)
            self._shown = frozenset(found.symbols)
            told += [f"prices cannot be shown: {why}" for why in lacking]
        except BrokerError as error:
            told.append(f"prices cannot be shown: {error}")
        listed_options = (_listed(*each, now_ns) for each in options.items() if each[1])
        return (*listed_options, *(NotShown(text, now_ns) for text in told))

    def _look_for_money(self, frame: Frame) -> None:
        """Choose anew what is shown once an underlying has a price that waited for one."""
        for name in self._waiting:
            quote = frame.quotes.get(name)
            if quote is not None and quote.ltp_e4:
                self._money_e4[name] = quote.ltp_e4
        if not self._waiting.isdisjoint(self._money_e4):
            self._waiting -= self._money_e4.keys()
            self._feed.hear(MarketReady())


async def _next(arrivals: AsyncGenerator[Brought, None]) -> Brought:
    return await anext(arrivals)


def _listed(chain: Chain, symbols: Iterable[str], at_ns: int) -> OptionsListed:
    """Return what a market lists of a chain as a fact, by the strikes."""
    strikes: dict[Kind, list[int]] = {Kind.CALL: [], Kind.PUT: []}
    for parts in map(parse_symbol, symbols):
        strikes[parts.kind].append(parts.strike_e4)
    calls, puts = (tuple(sorted(each)) for each in strikes.values())
    return OptionsListed(*chain, calls, puts, at_ns)


def _indices_under(symbols: Iterable[str]) -> Iterator[str]:
    """Yield the index under each: by it the prices of that exchange are known to be of now."""
    for parts in map(parts_of, symbols):
        if parts is not None and is_index(parts.underlying):
            yield parts.underlying


def _ends(day: date) -> Iterator[Step]:
    hours = _hours(day)
    ends_ns = hours[-1][1] + AFTER_NS if hours else start_of(day + _DAY)
    yield Step("timekeeper", DaySettles(day), ends_ns)
    yield Step("timekeeper", DayEnds(day), ends_ns)


def _closes_ns(day: date) -> int:
    """Return when a day closes; 0: it has no session."""
    return max((closes_ns for _, closes_ns in _hours(day)), default=0)


def _is_open(at_ns: int) -> bool:
    return any(opens <= at_ns <= closes for opens, closes in _hours(day_of(at_ns)))


def _hours(day: date) -> Hours:
    """Return when a day trades, or may where no table knows it; none: it is closed."""
    return tuple((each.open_ns, each.close_ns) for each in guarded(day))
