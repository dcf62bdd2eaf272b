"""The contracts of the day: those that were kept serve a start, and the broker's file the day."""

from __future__ import annotations

import asyncio
import threading
from datetime import date

import pytest

from daemon.brokers.zerodha import contracts as module
from daemon.brokers.zerodha.contracts import Contracts
from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.errors import BrokerUnavailable, SettingsError, WireGarbled
from tests.kit.kite_account import CALL, CONTRACTS, GRANTED, NOW, kite_account
from tests.kit.kite_script import HANGS, PAGE, Answer

LATE_S, HOUR_NS = 0.05, 3_600 * SECOND_NS
TOMORROW = NOW + DAY_NS
OF_CALL = "12517890,48898,NIFTY26AUG24350CE,NIFTY,0,2026-08-25,24350,0.05,65,CE,NFO-OPT,NFO\n"
STRIKES = tuple(range(24_400, 49_400, 50))
WHOLE = CONTRACTS + "".join(
    OF_CALL.replace("24350", f"{strike}").replace("12517890", f"{strike}2") for strike in STRIKES
)
WITHOUT_CALL = WHOLE.replace(OF_CALL, "")


def answer(text: str) -> Answer:
    """Return a file as the broker gives it."""
    return Answer(200, text.encode(), "text/csv")


class OnDisk:
    """A disk with one file or none."""

    def __init__(self, held: tuple[str, int] | None = None) -> None:
        self.held = held
        self.looks = 0
        self.is_full = False

    def find(self) -> tuple[str, int] | None:
        """Look for it."""
        self.looks += 1
        return self.held

    def keep(self, text: str, fetched_ns: int) -> None:
        """Put it there."""
        if self.is_full:
            raise SettingsError("the disk is full")
        self.held = text, fetched_ns


def over(disk: OnDisk) -> Contracts:
    """Return the contracts of an account that starts."""
    return Contracts(disk.find, disk.keep)


@pytest.fixture
async def account():
    async with kite_account() as made:
        await made.log_in()
        yield made


async def test_those_of_today_that_were_kept_serve_at_once(account):
    """The broker is asked once more behind them, for a contract may be new since then."""
    account.script.on("GET /instruments", HANGS)
    disk = OnDisk((CONTRACTS, NOW))
    contracts, told = over(disk), []
    contracts.on_fetched = lambda: told.append("there")
    for _ in range(3):
        await contracts.keep_up(account.client, NOW + HOUR_NS, 60)
    assert contracts.objection(NOW + HOUR_NS) == ""
    assert contracts.of_symbol(CALL).token == 12517890
    assert (told, disk.looks) == (["there"], 1)
    await contracts.close()


async def test_behind_those_that_were_kept_comes_what_is_new_since_then(account):
    contracts, come = over(OnDisk((CONTRACTS.replace(OF_CALL, ""), NOW))), asyncio.Event()
    contracts.on_fetched = come.set
    await contracts.keep_up(account.client, NOW + HOUR_NS, LATE_S)
    assert contracts.find(CALL) is None
    come.clear()
    await come.wait()
    assert contracts.find(CALL) is not None


async def test_those_of_another_day_serve_until_the_broker_gives_its_file(account):
    account.script.on("GET /instruments", PAGE)
    contracts = over(OnDisk((CONTRACTS, NOW)))
    await contracts.keep_up(account.client, TOMORROW, LATE_S)
    assert contracts.of_symbol(CALL).token == 12517890
    assert "those of 2026-08-18" in contracts.objection(TOMORROW)
    await asyncio.wait({contracts._fetching})

    account.answers()
    await contracts.keep_up(account.client, TOMORROW + HOUR_NS, 60)
    assert contracts.objection(TOMORROW + HOUR_NS) == ""


async def test_a_file_of_which_no_contract_can_be_read_takes_no_place_of_the_one_that_was_kept(
    account,
):
    body = CONTRACTS.replace(",65,CE", ",65.0,CE").encode()
    account.script.on("GET /instruments", Answer(200, body, "text/csv"))
    disk = OnDisk((CONTRACTS, NOW))
    contracts = over(disk)
    await contracts.keep_up(account.client, TOMORROW, 60)
    assert contracts.of_symbol(CALL).token == 12517890
    assert "those of 2026-08-18" in contracts.objection(TOMORROW)
    await contracts.close()
    assert disk.held == (CONTRACTS, NOW)


@pytest.mark.parametrize(
    "held",
    [None, ("no file of contracts", NOW), (CONTRACTS, NOW + HOUR_NS)],
    ids=["there is none", "it is none", "it is from the future"],
)
async def test_where_none_that_serves_was_kept_the_broker_is_asked(account, held):
    disk = OnDisk(held)
    contracts = over(disk)
    await contracts.keep_up(account.client, NOW, LATE_S)
    await contracts.close()
    assert account.script.routes() == ["GET /instruments"]
    assert disk.held == (CONTRACTS, NOW)

    account.script.on("GET /instruments", PAGE)
    with pytest.raises(BrokerUnavailable):
        await over(OnDisk(held)).keep_up(account.client, NOW, LATE_S)


async def test_what_cannot_be_kept_is_told_and_serves_all_the_same(account):
    disk, told = OnDisk(), []
    disk.is_full = True
    contracts = over(disk)
    contracts.on_amiss = told.append
    await contracts.keep_up(account.client, NOW, LATE_S)
    await contracts.close()
    assert contracts.find(CALL) is not None
    assert told == ["the disk is full; the next start waits for the contracts of the broker"]


async def test_without_a_session_nothing_is_asked_and_the_next_log_in_asks_at_once(account):
    """A daemon waits for its person over the open, with the contracts of the day before."""
    contracts = over(OnDisk((CONTRACTS, NOW)))
    session = account.client.session
    account.client.leave()
    await contracts.keep_up(account.client, TOMORROW, LATE_S)
    assert "those of 2026-08-18" in contracts.objection(TOMORROW)

    account.client.use(session)
    await contracts.keep_up(account.client, TOMORROW + SECOND_NS, 60)
    assert contracts.objection(TOMORROW + SECOND_NS) == ""


async def test_a_file_that_hangs_is_waited_for_once_and_shortly_where_one_was_kept(
    account, monkeypatch
):
    contracts, never = over(OnDisk((CONTRACTS, NOW))), asyncio.Event()

    async def hangs(*_: object) -> None:
        await never.wait()

    monkeypatch.setattr(contracts, "_fetch", hangs)
    await contracts.keep_up(account.client, TOMORROW, LATE_S)
    async with asyncio.timeout(10):
        await contracts.keep_up(account.client, TOMORROW + SECOND_NS, 3_600)
    assert contracts.find(CALL) is not None
    await contracts.close()


async def test_behind_those_of_today_the_broker_is_asked_until_his_file_came(account):
    account.script.on("GET /instruments", PAGE)
    contracts, asked = over(OnDisk((CONTRACTS, NOW))), account.script.routes
    await contracts.keep_up(account.client, NOW + HOUR_NS, LATE_S)
    await asyncio.wait({contracts._fetching})
    tries = len(asked())
    assert tries > 0
    await contracts.keep_up(account.client, NOW + HOUR_NS + 59 * SECOND_NS, LATE_S)
    assert len(asked()) == tries

    account.answers()
    for seconds in (60, 120, 180):
        await contracts.keep_up(account.client, NOW + HOUR_NS + seconds * SECOND_NS, LATE_S)
        await asyncio.wait({contracts._fetching})
    assert len(asked()) == tries + 1
    await contracts.close()


async def test_who_is_called_off_while_it_is_read_leaves_the_kept_file_to_the_next(account):
    disk = OnDisk((CONTRACTS, NOW))
    read, go = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow() -> tuple[str, int] | None:
        loop.call_soon_threadsafe(read.set)
        go.wait(10)
        return disk.find()

    contracts = Contracts(slow)
    first = asyncio.create_task(contracts.keep_up(account.client, NOW, LATE_S))
    await read.wait()
    first.cancel()
    await asyncio.wait({first})
    go.set()
    account.script.on("GET /instruments", HANGS)
    await contracts.keep_up(account.client, NOW, LATE_S)
    assert contracts.find(CALL) is not None
    await contracts.close()


async def test_one_that_cannot_be_trusted_is_told_and_the_broker_asked(account):
    def spoilt() -> tuple[str, int] | None:
        raise SettingsError("it is not whole")

    contracts, told = Contracts(spoilt), []
    contracts.on_amiss = told.append
    await contracts.keep_up(account.client, NOW, LATE_S)
    assert contracts.find(CALL) is not None
    assert told == ["it is not whole; the contracts of the broker are waited for"]


async def test_why_the_broker_s_file_is_refused_is_told_once_until_one_comes(account):
    contracts, told = over(OnDisk((CONTRACTS, NOW))), []
    contracts.on_amiss = told.append
    strange = Answer(200, f"{GRANTED},{CONTRACTS}".encode(), "text/csv")
    whole = Answer(200, CONTRACTS.encode(), "text/csv")
    account.script.on("GET /instruments", strange, strange, whole, strange)
    times = [TOMORROW + minute * 60 * SECOND_NS for minute in range(3)]
    for at_ns in (*times, TOMORROW + DAY_NS):
        await contracts.keep_up(account.client, at_ns, 60)
    assert contracts.find(CALL) is not None
    assert told == [told[0]] * 2
    assert "have not come: the broker's file of contracts begins with '***,instr" in told[0]
    await contracts.close()


async def test_an_option_that_contradicts_itself_is_left_out_and_told_once(account):
    line = "12517891,48899,NIFTY2682724400CE,NIFTY,0,2026-08-25,24400,0.05,65,CE,NFO-OPT,NFO\n"
    contracts, told = over(OnDisk((CONTRACTS + line, NOW))), []
    contracts.on_amiss = told.append
    expiry = date(2026, 8, 25)
    assert contracts.options("NIFTY", expiry) == ()
    account.script.on("GET /instruments", HANGS)
    await contracts.keep_up(account.client, NOW, LATE_S)
    for _ in range(2):
        assert [each.symbol for each in contracts.options("NIFTY", expiry)] == [CALL]
    (text,) = told
    assert text.startswith("1 of the options of NIFTY that expire on 2026-08-25 are left out")
    assert text.endswith(": NFO:NIFTY2682724400CE")
    await contracts.close()


async def test_options_of_other_lots_than_ours_are_listed_and_told_of_once(account):
    other = CONTRACTS.replace(",65,CE,NFO-OPT,NFO", ",30,CE,NFO-OPT,NFO")
    contracts, told = over(OnDisk((other, NOW))), []
    contracts.on_amiss = told.append
    account.script.on("GET /instruments", HANGS)
    await contracts.keep_up(account.client, NOW, LATE_S)
    for _ in range(2):
        assert [each.symbol for each in contracts.options("NIFTY", date(2026, 8, 25))] == [CALL]
    (text,) = told
    assert text.startswith(f"Zerodha trades {CALL} in lots of 30, and the lot is 65 by Ordo's own")
    await contracts.close()


async def test_where_nothing_was_kept_a_file_that_hangs_is_named_and_waited_for(
    account, monkeypatch
):
    monkeypatch.setattr(module, "_PATIENCE_S", LATE_S)
    contracts, go = Contracts(), asyncio.Event()
    fetch = contracts._fetch

    async def late(*given: object) -> None:
        await go.wait()
        await fetch(*given)

    monkeypatch.setattr(contracts, "_fetch", late)
    with pytest.raises(BrokerUnavailable, match="file of contracts has not come within 0 s"):
        await contracts.keep_up(account.client, NOW, LATE_S)
    go.set()
    monkeypatch.setattr(module, "_PATIENCE_S", 60)
    await contracts.keep_up(account.client, NOW, LATE_S)
    assert contracts.find(CALL) is not None
    assert account.script.routes() == ["GET /instruments"]


async def test_two_who_ask_at_once_have_those_that_were_kept(account):
    disk = OnDisk((CONTRACTS, NOW))
    contracts = over(disk)
    both = [contracts.keep_up(account.client, NOW, LATE_S) for _ in range(2)]
    await asyncio.gather(*both)
    assert disk.looks == 1
    await contracts.close()


@pytest.mark.parametrize("since_ns", [HOUR_NS, DAY_NS], ids=["of the day", "of the day before"])
async def test_a_file_that_lacks_an_exchange_takes_no_place_and_is_asked_for_again(
    account, since_ns
):
    lacking = "".join(line for line in WHOLE.splitlines(True) if not line.endswith("NFO\n"))
    account.script.on("GET /instruments", answer(lacking), answer(WHOLE))
    disk, told = OnDisk((WHOLE, NOW)), []
    contracts, at_ns = over(disk), NOW + since_ns
    contracts.on_amiss = told.append
    for seconds in (0, 59):
        await contracts.keep_up(account.client, at_ns + seconds * SECOND_NS, 60)
        await asyncio.wait({contracts._fetching})
    assert contracts.find(CALL) is not None
    assert (disk.held, len(account.script.routes())) == ((WHOLE, NOW), 1)
    (text,) = told
    assert "is not whole: of 501 of NFO that were listed before and have not expired it" in text
    assert text.endswith("; they are asked for again")

    for seconds in (60, 120, 180):
        await contracts.keep_up(account.client, at_ns + seconds * SECOND_NS, 60)
        await asyncio.wait({contracts._fetching})
    await contracts.close()
    assert contracts.objection(at_ns + 60 * SECOND_NS) == ""
    assert (disk.held, len(account.script.routes())) == ((WHOLE, at_ns + 60 * SECOND_NS), 2)


async def test_a_contract_that_a_newer_file_lacks_stays_for_what_is_held_and_is_not_entered(
    account,
):
    account.script.on("GET /instruments", answer(WITHOUT_CALL))
    disk, told = OnDisk((WHOLE, NOW)), []
    contracts = over(disk)
    contracts.on_amiss = told.append
    await contracts.keep_up(account.client, TOMORROW, 60)
    await contracts.close()
    assert contracts.objection(TOMORROW) == ""
    listed = contracts.of_symbol(CALL)
    assert contracts.symbol_of("NFO", "NIFTY26AUG24350CE") == CALL
    assert "Zerodha lists no" in contracts.objection_to_entry(listed, TOMORROW)
    options = contracts.options("NIFTY", date(2026, 8, 25))
    assert sorted(each.parts.strike_e4 // 10_000 for each in options) == list(STRIKES)
    assert {contracts.objection_to_entry(each, TOMORROW) for each in options} == {""}
    (text,) = told
    assert "lacks futures and options that have not expired, 1 in all" in text
    assert text.endswith(": NFO:NIFTY26AUG24350CE")

    account.script.on("GET /instruments", HANGS)
    for again in (over(disk), Contracts(disk.find)):  # a start, and the guardian
        again.on_amiss = told.append
        await again.keep_up(account.client, TOMORROW, LATE_S)
        assert again.of_symbol(CALL) == listed
        assert "Zerodha lists no" in again.objection_to_entry(listed, TOMORROW)
        await again.close()
    assert told == [text]


async def test_where_nothing_was_kept_a_file_without_derivatives_is_none(account):
    account.script.on("GET /instruments", answer(CONTRACTS.replace(OF_CALL, "")))
    with pytest.raises(WireGarbled, match="is not whole: it has nothing of NFO"):
        await Contracts().keep_up(account.client, NOW, LATE_S)
