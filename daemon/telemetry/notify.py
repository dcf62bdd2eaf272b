"""What the service manager is told: that we are ready, that we live, how things stand.

The protocol of systemd's `sd_notify`: one datagram of lines to the socket that `NOTIFY_SOCKET`
names. Where none is named nothing is sent. A socket that fails is told of once and harms nobody: a
manager that is not reached sees no beat and starts us anew, which is recovery.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

VARIABLE = "NOTIFY_SOCKET"
_ABSTRACT = "@"


class Notifier:
    """Tells the service manager; any thread may.

    Args:
        address: a path, or an abstract name behind an `@`; empty: there is nobody to tell.
        say: tells a person that the manager cannot be told.
    """

    def __init__(self, address: str, say: Callable[[str], None]) -> None:
        self._address = "\0" + address[1:] if address.startswith(_ABSTRACT) else address
        self._name = address
        self._say = say
        self._failed = False

    def __bool__(self) -> bool:
        """Say whether there is somebody to tell."""
        return bool(self._address)

    def send(self, *lines: str) -> None:
        """Send lines such as `READY=1` in one datagram; waits for nobody."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as wire:
                wire.settimeout(0)
                wire.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            if not self._failed:
                self._failed = True
                self._say(
                    f"the service manager cannot be told at {self._name}: {error.strerror or error}"
                    f"; look at {VARIABLE} and at the unit's NotifyAccess"
                )


def status(text: str) -> str:
    """Return the line that `systemctl status` shows; a line break would end it early."""
    return "STATUS=" + " ".join(text.split())


def extend(seconds: int) -> str:
    """Return the line that asks for so much more time to start or to stop, from now on."""
    return f"EXTEND_TIMEOUT_USEC={seconds * 1_000_000}"
