"""Which kill wanted an exit, by what was recorded of latches before it."""

from __future__ import annotations

from collections.abc import Iterable

from daemon import kill
from daemon.domain.orders.words import Intent
from daemon.messages import Latched, LatchKind, Released
from daemon.storage.codec import Recorded


def kill_over(newest_first: Iterable[Recorded], intent: Intent) -> Latched | None:
    """Return the newest kill that an order was under; None: there was none.

    Args:
        newest_first: the latches and releases before it; what was released in its account by then
            wanted nothing any more.
        intent: of the order.
    """
    released: set[str] = set()
    for fact in newest_first:
        if isinstance(fact, Released) and fact.account in ("", intent.account):
            released.add(fact.latch_id)
        if not isinstance(fact, Latched) or fact.kind is not LatchKind.KILL:
            continue
        if fact.latch_id not in released and _latch(fact).covers(
            intent.account, intent.strategy_id
        ):
            return fact
    return None


def _latch(fact: Latched) -> kill.Latch:
    words = (fact.latch_id, fact.kind, fact.scope, fact.id, fact.reason, fact.by)
    return kill.Latch(*words, fact.at_ns)
