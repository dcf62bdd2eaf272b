from __future__ import annotations

import gzip
import json
import os
import re
import signal
import stat
from pathlib import Path

import pytest

from daemon.feeds.sample import sample_path
from tests.kit.commands import Told, ended, ordo, told
from tests.kit.days import play, sample
from tests.kit.plans import ROOT, parse
from tests.kit.standard_output import UNREAD, WAYS, amiss

SHIPPED = (ROOT / "strategies" / "nifty_short_straddle.toml").read_text()
ID = "nifty-short-straddle"
HEX = "[0-9a-f]{64}"
CODE = r"version \S+, code [0-9a-f]{12}, settings [0-9a-f]{12}, ledger schema \d+"
ELSEWHERE = {
    "ORDO_TELEMETRY__SLOW_MS": "10000",
    "ORDO_FEED__KIND": "replay",
    "ORDO_WEB__ENABLED": "false",
}


def facts_of(done):
    """The lines for machines that tell a fact; a slow machine has others written between them."""
    return [each for line in done.err.splitlines() if "fact" in (each := json.loads(line))]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """A replay in a folder of its own, without a control port; no slow machine is told of."""
    monkeypatch.chdir(tmp_path)
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def written(tmp_path):
    """Write a strategy that differs from the shipped one in some pieces; return its file."""

    def write(name: str, *pieces: tuple[str, str]) -> str:
        text = SHIPPED.replace(f'id = "{ID}"', f'id = "{name}"')
        for old, new in pieces:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / f"{name}.toml").write_text(text)
        return f"{name}.toml"

    return write


def ran(*args: str, speed: str = "max", **how: object) -> Told:
    return told("run", "--speed", speed, *args, **how)


def test_a_run_that_may_open_too_few_files_says_so_and_goes_on(monkeypatch):
    monkeypatch.setattr("daemon.cli.run.room_made", lambda _: "this process may open 1 file")
    done = ran()

    assert done.code == 0
    assert "PAPER  ALERT this process may open 1 file" in done.out.splitlines()


def cut_off(folder: Path, at: str) -> Path:
    """The sample day, up to a time of day."""
    with gzip.open(sample_path(), "rt") as file:
        rows = [row for row in file if row < f"20261118_{at}" or row.startswith("c")]
    (folder / f"until_{at}.csv").write_text("".join(rows))
    return folder / f"until_{at}.csv"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Told, Path]:
    """A run without options through the whole day, and the folder that it ran in."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in ELSEWHERE.items():
            patch.setenv(name, value)
        return ran(), folder


@pytest.mark.untraced
def test_without_options_the_shipped_strategy_trades_our_own_day(whole):
    done, _ = whole
    lines = done.out.splitlines()

    assert done.code == 0
    assert lines[0] == "PAPER  playing 2026-11-18 to 2026-11-18, in state/replay/0001"
    assert re.fullmatch(f"PAPER  {CODE}", lines[1])
    assert lines[2].startswith("PAPER  all that was recorded is known")
    assert lines[3] == "ordo ready"
    assert lines[4].endswith("  2026-11-18 opens")
    assert f"09:20:00  PAPER  {ID} is in" in lines
    assert f"13:16:00  PAPER  {ID} is out of ce, pe" in lines
    assert f"13:16:00  PAPER  {ID} leaves ce, pe: lock_and_trail, P&L 1543.75" in lines
    summed = f"{ID}: 2 trades on 1 of 1 day, P&L 1,527.50 before charges of 142.23"
    assert lines[-2] == f"PAPER  {summed}"
    assert re.fullmatch(f"journal {HEX}", lines[-1])


@pytest.mark.untraced
def test_the_live_driver_keeps_the_journal_of_the_backtest(whole):
    done, _ = whole

    assert done.out.splitlines()[-1] == f"journal {play(sample(), parse(SHIPPED)).journal_sha256}"


def test_prices_and_levels_are_shown_on_two_decimals(whole):
    """A stop of 30 % over 150.85 stands at 196.1050, and is shown at 196.10."""
    done, _ = whole

    assert f"09:20:00  PAPER  {ID} pe armed at 196.10\n" in done.out
    told_of_trading = re.sub(CODE, "", done.out)
    assert re.findall(r"\d\.\d(?!\d)|\d\.\d{3,}", told_of_trading) == []


def test_machines_read_json_lines_where_stderr_is_no_terminal(whole):
    lines = [json.loads(line) for line in whole[0].err.splitlines()]
    (opened,) = [line for line in lines if line["event"] == "DayOpened"]

    keys = {"at", "level", "mode", "actor", "message", "cause", "event", "fact"}
    assert all(set(line) == keys for line in lines)
    assert (opened["actor"], opened["fact"]["day"]) == ("timekeeper", "2026-11-18")
    assert len([line for line in lines if line["event"] == "EntryDecided"]) == 1


@pytest.mark.untraced
def test_a_terminal_sees_no_json():
    assert ran(terminal=True).err == ""


def test_what_machines_read_is_kept_in_a_file_of_the_day(whole):
    done, folder = whole
    (kept,) = (folder / "state" / "logs").iterdir()

    assert re.fullmatch(r"ordo-\d{4}-\d\d-\d\d\.jsonl", kept.name)
    assert kept.read_text() == done.err


@pytest.mark.untraced
def test_no_file_is_kept_where_none_is_wanted(tmp_path, monkeypatch):
    monkeypatch.setenv("ORDO_LOGS__DAYS", "0")

    assert ran().code == 0
    assert not (tmp_path / "state" / "logs").exists()


@pytest.mark.untraced
def test_a_log_that_cannot_be_kept_hinders_nothing(tmp_path, monkeypatch):
    (tmp_path / "logs").write_text("a file stands in the way")
    monkeypatch.setenv("ORDO_LOGS__FOLDER", "logs")
    done = ran()
    (line,) = [json.loads(each) for each in done.err.splitlines() if "log not written" in each]

    assert (done.code, line["level"]) == (0, "error")
    assert "File exists" in line["because"]


@pytest.mark.untraced
def test_each_run_keeps_a_record_of_its_own(tmp_path):
    for number in ("0001", "0002"):
        assert f"in state/replay/{number}\n" in ran().out
    folders = sorted((tmp_path / "state" / "replay").iterdir())

    assert [folder.name for folder in folders] == ["0001", "0002"]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert {file.name for file in folders[0].iterdir()} == {
        *("ledger.sqlite", "exchange.sqlite", "emergency", "reports", "backups", "hot.sqlite"),
        "ledger.projections.sqlite",
    }


@pytest.mark.untraced
def test_replays_are_numbered_on_whatever_lies_beside_them(tmp_path):
    for name in ("0041", "notes", "9"):
        (tmp_path / "state" / "replay" / name).mkdir(parents=True)

    assert "in state/replay/0042\n" in ran().out


def test_what_a_run_recorded_is_whole(whole, monkeypatch):
    monkeypatch.chdir(whole[1])
    done = told("audit", "verify")

    assert done.code == 0
    assert re.fullmatch(
        rf"state/replay/0001/ledger\.sqlite: \d+ records, whole; head {HEX}\n", done.out
    )


@pytest.mark.untraced
def test_several_strategies_run_side_by_side(written):
    done = ran("--strategy", ID, "--strategy", written("later", ("09:20:00", "10:00:00")))
    lines = done.out.splitlines()

    assert done.code == 0
    assert f"09:20:00  PAPER  {ID} is in" in lines
    assert "10:00:00  PAPER  later is in" in lines
    assert [line.partition(":")[0] for line in lines if " trades on " in line] == [
        *(f"PAPER  {ID}", "PAPER  later"),
    ]


def test_one_strategy_twice_is_refused(written):
    done = ran("--strategy", ID, "--strategy", written(ID))

    assert (done.code, done.out) == (2, "")
    assert done.err == f"ordo: strategies are told apart by their ids; twice: {ID}\n"


def test_a_recording_without_any_strategy_is_refused(tmp_path):
    (tmp_path / "settings.toml").write_text("[strategies]\nautostart = []\n")
    done = ran()

    assert (done.code, done.out) == (2, "")
    assert "no strategy to play the recording with: name one with --strategy or " in done.err


TWO_ACCOUNTS = """\
[[accounts]]
id = "first"
broker = "paper"
[[accounts]]
id = "second"
broker = "paper"
"""


@pytest.mark.untraced
def test_strategies_trade_side_by_side_in_accounts_of_their_own(tmp_path, written):
    (tmp_path / "settings.toml").write_text(TWO_ACCOUNTS)
    files = [
        written(name, ('product = "intraday"', f'product = "intraday"\naccounts = ["{account}"]'))
        for name, account in (("a", "first"), ("b", "second"))
    ]
    done = ran("--strategy", files[0], "--strategy", files[1])
    facts = [each["fact"] for each in facts_of(done)]
    intents = [fact["intent"] for fact in facts if "intent" in fact]

    assert done.code == 0
    assert {(each["strategy_id"], each["account"]) for each in intents} == {
        *(("a", "first"), ("b", "second")),
    }


@pytest.mark.untraced
def test_the_account_that_a_strategy_names_is_traded_in(tmp_path, written):
    (tmp_path / "settings.toml").write_text(TWO_ACCOUNTS)
    file = written("a", ('product = "intraday"', 'product = "intraday"\naccounts = ["second"]'))
    done = ran("--strategy", file)
    ordered = [line for line in facts_of(done) if "intent" in line["fact"]]

    assert {line["actor"] for line in ordered} == {"router:second"}


def test_an_account_that_is_not_there_is_refused(written):
    file = written("a", ('product = "intraday"', 'product = "intraday"\naccounts = ["mine"]'))
    done = ran("--strategy", file)

    assert (done.code, done.out) == (2, "")
    assert done.err == "ordo: strategy a trades in account mine; the settings have paper\n"


@pytest.mark.parametrize("speed", ["fast", "0", "-1", "1/0", "nan", "inf", ""])
def test_a_speed_is_a_number_above_zero_or_max(tmp_path, speed):
    done = told("run", f"--speed={speed}")

    assert (done.code, done.out) == (2, "")
    assert done.err == f"ordo: --speed {speed}: a number above zero, or max\n"
    assert not (tmp_path / "state").exists()


@pytest.mark.untraced
@pytest.mark.parametrize("setting", ['"max"', "10_000"])
def test_without_an_option_the_speed_is_that_of_the_settings(tmp_path, setting):
    """At 10,000 seconds in one the day of six hours is over in about two."""
    (tmp_path / "settings.toml").write_text(f"[feed]\nspeed = {setting}\n")

    assert told("run").code == 0


@pytest.mark.untraced
def test_the_recording_of_the_settings_is_played(tmp_path):
    (tmp_path / "settings.toml").write_text(f'[feed]\npath = "{sample_path()}"\n')

    assert ran().code == 0


def test_a_recording_that_is_not_there_is_refused_before_anything_is_made(tmp_path):
    done = ran("--data", "absent.parquet")

    assert (done.code, done.out, done.err) == (1, "", "ordo: absent.parquet does not exist\n")
    assert not (tmp_path / "state").exists()


def test_a_state_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "state").write_text("a file")
    done = ran()

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("ordo: the folder state/replay/0001 cannot be made: ")
    assert "[daemon] state_dir" in done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_root_runs_on_no_state_folder_of_another_users_and_leaves_nothing_in_it(tmp_path):
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 54_321, 54_321)
    done = ran()

    assert (done.code, done.out) == (2, "")
    assert "the state folder state belongs to user 54321, " in done.err
    assert "`systemctl start ordo`, or as that user" in done.err
    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.parametrize(
    ("args", "told_why"),
    [
        (("--until", "2020-01-01"), "--until 2020-01-01 lies before 2026-03-09, the first"),
        (("--data", "x", "--until", "2026-03-09"), "--until ends generated days; a recording ends"),
    ],
)
def test_a_last_day_that_cannot_be_is_refused(tmp_path, monkeypatch, args, told_why):
    monkeypatch.setenv("ORDO_FEED__KIND", "generated")
    done = ran(*args)

    assert (done.code, done.out) == (2, "")
    assert told_why in done.err
    assert not (tmp_path / "state").exists()


def stop(number: signal.Signals):
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.untraced
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_an_interrupted_run_ends_cleanly_and_tells_what_is_open(number, code):
    """It is stopped by the first line that tells of its profit."""
    done = ran(on=("P&L", stop(number)), speed="100000")
    lines = done.out.splitlines()
    at = lines.index("PAPER  stopped")

    assert done.code == code
    assert re.fullmatch(
        rf"PAPER  {ID}: 2 trades on 1 of 1 day, P&L -?[\d,]+\.\d\d as last valued at 09:2\d:\d\d "
        r"before charges of [\d.]+",
        lines[at + 1],
    )
    assert lines[at + 2 : at + 4] == [
        "  still open: ce sell 65 NIFTY-2026-11-23-24500-CE at 164.00",
        "  still open: pe sell 65 NIFTY-2026-11-23-24500-PE at 150.85",
    ]
    assert told("audit", "verify").code == 0


@pytest.mark.untraced
def test_a_run_interrupted_before_any_trade_has_nothing_open():
    done = ran(on=("opens", stop(signal.SIGINT)))

    assert done.code == 130
    assert (
        f"\nPAPER  stopped\nPAPER  {ID}: 0 trades on 0 of 1 day, P&L 0.00 before charges of 0.00\n"
        in done.out
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_process_is_stopped_by_a_signal_without_a_traceback(tmp_path, number, code):
    process = ordo("run", "--speed", "600", cwd=tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if "P&L" in line:
            break
    process.send_signal(number)
    done = ended(process)

    assert done.code == code
    assert "\nPAPER  stopped\n" in f"\n{done.out}"
    assert "still open: ce sell 65" in done.out
    assert "Traceback" not in done.err
    assert all(json.loads(line)["event"] for line in done.err.splitlines())


@pytest.mark.parametrize("how", WAYS)
def test_whatever_becomes_of_its_standard_output_a_daemon_goes_on_and_tells_its_log(tmp_path, how):
    with amiss(how) as out:
        process = ordo("run", "--speed", "600", cwd=tmp_path, stdout=out)
        assert process.stderr is not None
        with process.stderr as lines:
            told = [json.loads(next(line for line in lines if '"PositionChanged"' in line))]
            process.send_signal(signal.SIGTERM)
            told += map(json.loads, lines)
        assert process.wait(30) == 0
    because = [each["because"] for each in told if each["event"] == "lines for people lost"]
    if how != UNREAD:  # few lines come so soon, and they wait
        assert because[-1].startswith("so many lines were lost: ")


@pytest.mark.untraced
def test_what_is_open_when_the_data_ends_is_told_with_what_it_was_last_worth(tmp_path):
    morning = cut_off(tmp_path, "120000")
    done = ran("--data", str(morning))
    day = play(morning, parse(SHIPPED)).day()
    worth = day["pnl"]["last"]["value"]

    assert done.code == 0
    assert f"P&L {worth:,.2f} as last valued at 11:59:30 before charges of " in done.out
    assert done.out.count("  still open: ") == 2
