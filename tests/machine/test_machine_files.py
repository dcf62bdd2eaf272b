"""Files and folders that are not as they must be: a sentence and an exit code, and nothing lost.

Each command is a process of its own, as a person starts it.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit import commands
from tests.kit.commands import Told, ended
from tests.kit.daemon_process import running
from tests.kit.plans import ROOT
from tests.kit.warm import ordo

DAY = ("run", "--speed", "max", "--until", "2026-03-09")
"""Less than a day: what is told here comes before the first frame."""
FREE = {"ORDO_WEB__PORT": "0"}
GUARDED_WITHOUT = "ALERT what is held is guarded without page and control port: "


def done(folder: Path, *args: str, **environ: str) -> Told:
    told = ended(ordo(*args, cwd=folder, environ={**FREE, **environ}))
    assert "Traceback" not in told.err + told.out
    return told


@pytest.fixture(scope="session")
def lived(tmp_path_factory) -> Path:
    """A folder in which a daemon ran for a while and was killed."""
    folder = tmp_path_factory.mktemp("lived")
    with running(folder, "--speed", "max") as process:
        process.wait_event("BasketEnded", complete=True)
    return folder


@pytest.fixture
def folder(lived, tmp_path) -> Path:
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
    return tmp_path


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (DAY, 2, "the state folder state cannot be used: File exists; let [daemon] state_dir"),
        (("token", "create", "--role", "viewer"), 2, "state/.tokens.json.lock cannot be opened"),
        (("pause",), 1, "NOTHING is latched, and the daemon is not running/answering"),
        (("kill",), 1, "NOTHING is latched, and the daemon is not running/answering"),
        (("rearm", "kill-1"), 1, "no latch kill-1 has a file"),
        (("audit", "verify"), 1, "state holds no ledger"),
        (("why", "x"), 1, "state holds no ledger"),
        (("check",), 1, "state"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_a_file_where_the_state_folder_should_be_is_refused_and_left(tmp_path, args, code, said):
    (tmp_path / "state").write_text("mine")
    told = done(tmp_path, *args)

    assert told.code == code
    assert said in told.err + told.out
    assert (tmp_path / "state").read_text() == "mine"


def test_a_file_where_the_latches_should_be_counts_as_a_kill_and_is_left(folder):
    (folder / "state" / "killed").write_text("mine")
    paused, checked = done(folder, "pause"), done(folder, "check")

    assert paused.code == 1
    assert "NOTHING is latched" in paused.err
    assert "cannot be read, so it counts for everything" in checked.out
    assert (folder / "state" / "killed").read_text() == "mine"


def untriggered(path: Path, *statements: str) -> None:
    """Change a ledger behind its back."""
    with closing(sqlite3.connect(path)) as db, db:
        names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)


def _flip(path: Path) -> None:
    untriggered(path, "UPDATE records SET at_ns = at_ns + 1 WHERE number = 5")


def _cut(path: Path) -> None:
    untriggered(path, "DELETE FROM records WHERE number = (SELECT max(number) FROM records)")


def _renew(path: Path) -> None:
    untriggered(path, "INSERT INTO migrations VALUES (99, '0099_later.sql', 'ab')")


def _forget_log(path: Path) -> None:
    for log in ("-wal", "-shm"):
        path.with_name(path.name + log).unlink(missing_ok=True)


def _garble(path: Path) -> None:
    _forget_log(path)
    path.write_bytes(b"not a ledger, and longer than a header" * 9)


def _shorten(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("damage", "started", "audited"),
    [
        (_flip, "is not as it was written: record 5 is altered; keep it aside", "5 is altered"),
        (_cut, "was altered: it has ", "is cut"),
        (_renew, "was written by a newer version; run that one", "was written by a newer version"),
        (_garble, "it is no ledger; move it away, or restore a copy", "it is no ledger"),
        (_shorten, "is damaged; keep it aside and restore a copy", "it is damaged"),
    ],
)
def test_nothing_is_traded_by_a_broken_ledger_and_none_of_it_is_touched(
    folder, damage, started, audited
):
    path = folder / "state" / "ledger.sqlite"
    damage(path)
    before = path.read_bytes()
    run, audit, check = done(folder, *DAY), done(folder, "audit", "verify"), done(folder, "check")

    assert (run.code, audit.code, check.code) == (1, 1, 1)
    assert started in run.err
    assert audited in audit.err + audit.out
    assert "ledger           fail" in check.out
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("exchange.sqlite", b"not a book, and longer than a header is" * 9, "cannot be used"),
        ("emergency", b"short", "is damaged at byte 0; facts that the ledger does not have"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named_and_left(folder, name, content, said):
    path = folder / "state" / name
    _forget_log(path)
    path.write_bytes(content)
    path.chmod(0o600)
    told = done(folder, *DAY)

    assert told.code in (1, 2)
    assert name in told.err
    assert said in told.err
    assert path.read_bytes() == content
    assert not (folder / "state" / "killed").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("operator.token", b"", "holds no token; remove it, and the next start makes a new one"),
        ("tokens.json", b"{", "tokens.json cannot be understood: "),
        ("sessions.json", b"{", "sessions.json cannot be understood: "),
    ],
)
def test_whom_to_let_in_is_not_known_and_what_is_held_is_guarded_without_a_page(
    folder, name, content, said
):
    path = folder / "state" / name
    path.write_bytes(content)
    path.chmod(0o600)
    with running(folder, "--speed", "1") as process:
        process.wait_line(GUARDED_WITHOUT)
        process.wait_line(said)

    assert path.read_bytes() == content
    assert not (folder / "state" / "killed").exists()


def test_a_second_daemon_is_refused_and_names_the_first(tmp_path):
    with running(tmp_path) as first:
        first.wait_ready()
        told = done(tmp_path, *DAY)

        assert told.code == 1
        assert f"the daemon with process id {first.pid} runs on the state folder" in told.err
        assert first.get("/api/status").status == 200


def test_a_busy_port_is_told_and_what_is_held_is_guarded_without_it(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        with running(folder, "--speed", "1", environ={"ORDO_WEB__PORT": port}) as process:
            taken = f"[web] 127.0.0.1 port {port} cannot be listened on: Address already in use"
            process.wait_line(f"{GUARDED_WITHOUT}{taken}")
            process.wait_line("let [web] port name another")

    assert not (folder / "state" / "killed").exists()


WRONG = """\
[daemon]
mode = "lively"
state_dirs = "x"
[web]
port = 99999
pnl_hz = "often"
[feed]
speed = -1
kind = "guessed"
seed = 1.5
[risk]
collar_percent = -3
[[accounts]]
id = ""
broker = "nobody"
"""


def test_ten_errors_in_the_settings_are_told_all_at_once_each_with_its_line_and_mend(tmp_path):
    (tmp_path / "settings.toml").write_text(WRONG)
    told = ended(ordo(*DAY, cwd=tmp_path))
    places = [line.partition(":")[0] for line in told.err.removeprefix("ordo: ").splitlines()]

    assert (told.code, told.out) == (2, "")
    assert {f"settings.toml, line {number}" for number in (2, 3, 5, 6, 8, 9, 10, 12, 14, 15)} == {
        *places
    }
    assert len(places) == 10
    assert told.err.count("; ") >= 10  # behind each of these stands what to write instead
    assert not (tmp_path / "state").exists()


@pytest.fixture
def copied(tmp_path) -> Path:
    """The program itself in a folder of its own, so that a table of it can be damaged."""
    for name in ("daemon", "strategies"):  # with what is compiled of it
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("table", ["bands", "calendar", "charges"])
@pytest.mark.parametrize("content", [None, "[[bands]\n"])
def test_a_market_table_that_is_missing_or_damaged_is_named_and_nothing_is_traded(
    copied, table, content
):
    path = copied / "daemon/domain/market/rules" / f"{table}.toml"
    path.unlink()
    if content is not None:
        path.write_text(content)
    environ = {**FREE, "PYTHONPATH": str(copied)}
    told = ended(commands.ordo(*DAY, cwd=copied, environ=environ))

    assert told.code == 1
    assert f"rules/{table}.toml " in told.err
    assert "put it back as it was shipped, or install Ordo anew" in told.err
    assert "enters" not in told.out


def test_neither_home_nor_any_other_variable_is_needed(tmp_path):
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    told = subprocess.run(
        [sys.executable, "-m", "daemon", "check"],
        cwd=tmp_path,
        env=bare,
        check=False,
        capture_output=True,
        text=True,
    )

    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize(
    ("redirected", "code"),
    [
        (">&-", 0),
        ("2>&-", 0),
        (">/dev/full", 1),
        ("--json >/dev/full", 1),
        ("| true", 0),
    ],
)
def test_a_stream_that_takes_nothing_is_no_traceback(tmp_path, redirected, code):
    script = f'"{sys.executable}" -m daemon token list {redirected}'
    told = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert told.returncode == code
    assert "Traceback" not in told.stderr
    assert "Exception ignored" not in told.stderr


FULL = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.executable, [sys.executable, "-m", "daemon", *sys.argv[2:]])
"""


def on_a_full_disk(folder: Path, most_bytes: int, *args: str) -> Told:
    """Run a command none of whose files may become larger than that."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(most_bytes), *args],
        cwd=folder,
        env={**os.environ, **FREE, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("token", "create", "--role", "viewer"), 1, "tokens.json cannot be written: File too l"),
        (("token", "revoke", "screen"), 1, "tokens.json cannot be written: File too large"),
        (("pause",), 1, "NOTHING is latched, and the daemon is not running/answering"),
        (("kill",), 1, "NOTHING is latched, and the daemon is not running/answering"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else None,
)
def test_a_file_that_finds_no_room_is_told_and_the_old_one_stays_whole(tmp_path, args, code, said):
    assert done(tmp_path, "token", "create", "--role", "viewer", "--name", "screen").code == 0
    tokens = tmp_path / "state" / "tokens.json"
    before = tokens.read_bytes()
    told = on_a_full_disk(tmp_path, 10, *args)

    assert told.code == code
    assert said in told.err
    assert tokens.read_bytes() == before
    assert [path.name for path in tokens.parent.rglob("*.new")] == []
    assert [path for path in tokens.parent.glob("killed/*") if path.name[0] != "."] == []


@pytest.mark.parametrize("most_bytes", [0, 20_000, 200_000])
def test_a_start_without_room_is_told_and_the_next_one_finds_all_it_needs(tmp_path, most_bytes):
    told = on_a_full_disk(tmp_path, most_bytes, *DAY)

    assert told.code in (1, 2)
    assert told.err.startswith("ordo: ")
    with running(tmp_path) as process:
        process.wait_ready()
        assert process.get("/api/status").document["state"] == "running"
