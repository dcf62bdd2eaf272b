"""The admin of the twin, under `/twin`: time, faults, and the book that a judge reads.

No client of Zerodha's asks for these paths. They need no session, for the twin is on loopback.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from daemon.brokers.zerodha.wire_twin.api import House
from daemon.brokers.zerodha.wire_twin.market import Market
from daemon.brokers.zerodha.wire_twin.mischief import AT_ONCE, Fault, Kind, Mischief
from daemon.brokers.zerodha.wire_twin.ticker import Ticker
from daemon.brokers.zerodha.wire_twin.words import Data, text_of, wrong
from daemon.domain.instants import IST, MILLISECOND_NS, instant, iso


class _To(Struct, frozen=True, forbid_unknown_fields=True):
    to: str = ""
    by_ms: int = 0


class _Redirect(Struct, frozen=True, forbid_unknown_fields=True):
    to: str


class Admin:
    """Moves the twin about.

    Args:
        house: what answers are given from.
        market: whose time it moves.
        mischief: what goes wrong.
        ticker: whose sockets it tears down.
    """

    def __init__(self, house: House, market: Market, mischief: Mischief, ticker: Ticker) -> None:
        self._house = house
        self._market = market
        self._mischief = mischief
        self._ticker = ticker

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add what it answers."""
        router.add_post("/twin/advance", self._advance)
        router.add_get("/twin/time", self._time)
        router.add_post("/twin/faults", self._ask)
        router.add_get("/twin/faults", self._faults)
        router.add_delete("/twin/faults", self._clear)
        router.add_get("/twin/book", self._book)
        router.add_post("/twin/request_token", self._request_token)
        router.add_get("/twin/redirected", self._redirected)
        router.add_post("/twin/redirect", self._redirect)

    async def _advance(self, request: web.Request) -> web.Response:
        asked = _read(await request.read(), _To)
        await self._market.still()
        now_ns = self._market.now_ns()
        to_ns = _instant(asked.to) if asked.to else now_ns + asked.by_ms * MILLISECOND_NS
        if to_ns < now_ns:
            raise wrong(f"time never goes back: it is {iso(now_ns)}")
        await self._market.advance(to_ns, self._ticker.taken)
        return self._told()

    async def _time(self, _: web.Request) -> web.Response:
        await self._market.still()
        return self._told()

    async def _ask(self, request: web.Request) -> web.Response:
        given = _read(await request.read(), dict[str, Any])
        await self._market.still()
        until = str(given.pop("until", ""))
        try:
            fault = msgspec.convert(given, Fault)
        except msgspec.ValidationError as error:
            raise wrong(f"this is no fault: {error}") from error
        if until:
            fault = msgspec.structs.replace(fault, until_ns=_instant(until))
        if fault.kind in AT_ONCE:
            self._strike(fault.kind)
        else:
            self._mischief.ask(fault)
        return await self._faults(request)

    def _strike(self, kind: Kind) -> None:
        if kind is Kind.EXPIRE:
            self._house.session.log_out()
        else:
            self._ticker.drop()

    async def _faults(self, _: web.Request) -> web.Response:
        return _answer({"faults": self._mischief.all(self._market.now_ns())})

    async def _clear(self, request: web.Request) -> web.Response:
        self._mischief.clear()
        return await self._faults(request)

    async def _book(self, _: web.Request) -> web.Response:
        await self._market.still()
        self._market.now_ns()
        desk = self._house.desk
        journal = text_of(desk.books.journal)
        return _answer(
            {
                "orders": [kept.newest | {"states": kept.states} for kept in desk.books.orders()],
                "trades": desk.books.trades(),
                "writes": desk.books.writes,
                "triggers": self._house.triggers.records(),
                "positions": desk.books.portfolio.positions(),
                "held": [
                    {"exchange": listing.exchange, "tradingsymbol": listing.name}
                    | {"product": product, "quantity": quantity}
                    for listing, product, quantity in desk.books.portfolio.net()
                    if quantity
                ],
                "journal": desk.books.journal,
                "journal_sha256": sha256(journal.encode()).hexdigest(),
            }
        )

    async def _request_token(self, _: web.Request) -> web.Response:
        return _answer({"request_token": self._house.session.request_token()})

    async def _redirected(self, request: web.Request) -> web.Response:
        """Show what an application would be sent by the login page."""
        return _answer(dict(request.query))

    async def _redirect(self, request: web.Request) -> web.Response:
        """Have the login page lead elsewhere, as the redirect address of a key does."""
        self._house.website.redirect = _read(await request.read(), _Redirect).to
        return _answer({"to": self._house.website.redirect})

    def _told(self) -> web.Response:
        now_ns = self._market.now_ns()
        return _answer({"now": iso(now_ns), "over": self._market.is_over})


def _answer(told: Data) -> web.Response:
    return web.json_response(text=text_of(told))


def _read(body: bytes, form: Any) -> Any:
    try:
        return msgspec.json.decode(body or b"{}", type=form)
    except msgspec.MsgspecError as error:
        raise wrong(f"the body cannot be read: {error}") from error


def _instant(text: str) -> int:
    """Return an instant in ISO 8601; without an offset it is Indian time.

    Raises:
        Denied: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong(f"{text!r} is no time: write 2026-11-23T09:20:00") from error
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=IST))
