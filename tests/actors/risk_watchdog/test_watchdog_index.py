"""The watchdog, where an index under what is held is told no more while other prices come."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.domain.instants import SECOND_NS as S
from daemon.domain.market.calendar import Segment, sessions
from daemon.domain.market.index_silence import (
    begun_in,
    ended_in,
    left,
    silent,
    told_again,
)
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import Distance, LegRules
from daemon.messages import (
    Ask,
    FramePolled,
    LinkDied,
    LinkRevived,
    Noted,
    PaceLearnt,
    SeeRisk,
)
from daemon.runtime.words import Started
from tests.kit.acting import (
    DAY,
    NEXT_DAY,
    ROUTER,
    clock,
    day_opened,
    ended,
    facts,
    opened,
    prices,
    sold,
)

T = clock("10:00:00")
ENTRY = (opened(), sold("ce"), sold("pe"), ended())
STOP = LegRules(stop=Distance(percent_e4=e4("30")))
FLAT = [sold(leg, bought="90", at_ns=T + 45 * S) for leg in ("ce", "pe")]


class Seen:
    """A watchdog of a straddle in NIFTY that is told one frame a second.

    Args:
        messages: what it is told first.
        before: what was recorded before it began.
    """

    def __init__(self, *messages, before=()) -> None:
        self._dog = RiskWatchdog(ROUTER, AccountLimits(), before)
        self._notes: list[Noted] = []
        for message in messages or (day_opened(), *ENTRY):
            self.hear(message, T)

    def hear(self, message, at_ns: int) -> None:
        """Tell it something."""
        self._notes += facts(self._dog.handle(message, at_ns), Noted)

    def pass_by(self, first: int, last: int, from_ns: int = T, **told) -> None:
        """Let these seconds pass, with a frame in each that tells these and the SENSEX."""
        for second in range(first, last + 1):
            at_ns = from_ns + second * S
            self.hear(prices(at_ns, SENSEX=80_000 + second, **told), at_ns)

    def die(self, died: int, revived: int) -> None:
        """Let the link die and live again at these seconds, with an answer for a leg between."""
        self.hear(LinkDied(T + died * S), T + died * S)
        polled = prices(T + (revived - 1) * S, ce=100)
        self.hear(FramePolled(polled), polled.at_ns)
        self.hear(LinkRevived(T + revived * S), T + revived * S)

    def unguarded(self, second: int) -> set[tuple[str, ...]]:
        """Return why what is held is not guarded at a second."""
        (shown,) = self._dog.handle(Ask(7, SeeRisk()), T + second * S)
        return {leg.unguarded_because for watch in shown.view.answer.watches for leg in watch.legs}

    def told(self, from_ns: int = T) -> list[tuple[int, str]]:
        """Return at which second people were told what of an index."""
        assert all(note.kind is NoteKind.STALE for note in self._notes)
        return [
            ((note.at_ns - from_ns) // S, note.text)
            for note in self._notes
            if begun_in(note.text) or ended_in(note.text)
        ]


def last_told(second: int) -> str:
    return silent("NIFTY", T + second * S)


def test_that_an_index_is_told_no_more_while_another_is_told_is_said_once_and_that_it_is_again():
    seen = Seen()
    seen.pass_by(0, 20, ce=100, pe=100, NIFTY=24_500)
    seen.pass_by(21, 60)
    seen.pass_by(61, 80, NIFTY=24_500)
    assert seen.told() == [(35, last_told(20)), (65, told_again("NIFTY"))]


@pytest.mark.parametrize("still", [{"NIFTY": 24_500}, {"ce": 100}], ids=["index", "a leg"])
def test_while_the_index_or_what_is_held_of_it_is_told_nothing_is_said(still):
    seen = Seen()
    seen.pass_by(0, 20, ce=100, pe=100, NIFTY=24_500)
    seen.pass_by(21, 90, **still)
    assert seen.told() == []


def test_an_index_that_was_never_told_has_no_silence():
    seen = Seen()
    seen.pass_by(0, 20, ce=100, pe=100)
    seen.pass_by(21, 300)
    assert seen.told() == []


def test_an_index_that_is_told_to_have_no_price_has_no_silence_either():
    """A recording takes back what its next snapshot lacks: nothing is judged by that."""
    seen = Seen()
    seen.pass_by(0, 20, ce=100, pe=100, NIFTY=24_500)
    seen.pass_by(21, 21, ce=0, pe=0, NIFTY=0)
    seen.pass_by(22, 300)
    assert seen.told() == []


def test_an_index_that_is_told_to_have_no_price_is_not_told_again():
    seen = Seen()
    seen.pass_by(0, 20, ce=100, pe=100, NIFTY=24_500)
    seen.pass_by(21, 35)
    seen.pass_by(36, 60, NIFTY=0)
    assert seen.told() == [(35, last_told(20))]


def test_an_index_that_comes_once_a_minute_is_not_silent_between_two():
    seen = Seen()
    for minute in range(10):
        seen.pass_by(0, 0, from_ns=T + 60 * minute * S, NIFTY=24_500)
        seen.pass_by(1, 59, from_ns=T + 60 * minute * S)
    assert seen.told() == []


def test_where_nothing_is_held_of_it_nothing_is_said_of_an_index():
    seen = Seen(day_opened(), *ENTRY, *FLAT)
    seen.pass_by(0, 20, NIFTY=24_500)
    seen.pass_by(21, 300)
    assert seen.told() == []


def test_once_nothing_is_held_any_more_that_is_said_of_a_silence():
    seen = Seen()
    seen.pass_by(0, 20, NIFTY=24_500)
    seen.pass_by(21, 40)
    for fill in FLAT:
        seen.hear(fill, fill.at_ns)
    seen.pass_by(46, 60)
    assert seen.told() == [(35, last_told(20)), (45, left("NIFTY"))]


@pytest.mark.parametrize(
    ("day", "wall", "is_over"),
    [(DAY, "15:29:00", False), (DAY, "15:29:55", True), (NEXT_DAY, "15:29:55", True)],
)
def test_once_its_shares_trade_no_more_an_index_is_not_owed(day, wall, is_over):
    from_ns = clock(wall, day)
    opens = day_opened(day)
    later = replace(opens, sessions=((opens.sessions[0][0], clock("15:40:00", day)),))
    seen = Seen(later, *(opened(day=day), sold("ce"), sold("pe"), ended(day=day)))
    seen.pass_by(-20, 0, from_ns, NIFTY=24_500)
    seen.pass_by(1, 40, from_ns)
    assert bool(seen.told()) is not is_over


def test_the_time_between_two_sessions_is_no_silence():
    day = date(2024, 3, 2)
    parts = tuple((each.open_ns, each.close_ns) for each in sessions(day, Segment.DERIVATIVES))
    (_, closes_ns), (opens_ns, _) = parts
    seen = Seen(replace(day_opened(day), sessions=parts), *ENTRY)
    seen.pass_by(-30, -1, closes_ns, NIFTY=24_500)
    seen.pass_by(0, 9, opens_ns)
    seen.pass_by(10, 20, opens_ns, NIFTY=24_500)
    assert seen.told() == []


def test_an_index_without_which_the_link_lives_again_is_silent_from_then_on():
    """What was told before judges nothing any more."""
    seen = Seen()
    seen.pass_by(0, 20, ce=100, pe=100, NIFTY=24_500)
    seen.die(24, 60)
    seen.pass_by(60, 120)
    seen.pass_by(121, 130, NIFTY=24_500)
    said = silent("NIFTY", T + 20 * S, T + 60 * S)
    assert seen.told() == [(74, said), (124, told_again("NIFTY"))]


def test_while_a_leg_is_told_where_the_link_lives_again_without_the_index_nothing_is_said():
    seen = Seen()
    seen.pass_by(0, 20, ce=100, pe=100, NIFTY=24_500)
    seen.die(24, 60)
    seen.pass_by(60, 80, ce=100)
    seen.pass_by(81, 100)
    assert seen.told() == [(94, last_told(80))]


def test_a_silence_that_is_told_of_goes_on_where_its_link_dies_and_lives_again():
    seen = Seen()
    seen.pass_by(0, 20, NIFTY=24_500)
    seen.pass_by(21, 40)
    seen.die(42, 60)
    seen.pass_by(60, 120)
    seen.pass_by(121, 130, NIFTY=24_500)
    assert seen.told() == [(35, last_told(20)), (124, told_again("NIFTY"))]


def test_an_index_that_was_never_told_before_the_link_died_has_no_silence_after_it():
    seen = Seen()
    seen.pass_by(0, 20, ce=100, pe=100)
    seen.die(24, 60)
    seen.pass_by(60, 120)
    assert seen.told() == []


RECORDED = (day_opened(), *ENTRY, Noted(NoteKind.STALE, last_told(-60), T - 20 * S))


def test_a_silence_that_was_told_of_before_a_restart_ends_once_the_index_is_told_again():
    seen = Seen(day_opened(), Started(), before=RECORDED)
    seen.pass_by(0, 30)
    seen.pass_by(31, 60, NIFTY=24_500)
    seen.pass_by(61, 80)
    assert seen.told() == [(35, told_again("NIFTY")), (75, last_told(60))]


def test_of_a_silence_from_before_a_restart_no_pace_is_learnt():
    """It may be of those that are told once a minute, and it may have been silent for hours."""
    seen = Seen(day_opened(), Started(), before=RECORDED)
    seen.pass_by(0, 3_600)
    for minute in range(60, 66):
        seen.pass_by(60 * minute + 1, 60 * minute + 59)
        seen.pass_by(60 * minute + 60, 60 * minute + 60, NIFTY=24_500)
    assert seen.told() == [(3_660, told_again("NIFTY"))]


@pytest.mark.parametrize("over", [told_again, left])
def test_a_silence_that_was_over_before_a_restart_is_none_after_it(over):
    ended_by = Noted(NoteKind.STALE, over("NIFTY"), T - 10 * S)
    seen = Seen(day_opened(), Started(), before=(*RECORDED, ended_by))
    seen.pass_by(0, 30)
    seen.pass_by(31, 60, NIFTY=24_500)
    assert seen.told() == []


@pytest.mark.parametrize(
    "other",
    [Noted(NoteKind.STALE, "nothing new", T), Noted(NoteKind.GAP, last_told(0), T)],
    ids=["stale", "another kind"],
)
def test_other_notes_of_the_record_are_of_no_silence(other):
    seen = Seen(day_opened(), Started(), before=(day_opened(), *ENTRY, other))
    seen.pass_by(0, 30, NIFTY=24_500)
    assert seen.told() == []


def test_a_silence_of_the_day_before_is_over_when_another_begins_after_a_restart():
    seen = Seen(day_opened(NEXT_DAY), before=(day_opened(), *ENTRY, RECORDED[-1]))
    next_ns = clock("10:00:00", NEXT_DAY)
    seen.pass_by(0, 60, next_ns, NIFTY=24_500)
    assert seen.told(next_ns) == []


def test_where_nothing_is_held_after_a_restart_that_is_said_of_a_silence_before_it():
    """A crash may have kept from the record that it was no matter any more."""
    seen = Seen(Started(), before=(*RECORDED, *FLAT))
    assert seen.told() == [(0, left("NIFTY"))]


def test_what_is_held_of_an_index_is_not_guarded_while_neither_is_told():
    seen = Seen(day_opened(), opened(leg_rules=STOP), *ENTRY[1:])
    seen.pass_by(0, 20, ce=100, pe=100, NIFTY=24_500)
    seen.pass_by(21, 34)
    assert seen.unguarded(34) == {()}
    seen.pass_by(35, 40)
    assert seen.unguarded(40) == {("index_silent",)}
    seen.pass_by(41, 45, pe=101)
    assert seen.unguarded(45) == {()}


def test_where_prices_of_the_feed_live_longer_so_do_those_of_an_index():
    seen = Seen()
    seen.hear(PaceLearnt(60 * S), T)
    seen.pass_by(0, 20, NIFTY=24_500)
    seen.pass_by(21, 300)
    assert seen.told() == [(120, last_told(20))]


def test_another_day_begins_without_a_silence():
    seen = Seen()
    seen.pass_by(0, 20, NIFTY=24_500)
    seen.pass_by(21, 40)
    next_ns = clock("10:00:00", NEXT_DAY)
    seen.hear(day_opened(NEXT_DAY), next_ns - 3_600 * S)
    seen.pass_by(0, 60, next_ns, NIFTY=24_500)
    assert seen.told() == [(35, last_told(20))]
