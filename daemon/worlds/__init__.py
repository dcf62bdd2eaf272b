"""Worlds: what is around the actors, said once for each kind of run."""

from __future__ import annotations

from daemon.worlds.entry import Entry, reached
from daemon.worlds.generated import Generated, GeneratedMarket, begins_ns
from daemon.worlds.live import Live, Source
from daemon.worlds.recorded import Market, Recorded, front_expiry, trading_sessions
from daemon.worlds.words import News, Step, World

__all__ = [
    "Entry",
    "Generated",
    "GeneratedMarket",
    "Live",
    "Market",
    "News",
    "Recorded",
    "Source",
    "Step",
    "World",
    "begins_ns",
    "front_expiry",
    "reached",
    "trading_sessions",
]
