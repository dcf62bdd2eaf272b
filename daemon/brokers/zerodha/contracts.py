"""The contracts of the day at Zerodha: fetched once each morning, and looked up from then on.

What was fetched is kept on the disk, so a daemon that starts again has them at once. What a newer
file lacks of it, and has not expired, stays for what is held, and is not entered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

from daemon.brokers.zerodha import questions
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.earlier import Listing, fetched, kept, recalled
from daemon.brokers.zerodha.instruments import Listed, Master, objection_to_lot
from daemon.brokers.zerodha.wire import without
from daemon.domain.instants import SECOND_NS, day_of
from daemon.errors import (
    BrokerMisused,
    BrokerUnavailable,
    SessionRefused,
    SettingsError,
    WireGarbled,
)
from daemon.telemetry.redaction import Secret, printable

_AGAIN_NS = 60 * SECOND_NS
"""So long after a file that was not yet that of its day the next one is asked for."""
_PATIENCE_S = 5.0
"""So long anybody waits at a time for contracts without which nothing can be done."""
_NAMED = 3
"""So many of what is left out are named."""
_NONE = "the contracts of Zerodha are not there yet"
Find = Callable[[], tuple[str, int] | None]
"""Returns the file that was kept, and when it was fetched, or None, or raises SettingsError."""
Keep = Callable[[str, int], None]
"""Keeps a file that was fetched at an instant, or raises SettingsError."""


class Contracts:
    """What an account can trade.

    Attributes:
        on_fetched: is called once others than before are there.
        on_amiss: is told, in a sentence, why they did not come, could not be kept, what was kept is
            not used, or some of them are left out or missing.

    Args:
        find: looks for those that were kept; None: none ever are.
        keep: keeps them; None: nobody does.
    """

    def __init__(self, find: Find | None = None, keep: Keep | None = None) -> None:
        self._listing: Listing | None = None
        self._find, self._keep = find, keep
        self._recalling = asyncio.Lock()
        self._fetching: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._asked_ns: int | None = None
        self._came_ns: int | None = None
        self._is_taken = self._is_awaited = False
        self._told, self._left_out, self._lots = set[str](), set[str](), set[str]()
        self.on_fetched: Callable[[], None] | None = None
        self.on_amiss: Callable[[str], object] | None = None

    @property
    def _master(self) -> Master | None:
        return self._listing.master if self._listing else None

    def objection(self, now_ns: int) -> str:
        """Return why these are not the contracts of the present day; empty: they are."""
        return self._master.objection(day_of(now_ns)) if self._master else _NONE

    def of_symbol(self, symbol: str) -> Listed:
        """Return the contract that a symbol of ours stands for.

        Raises:
            BrokerMisused: there is none.
            WireGarbled: its line cannot be understood.
        """
        listed = self._master.of_symbol(symbol) if self._master else None
        if listed is None:
            raise BrokerMisused(f"Zerodha lists no {symbol}" if self._master else _NONE)
        return listed

    def objection_to_entry(self, listed: Listed, now_ns: int) -> str:
        """Return why one of these contracts is not to be entered; empty: it may be."""
        if self._listing and f"{listed.exchange}:{listed.name}" in self._listing.missing:
            return f"Zerodha lists no {listed.symbol} any more; what is held of it can be closed"
        return objection_to_lot(listed, day_of(now_ns))

    def find(self, symbol: str) -> Listed | None:
        """Return the contract that a symbol stands for; None: there is none that is understood."""
        try:
            return self.of_symbol(symbol)
        except (BrokerMisused, WireGarbled):
            return None

    def symbol_of(self, exchange: str, name: str) -> str:
        """Return our symbol of what the broker calls so; exchange and name where there is none."""
        return self._master.symbol_of(exchange, name) if self._master else f"{exchange}:{name}"

    def options(self, underlying: str, expiry: date) -> tuple[Listed, ...]:
        """Return all options of an underlying that expire on a day; without a file there are none.

        What is left out of them for what the file says of it is told once, and so are other lots
        than those of our tables: what has them is not entered. Nor is what the newest file lacks,
        so it is none of them.
        """
        if self._listing is None:
            return ()
        master, missing = self._listing.master, self._listing.missing
        found, left_out = master.options(underlying, expiry)
        found = tuple(each for each in found if f"{each.exchange}:{each.name}" not in missing)
        if fresh := [name for name in left_out if name not in self._left_out]:
            self._left_out.update(fresh)
            names = printable(", ".join(fresh[:_NAMED]))
            self._tell(
                f"{len(fresh):,} of the options of {underlying} that expire on {expiry} are left "
                "out, for Zerodha's file of contracts cannot be understood there, or does not say "
                f"what their names do: {names}"
            )
        day = day_of(master.fetched_ns)
        amiss = next(filter(None, (objection_to_lot(each, day) for each in found)), "")
        if amiss and amiss not in self._lots:
            self._lots.add(amiss)
            self._tell(amiss)
        return found

    async def keep_up(self, client: Client, now_ns: int, within_s: float) -> None:
        """Fetch the contracts where they are due; where they do not come, go on with earlier ones.

        Those are the ones that were fetched before, in this run or an earlier one. What is held was
        listed then. So it can be read and closed by those; what cannot be told by them bears the
        broker's name, and nothing is entered. Those of an earlier run that are of the present day
        serve at once, and the broker's file is looked for once more behind them.

        Who gives up waiting ends nothing: the file is large, and the next who asks finds it.

        Args:
            client: asks for them.
            now_ns: market time.
            within_s: where there are earlier ones, whoever asks first waits so long for each file.

        Raises:
            BrokerError: there are none at all.
        """
        async with self._recalling:
            await self._recall(now_ns)
        if self._is_due(client, now_ns):
            self._begin_to_fetch(client, now_ns)
        fetching = self._fetching
        if fetching is None or not self.objection(now_ns):
            return
        if self._master is None:
            await _in_time(fetching)
        elif self._is_awaited:
            self._is_awaited = False
            await asyncio.wait({fetching}, timeout=within_s)

    async def close(self) -> None:
        """Fetch no further, and see what came kept."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})
        if self._keeping is not None:
            await asyncio.wait({self._keeping})

    def _is_due(self, client: Client, now_ns: int) -> bool:
        """Say whether the broker is to be asked for his file."""
        if self._fetching is not None and not self._fetching.done():
            return False
        if self._master is None:
            return True
        objection = self.objection(now_ns)
        if client.session is None or (self._is_taken and not objection):
            return False
        since_ns = self._came_ns if objection else self._asked_ns
        return since_ns is None or now_ns - since_ns >= _AGAIN_NS

    def _begin_to_fetch(self, client: Client, now_ns: int) -> None:
        fetching = self._fetch(client, now_ns)
        secrets = client.session.secrets if client.session else ()
        self._asked_ns, self._is_awaited = now_ns, True
        self._fetching = asyncio.get_running_loop().create_task(fetching, name="contracts")
        self._fetching.add_done_callback(partial(self._fetched, secrets))

    async def _recall(self, now_ns: int) -> None:
        """Take up the contracts that were kept, once, where there are none."""
        if self._find is None:
            return
        try:
            held = await asyncio.to_thread(self._find) if self._listing is None else None
            if held is not None and held[1] <= now_ns:  # of a clock that went back no day is known
                self._use(await asyncio.to_thread(recalled, *held))
        except (SettingsError, WireGarbled) as error:
            self._tell(f"{error}; the contracts of the broker are waited for")
        self._find = None  # not before: whoever is called off meanwhile leaves it to the next

    async def _fetch(self, client: Client, now_ns: int) -> None:
        text = await client.read(questions.contracts())
        self._came_ns = now_ns
        before = self._listing
        listing = await asyncio.to_thread(fetched, text, now_ns, before)
        self._is_taken = True
        self._use(listing)
        if fresh := listing.fresh(before):
            self._tell(
                f"Zerodha's file of contracts of {day_of(now_ns)} lacks futures and options that "
                f"have not expired, {len(fresh):,} in all; what is held of them can be closed, and "
                f"they are not entered: {printable(', '.join(fresh[:_NAMED]))}"
            )
        if self._keep is not None:  # nobody who waits for contracts waits for the disk
            keeping = asyncio.to_thread(self._keep, kept(text, listing), now_ns)
            self._keeping = asyncio.get_running_loop().create_task(keeping, name="contract file")
            self._keeping.add_done_callback(self._kept)

    def _fetched(self, secrets: Iterable[Secret], fetching: asyncio.Task[None]) -> None:
        """Tell why nothing came, each reason once until something does.

        Whoever asks next meets the next try; that there is no session its keeper tells.
        """
        error = None if fetching.cancelled() else fetching.exception()
        if error is None:
            self._told.clear()
            return
        text = printable(without(str(error), secrets))
        if not isinstance(error, SessionRefused) and text not in self._told:
            self._told.add(text)
            self._tell(f"the contracts of Zerodha have not come: {text}; they are asked for again")

    def _kept(self, keeping: asyncio.Task[None]) -> None:
        """Tell of what could not be kept."""
        if keeping.cancelled():
            return
        try:
            keeping.result()
        except SettingsError as error:
            self._tell(f"{error}; the next start waits for the contracts of the broker")

    def _tell(self, sentence: str) -> None:
        if self.on_amiss is not None:
            self.on_amiss(sentence)

    def _use(self, listing: Listing) -> None:
        """Go by these from now on."""
        self._listing = listing
        if self.on_fetched is not None:
            self.on_fetched()


async def _in_time(fetching: asyncio.Task[None]) -> None:
    """Wait for a file that nothing stands in for; whoever is long in waiting is told for what.

    Raises:
        BrokerError: it did not come, or not yet.
    """
    done, _ = await asyncio.wait({fetching}, timeout=_PATIENCE_S)
    if not done:
        raise BrokerUnavailable(
            f"Zerodha's file of contracts has not come within {_PATIENCE_S:.0f} s; it is waited "
            "for, and nothing can be read or ordered there before it has come"
        )
    fetching.result()
