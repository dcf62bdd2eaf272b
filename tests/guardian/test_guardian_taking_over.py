"""Taking over on paper: what is open at the exchange is closed, by whomever it was opened."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.app.machine.holding import held
from daemon.brokers.door import Door
from daemon.brokers.paper import Paper
from daemon.brokers.paper_exchange import exchange
from daemon.domain.instants import at
from daemon.domain.market.frames import Frame
from daemon.domain.orders.words import IntentRecorded, OrderAccepted, OrderUpdated, Purpose, State
from daemon.errors import BrokerUnavailable, OrdoError, OutcomeUnknown, SessionRefused, StoreError
from daemon.guardian.decision import Daemon, Exposure
from daemon.guardian.exposure import exposure_of, open_in, seen
from daemon.guardian.paper_world import PaperWorld, entered
from daemon.guardian.taking_over import Takeover, is_ours, latch
from daemon.guardian.telling import ALERT, Teller
from daemon.guardian.watch import daemon_of
from daemon.messages import (
    AccountUnread,
    CodeLoaded,
    EpochBegan,
    ExitFinished,
    ExitOwed,
    LinkDied,
    Place,
    PositionChanged,
    ReadAccount,
)
from daemon.settings import Settings, load
from daemon.storage.exclusive import exclusively, is_held, last_holder
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from daemon.twin.file import SqliteFile
from daemon.twin.generator.market import Generator
from daemon.twin.latency import Latency
from daemon.twin.words import OrderType, Side, TwinOrder
from tests.kit import crashes
from tests.kit.facts import INTENT, ORIGIN
from tests.kit.stores import InSchema, audited

DAY = date(2026, 3, 9)
NOON = at(DAY, time(12))
BOOK = "exchange.sqlite"
CALL, PUT = "NIFTY-2026-03-10-22900-CE", "NIFTY-2026-03-10-22900-PE"
RESTS_E4 = 200_000
"""Below the bid for the put at noon, and inside its band: a purchase rests there."""


def settings_of(folder: Path, **environ: str) -> Settings:
    return load(None, {"ORDO_DAEMON__STATE_DIR": str(folder), "ORDO_FEED__SPEED": "max", **environ})


@cache
def shown_at_noon() -> list[Frame]:
    return Generator(1).day(DAY).newest(NOON)


def traded(folder: Path, *orders: tuple[str, Side, int, int], name: str = BOOK) -> None:
    """Leave an exchange in which somebody traded at noon; a price of 0 is the touch."""
    newest = shown_at_noon()
    quotes = {symbol: quote for frame in newest for symbol, quote in frame.quotes.items()}
    with closing(SqliteFile(folder / name)) as file:
        twin = exchange(100_000_000_000, Latency(), file)
        twin.prime(newest, NOON)
        for number, (symbol, side, quantity, price_e4) in enumerate(orders):
            quote = quotes[symbol]
            touch_e4 = quote.ask_e4 if side is Side.BUY else quote.bid_e4
            wanted = TwinOrder(
                f"X{number}", symbol, side, quantity, OrderType.LIMIT, price_e4 or touch_e4, NOON
            )
            twin.place(wanted, NOON)


def reach(folder: Path, at_ns: int) -> None:
    """Leave a record that has come to an instant."""
    with closing(StoredLedger(SqliteStore(folder / "ledger.sqlite"), "owner")) as ledger:
        ledger.append((LinkDied(at_ns),), ORIGIN, at_ns)


def files_open() -> int:
    """Return how many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def takeover(tmp_path, said):
    settings = settings_of(tmp_path)
    return Takeover(settings, Teller(tmp_path, said.append))


async def test_positions_and_orders_that_stand_in_no_book_of_ours_are_closed_too(
    tmp_path, takeover, said
):
    """A short, a long, an order that rests; the short is bought back before the long is sold."""
    bought = (PUT, Side.BUY, 130, 0), (PUT, Side.BUY, 65, RESTS_E4)
    traded(tmp_path, (CALL, Side.SELL, 65, 0), *bought)
    assert f"buy 65 {PUT} rests" in open_in(seen(tmp_path / BOOK))
    assert exposure_of(settings_of(tmp_path)) is Exposure.OPEN
    assert await takeover.run("no beat")
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT

    day = crashes.read(tmp_path)
    assert crashes.ours(day) == crashes.theirs(day) == {}
    exits = [f.intent for f in day.of(IntentRecorded) if f.intent.purpose is Purpose.EXIT]
    assert [(each.symbol, each.side.value) for each in exits] == [(CALL, "buy"), (PUT, "sell")]
    assert len(day.of(EpochBegan)) == 1
    assert {f.exit_id for f in day.of(ExitOwed)} == {f.exit_id for f in day.of(ExitFinished)}
    assert [f.state for f in day.of(OrderUpdated) if f.intent_id == exits[0].intent_id][-1:] == [
        State.FILLED
    ]
    assert all(f.net_quantity == 0 for f in day.of(PositionChanged)[-2:])
    (pulled,) = kill.standing(tmp_path)
    assert (pulled.by, pulled.kind, pulled.scope) == ("guardian", "kill", "all")
    assert "closed everything" in (tmp_path / ALERT).read_text()
    assert last_holder(tmp_path) is None


@pytest.mark.untraced
async def test_what_is_flat_is_left_as_it_is_and_nothing_is_recorded_but_the_run(
    tmp_path, takeover
):
    traded(tmp_path, (CALL, Side.SELL, 65, 0), (CALL, Side.BUY, 65, 0))
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT
    assert await takeover.run("no beat")
    assert crashes.read(tmp_path).of(ExitOwed) == []


@pytest.mark.untraced
async def test_a_ledger_on_a_server_is_as_good(tmp_path, said, postgres):
    kept = InSchema(postgres)
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    settings = settings_of(tmp_path, ORDO_LEDGER__URL=kept.url)
    assert await Takeover(settings, Teller(tmp_path, said.append)).run("no beat")
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT
    assert audited(kept).broken is None
    assert not (tmp_path / "ledger.sqlite").exists()


@pytest.mark.untraced
async def test_every_account_is_closed_and_what_is_recorded_of_each_bears_its_mark(tmp_path, said):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    traded(tmp_path, (PUT, Side.SELL, 65, 0), name="exchange.second.sqlite")
    assert await Takeover(two_accounts(tmp_path), Teller(tmp_path, said.append)).run("no beat")
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT

    day = crashes.read(tmp_path)
    exits = [f.intent for f in day.of(IntentRecorded) if f.intent.purpose is Purpose.EXIT]
    assert {(each.account, each.symbol) for each in exits} == {("paper", CALL), ("second", PUT)}
    assert len({each.intent_id for each in exits}) == 2
    assert {f.account for f in day.of(ExitOwed)} == {"", "second"}
    assert {f.account for f in day.of(PositionChanged)} == {"", "second"}


def two_accounts(folder: Path) -> Settings:
    text = '[[accounts]]\nid = "{}"\nbroker = "paper"\n'
    file = folder / "settings.toml"
    file.write_text("".join(map(text.format, ("paper", "second"))))
    return load(file, {"ORDO_DAEMON__STATE_DIR": str(folder), "ORDO_FEED__SPEED": "max"})


@pytest.mark.untraced
@pytest.mark.parametrize("late", ["paper", "second"])
async def test_it_is_over_only_once_all_accounts_were_flat_and_read_at_once(
    tmp_path, said, monkeypatch, late
):
    """One cannot be read for a while, and when it can the other, which was flat, cannot."""
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    traded(tmp_path, (PUT, Side.SELL, 65, 0), name="exchange.second.sqlite")
    asks, doors, reads = Door.ask, list[Door](), Counter[str]()

    async def ask(door: Door, request: object) -> Sequence[object]:
        if door not in doors:
            doors.append(door)
        account = ("paper", "second")[doors.index(door)]
        if isinstance(request, ReadAccount):
            reads[account] += 1
            away = range(1, 8) if account == late else range(7, 20)
            if reads[account] in away:
                return (AccountUnread("the line is down", NOON),)
        return await asks(door, request)

    monkeypatch.setattr(Door, "ask", ask)
    assert await Takeover(two_accounts(tmp_path), Teller(tmp_path, said.append)).run("no beat")
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT
    assert min(reads.values()) >= 20


@pytest.fixture
def asks_of(monkeypatch) -> Callable[[Callable[[str, object], Awaitable[None]]], None]:
    """Let a script go before all that is asked of `paper` and of `second`."""
    monkeypatch.setattr(PaperWorld, "patience_s", 0.02)

    def scripted(script: Callable[[str, object], Awaitable[None]]) -> None:
        asks, doors = Door.ask, list[Door]()

        async def ask(door: Door, request: object) -> Sequence[object]:
            if door not in doors:
                doors.append(door)
            await script(("paper", "second")[doors.index(door)], request)
            return await asks(door, request)

        monkeypatch.setattr(Door, "ask", ask)

    return scripted


@pytest.mark.untraced
@pytest.mark.parametrize("hangs", ["paper", "second"])
async def test_an_account_whose_broker_hangs_holds_up_no_other(tmp_path, said, asks_of, hangs):
    """It answers only once nothing of the other is open any more."""
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    traded(tmp_path, (PUT, Side.SELL, 65, 0), name="exchange.second.sqlite")
    books = {"paper": tmp_path / BOOK, "second": tmp_path / "exchange.second.sqlite"}
    goes_on = asyncio.Event()

    async def script(account: str, request: object) -> None:
        if account == hangs:
            await goes_on.wait()
        elif isinstance(request, ReadAccount) and not open_in(seen(books[account])):
            assert open_in(seen(books[hangs])) or goes_on.is_set()
            goes_on.set()

    asks_of(script)
    async with asyncio.timeout(20):
        assert await Takeover(two_accounts(tmp_path), Teller(tmp_path, said.append)).run("no beat")
    assert exposure_of(two_accounts(tmp_path)) is Exposure.FLAT


@pytest.mark.parametrize("slow", [("paper",), ("second",), ("paper", "second")])
async def test_rounds_that_end_in_the_pause_show_all_flat_too(
    tmp_path, said, asks_of, monkeypatch, slow
):
    """A book that takes longer than is waited for, and less than until the next look."""
    reach(tmp_path, NOON)
    pauses, goes_on, alerts = asyncio.Event(), PaperWorld.go_on, list[str]()

    async def script(account: str, request: object) -> None:
        if account in slow and isinstance(request, ReadAccount):
            await pauses.wait()

    async def pause(world: PaperWorld) -> Any:
        alerts.append((tmp_path / ALERT).read_text())
        pauses.set()
        assert len(alerts) < 20, "it goes round and round"
        await asyncio.sleep(0.1)
        pauses.clear()
        return await goes_on(world)

    asks_of(script)
    monkeypatch.setattr(PaperWorld, "go_on", pause)
    assert await Takeover(two_accounts(tmp_path), Teller(tmp_path, said.append)).run("no beat")
    for account in ("paper", "second"):
        unanswered = f"the book of {account} has not answered yet" in alerts[0]
        assert unanswered is (account in slow)


async def test_what_one_account_was_asked_is_heard_before_another_ends_the_try(
    tmp_path, said, asks_of, monkeypatch
):
    """An order that is on its way when a session is refused is no order in doubt."""
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    placed = asyncio.Event()

    async def script(_: str, request: object) -> None:
        if isinstance(request, Place):
            placed.set()
            await asyncio.sleep(0.1)

    async def ready(_: PaperWorld, account: str) -> str:
        if account == "second" and placed.is_set():
            raise SessionRefused("no session")
        return ""

    asks_of(script)
    monkeypatch.setattr(PaperWorld, "ready", ready)
    with pytest.raises(SessionRefused):
        await Takeover(two_accounts(tmp_path), Teller(tmp_path, said.append)).run("no beat")
    day = crashes.read(tmp_path)
    (exits,) = [f.intent for f in day.of(IntentRecorded) if f.intent.purpose is Purpose.EXIT]
    assert [f.intent_id for f in day.of(OrderAccepted)] == [exits.intent_id]


async def test_a_guardian_that_is_ended_waits_for_no_broker(tmp_path, said, asks_of):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    asked = asyncio.Event()

    async def script(_: str, __: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    asks_of(script)
    takeover = Takeover(two_accounts(tmp_path), Teller(tmp_path, said.append))
    run = asyncio.create_task(takeover.run("no beat"))
    async with asyncio.timeout(10):
        await asked.wait()
    run.cancel()
    await asyncio.wait({run}, timeout=10)
    assert run.cancelled()
    assert not is_held(tmp_path)


async def test_where_no_account_can_be_closed_from_here_it_is_over_at_once(
    tmp_path, takeover, monkeypatch
):
    @contextmanager
    def shut(*of: Any) -> Iterator[PaperWorld]:
        with entered(*of) as world:
            world.doors.clear()
            yield world

    monkeypatch.setattr("daemon.guardian.taking_over.entered", shut)
    assert await takeover.run("no beat")
    assert crashes.read(tmp_path).of(ExitOwed) == []


async def test_every_order_is_durable_before_it_is_asked_of_the_broker(
    tmp_path, takeover, monkeypatch
):
    traded(tmp_path, (CALL, Side.SELL, 65, 0), (PUT, Side.BUY, 65, 0))
    asks, known = Door.ask, list[bool]()

    async def ask(door: Door, request: object) -> Sequence[object]:
        if isinstance(request, Place):
            recorded = [fact.intent for fact in crashes.read(tmp_path).of(IntentRecorded)]
            known.append(request.approved.intent in recorded)
        return await asks(door, request)

    monkeypatch.setattr(Door, "ask", ask)
    assert await takeover.run("no beat")
    assert known == [True, True]


@pytest.mark.untraced
async def test_an_account_that_holds_something_at_another_broker_is_told_of_and_left_alone(
    tmp_path, said
):
    """What is held with money is not bought back on paper; all else is closed."""
    text = '[[accounts]]\nid = "{}"\nbroker = "paper"\n'
    file = tmp_path / "settings.toml"
    file.write_text("".join(map(text.format, ("paper", "zed"))))
    environ = {"ORDO_DAEMON__STATE_DIR": str(tmp_path), "ORDO_FEED__SPEED": "max"}
    sold = replace(INTENT, account="zed", symbol=CALL, quantity=65)
    filled = OrderUpdated(sold.intent_id, "1", State.FILLED, 65, 65 * sold.price_e4, NOON)
    begun = CodeLoaded("1", "", "", 1, NOON, home="paper", modes={"zed": "live"})
    with closing(StoredLedger(SqliteStore(tmp_path / "ledger.sqlite"), "owner")) as ledger:
        ledger.append((begun, IntentRecorded(sold, NOON), filled), ORIGIN, NOON)
    traded(tmp_path, (PUT, Side.SELL, 65, 0))
    traded(tmp_path, (CALL, Side.SELL, 65, 0), name="exchange.zed.sqlite")

    assert not await Takeover(load(file, environ), Teller(tmp_path, said.append)).run("no beat")
    exits = [f.intent for f in crashes.read(tmp_path).of(IntentRecorded)][1:]
    assert {(each.account, each.symbol) for each in exits} == {("paper", PUT)}
    told = (tmp_path / ALERT).read_text()
    assert "closed what it knows" in told
    assert f"account zed holds {CALL} at a live broker by the records" in told


@pytest.mark.untraced
async def test_a_second_takeover_pulls_no_second_latch_and_has_ids_of_its_own(tmp_path, takeover):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    assert await takeover.run("no beat")
    assert await takeover.run("no beat")
    assert len(kill.standing(tmp_path)) == 1
    assert [f.epoch for f in crashes.read(tmp_path).of(EpochBegan)] == [1, 2]


async def test_a_folder_that_somebody_else_holds_is_left_to_him(tmp_path, takeover):
    """Here the holder is this very process, so that nothing can be ended."""
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    with exclusively(tmp_path):
        (tmp_path / "daemon.lock").write_text("daemon 1 1\n")
        with pytest.raises(StoreError, match="runs on the state folder"):
            await takeover.run("no beat")
    assert exposure_of(settings_of(tmp_path)) is Exposure.OPEN


async def test_a_daemon_that_has_begun_just_now_is_left_alone_and_not_latched(tmp_path, takeover):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    with exclusively(tmp_path), pytest.raises(OrdoError, match="begun just now"):
        await takeover.run("no beat", ends=False)
    assert kill.standing(tmp_path) == ()


async def test_where_nobody_holds_the_folder_it_is_taken_over_though_none_is_to_be_ended(
    tmp_path, takeover
):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    assert await takeover.run("no beat", ends=False)
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT


async def test_what_is_held_and_what_rests_is_priced_and_what_is_over_is_not(
    tmp_path, takeover, monkeypatch
):
    """A broker is asked for no more quotes than are needed."""
    traded(tmp_path, (CALL, Side.SELL, 65, 0), (PUT, Side.BUY, 65, RESTS_E4))
    asked = list[set[str]]()

    async def price(self: PaperWorld, account: str, symbols: Sequence[str]) -> str:
        asked.append(set(symbols))
        return ""

    monkeypatch.setattr(PaperWorld, "price", price)
    assert await takeover.run("no beat")
    assert (asked[0], asked[-1]) == ({CALL, PUT}, set())


async def test_a_takeover_that_is_tried_again_and_again_leaves_no_file_open(tmp_path, takeover):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    (tmp_path / "emergency").mkdir()
    open_files = []
    for _ in range(4):
        with pytest.raises(StoreError, match="emergency file"):
            await takeover.run("no beat")
        open_files.append(files_open())
    assert len(set(open_files[1:])) == 1


async def test_a_lock_of_which_the_kernel_knows_nothing_ends_nobody_whom_it_names(
    tmp_path, takeover, monkeypatch
):
    """From before the machine started again: now number and instant are a stranger's."""
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    with exclusively(tmp_path):
        left = (tmp_path / "daemon.lock").read_text()
    (tmp_path / "daemon.lock").write_text(left)
    monkeypatch.setattr("daemon.guardian.taking_over.end", lambda _: pytest.fail("it was ended"))
    assert daemon_of(tmp_path) is Daemon.THERE
    assert await takeover.run("no beat")
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT


@pytest.mark.untraced
async def test_a_daemon_that_cannot_be_ended_is_told_of_behind_its_fence(
    tmp_path, takeover, monkeypatch
):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    monkeypatch.setattr("daemon.guardian.taking_over.end", lambda _: False)
    with exclusively(tmp_path):
        with pytest.raises(OrdoError, match="cannot be ended from here"):
            await takeover.run("no beat")
        assert (tmp_path / "fence").exists()
        assert len(kill.standing(tmp_path)) == 1
    assert exposure_of(settings_of(tmp_path)) is Exposure.OPEN
    assert await takeover.run("no beat")
    assert not (tmp_path / "fence").exists()


async def test_what_is_open_in_accounts_that_the_settings_lack_is_named_and_all_else_closed(
    tmp_path, takeover
):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    traded(tmp_path, (PUT, Side.SELL, 65, 0), name="exchange.second.sqlite")
    traded(tmp_path, name="exchange.third.sqlite")
    (tmp_path / "exchange.torn.sqlite").write_bytes(b"no exchange" * 1_000)
    assert not await takeover.run("no beat")
    told = (tmp_path / ALERT).read_text()
    assert "exchange.second.sqlite holds -65 NIFTY-2026-03-10-22900-PE" in told
    assert "no such account" in told
    assert "third" not in told
    assert "exchange.torn.sqlite cannot be read" in told
    assert "closed what it knows" in told
    assert crashes.theirs(crashes.read(tmp_path)) == {}


async def test_a_takeover_that_failed_holds_nothing_and_the_next_one_ends_nobody_for_it(
    tmp_path, takeover
):
    """Its process lives on: a daemon that waited for it would wait for ever."""
    (tmp_path / "ledger.sqlite").write_bytes(b"no ledger" * 1_000)
    for _ in range(2):
        with pytest.raises(StoreError):
            await takeover.run("no beat")
        assert daemon_of(tmp_path) is Daemon.GONE
    assert not (tmp_path / "fence").exists()
    async with held(tmp_path, pytest.fail):
        assert daemon_of(tmp_path) is Daemon.THERE


@pytest.mark.untraced
async def test_a_latch_that_the_disk_refuses_is_told_and_closing_goes_on(tmp_path, takeover, said):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    (tmp_path / "killed").write_text("")
    assert await takeover.run("no beat")
    assert any("no latch stands" in line for line in said)
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT


async def test_a_latch_that_the_disk_refused_stands_once_all_is_closed(
    tmp_path, takeover, monkeypatch
):
    (tmp_path / "killed").write_text("")

    async def closes(*_) -> bool:
        (tmp_path / "killed").unlink()
        return True

    monkeypatch.setattr(Takeover, "_close", closes)
    assert await takeover.run("no beat")
    assert [each.by for each in kill.standing(tmp_path)] == ["guardian"]


@pytest.mark.parametrize(
    "other",
    [
        kill.Latch("kill-guardian-1", "kill", "strategy", "s", "", "guardian", 0),
        kill.Latch("kill-0a1b2c3d", "kill", "all", "", "", "guardian", 0),
        kill.Latch("kill-guardian-1", "kill", "all", "", "", "somebody", 0),
        kill.Latch("kill-guardian-1", "pause", "all", "", "", "guardian", 0),
    ],
)
def test_a_latch_that_looks_like_a_guardians_keeps_it_from_none_of_its_own(tmp_path, other):
    kill.pull(tmp_path, other)
    assert not is_ours(other)
    assert latch(tmp_path, "no beat") == ""
    assert len(kill.standing(tmp_path)) == 2
    assert latch(tmp_path, "no beat") == ""
    assert len([each for each in kill.standing(tmp_path) if is_ours(each)]) == 1
    assert len(kill.standing(tmp_path)) == 2


def test_a_latch_gets_the_first_name_that_is_free(tmp_path):
    assert latch(tmp_path, "no beat") == ""
    (first,) = kill.standing(tmp_path)
    kill.release(tmp_path, first.latch_id)
    kill.pull(tmp_path, kill.Latch("kill-guardian-1", "pause", "all", "", "", "somebody", 0))
    assert latch(tmp_path, "no beat") == ""
    assert [each.latch_id for each in kill.standing(tmp_path)] == [
        "kill-guardian-1",
        "kill-guardian-2",
    ]


@pytest.mark.parametrize(
    ("wall", "exposure"), [(time(12), Exposure.OPEN), (time(15, 31), Exposure.WAITING)]
)
def test_what_is_open_waits_while_the_exchange_does_not_trade(tmp_path, wall, exposure):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    with closing(SqliteFile(tmp_path / "exchange.sqlite")) as file:
        twin = exchange(0, Latency(), file)
        twin.advance(at(DAY, wall))
        twin.place(
            TwinOrder("Y", CALL, Side.BUY, 65, OrderType.LIMIT, 5, at(DAY, wall)), at(DAY, wall)
        )
    assert exposure_of(settings_of(tmp_path)) is exposure


def test_an_order_that_rests_is_told_with_what_is_left_of_it(tmp_path):
    """Five lots are asked for, and four on offer."""
    traded(tmp_path, (CALL, Side.BUY, 325, 0))
    assert open_in(seen(tmp_path / BOOK)) == [f"+260 {CALL}", f"buy 65 {CALL} rests"]


def test_what_the_record_has_reached_counts_as_well(tmp_path):
    """After the trade at noon the daemon has seen prices until the close."""
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    reach(tmp_path, at(DAY, time(15, 31)))
    assert exposure_of(settings_of(tmp_path)) is Exposure.WAITING
    (tmp_path / "ledger.sqlite").write_bytes(b"no ledger" * 1_000)
    assert exposure_of(settings_of(tmp_path)) is Exposure.OPEN


@pytest.mark.parametrize(
    ("day", "exposure"),
    [
        (date(2027, 1, 1), Exposure.OPEN),
        (date(2027, 1, 2), Exposure.WAITING),
        (date(2027, 1, 26), Exposure.WAITING),
    ],
    ids=["a weekday", "a weekend", "a day that is closed every year"],
)
def test_on_a_day_that_no_table_knows_what_is_open_waits_where_it_may_not_trade(
    tmp_path, day, exposure
):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    reach(tmp_path, at(day, time(12)))
    assert exposure_of(settings_of(tmp_path)) is exposure


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("wall", "missing"),
    [(time(15, 30), "-65 NIFTY"), (time(15, 29, 59), "two readings that show all flat")],
)
async def test_where_the_day_has_no_more_prices_what_is_missing_is_told_and_the_folder_let_go_of(
    tmp_path, takeover, said, wall, missing
):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    reach(tmp_path, at(DAY, wall))
    assert not await takeover.run("no beat")
    assert "the market is over for today" in said[-1]
    assert missing in said[-1]
    assert last_holder(tmp_path) is None


@pytest.mark.parametrize("name", [BOOK, "exchange.second.sqlite"])
def test_one_account_that_holds_something_is_enough(tmp_path, name):
    for each in (BOOK, "exchange.second.sqlite"):
        traded(tmp_path, *([(CALL, Side.SELL, 65, 0)] if each == name else []), name=each)
    assert exposure_of(settings_of(tmp_path)) is Exposure.OPEN


def test_a_book_that_cannot_be_read_is_not_flat(tmp_path):
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT
    (tmp_path / "exchange.sqlite").write_bytes(b"no database at all, whatever is said of it" * 100)
    assert exposure_of(settings_of(tmp_path)) is Exposure.UNREAD
    (tmp_path / "exchange.sqlite").unlink()
    SqliteFile(tmp_path / "exchange.sqlite").close()
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT


@pytest.mark.untraced
async def test_a_broker_that_cannot_be_read_for_a_while_is_asked_until_it_can(
    tmp_path, takeover, said, monkeypatch
):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    read, failures = Paper.read, [BrokerUnavailable("the line is down")] * 3

    async def reads(paper):
        if failures:
            raise failures.pop()
        return await read(paper)

    monkeypatch.setattr(Paper, "read", reads)
    assert await takeover.run("no beat")
    assert any("cannot be read: the line is down" in line for line in said)
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT


@pytest.mark.untraced
async def test_beside_an_order_that_cannot_be_understood_what_is_held_is_closed_and_not_called_flat(
    tmp_path, takeover, said, monkeypatch
):
    """Of somebody else's single odd order everything stood open until the close."""
    traded(tmp_path, (CALL, Side.SELL, 65, 0), (PUT, Side.BUY, 65, 0))
    read, seen = Paper.read, []

    async def reads(paper):
        *news, whole = await read(paper)
        seen.append(exposure_of(settings_of(tmp_path)))
        if seen.count(Exposure.FLAT) > 20:
            return (*news, whole)
        return (*news, AccountUnread("order 99 cannot be understood", whole.at_ns, partly=whole))

    monkeypatch.setattr(Paper, "read", reads)
    assert await takeover.run("no beat")
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT
    assert any("may still fill: order 99 cannot be understood" in line for line in said)
    assert seen.count(Exposure.FLAT) > 20, "it went on for as long as that order was there"
    day = crashes.read(tmp_path)
    exits = [f.intent for f in day.of(IntentRecorded) if f.intent.purpose is Purpose.EXIT]
    assert [(each.symbol, each.side.value) for each in exits] == [(CALL, "buy"), (PUT, "sell")]


async def test_options_are_closed_though_the_shares_of_earlier_days_cannot_be_read(
    tmp_path, takeover, monkeypatch
):
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    read = Paper.read

    async def reads(paper):
        *news, whole = await read(paper)
        return (*news, AccountUnread("no answer", whole.at_ns, answered=True, sharesless=whole))

    monkeypatch.setattr(Paper, "read", reads)
    assert await takeover.run("no beat")
    assert exposure_of(settings_of(tmp_path)) is Exposure.FLAT


@pytest.mark.untraced
async def test_where_an_answer_is_lost_the_order_is_found_and_none_is_sent_beside_it(
    tmp_path, takeover, monkeypatch
):
    """The exchange filled it; the next reading tells."""
    traded(tmp_path, (CALL, Side.SELL, 65, 0))
    place = Paper.place

    async def lost(paper, approved):
        await place(paper, approved)
        raise OutcomeUnknown("no answer in time")

    monkeypatch.setattr(Paper, "place", lost)
    assert await takeover.run("no beat")
    day = crashes.read(tmp_path)
    assert crashes.sent_twice(day) == []
    assert [trade.side for trade in day.trades] == [Side.SELL, Side.BUY]
    assert crashes.ours(day) == crashes.theirs(day) == {}


async def test_a_try_that_follows_a_hindered_one_says_only_what_is_new(tmp_path, monkeypatch):
    said: list[str] = []
    takeover = Takeover(settings_of(tmp_path), Teller(tmp_path, said.append))

    def hindered(_: Takeover) -> None:
        raise StoreError("the ledger is locked")

    monkeypatch.setattr(Takeover, "_records", hindered)
    for because in ("it is silent", "it is silent", "it is gone"):
        with pytest.raises(StoreError, match="locked"):
            await takeover.run(because)
    assert said == ["PAPER  takes over: it is silent", "PAPER  takes over: it is gone"]
