"""Where the kill socket of a state folder is, and how much a request may hold.

Whoever brakes needs no more than this of the daemon, so nothing that an actor needs is imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from daemon.errors import SettingsError

SOCKET = "kill.sock"
LINE_BYTES = 16_384
_PATH_BYTES = 107 if sys.platform == "linux" else 103


def socket_path(state_dir: Path) -> Path:
    """Return where the socket of a state folder is.

    Raises:
        SettingsError: a socket's path cannot be as long.
    """
    path = state_dir / SOCKET
    length = len(os.fsencode(path))
    if length > _PATH_BYTES:
        raise SettingsError(
            f"{path} has {length} bytes, and the path of a socket at most {_PATH_BYTES}; "
            "let [daemon] state_dir name a shorter one",
            "socket_unusable",
        )
    return path
