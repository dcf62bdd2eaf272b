"""Files that the service manager hands over: a folder of its own for them, `CREDENTIALS_DIRECTORY`.

They may hold secrets, so one that others can read or write is refused.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from daemon.settings.faults import Fault, SettingsRefused

FOLDER = "CREDENTIALS_DIRECTORY"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


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
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        mend = f"let {FOLDER} name a folder that this user may read"
        raise SettingsRefused([Fault(str(path), "", f"cannot be read: {reason}", mend)]) from error
    if mode & _OTHERS:
        mend = "chmod 600 it, and change what is secret in it, for somebody may have read it"
        what = f"is open to others (mode {mode:04o})"
        raise SettingsRefused([Fault(str(path), "", what, mend)])
    return path
