"""Files that the service manager hands over: a folder of its own for them, `CREDENTIALS_DIRECTORY`.

They may hold secrets, so one that others can read or write is refused.

From version 254 on systemd leaves the copies to root, and lets the unit's user in by an access
list. Of a file with one the bits of the group are the most that its list grants, and no group's:
0440 for what one user may read. So in that folder they are borne with, where nobody else gets in.

Source: systemd, src/core/exec-credential.c, write_credential; issues 29435 and 29096; acl(5).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from daemon.settings.faults import Fault, SettingsRefused
from daemon.telemetry.redaction import Secret

FOLDER = "CREDENTIALS_DIRECTORY"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""The bits of a mode by which somebody else than the owner gets at a file."""
_HANDED = stat.S_IWGRP | stat.S_IRWXO
"""Those of what is handed over: its group may be the mask of an access list."""
_ROOT = 0
_MOST_BYTES = 4_096


def credential(name: str, environ: Mapping[str, str]) -> Path | None:
    """Return where a file lies that was handed over; None: it was not.

    Args:
        name: of the file.
        environ: names the folder, where there is one.

    Raises:
        SettingsRefused: others than its owner can read or write it, or nobody can look at it.
    """
    folder = environ.get(FOLDER)
    if not folder:
        return None
    path = Path(folder) / name
    try:
        _require_private(path, folder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        mend = f"let {FOLDER} name a folder that this user may read"
        raise _unreadable(path, error, mend) from error
    return path


def secret_in(path: Path, environ: Mapping[str, str]) -> Secret:
    """Return the first line of a file that holds a secret, without the mark of an editor before it.

    Args:
        path: of the file.
        environ: names the folder of what is handed over, where there is one.

    Raises:
        SettingsRefused: others than its owner can read or write it, it cannot be read, or its
            first line holds nothing.
    """
    mend = "let it be a file of one line that this user can read, with mode 600"
    try:
        _require_private(path, environ.get(FOLDER, ""))
        text = path.read_bytes()[:_MOST_BYTES].decode("utf-8-sig")
        first, *_ = (*text.splitlines(), "")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, mend) from error
    if not first.strip():
        raise SettingsRefused([Fault(str(path), "", "holds no secret in its first line", mend)])
    return Secret(first.strip())


def opened(path: Path, about: os.stat_result, folder: str) -> int:
    """Return the bits of a file's mode by which others can read or write it; 0: nobody can.

    Args:
        path: of the file.
        about: what is known of it.
        folder: of what the service manager hands over; empty: there is none.

    Raises:
        OSError: that folder cannot be looked at.
    """
    is_handed = bool(folder) and path.parent == Path(folder)
    if is_handed and _is_ours(about):
        around = path.parent.stat()
        if _is_ours(around) and not around.st_mode & _HANDED:
            return about.st_mode & _HANDED
    return about.st_mode & OTHERS


def _is_ours(about: os.stat_result) -> bool:
    return about.st_uid in {_ROOT, os.geteuid()}


def _require_private(path: Path, folder: str) -> None:
    """Refuse a file that others can read or write.

    Raises:
        SettingsRefused: they can.
        OSError: it cannot be looked at; it is not there, say.
        ValueError: no file can be called so.
    """
    about = path.stat()
    if opened(path, about, folder):
        mend = "chmod 600 it, and change what is secret in it, for somebody may have read it"
        what = f"is open to others (mode {stat.S_IMODE(about.st_mode):04o})"
        raise SettingsRefused([Fault(str(path), "", what, mend)])


def _unreadable(path: Path, error: Exception, mend: str) -> SettingsRefused:
    reason = getattr(error, "strerror", None) or str(error)
    return SettingsRefused([Fault(str(path), "", f"cannot be read: {reason}", mend)])
