"""How often a client may ask, as Zerodha counts: by calendar second and by calendar minute.

It counts in host time, for that is the time by which a client holds back. Orders of a day are
counted by whoever knows the day of the market.

Source: Kite Connect 3, API rate limits; answers of its staff on how they are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from daemon.brokers.zerodha.wire_twin.words import too_many
from daemon.domain.instants import SECOND_NS


class Bucket(StrEnum):
    """What is counted together."""

    WRITE = "write"  # place, modify and cancel
    QUOTE = "quote"
    HISTORY = "history"
    READ = "read"  # everything else
    FREE = "free"  # logging in


_MINUTE_NS = 60 * SECOND_NS
_MOST: dict[Bucket, tuple[tuple[int, int], ...]] = {
    Bucket.WRITE: ((10, SECOND_NS), (400, _MINUTE_NS)),
    Bucket.QUOTE: ((1, SECOND_NS),),
    Bucket.HISTORY: ((3, SECOND_NS),),
    Bucket.READ: ((10, SECOND_NS),),
    Bucket.FREE: (),
}
"""So many in such a span of the clock, in ns."""


class Limits:
    """Counts what is asked.

    Args:
        host_ns: tells host time, whose whole seconds are the broker's.
    """

    def __init__(self, host_ns: Callable[[], int]) -> None:
        self._host_ns = host_ns
        self._counted: dict[tuple[Bucket, int], tuple[int, int]] = {}

    def admit(self, bucket: Bucket) -> None:
        """Count a request; one that is refused does not count.

        Raises:
            Denied: there were too many in this second or minute.
        """
        now_ns = self._host_ns()
        counts = []
        for most, span_ns in _MOST[bucket]:
            span = now_ns // span_ns
            counted_in, count = self._counted.get((bucket, span_ns), (span, 0))
            count = count if counted_in == span else 0
            if count >= most:
                raise too_many()
            counts.append((span_ns, span, count + 1))
        for span_ns, span, count in counts:
            self._counted[bucket, span_ns] = span, count
