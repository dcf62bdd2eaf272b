"""PAPER or LIVE stands on what each command says to people: one table of all commands.

A command that is in none of these sets fails a test.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.test_cli_verbs import COMMANDS
from tests.kit.commands import told

SNAPSHOT = "/api/portfolio/snapshot"
NOTHING = {"positions": [], "strategies": [], "accounts": [], "unread": []}
DONE = {"text": "it is so"}
STATUS = {"state": "running", "market_time": "now", "latches": [], "accounts": [], "strategies": []}
ASKED: dict[str, tuple[tuple[str, ...], str, dict[str, Any]]] = {
    "status": ((), "/api/status", STATUS),
    "positions": ((), SNAPSHOT, NOTHING),
    "pnl": ((), SNAPSHOT, NOTHING),
    "guard": ((), SNAPSHOT, NOTHING),
    "orders": ((), "/api/orders", {"orders": [], "unread": []}),
    "alerts": ((), "/api/alerts", {"alerts": []}),
    "start": (("s",), "/api/strategies/s/start", DONE),
    "stop": (("s",), "/api/strategies/s/stop", DONE),
    "exit": (("s",), "/api/strategies/s/exit", DONE),
    "adjust": (("s", "--stop", "5"), "/api/strategies/s/adjust", DONE),
    "acknowledge": (("a",), "/api/alerts/a/acknowledge", DONE),
    "arm": (("zed",), "/api/arm", DONE),
    "disarm": (("zed",), "/api/disarm", DONE),
    "login": (("zed", "--request-token", "t"), "/api/sessions/zed/login", DONE),
    "outbox replay": (("--all",), "/api/outbox/replay", DONE),
}
"""Of the control port: with what, which path, and what a daemon answers besides the word."""
BRAKES = frozenset({"kill", "pause", "cancel-all", "rearm"})
"""Through the kill socket, or by the settings where nobody answers."""
BY_THEIR_OWN = frozenset({"run", "check", "why"})
"""Theirs is looked for where their lines are."""
OF_NO_MONEY = frozenset(
    {
        *("audit verify", "audit export", "db status", "db migrate", "db rebuild", "outbox dead"),
        *("backtest", "simulate", "twin zerodha", "token create", "token list", "token revoke"),
        *("page", "vault init", "vault put", "vault list", "vault remove", "vault rotate"),
    }
)
"""Files, keys, and what is only played: no account is traded in, or looked at."""


def test_every_command_is_in_one_of_the_sets():
    assert {*ASKED, *BRAKES, *BY_THEIR_OWN, *OF_NO_MONEY} == COMMANDS.keys()


@pytest.mark.parametrize("mode", ["paper", "live"])
@pytest.mark.parametrize("verb", ASKED)
def test_a_command_says_the_word_of_what_it_was_told(fake, verb, mode):
    args, path, document = ASKED[verb]
    for method in ("GET", "POST"):
        fake.tells(path, {**document, "mode": mode}, method)
    done = told(*verb.split(), *args)

    assert done.code == 0
    assert mode.upper() in done.out


def test_each_account_that_refused_or_did_it_has_its_own_word(fake):
    several = [
        {"account": "zed", "ok": True, "text": "done", "mode": "live"},
        {"account": "shadow", "ok": False, "text": "not so", "mode": "paper"},
    ]
    document = {"ok": False, "text": "", "results": several, "mode": "live"}
    fake.tells("/api/strategies/s/exit", document, "POST")

    assert told("exit", "s").out == "LIVE  zed: done\nPAPER  shadow: not so\n"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ((), "LIVE"),
        (("--account", "zed"), "LIVE"),
        (("--account", "paper"), "PAPER"),
        (("--strategy", "s@paper"), "PAPER"),
        (("--strategy", "paper"), "LIVE"),
    ],
)
@pytest.mark.parametrize("verb", sorted(BRAKES))
def test_where_no_daemon_answers_a_brake_goes_by_the_settings(house, verb, options, word):
    (house / "settings.toml").write_text(BOTH)
    done = told(verb, *options)

    assert done.out.startswith(f"{word}  "), done


BOTH = """
[daemon]
mode = "live"
[feed]
kind = "broker"
[[accounts]]
id = "zed"
broker = "zerodha"
[[accounts]]
id = "paper"
broker = "paper"
[brokers.zerodha]
static_ip = "8.8.4.4"
"""
"""One account at a broker, and another on paper beside it."""


def test_a_preflight_says_whose_money_would_be_traded_with(house):
    assert "mode PAPER" in told("check").out
