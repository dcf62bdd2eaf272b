"""A name that the running daemon does not know is refused by it, whatever the command: exit code 1.

2 is bad usage or settings, and 3 that nobody answers.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.kit.commands import told
from tests.kit.daemon_process import running

STRADDLE = "nifty-short-straddle"
STRATEGY = "no strategy nobody; there are: nifty-short-straddle"
ACCOUNT = "no account nobody; there are: paper"
TABLE = [
    ("start nobody", STRATEGY),
    ("stop nobody", STRATEGY),
    ("exit nobody", STRATEGY),
    (f"exit {STRADDLE} --leg nobody", f"{STRADDLE} has no leg nobody"),
    ("adjust nobody --stop 5", STRATEGY),
    (f"adjust {STRADDLE} --leg nobody --stop 5", f"nothing of {STRADDLE} is open"),
    ("pause --strategy nobody", STRATEGY),
    ("pause --account nobody", ACCOUNT),
    ("cancel-all --strategy nobody", STRATEGY),
    ("cancel-all --account nobody", ACCOUNT),
    ("kill --strategy nobody", STRATEGY),
    ("kill --account nobody", ACCOUNT),
    ("rearm nobody", "there is no latch nobody"),
    ("rearm --strategy nobody", "there is no latch of strategy nobody"),
    ("rearm --account nobody", "there is no latch of account nobody"),
    ("why nobody", "no order nobody is in the record"),
    ("token revoke nobody", "no token nobody counts"),
]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with running(tmp_path_factory.mktemp("daemon"), "--speed", "1") as process:
        process.wait_ready()
        assert process.brake("pause", scope="account", id="paper")["ok"]
        yield process


@pytest.mark.parametrize(("command", "said"), TABLE)
def test_a_name_that_nobody_has_is_refused_with_one_exit_code(command, said, daemon, monkeypatch):
    monkeypatch.chdir(daemon.folder)
    monkeypatch.setenv("ORDO_WEB__PORT", str(urlsplit(daemon.url).port))
    done = told(*command.split())

    assert done.code == 1
    assert said in done.err + done.out
