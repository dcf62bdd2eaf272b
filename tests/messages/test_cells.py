"""Cells: every account has its own part of one record, and no other."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest
from msgspec.structs import fields, replace

from daemon.domain.orders.words import IntentRecorded, OrderParked
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.messages import (
    BooksDiffer,
    CodeLoaded,
    DayEnded,
    EntriesPaused,
    ExitFinished,
    Fact,
    FloorSeen,
    Noted,
    RiskSeen,
)
from daemon.messages.cells import Cell, home_of, whole_of
from daemon.storage.journal import ENTRIES
from tests.kit.facts import INTENT, NOW
from tests.kit.watched import watch

HOME, BETA = Cell("paper"), Cell("beta", "beta")
RECORDED = IntentRecorded(INTENT, NOW)
PAUSED = EntriesPaused("enough", NOW)
FLOOR = LevelMoved("", "", Move.LOCKED, 0, 5, NOW)


@pytest.mark.parametrize("fact", [PAUSED, FLOOR, ExitFinished("e", "s", ("ce",), NOW)])
def test_a_fact_is_marked_as_it_leaves_and_known_without_the_mark_within(fact):
    leaving = BETA.marked(fact)

    assert leaving == replace(fact, account="beta")
    assert BETA.bare(leaving) == fact
    assert (BETA.owns(leaving), HOME.owns(leaving)) == (True, False)


def test_what_is_at_home_goes_unmarked():
    """So a ledger of one account reads as it always did."""
    assert HOME.marked(PAUSED) is PAUSED
    assert (HOME.owns(PAUSED), BETA.owns(PAUSED)) == (True, False)


def test_what_names_its_account_in_full_is_of_that_account_and_keeps_the_name():
    differ = BooksDiffer("beta", "X", 0, 75, NOW)

    assert BETA.bare(BETA.marked(differ)) is differ
    assert (BETA.owns(differ), HOME.owns(differ)) == (True, False)
    assert HOME.owns(replace(differ, account="paper"))


def test_orders_are_of_the_account_of_their_intent():
    theirs = replace(RECORDED, intent=replace(INTENT, intent_id="theirs", account="beta"))
    table = [RECORDED, theirs, OrderParked("theirs", NOW), OrderParked(INTENT.intent_id, NOW)]

    assert list(HOME.facts(table)) == [table[0], table[3]]
    assert list(BETA.facts(table)) == [table[1], table[2]]


def test_what_concerns_everybody_is_in_every_part():
    day = DayEnded(None, NOW)
    table = [day, PAUSED, BETA.marked(PAUSED)]

    assert list(HOME.facts(table)) == [day, PAUSED]
    assert list(BETA.facts(table)) == [day, PAUSED]


def test_a_ledger_is_at_home_where_its_runs_say_or_its_first_order_was():
    """Whatever the settings say now."""
    begun = CodeLoaded("1", "", "", 1, NOW, home="alpha")
    assert home_of([PAUSED, RECORDED], "beta") == "paper"
    assert home_of([PAUSED], "beta") == "beta"
    assert home_of([begun, PAUSED, RECORDED], "beta") == "alpha"
    assert home_of([replace(begun, home=""), RECORDED], "beta") == "paper"


def test_an_order_of_an_account_that_facts_are_marked_with_shows_no_home():
    """The first to trade may be any account."""
    away = replace(RECORDED, intent=replace(RECORDED.intent, account="beta"))
    assert home_of([BETA.marked(PAUSED), away], "paper") == "paper"
    assert home_of([BETA.marked(PAUSED), away, RECORDED], "beta") == "paper"


def test_the_watches_of_several_accounts_bear_their_marks():
    floors = (FloorSeen(date(2026, 3, 9), 1, 2),)
    day = date(2026, 3, 9)
    home = RiskSeen(5, True, (watch(),), floors=floors, day=day)
    beta = RiskSeen(7, True, (watch(),), "beta", floors)
    whole = whole_of((home, beta))

    assert [each.account for each in whole.watches] == ["", "beta"]
    assert [each.account for each in whole.floors] == ["", "beta"]
    assert (whole.at_ns, whole.link_alive, whole.account, whole.day) == (7, True, "", day)
    assert whole_of((beta, beta)).day is None
    assert (whole.priced, whole_of((home, replace(beta, priced=False))).priced) == (True, False)
    assert whole_of((home,)) is home


@pytest.mark.parametrize("kind", get_args(Fact), ids=lambda kind: kind.__name__)
def test_a_mark_stands_in_the_journal_and_nothing_stands_there_for_none(kind):
    """Two accounts that do the same have another journal than one that does it twice."""
    entry = ENTRIES[kind]
    is_marked = any(each.name == "account" and not each.required for each in fields(kind))
    assert ("account" in entry.unless_preset) is is_marked


def test_a_note_is_marked_too():
    assert BETA.marked(Noted("refused", "x", NOW)).account == "beta"
