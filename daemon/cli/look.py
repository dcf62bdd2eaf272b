"""`ordo status`, `positions`, `orders`, `pnl` and `guard`: what is so, from the running daemon.

With `--json` each is the daemon's own document, byte for byte, but for `guard`, which is made of
the snapshot: `{"at", "guarded", "legs": [{"strategy_id", "account", "mode", "leg_id", "symbol",
"quantity", "guarded", "because": [sentence]}]}`, open legs alone. `pnl --follow --json` writes one
document a line. `--account` leaves out what is of other accounts; a table names accounts where it
has several. A table says PAPER or LIVE of each account.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from daemon.cli.client import connect, read_document, segment
from daemon.cli.options import AS_JSON, SETTINGS
from daemon.cli.snapshot import (
    SNAPSHOT,
    Document,
    guard_of,
    headed,
    held_legs,
    mode,
    of_account,
    records,
    resting,
    several_in,
    whose,
)
from daemon.cli.tables import (
    age,
    amount,
    clean,
    clock,
    number,
    say,
    say_document,
    say_table,
    table,
    word,
)

_BETWEEN_S = 1
_ACCOUNT_ALONE = click.option("--account", metavar="ID", help="Of one account alone.")
_STALE = "the feed's link is dead: these prices are stale"
_UNKNOWN = "unknown"
_ORDERS_HEAD = (
    *("mode", "at", "order", "account", "strategy", "leg", "purpose", "side", ">units"),
    *("symbol", "product", "type", ">price", ">trigger", "state", ">filled", ">average", "reason"),
)
_PNL_HEAD = (
    *("mode", "at", "strategy", ">P&L", ">realised", ">unrealised", ">charges", "status", "lock"),
    ">floor",
)


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
    strategies = [
        {**each, "account": account}
        for each in records(found, "strategies")
        for account in each.get("accounts", [each.get("account")])
    ]
    _named([{**each, "takes": _takes(found, each)} for each in strategies], _STRATEGY)


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


@click.command("positions")
@_ACCOUNT_ALONE
@SETTINGS
@AS_JSON
def positions(settings: Path | None, account: str | None, *, as_json: bool) -> None:
    """Show every leg that is held, its levels, and whether it is guarded."""
    content = of_account(account, connect(settings).get(SNAPSHOT))
    if as_json:
        say_document(content)
        return
    found = read_document(content)
    named = several_in(found)
    rows = [
        [
            *(mode(strategy), *(word(strategy.get("account")),) * named),
            *(word(strategy.get("strategy_id")), word(leg.get("leg_id")), word(leg.get("symbol"))),
            *(word(leg.get("product")), word(leg.get("side"))),
            *(number(leg.get("quantity")), amount(leg.get("entry"))),
            *(amount(leg.get("ltp")), age(leg.get("age_ms")), amount(leg.get("pnl"))),
            *(amount(leg.get("stop")), amount(leg.get("target")), word(leg.get("guarded"))),
        ]
        for strategy, leg in held_legs(found)
    ]
    if not rows:
        say([headed(found, "nothing is held")])
        return
    head = ("strategy", "leg", "symbol", "product", "side", ">units", ">entry", ">last", ">age")
    say_table(("mode", *("account",) * named, *head, ">P&L", ">stop", ">target", "guarded"), rows)
    say(_stale(found))


@click.command("orders")
@_ACCOUNT_ALONE
@SETTINGS
@AS_JSON
def orders(settings: Path | None, account: str | None, *, as_json: bool) -> None:
    """Show the book of orders."""
    wanted = f"?account={segment(account)}" if account else ""
    content = connect(settings).get(f"/api/orders{wanted}")
    if as_json:
        say_document(content)
        return
    found = read_document(content)
    rows = [
        [
            *(mode(each), clock(each.get("at")), word(each.get("order_id"))),
            word(each.get("account")),
            *(word(each.get("strategy_id")), word(each.get("leg_id"))),
            *(word(each.get("purpose")).replace("_", " "), word(each.get("side"))),
            *(number(each.get("quantity")), word(each.get("symbol"))),
            *(word(each.get("product")), word(each.get("order_type")), amount(each.get("price"))),
            *(amount(each.get("trigger_price")), word(each.get("state"))),
            number(each.get("filled_quantity")),
            *(amount(each.get("average_price")), word(each.get("reason"))),
        ]
        for each in records(found, "orders")
    ]
    if not rows:
        say([headed(found, "no orders")])
        return
    say_table(_ORDERS_HEAD, rows)


@click.command("pnl")
@click.option("--follow", is_flag=True, help="Again each second, until interrupted.")
@_ACCOUNT_ALONE
@SETTINGS
@AS_JSON
def pnl(settings: Path | None, account: str | None, *, follow: bool, as_json: bool) -> None:
    """Show profit and loss by strategy; before charges, which stand beside it."""
    client = connect(settings)

    def look() -> bytes:
        return of_account(account, client.get(SNAPSHOT))

    if not follow:
        content = look()
        if as_json:
            say_document(content)
        else:
            found = read_document(content)
            say_table(_PNL_HEAD, _pnl_rows(found))
            say(_stale(found))
    elif as_json:
        _follow(look, say_document)
    elif sys.stdout.isatty():
        _follow(look, _Screen().rewrite)
    else:
        _follow(look, _append())


@click.command("guard")
@_ACCOUNT_ALONE
@SETTINGS
@AS_JSON
def guard(settings: Path | None, account: str | None, *, as_json: bool) -> int:
    """Say of each open leg whether it is guarded now; exit code 1 where one is not."""
    found = read_document(of_account(account, connect(settings).get(SNAPSHOT)))
    legs = [guard_of(strategy, leg) for strategy, leg in held_legs(found)]
    whole = all(leg["guarded"] for leg in legs)
    if as_json:
        say_document(msgspec.json.encode({"at": found.get("at"), "guarded": whole, "legs": legs}))
    elif not legs:
        say([headed(found, "nothing is held")])
    else:
        named = several_in(found)
        head = (*("account",) * named, "strategy", "leg", "symbol", ">units", "guarded", "because")
        keys = (*("account",) * named, "strategy_id", "leg_id", "symbol")
        rows = [
            [
                *(mode(leg), *(word(leg[key]) for key in keys), number(leg["quantity"])),
                *(word(leg["guarded"]), "; ".join(leg["because"])),
            ]
            for leg in legs
        ]
        say_table(("mode", *head), rows)
        say(resting(found))
    return 0 if whole else 1


def _pnl_rows(found: Document) -> list[list[str]]:
    """Return a row for each strategy, and one for their sum where there are several."""
    at, strategies = clock(found.get("at")), records(found, "strategies")
    several, rows = several_in(found), []
    for each in strategies:
        risk = each.get("risk") or {}
        rows.append(
            [
                *(
                    mode(each),
                    at,
                    whose(each, several=several),
                    *_sums([each]),
                    word(each.get("status")),
                ),
                *(word(risk.get("status")), amount(risk.get("current_sl"))),
            ]
        )
    if len(strategies) != 1:
        rows.append([mode(found), at, "all", *_sums(strategies), "", "", ""])
    return rows


def _sums(strategies: list[Document]) -> list[str]:
    """Return the sum of each amount; absent where one of them is not known."""
    sums = []
    for key in ("pnl", "realised", "unrealised", "charges"):
        known = [each[key] for each in strategies if each.get(key) is not None]
        sums.append(amount(sum(known) if len(known) == len(strategies) else None))
    return sums


def _follow(look: Callable[[], bytes], show: Callable[[bytes], None]) -> None:
    """Ask once a second, until interrupted or until nobody answers."""
    while True:
        show(look())
        sys.stdout.flush()
        time.sleep(_BETWEEN_S)


class _Screen:
    """The lines on a terminal, each time in the place of those before."""

    def __init__(self) -> None:
        self._written = 0

    def rewrite(self, content: bytes) -> None:
        """Show a snapshot; what the window has no room for is cut off, so that no line wraps."""
        room = shutil.get_terminal_size()
        found = read_document(content)
        lines = table(_PNL_HEAD, _pnl_rows(found)) + _stale(found)
        lines = [line[: room.columns - 1] for line in lines[: room.lines - 1]]
        back = f"\x1b[{self._written}F\x1b[J" if self._written else ""
        sys.stdout.write(back + "".join(line + "\n" for line in lines))
        self._written = len(lines)


def _append() -> Callable[[bytes], None]:
    """Return what adds the lines of a snapshot below those before, under one head."""
    begun = False

    def show(content: bytes) -> None:
        nonlocal begun
        found = read_document(content)
        lines = table(_PNL_HEAD, _pnl_rows(found)) + _stale(found)
        say(lines[1:] if begun else lines)
        begun = True

    return show


def _stale(found: Document) -> list[str]:
    """Return a warning where the link that brings prices is dead."""
    return [_STALE] if found.get("link_alive") is False else []


def _named(told: list[Document], columns: tuple[tuple[str, str], ...]) -> None:
    rows = [[word(each.get(name)) for name, _ in columns] for each in told]
    _section(tuple(title for _, title in columns), rows)


def _section(head: tuple[str, ...], rows: list[list[str]]) -> None:
    if rows:
        say([""])
        say_table(head, rows)
