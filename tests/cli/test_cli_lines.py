from __future__ import annotations

import io
from datetime import date, time
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.actors.risk_watchdog import PnlSeen
from daemon.cli.lines import Lines
from daemon.domain.instants import MILLISECOND_NS, at
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import (
    ConfirmationWanted,
    IntentRecorded,
    OrderParked,
    OrderRefused,
    OrderType,
    OutcomeUnknown,
    Refusal,
    Side,
)
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    MAY_HAVE_FILLED,
    AlertAcknowledged,
    AlertCleared,
    AlertEscalated,
    AlertRaised,
    BasketEnded,
    BooksAgree,
    BooksDiffer,
    CredentialsKept,
    DayEnded,
    DayOpened,
    EntriesFreed,
    EntriesHeld,
    EntriesPaused,
    EntryDecided,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    HeldBy,
    Job,
    JobDone,
    KillStaged,
    Latched,
    LatchKind,
    LinkRevived,
    Noted,
    OrderAsked,
    PositionChanged,
    Released,
    Scope,
    Stage,
    StrategyDeclared,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.messages.arming import AccountArmed, AccountDisarmed
from daemon.messages.modes import Modes
from daemon.runtime.clock import VirtualClock
from daemon.runtime.words import ActorDisarmed, DeadLetter, Origin
from tests.kit.facts import INTENT
from tests.kit.seen import DIFFER

DAY = date(2026, 11, 18)
NOW = at(DAY, time(9, 20))
CE = "NIFTY-2026-11-23-24500-CE"
ORIGIN = Origin("watchdog", 7, 3)
REFUSAL = next(iter(Refusal))


class Screen:
    """Lines onto streams in memory, with a host clock of their own."""

    def __init__(self) -> None:
        self.people, self.host = io.StringIO(), VirtualClock()
        self.machines: list[Any] = []
        self.lines = Lines(self._said, self.machines.append, self.host)

    def _said(self, line: str) -> None:
        self.people.write(line + "\n")

    def said(self) -> list[str]:
        return self.people.getvalue().splitlines()


def seen(
    pnl_e4: int, floor_e4: int = 0, at_ns: int = NOW, name: str = "s", day: date = DAY
) -> PnlSeen:
    lock = "LOCKED" if floor_e4 else "NONE"
    return PnlSeen(name, pnl_e4, lock, floor_e4, at_ns, basket_id=f"{name}:{day}")


SENTENCES = [
    (DayOpened(DAY, ((NOW, NOW + 1),), NOW), "2026-11-18 opens"),
    (DayOpened(DAY, (), NOW), "2026-11-18 is no trading day"),
    (DayEnded(DAY, NOW), "2026-11-18 is over"),
    (Noted(NoteKind.GAP, "no frame", NOW), "gap: no frame"),
    (Noted(NoteKind.REFUSED, "no entry today", NOW, "s"), "s: no entry today"),
    (EntryDecided("s", "s:1", 245_023_950, (), NOW), "s enters, 24502.40 at the money"),
    (
        PositionChanged("s", "ce", CE, Side.SELL, 0, 0, 65, 65 * 1_640_000, NOW),
        f"{CE}  sold 65 at 164.00  net -65",
    ),
    (
        PositionChanged("s", "ce", CE, Side.SELL, 65, 65 * 1_683_500, 65, 65 * 1_640_000, NOW),
        f"{CE}  bought 65 at 168.35, sold 65 at 164.00  net +0",
    ),
    (LevelMoved("s", "ce", Move.ARMED, 0, 1_961_050, NOW), "s ce armed at 196.10"),
    (LevelMoved("s", "wing", Move.ARMED, 0, 0, NOW), "s wing armed without a stop of its own"),
    (LevelMoved("s", "", Move.LOCKED, 0, 7_500_000, NOW), "s locked at 750.00"),
    (LevelMoved("s", "", Move.LOCKED, 0, 0, NOW), "s locked at 0.00"),
    (LevelMoved("s", "", Move.FLOOR_RAISED, 0, 9_500_000, NOW), "s floor raised at 950.00"),
    (
        ExitDecided("s", ("ce", "pe"), ExitReason.TARGET, 15_437_500, NOW),
        "s leaves ce, pe: target, P&L 1543.75",
    ),
    (
        ExitOwed("x", "s", ("ce",), ExitReason.RESIDENT_STOP, NOW),
        "s leaves ce: its stop at the broker was met",
    ),
    (
        ExitOwed("x", "s", ("ce", "pe"), ExitReason.MANUAL, NOW, because="the news"),
        "s leaves ce, pe, by hand: the news",
    ),
    (ExitFinished("x", "s", ("ce",), NOW), "s is out of ce"),
    (ExitFinished("x", "s", ("ce",), NOW, 75, 75), "s has closed 75 of 150 units of ce"),
    (BasketEnded("s:1", "s", True, "", NOW), "s is in"),
    (BasketEnded("s:1", "s", False, "no beat", NOW, waits=True), "s waits to enter: no beat"),
    (BasketEnded("s:1", "s", False, "no quote", NOW), "s is not in: no quote"),
    (
        BasketEnded("s:1", "s", False, f"too late; nobody tells, {MAY_HAVE_FILLED}", NOW),
        "s enters no further: too late; nobody tells, and they may have filled",
    ),
    (LinkRevived(NOW), "prices are fresh again"),
    (ExitOverdue("x", "s", "no price", NOW), "ALERT s: no price"),
    (EntriesPaused("a limit", NOW), "ALERT no more entries: a limit"),
    (EntriesHeld("paper", HeldBy.BEAT, "no beat", NOW), "ALERT entries wait: no beat"),
    (EntriesFreed("paper", HeldBy.BEAT, NOW), "entries need not wait for the beat any more"),
    (OrderRefused("OR1", REFUSAL, "beyond", NOW), f"order OR1 was refused, {REFUSAL}: beyond"),
    (OutcomeUnknown("OR1", "no answer", NOW), "ALERT order OR1 may stand or not: no answer"),
    (
        ConfirmationWanted("OR1", "q7", "are you sure?", NOW),
        "ALERT order OR1: the broker asks before it takes it: are you sure? (question q7)",
    ),
    (OrderParked("OR1", NOW), "ALERT order OR1 is parked: nobody knows whether it stands"),
    (DeadLetter("feed", "m", "KeyError", NOW), "ALERT feed fell and is rebuilt: KeyError"),
    (ActorDisarmed("runner:s", NOW), "ALERT runner:s fell too often and is left out"),
]


@pytest.mark.parametrize(("fact", "sentence"), SENTENCES, ids=lambda each: type(each).__name__)
def test_what_is_recorded_is_told_to_people_in_a_sentence(fact, sentence):
    screen = Screen()
    screen.lines.tell(fact, ORIGIN, NOW)

    assert screen.said() == [f"09:20:00  PAPER  {sentence}"]


def test_what_is_for_machines_alone_is_not_told_to_people():
    screen = Screen()
    screen.lines.tell(IntentRecorded(INTENT, NOW), ORIGIN, NOW)

    assert screen.said() == []


def test_machines_get_every_fact_with_where_it_comes_from():
    screen = Screen()
    screen.lines.tell(IntentRecorded(INTENT, NOW), ORIGIN, NOW)
    (line,) = screen.machines

    assert {key: line[key] for key in ("at", "level", "actor", "message", "cause", "event")} == {
        "at": "2026-11-18T09:20:00+05:30",
        "level": "info",
        "actor": "watchdog",
        "message": 7,
        "cause": 3,
        "event": "IntentRecorded",
    }
    assert line["fact"]["intent"]["symbol"] == INTENT.symbol


def test_what_alerts_a_person_is_a_warning_to_machines():
    screen = Screen()
    screen.lines.tell(OrderParked("OR1", NOW), ORIGIN, NOW)

    assert screen.machines[0]["level"] == "warning"


def test_a_profit_is_shown_as_it_moves():
    screen = Screen()
    screen.lines.show(seen(-32_500))

    assert screen.said() == ["09:20:00  PAPER  s  P&L      -3.25"]


def test_a_floor_is_shown_beside_the_profit():
    screen = Screen()
    screen.lines.show(seen(15_000_000, 7_500_000))

    assert screen.said() == ["09:20:00  PAPER  s  P&L    1500.00  locked at 750.00"]


def test_a_floor_at_break_even_is_shown_as_well():
    screen = Screen()
    screen.lines.show(PnlSeen("s", 15_000_000, "LOCKED", 0, NOW))

    assert screen.said() == ["09:20:00  PAPER  s  P&L    1500.00  locked at 0.00"]


def test_a_profit_is_shown_at_most_four_times_a_second():
    screen = Screen()
    for step in range(9):
        screen.host.set(step * 125 * MILLISECOND_NS)
        screen.lines.show(seen(10_000 * (step + 1)))

    assert [line.split()[-1] for line in screen.said()] == [f"{n}.00" for n in (1, 3, 5, 7, 9)]


def test_a_profit_that_stands_still_is_shown_once():
    screen = Screen()
    for second in range(3):
        screen.host.set(second * 1_000 * MILLISECOND_NS)
        screen.lines.show(seen(10_000))

    assert len(screen.said()) == 1


def test_each_strategy_is_spaced_by_itself():
    screen = Screen()
    screen.lines.show(seen(10_000, name="a"))
    screen.lines.show(seen(20_000, name="b"))

    assert [line.split()[2] for line in screen.said()] == ["a", "b"]


def test_an_exit_of_which_nobody_said_anything_has_no_line_before_it_is_done():
    screen = Screen()
    screen.lines.tell(ExitOwed("x", "s", ("ce",), ExitReason.MANUAL, NOW), ORIGIN, NOW)

    assert screen.said() == []


def test_each_line_says_whose_money_it_is_by_its_account():
    screen = Screen()
    screen.lines.begin(Modes({"zed": "live", "shadow": "paper"}))
    screen.lines.show(seen(10_000))
    screen.lines.tell(EntriesPaused("enough", NOW, "shadow"), ORIGIN, NOW)
    screen.lines.tell(LinkRevived(NOW), ORIGIN, NOW)

    assert [line.split()[1] for line in screen.said()] == ["LIVE", "PAPER", "LIVE"]
    assert [line["mode"] for line in screen.machines] == ["paper", "live"]


def test_other_views_are_passed_over():
    screen = Screen()
    screen.lines.show("something else")

    assert (screen.said(), screen.lines.seen) == ([], {})


def test_the_newest_profit_is_kept_whether_or_not_it_was_shown():
    screen = Screen()
    screen.lines.show(seen(0))
    assert screen.lines.seen == {}
    for amount_e4 in (10_000, 20_000, 0):
        screen.lines.show(seen(amount_e4))

    assert screen.lines.seen == {"s": {f"s:{DAY}": seen(0)}}


def test_each_of_several_entries_of_a_strategy_has_its_own_lines_while_both_are_of_the_day():
    """Else the profit of the one would be written as if the other's had moved."""
    screen, before = Screen(), date(2026, 11, 17)
    screen.lines.show(seen(10_000, day=before))
    screen.lines.show(seen(50_000))
    for second in range(1, 3):
        screen.host.set(second * 1_000 * MILLISECOND_NS)
        screen.lines.show(seen(10_000, 10_000, day=before))
        screen.lines.show(seen(50_000 + second * 10_000))
    screen.lines.tell(DayOpened(DAY, (), NOW), ORIGIN, NOW)
    screen.host.set(3_000 * MILLISECOND_NS)
    screen.lines.show(seen(0))

    assert [line.split()[2:] for line in screen.said() if "P&L" in line] == [
        ["s", "P&L", "1.00"],
        ["s:2026-11-18", "P&L", "5.00"],
        ["s:2026-11-18", "P&L", "6.00"],
        ["s:2026-11-18", "P&L", "7.00"],
        ["s", "P&L", "0.00"],
    ]


def test_an_entry_of_which_nothing_left_is_none_of_several():
    screen, first = Screen(), f"s:{DAY}"
    screen.lines.show(replace(seen(0), basket_id=first))
    waits = BasketEnded(first, "s", False, "its margin is not known", NOW, waits=True)
    screen.lines.tell(waits, ORIGIN, NOW)
    screen.lines.show(replace(seen(20_000), basket_id=f"{first}.2"))

    assert [line.split()[2:] for line in screen.said() if "P&L" in line] == [["s", "P&L", "2.00"]]


HANDS = [
    (
        Latched("kill-1", LatchKind.KILL, Scope.ALL, "", "enough", "ann", NOW),
        "ALERT kill of all by ann: enough (kill-1)",
    ),
    (
        Latched("pause-1", LatchKind.PAUSE, Scope.STRATEGY, "s", "", "ann", NOW),
        "ALERT pause of strategy s by ann: no reason given (pause-1)",
    ),
    (Released("kill-1", "bob", NOW), "kill-1 is released by bob"),
    (KillStaged("kill-1", Stage.FLAT, (), 0, NOW), "kill-1: flat"),
    (
        KillStaged("kill-1", Stage.CLOSING, ("ce holds -65", "pe holds -65"), 0, NOW),
        "kill-1: closing, left: ce holds -65; pe holds -65",
    ),
    (StrategyStarted("s", "ann", NOW), "s takes entries, says ann"),
    (StrategyStopped("s", "ann", NOW), "s takes no more entries, says ann"),
    (StrategyStopped("s", "ordo", NOW, "a storm"), "s takes no more entries, says ordo: a storm"),
    (
        StrategyDeclared("s", "{}", "ann", NOW),
        "s is declared by ann, and takes no entries yet",
    ),
    (StrategyRemoved("s", "ann", NOW), "s is removed by ann"),
    (
        CredentialsKept("paper", ("api_key", "pin"), "ann", NOW),
        "paper: api_key, pin put into the vault by ann",
    ),
    (
        AccountArmed("zed", date(2026, 3, 9), "a try", "ann", NOW),
        "ALERT zed is armed for LIVE trading on 2026-03-09 by ann: a try",
    ),
    (
        AccountDisarmed("zed", "enough", "ann", NOW),
        "ALERT zed is armed no more, says ann: enough",
    ),
    (
        OrderAsked("r", "paper", CE, Side.BUY, 65, OrderType.LIMIT, 1, 0, "", "ann", NOW),
        f"ann asks to buy 65 {CE}",
    ),
    (
        BooksDiffer("paper", CE, -65, 0, NOW),
        f"ALERT {CE}: the broker holds +0, our book says -65",
    ),
    (BooksAgree("paper", CE, NOW), f"{CE}: the broker's book and ours agree again"),
    (AlertRaised("alert-1", DIFFER, NOW), "ALERT alert-1, critical: they differ"),
    (AlertAcknowledged("alert-1", "ann", NOW), "alert-1 is acknowledged by ann"),
    (AlertEscalated("alert-1", 2, NOW), "ALERT alert-1 is not acknowledged: level 2"),
    (AlertCleared("alert-1", NOW), "alert-1 is over"),
    (
        AlertEscalated("alert-1", 2, NOW, DIFFER),
        "ALERT alert-1 is not acknowledged: level 2, critical: they differ",
    ),
    (AlertCleared("alert-1", NOW, DIFFER), "alert-1 is over: they differ"),
    (JobDone(Job.BACKUP, DAY, True, "done", NOW), "backup: done"),
    (JobDone(Job.SQUARE_OFF, DAY, False, "not so", NOW), "ALERT square off: not so"),
]


@pytest.mark.parametrize(("fact", "sentence"), HANDS, ids=lambda each: str(each)[:40])
def test_what_a_person_did_is_told_with_what_came_of_it(fact, sentence):
    screen = Screen()
    screen.lines.tell(fact, ORIGIN, NOW)

    assert screen.said() == [f"09:20:00  PAPER  {sentence}"]


def test_what_is_of_an_account_that_is_not_at_home_is_said_with_its_name():
    screen = Screen()
    screen.lines.tell(EntriesPaused("enough", NOW, "beta"), ORIGIN, NOW)
    screen.lines.show(PnlSeen("s", 50_000, "NONE", 0, NOW, "beta"))
    screen.lines.show(PnlSeen("s", 60_000, "NONE", 0, NOW))

    said = screen.said()
    assert "beta: ALERT no more entries: enough" in said[0]
    assert ["s@beta" in line for line in said[1:]] == [True, False]
    assert set(screen.lines.seen) == {"s", "s@beta"}
