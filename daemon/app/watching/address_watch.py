"""The address that orders leave from, watched while the daemon runs.

It can change during a day: a line is dialled anew, a route falls back. The broker takes nothing
then, exits neither; what can be done is to enter no further, and to tell a person at once. So the
accounts of that broker are disarmed, and armed again by a person once it is mended, for an arm asks
for the address as well. Where nobody says which address it is, arms stay: the broker is still the
one who refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from daemon.app.given.assignment import Assignment
from daemon.control import Control, Refusal
from daemon.errors.catalogue import entry_of
from daemon.jobs.preflight.egress import WRONG, faults

EVERY_S: Final = 60


class AddressWatch:
    """Watches for one daemon; on paper, and at a stand-in, there is nothing to watch.

    Args:
        given: what it runs.
        control: disarms.
        say: tells people something.
    """

    def __init__(self, given: Assignment, control: Control, say: Callable[[str], None]) -> None:
        self._settings = given.settings
        self._brokers = {each.id: each.broker for each in given.accounts}
        self._control = control
        self._say = say
        self._told: dict[str, str] = {}

    async def keep(self) -> None:
        """Look from time to time, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look once; tell what is new, and disarm where orders would be refused."""
        found = dict(await faults(self._settings))
        told = {broker: f"{error}; {entry_of(error.code).mend}" for broker, error in found.items()}
        for broker in told.keys() | self._told.keys():
            if broker not in told:
                self._say(f"orders leave from the address that {broker} knows again")
            elif told[broker] != self._told.get(broker):
                self._say(f"ALERT {told[broker]}")
        self._told = told
        wrong = {broker: str(error) for broker, error in found.items() if error.code == WRONG}
        try:
            await self._disarm(wrong)
        except Refusal as refused:
            self._say(f"ALERT {refused}")

    async def _disarm(self, wrong: dict[str, str]) -> None:
        """Disarm what is armed at brokers that would refuse its orders."""
        for account in await self._armed() if wrong else ():
            because = wrong.get(self._brokers[account])
            if because:
                await self._control.arming.disarm(account, because, "ordo")

    async def _armed(self) -> Iterable[str]:
        accounts = await self._control.reads.accounts()
        return [each.account for each in accounts if each.armed is not None]
