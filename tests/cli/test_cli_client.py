from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from daemon.cli import client as clients
from daemon.cli.client import Address, address_of, segment
from daemon.settings import Settings
from daemon.settings.web import Web
from daemon.storage.exclusive import GUARDIAN, exclusively
from tests.kit.commands import ended, ordo, told
from tests.kit.fake_daemon import TOKEN
from tests.kit.plans import ROOT

STATUS = {"mode": "paper", "state": "running", "market_time": "2026-11-23T09:20:00+05:30"}
STATUS |= {"latches": [], "accounts": [], "strategies": []}
HEAVY = ("aiohttp", "asyncio", "duckdb", "sqlite3", "uvloop", "structlog", "stamina")
READS = ("status", "positions", "orders", "pnl", "guard")
WRITES = (("start", "s"), ("stop", "s"), ("exit", "s"), ("adjust", "s", "--stop", "100"))


@pytest.fixture
def free_port(monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("ORDO_WEB__PORT", str(port))
    return port


@pytest.mark.parametrize("command", [*[(read,) for read in READS], *WRITES])
def test_without_a_daemon_the_exit_code_is_3_and_the_mend_is_told(house, free_port, command):
    done = told(*command, "--json")

    assert (done.code, json.loads(done.out)["error"]["code"]) == (3, "unreachable")
    assert done.err == (
        f"ordo: no daemon answers at http://127.0.0.1:{free_port}: Connection refused\n"
        "ordo: start it with `ordo run`; where it listens is said by [web] host and port\n"
    )


@pytest.mark.parametrize(
    "command", [*[(read,) for read in READS], *WRITES, ("arm", "a"), ("alerts",)]
)
def test_who_asks_the_daemon_needs_no_rules_and_is_not_refused_by_half_of_one(
    house, free_port, command
):
    (house / "rules").mkdir()
    (house / "rules" / "calendar.toml").write_text("last_day = ")
    (house / "settings.toml").write_text('[market]\nrules = "rules"\n')

    assert told(*command).err.startswith("ordo: no daemon answers at ")


def test_of_a_daemon_that_reads_its_record_nobody_is_told_to_start_another(house, free_port):
    with exclusively(Path("state")):
        done = told("status")

    assert done.code == 3
    assert done.err == (
        f"ordo: no daemon answers at http://127.0.0.1:{free_port}: Connection refused\n"
        f"ordo: the daemon with process id {os.getpid()} has {Path('state').absolute()}; where it "
        "starts it reads its record first: wait, and ask again\n"
    )


def test_of_a_guardian_that_has_the_folder_it_is_told_that_a_start_waits_for_it(house, free_port):
    with exclusively(Path("state"), GUARDIAN):
        done = told("status")

    assert done.code == 3
    assert done.err.splitlines()[1] == (
        f"ordo: the guardian with process id {os.getpid()} has {Path('state').absolute()}, and "
        "closes everything; a start waits until it is done"
    )


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ORDO_WEB__ENABLED", "false", "the daemon has no control port: [web] enabled is false"),
        ("ORDO_WEB__PORT", "0", "[web] port is 0, so the daemon listens on any free port"),
    ],
)
def test_settings_without_an_address_are_told_with_what_to_do(
    house, monkeypatch, variable, value, said
):
    monkeypatch.setenv(variable, value)
    done = told("status")
    first, second = done.err.splitlines()

    assert (done.code, done.out, first) == (3, "", f"ordo: {said}")
    assert second.startswith("ordo: ")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8787"),
        ("::", "http://[::1]:8787"),
        ("::1", "http://[::1]:8787"),
    ],
)
def test_who_listens_everywhere_is_met_on_this_machine(host, url):
    web = Web(host=host, allowed_hosts=("ordo.example",))

    assert address_of(Settings(web=web)).url == url


def test_wrong_settings_are_told_before_anybody_is_asked(fake, house):
    (house / "settings.toml").write_text("[web]\nprot = 1\n")
    done = told("status")

    assert (done.code, done.out, fake.asked) == (2, "", [])
    assert "web.prot is unknown" in done.err


def test_the_token_of_the_state_folder_is_sent_and_never_shown(fake):
    fake.tells("/api/status", STATUS)
    done = told("status")

    assert done.code == 0
    assert fake.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in done.out + done.err


def test_another_file_may_hold_the_token(fake, house, monkeypatch):
    (house / "state/operator.token").rename(house / "mine")
    monkeypatch.setenv("ORDO_TOKEN_FILE", "mine")
    fake.tells("/api/status", STATUS)

    assert told("status").code == 0


@pytest.mark.parametrize("command", READS)
def test_a_token_that_does_not_count_is_told_with_the_file_it_came_from(fake, house, command):
    (house / "state/operator.token").write_text("ordo_wrong\n")
    done = told(command)

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "ordo: unauthorised: no token that counts\n"
        "ordo: the token is read from state/operator.token; ORDO_TOKEN_FILE names another file\n"
    )


def test_where_there_is_no_token_the_refusal_says_where_it_is_looked_for(fake, house):
    (house / "state/operator.token").unlink()
    done = told("status")

    assert done.code == 1
    assert "a token is wanted, and none is in state/operator.token; ORDO_TOKEN_FILE" in done.err
    assert done.err.splitlines()[2].startswith(
        f"ordo: {house / 'state'} is meant: [daemon] state_dir state is seen from the folder that "
        "this is typed in: type it where the daemon was started, or "
    )


@pytest.mark.parametrize("held", [b"", b"\n", b"two words\n", b"a\nb", b"\xff\xfe"])
def test_a_file_that_holds_no_token_is_refused_and_not_shown(fake, house, held):
    (house / "state/operator.token").write_bytes(held)
    done = told("status")

    assert (done.code, done.out, fake.asked) == (1, "", [])
    assert done.err == (
        "ordo: state/operator.token holds no token; remove it, and the next `ordo run` makes one\n"
    )


def test_a_token_file_that_cannot_be_read_is_told(fake, house):
    (house / "state/operator.token").unlink()
    (house / "state/operator.token").mkdir()
    done = told("status")

    assert done.code == 1
    assert done.err == "ordo: the token cannot be read from state/operator.token: Is a directory\n"


def test_a_token_file_that_is_another_users_says_who_is_to_repeat_it(fake, house, monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", forbidden)
    done = told("status")

    assert done.code == 1
    assert done.err == (
        "ordo: the token cannot be read from state/operator.token: Permission denied\n"
        "ordo: this user may not look there: repeat it with sudo, or as the user whose daemon it "
        "is\n"
    )


def test_a_problem_is_told_with_its_code_and_everything_that_helps(fake):
    fake.refuses(
        *("/api/status", 503),
        code="not_ready",
        detail="the daemon is recovering",
        mend="wait for `ordo ready`",
        retry_after=2,
    )
    done = told("status")

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "ordo: not_ready: the daemon is recovering\n"
        "ordo: wait for `ordo ready`\n"
        "ordo: it may be tried again in 2 s\n"
    )


def test_a_problem_without_words_is_told_by_its_status(fake):
    fake.refuses("/api/status", 500)

    assert told("status").err == "ordo: 500: Internal Server Error\n"


def test_another_program_on_the_port_is_not_taken_for_the_daemon(fake):
    fake.replies["GET", "/api/status"] = (404, "text/html", b"<h1>It works</h1>")
    done = told("status")

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"ordo: http://127.0.0.1:{fake.port} answers 404 Not Found, not as Ordo does\n"
        "ordo: another program may have that port; [web] port says which is Ordo's\n"
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'"text"'])
@pytest.mark.parametrize("command", [*[(read,) for read in READS], *WRITES])
def test_an_answer_that_is_no_document_is_told(fake, content, command):
    for path in ("/api/status", "/api/orders", "/api/portfolio/snapshot"):
        fake.tells(path, content)
    for verb in ("start", "stop", "exit", "adjust"):
        fake.tells(f"/api/strategies/s/{verb}", content, "POST")
    done = told(*command)

    assert done.code == 1
    assert done.err.startswith("ordo: the answer cannot be read: ")


@pytest.fixture
def mute(house, monkeypatch):
    """Listen, take one request, and hang up."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        monkeypatch.setenv("ORDO_WEB__PORT", str(listening.getsockname()[1]))
        monkeypatch.setattr(clients, "_PATIENCE_S", 0.05)
        yield listening


def hang_up(listening):
    peer, _ = listening.accept()
    peer.recv(65_536)
    peer.close()


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        (("status",), "`ordo check` says whether it is the daemon that listens there"),
        (("start", "s"), "perhaps it was done: look with `ordo status` before you repeat it"),
    ],
)
def test_a_connection_that_is_cut_leaves_open_what_was_done(mute, command, advice):
    thread = threading.Thread(target=hang_up, args=(mute,))
    thread.start()
    done = told(*command)
    thread.join()

    assert (done.code, done.out) == (3, "")
    first, second = done.err.splitlines()
    assert re.match(r"ordo: the daemon at http://127.0.0.1:\d+ did not answer: \w", first)
    assert second == f"ordo: {advice}"


def test_a_daemon_that_does_not_answer_in_time_is_given_up(mute):
    done = told("status")

    assert done.code == 3
    assert " did not answer: nothing came within 0.05 s\n" in done.err


def test_each_write_has_a_request_id_of_its_own(fake):
    fake.tells("/api/strategies/s/start", {}, "POST")
    told("start", "s")
    told("start", "s")
    ids = [each.headers["X-Request-Id"] for each in fake.asked]

    assert len(set(ids)) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_a_read_has_no_request_id(fake):
    fake.tells("/api/status", STATUS)
    told("status")

    assert "X-Request-Id" not in fake.asked[0].headers


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:1"), ("::1", "http://[::1]:1")]
)
def test_an_address_is_written_as_in_a_browser(host, url):
    assert Address(host, 1).url == url


def test_a_name_stays_one_segment_of_a_path():
    assert segment("a/../b?c=d e") == "a%2F..%2Fb%3Fc%3Dd%20e"


@pytest.mark.parametrize("command", READS)
def test_a_look_imports_nothing_that_a_server_needs(fake, command):
    fake.tells("/api/status", STATUS)
    fake.tells("/api/orders", {"orders": [], "unread": []})
    fake.tells("/api/portfolio/snapshot", {"strategies": [], "positions": [], "unread": []})
    script = f"""
import sys
from daemon.cli import main
try:
    main([{command!r}])
except SystemExit as end:
    print(end.code, [name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.splitlines()[-1] == "0 []"


def test_an_interrupted_wait_ends_with_130(mute, house):
    process = ordo("status", cwd=house)
    peer, _ = mute.accept()
    with peer:
        process.send_signal(signal.SIGINT)
        done = ended(process)

    assert (done.code, done.out) == (130, "")
    assert "Traceback" not in done.err
