"""kill -9, and the market jumps while nobody looks: the stop at the broker was the exit."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from daemon.brokers.paper_exchange import exchange
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.words import IntentRecorded, Purpose
from daemon.domain.risk.words import ExitReason
from daemon.kill import standing
from daemon.messages import ExitDecided, ExitFinished, ExitOwed
from daemon.twin.file import SqliteFile
from daemon.twin.latency import Latency
from daemon.twin.words import OrderReport, OrderType, Status
from tests.kit import crashes
from tests.kit.daemon_process import DaemonProcess, running
from tests.kit.plans import ROOT

PACE = ("--speed", "20")
OVER = ("flat", "incomplete")
"""Where an exit was committed and never sent it is flat as well, but cannot say so that day."""


def test_a_short_whose_stop_was_met_while_the_daemon_was_dead_is_flat_and_told(tmp_path):
    """Both books agree, nothing is bought twice, and the other leg keeps its own stop."""
    strategy = entered(tmp_path)
    met, other = resting(tmp_path / "state")
    jump(tmp_path / "state", met)

    with running(tmp_path, "--strategy", strategy, *PACE) as process:
        process.wait_ready()
        process.wait_event("ExitFinished", leg_ids=["ce"])
        snapshot = process.get("/api/portfolio/snapshot").document
        held = {each["symbol"]: each["quantity"] for each in snapshot["positions"]}
        assert held.get(met.symbol, 0) == 0
        assert held[other.symbol] < 0

    day = crashes.read(tmp_path / "state")
    assert [(f.leg_ids, f.reason) for f in day.of(ExitOwed) if "ce" in f.leg_ids] == [
        (("ce",), ExitReason.RESIDENT_STOP)
    ]
    assert [f.leg_ids for f in day.of(ExitFinished) if "ce" in f.leg_ids] == [("ce",)]
    assert [f for f in day.of(ExitDecided) if "ce" in f.leg_ids] == []
    assert exits(day, "ce") == []
    assert crashes.ours(day) == crashes.theirs(day)
    assert crashes.sent_twice(day) == []


@pytest.mark.parametrize("stage", ["cancelling", "closing"])
def test_a_kill_that_is_cut_short_takes_the_stops_back_as_well(tmp_path, stage):
    """No stop rests any more, and none of them filled beside an exit."""
    strategy = entered(tmp_path)
    with running(tmp_path, "--strategy", strategy, *PACE) as process:
        process.wait_ready()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(process.brake, "kill", reason="enough").add_done_callback(heard)
            process.wait_event("KillStaged", stage=stage)
            process.kill()
    (latch,) = standing(tmp_path / "state")
    with running(tmp_path, "--strategy", strategy, *PACE) as process:
        process.wait_ready()
        process.wait(lambda: stage_of(process, latch.latch_id) in OVER, "is over")

    day = crashes.read(tmp_path / "state")
    assert crashes.ours(day) == crashes.theirs(day) == {}
    assert crashes.sent_twice(day) == []
    assert [order for order in day.orders if order.resting] == []
    assert len(day.trades) == 4


def entered(folder: Path) -> str:
    """Run until both shorts have a stop at the broker, and kill the daemon there."""
    strategy = guarded(folder)
    with running(folder, "--strategy", strategy, "--speed", "max") as process:
        process.wait(lambda: len(accepted(process)) == 2, "has a stop of each leg at the broker")
        process.kill()
    return strategy


def heard(answer: Future[object]) -> None:
    """Take what became of a request that the kill may have cut."""
    answer.exception()


def stage_of(process: DaemonProcess, latch_id: str) -> str:
    (staged,) = process.brake("kill_stage", latch_id=latch_id)["stages"]
    return staged["stage"]


def guarded(folder: Path) -> str:
    """Write the shipped straddle with stops at the broker, and nothing else that ends it soon."""
    text = (ROOT / "strategies" / "nifty_short_straddle.toml").read_text()
    text = text[: text.index("combined_premium_stop")] + "stop = { rupees = 60000 }\n"
    text = text.replace("stop = { percent = 30 }", "stop = { percent = 20 }")
    text = text.replace('id = "nifty-short-straddle"', 'id = "guarded"')
    name = "guarded.toml"
    (folder / name).write_text(text + "[order]\nresident_stop = { beyond_percent = 10 }\n")
    return name


def accepted(process: DaemonProcess) -> set[str]:
    """Return the stops that the broker has taken."""
    intents = [e["fact"]["intent"] for e in process.events if e["event"] == "IntentRecorded"]
    stops = {each["intent_id"] for each in intents if each["purpose"] == "resident_stop"}
    taken = {e["fact"]["intent_id"] for e in process.events if e["event"] == "OrderAccepted"}
    return stops & taken


def resting(state: Path) -> tuple[OrderReport, OrderReport]:
    """Return the stops of the call and of the put, as the exchange has them."""
    with closing(SqliteFile(state / "exchange.sqlite")) as file:
        orders = file.load().orders
    stops = [o for o in orders if o.order_type is OrderType.STOP_LIMIT and o.resting]
    assert [order.status for order in stops] == [Status.WORKING] * 2
    call, put = sorted(stops, key=lambda order: order.symbol)
    return call, put


def jump(state: Path, stop: OrderReport) -> None:
    """Let the exchange see a market past a trigger, with no daemon there."""
    with closing(SqliteFile(state / "exchange.sqlite")) as file:
        market = exchange(e4(1_000_000), Latency(), file)
        at_ns = market.reached_ns() + SECOND_NS
        past_e4 = stop.trigger_e4 + 500
        quote = Quote(past_e4, past_e4 - 500, stop.quantity, past_e4, stop.quantity)
        market.on_frame(Frame(at_ns, {stop.symbol: quote}), at_ns)
        filled = [order for order in market.orders() if order.order_id == stop.order_id]
        assert [order.status for order in filled] == [Status.FILLED]


def exits(day: crashes.Day, leg_id: str) -> list[IntentRecorded]:
    """Return the orders of ours that would close a leg beside its stop."""
    return [
        fact
        for fact in day.of(IntentRecorded)
        if fact.intent.leg_id == leg_id and fact.intent.purpose is Purpose.EXIT
    ]
