from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import StoreError, TooManyRestarts
from daemon.runtime.supervisor import Fall, Intensity, Supervisor
from daemon.runtime.words import ActorDisarmed, ActorSpec, DeadLetter, Origin, Show, Started
from tests.kit.scripted import Entry, Fact, Notebook, Scripted, Stage, Word

MINUTE_NS = 60 * 10**9
ORIGIN = Origin("router", 7, 3)
BAD = (Word("bad"), 7, 3)
GOOD = (Word("good"), 8, 3)
FALLS = {"bad": ValueError("no such leg")}


def supervised(stage: Stage, **spec) -> Supervisor:
    stage.add("router", FALLS | {"Started": (Show("again"),), "good": (Show("good"),)}, **spec)
    return Supervisor(stage.specs, stage.ledger)


@pytest.mark.parametrize(
    ("falls_ns", "expected"),
    [
        ((0,), Fall.RESTART),
        ((0, 0, 0), Fall.RESTART),
        ((0, 0, 0, 0), Fall.ESCALATE),
        ((0, 1, 2, 9), Fall.ESCALATE),
        ((0, 1, 2, 10), Fall.RESTART),
        ((0, 1, 2, 11), Fall.RESTART),
        ((0, 1, 2, 10, 10), Fall.ESCALATE),
        ((0, 1, 2, 10, 11), Fall.RESTART),
    ],
)
def test_as_many_falls_as_allowed_hold_and_one_more_escalates(falls_ns, expected):
    """Three within ten; the window slides, and a fall exactly ten old no longer counts."""
    intensity = Intensity(3, 10)
    assert [intensity.fell(at_ns) for at_ns in falls_ns][-1] is expected


@given(
    st.integers(0, 4),
    st.integers(1, 12),
    st.lists(st.integers(0, 6), min_size=1, max_size=25),
)
def test_escalation_is_a_count_of_the_falls_within_one_period(restarts, period_ns, gaps_ns):
    """At every fall, whatever came before it."""
    intensity, now_ns, falls = Intensity(restarts, period_ns), 0, []
    for gap_ns in gaps_ns:
        now_ns += gap_ns
        falls.append(now_ns)
        recent = [at_ns for at_ns in falls if now_ns - at_ns < period_ns]
        expected = Fall.ESCALATE if len(recent) > restarts else Fall.RESTART
        assert intensity.fell(now_ns) is expected


def test_a_period_of_nothing_is_a_defect():
    """Falls are counted within a span."""
    with pytest.raises(AssertionError, match="within a period"):
        Intensity(3, 0)


def test_actors_are_built_in_order_from_every_fact():
    """Start-up is recovery: each gets all that is recorded."""
    ledger, built = Notebook(), []
    ledger.append((Fact("yesterday"),), ORIGIN, 1)

    def restoring(name):
        return lambda facts: built.append((name, list(facts)))

    Supervisor([ActorSpec(name, restoring(name)) for name in ("feed", "router")], ledger)
    assert built == [("feed", [Fact("yesterday")]), ("router", [Fact("yesterday")])]


def test_two_actors_of_one_name_are_a_defect():
    """A message for one of them would reach the other."""
    stage = Stage().add("router").add("router")
    with pytest.raises(AssertionError, match="share a name"):
        Supervisor(stage.specs, stage.ledger)


def test_what_an_actor_decides_is_handed_on():
    """As it stands."""
    stage = Stage()
    supervisor = supervised(stage)
    child = supervisor.children["router"]
    assert supervisor.handle(child, GOOD, 5) == (Show("good"),)
    assert (child.restarts, stage.ledger.entries) == (0, [])


def test_the_message_that_felled_an_actor_goes_to_the_dead_letters():
    """With the error, and with where it came from; it is not tried again."""
    stage = Stage()
    supervisor = supervised(stage)
    supervisor.handle(supervisor.children["router"], BAD, 5)
    letter = DeadLetter("router", repr(Word("bad")), "ValueError: no such leg", 5)
    assert stage.ledger.entries == [Entry(letter, ORIGIN, 5)]
    assert stage.handled() == ["bad"]


def test_a_long_message_is_cut_in_its_dead_letter():
    """A frame of ten thousand quotes need not be kept twice."""
    stage = Stage().add("router", lambda message: ValueError("no"), disarm=True, restarts=0)
    supervisor = Supervisor(stage.specs, stage.ledger)
    supervisor.handle(supervisor.children["router"], (Word("x" * 9_000), 7, 3), 5)
    assert len(stage.ledger.entries[0].fact.message) == 2_000


def test_a_fallen_actor_is_rebuilt_by_the_way_it_was_built():
    """From every fact up to its own dead letter; then it is told that it has started."""
    stage, seen = Stage(), []

    def restore(facts):
        seen.append(list(facts))
        return Scripted("router", FALLS | {"Started": (Show("again"),)}, stage.log)

    supervisor = supervised(stage, restore=restore)
    child = supervisor.children["router"]
    before = child.actor
    stage.ledger.append((Fact("entered"),), ORIGIN, 4)
    assert supervisor.handle(child, BAD, 5) == (Show("again"),)
    assert seen == [[], [Fact("entered"), stage.ledger.entries[1].fact]]
    assert stage.log[-1] == ("router", Started(), 5)
    assert (child.restarts, child.actor is before) == (1, False)


def test_a_failed_ledger_is_no_fall_of_the_actor_that_met_it():
    """Deciding on without it would lose orders."""
    stage = Stage().add("router", {"bad": StoreError("disk full")})
    supervisor = Supervisor(stage.specs, stage.ledger)
    with pytest.raises(StoreError, match="disk full"):
        supervisor.handle(supervisor.children["router"], BAD, 5)
    assert stage.ledger.entries == []


def test_an_actor_past_its_restarts_ends_the_tree():
    """The fourth fall within ten minutes, after three that were borne."""
    stage = Stage()
    supervisor = supervised(stage)
    child = supervisor.children["router"]
    for _ in range(3):
        supervisor.handle(child, BAD, 5)
    with pytest.raises(TooManyRestarts, match=r"router fell more than 3 times; .*no such leg"):
        supervisor.handle(child, BAD, 5 + 10 * MINUTE_NS - 1)
    assert (child.restarts, child.disarmed) == (3, False)
    assert len(stage.ledger.entries) == 4


def test_an_actor_whose_falls_lie_apart_is_borne_for_ever():
    """Three in any ten minutes, all day long."""
    stage = Stage()
    supervisor = supervised(stage)
    child = supervisor.children["router"]
    instants = [third * 200 * 10**9 for third in range(30)]
    for at_ns in instants:
        supervisor.handle(child, BAD, at_ns)
    assert child.restarts == len(instants)
    assert {later - early for early, later in pairwise(instants)} == {10 * MINUTE_NS // 3}


def test_an_actor_that_may_be_left_out_is_and_that_is_recorded():
    """What it had not read leads to nothing any more."""
    stage = Stage()
    supervisor = supervised(stage, restarts=1, disarm=True)
    child = supervisor.children["router"]
    supervisor.handle(child, BAD, 5)
    assert list(supervisor.handle(child, BAD, 6)) == []
    assert child.disarmed
    assert stage.ledger.entries[-1] == Entry(ActorDisarmed("router", 6), ORIGIN, 6)
    heard = len(stage.log)
    assert list(supervisor.handle(child, GOOD, 7)) == []
    assert (len(stage.log), len(stage.ledger.entries)) == (heard, 3)


@pytest.mark.parametrize("where", ["built", "told"])
def test_to_fall_while_being_rebuilt_is_one_more_fall(where):
    """It is tried again within its restarts, and each fall is a dead letter."""
    stage, faults = Stage(), []

    def restore(_):
        fails = faults and faults.pop()
        if fails and where == "built":
            raise LookupError("a fact that cannot be read")
        started = LookupError("no alarm") if fails else (Show("again"),)
        return Scripted("router", FALLS | {"Started": started}, stage.log)

    supervisor = supervised(stage, restore=restore)
    child = supervisor.children["router"]
    faults += [False, True, True]
    assert supervisor.handle(child, BAD, 5) == (Show("again"),)
    assert child.restarts == 3
    letters = [entry.fact for entry in stage.ledger.entries]
    assert [letter.message for letter in letters] == [repr(Word("bad"))] + 2 * [repr(Started())]
    assert [letter.error.split(":")[0] for letter in letters] == ["ValueError"] + 2 * [
        "LookupError"
    ]


def never_rebuilt(error: Exception) -> tuple[Stage, Supervisor]:
    """A runner that may be left out and cannot be rebuilt once it falls, beside a router."""
    stage, faults = Stage(), []

    def restore(_):
        if faults:
            raise error
        return Scripted("runner", FALLS, stage.log)

    stage.add("runner", restore=restore, disarm=True).add("router", {"good": (Show("good"),)})
    supervisor = Supervisor(stage.specs, stage.ledger)
    faults.append(True)
    return stage, supervisor


def test_an_actor_that_cannot_be_rebuilt_is_left_out_and_others_go_on():
    """It does not pull the tree down with it."""
    _, supervisor = never_rebuilt(LookupError("a fact that cannot be read"))
    assert list(supervisor.handle(supervisor.children["runner"], BAD, 5)) == []
    assert supervisor.children["runner"].disarmed
    assert supervisor.handle(supervisor.children["router"], GOOD, 5) == (Show("good"),)


def unreadable(_):
    raise LookupError("a fact that cannot be read")


def test_an_actor_that_its_facts_fell_at_the_start_is_left_out_and_others_begin():
    """A strategy that cannot be built leaves nobody's positions without a daemon."""
    stage = Stage().add("router", {"good": (Show("good"),)})
    stage.add("runner", restore=unreadable, disarm=True)
    supervisor = Supervisor(stage.specs, stage.ledger)
    runner = supervisor.children["runner"]
    assert list(supervisor.handle(runner, (Started(), 1, 0), 5)) == []
    assert runner.disarmed
    assert stage.ledger.entries[0].fact.error == "LookupError: a fact that cannot be read"
    assert stage.ledger.entries[-1].fact == ActorDisarmed("runner", 5)
    assert supervisor.handle(supervisor.children["router"], GOOD, 5) == (Show("good"),)


def test_an_actor_that_is_admitted_and_that_its_facts_fell_is_left_out_too():
    stage = Stage().add("router", {})
    supervisor = Supervisor(stage.specs, stage.ledger)
    child, build = supervisor.admit(ActorSpec("runner", unreadable, disarm=True))
    child.actor = build()
    supervisor.handle(child, (Started(), 1, 0), 5)
    assert child.disarmed


def test_an_actor_that_may_not_be_left_out_and_cannot_be_built_refuses_the_start():
    stage = Stage().add("router", restore=unreadable)
    with pytest.raises(LookupError):
        Supervisor(stage.specs, stage.ledger)


def test_a_ledger_that_fails_at_the_start_refuses_it_whoever_is_being_built():
    def restore(_):
        raise StoreError("the disk is gone")

    stage = Stage().add("runner", restore=restore, disarm=True)
    with pytest.raises(StoreError, match="the disk is gone"):
        Supervisor(stage.specs, stage.ledger)


def test_a_ledger_that_fails_while_an_actor_is_rebuilt_ends_the_tree():
    """There is nothing to rebuild from."""
    stage, faults = Stage(), []

    def restore(_):
        if faults:
            raise StoreError("disk gone")
        return Scripted("router", FALLS, stage.log)

    supervisor = supervised(stage, restore=restore)
    faults.append(True)
    with pytest.raises(StoreError, match="disk gone"):
        supervisor.handle(supervisor.children["router"], BAD, 5)
    assert supervisor.children["router"].restarts == 1


def test_who_may_be_left_out_is_at_once_where_the_facts_to_rebuild_him_cannot_be_read():
    """One strategy that falls does not end the guard of everything."""
    stage, supervisor = never_rebuilt(StoreError("the server is away"))
    assert list(supervisor.handle(supervisor.children["runner"], BAD, 5)) == []
    assert supervisor.children["runner"].disarmed
    *_, why, left_out = [entry.fact for entry in stage.ledger.entries]
    assert why == DeadLetter("runner", repr(Started()), "StoreError: the server is away", 5)
    assert left_out == ActorDisarmed("runner", 5)
    assert supervisor.handle(supervisor.children["router"], GOOD, 5) == (Show("good"),)


def test_a_ledger_that_would_answer_late_is_not_read_and_who_needs_no_facts_is_rebuilt():
    """To wait for it would hold up everybody."""
    stage, failed = Stage(), []

    def reading(facts):
        list(facts)
        return Scripted("runner", FALLS, stage.log)

    stage.add("runner", restore=reading, disarm=True)
    stage.add("people", FALLS | {"Started": (Show("again"),)}, disarm=True)
    stage.add("router", restore=reading)
    supervisor = Supervisor(stage.specs, stage.ledger, unread=lambda: "".join(failed))
    children = supervisor.children
    supervisor.handle(children["runner"], BAD, 5)
    assert not children["runner"].disarmed
    failed.append("a flush took over 250 ms")
    stage.ledger.facts = None  # nobody asks for them
    assert list(supervisor.handle(children["runner"], BAD, 6)) == []
    assert children["runner"].disarmed
    assert supervisor.handle(children["people"], BAD, 6) == (Show("again"),)
    with pytest.raises(StoreError, match="has failed: a flush took over 250 ms"):
        supervisor.handle(children["router"], BAD, 6)


def test_an_actor_that_joins_is_built_from_all_that_was_recorded():
    """Until then, however late it is built; a name is free again once its actor has gone."""
    stage, seen = Stage(Notebook()), []
    supervisor = supervised(stage)
    stage.ledger.append((Fact("one"),), ORIGIN, 5)

    def restore(facts):
        seen.extend(facts)
        return Scripted("late", {}, stage.log)

    child, build = supervisor.admit(ActorSpec("late", restore))
    assert (supervisor.children["late"], seen) == (child, [])
    stage.ledger.append((Fact("two"),), ORIGIN, 6)
    assert isinstance(build(), Scripted)
    assert seen == [Fact("one")]
    with pytest.raises(AssertionError, match="share a name"):
        supervisor.admit(ActorSpec("late", restore))
    supervisor.dismiss("late")
    assert list(supervisor.children) == ["router"]
    assert supervisor.admit(ActorSpec("late", restore))[0] is not child
