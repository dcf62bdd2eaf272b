"""A daemon that no strategy starts with guards what it holds, and takes up what is declared."""

from __future__ import annotations

import signal

from tests.crash.test_declared_strategies import ALL, MINE, PACE, PLAN
from tests.kit.daemon_process import enter, running

ID = "nifty-short-straddle"
NOBODY = {"ORDO_STRATEGIES__AUTOSTART": " "}


def test_a_start_with_an_empty_list_guards_what_the_record_holds(tmp_path):
    enter(tmp_path)
    with running(tmp_path, "--speed", "1", environ=NOBODY) as daemon:
        daemon.wait_ready()
        daemon.wait_line("P&L")
        (held,) = daemon.get("/api/portfolio/snapshot").document["strategies"]
        assert (held["strategy_id"], held["status"]) == (ID, "open")
        assert [leg["guarded"] for leg in held["legs"]] == [True, True]
        told = [line for line in daemon.lines if "no strategy takes entries from the start" in line]
        assert len(told) == 1


def test_a_first_start_with_an_empty_list_takes_up_a_strategy_that_is_declared(tmp_path):
    with running(tmp_path, *PACE, environ=NOBODY) as daemon:
        daemon.wait_ready()
        assert daemon.post(ALL, PLAN).status == 201
        assert daemon.post(f"{MINE}/start").status == 200
        daemon.wait_event("BasketEnded", strategy_id="mine", complete=True)
        assert daemon.end(signal.SIGTERM) == 0
