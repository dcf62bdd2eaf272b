"""The feed: every verdict on a frame as effects, and one alarm that listens for silence."""

from datetime import date
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.actors.market_feed import MarketFeed, Silence
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.freshness import Link, alive, beat, dies_at_ns, lives_ns
from daemon.domain.market.notes import NoteKind
from daemon.messages import (
    DayOpened,
    FrameArrived,
    LinkDied,
    LinkRevived,
    Noted,
    OptionsListed,
    PaceLearnt,
)
from daemon.ports.market import BygonePrices, LinkMoved, NoticeHeard, NotShown, PricesOwed
from daemon.runtime.words import NOTHING, Commit, DeadLetter, Lane, Publish, Started, Take
from tests.kit.acting import DAY, NEXT_DAY, alarms, clock, day_ended, day_opened, facts, published

SECOND = 1_000_000_000
T = clock("09:15:00")
DEATH = 3 * SECOND + 1


def feed(*before, interval_ns=0, memory=1) -> MarketFeed:
    """A feed whose day was opened, after these facts."""
    made = MarketFeed(interval_ns, memory, before)
    made.handle(day_opened(), clock("09:00:00"))
    return made


def arrive(made, at_ns=T, fingerprint=0, now_ns=None):
    frame = Frame(at_ns, {})
    return made.handle(FrameArrived(frame, fingerprint), at_ns if now_ns is None else now_ns)


def taken(at_ns) -> tuple:
    return (Take(Frame(at_ns, {})), Publish(Frame(at_ns, {}), Lane.NEWEST))


def kinds(effects) -> list:
    return [fact.kind if isinstance(fact, Noted) else type(fact) for fact in facts(effects)]


def test_a_frame_is_taken_and_told_and_the_first_sets_the_alarm() -> None:
    """Entered into the journal before anybody hears it; on the newest lane."""
    made = feed()
    effects = arrive(made)
    assert tuple(effects[:2]) == taken(T)
    assert alarms(effects) == [(T + DEATH, Silence())]
    assert arrive(made, T + SECOND) == taken(T + SECOND)


@pytest.mark.parametrize(
    ("frames", "kind"),
    [
        ([(T, 0), (T - SECOND, 0)], NoteKind.REFUSED),
        ([(T - SECOND, 0)], NoteKind.OUTSIDE_SESSION),
        ([(T, 7), (T + SECOND, 7)], NoteKind.DUPLICATE),
        ([(T, 0), (T, 0)], NoteKind.DUPLICATE),
    ],
)
def test_a_frame_that_is_dropped_is_told_once_and_counted_at_the_end(frames, kind) -> None:
    """Neither taken nor published; the run of them is one note, the day one count."""
    made = feed()
    effects = [arrive(made, *frame) for frame in [*frames, frames[-1], frames[-1]]]
    dropped = effects[len(frames) - 1]
    assert kinds(dropped) == [kind]
    assert [type(each) for each in published(dropped)] == [Noted]
    assert [kinds(each) for each in effects[len(frames) :]] == [[], []]
    last = facts(made.handle(day_ended(), day_ended().at_ns), Noted)[-1]
    assert (last.kind, last.text[:26]) == (kind, "3 frames were dropped toda")


def test_on_a_closed_day_every_frame_is_dropped() -> None:
    """Whatever its hour."""
    made = MarketFeed(0, 1)
    made.handle(day_opened(closed=True), 0)
    assert kinds(arrive(made)) == [NoteKind.CLOSED_DAY]


def test_a_silence_is_told_once_and_kills_the_link() -> None:
    """At the alarm: a note and LinkDied, and no new alarm."""
    made = feed()
    arrive(made)
    effects = made.handle(Silence(), T + DEATH)
    assert kinds(effects) == [NoteKind.STALE, LinkDied]
    assert facts(effects, LinkDied) == [LinkDied(T + DEATH)]
    assert alarms(effects) == []
    assert made.handle(Silence(), T + 2 * DEATH) == NOTHING


def test_a_dead_link_is_heard_of_before_the_disk_has_it() -> None:
    """Whoever prices an order meanwhile must not go by what is stale; the note may wait."""
    made = feed()
    arrive(made)
    heard, recorded = made.handle(Silence(), T + DEATH)
    assert heard == Publish(LinkDied(T + DEATH))
    assert isinstance(recorded, Commit)
    assert [type(each) for each in recorded.facts] == [Noted, LinkDied]
    assert recorded.then == (Publish(recorded.facts[0]),)


def test_a_link_that_lives_again_is_heard_of_once_that_is_durable() -> None:
    """Nothing is allowed ahead of the disk, and the frame that revived it comes after."""
    made = feed()
    arrive(made)
    made.handle(Silence(), T + DEATH)
    (recorded,) = arrive(made, T + 60 * SECOND)
    assert isinstance(recorded, Commit)
    assert recorded.then[0] == Publish(LinkRevived(T + 60 * SECOND))


def test_there_is_one_alarm_at_a_time() -> None:
    """Rung while the link lives it is moved on; frames between set no other."""
    made = feed()
    arrive(made)
    for second in range(1, 4):
        assert alarms(arrive(made, T + second * SECOND)) == []
    effects = made.handle(Silence(), T + DEATH)
    assert (kinds(effects), alarms(effects)) == ([], [(T + 3 * SECOND + DEATH, Silence())])


def test_an_alarm_from_before_a_fall_starts_no_second_chain() -> None:
    """It rings before the one that was set after the rebuilding, and is passed over."""
    made = MarketFeed(0, 1, [day_opened()])
    assert alarms(made.handle(Started(), T + SECOND)) == [(T + SECOND + DEATH, Silence())]
    assert made.handle(Silence(), T + DEATH) == NOTHING


@given(st.lists(st.integers(1, 160), min_size=1, max_size=40), st.sampled_from([0, 10, 60]))
def test_a_link_dies_at_the_instant_that_its_pace_by_then_sets(halves, declared_s) -> None:
    """Also where frames came seldom when the alarm was set, and often since."""
    made, link = feed(day_opened(interval_ns=declared_s * SECOND)), Link(declared_s * SECOND)
    rings, told, at_ns = [], [], T
    for half in (*halves, 1_000):
        while rings and min(rings) < at_ns:
            now_ns = min(rings)
            rings.remove(now_ns)
            effects = made.handle(Silence(), now_ns)
            told += [now_ns] * kinds(effects).count(LinkDied)
            rings += [at for at, _ in alarms(effects)]
        assert told == ([dies_at_ns(link)] if link.beating and dies_at_ns(link) < at_ns else [])
        told.clear()
        rings += [at for at, _ in alarms(arrive(made, at_ns))]
        link = beat(link, at_ns)
        at_ns += half * SECOND // 2


def learnt(effects) -> list:
    """How long prices live, wherever that is told, in seconds."""
    return [told.lives_ns / SECOND for told in published(effects) if isinstance(told, PaceLearnt)]


@given(st.lists(st.integers(1, 160), min_size=1, max_size=40), st.sampled_from([0, 10, 60]))
def test_who_goes_by_the_pace_that_is_told_holds_a_price_for_dead_when_its_link_is(
    halves, declared_s
) -> None:
    """Where the alarm rings in its time: no nanosecond sooner, and none later."""
    link = Link(declared_s * SECOND)
    made, told, rings, at_ns = feed(), [lives_ns(link) / SECOND], [], T
    made.handle(day_opened(interval_ns=declared_s * SECOND), T)
    for half in (*halves, 1_000):
        while rings and min(rings) < at_ns:
            now_ns = min(rings)
            rings.remove(now_ns)
            effects = made.handle(Silence(), now_ns)
            rings += [at for at, _ in alarms(effects)]
            told += learnt(effects)
            assert (now_ns - link.last_ns > told[-1] * SECOND) is not alive(link, now_ns)
        if link.beating:
            assert (at_ns - 1 - link.last_ns > told[-1] * SECOND) is not alive(link, at_ns - 1)
        effects = arrive(made, at_ns)
        rings += [at for at, _ in alarms(effects)]
        told += learnt(effects)
        link = beat(link, at_ns)
        at_ns += half * SECOND // 2
    assert all(before != after for before, after in pairwise(told))


def test_a_pace_is_told_when_it_has_changed_and_not_with_every_frame() -> None:
    """A feed that comes seldom for a while, and often again."""
    made, rings, told = feed(), [], []
    steps = [1] * 30 + [10] * 30 + [1] * 30
    for at_s in accumulate(steps):
        at_ns = T + at_s * SECOND
        while rings and min(rings) < at_ns:
            effects = made.handle(Silence(), now_ns := min(rings))
            rings = [ring for ring in rings if ring > now_ns]
            rings += [at for at, _ in alarms(effects)]
            told += [(at_s, lives) for lives in learnt(effects)]
        effects = arrive(made, at_ns)
        rings += [at for at, _ in alarms(effects)]
        told += [(at_s, lives) for lives in learnt(effects)]
    assert [lives for _, lives in told] == [16.5, 30, 16.5, 3]
    assert told[-1][0] <= 330 + 14


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ([day_opened()], []),
        ([day_opened(), DeadLetter("feed", "", "", T)], [3]),
        ([DeadLetter("feed", "", "", T), day_opened()], []),
    ],
    ids=["a start", "a fall", "a fall of another day"],
)
def test_a_feed_that_fell_tells_its_pace_anew(record, told) -> None:
    """What it told before is not recorded, and those who heard it go by it yet."""
    assert learnt(MarketFeed(0, 1, record).handle(Started(), T + SECOND)) == told


def test_an_alarm_of_a_slow_feed_is_set_anew_when_it_comes_often() -> None:
    made = feed(day_opened(interval_ns=60 * SECOND))
    assert alarms(arrive(made)) == [(T + 180 * SECOND + 1, Silence())]
    assert alarms(arrive(made, T + SECOND)) == [(T + SECOND + DEATH, Silence())]
    assert alarms(arrive(made, T + 2 * SECOND)) == []


def test_a_frame_after_a_death_revives_the_link_first() -> None:
    """LinkRevived is heard before the frame, and the silence is listened for again."""
    made = feed()
    arrive(made)
    made.handle(Silence(), T + DEATH)
    at_ns = T + 60 * SECOND
    effects = arrive(made, at_ns)
    assert kinds(effects) == [LinkRevived]
    assert published(effects) == [LinkRevived(at_ns), Frame(at_ns, {})]
    assert alarms(effects) == [(at_ns + DEATH, Silence())]


def test_a_silence_that_the_next_frame_brings_is_died_and_revived() -> None:
    """Where frame and alarm are due at one instant the frame comes first."""
    made = feed()
    arrive(made)
    assert kinds(arrive(made, T + DEATH)) == [NoteKind.STALE, LinkDied, LinkRevived]


def test_copies_of_a_frame_do_not_keep_a_link_alive() -> None:
    """A source that repeats itself goes stale; its copies do not revive it."""
    made = feed()
    arrive(made, T, 7)
    arrive(made, T + 2 * SECOND, 7)
    assert kinds(made.handle(Silence(), T + DEATH)) == [NoteKind.STALE, LinkDied]
    assert LinkRevived not in kinds(arrive(made, T + 4 * SECOND, 7))
    assert LinkRevived in kinds(arrive(made, T + 5 * SECOND, 8))


def test_copies_of_a_frame_that_came_too_late_do_not_keep_a_link_alive() -> None:
    """It was refused for its age, and what it held is no news when it is said again."""
    made = feed()
    arrive(made, T, 8)
    assert kinds(arrive(made, T - SECOND, 7, now_ns=T + SECOND)) == [NoteKind.REFUSED]
    assert kinds(arrive(made, T + 2 * SECOND, 7)) == [NoteKind.GAP, NoteKind.DUPLICATE]
    assert kinds(made.handle(Silence(), T + DEATH)) == [NoteKind.STALE, LinkDied]


def test_a_silence_to_the_close_is_told_at_the_end_of_the_day() -> None:
    """The alarm that would ring after the close is not set."""
    made = feed()
    close_ns = clock("15:30:00")
    assert alarms(arrive(made, close_ns - 2 * SECOND)) == []
    assert made.handle(day_ended(), close_ns + 1) == NOTHING
    slow = feed(interval_ns=60 * SECOND)
    arrive(slow, close_ns - 600 * SECOND)
    assert kinds(slow.handle(day_ended(), close_ns + 1)) == [NoteKind.STALE, LinkDied]
    slow.handle(day_opened(NEXT_DAY), 0)
    assert LinkRevived in kinds(arrive(slow, clock("09:15:00", NEXT_DAY)))


@pytest.mark.parametrize(
    ("configured_ns", "declared_ns", "dies_ns"),
    [
        (0, 0, DEATH),
        (0, 65 * SECOND, 195 * SECOND + 1),
        (2 * SECOND, 65 * SECOND, 6 * SECOND + 1),
    ],
)
def test_what_is_configured_goes_before_what_the_source_declares(
    configured_ns, declared_ns, dies_ns
) -> None:
    """Three intervals of silence, three seconds at the least."""
    made = MarketFeed(configured_ns, 1)
    made.handle(day_opened(interval_ns=declared_ns), 0)
    effects = arrive(made)
    assert alarms(effects) == [(T + dies_ns, Silence())]
    assert learnt(effects) == [dies_ns // SECOND] * bool(configured_ns)


def test_a_feed_that_is_rebuilt_within_a_session_listens_at_once() -> None:
    """Where no frame comes any more the link is dead, told as at any other time."""
    made = MarketFeed(0, 1, [day_opened()])
    rings_ns, ring = alarms(made.handle(Started(), T))[0]
    assert kinds(made.handle(ring, rings_ns)) == [NoteKind.STALE, LinkDied]


def test_a_feed_that_is_rebuilt_takes_the_next_frame_without_a_word() -> None:
    """The time before its restart is no gap and no silence of the feed's."""
    made = MarketFeed(0, 1, [day_opened()])
    made.handle(Started(), clock("11:00:00"))
    at_ns = clock("11:00:01")
    assert arrive(made, at_ns) == taken(at_ns)


@pytest.mark.parametrize(
    ("record", "now"),
    [
        ([], "11:00:00"),
        ([day_opened()], "09:00:00"),
        ([day_opened(), day_ended()], "11:00:00"),
        ([day_opened(), LinkDied(T)], "11:00:00"),
    ],
    ids=["no day", "before it opens", "after its end", "told already"],
)
def test_a_feed_that_is_rebuilt_outside_or_on_a_dead_link_waits(record, now) -> None:
    """There is nothing to listen for, or it has been told."""
    assert MarketFeed(0, 1, record).handle(Started(), clock(now)) == NOTHING


def test_on_a_day_that_no_table_knows_a_feed_that_is_rebuilt_owes_nothing_until_a_frame() -> None:
    """The market may be closed; what has beaten can die."""
    day = date(2027, 1, 4)
    hours = ((clock("09:15:00", day), clock("15:40:00", day)),)
    made = MarketFeed(0, 1, [DayOpened(day, hours, clock("09:00:00", day))])
    now_ns = clock("11:00:00", day)
    assert made.handle(Started(), now_ns) == NOTHING
    assert alarms(arrive(made, now_ns)) == [(now_ns + DEATH, Silence())]


@pytest.mark.parametrize(
    ("record", "revived"),
    [([LinkDied(T)], True), ([LinkDied(T), LinkRevived(T)], False)],
)
def test_a_feed_that_is_rebuilt_knows_whether_its_link_was_dead(record, revived) -> None:
    """Only a link that was told dead is told revived."""
    made = MarketFeed(0, 1, [day_opened(), *record])
    assert (LinkRevived in kinds(arrive(made, clock("11:00:00")))) is revived


def test_the_day_of_the_facts_is_the_day_of_the_feed() -> None:
    """A note carries the instant that it is about."""
    made = feed()
    note = facts(arrive(made, T - SECOND), Noted)[0]
    assert (note.at_ns, DAY) == (T - SECOND, day_opened().day)


def test_what_is_not_for_it_fells_it() -> None:
    """A message nobody meant is a programmer's error."""
    with pytest.raises(AssertionError, match="the feed was told"):
        feed().handle("hello", T)


def moved(alive=False, in_session=True, number=0):
    return LinkMoved(number, T, alive=alive, why="" if alive else "silence", in_session=in_session)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([moved()], ["died: silence"]),
        ([moved(), moved()], ["died: silence"]),
        ([moved(), moved(alive=True, number=1)], ["died: silence"]),
        ([moved(), moved(alive=True), moved(alive=True)], ["died: silence", "stands again"]),
        ([moved(in_session=False), moved(alive=True)], []),
        ([moved(alive=True)], []),
    ],
)
def test_a_connection_is_told_of_where_prices_were_missed_and_kills_no_link(words, told) -> None:
    """Prices alone say whether a link lives: one that is made again in a second was never dead."""
    made = feed()
    effects = [each for word in words for each in made.handle(word, T)]
    name = "connection 0 to the broker's prices"
    assert [fact.text for fact in facts(effects, Noted)] == [f"{name} {text}" for text in told]
    assert facts(effects, LinkDied) == []


def test_prices_of_an_earlier_day_are_passed_on_and_are_no_beat() -> None:
    made, old = feed(), BygonePrices((("A", Quote(7)),))
    assert made.handle(old, T) == (Publish(old),)


def test_what_a_broker_says_to_people_is_told_once_a_day_and_so_much_of_it_at_most() -> None:
    made = feed()
    said = [NoticeHeard("message", text, T) for text in ("closed on Monday", "closed on Monday")]
    texts = [fact.text for word in said for fact in facts(made.handle(word, T), Noted)]
    assert texts == ["the broker says, message: closed on Monday"]
    assert len(facts(made.handle(NotShown("NIFTY is not listed", T), T), Noted)) == 1
    flood = [made.handle(NoticeHeard("message", str(n), T), T) for n in range(200)]
    assert sum(len(facts(effects)) for effects in flood) == 98
    made.handle(day_opened(NEXT_DAY), clock("09:00:00", NEXT_DAY))
    assert len(facts(made.handle(said[0], T))) == 1


def test_prices_that_are_owed_and_never_come_leave_the_link_dead() -> None:
    """A recording may begin late; a market that is listened to owes prices from its opening on."""
    made = feed()
    assert alarms(made.handle(PricesOwed(T), T)) == [(T + DEATH - 1, Silence())]
    effects = made.handle(Silence(), T + DEATH)
    assert [type(each) for each in facts(effects)] == [Noted, LinkDied]


def test_prices_of_the_very_opening_are_taken_and_what_came_before_it_was_told_is_not_forgotten():
    made = feed()
    made.handle(PricesOwed(T), T)
    assert tuple(arrive(made)[:2]) == taken(T)
    made = feed()
    arrive(made, T + 1)
    assert alarms(made.handle(PricesOwed(T), T + 2)) == []
    assert arrive(made, T + 1 + SECOND) == taken(T + 1 + SECOND)


def test_before_the_opening_nothing_is_owed() -> None:
    assert feed().handle(PricesOwed(T - SECOND), T - SECOND) == NOTHING


LISTED = OptionsListed("NIFTY", NEXT_DAY, (1, 2), (1, 2), at_ns=7)


def test_what_the_market_lists_is_told_before_any_price_of_it_and_recorded() -> None:
    """A price that is heard first, while the disk works, would be all that there is."""
    assert feed().handle(LISTED, T) == (Publish(LISTED), Commit((LISTED,)))


@pytest.mark.parametrize(
    ("told", "is_news"),
    [(replace(LISTED, at_ns=8), False), (replace(LISTED, puts_e4=(1, 2, 3)), True)],
)
def test_what_the_market_lists_is_told_again_only_where_it_is_something_else(told, is_news) -> None:
    """A feed that is rebuilt knows what it told."""
    live = feed()
    live.handle(LISTED, T)
    for made in (live, feed(day_opened(), LISTED)):
        assert (made.handle(told, T) != NOTHING) is is_news
