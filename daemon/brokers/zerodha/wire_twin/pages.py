"""The twin's log-in page over HTTP: a person is led on at once, a program step by step."""

from __future__ import annotations

from aiohttp import web

from daemon.brokers.zerodha.wire_twin.api import House
from daemon.brokers.zerodha.wire_twin.market import Market
from daemon.brokers.zerodha.wire_twin.session import API_KEY
from daemon.brokers.zerodha.wire_twin.website import COOKIE
from daemon.brokers.zerodha.wire_twin.words import Data, envelope, wrong


class Pages:
    """Serves it.

    Args:
        house: who may log in, and who has begun to.
        market: tells the time.
    """

    def __init__(self, house: House, market: Market) -> None:
        self._house = house
        self._market = market

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve the page and what it sends."""
        router.add_post("/api/login", self._begin)
        router.add_post("/api/twofa", self._enter)
        router.add_get("/connect/login", self._lead_on)

    async def _begin(self, request: web.Request) -> web.Response:
        told, cookie = self._house.website.begin(await _form(request))
        answer = _answer(told)
        answer.set_cookie(COOKIE, cookie, httponly=True)
        return answer

    async def _enter(self, request: web.Request) -> web.Response:
        form, cookie = await _form(request), request.cookies.get(COOKIE, "")
        return _answer(self._house.website.enter(form, cookie, self._market.now_ns()))

    async def _lead_on(self, request: web.Request) -> web.StreamResponse:
        """Lead on to the redirect address of the key, which holds a request token."""
        if request.query.get("api_key") != API_KEY:
            raise wrong("Invalid `api_key`.")
        if not self._house.website.lets_in(request.cookies.get(COOKIE)):
            return web.Response(text="<html>Log in</html>", content_type="text/html")
        token = self._house.session.request_token()
        more = request.query.get("redirect_params", "")
        query = f"action=login&status=success&request_token={token}"
        place = f"{self._house.website.redirect}?{query}{'&' if more else ''}{more}"
        return web.Response(status=302, headers={"Location": place})


async def _form(request: web.Request) -> Data:
    return {name: str(value) for name, value in (await request.post()).items()}


def _answer(told: Data) -> web.Response:
    return web.Response(body=envelope(told), content_type="application/json")
