"""Everything that is measured, in one object with a registry of its own.

What happens is counted where it happens; what merely stands (inboxes, budgets, the guard) is looked
at when somebody asks for the text. A label has few values: the template of a route, never a path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_QUICK_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)
_CALL_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Standing(Struct, frozen=True):
    """How things stand at one instant.

    Attributes:
        restarts: how often each actor fell and was built again.
        unread: messages that each actor has not read.
        superseded: frames that each actor met only joined with a later one.
        ledger_ok: facts become durable.
        lost_lines: of the log.
        hot_state_ok: the hot state is mirrored; None: there is none.
        behind: what each sink of the outbox has yet to be given.
        dead: dead letters of each that wait for a person.
    """

    restarts: Mapping[str, int]
    unread: Mapping[str, int]
    superseded: Mapping[str, int]
    ledger_ok: bool
    lost_lines: int
    hot_state_ok: bool | None = None
    behind: Mapping[str, int] = MappingProxyType({})
    dead: Mapping[str, int] = MappingProxyType({})


class Metrics:
    """What is measured.

    Attributes:
        http_requests: answered requests, by route and status.
        http_seconds: how long an answer took, by route.
        broker_calls: by what was asked and what came of it.
        broker_seconds: how long the broker took, by what was asked.
        frame_to_decision: from a frame's coming in to the end of what the watchdog made of it.
        decision_to_send: from the commit of an intent to the asking of the door.
        loop_lag: how late the loop woke whoever slept.
        slow_handlings: messages that held up the loop, by actor and type of message.
        ledger_round_trip: how long a flush took that had something to store.
        hot_state_round_trip: how long a batch for the hot state took.
        open_legs: under watch; not known (NaN) while the book of an account is not read.
        guarded: which share of them is guarded now; 1 where nothing is open, and not known either
            while a book is not read.
        book_read: 1 where the book of an account is read, 0 where what it holds is not known.
        link_alive: the feed's link lives; not known before it has brought a price.
        mode: 1 for whose money each account trades with, `paper` or `live`.
        budget_left: how many calls an account may send at once, by lane.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # series that nobody reads
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.http_requests = self._counter("http_requests", "Answered requests.", "route", "status")
        self.http_seconds = self._histogram(
            "http_request_duration_seconds", "How long an answer took.", _CALL_S, "route"
        )
        self.broker_calls = self._counter(
            "broker_calls", "What a broker was asked.", "op", "status"
        )
        self.broker_seconds = self._histogram(
            "broker_call_duration_seconds", "How long a broker took.", _CALL_S, "op"
        )
        self.frame_to_decision = self._histogram(
            "ordo_frame_to_decision_seconds", "From a frame to what the watchdog made of it."
        )
        self.decision_to_send = self._histogram(
            "ordo_decision_to_send_seconds", "From an intent's commit to the asking of the door."
        )
        self.loop_lag = self._histogram(
            "ordo_loop_lag_seconds", "How late the loop woke whoever slept."
        )
        self.slow_handlings = self._counter(
            "ordo_slow_handlings", "Messages that held up the loop.", "actor", "message"
        )
        self.ledger_round_trip = self._histogram(
            "ordo_ledger_round_trip_seconds", "How long a flush took that stored.", _CALL_S
        )
        self.hot_state_round_trip = self._histogram(
            "ordo_hot_state_round_trip_seconds", "How long a batch for the hot state took.", _CALL_S
        )
        self.open_legs = self._gauge(
            "ordo_open_legs", "Legs under watch; NaN while a book is not read."
        )
        self.guarded = self._gauge(
            "ordo_guarded_ratio", "Share of open legs guarded now; NaN while a book is not read."
        )
        self.book_read = self._gauge(
            "ordo_book_read", "Whether the broker's book of an account is read.", "account"
        )
        self.link_alive = self._gauge(
            "ordo_feed_link_alive", "Whether the feed's link lives; NaN before its first price."
        )
        self.mode = self._gauge(
            "ordo_mode", "Whose money an account trades with.", "account", "mode"
        )
        self.budget_left = self._gauge(
            "ordo_rate_budget_left", "Calls that may leave at once.", "account", "lane"
        )

    def look(self, standing: Callable[[], Standing]) -> None:
        """Tell how things stand, too, each time the text is asked for."""
        self._registry.register(_Looking(standing))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...] = _QUICK_S, *labels: str
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)


class _Looking(Collector):
    """Tells how things stand when it is asked."""

    def __init__(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering looks at nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield what stands now."""
        now = self._standing()
        yield _counted("ordo_actor_restarts", "How often an actor was built again.", now.restarts)
        yield _counted(
            "ordo_frames_superseded", "Frames joined with later, unread ones.", now.superseded
        )
        yield _by("ordo_inbox_depth", "Messages that an actor has not read.", "actor", now.unread)
        yield _by("ordo_outbox_behind", "What a sink has yet to be given.", "sink", now.behind)
        yield _by("ordo_outbox_dead", "Dead letters that wait for a person.", "sink", now.dead)
        yield GaugeMetricFamily("ordo_ledger_ok", "Whether facts become durable.", now.ledger_ok)
        if now.hot_state_ok is not None:
            yield GaugeMetricFamily(
                "ordo_hot_state_ok", "Whether the hot state is mirrored.", now.hot_state_ok
            )
        yield CounterMetricFamily(
            "ordo_log_lines_lost", "Lines of the log not written.", now.lost_lines
        )


def _by(name: str, text: str, label: str, each: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for labelled, value in each.items():
        family.add_metric((labelled,), value)
    return family


def _counted(name: str, text: str, by_actor: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=("actor",))
    for actor, count in by_actor.items():
        family.add_metric((actor,), count)
    return family
