"""Open files: as many as the port takes connections, so that these leave room for what guards.

Every connection is an open file to the system, and so are ledger, latches and the ways to a broker.
A shell mostly allows 1,024, which is fewer than the port lets in.
"""

from __future__ import annotations

import resource
from typing import Final

from daemon.control.local import CONNECTIONS
from daemon.settings import Settings

_OWN: Final = 256
"""So many the daemon has open for itself, and more: its records, its brokers, its feeds."""


def room_made(settings: Settings) -> str:
    """Let this process open as many files as it needs; return what hinders that, or nothing.

    Args:
        settings: say how many connections are let in.
    """
    connections = settings.web.max_connections if settings.web.enabled else 0
    needed = connections + CONNECTIONS + _OWN
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_enough(soft, needed):
        return ""
    most = needed if _is_enough(hard, needed) else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most == needed:
        return ""
    return (
        f"this process may open {most:,} files, and {needed:,} are needed where every connection "
        "that is let in is there; raise the hard limit (LimitNOFILE= of a unit, `ulimit -Hn` in a "
        "shell), or lower [web] max_connections, and start again"
    )


def _is_enough(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed
