"""What counts once at the broker is sent there once, however often a person brings it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from daemon.actors.session_keeper import Session
from daemon.domain.instants import DAY_NS
from daemon.storage.vault import Vault
from tests.kit.by_hand_at_twin import CODE, TOKEN, ByHand, by_hand

LATER = 3_600
"""A code of an hour hence is wrong now."""
REACHES_S = 0.2
"""Time to be sent to the broker, for what is not held back from it."""
Told = tuple[int, dict[str, Any]]


@pytest.fixture
async def account(tmp_path, monkeypatch) -> AsyncIterator[ByHand]:
    async with by_hand(tmp_path, monkeypatch) as made:
        yield made


async def at_once(account: ByHand, *brought: dict[str, str]) -> list[Told]:
    """Bring something, and more before the broker has answered."""
    account.wire.open.clear()
    tasks = [asyncio.create_task(account.bring(**brought[0]))]
    await account.wire.left.wait()
    for each in brought[1:]:
        tasks.append(asyncio.create_task(account.bring(**each)))
        await asyncio.sleep(REACHES_S)
    account.wire.open.set()
    return [await task for task in tasks]


async def test_a_code_that_is_brought_twice_at_once_is_sent_once_and_both_are_answered(account):
    code = account.code()
    first, second = await at_once(account, {"otp": code}, {"otp": f"{code[:3]} {code[3:]}"})

    assert first == second
    assert (first[0], first[1]["text"]) == (200, "second is logged in")
    assert account.wire.sent == [CODE, TOKEN]


async def test_a_token_that_is_brought_twice_at_once_is_sent_once_and_the_session_stands(account):
    token = await account.token()
    pasted = f"http://127.0.0.1/login?status=success&request_token={token}"
    first, second = await at_once(account, {"request_token": token}, {"request_token": pasted})

    assert (first[0], first) == (200, second)
    assert (account.wire.sent, account.session) == ([TOKEN], Session.READY)


async def test_a_token_that_is_brought_again_later_is_refused_and_the_session_stands(account):
    token = await account.token()
    await account.bring(request_token=token)
    status, told = await account.bring(request_token=token)

    assert (status, told["code"]) == (409, "brought_before")
    assert told["detail"].endswith("it came to this: second is logged in")
    assert token not in str(told) + account.port.log.getvalue()
    assert (account.wire.sent, account.session) == ([TOKEN], Session.READY)


async def test_a_wrong_code_that_is_brought_again_and_again_is_one_wrong_word_at_the_broker(
    account,
):
    told = [await account.bring(otp=account.code(LATER)) for _ in range(4)]

    assert [each["code"] for _, each in told] == ["session_refused", *["brought_before"] * 3]
    assert "Invalid TOTP" in told[-1][1]["detail"]
    assert "the next code" in told[-1][1]["mend"]
    assert (account.wire.sent, account.wrong) == ([CODE], 1)
    assert (await account.bring(otp=account.code()))[0] == 200


async def test_a_code_of_which_nobody_knows_whether_it_counted_is_not_sent_again(account):
    """Neither by itself, nor for whoever brings it again."""
    account.wire.silent = True
    told = [await account.bring(otp=account.code()) for _ in range(2)]
    account.wire.silent = False
    await account.try_again()

    assert [each["code"] for _, each in told] == ["session_refused", "brought_before"]
    assert "it took too long" in told[1][1]["detail"]
    assert (account.wire.sent, account.session) == ([CODE], Session.NEEDS_USER_STEP)


async def test_of_two_codes_the_second_is_not_sent_where_the_first_has_made_a_session(account):
    _, second = await at_once(account, {"otp": account.code()}, {"otp": account.code(30)})

    assert (second[0], account.session) == (200, Session.READY)
    assert account.wire.sent == [CODE, TOKEN]


async def test_a_browser_that_brings_what_is_pasted_meanwhile_hears_what_came_of_that(account):
    _, begun = await account.bring()
    (more,) = parse_qs(urlsplit(begun["page"]).query)["redirect_params"]
    token = await account.token()
    account.wire.open.clear()
    pasted = asyncio.create_task(account.bring(request_token=token))
    await account.wire.left.wait()
    led_to = f"/login?request_token={token}&{more}"
    browser = asyncio.create_task(account.port.bare("GET", led_to, allow_redirects=False))
    await asyncio.sleep(REACHES_S)
    account.wire.open.set()
    assert (await pasted)[0] == 200
    _, _, headers = await browser
    _, page, _ = await account.port.bare("GET", headers["Location"])

    assert b"You are logged in" in page
    assert (account.wire.sent, account.session) == ([TOKEN], Session.READY)


async def test_who_goes_away_before_the_answer_finds_it_when_he_brings_it_again(account):
    code = account.code()
    account.wire.open.clear()
    gone = asyncio.create_task(account.bring(otp=code))
    await account.wire.left.wait()
    gone.cancel()
    account.wire.open.set()
    status, told = await account.bring(otp=code)

    assert "second is logged in" in told["text" if status == 200 else "detail"]
    assert account.wire.sent == [CODE, TOKEN]


async def test_what_the_vault_did_not_take_may_be_brought_again(account, tmp_path, monkeypatch):
    token = await account.token()
    with monkeypatch.context() as patch:
        patch.setattr(Vault, "put", lambda self, *_: self.open("nobody", "nothing"))
        status, _ = await account.bring(request_token=token)
    assert (status, account.wire.sent) == (404, [])

    assert (await account.bring(request_token=token))[0] == 200


async def test_the_same_digits_are_another_code_a_day_later(account):
    await account.bring(otp=account.code(LATER))
    account.port.clock.advance(DAY_NS)
    _, told = await account.bring(otp=account.code(LATER))

    assert (told["code"], account.wrong) == ("session_refused", 2)
