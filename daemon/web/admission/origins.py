"""Which names are served, and whose pages may act: the Host and the Origin of a request."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from daemon.web.problems import Problem

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CREDENTIALS: Final = frozenset(
    {
        *("token", "access_token", "api_key", "apikey", "api-key", "auth", "authorization"),
        *("bearer", "password", "passwd", "secret", "code", "session", "ticket"),
    }
)
_NEAR: Final = ("none", "same-origin")
"""What a browser says of whom no other site is behind: a person, or our own page."""
_OPENED: Final = ("navigate", "document")
_OTHER_SITES: Final = "[web] allowed_origins lists the other sites whose pages may act here"
_OURS_BEGIN = "ordo_"
"""As do our tokens, and the names of our cookies."""
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Request-Id",
    "Access-Control-Max-Age": "600",
}


class Origins:
    """Judges names and origins.

    Args:
        hosts: what a Host header may say, besides the loopback names.
        origins: of pages that are not ours and may act.
        port: that is listened on.
    """

    def __init__(self, hosts: tuple[str, ...], origins: tuple[str, ...], port: int) -> None:
        loopback = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        if port == 80:  # noqa: PLR2004 (a browser leaves the port of http out)
            loopback |= {"127.0.0.1", "localhost", "[::1]"}
        self._hosts = frozenset(loopback | set(hosts))
        self._others = frozenset(origins)
        own = {f"http://{host}" for host in self._hosts} | {f"https://{host}" for host in hosts}
        self._own = frozenset(own)

    def check_host(self, request: web.BaseRequest) -> None:
        """Serve only the names that are ours.

        Raises:
            Problem: another name was asked for, or more than one.
        """
        named = request.headers.getall("Host", [])
        if len(named) > 1:
            raise Problem("duplicate_host", "a request names one host")
        if not named or named[0].lower() not in self._hosts:
            sentence = "this name is not served here; [web] allowed_hosts lists those that are"
            raise Problem("misdirected", sentence)

    def check_query(self, request: web.Request) -> None:
        """Keep credentials out of addresses, which end in logs and histories.

        Raises:
            Problem: one stood there.
        """
        for name, value in request.query.items():
            if name.lower() == "ticket" and request.path.startswith("/ws/"):
                continue
            ours = name.lower().startswith(_OURS_BEGIN) or value.startswith(_OURS_BEGIN)
            if ours or name.lower() in _CREDENTIALS:
                sentence = f"take {name!r} out of the address; credentials go into headers"
                raise Problem("credential_in_url", sentence)

    def check_origin(self, request: web.Request) -> None:
        """Let no foreign page act.

        Raises:
            Problem: the browser says that one does.
        """
        origin = self._origin(request)
        if origin is None:
            _require_near(request)
        elif not self.knows(origin, request):
            raise Problem("cross_site", _OTHER_SITES)

    def check_asking(self, request: web.Request) -> None:
        """Let no foreign page ask for anything: it could read no answer, and each costs time.

        Whoever is led here from elsewhere, as by a broker after a log-in, opens a page of ours.

        Raises:
            Problem: the browser says that such a page asks.
        """
        headers = request.headers
        opens = (headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest")) == _OPENED
        if not opens and self._origin(request) not in self._others:
            _require_near(request)

    def check_confidential(self, request: web.Request) -> None:
        """Take no code from our page where it came in the clear, and not from this machine.

        Whoever listens on the way would have the session; and there a browser does not say whose
        page asks (it sends `Sec-Fetch-Site` to https and to loopback names alone), so the session
        would count for nothing.

        Raises:
            Problem: the page came so; the code still counts.
        """
        origin = self._origin(request)
        if origin in self._own and not _is_confidential(origin):
            sentence = (
                "the page came by plain http from another machine, where anybody on the way can "
                "read a session; come through a tunnel, `ssh -L PORT:127.0.0.1:PORT HOST` with the "
                "port of the daemon, and open the address on 127.0.0.1, or put a proxy with TLS "
                "before it; the code still counts"
            )
            raise Problem("plain_http", sentence)

    def is_ours(self, request: web.Request) -> bool:
        """Return whether a browser says that the asking page is one that may act."""
        origin = self._origin(request)
        if origin is not None:
            return self.knows(origin, request)
        fetched = request.headers.get("Sec-Fetch-Site")
        return fetched == "same-origin" or (fetched == "none" and request.method in SAFE)

    def knows(self, origin: str, request: web.Request) -> bool:
        """Return whether an origin is allowed; our own is that of the very name asked for."""
        if origin in self._others:
            return True
        host = request.headers.get("Host", "").lower()
        return origin in self._own and origin.partition("://")[2] == host

    def cors(self, request: web.BaseRequest) -> dict[str, str]:
        """Return what lets an allowed page of another server read an answer."""
        origin = request.headers.get("Origin", "")
        if origin not in self._others:
            return {"Vary": "Origin"} if self._others else {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": "X-Request-Id, X-Process-Time, Retry-After",
            "Vary": "Origin",
        }

    def preflight(self, request: web.Request) -> web.Response:
        """Answer a browser that asks whether a page of another server may act.

        Raises:
            Problem: it may not.
        """
        self.check_origin(request)
        return web.Response(status=204, headers=_PREFLIGHT)

    def _origin(self, request: web.Request) -> str | None:
        origins = request.headers.getall("Origin", [])
        return ",".join(origins) if origins else None


def _require_near(request: web.Request) -> None:
    if request.headers.get("Sec-Fetch-Site", "none") not in _NEAR:
        raise Problem("cross_site", _OTHER_SITES)


def _is_confidential(origin: str) -> bool:
    """Say whether nobody but the two ends reads what an origin's pages send and are sent."""
    parts = urlsplit(origin)
    name = parts.hostname or ""
    if parts.scheme == "https" or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:  # a name, such as ordo.lan
        return False


ORIGINS: Final = web.AppKey("origins", Origins)
