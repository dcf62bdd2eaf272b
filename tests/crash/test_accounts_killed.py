"""Three accounts in one process: it is killed with -9, and each finds its own again."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.domain.orders.book import Book
from daemon.domain.orders.words import OrderFact
from daemon.messages.cells import Cell
from daemon.storage.codec import decode_fact
from daemon.storage.sqlite import SqliteStore
from daemon.storage.stored import Stored
from daemon.twin.exchange import Exchange
from daemon.twin.file import SqliteFile
from tests.kit.crashes import OWNER
from tests.kit.daemon_process import DaemonProcess, running
from tests.kit.exchange import terms
from tests.kit.plans import ROOT

NAMES = ("alpha", "beta", "gamma")
ID = "nifty-short-straddle"
ACCOUNTS = "".join(f'[[accounts]]\nid = "{name}"\nbroker = "paper"\n' for name in NAMES)
PACE = ("--speed", "20")


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder whose straddle trades in three accounts, with two lots for one in the last."""
    (tmp_path / "settings.toml").write_text(f"{ACCOUNTS}lots_multiplier = 2\n")
    shipped = (ROOT / "strategies" / "nifty_short_straddle.toml").read_text()
    named = f"accounts = {list(NAMES)}\n".replace("'", '"')
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "nifty_short_straddle.toml").write_text(
        shipped.replace(f'id = "{ID}"\n', f'id = "{ID}"\n{named}')
    )
    return tmp_path


def books(state: Path, account: str) -> tuple[dict[str, int], dict[str, int]]:
    """What an account holds by our records, and by its exchange."""
    mark = "" if account == "alpha" else account
    book = Book()
    rows = Stored(SqliteStore(state / "ledger.sqlite"), OWNER).rows()
    for fact in Cell(account, mark).facts(decode_fact(row.body) for row in rows):
        if isinstance(fact, OrderFact):
            book.apply(fact)
    name = f"exchange.{mark}.sqlite" if mark else "exchange.sqlite"
    file = SqliteFile(state / name)
    try:
        positions = Exchange.open(terms(), file).positions()
    finally:
        file.close()
    return (
        {symbol: book.net(symbol) for symbol in book.symbols() if book.net(symbol)},
        {held.symbol: held.net_quantity for held in positions if held.net_quantity},
    )


def held(process: DaemonProcess) -> dict[tuple[str, str, str], tuple[int, float]]:
    """Each open leg, by account, strategy and symbol: its units and its stop."""
    return {
        (one["account"], one["strategy_id"], leg["symbol"]): (leg["quantity"], leg["stop"])
        for one in process.get("/api/portfolio/snapshot").document["strategies"]
        for leg in one["legs"]
        if leg["quantity"]
    }


def entered(process: DaemonProcess) -> bool:
    return sum(each["event"] == "BasketEnded" for each in process.events) == len(NAMES)


def test_killed_with_orders_by_hand_every_account_finds_its_own_again(folder):
    with running(folder, "--speed", "1") as begun:
        begun.wait_ready()  # half a minute before the entry, of which the next waits a twentieth
    with running(folder, *PACE) as process:
        process.wait_ready()
        process.wait(lambda: entered(process), "is in everywhere")
        symbol = next(iter(held(process)))[2]
        order = {"symbol": symbol, "side": "buy", "quantity": 65, "order_type": "market"}
        answer = process.post("/api/order", {**order, "accounts": ["gamma", "beta"]}, "order-1")
        assert answer.status == 200
        results = answer.document["results"]
        assert [each["account"] for each in results] == ["gamma", "beta"]
        unknown = process.post("/api/order", {**order, "accounts": ["beta", "delta"]}, "order-2")
        assert (unknown.status, unknown.document["code"]) == (404, "unknown_account")
        process.wait(
            lambda: sum(each["fact"].get("strategy_id") == "manual" for each in process.events) > 1,
            "has bought by hand twice",
        )
        before = held(process)
        process.kill()

    for name in NAMES:
        ours, theirs = books(folder / "state", name)
        assert ours == theirs
    with running(folder, *PACE) as again:
        again.wait_ready()
        assert held(again) == before
        killed = again.brake("kill", scope="account", id="beta", reason="enough")
        again.wait_event("KillStaged", latch_id=killed["latch"]["latch_id"], stage="flat")
        after = {key: value for key, value in before.items() if key[0] != "beta"}
        assert held(again) == after
        again.kill()
    assert books(folder / "state", "beta") == ({}, {})


def test_one_account_whose_entries_are_paused_is_told_and_the_others_are_in(folder):
    with running(folder, "--speed", "1") as process:
        process.wait_ready()
        pause = {"scope": "account", "id": "beta", "reason": "holiday"}
        assert process.post("/api/pause", pause, "pause-1").status == 200
        process.kill()
    with running(folder, *PACE) as again:
        again.wait_ready()
        again.wait(lambda: entered(again), "has tried everywhere")
        (strategy,) = [
            each
            for each in again.get("/api/status").document["strategies"]
            if each["strategy_id"] == ID
        ]
        assert strategy["accounts"] == list(NAMES)
        said = "waiting; entered in 2 of 3 accounts: beta waits: pause"
        assert strategy["status"].startswith(said)
        assert {account for account, _, _ in held(again)} == {"alpha", "gamma"}
        left = again.post(f"/api/strategies/{ID}/exit", {}, "exit-1")
        assert (left.status, [each["ok"] for each in left.document["results"]]) == (200, [True] * 3)
