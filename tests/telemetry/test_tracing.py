"""Spans are joined by the numbers that the driver gives, without a context of their own."""

from __future__ import annotations

from daemon.telemetry.tracing import Span, SpanKind, SpansInMemory


def span(kind: SpanKind, name: str, **more) -> Span:
    return Span(kind=kind, mode="paper", name=name, began_ns=0, ended_ns=1, **more)


def test_a_request_is_followed_to_the_call_that_it_led_to():
    spans = SpansInMemory()
    for each in (
        span(SpanKind.VERB, "router PlaceByHand", request_id="r", number=4),
        span(SpanKind.MESSAGE, "router PlaceByHand", number=4),
        span(SpanKind.MESSAGE, "feed Frame", number=5),
        span(SpanKind.CALL, "paper place", cause=4),
        span(SpanKind.MESSAGE, "router OrderAccepted", number=6, cause=4),
        span(SpanKind.CALL, "paper read", cause=5),
        span(SpanKind.ROUTE, "POST /api/order", request_id="r"),
    ):
        spans.ended(each)

    assert {each.name for each in spans.of("r")} == {
        "POST /api/order",
        "router PlaceByHand",
        "paper place",
        "router OrderAccepted",
    }
    assert spans.of("another") == []
