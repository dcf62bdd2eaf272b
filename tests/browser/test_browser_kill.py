"""A kill on the page in a real browser: what becomes of it, and what is said if it goes wrong."""

import asyncio

import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.control import Brakes, Refusal
from daemon.messages import Stage
from daemon.messages.modes import Modes
from daemon.web.house import HOUSE
from tests.kit.browser import HOW, chromium
from tests.kit.page_world import HOLD_S, hold, opened, shown

pytestmark = pytest.mark.skipif(chromium() is None, reason=HOW)


async def test_a_kill_that_was_flat_and_closes_again_is_shown_as_it_is(tmp_path):
    """What arrives late is closed too, and nobody but the one who asks hears of it at once."""
    async with opened(tmp_path) as (tab, world):
        await hold(tab)
        await tab.wait_for("document.querySelector('.latch')?.dataset.stage === 'cancelling'")
        world.go_on(Stage.FLAT)
        await tab.wait_for("document.querySelector('.latch').dataset.stage === 'flat'")
        world.stage, world.left = Stage.CLOSING, ("75 of a call are short",)
        await tab.wait_for("document.querySelector('.latch').dataset.stage === 'closing'")
        assert "75 of a call are short" in await tab.text(".left")


async def test_a_kill_from_which_nothing_leaves_says_why_and_what_to_do(tmp_path):
    async with opened(tmp_path) as (tab, world):
        control = world.port.served.app[HOUSE].control
        control.line.names.modes = Modes({"paper": "live", "second": "paper"})
        await hold(tab)
        why = "document.querySelector('.latch .left li:last-child')?.textContent"
        told = await tab.wait_for(why)

    assert told.endswith("`ordo login paper`, or close at the broker's own page")


async def fired(tab):
    """Hold the kill button until it fires, and return what is told first."""
    at = await tab.press("#kill")
    await tab.wait_for("!document.querySelector('#told').hidden", HOLD_S)
    await tab.release(at)
    return await tab.text("#told-text")


async def test_a_kill_that_is_not_taken_is_told_loudly_with_the_other_way(tmp_path, monkeypatch):
    async def refuse(*_):
        raise Refusal("forbidden", "nobody may")

    async with opened(tmp_path) as (tab, world):
        monkeypatch.setattr(Brakes, "kill", refuse)
        told = await fired(tab)
        assert told == "The kill was NOT accepted. Use `ordo kill` in a terminal: nobody may"
        await tab.wait_for(f"{shown('#kill-label')} === 'Hold to kill'")
        assert world.kills == []


async def test_a_kill_whose_latch_the_disk_refuses_is_told_as_acted_on_and_is_not_repeated(
    tmp_path, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    async with opened(tmp_path) as (tab, world):
        monkeypatch.setattr(kill, "_write", full)
        told = await fired(tab)
        assert "The kill is acted on" in told
        assert "No space left on device" in told
        assert "NOT" not in told
        assert len(world.kills) == 2  # one for the router of each account

        latched = replace(world.kills[0].latched, unwritten=True)
        world.account = replace(world.account, latches=(latched,))
        await tab.wait_for(f"{shown('#kill-label')} === 'Killed'")
        await tab.wait_for("document.querySelector('.latch').dataset.stage === 'cancelling'")
        assert len(world.kills) == 2


async def test_a_kill_that_nobody_answers_names_the_other_way_at_once_and_goes_on(
    tmp_path, monkeypatch
):
    """It is one request all the while, and is told as taken as soon as it is."""
    pull, answers = Brakes.kill, asyncio.Event()

    async def hang(brakes, *told):
        await answers.wait()
        return await pull(brakes, *told)

    async with opened(tmp_path) as (tab, world):
        monkeypatch.setattr(Brakes, "kill", hang)
        told = await fired(tab)
        assert told.startswith("No answer yet: use `ordo kill` in a terminal.")
        assert await tab.text("#kill-label") == "Killing…"

        answers.set()
        await tab.wait_for("document.querySelector('.latch')?.dataset.stage === 'cancelling'")
        await tab.wait_for("document.querySelector('#told').hidden")
        posts = [line for line in world.port.lines() if line.get("route") == "/api/kill"]
        assert len(posts) > 1
        assert len({line["request_id"] for line in posts}) == 1
        assert len(kill.standing(tmp_path)) == 1


async def test_a_kill_that_nobody_answers_to_the_end_is_told_as_in_doubt(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await tab.evaluate(
            "window.fetch = () => Promise.reject(new TypeError('nobody there')); undefined"
        )
        assert (await fired(tab)).startswith("No answer yet")
        await tab.wait_for(f"{shown('#told-text')}.startsWith('Nobody answered the kill')")
        assert "`ordo kill`" in await tab.text("#told-text")
        assert world.kills == []
