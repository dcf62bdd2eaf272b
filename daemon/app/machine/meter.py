"""The meter of a live daemon: what the driver tells it becomes figures, warnings and spans.

It stands beside the path of every message, so it waits for nothing and looks nothing up twice.
Whoever holds up the event loop is told by name: the actor and the type of the message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from structlog.contextvars import get_contextvars

from daemon.app.machine.telemetry import Telemetry
from daemon.control import Teller
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.market.frames import Frame
from daemon.domain.orders.words import (
    ConfirmationWanted,
    IntentRecorded,
    OrderRefused,
    OutcomeUnknown,
)
from daemon.messages import (
    AccountUnread,
    Ask,
    Cancel,
    CancelAnswered,
    FindOrder,
    LogIn,
    LoginFailed,
    MarginUnread,
    Place,
    ReadAccount,
    ReadMargin,
)
from daemon.runtime.lane_queue import Item
from daemon.runtime.words import Call, Lane
from daemon.telemetry.tracing import Span, SpanKind

_OPS: Final[Mapping[type, str]] = {
    Place: "place",
    Cancel: "cancel",
    FindOrder: "find",
    ReadAccount: "read",
    ReadMargin: "margin",
    LogIn: "log_in",
}
"""What a broker is asked; other ports are asked other things."""
_AGAIN_NS: Final = 10 * SECOND_NS
"""Who is slow time and again is told so often, and counted each time."""
_DECIDER: Final = "watchdog"
"""Its decisions on frames are measured, in every account."""
_UNSENT: Final = 1_000
"""So many intents may wait to be sent before the oldest is not measured any more."""


class Meter:
    """Measures one daemon.

    Args:
        telemetry: takes what was measured.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._beats: dict[str, int] = {}
        self.now_ns = telemetry.host.now_ns
        self._told = telemetry.metrics
        self._log = telemetry.log
        self._slow_ns = telemetry.slow_ns
        self._tracer, self._mode = telemetry.tracer, telemetry.mode
        self._brought = (0, 0)
        self._committed: dict[str, int] = {}
        self._warned: dict[tuple[str, str], int] = {}

    def silent_ns(self, actor: str) -> int | None:
        """Return how long ago an actor ended with a message; None: it never did."""
        beat_ns = self._beats.get(actor)
        return None if beat_ns is None else self.now_ns() - beat_ns

    def brought(self, number: int) -> None:
        """Note when a message came in from the outside."""
        self._brought = (number, self.now_ns())

    def handled(self, actor: str, item: Item, began_ns: int) -> None:
        """Measure what an actor made of a message, and name it where that took too long."""
        ended_ns = self._beats[actor] = self.now_ns()
        number, brought_ns = self._brought
        if item[2] == number and type(item[0]) is Frame and actor.startswith(_DECIDER):
            self._told.frame_to_decision.observe((ended_ns - brought_ns) / SECOND_NS)
        if ended_ns - began_ns > self._slow_ns:
            self._slow(actor, named(item[0]), ended_ns - began_ns, ended_ns)
        if self._tracer is not None:
            span = Span(
                kind=SpanKind.MESSAGE,
                mode=self._mode,
                name=f"{actor} {named(item[0])}",
                began_ns=began_ns,
                ended_ns=ended_ns,
                number=item[1],
                cause=item[2],
            )
            self._tracer.ended(span)

    def answered(self, call: Call, cause: int, began_ns: int, answers: Sequence[Any]) -> None:
        """Measure what a broker was asked, and trace what any port was."""
        ended_ns = self.now_ns()
        request = call.request
        op = _OPS.get(type(request))
        if isinstance(request, Place):
            committed_ns = self._committed.pop(request.approved.intent.intent_id, began_ns)
            self._told.decision_to_send.observe((began_ns - committed_ns) / SECOND_NS)
        if op is not None:
            self._told.broker_calls.labels(op, _outcome(answers)).inc()
            self._told.broker_seconds.labels(op).observe((ended_ns - began_ns) / SECOND_NS)
        if self._tracer is not None:
            span = Span(
                kind=SpanKind.CALL,
                mode=self._mode,
                name=f"{call.port} {op or named(request)}",
                began_ns=began_ns,
                ended_ns=ended_ns,
                cause=cause,
            )
            self._tracer.ended(span)

    def entered(self, fact: object) -> None:
        """Note when an intent was committed."""
        if isinstance(fact, IntentRecorded):
            self._committed[fact.intent.intent_id] = self.now_ns()
            if len(self._committed) > _UNSENT:
                del self._committed[next(iter(self._committed))]

    def traced(self, say: Callable[[str, Any, Lane], int]) -> Teller:
        """Return how a verb is told to an actor: with a span, where somebody traces."""
        tracer = self._tracer
        if tracer is None:
            return say

        def tell(to: str, message: Any, lane: Lane) -> None:
            now_ns, number = self.now_ns(), say(to, message, lane)
            span = Span(
                kind=SpanKind.VERB,
                mode=self._mode,
                name=f"{to} {named(message)}",
                began_ns=now_ns,
                ended_ns=now_ns,
                request_id=get_contextvars().get("request_id", ""),
                number=number,
            )
            tracer.ended(span)

        return tell

    def _slow(self, actor: str, message: str, took_ns: int, now_ns: int) -> None:
        self._told.slow_handlings.labels(actor, message).inc()
        warned_ns = self._warned.get((actor, message))
        if warned_ns is None or now_ns - warned_ns >= _AGAIN_NS:
            self._warned[actor, message] = now_ns
            took_ms = round(took_ns / MILLISECOND_NS, 1)
            self._log.warning("slow handling", actor=actor, message=message, took_ms=took_ms)


def named(message: object) -> str:
    """Return the type of a message; of a question, what it is about."""
    return type(message.about if isinstance(message, Ask) else message).__name__


def _outcome(answers: Sequence[Any]) -> str:
    for answer in answers:
        match answer:
            case OrderRefused() | CancelAnswered(done=False):
                return "refused"
            case OutcomeUnknown():
                return "unknown"
            case ConfirmationWanted():
                return "asked"
            case LoginFailed() | AccountUnread() | MarginUnread():
                return "failed"
    return "ok" if answers else "failed"  # a look-up that saw nothing has no answer
