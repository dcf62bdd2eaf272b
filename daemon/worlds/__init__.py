"""Worlds: what is around the actors, said once for each kind of run."""

from __future__ import annotations

from daemon.worlds.generated import Entry, Generated, GeneratedMarket, begins_ns, reached
from daemon.worlds.recorded import (
    Market,
    News,
    Recorded,
    Step,
    front_expiry,
    trading_sessions,
)

__all__ = [
    "Entry",
    "Generated",
    "GeneratedMarket",
    "Market",
    "News",
    "Recorded",
    "Step",
    "begins_ns",
    "front_expiry",
    "reached",
    "trading_sessions",
]
