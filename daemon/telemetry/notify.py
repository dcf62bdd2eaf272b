"""What the service manager is told: that we are ready, that we live, how things stand.

The protocol of systemd's `sd_notify`: one datagram of lines to the socket that `NOTIFY_SOCKET`
names. Where none is named nothing is sent. A socket that fails is told of once and harms nobody: a
manager that is not reached sees no beat and starts us anew, which is recovery. What is sent from is
opened before it is needed: a process that may open no more files still says that it lives.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from weakref import finalize

VARIABLE = "NOTIFY_SOCKET"
_ABSTRACT = "@"
_KIND = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
_OF_THE_DESCRIPTOR = (errno.EBADF, errno.ENOTSOCK)


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
        self._wire: socket.socket | None = None
        if address:
            try:
                self._open()
            except OSError as error:
                self._tell(error)

    def __bool__(self) -> bool:
        """Say whether there is somebody to tell."""
        return bool(self._address)

    def send(self, *lines: str) -> None:
        """Send lines such as `READY=1` in one datagram; waits for nobody."""
        if not self._address:
            return
        try:
            self._send("\n".join(lines).encode())
        except OSError as error:
            self._tell(error)

    def _send(self, told: bytes) -> None:
        """Send; the address is looked up each time, so one that is bound anew is found."""
        wire = self._wire or self._open()
        try:
            wire.sendto(told, self._address)
        except OSError as error:
            if error.errno not in _OF_THE_DESCRIPTOR:
                raise
            wire.detach()  # it is no socket of ours any more
            self._open().sendto(told, self._address)

    def _open(self) -> socket.socket:
        self._wire = wire = socket.socket(socket.AF_UNIX, _KIND)
        finalize(self, wire.close)
        return wire

    def _tell(self, error: OSError) -> None:
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
