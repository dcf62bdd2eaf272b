"""What is told of how the daemon is."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from daemon.web.told.shapes import Told


class ActorTold(Struct, frozen=True):
    """How one actor is; `beat_age_ms` is how long ago it ended with a message, null: it never did.

    Who is told nothing has nothing to end with: an actor hangs where its mailbox does not empty.
    """

    name: str
    restarts: int
    mailbox: int
    disarmed: bool
    beat_age_ms: float | None


class LedgerTold(Struct, frozen=True):
    """Whether facts become durable, and how long that took last; null: nobody tells."""

    ok: bool | None
    round_trip_ms: float | None


class HotStateTold(Struct, frozen=True):
    """Where the state of risk is mirrored; `ok` and the round trip are null where there is none."""

    kind: Literal["none", "redis", "sqlite"]
    ok: bool | None
    round_trip_ms: float | None


class SinkTold(Struct, frozen=True):
    """How one sink of the outbox stands.

    `record` is the last one that it is done with, `behind` counts what it has yet to be given,
    `dead` the dead letters that wait for a person; `failed_*` tell of the last failure, null: it
    was given something since.
    """

    id: str
    kind: Literal["webhook", "redis"]
    ok: bool
    record: int
    behind: int
    dead: int
    failed_because: str | None
    failed_at: str | None


class FeedTold(Struct, frozen=True):
    """Whether the feed's link lives."""

    alive: bool


class BrokerTold(Struct, frozen=True):
    """The way to a broker, and what its budget of messages lets out at once."""

    account: str
    broker: str
    reconciled: bool
    entries_left: int
    exits_left: int


class LoopTold(Struct, frozen=True):
    """How late the event loop woke whoever slept: last, and at most; null: nobody looks."""

    lag_ms: float | None
    lag_most_ms: float | None


class HealthTold(Told, frozen=True):
    """How the daemon is; `brokers` are reached through their accounts."""

    ready: bool
    ledger: LedgerTold
    hot_state: HotStateTold
    feed: FeedTold
    link_alive: bool
    loop: LoopTold
    brokers: tuple[BrokerTold, ...]
    actors: tuple[ActorTold, ...]
    sinks: tuple[SinkTold, ...]
