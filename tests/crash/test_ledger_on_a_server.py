"""The daemon with its ledger on a server: killed, cut off from it, and followed by another run."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from pathlib import Path

import pytest

from daemon.errors import StoreError
from daemon.storage.ledger import StoredLedger
from daemon.storage.postgres_link import Address, Link
from tests.kit import crashes
from tests.kit.commands import told
from tests.kit.daemon_process import enter, running
from tests.kit.facts import NOW
from tests.kit.servers import free_port, postgres_server
from tests.kit.stores import InSchema, audited, killed, rows_of

PACE = ("--speed", "20")


@pytest.fixture
def kept(postgres) -> InSchema:
    return InSchema(postgres)


@pytest.fixture
def environ(kept) -> dict[str, str]:
    return {"ORDO_LEDGER__URL": kept.url}


@pytest.fixture
def held(tmp_path, environ) -> Path:
    """A folder in which a straddle was entered, and the daemon killed right after."""
    enter(tmp_path, environ)
    return tmp_path


def test_killed_it_goes_on_behind_the_very_records_that_were_there(held, kept, environ):
    left, report = rows_of(kept, "*"), audited(kept)
    with running(held, *PACE, environ=environ) as process:
        process.wait_ready()
        assert process.get("/api/status").document["state"] == "running"
        assert process.end(signal.SIGTERM) == 0
    after = rows_of(kept, "*")

    assert left
    assert after[: len(left)] == left
    assert after[len(left)][3] == "EpochBegan"
    assert [report.broken, audited(kept).broken] == [None, None]
    assert not (held / "state" / "ledger.sqlite").exists()


def test_a_server_that_comes_up_after_the_daemon_is_waited_for(tmp_path):
    """After a power cut both begin at once, and a server that recovers takes its time."""
    port = free_port()
    environ = {"ORDO_LEDGER__URL": f"postgresql://ordo@127.0.0.1:{port}/postgres"}
    with running(tmp_path, *PACE, environ=environ) as process:
        process.wait_line("this start waits for it up to 120 s")
        with postgres_server(port=port):
            process.wait_ready()
            assert process.end(signal.SIGTERM) == 0
    assert len([line for line in process.lines if "this start waits" in line]) == 1


def test_a_start_that_waits_for_a_server_ends_in_order_when_it_is_asked_to(tmp_path):
    environ = {"ORDO_LEDGER__URL": f"postgresql://ordo@127.0.0.1:{free_port()}/postgres"}
    with running(tmp_path, *PACE, environ=environ) as process:
        process.wait_line("this start waits for it up to 120 s")
        assert process.end(signal.SIGTERM) == 0
    assert (tmp_path / "state" / "daemon.lock").read_text() == ""


def test_what_happened_is_audited_and_explained_by_its_address(held, kept):
    audit = json.loads(told("audit", "verify", "--json", "--ledger", kept.url).out)
    listed = json.loads(told("why", "--list", "--json", "--ledger", kept.url).out)
    order = listed["orders"][0]["order_id"]
    why = told("why", order, "--ledger", kept.url)

    assert audit["whole"]
    assert audit["records"] == audited(kept).count
    assert len(listed["orders"]) == 2
    assert why.code == 0
    assert " frame " in why.out
    assert " fill " in why.out


def test_a_kill_flattens_while_the_server_hangs_and_the_next_start_takes_over(held, kept, environ):
    with running(held, *PACE, environ=environ) as process:
        process.wait_ready()
        with closing(Link(Address(kept.url), {})) as other:
            other.call(lambda db: db.execute("BEGIN; SELECT one FROM head FOR UPDATE"))
            process.wait_line("ALERT no more entries")
            assert process.brake("kill", reason="the server hangs")["ok"]
            process.wait_event("KillStaged", stage="flat")
            process.kill()
    with running(held, *PACE, environ=environ) as process:
        process.wait_ready()
        assert any("emergency" in line for line in process.lines), process.lines
        assert process.get("/api/status").document["state"] == "halted"
        assert process.end(signal.SIGTERM) == 0
    day = crashes.read(held / "state", kept.store)

    assert crashes.ours(day) == crashes.theirs(day) == {}
    assert crashes.sent_twice(day) == []
    assert audited(kept).broken is None


def test_a_daemon_that_another_run_has_followed_ends_and_records_nothing_more(held, kept, environ):
    """Whoever begins a run on the same ledger takes it over, whatever the first is at."""
    with running(held, *PACE, environ=environ) as process:
        process.wait_ready()
        newer = StoredLedger(kept.store, "owner")
        while True:
            try:
                newer.begin_epoch(NOW)
                break
            except StoreError:  # the daemon was quicker by a record
                killed(newer)
                newer = StoredLedger(kept.store, "owner")
        killed(newer)
        assert process.wait_end() == 1
        assert any("run 3 has begun on the ledger" in line for line in process.log), process.log
    kinds = [kind for (kind,) in rows_of(kept, "kind")]

    assert kinds[-1] == "EpochBegan"
    assert audited(kept).broken is None
