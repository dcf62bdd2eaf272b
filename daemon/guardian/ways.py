"""The ways to accounts at brokers, each by the session that its daemon kept.

The guardian never logs in: a log-in ends the session before it, which is the daemon's, and that may
be back any moment. So it takes up what lies in the vault, and where that does not stand it says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from daemon.brokers.door import Door
from daemon.brokers.zerodha.stand_in import StandInClock
from daemon.domain.market.polled import Stamped
from daemon.domain.orders.arming import PAPER
from daemon.errors import BrokerMisused, BrokerUnavailable, SessionRefused, SettingsError
from daemon.guardian.at_zerodha import at_zerodha
from daemon.guardian.world import unlatched
from daemon.messages import LoggedIn
from daemon.ports.broker import Broker
from daemon.runtime.clock import Clock, MonotonicClock, WallClock
from daemon.runtime.forward import Forward
from daemon.settings import Account, Settings
from daemon.storage.vault import Vault

_PATIENCE_S = 20.0
"""So long a session may take to be taken up; the file of contracts comes with it, and goes on."""


class Live(Broker, Protocol):
    """A broker that money is traded at."""

    async def quotes(self, symbols: Iterable[str]) -> Mapping[str, Stamped]:
        """Ask for the newest quotes."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


Refused = Callable[[int], None]
"""Is told of a session that the broker refuses."""
Opener = Callable[[Settings, Account, Vault, Callable[[], int], Refused], Live]
OPENERS: Mapping[str, Opener] = {"zerodha": at_zerodha}
"""By the canonical id of the broker."""


class Way:
    """The way to one account.

    Args:
        settings: everything that was set.
        account: which.
        vault: keeps its session.
        now_ns: tells market time.

    Attributes:
        account: its id.
        broker: behind the door.
        door: the last line before it.
        stands: there is a session, as far as is known.
    """

    def __init__(
        self, settings: Settings, account: Account, vault: Vault, now_ns: Callable[[], int]
    ) -> None:
        self.account = account.id
        self.stands = False
        opener, terms = OPENERS[account.broker], settings.brokers[account.broker]
        self.broker = opener(settings, account, vault, now_ns, self._refused)
        self.door = Door(self.broker, now_ns, unlatched, terms.timeout_ms)
        self._vault = vault
        self._in_vain: tuple[object, str] | None = None

    async def take_up(self) -> None:
        """Use the session that is kept, unless one is used already.

        What was found not to stand is not tried again before the vault holds something else.

        Raises:
            SessionRefused: there is none that stands, and what a person may do.
            BrokerError: that could not be found out.
        """
        if self.stands:
            return
        kept = written(self._vault)
        if self._in_vain is not None and self._in_vain[0] == kept:
            raise SessionRefused(self._in_vain[1])
        try:
            async with asyncio.timeout(_PATIENCE_S):
                (told,) = await self.broker.log_in(0)
        except BrokerMisused as error:  # there is no key to the vault, or nothing in it
            raise SessionRefused(self._shut_out(str(error))) from error
        except TimeoutError as error:
            sentence = f"the broker of {self.account} gave no answer within {_PATIENCE_S:.0f} s"
            raise BrokerUnavailable(sentence) from error
        if not isinstance(told, LoggedIn):
            sentence = self._shut_out(told.because)
            self._in_vain = kept, sentence
            raise SessionRefused(sentence)
        self.stands = True

    def _refused(self, generation: int) -> None:  # noqa: ARG002  there is one
        self.stands = False

    def _shut_out(self, why: str) -> str:
        return (
            f"the guardian has no session of {self.account} at its broker ({why}), so it can "
            "neither see nor close what is open there, and it never logs in itself: look at the "
            "broker's own page and close there, or start the daemon and log in, `ordo run` and "
            f"`ordo login {self.account}`"
        )


class Ways:
    """The ways to all accounts at brokers; opened when one is needed.

    Args:
        settings: everything that was set.
        vault: keeps their sessions.

    Attributes:
        vault: keeps their sessions.

    Raises:
        SettingsError: there is no way for a guardian to one of their brokers.
    """

    def __init__(self, settings: Settings, vault: Vault) -> None:
        self._settings = settings
        self.vault = vault
        self._accounts = at_brokers(settings)
        for each in self._accounts:
            if each.broker not in OPENERS:
                raise SettingsError(f"{each.id}: no guardian can close at {each.broker} yet")
        self._clock: Forward | None = None
        self._ways: tuple[Way, ...] = ()

    def all(self) -> Sequence[Way]:
        """Return the ways, to whoever begins to look or to close: by the clock as it is now.

        Within one look, or while something is closed, time never goes back; between two of them it
        may, where the machine's clock was wrong. Else a market would seem closed for hours.

        Raises:
            BrokerUnavailable: a stand-in for a broker does not say what time it is.
        """
        if self._clock is None:
            self._clock = Forward(self._source(), MonotonicClock())
            self._ways = tuple(
                Way(self._settings, each, self.vault, self._clock.now_ns) for each in self._accounts
            )
        self._clock.begin_anew()
        return self._ways

    def now_ns(self) -> int:
        """Return market time; the ways were opened before."""
        assert self._clock is not None, "nobody asks for the time before the ways"
        return self._clock.now_ns()

    async def close(self) -> None:
        """Let go of them all, until they are needed again."""
        ways, clock = self._ways, self._clock
        self._ways, self._clock = (), None
        for way in ways:
            await way.broker.close()
        if clock is not None and isinstance(clock.source, StandInClock):
            clock.source.close()

    def _source(self) -> Clock:
        roots = (self._settings.brokers[each.broker].api_root for each in self._accounts)
        root = next(filter(None, roots), None)
        return StandInClock(root) if root else WallClock()


def written(vault: Vault) -> object:
    """Return what changes whenever a vault does; None where there is none."""
    try:
        found = vault.path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def at_brokers(settings: Settings) -> tuple[Account, ...]:
    """Return the accounts that money is traded in."""
    return tuple(each for each in settings.accounts if each.broker != PAPER)
