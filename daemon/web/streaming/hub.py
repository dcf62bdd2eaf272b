"""The hub: what the streams carry, who follows them, and the sender that serves all of them.

The owners of the truth are asked in host time while somebody watches, and never otherwise; what
they answer, and what was recorded, goes out from here.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import orjson
from msgspec import Struct

from daemon.messages import PnlFrame, PriceSeen
from daemon.messages.modes import Modes
from daemon.telemetry.log import Log
from daemon.web.streaming.asking import Asking
from daemon.web.streaming.stream import Stream, Watcher
from daemon.web.told import figures
from daemon.web.told.lines import Item
from daemon.web.told.news import News

_AT_LEAST_EVERY_S = 1.0
_STALE_S = 2.0
_EVENTS_EVERY_S = 2.0
"""So long there is silence at most where nothing is recorded: who follows knows the line lives."""
_RECENT_EVENTS = 100
_EVENTS_WAITING = 1_000
_SLICE = 8  # streams looked at before other work of the loop has its turn
_SLACK = 0.8  # so that the beat which comes just before a second is over is the one that counts


class Beater(Protocol):
    """Asks the broadcaster how things stand."""

    def __call__(self, *, force: bool) -> None:
        """Have it told where anything has changed; forced: in any case."""
        ...


class Caps(Struct, frozen=True):
    """What one hub bears.

    Attributes:
        per_principal: connections of one person or program from other machines.
        symbols: prices that one connection may follow.
        pnl_hz: beats a second while somebody watches.
    """

    per_principal: int = 5
    symbols: int = 200
    pnl_hz: int = 4


class Hub:
    """The streams of one daemon.

    Args:
        beat: asks the broadcaster how things stand; it answers by `show`.
        wall_ns: host time that messages are stamped with.
        modes: whose money each account trades with.
        log: is told of whoever is dropped.
        caps: what it bears.

    Attributes:
        caps: as given, or the preset ones.
        pnl: profit and loss.
        events: what was recorded.
        asking: whether quotes are asked for, by what was recorded.
    """

    def __init__(
        self,
        beat: Beater,
        wall_ns: Callable[[], int],
        modes: Modes,
        log: Log,
        caps: Caps | None = None,
    ) -> None:
        self.caps = caps or Caps()
        self.pnl = Stream("pnl", wall_ns, mode=modes.whole)
        self.events = Stream("events", wall_ns, _EVENTS_WAITING, modes.whole)
        self.events.publish({"events": []}, 0)
        self.asking = Asking()
        self._beat = beat
        self._wall_ns = wall_ns
        self._modes = modes
        self._log = log
        self._ticks: dict[tuple[str, ...], Stream] = {}
        self._principals: Counter[str] = Counter()
        self._news = News(modes)
        self._recent: deque[dict[str, Any]] = deque(maxlen=_RECENT_EVENTS)
        self._prices: dict[str, tuple[PriceSeen, int]] = {}
        self._moved: set[str] = set()
        self._priced_ns = 0
        self._priced = asyncio.Event()
        self._somebody = asyncio.Event()
        self._waiting = asyncio.Event()

    @property
    def watched(self) -> bool:
        """Whether anybody follows what has to be asked for."""
        return bool(self.pnl.watchers or self._ticks)

    def admit(self, principal: str) -> bool:
        """Count one more connection of a principal; return whether it may come in."""
        if self._principals[principal] >= self.caps.per_principal:
            return False
        self._principals[principal] += 1
        return True

    def dismiss(self, principal: str) -> None:
        """Count one connection less."""
        self._principals[principal] -= 1
        if not self._principals[principal]:
            del self._principals[principal]

    def ticks(self, symbols: Iterable[str]) -> Stream:
        """Return the stream of those symbols: all who name the same ones share it."""
        key = tuple(sorted(set(symbols)))
        stream = self._ticks.get(key)
        if stream is None:
            stream = self._ticks[key] = Stream("ticks", self._wall_ns, mode=self._modes.whole)
        return stream

    def join(self, stream: Stream, watcher: Watcher) -> None:
        """Let somebody follow a stream; where its newest message is old, a new one is asked for."""
        fresh_s = 0.0 if stream is self.events else _now_s() - _STALE_S
        stream.join(watcher, fresh_s)
        if stream is not self.events:
            self._somebody.set()
            if watcher.seq < 0:
                self._beat(
                    force=True
                )  # it has seen nothing, so it is told whether or not it has changed

    def leave(self, stream: Stream, watcher: Watcher) -> None:
        """Let somebody go."""
        stream.leave(watcher)
        self._forget()

    def show(self, frame: PnlFrame) -> None:
        """Bring how things stand to those who watch."""
        now_s = _now_s()
        changed = {seen.symbol: (seen, frame.at_ns) for seen in frame.prices}
        for symbol in frame.gone:
            self._prices.pop(symbol, None)
        self._prices.update(changed)
        self._moved.update(changed, frame.gone)
        self._priced_ns = frame.at_ns
        self._priced.set()
        asked = self.asking.stands(frame.risk)
        self.pnl.publish(figures.pnl(frame.risk, self._modes, asked=asked), now_s)
        self._waiting.set()

    def record(self, facts: Iterable[Any]) -> list[Item]:
        """Tell of what has just become durable, and return the lines of it."""
        items = [item for fact in facts if (item := self._item(fact)) is not None]
        if items:
            self._tell(items)
        return items

    def _tell(self, items: list[Item]) -> None:
        self._recent.extend(items)
        self.events.publish({"events": items}, _now_s(), {"events": list(self._recent)})
        self._waiting.set()

    def _item(self, fact: Any) -> Item | None:
        self.asking.hear(fact)
        return self._news.of(fact)

    async def serve(self) -> None:
        """Ask and send, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_sending(), name="streams: send")
            group.create_task(self._keep_pricing(), name="streams: price")
            group.create_task(self._keep_asking(), name="streams: ask")
            group.create_task(self._keep_looking(), name="streams: look")

    async def _keep_sending(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            for stream in (self.events, self.pnl):
                await stream.send()

    async def _keep_pricing(self) -> None:
        """Bring prices to those who named them.

        There may be as many sets of symbols as connections, so other work of the loop is let in
        between, and what is shown meanwhile is brought with the next round.
        """
        while True:
            await self._priced.wait()
            self._priced.clear()
            moved, self._moved = self._moved, set()
            now_s, ticks = _now_s(), _Ticks(self._prices.copy(), self._priced_ns)
            for number, (symbols, stream) in enumerate(tuple(self._ticks.items()), 1):
                if _due(stream, now_s) or not moved.isdisjoint(symbols):
                    stream.publish({"ticks": ticks.of(symbols)}, now_s)
                    await stream.send()
                if number % _SLICE == 0:
                    await asyncio.sleep(0)

    async def _keep_asking(self) -> None:
        while True:
            if not self.watched:
                self._somebody.clear()
                await self._somebody.wait()
            self._beat(force=_due(self.pnl, _now_s()))
            await asyncio.sleep(1 / self.caps.pnl_hz)

    async def _keep_looking(self) -> None:
        begun_s = _now_s()
        while True:
            await asyncio.sleep(1 / self.caps.pnl_hz)
            told_s = max(self.events.made_s, begun_s)
            if self.events.watchers and _now_s() - told_s >= _EVENTS_EVERY_S:
                self._tell([])
            for stream in (self.events, self.pnl, *self._ticks.values()):
                for because in await stream.look(_now_s()):
                    self._log.warning("watcher dropped", stream=stream.kind, because=because)
            self._forget()

    def _forget(self) -> None:
        """Let go of streams of prices that nobody follows."""
        for key in [key for key, stream in self._ticks.items() if not stream.watchers]:
            del self._ticks[key]


class _Ticks:
    """The prices of one instant, each encoded once for all who are told it.

    Args:
        prices: the newest of each symbol, and the market instant that it was told at.
        at_ns: the market instant.
    """

    def __init__(self, prices: Mapping[str, tuple[PriceSeen, int]], at_ns: int) -> None:
        self._prices = prices
        self._at_ns = at_ns
        self._encoded: dict[str, orjson.Fragment] = {}

    def of(self, symbols: Iterable[str]) -> list[orjson.Fragment]:
        """Return the entries of a message, of those symbols that have a price."""
        return [self._tick(symbol) for symbol in symbols if symbol in self._prices]

    def _tick(self, symbol: str) -> orjson.Fragment:
        encoded = self._encoded.get(symbol)
        if encoded is None:
            seen, seen_ns = self._prices[symbol]
            document = figures.tick(seen, self._at_ns - seen_ns)
            encoded = self._encoded[symbol] = orjson.Fragment(orjson.dumps(document))
        return encoded


def _due(stream: Stream, now_s: float) -> bool:
    """Whether it is time for a message although nothing has changed."""
    return stream.newest is None or now_s - stream.newest.made_s >= _AT_LEAST_EVERY_S * _SLACK


def _now_s() -> float:
    return asyncio.get_running_loop().time()
