"""Files that the service manager hands over: a folder of its own for them, `CREDENTIALS_DIRECTORY`.

They may hold secrets, so one that others can read or write is refused.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from daemon.settings.faults import Fault, SettingsRefused
from daemon.telemetry.redaction import Secret

FOLDER = "CREDENTIALS_DIRECTORY"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
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
        _require_private(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        mend = f"let {FOLDER} name a folder that this user may read"
        raise _unreadable(path, error, mend) from error
    return path


def secret_in(path: Path) -> Secret:
    """Return the first line of a file that holds a secret.

    Raises:
        SettingsRefused: others than its owner can read or write it, it cannot be read, or its
            first line holds nothing.
    """
    mend = "let it be a file of one line that this user can read, with mode 600"
    try:
        _require_private(path)
        first, *_ = (*path.read_bytes()[:_MOST_BYTES].decode().splitlines(), "")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, mend) from error
    if not first.strip():
        raise SettingsRefused([Fault(str(path), "", "holds no secret in its first line", mend)])
    return Secret(first.strip())


def _require_private(path: Path) -> None:
    """Refuse a file that others can read or write.

    Raises:
        SettingsRefused: they can.
        OSError: it cannot be looked at; it is not there, say.
        ValueError: no file can be called so.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        mend = "chmod 600 it, and change what is secret in it, for somebody may have read it"
        what = f"is open to others (mode {mode:04o})"
        raise SettingsRefused([Fault(str(path), "", what, mend)])


def _unreadable(path: Path, error: Exception, mend: str) -> SettingsRefused:
    reason = getattr(error, "strerror", None) or str(error)
    return SettingsRefused([Fault(str(path), "", f"cannot be read: {reason}", mend)])
