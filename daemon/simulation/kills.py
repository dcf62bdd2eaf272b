"""Kills: somebody pulls one, and perhaps another while it is under way, and may release it again.

He does as the page and the commands do: the latch first, then whoever is there is told. A kill of
what is being killed already is the same latch once more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from daemon import kill
from daemon.control.brakes import as_latched
from daemon.domain.instants import SECOND_NS
from daemon.messages import PullLatch, ReleaseLatch
from daemon.simulation.scenario import Scenario, account
from daemon.simulation.timeline import Timeline

_AGAIN_NS = (0, 30 * SECOND_NS)
"""How long after a kill another one is pulled: while it closes, or while it is proven flat."""
_RELEASED_NS = (0, 8 * SECOND_NS)
"""How long after a kill it is released: while it closes, more often than not."""
_BY = "drill"


class Kills:
    """The kills of one run.

    Args:
        timeline: virtual time.
        folder: of the latches.
        scenario: what is played.
        tell: brings a message to whoever is there; is told what happened as well.

    Attributes:
        pulled: is called with each kill that is pulled, once whoever lives was told.
        standing: those that stand, in their order.
        count: how often one was pulled.
    """

    def __init__(
        self,
        timeline: Timeline,
        folder: Path,
        scenario: Scenario,
        tell: Callable[[str, PullLatch | ReleaseLatch], None],
    ) -> None:
        self._timeline = timeline
        self._folder = folder
        self._first = scenario.plans[0].id
        self._at = scenario.kill_at(timeline.dice)
        self._tell = tell
        self.pulled: Callable[[kill.Latch], None] = lambda _: None
        self.standing: tuple[kill.Latch, ...] = ()
        self.count = 0

    def look(self, steps: int) -> None:
        """Pull the first one where its step is next, and choose what becomes of it."""
        if steps != self._at:
            return
        self._at, dice = -1, self._timeline.dice
        self._pull(one=dice.below(3, "kill one") == 0)
        if dice.below(2, "kill again") == 0:
            again = partial(self._pull, one=dice.below(2, "kill again one") == 0)
            self._timeline.after(dice.between(*_AGAIN_NS, "kill again at"), again)
        if dice.below(3, "kill released") == 0:
            latch_id = self.standing[0].latch_id
            released_ns = dice.between(*_RELEASED_NS, "kill released at")
            self._timeline.after(released_ns, partial(self._release, latch_id))

    def cover(self, strategy_id: str) -> bool:
        """Say whether one stands that closes a strategy."""
        return any(each.covers(account().id, strategy_id) for each in self.standing)

    def _pull(self, *, one: bool) -> None:
        self.count += 1
        now_ns = self._timeline.now_ns()
        scope, name = (kill.STRATEGY, self._first) if one else (kill.ALL, "")
        latch = next((each for each in self.standing if each.scope == scope), None)
        if latch is None:
            latch_id = f"kill-{self.count}"
            latch = kill.Latch(latch_id, kill.KILL, scope, name, _BY, _BY, now_ns)
            self.standing = (*self.standing, latch)
            kill.pull(self._folder, latch)
        self._tell(f"kill {scope}", PullLatch(as_latched(latch, now_ns)))
        self.pulled(latch)

    def _release(self, latch_id: str) -> None:
        self.standing = tuple(each for each in self.standing if each.latch_id != latch_id)
        kill.release(self._folder, latch_id)
        self._tell(f"release {latch_id}", ReleaseLatch(latch_id, _BY))
