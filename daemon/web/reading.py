"""Reading a request: its address and its body, strictly, within bounds of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from daemon.web.problems import Problem

BODY_BYTES = 256 * 1_024
BODY_S = 10


async def body_of(request: web.Request) -> bytes:
    """Return the bytes of a body.

    Raises:
        Problem: it is packed, comes too slowly, or ends too early.
        HTTPRequestEntityTooLarge: it is too large.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem("bad_media_type", "send the body unpacked, without Content-Encoding")
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError as error:
        raise Problem("timeout", f"the body did not arrive within {BODY_S} s") from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise Problem("bad_request", "the body ended before its end") from error


def read_body(
    kind: type[Struct],
    request: web.Request,
    data: bytes,
    read: Callable[[bytes], Any] | None = None,
) -> Any:
    """Return what a body says.

    Args:
        kind: its form.
        request: whose.
        data: its bytes.
        read: reads them, where more than the form is judged.

    Raises:
        Problem: it is no JSON, or not what is taken here; with the key that is at fault.
    """
    media = request.content_type
    if data and media != "application/json":
        raise Problem("bad_media_type", "send the body as Content-Type: application/json")
    if read is not None:
        return read(data)
    try:
        return _decoder(kind).decode(data or b"{}")
    except msgspec.ValidationError as error:
        raise Problem("invalid", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem("bad_json", str(error)) from error
    except RecursionError as error:
        raise Problem("bad_json", "the body is nested too deeply") from error


def read_query(kind: type[Struct] | None, request: web.Request) -> Any:
    """Return what an address asks for after its question mark.

    Raises:
        Problem: a name is unknown or stands twice, or a value is not what it takes.
    """
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise Problem("invalid", f"{name} stands in the address more than once")
        given[name] = value
    if kind is None:
        if given:
            raise Problem("invalid", f"{next(iter(given))} is unknown; nothing is asked for here")
        return None
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Problem("invalid", str(error)) from error


@cache
def _decoder(kind: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
