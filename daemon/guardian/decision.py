"""What a guardian does next: one function of what it sees."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Daemon(StrEnum):
    """What is known of the daemon whose beat does not come."""

    THERE = "its process has the state folder"
    GONE = "it ended in no order"
    STOPPED = "it was stopped in order, or was never there"


class Exposure(StrEnum):
    """What the broker's own book shows."""

    UNSEEN = "nobody has looked since the last beat"
    FLAT = "nothing is held, and no order rests"
    OPEN = "something is held, or an order rests"
    WAITING = "the same, and the exchange does not trade"
    UNREAD = "it could not be read, which is not the same as flat"
    HIDDEN = "nobody can see it from here now, and nothing could be closed"


class Deed(StrEnum):
    """What is done next."""

    WAIT = "nothing"
    LOOK = "read the broker's book"
    WARN = "tell a person"
    TAKE_OVER = "latch, end the daemon, close everything"


class Seen(Struct, frozen=True):
    """What a guardian has before it.

    Attributes:
        daemon: what is known of it.
        silent_s: so long no beat has come, by the guardian's own looks; or so long something was
            seen, where a stopped daemon had left nothing open.
        exposure: what the broker shows.
        unfinished: an earlier guardian latched a kill that still stands.
        killed: so did somebody, of every account that is stood in for.
        was_flat: a person stopped the daemon, and what was seen last since then was nothing.
    """

    daemon: Daemon
    silent_s: float
    exposure: Exposure
    unfinished: bool
    killed: bool = False
    was_flat: bool = False


class Patience(Struct, frozen=True):
    """How long is waited for a beat.

    Attributes:
        silence_s: from a daemon that is there, or ended in no order.
        stopped_s: from one that a person stopped.
    """

    silence_s: float
    stopped_s: float


_PAST: dict[Exposure, Deed] = {
    Exposure.UNSEEN: Deed.LOOK,
    Exposure.FLAT: Deed.WAIT,
    Exposure.OPEN: Deed.TAKE_OVER,
    Exposure.WAITING: Deed.WARN,
    Exposure.UNREAD: Deed.TAKE_OVER,
    Exposure.HIDDEN: Deed.WARN,
}
"""What is done once the time is over."""
_STOPPED: dict[Exposure, Deed] = {
    Exposure.UNSEEN: Deed.LOOK,
    Exposure.FLAT: Deed.WAIT,
    Exposure.OPEN: Deed.WARN,
    Exposure.WAITING: Deed.WARN,
    Exposure.UNREAD: Deed.WARN,
    Exposure.HIDDEN: Deed.WARN,
}
"""What is done before, where a person stopped the daemon: he is told what he left open."""


def decide(seen: Seen, patience: Patience) -> Deed:
    """Return what is done next.

    A daemon that comes back latched works its kill itself, so nothing is owed to it before its beat
    is lost once more. Where none is there, what an earlier guardian began is not waited for. Nor is
    a kill of somebody else's where a person stopped the daemon, for no other closes anything then;
    one that ended in no order is mostly back in a moment, and goes on with it. Where nothing was
    open after a person stopped it, a broker that then cannot be read is told of and no more.
    """
    stopped = seen.daemon is Daemon.STOPPED
    if stopped and seen.was_flat and seen.exposure is Exposure.UNREAD:
        return Deed.WARN
    over = seen.silent_s >= (patience.stopped_s if stopped else patience.silence_s)
    if seen.unfinished and seen.daemon is not Daemon.THERE:
        over = True
    if over or (seen.killed and stopped):
        return _PAST[seen.exposure]
    return _STOPPED[seen.exposure] if stopped else Deed.WAIT
