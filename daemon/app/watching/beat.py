"""The beat of a running daemon: it lives while its watchdogs hear the feed and the routers answer.

Once a second the feed and every router are told a `Pulse`, once the driver has caught up; each
watchdog that has heard both of its own shows `Alive`, and all of them together make one beat. So a
hung or lost feed, router or watchdog, a driver that is stuck and a loop that is blocked each stop
the beat by themselves. Silence is counted in looks, not on a clock: who is not run at all, because
the machine sleeps or the process was stopped, is not taken for one that hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from daemon.messages import Alive, FreeEntries, HeldBy, HoldEntries, Pulse
from daemon.runtime.words import Lane

LOOK_S = 0.25
_LOOKS_IN_A_PULSE = 4
_LOOKS_UNTIL_HELD = 8
_FRESH = 1
"""The newest pulse counts, and the one before it: its answer may still be on the way."""
FEED = "feed"
SILENT = "the risk watchdog gives no beat: the feed, the router or itself does not answer"


class Beat:
    """Asks for the beat, counts it, and holds entries while it is silent.

    Args:
        tell: brings a message to an actor.
        caught_up: waits until nobody is behind; where market time flows on, for nothing.
        routers: the addresses of all routers; each has a watchdog.
        beaten: is called once for each beat.

    Attributes:
        count: beats so far; another thread may read it.
    """

    def __init__(
        self,
        tell: Callable[[str, Any, Lane], object],
        caught_up: Callable[[], Coroutine[Any, Any, None]],
        routers: Sequence[str],
        beaten: Callable[[], None],
    ) -> None:
        self.count = 0
        self._tell = tell
        self._caught_up = caught_up
        self._routers = tuple(routers)
        self._beaten = beaten
        self._number = 0
        self._alive: dict[int, set[str]] = {}
        self._silent = self._seen = 0
        self._held = False

    def shown(self, view: object) -> bool:
        """Take what an actor shows; return whether it was a sign of life."""
        if not isinstance(view, Alive):
            return False
        alive = self._alive.get(view.number)
        if alive is not None:
            alive.add(view.router)
            if alive.issuperset(self._routers):
                self._alive = {n: who for n, who in self._alive.items() if n > view.number}
                self.count += 1
                self._beaten()
        return True

    async def keep(self) -> None:
        """Ask for the beat and look after it, for ever.

        Raises:
            OrdoError: what ended the tree of actors.
        """
        looks, pulsing = 0, self._begin_pulse()
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                looks += 1
                self.look()
                if looks % _LOOKS_IN_A_PULSE == 0 and pulsing.done():
                    pulsing.result()
                    pulsing = self._begin_pulse()
        finally:
            pulsing.cancel()
            await asyncio.wait({pulsing})

    async def pulse(self) -> None:
        """Tell one pulse, once the driver has caught up."""
        await self._caught_up()
        self._number += 1
        fresh = {n: who for n, who in self._alive.items() if n >= self._number - _FRESH}
        self._alive = {**fresh, self._number: set()}
        for who in (FEED, *self._routers):
            self._tell(who, Pulse(self._number, who), Lane.FACTS)

    def look(self) -> None:
        """Hold entries once too many looks in a row found no beat; let go with the next one."""
        self._silent = 0 if self.count != self._seen else self._silent + 1
        self._seen = self.count
        silent = self._silent >= _LOOKS_UNTIL_HELD
        if silent and not self._held:
            self._tell_routers(HoldEntries(HeldBy.BEAT, SILENT))
        elif self._held and not silent:
            self._tell_routers(FreeEntries(HeldBy.BEAT))
        self._held = silent

    def _begin_pulse(self) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self.pulse(), name="pulse")

    def _tell_routers(self, message: HoldEntries | FreeEntries) -> None:
        for router in self._routers:
            self._tell(router, message, Lane.CONTROL)
