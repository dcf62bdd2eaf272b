"""Logging in at the twin, and what ends a session."""

from __future__ import annotations

from fractions import Fraction

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Frame
from tests.kit.wire_twin import CALL, DAY, NAME, OPEN_NS, frame, quote, stage, twin

DEAD = (403, "TokenException", "Incorrect `api_key` or `access_token`.")


async def test_a_request_token_opens_a_session_once():
    async with twin() as client:
        profile = (await client.ask("GET", "/user/profile")).data
        again = await client.log_in(client.ready.request_token)

    assert profile["user_id"] == "TW0001"
    assert again.error == (403, "TokenException", "Token is invalid or has expired.")


@pytest.mark.parametrize("field", ["api_key", "checksum", "request_token"])
async def test_a_login_with_a_wrong_field_is_refused(field):
    async with twin() as client:
        form = dict.fromkeys(("api_key", "checksum", "request_token"), "x") | {field: "y"}
        told = await client.ask("POST", "/session/token", data=form)

    assert told.error[:2] == (403, "TokenException")


@pytest.mark.parametrize(
    ("path", "field", "kind"),
    [("/session/token", "checksum", "TokenException"), ("/api/login", "password", "UserException")],
)
async def test_a_secret_in_letters_beyond_ascii_is_a_wrong_one(path, field, kind):
    async with twin() as client:
        form = {"api_key": client.ready.api_key, "user_id": "TW0001", field: "p\u00e4ss"}
        told = await client.ask("POST", path, data=form)
        client.token = "t\u00f6ken"
        dead = await client.ask("GET", "/user/profile")

    assert told.error[:2] == (403, kind)
    assert dead.error == DEAD


async def test_a_second_login_kills_the_first_token():
    async with twin() as client:
        first = client.token
        page = f"/connect/login?v=3&api_key={client.ready.api_key}&redirect_params=a%3D1"
        async with client.http.get(client.ready.url + page) as answer:
            redirected = await answer.json()
        await client.log_in(redirected["request_token"])
        second, client.token = client.token, first
        old = await client.ask("GET", "/orders")
        client.token = second
        new = await client.ask("GET", "/orders")

    assert (redirected["status"], redirected["a"]) == ("success", "1")
    assert (old.error, new.data) == (DEAD, [])


async def test_a_login_page_of_another_key_is_refused():
    async with twin() as client:
        told = await client.ask("GET", "/connect/login?api_key=other")

    assert told.error == (400, "InputException", "Invalid `api_key`.")


async def test_logging_out_ends_the_session_that_it_names_and_no_other():
    async with twin() as client:
        path = f"/session/token?api_key={client.ready.api_key}&access_token="
        other = await client.ask("DELETE", f"{path}other")
        lives = await client.ask("GET", "/orders")
        assert (await client.ask("DELETE", path + client.token)).data is True
        ended = await client.ask("GET", "/orders")

    assert (other.error, lives.data, ended.error) == (DEAD, [], DEAD)


@pytest.mark.parametrize(("second", "lives"), [(5 * 3600 + 59 * 60 + 59, True), (6 * 3600, False)])
async def test_the_token_dies_at_six_in_the_morning_by_the_market(second, lives):
    """So it is by Indian clocks of the market, whatever the host's show."""
    midnight = -(9 * 3600 + 15 * 60) + 86_400
    async with twin() as client:
        await client.advance(midnight + second)
        told = await client.ask("GET", "/user/margins")

    assert (told.status == 200) is lives


@pytest.mark.parametrize("header", ["", "Bearer x", "token x", "token other:{token}"])
async def test_a_request_without_the_token_is_refused(header):
    async with twin() as client:
        headers = {"Authorization": header.format(token=client.token)}
        async with client.http.get(client.ready.url + "/orders", headers=headers) as answer:
            assert answer.status == 403
            assert (await answer.json())["error_type"] == "TokenException"


async def test_a_socket_needs_the_token_too():
    async with twin() as client:
        url = f"{client.ready.url}/?api_key={client.ready.api_key}&access_token=old"
        async with client.http.get(url) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("PATCH", "/orders", 405)]
)
async def test_what_is_not_there_is_told_in_the_envelope(method, path, status):
    async with twin() as client:
        told = await client.ask(method, path)

    assert told.error[:2] == (status, "GeneralException")


async def test_the_login_time_is_market_time_in_india():
    async with twin(second=-1) as client:
        book = await client.ask("GET", "/twin/time")

    assert book.body["now"] == f"{DAY}T08:45:00+05:30"


async def test_each_day_of_a_paced_market_begins_with_its_first_login():
    """What is asked in the morning between finds the token dead."""
    next_day = Frame(OPEN_NS + 86_400 * SECOND_NS, {CALL: quote(210)})
    days = stage((frame(0, call=quote(200)), next_day))
    async with twin(days, speed=Fraction(1), second=-1) as client:
        while (await client.ask("GET", "/orders")).status == 200:
            pass
        morning = (await client.ask("GET", "/twin/time")).body
        await client.log_in((await client.ask("POST", "/twin/request_token")).body["request_token"])
        while not (await client.ask("GET", "/twin/time")).body["over"]:
            pass
        told = (await client.ask("GET", f"/quote/ltp?i=NFO:{NAME}")).data

    assert morning == {"now": "2026-03-10T08:45:00+05:30", "over": False}
    assert told[f"NFO:{NAME}"]["last_price"] == 210


async def test_a_paced_market_can_be_taken_in_hand():
    waits = [frame(second, call=quote(200)) for second in (0, 3_600)]
    async with twin(stage(waits), speed=Fraction(1), second=-1) as client:
        await client.advance(60)
        client.host.advance(3_600 * SECOND_NS)
        now = (await client.ask("GET", "/twin/time")).body

    assert now == {"now": "2026-03-09T09:16:00+05:30", "over": False}
