"""`ordo status`, `positions`, `orders`, `pnl` and `guard`: what is so, from the running daemon.

With `--json` each is the daemon's own document, byte for byte, but for `guard`, which is made of
the snapshot: `{"mode", "at", "guarded", "legs": [{"strategy_id", "account", "mode", "leg_id",
"symbol", "quantity", "guarded", "because": [sentence]}], "unread"}`, open legs alone. `pnl --follow
--json` writes one document a line. `--account` leaves out what is of other accounts; a table names
accounts where it has several. A table says PAPER or LIVE of each account.

Where the book of a broker was not read since the start, that is told with what to do, and nobody
is told that nothing is held there: `positions`, `orders` and `guard` end with exit code 1.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import click
import msgspec

from daemon.cli import FAILED
from daemon.cli.client import connect, read_document, segment
from daemon.cli.options import AS_JSON, SETTINGS
from daemon.cli.snapshot import (
    SNAPSHOT,
    Document,
    guard_of,
    headed,
    held_legs,
    mode,
    nothing_held,
    of_account,
    quotes_asked,
    records,
    resting,
    several_in,
    unknown,
    unread_lines,
    whose,
)
from daemon.cli.standing import status
from daemon.cli.tables import (
    age,
    amount,
    clock,
    number,
    say,
    say_document,
    say_table,
    table,
    word,
)

__all__ = ["guard", "orders", "pnl", "positions", "status"]
_BETWEEN_S = 1
_ACCOUNT_ALONE = click.option("--account", metavar="ID", help="Of one account alone.")
_STALE = "the feed's link is dead: these prices are stale"
_ASKED = (
    "the feed's link is dead: the quotes of what is held are asked for once a second, and"
    " `ordo guard` says how old each is"
)
_ORDERS_HEAD = (
    *("mode", "at", "order", "account", "strategy", "leg", "purpose", "side", ">units"),
    *("symbol", "product", "type", ">price", ">trigger", "state", ">filled", ">average", "reason"),
)
_PNL_HEAD = (
    *("mode", "at", "strategy", ">P&L", ">today", ">realised", ">unrealised", ">charges"),
    *("status", "lock", ">floor"),
)


@click.command("positions")
@_ACCOUNT_ALONE
@SETTINGS
@AS_JSON
def positions(settings: Path | None, account: str | None, *, as_json: bool) -> int:
    """Show every leg that is held, its levels, and whether it is guarded.

    Exit code 1 where the book of a broker was not read yet, or where anything is held and whoever
    prices come through is not logged in.
    """
    content = of_account(account, connect(settings).get(SNAPSHOT))
    found = read_document(content)
    unread = unread_lines(found)
    if as_json:
        say_document(content)
    else:
        _show_positions(found)
        say(unread)
    return FAILED if unknown(found) else 0


def _show_positions(found: Document) -> None:
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
        say(nothing_held(found))
        return
    head = ("strategy", "leg", "symbol", "product", "side", ">units", ">entry", ">last", ">age")
    say_table(("mode", *("account",) * named, *head, ">P&L", ">stop", ">target", "guarded"), rows)
    say(_stale(found))


@click.command("orders")
@_ACCOUNT_ALONE
@SETTINGS
@AS_JSON
def orders(settings: Path | None, account: str | None, *, as_json: bool) -> int:
    """Show the book of orders.

    Exit code 1 where the book of a broker was not read yet.
    """
    wanted = f"?account={segment(account)}" if account else ""
    content = connect(settings).get(f"/api/orders{wanted}")
    found = read_document(content)
    unread = unread_lines(found)
    if as_json:
        say_document(content)
        return FAILED if unread else 0
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
    if rows:
        say_table(_ORDERS_HEAD, rows)
    else:
        say([headed(found, "no orders in our own record" if unread else "no orders")])
    say(unread)
    return FAILED if unread else 0


@click.command("pnl")
@click.option("--follow", is_flag=True, help="Again each second, until interrupted.")
@_ACCOUNT_ALONE
@SETTINGS
@AS_JSON
def pnl(settings: Path | None, account: str | None, *, follow: bool, as_json: bool) -> None:
    """Show profit and loss by strategy; before charges, which stand beside it.

    What is carried over nights has a profit since its entry, and what of it was made today.
    """
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
            say(_remarks(found))
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
    """Say of each open leg whether it is guarded now; exit code 1 where one is not.

    What an account holds whose broker's book was not read yet is not known to be guarded.
    """
    found = read_document(of_account(account, connect(settings).get(SNAPSHOT)))
    asked = quotes_asked(found)
    legs = [guard_of(strategy, leg, asked=asked) for strategy, leg in held_legs(found)]
    unread = records(found, "unread")
    whole = not unknown(found) and all(leg["guarded"] for leg in legs)
    if as_json:
        there = {"mode": found.get("mode"), "at": found.get("at")}
        told = {**there, "guarded": whole, "legs": legs, "unread": unread}
        say_document(msgspec.json.encode(told))
        return 0 if whole else 1
    if not legs:
        say(nothing_held(found))
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
    say(unread_lines(found))
    return 0 if whole else 1


def _pnl_rows(found: Document) -> list[list[str]]:
    """Return a row for each strategy, and one for the sum of several of a mode.

    Money and what is simulated are never added up.
    """
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
    for said in sorted(set(map(mode, strategies))) or [mode(found)]:
        alike = [each for each in strategies if mode(each) == said]
        if len(alike) != 1:
            rows.append([said, at, "all", *_sums(alike), "", "", ""])
    return rows


def _sums(strategies: list[Document]) -> list[str]:
    """Return the sum of each amount; absent where one of them is not known."""
    sums = []
    for key in ("pnl", "today", "realised", "unrealised", "charges"):
        # As they are written: sums of binary numbers lie beside what a person adds up.
        known = [Decimal(str(each[key])) for each in strategies if each.get(key) is not None]
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
        lines = table(_PNL_HEAD, _pnl_rows(found)) + _remarks(found)
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
        lines = table(_PNL_HEAD, _pnl_rows(found)) + _remarks(found)
        say(lines[1:] if begun else lines)
        begun = True

    return show


def _remarks(found: Document) -> list[str]:
    """Return what makes figures less than they seem; an earlier daemon does not say all of it."""
    return _stale(found) + _unpriced(found) + (unread_lines(found) if "unread" in found else [])


def _unpriced(found: Document) -> list[str]:
    """Return a line for each strategy whose profit is not known, with what lacks a price."""
    several, lines = several_in(found), []
    for each in records(found, "strategies"):
        legs = [leg for leg in each.get("legs") or () if leg.get("pnl", 0) is None]
        symbols = ", ".join(dict.fromkeys(word(leg.get("symbol")) for leg in legs))
        if symbols:
            told = f"{whose(each, several=several)}: no price of {symbols} has come"
            lines.append(headed(each, f"{told}, so nobody knows its profit"))
    return lines


def _stale(found: Document) -> list[str]:
    """Return a warning where the link that brings prices is dead."""
    if found.get("link_alive") is not False:
        return []
    return [_ASKED if quotes_asked(found) else _STALE]
