"""A log-in without a person goes the way of the broker's page once, and stops at whatever is no."""

from __future__ import annotations

import io
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import time
from urllib.parse import parse_qs

import msgspec
import pyotp
import pytest

from daemon.brokers.zerodha import headless
from daemon.brokers.zerodha.attempts import Attempts, Reason, recalled
from daemon.brokers.zerodha.headless import Headless
from daemon.brokers.zerodha.signing_in import SigningIn
from daemon.brokers.zerodha.wire import Reply
from daemon.domain.instants import DAY_NS, SECOND_NS, at
from daemon.errors import (
    BrokerMisused,
    BrokerUnavailable,
    OrdoError,
    OutcomeUnknown,
    WireGarbled,
)
from daemon.messages import LoggedIn, LoginFailed, StepWanted
from daemon.runtime.clock import VirtualClock
from daemon.telemetry.log import make_log
from daemon.telemetry.redaction import Secret
from tests.kit.canary import leaks, planted, remembered
from tests.kit.kite_account import (
    API_SECRET,
    BROUGHT,
    DAY,
    GRANTED,
    KEY,
    NOW,
    KiteAccount,
    kite_account,
)
from tests.kit.kite_script import CLOSES, CUTS, DEAD, PAGE, Answer, no, yes

WALL = NOW + 100 * DAY_NS
"""Host time may be another than that of the market, as before a stand-in."""
SIX, DUE = at(DAY, time(6)), at(DAY, time(7, 40))
USER, PASSWORD = planted("user"), planted("password")
SEED = remembered("CANARYSEEDCANARYSEEDCANARYSEEDCA")
REQUEST_ID = planted("request-id")
CODE = "123456"
BEGIN, ENTER, PAGE_OF_KEY = "POST /api/login", "POST /api/twofa", "GET /connect/login"
LEADS = Answer(302, headers={"Location": f"http://127.0.0.1:1/login?request_token={BROUGHT}"})
ONWARD = Answer(302, headers={"Location": "/connect/finish?sess_id=1"})


class Alone(KiteAccount):
    """An account that logs in without a person."""

    def __init__(self, account: KiteAccount) -> None:
        self.__dict__.update(account.__dict__)
        self.wall = VirtualClock(WALL)
        for field, text in (("user_id", USER), ("password", PASSWORD), ("totp_secret", SEED)):
            self.put_in_anew(field, text, WALL - DAY_NS)
        on = self.script.on
        on(BEGIN, yes({"user_id": USER, "request_id": REQUEST_ID, "twofa_type": "totp"}))
        on(ENTER, yes({"profile": {}}))
        on(PAGE_OF_KEY, ONWARD)
        on("GET /connect/finish", LEADS)
        self.restart()

    def restart(self, sleep: Callable[[float], Awaitable[object]] | None = None) -> None:
        """Forget all but what is kept."""
        wait = self.pause if sleep is None else sleep
        alone = Headless(self.kept, self.clock.now_ns, self.wall, self.script.url, wait)
        self.broker._signing_in = SigningIn(self.client, self.kept, self.clock.now_ns, alone)
        self.script.asked.clear()

    def put_in_anew(self, field: str, text: str, at_ns: int) -> None:
        """Have a person put a credential in."""
        self.kept.keep(field, Secret(text))
        self.kept.put_in[field] = at_ns

    @property
    def tried(self) -> Attempts:
        """What was tried, as it is kept."""
        return recalled(self.kept.find(headless.ATTEMPTS))

    def sent(self, route: str) -> list[dict[str, str]]:
        """The fields of what was sent there."""
        found = [each for each in self.script.asked if each.route == route]
        return [
            {name: value for name, (value,) in parse_qs(each.body.decode()).items()}
            for each in found
        ]


@pytest.fixture
async def account() -> AsyncIterator[Alone]:
    async with kite_account() as made:
        yield Alone(made)


async def test_password_code_and_page_make_a_session_without_a_person(account):
    (told,) = await account.broker.log_in(3)

    assert told == LoggedIn(3, NOW, SIX + DAY_NS)
    assert account.script.routes()[:6] == [
        *(BEGIN, ENTER, PAGE_OF_KEY, "GET /connect/finish"),
        *("POST /session/token", "GET /user/profile"),
    ]
    assert account.sent(BEGIN) == [{"user_id": USER, "password": PASSWORD}]
    code = pyotp.TOTP(SEED).at(NOW // SECOND_NS)
    entered = {"user_id": USER, "request_id": REQUEST_ID, "twofa_value": code, "twofa_type": "totp"}
    assert account.sent(ENTER) == [entered]
    assert account.kept.held["access_token"].reveal().endswith(GRANTED)
    assert account.tried == Attempts(SIX + DAY_NS, (Reason.ENDED,))


async def test_a_session_that_stands_and_what_a_person_brings_go_before_it(account):
    account.kept.keep("access_token", Secret(f"{SIX + DAY_NS} {GRANTED}"))
    assert isinstance((await account.broker.log_in(1))[0], LoggedIn)
    account.bring()
    assert isinstance((await account.broker.log_in(2))[0], LoggedIn)
    account.bring()
    account.script.on("POST /session/token", DEAD)
    assert isinstance((await account.broker.log_in(3))[0], LoggedIn)
    account.bring()
    account.script.on("GET /user/profile", DEAD)
    assert isinstance((await account.broker.log_in(4))[0], StepWanted)

    assert account.sent(BEGIN) == []


async def test_a_session_that_is_made_in_place_of_a_dead_one_is_no_word_for_another_log_in(account):
    """The dead one was used for a moment, under the number of the one that stands."""
    account.kept.keep("access_token", Secret(f"{SIX + DAY_NS} {GRANTED}"))
    account.script.on("GET /user/profile", DEAD, yes({"user_id": USER}))

    assert isinstance((await account.broker.log_in(5))[0], LoggedIn)
    assert account.refused == []


async def test_a_session_that_died_before_its_end_is_worth_one_attempt_of_its_own(account):
    await account.broker.log_in(1)
    account.script.on("GET /user/profile", DEAD)
    (second,) = await account.broker.log_in(2)
    (third,) = await account.broker.log_in(3)

    assert isinstance(second, StepWanted)
    assert (third.because, third.again_ns) == (
        "its log-in without a person was tried this morning and is not tried again today",
        DUE + DAY_NS,
    )
    assert len(account.sent(BEGIN)) == 2


async def test_before_twenty_to_eight_it_says_when_it_will_log_in(account):
    account.clock = account.clock.__class__(SIX)
    account.restart()
    (told,) = await account.broker.log_in(1)

    assert told == LoginFailed(1, "its next log-in without a person is at 07:40", SIX, DUE)
    assert account.script.asked == []


@pytest.mark.parametrize("route", [BEGIN, ENTER])
@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_no_is_not_asked_for_again_whatever_is_restarted_and_whatever_day(
    account, route, status
):
    """The password was wrong: a person must put it in anew."""
    account.script.on(route, no(status, "UserException", f"no {PASSWORD} {USER} {SEED}"))
    (told,) = await account.broker.log_in(1)
    assert (told.again_ns, f"Zerodha answers {status} to the log-in: " in told.because) == (0, True)
    assert "no *** *** ***" in told.because
    account.restart()
    for generation in range(2, 9):
        account.clock.advance(DAY_NS)
        (again,) = await account.broker.log_in(generation)
        assert (again.again_ns, "until it is put in" in again.because) == (0, True)
    assert account.sent(BEGIN) == []

    account.clock = VirtualClock(NOW)
    account.restart()
    account.put_in_anew("password", "another", WALL + 1)
    account.script.on(route, yes({"request_id": REQUEST_ID}))
    assert isinstance((await account.broker.log_in(9))[0], LoggedIn)


@pytest.mark.parametrize("field", ["password", "totp_secret"])
async def test_a_no_under_a_clock_that_stood_ahead_ends_once_something_is_put_in_anew(
    account, field
):
    """As where the clock of a machine holds local time: the code was wrong for no other reason."""
    account.wall.advance(DAY_NS // 4)
    account.put_in_anew("user_id", USER, account.wall.now_ns())
    account.script.on(ENTER, no(403, "UserException", "invalid code"))
    assert isinstance((await account.broker.log_in(1))[0], StepWanted)

    account.wall = VirtualClock(WALL)
    account.script.on(ENTER, yes({"profile": {}}))
    account.restart()
    assert isinstance((await account.broker.log_in(2))[0], StepWanted)
    assert account.sent(BEGIN) == []
    account.put_in_anew(field, account.kept.find(field).reveal(), WALL)
    account.clock.advance(DAY_NS)
    assert isinstance((await account.broker.log_in(3))[0], LoggedIn)


async def test_a_code_is_sent_after_a_no_under_a_clock_that_stood_ahead(account):
    account.wall.advance(DAY_NS // 4)
    account.script.on(ENTER, no(403, "UserException", "invalid code"))
    assert isinstance((await account.broker.log_in(1))[0], StepWanted)

    account.wall = VirtualClock(WALL)
    account.script.on(ENTER, yes({"profile": {}}))
    account.put_in_anew(headless.OTP, CODE, WALL)
    account.restart()
    assert isinstance((await account.broker.log_in(2))[0], LoggedIn)


@pytest.mark.parametrize("route", [BEGIN, ENTER, PAGE_OF_KEY])
@pytest.mark.parametrize(
    "answer",
    [
        *(CLOSES, CUTS, PAGE, no(429, "NetworkException"), no(500, "GeneralException")),
        no(400, "OrderException", "the request timed out"),
    ],
)
async def test_an_answer_that_is_neither_yes_nor_no_waits_for_a_person_or_the_next_morning(
    account, route, answer
):
    account.script.on(route, answer)
    (told,) = await account.broker.log_in(1)
    assert (type(told), told.again_ns) == (StepWanted, DUE + DAY_NS)
    account.restart()
    (again,) = await account.broker.log_in(2)

    assert isinstance(again, StepWanted)
    assert account.script.asked == []


@pytest.mark.parametrize(
    ("into_ms", "waits_s"), [(0, []), (27_000, []), (27_001, [2.999]), (29_999, [0.001])]
)
async def test_a_code_of_a_seed_is_made_where_three_seconds_of_its_time_are_left(
    account, into_ms, waits_s
):
    """Else it waits for the next one, within the same attempt."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    account.clock = VirtualClock(NOW + into_ms * SECOND_NS // 1_000)
    account.restart(sleep)
    assert isinstance((await account.broker.log_in(1))[0], LoggedIn)

    code = pyotp.TOTP(SEED).at(NOW // SECOND_NS + 30 * len(waits_s))
    assert [each["twofa_value"] for each in account.sent(ENTER)] == [code]
    assert (slept, account.tried) == (waits_s, Attempts(SIX + DAY_NS, (Reason.ENDED,)))


async def test_a_code_that_a_person_put_in_is_sent_at_once(account):
    account.clock = VirtualClock(NOW + 29 * SECOND_NS)
    account.put_in_anew(headless.OTP, CODE, WALL)
    account.restart()
    assert isinstance((await account.broker.log_in(1))[0], LoggedIn)

    assert [each["twofa_value"] for each in account.sent(ENTER)] == [CODE]


async def test_what_never_left_is_no_attempt(account):
    alone = Headless(account.kept, account.clock.now_ns, account.wall, "http://127.0.0.1:1")
    with pytest.raises(BrokerUnavailable):
        await alone.bring(Reason.ENDED, Secret(KEY))

    assert account.tried == Attempts()


@pytest.mark.parametrize("field", ["user_id", "password"])
async def test_a_credential_that_is_missing_is_named_before_anything_is_sent(account, field):
    account.kept.drop(field)
    with pytest.raises(BrokerMisused, match=f"no {field} .*ordo vault put"):
        await account.broker.log_in(1)
    assert account.script.asked == []


async def test_without_a_seed_nothing_is_sent_until_a_person_puts_in_a_code(account):
    """Once for each, whatever was tried or refused before, and before twenty to eight as well."""
    account.kept.drop("totp_secret")
    (waits,) = await account.broker.log_in(1)
    assert (type(waits), waits.again_ns) == (StepWanted, 0)
    assert "`ordo login` asks for with --otp" in waits.because
    assert account.script.asked == []

    account.clock = VirtualClock(SIX)
    account.restart()
    account.script.on(ENTER, no(403, "UserException", f"no {CODE}"))
    account.put_in_anew(headless.OTP, CODE, WALL)
    (wrong,) = await account.broker.log_in(2)
    assert (type(wrong), "no ***" in wrong.because) == (StepWanted, True)
    account.wall.advance(SECOND_NS)
    account.script.on(ENTER, yes({"profile": {}}))
    account.put_in_anew(headless.OTP, CODE, account.wall.now_ns())
    (told,) = await account.broker.log_in(3)

    assert isinstance(told, LoggedIn)
    assert [each["twofa_value"] for each in account.sent(ENTER)] == [CODE, CODE]
    assert account.kept.find(headless.OTP) is None


async def test_a_code_goes_before_the_seed_and_is_sent_once_whatever_comes_of_it(account):
    account.put_in_anew(headless.OTP, CODE, WALL)
    account.script.on(ENTER, CUTS)
    assert isinstance((await account.broker.log_in(1))[0], StepWanted)
    account.restart()
    account.script.on(ENTER, yes({"profile": {}}))
    assert isinstance((await account.broker.log_in(2))[0], LoggedIn)

    (later,) = account.sent(ENTER)
    assert later["twofa_value"] == pyotp.TOTP(SEED).at(NOW // SECOND_NS)


async def test_a_code_that_nobody_took_in_time_is_forgotten_and_forgives_nothing(account):
    account.kept.drop("totp_secret")
    account.script.on(ENTER, no(403, "UserException"))
    account.put_in_anew(headless.OTP, CODE, WALL)
    await account.broker.log_in(1)
    account.restart()
    account.put_in_anew(headless.OTP, CODE, WALL + 1)
    account.wall.advance(62 * SECOND_NS)
    (told,) = await account.broker.log_in(2)

    assert isinstance(told, StepWanted)
    assert (account.kept.find(headless.OTP), account.script.asked) == (None, [])


async def test_a_code_is_kept_no_longer_than_until_the_next_log_in_whatever_that_goes_by(account):
    """A session that stands, a token that a person brought, and a credential that is missing."""
    account.kept.keep("access_token", Secret(f"{SIX + DAY_NS} {GRANTED}"))
    account.put_in_anew(headless.OTP, CODE, WALL)
    assert isinstance((await account.broker.log_in(1))[0], LoggedIn)
    assert account.kept.find(headless.OTP) is None

    account.put_in_anew(headless.OTP, CODE, WALL)
    account.bring()
    assert isinstance((await account.broker.log_in(2))[0], LoggedIn)
    assert account.kept.find(headless.OTP) is None

    account.put_in_anew(headless.OTP, CODE, WALL)
    account.kept.drop("api_key")
    with pytest.raises(BrokerMisused, match="no api_key"):
        await account.broker.log_in(3)
    assert account.kept.find(headless.OTP) is None
    assert account.sent(BEGIN) == []


async def test_a_code_from_ahead_of_the_clock_counts_for_nothing(account):
    """The clock was set back meanwhile, and nobody knows how old it is."""
    account.kept.drop("totp_secret")
    account.put_in_anew(headless.OTP, CODE, WALL + SECOND_NS)
    (told,) = await account.broker.log_in(1)

    assert isinstance(told, StepWanted)
    assert (account.kept.find(headless.OTP), account.script.asked) == (None, [])


@pytest.mark.parametrize("said", [f"{CODE}\n", "12 34 56"])
def test_a_code_has_six_digits_and_may_be_set_apart(said):
    assert headless.one_time_code(Secret(said)).reveal() == CODE


@pytest.mark.parametrize("said", ["", "12345", "1234567", "12345x", "\u0661" * 6])
def test_what_is_no_code_is_refused_unquoted(said):
    with pytest.raises(BrokerMisused) as caught:
        headless.one_time_code(Secret(said))

    assert str(caught.value) == "that is no one-time code: it has six digits"


async def test_a_seed_that_is_none_is_told_unquoted_before_anything_is_sent(account):
    account.put_in_anew("totp_secret", "canary!0189", NOW)
    with pytest.raises(BrokerMisused, match="no seed of one-time codes") as caught:
        await account.broker.log_in(1)

    assert ("canary" in str(caught.value), account.script.asked) == (False, [])


async def test_without_an_api_secret_no_attempt_is_used_up(account):
    account.kept.drop("api_secret")
    with pytest.raises(BrokerMisused, match="no api_secret"):
        await account.broker.log_in(1)
    assert account.script.asked == []


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (Reply(302, b"", Secret(f"https://x/?request_token={BROUGHT}")), Secret(BROUGHT)),
        (Reply(302, b"", Secret("/connect/finish?a=1")), "/connect/finish?a=1"),
        (Reply(303, b"", Secret("https://k.example/connect/f?a=1")), "/connect/f?a=1"),
    ],
)
def test_the_page_leads_to_a_token_or_on_within_its_own_site(reply, found):
    assert headless.led_to(reply, "https://k.example") == found


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(200, b"<html>"), "log in there once by hand"),
        (Reply(302, b""), "does not lead on"),
        (Reply(302, b"", Secret("https://evil.example/")), "leads to another site"),
        (Reply(302, b"", Secret("http://k.example/")), "leads to another site"),
        (Reply(302, b"", Secret("//evil.example/")), "leads to another site"),
        (Reply(302, b"", Secret("@evil.example/")), "leads to another site"),
        (Reply(302, b"", Secret(".evil.example/")), "leads to another site"),
        (Reply(302, b"", Secret("http://[k.example/")), "no address"),
    ],
)
def test_a_page_that_leads_elsewhere_or_nowhere_brings_no_session(reply, says):
    with pytest.raises(WireGarbled, match=says):
        headless.led_to(reply, "https://k.example")


async def test_a_page_that_leads_in_a_circle_is_left(account):
    account.script.on("GET /connect/finish", ONWARD)
    (told,) = await account.broker.log_in(1)

    assert "leads on and on" in told.because
    assert len(account.script.asked) < 10


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (no(403, "UserException"), BrokerMisused),
        (no(500, "GeneralException"), OutcomeUnknown),
        (PAGE, WireGarbled),
        (yes({}), WireGarbled),
    ],
)
def test_what_the_page_is_answered_is_a_yes_a_no_or_neither(reply, error):
    with pytest.raises(error):
        headless.told(Reply(reply.status, reply.body), headless._Asked)


SENT = {
    BEGIN: f"{USER} is not known with {PASSWORD}",
    ENTER: f"{USER} has answered {REQUEST_ID}",
    PAGE_OF_KEY: "no such key",
    "GET /connect/finish": "no such page",
    "POST /session/token": f"{BROUGHT} of {KEY} was used up",
    "GET /user/profile": f"{KEY}:{GRANTED} is no session",
}
"""Route -> what a broker could quote of what it was sent there."""
FALLS: dict[str, Callable[[str], str | Answer]] = {
    "it is cut short": lambda _: CUTS,
    "it closes": lambda _: CLOSES,
    "a page": lambda _: PAGE,
    "a no that quotes what was sent": lambda sent: no(403, "UserException", sent),
    "a doubt that quotes it": lambda sent: no(500, "GeneralException", sent),
    "an address elsewhere": lambda _: Answer(302, headers={"Location": f"//x/?i={REQUEST_ID}"}),
    "what is no yes": lambda _: yes([REQUEST_ID, GRANTED]),
}


@pytest.mark.parametrize("falls", FALLS)
@pytest.mark.parametrize("route", SENT)
async def test_nothing_that_it_sends_shows_a_secret_in_an_error(account, route, falls):
    """Neither to a person, nor in the record, nor in the log with its trace and all its causes."""
    account.script.on(route, FALLS[falls](SENT[route]))
    lines = io.StringIO()
    log = make_log(lines, lambda: 0)  # it knows none of the secrets
    try:
        told = await account.broker.log_in(1)
        lines.write(repr(told) + msgspec.json.encode(told).decode())
    except OrdoError as error:
        log.exception("log-in failed", because=str(error))
        lines.write("".join(traceback.format_exception(error)))
    heard = lines.getvalue()

    assert heard
    secrets = {KEY, API_SECRET, GRANTED, BROUGHT, USER, PASSWORD, SEED, REQUEST_ID}
    codes = {each["twofa_value"] for each in account.sent(ENTER)}
    assert [each for each in secrets | codes if each in heard] == []
    assert leaks(None, heard) == []


async def test_a_defect_on_the_way_tells_of_no_secret_either(account, monkeypatch):
    def falls(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(headless, "led_to", falls)
    lines = io.StringIO()
    with pytest.raises(ZeroDivisionError) as caught:
        await account.broker.log_in(1)
    make_log(lines, lambda: 0).error("a port fell", exc_info=caught.value)

    assert "a defect" in lines.getvalue()
    assert [each for each in (KEY, USER, PASSWORD, SEED, BROUGHT) if each in lines.getvalue()] == []
