"""From which address orders would leave, as others see it, held against the one a broker knows.

A broker that takes orders from one address alone refuses all others, exits as well as entries. So
somebody on the internet is asked who is calling, over the same kind of address as the broker knows.
He is told nothing but that somebody asks. What he says can keep entries back and let none out that
the broker would not take, so a wrong answer costs entries, and no money.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import aiohttp
from msgspec import Struct

from daemon.domain.orders.arming import PAPER, elsewhere
from daemon.errors import OrdoError
from daemon.errors.catalogue import entry_of
from daemon.jobs.preflight.findings import Finding, fail, ok, worst
from daemon.settings import Mode, Settings
from daemon.settings.live import family_of

WRONG = "wrong_address"
"""The code where a broker would refuse orders of this machine."""
PATIENCE_S = 5.0
_MOST_BYTES = 64
_CHECK = "static IP"


class Known(Struct, frozen=True):
    """An address that a broker takes orders from.

    Attributes:
        broker: its canonical id.
        address: that it was told.
        url: who is asked which one this machine has.
    """

    broker: str
    address: str
    url: str


def known(settings: Settings) -> tuple[Known, ...]:
    """Return what can be compared: on paper, and at a stand-in on this machine, nothing can."""
    if settings.daemon.mode is not Mode.LIVE:
        return ()
    names = sorted({each.broker for each in settings.accounts} - {PAPER})
    terms = [(name, settings.brokers[name]) for name in names]
    return tuple(
        Known(name, each.static_ip, each.address_url)
        for name, each in terms
        if each.static_ip is not None and each.api_root is None
    )


async def seen_at(asked: Known, patience_s: float = PATIENCE_S) -> str:
    """Return the address that this machine has to others, as it is written everywhere.

    Args:
        asked: who is asked, over which kind of address.
        patience_s: how long he may take.

    Raises:
        OrdoError: nobody answered, or with no address.
    """
    family = family_of(asked.address)
    if family_of(urlsplit(asked.url).hostname or "") not in (None, family):
        raise _unknown(asked, "has no address of that kind")
    try:
        status, told = await _answer(asked.url, family, patience_s)
    except TimeoutError:
        raise _unknown(asked, f"has not answered within {patience_s:g} s") from None
    except (aiohttp.ClientError, OSError, RuntimeError) as error:  # the last is uvloop's
        raise _unknown(asked, f"cannot be reached: {type(error).__name__}") from None
    try:
        found = ip_address(told.decode("ascii", "replace").strip())
    except ValueError:
        raise _unknown(asked, f"answers {status} with no address") from None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


async def faults(settings: Settings) -> Sequence[tuple[str, OrdoError]]:
    """Return which brokers would refuse orders of this machine, or may, each with why."""
    found = []
    for each in known(settings):
        try:
            seen = await seen_at(each)
        except OrdoError as error:
            found.append((each.broker, error))
            continue
        because = elsewhere(each.broker, each.address, seen)
        if because:
            found.append((each.broker, OrdoError(because, WRONG)))
    return found


def static_ip(settings: Settings) -> Finding:
    """Say whether orders would leave from where each broker expects them; somebody is asked."""
    compared = known(settings)
    if not compared:
        return ok(_CHECK, "nothing to compare: no order leaves this machine")
    found = [
        fail(_CHECK, str(error), entry_of(error.code).mend)
        for _, error in asyncio.run(faults(settings))
    ]
    told = [f"{each.broker} knows {each.address}, which {each.url} sees" for each in compared]
    return worst(_CHECK, found, "; ".join(told))


async def _answer(
    url: str, family: socket.AddressFamily | None, patience_s: float
) -> tuple[int, bytes]:
    """Return what somebody answers, and little more of it than an address takes."""
    told = b""
    async with (
        asyncio.timeout(patience_s),
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(family=family or socket.AF_UNSPEC),
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        while len(told) <= _MOST_BYTES and (more := await answer.content.read(_MOST_BYTES)):
            told += more
        is_short = len(told) <= _MOST_BYTES
        return answer.status, told if answer.ok and is_short else b""


def _unknown(asked: Known, why: str) -> OrdoError:
    sentence = f"whether orders leave from {asked.address} is not known: {asked.url} {why}"
    return OrdoError(sentence, "address_unknown")
