from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import time
from fractions import Fraction
from threading import Event
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.actors.market_feed import MarketFeed
from daemon.actors.timekeeper import Timekeeper
from daemon.app import service
from daemon.app.at_brokers.connections import Opened, on_paper
from daemon.app.given import wiring
from daemon.app.given.assignment import Assignment, GeneratedDays
from daemon.app.machine.host import Host
from daemon.app.machine.telemetry import bare
from daemon.app.service import Service
from daemon.app.shown import ports
from daemon.brokers.paper import Paper
from daemon.cli.engine import accounts_for
from daemon.control import Refusal
from daemon.control.reads import Reads
from daemon.domain.instants import at
from daemon.domain.market.notes import NoteKind
from daemon.domain.plans.parsing import encode
from daemon.errors import BrokerError, StoreError, TooManyRestarts
from daemon.guardian.decision import Daemon as Known
from daemon.guardian.listening import Heard, listening
from daemon.guardian.watch import daemon_of
from daemon.jobs.preflight import square_off
from daemon.jobs.preflight.square_off import Closes
from daemon.messages import (
    AlertRaised,
    BasketEnded,
    DayOpened,
    EntriesPaused,
    EntryDecided,
    ExitFinished,
    KillStaged,
    Latched,
    LatchKind,
    Noted,
    PositionChanged,
    Pulse,
    Released,
    Scope,
)
from daemon.runtime import tasks
from daemon.runtime.clock import MonotonicClock
from daemon.runtime.pace import Pace
from daemon.settings import Account, Daemon, Settings, Web
from daemon.storage import emergency
from daemon.storage.fence import put_up, stands
from daemon.storage.ledger import StoredLedger
from daemon.storage.reserve import Needs
from daemon.telemetry.tracing import SpansInMemory
from daemon.worlds import Generated, Step
from tests.kit.generated import preset_market
from tests.kit.plans import ROOT, parse

STRADDLE = parse((ROOT / "strategies" / "nifty_short_straddle.toml").read_text())
MINE = replace(STRADDLE, id="mine")
SPEED = Fraction(60)
BY_HAND = b"""{"symbol": "NIFTY-2025-09-02-24550-CE", "side": "buy", "order_type": "market",
              "quantity": 75}"""


class Seen:
    """A watcher that remembers, and lets a test wait for what it waits for."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.facts: list[Any] = []
        self._waiting: list[tuple[Callable[[], bool], asyncio.Event]] = []

    def begin(self, modes) -> None:
        pass

    def say(self, text: str) -> None:
        self.said.append(text)
        self._look()

    def ready(self, url: str) -> None:
        self.say(f"ordo ready {url}".rstrip())

    def show(self, view: object) -> None:
        self._look()

    def tell(self, fact: object, origin: object, at_ns: int) -> None:
        self.facts.append(fact)
        self._look()

    def of(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait until something is so; looked at whenever anything is seen."""
        if not so():
            event = asyncio.Event()
            self._waiting.append((so, event))
            async with asyncio.timeout(60):
                await event.wait()

    def _look(self) -> None:
        for so, event in self._waiting:
            if so():
                event.set()

    @property
    def url(self) -> str:
        (ready,) = [text for text in self.said if text.startswith("ordo ready")]
        return ready.removeprefix("ordo ready ").partition("/#")[0]


def assignment(folder, *, enabled: bool = True) -> Assignment:
    """The shipped straddle on the preset generated day, two seconds before its entry."""
    settings = Settings(daemon=Daemon(state_dir=folder / "state"), web=Web(enabled=enabled, port=0))
    market = preset_market()
    day = next(market.days())
    return Assignment(
        settings=settings,
        accounts=accounts_for(settings, [STRADDLE]),
        plans=(STRADDLE,),
        taking=frozenset({STRADDLE.id}),
        played=GeneratedDays(market, at(day, time(9, 19, 58)), until=day),
        folder=folder / "state",
    )


class Running:
    """A daemon under test."""

    def __init__(self, task: asyncio.Task[Any], seen: Seen, given: Assignment) -> None:
        self.task = task
        self.seen = seen
        self.state_dir = given.state_dir

    async def stopped(self) -> signal.Signals | None:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(60):
            return await self.task

    @property
    def token(self) -> str:
        return (self.state_dir / "operator.token").read_text().strip()


@asynccontextmanager
async def running(
    given: Assignment, speed: Fraction | None = SPEED, host: Host | None = None
) -> AsyncIterator[Running]:
    seen, pace = Seen(), Pace(MonotonicClock(), speed)
    task = asyncio.ensure_future(Service(given, seen, pace, lambda *_: None, host).run())
    task.add_done_callback(lambda _: seen.say("over"))
    try:
        await seen.until(lambda: any(t.startswith(("ordo ready", "over")) for t in seen.said))
        yield Running(task, seen, given)
    finally:
        task.cancel()
        await asyncio.wait({task})


def in_position(seen: Seen) -> Callable[[], bool]:
    return lambda: len({fact.leg_id for fact in seen.of(PositionChanged)}) == 2


async def test_it_is_ready_once_the_books_agree_and_ends_when_it_is_asked_to(tmp_path):
    async with running(assignment(tmp_path)) as daemon:
        async with aiohttp.ClientSession() as web:
            answers = [await web.get(daemon.seen.url + path) for path in ("/api/ready", "/")]
        assert [answer.status for answer in answers] == [200, 200]
        assert await daemon.stopped() is signal.SIGTERM


async def test_a_strategy_that_leaves_after_its_broker_closes_is_told_at_the_start(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(square_off.CLOSES, "paper", Closes(time(15, 20), time(15, 20)))
    async with running(assignment(tmp_path)) as daemon:
        (told,) = (text for text in daemon.seen.said if text.startswith("ALERT"))
    assert told == (
        f"ALERT {STRADDLE.id}: paper closes intraday positions by itself at 15:20:00, and exit.at"
        " is 15:20:00; write exit.at = 15:20:00 or earlier"
    )


async def test_one_that_is_asked_to_end_before_its_books_are_read_was_ready_to_its_manager_alone(
    tmp_path, monkeypatch
):
    """Who waits for a log-in hangs in no start."""
    started = []

    async def never_read(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    monkeypatch.setattr(service.Books, "begin", never_read)
    monkeypatch.setattr(service.Unit, "ready", lambda _: started.append("ready"))
    async with running(assignment(tmp_path)) as daemon:
        assert await daemon.task is signal.SIGTERM
    assert started == ["ready"]
    assert not any("ordo ready" in text for text in daemon.seen.said)


async def test_one_that_is_asked_to_end_while_it_reads_its_records_ends_in_order(
    tmp_path, monkeypatch
):
    records = service.records

    def asked(*given: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return records(*given)

    monkeypatch.setattr(service, "records", asked)
    async with running(assignment(tmp_path)) as daemon:
        assert await daemon.task is signal.SIGTERM
        assert daemon.seen.facts == []
        assert daemon_of(daemon.state_dir) is Known.STOPPED


@pytest.mark.untraced
async def test_a_kill_by_signal_at_the_very_end_is_latched(tmp_path):
    def killed(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)

    given = assignment(tmp_path, enabled=False)
    late = replace(given.played, begins_ns=at(given.played.until, time(15, 39)))
    given = replace(given, played=late)
    assert await Service(given, Seen(), Pace(MonotonicClock(), None), killed).run() is None
    (latch,) = kill.standing(given.state_dir)
    assert (latch.kind, latch.by) == ("kill", "signal")


async def test_a_day_that_is_told_anew_is_recorded_before_any_actor_is_built(tmp_path, monkeypatch):
    day = next(preset_market().days())
    anew = (DayOpened(day, (), at(day, time(9, 15))), Noted(NoteKind.HOURS, "others", 0))
    past, recalled = GeneratedDays.past, []

    def told_anew(self: GeneratedDays, kept: Any) -> Any:
        return replace(past(self, kept), anew=anew)

    class Recalling(Timekeeper):
        def __init__(self, *given: Any, facts: Any = (), **options: Any) -> None:
            known = tuple(facts)
            recalled.extend(known)
            super().__init__(*given, facts=known, **options)

    monkeypatch.setattr(GeneratedDays, "past", told_anew)
    monkeypatch.setattr(wiring, "Timekeeper", Recalling)
    async with running(assignment(tmp_path)) as daemon:
        raised = [fact.condition.code for fact in daemon.seen.of(AlertRaised)]
        assert await daemon.stopped() is signal.SIGTERM
    assert [fact for fact in recalled if type(fact) in (DayOpened, Noted)] == list(anew)
    assert raised == ["hours_changed"]


async def test_it_answers_while_a_day_takes_long_to_be_read(tmp_path, monkeypatch):
    answered, waited = Event(), []

    def slow(self: Generated) -> Iterator[Step]:
        waited.append(answered.wait(30))
        yield from steps(self)

    steps = Generated.steps
    monkeypatch.setattr(Generated, "steps", slow)
    async with running(assignment(tmp_path)) as daemon, aiohttp.ClientSession() as web:
        assert (await web.get(daemon.seen.url + "/api/ready")).status == 200
        answered.set()
        await daemon.seen.until(in_position(daemon.seen))
    assert waited == [True]


async def test_it_tells_how_it_is_and_what_was_measured(tmp_path):
    async with running(assignment(tmp_path)) as daemon, aiohttp.ClientSession() as web:
        await daemon.seen.until(in_position(daemon.seen))
        bearer = {"Authorization": f"Bearer {daemon.token}"}
        answer = await web.get(daemon.seen.url + "/api/admin/health", headers=bearer)
        health = await answer.json()
        answer = await web.get(daemon.seen.url + "/metrics", headers=bearer)
        metrics = await answer.text()

    assert health["ledger"]["ok"]
    assert health["ledger"]["round_trip_ms"] > 0
    assert {each["name"] for each in health["actors"]} >= {"feed", "router:paper", "watchdog"}
    assert all(each["beat_age_ms"] is not None for each in health["actors"])
    assert 'broker_calls_total{op="place",status="ok"} 2.0' in metrics
    assert "ordo_decision_to_send_seconds_count 2.0" in metrics
    assert 'ordo_actor_restarts_total{actor="watchdog"} 0.0' in metrics
    assert "ordo_frame_to_decision_seconds_count 0.0" not in metrics


async def test_a_request_is_followed_from_its_route_to_the_broker(tmp_path):
    spans = SpansInMemory()
    telemetry = replace(bare(), tracer=spans)
    async with (
        running(assignment(tmp_path), host=Host(telemetry=telemetry)) as daemon,
        aiohttp.ClientSession() as web,
    ):
        await daemon.seen.until(in_position(daemon.seen))
        headers = {"Authorization": f"Bearer {daemon.token}", "X-Request-Id": "mine"}
        url = f"{daemon.seen.url}/api/strategies/{STRADDLE.id}/exit"
        answer = await web.post(url, headers=headers, json={})
        assert answer.status == 200
        await daemon.seen.until(lambda: bool(daemon.seen.of(ExitFinished)))
        names = [each.name for each in spans.of("mine")]

    assert "POST /api/strategies/{strategy_id}/exit" in names
    assert names.count("router:paper ExitByHand") == 2  # the verb, and the message
    assert names.count("paper:paper place") == 2


async def test_a_first_reading_that_fails_is_asked_for_again(tmp_path, monkeypatch):
    read, failures = Paper.read, ["down"]

    async def failing(paper):
        if failures:
            raise BrokerError(failures.pop())
        return await read(paper)

    monkeypatch.setattr(Paper, "read", failing)
    async with asyncio.timeout(20), running(assignment(tmp_path)) as daemon:
        assert daemon.seen.said[0].startswith("ordo ready")
        await daemon.stopped()


async def test_without_a_control_port_it_is_ready_all_the_same(tmp_path):
    async with running(assignment(tmp_path, enabled=False)) as daemon:
        assert daemon.seen.said == ["ordo ready"]
        assert await daemon.stopped() is signal.SIGTERM


async def test_it_tells_how_its_actors_are(tmp_path):
    async with running(assignment(tmp_path)) as daemon:
        headers = {"Authorization": f"Bearer {daemon.token}"}
        async with aiohttp.ClientSession(headers=headers) as web:
            health = await (await web.get(daemon.seen.url + "/api/admin/health")).json()
        assert {"feed", "router:paper", "watchdog", "pnl_broadcaster", "request_clerk"} <= {
            actor["name"] for actor in health["actors"]
        }
        await daemon.stopped()


async def test_a_router_that_is_too_busy_to_answer_once_does_not_end_the_daemon(
    tmp_path, monkeypatch
):
    async with running(assignment(tmp_path)) as daemon:
        with monkeypatch.context() as busy:
            busy.setattr(Reads, "accounts", unanswered)
            await daemon.seen.until(lambda: len(daemon.seen.said) > 1)
        assert daemon.seen.said[1] == "latches and arms were not compared: router:paper is busy"
        assert await daemon.stopped() is signal.SIGTERM


async def unanswered(reads):
    raise Refusal("no_answer", "router:paper is busy")


async def test_the_signal_of_a_kill_latches_and_flattens(tmp_path):
    async with running(assignment(tmp_path)) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        os.kill(os.getpid(), signal.SIGUSR1)
        await daemon.seen.until(
            lambda: [staged.stage for staged in daemon.seen.of(KillStaged)][-1:] == ["flat"]
        )
        assert [latch.by for latch in kill.standing(daemon.state_dir)] == ["signal"]
        assert {fact.net_quantity for fact in daemon.seen.of(PositionChanged)[-2:]} == {0}
        assert await daemon.stopped() is signal.SIGTERM


async def test_what_was_bought_by_hand_is_left_by_hand_while_entries_are_paused(tmp_path):
    async with running(assignment(tmp_path)) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        held = daemon.seen.of(PositionChanged)[-1]
        quantity = held.bought_quantity + held.sold_quantity
        order = {"symbol": held.symbol, "side": "buy", "order_type": "market", "quantity": quantity}
        posts = (
            ("order", order),
            ("pause", {"scope": "all", "reason": "lunch"}),
            ("strategies/manual/exit", {"leg_id": held.symbol}),
        )
        headers = {"Authorization": f"Bearer {daemon.token}"}
        async with aiohttp.ClientSession(headers=headers) as web:
            for path, body in posts:
                answer = await web.post(
                    f"{daemon.seen.url}/api/{path}", json=body, headers={"X-Request-Id": path[:5]}
                )
                assert answer.status == 200, await answer.text()
        await daemon.seen.until(
            lambda: "manual" in {each.strategy_id for each in daemon.seen.of(ExitFinished)}
        )
        await daemon.stopped()


async def test_a_kill_by_signal_whose_latch_the_disk_refuses_says_so_and_flattens_all_the_same(
    tmp_path,
):
    async with running(assignment(tmp_path)) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        (daemon.state_dir / kill.FOLDER).write_text("in the way")
        os.kill(os.getpid(), signal.SIGUSR1)
        await daemon.seen.until(lambda: bool(daemon.seen.of(ExitFinished)))
        assert any("kill by signal does not stand" in text for text in daemon.seen.said)
        await daemon.stopped()


async def test_a_stop_leaves_the_position_and_the_next_start_finds_it_with_its_levels(tmp_path):
    given = assignment(tmp_path)
    async with running(given) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        await daemon.stopped()
    async with running(given) as again:
        (account,) = [fact for fact in await seen_risk(again) if fact["legs"]]
        assert [leg["quantity"] for leg in account["legs"]] == [-65, -65]
        assert all(leg["stop"] > leg["entry"] for leg in account["legs"])
        assert again.seen.of(EntryDecided) == []
        await again.stopped()


async def test_what_a_strategy_holds_where_it_traded_before_is_left_by_its_name(tmp_path):
    """Another account was put before its own in the settings, and it names none."""

    def in_accounts(*names: str) -> Assignment:
        given = assignment(tmp_path)
        accounts = tuple(Account(id=name, broker="paper") for name in names)
        settings = replace(given.settings, accounts=accounts)
        return replace(given, settings=settings, accounts=accounts_for(settings, [STRADDLE]))

    async with running(in_accounts("alpha", "beta")) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        await daemon.stopped()
    async with running(in_accounts("beta", "alpha")) as again:
        headers = {"Authorization": f"Bearer {again.token}", "X-Request-Id": "leave"}
        address = f"{again.seen.url}/api/strategies/{STRADDLE.id}@alpha/exit"
        async with aiohttp.ClientSession(headers=headers) as web:
            answer = await web.post(address, json={})
            assert answer.status == 200, await answer.text()
        await again.seen.until(lambda: bool(again.seen.of(ExitFinished)))
        moved = [fact for fact in again.seen.of(PositionChanged) if fact.account != "beta"]
        assert {fact.net_quantity for fact in moved} == {0}
        await again.stopped()


async def seen_risk(daemon: Running) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {daemon.token}"}
    async with aiohttp.ClientSession(headers=headers) as web:
        answer = await web.get(daemon.seen.url + "/api/portfolio/snapshot")
        found: list[dict[str, Any]] = (await answer.json())["strategies"]
    return found


async def test_a_kill_whose_folder_is_lost_stands_at_the_next_start_and_is_written_again(tmp_path):
    given = assignment(tmp_path)
    async with running(given) as daemon:
        kill.pull(daemon.state_dir, kill.Latch("kill-x", "kill", "all", "", "enough", "ann", 1))
        await daemon.seen.until(lambda: bool(daemon.seen.of(Latched)))
        await daemon.stopped()
    (daemon.state_dir / kill.FOLDER).rename(tmp_path / "lost")
    async with running(given) as again:
        await again.seen.until(
            lambda: any(text.startswith("ordo ready") for text in again.seen.said)
        )
        standing = [latch.latch_id for latch in kill.standing(again.state_dir)]
        await again.stopped()
    assert (standing, again.seen.of(Released)) == (["kill-x"], [])


async def test_a_latch_that_appears_in_the_folder_is_taken_up_and_one_that_goes_is_released(
    tmp_path,
):
    latch = kill.Latch("pause-x", "pause", "strategy", STRADDLE.id, "lunch", "ann", 1)
    async with running(assignment(tmp_path)) as daemon:
        kill.pull(daemon.state_dir, latch)
        await daemon.seen.until(lambda: bool(daemon.seen.of(Latched)))
        latched = daemon.seen.of(Latched)[0]
        assert (latched.kind, latched.scope, latched.id) == (
            LatchKind.PAUSE,
            Scope.STRATEGY,
            STRADDLE.id,
        )
        await daemon.stopped()


async def test_when_the_ledger_fails_entries_stop_and_a_kill_still_flattens(tmp_path, monkeypatch):
    def refuse(self: StoredLedger) -> None:
        raise StoreError("disk full")

    async with running(assignment(tmp_path)) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        with monkeypatch.context() as full:
            full.setattr(StoredLedger, "flush", refuse)
            await daemon.seen.until(lambda: bool(daemon.seen.of(EntriesPaused)))
            os.kill(os.getpid(), signal.SIGUSR1)
            await daemon.seen.until(lambda: bool(daemon.seen.of(ExitFinished)))
            assert any(text.startswith("ALERT the ledger failed") for text in daemon.seen.said)
            await daemon.stopped()
    async with running(assignment(tmp_path)) as again:
        assert any("emergency" in text for text in again.seen.said)
        assert all(leg["quantity"] == 0 for one in await seen_risk(again) for leg in one["legs"])
        await again.stopped()


@pytest.mark.parametrize(
    ("method", "path", "body", "refusal"),
    [
        ("post", "strategies", encode(replace(STRADDLE, id="more")), (503, "reduce_only")),
        ("put", "strategies/mine", encode(replace(MINE, days=("mon",))), (503, "reduce_only")),
        ("post", "order", BY_HAND, (409, "paused")),
    ],
    ids=["declared", "changed", "ordered"],
)
async def test_what_is_refused_the_rest_of_the_emergency_file_is_answered_and_ends_no_run(
    tmp_path, monkeypatch, method, path, body, refusal
):
    """It is refused before it is recorded: there the file would refuse it, and end the guard."""

    def refuse(self: StoredLedger) -> None:
        raise StoreError("disk full")

    async with running(assignment(tmp_path)) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {daemon.token}"}
        async with aiohttp.ClientSession(f"{daemon.seen.url}/api/", headers=headers) as web:
            assert (await web.post("strategies", data=encode(MINE))).status == 201
            with monkeypatch.context() as full:
                full.setattr(StoredLedger, "flush", refuse)
                full.setattr(emergency, "room_bytes", past_three_quarters)
                await daemon.seen.until(lambda: bool(daemon.seen.of(EntriesPaused)))
                answer = await web.request(
                    method, path, data=body, headers={"X-Request-Id": "late"}
                )
                told = await answer.json()
                os.kill(os.getpid(), signal.SIGUSR1)
                await daemon.seen.until(lambda: bool(daemon.seen.of(ExitFinished)))
                await daemon.stopped()
        assert (answer.status, told["code"]) == refusal
        assert "the ledger failed" in told["detail"]


def past_three_quarters(size_bytes: int, need: Needs) -> int:
    """Leave room for what ends risk alone."""
    return size_bytes if need is Needs.ALL else 0


async def test_a_strategy_that_comes_trades_and_is_killed_like_any_other_and_goes(tmp_path):
    mine = encode(MINE)
    headers = {"Content-Type": "application/json"}
    async with running(assignment(tmp_path)) as daemon:
        headers["Authorization"] = f"Bearer {daemon.token}"
        url = daemon.seen.url + "/api/strategies"
        async with aiohttp.ClientSession(headers=headers) as web:
            assert (await web.post(url, data=mine)).status == 201
            assert (await web.post(f"{url}/mine/start", data=b"{}")).status == 200
            await daemon.seen.until(lambda: "mine" in entered(daemon.seen))
            assert (await web.post(f"{url}/mine/kill", data=b"{}")).status == 202
            await daemon.seen.until(lambda: [s.stage for s in killed(daemon.seen)] == ["flat"])
            assert (await web.post(f"{url}/mine/stop", data=b"{}")).status == 200
            assert (await web.delete(f"{url}/mine")).status == 200
            risk = {one["strategy_id"]: one for one in await seen_risk(daemon)}
            there = (await (await web.get(url)).json())["strategies"]
            shipped = await (await web.get(f"{url}/{STRADDLE.id}")).json()
        (latch,) = kill.standing(daemon.state_dir)
        assert (latch.scope, latch.id) == ("strategy", "mine")
        assert [each["strategy_id"] for each in there] == [STRADDLE.id]
        assert (risk["mine"]["status"], risk["mine"]["account"]) == ("flat", "paper")
        assert (shipped["source"], shipped["declaration"]["underlying"]) == ("file", "NIFTY")
        await daemon.stopped()


def entered(seen: Seen) -> set[str]:
    return {fact.strategy_id for fact in seen.of(BasketEnded) if fact.complete}


def killed(seen: Seen) -> list[KillStaged]:
    return [staged for staged in seen.of(KillStaged) if staged.stage in ("flat", "incomplete")]


async def test_an_actor_that_falls_too_often_ends_it_and_entries_are_latched(tmp_path, monkeypatch):
    def fall(self: MarketFeed, message: object, now_ns: int) -> None:
        raise ValueError("no")

    given = assignment(tmp_path)
    monkeypatch.setattr(MarketFeed, "handle", fall)
    with pytest.raises(TooManyRestarts, match="feed fell more than"):
        async with running(given) as daemon:
            await daemon.task
    (latch,) = kill.standing(given.state_dir)
    assert (latch.kind, latch.scope, latch.by) == ("pause", "all", "ordo")


async def test_actors_that_fail_while_no_frame_comes_end_it_all_the_same(tmp_path, monkeypatch):
    handle = MarketFeed.handle

    async def silent(*_: object) -> None:
        await asyncio.Event().wait()

    def fall(self: MarketFeed, message: object, now_ns: int) -> Any:
        if isinstance(message, Pulse):
            raise StoreError("the disk is gone")
        return handle(self, message, now_ns)

    monkeypatch.setattr(service, "play", silent)
    async with running(assignment(tmp_path)) as daemon:
        monkeypatch.setattr(MarketFeed, "handle", fall)
        with pytest.raises(StoreError, match="the disk is gone"):
            await daemon.task


async def test_a_broker_is_let_go_of_once_nobody_asks_it_any_more(tmp_path, monkeypatch):
    happened = []
    stop = tasks.Tasks._stop

    async def stopping(self: tasks.Tasks) -> None:
        await stop(self)
        happened.append("actors stopped")

    async def close() -> None:
        happened.append("closed")

    def opened(*given: Any) -> Opened:
        return replace(on_paper(*given), close=close)

    monkeypatch.setattr(tasks.Tasks, "_stop", stopping)
    given = replace(assignment(tmp_path), openers={"paper": opened})
    async with running(given) as daemon:
        await daemon.stopped()
    assert happened == ["actors stopped", "closed"]


async def test_behind_the_fence_it_ends_and_the_next_start_guards_again(tmp_path):
    """A guardian may be killed once the fence stands, or not be able to end whom it is for."""
    async with running(assignment(tmp_path)) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        put_up(daemon.state_dir, "no beat")
        with pytest.raises(StoreError, match="the guardian has taken over"):
            await daemon.task
    async with running(assignment(tmp_path)) as again:
        assert not stands(again.state_dir)
        await again.stopped()


@pytest.mark.parametrize("replays", [False, True])
async def test_a_guardian_hears_no_beat_of_a_replay_for_that_guards_nothing_of_the_folder(
    tmp_path, replays
):
    given = assignment(tmp_path, enabled=False)
    if replays:
        given = replace(given, folder=given.state_dir / "replay")
    with listening(given.state_dir) as listener:
        given.folder.mkdir(exist_ok=True)
        async with running(given) as daemon:
            await daemon.seen.until(in_position(daemon.seen))
            assert (listener.heard() is Heard.BEAT) is not replays
            await daemon.stopped()


@pytest.mark.parametrize("replays", [False, True])
async def test_a_start_alerts_to_a_guardian_that_stands_in_for_something_else(tmp_path, replays):
    given = assignment(tmp_path, enabled=False)
    if replays:
        given = replace(given, folder=given.state_dir / "replay")
    with listening(given.state_dir, b"{}"):
        given.folder.mkdir(exist_ok=True)
        async with running(given) as daemon:
            await daemon.seen.until(in_position(daemon.seen))
            told = [text for text in daemon.seen.said if "what it stands in for" in text]
            assert len(told) == (not replays)
            assert all(text.startswith("ALERT the guardian that watches") for text in told)
            await daemon.stopped()


async def test_streams_that_fall_are_begun_again_and_cost_nobody_his_guard(tmp_path, monkeypatch):
    begun: list[int] = []

    async def fall(self: object) -> None:
        begun.append(len(begun))
        raise ValueError("no")

    monkeypatch.setattr(ports.Hub, "serve", fall)
    async with running(assignment(tmp_path)) as daemon:
        await daemon.seen.until(in_position(daemon.seen))
        assert begun == [0, 1, 2, 3, 4, 5]
        assert await daemon.stopped() is signal.SIGTERM


async def test_it_ends_by_itself_after_its_last_day(tmp_path):
    given = assignment(tmp_path, enabled=False)
    late = replace(given.played, begins_ns=at(given.played.until, time(15, 39)))
    async with running(replace(given, played=late), speed=None) as daemon:
        assert await daemon.task is None
