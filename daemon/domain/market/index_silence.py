"""Index silence: whether an index, and what is held of it, is told no more while other prices come.

One link brings the prices of several exchanges, and lives while any of them tells. A strike that
does not trade is quiet, and that says nothing; but an index is told all the time while its shares
trade, so where nothing came of it nor of what is held of it, its prices are as old as they look.

How often that is told is learnt from looks that lie some seconds apart: of each silence that ended
as much is known as had passed at the last look before. One that people were told of is no pace.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.instants import SECOND_NS, wall_of
from daemon.domain.market.freshness import STALE_INTERVALS

LOOK_NS = 5 * SECOND_NS
"""So often it is looked at, or as seldom as prices of the feed die."""
_PATIENCE_NS = 10 * SECOND_NS
_UNKNOWN_NS = STALE_INTERVALS * 60 * SECOND_NS
"""While no silence has ended yet, the index may be of those that are told once a minute."""
_SILENT = "what is held is judged by prices as old"
_UNJUDGED = "what is held is judged by none"
_AGAIN, _LEFT = "it is told again", "nothing of it is held any more"


class Telling(Struct, frozen=True, gc=False):
    """What was seen of one index, and of what is held of it.

    Attributes:
        told_ns: when any of it was told last; 0: nobody knows.
        silent_ns: for how long nothing of it had come at the last look; below 0: there was none.
        longest_ns: the longest silence that ended; below 0: none has yet.
        noted: people were told of this silence.
    """

    told_ns: int
    silent_ns: int
    longest_ns: int = -1
    noted: bool = False

    @classmethod
    def recalled(cls) -> Telling:
        """Return what the record says of a silent index: that, and nothing of its pace."""
        return cls(told_ns=0, silent_ns=-1, noted=True)

    @property
    def is_steady(self) -> bool:
        """Say whether one more look at the very moment of being told brings nothing new."""
        return self.silent_ns == 0 and self.longest_ns >= 0 and not self.noted


def seen(
    before: Telling | None, told_ns: int, since_ns: int, now_ns: int, lives_ns: int
) -> Telling:
    """Return what is known after a look.

    Args:
        before: what was known; None: it was never looked at.
        told_ns: when any of it was told last.
        since_ns: since when it is owed: a silence from before that says nothing.
        now_ns: the instant of the look.
        lives_ns: how long prices of the feed live; those of an index live as long at least.
    """
    longest_ns, noted = (before.longest_ns, before.noted) if before else (-1, False)
    if before and told_ns > before.told_ns:
        if not noted or longest_ns < 0:
            longest_ns = max(longest_ns, before.silent_ns)
        noted = False
    silent_ns = now_ns - max(told_ns, since_ns)
    own_ns = STALE_INTERVALS * longest_ns if longest_ns >= 0 else _UNKNOWN_NS
    is_silent = silent_ns > max(_PATIENCE_NS, lives_ns, own_ns)
    return Telling(told_ns, silent_ns, longest_ns, noted or is_silent)


def silent(index: str, told_ns: int, revived_ns: int = 0) -> str:
    """Return that an index is silent, in words.

    Args:
        index: which.
        told_ns: when any of it was told last.
        revived_ns: since when the link lives again, where nothing of it came by then, so that
            nothing judges what is held; 0: something did.
    """
    untold = f"{index}: neither it nor what is held of it was told since"
    if revived_ns:
        since = f"{untold} the link lives again, {wall_of(revived_ns):%H:%M:%S}"
        return f"{since}, while other prices come; {_UNJUDGED}"
    return f"{untold} {wall_of(told_ns):%H:%M:%S}, while other prices come; {_SILENT}"


def told_again(index: str) -> str:
    """Return that the silence of an index is over, in words."""
    return f"{index}: {_AGAIN}"


def left(index: str) -> str:
    """Return that the silence of an index is no matter any more, in words."""
    return f"{index}: {_LEFT}"


def begun_in(text: str) -> str:
    """Return the index whose silence a note tells of; empty: it tells of something else."""
    return text.partition(":")[0] if text.endswith((_SILENT, _UNJUDGED)) else ""


def ended_in(text: str) -> str:
    """Return the index of whose silence a note tells the end; empty: it tells something else."""
    return text.partition(":")[0] if text.endswith((_AGAIN, _LEFT)) else ""
