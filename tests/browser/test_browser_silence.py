"""The page in a real browser while the daemon answers only some of what it is asked."""

import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.domain.market.notes import NoteKind
from daemon.messages import Declined, Noted, SeeAccount, SeeAlerts, SeeKill
from tests.kit.browser import HOW, chromium
from tests.kit.page_world import World, hold, opened, shown
from tests.kit.seen import ALERT

pytestmark = pytest.mark.skipif(chromium() is None, reason=HOW)


async def test_a_status_that_is_not_answered_is_said_and_hides_neither_alerts_nor_a_kill(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await tab.wait_for(f"{shown('#daemon')} === 'running'")
        world.port.actors.answers.pop(SeeAccount)  # the router of an account answers nobody
        world.alerts = (ALERT,)
        await tab.wait_for(f"{shown('#alerts h3')} === 'ALERT, level 2'", 5)
        await tab.wait_for(f"{shown('#daemon')} === 'unknown'")
        assert "does not say how it stands" in await tab.text("#unheard")
        assert await tab.evaluate("document.body.dataset.link") == "live"

        await hold(tab)
        await tab.wait_for("document.querySelector('.latch.killed[data-stage=cancelling]')", 5)
        assert await tab.text("#kill-label") == "Killed"

        world.port.actors.answers.update(world.answers)
        await tab.wait_for(f"{shown('#daemon')} === 'halted'")
        await tab.wait_for("document.querySelector('#unheard').hidden")
        assert "by operator" in await tab.text("#latches .why")
        assert await tab.evaluate("document.querySelectorAll('#latches .latch').length") == 1


async def test_an_accepted_kill_is_shown_by_its_id_though_nothing_more_is_answered(tmp_path):
    async with opened(tmp_path) as (tab, world):
        for about in (SeeAccount, SeeKill):
            world.port.actors.answers.pop(about)
        await hold(tab)
        await tab.wait_for("document.querySelector('.latch .said')?.textContent", 5)
        (latch,) = kill.standing(tmp_path)
        assert f"Accepted as {latch.latch_id}" in await tab.text(".latch .said")
        await tab.wait_for("document.querySelector('.latch').dataset.stage === 'unknown'")
        said = await tab.text(".latch .said")
        assert latch.latch_id in said
        assert "is not answered: router:paper has not answered within 5 s" in said
        assert await tab.text("#kill-label") == "Killed"


async def test_a_kill_that_no_account_of_this_run_knows_is_said_so_and_hides_no_alert(tmp_path):
    """It stands for an account that has left the settings since."""
    world = World()
    world.alerts = (ALERT,)
    kill.pull(tmp_path, kill.Latch("kill-old", "kill", "account", "gone", "", "ann", 0))
    answers = {**world.answers, SeeKill: lambda about: Declined("unknown_kill", about.latch_id)}
    async with opened(tmp_path, world) as (tab, _):
        world.port.actors.answers = answers
        await tab.wait_for("document.querySelector('.latch.killed[data-stage=unknown]')")
        said = await tab.text("#latches .said")
        assert "No account of this run knows of kill-old" in said
        await tab.wait_for(f"{shown('#alerts h3')} === 'ALERT, level 2'")
        assert await tab.text("#daemon") == "halted"


async def test_alerts_that_are_not_answered_are_said_and_the_rest_goes_on(tmp_path):
    async with opened(tmp_path) as (tab, world):
        world.port.actors.answers.pop(SeeAlerts)
        await tab.wait_for("document.querySelector('#unheard').textContent.includes('its alerts')")
        assert await tab.text("#daemon") == "running"


async def test_figures_that_are_seconds_behind_are_old_and_a_new_connection_brings_new_ones(
    tmp_path,
):
    """They keep coming, out of a queue that a slow line has; what a clock is set to is all one."""
    async with opened(tmp_path) as (tab, world):
        await tab.evaluate("{ const real = Date.now; Date.now = () => real() - 7_200_000; }")
        world.mute = True
        await world.streams.close()
        await tab.wait_for("document.body.dataset.link === 'cut'")
        world.mute = False
        await tab.wait_for("document.body.dataset.link === 'live'")
        await tab.evaluate("new Promise((done) => setTimeout(done, 1500))")
        assert await tab.evaluate("document.body.dataset.link") == "live"

        world.shut = True
        world.slow_s = 20
        await tab.wait_for("document.body.dataset.link === 'cut'")
        assert await tab.text("#cut-what") == "Disconnected: these are old figures"
        seconds, _, told = (await tab.text("#cut-since")).partition(" ")
        assert (int(seconds) >= 19, told) == (True, "s behind")
        assert await tab.evaluate("document.title") == "Disconnected · Ordo"
        world.slow_s = 0
        world.mend()
        await tab.wait_for("document.body.dataset.link === 'live'")


async def test_a_clock_that_is_put_back_makes_no_silence_shorter_and_puts_nothing_off(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await tab.wait_for(f"{shown('#daemon')} === 'running'")
        await tab.evaluate("{ const real = Date.now; Date.now = () => real() - 600_000; }")
        await tab.evaluate("new Promise((done) => setTimeout(done, 1500))")
        assert await tab.evaluate("document.body.dataset.link") == "live"

        world.mute = True
        world.port.actors.answers.pop(SeeAccount)
        await tab.wait_for("document.body.dataset.link === 'cut'", 6)
        assert "last seen" in await tab.text("#cut-since")
        await tab.wait_for(f"{shown('#daemon')} === 'unknown'")


async def test_a_clock_that_stands_still_while_the_machine_sleeps_hides_no_silence(tmp_path):
    """That of the page may; the clock on the wall has gone on."""
    async with opened(tmp_path) as (tab, world):
        world.mute = True
        await tab.evaluate(
            "performance.now = () => 0;{ const real = Date.now; Date.now = () => real() + 60_000; }"
        )
        await tab.wait_for("document.body.dataset.link === 'cut'", 6)
        seconds = (await tab.text("#cut-since")).removeprefix("last seen ").partition(" ")[0]
        assert int(seconds) >= 59


async def test_no_time_is_made_by_how_the_clocks_are_rounded_however_often_they_are_asked(tmp_path):
    """What is added a little too much each time would after minutes be taken for a slow line."""
    asked = """(async () => {
      const { now } = await import("/clock.js");
      let page = performance.now();
      const apart = Date.now() - page;
      performance.now = () => page;
      Date.now = () => Math.round(page + apart);
      const from = now();
      for (let asked = 0; asked < 1000; asked += 1) { page += 0.7; now(); }
      return now() - from;
    })()"""
    async with opened(tmp_path) as (tab, _):
        assert await tab.evaluate(asked) == pytest.approx(700, abs=1)


async def test_events_whose_line_is_dead_are_said_to_be_and_are_brought_anew(tmp_path):
    """Nobody ends the connection: it brings nothing any more, while that of the figures lives."""
    lines, deaf = shown("#lines"), "document.querySelector('#deaf').hidden"
    async with opened(tmp_path) as (tab, world):
        await tab.wait_for(f"{lines} === 'Nothing has been recorded yet.' && {deaf}")
        await tab.evaluate("new Promise((done) => setTimeout(done, 7000))")
        assert await tab.evaluate(deaf), "it is told that nothing was recorded"

        world.shut = True
        world.hub.events.watchers.clear()
        world.hub.record([Noted(NoteKind.STALE, "a feed is silent", 0)])
        await tab.wait_for(f"!{deaf}")
        assert (await tab.text("#deaf")).startswith("Not connected")
        assert await tab.evaluate("document.body.dataset.link") == "live"
        world.mend()
        await tab.wait_for(f"{lines}.includes('a feed is silent') && {deaf}")


async def test_the_title_of_the_tab_says_whose_money_it_is_and_never_an_old_profit(tmp_path):
    async with opened(tmp_path) as (tab, world):
        await tab.wait_for("document.title === 'PAPER · +776.25 · Ordo'")
        await tab.evaluate(
            "window.titles = new Set(); window.looking = "
            "setInterval(() => titles.add(document.title), 10); undefined"
        )
        await tab.evaluate("new Promise((done) => setTimeout(done, 3000))")
        assert await tab.evaluate("[...titles]") == ["PAPER · +776.25 · Ordo"]

        world.risk = replace(world.risk, link_alive=False)
        await tab.wait_for("document.title === 'PAPER · Ordo'")
        world.risk = replace(world.risk, link_alive=True)
        await tab.wait_for("document.title === 'PAPER · +776.25 · Ordo'")
        await world.cut()
        await tab.wait_for("document.title === 'Disconnected · Ordo'")
        world.mend()
        await tab.wait_for("document.title === 'PAPER · +776.25 · Ordo'")
        await tab.evaluate("fetch('/api/logout', { method: 'POST' }).then(() => true)")
        await world.streams.close()
        await tab.wait_for("document.title === 'Logged out · Ordo'")


async def test_a_page_that_stands_open_while_the_daemon_is_renewed_says_so_and_is_loaded_anew(
    tmp_path,
):
    async with opened(tmp_path) as (tab, world):
        await tab.wait_for(f"{shown('#daemon')} === 'running'")
        assert await tab.evaluate("document.querySelector('#renewed').hidden")
        world.page.renew()
        await world.cut()
        world.mend()
        await tab.wait_for("!document.querySelector('#renewed').hidden")
        world.page.loaded.clear()
        await tab.click("#renewed-load")
        await world.page.loaded.wait()
        await tab.wait_for("document.body.dataset.link === 'live'")
        await tab.wait_for(f"{shown('#daemon')} === 'running'")
        assert await tab.evaluate("document.querySelector('#renewed').hidden")
