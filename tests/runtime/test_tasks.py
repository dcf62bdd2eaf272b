from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from daemon.errors import InboxFull, PortSilent, StoreError, TooManyRestarts
from daemon.runtime import tasks as driver
from daemon.runtime.tasks_flowing import FlowingTasks
from daemon.runtime.tasks_standing import StandingTasks
from daemon.runtime.words import (
    ActorDisarmed,
    ActorSpec,
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
from tests.kit.disks import COMMIT, BrokenDisk, SlowDisk, asking, reached, turns, until
from tests.kit.scripted import Entry, Fact, Scripted, Stage, Word


@pytest.fixture(params=[StandingTasks, FlowingTasks], autouse=True)
def on_either_tempo(request, monkeypatch) -> None:
    """All of this holds whether market time stands still meanwhile or flows on."""
    monkeypatch.setattr(Stage, "driver", request.param)


@contextmanager
def nothing_left() -> Iterator[None]:
    """Every task that was begun inside is over at the end."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() == before


async def test_actors_start_in_order_before_anything_else():
    """What one sends to a later one at its start is read, after that one's own start."""
    stage = Stage().add("feed", {"Started": (Tell("router", Word("hello")),)}).add("router")
    with nothing_left():
        async with stage.tasks():
            assert stage.log == [
                ("feed", Started(), 0),
                ("router", Started(), 0),
                ("router", Word("hello"), 0),
            ]


async def test_actors_stop_in_reverse_and_what_they_recorded_is_durable():
    """The last one started ends first; the ledger's own task ends last."""
    stage, ended = Stage().add("feed", {"go": (Commit((Fact("a"),)),)}).add("router"), []
    with nothing_left():
        async with stage.tasks() as tasks:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.add_done_callback(lambda done: ended.append(done.get_name()))
            await stage.told(tasks, "feed", Word("go"), 5)
    assert [name for name in ended if name != "alarms"] == ["router", "feed", "ledger"]
    assert stage.ledger.durable == 1


async def test_a_start_that_fails_leaves_nothing_behind():
    """An actor that cannot start ends the tree before it has begun."""
    stage = Stage().add("feed").add("router", {"Started": ValueError("no")}, restarts=0)
    with nothing_left(), pytest.raises(TooManyRestarts, match="router fell"):
        async with stage.tasks():
            pytest.fail("it has begun")


async def test_nothing_leaves_before_its_facts_are_durable():
    """While the disk works other messages are handled, but the order waits."""
    stage = Stage().add("router", {"go": (COMMIT,)}).add("watchdog")
    disk = stage.ledger = SlowDisk(stage.shown)
    async with asking(stage).tasks() as tasks:
        told = asyncio.ensure_future(stage.told(tasks, "router", Word("go"), 5))
        await reached(disk)
        also = asyncio.ensure_future(stage.told(tasks, "watchdog", Word("halt"), 5, Lane.CONTROL))
        await turns()
        assert (stage.shown, stage.handled()) == ([], ["go", "halt"])
        disk.go_on.set()
        await asyncio.gather(told, also)
        assert stage.shown == ["durable 1", "placed", "asked place"]


async def test_what_is_committed_while_the_disk_works_goes_out_in_one_flush():
    """Four commits, two flushes, and what follows leaves in the order of the commits."""
    stage = Stage()
    for name in "abcd":
        stage.add(name, {"go": (Commit((Fact(name),), (Show(name),)),)})
    disk = stage.ledger = SlowDisk(stage.shown)
    async with stage.tasks() as tasks:
        first = asyncio.ensure_future(stage.told(tasks, "a", Word("go"), 5))
        await reached(disk)
        rest = [asyncio.ensure_future(stage.told(tasks, name, Word("go"), 5)) for name in "bcd"]
        await turns()
        disk.go_on.set()
        await asyncio.gather(first, *rest)
        assert stage.shown == ["durable 1", "a", "durable 4", "b", "c", "d"]


async def test_nothing_leaves_when_the_disk_fails():
    """The tree ends with the ledger's error, and decides nothing any more."""
    stage = Stage().add("router", {"go": (COMMIT,), "more": (Show("more"),)})
    stage.ledger = BrokenDisk()
    tasks = await asking(stage).tasks().__aenter__()
    with pytest.raises(StoreError, match="disk full"):
        await stage.told(tasks, "router", Word("go"), 5)
    with pytest.raises(StoreError, match="disk full"):
        await stage.told(tasks, "router", Word("more"), 6)
    await turns()
    with pytest.raises(StoreError, match="disk full"):
        await tasks.__aexit__()
    assert (stage.shown, stage.handled()) == ([], ["go"])


@pytest.mark.parametrize("reply", [ValueError("no"), (Call("feed", 1),)])
async def test_a_tree_that_failed_meanwhile_lets_nothing_leave_after_its_flush(reply):
    """The disk did its part, but an actor or a port has ended the tree while it worked."""
    stage = asking(
        Stage().add("router", {"go": (COMMIT,)}).add("runner", {"bad": reply}, restarts=0)
    )
    disk = stage.ledger = SlowDisk(stage.shown)

    async def lost(_: object) -> list[Word]:
        raise OSError("no route")

    stage.ports["feed"] = lost
    async with stage.tasks() as tasks:
        told = [asyncio.ensure_future(stage.told(tasks, "router", Word("go"), 5))]
        await reached(disk)
        told.append(asyncio.ensure_future(stage.told(tasks, "runner", Word("bad"), 5)))
        ends = await asyncio.gather(*told, return_exceptions=True)
        assert [type(end) for end in ends] == 2 * [
            TooManyRestarts if isinstance(reply, ValueError) else OSError
        ]
        disk.go_on.set()
        await asyncio.get_running_loop().run_in_executor(
            tasks._commits._disk, disk.reached.wait, 30
        )
        await turns()
        assert stage.shown == ["durable 1"]


async def test_what_is_decided_after_a_commit_does_not_overtake_it():
    """Neither in the same decision nor in a later one of the same actor."""
    stage = Stage().add("feed", {"go": (Tell("router", Word("a")), Tell("router", Word("b")))})
    stage.add("router", {"a": (COMMIT, Show("after")), "b": (Show("b"),)})
    async with asking(stage).tasks() as tasks:
        await stage.told(tasks, "feed", Word("go"), 5)
    assert [shown for shown in stage.shown if shown != "asked place"] == ["placed", "after", "b"]


async def test_the_outside_sees_a_message_first_and_a_tick_when_it_is_taken():
    """As in the pump."""
    stage = Stage().add("feed", {"frame": (Take(Word("tick")),)}).add("router")
    stage.outside = lambda seen, at_ns: [("router", Word(f"{seen.text} traded", at_ns))]
    async with stage.tasks() as tasks:
        await stage.told(tasks, "feed", Word("frame"), 5)
    assert stage.handled() == ["frame traded", "frame", "tick traded"]
    assert stage.ledger.ticks == [Word("tick")]


async def test_facts_are_recorded_with_where_they_come_from():
    """The actor, the number of its message, and the number of what caused that."""
    stage = Stage().add("feed", {"frame": (Publish(Fact("news")),)})
    stage.add("router", {"Fact": (Commit((Fact("one"), Fact("two"))),)}, hears=(Fact,))
    async with stage.tasks() as tasks:
        await stage.told(tasks, "feed", Word("frame"), 5)
    origin = Origin("router", 4, 3)
    assert stage.ledger.entries == [Entry(Fact("one"), origin, 5), Entry(Fact("two"), origin, 5)]


async def test_control_overtakes_ten_thousand_waiting_frames():
    """All of them were told before it, and are one by the time it is read."""
    stage = Stage().add("router", merge=lambda older, newer: Word(f"..{newer.text}"))
    async with stage.tasks() as tasks:
        frames = [stage.told(tasks, "router", Word(str(n)), 5, Lane.NEWEST) for n in range(10_000)]
        await asyncio.gather(*frames, stage.told(tasks, "router", Word("halt"), 5, Lane.CONTROL))
    assert stage.handled() == ["halt", "..9999"]


async def test_a_full_lane_of_facts_ends_the_tree():
    """Whoever waits for it is told why."""
    more = tuple(Tell("router", Word(str(n))) for n in range(3))
    stage = Stage().add("feed", {"flood": more}).add("router", facts_limit=2)
    async with stage.tasks() as tasks:
        with pytest.raises(InboxFull, match="router: 2 unread facts"):
            await stage.told(tasks, "feed", Word("flood"), 5)


async def test_a_fallen_actor_goes_on_with_what_it_had_not_read():
    """One for one: nobody else notices, and the message that felled it is kept."""
    mail = tuple(Tell("router", Word(text)) for text in ("a", "bad", "b"))
    stage = Stage().add("feed", {"go": mail}).add("router", {"bad": ValueError("no")})
    async with stage.tasks() as tasks:
        await stage.told(tasks, "feed", Word("go"), 5)
    assert [message for name, message, _ in stage.log if name == "router"] == [
        Started(),
        Word("a"),
        Word("bad"),
        Started(),
        Word("b"),
    ]
    letter = DeadLetter("router", repr(Word("bad")), "ValueError: no", 5)
    assert stage.ledger.entries == [Entry(letter, Origin("router", 5, 3), 5)]


async def test_an_actor_that_falls_too_often_is_left_out_and_others_go_on():
    """It is told nothing any more."""
    stage = Stage().add("runner", {"bad": ValueError("no")}, restarts=0, disarm=True)
    async with stage.add("router").tasks() as tasks:
        await stage.told(tasks, "runner", Word("bad"), 5)
        await stage.told(tasks, "runner", Word("more"), 6)
        await stage.told(tasks, "router", Word("go"), 7)
    assert stage.handled() == ["bad", "go"]
    assert [type(entry.fact) for entry in stage.ledger.entries] == [DeadLetter, ActorDisarmed]


@pytest.mark.parametrize(
    ("error", "expected", "match"),
    [
        (OSError("no route"), OSError, "no route"),
        (KeyError("id"), KeyError, "id"),
        (asyncio.CancelledError(), RuntimeError, "broker was cancelled"),
    ],
)
async def test_what_a_port_did_not_foresee_ends_the_tree(error, expected, match):
    """Nobody waits for an answer that will never come."""
    stage = Stage().add("router", {"go": (Call("broker", 1),)})

    async def broker(_: object) -> list[Word]:
        raise error

    stage.ports["broker"] = broker
    with nothing_left():
        async with stage.tasks() as tasks:
            with pytest.raises(expected, match=match):
                await stage.told(tasks, "router", Word("go"), 5)


async def test_an_effect_that_nobody_knows_is_a_defect():
    """It is never passed over in silence."""
    stage = Stage().add("router", {"go": ("no effect",)})
    async with stage.tasks() as tasks:
        with pytest.raises(AssertionError, match="no effect"):
            await stage.told(tasks, "router", Word("go"), 5)


async def test_ports_work_beside_each_other_and_are_answered_as_they_end():
    """A slow one holds up no other."""
    stage = Stage().add("router", {"go": (Call("slow", 1), Call("fast", 2))})
    let_go = asyncio.Event()

    async def slow(_: object) -> list[Word]:
        await let_go.wait()
        return [Word("slow")]

    async def fast(_: object) -> list[Word]:
        let_go.set()
        return [Word("fast")]

    stage.ports |= {"slow": slow, "fast": fast}
    async with stage.tasks() as tasks:
        await stage.told(tasks, "router", Word("go"), 5)
    assert stage.handled() == ["go", "fast", "slow"]


async def test_whoever_waits_for_a_tree_that_is_stopped_is_told():
    """As is who tells it something afterwards."""
    stage, begun = Stage().add("router", {"go": (Call("broker", 1),)}), asyncio.Event()

    async def broker(_: object) -> list[Word]:
        begun.set()
        await asyncio.Event().wait()
        return []

    stage.ports["broker"] = broker
    async with stage.tasks() as tasks:
        waiting = asyncio.ensure_future(stage.told(tasks, "router", Word("go"), 5))
        await begun.wait()
    with pytest.raises(RuntimeError, match="was stopped"):
        await waiting
    with pytest.raises(RuntimeError, match="was stopped"):
        await stage.told(tasks, "router", Word("more"), 6)


async def test_a_port_that_does_not_heed_the_stop_is_left_behind(monkeypatch):
    """Each stop is bounded."""
    monkeypatch.setattr(driver, "STOP_LIMIT_S", 0)
    stage, begun, let_go = Stage().add("router", {"go": (Call("broker", 1),)}), *_events()

    async def broker(_: object) -> list[Word]:
        begun.set()
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                stage.shown.append("not heeded")
        return []

    stage.ports["broker"] = broker
    async with stage.tasks() as tasks:
        waiting = asyncio.ensure_future(stage.told(tasks, "router", Word("go"), 5))
        await begun.wait()
        (call,) = tasks._calls
    await turns()
    assert (stage.shown, call.done()) == (["not heeded"], False)
    let_go.set()
    await call
    with pytest.raises(RuntimeError, match="was stopped"):
        await waiting


async def test_a_disk_that_does_not_end_is_not_waited_for(monkeypatch):
    """The stop says so: what was recorded last may be lost."""
    monkeypatch.setattr(driver, "STOP_LIMIT_S", 0)
    stage = Stage().add("router")
    disk = stage.ledger = SlowDisk(stage.shown)
    with pytest.raises(StoreError, match="did not end within 0 s"):
        async with stage.tasks():
            pass
    assert disk.flushes == 0
    disk.go_on.set()


def _events() -> tuple[asyncio.Event, asyncio.Event]:
    return asyncio.Event(), asyncio.Event()


async def test_what_is_said_does_not_wait_for_the_disk():
    """A halt is read while the flush of something else is under way."""
    stage = Stage().add("router", {"go": (COMMIT,)})
    disk = stage.ledger = SlowDisk(stage.shown)
    async with asking(stage).tasks() as tasks:
        told = asyncio.ensure_future(stage.told(tasks, "router", Word("go"), 5))
        await reached(disk)
        tasks.say("router", Word("halt"), Lane.CONTROL)
        await turns()
        assert stage.handled() == ["go", "halt"]
        disk.go_on.set()
        await told


async def test_a_failure_after_something_was_said_ends_the_tree():
    """Nobody awaited it, and yet whoever comes next is told."""
    stage = Stage().add("router", {"go": ValueError("no")}, restarts=0)
    with nothing_left():
        async with stage.tasks() as tasks:
            tasks.say("router", Word("go"))
            await turns()
            with pytest.raises(TooManyRestarts):
                await stage.told(tasks, "router", Word("next"), 5)


async def test_what_was_said_and_is_not_over_is_ended_with_the_tree():
    """A port that never answers holds nothing up."""

    async def never(_: Word) -> list[Word]:
        await asyncio.Event().wait()
        raise AssertionError("it was never to answer")

    stage = Stage().add("router", {"go": (Call("broker", Word("place")),)})
    stage.ports["broker"] = never
    with nothing_left():
        async with stage.tasks() as tasks:
            tasks.say("router", Word("go"))
            await turns()
            assert stage.handled() == ["go"]


def late(stage: Stage, name: str = "late", script: Any = None, **spec: Any) -> ActorSpec:
    """Return an actor that a stage does not begin with."""
    stage.add(name, script, **spec)
    return stage.specs.pop()


async def test_an_actor_may_join_the_others_built_from_all_that_was_recorded():
    """It is started, hears what is published from there on, and is told like any other."""
    stage, seen = Stage().add("feed", {"go": (Publish(Fact("news")),)}), []
    stage.ledger.append((Fact("before"),), Origin("feed", 0, 0), 0)

    def restore(facts: Any) -> Scripted:
        seen.extend(facts)
        return Scripted("late", {}, stage.log)

    spec = late(stage, restore=restore, hears=(Fact,))
    with nothing_left():
        async with stage.tasks() as tasks:
            tasks.admit(spec)
            assert tasks.unread() == {"feed": 0, "late": 1}
            await stage.told(tasks, "feed", Word("go"), 5)
            await stage.told(tasks, "late", Word("hello"), 6)
    assert seen == [Fact("before")]
    told = [message for name, message, _ in stage.log if name == "late"]
    assert told == [Started(), Fact("news"), Word("hello")]


async def test_what_an_actor_asks_a_port_when_it_joins_is_answered_though_nobody_waits():
    """As at a start."""
    stage = Stage().add("feed")
    spec = late(stage, script={"Started": (Call("broker", Word("read")),)})
    async with asking(stage, Word("book")).tasks() as tasks:
        tasks.admit(spec)
        await until(lambda: bool(stage.handled("late")))
        assert stage.handled("late") == ["book"]


class Slow:
    """What an actor is built by, as slowly as one that reads a long record."""

    def __init__(self, stage: Stage, fails: Exception | None = None) -> None:
        self.begun, self.go_on, self.seen, self.fails = Event(), Event(), [], fails
        self._stage = stage

    def __call__(self, facts: Any) -> Scripted:
        self.begun.set()
        assert self.go_on.wait(30), "the test never let it be built"
        if self.fails is not None:
            raise self.fails
        self.seen.extend(facts)
        return Scripted("late", {}, self._stage.log)

    async def reached(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.begun.wait, 30)


async def test_while_an_actor_that_joins_is_built_the_others_go_on():
    """What it is told waits in its inbox, and what is recorded meanwhile it hears but once."""
    stage = Stage().add("feed", {"go": (Publish(Fact("news")), Commit((Fact("news"),)))})
    stage.ledger.append((Fact("before"),), Origin("feed", 0, 0), 0)
    spec = late(stage, restore=(slow := Slow(stage)), hears=(Fact,))
    async with stage.tasks() as tasks:
        tasks.admit(spec)
        await slow.reached()
        tasks.say("feed", Word("go"))
        tasks.say("late", Word("hello"))
        await until(lambda: "go" in stage.handled("feed"))
        await tasks.caught_up()
        assert tasks.unread() == {"feed": 0, "late": 3}
        settling = asyncio.ensure_future(tasks.settle())
        await turns()
        assert not settling.done()
        slow.go_on.set()
        await settling
    told = [message for name, message, _ in stage.log if name == "late"]
    assert sorted(map(str, told[1:])) == sorted(map(str, (Word("hello"), Fact("news"))))
    assert (told[0], slow.seen) == (Started(), [Fact("before")])


async def test_an_actor_that_goes_while_it_is_built_is_waited_for_by_nobody():
    stage = Stage().add("feed")
    spec = late(stage, restore=(slow := Slow(stage)))
    with nothing_left():
        async with stage.tasks() as tasks:
            tasks.admit(spec)
            await slow.reached()
            tasks.say("late", Word("hello"))
            tasks.dismiss("late")
            await tasks.settle()
            slow.go_on.set()
            tasks.say("late", Word("hello"))
            await stage.told(tasks, "feed", Word("go"), 5)
    assert stage.handled() == ["go"]


async def test_a_ledger_that_fails_while_an_actor_that_joins_is_built_ends_the_tree():
    stage = Stage().add("feed")
    spec = late(stage, restore=(slow := Slow(stage, StoreError("disk gone"))))
    slow.go_on.set()
    async with stage.tasks() as tasks:
        tasks.admit(spec)
        with pytest.raises(StoreError, match="disk gone"):
            await tasks.settle()


async def test_what_an_actor_that_goes_has_not_read_goes_nowhere_and_nobody_waits_for_it():
    """Neither does what it is told later on."""
    stage = Stage().add("feed", {"go": (Tell("runner", Word("c")),)}).add("runner")
    with nothing_left():
        async with stage.tasks() as tasks:
            for text in "ab":
                tasks.say("runner", Word(text))
            tasks.dismiss("runner")
            await stage.told(tasks, "feed", Word("go"), 5)
            await stage.told(tasks, "runner", Word("d"), 6)
            tasks.say("runner", Word("e"))
            assert tasks.unread() == {"feed": 0}
    assert stage.handled() == ["go"]


async def test_whoever_waits_for_calm_need_not_wait_for_an_actor_that_has_gone():
    """The flush of another is over, and what follows it leaves as soon as it may."""
    stage = Stage().add("router", {"go": (COMMIT,)}).add("runner")
    disk = stage.ledger = SlowDisk(stage.shown)
    async with asking(stage).tasks() as tasks:
        told = asyncio.ensure_future(stage.told(tasks, "router", Word("go"), 5))
        await reached(disk)
        tasks.say("runner", Word("unread"))
        tasks.dismiss("runner")
        disk.go_on.set()
        await told
        assert stage.shown == ["durable 1", "placed", "asked place"]
    assert stage.handled() == ["go"]


async def test_what_an_actor_decided_before_it_went_is_carried_out():
    """What waits for the disk, and what was asked of a port; the answer goes nowhere."""
    stage = Stage().add("runner", {"go": (COMMIT, Alarm(7, Word("alarm")))}).add("router")
    disk = stage.ledger = SlowDisk(stage.shown)
    async with asking(stage, Word("answer")).tasks() as tasks:
        told = asyncio.ensure_future(stage.told(tasks, "runner", Word("go"), 5))
        await reached(disk)
        tasks.dismiss("runner")
        disk.go_on.set()
        await told
        stage.reached(8)
        await tasks.run_until(8)
        assert stage.shown == ["durable 1", "placed", "asked place"]
    assert stage.handled() == ["go"]


async def test_an_alarm_dies_with_the_actor_that_set_it():
    """One of the same name that comes later has set none."""
    stage = Stage().add("runner", {"go": (Alarm(7, Word("alarm")),)})
    spec = stage.specs[0]
    async with stage.tasks() as tasks:
        await stage.told(tasks, "runner", Word("go"), 5)
        tasks.dismiss("runner")
        tasks.admit(spec)
        stage.reached(9)
        await tasks.run_until(9)
        await stage.told(tasks, "runner", Word("hello"), 9)
    assert stage.handled() == ["go", "hello"]


async def test_one_who_was_left_out_comes_back_under_its_name():
    """It has fallen as often as anybody who has just begun: never."""
    stage = Stage().add("runner", {"bad": ValueError("no")}, restarts=0, disarm=True)
    spec = stage.specs[0]
    async with stage.tasks() as tasks:
        await stage.told(tasks, "runner", Word("bad"), 5)
        tasks.dismiss("runner")
        tasks.admit(spec)
        await stage.told(tasks, "runner", Word("hello"), 6)
    assert stage.handled() == ["bad", "hello"]


async def test_an_actor_may_be_let_go_while_it_decides():
    """Its decision is carried out, and it reads nothing after that."""
    stage = Stage().add("runner", {"go": (Show("gone"), Tell("router", Word("farewell")))})
    stage.add("router")

    class Dismissing(list[Any]):
        def append(self, view: Any) -> None:
            super().append(view)
            tasks.dismiss("runner")

    stage.shown = Dismissing()
    async with stage.tasks() as tasks:
        tasks.say("runner", Word("go"))
        tasks.say("runner", Word("more"))
        await tasks.settle()
    assert stage.handled() == ["go", "farewell"]


async def test_a_name_that_nobody_ever_had_is_a_defect():
    """It is told apart from one that has gone."""
    stage = Stage().add("router", {"go": (Tell("nobody", Word("hello")),)})
    async with stage.tasks() as tasks:
        with pytest.raises(KeyError, match="nobody"):
            await stage.told(tasks, "router", Word("go"), 5)


class Measuring:
    """A meter that notes what it is told, under a clock that ticks with each reading."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self._now_ns = 0

    def now_ns(self) -> int:
        self._now_ns += 1
        return self._now_ns

    def brought(self, number: int) -> None:
        self.told.append(("brought", number))

    def handled(self, actor: str, item: tuple[Any, int, int], began_ns: int) -> None:
        if isinstance(item[0], Word):
            self.told.append((actor, item[0].text, item[1], item[2]))

    def answered(self, call: Call, cause: int, began_ns: int, answers: Any) -> None:
        self.told.append((call.port, call.request.text, cause, list(answers)))


async def test_a_meter_is_told_of_each_message_and_call_with_number_and_cause():
    stage, meter = asking(Stage(), Word("placed")), Measuring()
    stage.add("feed", {"frame": (Tell("router", Word("decide")),)})
    stage.add("router", {"decide": (COMMIT,)})
    stage.meter = meter
    async with stage.tasks() as tasks:
        await stage.told(tasks, "feed", Word("frame"), 1)

    (_, brought), *_ = meter.told
    assert meter.told == [
        ("brought", brought),
        ("feed", "frame", brought, 0),
        ("router", "decide", brought + 1, brought),
        ("broker", "place", brought + 1, [Word("placed")]),
        ("router", "placed", brought + 2, brought + 1),
    ]


async def test_whoever_brings_a_message_in_learns_its_number():
    stage, meter = Stage().add("router"), Measuring()
    stage.meter = meter
    async with stage.tasks() as tasks:
        number = tasks.say("router", Word("look"))
        await tasks.settle()

    assert meter.told == [("router", "look", number, 0)]


async def test_what_was_joined_unread_is_counted_for_each_actor():
    stage = Stage().add("reader").add("other")
    async with stage.tasks() as tasks:
        for text in ("a", "b", "c"):
            tasks.say("reader", Word(text), Lane.NEWEST)
        await tasks.settle()

        assert tasks.superseded() == {"reader": 2, "other": 0}


async def test_a_port_that_keeps_no_limit_ends_the_tree():
    """Not even where it does not heed that it is called off."""
    stage = Stage().add("router", {"go": (Call("broker", Word("place"), 0),)})

    async def broker(_: Word) -> list[Word]:
        await asyncio.Event().wait()
        raise AssertionError("it was never to answer")

    stage.ports["broker"] = broker
    async with stage.tasks() as tasks:
        with pytest.raises(PortSilent, match="broker has neither answered Word within 0 s"):
            await stage.told(tasks, "router", Word("go"), 5)
        assert [call.done() for call in tasks._calls] == [False]
