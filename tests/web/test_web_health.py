"""How the daemon itself is: for people, and for Prometheus."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from daemon.messages import SeeAccount, SeeRisk
from daemon.telemetry.tracing import SpanKind, SpansInMemory
from daemon.web.answers import health
from daemon.web.house import Health
from daemon.web.told.health_shapes import ActorTold, HotStateTold, SinkTold
from tests.kit.control_port import open_port
from tests.kit.seen import ACCOUNT, ANSWERS
from tests.kit.watched import LEG, OTHER_LEG, risk, watch


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    """Every sample: its name and the values of its labels, and its value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def standing(*legs):
    seen = risk(watch(legs=legs))
    account = replace(ACCOUNT, entries_left=5, exits_left=8)
    return {**ANSWERS, SeeRisk: lambda _: seen, SeeAccount: lambda _: account}


async def test_its_health_is_told_to_those_who_may_look(tmp_path):
    known = Health(
        ledger_ok=True,
        ledger_round_trip_ms=4.2,
        loop_lag_ms=0.1,
        loop_lag_most_ms=7.5,
        hot_state=HotStateTold("redis", False, 1.25),
        actors=(
            ActorTold("watchdog", 2, 5, False, 12.5),
            ActorTold("runner:a", 4, 0, True, None),
        ),
        sinks=(SinkTold("pager", "webhook", False, 7, 3, 1, "it says no", None),),
    )
    async with open_port(tmp_path, standing(), health=lambda: known) as port:
        status, told, _ = await port.ask("GET", "/api/admin/health")

    broker = {"account": "paper", "broker": "paper", "reconciled": True}
    assert status == 200
    assert told == {
        "ready": True,
        "mode": "paper",
        "ledger": {"ok": True, "round_trip_ms": 4.2},
        "hot_state": {"kind": "redis", "ok": False, "round_trip_ms": 1.25},
        "feed": {"alive": True},
        "link_alive": True,
        "loop": {"lag_ms": 0.1, "lag_most_ms": 7.5},
        "brokers": [{**broker, "entries_left": 5, "exits_left": 8}] * 2,
        "actors": [
            {
                "name": "watchdog",
                "restarts": 2,
                "mailbox": 5,
                "disarmed": False,
                "beat_age_ms": 12.5,
            },
            {
                "name": "runner:a",
                "restarts": 4,
                "mailbox": 0,
                "disarmed": True,
                "beat_age_ms": None,
            },
        ],
        "sinks": [
            {
                "id": "pager",
                "kind": "webhook",
                "ok": False,
                "record": 7,
                "behind": 3,
                "dead": 1,
                "failed_because": "it says no",
                "failed_at": None,
            }
        ],
    }


async def test_what_nobody_tells_is_null(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        _, told, _ = await port.ask("GET", "/api/admin/health")

    assert told["ledger"] == {"ok": None, "round_trip_ms": None}
    assert told["hot_state"] == {"kind": "none", "ok": None, "round_trip_ms": None}
    assert told["loop"] == {"lag_ms": None, "lag_most_ms": None}
    assert told["actors"] == told["sinks"] == []


UNGUARDED = replace(OTHER_LEG, unguarded_because=("the link is dead",))
FLAT = replace(UNGUARDED, quantity=0)


@pytest.mark.parametrize(
    ("legs", "open_legs", "share"),
    [
        ((), 0, 1),
        ((FLAT,), 0, 1),
        ((LEG,), 1, 1),
        ((LEG, UNGUARDED, FLAT), 2, 0.5),
        ((UNGUARDED,), 1, 0),
    ],
)
async def test_the_metrics_tell_which_share_of_open_legs_is_guarded(
    tmp_path, legs, open_legs, share
):
    async with open_port(tmp_path, standing(*legs)) as port:
        status, text, headers = await port.ask("GET", "/metrics")
    told = samples(text)

    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert told["ordo_open_legs",] == open_legs
    assert told["ordo_guarded_ratio",] == share
    assert told["ordo_feed_link_alive",] == 1
    assert told["ordo_book_read", "paper"] == 1
    assert told["ordo_rate_budget_left", "paper", "entry"] == 5
    assert told["ordo_rate_budget_left", "paper", "exit"] == 8


async def test_who_does_not_answer_leaves_no_figure_of_before(tmp_path, monkeypatch):
    monkeypatch.setattr(health, "_PATIENCE_S", 0.01)
    async with open_port(tmp_path, standing(LEG)) as port:
        await port.ask("GET", "/metrics")
        port.actors.answers.clear()
        _, text, _ = await port.ask("GET", "/metrics")
    told = samples(text)

    assert math.isnan(told["ordo_guarded_ratio",])
    assert math.isnan(told["ordo_feed_link_alive",])
    assert not [key for key in told if key[0] in ("ordo_rate_budget_left", "ordo_book_read")]


@pytest.mark.parametrize(
    "account",
    [replace(ACCOUNT, reconciled=False), replace(ACCOUNT, overdue="09:15:00", unread="no answer")],
)
@pytest.mark.parametrize("legs", [(), (LEG,)])
async def test_while_a_book_is_not_read_the_metrics_tell_nothing_as_flat_or_guarded(
    tmp_path, account, legs
):
    seen = {**standing(*legs), SeeAccount: lambda _: account}
    async with open_port(tmp_path, seen) as port:
        _, text, _ = await port.ask("GET", "/metrics")
        port.actors.answers = standing(*legs)
        _, later, _ = await port.ask("GET", "/metrics")
    told, told_later = samples(text), samples(later)

    assert told["ordo_book_read", "paper"] == 0
    assert math.isnan(told["ordo_open_legs",])
    assert math.isnan(told["ordo_guarded_ratio",])
    assert (told["ordo_feed_link_alive",], told["ordo_rate_budget_left", "paper", "entry"]) == (
        1,
        0,
    )
    assert told_later["ordo_book_read", "paper"] == 1
    assert (told_later["ordo_open_legs",], told_later["ordo_guarded_ratio",]) == (len(legs), 1)


@pytest.mark.parametrize("accounts", [None, ACCOUNT])
async def test_who_does_not_tell_of_its_book_is_not_told_as_flat(tmp_path, monkeypatch, accounts):
    """Of the accounts, or of the watch: what the other tells is told all the same."""
    monkeypatch.setattr(health, "_PATIENCE_S", 0.01)
    async with open_port(tmp_path, standing()) as port:
        del port.actors.answers[SeeAccount if accounts is None else SeeRisk]
        _, text, _ = await port.ask("GET", "/metrics")
    told = samples(text)

    assert math.isnan(told["ordo_open_legs",])
    assert math.isnan(told["ordo_guarded_ratio",])
    assert (told.get(("ordo_book_read", "paper")) == 1) is (accounts is not None)
    assert math.isnan(told["ordo_feed_link_alive",]) is (accounts is not None)


@pytest.mark.parametrize(("alive", "priced", "told_as"), [(True, False, None), (False, False, 0)])
async def test_a_link_that_never_brought_a_price_is_not_told_as_alive(
    tmp_path, alive, priced, told_as
):
    seen = replace(risk(watch(legs=(LEG,))), link_alive=alive, priced=priced)
    async with open_port(tmp_path, {**standing(), SeeRisk: lambda _: seen}) as port:
        _, text, _ = await port.ask("GET", "/metrics")
    value = samples(text)["ordo_feed_link_alive",]

    assert math.isnan(value) if told_as is None else value == told_as


async def test_requests_are_counted_by_the_template_of_their_route(tmp_path):
    async with open_port(tmp_path, ANSWERS) as port:
        for path in ("/api/strategies/one", "/api/strategies/two", "/api/nothing", "/api/else"):
            await port.ask("GET", path)
        _, text, _ = await port.ask("GET", "/metrics")
    told = samples(text)

    assert told["http_requests_total", "/api/strategies/{strategy_id}", "404"] == 2
    assert told["http_requests_total", "unmatched", "404"] == 2
    assert told["http_request_duration_seconds_count", "/api/strategies/{strategy_id}"] == 2


async def test_a_request_is_a_span_where_somebody_traces(tmp_path):
    spans = SpansInMemory()
    async with open_port(tmp_path, ANSWERS, tracer=spans) as port:
        await port.ask("GET", "/api/pnl/daily", headers={"X-Request-Id": "mine"})
    (span,) = spans.of("mine")

    assert (span.kind, span.name) == (SpanKind.ROUTE, "GET /api/pnl/daily")
    assert span.began_ns < span.ended_ns
