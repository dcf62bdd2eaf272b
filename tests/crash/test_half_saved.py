"""A start that finds the file of its strategy half saved still guards what it holds."""

from __future__ import annotations

import signal
from urllib.parse import urlsplit

from tests.kit.commands import ended, ordo
from tests.kit.daemon_process import enter, running
from tests.kit.plans import ROOT
from tests.kit.servers import free_port

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


def test_one_that_names_an_account_that_is_not_there_is_left_out_and_guarded(tmp_path):
    file = tmp_path / "strategies" / f"{ID}.toml"
    file.parent.mkdir()
    file.write_text(SHIPPED)
    enter(tmp_path)

    file.write_text(SHIPPED.replace(f'id = "{ID}"', f'id = "{ID}"\naccounts = ["zed"]'))
    with running(tmp_path, "--speed", "1") as daemon:
        daemon.wait_ready()
        daemon.wait_line("P&L")
        (left_out,) = daemon.get("/api/status").document["left_out"]
        assert left_out["text"].endswith(f"{ID} trades in account zed; the settings have paper")
        (held,) = daemon.get("/api/portfolio/snapshot").document["strategies"]
        assert [leg["guarded"] for leg in held["legs"]] == [True, True]


def test_beside_a_server_that_is_still_away_it_is_waited_for_as_ever(tmp_path):
    """One power cut leaves both."""
    file = tmp_path / "strategies" / f"{ID}.toml"
    file.parent.mkdir()
    file.write_text(SHIPPED[:200])
    url = f"postgresql://ordo@127.0.0.1:{free_port()}/postgres"
    with running(tmp_path, environ={"ORDO_LEDGER__URL": url}) as daemon:
        daemon.wait_line("this start waits for it up to 120 s")
        assert daemon.end(signal.SIGTERM) == 0


def test_whoever_looks_is_told_that_it_takes_no_entries_until_a_start_that_finds_it(tmp_path):
    enter(tmp_path)
    misspelt = {"ORDO_STRATEGIES__AUTOSTART": "nifty-short-stradle"}
    with running(tmp_path, "--speed", "1", environ=misspelt) as daemon:
        daemon.wait_ready()
        daemon.wait_event("AlertRaised")
        (alert,) = daemon.get("/api/alerts").document["alerts"]
        told = "nifty-short-stradle takes no entries; what it holds, if anything, stays guarded; "
        assert (alert["code"], alert["severity"]) == ("strategy_left_out", "critical")
        assert alert["sentence"].startswith(f"{told}mend it and start again: no strategy has")
        misread, held = daemon.get("/api/status").document["left_out"]
        assert misread == {"strategy_id": "nifty-short-stradle", "text": alert["sentence"]}
        assert held["strategy_id"] == ID
        assert held["text"].startswith(f"{ID} is there no more, and enters nothing; legs that it")
        port = {"ORDO_WEB__PORT": str(urlsplit(daemon.url).port)}
        for command in ("status", "alerts"):
            assert told in ended(ordo(command, cwd=tmp_path, environ=port)).out

    with running(tmp_path, "--speed", "1") as daemon:
        daemon.wait_ready()
        daemon.wait_event("AlertCleared", alert_id=alert["alert_id"])
        assert daemon.get("/api/status").document["left_out"] == []


def test_whoever_starts_what_does_not_run_is_told_why_and_what_to_do(tmp_path):
    """Refused as it was to start by itself, or beside it; or named by nobody."""
    enter(tmp_path)
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "mine.toml").write_text(SHIPPED.replace(ID, "odd").replace("lots = 1", "lots = 0", 1))
    misspelt = {"ORDO_STRATEGIES__AUTOSTART": "nifty-short-stradle"}
    with running(tmp_path, "--speed", "1", environ=misspelt) as daemon:
        daemon.wait_ready()
        port = {"ORDO_WEB__PORT": str(urlsplit(daemon.url).port)}
        for name, said in {
            "nifty-short-stradle": "nifty-short-stradle takes no entries; what it holds, if any",
            "odd": "odd was left out at the start; mend it and start again: strategies/mine.toml: ",
            ID: f"no strategy {ID}; none runs here; files are read at the start: those in the fol",
        }.items():
            done = ended(ordo("start", name, cwd=tmp_path, environ=port))
            assert (done.code, said in done.err) == (1, True), done.err
