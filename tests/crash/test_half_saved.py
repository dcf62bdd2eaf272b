"""A start that finds the file of its strategy half saved still guards what it holds."""

from __future__ import annotations

from tests.kit.commands import ended, ordo
from tests.kit.daemon_process import enter, running
from tests.kit.plans import ROOT

ID = "nifty-short-straddle"
SHIPPED = (ROOT / "strategies" / "nifty_short_straddle.toml").read_text()


def test_what_its_strategy_holds_is_guarded_and_nothing_is_entered(tmp_path):
    file = tmp_path / "strategies" / f"{ID}.toml"
    file.parent.mkdir()
    file.write_text(SHIPPED[:200])
    refused = ended(ordo("run", cwd=tmp_path))
    assert refused.code == 2, "there is nothing yet that could be guarded"
    file.write_text(SHIPPED)
    enter(tmp_path)

    file.write_text(SHIPPED[:200])
    with running(tmp_path, "--speed", "1") as daemon:
        daemon.wait_ready()
        daemon.wait(lambda: any(f"left out: ALERT {ID}" in line for line in daemon.log), "tells it")
        daemon.wait_line("P&L")
        (held,) = daemon.get("/api/portfolio/snapshot").document["strategies"]
        assert (held["strategy_id"], held["status"]) == (ID, "open")
        assert [leg["guarded"] for leg in held["legs"]] == [True, True]
    named = ended(ordo("run", "--strategy", f"strategies/{ID}.toml", cwd=tmp_path))
    assert named.code == 2
