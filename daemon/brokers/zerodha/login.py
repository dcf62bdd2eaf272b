"""Logging in at Zerodha: a person opens a page, and brings back a token that counts once.

The broker asks for a person every day, and ends each session about six in the morning; a later
log-in with the same key ends the earlier session. Where a session stands is the session keeper's to
know; here is what the broker is sent for it, and what it says.

Source: Kite Connect 3, user, login flow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import time, timedelta
from hashlib import sha256
from urllib.parse import parse_qs, quote, urlsplit

from msgspec import Struct

from daemon.brokers.zerodha.answers import done
from daemon.brokers.zerodha.forms import Sent, form
from daemon.brokers.zerodha.wire import Reply, without
from daemon.domain.instants import at, day_of
from daemon.errors import BrokerError, BrokerMisused, WireGarbled
from daemon.telemetry.redaction import Secret

SITE = "https://kite.zerodha.com"
"""Where the broker's log-in page is."""
ENDS_AT = time(6)
"""When sessions end, by Indian clocks; about, so that a dead one is met before as well."""
_TOKEN = re.compile(r"[A-Za-z0-9]{8,128}", re.ASCII)
_KEPT = re.compile(r"(\d{1,20}) (.+)", re.ASCII)


class Grant(Struct, frozen=True):
    """A session that the broker gave.

    Attributes:
        access_token: what proves it.
        until_ns: when it ends.
    """

    access_token: Secret
    until_ns: int


class _Told(Struct, frozen=True):
    access_token: str


def page(api_key: Secret, state: Secret, site: str = "") -> Secret:
    """Return the address that a person opens; it tells the key.

    Args:
        api_key: of the program.
        state: comes back in the address that the page leads to, as `state`.
        site: of a stand-in; empty: the broker's.
    """
    more = quote(f"state={quote(state.reveal(), '')}", "")
    key = quote(api_key.reveal(), "")
    return Secret(f"{site or SITE}/connect/login?v=3&api_key={key}&redirect_params={more}")


def request_token(brought: Secret) -> Secret:
    """Return the token in what a person brought: by itself, or in the address he was led to.

    Raises:
        BrokerMisused: there is none in it.
    """
    text = brought.reveal().strip()
    try:
        told = parse_qs(urlsplit(text).query).get("request_token", [text])[0]
    except ValueError:
        told = ""
    if _TOKEN.fullmatch(told) is None:
        raise BrokerMisused(
            "that holds no request token: paste what stands behind request_token= in the address "
            "that the page leads to, or the whole address"
        )
    return Secret(told)


def exchange(api_key: Secret, api_secret: Secret, token: Secret) -> Sent:
    """Return the request that makes a session of a request token."""
    key, word = api_key.reveal(), token.reveal()
    checksum = sha256(f"{key}{word}{api_secret.reveal()}".encode()).hexdigest()
    fields: dict[str, object] = {"api_key": key, "request_token": word, "checksum": checksum}
    return form("POST", "/session/token", fields)


def granted(reply: Reply, now_ns: int, sent: Iterable[Secret] = ()) -> Grant:
    """Return the session that was given.

    Args:
        reply: the answer.
        now_ns: market time.
        sent: what was asked with, which a no may quote.

    Raises:
        SessionRefused: the token is used up, too old, or of another key.
        BrokerMisused: it was refused for another reason.
        OutcomeUnknown: it may have been given, and was not understood.
    """
    try:
        told = done(reply, _Told).access_token
    except BrokerError as error:
        raise type(error)(without(str(error), sent)) from None
    return Grant(Secret(told), ends_ns(now_ns))


def ends_ns(now_ns: int) -> int:
    """Return when a session ends that is given now."""
    today = day_of(now_ns)
    ends = at(today, ENDS_AT)
    return ends if now_ns < ends else at(today + timedelta(days=1), ENDS_AT)


def kept(grant: Grant) -> Secret:
    """Return a session as one text, to be sealed."""
    return Secret(f"{grant.until_ns} {grant.access_token.reveal()}")


def recalled(text: Secret) -> Grant:
    """Return the session in a text that was sealed: `kept` backwards.

    Raises:
        WireGarbled: there is none in it.
    """
    found = _KEPT.fullmatch(text.reveal())
    if found is None:
        raise WireGarbled("what was kept of the session cannot be understood")
    return Grant(Secret(found[2]), int(found[1]))
