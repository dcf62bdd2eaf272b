"""What the driver tells the meter becomes figures, warnings and spans."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from daemon.app.machine import meter as measuring
from daemon.app.machine.meter import Meter
from daemon.app.machine.telemetry import Telemetry
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.market.frames import Frame
from daemon.domain.orders.limits import Approved, _Seal
from daemon.domain.orders.words import (
    ConfirmationWanted,
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderRefused,
    OutcomeUnknown,
    Refusal,
)
from daemon.messages import (
    AccountUnread,
    Ask,
    Cancel,
    CancelAnswered,
    FindOrder,
    Job,
    LoggedIn,
    LogIn,
    LoginFailed,
    MarginRead,
    MarginUnread,
    Place,
    ReadAccount,
    ReadMargin,
    RunJob,
    SeeRisk,
)
from daemon.runtime.clock import VirtualClock
from daemon.runtime.words import Call, Lane, Started
from daemon.telemetry.log import make_log
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.tracing import SpanKind, SpansInMemory
from tests.kit.facts import INTENT

FRAME = Frame(0, ())


def place(intent: Intent = INTENT) -> Place:
    """Ask for an order as if the gate had let it through."""
    return Place(Approved(intent, _Seal(intent)))


PLACE = place()


class Stage:
    """A meter under a host clock that a test sets."""

    def __init__(self, tracer: SpansInMemory | None = None) -> None:
        self.host = VirtualClock(SECOND_NS)
        self.lines: list[Any] = []
        self.metrics = Metrics()
        log = make_log(self.lines.append, lambda: 0)
        self.meter = Meter(Telemetry(log, self.metrics, host=self.host, tracer=tracer))

    def handled(self, actor: str, message: Any, took_ms: int = 0, number=2, cause=1) -> None:
        began_ns = self.host.now_ns()
        self.host.advance(took_ms * MILLISECOND_NS)
        self.meter.handled(actor, (message, number, cause), began_ns)

    def answered(self, request: Any, *answers: Any, cause: int = 0) -> None:
        self.meter.answered(Call("paper:paper", request), cause, self.host.now_ns(), answers)

    def told(self, *key: str) -> float | None:
        """The value of a sample: its name, and the values of its labels."""
        for family in text_string_to_metric_families(self.metrics.text().decode()):
            for sample in family.samples:
                if (sample.name, *sample.labels.values()) == key:
                    return sample.value
        return None


@pytest.mark.parametrize("watchdog", ["watchdog", "watchdog:beta"])
def test_a_frame_is_followed_to_what_the_watchdog_of_each_account_made_of_it(watchdog):
    stage = Stage()
    stage.meter.brought(7)
    stage.handled("feed", FRAME, 1, number=7, cause=0)
    stage.handled(watchdog, FRAME, 2, number=8, cause=7)

    assert stage.told("ordo_frame_to_decision_seconds_count") == 1
    assert stage.told("ordo_frame_to_decision_seconds_sum") == pytest.approx(0.003)


@pytest.mark.parametrize(
    ("actor", "message", "cause"),
    [("router:paper", FRAME, 7), ("watchdog", Started(), 7), ("watchdog", FRAME, 6)],
)
def test_nothing_else_is_a_decision_on_a_frame(actor, message, cause):
    stage = Stage()
    stage.meter.brought(7)
    stage.handled(actor, message, cause=cause)

    assert stage.told("ordo_frame_to_decision_seconds_count") == 0


def test_an_intent_is_followed_from_its_commit_to_the_door():
    stage = Stage()
    stage.meter.entered("another fact")
    stage.meter.entered(IntentRecorded(INTENT, 0))
    stage.host.advance(4 * MILLISECOND_NS)
    stage.answered(PLACE, OrderAccepted(INTENT.intent_id, "b", 0))

    assert stage.told("ordo_decision_to_send_seconds_count") == 1
    assert stage.told("ordo_decision_to_send_seconds_sum") == pytest.approx(0.004)


def test_intents_that_are_never_sent_are_not_remembered_for_ever(monkeypatch):
    monkeypatch.setattr(measuring, "_UNSENT", 1)
    stage = Stage()
    for name in ("OR1", "OR2"):
        stage.meter.entered(IntentRecorded(replace(INTENT, intent_id=name), 0))
        stage.host.advance(MILLISECOND_NS)
    for name in ("OR1", "OR2"):
        stage.answered(place(replace(INTENT, intent_id=name)))

    assert stage.told("ordo_decision_to_send_seconds_sum") == pytest.approx(0.001)


READ_MARGIN = ReadMargin("EN1", ())
OUTCOMES = [
    (PLACE, OrderAccepted("OR1", "b", 0), "place", "ok"),
    (PLACE, OrderRefused("OR1", Refusal.OTHER, "no", 0), "place", "refused"),
    (PLACE, OutcomeUnknown("OR1", "late", 0), "place", "unknown"),
    (PLACE, ConfirmationWanted("OR1", "q7", "sure?", 0), "place", "asked"),
    (Cancel("OR1", "b"), CancelAnswered("OR1", True, "", 0), "cancel", "ok"),
    (Cancel("OR1", "b"), CancelAnswered("OR1", False, "no", 0), "cancel", "refused"),
    (FindOrder("OR1"), OrderAccepted("OR1", "b", 0), "find", "ok"),
    (ReadAccount(), AccountUnread("down", 0), "read", "failed"),
    (LogIn(1), LoggedIn(1, 0), "log_in", "ok"),
    (LogIn(1), LoginFailed(1, "no", 0), "log_in", "failed"),
    (READ_MARGIN, MarginRead("EN1", 1, 2, 0), "margin", "ok"),
    (READ_MARGIN, MarginUnread("EN1", "down", 0), "margin", "failed"),
]


@pytest.mark.parametrize(("request_", "answer", "op", "status"), OUTCOMES)
def test_what_a_broker_was_asked_is_counted_by_what_came_of_it(request_, answer, op, status):
    stage = Stage()
    stage.answered(request_, answer)

    assert stage.told("broker_calls_total", op, status) == 1
    assert stage.told("broker_call_duration_seconds_count", op) == 1


def test_a_look_up_that_saw_nothing_has_failed():
    stage = Stage()
    stage.answered(FindOrder("OR1"))

    assert stage.told("broker_calls_total", "find", "failed") == 1


def test_what_is_asked_of_other_ports_is_traced_and_no_call_of_a_broker():
    spans = SpansInMemory()
    stage = Stage(spans)
    stage.answered(RunJob(Job.BACKUP, date(2026, 3, 9)), "an answer")

    assert b"broker_calls_total{" not in stage.metrics.text()
    assert [each.name for each in spans.spans] == ["paper:paper RunJob"]


def test_whoever_holds_up_the_loop_is_named_by_actor_and_message():
    stage = Stage()
    stage.handled("watchdog", Ask(1, SeeRisk()), 51)
    stage.handled("watchdog", FRAME, 50)

    (line,) = stage.lines
    assert line["level"] == "warning"
    assert (line["event"], line["actor"], line["message"], line["took_ms"]) == (
        *("slow handling", "watchdog", "SeeRisk"),
        51.0,
    )
    assert stage.told("ordo_slow_handlings_total", "watchdog", "SeeRisk") == 1


def test_who_is_slow_time_and_again_is_told_every_ten_seconds_and_counted_each_time():
    stage = Stage()
    for _ in range(20):
        stage.handled("watchdog", FRAME, 1_000)

    assert len(stage.lines) == 2
    assert stage.told("ordo_slow_handlings_total", "watchdog", "Frame") == 20


def test_how_long_an_actor_has_been_silent_is_known():
    stage = Stage()
    stage.handled("feed", FRAME, 3)
    stage.handled("watchdog", FRAME, 4)

    silent = {each: stage.meter.silent_ns(each) for each in ("feed", "watchdog", "runner:a")}
    assert silent == {"feed": 4 * MILLISECOND_NS, "watchdog": 0, "runner:a": None}


def test_a_verb_is_followed_to_the_broker_by_the_drivers_numbers():
    spans = SpansInMemory()
    stage = Stage(spans)
    told = []

    def say(to: str, message: Any, lane: Lane) -> int:
        told.append((to, message, lane))
        return 4

    stage.meter.traced(say)("router:paper", Ask(1, SeeRisk()), Lane.FACTS)
    stage.handled("router:paper", Ask(1, SeeRisk()), 1, number=4, cause=0)
    stage.answered(PLACE, cause=4)

    assert told == [("router:paper", Ask(1, SeeRisk()), Lane.FACTS)]
    assert [(each.kind, each.name, each.number, each.cause) for each in spans.spans] == [
        (SpanKind.VERB, "router:paper SeeRisk", 4, 0),
        (SpanKind.MESSAGE, "router:paper SeeRisk", 4, 0),
        (SpanKind.CALL, "paper:paper place", 0, 4),
    ]


def test_where_nobody_traces_a_verb_goes_the_straight_way():
    def say(to: str, message: Any, lane: Lane) -> int:
        return 0

    assert Stage().meter.traced(say) is say


def test_where_nobody_traces_no_span_is_made(monkeypatch):
    monkeypatch.setattr(measuring, "Span", None)  # whoever made one would fall over it
    stage = Stage()
    stage.handled("feed", FRAME)
    stage.answered(PLACE, OrderAccepted("OR1", "b", 0))

    assert stage.told("broker_calls_total", "place", "ok") == 1
