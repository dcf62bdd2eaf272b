"""The step of a person in a broker's log-in: which page he opens, and what he brings back.

The page leads his browser back to this daemon (`login_page`); what he brings by hand counts too.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.control import Refusal
from daemon.domain.instants import SECOND_NS, iso
from daemon.telemetry.redaction import STARS, Secret
from daemon.web.answers.asks import Taken
from daemon.web.logging_in.begun_logins import BEGUN, Stage
from daemon.web.logging_in.bringing import BRINGING
from daemon.web.logging_in.login_page import PATH
from daemon.web.problems import Problem
from daemon.web.table import Call
from daemon.web.told.shapes import Told

_MOST_LETTERS = 2_000
_SECRET = {"format": "password", "writeOnly": True}
_Text = Annotated[str, Meta(min_length=1, max_length=_MOST_LETTERS, extra_json_schema=_SECRET)]
_FORM = '{"request_token": "..."} or {"otp": "..."}, or {} to be told which page to open'


class StepBody(Taken, frozen=True):
    """What a person brings, one thing; nothing: he wants to know which page to open."""

    request_token: _Text | None = None
    otp: _Text | None = None

    def __repr__(self) -> str:
        return f"StepBody({STARS})"


class StepTold(Told, frozen=True):
    """Where a log-in stands.

    Attributes:
        logged_in: what was brought has made a session.
        page: the page to open; empty once there is a session.
        text: the same in words.
        login_id: what was begun with that page; empty: nothing was.
        until: until when the browser is waited for that it leads back here.
    """

    logged_in: bool
    page: str
    text: str
    login_id: str = ""
    until: str = ""


class LoginTold(Told, frozen=True):
    """How far a log-in has come that was begun with a page; `text` once it has ended."""

    stage: Stage
    text: str


def read_login(data: bytes) -> StepBody:
    """Return what a body says; where it says something else, none of it is quoted.

    Raises:
        Problem: it is not what is taken here.
    """
    try:
        body = msgspec.json.decode(data or b"{}", type=StepBody)
    except msgspec.ValidationError:
        raise Problem("invalid", f"write {_FORM}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("bad_json", f"that is no JSON; write {_FORM}") from None
    if body.request_token is not None and body.otp is not None:
        raise Problem("invalid", f"bring one thing; write {_FORM}")
    return body


async def log_in(call: Call) -> StepTold:
    """Tell which page to open, or take what came of it, or a one-time code."""
    body: StepBody = call.body
    account, bringing = call.path["account"], call.request.app[BRINGING]
    if body.otp is not None:
        done = await bringing.code(account, Secret(body.otp), call.who.name)
    elif body.request_token is not None:
        done = await bringing.token(account, Secret(body.request_token), call.who.name)
    else:
        return await _begin(call, account)
    call.request.app[BEGUN].drop(account)
    return StepTold(logged_in=True, page="", text=done.text, mode=call.mode)


async def _begin(call: Call, account: str) -> StepTold:
    begun_here, broker = call.request.app[BEGUN], call.house.brokers.get(account, "")
    begun, state = begun_here.begin(account, call.who.name, call.house.host.now_ns())
    try:
        page = await call.house.control.sessions.page(account, broker, state)
    except Refusal:
        begun_here.drop(account)
        raise
    text = (
        "open the page and log in; it leads back to "
        f"http://{call.request.headers['Host']}{PATH} if that is the redirect address of your "
        "key at the broker. Else bring back the whole address that it leads to"
    )
    return StepTold(
        logged_in=False,
        page=page.reveal(),
        text=text,
        login_id=begun.login_id,
        until=iso(begun.until_ns // SECOND_NS * SECOND_NS),
        mode=call.mode,
    )


async def look(call: Call) -> LoginTold:
    """Tell how far a log-in has come.

    Raises:
        Problem: there is none of that name.
    """
    begun = call.request.app[BEGUN].of_id(call.path["login_id"])
    if begun is None or begun.account != call.path["account"]:
        sentence = "a later log-in took its place, it was brought by hand, or the daemon is another"
        raise Problem("unknown_login", sentence)
    stage = begun.stage_at(call.house.host.now_ns())
    return LoginTold(stage, begun.text, mode=call.mode)
