"""Runners that come and go: the real register and runners on the live driver, a scripted router."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.actors.strategy_register import Filed, StrategyRegister
from daemon.actors.strategy_runner.fan_out import Place
from daemon.app.given.runners import Runners, runner_spec, waits
from daemon.control import Control, Line, Names, Refusal
from daemon.domain.plans.parsing import encode, parse
from daemon.messages import (
    Ask,
    Done,
    SeeAccount,
    SeeOpen,
    StrategyDeclared,
    StrategyRemoved,
    StrategyStarted,
    Told,
)
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.tasks_standing import StandingTasks
from daemon.runtime.words import ActorSpec, Show, Surroundings
from tests.kit.plans import text
from tests.kit.scripted import MarketHours, Notebook, Scripted
from tests.kit.seen import ACCOUNT

ROUTER, PLAN = "router:paper", parse(text().replace('id = "s"', 'id = "mine"'))
FILE = Filed("mine.toml", encode(PLAN).decode())


class House:
    """A control over actors that run.

    Attributes:
        open: what the router says is open.
        ledger: the facts.
    """

    def __init__(self, filed: dict[str, Filed]) -> None:
        self.open: tuple[str, ...] = ()
        self.ledger = Notebook()
        self.filed = filed
        self.said: list[str] = []

    def router(self, message: Any) -> tuple[Show, ...]:
        match message:
            case Ask(number, SeeOpen()):
                return (Show(Told(number, self.open)),)
            case Ask(number, SeeAccount()):
                return (Show(Told(number, ACCOUNT)),)
        return ()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Control]:
        clock = MarketHours()
        spec = partial(runner_spec, places=[Place(ROUTER)], strict=False)
        specs = [
            ActorSpec(ROUTER, lambda _: Scripted(ROUTER, self.router, [])),
            ActorSpec("strategy_register", lambda facts: StrategyRegister(self.filed, facts)),
            *(runner_spec(PLAN, [Place(ROUTER)], strict=False, taking=True) for _ in self.filed),
        ]
        around = Surroundings({}, self.show)
        self.tasks = tasks = StandingTasks(
            Supervisor(specs, self.ledger), self.ledger, around, clock
        )
        strategies = {each: f"runner:{each}" for each in self.filed}
        traded = dict.fromkeys(strategies, ("paper",))
        names = Names(Path("none"), {"paper": ROUTER}, strategies, traded)
        self.line = line = Line(tasks.say, clock.now_ns, names)
        waiting = partial(waits, self.ledger, self.said.append)
        self.runners = Runners(tasks, line, lambda _: ("paper",), spec, waiting)
        async with tasks:
            yield Control(line)

    def show(self, view: object) -> None:
        if isinstance(view, StrategyDeclared | StrategyRemoved):
            self.runners.take(view)
        else:
            self.line.shown(view)

    def recorded(self) -> list[type]:
        return [type(entry.fact) for entry in self.ledger.entries]


async def statuses(control: Control) -> dict[str, bool]:
    return {each.strategy_id: each.taking for each in await control.reads.strategies()}


async def test_a_strategy_comes_is_started_changed_and_goes():
    house = House({})
    async with house.running() as control:
        done = await control.strategies.declare(PLAN, "ann")
        assert done.text.endswith("takes no entries until somebody starts it: `ordo start mine`")
        assert await statuses(control) == {"mine": False}
        assert control.line.names.accounts["mine"] == ("paper",)
        assert await control.hands.start("mine", "ann") == Done("takes entries")
        assert await statuses(control) == {"mine": True}
        await control.hands.stop("mine", "ann")
        changed = parse(text(tail="[risk]\nstop = { rupees = 7000.5 }\n").replace('"s"', '"mine"'))
        await control.strategies.change(changed, "bob")
        assert (await control.strategies.declaration("mine")).declaration == (
            encode(changed).decode()
        )
        assert await statuses(control) == {"mine": False}
        await control.strategies.remove("mine", "bob")
        assert await statuses(control) == {}
        assert control.line.names.accounts["mine"] == ("paper",)
        with pytest.raises(Refusal, match="no strategy mine"):
            await control.strategies.declaration("mine")
    assert [each.by for each in house.ledger.facts()] == ["ann", "ann", "ann", "bob", "bob"]


async def test_once_the_ledger_has_failed_what_is_declared_comes_with_the_next_start(monkeypatch):
    """Its runner would be built from a record that perhaps never answers, while others guard."""
    house = House({})
    async with house.running() as control:
        await control.strategies.declare(PLAN, "ann")
        await control.hands.start("mine", "ann")
        await control.hands.stop("mine", "ann")
        monkeypatch.setattr(house.ledger, "failed_because", "its server hangs")
        monkeypatch.setattr(house.ledger, "facts", None)  # nobody may read it
        await control.strategies.change(PLAN, "bob")
        await control.strategies.declare(replace(PLAN, id="other"), "bob")
        assert await statuses(control) == {"mine": False}
    assert house.said == [
        "ALERT mine as it was declared now comes with the next start",
        "ALERT other as it was declared now comes with the next start",
    ]


async def test_what_takes_entries_or_has_something_open_is_not_changed_nor_removed():
    house = House({})
    async with house.running() as control:
        await control.strategies.declare(PLAN, "ann")
        await control.hands.start("mine", "ann")
        with pytest.raises(Refusal, match="mine takes entries; `ordo stop mine` first") as taking:
            await control.strategies.remove("mine", "ann")
        await control.hands.stop("mine", "ann")
        house.open = ("ce holds -65 X", "the exit e is owed")
        with pytest.raises(Refusal) as held:
            await control.strategies.change(PLAN, "ann")
        house.open = ()
        await control.strategies.remove("mine", "ann")
    assert (taking.value.code, held.value.code) == ("strategy_busy", "strategy_busy")
    assert str(held.value) == (
        "mine is not done: ce holds -65 X; the exit e is owed; `ordo exit mine`, and wait"
    )
    assert house.recorded().count(StrategyDeclared) == 1


async def test_an_id_under_which_something_is_open_still_is_not_given_to_another():
    """Its file was taken away, perhaps, and what it held is guarded all the same."""
    house = House({})
    async with house.running() as control:
        house.open = ("ce holds -65 X",)
        with pytest.raises(Refusal, match="mine is not done: ce holds -65 X"):
            await control.strategies.declare(PLAN, "ann")
        house.open = ()
        await control.strategies.declare(PLAN, "ann")
    assert house.recorded() == [StrategyDeclared]


async def test_nobody_starts_a_strategy_while_it_is_being_changed():
    """Whoever comes in between starts the new one, and nothing of the old."""
    house = House({})
    async with house.running() as control:
        await control.strategies.declare(PLAN, "ann")
        changing = asyncio.ensure_future(control.strategies.change(PLAN, "bob"))
        await asyncio.sleep(0)
        starting = asyncio.ensure_future(control.hands.start("mine", "eve"))
        await asyncio.gather(changing, starting)
        assert await statuses(control) == {"mine": True}
    assert house.recorded() == [StrategyDeclared, StrategyDeclared, StrategyStarted]


async def test_a_strategy_of_a_file_is_its_files_and_stays():
    house = House({"mine": FILE})
    async with house.running() as control:
        for change in (
            control.strategies.change(PLAN, "a"),
            control.strategies.remove("mine", "a"),
        ):
            with pytest.raises(Refusal, match=r"mine stands in mine\.toml") as refused:
                await change
            assert refused.value.code == "strategy_of_a_file"
        with pytest.raises(Refusal, match="there is a strategy mine already"):
            await control.strategies.declare(PLAN, "a")
        assert (await control.strategies.declaration("mine")).file == "mine.toml"
        assert await statuses(control) == {"mine": True}


async def test_another_account_than_those_of_the_run_is_refused():
    elsewhere = parse(text(head='accounts = ["other"]'))
    async with House({}).running() as control:
        for verb in (control.strategies.declare, control.strategies.change):
            with pytest.raises(Refusal, match="accounts: this run trades in paper") as refused:
                await verb(elsewhere, "a")
            assert refused.value.code == "invalid"


async def test_what_was_declared_and_left_out_at_the_start_can_be_removed():
    """Nothing runs it, so nobody is asked about it."""
    house = House({})
    house.ledger.append((StrategyDeclared("odd", "{}", "ann", 1),), None, 1)
    async with house.running() as control:
        await control.strategies.remove("odd", "ann")
        with pytest.raises(Refusal, match="no strategy odd is known"):
            await control.strategies.remove("odd", "ann")


async def test_whoever_looks_while_one_goes_is_told_of_the_others_and_waits_for_nobody():
    house = House({"mine": FILE})
    other = parse(text().replace('"s"', '"other"'))
    async with house.running() as control:
        await control.strategies.declare(other, "ann")
        looking = asyncio.ensure_future(statuses(control))
        await asyncio.sleep(0)
        house.runners.take(StrategyRemoved("mine", "ann", 5))
        assert await looking == {"other": False}


async def test_whoever_looks_while_one_is_changed_is_told_of_the_new_one():
    house = House({})
    async with house.running() as control:
        await control.strategies.declare(PLAN, "ann")
        looking = asyncio.ensure_future(statuses(control))
        await asyncio.sleep(0)
        house.runners.take(StrategyDeclared("mine", encode(PLAN).decode(), "ann", 5))
        assert await looking == {"mine": False}


async def test_whoever_asked_one_that_goes_is_told_so_at_once():
    house = House({"mine": FILE})
    async with house.running() as control:
        asking = asyncio.ensure_future(control.reads.strategy("mine"))
        await asyncio.sleep(0)
        house.runners.take(StrategyRemoved("mine", "ann", 5))
        with pytest.raises(Refusal, match="look, and ask again") as refused:
            await asking
        assert refused.value.code == "strategy_gone"
