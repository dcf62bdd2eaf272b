"""The address that orders would leave from is compared with the one that the broker knows."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.errors import OrdoError
from daemon.jobs.preflight.egress import Known, faults, known, seen_at, static_ip
from daemon.jobs.preflight.findings import Verdict
from daemon.settings import Account, Broker, Daemon, Mode, Settings
from tests.kit.receiver import CLOSING, FAILING, HANGS, leading, receiving
from tests.kit.several import settings

KNOWN = "8.8.4.4"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"


def saying(text: str) -> bytes:
    return PLAIN % (len(text), text.encode())


def live(url: str, **more: str) -> Settings:
    return Settings(
        daemon=Daemon(state_dir=Path("state"), mode=Mode.LIVE),
        accounts=(Account(id="second", broker="zerodha"), Account(id="paper", broker="paper")),
        brokers={
            "paper": Broker(),
            "zerodha": Broker(**{"static_ip": KNOWN, "address_url": url, **more}),
        },
    )


@pytest.mark.parametrize("told", [KNOWN, f" {KNOWN}\n", f"::ffff:{KNOWN}\n"])
async def test_the_address_is_read_from_a_plain_answer(told):
    async with receiving(saying(told)) as there:
        assert await seen_at(Known("zerodha", KNOWN, there.url)) == KNOWN
        assert await faults(live(there.url)) == []
    assert there.posted[0].line == "GET /hooks/ordo HTTP/1.1"
    assert "cookie" not in there.posted[0].headers


async def test_another_address_than_the_broker_knows_is_told_with_both():
    async with receiving(saying("9.9.9.9")) as there:
        ((broker, error),) = await faults(live(there.url))

    assert (broker, error.code) == ("zerodha", "wrong_address")
    assert (
        str(error) == f"orders would leave from 9.9.9.9, and zerodha takes them from {KNOWN} alone"
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (CLOSING, "cannot be reached: ServerDisconnectedError"),
        (FAILING, "answers 500 with no address"),
        (leading("http://127.0.0.1:1/"), "answers 307 with no address"),
        (saying("<html>8.8.4.4</html>"), "answers 200 with no address"),
        (saying(KNOWN + " " * 1_000 + "."), "answers 200 with no address"),
        (HANGS, "has not answered within 0.05 s"),
    ],
)
async def test_where_nobody_says_it_that_is_told_and_nothing_guessed(answer, why):
    async with receiving(answer) as there:
        with pytest.raises(OrdoError) as told:
            await seen_at(Known("zerodha", KNOWN, there.url), 0.05 if answer is HANGS else 5)

    assert told.value.code == "address_unknown"
    assert str(told.value).endswith(why)


async def test_it_is_asked_over_the_kind_of_address_that_the_broker_knows():
    """Who is asked has an address of the old kind alone, so one of the new kind stays unknown."""
    async with receiving(saying(KNOWN)) as there:
        with pytest.raises(OrdoError, match="has no address of that kind"):
            await seen_at(Known("zerodha", "2606:4700::1111", there.url))
    assert there.posted == []


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
async def test_an_address_of_the_new_kind_is_read_too():
    server = await asyncio.start_server(_answering, "::1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        url = f"http://[::1]:{port}/"
        assert await seen_at(Known("zerodha", "2606:4700::1111", url)) == "2606:4700::1111"


async def _answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(saying("2606:4700:0:0::1111"))
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    "there",
    [
        settings(),
        replace(live("http://127.0.0.1:1"), daemon=Daemon(state_dir=Path("state"))),
        live("http://127.0.0.1:1", api_root="http://127.0.0.1:2", ws_root="ws://127.0.0.1:2"),
    ],
)
def test_on_paper_and_at_a_stand_in_nobody_is_asked(there):
    assert known(there) == ()
    found = static_ip(there)
    assert (found.verdict, found.evidence) == (
        Verdict.OK,
        "nothing to compare: no order leaves this machine",
    )


@pytest.mark.parametrize(
    ("told", "verdict", "said"),
    [
        (KNOWN, Verdict.OK, f"zerodha knows {KNOWN}, which http://127.0.0.1:"),
        ("9.9.9.9", Verdict.FAIL, "orders would leave from 9.9.9.9"),
        ("nobody", Verdict.FAIL, f"whether orders leave from {KNOWN} is not known"),
    ],
)
async def test_the_check_passes_only_where_both_are_one(told, verdict, said):
    async with receiving(saying(told)) as there:
        found = await asyncio.to_thread(static_ip, live(there.url))

    assert (found.check, found.verdict) == ("static IP", verdict)
    assert found.evidence.startswith(said)
    assert bool(found.mend) == (verdict is Verdict.FAIL)
