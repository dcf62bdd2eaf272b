"""The hot state at a start: it is opened, looked at, and held against the record.

What it knows to be tighter becomes a fact, under its own name as the origin, before any actor is
built; so the next start finds that in the record, and a replay of the record needs no hot state.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.risk_watchdog import RiskWatchdog
from daemon.app.at_brokers.accounts import Account
from daemon.app.given.assignment import Assignment, RecordedDays
from daemon.app.machine.host import Host
from daemon.app.machine.telemetry import Telemetry
from daemon.app.shown.mirror import Mirror
from daemon.domain.money import units
from daemon.domain.risk.mirrored import Mirrored, Unsound
from daemon.domain.risk.moves import LevelMoved
from daemon.errors import HotStateError, SettingsError
from daemon.messages import CodeLoaded
from daemon.messages.cells import Cell, address
from daemon.runtime.words import Ledger, Origin
from daemon.settings import HotState, Mode
from daemon.settings.credentials import FOLDER, credential, secret_in
from daemon.storage.hot.codec import Believed, believed
from daemon.storage.hot.sqlite import SqliteHot
from daemon.storage.hot.words import HotStore, Kept
from daemon.telemetry.redaction import Secret

CREDENTIAL = "hot_state.password"
ORIGIN = Origin("hot_state", 0, 0)
"""Where a level comes from that the record did not have."""
_FILE = "hot.sqlite"
_ID_BITS = 128


class Opened(Struct, frozen=True):
    """The hot state as a start finds it.

    Attributes:
        mirror: keeps it from now on.
        believed: what stood there.
    """

    mirror: Mirror
    believed: Believed


class Where(Struct, frozen=True):
    """Which hot state a daemon has.

    Attributes:
        settings: of it.
        mode: whose money is traded with.
        folder: of the daemon's records.
        replays: recorded days are played, which no other program may take for today's.
        record_id: tells the record that is mirrored from every other; empty: it has no such id.
    """

    settings: HotState
    mode: Mode
    folder: Path
    replays: bool
    record_id: str = ""

    @property
    def is_shared(self) -> bool:
        """Other daemons may keep theirs there."""
        return self.settings.redis is not None and not self.replays


def where_of(given: Assignment, facts: Iterable[object], chance: Callable[[int], int]) -> Where:
    """Return which hot state a daemon has that is given this to run.

    Where others may keep theirs too, a record that has no id is given one, by chance: records on
    paper may begin alike, so not even their links tell them apart.

    Args:
        given: what it runs.
        facts: of the record that it goes on with.
        chance: returns so many bits that nobody can foresee.
    """
    settings = given.settings
    replays = isinstance(given.played, RecordedDays)
    where = Where(settings.hot_state, settings.daemon.mode, given.folder, replays)
    told = (fact.record_id for fact in facts if isinstance(fact, CodeLoaded))
    record_id = next(filter(None, told), "")
    if not record_id and where.is_shared:
        record_id = f"{chance(_ID_BITS):0{_ID_BITS // 4}x}"
    return replace(where, record_id=record_id)


@asynccontextmanager
async def opened(
    where: Where, host: Host, telemetry: Telemetry, say: Callable[[str], None]
) -> AsyncIterator[Opened | None]:
    """Keep the hot state open until the block ends; None: there is none.

    One that cannot be had hinders no start: what is held must be guarded.

    Raises:
        SettingsError: it is not safe to keep it there where money is traded with, or the file of
            its password cannot be used.
    """
    store = store_of(where, host, telemetry.know)
    if store is None:
        yield None
        return
    try:
        kept, lost = None, None
        try:
            await _look_at(store, where.mode, say)
            kept = await store.read()
        except HotStateError as error:
            lost = error
        mirror = Mirror(store, kept, telemetry, say, pauses=where.settings.pause_entries)
        if lost is not None:
            mirror.lose(lost)
        found = believed(kept or Kept())
        for poisoned in found.poisoned:
            say(f"ALERT {poisoned}")
            telemetry.log.error("hot state poisoned", because=str(poisoned))
        yield Opened(mirror, found)
    finally:
        await store.close()


def take_up(
    found: Believed,
    accounts: Iterable[tuple[Account, Cell]],
    ledger: Ledger,
    at_ns: int,
    say: Callable[[str], None],
) -> None:
    """Record every level that the hot state knows to be tighter than the record, durably.

    Args:
        found: what stood in it.
        accounts: each with its cell.
        ledger: in which no run goes on yet.
        at_ns: the newest instant in it.
        say: tells people what was taken, and what was not.

    Raises:
        StoreError: the ledger failed.
    """
    if not (found.entries or found.days):
        return
    for account, cell in accounts:
        told = Mirrored(found.entries, found.days.get(account.id))
        facts = cell.facts(ledger.facts())
        watchdog = RiskWatchdog(account.router, account.limits, facts, shown=False)
        lacking = watchdog.lacking
        for verdict in watchdog.held_against(told, at_ns):
            if isinstance(verdict, Unsound):
                say(f"ALERT {_refused(verdict, cell)}")
                continue
            moves: tuple[LevelMoved, ...] = (verdict,)
            if verdict.leg_id:  # it counts from fills whose armings a crash may have cost
                moves, lacking = (*lacking, verdict), ()
            ledger.append(tuple(map(cell.marked, moves)), ORIGIN, at_ns)
            say(f"the hot state knew better: {_moved(verdict, cell)}")
    ledger.flush()


def store_of(where: Where, host: Host, know: Callable[[Secret], None]) -> HotStore | None:
    """Return where the hot state is kept, not opened yet; None: nowhere.

    Args:
        where: which one; a replay has a file of its own, whatever is set.
        host: may have been handed the password.
        know: is told the password, to keep it out of what is said.

    Raises:
        SettingsError: the file of the password cannot be used.
    """
    place = where.settings.redis
    if place is None or not where.is_shared:
        name = where.settings.file or (_FILE if place is not None else "")
        return SqliteHot(where.folder / name) if name else None
    from daemon.storage.hot.redis import RedisHot  # noqa: PLC0415  heavy, and seldom wanted

    password = _password(where.settings, host)
    if password is not None:
        know(password)
    return RedisHot(place, password, where.record_id)


def _password(settings: HotState, host: Host) -> Secret | None:
    environ = {FOLDER: host.credentials}
    path = settings.password_file or credential(CREDENTIAL, environ)
    return secret_in(path, environ) if path is not None else None


async def _look_at(store: HotStore, mode: Mode, say: Callable[[str], None]) -> None:
    """Warn of what is not safe about a store; with money at stake it keeps from starting."""
    found = await store.hazards()
    grave = [each.sentence for each in found if each.certain]
    if grave and mode is not Mode.PAPER:
        raise SettingsError("\n".join(grave), "hot_state_unsafe")
    for each in found:
        say(f"WARNING {each.sentence}")


def _refused(verdict: Unsound, cell: Cell) -> HotStateError:
    whose = _whose(verdict.strategy_id, cell)
    return HotStateError(
        f"the hot state of {whose} is not believed: {verdict.because}; find out who else writes to "
        "it, and give it a password",
        "hot_state_poisoned",
    )


def _moved(moved: LevelMoved, cell: Cell) -> str:
    whose = _whose(moved.strategy_id, cell)
    what = f"the stop of {whose} {moved.leg_id}" if moved.leg_id else f"the floor of {whose}"
    return f"{what} stands at {units(moved.to_e4):,.2f}, by the record it was {_before(moved)}"


def _before(moved: LevelMoved) -> str:
    return f"{units(moved.from_e4):,.2f}" if moved.from_e4 else "none"


def _whose(strategy_id: str, cell: Cell) -> str:
    return address(strategy_id, cell.mark) if strategy_id else f"account {cell.account}"
