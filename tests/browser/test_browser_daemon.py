"""A day of the daemon itself, seen and stopped in a real browser: one process, nothing scripted."""

import signal
from contextlib import asynccontextmanager

import pytest

from tests.kit.browser import HOW, browsing, chromium
from tests.kit.daemon_process import before_the_entry

pytestmark = pytest.mark.skipif(chromium() is None, reason=HOW)
LATER_S = 60
"""What the market, a kill or a restart has to bring, on a machine that has much else to do."""

HELD = "[...document.querySelectorAll('.guard')].filter((leg) => leg.textContent === 'guarded')"
POSITIONS = (
    "fetch('/api/portfolio/snapshot')"
    ".then((answer) => answer.json()).then((seen) => seen.positions)"
)


def shown(selector):
    """The text of an element, as an expression for the page."""
    return f"document.querySelector({selector!r}).textContent"


def nearer_stop(premium):
    """The loss at which the preset straddle is left, in rupees: a quarter of it, or 6000."""
    return min(premium / 4, 6000)


@asynccontextmanager
async def day(folder):
    """The daemon shortly before its entry, and a browser; what that says fails the test.

    A socket that is cut by a kill -9 is told as a fault of the network; that is no fault here.
    """
    async with before_the_entry(folder) as daemon, browsing() as tab:
        yield daemon, tab
        assert [told for told in tab.told if not told.startswith("network:")] == []


async def linked(tab, state):
    await tab.wait_for(f"document.body.dataset.link === {state!r}", LATER_S)


async def two_legs_held(tab):
    return await tab.wait_for(f"{HELD}.length === 2", LATER_S)


@pytest.mark.timeout(240)
async def test_a_straddle_is_entered_guarded_locked_and_partly_left_before_ones_eyes(tmp_path):
    async with day(tmp_path) as (daemon, tab):
        await tab.navigate(await daemon.start(speed=120))
        await linked(tab, "live")
        assert await tab.evaluate("location.hash") == ""
        assert await tab.text("#mode-name") == "PAPER"

        await two_legs_held(tab)
        profit = await tab.text("#total-pnl")
        await tab.wait_for(f"{shown('#total-pnl')} !== {profit!r}")
        stops = "[...document.querySelectorAll('td[data-name=Stop]')].map((one) => one.innerText)"
        assert all(float(stop) > 0 for stop in await tab.evaluate(stops))
        premium = sum(position["sold_value"] for position in await tab.evaluate(POSITIONS))
        name, loss = (await tab.text(".ladder b")).split(" \u2212")
        assert name == "Stop"
        assert float(loss.replace(",", "")) == pytest.approx(nearer_stop(premium), abs=0.01)

        floor = await tab.wait_for(
            f"{shown('.ladder b')}.startsWith('Locked: floor +') && {shown('.ladder b')}", LATER_S
        )
        assert floor >= "Locked: floor +750.00"
        await tab.wait_for(f"{shown('.guard.flat')} === 'closed'", LATER_S)


@pytest.mark.timeout(240)
async def test_a_kill_held_on_the_page_flattens_and_outlives_the_page_and_the_daemon(tmp_path):
    async with day(tmp_path) as (daemon, tab):
        await tab.navigate(await daemon.start(speed=60))
        await two_legs_held(tab)

        at = await tab.press("#kill")
        await tab.wait_for("document.querySelector('.latch')?.dataset.stage === 'flat'", LATER_S)
        await tab.release(at)
        await tab.wait_for(f"{HELD}.length === 0")
        await tab.send("Page.reload")
        await killed(tab)

        await daemon.end(signal.SIGKILL)
        await linked(tab, "cut")
        assert "these are old figures" in await tab.text("#cut")
        await daemon.start(speed=60)
        await linked(tab, "live")
        assert await tab.evaluate("document.querySelector('#cut').hidden")
        await killed(tab)
        assert " is flat" in await tab.text("#lines")

        await tab.click(".rearm")
        await tab.click(".yes")
        await tab.wait_for(f"{shown('#kill-label')} === 'Hold to kill'")
        await tab.wait_for(f"{shown('#daemon')} === 'running'")
        assert await tab.evaluate("document.querySelector('.latch')") is None


async def killed(tab):
    """Wait until the page shows a kill that is through and still stands."""
    await tab.wait_for("document.querySelector('.latch')?.dataset.stage === 'flat'", LATER_S)
    await tab.wait_for(f"{shown('#kill-label')} === 'Killed'")
    await tab.wait_for(f"{shown('#daemon')} === 'halted'")
    positions = await tab.evaluate(POSITIONS)
    assert len(positions) == 2
    assert {position["quantity"] for position in positions} == {0}
