"""The exchange on paper without a daemon: entered where its book and the record ended, and left so.

A market on paper is the daemon's own; where that is gone no price moves. But a generated market
follows from its seed, so the guardian goes on with it as a daemon would that is started again: the
exchange is shown the newest quotes up to where it stood, exits are decided on that picture, and the
frames behind it follow at their pace. The daemon that comes next enters it where this was left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from daemon.brokers.door import Door
from daemon.brokers.paper import Paper
from daemon.brokers.paper_exchange import exchange
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS, day_of
from daemon.domain.market.frames import Quote
from daemon.domain.money import E4
from daemon.domain.orders.words import OrderUpdated
from daemon.errors import StoreError
from daemon.guardian.exposure import FILES, open_in, seen
from daemon.guardian.world import unlatched
from daemon.messages.cells import Cell
from daemon.runtime.clock import VirtualClock
from daemon.settings import Settings
from daemon.twin.file import SqliteFile, name_of
from daemon.twin.generator.market import INTERVAL_NS, Generator
from daemon.twin.late_file import LateFile
from daemon.twin.latency import Latency

_US_IN_MS = 1_000


class PaperWorld:
    """The accounts on paper, their doors, and the market around them.

    Args:
        settings: the accounts, and the market's seed and pace.
        papers: by account; their books were opened just now.
        clock: market time, which stands at the newest instant that is recorded.
        others: what cannot be closed from here.

    Attributes:
        doors: the last line before each account.
        others: what cannot be closed from here.
        patience_s: none is needed, for an exchange on paper answers at once.
        quotes: the newest, by symbol.
    """

    patience_s: float | None = None

    def __init__(
        self,
        settings: Settings,
        papers: Mapping[str, Paper],
        clock: VirtualClock,
        others: Sequence[str],
    ) -> None:
        feed = settings.feed
        self._papers, self._clock, self.others = papers, clock, others
        interval_ns = feed.interval_ms * MILLISECOND_NS or INTERVAL_NS
        speed = feed.speed_e4 / E4
        self._wait_s = interval_ns / SECOND_NS / speed if speed else 0.0
        at_ns = clock.now_ns()
        day = Generator(feed.seed, interval_ns).day(day_of(at_ns))
        known = day.newest(at_ns)
        self._frames = day.frames(at_ns)
        self.quotes: dict[str, Quote] = {}
        for frame in known:
            self.quotes.update(frame.quotes)
        clock.advance(1)  # the picture comes after all that has happened
        self.doors: dict[str, Door] = {}
        for account in settings.accounts:
            paper, broker = papers[account.id], settings.brokers[account.broker]
            paper.exchange.prime(known, clock.now_ns())
            self.doors[account.id] = Door(paper, clock.now_ns, unlatched, broker.timeout_ms)

    def now_ns(self) -> int:
        """Return market time."""
        return self._clock.now_ns()

    async def ready(self, account: str) -> str:  # noqa: ARG002  each of them can
        """Say that an account can be asked."""
        return ""

    async def price(self, account: str, symbols: Iterable[str]) -> str:  # noqa: ARG002  all are
        """Say that the quotes are the newest: each frame brings them."""
        return ""

    async def go_on(self) -> Mapping[str, Sequence[OrderUpdated]] | None:
        """Let the market go on to its next frame.

        Returns:
            What that filled, by account; None: this day has no more.
        """
        await asyncio.sleep(self._wait_s)
        frame = next(self._frames, None)
        if frame is None:
            return None
        self._clock.set(max(frame.at_ns, self.now_ns()))
        self.quotes.update(frame.quotes)
        return {
            account: paper.on_frame(frame, self.now_ns()) for account, paper in self._papers.items()
        }


@contextmanager
def entered(
    settings: Settings, cells: Sequence[Cell], recorded_ns: int, say: Callable[[str], None]
) -> Iterator[PaperWorld]:
    """Enter the world, and leave it when the block ends.

    Args:
        settings: everything that was set.
        cells: the accounts.
        recorded_ns: the newest instant in the ledger.
        say: tells a person that the exchange cannot save.

    Raises:
        StoreError: a book of the exchange cannot be used.
    """
    folder, feed = settings.daemon.state_dir, settings.feed
    clock = VirtualClock(recorded_ns)
    papers: dict[str, Paper] = {}
    with ExitStack() as held:
        for account, cell in zip(settings.accounts, cells, strict=True):
            broker = settings.brokers[account.broker]
            us = (broker.latency_ms * _US_IN_MS, broker.jitter_ms * _US_IN_MS)
            file = held.enter_context(
                closing(LateFile(SqliteFile(folder / name_of(cell.mark)), say))
            )
            twin = exchange(account.cash_e4, Latency(feed.seed, *us), file)
            papers[account.id] = Paper(twin, clock.now_ns)
            clock.set(max(clock.now_ns(), twin.reached_ns()))
        yield PaperWorld(settings, papers, clock, unknown(folder, cells))


def unknown(folder: Path, cells: Sequence[Cell]) -> list[str]:
    """Return, a sentence each, what is open in accounts that the settings do not have."""
    known, found = {name_of(cell.mark) for cell in cells}, []
    for path in sorted(folder.glob(FILES)):
        try:
            held = open_in(seen(path)) if path.name not in known else []
        except StoreError as error:
            found.append(str(error))
            continue
        if held:
            found.append(
                f"{path} holds {', '.join(held)}, and the settings have no such account; put its "
                "[[accounts]] back and start the guardian again, or move the file away"
            )
    return found
