"""The WebSocket routes on a real port: who is let in, what is told, and how it ends."""

import asyncio
import io
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest

from daemon.domain.market.notes import NoteKind
from daemon.messages import Noted
from daemon.messages.modes import Modes
from daemon.telemetry.log import make_log
from daemon.web.admission.sessions import SESSION_NS
from daemon.web.admission.tokens import create_token, revoke_token
from daemon.web.streaming.hub import Caps, Hub
from daemon.web.streaming.streams import Streams
from tests.kit.acting import CE, PE
from tests.kit.control_port import open_port
from tests.kit.watched import frame, price, risk
from tests.web.test_web_door import cookie_of


@asynccontextmanager
async def watching(state_dir, **caps):
    """A port whose hub shows the same things for every beat."""

    def beat(*, force):
        hub.show(frame(risk(), price(CE), price(PE, 90)))

    log = make_log(io.StringIO(), lambda: 0)
    hub = Hub(beat, lambda: 0, Modes({"paper": "paper"}), log, Caps(**{"pnl_hz": 200, **caps}))
    streams = Streams(hub)
    async with open_port(state_dir, more=streams.routes) as port:
        task = asyncio.create_task(hub.serve())
        yield port, hub, streams
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def connect(port, path, headers=None):
    return port.client.ws_connect(port.served.url + path, headers=headers, autoping=True)


async def refused(port, path, headers=None):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await connect(port, path, headers)
    return refusal.value.status


@pytest.mark.parametrize(
    ("path", "kind"), [("/ws/pnl", "pnl"), (f"/ws/ticks?symbols={CE},{PE}", "ticks")]
)
async def test_a_stream_begins_with_a_snapshot_and_counts_on(tmp_path, path, kind):
    """One may be skipped, while a ping is on its way to who has just come."""
    async with watching(tmp_path) as (port, _, _), connect(port, path, port.admin) as socket:
        told = [await socket.receive_json(timeout=5) for _ in range(3)]

    assert [each["type"] for each in told] == ["snapshot", kind, kind]
    assert {frozenset(each) for each in told} == {frozenset(told[0])}
    numbers = [each["seq"] for each in told]
    assert numbers == sorted(set(numbers))


async def test_events_begin_with_a_snapshot_even_where_nothing_was_recorded(tmp_path):
    async with (
        watching(tmp_path) as (port, _, _),
        connect(port, "/ws/events", port.admin) as socket,
    ):
        told = await socket.receive_json(timeout=5)

    assert (told["type"], told["events"]) == ("snapshot", [])


async def test_nobody_and_no_other_site_is_let_in(tmp_path):
    async with watching(tmp_path) as (port, _, _):
        assert await refused(port, "/ws/pnl") == 401
        evil = {**port.admin, "Origin": "http://evil.example"}
        assert await refused(port, "/ws/pnl", evil) == 403


async def test_a_ticket_lets_one_viewer_in_once(tmp_path):
    async with watching(tmp_path) as (port, _, _):
        _, told, _ = await port.bare("POST", "/api/ws-ticket", headers=port.token("viewer"))
        path = f"/ws/pnl?ticket={told['ticket']}"
        async with connect(port, path) as socket:
            first = await socket.receive_json(timeout=5)
        again = await refused(port, path)

    assert first["type"] == "snapshot"
    assert again == 401


async def test_a_principal_on_another_machine_has_so_many_and_may_open_one_when_another_ends(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("daemon.web.streaming.streams.is_local", lambda _: False)
    async with watching(tmp_path, per_principal=2) as (port, _, _):
        first = await connect(port, "/ws/pnl", port.admin)
        second = await connect(port, "/ws/events", port.admin)
        status, told, _ = await port.ask("GET", "/ws/pnl", headers=_UPGRADE)
        assert (status, told["code"]) == (429, "too_many")
        assert (await port.bare("GET", "/ws/pnl", headers={**port.token("viewer")}))[0] == 400

        await first.close()
        async with connect(port, "/ws/pnl", port.admin) as third:
            assert (await third.receive_json(timeout=5))["type"] == "snapshot"
        await second.close()


async def test_on_this_machine_the_port_caps_connections_and_no_principal_is_counted(tmp_path):
    async with watching(tmp_path, per_principal=1) as (port, _, _):
        sockets = [await connect(port, "/ws/events", port.admin) for _ in range(3)]
        told = [await socket.receive_json(timeout=5) for socket in sockets]
        for socket in sockets:
            await socket.close()

    assert [each["type"] for each in told] == ["snapshot"] * 3


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "name symbols"),
        ("?symbols=,", "name symbols"),
        ("?symbols=A,B,C", "follows at most 2"),
    ],
)
async def test_ticks_are_of_symbols_that_are_named_and_not_too_many(tmp_path, query, says):
    async with watching(tmp_path, symbols=2) as (port, hub, _):
        status, told, _ = await port.ask("GET", f"/ws/ticks{query}", headers=_UPGRADE)

        assert (status, told["code"]) == (400, "bad_request")
        assert says in told["detail"]
        assert not hub.watched


async def test_a_plain_request_is_told_that_this_is_a_websocket(tmp_path):
    async with watching(tmp_path) as (port, _, _):
        status, told, _ = await port.ask("GET", "/ws/pnl")

    assert status == 400
    assert "WebSocket" in told["detail"]


async def test_a_client_that_sends_too_much_at_once_is_sent_away(tmp_path):
    async with watching(tmp_path) as (port, hub, _):
        socket = await connect(port, "/ws/pnl", port.admin)
        await socket.send_str("what a client says is not heard")
        assert (await socket.receive_json(timeout=5))["type"] == "snapshot"

        await socket.send_str("x" * (64 * 1024 + 1))
        async for _ in socket:
            continue
        assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        assert not hub.watched


async def test_pings_are_answered_and_pongs_are_taken(tmp_path):
    async with (
        watching(tmp_path) as (port, hub, _),
        port.client.ws_connect(
            port.served.url + "/ws/events", headers=port.admin, autoping=False
        ) as socket,
    ):
        await socket.receive_json(timeout=5)
        ping = await socket.receive(timeout=5)
        await socket.pong()
        await socket.ping(b"there?")
        pong = await socket.receive(timeout=5)
        watcher = next(iter(hub.events.watchers))
        late = watcher.look(asyncio.get_running_loop().time() + 60)

    assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"there?")
    assert ping.type is aiohttp.WSMsgType.PING
    assert not late


async def ask_who_is_there(hub):
    """Ping whoever follows the events, as is done every few seconds."""
    assert not await hub.events.look(asyncio.get_running_loop().time() + 6)


@pytest.mark.parametrize("by", ["token", "ticket"])
async def test_a_token_that_is_revoked_watches_no_longer_and_others_do(tmp_path, by):
    async with watching(tmp_path) as (port, hub, _):
        gone = {"Authorization": f"Bearer {create_token(tmp_path, 'ann', 'viewer', 0)}"}
        stays = {"Authorization": f"Bearer {create_token(tmp_path, 'bob', 'viewer', 0)}"}
        first = await connect(port, *await events_by(port, gone, by))
        second = await connect(port, "/ws/events", stays)
        for socket in (first, second):
            await socket.receive_json(timeout=5)
        revoke_token(tmp_path, "ann", 1)
        await ask_who_is_there(hub)
        last = await first.receive(timeout=5)
        hub.record([Noted(NoteKind.GAP, "one line more", 0)])
        went_on = await second.receive_json(timeout=5)
        await second.close()

    assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, 1008)
    assert last.extra == "the token was revoked, or the session is over"
    assert went_on["type"] == "events"


async def events_by(port, headers, by):
    """Return where the events are followed, and with which headers: by a ticket there are none."""
    if by != "ticket":
        return "/ws/events", headers
    _, told, _ = await port.bare("POST", "/api/ws-ticket", headers=headers)
    return f"/ws/events?ticket={told['ticket']}", None


@pytest.mark.parametrize("by", ["cookie", "ticket"])
@pytest.mark.parametrize("how", ["logged out", "twelve hours later"])
async def test_a_session_that_is_over_watches_no_longer(tmp_path, how, by):
    async with watching(tmp_path) as (port, hub, _):
        cookie = await cookie_of(port)
        socket = await connect(port, *await events_by(port, cookie, by))
        await socket.receive_json(timeout=5)
        if how == "logged out":
            await port.bare("POST", "/api/logout", headers=cookie)
        else:
            port.clock.advance(SESSION_NS)
        await ask_who_is_there(hub)
        last = await socket.receive(timeout=5)

    assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_a_ticket_opens_nothing_once_its_session_is_over(tmp_path):
    async with watching(tmp_path) as (port, _, _):
        cookie = await cookie_of(port)
        path, _ = await events_by(port, cookie, "ticket")
        await port.bare("POST", "/api/logout", headers=cookie)

        assert await refused(port, path) == 401


@pytest.mark.parametrize("by", ["cookie", "ticket"])
async def test_a_page_that_watches_is_using_its_session(tmp_path, by):
    async with watching(tmp_path) as (port, hub, _):
        cookie = await cookie_of(port)
        path, headers = await events_by(port, cookie, by)
        events = port.served.url + path
        async with port.client.ws_connect(events, headers=headers, autoping=False) as socket:
            await socket.receive_json(timeout=5)
            port.clock.advance(SESSION_NS - 1)
            await ask_who_is_there(hub)
            await socket.receive(timeout=5)
            await socket.pong()
            await socket.ping(b"was it read?")
            assert (await socket.receive(timeout=5)).data == b"was it read?"
            port.clock.advance(SESSION_NS - 1)
            status, _, _ = await port.bare("POST", "/api/ws-ticket", headers=cookie)

    assert status == 200


async def test_a_session_that_goes_on_and_a_ticket_that_is_used_up_watch_on(tmp_path):
    async with watching(tmp_path) as (port, hub, _):
        cookie = await cookie_of(port)
        first = await connect(port, "/ws/events", cookie)
        second = await connect(port, *await events_by(port, cookie, "ticket"))
        for socket in (first, second):
            await socket.receive_json(timeout=5)
        await ask_who_is_there(hub)
        hub.record([Noted(NoteKind.GAP, "one line more", 0)])
        kinds = [(await socket.receive_json(timeout=5))["type"] for socket in (first, second)]
        for socket in (first, second):
            await socket.close()

    assert kinds == ["events", "events"]


async def test_a_client_that_stops_reading_is_cut_and_the_others_go_on(tmp_path):
    async with watching(tmp_path) as (port, hub, _):
        stuck = await connect(port, "/ws/events", port.admin)
        quick = await connect(port, "/ws/pnl", port.admin)
        await stuck.receive_json(timeout=5)
        now_s = asyncio.get_running_loop().time()
        assert not await hub.events.look(now_s + 1)  # pinged by now, and it does not answer
        assert await hub.events.look(now_s + 200) == ["it has not answered a ping within 10 s"]
        async for _ in stuck:
            continue

        assert stuck.close_code == 1013
        assert (await quick.receive_json(timeout=5))["type"] == "snapshot"
        await quick.close()


async def test_everybody_is_told_when_the_daemon_stops(tmp_path):
    async with watching(tmp_path) as (port, _, streams):
        socket = await connect(port, "/ws/events", port.admin)
        await socket.receive_json(timeout=5)
        reading = asyncio.create_task(socket.receive())
        await streams.close()
        await reading

    assert socket.close_code == aiohttp.WSCloseCode.GOING_AWAY


_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
