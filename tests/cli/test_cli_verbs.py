"""Every verb by what can be the matter: its exit code and its message, as one table.

A row belongs to one command; a command without a row fails a test. Each row is asked of a daemon
that runs, of none, with a token that does not count, and with an argument that cannot be. What a
row needs beforehand it does itself, for the rows may be run in any order.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from msgspec import Struct

from daemon.cli import ordo
from daemon.feeds.sample import sample_path
from tests.kit.commands import told
from tests.kit.daemon_process import running

# What a command does, the tests of its own module go through.
pytestmark = pytest.mark.untraced

ID = "nifty-short-straddle"
Outcome = tuple[int, str]
"""The exit code, and what is said."""
REFUSED = (1, r"ordo: (unauthorised|too_many_logins): .*\n(ordo: .*\n)*")
GONE = (3, "ordo: no daemon answers at http://127.0.0.1:")
LATCHED_ALL_THE_SAME = (3, '"daemon": "gone"')


class Row(Struct, frozen=True):
    """A command and what comes of it.

    Attributes:
        args: with which it can succeed.
        up: with a daemon.
        down: without one.
        token: with a token that does not count.
        wrong: arguments that cannot be.
        wrong_said: what is said then; the exit code is 2.
        before: commands that come first.
        stdin: what comes in by a pipe, for each of them.
    """

    args: tuple[str, ...]
    up: Outcome
    down: Outcome
    token: Outcome
    wrong: tuple[str, ...] = ("--no-such-option",)
    wrong_said: str = "No such option"
    before: tuple[tuple[str, ...], ...] = ()
    stdin: bytes = b""


def asks(document: str, *args: str, up: Outcome | None = None, **more: object) -> Row:
    """Return the row of a command that asks the control port."""
    return Row(args, up or (0, document), GONE, REFUSED, **more)


def alone(*args: str, done: Outcome, **more: object) -> Row:
    """Return the row of a command to which a daemon is nothing."""
    return Row(args, done, done, done, **more)


LOCK = (1, "the daemon with process id \\d+ runs on the state folder")
BRAKE = {"wrong": ("--strategy", "a", "--account", "b"), "wrong_said": "not both"}
VAULT = ("vault", "init")
DATA = ("--data", str(sample_path()))
TABLE = {
    "run": Row(
        (*DATA, "--speed", "max"),
        up=LOCK,
        down=(0, "ordo ready"),
        token=LOCK,
        wrong=("--speed", "fast"),
        wrong_said="--speed fast: a number above zero, or max",
    ),
    "check": Row(
        (), (0, '"ok": ?true'), (0, '"ok": ?true'), (1, "is taken: (unauthorised|too_many_logins)")
    ),
    "status": asks('"state"'),
    "positions": asks('"strategies"'),
    "orders": asks('"orders"'),
    "pnl": asks('"strategies"'),
    "guard": asks('"guarded"'),
    "alerts": asks('"alerts"'),
    "page": asks('"url": ?"http://127.0.0.1:'),
    "acknowledge": asks(
        "",
        "alert-99",
        up=(1, "ordo: unknown_alert: "),
        wrong=(),
        wrong_said="Missing argument 'ALERT'",
    ),
    "start": asks('"ok": ?true', ID, wrong=(), wrong_said="Missing argument 'STRATEGY'"),
    "stop": asks('"ok": ?true', ID, wrong=(), wrong_said="Missing argument 'STRATEGY'"),
    "exit": asks(
        "",
        ID,
        up=(1, "ordo: nothing_held: "),
        wrong=(ID, "--lots", "0"),
        wrong_said="Invalid value for '--lots'",
    ),
    "adjust": asks(
        "",
        *(ID, "--stop", "100"),
        up=(1, f"ordo: no_position: nothing of {ID} is open"),
        wrong=(ID, "--stop", "-1"),
        wrong_said="Invalid value for '--stop'",
    ),
    "arm": asks(
        "",
        "paper",
        up=(1, "ordo: cannot_arm: paper is not armed: the daemon runs on paper"),
        wrong=(),
        wrong_said="Missing argument 'ACCOUNT'",
    ),
    "disarm": Row(
        ("paper",),
        (0, '"text": ?"paper was not armed"'),
        (0, "there is no arm of paper in .*; without one no entry leaves"),
        REFUSED,
        wrong=(),
        wrong_said="Missing argument 'ACCOUNT'",
    ),
    "pause": Row(
        ("--strategy", ID), (0, '"latch_id"'), LATCHED_ALL_THE_SAME, (0, '"latch_id"'), **BRAKE
    ),
    "cancel-all": Row((), (0, '"done": true'), LATCHED_ALL_THE_SAME, (0, '"done": true'), **BRAKE),
    "kill": Row(("--no-wait",), (0, '"kill_id"'), LATCHED_ALL_THE_SAME, (0, '"kill_id"'), **BRAKE),
    "rearm": alone(
        *("--account", "paper"),
        done=(0, '"released": true'),
        before=(("pause", "--account", "paper"),),
        **BRAKE,
    ),
    "why": Row(("x",), (1, "ordo: no order x is"), (1, "holds no ledger"), (1, "no order x is")),
    "audit verify": Row(
        (), (0, '"whole": true'), (1, "state holds no ledger"), (0, '"whole": true')
    ),
    "audit export": Row((), (0, '"head":'), (1, "state holds no ledger"), (0, '"head":')),
    "outbox dead": Row((), (0, '"dead":'), (1, "state holds no ledger"), (0, '"dead":')),
    "outbox replay": asks(
        "",
        "--all",
        up=(1, "ordo: no_outbox: this daemon has no sinks"),
        wrong=("pager",),
        wrong_said="'pager' is no ID",
    ),
    "db status": Row(
        (), (0, '"up_to_date": ?true'), (1, '"up_to_date": ?false'), (0, '"up_to_date": ?true')
    ),
    "db migrate": Row(
        (), (0, '"up_to_date": ?true'), (1, "its folder must exist"), (0, '"up_to_date": ?true')
    ),
    "db rebuild": Row((), (0, '"folded": ?'), (1, "there is no ledger .* yet"), (0, '"folded": ?')),
    "backtest": alone(
        *(ID, "--data", "absent.csv"),
        done=(1, "ordo: absent.csv does not exist"),
        wrong=(ID,),
        wrong_said="Missing option '--data'",
    ),
    "simulate": alone(
        *("--seeds", "1:1"),
        done=(0, '"runs": ?1'),
        wrong=("--seeds", "1:0:2"),
        wrong_said="Invalid value for '--seeds'",
    ),
    "twin zerodha": alone(
        *("--data", "absent.csv"),
        done=(1, "ordo: absent.csv does not exist"),
        wrong=("--data", "a.csv", "--seed", "7"),
        wrong_said="--data and --seed name two markets",
    ),
    "token create": alone(
        *("--role", "viewer", "--name", "screen"),
        done=(0, '"token"'),
        before=(("token", "revoke", "screen"),),
        wrong=("--role", "king"),
        wrong_said="Invalid value for '--role'",
    ),
    "token list": alone(done=(0, '"tokens"')),
    "token revoke": alone(
        "gone",
        done=(0, '"revoked_at"'),
        before=(("token", "create", "--role", "viewer", "--name", "gone"),),
        wrong=(),
        wrong_said="Missing argument 'TOKEN'",
    ),
    "login": asks(
        "",
        "paper",
        up=(1, "ordo: no_login: account paper is at paper, where nobody logs in"),
        wrong=(),
        wrong_said="Missing argument 'ACCOUNT'",
    ),
    "vault init": alone(
        "--passphrase",
        done=(1, "ordo: (a passphrase has 12 letters at the least|there is a vault at)"),
    ),
    "vault put": alone(
        *("paper", "pin"),
        done=(0, '"put"'),
        before=(VAULT,),
        stdin=b"123456\n",
        wrong=("paper", "pni"),
        wrong_said="'pni' is not one of",
    ),
    "vault list": alone(done=(0, '"credentials"'), before=(VAULT,)),
    "vault remove": alone(
        "paper",
        done=(0, '"removed"'),
        before=(VAULT, ("vault", "put", "paper", "pin")),
        stdin=b"123456\n",
        wrong=(),
        wrong_said="Missing argument 'ACCOUNT'",
    ),
    "vault rotate": alone(done=(0, '"rotated"'), before=(VAULT,)),
}


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that can be called, with its name as it is typed."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(leaves(ordo))


def as_json(verb: str) -> tuple[str, ...]:
    """Return the option that asks for one JSON document, where the command prints facts."""
    options = [option for param in COMMANDS[verb].params for option in param.opts]
    return ("--json",) if "--json" in options else ()


def assert_ends(verb: str, args: tuple[str, ...], outcome: Outcome, stdin: bytes = b"") -> None:
    """Call a verb and hold its end against what is expected."""
    code, said = outcome
    json_asked = as_json(verb)
    done = told(*verb.split(), *args, *json_asked, stdin=stdin)

    assert done.code == code, done
    assert re.search(said, done.err + done.out), done
    assert "Traceback" not in done.err + done.out
    assert "a defect of" not in done.err
    if json_asked:
        document = json.loads(done.out)
        assert isinstance(document, dict)
        if code in (1, 2) and "error" in document:
            assert document["error"]["mend"]


@pytest.fixture(scope="module")
def alive(tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """A daemon whose market stands almost still, and its port."""
    folder = tmp_path_factory.mktemp("alive")
    with running(folder, "--speed", "0.05") as process:
        process.wait_ready()
        yield folder, process.url.partition("#")[0].rstrip("/").rpartition(":")[2]


@pytest.fixture
def up(alive, monkeypatch) -> None:
    folder, port = alive
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ORDO_WEB__PORT", port)


@pytest.fixture
def down(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ORDO_WEB__PORT", str(probe.getsockname()[1]))


def test_every_command_has_its_row():
    assert sorted(COMMANDS) == sorted(TABLE)


@pytest.mark.parametrize("verb", TABLE)
def test_with_a_daemon_a_verb_does_what_it_says(up, verb):
    row = TABLE[verb]
    for each in row.before:
        told(*each, stdin=row.stdin)
    assert_ends(verb, row.args, row.up, row.stdin)


@pytest.mark.parametrize("verb", TABLE)
def test_without_a_daemon_a_verb_says_so_or_needs_none(down, verb):
    row = TABLE[verb]
    for each in row.before:
        told(*each, stdin=row.stdin)
    assert_ends(verb, row.args, row.down, row.stdin)


@pytest.mark.parametrize("verb", TABLE)
def test_a_token_that_does_not_count_opens_nothing_and_hinders_no_brake(
    up, tmp_path, monkeypatch, verb
):
    wrong = tmp_path / "wrong.token"
    wrong.write_text("ordo_0a1b2c3d_" + "x" * 43)
    wrong.chmod(0o600)
    monkeypatch.setenv("ORDO_TOKEN_FILE", str(wrong))
    row = TABLE[verb]
    for each in row.before:
        told(*each, stdin=row.stdin)
    assert_ends(verb, row.args, row.token, row.stdin)


@pytest.mark.parametrize("verb", TABLE)
def test_an_argument_that_cannot_be_is_bad_usage_and_names_it(down, verb):
    row = TABLE[verb]
    assert_ends(verb, row.wrong, (2, re.escape(row.wrong_said)))
