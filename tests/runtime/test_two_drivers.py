from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from daemon.runtime.words import Alarm, Call, Commit, Lane, Publish, Show, Started, Take, Tell
from tests.kit.scripted import Fact, Stage, Word, told

pytestmark = pytest.mark.untraced

NAMES = ("feed", "router", "runner")
TOPICS = range(3)
DRIVERS = ("pump", "tasks")


class News(Struct, frozen=True):
    """A message that runs out: what it leads to has less `life`."""

    topic: int
    life: int
    at_ns: int = 0


class Price(News, frozen=True):
    """One that others hear."""


class Quote(News, frozen=True):
    """Another that others hear."""


def joined(older: News, newer: News) -> News:
    return type(newer)((older.topic + newer.topic + 1) % len(TOPICS), newer.life)


lanes = st.sampled_from(Lane)
topics = st.sampled_from(TOPICS)
plain = st.one_of(
    st.tuples(st.just("tell"), st.sampled_from(NAMES), topics, lanes),
    st.tuples(st.just("publish"), topics, lanes),
    st.tuples(st.just("call"), topics, st.integers(0, 3)),
    st.tuples(st.just("alarm"), topics, st.integers(-1, 4), lanes),
    st.tuples(st.just("take"), topics),
    st.tuples(st.just("show"), topics),
)
lines = st.recursive(
    plain, lambda inner: st.tuples(st.just("commit"), st.lists(inner, max_size=3)), max_leaves=4
)
falls = st.just(("fall",))
committed = st.tuples(st.just("commit"), st.lists(plain, min_size=1, max_size=2))
scripts = st.fixed_dictionaries(
    {
        (name, topic): st.lists(committed | lines | falls, min_size=1, max_size=3)
        for name in NAMES
        for topic in TOPICS
    }
)
visits = st.lists(
    st.tuples(st.sampled_from(NAMES), topics, st.integers(0, 5), lanes, st.booleans()),
    min_size=2,
    max_size=5,
)


def effect(line: Any, news: News, name: str, now_ns: int) -> Any:
    life = news.life - 1
    match line:
        case ("tell", to, topic, lane):
            return Tell(to, News(topic, life), lane)
        case ("publish", topic, lane):
            return Publish(Price(topic, life), lane)
        case ("call", topic, delay_ns):
            return Call("broker", (topic, life, delay_ns))
        case ("alarm", topic, delay_ns, lane):
            return Alarm(now_ns + delay_ns, News(topic, life), lane)
        case ("commit", inner):
            then = tuple(effect(each, news, name, now_ns) for each in inner)
            return Commit((Fact(f"{name} {news.topic} {life}"),), then)
        case ("take", topic):
            return Take(News(topic, life))
        case ("show", topic):
            return Show((name, topic, life))
    raise ArithmeticError("a fall")


def acting(stage: Stage, name: str, script: dict[Any, Any]) -> Callable[[Any], Any]:
    def act(message: Any) -> Any:
        now_ns = stage.clock.now_ns()
        if isinstance(message, Started):
            lasting = (line for line in script[name, 0] if line != ("fall",))
            return [effect(line, News(0, 1), name, now_ns) for line in lasting]
        if message.life <= 0:
            return ()
        return [effect(line, message, name, now_ns) for line in script[name, message.topic]]

    return act


def staged(script: dict[Any, Any]) -> Stage:
    stage = Stage()

    async def broker(request: tuple[int, int, int]) -> list[News]:
        topic, life, delay_ns = request
        stage.asked.append(request)
        return [News(topic, life, stage.clock.now_ns() + delay_ns)]

    stage.ports["broker"] = broker
    stage.outside = lambda seen, _: [("router", News(2, seen.life - 1))] * (seen.topic == 1)
    for name in NAMES:
        last = name == "runner"
        stage.add(
            name,
            acting(stage, name, script),
            hears=(Price,) if name != "feed" else (),
            merge=joined if name != "router" else None,
            restarts=1 if last else 10_000,
            disarm=last,
        )
    return stage


def through_the_pump(stage: Stage, plan: list[Any]) -> Stage:
    pump, at_ns = stage.pump(), 10
    for to, topic, wait_ns, lane, passes in plan:
        at_ns += wait_ns
        if passes:
            pump.run_until(at_ns)
        else:
            pump.tell(to, News(topic, 2), at_ns, lane)
    return stage


async def through_tasks(stage: Stage, plan: list[Any]) -> Stage:
    async with stage.tasks() as tasks:
        at_ns = 10
        for to, topic, wait_ns, lane, passes in plan:
            at_ns += wait_ns
            if passes:
                await tasks.run_until(at_ns)
            else:
                await tasks.tell(to, News(topic, 2), at_ns, lane)
    return stage


@given(scripts, visits)
def test_both_drivers_decide_and_record_the_same(script, plan):
    """Any actors: every message handled, every fact with its origin, in one order."""
    pumped = through_the_pump(staged(script), plan)
    tasked = asyncio.run(through_tasks(staged(script), plan))
    assert tasked.log == pumped.log
    assert tasked.ledger.entries == pumped.ledger.entries
    assert tasked.ledger.ticks == pumped.ledger.ticks
    assert tasked.shown == pumped.shown
    assert tasked.asked == pumped.asked


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_an_actor_decides_is_carried_out_in_the_order_decided(driver):
    """What leads to no fact does not overtake what waits for an earlier one to be durable."""
    stage = Stage().add(
        "router",
        {
            "both": (Tell("router", Word("intend")), Tell("router", Word("cancel"))),
            "intend": (Commit((Fact("intent"),), (Show("place"),)), Show("after")),
            "cancel": (Show("cancel"),),
        },
    )
    told(driver, stage, [("router", Word("both"), 5)])
    assert stage.shown == ["place", "after", "cancel"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_long_exchange_is_carried_out_to_its_end(driver):
    """Two actors that answer each other's publications 5,000 times, one after the other."""
    stage = Stage()
    for name, hears, says in (("left", Price, Quote), ("right", Quote, Price)):
        stage.add(
            name,
            lambda message, says=says: (
                (Publish(says(0, message.life - 1)),) if getattr(message, "life", 0) else ()
            ),
            hears=(hears,),
        )
    told(driver, stage, [("left", Price(0, 5_000), 5)])
    assert [message.life for _, message, _ in stage.log[2:]] == [*range(5_000, -1, -1)]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_publication_decided_twice_is_heard_twice(driver):
    """Also where both are one object."""
    price = Publish(Price(1, 0))
    stage = Stage().add("feed", {"go": (price, price)}).add("runner", hears=(Price,))
    told(driver, stage, [("feed", Word("go"), 5)])
    assert [name for name, message, _ in stage.log if isinstance(message, Price)] == ["runner"] * 2
