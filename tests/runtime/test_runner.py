"""What the live driver holds of one actor, before anything has come for it."""

from __future__ import annotations

from daemon.runtime.runner import Runner
from daemon.runtime.supervisor import Child
from daemon.runtime.words import ActorSpec, Lane
from tests.kit.scripted import Scripted


def test_an_actor_begins_with_nothing_read_and_nothing_waiting():
    actor = Scripted("feed", {}, [])
    runner = Runner(Child(ActorSpec("feed", lambda _: actor), actor))

    assert (runner.queue.qsize(), runner.waiting, runner.gone) == (0, 0, False)


def test_its_inbox_has_the_bounds_and_the_joining_of_the_actor():
    actor = Scripted("feed", {}, [])
    spec = ActorSpec("feed", lambda _: actor, merge=lambda old, new: old + new)
    runner = Runner(Child(spec, actor))
    for text in ("a", "b"):
        runner.queue.put_nowait((Lane.NEWEST, (text, 1, 0)))

    assert runner.queue.get_nowait()[0] == "ab"
    assert runner.queue.inbox.superseded == 1


def test_the_outside_waits_for_room_with_it_unless_it_has_gone():
    actor = Scripted("feed", {}, [])
    runner = Runner(Child(ActorSpec("feed", lambda _: actor, facts_limit=1), actor))
    assert not runner.is_crowded()
    runner.queue.put_nowait((Lane.FACTS, ("fill", 1, 0)))
    assert runner.is_crowded()
    runner.gone = True
    assert not runner.is_crowded()
