"""What live trading asks of the settings as a whole, section held against section."""

from __future__ import annotations

import socket
from ipaddress import AddressValueError, IPv6Address, ip_address
from typing import Any

from daemon.settings.faults import Wrong, shown
from daemon.settings.tables import Rule

PAPER, LIVE = "paper", "live"
PRICES = "prices"
"""The account that prices come through where all others are on paper; it never trades."""
_CHANCE = ("generated", "replay")
ADDRESS = "this machine's public address, in quotes, as it was told to the broker"


def address(written: str) -> str:
    """Return an address of the internet as it is written everywhere.

    Raises:
        Wrong: it is none, or none that a broker could ever see.
    """
    try:
        found = ip_address(written.strip())
    except (AddressValueError, ValueError):
        raise Wrong(f"is {shown(written)}", f"write {ADDRESS}") from None
    if not found.is_global:
        what = f"is {shown(written)}, which no broker sees: it is private, or kept for examples"
        raise Wrong(what, f"write {ADDRESS}")
    return str(found)


def family_of(written: str) -> socket.AddressFamily | None:
    """Return which kind of address a text is; None: it is a name, which may have both."""
    try:
        is_six = isinstance(ip_address(written), IPv6Address)
    except ValueError:
        return None
    return socket.AF_INET6 if is_six else socket.AF_INET


def _has_live_account(daemon: Any, accounts: Any) -> bool:
    return daemon.mode != LIVE or any(each.broker != PAPER for each in accounts)


def _is_meant(accounts: Any, daemon: Any) -> bool:
    return daemon.mode == LIVE or all(each.broker == PAPER for each in accounts)


def _has_prices(daemon: Any, feed: Any) -> bool:
    return daemon.mode != LIVE or feed.kind not in _CHANCE


def _has_broker(feed: Any, accounts: Any, daemon: Any) -> bool:
    told = daemon.mode == LIVE or any(each.broker != PAPER for each in accounts)
    return feed.kind != "broker" or told or feed.broker is not None


def _sees_prices_alone(feed: Any, accounts: Any) -> bool:
    return feed.broker is None or (
        feed.kind == "broker" and all(e.broker == PAPER and e.id != PRICES for e in accounts)
    )


def _has_addresses(daemon: Any, accounts: Any, brokers: Any) -> bool:
    live = {each.broker for each in accounts} - {PAPER}
    named = {name for name, each in brokers.items() if each.static_ip or each.api_root}
    return daemon.mode != LIVE or live <= named


RULES: tuple[Rule, ...] = (
    Rule(
        ("daemon", "accounts"),
        _has_live_account,
        'has mode = "live", and every one of [[accounts]] trades on paper',
        'give one of them a broker that money is traded at, or write mode = "paper"; '
        "docs/live.md says what live trading needs",
    ),
    Rule(
        ("daemon", "feed"),
        _has_prices,
        'has mode = "live", and [feed] kind makes prices up or plays recorded ones',
        'let [feed] kind bring the prices of a broker, or write mode = "paper"',
    ),
    Rule(
        ("feed", "accounts", "daemon"),
        _has_broker,
        'has kind = "broker", and every one of [[accounts]] trades on paper, so none tells prices',
        'write broker = "zerodha" beside it, or give an account a broker; see docs/live.md',
    ),
    Rule(
        ("feed", "accounts"),
        _sees_prices_alone,
        'has a broker, which is for accounts on paper alone, none of them "prices", with kind = '
        '"broker"',
        "take it out: an account at a broker tells prices by itself",
    ),
    Rule(
        ("accounts", "daemon"),
        _is_meant,
        "have a broker that money is traded at, and [daemon] mode is not live",
        'write mode = "live" in [daemon] if that is meant, or broker = "paper"',
    ),
    Rule(
        ("daemon", "accounts", "brokers"),
        _has_addresses,
        'has mode = "live", and a broker of [[accounts]] has no static_ip',
        "write static_ip in its [brokers.ID]: orders are taken from an address that it knows alone",
    ),
)
