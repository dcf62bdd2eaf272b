"""By hand: exits of a position or a part of it, single orders, their cancellation."""

from datetime import time, timedelta

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.instants import at, day_of
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.heard import Order
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderType,
    Pocket,
    Product,
    Purpose,
    Side,
    State,
)
from daemon.guardian.books import Books
from daemon.messages import (
    AccountSeen,
    BasketEnded,
    CancelByHand,
    DayEnded,
    DayOpened,
    Declined,
    Done,
    ExitByHand,
    ExitFinished,
    ExitOwed,
    FreeEntries,
    HeldBy,
    HoldEntries,
    LatchKind,
    OrderAsked,
    PauseEntries,
    PlaceByHand,
    PositionChanged,
    SeeAccount,
    SeeOrders,
)
from daemon.runtime.budget import Window
from tests.kit.router import (
    CLOSES,
    DAY,
    KEEP,
    READING,
    SYMBOLS,
    T0,
    S,
    Stage,
    carried,
    enter,
    frame,
    latch,
    leave,
    leg,
    without_wakes,
)

CE, PE, HC = SYMBOLS["ce"], SYMBOLS["pe"], SYMBOLS["hc"]
ASKED = OrderAsked("r1", "a", CE, Side.BUY, 75, OrderType.LIMIT, e4("100.05"), 0, "", "me", T0)


def place(stage, *, dry_run=False, **fields):
    """Ask for an order by hand; what is answered at once."""
    return stage.ask(PlaceByHand(replace(ASKED, **fields), dry_run))


def out(stage, leg_id="", lots=0, strategy_id="s"):
    """Leave by hand; the answer."""
    return stage.ask(ExitByHand(strategy_id, leg_id, lots, "me"))


def test_all_of_a_strategy_is_left_by_hand():
    stage = Stage().entered()
    assert out(stage) == Done("leaving ce, pe")
    stage.run()
    assert [(f.leg_ids, f.reason, f.keep) for f in stage.told(ExitOwed)] == [
        (("ce", "pe"), "manual", 0)
    ]
    assert stage.broker.net() == {}


@pytest.mark.parametrize("lots", [0, 1])
def test_what_a_person_said_of_an_exit_is_recorded_with_it(lots):
    stage = Stage().entered()
    stage.ask(ExitByHand("s", "ce", lots, "me", "the news"))
    stage.run()
    assert [(owed.leg_ids, owed.because) for owed in stage.told(ExitOwed)] == [
        (("ce",), "the news")
    ]


def test_one_leg_is_left_by_hand_and_the_other_stays():
    stage = Stage().entered()
    assert out(stage, "ce") == Done("leaving ce")
    stage.run()
    assert stage.broker.net() == {PE: -75}


@pytest.mark.parametrize("leg_id", ["ce", "pe"])
def test_of_legs_that_an_ended_entry_may_still_fill_the_one_that_is_named_is_left(leg_id):
    stage = Stage(["fill", "work"], ["lost"])
    stage.tell(enter(on_fail=OnFail.KEEP))
    stage.run(6)
    assert len(stage.told(BasketEnded)) == 1
    assert out(stage, leg_id) == Done(f"leaving {leg_id}")


def test_what_is_being_left_is_not_left_twice():
    stage = Stage(["fill", "work"]).entered("ce")
    stage.tell(leave("ce"))
    assert out(stage) == Done("it is being left already")
    assert len(stage.told(ExitOwed)) == 1


def test_an_entry_under_way_is_given_up_by_hand():
    stage = Stage(["work"])
    stage.tell(enter(**KEEP))
    stage.run()
    assert out(stage) == Done("leaving ce, pe")
    stage.run(2)
    assert stage.broker.resting() == []


NOS = {
    "a leg that is not known": (("x", 0, "s"), "unknown_leg", "s has no leg x; it holds ce"),
    "a strategy that holds nothing": (("", 0, "t"), "nothing_held", "t holds nothing in any leg"),
    "part of nothing": (("", 1, "t"), "nothing_held", "t holds nothing in any leg"),
    "more lots than are held": (("ce", 4, "s"), "too_many_lots", "ce holds 3 lots, not 4"),
    "lots below zero": (
        ("ce", -1, "s"),
        "bad_lots",
        "-1 lots cannot be closed; name one or more, or 0 for all",
    ),
}


@pytest.mark.parametrize(("wanted", "code", "sentence"), NOS.values(), ids=NOS)
def test_what_cannot_be_left_is_declined_and_nothing_happens(wanted, code, sentence):
    stage = Stage().entered(leg("ce", 3))
    assert out(stage, *wanted) == Declined(code, sentence)
    assert stage.told(ExitOwed) == []


def test_a_leg_that_is_flat_holds_nothing():
    stage = Stage().entered("ce")
    out(stage)
    stage.run()
    assert out(stage, "ce") == Declined("nothing_held", "s holds nothing in ce")


def test_why_a_person_left_stands_where_that_ended_an_entry_that_waited():
    stage = Stage()
    stage.tell(HoldEntries(HeldBy.BEAT, "no beat"))
    stage.tell(enter())
    stage.ask(ExitByHand("s", "", 0, "me", "the news"))
    assert [fact.because for fact in stage.told(BasketEnded)][1:] == ["left by me (the news)"]


def test_leaving_all_of_a_strategy_ends_the_entry_of_it_that_waits():
    stage = Stage()
    stage.tell(HoldEntries(HeldBy.BEAT, "no beat"))
    stage.tell(enter())
    assert out(stage, "ce") == Declined("unknown_leg", "s has no leg ce; it holds nothing")
    so = "the entry of s, which waited, is given up: entries are paused: no beat"
    assert out(stage) == Done(so)
    assert [fact.because for fact in stage.told(BasketEnded)][1:] == ["left by me"]
    assert "free s" not in stage.tell(FreeEntries(HeldBy.BEAT))
    assert out(stage) == Declined("nothing_held", "s holds nothing in any leg")


def unread(stage, *how):
    """Start anew, with a book that the broker does not tell for a while."""
    stage.broker.unread.extend(how)
    stage.build()
    return stage


def holding():
    """A stage that holds a leg when the broker tells its book no more; an exit does not fill."""
    stage = Stage(["fill", "work"], terms=READING)
    stage.run(1)
    return unread(stage.entered("ce"), *["cut"] * 20)


OF_A = "the broker's book of a has not been read since the start"


def test_what_is_left_before_the_brokers_book_was_read_is_owed_until_it_is_or_for_some_seconds():
    stage = holding()
    waits = "which an exit waits for, up to 10 s"
    assert out(stage, lots=1) == Done("leaving 1 lot of ce", f"{OF_A}, {waits}")
    stage.run(1)
    again = Done("it is being left already", f"{OF_A}: cut, {waits}")
    assert out(stage) == again
    stage = holding()
    assert out(stage) == Done("leaving ce", f"{OF_A}, {waits}")
    stage.run(11)
    assert out(stage) == Done("it is being left already")


def test_what_no_market_takes_an_order_for_is_owed_until_one_opens():
    stage = Stage().entered("ce")
    stage.run((CLOSES - T0) / S + 60)
    assert out(stage) == Done("leaving ce", "its market is closed until 2025-09-02 09:15")


def test_what_cannot_be_ordered_from_here_is_owed_and_that_is_said():
    stage = Stage(terms=READING)
    option = "RELIANCE-2025-09-30-1400-CE"
    stage.broker.stranger(option, Side.SELL, 500, filled=500)
    stage.run(40)
    because = f"{option} cannot be ordered from here: close it at the broker"
    assert out(stage, strategy_id="external") == Done(f"leaving {option}", because)


def test_what_can_be_ordered_goes_out_at_once_though_another_leg_of_it_cannot():
    stage = Stage(terms=READING)
    option = "RELIANCE-2025-09-30-1400-CE"
    stage.broker.stranger(option, Side.SELL, 500, filled=500)
    stage.broker.stranger(PE, Side.SELL, filled=75)
    stage.run(40)
    assert out(stage, strategy_id="external").owed == ""
    stage.run(1)
    assert stage.broker.net() == {option: -500}


def test_nothing_is_held_by_our_own_record_alone_where_the_brokers_book_is_not_read():
    so, look = "s holds nothing in any leg", "so look at its own page as well"
    stage = unread(Stage(terms=READING), "cut", "", "cut")
    assert out(stage) == Declined("book_unread", f"{so} in our record; {OF_A}, {look}")
    stage.run(1)
    assert out(stage, lots=1) == Declined("book_unread", f"{so} in our record; {OF_A}: cut, {look}")
    stage.run(30)
    assert out(stage) == Declined("nothing_held", so)


def test_a_part_is_left_and_the_rest_stays_held():
    stage = Stage().entered(leg("ce", 3))
    assert out(stage, "ce", 2) == Done("leaving 2 lots of ce")
    stage.run()
    assert stage.broker.net() == {CE: -75}
    assert [fact.keep for fact in stage.told(ExitOwed)] == [75]
    (finished,) = stage.told(ExitFinished)
    assert finished.part == "150 of 225 units of ce"
    stage.run(30)
    assert stage.broker.net() == {CE: -75}
    stage.tell(leave("ce"))
    stage.run()
    assert stage.broker.net() == {}


def test_a_part_of_every_leg_is_left():
    stage = Stage().entered(leg("ce", 2), leg("hc", 2))
    assert out(stage, "", 1) == Done("leaving 1 lot of ce, hc")
    stage.run()
    assert stage.broker.net() == {CE: -75, HC: 75}


def test_a_part_of_a_hedge_is_sold_only_once_that_of_the_short_is_bought_back():
    stage = Stage(["fill", "fill", "work", "fill"]).entered(leg("hc", 2), leg("ce", 2))
    assert out(stage, "", 1) == Done("leaving 1 lot of ce, hc")
    stage.run(0.5)
    assert stage.broker.net() == {CE: -150, HC: 150}
    stage.push(3)
    stage.run()
    assert stage.broker.net() == {CE: -75, HC: 75}


def test_a_part_that_does_not_fill_climbs_the_ladder_and_sells_no_more():
    stage = Stage(["fill", "work", "work", "fill"]).entered(leg("hc", 3))
    out(stage, "hc", 1)
    stage.run(5)
    assert stage.broker.net() == {HC: 150}


def test_a_part_goes_on_after_a_restart():
    stage = Stage(["fill", "work", "fill"]).entered(leg("ce", 3))
    out(stage, "ce", 1)
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.run(6)
    assert stage.broker.net() == {CE: -150}


def test_all_of_a_leg_may_be_left_while_a_part_of_it_is():
    """A stop does not wait for a hand; the order that is on its way counts."""
    stage = Stage(["fill", "work", "fill"]).entered(leg("ce", 3))
    out(stage, "ce", 1)
    stage.run(0.1)
    said = without_wakes(stage.tell(leave("ce")))
    assert said[0] == "flat ce"
    assert [word for word in said if word.startswith("intend")] == ["intend 3 buy ce 150 @100.05"]
    stage.run(6)
    assert (stage.broker.net(), stage.broker.flips, stage.broker.resting()) == ({}, [], [])


def test_a_second_part_waits_for_the_first():
    stage = Stage(["fill", "work"]).entered(leg("ce", 3))
    out(stage, "ce", 1)
    answer = out(stage, "ce", 1)
    assert answer.code == "leaving"


def test_a_part_of_what_is_being_entered_is_declined():
    stage = Stage(["part"])
    stage.tell(enter(leg("ce", 3), **KEEP))
    stage.run()
    assert out(stage, "ce", 1).code == "entering"


def test_a_part_of_a_short_that_is_not_whole_lots_is_declined():
    stage = Stage(["work", "fill"])
    stage.tell(enter(leg("ce", 3), **KEEP))
    stage.run()
    stage.push(1, 100)
    stage.router._desk.baskets.clear()
    assert out(stage, "ce", 1).code == "odd_lots"


def test_an_order_by_hand_is_recorded_in_one_piece_and_answered_when_the_broker_has():
    stage = Stage(["work"])
    assert place(stage) is None
    recorded = [type(fact) for fact in stage.facts[-2:]]
    assert recorded == [IntentRecorded, OrderAsked]
    stage.run(0.05)
    order = stage.answers[1]
    assert isinstance(order, Order)
    assert (order.state, order.intent.strategy_id, order.intent.leg_id) == (
        State.WORKING,
        "manual",
        CE,
    )
    assert order.intent.parent == "manual:r1"


ANSWERS = {
    "refused": ("refuse MARGIN", State.REFUSED),
    "unknown": ("dumb", State.UNKNOWN),
    "accepted": ("accept", State.WORKING),
}


@pytest.mark.parametrize(("how", "state"), ANSWERS.values(), ids=ANSWERS)
def test_the_answer_is_the_order_as_it_stands(how, state):
    stage = Stage([how])
    place(stage)
    stage.run(0.05)
    assert stage.answers[1].state is state


def test_without_an_answer_of_the_broker_it_is_answered_before_patience_ends():
    stage = Stage(["mute"])
    place(stage)
    stage.run(3.9)
    assert stage.answers == {}
    stage.run(0.2)
    assert stage.answers[1].state is State.INTENDED


def test_the_same_request_again_is_sent_once_and_both_are_answered():
    stage = Stage(["work"])
    place(stage)
    place(stage)
    stage.run()
    assert place(stage).state is State.WORKING
    assert stage.answers[1] == stage.answers[2]
    assert len(stage.intents()) == 1


def test_after_a_restart_the_request_is_found_and_not_sent_again():
    stage = Stage(["work"])
    place(stage)
    stage.run()
    stage.build()
    stage.tell(frame(stage.now_ns))
    assert place(stage).state is State.WORKING
    assert len(stage.intents()) == 1


def test_an_order_that_repeats_one_of_a_moment_ago_under_another_request_id_is_a_duplicate():
    stage = Stage()
    place(stage)
    stage.run()
    assert place(stage, request_id="r2").code == "duplicate"
    assert len(stage.intents()) == 1


@pytest.mark.parametrize("other", [{"quantity": 150}, {"product": Product.CARRY}])
def test_a_request_id_is_not_used_for_another_order(other):
    stage = Stage(["work"])
    place(stage)
    answer = place(stage, **other)
    assert answer.code == "request_reused"
    assert len(stage.intents()) == 1


@pytest.mark.parametrize("restarted", [False, True])
def test_the_id_of_an_order_of_an_earlier_day_is_refused_and_sends_nothing(restarted):
    stage = Stage(["fill"])
    place(stage)
    stage.run()
    opens_ns = at(DAY + timedelta(days=1), time(9, 15))
    stage.tell(DayEnded(DAY, CLOSES + S), CLOSES + S)
    sessions = ((opens_ns, opens_ns + 6 * 3_600 * S),)
    stage.tell(DayOpened(day_of(opens_ns), sessions, opens_ns, interval_ns=S), opens_ns)
    if restarted:
        stage.build()
    stage.tell(frame(opens_ns + S), opens_ns + S)
    assert place(stage) == Declined(
        "request_reused", f"r1 asked for an order on {DAY} before; take a new id"
    )
    assert len(stage.intents()) == 1


def test_what_is_only_tried_is_not_told_of_an_order_that_was_sent_under_its_id():
    stage = Stage(["work"])
    place(stage)
    assert place(stage, dry_run=True).code == "request_reused"


def test_a_crash_before_the_answer_leaves_an_order_that_the_repeat_finds():
    stage = Stage(["fill"])
    stage.crashes = frozenset({stage.commits + 1})
    place(stage)
    stage.tell(frame(stage.now_ns))
    place(stage)
    assert len(stage.intents()) == 1
    assert set(stage.broker.asked.values()) == {1}


DECLINED = {
    "beyond the collar": ({"price_e4": e4(200)}, "price_collar"),
    "not whole lots": ({"quantity": 70}, "tradability"),
    "too many": ({"quantity": 75 * 60}, "quantity"),
    "not known": ({"symbol": "no symbol"}, "tradability"),
    "a market order without a price": (
        {"symbol": "NIFTY-2025-09-02-25000-CE", "order_type": OrderType.MARKET},
        "no_price",
    ),
    "a market order in what is not known": (
        {"symbol": "no symbol", "order_type": OrderType.MARKET},
        "no_price",
    ),
}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("fields", "code"), DECLINED.values(), ids=DECLINED)
def test_what_a_control_objects_to_is_declined_and_leaves_no_trace(fields, code, dry_run):
    stage = Stage()
    answer = place(stage, dry_run=dry_run, **fields)
    assert isinstance(answer, Declined)
    assert answer.code == code
    assert stage.told(OrderAsked) == stage.intents() == []


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing():
    stage = Stage()
    assert place(stage, dry_run=True) == Done(f"would be sent: buy 75 {CE} at 100.05")
    assert (stage.intents(), stage.told(OrderAsked)) == ([], [])


def test_a_market_order_becomes_a_limit_that_protects_it():
    stage = Stage()
    place(stage, order_type=OrderType.MARKET, price_e4=0)
    place(stage, request_id="r2", order_type=OrderType.MARKET, price_e4=0, side=Side.SELL)
    first, second = stage.intents()[0], stage.intents()[-1]
    assert (first.order_type, first.price_e4) == (OrderType.LIMIT, e4("101.10"))
    assert second is first or second.price_e4 == e4("98.95")


@pytest.mark.parametrize("side", Side)
def test_a_market_order_in_a_dear_share_and_its_exit_are_on_the_tick_of_the_exchange(side):
    stage = Stage(["fill"])
    touch = Quote(e4("8437.55"), e4("8437.50"), 10, e4("8438.00"), 10)
    stage.tell(Frame(T0, {"BAJAJ-AUTO": touch}))
    order = {"symbol": "BAJAJ-AUTO", "quantity": 10, "side": side}
    place(stage, order_type=OrderType.MARKET, price_e4=0, **order)
    stage.run()
    stage.tell(Frame(stage.now_ns, {"BAJAJ-AUTO": touch}))
    assert out(stage, "BAJAJ-AUTO", 0, "manual") == Done("leaving BAJAJ-AUTO")
    stage.run()
    assert [intent.price_e4 % e4("0.50") for intent in stage.intents()] == [0, 0]
    assert stage.broker.net() == {}


def test_a_stop_order_keeps_its_trigger():
    stage = Stage(["work"])
    prices = {"price_e4": e4(106), "trigger_e4": e4(105)}
    place(stage, order_type=OrderType.STOP_LIMIT, **prices)
    (intent,) = stage.intents()
    assert (intent.order_type, intent.price_e4, intent.trigger_e4) == (
        OrderType.STOP_LIMIT,
        e4(106),
        e4(105),
    )


def test_no_order_by_hand_leaves_a_latched_account():
    stage = Stage()
    stage.tell(latch("p", kind=LatchKind.PAUSE))
    answer = place(stage)
    assert (answer.code, "rearm" in answer.sentence) == ("halted", True)
    assert place(stage, dry_run=True).code == "halted"


def test_no_order_by_hand_leaves_while_entries_are_paused():
    stage = Stage()
    stage.tell(PauseEntries("the account's limit: account_loss"))
    assert place(stage).code == "paused"


def test_no_order_by_hand_leaves_before_the_books_were_compared():
    stage = Stage(terms=Terms("a", "broker", strict=False, reconcile_ns=5 * S))
    assert place(stage).code == "books_differ"


def test_an_order_by_hand_waits_for_no_slot_it_is_declined():
    stage = Stage(["work"], windows=(Window(1, 60 * S),))
    place(stage)
    assert place(stage, request_id="r2", price_e4=e4(99)).code == "message_rate"
    assert place(stage, request_id="r2", price_e4=e4(99), dry_run=True).code == "message_rate"


def test_an_order_by_hand_rests_until_it_is_cancelled_also_over_a_restart():
    stage = Stage(["work"])
    place(stage, price_e4=e4(99))
    stage.run(20)
    stage.build()
    stage.run(20)
    assert len(stage.broker.resting()) == 1
    (intent,) = stage.intents()
    assert stage.ask(CancelByHand(intent.intent_id, "me")) == Done(
        f"{intent.intent_id} is being taken back"
    )
    stage.run()
    assert stage.broker.resting() == []
    assert stage.ask(CancelByHand(intent.intent_id, "me")) == Declined(
        "not_open", f"{intent.intent_id} is CANCELLED"
    )


def test_an_order_that_is_not_known_or_in_doubt_cannot_be_cancelled():
    stage = Stage(["lost"])
    assert stage.ask(CancelByHand("x", "me")) == Declined("unknown_order", "no order x is known")
    place(stage)
    stage.run()
    assert stage.ask(CancelByHand(stage.intents()[0].intent_id, "me")).code == "in_doubt"


def test_an_exit_cannot_be_cancelled_by_hand():
    stage = Stage(["fill", "work"]).entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.1)
    assert stage.ask(CancelByHand(stage.intents()[1].intent_id, "me")).code == "is_exit"


def test_the_cancellation_of_an_entry_gives_up_its_basket():
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter())
    stage.run()
    answer = stage.ask(CancelByHand(stage.intents()[1].intent_id, "me"))
    assert answer == Done("the entry s:0 is given up")
    stage.run()
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])


def test_what_is_held_by_hand_is_left_by_hand_and_left_alone_until_then():
    stage = Stage(["fill"])
    place(stage, side=Side.SELL, price_e4=e4("99.95"))
    stage.run(60)
    assert stage.broker.net() == {CE: -75}
    stage.tell(frame(stage.now_ns))
    assert out(stage, CE, 0, "manual") == Done(f"leaving {CE}")
    stage.run()
    assert stage.broker.net() == {}


def test_an_exit_by_hand_that_went_beyond_flat_is_closed_again():
    stage = Stage(["fill", "work", "fill", "fill"], ["after 5"])
    place(stage, side=Side.SELL, price_e4=e4("99.95"))
    stage.run()
    out(stage, CE, 0, "manual")
    stage.run(20)
    assert stage.broker.net() == {}


def test_an_order_by_hand_is_killed_with_all_else():
    stage = Stage(["fill", "work", "fill"])
    place(stage, side=Side.SELL, price_e4=e4("99.95"))
    place(stage, request_id="r2", symbol=PE, price_e4=e4(99))
    stage.run()
    stage.tell(latch())
    stage.run(5)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])


def test_a_part_of_what_is_held_by_hand_is_left():
    stage = Stage(["fill"], terms=Terms("a", "broker", limits=Limits(), strict=False))
    place(stage, quantity=150)
    stage.run()
    assert out(stage, CE, 1, "manual") == Done(f"leaving 1 lot of {CE}")
    stage.run()
    assert stage.broker.net() == {CE: 75}


def test_orders_are_shown_in_the_order_in_which_they_were_recorded():
    stage = Stage().entered()
    place(stage, symbol=HC, price_e4=e4("20.05"))
    stage.run()
    seen = stage.ask(SeeOrders())
    assert [order.intent.leg_id for order in seen] == ["ce", "pe", HC]
    assert [order.intent.purpose for order in seen] == [Purpose.ENTRY] * 3


def test_the_account_is_shown_as_its_router_knows_it():
    stage = Stage(
        ["fill", "fill", "fill", "work"],
        terms=Terms("a", "paper:a", strict=False),
        windows=(Window(10, 60_000_000_000, 3),),
    )
    stage.entered()
    out(stage, "ce")
    stage.run()
    out(stage, "pe")
    stage.tell(latch("p", kind=LatchKind.PAUSE))
    seen = stage.ask(SeeAccount())
    assert isinstance(seen, AccountSeen)
    assert [(h.leg_id, h.net_quantity, h.bought_quantity, h.sold_value_e4) for h in seen.held] == [
        ("ce", 0, 75, 75 * e4("99.95")),
        ("pe", -75, 0, 75 * e4("99.95")),
    ]
    assert (seen.account, seen.broker, seen.reconciled, seen.paused) == ("a", "paper", False, "")
    assert [latched.latch_id for latched in seen.latches] == ["p"]
    assert (len(seen.exits_owed), seen.working, seen.differing) == (1, 1, ())
    assert (seen.entries_left, seen.exits_left) == (3, 6)


def bought_and_buying_more():
    """Two lots are held by hand, and a third rests far below."""
    stage = Stage(["fill", "work", "fill"])
    place(stage, quantity=150)
    stage.run()
    place(stage, request_id="r2", price_e4=e4(90))
    stage.run()
    return stage


def test_no_part_is_left_while_an_order_could_add_to_it():
    """What it fills would count for what is to be left, and be closed at once."""
    stage = bought_and_buying_more()
    answer = out(stage, CE, 1, "manual")
    assert isinstance(answer, Declined)
    assert (answer.code, stage.broker.net()) == ("entering", {CE: 150})


def test_all_of_a_leg_is_left_with_the_orders_that_rest_in_it():
    stage = bought_and_buying_more()
    assert out(stage, CE, 0, "manual") == Done(f"leaving {CE}")
    stage.run(5)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])
    assert len(stage.told(ExitFinished)) == 1


CARRIED = Pocket(CE, Product.CARRY)


def in_doubt_and_left():
    """A lot is held by hand, a second one is in doubt though it rests, and all is left."""
    stage = Stage(["fill", "dumbwork", "fill"])
    place(stage)
    stage.run()
    place(stage, request_id="r2", price_e4=e4(90))
    stage.run()
    assert out(stage, CE, strategy_id="manual") == Done(f"leaving {CE}")
    return stage


def test_an_order_in_doubt_is_taken_back_once_it_is_found_in_a_leg_that_is_being_left():
    stage = in_doubt_and_left()
    said = stage.run(3)
    assert (said.count("cancel 2"), stage.broker.resting(), stage.broker.net()) == (1, [], {})
    assert f"flat {CE}" in said


def test_it_is_taken_back_after_a_restart_too():
    stage = in_doubt_and_left()
    stage.build()
    stage.run(3)
    assert (stage.broker.resting(), stage.broker.net()) == ([], {})
    assert len(stage.told(ExitFinished)) == 1


def test_an_order_by_hand_that_is_sent_while_its_leg_is_being_left_stays():
    """Whoever sent it knew that."""
    stage = Stage(["fill", "work"])
    place(stage)
    stage.run()
    out(stage, CE, strategy_id="manual")
    stage.run()
    place(stage, request_id="r2", side=Side.SELL, price_e4=e4(110))
    stage.run(3)
    assert e4(110) in [order.intent.price_e4 for order in stage.broker.resting()]


def test_an_exit_that_rests_is_taken_back_where_so_much_was_bought_that_it_would_buy_more():
    stage = Stage(["fill", "work", "fill"])
    place(stage, side=Side.SELL, price_e4=e4("99.95"))
    stage.run()
    out(stage, CE, strategy_id="manual")
    stage.run()
    place(stage, request_id="r2", quantity=150)
    stage.run(5)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])


def test_an_order_by_hand_has_the_product_that_it_names_and_a_leg_of_its_own():
    stage = Stage()
    place(stage, product=Product.CARRY)
    place(stage, request_id="r2", product=Product.INTRADAY)
    stage.run()
    assert stage.broker.held() == {CARRIED: 75, Pocket(CE): 75}
    assert [each.leg_id for each in stage.intents()] == [f"{CE}-carry", CE]
    assert out(stage, f"{CE}-carry", strategy_id="manual") == Done(f"leaving {CE}-carry")
    stage.run()
    assert stage.broker.held() == {Pocket(CE): 75}


def test_an_order_by_hand_without_a_product_has_that_of_what_it_closes_else_of_the_same_day():
    stage = Stage()
    place(stage)
    place(stage, request_id="r2", symbol=PE, product=Product.CARRY)
    stage.run()
    for symbol, request_id in ((CE, "r3"), (PE, "r4")):
        sale = {"side": Side.SELL, "price_e4": e4("99.95")}
        place(stage, request_id=request_id, symbol=symbol, **sale)
    stage.run()
    assert stage.broker.held() == {}
    assert [each.product for each in stage.intents()] == 2 * [Product.INTRADAY, Product.CARRY]


def test_what_is_held_is_shown_with_its_product():
    stage = Stage().entered(carried("ce"), "pe")
    held = stage.ask(SeeAccount()).held
    assert {each.symbol: each.product for each in held} == {
        CE: Product.CARRY,
        PE: Product.INTRADAY,
    }


def test_what_is_bought_anew_by_hand_is_entered_at_its_own_price():
    """Nothing of the round trip before counts: neither for the account nor for the watchdog."""
    stage = Stage()
    for number, (side, price) in enumerate([(Side.BUY, 100), (Side.SELL, 110), (Side.BUY, 120)]):
        stage.now_ns += 5 * S
        stage.tell(frame(stage.now_ns, ce=price))
        place(stage, request_id=f"r{number}", side=side, price_e4=e4(price), at_ns=stage.now_ns)
        stage.run(1)
    (held,) = stage.ask(SeeAccount()).held
    last = [fact for fact in stage.facts if isinstance(fact, PositionChanged)][-1]
    books = Books("", stage.facts)
    order = books.book.order(last.intent_id)

    assert (held.bought_quantity, held.bought_value_e4, held.sold_quantity) == (75, 75 * e4(120), 0)
    assert (last.bought_quantity, last.bought_value_e4, last.sold_quantity) == (75, 75 * e4(120), 0)
    assert books.position_changed(order, last.at_ns) == last
