from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from daemon.cli import main
from daemon.feeds.sample import sample_path
from tests.kit.commands import ended, ordo, told
from tests.kit.plans import ROOT

STRADDLE = ROOT / "strategies" / "nifty_short_straddle.toml"
BUILT = (
    *("run", "check", "status", "positions", "orders", "pnl", "guard", "alerts", "page"),
    *("start", "stop", "exit", "adjust", "arm", "disarm", "acknowledge"),
    *("pause", "cancel-all", "kill", "rearm"),
    *("why", "audit", "outbox", "db", "backtest", "simulate", "twin", "token", "login", "vault"),
)
WITHIN = (
    *("audit verify", "audit export", "db status", "db migrate", "db rebuild"),
    *("token create", "token list", "token revoke", "twin zerodha"),
    *("vault init", "vault put", "vault list", "vault remove", "vault rotate"),
)
LATER = (
    *("instruments", "optimise"),
    *("divergence", "data", "demo", "top", "settings", "bench"),
)
DAEMONS = ("asyncio", "aiohttp", "orjson", "sqlite3", "structlog", "daemon.messages")
"""What a daemon needs, and nobody who asks one."""
HEAVY = ("asyncio", "duckdb", "msgspec", "orjson", "sqlite3", "structlog", "uvloop")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command_that_is_built(option):
    done = told(option)

    assert (done.code, done.err) == (0, "")
    listed = done.out.partition("Run and look:")[2]
    assert re.findall(r"^  ([\w-]+)  ", listed, re.MULTILINE) == list(BUILT)
    assert re.findall(r"^(\w.*):$", listed, re.MULTILINE) == ["Act", "Brake", "Records"]


@pytest.mark.parametrize("command", [*BUILT, *WITHIN])
def test_each_command_has_help(command):
    done = told(*command.split(), "--help")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: ordo {command} ")


def test_no_command_at_all_is_bad_usage():
    done = told()

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: ordo ")


def test_the_version_is_told():
    done = told("--version")

    assert done.code == 0
    assert re.fullmatch(r"ordo (\d+\.\d+\.\d+.*|not installed, run from its sources)\n", done.out)


@pytest.mark.parametrize("command", LATER)
def test_a_command_that_comes_later_says_so(command):
    done = told(command, "--anything")

    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(f"Error: `ordo {command}` has not been built yet\n")


def test_an_unknown_command_is_bad_usage():
    done = told("bactest")

    assert (done.code, done.out) == (2, "")
    assert "No such command 'bactest'" in done.err


def test_an_unknown_option_is_bad_usage():
    done = told("run", "--fast")

    assert (done.code, done.out) == (2, "")
    assert "No such option" in done.err
    assert "--fast" in done.err


@pytest.mark.parametrize(
    ("args", "heavy"),
    [
        (["--help"], HEAVY),
        *((([name, "--help"]), DAEMONS) for name in ("status", "start", "alerts")),
    ],
    ids=lambda part: part[0] if isinstance(part, list) else "",
)
def test_help_imports_nothing_heavy(args, heavy):
    """What a command needs is imported when it is called, and no more than it needs."""
    script = f"""
import sys
from daemon.cli import main
try:
    main({args})
except SystemExit:
    print("heavy:", [name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.endswith("heavy: []\n")


def test_python_m_daemon_is_ordo(tmp_path):
    done = ended(ordo("--help", cwd=tmp_path))

    assert (done.code, done.out, done.err) == (0, told("--help").out, "")


def test_a_refusal_is_one_sentence_on_stderr_and_no_traceback(tmp_path):
    done = ended(ordo("backtest", "nobody", "--data", "x", cwd=tmp_path))

    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"ordo: no strategy has the id nobody; there are: [a-z, -]+\n", done.err)


def test_an_interrupted_command_ends_with_130(tmp_path):
    """It waits for a strategy file that is never written to the end."""
    pipe = tmp_path / "strategy.toml"
    os.mkfifo(pipe)
    process = ordo("backtest", pipe, "--data", "x", cwd=tmp_path)
    with pipe.open("wb"):
        process.send_signal(signal.SIGINT)
        done = ended(process)

    assert (done.code, done.out) == (130, "")
    assert "Traceback" not in done.err


def test_a_reader_that_has_gone_is_no_traceback(tmp_path):
    """As `ordo ... | head` does it."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*(sys.executable, "-m", "daemon", "backtest", STRADDLE), "--data", sample_path()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, "")


def test_arguments_come_from_the_command_line_where_none_are_given(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ordo", "--help"])
    with pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("Usage: ordo ")


def test_a_defect_of_our_own_is_a_sentence_and_says_how_to_see_where(monkeypatch, capsys):
    """Unless the traceback is asked for."""

    def fail(*_: object, **__: object) -> None:
        raise KeyError("broken")

    monkeypatch.setattr("daemon.cli.ordo.main", fail)
    with pytest.raises(SystemExit) as ending:
        main(["backtest"])
    assert ending.value.code == 1
    told_lines = capsys.readouterr().err.splitlines()
    assert told_lines[0] == "ordo: a defect of Ordo's own: KeyError: 'broken'"
    assert "ORDO_TRACEBACK=1" in told_lines[1]

    monkeypatch.setenv("ORDO_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main(["backtest"])
