"""A session is made of what a person brings, is kept sealed, and ends at six in the morning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, time
from hashlib import sha256
from urllib.parse import parse_qs

import pytest

from daemon.brokers.zerodha import login
from daemon.brokers.zerodha.login import Grant
from daemon.brokers.zerodha.wire import Reply
from daemon.domain.instants import DAY_NS, IST, SECOND_NS, at, instant
from daemon.domain.orders.words import OrderAccepted, Purpose
from daemon.errors import (
    BrokerMisused,
    BrokerUnavailable,
    OutcomeUnknown,
    SessionRefused,
    WireGarbled,
)
from daemon.messages import LoggedIn, LoginFailed, StepWanted
from daemon.telemetry.redaction import Secret
from tests.kit.kite_account import (
    API_SECRET,
    BROUGHT,
    CONTRACTS,
    DAY,
    GRANTED,
    KEY,
    NOW,
    OURS,
    KiteAccount,
    approved,
    kite_account,
)
from tests.kit.kite_script import CLOSES, DEAD, PAGE, Answer, yes

SIX = at(DAY, time(6)) + DAY_NS


@pytest.fixture
async def account() -> AsyncIterator[KiteAccount]:
    async with kite_account() as made:
        yield made


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-08-18T05:59:59", "2026-08-18T06:00"),
        ("2026-08-18T06:00:00", "2026-08-19T06:00"),
        ("2026-08-18T23:59:59", "2026-08-19T06:00"),
    ],
)
def test_a_session_ends_at_the_next_six_in_the_morning(now, ends):
    told = [datetime.fromisoformat(each).replace(tzinfo=IST) for each in (now, ends)]

    assert login.ends_ns(instant(told[0])) == instant(told[1])


@pytest.mark.parametrize(
    "brought",
    [
        BROUGHT,
        f"  {BROUGHT}\n",
        f"https://127.0.0.1/?action=login&status=success&request_token={BROUGHT}",
        f"http://127.0.0.1:9/x?request_token={BROUGHT}&type=login#top",
    ],
)
def test_a_token_is_taken_by_itself_or_in_its_address(brought):
    assert login.request_token(Secret(brought)).reveal() == BROUGHT


@pytest.mark.parametrize(
    "brought", ["", "short", "two words1", "https://x/?code=1", "http://[", "ü" * 9]
)
def test_what_holds_no_token_is_refused_unquoted(brought):
    with pytest.raises(BrokerMisused, match="holds no request token") as caught:
        login.request_token(Secret(brought))
    assert not brought or brought not in str(caught.value)


def test_the_exchange_is_proven_by_a_checksum():
    sent = login.exchange(Secret(KEY), Secret(API_SECRET), Secret(BROUGHT))
    told = {name: value for name, (value,) in parse_qs(sent.body.decode()).items()}

    assert (sent.method, sent.path) == ("POST", "/session/token")
    assert told == {
        "api_key": KEY,
        "request_token": BROUGHT,
        "checksum": sha256(f"{KEY}{BROUGHT}{API_SECRET}".encode()).hexdigest(),
    }
    assert sent.content_type == "application/x-www-form-urlencoded"


def test_a_session_is_kept_as_one_text():
    grant = Grant(Secret("a b"), 17)

    assert login.recalled(login.kept(grant)) == grant
    for bad in ("", "x y", "17", "17 "):
        with pytest.raises(WireGarbled):
            login.recalled(Secret(bad))
    with pytest.raises(OutcomeUnknown):
        login.granted(Reply(200, b'{"data":{}}'), 1)


async def test_nobody_gets_a_session_without_a_person(account):
    (told,) = await account.broker.log_in(1)

    assert told == StepWanted(1, "the broker asks for a person once a day", NOW)
    assert not account.script.asked


async def test_what_a_person_brings_makes_a_session_that_is_shown_kept_and_used(account):
    account.bring()
    (told,) = await account.broker.log_in(3)

    assert told == LoggedIn(3, NOW, SIX)
    assert account.script.routes() == [
        "POST /session/token", "GET /user/profile", "GET /instruments"
    ]  # fmt: skip
    assert account.script.asked[1].headers["Authorization"] == f"token {KEY}:{GRANTED}"
    assert account.kept.held["access_token"].reveal() == f"{SIX} {GRANTED}"
    assert "request_token" not in account.kept.held


async def test_a_session_that_was_kept_is_used_after_a_restart(account):
    account.kept.keep("access_token", Secret(f"{SIX} {GRANTED}"))

    assert await account.broker.log_in(2) == (LoggedIn(2, NOW, SIX),)
    assert "POST /session/token" not in account.script.routes()


@pytest.mark.parametrize("is_kept", [True, False], ids=["it was kept", "it is exchanged"])
async def test_the_token_of_a_session_is_known_by_itself_to_whoever_cleans_the_log(
    account, is_kept
):
    """What is sealed is its end and its token as one text, which stands nowhere so."""
    if is_kept:
        account.kept.keep("access_token", Secret(f"{SIX} {GRANTED}"))
    else:
        account.bring()
    await account.broker.log_in(2)

    told = account.kept.known.without(f"403 for wss://x/?api_key=k&access_token={GRANTED}")
    assert told == "403 for wss://x/?api_key=k&access_token=***"


@pytest.mark.parametrize("kept", [f"{NOW} {GRANTED}", "scribble"])
async def test_a_session_that_is_over_or_unreadable_is_not_used(account, kept):
    account.kept.keep("access_token", Secret(kept))
    (told,) = await account.broker.log_in(2)

    assert isinstance(told, StepWanted)
    assert not account.script.asked


async def test_a_session_that_another_log_in_ended_asks_for_a_person(account):
    account.kept.keep("access_token", Secret(f"{SIX} {GRANTED}"))
    account.script.on("GET /user/profile", DEAD)
    (told,) = await account.broker.log_in(2)

    assert isinstance(told, StepWanted)
    assert "TokenException" in told.because


@pytest.mark.parametrize(("during", "before"), [("GET /user/profile", 1), ("GET /instruments", 2)])
async def test_a_session_that_is_refused_to_others_before_its_log_in_is_over_is_none(
    account, during, before
):
    """Everybody took it to stand until six, and nothing was asked of the broker any more."""
    ready = []
    account.broker.on_ready = lambda: ready.append(1)
    account.script.on("GET /orders", DEAD)
    come = account.script.hold(during)
    account.bring()
    logging_in = asyncio.create_task(account.broker.log_in(1))
    await account.script.until(before + 1)
    with pytest.raises(SessionRefused):
        await account.broker.find(OURS)
    come.set()
    (told,) = await logging_in

    assert told == LoginFailed(1, "Zerodha refused the session before its log-in was over", NOW)
    assert (account.client.session, account.refused, ready) == (None, [], [])


async def test_a_log_in_that_another_overtakes_brings_no_session(account):
    """The newer one's is used, and told by it alone."""
    come = account.script.hold("GET /instruments")
    account.bring()
    first = asyncio.create_task(account.broker.log_in(1))
    await account.script.until(3)
    second = asyncio.create_task(account.broker.log_in(2))
    await account.script.until(4)
    come.set()

    assert isinstance((await first)[0], LoginFailed)
    assert await second == (LoggedIn(2, NOW, SIX),)


async def test_an_exit_leaves_under_a_session_that_the_broker_has_not_shown_yet(account):
    await account.log_in()
    come = account.script.hold("GET /user/profile")
    account.client.leave()
    logging_in = asyncio.create_task(account.broker.log_in(2))
    await account.script.until(1)
    (taken,) = await account.broker.place(approved(purpose=Purpose.EXIT))
    come.set()

    assert taken == OrderAccepted(OURS, "15", NOW)
    assert await logging_in == (LoggedIn(2, NOW, SIX),)


async def test_a_token_that_was_used_before_asks_for_another(account):
    account.script.on("POST /session/token", DEAD)
    account.bring()
    (told,) = await account.broker.log_in(2)

    assert isinstance(told, StepWanted)
    assert account.refused == []


async def test_a_token_that_is_refused_leaves_the_session_that_stands(account):
    """Somebody pastes an old one while the daemon trades."""
    account.kept.keep("access_token", Secret(f"{SIX} {GRANTED}"))
    await account.broker.log_in(1)
    account.script.on("POST /session/token", DEAD)
    account.bring()

    assert await account.broker.log_in(2) == (LoggedIn(2, NOW, SIX),)
    assert account.script.asked[-1].headers["Authorization"] == f"token {KEY}:{GRANTED}"
    assert "request_token" not in account.kept.held


@pytest.mark.parametrize("failure", [CLOSES, PAGE])
async def test_an_exchange_without_an_answer_is_no_session_and_not_asked_again(account, failure):
    account.script.on("POST /session/token", failure)
    account.bring()
    with pytest.raises(OutcomeUnknown):
        await account.broker.log_in(2)

    assert account.script.routes() == ["POST /session/token"]


@pytest.mark.parametrize(
    "newer", ["", "wxyz9876Of0A0Page"], ids=["it alone", "another came meanwhile"]
)
async def test_a_token_that_never_left_is_kept_for_the_next_try(account, monkeypatch, newer):
    """It counts still, and the person who brought it has been told that it is tried again."""
    reached = account.client.exchange

    async def unreachable(_: object) -> None:
        if newer:
            account.kept.keep("request_token", Secret(newer))
        monkeypatch.setattr(account.client, "exchange", reached)
        raise BrokerUnavailable("nothing was sent")

    monkeypatch.setattr(account.client, "exchange", unreachable)
    account.bring()
    with pytest.raises(BrokerUnavailable):
        await account.broker.log_in(1)
    assert account.kept.held["request_token"].reveal() == (newer or BROUGHT)

    assert isinstance((await account.broker.log_in(2))[0], LoggedIn)
    assert f"request_token={newer or BROUGHT}&".encode() in account.script.asked[0].body
    assert "request_token" not in account.kept.held


@pytest.mark.parametrize("field", ["api_key", "api_secret"])
async def test_a_credential_that_is_missing_is_named(account, field):
    del account.kept.held[field]
    account.bring()
    with pytest.raises(BrokerMisused, match=f"no {field} .*ordo vault put"):
        await account.broker.log_in(1)


async def test_contracts_that_do_not_come_fail_the_log_in_and_the_next_finds_them(account):
    account.script.on("GET /instruments", PAGE)
    account.bring()
    with pytest.raises(BrokerUnavailable, match="the file of contracts"):
        await account.broker.log_in(1)
    account.script.on("GET /instruments", Answer(200, CONTRACTS.encode(), "text/csv"))

    assert await account.broker.log_in(2) == (LoggedIn(2, NOW, SIX),)


async def test_contracts_of_an_earlier_morning_are_fetched_again_a_minute_apart(account):
    early = at(DAY, time(8, 20))
    account.bring()
    await account.broker.log_in(1)
    asked = account.script.routes
    contracts, client = account.contracts, account.client
    await contracts.keep_up(client, early + DAY_NS, 60)
    await contracts.keep_up(client, early + DAY_NS + 59 * SECOND_NS, 60)
    assert asked().count("GET /instruments") == 2
    assert "before 08:30" in contracts.objection(early + DAY_NS)

    await contracts.keep_up(client, early + DAY_NS + 601 * SECOND_NS, 60)
    await contracts.keep_up(client, early + DAY_NS + 999 * SECOND_NS, 60)
    assert asked().count("GET /instruments") == 3


async def test_a_session_before_the_contracts_are_there_shows_names_and_orders_nothing(account):
    account.script.on("GET /instruments", yes({}))
    account.bring()
    with pytest.raises(WireGarbled):
        await account.broker.log_in(1)

    assert account.contracts.symbol_of("NFO", "X") == "NFO:X"
    assert "not there yet" in account.contracts.objection(NOW)
    with pytest.raises(BrokerMisused, match="not there yet"):
        account.contracts.of_symbol("SBIN")


def test_nothing_of_a_log_in_shows_a_secret():
    grant = Grant(Secret(GRANTED), 1)
    shown = repr(grant) + str(login.kept(grant)) + str(login.page(Secret(KEY), Secret("a state")))

    assert login.page(Secret(KEY), Secret("a&b")).reveal() == (
        f"https://kite.zerodha.com/connect/login?v=3&api_key={KEY}&redirect_params=state%3Da%2526b"
    )
    stand_in = login.page(Secret(KEY), Secret("a"), "http://127.0.0.1:9").reveal()
    assert stand_in.startswith("http://127.0.0.1:9/connect/login?v=3&api_key=")
    assert not any(secret in shown for secret in (GRANTED, KEY, API_SECRET))
