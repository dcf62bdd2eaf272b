"""The step of a person in a broker's log-in: which page he opens, and what he brings back."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from daemon.telemetry.redaction import STARS, Secret
from daemon.web.asks import Taken
from daemon.web.problems import Problem
from daemon.web.table import Call

_MOST_LETTERS = 2_000
_SECRET = {"format": "password", "writeOnly": True}
_Text = Annotated[str, Meta(min_length=1, max_length=_MOST_LETTERS, extra_json_schema=_SECRET)]
_FORM = '{"request_token": "..."} with the token, or {} to be told which page to open'


class StepBody(Taken, frozen=True):
    """What a person brings; nothing: he wants to know which page to open."""

    request_token: _Text | None = None

    def __repr__(self) -> str:
        return f"StepBody({STARS})"


class StepTold(Struct, frozen=True):
    """Where a log-in stands.

    Attributes:
        logged_in: what was brought has made a session.
        page: the page to open; empty once there is a session.
        text: the same in words.
    """

    logged_in: bool
    page: str
    text: str


def read_login(data: bytes) -> StepBody:
    """Return what a body says; where it says something else, none of it is quoted.

    Raises:
        Problem: it is not what is taken here.
    """
    try:
        return msgspec.json.decode(data or b"{}", type=StepBody)
    except msgspec.ValidationError:
        raise Problem("invalid", f"write {_FORM}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("bad_json", f"that is no JSON; write {_FORM}") from None


async def log_in(call: Call) -> StepTold:
    """Tell which page to open, or take what came of it."""
    body: StepBody = call.body
    account, sessions = call.path["account"], call.house.control.sessions
    broker = call.house.brokers.get(account, "")
    if body.request_token is None:
        page = await sessions.page(account, broker)
        text = "open the page, log in, and bring back the request_token that it leads to"
        return StepTold(logged_in=False, page=page.reveal(), text=text)
    pasted, host_ns = Secret(body.request_token), call.house.host.now_ns()
    done = await sessions.bring(account, broker, pasted, call.who.name, host_ns)
    return StepTold(logged_in=True, page="", text=done.text)
