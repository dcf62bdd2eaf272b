"""The end of a daemon that hangs: it is asked, and then made to.

A process is held by a descriptor before it is looked at, so that its number cannot go to another
in between: what is ended is who wrote into the lock of the state folder, and never a stranger.
"""

from __future__ import annotations

import os
import select
import signal
from typing import Final

from daemon.storage.exclusive import Holder

ASKED_S: Final = 5.0
"""How long a daemon has to end by itself. What is under way at the broker it finishes in that."""
_GONE_S = 5.0


def end(holder: Holder, asked_s: float = ASKED_S) -> bool:
    """End a process, and say whether it is gone; our own is never ended.

    Args:
        holder: whose process it is.
        asked_s: how long it has, once it was asked.
    """
    if holder.pid == os.getpid():  # it has a number of its own elsewhere, as in a container
        return not holder.is_alive()
    try:
        process = os.pidfd_open(holder.pid)
    except OSError:
        return not holder.is_alive()
    try:
        if not holder.is_alive():
            return True
        for how, patience_s in ((signal.SIGTERM, asked_s), (signal.SIGKILL, _GONE_S)):
            signal.pidfd_send_signal(process, how)
            if select.select([process], [], [], patience_s)[0]:
                return True
    except OSError:  # it is another user's, or has just gone
        return not holder.is_alive()
    finally:
        os.close(process)
    return False
