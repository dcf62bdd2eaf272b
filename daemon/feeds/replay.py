"""Recordings: files of chain snapshots, bars or ticks, read as the frames of their days.

A recording yields what was recorded and judges nothing: duplicates, frozen copies and prices from
outside the session come out as they are, each with a fingerprint by which the feed knows them.
What was recorded of one instant in several files is one frame, unless both quote one symbol. Beside
a chain only its snapshots are frames.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from daemon.domain.market.frames import Frame
from daemon.domain.market.notes import Note
from daemon.errors import DataError
from daemon.feeds.formats.bars import BarFile, is_bars
from daemon.feeds.formats.chains import ChainFile, is_chain
from daemon.feeds.formats.table import Store, Table, is_recording
from daemon.feeds.formats.ticks import TickFile, is_ticks
from daemon.feeds.formats.words import RecordedFrame, ReplayOptions, Source, Wanted, fold_prints
from daemon.feeds.pacing import paced

_FORMATS: tuple[tuple[Callable[[Table], bool], Callable[[Table, ReplayOptions], Source]], ...] = (
    (is_chain, ChainFile),
    (is_bars, BarFile),
    (is_ticks, TickFile),
)
_KNOWN = (
    "chain snapshots (collection_timestamp, Expiry_Date, Strike_Price, CALLS_*, PUTS_*), "
    "bars (time, open, high, low, close) or ticks (time, price)"
)


class Recording:
    """Recorded days of one file, or of all the files of a folder.

    Attributes:
        notes: what must be said of the recording as a whole, in order of time.
        stamped_at_close: frames tell of the span that ends at their instant (bars), so their
            prices belong to the candle of the instant before.
        memory: how many contents the feed's intake should remember.
    """

    def __init__(self, store: Store, sources: tuple[Source, ...]) -> None:
        self._store = store
        self._sources = sources
        self.notes: tuple[Note, ...] = tuple(
            sorted((note for source in sources for note in source.notes), key=_instant_of)
        )
        self.stamped_at_close = all(source.stamped_at_close for source in sources)
        self.memory = min(source.memory for source in sources)

    def days(self) -> list[date]:
        """Return the days that were recorded, in order."""
        return sorted({day for source in self._sources for day in source.days})

    def frames(self, day: date, wanted: Wanted = None) -> Iterator[RecordedFrame]:
        """Yield a day's frames in order of time; quotes of other symbols are left out.

        Args:
            day: the day; one that was not recorded has no frames.
            wanted: symbols, or what they begin with; frames without any still come, for they
                are beats of the feed.

        Raises:
            DataError: the file cannot be read after all.
        """
        sources = self._of_day(day)
        chains = [source for source in sources if source.is_chain]
        others = [source for source in sources if not source.is_chain]
        if not chains or not others:
            return _merged(sources, day, wanted)
        return paced(_merged(chains, day, wanted), _merged(others, day, wanted), self.memory)

    def interval_ns(self, day: date) -> int:
        """Return how far apart that day's frames typically are; 0: fewer than two."""
        sources = self._of_day(day)
        pace = [source for source in sources if source.is_chain] or sources
        return min((source.interval_ns(day) for source in pace), default=0)

    def close(self) -> None:
        """Free everything; frames that were not read yet cannot be read any more."""
        for source in self._sources:
            source.release()
        self._store.close()

    def _of_day(self, day: date) -> list[Source]:
        """Return the sources of a day, and let go of the others: memory holds one day's files."""
        for source in self._sources:
            if day not in source.days:
                source.release()
        return [source for source in self._sources if day in source.days]


def open_recording(path: Path, options: ReplayOptions | None = None) -> Recording:
    """Open a file, or all the recordings directly in a folder.

    Args:
        path: a CSV or Parquet file, or a folder of them.
        options: what the files cannot say for themselves.

    Raises:
        DataError: nothing there, or a file cannot be understood; says what is missing.
    """
    store = Store()
    try:
        sources = [_source(Table(store, file), options or ReplayOptions()) for file in _files(path)]
    except DataError:
        store.close()
        raise
    return Recording(store, tuple(sorted(sources, key=lambda source: source.days[0])))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        if not path.exists():
            raise DataError(f"{path} does not exist")
        return [path]
    files = sorted(file for file in path.iterdir() if is_recording(file))
    if not files:
        raise DataError(f"{path} holds no recording: no .parquet, .csv or .csv.gz file")
    return files


def _source(table: Table, options: ReplayOptions) -> Source:
    for recognised, opened in _FORMATS:
        if recognised(table):
            return opened(table, options)
    columns = ", ".join(table.names)
    raise DataError(f"{table.path} has the columns {columns}; that is none of: {_KNOWN}")


def _merged(sources: list[Source], day: date, wanted: Wanted) -> Iterator[RecordedFrame]:
    """Yield the frames of a day of several files."""
    if len(sources) == 1:
        return sources[0].frames(day, wanted)
    merged = heapq.merge(
        *(source.frames(day, wanted) for source in sources),
        key=lambda recorded: recorded.frame.at_ns,
    )
    return _joined(merged)


def _joined(merged: Iterator[RecordedFrame]) -> Iterator[RecordedFrame]:
    """Join the frames of one instant as long as they quote different symbols."""
    held: RecordedFrame | None = None
    for recorded in merged:
        if held is not None and _may_join(held.frame, recorded.frame):
            held = _join(held, recorded)
            continue
        if held is not None:
            yield held
        held = recorded
    if held is not None:
        yield held


def _may_join(held: Frame, frame: Frame) -> bool:
    return held.at_ns == frame.at_ns and held.quotes.keys().isdisjoint(frame.quotes)


def _join(held: RecordedFrame, more: RecordedFrame) -> RecordedFrame:
    exchange_ns = max(held.frame.exchange_ns, more.frame.exchange_ns)
    frame = Frame(held.frame.at_ns, held.frame.quotes | more.frame.quotes, exchange_ns)
    return RecordedFrame(frame, fold_prints(held.fingerprint * 31 + more.fingerprint))


def _instant_of(note: Note) -> int:
    return note.at_ns
