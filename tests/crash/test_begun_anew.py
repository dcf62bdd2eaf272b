"""A ledger that was moved away beside open positions: no entry is made twice, and no id given."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

from daemon.twin.file import SeenFile
from tests.kit.daemon_process import DaemonProcess, enter, running

SYMBOL = "NIFTY-2026-03-10-22900-CE"
ORDER = {
    "symbol": SYMBOL,
    "side": "buy",
    "quantity": 65,
    "order_type": "market",
}
KEPT = ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "emergency")


def latches(daemon: DaemonProcess) -> list[tuple[str, str, str]]:
    stand = daemon.get("/api/status").document["latches"]
    return [(each["kind"], each["id"], each["by"]) for each in stand]


def test_entries_wait_for_a_person_through_restarts_and_no_id_is_given_twice(tmp_path):
    enter(tmp_path)
    for name in KEPT:
        (tmp_path / "state" / name).unlink(missing_ok=True)
    for _ in range(2):
        with running(tmp_path, "--speed", "1") as daemon:
            daemon.wait_ready()
            assert latches(daemon) == [("pause", "paper", "ordo")]
    with running(tmp_path, "--speed", "1") as daemon:
        daemon.wait_ready()
        # Once nothing holds it back the straddle would be sold anew, in the way of the order below
        stopped = daemon.post("/api/strategies/nifty-short-straddle/stop", {}, request_id="stop-1")
        assert stopped.status == 200
        (latch,) = daemon.get("/api/status").document["latches"]
        assert daemon.brake("rearm", latch_id=latch["latch_id"])["ok"]
        daemon.kill()
    with running(tmp_path, "--speed", "1") as daemon:
        daemon.wait_ready()
        assert latches(daemon) == []
        daemon.wait(lambda: daemon.get(f"/api/ltp?symbol={SYMBOL}").status == 200, "has a price")
        assert daemon.post("/api/order", ORDER, request_id="by-hand-1").status == 200
        daemon.wait_event("PositionChanged", side="buy")
    with closing(SeenFile(tmp_path / "state" / "exchange.sqlite")) as book:
        given = Counter(order.client_id for order in book.load().orders)
    assert (len(given), max(given.values())) == (3, 1)
