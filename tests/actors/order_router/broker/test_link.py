"""The link to the broker: calls that fail in a row stop entries, and never an exit."""

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.money import e4
from daemon.domain.orders.words import (
    OrderRefused,
    OrderType,
    Pocket,
    Product,
    Refusal,
    Side,
)
from daemon.messages import (
    BasketEnded,
    BreakerMoved,
    MarginRead,
    MarginUnread,
    Noted,
    OrderAsked,
    PlaceByHand,
)
from daemon.runtime.breaker import BreakerPolicy
from tests.kit.router import SYMBOLS, T0, S, Stage, enter, frame, leave, without_wakes

TERMS = Terms("a", "broker", strict=False, breaker=BreakerPolicy(3, 30 * S, 10 * S))
ASKED = OrderAsked(
    "r", "a", SYMBOLS["hc"], Side.BUY, 75, OrderType.LIMIT, e4("20.05"), 0, "", "me", T0
)
CLOSED = "calls to the broker fail; no entry leaves until one gets through"
FREE = (e4(1), e4(10**6))
WAITS = "calls to broker fail, and none has got through since"
TOLD = "3 calls to broker failed in a row: no entry leaves until one gets through, tried every 30 s"


def fail(made, count=3):
    """Send orders by hand whose answers never come, each a little larger."""
    for n in range(count):
        wanted = replace(ASKED, request_id=f"r{len(made.facts)}", quantity=75 * (n + 1))
        made.ask(PlaceByHand(wanted))
        made.run(0.5)
    return made


def moves(made):
    """How the breaker moved."""
    return [str(fact.phase) for fact in made.told(BreakerMoved)]


def entry(made):
    """Enter, and say how that began."""
    made.tell(frame(made.now_ns))
    return without_wakes(made.tell(enter("hp", at_ns=made.now_ns)))


def test_calls_that_fail_in_a_row_stop_entries_and_are_told():
    made = fail(Stage(["lost"], terms=TERMS))
    assert moves(made) == ["open"]
    assert entry(made) == ["opened", f"ended: {CLOSED}"]
    assert [fact.text for fact in made.told(Noted)] == [TOLD]


def test_where_the_book_is_read_an_entry_waits_for_a_call_that_gets_through():
    """It is decided anew then; it does not find out by itself."""
    made = Stage(["lost", "lost", "lost", "fill"], terms=replace(TERMS, reconcile_ns=60 * S))
    made.run(1)
    fail(made)
    assert entry(made) == [f"ended: {WAITS}"]
    assert made.told(BasketEnded)[-1].waits
    assert "free s" not in made.run(50)
    assert "free s" in made.run(10)
    assert moves(made) == ["open", "half_open", "closed"]
    assert entry(made)[0] == "opened"


@pytest.mark.parametrize(("time_s", "ends"), [(70, "hp +75"), (20, f"ended: {WAITS}")])
def test_an_entry_that_was_asked_about_before_the_link_broke_waits_as_long_as_it_may(time_s, ends):
    """Then it is decided anew."""
    policy = BreakerPolicy(1, 30 * S, 10 * S)
    terms = replace(TERMS, reconcile_ns=60 * S, asks_margin=True, breaker=policy)
    made = Stage(["lost", "fill"], terms=terms)
    made.run(1)
    made.broker.margin = None
    began_ns = made.now_ns
    made.tell(enter("hp", at_ns=began_ns, deadline_ns=began_ns + time_s * S))
    made.broker.margin = FREE
    fail(made, 1)
    assert moves(made) == ["open"]
    made.tell(MarginRead(f"s:{began_ns - T0}", *FREE, made.now_ns))
    said = []
    for _ in range(65):
        said += made.run(1) + made.tell(frame(made.now_ns))
    assert ends in said
    assert [fact.waits for fact in made.told(BasketEnded)] == [ends != "hp +75"]


def test_of_an_entry_that_waits_for_others_nothing_is_asked_while_the_link_is_broken():
    """The question would be lost, and it with it."""
    policy = BreakerPolicy(1, 30 * S, 10 * S)
    terms = replace(TERMS, reconcile_ns=10 * S, asks_margin=True, breaker=policy)
    made = Stage(["dumb 5", "fill"], terms=terms)
    made.run(1)
    made.broker.margin = (e4(600_000), e4(1_000_000))
    began_ns = made.now_ns
    made.tell(enter("ce", at_ns=began_ns, deadline_ns=began_ns + 90 * S))
    later = {"strategy_id": "t", "basket_id": "t:1", "deadline_ns": began_ns + 90 * S}
    made.tell(enter("pe", at_ns=began_ns, **later))
    made.run(0.5)
    assert moves(made) == ["open"]
    said = made.run(28)
    assert "ce -75" in said
    assert "margin" not in said
    assert "margin" in made.run(45)
    assert moves(made) == ["open", "half_open", "closed"]


def test_while_a_leg_finds_out_whether_the_link_is_back_the_others_wait_for_it():
    made = fail(Stage(["lost", "lost", "lost", "fill"], terms=TERMS))
    made.run(30)
    made.tell(frame(made.now_ns))
    said = without_wakes(made.tell(enter(at_ns=made.now_ns)))
    assert said == ["opened", "intend 4 sell ce 75 @99.95", "place 4"]
    assert "entered" in made.run(1)
    assert moves(made) == ["open", "half_open", "closed"]


def test_an_order_by_hand_is_declined_while_the_link_is_broken():
    made = fail(Stage(["lost"], terms=TERMS))
    assert made.ask(PlaceByHand(replace(ASKED, quantity=750))).code == "broker_link"


@pytest.mark.parametrize("answer", ["refuse BAND", "ask"])
def test_an_answer_in_between_starts_the_count_again(answer):
    made = fail(Stage(["lost", "lost", answer, "lost", "lost", "fill"], terms=TERMS), 5)
    assert moves(made) == []


@pytest.mark.parametrize("kind", ["UNSENT", "OTHER"])
def test_a_refusal_of_our_own_is_no_evidence_of_the_link(kind):
    """The door refuses what never left; before, it was recorded without a reason."""
    made = fail(Stage(["lost", "lost", f"refuse {kind}", "lost"], terms=TERMS), 4)
    assert moves(made) == ["open"]


def test_an_exit_leaves_although_the_link_is_broken_and_is_not_judged():
    made = Stage(["fill", "lost", "lost", "lost", "fill"], terms=TERMS).entered("ce")
    fail(made)
    made.tell(leave("ce"))
    assert "flat ce" in made.run(1)
    assert moves(made) == ["open"]


def test_after_the_cool_down_the_first_call_is_the_probe_and_an_exit_may_be_it():
    made = Stage(["fill", "lost", "lost", "lost", "fill"], terms=TERMS).entered("ce")
    fail(made)
    made.run(30)
    made.tell(frame(made.now_ns))
    made.tell(leave("ce"))
    made.run(1)
    assert moves(made) == ["open", "half_open", "closed"]
    assert entry(made)[:2] == ["opened", "intend 6 buy hp 75 @20.05"]
    texts = [fact.text for fact in made.told(Noted) if "again" in fact.text]
    assert texts == ["calls to broker get through again: entries may leave"]


def test_an_entry_may_be_the_probe_and_while_it_is_out_no_other_leaves():
    made = fail(Stage(["lost", "lost", "lost", "mute"], terms=TERMS))
    made.run(30)
    assert entry(made)[0] == "opened"
    assert moves(made) == ["open", "half_open"]
    assert made.ask(PlaceByHand(replace(ASKED, quantity=750))).code == "broker_link"


def test_a_probe_that_fails_opens_it_again_without_another_note():
    made = fail(Stage(["lost"], terms=TERMS))
    made.run(30)
    entry(made)
    made.run(1)
    assert moves(made) == ["open", "half_open", "open"]
    assert sum("failed in a row" in fact.text for fact in made.told(Noted)) == 1


def test_where_a_probe_stays_silent_an_entry_is_the_next_one_after_its_time():
    made = fail(Stage(["lost", "lost", "lost", "mute", "fill"], terms=TERMS))
    made.run(31)
    assert "place 4" in entry(made)
    made.tell(frame(made.now_ns), made.now_ns + 9 * S)
    other = {"strategy_id": "t", "basket_id": "t:1", "deadline_ns": made.now_ns + 60 * S}
    assert "place 5" not in made.tell(enter("hp", at_ns=made.now_ns, **other))
    said = made.tell(frame(made.now_ns), made.now_ns + 2 * S)
    assert "place 5" in said


def test_readings_that_fail_count_as_well_and_one_that_comes_closes_it():
    made = Stage(terms=replace(TERMS, reconcile_ns=5 * S))
    made.run(1)
    made.entered("hp")
    made.broker.unread.extend(["cut"] * 3)
    made.build()
    made.run(4)
    assert moves(made) == ["open"]
    made.run(60)
    assert moves(made) == ["open", "half_open", "closed"]


def test_a_book_that_is_not_read_for_want_of_a_session_tells_nothing_of_the_link():
    """A night without a person would fill the record with a breaker that opens and closes."""
    made = Stage(terms=replace(TERMS, reconcile_ns=5 * S))
    made.broker.unread.extend(["no session"] * 50)
    made.build()
    made.run(60)
    assert (moves(made), made.broker.reads > 40) == ([], True)


def test_a_book_of_which_only_shares_of_earlier_days_are_not_read_is_an_answer_of_the_link():
    made = Stage(terms=replace(TERMS, reconcile_ns=5 * S))
    made.broker.beside = {Pocket("INFY", Product.CARRY): 5}
    made.broker.unread.extend([*["cut"] * 3, *["no shares"] * 50])
    made.build()
    made.run(60)
    assert (moves(made), made.broker.reads > 40) == (["open", "half_open", "closed"], True)


def test_a_margin_that_is_not_read_counts_as_well():
    made = Stage(terms=replace(TERMS, asks_margin=True))
    made.broker.margin = "cut"
    for n in range(3):
        made.ask(PlaceByHand(replace(ASKED, request_id=f"m{n}")))
        made.run(0.5)
    assert moves(made) == ["open"]
    assert made.tell(MarginUnread("manual:m0", "cut", made.now_ns)) == []


def test_a_margin_of_an_entry_that_is_not_read_counts_as_well():
    made = Stage(terms=replace(TERMS, asks_margin=True))
    made.broker.margin = "cut"
    for strategy_id in ("s", "t", "u"):
        made.tell(enter("hp", strategy_id=strategy_id, basket_id=strategy_id))
    made.run(0.5)
    assert moves(made) == ["open"]


def test_a_margin_that_the_broker_refuses_to_tell_is_an_answer_of_its_link():
    made = Stage(terms=replace(TERMS, asks_margin=True))
    made.broker.margin = None
    for n in range(5):
        made.ask(PlaceByHand(replace(ASKED, request_id=f"m{n}")))
        made.tell(MarginUnread(f"manual:m{n}", "400", made.now_ns, answered=True))
    assert moves(made) == []


def test_a_margin_that_is_asked_for_again_and_again_counts_once():
    """Else one strategy would keep all others of its account from entering."""
    made = Stage(terms=replace(TERMS, asks_margin=True))
    made.broker.margin = "cut"
    for _ in range(6):
        made.tell(frame(made.now_ns))
        made.tell(enter("hp", at_ns=made.now_ns))
        made.run(61)
    assert moves(made) == []


def test_a_restart_believes_of_the_link_what_was_believed_before():
    made = fail(Stage(["lost"], terms=TERMS))
    made.build()
    made.tell(frame(made.now_ns))
    assert f"ended: {CLOSED}" in entry(made)
    made.run(31)
    assert entry(made)[0] == "opened"


def test_an_answer_to_a_call_from_before_a_restart_tells_nothing():
    made = fail(Stage(["mute"], terms=TERMS), 1)
    intent_id = made.intents()[0].intent_id
    made.build()
    made.tell(OrderRefused(intent_id, Refusal.BAND, "no", made.now_ns))
    assert moves(made) == []
