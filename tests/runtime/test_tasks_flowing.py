from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

import pytest

from daemon.errors import InboxFull, TooManyRestarts
from daemon.runtime import tasks as driver
from daemon.runtime.clock import VirtualClock
from daemon.runtime.flow import Flow
from daemon.runtime.tasks_flowing import FlowingTasks
from daemon.runtime.words import Alarm, Call, Commit, Lane, Publish, Show, Tell
from tests.kit.disks import COMMIT, SlowDisk, asking, reached, turns, until
from tests.kit.scripted import Fact, Stage, Wall, Word


@pytest.fixture(autouse=True)
def time_flows(monkeypatch) -> None:
    monkeypatch.setattr(Stage, "driver", FlowingTasks)


class Broker:
    """A port whose calls are answered when a test says so, in the order that it likes."""

    def __init__(self, stage: Stage) -> None:
        self.asked: list[str] = []
        self._answers: dict[str, asyncio.Future[list[Word]]] = {}
        stage.ports["broker"] = self.ask

    async def ask(self, request: Word) -> list[Word]:
        self.asked.append(request.text)
        self._answers[request.text] = asyncio.get_running_loop().create_future()
        return await self._answers[request.text]

    def answer(self, text: str, *answers: Word) -> None:
        self._answers[text].set_result(list(answers))

    def fail(self, text: str, error: Exception) -> None:
        self._answers[text].set_exception(error)


def ask(text: str) -> Call:
    return Call("broker", Word(text))


def texts(*texts: str) -> tuple[Tell, ...]:
    return tuple(Tell("router", Word(text)) for text in texts)


async def test_frames_and_a_kill_are_read_while_an_order_is_on_its_way():
    """Whoever tells them waits neither for the port nor for the disk."""
    stage = Stage().add("router", {"go": (ask("place"),)}).add("watchdog")
    broker = Broker(stage)
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await turns()
        for text in ("a", "b", "c"):
            await tasks.tell("watchdog", Word(text), 0)
        await tasks.tell("router", Word("kill"), 0, Lane.CONTROL)
        await turns()
        assert (broker.asked, stage.handled()) == (["place"], ["go", "a", "b", "c", "kill"])
        broker.answer("place", Word("filled"))
        await tasks.settle()
    assert stage.handled("router") == ["go", "kill", "filled"]


async def test_answers_come_in_as_they_arrive_and_their_actor_is_told_when_that_was():
    stage = Stage().add("router", {"go": (ask("slow"), ask("fast"))})
    broker = Broker(stage)
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await turns()
        assert broker.asked == ["slow", "fast"]
        for at_ns, text in ((3, "fast"), (7, "slow")):
            stage.reached(at_ns)
            broker.answer(text, Word(f"{text} first"), Word(f"{text} second"))
            await turns()
    assert [(word.text, at_ns) for _, word, at_ns in stage.log[1:]] == [
        ("go", 0),
        *(("fast first", 3), ("fast second", 3)),
        *(("slow first", 7), ("slow second", 7)),
    ]


async def test_an_answer_that_an_exchange_within_tells_ahead_comes_in_at_its_own_instant():
    """Meanwhile others come in."""
    stage = Stage().add("router", {"go": (ask("paper"), ask("live"))})
    broker = Broker(stage)
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await turns()
        broker.answer("paper", Word("paper", 9))
        await turns()
        broker.answer("live", Word("live"))
        await turns()
        assert stage.handled() == ["go", "live"]
        stage.reached(9)
        await tasks.settle()
    assert stage.log[-1] == ("router", Word("paper", 9), 9)


async def test_a_later_write_of_an_actor_is_begun_after_its_earlier_ones():
    """Through one commit or several, whichever is answered first."""
    commits = [Commit((Fact(text),), (ask(text), ask(f"{text} too"))) for text in "abc"]
    stage = Stage().add("router", {"go": (*commits[:2], ask("last")), "more": (commits[2],)})
    broker = Broker(stage)
    async with stage.tasks() as tasks:
        for text in ("go", "more"):
            await tasks.tell("router", Word(text), 0)
        await until(lambda: len(broker.asked) == 7)
        assert broker.asked == ["a", "a too", "b", "b too", "last", "c", "c too"]
        for text in reversed(broker.asked):
            broker.answer(text)


async def test_what_follows_a_commit_leaves_though_inboxes_are_never_empty():
    """As soon as it is durable: here two actors never cease to write to each other."""
    stage = Stage().add("left", lambda _: (Tell("right", Word("on")),))
    stage.add("right", lambda _: (Tell("left", Word("back")),)).add("router", {"go": (COMMIT,)})
    disk = stage.ledger = SlowDisk(stage.shown)
    tasks = asking(stage).tasks()
    ringing = {spec.name for spec in stage.specs}
    tasks._begun = lambda: asyncio.sleep(0)  # they never come to an end of their beginning
    async with tasks:
        await tasks.tell("router", Word("go"), 0)
        await reached(disk)
        assert (tasks.unread().keys(), stage.shown) == (ringing, [])
        disk.go_on.set()
        await until(lambda: "asked place" in stage.shown)
        assert stage.shown == ["durable 1", "placed", "asked place"]
        assert sum(tasks.unread().values()) > 0


async def test_what_is_durable_does_not_wait_for_what_another_actor_commits_later():
    """What the first decided behind its commit leaves with it; the other's waits for its flush."""
    stage = Stage().add("a", {"go": (Commit((Fact("a"),), (Show("a"),)),), "on": (Show("a on"),)})
    stage.add("b", {"go": (Commit((Fact("b"),), (Show("b"),)), Show("b after"))})
    disk = stage.ledger = SlowDisk(stage.shown)
    async with stage.tasks() as tasks:
        await tasks.tell("a", Word("go"), 0)
        await reached(disk)
        await tasks.tell("b", Word("go"), 0)
        await tasks.tell("a", Word("on"), 0)
        await turns()
        disk.go_on.set()
        await tasks.settle()
        assert stage.shown == ["durable 1", "a", "a on", "durable 2", "b", "b after"]


ALARMS = {
    "the earliest first": ((9, "c"), (5, "a"), (7, "b")),
    "equal instants in the order set": ((7, "a"), (7, "b"), (7, "c")),
    "what is past at once, and as it was due": ((0, "b"), (-3, "a"), (2, "c")),
}


@pytest.mark.parametrize("alarms", ALARMS.values(), ids=ALARMS)
async def test_alarms_ring_in_their_order(alarms):
    script = {"go": tuple(Alarm(at_ns, Word(text)) for at_ns, text in alarms)}
    stage = Stage().add("router", script)
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await turns()
        stage.reached(9)
        await turns()
    assert stage.handled() == ["go", "a", "b", "c"]


async def test_no_alarm_rings_before_its_time_or_twice():
    """One that is set while another is waited for, and is due before it, is not late for it."""
    stage = Stage().add("router", {"go": (Alarm(9, Word("late")),), "on": (Alarm(5, Word("a")),)})
    rung = []
    async with stage.tasks() as tasks:
        for text in ("go", "on"):
            await tasks.tell("router", Word(text), 0)
            await turns()
        for at_ns in (4, 5, 8, 9, 20):
            stage.reached(at_ns)
            await turns()
            rung.append((at_ns, stage.handled()[2:]))
    assert rung == [
        (4, []),
        *((at_ns, ["a"]) for at_ns in (5, 8)),
        *((at_ns, ["a", "late"]) for at_ns in (9, 20)),
    ]


async def test_an_alarm_rings_before_what_comes_after_its_instant():
    """Though nobody had the time to ring it yet."""
    stage = Stage().add("router", {"go": (Alarm(5, Word("alarm")), Alarm(7, Word("with it")))})
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await turns()
        stage.reached(7)
        await tasks.tell("router", Word("frame"), 7)
        stage.reached(8)
        await tasks.run_until(8)
        await tasks.settle()
    assert stage.handled() == ["go", "alarm", "frame", "with it"]


async def test_alarms_wake_the_driver_from_having_none():
    """Set, rung, and set again long after."""
    stage = Stage().add("router", {"go": (Alarm(5, Word("a")),), "on": (Alarm(9, Word("b")),)})
    async with stage.tasks() as tasks:
        for text, at_ns in (("go", 5), ("on", 9)):
            await tasks.tell("router", Word(text), 0)
            await turns()
            stage.reached(at_ns)
            await turns()
    assert stage.handled() == ["go", "a", "on", "b"]


async def test_alarms_outlive_a_wall_that_is_set_back_and_forth():
    """None is lost, none rings twice or early, and the actor's time never goes back."""
    alarms = {"a": 20, "b": 30, "c": 40, "d": 41}
    stage = Stage().add("router", {"go": tuple(Alarm(n, Word(t)) for t, n in alarms.items())})
    wall = Wall(10)
    at_once = Fraction(10**12)  # so fast that nobody sleeps for long
    stage.clock = Flow(wall, VirtualClock(), at_once)
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        for to_ns in (19, 20, 5, 19, 25, 12, 35, 3, 34, 36, 60, 40, 61):
            wall.step(to_ns)
            await tasks.tell("router", Word("frame"), 0)
            await turns()
    rung = [(word.text, at_ns) for _, word, at_ns in stage.log[1:] if word.text in alarms]
    assert rung == [("a", 20), ("b", 35), ("c", 60), ("d", 60)]
    handled = [at_ns for _, _, at_ns in stage.log]
    assert handled == sorted(handled)
    assert handled[-1] == 61


async def test_a_clock_that_fails_ends_the_tree():
    """Else no alarm would ring, and nobody would know."""

    class Broken(VirtualClock):
        async def reach(self, at_ns: int) -> None:
            if at_ns:
                raise OSError("no clock")

    stage = Stage().add("router", {"go": (Alarm(5, Word("a")),)})
    stage.clock = Broken()
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await tasks.failed.wait()
        with pytest.raises(OSError, match="no clock"):
            await tasks.caught_up()


async def test_no_alarm_rings_in_a_tree_that_has_failed():
    stage = Stage().add("router", {"go": (Alarm(5, Word("a")),), "bad": ValueError("no")})
    stage.add("web", {"bad": ValueError("no")}, restarts=0)
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await tasks.tell("web", Word("bad"), 0)
        await tasks.failed.wait()
        stage.reached(5)
        await turns()
        assert stage.handled() == ["go", "bad"]


class Reader:
    """An actor whose inbox a test fills while it is kept from reading."""

    def __init__(self, **spec: Any) -> None:
        self.stage = Stage().add("reader", **spec).add("other")
        self.held = asyncio.Event()

    def tasks(self) -> Any:
        tasks = self.stage.tasks()
        keep = tasks._keep_handling

        async def kept(runner: Any) -> None:
            if runner.child.spec.name == "reader":
                await self.held.wait()
            await keep(runner)

        tasks._keep_handling = kept
        tasks._begun = lambda: asyncio.sleep(0)
        return tasks


async def test_the_outside_waits_where_the_lane_of_facts_is_nearly_full_and_nothing_is_lost():
    """Others are told meanwhile, and so is the same actor in its other lanes."""
    reader = Reader(facts_limit=8)
    stage = reader.stage
    facts = [str(n) for n in range(40)]
    async with reader.tasks() as tasks:
        told = [asyncio.ensure_future(tasks.tell("reader", Word(text), 0)) for text in facts]
        await turns()
        assert sum(task.done() for task in told) == 5  # six of eight, and one was its start
        await tasks.tell("reader", Word("halt"), 0, Lane.CONTROL)
        await tasks.tell("reader", Word("frame"), 0, Lane.NEWEST)
        await tasks.tell("other", Word("hello"), 0)
        await turns()
        assert stage.handled() == ["hello"]
        tasks.say("reader", Word("from within"))
        reader.held.set()
        await asyncio.gather(*told)
        await tasks.settle()
    heard = stage.handled("reader")
    assert heard[0] == "halt"
    assert heard[1:].index("from within") == 5
    assert [text for text in heard if text.isdigit()] == facts


@pytest.mark.parametrize("end", ["gone", "failed"])
async def test_who_waits_for_room_is_not_left_waiting(end):
    """Where the actor goes, there is nobody to tell; where the tree fails, it is told why."""
    reader = Reader(facts_limit=2)
    reader.stage.add("web", {"bad": ValueError("no")}, restarts=0)
    async with reader.tasks() as tasks:
        told = [asyncio.ensure_future(tasks.tell("reader", Word(text), 0)) for text in "abc"]
        await turns()
        assert [task.done() for task in told] == [True, False, False]
        if end == "gone":
            tasks.dismiss("reader")
            await asyncio.gather(*told)
        else:
            await tasks.tell("web", Word("bad"), 0)
            ends = await asyncio.gather(*told, return_exceptions=True)
            assert [type(each) for each in ends[1:]] == 2 * [TooManyRestarts]
    assert reader.stage.handled("reader") == []


async def test_within_a_full_lane_of_facts_is_an_incident_all_the_same():
    stage = Stage().add("feed", {"go": texts("a", "b", "c")}).add("router", facts_limit=2)
    async with stage.tasks() as tasks:
        await tasks.tell("feed", Word("go"), 0)
        await tasks.failed.wait()
        with pytest.raises(InboxFull, match="router: 2 unread facts"):
            await tasks.settle()


async def test_a_burst_of_frames_is_read_as_one_that_keeps_what_was_between():
    """The reader was busy; what it missed is counted."""
    stage = Stage()
    burst = tuple(Publish(Fact(text), Lane.NEWEST) for text in "abc")
    stage.add("feed", {"go": burst})
    stage.add("watchdog", hears=(Fact,), merge=lambda older, newer: Fact(older.text + newer.text))
    async with stage.tasks() as tasks:
        await tasks.tell("feed", Word("go"), 0)
        await tasks.settle()
        assert stage.log[-1] == ("watchdog", Fact("abc"), 0)
        assert tasks.superseded() == {"feed": 0, "watchdog": 2}


async def test_what_is_under_way_at_the_end_is_waited_for():
    """The answer is heard, and what it leads to is carried out."""
    stage = Stage().add("router", {"go": (ask("place"),), "filled": (Show("booked"),)})
    broker = Broker(stage)
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await turns()
        finishing = asyncio.ensure_future(tasks.finish())
        await turns()
        assert not finishing.done()
        broker.answer("place", Word("filled"))
        await finishing
    assert stage.shown == ["booked"]


async def test_at_the_end_a_port_that_does_not_answer_is_waited_for_within_bounds(monkeypatch):
    monkeypatch.setattr(driver, "STOP_LIMIT_S", 0)
    stage = Stage().add("router", {"go": (ask("place"),)})
    broker = Broker(stage)
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await turns()
        await tasks.finish()
        assert (broker.asked, tasks.failed.is_set()) == (["place"], False)


async def test_a_port_that_falls_with_a_time_out_of_its_own_is_told_at_the_end():
    """It is none of the stop's."""
    stage = Stage().add("router", {"go": (ask("place"),)})
    broker = Broker(stage)
    async with stage.tasks() as tasks:
        await tasks.tell("router", Word("go"), 0)
        await turns()
        broker.fail("place", TimeoutError("the port's own"))
        with pytest.raises(TimeoutError, match="the port's own"):
            await tasks.finish()


async def test_a_played_world_that_comes_too_early_waits_for_its_instant():
    stage = Stage().add("feed")
    async with stage.tasks() as tasks:
        told = asyncio.ensure_future(tasks.tell("feed", Word("frame"), 5))
        passed = asyncio.ensure_future(tasks.run_until(6))
        await turns()
        assert (told.done(), stage.handled()) == (False, [])
        stage.reached(5)
        await told
        assert not passed.done()
        stage.reached(6)
        await passed
    assert stage.log[-1] == ("feed", Word("frame"), 5)
