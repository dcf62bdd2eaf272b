"""The page: plain files from the package, and what a browser is allowed to do with them.

They are read once, at the start, and a browser asks at each load whether its copies are still the
same, so no page is put together with what an older daemon sent. One tag stands for all of them, and
a page that stands open sees by it that the daemon was renewed. The policy lets the page load
nothing but these and speak with nobody but this daemon: no script of others, nothing inline, no
frame around it.
"""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files

from aiohttp import web
from msgspec import Struct

from daemon.web.admission.tokens import Principal, Role
from daemon.web.table import Route

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",
}
_MODULES = (
    "alerts",
    "asking",
    "cards",
    "channel",
    "clock",
    "elements",
    "events",
    "figures",
    "kill",
    "ladder",
    "latches",
    "legs",
    "link",
    "page",
    "profit",
    "questions",
    "renewed",
    "session",
    "standing",
    "status",
    "wire",
)
_FILES = (
    ("/", "index.html", "text/html"),
    ("/page.css", "page.css", "text/css"),
    *((f"/{name}.js", f"{name}.js", "text/javascript") for name in _MODULES),
)


class PageFile(Struct, frozen=True):
    """One file of the page, as it is sent.

    Attributes:
        content: its bytes.
        content_type: what they are.
    """

    content: bytes
    content_type: str


class Page:
    """Serves the page's files."""

    def __init__(self) -> None:
        folder = files("daemon.web").joinpath("page")
        self._files = {
            path: PageFile(folder.joinpath(name).read_bytes(), content_type)
            for path, name, content_type in _FILES
        }
        self._etag = sha256(b"\0".join(f.content for f in self._files.values())).hexdigest()[:32]

    @property
    def routes(self) -> tuple[Route, ...]:
        """The rows of its files: they hold nothing that anybody may not see."""
        return tuple(
            Route(method="GET", path=path, role=Role.NONE, summary="the page", raw=self.send)
            for path in self._files
        )

    async def send(self, request: web.Request, who: Principal) -> web.StreamResponse:  # noqa: ARG002
        """Send a file, or say that the browser's copy is the same."""
        file = self._files[request.path]
        headers = {**_HEADERS, "ETag": f'"{self._etag}"'}
        if any(etag.value == self._etag for etag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=file.content, content_type=file.content_type, charset="utf-8", headers=headers
        )
