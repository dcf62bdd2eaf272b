"""A kill on the page in a real browser: what becomes of it, and what is said if it goes wrong."""

import pytest

from daemon.messages import Stage
from tests.kit.browser import HOW, chromium
from tests.kit.page_world import hold, opened

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
