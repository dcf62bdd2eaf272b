"""`ordo status`: mode, state, latches, accounts and strategies of the running daemon.

With `--json` it is the daemon's own document, byte for byte.
"""

from __future__ import annotations

from pathlib import Path

import click

from daemon.cli.client import connect, read_document
from daemon.cli.options import AS_JSON, SETTINGS
from daemon.cli.snapshot import Document, headed, mode, records, unread_lines
from daemon.cli.tables import clean, clock, say, say_document, say_table, word

_UNKNOWN = "unknown"
_LIVE = "LIVE"


@click.command("status")
@SETTINGS
@AS_JSON
def status(settings: Path | None, *, as_json: bool) -> None:
    """Show mode, state, latches, accounts and strategies."""
    content = connect(settings).get("/api/status")
    if as_json:
        say_document(content)
        return
    found = read_document(content)
    latches = records(found, "latches")
    head = f"{mode(found)}, {found.get('state')}, market time {found.get('market_time')}"
    say([clean(head)])
    _section(
        ("latch", "kind", "scope", "id", "since", "by", "reason"),
        [
            [word(each.get(key)) for key in ("latch_id", "kind", "scope", "id")]
            + [clock(each.get("at")) or _UNKNOWN, word(each.get("by")), word(each.get("reason"))]
            for each in latches
        ],
    )
    if latches:
        say(["", "release one with `ordo rearm LATCH`"])
    accounts = records(found, "accounts")
    _named([{**each, "mode": mode(each)} for each in accounts], _ACCOUNT)
    _told([_arm_line(each) for each in accounts if mode(each) == _LIVE])
    if "unread" in found:  # a daemon begun by an earlier version does not say
        _told(unread_lines(found))
    if "left_out" in found:  # likewise
        _told([clean(f"ALERT {word(each.get('text'))}") for each in records(found, "left_out")])
    strategies = [
        {**each, "account": account}
        for each in records(found, "strategies")
        for account in each.get("accounts", [each.get("account")])
    ]
    _named([{**each, "takes": _takes(found, each)} for each in strategies], _STRATEGY)


def _arm_line(account: Document) -> str:
    """Return whether an account of a live broker is armed, until when, and what to do if not."""
    name, arm = word(account.get("account")), account.get("armed")
    if "armed" not in account:
        text = f"the daemon does not say whether {name} is armed; is it of another version?"
    elif not isinstance(arm, dict):
        text = f"{name} is not armed: no entry leaves; arm it for today with `ordo arm {name}`"
    else:
        since = f"by {word(arm.get('by'))} at {clock(arm.get('at'))}"
        because = f": {arm['reason']}" if arm.get("reason") else ""
        text = f"{name} is armed until {word(arm.get('day'))} ends, {since}{because}"
    return clean(headed(account, text))


def _takes(found: Document, strategy: Document) -> str:
    """Return whether a strategy takes entries now in an account; if not, the gravest reason."""
    name, account = strategy.get("strategy_id"), strategy.get("account")
    reached = {"all": ("",), "strategy": (name, f"{name}@{account}"), "account": (account,)}
    kinds = {
        latch.get("kind")
        for latch in records(found, "latches")
        if latch.get("id") in reached.get(latch.get("scope", ""), ())
    }
    accounts = [each for each in records(found, "accounts") if each.get("account") == account]
    if "kill" in kinds:
        return "no: halted"
    if found.get("state") == "reduce_only":
        return "no: reduce only"
    if "pause" in kinds or any(each.get("paused") for each in accounts):
        return "no: paused"
    unread = [each.get("account") for each in records(found, "unread")] if "unread" in found else []
    if account in unread or any(each.get("reconciled") is False for each in accounts):
        return "no: book not read"
    live = [each for each in accounts if mode(each) == _LIVE]
    if live and not strategy.get("live", True):  # a daemon of an earlier version does not say
        return "no: live = false"
    if any(not each.get("armed", True) for each in live):
        return "no: not armed"
    return "yes" if strategy.get("taking") else "no: stopped"


_ACCOUNT = (
    *(("mode", "mode"), ("account", "account"), ("broker", "broker"), ("reconciled", "reconciled")),
    *(("paused", "paused"), ("working", ">working"), ("exits_owed", "exits owed")),
    ("differing", "books differ in"),
)
_STRATEGY = (
    *(("strategy_id", "strategy"), ("account", "account"), ("taking", "started")),
    *(("takes", "takes entries"), ("status", "status")),
)


def _told(lines: list[str]) -> None:
    if lines:
        say(["", *lines])


def _named(told: list[Document], columns: tuple[tuple[str, str], ...]) -> None:
    rows = [[word(each.get(name)) for name, _ in columns] for each in told]
    _section(tuple(title for _, title in columns), rows)


def _section(head: tuple[str, ...], rows: list[list[str]]) -> None:
    if rows:
        say([""])
        say_table(head, rows)
