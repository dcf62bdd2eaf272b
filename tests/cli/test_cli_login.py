"""`ordo login`: the page is printed, and whoever waits sees the browser come back or pastes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.kit.canary import remembered
from tests.kit.commands import told
from tests.kit.fake_daemon import FakeDaemon
from tests.kit.plans import ROOT

CANARY = remembered("canary0Token0Brought")
PATH = "/api/sessions/paper/login"
PAGE = "https://kite.example/connect/login?state=abc"
BEGUN = {
    "logged_in": False,
    "page": PAGE,
    "text": "open the page",
    "login_id": "7f",
    "until": "2026-11-27T03:14:00+05:30",
}
DONE = {"logged_in": True, "page": "", "text": "paper is logged in"}


@pytest.fixture
def daemon(fake) -> FakeDaemon:
    fake.tells(PATH, BEGUN, "POST")
    return fake


def test_without_a_terminal_the_page_is_printed_and_nobody_is_waited_for(daemon):
    done = told("login", "paper")

    assert (done.code, done.out) == (0, f"{PAGE}\nopen the page\n")
    assert [each.method for each in daemon.asked] == ["POST"]


def test_a_program_reads_the_page_as_the_daemon_wrote_it(daemon):
    done = told("login", "paper", "--json")

    assert (done.code, json.loads(done.out)) == (0, BEGUN)


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_what_was_brought_as_an_option_is_taken_at_once(daemon, as_json):
    daemon.tells(PATH, DONE, "POST")
    done = told("login", "paper", "--request-token", CANARY, *as_json)

    assert (done.code, "paper is logged in" in done.out) == (0, True)
    assert [json.loads(each.body) for each in daemon.asked] == [{"request_token": CANARY}]
    assert CANARY not in done.out + done.err


def test_a_code_is_read_from_standard_input_where_that_is_no_terminal(daemon):
    daemon.tells(PATH, DONE, "POST")
    done = told("login", "paper", "--otp", stdin=b"123456\n")

    assert (done.code, done.out) == (0, "paper is logged in\n")
    assert [json.loads(each.body) for each in daemon.asked] == [{"otp": "123456"}]


def test_a_code_may_be_an_argument_and_a_token_is_not_brought_beside_it(daemon):
    daemon.tells(PATH, DONE, "POST")
    argument = told("login", "paper", "--otp", "123456")
    both = told("login", "paper", "--otp", "123456", "--request-token", CANARY)

    assert (argument.code, both.code) == (0, 2)
    assert [json.loads(each.body) for each in daemon.asked] == [{"otp": "123456"}]
    assert "two ways in" in both.err


class Terminal:
    """A person before `ordo login`, in a process of its own."""

    def __init__(self, *options: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daemon", "login", "paper", *options],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = b""

    def until(self, awaited: str) -> None:
        """Read until something was written."""
        while awaited.encode() not in self.seen:
            try:
                self.seen += os.read(self._ours, 4_096)
            except OSError as error:  # whoever wrote has ended
                raise AssertionError(self.seen) from error

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._ours, text.encode())

    def ended(self) -> int:
        """Stay until it has ended, and return how."""
        code = self.process.wait(60)
        os.close(self._ours)
        return code


@contextmanager
def waiting(
    seen: str = "or paste it here, which is not shown", *options: str
) -> Iterator[Terminal]:
    """A person who sees something, such as the page, and is waited for."""
    terminal = Terminal(*options)
    try:
        terminal.until(seen)
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.wait()


def test_at_a_terminal_the_browser_is_waited_for(daemon):
    daemon.tells(f"{PATH}/7f", {"stage": "waiting", "text": ""})
    with waiting() as person:
        person.type("\n")
        daemon.tells(f"{PATH}/7f", {"stage": "logged_in", "text": DONE["text"]})
        person.until("paper is logged in")
        assert person.ended() == 0
    assert PAGE.encode() in person.seen


@pytest.mark.parametrize(
    ("stage", "text", "said"),
    [
        ("refused", "the token is used up", "ordo: the token is used up"),
        ("over", "", "ordo: nobody came back from the page in time"),
    ],
)
def test_a_browser_that_brought_no_session_is_told_of(daemon, stage, text, said):
    daemon.tells(f"{PATH}/7f", {"stage": stage, "text": text})
    with waiting() as person:
        person.until(said)
        assert person.ended() == 1


def test_what_is_pasted_meanwhile_is_taken_and_not_shown(daemon):
    daemon.tells(f"{PATH}/7f", {"stage": "waiting", "text": ""})
    with waiting() as person:
        daemon.tells(PATH, DONE, "POST")
        person.type(f"  http://127.0.0.1/login?request_token={CANARY}\n")
        person.until("paper is logged in")
        assert person.ended() == 0
    assert CANARY.encode() not in person.seen
    pasted = f"http://127.0.0.1/login?request_token={CANARY}"
    assert json.loads(daemon.asked[-1].body) == {"request_token": pasted}


def test_a_code_is_asked_for_at_a_terminal_and_not_shown(daemon):
    daemon.tells(PATH, DONE, "POST")
    with waiting("One-time code of paper", "--otp") as person:
        person.type("123456\n")
        person.until("paper is logged in")
        assert person.ended() == 0
    assert b"123456" not in person.seen
    assert json.loads(daemon.asked[-1].body) == {"otp": "123456"}


def test_whoever_hangs_up_waits_no_longer(daemon):
    daemon.tells(f"{PATH}/7f", {"stage": "waiting", "text": ""})
    with waiting() as person:
        person.type("\x04")
        assert person.process.wait(60) == 130
