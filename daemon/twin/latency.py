"""How long a message takes to the exchange: a pure function of seed and number.

No random state is kept, so the same message takes the same time in every driver, after a restart
and in any order of asking.
"""

from __future__ import annotations

from hashlib import blake2b

from msgspec import Struct

MICROSECOND_NS = 1_000


class Latency(Struct, frozen=True):
    """A base and a jitter that is even over 0 to `jitter_us`.

    Attributes:
        seed: equal seeds, equal latencies.
        base_us: the least that a message takes.
        jitter_us: the most that is added.
    """

    seed: int = 0
    base_us: int = 0
    jitter_us: int = 0

    def for_order(self, number: int) -> int:
        """Return how long message `number` takes, in ns."""
        base_ns = self.base_us * MICROSECOND_NS
        if self.jitter_us == 0:
            return base_ns
        digest = blake2b(f"{self.seed}:{number}".encode(), digest_size=8).digest()
        spread_ns = self.jitter_us * MICROSECOND_NS + 1
        return base_ns + int.from_bytes(digest, "big") % spread_ns
