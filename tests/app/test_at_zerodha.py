"""An account at Zerodha keeps its session sealed, and tells its keeper when that is refused."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from msgspec.structs import replace

from daemon.app.accounts import accounts_of
from daemon.app.at_zerodha import at_zerodha
from daemon.brokers.zerodha.client import WRITES_DENIED
from daemon.errors import SessionRefused
from daemon.messages import LoggedIn, RenewSession, StepWanted
from daemon.ports.market import LinkMoved, MarketReady, SessionLost
from daemon.runtime.clock import VirtualClock
from daemon.settings import Broker, Settings
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.canary import planted
from tests.kit.kite_account import (
    API_SECRET,
    BROUGHT,
    CALL,
    CONTRACTS,
    GRANTED,
    KEY,
    NOW,
    OURS,
    approved,
)
from tests.kit.kite_script import DEAD, HANGS, Answer, scripted_kite, yes


@pytest.fixture
def vault(tmp_path) -> Vault:
    made = Vault(Place(tmp_path))
    made.begin(NOW)
    made.put("paper", {"api_key": Secret(KEY), "api_secret": Secret(API_SECRET)}, NOW)
    return made


def _unheard(sentence: str) -> None:
    raise AssertionError(f"nothing goes wrong here: {sentence}")


def at(url: str) -> Broker:
    """What is set for a stand-in, whose ticker is nowhere."""
    return Broker(api_root=url, ws_root="ws://127.0.0.1:1")


async def test_a_session_is_sealed_used_and_its_refusal_told_to_its_keeper(tmp_path, vault):
    told = []
    wall = VirtualClock(NOW)
    vault.put("paper", {"request_token": Secret(BROUGHT)}, NOW)
    async with scripted_kite() as script:
        script.on("POST /session/token", yes({"access_token": GRANTED}))
        script.on("GET /user/profile", yes({"user_id": "AB1234"}))
        script.on("GET /instruments", Answer(200, CONTRACTS.encode(), "text/csv"))
        script.on("GET /orders", DEAD)
        opener = at_zerodha(
            vault, lambda to, word: told.append((to, word)), wall, at(script.url), _unheard
        )
        (account,) = accounts_of(Settings(), strict=False)
        opened = opener(account, None, wall.now_ns)
        assert isinstance((await opened.broker.log_in(4))[0], LoggedIn)
        with pytest.raises(SessionRefused):
            await opened.broker.find(OURS)
        assert opened.close is not None
        await opened.close()

    assert told == [("session_keeper:paper", RenewSession("paper", 4))]
    assert {row.field for row in vault.rows()} == {"api_key", "api_secret", "access_token"}
    assert vault.open("paper", "access_token").reveal().endswith(f" {GRANTED}")
    assert GRANTED not in vault.path.read_text(encoding="utf-8")


async def test_that_orders_alone_are_refused_is_told_to_whoever_runs_the_daemon_once(vault):
    told, said, wall = [], [], VirtualClock(NOW)
    vault.put("paper", {"request_token": Secret(BROUGHT)}, NOW)
    async with scripted_kite() as script:
        script.on("POST /session/token", yes({"access_token": GRANTED}))
        script.on("GET /user/profile", yes({"user_id": "AB1234"}))
        script.on("GET /instruments", Answer(200, CONTRACTS.encode(), "text/csv"))
        script.on("POST /orders/regular", DEAD)
        opener = at_zerodha(
            vault, lambda _, word: told.append(word), wall, at(script.url), said.append
        )
        (account,) = accounts_of(Settings(), strict=False)
        opened = opener(account, None, wall.now_ns)
        for generation in (4, 5, 6, 7):
            await opened.broker.log_in(generation)
            await opened.broker.place(approved())
        assert opened.close is not None
        await opened.close()

    assert told == [RenewSession("paper", 4), RenewSession("paper", 5)]
    assert said == [WRITES_DENIED]


async def test_prices_are_told_with_the_session_and_the_contracts_that_come_with_a_login(vault):
    heard = []
    wall = VirtualClock(NOW)
    vault.put("paper", {"request_token": Secret(BROUGHT)}, NOW)
    async with scripted_kite() as script, asyncio.timeout(10):
        script.on("POST /session/token", yes({"access_token": GRANTED}))
        script.on("GET /user/profile", yes({"user_id": "AB1234"}))
        script.on("GET /instruments", Answer(200, CONTRACTS.encode(), "text/csv"))
        opener = at_zerodha(vault, lambda *_: None, wall, at(script.url), _unheard)
        (account,) = accounts_of(Settings(), strict=False)
        opened = opener(account, None, wall.now_ns)
        market, expiry = opened.market, date(2026, 8, 25)
        assert market is not None
        assert (market.lists(CALL), list(market.options("NIFTY", expiry))) == (False, [])
        listening = asyncio.get_running_loop().create_task(market.listen(heard.append))
        await asyncio.sleep(0)
        assert isinstance((await opened.broker.log_in(4))[0], LoggedIn)
        market.want((), (CALL,))
        market.renew()
        while not any(isinstance(each, LinkMoved) for each in heard):  # noqa: ASYNC110  a try
            await asyncio.sleep(0)
        assert (market.lists(CALL), list(market.options("NIFTY", expiry))) == (True, [CALL])
        assert list(market.options("BANKNIFTY", expiry)) == []
        listening.cancel()
        await asyncio.wait({listening})
        await opened.close()

    assert heard[:3] == [SessionLost(0), MarketReady(renewed=False), MarketReady(renewed=True)]


async def test_a_daemon_that_starts_again_lists_what_it_listed_before_without_the_brokers_file(
    vault,
):
    wall, said = VirtualClock(NOW), []
    vault.put("paper", {"request_token": Secret(BROUGHT)}, NOW)
    async with scripted_kite() as script:
        script.on("POST /session/token", yes({"access_token": GRANTED}))
        script.on("GET /user/profile", yes({"user_id": "AB1234"}))
        script.on("GET /instruments", Answer(200, CONTRACTS.encode(), "text/csv"), HANGS)
        opener = at_zerodha(vault, lambda *_: None, wall, at(script.url), said.append)
        (account,) = accounts_of(Settings(), strict=False)
        for life in (1, 2):
            opened = opener(account, None, wall.now_ns)
            assert opened.market is not None
            assert isinstance((await opened.broker.log_in(life))[0], LoggedIn)
            assert opened.market.lists(CALL)
            assert opened.close is not None
            await opened.close()

    assert said == []


@pytest.mark.parametrize("headless", [True, False])
async def test_only_an_account_that_was_set_so_logs_in_without_a_person(vault, headless):
    """That the vault could is not enough, and what was tried lies sealed in it."""
    wall = VirtualClock(NOW)
    seed = "CANARYSEEDCANARYSEEDCANARYSEEDCA"
    fields = {"user_id": "AB1234", "password": planted("password"), "totp_secret": seed}
    vault.put("paper", {field: Secret(text) for field, text in fields.items()}, NOW)
    async with scripted_kite() as script:
        script.on("POST /api/login", yes({"request_id": "r"}))
        script.on("POST /api/twofa", yes({}))
        leads = {"Location": f"/login?request_token={BROUGHT}"}
        script.on("GET /connect/login", Answer(302, headers=leads))
        script.on("POST /session/token", yes({"access_token": GRANTED}))
        script.on("GET /user/profile", yes({"user_id": "AB1234"}))
        script.on("GET /instruments", Answer(200, CONTRACTS.encode(), "text/csv"))
        opener = at_zerodha(vault, lambda *_: None, wall, at(script.url), _unheard)
        (account,) = accounts_of(Settings(), strict=False)
        opened = opener(replace(account, headless_login=headless), None, wall.now_ns)
        (told,) = await opened.broker.log_in(1)
        assert opened.close is not None
        await opened.close()

    assert isinstance(told, LoggedIn if headless else StepWanted)
    assert ("POST /api/login" in script.routes()) == headless
    assert ("login_attempts" in {row.field for row in vault.rows()}) == headless
