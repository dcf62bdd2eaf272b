"""Ten failures that cost others money, each met by the whole daemon over the exchange on paper.

`docs/failures.md` tells each of them, with what happened here; the tests hold it against that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.actors.alert_keeper.conditions import Conditions
from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderParked,
    OrderType,
    OrderUpdated,
    Purpose,
    Side,
    State,
)
from daemon.domain.plans.schema import Plan
from daemon.messages import (
    Declined,
    ExitByHand,
    ExitFinished,
    KillStaged,
    Latched,
    LatchKind,
    OrderAsked,
    PauseEntries,
    PlaceByHand,
    PositionChanged,
    PullLatch,
    Scope,
    SeeRisk,
    Stage,
)
from daemon.settings import Account, Settings
from daemon.twin.exchange import Exchange
from daemon.twin.faults import Call, Fault, FaultKind
from daemon.twin.words import OrderType as TheirType
from daemon.twin.words import Reason, Refused, TwinOrder
from daemon.twin.words import Side as TheirSide
from tests.kit.failure_page import PARTS, assert_told, evidence, sections
from tests.kit.plans import SHIPPED, parse
from tests.kit.several import STRADDLE, Several, settings

ALONE = replace(STRADDLE, accounts=("alpha",))
(CONDOR,) = [
    replace(parse(file.read_bytes()), accounts=("alpha",))
    for file in SHIPPED
    if file.stem == "nifty_iron_condor"
]
CALL, PUT = "NIFTY-2026-03-10-22900-CE", "NIFTY-2026-03-10-22900-PE"
HEDGE, SHORT_PUT = "NIFTY-2026-03-10-23400-CE", "NIFTY-2026-03-10-22800-PE"
ROUTER = "router:alpha"
KILL = PullLatch(Latched("kill-1", LatchKind.KILL, Scope.ALL, "", "enough", "me", 0))


class Story:
    """One failure, in one account of one folder.

    Args:
        folder: of the ledger and of the exchange.
        test: that tells it.
    """

    def __init__(self, folder: Path, test: str) -> None:
        self._folder = folder
        self._test = test
        self.world: Several

    def begins(
        self,
        *faults: Fault,
        plan: Plan = ALONE,
        made: Settings | None = None,
        guarded: bool = False,
    ) -> Several:
        """Begin, or go on after a fall."""
        given = made or settings(("alpha",))
        self.world = Several(self._folder, (plan,), {"alpha": faults}, given, guarded)
        return self.world

    def is_told(self, since: str) -> None:
        """Hold what happened from a time of day on against the page."""
        facts = self.world.facts(object)
        assert_told(self._test, evidence(facts, exchange_of(self.world), since))


@pytest.fixture
def story(tmp_path, request) -> Iterator[Story]:
    told = Story(tmp_path, request.node.name)
    yield told
    told.world.fall()


def exchange_of(world: Several) -> Exchange:
    return world.exchange("alpha")


def sent(world: Several) -> list[str]:
    """The client ids that the exchange has met, in order."""
    return [order.client_id for order in exchange_of(world).orders()]


def exits(world: Several) -> list:
    """Our intents that close something."""
    intents = [fact.intent for fact in world.facts(IntentRecorded)]
    return [intent for intent in intents if intent.purpose is Purpose.EXIT]


def resting(world: Several) -> list:
    return [order for order in exchange_of(world).orders() if order.resting]


def guarded(world: Several) -> dict[str, bool]:
    """Whether each open leg is guarded."""
    return {
        leg.symbol: not leg.unguarded_because
        for watch in world.ask("watchdog", SeeRisk()).watches
        for leg in watch.legs
        if leg.quantity
    }


def alerts(world: Several) -> list[str]:
    """What a person was told, by code."""
    conditions, told = Conditions(), dict[tuple[str, str], None]()
    for fact in world.facts(object):
        conditions.hear(fact)
        told |= dict.fromkeys(conditions.standing)
    return [code for code, _ in told]


def test_an_order_whose_answer_is_lost_is_looked_for_and_never_sent_again(story):
    lost = Fault(Call.PLACE, FaultKind.NO_ANSWER, number=1)
    world = story.begins(lost).run_until("09:20:30")
    assert len(sent(world)) == len(set(sent(world))) == 2
    assert world.held("alpha") == {CALL: -65, PUT: -65}
    assert guarded(world) == {CALL: True, PUT: True}
    assert alerts(world) == []
    story.is_told("09:20:00")


def test_an_order_that_lands_after_everybody_forgot_it_is_known_and_closed(story):
    late = Fault(Call.PLACE, FaultKind.LATE, number=1, delay_ns=90 * SECOND_NS)
    world = story.begins(late).run_until("09:20:30")
    (parked,) = world.facts(OrderParked)
    assert world.held("alpha") == {}
    assert alerts(world) == ["order_parked"]

    world.run_until("09:22:00")
    landed = [f for f in world.facts(OrderUpdated) if f.intent_id == parked.intent_id]
    assert landed[-1].state is State.FILLED
    assert world.held("alpha") == {}
    assert len(sent(world)) == len(set(sent(world))) == 4
    story.is_told("09:20:00")


def test_a_cancelled_exit_that_fills_all_the_same_leaves_nothing_behind(story):
    """Its replacement left after the broker's own word, and what both bought is sold at once."""
    fills = Fault(Call.CANCEL, FaultKind.FILL_AFTER_CANCEL, number=1)
    world = story.begins(fills).run_until("09:20:18.5")
    world.ask(ROUTER, ExitByHand(STRADDLE.id, "ce", 0, "me"))
    world.run_until("09:20:40")
    cancelled = next(f for f in world.facts(OrderUpdated) if f.state is State.CANCELLED)
    first, second, *unwound = exits(world)
    told = world.facts(OrderUpdated | IntentRecorded)
    left = next(f for f in world.facts(IntentRecorded) if f.intent == second)
    assert cancelled.intent_id == first.intent_id
    assert told.index(cancelled) < told.index(left)
    changed = [f for f in world.facts(PositionChanged) if f.symbol == CALL]
    assert [fact.net_quantity for fact in changed] == [-65, 0, 65, 0]
    assert {intent.side for intent in unwound} == {Side.SELL}
    assert (world.held("alpha"), resting(world)) == ({PUT: -65}, [])
    assert guarded(world) == {PUT: True}
    story.is_told("09:20:18")


def test_fills_that_are_told_twice_are_counted_once_over_a_restart_too(story):
    twice = Fault(Call.REPORT, FaultKind.DUPLICATE)
    story.begins(twice).run_until("09:20:00.050").fall()
    world = story.begins(twice)
    assert world.held("alpha") == {CALL: -65, PUT: -65}
    world.run_until("09:39:30")
    assert [intent.quantity for intent in exits(world)] == [65]
    assert len(sent(world)) == len(set(sent(world))) == 3
    assert world.held("alpha") == {PUT: -65}
    assert guarded(world) == {PUT: True}
    story.is_told("09:20:00")


def test_an_exit_that_the_market_left_behind_climbs_after_it(story):
    """No two of its orders are in the book at once, and it is flat within two seconds."""
    world = story.begins().run_until("09:20:18.5")
    world.ask(ROUTER, ExitByHand(STRADDLE.id, "ce", 0, "me"))
    world.run_until("09:20:40")
    first, second = exits(world)
    assert second.price_e4 > first.price_e4
    (finished,) = world.facts(ExitFinished)
    assert finished.at_ns - first.decided_ns <= 2 * SECOND_NS
    assert (world.held("alpha"), resting(world)) == ({PUT: -65}, [])
    story.is_told("09:20:18")


def test_an_exit_beyond_a_freeze_quantity_that_nobody_knew_is_halved(story):
    frozen = Fault(Call.PLACE, FaultKind.REFUSE, number=3, reason=Reason.FREEZE)
    world = story.begins(frozen, made=settings(("alpha",), alpha=4)).run_until("09:39:30")
    whole, *halves = exits(world)
    assert whole.quantity == 260
    assert {intent.quantity for intent in halves} == {130}
    bought = [o.filled_quantity for o in exchange_of(world).orders() if o.side is TheirSide.BUY]
    assert sum(bought) == 260
    assert (world.held("alpha"), resting(world)) == ({PUT: -260}, [])
    assert guarded(world) == {PUT: True}
    story.is_told("09:39:07")


def test_shorts_are_bought_back_first_where_the_margin_allows_nothing_else(story):
    """The exchange refuses the sale of a hedge before it, so a naive exit would stop there."""
    poor = Settings(accounts=(Account(id="alpha", broker="paper", cash_e4=400_000_000),))
    world = story.begins(plan=CONDOR, made=poor).run_until("09:31:00")
    naive = TwinOrder("naive", HEDGE, TheirSide.SELL, 65, TheirType.LIMIT, 80_000, world.now_ns)
    answer = exchange_of(world).place(naive, world.now_ns)
    assert isinstance(answer, Refused)
    assert answer.reason is Reason.MARGIN

    world.tell(ROUTER, KILL)
    world.run_until("09:31:30")
    traded = [trade.side for trade in exchange_of(world).trades()[4:]]
    assert traded == [TheirSide.BUY] * 2 + [TheirSide.SELL] * 2
    assert world.facts(KillStaged)[-1].stage is Stage.FLAT
    assert (world.held("alpha"), resting(world)) == ({}, [])
    story.is_told("09:31:00")


def test_half_a_straddle_is_taken_back_at_once(story):
    refused = Fault(Call.PLACE, FaultKind.REFUSE, number=2, reason=Reason.MARGIN)
    world = story.begins(refused).run_until("09:20:30")
    (finished,) = world.facts(ExitFinished)
    entered = world.facts(IntentRecorded)[0].at_ns
    assert finished.at_ns - entered <= 2 * SECOND_NS
    assert len(sent(world)) == len(set(sent(world))) == 2
    assert (world.held("alpha"), resting(world)) == ({}, [])
    story.is_told("09:20:00")


def test_a_kill_ends_flat_though_the_account_has_just_used_up_its_messages(story):
    """Orders by hand took every slot but those kept for exits; the broker says no twice besides."""
    full = [
        Fault(Call.PLACE, FaultKind.REFUSE, number=number, reason=Reason.RATE)
        for number in (10, 11)
    ]
    world = story.begins(*full, plan=CONDOR).run_until("09:31:00")
    answers = [world.ask(ROUTER, PlaceByHand(by_hand(world, step))) for step in range(8)]
    declined = [answer.code for answer in answers if isinstance(answer, Declined)]
    assert declined == ["message_rate"] * 3

    world.tell(ROUTER, KILL)
    world.run_until("09:31:30")
    sides = [intent.side for intent in exits(world)]
    assert sides == sorted(sides, key=[Side.BUY, Side.SELL].index)
    assert world.facts(KillStaged)[-1].stage is Stage.FLAT
    assert (world.held("alpha"), resting(world)) == ({}, [])
    story.is_told("09:31:00")


def test_a_stop_is_met_while_the_disk_is_full_and_the_next_start_knows_of_it(story):
    world = story.begins(guarded=True).run_until("09:29:50")
    world.fill_disk()
    world.run_until("09:30:00")
    (failed,) = world.alarmed
    world.tell(ROUTER, PauseEntries(failed.replace(str(world.folder), "state")))
    world.run_until("09:39:30")
    assert world.held("alpha") == {PUT: -65}
    assert alerts(world) == ["ledger_failed"]
    world.fall()

    world = story.begins(guarded=True)
    (taken_over,) = world.alarmed
    assert re.match(
        r"(\d+) of \1 facts in .* were missing in the ledger and are entered", taken_over
    )
    assert world.held("alpha") == {PUT: -65}
    world.run_until("09:40:00")
    assert len(sent(world)) == len(set(sent(world))) == 3
    assert guarded(world) == {PUT: True}
    story.is_told("09:30:00")


def by_hand(world: Several, step: int) -> OrderAsked:
    """A purchase too cheap to be filled, each at another price."""
    return OrderAsked(
        request_id=f"hand-{step}",
        account="alpha",
        symbol=SHORT_PUT,
        side=Side.BUY,
        quantity=65,
        order_type=OrderType.LIMIT,
        price_e4=365_000 + step * 5_000,
        trigger_e4=0,
        tag="",
        by="me",
        at_ns=world.now_ns,
    )


def stories() -> list[str]:
    """The tests of this file that tell a failure, in order."""
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    return [
        each.name
        for each in tree.body
        if isinstance(each, ast.FunctionDef) and "story" in [arg.arg for arg in each.args.args]
        if each.name.startswith("test_")
    ]


def test_each_story_has_its_section_and_each_section_its_story():
    assert [section.tests for section in sections()] == [(name,) for name in stories()]
    assert len(stories()) == 10


@pytest.mark.parametrize("name", stories())
def test_a_section_tells_what_happened_what_a_naive_bot_does_and_what_ordo_did(name):
    (section,) = (each for each in sections() if each.tests == (name,))
    places = [section.body.find(part) for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)
    assert [bool(lines) for lines in section.evidence] == [True]
