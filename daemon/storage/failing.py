"""What the system says no to about a file: its setting is wrong, or its disk fails.

A wrong setting wants a person, so a start that meets one is not tried again. A disk that is full,
was mounted read-only after an error or is away is mended meanwhile, and so is a machine that is out
of files or memory. So only what says of itself that a setting is wrong is taken for one.
"""

from __future__ import annotations

import errno
from typing import Final

_OF_SETTINGS: Final = frozenset(
    {
        None,  # said by Python, as that a path is too long for a socket
        errno.EACCES,
        errno.EPERM,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EEXIST,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
    }
)
_MENDS: Final = {
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room on its disk",
    errno.EROFS: (
        "its disk is mounted read-only: see what the system's log says of it, and remount it"
    ),
}


def is_setting(error: OSError) -> bool:
    """Say whether the same fails again until somebody names or gives another file."""
    return error.errno in _OF_SETTINGS


def mend(error: OSError) -> str:
    """Return what to do about a disk that fails."""
    return _MENDS.get(error.errno or 0, "see what the system's log says of it")
