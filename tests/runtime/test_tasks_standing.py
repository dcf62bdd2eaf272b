from __future__ import annotations

import asyncio

from daemon.runtime.words import Alarm, Call, Show, Tell
from tests.kit.disks import COMMIT, SlowDisk, asking, reached
from tests.kit.scripted import Stage, Word


async def test_what_follows_a_commit_waits_until_every_inbox_is_empty():
    """So its place in the order does not hang on how fast the disk is."""
    relay = {str(n): (Tell("web", Word(str(n - 1))),) for n in range(1, 500)}
    stage = Stage().add("feed", {"go": (Tell("router", Word("go")), Tell("web", Word("499")))})
    stage.add("router", {"go": (COMMIT,)}).add("web", relay | {"0": (Show("empty"),)})
    async with asking(stage).tasks() as tasks:
        await tasks.tell("feed", Word("go"), 5)
    assert stage.shown == ["empty", "placed", "asked place"]


async def test_at_one_instant_answers_come_first_then_the_outside_then_alarms():
    """As in the pump."""
    stage = Stage().add(
        "router", {"go": (Alarm(5, Word("alarm")), Call("broker", Word("answer", 5)))}
    )
    async with asking(stage, Word("answer", 5)).tasks() as tasks:
        await tasks.tell("router", Word("go"), 5)
        await tasks.tell("router", Word("frame"), 5)
        await tasks.run_until(5)
    assert stage.handled() == ["go", "answer", "frame", "alarm"]


async def test_alarms_ring_at_their_instants_and_time_passes_to_the_one_asked_for():
    """Whatever is due before the outside's message rings before it."""
    stage = Stage().add("router", {"go": (Alarm(9, Word("b")), Alarm(7, Word("a")))})
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 5)
        await tasks.tell("router", Word("frame"), 8)
        await tasks.run_until(50)
    assert [(word.text, at_ns) for _, word, at_ns in stage.log[1:]] == [
        ("go", 5),
        ("a", 7),
        ("frame", 8),
        ("b", 9),
    ]
    assert stage.clock.now_ns() == 50


async def test_what_is_said_is_carried_out_to_its_end_though_nobody_waits_for_it():
    """The commit is flushed, the port asked, and its answer brought back."""
    stage = Stage().add("router", {"go": (COMMIT,)})
    async with asking(stage, Word("accepted", 7)).tasks() as tasks:
        tasks.say("router", Word("go"))
        assert stage.handled() == []
        await tasks.tell("router", Word("next"), 9)
    assert stage.handled() == ["go", "next", "accepted"]


async def test_what_is_said_while_nothing_else_comes_is_answered():
    """No frame has to come before the answer of a port is brought in."""
    stage = Stage().add("router", {"go": (COMMIT,)})
    async with asking(stage, Word("accepted", 7)).tasks() as tasks:
        tasks.say("router", Word("go"))
        for _ in range(1_000):
            if "accepted" in stage.handled():
                break
            await asyncio.sleep(0.01)
        assert stage.handled() == ["go", "accepted"]


async def test_a_settling_that_is_cancelled_from_outside_does_not_fell_the_tree():
    """Whoever comes next brings everything to its end."""
    stage = Stage().add("router", {"go": (COMMIT,)})
    disk = stage.ledger = SlowDisk(stage.shown)
    async with asking(stage).tasks() as tasks:
        tasks.say("router", Word("go"))
        await reached(disk)
        (settling,) = (task for task in asyncio.all_tasks() if task.get_name() == "said to router")
        settling.cancel()
        disk.go_on.set()
        await tasks.tell("router", Word("next"), 5)
    assert (stage.handled(), "placed" in stage.shown) == (["go", "next"], True)


async def test_a_pulse_and_the_end_wait_until_everything_has_settled():
    """So neither stands in the order of things."""
    stage = Stage().add("router", {"go": (COMMIT,)})
    for waited, text in enumerate(("caught_up", "finish"), 1):
        async with asking(stage, Word("accepted")).tasks() as tasks:
            tasks.say("router", Word("go"))
            await getattr(tasks, text)()
            assert stage.handled() == waited * ["go", "accepted"]
