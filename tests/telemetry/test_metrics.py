"""Metrics: the text is Prometheus' own, and every name keeps its rules."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from daemon.telemetry.metrics import Metrics, Standing

PROMISED = {
    "http_requests": {"route", "status"},
    "http_request_duration_seconds": {"route"},
    "broker_calls": {"op", "status"},
    "broker_call_duration_seconds": {"op"},
    "ordo_frame_to_decision_seconds": set(),
    "ordo_decision_to_send_seconds": set(),
    "ordo_actor_restarts": {"actor"},
    "ordo_inbox_depth": {"actor"},
    "ordo_frames_superseded": {"actor"},
    "ordo_loop_lag_seconds": set(),
    "ordo_slow_handlings": {"actor", "message"},
    "ordo_mode": {"account", "mode"},
    "ordo_open_legs": set(),
    "ordo_guarded_ratio": set(),
    "ordo_feed_link_alive": set(),
    "ordo_book_read": {"account"},
    "ordo_rate_budget_left": {"account", "lane"},
    "ordo_ledger_round_trip_seconds": set(),
    "ordo_ledger_ok": set(),
    "ordo_hot_state_round_trip_seconds": set(),
    "ordo_hot_state_ok": set(),
    "ordo_outbox_behind": {"sink"},
    "ordo_outbox_dead": {"sink"},
    "ordo_log_lines_lost": set(),
}
"""The name of each family, as the parser calls it, and its labels."""

STANDING = Standing(
    *({"feed": 1}, {"feed": 2}, {"feed": 3}),
    ledger_ok=True,
    lost_lines=4,
    hot_state_ok=False,
    behind={"pager": 5},
    dead={"pager": 6},
)


@pytest.fixture
def text() -> bytes:
    """The text once everything was counted."""
    told = Metrics()
    told.look(lambda: STANDING)
    told.http_requests.labels("/api/orders/{order_id}", "200").inc()
    told.http_seconds.labels("/api/orders/{order_id}").observe(0.01)
    told.broker_calls.labels("place", "ok").inc()
    told.broker_seconds.labels("place").observe(0.05)
    told.slow_handlings.labels("watchdog", "Frame").inc()
    told.mode.labels("paper", "paper").set(1)
    told.budget_left.labels("paper", "exit").set(8)
    told.book_read.labels("paper").set(1)
    return told.text()


def families(text: bytes):
    return {each.name: each for each in text_string_to_metric_families(text.decode())}


def test_all_that_is_promised_is_told(text):
    found = families(text)

    for name, labels in PROMISED.items():
        told = {key for sample in found[name].samples for key in sample.labels} - {"le"}
        assert told == labels, name
    assert {name for name in found if not name.startswith("process_")} == set(PROMISED)


def test_what_stands_is_looked_at_when_somebody_asks(text):
    told = {s.name: s.value for each in families(text).values() for s in each.samples}

    assert told["ordo_actor_restarts_total"] == 1
    assert told["ordo_inbox_depth"] == 2
    assert told["ordo_frames_superseded_total"] == 3
    assert (told["ordo_ledger_ok"], told["ordo_log_lines_lost_total"]) == (1, 4)
    assert told["ordo_hot_state_ok"] == 0
    assert (told["ordo_outbox_behind"], told["ordo_outbox_dead"]) == (5, 6)


def test_where_there_is_no_hot_state_none_is_told():
    told = Metrics()
    told.look(lambda: replace(STANDING, hot_state_ok=None))

    assert b"ordo_hot_state_ok" not in told.text()


def test_every_name_keeps_the_rules_of_prometheus(text):
    for name, family in families(text).items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
        assert family.documentation, name
        assert not re.search(r"_(ms|us|ns|millis\w*|micros\w*|count|sum|bucket)$", name), name
        sampled = {sample.name for sample in family.samples}
        if family.type == "counter":
            assert sampled == {f"{name}_total"}
        elif family.type == "histogram":
            assert name.endswith("_seconds")
        else:
            assert not name.endswith("_total"), name


def test_two_daemons_in_one_process_count_apart():
    one, other = Metrics(), Metrics()
    one.broker_calls.labels("place", "ok").inc()

    assert b'op="place"' in one.text()
    assert b'op="place"' not in other.text()


def test_promtool_finds_nothing_to_say(text):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: the package prometheus)")
    said = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, check=False
    )

    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")
