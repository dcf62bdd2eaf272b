"""Storms: a strategy that enters, or is refused, too often is stopped until a person starts it."""

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.money import e4
from daemon.domain.orders.storm import Rate
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderType,
    OrderUpdated,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.messages import (
    DayOpened,
    OrderAsked,
    PlaceByHand,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from tests.kit.router import (
    CLOSES,
    DAY,
    OPENS,
    SYMBOLS,
    T0,
    S,
    Stage,
    enter,
    frame,
    leave,
    without_wakes,
)

TERMS = Terms("a", "broker", strict=False, repeats=Rate(2, 3_600 * S))
REPEATED = "more than 2 entries in 60 minutes"
BAND = "3 refusals for BAND in 10 s, the last: no"


def entries(made, *after_s, legs=("hc",)):
    """Decide an entry after so many seconds each; how each began."""
    began = []
    for seconds in after_s:
        made.now_ns += seconds * S
        made.tell(frame(made.now_ns))
        began.append(made.tell(enter(*legs, at_ns=made.now_ns))[0])
        made.run()
        made.tell(leave(*legs))
        made.run(30)
    return began


def refusals(count=3, kind="BAND", made=None):
    """So many entries of one short each, all refused for one reason; what stands then."""
    made = made or Stage([f"refuse {kind}"] * count + ["fill"])
    for _ in range(count):
        made.tell(enter("ce", at_ns=made.now_ns))
        made.run(3)
    return made


def stopped(made):
    """Which strategies were stopped by no person, and why."""
    return [(fact.strategy_id, fact.because) for fact in made.told(StrategyStopped)]


def test_one_entry_more_than_may_be_in_the_while_stops_the_strategy():
    made = Stage(terms=TERMS)
    assert entries(made, 60, 60, 60) == ["opened", "opened", "stopped s"]
    assert stopped(made) == [("s", REPEATED)]
    assert made.told(StrategyStopped)[0].by == "ordo"


def test_entries_that_lie_further_apart_go_on():
    made = Stage(terms=replace(TERMS, repeats=Rate(2, 600 * S)))
    assert entries(made, 60, 400, 400, 400) == ["opened"] * 4
    assert stopped(made) == []


def test_a_strategy_that_is_stopped_is_told_with_what_to_do():
    made = Stage(terms=TERMS)
    entries(made, 60, 60)
    made.now_ns += 60 * S
    said = without_wakes(made.tell(enter("hc", at_ns=made.now_ns)))
    assert said == [
        "stopped s",
        f"note s is stopped, {REPEATED}; start it again once you know why",
        f"ended: s is stopped, {REPEATED}; start it again first",
    ]


def test_other_strategies_go_on():
    made = Stage(terms=TERMS)
    entries(made, 60, 60, 60)
    assert made.tell(enter("hp", at_ns=made.now_ns, strategy_id="t"))[0] == "opened"


def test_once_a_person_starts_it_a_strategy_enters_again_and_is_counted_from_there():
    made = Stage(terms=TERMS)
    entries(made, 60, 60, 60)
    made.tell(StrategyStarted("s", "me", made.now_ns))
    assert entries(made, 60, 60, 60) == ["opened", "opened", "stopped s"]


def test_a_restart_forgets_what_was_stopped_with_a_strategy_that_was_removed():
    made = Stage(terms=TERMS)
    entries(made, 60, 60, 60)
    made.facts.append(StrategyRemoved("s", "me", made.now_ns))
    made.build()
    assert entries(made, 60) == ["opened"]


def test_a_restart_keeps_what_was_stopped_and_what_was_counted():
    made = Stage(terms=TERMS)
    entries(made, 60, 60)
    made.build()
    assert entries(made, 60) == ["stopped s"]
    made.build()
    assert entries(made, 60) == [f"ended: s is stopped, {REPEATED}; start it again first"]
    assert len(stopped(made)) == 1


def test_an_entry_that_was_not_even_opened_is_counted():
    made = Stage(terms=TERMS)
    for _ in range(2):
        made.now_ns += S
        made.tell(enter("hc", at_ns=made.now_ns, deadline_ns=made.now_ns))
    made.build()
    assert entries(made, 1) == ["stopped s"]


def test_three_refusals_for_one_reason_stop_the_strategy_and_its_entry():
    made = refusals()
    assert stopped(made) == [("s", BAND)]
    assert made.tell(enter("ce", at_ns=made.now_ns)) == [
        f"ended: s is stopped, {BAND}; start it again first"
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_refusals_stop_nothing(count):
    assert stopped(refusals(count)) == []


def test_refusals_for_different_reasons_are_no_storm():
    made = Stage(["refuse BAND", "refuse BAND", "refuse MARGIN", "refuse MARGIN", "fill"])
    assert stopped(refusals(4, made=made)) == []


def test_refusals_that_lie_apart_are_no_storm():
    made = Stage(["refuse BAND"])
    for _ in range(6):
        refusals(1, made=made)
        made.run(5)
        made.tell(frame(made.now_ns))
    assert stopped(made) == []


def test_a_refusal_after_the_order_was_accepted_counts_alike():
    assert stopped(refusals(made=Stage(["reject BAND"]))) == [("s", BAND.replace("no", "rejected"))]


def test_exits_that_are_priced_beside_the_band_are_no_storm():
    """Where they may be priced moves with the market, and the ladder answers it."""
    made = Stage(["fill", *["refuse BAND"] * 4, "fill"]).entered("ce")
    made.tell(leave("ce"))
    assert "flat ce" in made.run(20)
    assert stopped(made) == []
    assert stopped(refusals(made=Stage(["refuse BAND"]))) == [("s", BAND)]


def test_what_never_left_is_no_storm_of_entries_nor_of_exits():
    """The line to the broker is down: nobody has refused anything, and it is told by itself."""
    made = Stage(["fill", *["refuse UNSENT"] * 4, "fill"]).entered("ce")
    made.tell(leave("ce"))
    assert "flat ce" in made.run(20)
    assert stopped(refusals(4, "UNSENT", made=Stage(["refuse UNSENT"] * 4 + ["fill"]))) == []
    assert stopped(made) == []


def test_an_exit_of_a_strategy_that_is_refused_walks_its_table_on():
    made = Stage(["fill", *["refuse MARGIN"] * 4, "fill"]).entered("ce")
    made.tell(leave("ce"))
    said = made.run(20)
    assert [name for name, _ in stopped(made)] == ["s"]
    assert "flat ce" in said


def test_what_is_under_way_of_a_stopped_strategy_is_given_up_and_unwound():
    made = Stage(["fill", "work", "fill"])
    made.tell(enter("hc", "hp", reprice_ns=60 * S))
    made.run()
    kept = made.intents()[1]
    for n in range(3):
        kind = OrderUpdated(f"OR{n}", "", State.REJECTED, 0, 0, made.now_ns, Refusal.MARGIN, "no")
        intent = replace(kept, intent_id=f"OR{n}", parent="other", purpose=Purpose.EXIT)
        made.router._desk.apply(IntentRecorded(intent, made.now_ns))
        said = made.tell(kind)
    assert f"ended: it is stopped: {BAND.replace('BAND', 'MARGIN')}" in said
    made.run(5)
    assert made.broker.net() == {}


def test_orders_by_hand_are_each_a_persons_word():
    made = Stage(["refuse BAND"])
    asked = OrderAsked(
        "r0", "a", SYMBOLS["hc"], Side.BUY, 75, OrderType.LIMIT, e4("20.05"), 0, "", "me", T0
    )
    for n in range(5):
        made.ask(PlaceByHand(replace(asked, request_id=f"r{n}", quantity=75 * (n + 1))))
        made.run(1)
    assert [made.answers[n].refusal for n in range(1, 6)] == [Refusal.BAND] * 5
    assert stopped(made) == []


def test_a_new_day_starts_nothing_again():
    made = Stage(terms=TERMS)
    entries(made, 60, 60, 60)
    made.tell(DayOpened(DAY, ((OPENS, CLOSES),), made.now_ns))
    made.tell(frame(made.now_ns))
    assert entries(made, 60)[0].startswith("ended: s is stopped")
