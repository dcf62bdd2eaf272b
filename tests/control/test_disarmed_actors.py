"""An actor that fell too often is left out: whoever asks it is told so, and does not wait."""

import asyncio
from pathlib import Path

import pytest

from daemon.control import Line, Names, Reads, Refusal
from daemon.control.line import DISARMED
from daemon.messages import Ask, SeePrice, StrategySeen, Told
from daemon.runtime.words import ActorDisarmed

FALLEN, WHOLE = "runner:fallen", "runner:whole"


class Actors:
    """Two runners, of which one never answers."""

    def __init__(self):
        self.asked = []
        self.heard = asyncio.Event()
        names = Names(
            Path(), {"a": "router:a"}, {"fallen": FALLEN, "whole": WHOLE}, {"fallen": ("a",)}
        )
        self.line = Line(self.tell, lambda: 0, names)

    def tell(self, to, message, lane):
        assert isinstance(message, Ask)
        self.asked.append(to)
        self.heard.set()
        if to == WHOLE:
            self.line.shown(Told(message.number, StrategySeen("whole", True, "waiting")))


async def test_who_asks_an_actor_that_was_disarmed_is_told_without_asking_it():
    actors = Actors()
    actors.line.hear(ActorDisarmed(FALLEN, 1))

    with pytest.raises(Refusal, match="the next start") as refused:
        await actors.line.ask(FALLEN, SeePrice("NIFTY"))
    assert (refused.value.code, actors.asked) == (DISARMED, [])


async def test_who_waits_for_an_actor_while_it_is_disarmed_is_answered():
    actors = Actors()
    waiting = asyncio.ensure_future(actors.line.ask(FALLEN, SeePrice("NIFTY")))
    await actors.heard.wait()
    actors.line.hear(ActorDisarmed(FALLEN, 1))

    with pytest.raises(Refusal, match="left out"):
        await waiting


async def test_a_strategy_that_was_disarmed_is_listed_and_takes_no_entries():
    actors = Actors()
    actors.line.hear(ActorDisarmed(FALLEN, 1))
    fallen, whole = await Reads(actors.line).strategies()

    assert (fallen.strategy_id, fallen.taking) == ("fallen", False)
    assert fallen.status.startswith("disarmed: runner:fallen fell too often")
    assert whole == StrategySeen("whole", True, "waiting")


async def test_a_runner_that_is_exchanged_can_be_asked_again():
    actors = Actors()
    actors.line.hear(ActorDisarmed(WHOLE, 1))
    actors.line.give_up(WHOLE)

    assert (await Reads(actors.line).strategy("whole")).taking
