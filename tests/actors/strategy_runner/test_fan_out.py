"""Fan-out: one decision for many accounts, of which none waits for another."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.actors.strategy_runner.fan_out import FanOut, Place, Stage
from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.domain.money import e4
from daemon.domain.plans.risk_rules import strategy_rules
from daemon.domain.risk.words import LockRule
from daemon.messages import Ask, BasketEnded, SeeStrategy
from daemon.messages.cells import Cell
from daemon.runtime.words import Show, Tell
from tests.kit.acting import (
    NEXT_DAY,
    clock,
    day_ended,
    day_opened,
    facts,
    opened,
    others,
    prices,
)
from tests.kit.plans import GUARD, plan
from tests.kit.router import SYMBOLS, T0, enter, leg

LOCKED = GUARD + "lock_and_trail = { at = 3000, lock = 1500, every = 500, by = 250 }\n"
PLAN = plan(tail=LOCKED)
HOME = Place("router:alpha", "alpha")
BETA = Place("router:beta", "beta", "beta", 3)
GAMMA = Place("router:gamma", "gamma", "gamma")
DAY = "2025-09-01"
UNTOLD = "it was no account of the strategy then, or the daemon stopped before it was told"


def decided():
    return enter(leg("ce"), basket_id=f"s:{DAY}", rules=strategy_rules(PLAN)).opened


def ended(place: Place, because: str = "", day: str = DAY) -> BasketEnded:
    name = f"s@{place.mark}" if place.mark else "s"
    return BasketEnded(f"{name}:{day}", "s", not because, because, T0, place.mark)


def fan_out(*places: Place) -> FanOut:
    return FanOut(PLAN, places or (HOME, BETA, GAMMA))


def told(fan: FanOut):
    return {each.to: each.message.opened for each in fan.tell(decided())}


def test_all_accounts_are_told_the_same_strikes_each_in_its_own_multiple():
    baskets = {to: opened.basket for to, opened in told(fan_out()).items()}

    assert {to: basket.basket_id for to, basket in baskets.items()} == {
        "router:alpha": f"s:{DAY}",
        "router:beta": f"s@beta:{DAY}",
        "router:gamma": f"s@gamma:{DAY}",
    }
    assert {basket.legs[0].symbol for basket in baskets.values()} == {SYMBOLS["ce"]}
    assert [basket.legs[0].quantity for basket in baskets.values()] == [75, 225, 75]


def test_amounts_in_rupees_grow_with_the_lots_so_that_every_account_leaves_at_one_price():
    rules = told(fan_out())["router:beta"].rules

    assert rules.stop_e4 == 3 * e4(6000)
    assert rules.lock == LockRule(e4(9000), e4(4500), e4(1500), e4(750))


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([], "entering"),
        ([ended(HOME), ended(BETA)], "entering"),
        ([ended(HOME), ended(BETA), ended(GAMMA)], "entered today"),
        (
            [ended(HOME), ended(BETA, "too dear"), ended(GAMMA)],
            "entered in 2 of 3 accounts: beta refused: too dear",
        ),
        (
            [ended(HOME, "a"), ended(BETA, "b"), ended(GAMMA, "c")],
            (
                "resting: the entry failed in all 3 accounts: "
                "alpha refused: a; beta refused: b; gamma refused: c"
            ),
        ),
    ],
)
def test_the_status_tells_where_an_entry_succeeded(outcomes, status):
    fan = fan_out()
    fan.tell(decided())
    for outcome in outcomes:
        fan.hear(outcome)

    assert fan.status() == status
    assert fan.stage() is not Stage.REST


def test_where_there_is_one_account_it_is_not_named():
    fan = fan_out(HOME)
    fan.tell(decided())
    fan.hear(ended(HOME, "too dear"))

    assert fan.status() == "resting: the entry failed: too dear"
    assert fan.said(ended(HOME, "too dear")) == "the entry failed: too dear"
    assert fan_out().said(ended(BETA, "no")) == "the entry failed in beta: no"


def test_after_a_crash_those_are_told_that_never_were_and_nobody_twice():
    before, after = fan_out(), fan_out()
    opened = told(before)
    after.hear(replace(opened["router:beta"], account="beta"))

    assert after.stage() is Stage.REST
    assert after.status() == "entering"
    rest = {each.to: each.message.opened for each in after.tell_rest(0)}
    assert rest == {to: opened[to] for to in ("router:alpha", "router:gamma")}
    assert after.stage() is not Stage.REST
    assert after.tell_rest(0) == ()


def test_once_the_time_of_an_entry_is_over_its_rest_is_given_up():
    after = fan_out()
    opened = told(fan_out())["router:beta"]
    after.hear(replace(opened, account="beta"))

    assert after.tell_rest(opened.basket.deadline_ns) == ()
    assert after.stage() is not Stage.REST


def test_what_another_strategy_of_this_id_decided_is_owed_to_nobody():
    after = fan_out()
    after.hear(replace(told(fan_out())["router:beta"], account="beta"))
    after.forget()

    assert after.stage() is not Stage.REST


def test_what_was_refused_before_a_crash_and_told_to_nobody_else_is_not_entered():
    """No account has what was decided, so nobody knows it any more."""
    fan = fan_out()
    fan.hear(ended(HOME, "too dear"))

    assert fan.stage() is Stage.LOST
    assert fan.tell_rest(0) == ()
    assert fan.stage() is Stage.OVER
    assert fan.status().endswith(
        f"alpha refused: too dear; beta not entered: {UNTOLD}; gamma not entered: {UNTOLD}"
    )


def test_a_late_end_of_an_older_entry_says_nothing_of_the_newest():
    fan = fan_out(HOME)
    fan.hear(ended(HOME, "yesterday", "2025-08-29"))
    assert len(fan.tell(decided())) == 1
    fan.hear(ended(HOME, "yesterday", "2025-08-29"))

    assert fan.status() == "entering"


def test_what_a_strategy_says_is_said_of_the_accounts_that_it_trades_in_and_of_no_other():
    runner = StrategyRunner(PLAN, (BETA, GAMMA), strict=False)
    runner.handle(day_opened(), 0)
    said = facts(runner.handle(prices(clock("09:20:00"), NIFTY="24555"), clock("09:20:00")))
    said += facts(runner.handle(ended(BETA, "too dear"), T0))

    def of(account):
        return [note.text for note in Cell(account, account).facts(said)]

    assert list(Cell("alpha").facts(said)) == []
    assert len(of("gamma")) == 1
    assert of("beta") == [*of("gamma"), "the entry failed in beta: too dear"]


def beginning(*places: Place) -> StrategyRunner:
    """A runner on Tuesday morning, after an entry on Monday at home alone."""
    monday = (day_opened(), opened(), ended(HOME), day_ended())
    made = StrategyRunner(PLAN, places, strict=False, facts=monday)
    made.handle(day_opened(NEXT_DAY), 0)
    return made


@pytest.mark.parametrize("places", [(HOME,), (HOME, BETA), (BETA,)])
def test_the_day_after_an_account_came_or_went_is_entered_in_all_that_there_are(places):
    at_ns = clock("09:20:00", NEXT_DAY)
    effects = beginning(*places).handle(prices(at_ns, "100", "95", NIFTY="24555"), at_ns)

    assert [each.to for each in others(effects, Tell)] == [place.router for place in places]


def crashed() -> StrategyRunner:
    """A runner after a crash that let home alone hear of the entry."""
    return StrategyRunner(PLAN, (HOME, BETA), strict=False, facts=(day_opened(), opened()))


LOSS = f"the entry failed in beta: {UNTOLD}"


def test_a_rest_whose_time_is_over_is_told_and_with_it_the_day_is_over():
    made = crashed()
    late_ns = opened().basket.deadline_ns
    (note,) = facts(made.handle(prices(late_ns), late_ns))

    assert (note.text, note.account) == (LOSS, "beta")
    assert made.handle(prices(late_ns + 1), late_ns + 1) == ()
    assert facts(made.handle(day_ended(), late_ns + 2)) == []


def test_a_rest_that_no_frame_came_for_is_told_when_its_day_ends_and_not_entered_the_next():
    made = crashed()
    (note,) = facts(made.handle(day_ended(), 0))
    made.handle(day_opened(NEXT_DAY), 0)
    at_ns = clock("09:20:00", NEXT_DAY)
    effects = made.handle(prices(at_ns, "100", "95", NIFTY="24555"), at_ns)

    assert (note.text, note.account) == (LOSS, "beta")
    baskets = [each.message.opened.basket.basket_id for each in others(effects, Tell)]
    assert baskets == [f"s:{NEXT_DAY}", f"s@beta:{NEXT_DAY}"]


def refused() -> StrategyRunner:
    """A runner after a crash that let home alone hear of the entry, which it refused for good."""
    before = (day_opened(), ended(HOME, "too dear"))
    return StrategyRunner(PLAN, (HOME, BETA), strict=False, facts=before)


REFUSED = (
    "resting: the entry failed in all 2 accounts: alpha refused: too dear; "
    f"beta not entered: {UNTOLD}"
)


def test_who_never_heard_of_what_another_refused_for_good_is_told_so_with_the_next_frame():
    made, at_ns = refused(), clock("09:20:00")
    assert seen(made, at_ns) == REFUSED
    effects = made.handle(prices(at_ns, "100", "95", NIFTY="24555"), at_ns)
    (note,) = facts(effects)

    assert (note.text, note.account) == (LOSS, "beta")
    assert others(effects, Tell) == []
    assert made.handle(prices(at_ns + 1), at_ns + 1) == ()
    assert facts(made.handle(day_ended(), at_ns + 2)) == []
    assert seen(refused(), clock("15:00:00")) == REFUSED


def test_who_never_heard_of_what_another_refused_for_good_is_told_so_when_the_day_ends():
    (note,) = facts(refused().handle(day_ended(), 0))
    assert (note.text, note.account) == (LOSS, "beta")


def seen(made: StrategyRunner, at_ns: int) -> str:
    (show,) = others(made.handle(Ask(1, SeeStrategy()), at_ns), Show)
    return show.view.answer.status


def waits(place: Place) -> BasketEnded:
    return replace(ended(place, "no beat"), waits=True)


def second(place: Place):
    """The entry of an account as it was decided once more, after it had waited."""
    first = decided()
    late_ns = first.basket.deadline_ns + 1_000_000_000
    basket = replace(first.basket, basket_id=f"s@{place.mark}:{DAY}.2", deadline_ns=late_ns)
    return replace(first, basket=basket, account=place.mark)


@pytest.mark.parametrize("first", [opened(), ended(HOME, "too dear")])
def test_who_was_given_up_is_not_told_what_another_that_waited_decides_later(first):
    """Home has it or refused it, beta waits, and gamma never heard of it in its time."""
    before = (day_opened(), first, waits(BETA))
    made = StrategyRunner(PLAN, (HOME, BETA, GAMMA), strict=False, facts=before)
    late_ns = opened().basket.deadline_ns
    frame = prices(late_ns, "100", "95", NIFTY="24555")
    (note,) = facts(made.handle(frame, late_ns))
    again = others(made.handle(frame, late_ns), Tell)

    assert (note.text, note.account) == (LOSS.replace("beta", "gamma"), "gamma")
    assert [each.to for each in again] == ["router:beta"]
    assert made.handle(frame, late_ns) == ()
    assert facts(made.handle(day_ended(), late_ns)) == []


@pytest.mark.parametrize("first", [decided(), ended(HOME, "too dear")])
def test_after_a_restart_no_rest_is_owed_of_what_was_decided_for_one_that_had_waited(first):
    after = fan_out()
    for word in (first, waits(BETA), second(BETA)):
        after.hear(word)
    late_ns = decided().basket.deadline_ns

    assert [mark for mark, _ in after.lost(day_over=False)] == ["gamma"]
    assert after.tell_rest(late_ns) == ()
    assert after.stage() is Stage.OVER


def test_where_an_account_was_exchanged_for_another_the_status_is_told_all_the_same():
    fan = fan_out(BETA)
    fan.hear(ended(HOME, "too dear"))
    told = f"resting: the entry failed in its account: beta not entered: {UNTOLD}"
    assert fan.status() == told


def test_of_an_account_that_came_after_the_entry_it_is_not_said_that_it_refused():
    """Nor that the daemon stopped: nobody records since when an account is the strategy's."""
    fan = fan_out()
    for place in (HOME, BETA):
        fan.hear(ended(place))
    assert fan.status() == f"entered in 2 of 3 accounts: gamma not entered: {UNTOLD}"
