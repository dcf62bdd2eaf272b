"""How late the loop wakes whoever sleeps."""

from __future__ import annotations

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from daemon.app.machine.loop_watch import LoopWatch
from daemon.app.machine.telemetry import Telemetry
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.telemetry.log import make_log
from daemon.telemetry.metrics import Metrics


def watched():
    lines = []
    told = Telemetry(make_log(lines.append, lambda: 0), Metrics())
    return LoopWatch(told), told, lines


def counted(told: Telemetry) -> float:
    families = text_string_to_metric_families(told.metrics.text().decode())
    (lag,) = [each for each in families if each.name == "ordo_loop_lag_seconds"]
    return next(each.value for each in lag.samples if each.name.endswith("_count"))


def test_the_last_lag_and_the_most_are_remembered():
    watch, told, lines = watched()
    for late_ms in (5, 40, -1):
        watch.woken(1_000 + late_ms * MILLISECOND_NS, 1_000)

    assert (watch.lag_ns, watch.most_ns) == (0, 40 * MILLISECOND_NS)
    assert (counted(told), lines) == (3, [])


def test_a_loop_that_is_held_up_is_told_but_not_time_and_again():
    watch, _, lines = watched()
    for at_s in (0, 1, 9, 10):
        due_ns = at_s * SECOND_NS
        watch.woken(due_ns + 51 * MILLISECOND_NS, due_ns)

    assert [(line["event"], line["level"], line["lag_ms"]) for line in lines] == [
        ("loop held up", "warning", 51.0)
    ] * 2


async def test_it_looks_again_and_again_until_it_is_cancelled(monkeypatch):
    monkeypatch.setattr("daemon.app.machine.loop_watch._NAP_NS", 1)
    watch, told, _ = watched()
    thrice, seen = asyncio.Event(), []

    def observe(lag_s: float) -> None:
        seen.append(lag_s)
        if len(seen) == 3:
            thrice.set()

    monkeypatch.setattr(told.metrics.loop_lag, "observe", observe)
    task = asyncio.ensure_future(watch.keep())
    async with asyncio.timeout(30):
        await thrice.wait()
    task.cancel()
    await asyncio.wait({task})

    assert watch.lag_ns is not None
