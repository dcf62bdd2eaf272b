"""An account at Zerodha keeps its session sealed, and tells its keeper when that is refused."""

from __future__ import annotations

import asyncio
from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.actors.session_keeper import SessionKeeper
from daemon.app.at_brokers.accounts import accounts_of
from daemon.app.at_brokers.at_zerodha import at_zerodha
from daemon.brokers.door import Door
from daemon.brokers.zerodha.client import WRITES_DENIED
from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.domain.instants import at as instant
from daemon.errors import SessionRefused
from daemon.messages import (
    AccountRead,
    Ask,
    Declined,
    LoggedIn,
    ReadAccount,
    RenewSession,
    StepWanted,
    TakeStep,
)
from daemon.messages.arming import SeeSession
from daemon.ports.market import LinkMoved, MarketReady, SessionLost
from daemon.runtime.clock import VirtualClock
from daemon.runtime.words import Call, Started
from daemon.settings import Broker, Settings
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.acting import alarms, others, shown
from tests.kit.canary import planted
from tests.kit.kite_account import (
    API_SECRET,
    BROUGHT,
    CALL,
    CONTRACTS,
    DAY,
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


class Keeping:
    """An account with its keeper, told each word of the broker's before the answer to its log-in.

    Args:
        vault: of the account.
        script: the broker.
    """

    def __init__(self, vault, script) -> None:
        (account,) = accounts_of(Settings(), strict=False)
        self.wall, self.words = VirtualClock(NOW), []
        opener = at_zerodha(
            vault, lambda _, word: self.words.append(word), self.wall, at(script.url), _unheard
        )
        self.opened = opener(account, None, self.wall.now_ns)
        self.door = Door(self.opened.broker, self.wall.now_ns, lambda *_: "", 8_000)
        self._keeper, self._alarms = SessionKeeper("paper", "zerodha:paper"), []

    async def tell(self, *messages) -> list:
        """Tell the keeper these and all that follows; return what is shown."""
        seen, left = [], [*messages]
        while left:
            effects = self._keeper.handle(left.pop(0), self.wall.now_ns())
            self._alarms += alarms(effects)
            seen += [view.answer for view in shown(effects)]
            for call in others(effects, Call):
                answers = await self.door.ask(call.request)
                left += [*self.words, *answers]
                self.words.clear()
        return seen

    async def later(self) -> None:
        """Read the account, and a minute later ring what is due."""
        await self.door.ask(ReadAccount())
        told, self.words = self.words, []
        await self.tell(*told)
        self.wall.advance(60 * SECOND_NS)
        due = [alarm for alarm in self._alarms if alarm[0] <= self.wall.now_ns()]
        self._alarms = [alarm for alarm in self._alarms if alarm not in due]
        await self.tell(*(message for _, message in due))

    async def state(self) -> str:
        """Where the session stands."""
        (said,) = await self.tell(Ask(3, SeeSession()))
        return said


async def test_a_session_that_is_refused_while_its_log_in_still_runs_is_made_anew(vault):
    vault.put("paper", {"request_token": Secret(BROUGHT)}, NOW)
    async with scripted_kite() as script:
        script.on("POST /session/token", yes({"access_token": GRANTED}))
        script.on("GET /user/profile", yes({"user_id": "AB1234"}))
        file = Answer(200, CONTRACTS.encode(), "text/csv")
        script.on("GET /instruments", file, DEAD, file)
        script.on("GET /orders", yes([]))
        script.on("GET /portfolio/positions", yes({"net": [], "day": []}))
        script.on("GET /portfolio/holdings", yes([]))
        kept = Keeping(vault, script)
        await kept.tell(Started())
        kept.wall.advance(DAY_NS)
        vault.put("paper", {"request_token": Secret(BROUGHT)}, kept.wall.now_ns())
        (said,) = await kept.tell(Ask(7, TakeStep("operator")))
        assert isinstance(said, Declined)
        assert await kept.state() != "READY"
        await kept.later()
        assert await kept.state() == "READY"
        (*_, read) = await kept.door.ask(ReadAccount())
        await kept.opened.close()

    assert isinstance(read, AccountRead)


@pytest.mark.parametrize("whoever", ["a reading", "the ticker"])
async def test_a_keeper_that_takes_a_session_to_stand_hears_that_nobody_has_it(vault, whoever):
    """However it came to that."""
    vault.put("paper", {"request_token": Secret(BROUGHT)}, NOW)
    async with scripted_kite() as script, asyncio.timeout(10):
        script.on("POST /session/token", yes({"access_token": GRANTED}))
        script.on("GET /user/profile", yes({"user_id": "AB1234"}))
        script.on("GET /instruments", Answer(200, CONTRACTS.encode(), "text/csv"))
        kept = Keeping(vault, script)
        await kept.tell(Started())
        kept.opened.broker._client.leave()
        if whoever == "a reading":
            await kept.door.ask(ReadAccount())
        else:
            kept.opened.market.want((), (CALL,))
            listening = asyncio.create_task(kept.opened.market.listen(lambda _: None))
            while not kept.words:  # noqa: ASYNC110  a try
                await asyncio.sleep(0)
            listening.cancel()
            await asyncio.wait({listening})
        assert kept.words[0] == RenewSession("paper", 1)
        assert await kept.state() == "READY"
        await kept.tell(*kept.words)
        assert kept.opened.broker._client.session.generation == 2
        assert await kept.state() == "READY"
        await kept.opened.close()


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


async def test_an_account_that_only_tells_prices_lists_what_is_new_today_after_an_early_log_in(
    vault,
):
    """A log-in without a person is due before the broker makes the file of the day."""
    wall = VirtualClock(instant(DAY, time(7, 40)))
    new = CALL.replace("24350", "24400")
    line = next(line for line in CONTRACTS.splitlines(keepends=True) if "24350CE" in line)
    later = CONTRACTS + line.replace("24350", "24400").replace("12517890", "12517891")
    vault.put("paper", {"request_token": Secret(BROUGHT)}, wall.now_ns())
    heard = []
    async with scripted_kite() as script:
        script.on("POST /session/token", yes({"access_token": GRANTED}))
        script.on("GET /user/profile", yes({"user_id": "AB1234"}))
        files = [Answer(200, text.encode(), "text/csv") for text in (CONTRACTS, later)]
        script.on("GET /instruments", *files)
        opener = at_zerodha(vault, lambda *_: None, wall, at(script.url), _unheard)
        (account,) = accounts_of(Settings(), strict=False)
        opened = opener(account, None, wall.now_ns)
        market = opened.market
        assert market is not None
        assert not await market.keep_up()
        assert isinstance((await opened.broker.log_in(1))[0], LoggedIn)
        listening = asyncio.get_running_loop().create_task(market.listen(heard.append))
        assert not await market.keep_up()
        wall.set(instant(DAY, time(9, 10)))
        assert (market.lists(CALL), market.lists(new)) == (True, False)
        assert await market.keep_up()
        assert market.lists(new)
        listening.cancel()
        await asyncio.wait({listening})
        assert opened.close is not None
        await opened.close()

    assert MarketReady(renewed=False) in heard


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
