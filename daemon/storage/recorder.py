"""What every ledger does before it stores: take ticks, link records, keep the journal.

Each tick goes into one running digest at once. It stands in the chain as part of a block, which
ends before the next fact, when it is full, when its ledger is closed, and by a flush in each minute
of the market; so the order of ticks and decisions is linked, and no tick is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from daemon.domain.chain import GENESIS, Head
from daemon.domain.instants import SECOND_NS
from daemon.messages import Fact
from daemon.runtime.words import Origin
from daemon.storage.codec import TICKS, Row, TicksTaken, encode, kind_of, sealed
from daemon.storage.journal import Journal

TICKS_IN_BLOCK = 4_096
_MINUTE_NS = 60 * SECOND_NS
_BUFFERED = 65_536
"""Ticks are digested together once they fill as many bytes: a digest asked for each costs more."""


class Recorder:
    """Turns ticks and facts into linked rows.

    Args:
        owner_id: whose records these are.
        keep: is given each row, in order, as soon as it is linked.
        head: where the chain ends so far.
        block_limit: how many ticks a block has at most.
    """

    def __init__(
        self,
        owner_id: str,
        keep: Callable[[Row], None],
        head: Head = GENESIS,
        block_limit: int = TICKS_IN_BLOCK,
    ) -> None:
        assert block_limit > 0, "a block holds at least one tick"
        self._owner_id = owner_id
        self._keep = keep
        self._count, self._link = head.count, head.digest
        self._block_limit = block_limit
        self._journal = Journal()
        self._ticks = sha256()
        self._encode_into = msgspec.msgpack.Encoder().encode_into
        self._buffer = bytearray()
        self._taken = 0
        self._first_ns = 0
        self._last: Any = None
        self._minute = -1  # of the market, in which the last block ended

    @property
    def head(self) -> Head:
        """Where the chain ends, with all that was linked."""
        return Head(self._count, self._link)

    def take(self, tick: Any) -> None:
        """Enter a tick; it is chained before the next fact."""
        buffer = self._buffer
        self._encode_into(tick, buffer, -1)
        if not self._taken:
            self._first_ns = tick.at_ns
        self._last = tick
        self._taken += 1
        if self._taken == self._block_limit:
            self.end_block()
        elif len(buffer) >= _BUFFERED:
            self._digest()

    def append(self, facts: Sequence[Fact], origin: Origin, at_ns: int) -> None:
        """Link facts, after the ticks taken before them; all of them or none.

        Raises:
            StoreError: one of them cannot be recorded.
        """
        bodies = list(map(encode, facts))
        self.end_block()
        for fact, body in zip(facts, bodies, strict=True):
            self._add(fact, body, origin, at_ns)

    def end_block(self) -> None:
        """Chain the ticks that were taken since the last block, if any."""
        if self._taken:
            last_ns = self._last.at_ns
            block = TicksTaken(self._first_ns, last_ns, self._taken, self._digest())
            self._taken, self._minute = 0, last_ns // _MINUTE_NS
            self._add(block, encode(block), TICKS, last_ns)

    def end_minute(self) -> None:
        """End the block, unless one has ended in the minute of the market that its last tick is in.

        A session opens and closes with a minute, so whoever reads where the records end finds the
        right side of both. A block for each flush would make most of the chain, and say no more.
        """
        if self._taken and self._last.at_ns // _MINUTE_NS != self._minute:
            self.end_block()

    def journal_sha256(self) -> str:
        """Return the hash of this run's journal so far, in hexadecimal."""
        return self._journal.sha256(self._digest() if self._last is not None else "")

    def _digest(self) -> str:
        """Return the digest over all ticks, those in the buffer included."""
        self._ticks.update(self._buffer)
        self._buffer.clear()
        return self._ticks.hexdigest()

    def _add(self, record: Fact | TicksTaken, body: bytes, origin: Origin, at_ns: int) -> None:
        number = self._count + 1
        by = origin.actor, origin.message, origin.cause
        row = sealed((number, self._owner_id, at_ns, kind_of(record), *by, body), self._link)
        self._count, self._link = number, row.link
        self._journal.feed(record)
        self._keep(row)
