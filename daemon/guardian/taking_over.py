"""Taking over: latch, fence, end the daemon, hold its folder, close everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from daemon import kill
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.words import State
from daemon.errors import OrdoError, StoreError
from daemon.guardian.closer import Closer
from daemon.guardian.ending import end
from daemon.guardian.known import Known
from daemon.guardian.live_world import reached
from daemon.guardian.orders import is_ordered
from daemon.guardian.paper_world import entered
from daemon.guardian.telling import Teller
from daemon.guardian.ways import Ways
from daemon.guardian.witness import Round, Terms
from daemon.guardian.world import World
from daemon.messages import AccountRead, AccountUnread, ReadAccount
from daemon.messages.cells import Cell, home_of
from daemon.messages.strays import strays
from daemon.runtime.telling import telling
from daemon.runtime.words import Origin
from daemon.settings import Account, Settings, ladder, limits, windows
from daemon.storage import fence
from daemon.storage.emergency import GuardedLedger
from daemon.storage.exclusive import GUARDIAN, Holder, exclusively, is_held
from daemon.storage.ledger import StoredLedger
from daemon.storage.left_behind import EMERGENCY
from daemon.storage.patience import Patience
from daemon.storage.stores import store_of
from daemon.storage.verified import Verified

BY: Final = "guardian"
_LATCH: Final = f"kill-{BY}-"
_ORIGIN = Origin(BY, 0, 0)


class Desk(Struct):
    """One account at work; flat once its book has shown that twice.

    Attributes:
        cell: the account.
        closer: closes it.
        flat: its last round has shown it so, and none is under way.
        left: what was left of it after its last round.
    """

    cell: Cell
    closer: Closer
    flat: bool = False
    left: list[str] = []


def latch(state_dir: Path, because: str) -> str:
    """Latch a kill of everything, unless one of a guardian's stands; return why it does not.

    The instant of the market is not known, so the first name that is free tells it from others.
    """
    taken = {each.latch_id for each in kill.standing(state_dir)}
    if any(is_ours(each) for each in kill.standing(state_dir)):
        return ""
    number = next(n for n in range(1, len(taken) + 2) if f"{_LATCH}{n}" not in taken)
    pulled = kill.Latch(f"{_LATCH}{number}", kill.KILL, kill.ALL, "", because, BY, 0)
    try:
        kill.pull(state_dir, pulled)
    except kill.LatchUnwritten as error:
        return str(error)
    return ""


def is_ours(latched: kill.Latch) -> bool:
    """Say whether a guardian pulled it; who bears its name, and pulls another, is none."""
    is_whole = latched.kind == kill.KILL and latched.scope == kill.ALL
    return is_whole and latched.by == BY and latched.latch_id.startswith(_LATCH)


class Takeover:
    """One taking over.

    Args:
        settings: everything that was set.
        teller: tells people.
        ways: to the accounts at brokers, which then are closed alone; None: all are on paper.
        known: who was seen to have the folder.
    """

    def __init__(
        self,
        settings: Settings,
        teller: Teller,
        ways: Ways | None = None,
        known: Known | None = None,
    ) -> None:
        self._settings = settings
        self._state_dir = settings.daemon.state_dir
        self._teller = teller
        self._ways = ways
        self._known = known or Known(self._state_dir)

    async def run(self, because: str, *, ends: bool = True) -> bool:
        """Do all of it; return whether the broker's books have shown all flat, each twice.

        Args:
            because: for the latch, and for people.
            ends: a daemon that holds the folder is ended; otherwise one that has begun just now is
                left alone, and so is everything else.

        Raises:
            OrdoError: it cannot go on now, and is to be tried again.
            OSError: the same, for the system refused.
        """
        holder = self._holder()
        if holder is not None and not ends:
            begun = f"the {holder.what} with process id {holder.pid} has begun just now"
            raise OrdoError(f"{begun}, and is left alone", "already_running")
        self._latch(because)
        self._teller.say_once("takes over", f"takes over: {because}")
        if ends:
            self._end_daemon(because)
        with exclusively(self._state_dir, GUARDIAN), self._records() as (ledger, reached_ns):
            flat = await self._close(ledger, reached_ns)
            self._latch(because)  # where the disk refused it before
            return flat

    def _latch(self, because: str) -> None:
        unwritten = latch(self._state_dir, because)
        if unwritten:
            unwritten = f"no latch stands, and what is done goes on: {unwritten}"
        self._teller.once("latch", unwritten)

    def _end_daemon(self, because: str) -> None:
        """Let nothing of the daemon's leave any more, and end it."""
        holder = self._holder()
        if holder is None:
            return
        try:
            fence.put_up(self._state_dir, because)
        except OSError as error:
            self._teller.once("fence", f"no fence stands before it: {error.strerror}")
        if not end(holder):
            raise OrdoError(
                f"the {holder.what} with process id {holder.pid} cannot be ended from here; end it "
                "by hand: until then nothing leaves, neither its orders nor the guardian's",
                "already_running",
            )
        self._teller.say(f"the {holder.what} with process id {holder.pid} is ended")

    def _holder(self) -> Holder | None:
        """Return who lives and holds the folder.

        Before the machine started again, its number and instant may have been another's: who does
        not hold the folder is left alone.
        """
        holder = self._known.holder()
        is_there = holder is not None and holder.is_alive() and is_held(self._state_dir)
        return holder if is_there else None

    @contextmanager
    def _records(self) -> Iterator[tuple[GuardedLedger, int]]:
        """Open the ledger, what an emergency left behind first, and see how far it has come."""
        store = store_of(self._settings, self._state_dir)
        inner = StoredLedger(store, self._settings.accounts[0].owner)
        try:
            patience = Patience(self._settings.ledger.flush_ms / 1_000)
            guarded = GuardedLedger(inner, self._state_dir / EMERGENCY, self._teller.say, patience)
        except StoreError:
            inner.close()  # it is tried again and again
            raise
        with closing(guarded) as ledger:
            amiss = Verified(self._state_dir).require_whole(store, self._teller.lives)
            for sentence in (*amiss, *ledger.recover()):
                self._teller.say(sentence)
            yield ledger, inner.stored.reached_ns()

    async def _close(self, ledger: GuardedLedger, recorded_ns: int) -> bool:
        settings, facts = self._settings, tuple(telling(ledger.facts(), self._teller.lives))
        home = home_of(facts, settings.accounts[0].id)
        cells = [Cell(each.id, "" if each.id == home else each.id) for each in settings.accounts]
        astray = strays(facts, settings.accounts)
        async with self._world(cells, recorded_ns) as world:
            ids = IntentIds(ledger.begin_epoch(world.now_ns()))
            desks = [
                Desk(cell, Closer(self._terms(account, cell), ids, tuple(cell.facts(facts))))
                for account, cell in zip(settings.accounts, cells, strict=True)
                if account.id in world.doors and account.id not in astray
            ]
            return await self._rounds(ledger, world, desks, (*world.others, *astray.values()))

    @asynccontextmanager
    async def _world(self, cells: Sequence[Cell], recorded_ns: int) -> AsyncIterator[World]:
        """Enter the world around the accounts: on paper our own, at brokers theirs."""
        if self._ways is not None:
            yield await reached(self._ways)
            return
        with entered(self._settings, cells, recorded_ns, self._teller.say) as world:
            yield world

    async def _rounds(
        self, ledger: GuardedLedger, world: World, desks: Sequence[Desk], others: Sequence[str]
    ) -> bool:
        """Go round by round until all is flat, or the market has no more to offer today.

        The accounts are worked at once. One whose broker is slow goes on with its round while the
        others begin their next ones; each is over before the ledger is let go.

        Args:
            ledger: the record.
            world: around the accounts.
            desks: of the accounts.
            others: what may be open and is not closed from here, a sentence each.
        """
        rounds = dict[str, asyncio.Task[list[str]]]()
        try:
            while True:
                self._teller.lives()
                left = await self._worked(ledger, world, desks, rounds)
                if all(desk.flat for desk in desks):
                    what = "what it knows" if others else "everything"
                    closed = f"the guardian has closed {what}, and latched"
                    self._teller.alert([closed, *others, *left])
                    return not others
                if left:
                    self._teller.alert(["the guardian is closing what is left", *left])
                filled = await world.go_on()
                if filled is None:
                    left = left or ["two readings that show all flat"]
                    self._teller.alert(["the market is over for today, and what is missing", *left])
                    return False
                for desk in desks:
                    self._hear(ledger, desk, filled[desk.cell.account], world.now_ns())
        except asyncio.CancelledError:
            for task in rounds.values():
                task.cancel()
            raise
        finally:
            await asyncio.gather(*rounds.values(), return_exceptions=True)

    async def _worked(
        self,
        ledger: GuardedLedger,
        world: World,
        desks: Sequence[Desk],
        rounds: dict[str, asyncio.Task[list[str]]],
    ) -> list[str]:
        """Begin a round of each account that is at none, and return what is left of all.

        None begins where the rounds before have shown all flat.

        Args:
            ledger: the record.
            world: around the accounts.
            desks: of the accounts.
            rounds: those under way, by account; what is not over in time stays among them.
        """
        await _gather(desks, rounds)
        over = not rounds and all(desk.flat for desk in desks)  # the last ended in the pause
        for desk in desks:
            if desk.cell.account not in rounds and not over:
                desk.flat = False
                work = self._round(ledger, world, desk)
                rounds[desk.cell.account] = asyncio.get_running_loop().create_task(work)
        if rounds:
            await asyncio.wait(rounds.values(), timeout=world.patience_s)
        await _gather(desks, rounds)
        silent = [f"the book of {account} has not answered yet" for account in rounds]
        return [*(sentence for desk in desks for sentence in desk.left), *silent]

    async def _round(self, ledger: GuardedLedger, world: World, desk: Desk) -> list[str]:
        """Read one account, do what it needs, and return what is left of it."""
        account = desk.cell.account
        self._teller.lives()
        hindered = await world.ready(account)
        if hindered:
            return [hindered]
        door = world.doors[account]
        *happened, read = await door.ask(ReadAccount())
        self._hear(ledger, desk, happened, world.now_ns())
        odd = ""
        if isinstance(read, AccountUnread):
            read = read.whole_beside(desk.closer.books.book) or read
        if isinstance(read, AccountUnread):
            if read.partly is None:
                return [f"the book of {account} cannot be read: {read.because}"]
            odd, read = read.because, read.partly
        assert isinstance(read, AccountRead), "a reading ends with the book, or says why not"
        unpriced = await world.price(account, _traded(read))
        done = desk.closer.round(read, world.quotes, world.now_ns(), odd)
        self._record(ledger, desk, done, world.now_ns())
        ledger.flush()  # what is asked below was recorded before
        for request in done.asked:
            self._teller.lives()
            self._hear(ledger, desk, await door.ask(request), world.now_ns())
        ledger.flush()
        desk.flat = done.flat
        return [*filter(None, [unpriced]), *done.left, *done.beyond]

    def _hear(self, ledger: GuardedLedger, desk: Desk, told: Sequence[object], now_ns: int) -> None:
        self._record(ledger, desk, desk.closer.heard(told, now_ns), now_ns)

    def _record(self, ledger: GuardedLedger, desk: Desk, done: Round, now_ns: int) -> None:
        if done.facts:
            facts = [desk.cell.marked(fact) for fact in done.facts]
            ledger.append(facts, _ORIGIN, now_ns)
        for text in done.told:
            self._teller.once(text, text)

    def _terms(self, account: Account, cell: Cell) -> Terms:
        settings = self._settings
        return Terms(
            account=account.id,
            mark=cell.mark,
            limits=limits(settings, account),
            ladder=ladder(settings),
            windows=windows(settings, account),
        )


async def _gather(desks: Sequence[Desk], rounds: dict[str, asyncio.Task[list[str]]]) -> None:
    """Take what the rounds that are over have left; what felled one is raised."""
    for desk in desks:
        task = rounds.get(desk.cell.account)
        if task is not None and task.done():
            desk.left = await rounds.pop(desk.cell.account)


def _traded(read: AccountRead) -> list[str]:
    """Return the symbols of what a book shows held or at rest, as far as it is ordered."""
    held = [each.symbol for each in read.positions if each.net_quantity]
    rests = [each.symbol for each in read.orders if each.state is State.WORKING]
    return [symbol for symbol in (*held, *rests) if is_ordered(symbol)]
