from __future__ import annotations

import asyncio

import pytest

from daemon.errors import InboxFull, StoreError, TooManyRestarts
from daemon.runtime.pump import at_once
from daemon.runtime.words import (
    ActorDisarmed,
    Alarm,
    Call,
    Commit,
    DeadLetter,
    Lane,
    Origin,
    Publish,
    Show,
    Started,
    Take,
    Tell,
)
from tests.kit.scripted import Entry, Fact, Notebook, Stage, Word


async def echo(request: Word) -> list[Word]:
    return [request]


async def waiting(_: object) -> list[Word]:
    await asyncio.sleep(0)
    return []


def test_a_port_that_does_not_wait_is_answered_at_once():
    """Its answers are returned without an event loop."""
    assert at_once(echo(Word("filled"))) == [Word("filled")]


def test_a_port_that_waits_has_no_place_in_a_virtual_world():
    """Time stands still there, so it would wait for ever."""
    stage = Stage().add("router", {"go": (Call("broker", 1),)})
    stage.ports["broker"] = waiting
    pump = stage.pump()
    with pytest.raises(AssertionError, match="may not wait"):
        pump.tell("router", Word("go"), 5)


def test_actors_start_in_order_before_anything_else():
    """What one sends at its start comes after every start."""
    stage = Stage().add("feed", {"Started": (Tell("router", Word("hello")),)}).add("router")
    stage.pump()
    assert stage.log == [
        ("feed", Started(), 0),
        ("router", Started(), 0),
        ("router", Word("hello"), 0),
    ]


def test_at_one_instant_answers_come_first_then_the_outside_then_alarms():
    """An order placed at an instant is answered before the frame of that instant is seen."""
    stage = Stage().add(
        "router", {"go": (Alarm(5, Word("alarm")), Call("broker", Word("answer", 5)))}
    )
    stage.ports["broker"] = echo
    pump = stage.pump()
    pump.tell("router", Word("go"), 5)
    pump.tell("router", Word("frame"), 5)
    pump.run_until(5)
    assert stage.handled() == ["go", "answer", "frame", "alarm"]


def test_what_follows_a_commit_comes_before_answers():
    """And after whatever is unread."""
    stage = Stage().add(
        "router",
        {
            "go": (
                Call("broker", Word("answer")),
                Tell("router", Word("unread")),
                Commit((Fact("fill"),), (Tell("router", Word("then")),)),
            )
        },
    )
    stage.ports["broker"] = echo
    stage.pump().tell("router", Word("go"), 5)
    assert stage.handled() == ["go", "unread", "then", "answer"]


def test_the_outside_sees_a_message_first_and_a_tick_when_it_is_taken():
    """The exchange trades on a frame before any actor decides on it."""
    stage = Stage().add("feed", {"frame": (Take(Word("tick")),)}).add("router")
    stage.outside = lambda seen, at_ns: [("router", Word(f"{seen.text} traded", at_ns))]
    stage.pump().tell("feed", Word("frame"), 5)
    assert stage.log[2:] == [
        ("router", Word("frame traded", 5), 5),
        ("feed", Word("frame"), 5),
        ("router", Word("tick traded", 5), 5),
    ]
    assert stage.ledger.ticks == [Word("tick")]


def test_alarms_ring_in_order_before_what_comes_later():
    """Each at its own instant; one in the past rings at the present."""
    stage = Stage().add(
        "router",
        {
            "go": (Alarm(9, Word("late")), Alarm(7, Word("early")), Alarm(1, Word("past"))),
            "early": (Alarm(8, Word("between"), Lane.CONTROL),),
        },
    )
    pump = stage.pump()
    pump.tell("router", Word("go"), 5)
    pump.tell("router", Word("frame"), 9)
    assert [(message.text, at_ns) for _, message, at_ns in stage.log[1:]] == [
        ("go", 5),
        ("past", 5),
        ("early", 7),
        ("between", 8),
        ("frame", 9),
    ]
    pump.run_until(9)
    assert stage.handled()[-1] == "late"


def test_market_time_passes_and_never_goes_back():
    """Also where nothing rings, and where the outside's message is stamped earlier."""
    stage = Stage().add("router")
    pump = stage.pump()
    pump.run_until(50)
    assert (pump.now_ns, stage.clock.now_ns()) == (50, 50)
    pump.tell("router", Word("late news"), 40)
    assert stage.log[-1] == ("router", Word("late news"), 50)


def test_an_answer_moves_market_time_to_its_instant():
    """What follows is decided then."""
    stage = Stage().add("router", {"go": (Call("broker", Word("filled", 12)),)})
    stage.ports["broker"] = echo
    stage.pump().tell("router", Word("go"), 5)
    assert stage.log[-1] == ("router", Word("filled", 12), 12)


def test_facts_are_recorded_with_where_they_come_from():
    """The actor, the number of its message, and the number of what caused that."""
    stage = Stage()
    stage.add("feed", {"frame": (Tell("router", Word("go")),)})
    stage.add("router", {"go": (Commit((Fact("one"), Fact("two"))),)})
    stage.pump().tell("feed", Word("frame"), 5)
    origin = Origin("router", 4, 3)
    assert stage.ledger.entries == [Entry(Fact("one"), origin, 5), Entry(Fact("two"), origin, 5)]


def test_a_publication_reaches_those_who_hear_its_type():
    """In the order of the actors, and nobody else."""
    stage = Stage().add("feed", {"go": (Publish(Fact("news")), Show("told"))})
    stage.add("router", hears=(Fact,)).add("web").add("watchdog", hears=(Word, Fact))
    stage.pump().tell("feed", Word("go"), 5)
    assert [name for name, message, _ in stage.log if message == Fact("news")] == [
        "router",
        "watchdog",
    ]
    assert stage.shown == ["told"]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, ["one", "two", "three"]),
        ({"two": (Show("seen"),)}, ["one", "two", "three"]),
        ({"one": (Tell("two", Word("x")), Tell("three", Word("y")))}, "one two three two three"),
        ({"one": (Tell("feed", Word("x")),)}, "one two three feed"),
        ({"one": (Tell("one", Word("x")), Tell("two", Word("y")))}, "one two three one two"),
        ({"two": ValueError("no"), "three": ValueError("no")}, "one two two three three"),
    ],
)
def test_hearers_decide_in_turn_and_what_they_send_comes_behind(others, expected):
    """A publication is read by all who hear it before anything that one of them sends."""
    stage = Stage().add("feed", {"go": (Publish(Fact("news"), Lane.CONTROL),)})
    for name in ("one", "two", "three"):
        reply = {"Fact": others.get(name, ())}
        stage.add(name, reply, hears=(Fact,), restarts=1)
    stage.pump().tell("feed", Word("go"), 5)
    names = [name for name, _, _ in stage.log[5:]]
    assert names == (expected.split() if isinstance(expected, str) else expected)


def test_one_who_hears_itself_does_so_after_the_others():
    """It has just had its turn."""
    stage = Stage().add("feed", {"go": (Publish(Fact("news")),)}, hears=(Fact,))
    stage.add("router", hears=(Fact,)).pump().tell("feed", Word("go"), 5)
    assert [name for name, _, _ in stage.log[3:]] == ["router", "feed"]


def test_control_overtakes_ten_thousand_frames():
    """They are one by then, with nothing else between it and the actor."""
    frames = tuple(Tell("router", Word(str(n)), Lane.NEWEST) for n in range(10_000))
    halt = Tell("router", Word("halt"), Lane.CONTROL)
    stage = Stage().add("feed", {"flood": (*frames, halt)})
    stage.add("router", merge=lambda older, newer: Word(f"..{newer.text}"))
    stage.pump().tell("feed", Word("flood"), 5)
    assert stage.handled("router") == ["halt", "..9999"]


def test_a_full_lane_of_facts_ends_the_run():
    """It is an incident, never a loss."""
    more = tuple(Tell("router", Word(str(n))) for n in range(3))
    stage = Stage().add("feed", {"flood": more}).add("router", facts_limit=2)
    pump = stage.pump()
    with pytest.raises(InboxFull, match="router: 2 unread facts"):
        pump.tell("feed", Word("flood"), 5)


def test_a_fallen_actor_goes_on_with_what_it_had_not_read():
    """Only the message that felled it is lost to it, and that one is kept for a person."""
    stage = Stage().add(
        "feed", {"go": tuple(Tell("router", Word(text)) for text in ("a", "bad", "b"))}
    )
    stage.add("router", {"bad": ValueError("no")})
    stage.pump().tell("feed", Word("go"), 5)
    assert [message for name, message, _ in stage.log if name == "router"] == [
        Started(),
        Word("a"),
        Word("bad"),
        Started(),
        Word("b"),
    ]
    letter = DeadLetter("router", repr(Word("bad")), "ValueError: no", 5)
    assert stage.ledger.entries == [Entry(letter, Origin("router", 5, 3), 5)]


def test_an_actor_that_falls_too_often_is_left_out_and_others_go_on():
    """Nothing reaches it any more: no mail, no alarm, no publication."""
    stage = Stage().add(
        "runner",
        {"go": (Alarm(9, Word("alarm")),), "bad": ValueError("no")},
        restarts=0,
        disarm=True,
        hears=(Fact,),
    )
    stage.add("feed", {"go": (Publish(Fact("news")),)}).add("router", hears=(Fact,))
    pump = stage.pump()
    pump.tell("runner", Word("go"), 5)
    pump.tell("runner", Word("bad"), 6)
    handled = len(stage.log)
    pump.tell("runner", Word("more"), 7)
    pump.tell("feed", Word("go"), 8)
    pump.run_until(10)
    assert stage.log[handled:] == [("feed", Word("go"), 8), ("router", Fact("news"), 8)]
    assert [type(entry.fact) for entry in stage.ledger.entries] == [DeadLetter, ActorDisarmed]


def test_any_other_that_falls_too_often_ends_the_run():
    """The restart of the whole is recovery."""
    stage = Stage().add("router", {"bad": ValueError("no")}, restarts=1)
    pump = stage.pump()
    pump.tell("router", Word("bad"), 5)
    with pytest.raises(TooManyRestarts, match="router fell more than 1 times"):
        pump.tell("router", Word("bad"), 6)


def test_a_ledger_that_fails_lets_nothing_leave():
    """Neither what was to follow nor what was to come after it."""

    class Full(Notebook):
        def append(self, *_: object) -> None:
            raise StoreError("disk full")

    stage = Stage(Full()).add("router", {"go": (Commit((Fact("a"),), (Show("b"),)), Show("c"))})
    pump = stage.pump()
    with pytest.raises(StoreError, match="disk full"):
        pump.tell("router", Word("go"), 5)
    assert stage.shown == []


def test_an_effect_that_nobody_knows_is_a_defect():
    """It is never passed over in silence."""
    stage = Stage().add("router", {"go": ("no effect",)})
    pump = stage.pump()
    with pytest.raises(AssertionError, match="no effect"):
        pump.tell("router", Word("go"), 5)


def test_what_is_decided_after_a_commit_does_not_overtake_it():
    """Neither in the same decision nor in a later one of the same actor; others need not wait."""
    stage = Stage().add("feed", {"go": (Tell("router", Word("a")), Tell("router", Word("b")))})
    stage.add(
        "router", {"a": (Commit((Fact("a"),), (Show("placed"),)), Show("after")), "b": (Show("b"),)}
    )
    stage.pump().tell("feed", Word("go"), 5)
    assert stage.shown == ["placed", "after", "b"]


def test_a_publication_waits_its_turn_behind_what_was_sent_before():
    """Mail that is already there is read first."""
    stage = Stage().add("feed", {"go": (Tell("web", Word("first")), Publish(Fact("news")))})
    stage.add("router", hears=(Fact,)).add("web", hears=(Fact,))
    stage.pump().tell("feed", Word("go"), 5)
    assert stage.log[4:] == [
        ("web", Word("first"), 5),
        ("router", Fact("news"), 5),
        ("web", Fact("news"), 5),
    ]
