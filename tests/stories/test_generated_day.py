"""The session that `make run` shows: an entry, a lock and an exit within a minute at sixty times.

And the same session, left at any moment and entered again: the same trades, levels and exits.
"""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest

from daemon.cli.engine import find_plan
from daemon.domain.instants import SECOND_NS
from daemon.domain.risk.lock_and_trail import LockStatus
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason
from daemon.messages import DayEnded, DayMarked, DayOpened, EntryDecided, ExitDecided, Noted
from daemon.settings import Settings
from tests.kit.acting import clock
from tests.kit.commands import ended, ordo
from tests.kit.daemon_process import running
from tests.kit.generated import Left, day_end, preset_market, run, until

DAY = date(2026, 3, 9)
at = partial(clock, day=DAY)
MINUTE = 60 * SECOND_NS


def plans():
    settings = Settings()
    return [find_plan(name, settings) for name in settings.strategies.autostart]


def trades(left: Left) -> list[tuple]:
    return [(t.symbol, t.side, t.quantity, t.price_e4) for t in left.exchange.trades()]


def decided(left: Left) -> list[object]:
    """What was decided, but for the book's own numbers."""
    return left.told(DayOpened, EntryDecided, LevelMoved, ExitDecided, DayEnded)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Left:
    """The first morning, from half a minute before the entry."""
    return run(tmp_path_factory.mktemp("whole"), preset_market(), plans(), until(at("10:30:00")))


def test_the_default_session_enters_locks_within_half_an_hour_and_leaves_by_its_time(whole):
    """Nothing of it is written down anywhere but the seed and the day."""
    (opened,) = whole.told(DayOpened)
    (entry,) = whole.told(EntryDecided)
    locked = [move for move in whole.told(LevelMoved) if move.move is Move.LOCKED]
    exits = whole.told(ExitDecided)
    assert opened.at_ns == at("08:50:00")
    assert entry.at_ns == at("09:20:00")
    assert at("09:20:00") < locked[0].at_ns <= at("09:50:00")
    assert exits[0].at_ns <= opened.at_ns + 60 * MINUTE
    assert exits[-1].at_ns <= at("15:20:00")
    assert {ExitReason.STOP, ExitReason.LOCK} & {each.reason for each in exits}
    assert all(position.net_quantity == 0 for position in whole.exchange.positions())
    assert whole.told(Noted) == []


@pytest.fixture(scope="module")
def coarse(tmp_path_factory) -> Left:
    """The same day in frames of a minute."""
    return run(tmp_path_factory.mktemp("coarse"), preset_market(MINUTE), plans(), day_end(DAY))


def test_a_kill_before_the_market_opens_is_flat_at_once(tmp_path):
    """The alarms that it sets ring though no frame comes before the market opens."""
    with running(tmp_path) as daemon:
        daemon.wait_ready()
        killed = ended(ordo("kill", "--json", cwd=tmp_path))
        (*staged, flat) = [each["fact"] for each in daemon.events if each["event"] == "KillStaged"]

    assert (killed.code, [each["stage"] for each in staged]) == (0, ["cancelling", "verifying"])
    assert flat["stage"] == "flat"
    assert flat["at_ns"] < at("08:51:00"), "the market opens at 09:15"


@pytest.mark.parametrize(
    "cut", ["08:50:00", "09:15:00", "09:20:00", "09:21:00", "first exit", "last exit", "15:30:00"]
)
def test_a_day_that_was_left_and_entered_again_ends_like_one_that_was_not(tmp_path, coarse, cut):
    """Before the open, before and in the entry, on the frame of an exit, at the close."""
    exits = [each.at_ns for each in coarse.told(ExitDecided)]
    cut_ns = {"first exit": exits[0], "last exit": exits[-1]}.get(cut) or at(cut)
    run(tmp_path, preset_market(MINUTE), plans(), until(cut_ns))
    again = run(tmp_path, preset_market(MINUTE), plans(), day_end(DAY))
    assert len(coarse.exchange.trades()) == 4
    (marked,) = coarse.told(DayMarked)
    assert marked.status == LockStatus.LOCKED
    assert trades(again) == trades(coarse)
    assert decided(again) == decided(coarse)
