"""The latch: files that stop entries, and keep them stopped whatever else is broken.

One file for each latch in the folder `killed` of the state folder, written whole and made durable
before anybody acts on it. Nothing but the standard library is used here, so that no failure of the
ledger, the feed, the web or a strategy can keep a kill from standing. Whatever stands in the folder
and cannot be read as a latch counts as a kill of everything: what nobody understands must not let
an order through. Only names that begin with a dot are passed over; a pull that was cut short leaves
one.
"""

from __future__ import annotations

import errno
import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from stat import S_ISREG

FOLDER = "killed"
STOOD = ".stood"
"""In it, the names of the latches that have stood there: what lacks its file was released then."""
ARMS = "armed"
"""The folder of arms: a kill disarms what it closes, and whoever arms again has looked."""
ALL, ACCOUNT, STRATEGY = "all", "account", "strategy"
PAUSE, KILL = "pause", "kill"
UNREAD = "the latch folder"
"""By whom a latch is said to be that nobody can read."""
BALLAST = "ballast"
"""The file that keeps room back on a disk that may become full; a latch is given a part of it."""
_SHARE_BYTES = 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What the machine lacks for looking at all. A disk that fails is none: it hides what it holds."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_FIELDS = frozenset({"latch_id", "kind", "scope", "id", "reason", "by", "at_ns"})
_FILE_BYTES = 65_536
_AFTER_NS = 2**63
_REASON_LETTERS, _BY_LETTERS = 2_000, 500
"""What is longer is cut, so that no long story makes a latch too large to be read back."""
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not hold us up
_LOOK = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_drafts = count(1)


@dataclass(frozen=True, slots=True)
class Latch:
    """One latch.

    Attributes:
        latch_id: repeated by whoever releases it.
        kind: `pause` or `kill`; both stop entries.
        scope: `all`, `account` or `strategy`.
        id: of the account or strategy, `ID@ACCOUNT` for a strategy in one account; empty for all.
        reason: why.
        by: who pulled it.
        at_ns: the market instant; 0 where whoever pulled it could not know.
    """

    latch_id: str
    kind: str
    scope: str
    id: str
    reason: str
    by: str
    at_ns: int

    def reaches(self, account: str) -> bool:
        """Say whether anything in an account may be under this latch."""
        if self.scope == ACCOUNT:
            return self.id == account
        return self.scope != STRATEGY or self.id.partition("@")[2] in ("", account)

    def covers(self, account: str, strategy_id: str) -> bool:
        """Say whether orders of a strategy in an account are under this latch."""
        of_strategy = self.scope != STRATEGY or self.id.partition("@")[0] == strategy_id
        return of_strategy and self.reaches(account)


class LatchUnwritten(Exception):
    """The latch could not be made durable; entries must be stopped by other means at once."""


def pull(state_dir: Path, latch: Latch) -> None:
    """Write a latch and make it durable, file and folder; the same again changes nothing.

    On a full disk it is given room of the ballast. A kill of accounts takes their arms away after
    that, as far as the disk lets it.

    Raises:
        LatchUnwritten: the disk refused, the latch says nothing that could be understood, or its
            name is taken by another, which goes on standing.
    """
    if not _NAME.fullmatch(latch.latch_id):
        raise LatchUnwritten(f"a latch cannot be called {latch.latch_id!r}")
    cut = replace(latch, reason=latch.reason[:_REASON_LETTERS], by=latch.by[:_BY_LETTERS])
    text = json.dumps(asdict(cut)).encode("ascii")
    if _understood(text, latch.latch_id) != cut:
        raise LatchUnwritten(f"nobody could read {latch!r}: its kind, its scope or its id is wrong")
    folder = state_dir / FOLDER
    try:
        _stand_somehow(folder, cut, text)
    except OSError as error:
        raise LatchUnwritten(f"{folder} cannot be written: {error.strerror}") from error
    if latch.kind == KILL and latch.scope != STRATEGY:
        _disarm(state_dir / ARMS, latch)


def release(state_dir: Path, latch_id: str) -> bool:
    """Remove a latch durably; return whether there was one.

    Raises:
        LatchUnwritten: the disk refused; the latch still stands, or may stand again after a crash.
    """
    if not latch_id or latch_id.startswith(".") or "/" in latch_id or "\0" in latch_id:
        return False
    folder = state_dir / FOLDER
    try:
        (folder / latch_id).unlink()
        keep_stood(state_dir, latch_id)
        _sync(folder)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise LatchUnwritten(f"{folder / latch_id} cannot be removed: {error.strerror}") from error
    return True


def standing(state_dir: Path) -> tuple[Latch, ...]:
    """Return every latch that stands, by name; asked anew for every order, so it raises nothing."""
    try:
        return looked(state_dir)
    except OSError as error:
        return (_unreadable(FOLDER, str(error)),)


def looked(state_dir: Path) -> tuple[Latch, ...]:
    """Return every latch that stands, by name, for whoever acts on what he sees.

    Raises:
        OSError: the machine is too short of files or memory to look; that says nothing of latches.
    """
    folder = state_dir / FOLDER
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208  a name alone is wanted
    except FileNotFoundError:
        # A link into nowhere hides whatever was latched behind it.
        return (_unreadable(FOLDER, "it leads nowhere"),) if folder.is_symlink() else ()
    except OSError as error:
        return (_unreadable(FOLDER, error),)
    return tuple(latch for name in names if (latch := _read(folder / name)) is not None)


def have_stood(state_dir: Path) -> frozenset[str]:
    """Return the names of the latches that are known to have stood in this very folder.

    Raises:
        OSError: the machine is too short of files or memory to look.
    """
    try:
        return frozenset(os.listdir(state_dir / FOLDER / STOOD))  # noqa: PTH208  a name alone is wanted
    except OSError as error:
        if error.errno in _SHORT:
            raise
        return frozenset()


def keep_stood(state_dir: Path, latch_id: str) -> None:
    """Keep in the folder that a latch has stood there, as far as the disk lets it."""
    folder = state_dir / FOLDER / STOOD
    with suppress(OSError):
        if not folder.is_dir():
            _make_one(folder)
        (folder / latch_id).touch(mode=0o600)
        _sync(folder)


def forbids(state_dir: Path, account: str, strategy_id: str) -> str:
    """Return which latch forbids entries of a strategy in an account; empty: none does."""
    for latch in standing(state_dir):
        if latch.covers(account, strategy_id):
            whose = f" {latch.id}" if latch.id else ""
            return (
                f"a {latch.kind} is latched for {latch.scope}{whose}: {latch.reason or 'no reason'}"
                f"; release it with `ordo rearm {latch.latch_id}`"
            )
    return ""


def _read(path: Path) -> Latch | None:
    """Return the latch in a file; None: there is no file."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None  # released a moment ago
    except OSError as error:
        return _unreadable(path.name, error)
    try:
        if not S_ISREG(os.fstat(descriptor).st_mode):
            return _unreadable(path.name, "it is no file")
        text = os.read(descriptor, _FILE_BYTES + 1)
    except OSError as error:
        return _unreadable(path.name, error)
    finally:
        os.close(descriptor)
    return _understood(text, path.name)


def _understood(text: bytes, name: str) -> Latch:
    """Return the latch that a file of that name holds, or the kill that it counts as."""
    if len(text) > _FILE_BYTES:
        return _unreadable(name, "it is too large for a latch")
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as error:
        return _unreadable(name, error)
    if not isinstance(held, dict) or held.keys() != _FIELDS or held["latch_id"] != name:
        return _unreadable(name, "it is not a latch")
    if not all(type(held[field]) is (int if field == "at_ns" else str) for field in _FIELDS):
        return _unreadable(name, "it is not a latch")
    if held["kind"] not in (PAUSE, KILL) or held["scope"] not in (ALL, ACCOUNT, STRATEGY):
        return _unreadable(name, "its kind or its scope is none that this version knows")
    if (held["scope"] == ALL) != (held["id"] == "") or not 0 <= held["at_ns"] < _AFTER_NS:
        return _unreadable(name, "it does not say what it stands for")
    return Latch(**held)


def _unreadable(name: str, because: Exception | str) -> Latch:
    """Return the kill of everything that counts where nobody can read a latch.

    Raises:
        OSError: the machine is too short to read anything.
    """
    if isinstance(because, OSError) and because.errno in _SHORT:
        raise because
    reason = f"the latch {name} cannot be read, so it counts for everything: {because}"
    return Latch(name, KILL, ALL, "", reason, UNREAD, 0)


def _disarm(folder: Path, latch: Latch) -> None:
    """Remove the arms of the accounts that a kill reaches; it stands whether that works or not."""
    with suppress(OSError):
        for account in os.listdir(folder):  # noqa: PTH208  a name alone is wanted
            if latch.reaches(account):
                (folder / account).unlink(missing_ok=True)


def _stand(folder: Path, latch: Latch, text: bytes) -> None:
    _make(folder)
    if _read(folder / latch.latch_id) not in (None, latch):
        raise LatchUnwritten(f"the name {latch.latch_id} is taken by another latch")
    _write(folder, latch.latch_id, text)
    _sync(folder)
    _sync(folder.parent)


def _stand_somehow(folder: Path, latch: Latch, text: bytes) -> None:
    """Write a latch; on a full disk for room of the ballast, for twice as much each time it fails.

    Others write there too, and may have taken it at once.
    """
    share_bytes = _SHARE_BYTES
    while True:
        try:
            _stand(folder, latch, text)
        except OSError as error:
            if error.errno not in _FULL or not _made_room(folder.parent / BALLAST, share_bytes):
                raise
            share_bytes *= 2
        else:
            return


def _made_room(ballast: Path, share_bytes: int) -> bool:
    """Give so much of the ballast back to the disk; say whether there was any.

    The last of it goes with its name, for a disk may also be full of those.
    """
    try:
        size_bytes = ballast.stat().st_size
        if size_bytes > share_bytes:
            os.truncate(ballast, size_bytes - share_bytes)
        else:
            ballast.unlink()
    except FileNotFoundError:
        return False
    return True


def _make(folder: Path) -> None:
    """Make a folder and those above it, each durable in the one above."""
    if folder.is_dir():
        return
    _make(folder.parent)
    _make_one(folder)


def _make_one(folder: Path) -> None:
    """Make a folder, durable in the one above, which is there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, _LOOK | os.O_NOFOLLOW)
    try:
        _give(descriptor, folder.parent)
    finally:
        os.close(descriptor)
    _sync(folder.parent)


def _write(folder: Path, name: str, text: bytes) -> None:
    """Write a file whole, durable but for its name; what was begun and failed is removed."""
    draft = folder / f".{name}.{os.getpid()}.{next(_drafts)}"
    try:
        descriptor = os.open(draft, _WRITE, 0o600)
        try:
            _give(descriptor, folder)
            while text:
                text = text[os.write(descriptor, text) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(folder / name)
    except OSError:
        with suppress(OSError):  # the first error is told
            draft.unlink(missing_ok=True)
        raise


def _give(descriptor: int, folder: Path) -> None:
    """Let what root has made in somebody's folder be his, for his daemon has to read it.

    Where the system refuses, the latch stands all the same: unread it stops more, never less.
    """
    owner = folder.stat()
    if os.geteuid() == 0 and os.fstat(descriptor).st_uid != owner.st_uid:
        with suppress(OSError):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, _LOOK)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
