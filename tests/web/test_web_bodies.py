"""Bodies and addresses: strict, bounded in size, depth and time."""

from __future__ import annotations

import gzip

import pytest

from daemon.web import reading
from tests.kit.control_port import open_port

KILL = {"scope": "all", "reason": "a test"}
JSON = {"Content-Type": "application/json"}
BOMBS = {
    "lists": b"[" * 50_000,
    "objects": b'{"a":' * 40_000,
    "in a known key": b'{"scope":' + b"[" * 50_000,
    "in an unknown key": b'{"strange":' + b"[" * 50_000,
    "half a text": b'{"scope": "al',
    "not UTF-8": b'{"scope": "\xff\xfe"}',
    "nothing but blanks": b"   ",
    "a number": b"1e999",
    "half a character": b'{"scope": "all", "reason": "\\ud800"}',
}
WRONG = [
    ({**KILL, "strange": 1}, "strange"),
    ({"reason": "x"}, "scope"),
    ({**KILL, "scope": "everything"}, "$.scope"),
    ({**KILL, "reason": "x" * 201}, "$.reason"),
    ({**KILL, "reason": 5}, "$.reason"),
    ({**KILL, "id": "paper"}, "$.id"),
    ({**KILL, "scope": "account"}, "$.id"),
    ([], "array"),
]


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_no_more_than_a_bad_request(tmp_path, name):
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("POST", "/api/kill", data=BOMBS[name], headers=JSON)

    assert status in (400, 422)
    assert told["code"] in ("bad_json", "invalid")
    assert port.actors.asked == []


@pytest.mark.parametrize(("body", "place"), WRONG)
async def test_what_is_not_taken_is_refused_with_its_key(tmp_path, body, place):
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("POST", "/api/kill", json=body)

    assert (status, told["code"]) == (422, "invalid")
    assert place in told["detail"]
    assert port.actors.asked == []


async def test_a_body_has_at_most_256_kib(tmp_path):
    async with open_port(tmp_path) as port:
        data = b'{"scope": "all", "reason": "' + b"x" * reading.BODY_BYTES + b'"}'
        status, told, _ = await port.ask("POST", "/api/kill", data=data, headers=JSON)

    assert (status, told["code"]) == (413, "too_large")


async def test_a_packed_body_is_not_unpacked(tmp_path):
    async with open_port(tmp_path) as port:
        packed = {**JSON, "Content-Encoding": "gzip"}
        data = gzip.compress(b"0" * 10_000_000)
        status, told, _ = await port.ask("POST", "/api/kill", data=data, headers=packed)

    assert (status, told["code"]) == (415, "bad_media_type")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_form_of_a_page_is_not_taken(tmp_path, media):
    async with open_port(tmp_path) as port:
        data = b'{"scope": "all", "reason": "x"}'
        status, told, _ = await port.ask(
            "POST", "/api/kill", data=data, headers={"Content-Type": media}
        )

    assert (status, told["code"]) == (415, "bad_media_type")


async def test_a_route_that_takes_no_body_refuses_one(tmp_path):
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("GET", "/api/status", json={})

    assert (status, told["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/api/ltp", "symbol"),
        ("/api/ltp?symbol=", "symbol"),
        ("/api/ltp?symbol=NIFTY&symbol=SENSEX", "more than once"),
        ("/api/ltp?symbol=NIFTY&strange=1", "strange"),
        ("/api/ltp?symbol=../etc", "symbol"),
        ("/api/status?strange=1", "strange"),
    ],
)
async def test_an_address_asks_for_what_is_known_once(tmp_path, path, place):
    async with open_port(tmp_path) as port:
        status, told, _ = await port.ask("GET", path)

    assert (status, told["code"]) == (422, "invalid")
    assert place in told["detail"]
