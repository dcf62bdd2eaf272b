"""What every answer is given from: the verbs, the clock, and who may speak."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web
from msgspec import Struct

from daemon.control import Control
from daemon.messages import CodeLoaded
from daemon.runtime.clock import Clock
from daemon.settings.web import Web
from daemon.telemetry.log import Log


class ActorHealth(Struct, frozen=True):
    """How one actor is.

    Attributes:
        name: its address.
        restarts: how often it fell and was built again.
        mailbox: messages that it has not read.
        disarmed: it fell too often and was left out.
    """

    name: str
    restarts: int
    mailbox: int = 0
    disarmed: bool = False


class Health(Struct, frozen=True):
    """How the daemon is, as far as the control line does not tell it.

    Attributes:
        ledger_ok: facts become durable; false: only exits go on.
        actors: each of them.
    """

    ledger_ok: bool
    actors: tuple[ActorHealth, ...]


def _is_ready() -> bool:
    return True


class House(Struct, frozen=True):
    """What the control port is served from.

    Attributes:
        control: the verbs.
        settings: of the port.
        state_dir: where tokens and sessions are kept.
        host: host time, wall.
        log: takes a line per request.
        brokers: the broker of each account; the first account is meant where none is named.
        mode: whose money is traded with.
        ready: whether recovery is complete.
        health: tells what the control line does not; None: nobody does.
        code: what decides in this run; None: nobody says.
        clerk: the address of the actor that remembers which requests were answered.
    """

    control: Control
    settings: Web
    state_dir: Path
    host: Clock
    log: Log
    brokers: Mapping[str, str]
    mode: str = "paper"
    ready: Callable[[], bool] = _is_ready
    health: Callable[[], Health] | None = None
    code: CodeLoaded | None = None
    clerk: str = "request_clerk"


HOUSE: Final = web.AppKey("house", House)
