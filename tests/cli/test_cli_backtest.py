from __future__ import annotations

import json
import re
import shutil
from functools import cache

import duckdb
import pytest

from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.cli.backtest import _left, _print
from daemon.feeds.sample import sample_path
from tests.kit.commands import told
from tests.kit.days import DAYS_2019
from tests.kit.plans import ROOT
from tests.kit.recordings import data_path

ID = "nifty-short-straddle"
FILE = ROOT / "strategies" / "nifty_short_straddle.toml"
DAY = "2026-11-18"
POINT = {"at", "value"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """No settings.toml and no strategies: the presets, and what Ordo ships."""
    monkeypatch.chdir(tmp_path)


@cache
def backtested(*args: str) -> str:
    """What is told of the sample day; each way of asking is played once."""
    done = told("backtest", ID, "--data", sample_path(), *args)
    assert (done.code, done.err) == (0, "")
    return done.out


@pytest.mark.untraced
def test_the_report_has_the_names_of_the_contract():
    document = json.loads(backtested("--json"))
    (day,) = document["days"]

    assert set(document) == {"strategy_id", "mark", "journal_sha256", "days", "total"}
    assert set(day) == {"date", "trades", "pnl", "charges", "risk", "notes"}
    assert {name: set(point) for name, point in day["pnl"].items()} == {
        "low": POINT,
        "high": POINT,
        "last": POINT,
    }
    assert set(day["risk"]) == {"status", "current_sl"}
    for trade in day["trades"]:
        assert set(trade) == {
            *("leg_id", "symbol", "side", "quantity", "entry_at", "entry"),
            *("exit_at", "exit", "exit_reason", "pnl", "charges"),
        }


def test_the_report_says_what_was_played():
    document = json.loads(backtested("--json"))

    assert (document["strategy_id"], document["mark"]) == (ID, "ltp")
    assert [day["date"] for day in document["days"]] == [DAY]
    assert re.fullmatch("[0-9a-f]{64}", document["journal_sha256"])
    assert document["total"]["trades"] == len(document["days"][0]["trades"]) == 2


def test_times_are_indian_with_their_offset():
    (day,) = json.loads(backtested("--json"))["days"]
    instants = [trade[key] for trade in day["trades"] for key in ("entry_at", "exit_at")]

    assert all(re.fullmatch(DAY + r"T\d\d:\d\d:\d\d\+05:30", instant) for instant in instants)


@pytest.mark.untraced
def test_people_read_a_line_for_the_day_each_trade_and_the_whole():
    lines = backtested().splitlines()

    assert lines[0] == f"{ID}, marked at ltp"
    assert lines[1] == f"{DAY}  P&L 1,527.50"
    assert re.fullmatch(
        r"  ce +sell +65 NIFTY-2026-11-23-24500-CE  "
        r"09:20:00 164\.00 -> 13:16:00 168\.35 lock_and_trail  -282\.75",
        lines[2],
    )
    assert lines[-2] == "1 day, 2 trades, P&L 1,527.50 before charges of 142.23"
    assert re.fullmatch("journal [0-9a-f]{64}", lines[-1])


@pytest.mark.untraced
@pytest.mark.parametrize("as_json", [("--json",), ()], ids=["json", "table"])
def test_a_strategy_that_fell_makes_the_report_a_failure(monkeypatch, as_json):
    """The report is shown as it stands, and nobody takes it for what the strategy does."""

    def fall(*_):
        raise ValueError("odd")

    monkeypatch.setattr(StrategyRunner, "handle", fall)
    done = told("backtest", ID, "--data", sample_path(), *as_json)

    assert done.code == 1
    assert f"runner:{ID} fell too often and was left out" in done.out
    assert done.err.startswith("something fell while these days were played: ")
    assert "1970" not in done.out


def test_a_pipe_sees_no_progress():
    assert "\r" not in backtested()


@pytest.mark.untraced
def test_a_terminal_sees_which_day_is_played():
    """It is taken away again before the report stands there."""
    done = told("backtest", ID, "--data", sample_path(), "--json", terminal=True)

    assert json.loads(done.out)["strategy_id"] == ID
    assert done.err == f"\r{DAY}\r\x1b[K"


@pytest.mark.untraced
@pytest.mark.parametrize("strategy", [ID, str(FILE)], ids=["id", "file"])
def test_a_strategy_is_an_id_or_a_file(strategy):
    done = told("backtest", strategy, "--data", sample_path())

    assert (done.code, done.out.splitlines()[0]) == (0, f"{ID}, marked at ltp")


@pytest.mark.untraced
def test_a_folder_of_recordings_is_a_recording(tmp_path):
    folder = tmp_path / "days"
    folder.mkdir()
    shutil.copy(sample_path(), folder)
    (folder / "README.md").write_text("not a recording")
    done = told("backtest", ID, "--data", folder)

    assert (done.code, done.out) == (0, backtested())


@pytest.fixture(scope="module")
def four_days(tmp_path_factory):
    """The first four dates of the recorded months: 1, 2, 3 and 6 May."""
    whole = data_path(DAYS_2019)
    file = tmp_path_factory.mktemp("days") / whole.name
    duckdb.execute(f"COPY (FROM '{whole}' WHERE snap < '2019-05-07') TO '{file}'")
    return file


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("options", "days"),
    [
        ((), 4),
        (("--from", "2019-05-03"), 2),
        (("--to", "2019-05-03"), 3),
        (("--from", "2019-05-02", "--to", "2019-05-06"), 3),
        (("--from", "2019-05-04", "--to", "2019-05-06"), 1),
    ],
)
def test_days_are_chosen(four_days, options, days):
    done = told("backtest", ID, "--data", four_days, "--json", *options)
    document = json.loads(done.out)

    assert (done.code, len(document["days"]), document["total"]["days"]) == (0, days, days)


@pytest.mark.untraced
def test_what_is_said_of_the_whole_recording_is_told_on_the_first_day_that_is_played():
    recording = data_path(DAYS_2019)
    done = told("backtest", ID, "--data", recording, "--json", "--from", "2019-07-30")
    first, second = json.loads(done.out)["days"]

    assert first["notes"][0]["text"].startswith("the recording names no expiry")
    assert [note for note in second["notes"] if note["kind"] == "basis"] == []


@pytest.mark.untraced
def test_an_exit_on_another_day_is_shown_with_its_date():
    """The recording ends each day before the position could be left."""
    recording = data_path(DAYS_2019)
    done = told("backtest", ID, "--data", recording, "--from", "2019-05-03", "--to", "2019-05-06")

    assert "09:30:00 64.55 -> 2019-05-06 09:30:00 19.20 time  3,401.25\n" in done.out


def test_what_is_open_when_the_data_ends_is_shown_as_open():
    recording = data_path(DAYS_2019)
    done = told("backtest", ID, "--data", recording, "--from", "2019-05-03", "--to", "2019-05-03")

    assert done.out.count(" -> open (no later price)  ") == 2
    assert "2019-05-03  P&L 431.25\n" in done.out


POINT_LATE = {"at": f"{DAY}T15:30:00+05:30", "value": -100}
OVERDUE = {"at": f"{DAY}T10:22:10+05:30", "kind": "refused"}


@pytest.mark.parametrize(
    ("text", "last", "why"),
    [
        ("the exit of pe, ce is overdue: still open: ce -65", POINT_LATE, "its exit is overdue"),
        ("the exit of pe is overdue: still open: pe -65", POINT_LATE, "no later price"),
        ("the exit of ce is overdue: still open: ce -65", None, "no later price"),
        ("no entry yet", POINT_LATE, "no later price"),
    ],
    ids=["its exit", "another's", "never valued after", "no exit"],
)
def test_what_is_still_open_says_why(capsys, text, last, why):
    """An exit that met nobody while prices came is another matter than a recording that ends."""
    trade = {"leg_id": "ce", "side": "sell", "quantity": 65, "symbol": "X", "entry": 82.0}
    trade |= {"entry_at": f"{DAY}T09:20:00+05:30", "exit_at": None, "pnl": -100}
    note = OVERDUE | {"text": text}
    day = {"date": DAY, "trades": [trade], "pnl": {"last": last}, "notes": [note]}
    total = {"days": 1, "trades": 1, "pnl": -100, "charges": 0}
    document = {"strategy_id": "s", "mark": "ltp", "journal_sha256": "ab"}
    _print(document | {"days": [day], "total": total})

    assert f" -> open ({why})  -100.00\n" in capsys.readouterr().out


def test_what_is_not_known_says_so():
    """No table of charges reaches back, and a closed day has no profit."""
    recording = data_path(DAYS_2019)
    done = told("backtest", ID, "--data", recording, "--to", "2019-05-02")

    assert "2019-05-01  no trade\n" in done.out
    assert "before charges of unknown\n" in done.out
    assert "  09:00:00 closed_day: the market is closed today\n" in done.out


def test_what_expired_at_an_unknown_price_is_shown_so():
    """It is over, and nobody knows what came of it."""
    trade = {
        "entry_at": "2025-09-01T09:20:00+05:30",
        "exit_at": "2025-09-03T09:15:00+05:30",
        "exit": None,
        "exit_reason": "expiry",
    }
    assert _left(trade) == "2025-09-03 09:15:00 unknown expiry"


@pytest.mark.parametrize(
    ("args", "code", "told_so"),
    [
        ((ID,), 2, "Missing option '--data'"),
        (("--data", "x"), 2, "Missing argument 'STRATEGY'"),
        ((ID, "--data", "absent.csv"), 1, "ordo: absent.csv does not exist"),
        (
            (ID, "--data", "none"),
            1,
            "ordo: none holds no recording: no .parquet, .csv or .csv.gz file",
        ),
        ((ID, "--data", "odd.csv"), 1, "ordo: odd.csv has the columns a, b; that is none of: "),
        ((ID, "--data", "odd.txt"), 1, "ordo: odd.txt is neither of .parquet, .csv, .csv.gz"),
        (("nobody", "--data", "odd.csv"), 2, "ordo: no strategy has the id nobody; there are: "),
        (("absent.toml", "--data", "odd.csv"), 2, "ordo: absent.toml cannot be read: No such file"),
        ((ID, "--data", "odd.csv", "--settings", "absent.toml"), 2, "absent.toml: cannot be read"),
        ((ID, "--data", "x", "--from", "yesterday"), 2, "Invalid value for '--from'"),
        (
            (ID, "--data", "x", "--from", "2019-05-03", "--to", "2019-05-02"),
            *(2, "--to 2019-05-02 lies before --from 2019-05-03"),
        ),
        (
            (ID, "--data", sample_path(), "--from", "2027-01-01"),
            *(1, f"ordo: no recorded day lies between those; there are {DAY} to {DAY}"),
        ),
        (
            (ID, "--data", sample_path(), "--to", "2026-01-01"),
            *(1, f"ordo: no recorded day lies between those; there are {DAY} to {DAY}"),
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_code(tmp_path, args, code, told_so):
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    (tmp_path / "none").mkdir()
    (tmp_path / "odd.txt").write_text("a,b\n1,2\n")
    done = told("backtest", *args, "--json")

    assert (done.code, list(json.loads(done.out))) == (code, ["error"])
    assert told_so in done.err


def test_a_refused_strategy_is_told_with_its_place_and_its_file(tmp_path):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(FILE.read_text().replace("lots = 1", "lots = 0", 1))
    done = told("backtest", wrong, "--data", sample_path())
    first, second = done.err.splitlines()

    assert (done.code, done.out) == (2, "")
    assert first.startswith("ordo: legs[0].lots: ")
    assert second == f"ordo: in {wrong}"


def test_refused_settings_are_told_with_their_line(tmp_path):
    (tmp_path / "settings.toml").write_text("[feed]\nsed = 1\n")
    done = told("backtest", ID, "--data", sample_path())

    assert (done.code, done.out) == (2, "")
    assert done.err == "ordo: settings.toml, line 2: feed.sed is unknown; did you mean seed?\n"


@pytest.mark.untraced
def test_an_account_of_the_settings_is_traded_in(tmp_path):
    """A strategy that names none trades in the first."""
    (tmp_path / "settings.toml").write_text('[[accounts]]\nid = "own"\nbroker = "paper"\n')
    done = told("backtest", ID, "--data", sample_path(), "--json")

    assert done.code == 0
    assert json.loads(done.out)["total"]["trades"] == 2
