"""The walk of a tick: from the bytes of one instant to a decision, or to none."""

from __future__ import annotations

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.domain.risk.moves import LevelMoved, Move
from daemon.messages import FrameArrived, Place
from tests.kit import walk_page
from tests.kit.trace import Kind
from tests.kit.traced_world import TracedWorld, at
from tests.kit.walk_page import WRITE, Page, assert_page, chapters, steps_of

TEXT = """\
Once a second the market shows what has changed: one frame, with the prices of many contracts. It
is judged whole, for a stop on two legs must never see the new price of one beside the old price of
the other. This walk follows two such frames through the house while a sold straddle is open and in
profit. The first is like almost all others. The second moves a level."""
ORDINARY = """\
The feed looks whether the frame is fresh, new and from inside the session, enters it into the
journal, and hands it on; the exchange on paper sees it before anybody decides on it. Then everybody
who trades looks at the same frame at the same instant. None of them waits for anything."""
MOVED = """\
One second later the profit has passed 1,500, and the rule of the strategy says to keep 750 of it
from here on. That floor is written down before anybody relies on it, so a crash in the next moment
cannot take it away."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A straddle that was sold at 09:20, until its floor was locked."""
    world = TracedWorld(tmp_path_factory.mktemp("tick"), "nifty-short-straddle")
    world.run_until(at("09:35:08"))
    yield world
    world.close()


def test_an_ordinary_tick_is_looked_at_by_all_and_leads_to_nothing(world):
    """Four actors hear one frame; nothing is recorded, and nothing is asked of the broker."""
    tick = frame_at(world, at("09:35:07"))
    heard = [who.partition(":")[0] for _, who in tick.heard]
    assert heard == ["router", "watchdog", "runner", "pnl_broadcaster"]
    steps = steps_of(world.trace.events, tick, quiet=True)
    assert {step.kind for step in steps} == {Kind.TOLD}
    assert {step.at_ns for step in steps} == {tick.at_ns}
    assert [fact for step in steps for fact in step.facts()] == []


def test_a_tick_that_passes_the_threshold_locks_the_floor_on_the_record(world):
    """Once, at that instant, and without an order."""
    locked = [
        (event, fact)
        for event, fact in world.trace.recorded(LevelMoved)
        if fact.move is Move.LOCKED
    ]
    ((recorded, moved),) = locked
    assert recorded.at_ns == moved.at_ns == at("09:35:08")
    assert moved.to_e4 == 750_0000
    assert recorded.cause.who == "watchdog"
    assert all(asked.at_ns < at("09:35:07") for asked in world.trace.asked(Place))


def test_the_page_of_the_tick_tells_what_happened(world):
    events = world.trace.events
    first, second = (frame_at(world, at("09:35:07") + n * SECOND_NS) for n in range(2))
    steps = [*steps_of(events, first, quiet=True), *steps_of(events, second)]
    heads = ("An ordinary tick", ORDINARY, first), ("A tick that moves a level", MOVED, second)
    assert_page(Page("tick", "A tick", TEXT, chapters(steps, *heads)))


def test_a_page_that_tells_something_else_is_refused_with_how_to_mend_it(tmp_path, monkeypatch):
    """Nothing is written unless it is wanted; what was written is then taken."""
    monkeypatch.setattr(walk_page, "FOLDER", tmp_path)
    monkeypatch.delenv(WRITE, raising=False)
    page = Page("tick", "A tick", TEXT, [])
    with pytest.raises(AssertionError, match=f"{WRITE}=1"):
        assert_page(page)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv(WRITE, "1")
    assert_page(page)
    monkeypatch.delenv(WRITE)
    assert_page(page)


def test_the_index_of_the_walks_names_every_page():
    pages = {path.name for path in walk_page.FOLDER.glob("*.md")} - {"README.md"}
    index = (walk_page.FOLDER / "README.md").read_text(encoding="utf-8")
    assert pages == {f"{name}.md" for name in ("tick", "entry", "exit", "kill", "restart")}
    assert all(f"]({name})" in index for name in pages)


def frame_at(world, at_ns):
    """The feed's hearing of one frame."""
    (event,) = (each for each in world.trace.told(FrameArrived) if each.at_ns == at_ns)
    return event
