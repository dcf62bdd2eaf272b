"""Several accounts in one run: one decision, and every account for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.domain.money import e4
from daemon.domain.orders.kill import Stage
from daemon.domain.orders.words import IntentRecorded, OrderType
from daemon.domain.orders.words import Side as OurSide
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    AdjustByHand,
    BasketOpened,
    Done,
    EntryDecided,
    ExitByHand,
    ExitDecided,
    KillStaged,
    Latched,
    LatchKind,
    OrderAsked,
    PlaceByHand,
    PullLatch,
    RiskSeen,
    Scope,
    SeeRisk,
    SeeStrategy,
)
from daemon.messages.cells import Cell
from daemon.twin.faults import Call, Fault, FaultKind
from daemon.twin.words import OrderType as TheirType
from daemon.twin.words import Side, TwinOrder
from tests.kit.several import EVERYWHERE, NAMES, STRADDLE, Several, settings

FIVE = 5 * SECOND_NS
RUNNER = f"runner:{STRADDLE.id}"
Begin = Callable[..., Several]


@pytest.fixture
def begin(tmp_path) -> Iterator[Begin]:
    """Begin a run in one folder, the one before it having fallen; frames are five seconds apart."""
    runs: list[Several] = []

    def begun(**given) -> Several:
        if runs:
            runs.pop().fall()
        runs.append(Several(tmp_path, every_ns=FIVE, **given))
        return runs[-1]

    yield begun
    runs.pop().fall()


def watched(world: Several, account: str) -> RiskSeen:
    return world.ask("watchdog" if account == "alpha" else f"watchdog:{account}", SeeRisk())


def guarded(world: Several, account: str) -> dict[tuple[str, str], bool]:
    """Whether each open leg of an account is guarded."""
    return {
        (watch.strategy_id, leg.symbol): not leg.unguarded_because
        for watch in watched(world, account).watches
        for leg in watch.legs
        if leg.quantity
    }


def kill_of(scope: Scope, name: str) -> PullLatch:
    return PullLatch(Latched("kill-1", LatchKind.KILL, scope, name, "enough", "me", 0))


def test_an_account_that_trades_before_the_first_one_does_keeps_its_positions_over_a_crash(begin):
    """Home is where the settings began, and not who happened to trade first."""
    away = (replace(STRADDLE, accounts=("beta",)),)
    world = begin(plans=away).run_until("09:21:00")
    held, home = world.held("beta"), world.home

    world = begin(plans=away).run_until("09:22:00")

    assert (len(held), world.home) == (2, home)
    assert world.held("beta") == held
    assert set(guarded(world, "beta").values()) == {True}


def test_one_decision_is_traded_in_every_account_with_its_own_multiple(begin):
    world = begin(made=settings(beta=2)).run_until("09:21:00")
    alpha, beta, gamma = (world.held(name) for name in NAMES)

    assert len(world.facts(EntryDecided)) == 1
    assert len(alpha) == 2
    assert gamma == alpha
    assert beta == {symbol: 2 * units for symbol, units in alpha.items()}
    assert world.ask(RUNNER, SeeStrategy()).status == "entered today"
    ids = [fact.intent.intent_id for fact in world.facts(IntentRecorded)]
    assert len(set(ids)) == len(ids) == 6


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.LOSE])
def test_an_account_whose_exchange_fails_holds_up_no_other(begin, kind):
    """It refuses everything, or never answers and nothing arrives."""
    world = begin(faults={"beta": [Fault(Call.PLACE, kind)]}).run_until("09:21:00")

    assert world.held("beta") == {}
    assert len(world.held("alpha")) == len(world.held("gamma")) == 2
    assert world.ask(RUNNER, SeeStrategy()).status.startswith("entered in 2 of 3 accounts: beta")
    filled = {
        name: max(trade.at_ns for trade in world.exchange(name).trades())
        for name in ("alpha", "gamma")
    }
    (decided,) = world.facts(EntryDecided)
    assert all(at_ns - decided.at_ns < SECOND_NS for at_ns in filled.values())


def test_every_account_leaves_by_its_own_watchdog_and_ends_flat(begin):
    world = begin(made=settings(beta=2)).run_until("10:30:00")

    assert [world.held(name) for name in NAMES] == [{}, {}, {}]
    decided = world.facts(ExitDecided)
    assert {each.account for each in decided} == {"", "beta", "gamma"}
    assert len({(each.at_ns, each.leg_ids, each.reason) for each in decided}) == len(decided) / 3


def test_a_kill_of_one_account_touches_no_other(begin):
    world = begin().run_until("09:21:00")
    whole = world.held("alpha")
    world.tell("router:beta", kill_of(Scope.ACCOUNT, "beta"))
    world.run_until("09:22:00")

    assert world.held("beta") == {}
    assert world.held("alpha") == world.held("gamma") == whole
    assert all(guarded(world, "alpha").values())
    staged = world.facts(KillStaged)
    assert {each.account for each in staged} == {"beta"}
    assert staged[-1].stage is Stage.FLAT


def test_a_strategy_is_left_in_one_account_and_stays_in_the_others(begin):
    world = begin().run_until("09:21:00")
    done = world.ask("router:gamma", ExitByHand(STRADDLE.id, "", 0, "me"))
    world.run_until("09:22:00")

    assert isinstance(done, Done)
    assert world.held("gamma") == {}
    assert len(world.held("alpha")) == len(world.held("beta")) == 2


def test_after_a_crash_every_account_stands_where_it_stood(begin):
    """Positions by both books, levels, and guards; the same as without one."""
    whole = begin(made=settings(beta=2)).run_until("09:24:00")
    before = {name: (whole.held(name), _levels(whole, name)) for name in NAMES}
    again = begin(made=settings(beta=2)).run_until("09:24:05")

    for name in NAMES:
        assert (again.held(name), _levels(again, name)) == before[name]
        assert all(guarded(again, name).values())
    assert again.ask(RUNNER, SeeStrategy()).status == "entered today"
    assert len(again.facts(EntryDecided)) == 1
    again.run_until("10:30:00")
    assert [again.held(name) for name in NAMES] == [{}, {}, {}]


def _levels(world: Several, account: str) -> list[tuple[str, int]]:
    return [
        (leg.leg_id, leg.stop_e4) for watch in watched(world, account).watches for leg in watch.legs
    ]


def test_an_account_that_a_crash_kept_from_hearing_enters_after_it_and_no_other_twice(begin):
    """Its router fell silent at the very moment of the entry."""
    world = begin()
    world.deaf.add("router:gamma")
    world.run_until("09:20:00")
    assert {fact.account for fact in world.facts(BasketOpened)} == {"", "beta"}

    again = begin().run_until("09:21:00")
    assert {fact.account for fact in again.facts(BasketOpened)} == {"", "beta", "gamma"}
    assert len(again.facts(BasketOpened)) == 3
    assert again.held("gamma") == again.held("alpha")


def test_the_order_of_the_settings_moves_no_account_into_anothers_place(begin):
    """The record is at home where it began, wherever that account stands now."""
    world = begin().run_until("09:21:00")
    before = {name: world.held(name) for name in NAMES}
    again = begin(made=settings(("gamma", "beta", "alpha"))).run_until("09:21:05")

    assert again.home == "alpha"
    assert {name: again.held(name) for name in NAMES} == before
    assert again.cell("gamma") == Cell("gamma", "gamma")


OTHER = replace(EVERYWHERE, id="other", accounts=("alpha",))


def test_two_strategies_in_one_contract_each_leave_their_own_share(begin):
    """The broker's net is the sum; what stays is guarded as before."""
    world = begin(plans=(replace(STRADDLE, accounts=("alpha",)), OTHER)).run_until("09:21:00")
    both = world.held("alpha")
    world.ask("router:alpha", ExitByHand("other", "", 0, "me"))
    world.run_until("09:22:00")

    assert world.held("alpha") == {symbol: units // 2 for symbol, units in both.items()}
    assert guarded(world, "alpha") == {(STRADDLE.id, symbol): True for symbol in both}


def test_a_kill_of_a_strategy_trades_its_share_alone(begin):
    world = begin(plans=(replace(STRADDLE, accounts=("alpha",)), OTHER)).run_until("09:21:00")
    both = world.held("alpha")
    world.tell("router:alpha", kill_of(Scope.STRATEGY, "other@alpha"))
    world.run_until("09:22:00")

    assert world.facts(KillStaged)[-1].stage is Stage.FLAT
    assert world.held("alpha") == {symbol: units // 2 for symbol, units in both.items()}
    assert guarded(world, "alpha") == {(STRADDLE.id, symbol): True for symbol in both}


def test_an_order_by_hand_shares_a_contract_with_a_strategy(begin):
    """The strategy leaves its own; what was sold by hand stays, and by both books."""
    world = begin(plans=(replace(STRADDLE, accounts=("alpha",)),)).run_until("09:21:00")
    symbol, units = next(iter(world.held("alpha").items()))
    asked = OrderAsked(
        *("r1", "alpha", symbol, OurSide.SELL, -units, OrderType.MARKET, 0, 0, "", "me"),
        world.now_ns,
    )
    world.ask("router:alpha", PlaceByHand(asked))
    world.run_until("09:21:30")
    assert world.held("alpha")[symbol] == 2 * units
    world.ask("router:alpha", ExitByHand(STRADDLE.id, "", 0, "me"))
    world.run_until("09:22:30")

    assert world.held("alpha") == {symbol: units}
    assert guarded(world, "alpha") == {("manual", symbol): False}


def stranger(world: Several, account: str, symbol: str, units: int) -> None:
    """Sell something at the exchange by another program than ours."""
    order = TwinOrder("theirs", symbol, Side.SELL, units, TheirType.MARKET, 0, world.now_ns)
    world.exchange(account).place(order, world.now_ns)


def test_what_was_sold_outside_is_shown_unguarded_until_it_is_given_a_stop(begin):
    """Then a restart keeps the stop, and it leaves by it; the account beside it sees nothing."""
    world = begin().run_until("09:21:00")
    symbol, units = next(iter(world.held("beta").items()))
    stranger(world, "beta", symbol, -units)
    world.run_until("09:22:00")
    assert guarded(world, "beta")["external", symbol] is False
    assert ("external", symbol) not in guarded(world, "gamma")

    (leg,) = next(w for w in watched(world, "beta").watches if w.strategy_id == "external").legs
    stop_e4 = leg.ltp_e4 + e4(3)
    done = world.ask("watchdog:beta", AdjustByHand("external", symbol, stop_e4, False, "me"))
    assert isinstance(done, Done), done
    world.run_until("09:22:05")
    assert guarded(world, "beta")["external", symbol] is True

    again = begin().run_until("09:22:10")
    assert guarded(again, "beta")["external", symbol] is True
    again.run_until("10:30:00")
    left = [each for each in again.facts(ExitDecided) if each.strategy_id == "external"]
    assert [(each.account, each.reason) for each in left] == [("beta", ExitReason.STOP)]
    assert [again.held(name) for name in NAMES] == [{}, {}, {}]


def test_two_strangers_of_one_number_are_of_their_own_accounts(begin):
    """Each exchange counts for itself."""
    world = begin().run_until("09:21:00")
    symbol, units = next(iter(world.held("alpha").items()))
    for account in ("alpha", "beta"):
        stranger(world, account, symbol, -units)
    world.run_until("09:22:00")

    again = begin().run_until("09:22:05")
    assert again.held("alpha") == again.held("beta")
    assert again.held("alpha")[symbol] == 2 * units
    assert again.held("gamma")[symbol] == units
