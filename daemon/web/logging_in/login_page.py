"""Where a broker's log-in leads back to: a browser brings what it was given, and is told the end.

The address holds what a session is made of, so it is answered by leading on at once: what a browser
keeps and shows is the address behind that, which holds nothing. No page here names another site.
"""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from importlib.resources import files
from string import Template

from aiohttp import web
from msgspec import Struct

from daemon.control import Refusal
from daemon.telemetry.redaction import Secret
from daemon.web.admission.auth import address_of
from daemon.web.admission.connection import is_local
from daemon.web.admission.tokens import Principal, Role
from daemon.web.house import HOUSE
from daemon.web.logging_in.begun_logins import BEGUN, Begun, Stage
from daemon.web.logging_in.bringing import BRINGING
from daemon.web.page_files import POLICY
from daemon.web.table import Route

PATH = "/login"
_FORM = Template(files("daemon.web").joinpath("page/login.html").read_text("utf-8"))
_AGAIN = "`ordo login {account}` begins a new one and prints the page to open"
_CLOSE = "This window can be closed."
_REFRESH = '<meta http-equiv="refresh" content="2">\n'


class _Said(Struct, frozen=True):
    """What a page says.

    Attributes:
        status: of HTTP.
        title: in a few words.
        text: what is so.
        next: what to do.
        refresh: it is looked at again by itself.
    """

    status: HTTPStatus
    title: str
    text: str
    next: str
    refresh: bool = False


_ELSEWHERE = _Said(
    HTTPStatus.FORBIDDEN,
    "Nothing was taken",
    "This page serves browsers of the daemon's own machine alone.",
    "From another machine come through a tunnel: ssh -L PORT:127.0.0.1:PORT, with the port of the "
    "daemon. Or paste this window's address where `ordo login` asks for it.",
)
_STRANGE = _Said(
    HTTPStatus.BAD_REQUEST,
    "Nothing was taken",
    "This log-in was not begun here, was used before, or is older than ten minutes.",
    f"{_AGAIN.format(account='ACCOUNT')}. Or paste this window's address where it asks for it.",
)
_FORGOTTEN = _Said(
    HTTPStatus.NOT_FOUND,
    "Nothing is known of this log-in",
    "A later one took its place, or the daemon was started anew.",
    "`ordo check` says where the account stands.",
)


async def come_back(request: web.Request, who: Principal) -> web.StreamResponse:  # noqa: ARG001
    """Take what a browser brought back, once, and lead it on to the end of it."""
    if not is_local(address_of(request)):
        return _page(_ELSEWHERE)
    begun = request.app[BEGUN].of_state(request.query.get("state", ""))
    now_ns = request.app[HOUSE].host.now_ns()
    if begun is None or begun.stage_at(now_ns) is Stage.OVER:
        return _page(_STRANGE)
    if begun.take(now_ns):
        brought, bringing = Secret(str(request.rel_url)), request.app[BRINGING]
        try:
            done = await bringing.token(begun.account, brought, begun.by)
        except Refusal as refusal:
            begun.end(Stage.REFUSED, str(refusal))
        else:
            begun.end(Stage.LOGGED_IN, done.text)
    return web.Response(
        status=HTTPStatus.SEE_OTHER, headers={"Location": f"{PATH}/{begun.login_id}"}
    )


async def tell(request: web.Request, who: Principal) -> web.StreamResponse:  # noqa: ARG001
    """Tell a browser what came of it."""
    if not is_local(address_of(request)):
        return _page(_ELSEWHERE)
    begun = request.app[BEGUN].of_id(request.match_info["login_id"])
    if begun is None:
        return _page(_FORGOTTEN)
    return _page(_said(begun, begun.stage_at(request.app[HOUSE].host.now_ns())))


def _said(begun: Begun, stage: Stage) -> _Said:
    again = f"{_AGAIN.format(account=begun.account)}."
    match stage:
        case Stage.LOGGED_IN:
            return _Said(HTTPStatus.OK, "You are logged in", f"{begun.text}.", _CLOSE)
        case Stage.REFUSED:
            return _Said(HTTPStatus.OK, "You are not logged in", f"{begun.text}.", again)
        case Stage.OVER:
            text = f"Nobody came back to log {begun.account} in."
            return _Said(HTTPStatus.OK, "You are not logged in", text, again)
    text = f"{begun.account} is being logged in."
    return _Said(HTTPStatus.OK, "One moment", text, "This page looks again by itself.", True)  # noqa: FBT003


def _page(said: _Said) -> web.Response:
    text = _FORM.substitute(
        title=escape(said.title),
        text=escape(said.text),
        next=escape(said.next),
        refresh=_REFRESH if said.refresh else "",
    )
    headers = {"Content-Security-Policy": POLICY}
    return web.Response(text=text, status=said.status, content_type="text/html", headers=headers)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        role=Role.NONE,
        summary="where a broker's log-in leads back to",
        raw=come_back,
    ),
    Route(
        method="GET",
        path=f"{PATH}/{{login_id}}",
        role=Role.NONE,
        summary="what came of a log-in",
        raw=tell,
    ),
)
"""What lets a browser act is the state that it shows; the second tells no secret."""
