"""Brakes on a disk that refuses their latch: the actors act, and a repeat pulls the same again."""

from pathlib import Path

import pytest

from daemon import kill
from daemon.control import Brakes, Line, Names
from daemon.messages import LatchKind, PullLatch, Scope
from tests.kit.braking import MARKET_NS, Actors

WORDS = ("a test", "ann")


@pytest.fixture
def actors() -> Actors:
    return Actors()


@pytest.fixture
def brakes(actors: Actors, tmp_path: Path) -> Brakes:
    """The brakes over two accounts; a file is in the way of their folder of latches."""
    (tmp_path / kill.FOLDER).write_text("in the way")
    names = Names(tmp_path, {"paper": "router:paper", "other": "router:other"}, {}, {})
    actors.line = Line(actors.tell, lambda: MARKET_NS, names)
    return Brakes(actors.line)


def pulled(actors: Actors) -> list[PullLatch]:
    """What each router was told to pull, in order."""
    return [about for _, about, _ in actors.told if isinstance(about, PullLatch)]


async def refused(brakes: Brakes, scope: Scope = Scope.ALL, name: str = "") -> None:
    with pytest.raises(kill.LatchUnwritten):
        await brakes.kill(scope, name, *WORDS)


async def test_a_kill_repeated_while_its_latch_cannot_be_written_is_the_same_latch(actors, brakes):
    await refused(brakes)
    await refused(brakes)

    latches = [about.latched for about in pulled(actors)]
    assert len(latches) == 4
    assert len({latched.latch_id for latched in latches}) == 1
    assert all(latched.unwritten for latched in latches)


async def test_what_is_not_the_same_is_another_latch(actors, brakes):
    await refused(brakes)
    await refused(brakes, Scope.ACCOUNT, "other")
    with pytest.raises(kill.LatchUnwritten):
        await brakes.pause(Scope.ALL, "", *WORDS)

    assert len({about.latched.latch_id for about in pulled(actors)}) == 3


async def test_the_latch_is_written_under_its_id_once_the_disk_lets_it(actors, brakes, tmp_path):
    await refused(brakes)
    (tmp_path / kill.FOLDER).unlink()
    latched = await brakes.kill(Scope.ALL, "", *WORDS)

    assert latched.latch_id == pulled(actors)[0].latched.latch_id
    assert not latched.unwritten
    assert [latch.latch_id for latch in kill.standing(tmp_path)] == [latched.latch_id]


@pytest.mark.parametrize("written", [True, False])
async def test_a_latch_that_was_released_is_not_pulled_again(actors, brakes, tmp_path, written):
    """The watch over the folder may have written it meanwhile."""
    await refused(brakes)
    first = pulled(actors)[0].latched
    actors.latches = (first,)
    (tmp_path / kill.FOLDER).unlink()
    if written:
        again = await brakes.kill(Scope.ALL, "", *WORDS)
        assert again.latch_id == first.latch_id
    await brakes.rearm(first.latch_id, "ann")

    latched = await brakes.kill(Scope.ALL, "", *WORDS)
    assert latched.kind is LatchKind.KILL
    assert latched.latch_id != first.latch_id
