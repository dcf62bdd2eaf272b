"""The keeper of alerts: one alert for one condition, louder until somebody has seen it."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.actors.alert_keeper import KEPT, LEVELS, AlertKeeper, Unanswered
from daemon.domain.instants import SECOND_NS
from daemon.messages import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertCleared,
    AlertEscalated,
    AlertRaised,
    AlertSeen,
    Ask,
    BooksAgree,
    BooksDiffer,
    Declined,
    Done,
    EntriesPaused,
    FactRecorded,
    SeeAlerts,
    Told,
)
from daemon.runtime.words import Alarm, Commit, Show, Started

WAIT = 300 * SECOND_NS
DIFFER = BooksDiffer("paper", "NIFTY", 0, 75, 5)
AGREE = BooksAgree("paper", "NIFTY", 6)
PAUSED = EntriesPaused("the loss of the day", 7)


class Kept:
    """A keeper, and what it has recorded."""

    def __init__(self, *facts: object) -> None:
        self.facts: list[Any] = list(facts)
        self.keeper = AlertKeeper(WAIT, self.facts)

    def tell(self, message: object, now_ns: int = 10) -> list[Any]:
        """Return what it does once what it records is durable."""
        done: list[Any] = []
        for effect in self.keeper.handle(message, now_ns):
            if isinstance(effect, Commit):
                self.facts += effect.facts
                done += effect.then
            else:
                done.append(effect)
        return done

    def hear(self, fact: object, now_ns: int = 10) -> list[Any]:
        self.facts.append(fact)
        return self.tell(FactRecorded(fact), now_ns)

    def ask(self, about: object, now_ns: int = 10) -> Any:
        (shown,) = self.tell(Ask(3, about), now_ns)
        assert isinstance(shown, Show)
        return shown.view.answer

    def of(self, *kinds: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kinds)]

    @property
    def seen(self) -> tuple[AlertSeen, ...]:
        found: tuple[AlertSeen, ...] = self.ask(SeeAlerts())
        return found


def test_a_condition_that_begins_raises_one_alert_which_is_to_be_acknowledged_in_time():
    kept = Kept()

    assert kept.hear(DIFFER, 10) == [Alarm(10 + WAIT, Unanswered("alert-1", 1))]
    assert kept.hear(DIFFER, 11) == []
    (raised,) = kept.of(AlertRaised)
    assert (raised.alert_id, raised.condition.code, raised.at_ns) == ("alert-1", "books_differ", 10)


def test_a_warning_waits_for_nobody():
    kept = Kept()

    assert kept.hear(PAUSED) == []
    assert [alert.raised.condition.code for alert in kept.seen] == ["entries_paused"]


def test_an_alert_that_nobody_acknowledges_escalates_level_by_level_to_the_last():
    kept = Kept()
    (alarm,) = kept.hear(DIFFER, 0)
    levels = []
    while alarm is not None:
        done = kept.tell(alarm.message, alarm.at_ns)
        levels.append((kept.of(AlertEscalated)[-1].level, alarm.at_ns))
        alarm = done[0] if done else None

    assert levels == [(level, WAIT * (level - 1)) for level in range(2, LEVELS + 1)]
    assert kept.seen[0].level == LEVELS
    told = {each.condition for each in kept.of(AlertEscalated)}
    assert told == {each.condition for each in kept.of(AlertRaised)}


@pytest.mark.parametrize("end", ["acknowledged", "cleared"])
def test_an_alert_that_was_seen_or_is_over_escalates_no_more(end):
    kept = Kept()
    (alarm,) = kept.hear(DIFFER)
    if end == "acknowledged":
        assert kept.ask(AcknowledgeAlert("alert-1", "ann"), 20) == Done("alert-1 is acknowledged")
    else:
        kept.hear(AGREE, 20)

    assert kept.tell(alarm.message, alarm.at_ns) == []
    assert kept.of(AlertEscalated) == []


def test_the_time_of_a_level_that_has_passed_means_nothing():
    kept = Kept()
    (alarm,) = kept.hear(DIFFER)
    kept.tell(alarm.message, alarm.at_ns)

    assert kept.tell(alarm.message, alarm.at_ns) == []
    assert kept.tell(Unanswered("alert-9", 1)) == []
    assert len(kept.of(AlertEscalated)) == 1


def test_a_condition_that_ends_clears_its_alert_and_raises_another_when_it_comes_again():
    kept = Kept()
    kept.hear(DIFFER)
    kept.hear(AGREE, 20)
    kept.hear(DIFFER, 30)

    condition = kept.of(AlertRaised)[0].condition
    assert kept.of(AlertCleared) == [AlertCleared("alert-1", 20, condition)]
    assert [each.raised.alert_id for each in kept.seen] == ["alert-2", "alert-1"]


def test_books_that_differ_by_another_amount_raise_another_alert_in_place_of_the_first():
    kept = Kept()
    kept.hear(DIFFER)
    kept.hear(DIFFER)
    kept.hear(BooksDiffer("paper", "NIFTY", 0, -75, 6), 20)

    assert [fact.alert_id for fact in kept.of(AlertCleared)] == ["alert-1"]
    assert [fact.condition.sentence for fact in kept.of(AlertRaised)] == [
        "paper: the broker holds 75 NIFTY, our book says 0; compare",
        "paper: the broker holds -75 NIFTY, our book says 0; compare",
    ]
    assert Kept(*kept.facts).tell(Started()) == [Alarm(20 + WAIT, Unanswered("alert-2", 1))]


def test_the_open_ones_are_told_first_then_the_newest():
    kept = Kept()
    kept.hear(PAUSED)
    kept.hear(DIFFER)
    kept.hear(AGREE)

    assert [each.raised.alert_id for each in kept.seen] == ["alert-1", "alert-2"]
    assert [each.cleared_ns is None for each in kept.seen] == [True, False]


def test_an_acknowledgement_is_recorded_once_with_the_first_who_gave_it():
    kept = Kept()
    kept.hear(DIFFER)
    kept.ask(AcknowledgeAlert("alert-1", "ann"), 20)
    again = kept.ask(AcknowledgeAlert("alert-1", "bob"), 30)

    assert again == Done("alert-1 was acknowledged by ann before")
    assert kept.of(AlertAcknowledged) == [AlertAcknowledged("alert-1", "ann", 20)]
    assert kept.seen[0].acknowledged == AlertAcknowledged("alert-1", "ann", 20)


def test_an_alert_that_nobody_raised_cannot_be_acknowledged():
    answer = Kept().ask(AcknowledgeAlert("alert-7", "ann"))

    assert isinstance(answer, Declined)
    assert answer.code == "unknown_alert"


def test_after_a_restart_the_alerts_stand_and_what_is_due_still_comes():
    kept = Kept()
    kept.hear(DIFFER, 10)
    kept.hear(PAUSED, 10)
    kept.ask(AcknowledgeAlert("alert-2", "ann"))
    again = Kept(*kept.facts)

    assert again.tell(Started(), 40) == [Alarm(10 + WAIT, Unanswered("alert-1", 1))]
    assert again.seen == kept.seen
    assert Kept(*kept.facts).tell(Started(), 10 + 2 * WAIT) == [
        Alarm(10 + 2 * WAIT, Unanswered("alert-1", 1))
    ]


def test_an_escalation_is_waited_for_from_the_last_one_after_a_restart():
    kept = Kept()
    (alarm,) = kept.hear(DIFFER, 0)
    kept.tell(alarm.message, alarm.at_ns)

    assert Kept(*kept.facts).tell(Started(), WAIT + 1) == [
        Alarm(2 * WAIT, Unanswered("alert-1", 2))
    ]


def test_what_a_crash_cut_off_is_made_good_at_the_start():
    kept = Kept(DIFFER)
    kept.tell(Started(), 40)
    assert len(kept.of(AlertRaised)) == 1

    again = Kept(*kept.facts, AGREE)
    again.tell(Started(), 50)
    condition = kept.of(AlertRaised)[0].condition
    assert again.of(AlertCleared) == [AlertCleared("alert-1", 50, condition)]


def test_of_those_that_are_over_only_the_newest_are_told():
    kept = Kept()
    for _ in range(KEPT + 2):
        kept.hear(DIFFER)
        kept.hear(AGREE)
    kept.hear(DIFFER)

    assert len(kept.seen) == KEPT + 1
    assert kept.seen[-1].raised.alert_id == "alert-3"
    assert Kept(AlertCleared("alert-1", 5), *kept.facts).seen == kept.seen


@pytest.mark.parametrize("message", [Told(1, None), Ask(1, Started())])
def test_what_it_is_never_told_is_a_defect(message):
    with pytest.raises(AssertionError, match="keeper of alerts was"):
        Kept().tell(message)
