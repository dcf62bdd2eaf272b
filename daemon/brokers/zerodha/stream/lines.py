"""All connections to the ticker together: who shows what, and what is made of what they hear.

Prices are held back until an index is of now on their connection and on the first one, for they
would make what is old look fresh: the first connection shows the indices and what is held. Where
something that is held is on another, for it came to be held there, that one counts as well. What is
held back is joined, and comes with the next prices that may be shown; of what is old no extreme is
kept, for no stop is to be moved by it. Where its connection ends before that, it is let go of:
nobody knows what has changed meanwhile.

A price of an earlier day stands beside none of today, so it is in no frame: neither is a contract
entered at it, nor a position judged by it. Where the book is of today and the last trade is not,
the book alone is shown. What is held may have to be left by the last price that anybody knows, so
that is told by itself, now or once it comes to be held.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from daemon.brokers.zerodha.packets import Mode, Tick
from daemon.brokers.zerodha.stream.connection import DENIED_AGAIN, Connection
from daemon.brokers.zerodha.stream.spreading import Spread, Wanted, spread
from daemon.brokers.zerodha.stream.words import (
    Begin,
    Connect,
    Denied,
    Done,
    Down,
    Drop,
    End,
    Garbled,
    Happened,
    Learned,
    Look,
    Lost,
    Noticed,
    Now,
    OrderHinted,
    Ping,
    Pong,
    Renewed,
    Send,
    SessionWanted,
    Ticked,
    Up,
    Want,
)
from daemon.domain.instants import SECOND_NS, day_of, start_of
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.merge import merge
from daemon.ports.market import (
    BookWanted,
    BygonePrices,
    FrameHeard,
    LinkMoved,
    News,
    NoticeHeard,
    SessionLost,
)
from daemon.telemetry.redaction import printable

GARBLED = "garbled"
"""The kind of a notice that tells of a message which could not be understood."""
_NEW_NS = 30 * SECOND_NS
"""A session so young is not what a denial means: where fewer connections are let in than are made,
each would be denied in turn, and sessions asked for without end."""


class Answer(Struct, frozen=True):
    """What follows of one thing that happened.

    Attributes:
        done: what is to be done, each with the number of its connection.
        news: what was learned.
    """

    done: tuple[tuple[int, Done], ...] = ()
    news: tuple[News, ...] = ()


class Counts(Struct):
    """What was left out.

    Attributes:
        unknown: prices of what nobody wanted.
        early: prices that came before their mode was set: they lack the touch.
        garbled: messages that could not be understood.
        held_back: messages that had to wait for an index.
        bygone: prices of an earlier day.
    """

    unknown: int = 0
    early: int = 0
    garbled: int = 0
    held_back: int = 0
    bygone: int = 0


class Lines:
    """Up to three connections.

    Attributes:
        counts: what was left out.

    Args:
        dice: chance for the waits.
        mode: how much is shown of each instrument.
    """

    def __init__(self, dice: random.Random, mode: Mode = Mode.FULL) -> None:
        self.counts = Counts()
        self._dice = dice
        self._mode = mode
        self._lines: list[Connection] = []
        self._spread: Spread = ()
        self._names: dict[int, str] = {}
        self._guarded: frozenset[int] = frozenset()  # what is held
        self._guarding: tuple[int, ...] = (0,)  # the connections that show it
        self._bygone: dict[int, Quote] = {}  # what has not traded today, as it was told before
        self._owed: set[int] = set()  # of that, what is held and not told yet
        self._held: dict[int, FrameHeard] = {}
        self._old: set[int] = set()  # whose prices that are held back are not of now
        self._last_ns = 0
        self._renewed_ns: int | None = None

    @property
    def due_ns(self) -> int | None:
        """When one wants to be looked at, in running time."""
        return min((each.due_ns for each in self._lines if each.due_ns is not None), default=None)

    def want(self, wanted: Wanted, now: Now) -> Answer:
        """Show these instruments from now on.

        Raises:
            BrokerMisused: they are too many; what was shown before is shown still.
        """
        self._spread = spread(wanted, self._spread)
        self._names = {token: symbol for symbol, token in wanted.tokens.items()}
        self._guarded = frozenset()
        self._bygone = {token: told for token, told in self._bygone.items() if token in self._names}
        self.hold(wanted.held.values())
        answers = [
            self.handle(number, End(), now) for number in range(len(self._spread), len(self._lines))
        ]
        for number in range(len(self._spread), len(self._lines)):
            self._let_go(number)
        del self._lines[len(self._spread) :]
        for number, tokens in enumerate(self._spread):
            if number == len(self._lines):
                self._lines.append(Connection(self._dice))
            shown = Want(dict.fromkeys(tokens, self._mode), wanted.witnesses)
            answers.append(self.handle(number, shown, now))
            answers.append(self.handle(number, Begin(), now))
        return _joined(answers)

    def hold(self, tokens: Iterable[int]) -> None:
        """Take that these are held: what they were last told at is told with the next, if old."""
        self._guarded |= frozenset(tokens)
        further = enumerate(self._spread[1:], 1)
        self._guarding = (0, *(n for n, each in further if not self._guarded.isdisjoint(each)))
        self._owed = {*(self._guarded & self._bygone.keys())}

    def shows_first(self, tokens: Iterable[int]) -> bool:
        """Say whether the first connection shows all of these."""
        return bool(self._spread) and set(self._spread[0]).issuperset(tokens)

    def look(self, now: Now) -> Answer:
        """Look at all of them."""
        return self._all(Look(), now)

    def renew(self, now: Now) -> Answer:
        """Use another session."""
        self._renewed_ns = now.running_ns
        return self._all(Renewed(), now)

    def handle(self, number: int, happened: Happened, now: Now) -> Answer:
        """Decide on what happened to one of them; one that is no more has nothing to say."""
        if number >= len(self._lines):
            return Answer()
        if isinstance(happened, Denied) and happened.generation and self._has_new_session(now):
            happened = Lost(DENIED_AGAIN)
        done, news = list[tuple[int, Done]](), list[News]()
        for each in self._lines[number].handle(happened, now):
            if isinstance(each, Connect | Send | Ping | Pong | Drop):
                done.append((number, each))
            else:
                news += self._news(number, each, now)
        return Answer(tuple(done), tuple(news))

    def _has_new_session(self, now: Now) -> bool:
        return self._renewed_ns is not None and now.running_ns - self._renewed_ns < _NEW_NS

    def _all(self, happened: Happened, now: Now) -> Answer:
        return _joined([self.handle(number, happened, now) for number in range(len(self._lines))])

    def _news(self, number: int, learned: Learned, now: Now) -> Sequence[News]:
        match learned:
            case Ticked(ticks, data):
                return self._shown(number, ticks, data, now)
            case OrderHinted(broker_order_id):
                order = (
                    f"order {printable(broker_order_id)[:64]}" if broker_order_id else "an order"
                )
                return (BookWanted(f"the broker pushes {order}"),)
            case Up():
                link = LinkMoved(number, now.market_ns, alive=True)
                return (link, BookWanted("the ticker was not heard for a while"))
            case Down(why, in_session):
                self._let_go(number)
                return (
                    LinkMoved(number, now.market_ns, alive=False, why=why, in_session=in_session),
                )
            case Noticed(kind, text):
                return (NoticeHeard(kind, text, now.market_ns),)
            case Garbled(why):
                self.counts.garbled += 1
                return (NoticeHeard(GARBLED, why, now.market_ns),)
            case SessionWanted(generation):
                return (SessionLost(generation),)

    def _shown(
        self, number: int, ticks: Sequence[Tick], data: bytes, now: Now
    ) -> Sequence[FrameHeard | BygonePrices]:
        """Return the frame that a message is, at an instant that is later than that before.

        Prices of an earlier day that are owed come before it. An index that stands is in none: who
        measures by it would take it for told just now.
        """
        wanted = [tick for tick in ticks if tick.token in self._names]
        known = [tick for tick in wanted if tick.mode is self._mode]
        self.counts.unknown += len(ticks) - len(wanted)
        self.counts.early += len(wanted) - len(known)
        line = self._lines[number]
        shown = [
            tick
            for tick in self._of_today(known, now)
            if tick.is_tradable or not line.stands(tick, now)
        ]
        told = self._taken_owed() if self._owed else ()
        if not shown:
            return told
        quotes = {self._names[tick.token]: tick.quote for tick in shown}
        self._last_ns = max(now.market_ns, self._last_ns + 1)
        exchange_ns = max(tick.exchange_ns for tick in shown)
        # Without an instant of the exchange's a price may rightly come again as it was.
        content = hash(data) if exchange_ns else 0
        heard = FrameHeard(Frame(self._last_ns, quotes, exchange_ns), content)
        if number in self._held:
            heard = self._with_held(number, heard)
        if all(self._lines[each].is_proved for each in (number, *self._guarding)):
            return (*told, heard)
        self._held[number] = heard
        if line.is_old:
            self._old.add(number)
        self.counts.held_back += 1
        return told

    def _of_today(self, ticks: Sequence[Tick], now: Now) -> Sequence[Tick]:
        """Return what may be shown: of a price of an earlier day nothing but a book of today."""
        day_ns = start_of(day_of(now.market_ns))
        known = self._bygone
        if not known and all(_is_of(tick, day_ns) for tick in ticks):  # as on most messages
            return ticks
        shown = list[Tick]()
        for tick in ticks:
            if _is_of(tick, day_ns):
                known.pop(tick.token, None)
                self._owed.discard(tick.token)
                shown.append(tick)
                continue
            before = known.get(tick.token)
            if before is None or before.ltp_e4 != tick.quote.ltp_e4:
                known[tick.token] = tick.quote
                if tick.token in self._guarded:
                    self._owed.add(tick.token)
            if 0 < tick.exchange_ns < day_ns:
                self.counts.bygone += 1
            else:
                shown.append(replace(tick, quote=replace(tick.quote, ltp_e4=0)))
        return shown

    def _taken_owed(self) -> tuple[BygonePrices, ...]:
        """Return what is to be told of what is held and has not traded today."""
        owed, self._owed = self._owed, set()
        return (BygonePrices(tuple((self._names[each], self._bygone[each]) for each in owed)),)

    def _with_held(self, number: int, heard: FrameHeard) -> FrameHeard:
        """Return prices with those before them that are still wanted."""
        held, is_old = self._held[number].frame, number in self._old
        self._let_go(number)
        names = set(self._names.values())
        before = {symbol: quote for symbol, quote in held.quotes.items() if symbol in names}
        if is_old:
            return FrameHeard(replace(heard.frame, quotes=before | dict(heard.frame.quotes)))
        return FrameHeard(merge(replace(held, quotes=before), heard.frame))

    def _let_go(self, number: int) -> None:
        """Hold nothing back of a connection any more."""
        self._held.pop(number, None)
        self._old.discard(number)


def _is_of(tick: Tick, day_ns: int) -> bool:
    """Say whether neither a packet nor the last trade it tells of is from before a day began."""
    return not (0 < tick.exchange_ns < day_ns or 0 < tick.traded_ns < day_ns)


def _joined(answers: Sequence[Answer]) -> Answer:
    return Answer(
        tuple(each for answer in answers for each in answer.done),
        tuple(each for answer in answers for each in answer.news),
    )
