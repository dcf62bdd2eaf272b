"""`ordo vault`: secrets go in by a prompt or a pipe, and come out nowhere."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.canary import planted
from tests.kit.commands import Told, told
from tests.kit.plans import ROOT

CANARY = planted("vault")
HANDED = (
    "the units go on with the one that they were handed: hand them the new one, and restart both: "
    "systemctl restart ordo ordo-guardian"
)
WORDS = "four words of a vault"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """A cheap passphrase, in a folder of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def vault(*args: str, stdin: str = "") -> Told:
    done = told("vault", *args, stdin=stdin.encode())
    assert CANARY not in done.out + done.err
    assert WORDS not in done.out + done.err
    return done


def kept(field: str, passphrase: str = "") -> str:
    words = Secret(passphrase) if passphrase else None
    return Vault(Place(Path("state"), passphrase=words)).open("paper", field).reveal()


def test_a_vault_is_made_and_a_copy_of_its_key_is_called_for():
    done = vault("init")

    assert (done.code, done.err) == (0, "")
    assert "state/vault.json; put into it with `ordo vault put ACCOUNT`" in done.out
    assert "keep a copy of its key apart" in done.out
    assert {path.name for path in Path("state").iterdir()} == {
        *("vault.json", "vault.key", ".vault.json.lock")
    }


def test_the_text_of_one_field_comes_by_a_pipe():
    vault("init")
    done = vault("put", "paper", "api_secret", stdin=f"{CANARY}\n")

    assert (done.code, done.out) == (0, "paper: kept api_secret\n")
    assert kept("api_secret") == CANARY


def test_a_text_of_several_lines_stays_one():
    vault("init")
    vault("put", "paper", "private_key", stdin="BEGIN\nabc\nEND\n\n")

    assert kept("private_key") == "BEGIN\nabc\nEND\n"


def test_several_fields_come_as_a_document():
    vault("init")
    done = vault("put", "paper", "--json", stdin=json.dumps({"api_key": "k", "api_secret": CANARY}))

    assert json.loads(done.out) == {"account": "paper", "put": ["api_key", "api_secret"]}
    assert (kept("api_key"), kept("api_secret")) == ("k", CANARY)


@pytest.mark.parametrize(
    ("args", "stdin", "said"),
    [
        ((), CANARY, 'write {"user_id": "...", "password": "..."}'),
        ((), json.dumps({"api_key": [CANARY]}), "is no JSON object of texts"),
        ((), json.dumps({CANARY: "x"}), "a field of that name is not taken; there are: user_id, "),
        ((), json.dumps({"access_token": CANARY}), "a field of that name is not taken"),
        ((), "{}", "nothing was put in, and nothing is changed"),
        (("api_key", "pin"), json.dumps({"api_secret": CANARY}), "there are: api_key, pin"),
        (("pin",), "", "pin is a text of 1 to 8,192 letters"),
        (("pin",), CANARY * 400, "pin is a text of 1 to 8,192 letters"),
    ],
)
def test_what_can_be_no_credential_is_refused_without_being_quoted(args, stdin, said):
    vault("init")
    done = vault("put", "paper", *args, stdin=stdin)

    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert vault("list").out == "the vault is empty\n"


@pytest.mark.parametrize("fields", [("pin",), ()])
def test_what_is_no_text_is_refused_without_being_quoted(fields):
    vault("init")
    done = told("vault", "put", "paper", *fields, stdin=b"abcdef\xff\n")

    assert done.code == 1
    assert done.err == "ordo: standard input is no text in UTF-8, and nothing is changed\n"


def test_an_account_that_the_settings_do_not_know_is_refused_by_name():
    vault("init")
    done = vault("put", "papre", "pin", stdin="123456")

    assert (done.code, done.err) == (1, "ordo: no account papre; there are: paper\n")


def test_names_and_dates_are_listed_and_nothing_else():
    vault("init")
    vault("put", "paper", stdin=json.dumps({"api_key": "kkkk", "api_secret": CANARY}))
    lines = vault("list").out.splitlines()
    document = json.loads(vault("list", "--json").out)

    assert lines[0].split() == ["account", "field", "put", "in", "key"]
    assert re.fullmatch(r"paper +api_key +\d{4}-\d\d-\d\d \d\d:\d\d +[0-9a-f]{8}", lines[1])
    assert [sorted(each) for each in document["credentials"]] == [
        ["account", "field", "key", "put_in_at"]
    ] * 2
    assert "kkkk" not in json.dumps(document)


def test_one_credential_or_all_of_an_account_are_removed():
    vault("init")
    vault("put", "paper", stdin=json.dumps({"api_key": "k", "api_secret": CANARY, "pin": "123456"}))

    assert vault("remove", "paper", "pin").out == "paper: removed pin\n"
    done = vault("remove", "paper", "--json")
    assert json.loads(done.out) == {"account": "paper", "removed": ["api_key", "api_secret"]}
    assert vault("remove", "paper").err == (
        "ordo: the vault holds no credential of paper; `ordo vault list` shows what it holds\n"
    )


def test_after_a_rotation_everything_is_what_it_was():
    vault("init")
    vault("put", "paper", "api_secret", stdin=CANARY)
    before = vault("list").out

    assert vault("rotate").out == (
        "1 credential is sealed anew; the key before opens nothing any more\n"
    )
    assert vault("list").out != before
    assert kept("api_secret") == CANARY


def test_a_key_that_lies_elsewhere_is_named(tmp_path):
    (tmp_path / "apart").mkdir(mode=0o700)
    vault("init", "--key", "apart/keys")
    vault("put", "paper", "api_secret", "--key", "apart/keys", stdin=CANARY)
    first = (tmp_path / "apart" / "keys").read_bytes()

    assert vault("put", "paper", "pin", stdin="123456").code == 1
    rotated = vault("rotate", "--key", "apart/keys")
    assert (rotated.code, rotated.out.splitlines()[1:]) == (0, [HANDED])
    assert (tmp_path / "apart" / "keys").read_bytes() != first


@pytest.mark.untraced
def test_a_passphrase_comes_first_and_a_new_one_after_it():
    made = vault("init", "--passphrase", stdin=f"{WORDS}\n")
    put = vault("put", "paper", "api_secret", stdin=f"{WORDS}\n{CANARY}\n")
    wrong = vault("put", "paper", "pin", stdin="another passphrase\n123456\n")
    rotated = vault("rotate", stdin=f"{WORDS}\nquite another one\n")

    assert (made.code, put.code, rotated.code) == (0, 0, 0)
    assert rotated.out.splitlines()[1:] == [HANDED]
    assert (wrong.code, "give the key or passphrase" in wrong.err) == (1, True)
    assert kept("api_secret", "quite another one") == CANARY
    assert not Path("state/vault.key").exists()


@pytest.mark.parametrize("name", ["vault.json", "vault.key"])
def test_a_file_that_others_can_read_is_refused_with_the_mend(name):
    vault("init")
    (Path("state") / name).chmod(0o644)
    done = vault("put", "paper", "pin", stdin="123456")

    assert done.code == 2
    assert f"state/{name} is open to others (mode 0644); chmod 600 it" in done.err


def test_a_secret_as_an_argument_is_refused_as_usage():
    vault("init")
    done = vault("put", "paper", "pin", "123456")

    assert done.code == 2
    assert "is not one of" in done.err


def test_what_is_typed_at_a_terminal_is_not_shown(tmp_path):
    """As a person does it: what he has, and return where he has nothing."""
    vault("init")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "daemon", "vault", "put", "paper"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""
    answers = {"api_secret": CANARY, "pin": "123456"}
    for field in ("user_id", "password", "pin", "totp_secret", "api_key", "api_secret", "app_id"):
        seen = read_until(ours, seen, f"{field} of paper".encode())
        os.write(ours, f"{answers.get(field, '')}\n".encode())
    seen = read_until(ours, seen, b"private_key of paper")
    os.write(ours, b"\n")
    seen = read_until(ours, seen, b"kept pin, api_secret")
    os.close(ours)

    assert process.wait(60) == 0
    assert CANARY.encode() not in seen
    assert b"123456" not in seen
    assert (kept("api_secret"), kept("pin")) == (CANARY, "123456")


def read_until(descriptor: int, seen: bytes, awaited: bytes) -> bytes:
    """Read a terminal until something was written to it."""
    while awaited not in seen:
        try:
            seen += os.read(descriptor, 4_096)
        except OSError as error:  # whoever wrote has ended
            raise AssertionError(seen) from error
    return seen
