"""The twin's log-in page: a program goes through it step by step, and three wrong words lock it."""

from __future__ import annotations

from contextlib import nullcontext

import pyotp
import pytest

from daemon.brokers.zerodha.attempts import Reason, Stopped
from daemon.brokers.zerodha.headless import Headless
from daemon.brokers.zerodha.wire_twin.session import USER
from daemon.brokers.zerodha.wire_twin.website import PASSWORD, TOTP_SECRET, Website
from daemon.brokers.zerodha.wire_twin.words import Denied
from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.runtime.clock import VirtualClock
from daemon.telemetry.redaction import Secret
from tests.kit.kite_account import Kept
from tests.kit.wire_twin import OPEN_NS, twin


def kept(password: str = PASSWORD) -> Kept:
    """The credentials of the twin's user."""
    made = Kept()
    words = {"user_id": USER, "password": password, "totp_secret": TOTP_SECRET}
    made.held |= {field: Secret(text) for field, text in words.items()}
    return made


def code_of(at_ns: int) -> str:
    return pyotp.TOTP(TOTP_SECRET).at(at_ns // SECOND_NS)


@pytest.mark.parametrize(
    ("seconds", "counts"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_code_of_the_half_minute_before_or_after_counts_and_none_further_away(seconds, counts):
    website = Website()
    told, cookie = website.begin({"user_id": USER, "password": PASSWORD})
    code = code_of(OPEN_NS + seconds * SECOND_NS)
    form = {"user_id": USER, "request_id": told["request_id"], "twofa_value": code}
    with nullcontext() if counts else pytest.raises(Denied, match="Invalid TOTP"):
        website.enter(form, cookie, OPEN_NS)

    assert website.lets_in(cookie) == counts


async def test_ours_goes_through_it_to_a_session(tmp_path):
    async with twin() as client:
        clock, ready = VirtualClock(client.parts.market.now_ns()), client.ready
        alone = Headless(kept(), clock.now_ns, clock, ready.url)
        token = await alone.bring(Reason.ENDED, Secret(ready.api_key))
        assert isinstance(token, Secret)
        form = {"request_token": token.reveal(), "api_key": ready.api_key, "checksum": "x"}
        with pytest.raises(Denied, match="checksum"):
            client.parts.house.session.log_in(form, OPEN_NS)
        assert token.reveal() in client.parts.house.session._open


async def test_a_person_s_code_goes_through_it_where_no_seed_is_kept():
    async with twin() as client:
        clock, credentials = VirtualClock(client.parts.market.now_ns()), kept()
        credentials.drop("totp_secret")
        alone = Headless(credentials, clock.now_ns, clock, client.ready.url)
        waits = await alone.bring(Reason.ENDED, Secret(client.ready.api_key))
        credentials.keep("otp", Secret(code_of(OPEN_NS)))
        credentials.put_in["otp"] = clock.now_ns()
        code = await alone.code()
        token = await alone.bring(Reason.ENDED, Secret(client.ready.api_key), code)

    assert isinstance(waits, Stopped)
    assert isinstance(token, Secret)


async def test_a_wrong_password_is_sent_once_through_a_hundred_restarts_and_locks_nobody_out():
    async with twin() as client:
        credentials, website = kept("wrong"), client.parts.house.website
        clock = VirtualClock(client.parts.market.now_ns())
        for _ in range(100):
            alone = Headless(credentials, clock.now_ns, clock, client.ready.url)
            told = await alone.bring(Reason.ENDED, Secret(client.ready.api_key))
            assert isinstance(told, Stopped)
            clock.advance(DAY_NS // 10)

        assert (website.asked, website.wrong) == (1, 1)


def test_the_third_wrong_word_locks_out_also_what_is_right():
    website = Website()
    wrong, right = ({"user_id": USER, "password": each} for each in ("x", PASSWORD))
    for _ in range(3):
        with pytest.raises(Denied, match="Invalid password"):
            website.begin(wrong)
    with pytest.raises(Denied, match="blocked"):
        website.begin(right)


def test_a_code_counts_for_whoever_began_and_a_right_one_forgives():
    website = Website()
    with pytest.raises(Denied):
        website.begin({"user_id": USER, "password": "x"})
    told, cookie = website.begin({"user_id": USER, "password": PASSWORD})
    form = {"user_id": USER, "request_id": told["request_id"]}
    for strange in ("", "another"):
        with pytest.raises(Denied, match="request_id"):
            website.enter(form, strange, OPEN_NS)
    with pytest.raises(Denied, match="Invalid TOTP"):
        website.enter({**form, "twofa_value": "x"}, cookie, OPEN_NS)
    assert (website.wrong, website.lets_in(cookie), website.lets_in(None)) == (2, False, True)
    code = code_of(OPEN_NS)
    website.enter({**form, "twofa_value": code}, cookie, OPEN_NS)
    assert (website.wrong, website.lets_in(cookie)) == (0, True)


async def test_a_browser_that_has_not_come_to_the_end_is_led_nowhere():
    async with twin() as client:
        _, cookie = client.parts.house.website.begin({"user_id": USER, "password": PASSWORD})
        path = f"/connect/login?v=3&api_key={client.ready.api_key}"
        async with client.http.get(
            client.ready.url + path, headers={"Cookie": f"kf_session={cookie}"}
        ) as answer:
            assert (answer.status, "Log in" in await answer.text()) == (200, True)
