from __future__ import annotations

import asyncio

import pytest

from daemon.errors import TooManyRestarts
from daemon.runtime import tasks as driver
from daemon.runtime.words import Alarm, Call, Show, Tell
from tests.kit.disks import COMMIT, SlowDisk, asking, reached, turns, until
from tests.kit.scripted import HandDriven, Stage, Word


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


@pytest.mark.parametrize("before", [(), (Alarm(500, Word("late")),)])
async def test_an_alarm_that_is_set_while_time_is_waited_for_rings_at_its_instant(before):
    """A person's word comes at any moment, and what he set off need not wait for a frame."""
    set_off = (Alarm(7, Word("b")), Alarm(5, Word("a")))
    stage = Stage().add("router", {"go": before, "kill": set_off})
    stage.clock = HandDriven()
    async with stage.tasks() as tasks:
        tasks.say("router", Word("go"))
        await tasks.settle()
        coming = asyncio.create_task(tasks.tell("router", Word("frame"), 1_000))
        await asyncio.sleep(0)
        tasks.say("router", Word("kill"))
        for at_ns in (5, 7):
            await tasks.settle()
            stage.clock.set(at_ns)
            for _ in range(10):
                await asyncio.sleep(0)
        assert stage.log[-2:] == [("router", Word("a"), 5), ("router", Word("b"), 7)]
        stage.clock.set(1_000)
        await coming
    assert stage.handled()[-1] == "frame"


async def test_an_alarm_that_is_set_while_a_later_one_is_waited_for_rings_before_it():
    """Both before the outside's message, for which time goes on."""
    stage = Stage().add(
        "router", {"go": (Alarm(500, Word("late")),), "kill": (Alarm(5, Word("a")),)}
    )
    stage.clock = HandDriven()
    async with stage.tasks() as tasks:
        tasks.say("router", Word("go"))
        await tasks.settle()
        coming = asyncio.create_task(tasks.run_until(1_000))
        await asyncio.sleep(0)
        tasks.say("router", Word("kill"))
        for at_ns in (5, 500, 1_000):
            await tasks.settle()
            stage.clock.set(at_ns)
            for _ in range(10):
                await asyncio.sleep(0)
        await coming
    assert stage.handled() == ["go", "kill", "a", "late"]


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


async def test_the_end_waits_until_everything_has_settled():
    stage = Stage().add("router", {"go": (COMMIT,)})
    async with asking(stage, Word("accepted")).tasks() as tasks:
        tasks.say("router", Word("go"))
        await tasks.finish()
        assert stage.handled() == ["go", "accepted"]


async def test_at_the_end_a_port_that_does_not_answer_is_waited_for_within_bounds(monkeypatch):
    """It holds up no stop, now that the beat goes on and nobody ends the daemon for it."""
    monkeypatch.setattr(driver, "STOP_LIMIT_S", 0.5)  # of the port and of the disk
    stage = Stage().add("timekeeper", {"go": (Call("jobs", Word("report")),)})

    async def jobs(_: Word) -> list[Word]:
        await asyncio.Event().wait()
        raise AssertionError("it was never to answer")

    stage.ports["jobs"] = jobs
    async with stage.tasks() as tasks:
        tasks.say("timekeeper", Word("go"))
        await turns()
        await tasks.finish()
        assert (stage.handled(), tasks.failed.is_set()) == (["go"], False)


async def test_a_pulse_waits_for_who_reads_and_for_the_disk():
    """Whoever hangs there gets none, and gives no beat."""
    relay = {str(n): (Tell("web", Word(str(n - 1))),) for n in range(1, 50)}
    stage = Stage().add("router", {"go": (Tell("web", Word("49")), COMMIT)}).add("web", relay)
    disk = stage.ledger = SlowDisk(stage.shown)
    async with asking(stage).tasks() as tasks:
        tasks.say("router", Word("go"))
        pulsing = asyncio.ensure_future(tasks.caught_up())
        await reached(disk)
        await turns(200)
        assert (stage.handled("web")[-1], pulsing.done()) == ("0", False)
        disk.go_on.set()
        await pulsing
        assert stage.shown[:2] == ["durable 1", "placed"]


async def test_a_pulse_waits_for_no_port_and_the_market_does():
    """Who waits for a job of the day, or for a broker, is idle and does not hang."""
    stage, let_go = (
        Stage().add("timekeeper", {"go": (Call("jobs", Word("check")),)}),
        asyncio.Event(),
    )

    async def jobs(_: Word) -> list[Word]:
        await let_go.wait()
        return [Word("done", 5)]

    stage.ports["jobs"] = jobs
    async with stage.tasks() as tasks:
        market = asyncio.ensure_future(tasks.tell("timekeeper", Word("go"), 5))
        await turns()
        await tasks.caught_up()
        assert not market.done()
        let_go.set()
        await market
    assert stage.handled() == ["go", "done"]


async def test_a_pulse_has_its_moment_in_a_market_that_never_waits():
    """Else a day that is played as fast as it goes would be taken for one that hangs."""
    stage = Stage().add("feed")
    async with stage.tasks() as tasks:
        pulsing = asyncio.ensure_future(tasks.caught_up())
        frames = 0
        while not pulsing.done() and frames < 100:
            frames += 1
            await tasks.tell("feed", Word("frame"), frames)
        assert frames < 10
        await pulsing


async def test_a_pulse_is_told_what_ended_the_tree():
    stage = Stage().add("router", {"go": ValueError("no")}, restarts=0)
    async with stage.tasks() as tasks:
        tasks.say("router", Word("go"))
        with pytest.raises(TooManyRestarts, match="router fell"):
            await tasks.caught_up()


async def test_however_much_is_said_while_a_port_works_one_work_brings_it_to_its_end():
    """Pulses go on for as long as a port hangs, and leave nothing behind."""
    stage, let_go = Stage().add("router", {"go": (Call("broker", Word("place")),)}), asyncio.Event()

    async def broker(_: Word) -> list[Word]:
        await let_go.wait()
        return [Word("accepted", 7)]

    stage.ports["broker"] = broker
    async with stage.tasks() as tasks:
        tasks.say("router", Word("go"))
        await turns()
        works = len(asyncio.all_tasks())
        for _ in range(50):
            tasks.say("router", Word("pulse"))
            await turns(2)
        assert len(asyncio.all_tasks()) == works
        let_go.set()
        await until(lambda: "accepted" in stage.handled())
    assert stage.handled() == ["go", *50 * ["pulse"], "accepted"]
