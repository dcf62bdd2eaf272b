"""Credentials of a broker: taken in, and given to nobody."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.storage.vault_rows import MOST_LETTERS
from daemon.telemetry.redaction import STARS, Secret
from daemon.web.answers.asks import Name, Taken
from daemon.web.problems import Problem
from daemon.web.table import Call
from daemon.web.told.deed_shapes import DoneTold
from daemon.web.told.telling import done_told

_SECRET = {"format": "password", "writeOnly": True}
_Text = Annotated[str, Meta(min_length=1, max_length=MOST_LETTERS, extra_json_schema=_SECRET)]
_FORM = '{"account": "...", "credentials": {"api_key": "..."}}'


class CredentialsBody(Taken, frozen=True):
    """Credentials of an account by their names, in place of those before; others stay."""

    account: Name
    credentials: Annotated[dict[str, _Text], Meta(min_length=1)]

    def __repr__(self) -> str:
        return f"CredentialsBody({STARS})"


def read_credentials(data: bytes) -> CredentialsBody:
    """Return what a body says; where it says something else, none of it is quoted.

    Raises:
        Problem: it is not what is taken here.
    """
    try:
        return msgspec.json.decode(data, type=CredentialsBody)
    except msgspec.ValidationError:
        raise Problem("invalid", f"write {_FORM}, each a text of its own") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("bad_json", f"that is no JSON; write {_FORM}") from None


async def put(call: Call) -> DoneTold:
    """Put credentials into the vault."""
    body: CredentialsBody = call.body
    values = {field: Secret(text) for field, text in body.credentials.items()}
    credentials = call.house.control.credentials
    host_ns = call.house.wall.now_ns()
    done = await credentials.put(body.account, values, call.who.name, host_ns)
    return done_told(done, call.mode)
