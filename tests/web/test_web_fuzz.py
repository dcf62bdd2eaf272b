"""Requests that nobody would write, made from the description: no defect, nothing that acts twice.

ORDO_FUZZ=10000 sends so many; a few are sent else.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from daemon.domain.plans.parsing import encode, parse
from daemon.messages import (
    AdjustByHand,
    CancelAll,
    CancelByHand,
    ChangeStrategy,
    DeclarationSeen,
    DeclareStrategy,
    Declined,
    Done,
    ExitByHand,
    JudgeChange,
    PlaceByHand,
    ReleaseLatch,
    RemoveStrategy,
    SeeDeclaration,
    SeeKill,
    SeeOpen,
    SeeOrders,
    TakeEntries,
    TakeNoEntries,
)
from daemon.messages.alerts import AcknowledgeAlert, SeeAlerts
from daemon.web.openapi import describe
from daemon.web.routes import ROUTES
from tests.kit.control_port import Port, open_port
from tests.kit.plans import SHIPPED
from tests.kit.seen import ANSWERS

pytestmark = pytest.mark.untraced

DESCRIPTION = describe(ROUTES, "ordo_session_0a1b2c3d")
OPERATIONS = sum(len(methods) for methods in DESCRIPTION["paths"].values())
EACH = max(2, int(os.environ.get("ORDO_FUZZ", "0")) // OPERATIONS)
ACTING = (AdjustByHand, CancelAll, CancelByHand, ExitByHand, PlaceByHand, ReleaseLatch)
CHANGING = (DeclareStrategy, ChangeStrategy, RemoveStrategy, JudgeChange)
ACTORS = {
    **ANSWERS,
    **dict.fromkeys((*ACTING, *CHANGING, TakeEntries, TakeNoEntries), lambda _: Done("it is so")),
    SeeOrders: lambda _: (),
    SeeKill: lambda _: Declined("unknown_kill", "none"),
    SeeOpen: lambda _: (),
    SeeAlerts: lambda _: (),
    AcknowledgeAlert: lambda _: Declined("unknown_alert", "none"),
    SeeDeclaration: lambda about: DeclarationSeen(about.strategy_id, DECLARATION, "a.toml"),
}
MISDIRECTED = 421
DECLARATION = encode(parse(SHIPPED[0].read_text())).decode()
UNASKED = [
    positive_data_acceptance,  # a form may be right and its sense wrong
    ignored_auth,  # many wrong credentials are 429
]
schema = schemathesis.openapi.from_dict(DESCRIPTION)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    """A control port on a loop of its own, for a client that waits."""
    opened: list[Port] = []
    is_open, may_close = threading.Event(), asyncio.Event()

    async def keep_open(folder: Path) -> None:
        async with open_port(folder, ACTORS) as one:
            opened.append(one)
            is_open.set()
            await may_close.wait()

    loop = asyncio.new_event_loop()
    folder = tmp_path_factory.mktemp("fuzz")
    thread = threading.Thread(target=lambda: loop.run_until_complete(keep_open(folder)))
    thread.start()
    assert is_open.wait(10)
    yield opened[0]
    assert "defect" not in events(opened[0]), "whoever ran beside it, its log tells of no defect"
    loop.call_soon_threadsafe(may_close.set)
    thread.join()
    loop.close()


@schema.parametrize()
@settings(
    max_examples=EACH,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_that_can_be_made_from_the_description_is_a_defect(case, port):
    response = case.call(base_url=port.served.url, headers=port.admin)
    if response.status_code != MISDIRECTED:  # a Host header was made up
        case.validate_response(response, excluded_checks=UNASKED)

    assert response.status_code < 500
    assert "Traceback" not in response.text


def events(port: Port) -> set[str]:
    return {line["event"] for line in port.lines()}


def test_the_log_tells_of_no_defect(port):
    """The port is asked first, for the requests above may have gone to another worker's."""
    with urlopen(f"{port.served.url}/api/health") as answer:
        assert answer.status == 200

    assert "request" in events(port)
    assert "defect" not in events(port)
