"""The machine's side: state folder, ledger, secrets, latches, guardian, port, clock."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daemon import kill
from daemon.domain.instants import MILLISECOND_NS, moment_of
from daemon.errors import StoreError
from daemon.errors.catalogue import entry_of
from daemon.jobs.preflight.findings import Finding, fail, ok, warn, worst
from daemon.runtime.clock import MonotonicClock, WallClock
from daemon.settings import Settings
from daemon.settings.ledger import is_postgres, ledger_file
from daemon.storage.audit import verify
from daemon.storage.stood_in_for import MEND, unlike
from daemon.storage.stores import newest_store
from daemon.storage.verified import Verified
from daemon.storage.whole import owner_in

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MEBIBYTE = 2**20
_LEAST_FREE, _LOW_FREE = 100 * _MEBIBYTE, 1_000 * _MEBIBYTE
_FIRST_YEAR = 2026
_NAMED = 4
_OF_THE_DISK = "lost+found"
_LOOK_S = 0.02
_DRIFT_NS = 20 * MILLISECOND_NS


def state_folder(settings: Settings) -> Finding:
    """Say whether the state folder can be written, by its owner alone, with room left."""
    check, folder = "state folder", settings.daemon.state_dir
    there = _there(folder)
    if not there.is_dir():
        return fail(check, f"{there} is no folder", "move it away, or change [daemon] state_dir")
    if not os.access(there, os.W_OK | os.X_OK):
        mend = "let this user write to it, or change [daemon] state_dir"
        return fail(check, f"{there} cannot be written", mend)
    mode = stat.S_IMODE(there.stat().st_mode)
    found = []
    if there == folder and mode & _OTHERS:
        mend = f"chmod 700 {folder}"
        found.append(fail(check, f"{folder} is open to others (mode {mode:04o})", mend))
    free = shutil.disk_usage(there).free
    found += _short_of_room(check, there, free)
    is_new = "" if there == folder else " and is made at the first run"
    evidence = f"{folder} is private{is_new}, {free // _MEBIBYTE:,} MiB are free"
    return worst(check, found, evidence)


def files(settings: Settings) -> Finding:
    """Say whether what lies in the state folder is the daemon's, which could not use it else."""
    check, folder = "files", settings.daemon.state_dir
    if not folder.is_dir():
        return ok(check, f"none yet in {folder}")
    owner = owner_in(folder)
    strange = [f"{each} (user {user})" for each, user in _owned(folder) if user != owner]
    if not strange:
        return ok(check, f"all in {folder} are of user {owner}")
    more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
    evidence = f"not of user {owner}: {', '.join(strange[:_NAMED])}{more}"
    return fail(check, evidence, f"as root: chown -R {owner} {folder}/")


def _owned(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield what lies in a folder and below, and whose it is; what is gone meanwhile is passed.

    Links are passed too, for what they lead to is what counts, and so is what a disk keeps itself.
    """
    for at, folders, names in os.walk(folder):
        if _OF_THE_DISK in folders:
            folders.remove(_OF_THE_DISK)
        for name in sorted((*folders, *names)):
            path = Path(at, name)
            with suppress(FileNotFoundError):
                if not path.is_symlink():
                    yield path, path.lstat().st_uid


def logs(settings: Settings) -> Finding:
    """Say whether the files of the log can be written; one that cannot hinders no start."""
    check = "logs"
    if not settings.logs.days:
        return ok(check, "no files are kept: [logs] days is 0")
    folder = settings.logs.within(settings.daemon.state_dir)
    there = _there(folder)
    if not there.is_dir():
        return warn(check, f"{there} is no folder", "move it away, or change [logs] folder")
    if not os.access(there, os.W_OK | os.X_OK):
        mend = "let this user write to it, or change [logs] folder: until then no file is kept"
        return warn(check, f"{there} cannot be written", mend)
    return ok(check, f"files of {settings.logs.days} days in {folder}")


def _there(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that is there."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


def ledger(settings: Settings) -> Finding:
    """Say whether the newest ledger opens and every record of it is as it was written."""
    check, folder = "ledger", settings.daemon.state_dir
    url = settings.ledger.url
    where = folder if is_postgres(url) else ledger_file(url, folder).parent
    if not _can_begin_in(where, folder):
        mend = "make it, writable by this user, or change [ledger] url"
        return fail(check, f"{where}, of [ledger] url, is no folder to write to", mend)
    amiss = [] if is_postgres(url) else _short_on_its_disk(check, ledger_file(url, folder), folder)
    try:
        store = newest_store(settings)
        found = verify(store)
    except StoreError as error:
        if error.code != "no_ledger":
            amiss.append(fail(check, str(error), entry_of(error.code).mend))
        return worst(check, amiss, f"none yet in {where}; the first run makes it")
    Verified(folder).found(found)  # so the next start need not do it again, or does
    if found.broken is not None:
        evidence = f"record {found.broken.number} of {store.name} is {found.broken.how}"
        amiss.append(fail(check, evidence, entry_of("ledger_altered").mend))
    evidence = f"{store.name} has {found.count:,} records, each as it was written"
    return worst(check, amiss, evidence)


def _short_on_its_disk(check: str, file: Path, state_dir: Path) -> list[Finding]:
    """Return what the disk of a ledger lacks, where that is not the state folder's own."""
    there = _there(file.resolve().parent)  # a link lies where it leads to
    if there.stat().st_dev == _there(state_dir).stat().st_dev:
        return []
    return _short_of_room(check, there, shutil.disk_usage(there).free)


def _short_of_room(check: str, there: Path, free: int) -> list[Finding]:
    """Return that a disk has too little room left for what is recorded; nothing: it has enough."""
    if free >= _LOW_FREE:
        return []
    grade = fail if free < _LEAST_FREE else warn
    mend = "make room: every order is recorded before it leaves"
    return [grade(check, f"{free // _MEBIBYTE:,} MiB are free at {there}", mend)]


def _can_begin_in(where: Path, state_dir: Path) -> bool:
    """Say whether a ledger can be made in a folder; a start makes the state folder alone."""
    if where.resolve() == state_dir.resolve():
        return True
    return where.is_dir() and os.access(where, os.W_OK | os.X_OK)


def latches(settings: Settings) -> Finding:
    """Say which latches stand: each keeps entries of its scope out until it is released."""
    standing = kill.standing(settings.daemon.state_dir)
    if not standing:
        return ok("latches", "none stands")
    told = [
        f"{each.latch_id} ({each.kind} of {each.id or each.scope}: {each.reason or 'no reason'})"
        for each in standing
    ]
    return warn("latches", "; ".join(told), _kept_out(standing))


def _kept_out(standing: Sequence[kill.Latch]) -> str:
    """Say whose entries latches stop, and until when."""
    if any(each.scope not in (kill.ACCOUNT, kill.STRATEGY) for each in standing):
        return "no entries until each is released: `ordo rearm`"
    names = ", ".join(dict.fromkeys(f"{each.scope} {each.id}" for each in standing))
    return f"no entries of {names} until each is released: `ordo rearm`; all others enter"


def guardian(settings: Settings) -> Iterator[Finding]:
    """Say of a guardian that watches whether it stands in for something else than the settings."""
    if other := unlike(settings):
        yield fail("guardian", other, MEND)


def clock() -> Finding:
    """Say whether the wall clock runs, tells a believable day, and knows Indian time."""
    # A busy machine may stop us between two readings; a clock that jumps does so every time.
    drift_ns = min((_drift() for _ in range(3)), key=abs)
    return judged_clock(WallClock().now_ns(), drift_ns, "Asia/Kolkata")


def _drift() -> int:
    """Return how much further the wall clock went in a moment than the host's running time."""
    wall, running = WallClock(), MonotonicClock()
    wall_ns, host_ns = wall.now_ns(), running.now_ns()
    time.sleep(_LOOK_S)
    return (wall.now_ns() - wall_ns) - (running.now_ns() - host_ns)


def judged_clock(wall_ns: int, drift_ns: int, zone: str) -> Finding:
    """Return what to think of a clock.

    Args:
        wall_ns: what it showed.
        drift_ns: how much further it went than the host's running time did.
        zone: the name of Indian time in the data of time zones.
    """
    check, now = "clock", moment_of(wall_ns)
    mend = "set the clock, and let it be kept by chrony or systemd-timesyncd"
    found = []
    if now.year < _FIRST_YEAR:
        found.append(fail(check, f"it says {now:%Y-%m-%d}, before this version was made", mend))
    if abs(drift_ns) > _DRIFT_NS:
        found.append(fail(check, f"it jumps: {drift_ns // MILLISECOND_NS} ms in a moment", mend))
    try:
        offset = datetime.fromtimestamp(0, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    except ZoneInfoNotFoundError:
        offset = None
    if offset != timedelta(hours=5, minutes=30):
        found.append(fail(check, "the data of time zones lacks Indian time", "install tzdata"))
    return worst(check, found, f"{now:%Y-%m-%d %H:%M:%S} in India, running evenly")
