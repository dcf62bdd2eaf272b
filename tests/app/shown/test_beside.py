"""What is kept beside a daemon: behind every flush, and in nobody's way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.app.machine.telemetry import bare
from daemon.app.shown import beside
from daemon.app.shown.beside import Beside
from daemon.domain.market.frames import Frame, Quote
from daemon.errors import StoreError
from daemon.jobs.history import History
from daemon.jobs.projections.fold import Fold
from daemon.jobs.projections.keeper import Projections, standing_of
from daemon.settings.history import HistorySettings, Prices
from tests.app.test_service import assignment, in_position, running
from tests.kit.acting import clock, day_opened, opened, sold
from tests.kit.projected import record

FELL = "tables beside the ledger fell, and stay behind"
MISSING = "more frames came than the history could take; some are not in it"
FACTS = (day_opened(), opened(), sold("ce"))


class Lines:
    """A log that somebody waits for."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self._news = asyncio.Event()

    def error(self, event: str, because: str = "", exc_info: Any = None, tables: str = "") -> None:
        self.warning(event, because or str(exc_info))

    def warning(self, event: str, because: str = "", tables: str = "") -> None:
        self.said.append((event, because))
        self._news.set()

    async def told(self) -> tuple[str, str]:
        async with asyncio.timeout(30):
            await self._news.wait()
        self._news.clear()
        return self.said[-1]


@pytest.fixture
def given(tmp_path):
    made = assignment(tmp_path)
    made.folder.mkdir()
    return made


@pytest.fixture
def lines(monkeypatch) -> Lines:
    monkeypatch.setattr(beside, "AGAIN_S", 0.01)
    monkeypatch.setattr(beside, "EVERY_S", 0.01)
    return Lines()


@pytest.fixture
def defect(monkeypatch) -> Iterator[None]:
    """Whatever is recorded fells the fold."""
    shown = threading.Event()

    def falls(fold: Fold, row: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(Fold, "take", falls)
    monkeypatch.setattr(threading, "excepthook", lambda told: shown.set())
    yield
    assert shown.wait(60)


def begun(given, lines) -> Beside:
    return Beside(given, replace(bare(), log=lines))


def behind(given) -> int:
    standing = standing_of(given.store, given.accounts[0].owner)
    return standing.behind if standing else -1


async def test_what_was_recorded_is_in_them_at_the_end(given, lines):
    record(given.store, FACTS * 20)
    async with begun(given, lines).kept():
        pass

    assert (behind(given), lines.said) == (0, [])


async def test_a_store_that_fails_is_told_once_and_tried_again(given, lines):
    record(given.store, FACTS)
    blocked = given.folder / "ledger.projections.sqlite"
    blocked.mkdir()
    async with begun(given, lines).kept():
        event, because = await lines.told()
        assert (event, str(blocked) in because) == ("tables beside the ledger stand still", True)
        blocked.rmdir()
        assert await lines.told() == ("tables beside the ledger go on", "")

    assert behind(given) == 0
    assert len(lines.said) == 2


async def test_a_store_that_hangs_does_not_keep_a_daemon_from_its_end(given, lines, monkeypatch):
    monkeypatch.setattr(beside, "GOODBYE_S", 0.01)
    record(given.store, FACTS)
    begins, answers = threading.Event(), threading.Event()
    waits, hung = [], []

    def hangs(projections: Projections) -> bool:
        begins.set()
        waits.append(threading.current_thread())
        hung.append(answers.wait(10))
        return False

    monkeypatch.setattr(Projections, "fold_on", hangs)
    async with begun(given, lines).kept():
        await asyncio.to_thread(begins.wait)

    assert hung == []
    assert [each.daemon for each in waits] == [True]  # the interpreter waits for it neither
    answers.set()


async def test_a_store_that_fails_is_not_tried_again_at_the_end(given, lines, monkeypatch):
    record(given.store, FACTS)
    monkeypatch.setattr(beside, "AGAIN_S", 60)
    tried = []

    def fails(projections: Projections) -> bool:
        tried.append(projections)
        raise StoreError("it gave no answer in time")

    monkeypatch.setattr(Projections, "fold_on", fails)
    async with begun(given, lines).kept():
        await lines.told()

    assert len(tried) == 1


@pytest.mark.usefixtures("defect")
async def test_a_defect_of_theirs_is_told_and_fells_nothing(given, lines):
    record(given.store, FACTS)
    async with begun(given, lines).kept():
        assert await lines.told() == (FELL, "'a defect'")

    assert len(lines.said) == 1


@pytest.mark.usefixtures("defect")
async def test_prices_are_kept_though_folding_the_records_falls(given, lines):
    record(given.store, FACTS)
    kept = begun(given, lines)
    see = kept.seeing(nobody)
    async with kept.kept():
        assert await lines.told() == (FELL, "'a defect'")
        see(Frame(clock("09:20:00"), {"A": Quote(100)}), 0)

    assert prices_in(given) == [(1,)]


@pytest.mark.untraced
async def test_a_daemon_leaves_its_trades_in_them(tmp_path):
    given = assignment(tmp_path)
    async with running(given) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        await daemon.stopped()

    assert behind(given) == 0
    database = given.store.tables_there("projections")
    assert list(database.select("SELECT leg_id, exit_ns FROM trades ORDER BY leg_id", ())) == [
        ("ce", None),
        ("pe", None),
    ]
    database.close()


async def test_the_prices_that_it_saw_are_kept_as_candles(tmp_path):
    given = assignment(tmp_path)
    async with running(given) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        await daemon.stopped()

    database = given.store.tables_there("history")
    query = "SELECT open_ns, prices FROM candles WHERE symbol = 'NIFTY' ORDER BY open_ns"
    candles = list(database.select(query, ()))
    assert candles[0][0] == clock("09:19:00", date(2026, 3, 9))
    assert candles[0][1] == 2
    assert list(database.select("SELECT count(*) FROM ticks", ())) == [(0,)]
    database.close()


async def test_no_prices_are_kept_unwanted_replayed_or_without_a_pace(given, lines):
    quiet = replace(given.settings, history=HistorySettings(prices=Prices.NONE))
    for each in (replace(given, settings=quiet), replace(given, folder=given.folder / "replay")):
        assert begun(each, lines).seeing(nobody) is nobody
    assert Beside(given, bare(), prices=False).seeing(nobody) is nobody


async def test_frames_that_came_too_fast_are_told_of(given, lines, monkeypatch):
    monkeypatch.setattr(beside, "FRAMES", 2)
    record(given.store, FACTS)
    kept = begun(given, lines)
    see = kept.seeing(nobody)
    for second in range(3):
        see(Frame(clock("09:20:00") + second, {"A": Quote(100)}), 0)
    async with kept.kept():
        event, _ = await lines.told()

    assert event == MISSING
    assert prices_in(given) == [(2,)]


async def test_a_history_that_fails_is_begun_anew_and_told(given, lines):
    kept = begun(given, lines)
    see = kept.seeing(nobody)
    blocked = given.folder / "ledger.history.sqlite"
    blocked.mkdir()
    see(Frame(clock("09:20:00"), {"A": Quote(100)}), 0)
    record(given.store, FACTS)
    async with kept.kept():
        assert str(blocked) in (await lines.told())[1]
        blocked.rmdir()
        see(Frame(clock("09:20:01"), {"A": Quote(100)}), 0)
        while (await lines.told())[0] != "tables beside the ledger go on":
            pass

    assert prices_in(given) == [(2,)]


@pytest.fixture
def away(given, monkeypatch) -> threading.Event:
    """While it is set, no frame can be written; records can be folded."""
    record(given.store, FACTS)
    away, write = threading.Event(), History.write
    away.set()

    def written(history: History, frames: Sequence[Frame]) -> None:
        if away.is_set():
            raise StoreError("it gave no answer in time")
        write(history, frames)

    monkeypatch.setattr(History, "write", written)
    return away


async def test_frames_that_came_while_the_history_failed_are_in_it_afterwards(given, lines, away):
    kept = begun(given, lines)
    see = kept.seeing(nobody)
    for second, price in enumerate((100, 250, 40)):
        see(Frame(clock(f"09:20:0{second}"), {"A": Quote(price)}), 0)
    async with kept.kept():
        assert await lines.told() == (
            "tables beside the ledger stand still",
            "it gave no answer in time",
        )
        see(Frame(clock("09:20:03"), {"A": Quote(101)}), 0)
        away.clear()
        assert await lines.told() == ("tables beside the ledger go on", "")

    assert len(lines.said) == 2
    assert candles_in(given) == [(100, 250, 40, 101, 4)]


async def test_more_frames_than_wait_for_a_history_that_fails_are_told_of(
    given, lines, away, monkeypatch
):
    monkeypatch.setattr(beside, "FRAMES", 2)
    kept = begun(given, lines)
    see = kept.seeing(nobody)
    see(Frame(clock("09:20:00"), {"A": Quote(100)}), 0)
    async with kept.kept():
        await lines.told()
        for second in (1, 2):
            see(Frame(clock(f"09:20:0{second}"), {"A": Quote(100 + second)}), 0)
        away.clear()
        while len(lines.said) < 3:
            await lines.told()

    assert [event for event, _ in lines.said[1:]] == [MISSING, "tables beside the ledger go on"]
    assert candles_in(given) == [(101, 102, 101, 102, 2)]


async def test_frames_that_wait_for_the_records_at_the_end_are_in_the_history(
    given, lines, monkeypatch
):
    record(given.store, FACTS)
    folds, answers, fold_on = threading.Event(), threading.Event(), Projections.fold_on

    def slow(projections: Projections) -> bool:
        folds.set()
        answers.wait(60)
        return fold_on(projections)

    monkeypatch.setattr(Projections, "fold_on", slow)
    kept = begun(given, lines)
    kept.seeing(nobody)(Frame(clock("09:20:00"), {"A": Quote(100)}), 0)
    async with kept.kept():
        await asyncio.to_thread(folds.wait)
        asyncio.get_running_loop().call_later(0, answers.set)

    assert lines.said == []
    assert prices_in(given) == [(1,)]


@pytest.mark.usefixtures("away")
async def test_frames_that_are_not_written_at_the_end_are_told_of(given, lines):
    kept = begun(given, lines)
    kept.seeing(nobody)(Frame(clock("09:20:00"), {"A": Quote(100)}), 0)
    async with kept.kept():
        pass

    assert [event for event, _ in lines.said] == [MISSING]


def prices_in(given) -> list[tuple[int]]:
    return [each[-1:] for each in candles_in(given)]


def candles_in(given) -> list[tuple[int, ...]]:
    query = "SELECT open_e4, high_e4, low_e4, close_e4, prices FROM candles"
    with closing(given.store.tables_there("history")) as database:
        return list(database.select(query, ()))


def nobody(message, at_ns):
    return ()
