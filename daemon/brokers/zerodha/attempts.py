"""Log-ins without a person: when one may be tried, so that nobody is ever locked out by them.

A wrong password that is sent again and again locks an account, so each reason for a log-in is worth
one attempt between two mornings, and a no of the broker's ends them until somebody puts credentials
in anew. What was tried is kept before it is sent: a restart tries nothing again. What was refused
is known by when it was put in, and not by which was later: a clock may be set in between.

    a person has put in a one-time code        -> one attempt, for each that he puts in
    what the vault holds was refused           -> stopped, until some of it is put in anew
    between the end of sessions and twenty to eight -> not yet
    tried for this reason since the last morning -> stopped, until the next one
    else                                          -> one attempt
"""

from __future__ import annotations

from datetime import time
from enum import StrEnum

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from daemon.brokers.zerodha.login import ENDS_AT, ends_ns
from daemon.domain.instants import at, day_of
from daemon.errors import WireGarbled
from daemon.telemetry.redaction import Secret

BEGINS_AT = time(7, 40)
"""When the log-in of a morning is due: one must not be among the sessions that end.

They do about six by the broker's documentation, and at half past seven by its staff.

Source: Kite Connect 3, user; kite.trade forum, comment 51069 (autumn 2025).
"""
_REFUSED = "the broker refused what the vault holds, and it is not sent again until it is put in"
_TRIED = "its log-in without a person was tried this morning and is not tried again today"


class Reason(StrEnum):
    """Why to log in: the session ended in the morning, it died before that, or a person asks."""

    ENDED = "ended"
    DIED = "died"
    ASKED = "asked"


class Attempts(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was tried.

    Attributes:
        until_ns: the end of sessions that come of these attempts.
        tried: the reasons that were worth one since the end before.
        refused_ns: when the broker last said no to an earlier version, in host time; 0: never.
        refused: when each credential to which he last said no had been put in, in host time; empty:
            he never did.
    """

    until_ns: int = 0
    tried: tuple[Reason, ...] = ()
    refused_ns: int = 0
    refused: tuple[int, ...] = ()


class NotYet(Struct, frozen=True):
    """It may be tried from an instant on."""

    at_ns: int


class Stopped(Struct, frozen=True):
    """A person is wanted, and why; `again_ns`: when it may be tried again, 0: not by a clock."""

    because: str
    again_ns: int


def attempt(
    held: Attempts, reason: Reason, now_ns: int, put_in_ns: tuple[int, ...]
) -> Attempts | NotYet | Stopped:
    """Decide on one attempt.

    Args:
        held: what was tried before.
        reason: for a log-in.
        now_ns: market time.
        put_in_ns: when each of the credentials was put in, in host time.

    Returns:
        What was tried with this attempt, or why there is none.
    """
    if reason is Reason.ASKED:
        return held
    if held.refused == put_in_ns or 0 < max(put_in_ns) <= held.refused_ns:
        return Stopped(_REFUSED, 0)
    today = day_of(now_ns)
    begins_ns = at(today, BEGINS_AT)
    if at(today, ENDS_AT) <= now_ns < begins_ns:
        return NotYet(begins_ns)
    until_ns = ends_ns(now_ns)
    tried = held.tried if held.until_ns == until_ns else ()
    if reason in tried:
        return Stopped(_TRIED, next_ns(now_ns))
    return replace(held, until_ns=until_ns, tried=(*tried, reason))


def next_ns(now_ns: int) -> int:
    """Return when the log-in of the next morning is due."""
    return at(day_of(ends_ns(now_ns)), BEGINS_AT)


def kept(attempts: Attempts) -> Secret:
    """Return attempts as one text, to be kept beside the credentials."""
    return Secret(msgspec.json.encode(attempts).decode())


def recalled(text: Secret | None) -> Attempts:
    """Return the attempts in a text that was kept: `kept` backwards.

    Raises:
        WireGarbled: there are none in it, so nobody knows what was tried.
    """
    if text is None:
        return Attempts()
    try:
        return msgspec.json.decode(text.reveal(), type=Attempts)
    except msgspec.MsgspecError:
        raise WireGarbled("what was kept of earlier log-ins cannot be understood") from None
