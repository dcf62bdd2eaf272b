"""The latch: files that stop entries, and keep them stopped whatever else is broken.

One file for each latch in the folder `killed` of the state folder, written whole and made durable
before anybody acts on it. Nothing but the standard library is used here, so that no failure of the
ledger, the feed, the web or a strategy can keep a kill from standing. A file that cannot be read
counts as a kill of everything: what nobody understands must not let an order through.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = "killed"
ALL, ACCOUNT, STRATEGY = "all", "account", "strategy"
PAUSE, KILL = "pause", "kill"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_FIELDS = frozenset({"latch_id", "kind", "scope", "id", "reason", "by", "at_ns"})


@dataclass(frozen=True, slots=True)
class Latch:
    """One latch.

    Attributes:
        latch_id: repeated by whoever releases it.
        kind: `pause` or `kill`; both stop entries.
        scope: `all`, `account` or `strategy`.
        id: of the account or strategy; empty for all.
        reason: why.
        by: who pulled it.
        at_ns: the market instant.
    """

    latch_id: str
    kind: str
    scope: str
    id: str
    reason: str
    by: str
    at_ns: int

    def covers(self, account: str, strategy_id: str) -> bool:
        """Say whether orders of a strategy in an account are under this latch."""
        if self.scope == ACCOUNT:
            return self.id == account
        if self.scope == STRATEGY:
            return self.id == strategy_id
        return True


class LatchUnwritten(Exception):
    """The latch could not be made durable; entries must be stopped by other means at once."""


def pull(state_dir: Path, latch: Latch) -> None:
    """Write a latch and make it durable, file and folder; the same again changes nothing.

    Raises:
        LatchUnwritten: the disk refused, or the latch has no name to be kept under.
    """
    if not _NAME.fullmatch(latch.latch_id):
        raise LatchUnwritten(f"a latch cannot be called {latch.latch_id!r}")
    folder = state_dir / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".", delete=False) as file:
            json.dump(asdict(latch), file)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(folder / latch.latch_id)
        _sync(folder)
        _sync(state_dir)
    except OSError as error:
        raise LatchUnwritten(f"{folder} cannot be written: {error.strerror}") from error


def release(state_dir: Path, latch_id: str) -> bool:
    """Remove a latch durably; return whether there was one.

    Raises:
        LatchUnwritten: the disk refused; the latch still stands.
    """
    if not _NAME.fullmatch(latch_id):
        return False
    folder = state_dir / FOLDER
    try:
        (folder / latch_id).unlink()
        _sync(folder)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise LatchUnwritten(f"{folder / latch_id} cannot be removed: {error.strerror}") from error
    return True


def standing(state_dir: Path) -> tuple[Latch, ...]:
    """Return every latch that stands, by name; asked anew for every order."""
    folder = state_dir / FOLDER
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return ()
    except OSError as error:
        return (_unreadable(FOLDER, str(error)),)
    return tuple(latch for name in names if (latch := _read(folder / name)) is not None)


def _read(path: Path) -> Latch | None:
    try:
        held = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None  # released a moment ago
    except (OSError, ValueError) as error:
        return _unreadable(path.name, str(error))
    if not isinstance(held, dict) or held.keys() != _FIELDS:
        return _unreadable(path.name, "it is not a latch")
    if not all(isinstance(held[name], int if name == "at_ns" else str) for name in _FIELDS):
        return _unreadable(path.name, "it is not a latch")
    return Latch(**held)


def _unreadable(name: str, because: str) -> Latch:
    reason = f"the latch {name} cannot be read, so it counts for everything: {because}"
    return Latch(name, KILL, ALL, "", reason, "the latch folder", 0)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
