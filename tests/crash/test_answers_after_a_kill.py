"""Latches and answers outlive kill -9: the same bytes, and no order twice."""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from daemon.messages import OrderAsked
from tests.kit import crashes
from tests.kit.daemon_process import DaemonProcess, NoAnswer, Reply, running

SEEDS = range(12 if int(os.environ.get("ORDO_CRASHES", "3")) > 20 else 3)
AT_ONCE = 64
PACE = ("--speed", "20")
STRATEGY = "/api/strategies/nifty-short-straddle"


def test_a_pause_and_an_answered_write_are_the_same_after_a_kill(held):
    ask = {"scope": "all", "reason": "lunch"}
    with running(held, *PACE) as process:
        process.wait_ready()
        paused = process.post("/api/pause", ask, request_id="pause-1")
        stopped = process.post(f"{STRATEGY}/stop", request_id="stop-1")
        before = process.get("/api/status").document
    with running(held, *PACE) as process:
        process.wait_ready()
        after = process.get("/api/status").document
        again = process.post("/api/pause", ask, request_id="pause-1")
        assert (again.status, again.body) == (paused.status, paused.body) == (200, paused.body)
        again = process.post(f"{STRATEGY}/stop", request_id="stop-1")
        assert (again.status, again.body) == (stopped.status, stopped.body)
        assert process.post(
            "/api/pause", {**ask, "reason": "tea"}, request_id="pause-1"
        ).status == (422)
        latches = process.brake("latches")

    assert (before["state"], after["state"]) == ("paused", "paused")
    assert after["latches"] == before["latches"]
    assert len(latches["latches"]) == 1
    assert [each["taking"] for each in after["strategies"]] == [False]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_request_id_64_at_a_time_with_a_kill_in_between_is_one_order(held, seed):
    """Whoever got an answer got the same bytes, before the kill and after it."""
    rng = random.Random(seed)
    with running(held, *PACE) as process:
        process.wait_ready()
        wait_price(process)
        first = at_once(process, kill_after_s=rng.uniform(0.0, 0.25))
    with running(held, *PACE) as process:
        process.wait_ready()
        wait_price(process)
        second = at_once(process)
        assert len(second) == AT_ONCE

    day = crashes.read(held / "state")
    (asked,) = day.of(OrderAsked)
    by_hand = [f.intent for f in day.of(crashes.IntentRecorded) if f.intent.symbol == SYMBOL]
    cut = {f.intent.intent_id for f in crashes.cut_intents(day)}
    assert asked.request_id == "order-1"
    assert len(by_hand) == 1
    assert len([o for o in day.orders if o.symbol == SYMBOL]) == 1 - len(cut)
    assert {(reply.status, reply.body) for reply in first + second} == {
        (second[0].status, second[0].body)
    }
    (told,) = second[0].document["results"]
    assert second[0].status == 200
    assert (told["status"] in DOUBTFUL) is bool(cut)


DOUBTFUL = ("INTENDED", "UNKNOWN", "PARKED")
"""How an order stands that a kill kept from the exchange: nobody claims that it was refused."""
SYMBOL = "NIFTY-2026-03-10-23100-CE"
ORDER = {"symbol": SYMBOL, "side": "buy", "quantity": 65, "order_type": "market"}


def wait_price(process: DaemonProcess) -> None:
    """Wait until the contract has a price, without which an order is refused."""
    process.wait(lambda: process.get(f"/api/ltp?symbol={SYMBOL}").status == 200, "has a price")


def at_once(process: DaemonProcess, kill_after_s: float | None = None) -> list[Reply]:
    """Ask for the order from many threads at once, and return the answers that came."""

    def ask() -> Reply | None:
        try:
            return process.post("/api/order", ORDER, request_id="order-1")
        except NoAnswer:
            return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(ask) for _ in range(AT_ONCE)]
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            process.kill()
        replies = [each.result() for each in asked]
    return [reply for reply in replies if reply is not None]
