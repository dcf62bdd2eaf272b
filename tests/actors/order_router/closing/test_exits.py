"""Exits: message in, effects out."""

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.words import (
    OrderAccepted,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Pocket,
    Product,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.messages import (
    BooksDiffer,
    CancelAnswered,
    DayEnded,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    LinkDied,
    Noted,
    PositionChanged,
)
from daemon.runtime.budget import Window
from tests.kit.router import (
    CLOSES,
    CONDOR,
    DAY,
    KEEP,
    OPENED,
    OPENS,
    READING,
    SHORTS,
    SYMBOLS,
    T0,
    S,
    Stage,
    carried,
    enter,
    frame,
    leave,
    leg,
    without_wakes,
)

CE, PE, HC = SYMBOLS["ce"], SYMBOLS["pe"], SYMBOLS["hc"]
OUT = ["owed ce stop", "intend 2 buy ce 75 @100.05", "place 2"]


def short(place, cancel=("done",), **given):
    """A stage with one short call open, and this script for what closes it."""
    return Stage(["fill", *place], cancel, **given).entered("ce")


def told(stage, seconds, *leg_ids):
    """What an exit leads to at once, and within some seconds."""
    return without_wakes(stage.tell(leave(*leg_ids or ("ce",)))), without_wakes(stage.run(seconds))


def test_both_shorts_are_bought_back_at_once():
    """An exit is owed from the first word, and finished when the broker's evidence is flat."""
    assert told(Stage().entered(), 0.1, *SHORTS) == (
        [
            "owed ce,pe stop",
            "intend 3 buy ce 75 @100.05",
            "intend 4 buy pe 75 @100.05",
            "place 3",
            "place 4",
        ],
        ["ce +0", "pe +0", "flat ce,pe"],
    )


def test_longs_are_sold_only_once_the_shorts_are_bought_back():
    """Hedges last, else the margin of the shorts is called for."""
    stage = Stage(["fill"] * 4 + ["fill", "work", "fill"]).entered(*CONDOR)
    assert told(stage, 0.5, *CONDOR) == (
        [
            "owed ce,pe,hc,hp stop",
            "intend 5 buy ce 75 @100.05",
            "intend 6 buy pe 75 @100.05",
            "place 5",
            "place 6",
        ],
        ["ce +0"],
    )
    assert without_wakes(stage.push(6)) == [
        "pe +0",
        "intend 7 sell hc 75 @19.95",
        "intend 8 sell hp 75 @19.95",
        "place 7",
        "place 8",
    ]


def test_longs_wait_for_the_shorts_of_another_exit_of_their_strategy():
    """A leg's own stop came first, the rest a moment later: still shorts before longs."""
    stage = Stage(["fill"] * 4 + ["work", "fill"]).entered(*CONDOR)
    stage.tell(leave("ce"))
    said, then = told(stage, 0.5, *CONDOR)
    assert said == ["owed pe,hc,hp stop", "intend 6 buy pe 75 @100.05", "place 6"]
    assert then == ["pe +0"]
    assert without_wakes(stage.push(5)) == [
        "ce +0",
        "flat ce",
        "intend 7 sell hc 75 @19.95",
        "intend 8 sell hp 75 @19.95",
        "place 7",
        "place 8",
    ]


def test_the_shorts_of_another_strategy_do_not_hold_longs_back():
    """They are not hedged by them."""
    stage = short(["fill", "work", "fill"])
    stage.tell(enter("hc", strategy_id="other", basket_id="o"))
    stage.run()
    stage.tell(leave("ce"))
    assert without_wakes(stage.tell(leave("hc", strategy_id="other")))[-1] == "place 4"


def test_a_resting_exit_climbs_the_ladder_and_is_replaced_only_once_it_is_gone():
    """Cancelled after a second; the next price leaves with the broker's terminal word."""
    stage = short(["work", "work", "work", "fill"])
    assert told(stage, 0.9) == (OUT, [])
    assert without_wakes(stage.run(0.105)) == ["cancel 2"]
    assert [word for word in without_wakes(stage.run(3)) if not word.startswith("find")] == [
        "intend 3 buy ce 75 @101.10",
        "place 3",
        "cancel 3",
        "intend 4 buy ce 75 @103.10",
        "place 4",
        "cancel 4",
        "intend 5 buy ce 75 @137.20",
        "place 5",
        "ce +0",
        "flat ce",
    ]


def test_no_replacement_leaves_while_the_cancellation_is_not_confirmed():
    """Never two live exits above what is open; a lost answer is asked for again."""
    stage = short(["work", "fill"], ["lost", "done"])
    told(stage, 5.9)
    assert len(stage.intents()) == 2
    stage.run(2)
    assert (len(stage.intents()), stage.broker.net()) == (3, {})


def test_the_ladder_does_not_climb_while_a_cancellation_is_out():
    """One step for one attempt, however many frames come meanwhile."""
    stage = short(["work", "fill"], ["lost", "done"])
    stage.tell(leave("ce"))
    for _ in range(60):
        stage.run(0.1)
        stage.tell(frame(stage.now_ns))
    stage.run(2)
    prices = [intent.price_e4 for intent in stage.intents()]
    assert prices == [99_9500, 100_0500, 103_1000]


def test_a_cancellation_that_was_refused_is_looked_into_not_repeated_with_every_frame():
    """The order may have filled; its news may be lost."""
    stage = short(["work"], ["no"])
    stage.tell(leave("ce"))
    stage.run(1.05)
    said = []
    for _ in range(10):
        said += stage.run(0.1)
        said += stage.tell(frame(stage.now_ns))
    assert without_wakes(said) == ["find 2"]


def test_an_exit_that_filled_unheard_is_found_out():
    """It rests in our book; the broker says that it cannot be cancelled."""
    stage = short(["work"])
    stage.tell(leave("ce"))
    stage.run(0.5)
    stage.broker.fill(stage.placed(2), stage.now_ns)
    assert without_wakes(stage.run(2)) == ["cancel 2", "find 2", "ce +0", "flat ce"]


def test_an_exit_that_filled_unheard_at_the_last_step_is_found_when_it_is_late():
    """The ladder is at its end, so nothing is cancelled that would tell."""
    stage = short(["work"])
    stage.tell(leave("ce"))
    stage.run(9)
    assert [order.intent.price_e4 for order in stage.broker.resting()] == [137_2000]
    stage.broker.fill(stage.broker.resting()[0], stage.now_ns)
    assert without_wakes(stage.run(3)) == ["page still open: ce -75", "find 5", "ce +0", "flat ce"]


def test_what_an_order_of_a_late_exit_did_is_asked_for_as_often_as_an_exit_may_take():
    stage = short(["work"], ["lost"])
    stage.tell(leave("ce"))
    stage.run(15)
    assert stage.run(40).count("find 2") == 4


def test_a_late_exit_asks_for_no_order_of_another_strategy_in_a_leg_of_that_name():
    stage = short(["work", "work"], ["lost"])
    other = replace(leg("ce"), symbol=PE)
    stage.tell(enter(other, at_ns=stage.now_ns, strategy_id="other", basket_id="o", **KEEP))
    stage.run(10)
    stage.tell(leave("ce"))
    said = stage.run(15)
    assert ("find 2" in said, "find 3" in said) == (False, True)


# what a refusal's kind leads to: told how, tried again within a second, at what price
REFUSALS = [
    (Refusal.BAND, "note", "step inside our own band", True, "@100.05"),
    (Refusal.TICK, "note", "step inside our own band", True, "@101.10"),
    (Refusal.MARGIN, "note", "buy the shorts back first", True, "@100.05"),
    (Refusal.RATE, "note", "wait for a slot", True, "@100.05"),
    (Refusal.SESSION, "note", "ask the session keeper", False, "@100.05"),
    (Refusal.CLOSED, "page", "page a person, and ask now and then", False, "@100.05"),
    (Refusal.LOT, "page", "page a person", False, "@100.05"),
    (Refusal.INSTRUMENT, "page", "page a person", False, "@100.05"),
    (Refusal.OTHER, "page", "page a person", False, "@100.05"),
    (Refusal.FREEZE, "page", "page a person", False, "@100.05"),
]


@pytest.mark.parametrize("how", ["refuse", "reject"])
@pytest.mark.parametrize(("kind", "word", "answer", "soon", "price"), REFUSALS)
def test_a_refused_exit_is_answered_by_the_table_whenever_the_no_comes(
    how, kind, word, answer, soon, price
):
    """By the answer, or by the book after it was accepted: told, and tried anew at its time."""
    text = "no" if how == "refuse" else "rejected"
    _, then = told(stage := short([f"{how} {kind}", "fill"]), 0.5)
    assert then == [f"{word} {CE}: {kind} {text}; {answer}"]
    again = [f"intend 3 buy ce 75 {price}", "place 3", "ce +0", "flat ce"]
    assert without_wakes(stage.run(0.7)) == (again if soon else [])
    assert without_wakes(stage.run(5)) == ["find 2", *([] if soon else again)]


def test_a_rejection_without_a_reason_pages():
    """Nothing in the table fits."""
    _, then = told(short(["reject", "fill"]), 0.5)
    assert then == [f"page {CE}: OTHER rejected; page a person"]


def test_a_slice_above_the_freeze_quantity_is_halved():
    """The exchange knows its number better than our table."""
    stage = Stage(["fill", "refuse FREEZE", "fill"]).entered(leg("ce", 4))
    assert told(stage, 0.1)[1] == [
        f"note {CE}: FREEZE no; halve the slice",
        "intend 3 buy ce 150 @100.05",
        "intend 4 buy ce 150 @100.05",
        "place 3",
        "place 4",
        "ce -150",
        "ce +0",
        "flat ce",
    ]


def test_an_exchange_that_says_freeze_to_every_slice_is_not_hammered():
    """Below one lot there is nothing to halve: a person is paged, once, and every try waits."""
    stage = Stage(["fill", "refuse FREEZE"]).entered(leg("ce", 4))
    told(stage, 20)
    assert len(stage.intents()) < 30
    assert [fact.because for fact in stage.told(ExitOverdue)] == [
        f"{CE}: FREEZE no; page a person",
        "still open: ce -300",
    ]


def test_a_slice_that_is_refused_twice_in_a_row_for_no_known_reason_is_halved():
    """Too large, it may be, in words that nobody has read yet: a person is paged all the same."""
    stage = Stage(["fill", "refuse OTHER", "refuse OTHER", "fill"]).entered(leg("ce", 4))
    _, then = told(stage, 20)
    stage.tell(frame(stage.now_ns))
    assert [each.quantity for each in stage.intents()[1:]] == [300, 300, 150, 150]
    assert [word for word in then if word.startswith(("page", "note"))] == [
        f"page {CE}: OTHER no; page a person",
        f"note {CE}: OTHER no; halve the slice",
        "page still open: ce -300",
    ]
    assert stage.broker.net() == {}


def test_an_exit_that_could_not_leave_for_a_while_goes_whole_once_it_can():
    """A person is paged: nobody knows how long the broker cannot be reached."""
    stage = Stage(["fill", *["refuse UNSENT"] * 4, "fill"]).entered(leg("ce", 4))
    _, then = told(stage, 11.5)
    assert [each.quantity for each in stage.intents()[1:]] == [300] * 5
    assert [word for word in then if word.startswith("page")] == [
        f"page {CE}: UNSENT no; page a person, and send it again",
        "page still open: ce -300",
    ]
    stage.tell(frame(stage.now_ns))
    assert stage.broker.net() == {}


def test_refusals_are_told_once_for_each_answer():
    """A hundred refusals are one page."""
    stage = short(["refuse OTHER", "reject BAND", "refuse OTHER", "reject BAND", "refuse CLOSED"])
    told(stage, 200)
    assert len(stage.intents()) > 8
    assert len(stage.told(Noted)) == 1
    assert len(stage.told(ExitOverdue)) == 3  # and once that it is still open


def test_a_large_exit_is_sliced_by_the_freeze_quantity():
    """A hundred lots are five orders, together no more than is open."""
    stage = Stage().entered(leg("ce", 100))
    said, _ = told(stage, 0.1)
    assert [word for word in said if word.startswith("intend")] == [
        f"intend {n} buy ce {1800 if n < 10 else 300} @100.05" for n in range(6, 11)
    ]
    assert stage.broker.net() == {}


def test_a_leg_that_is_being_left_is_not_left_twice():
    """The second word is a no-op; what is new in it is taken on."""
    stage = Stage(["fill", "fill", "work"]).entered()
    stage.tell(leave("ce"))
    assert stage.tell(leave("ce")) == []
    assert without_wakes(stage.tell(leave("ce", "pe")))[0] == "owed pe stop"
    assert stage.tell(leave("pe", "pe", "ce")) == []


def test_an_exit_of_all_that_is_held_names_no_leg_that_another_strategy_alone_has_entered():
    stage = Stage().entered()
    stage.tell(leave("pe"))
    stage.run()
    stage.entered("pe", strategy_id="other", basket_id="o")
    assert "owed ce stop" in stage.tell(leave("ce"))


@pytest.mark.parametrize("leg_id", ["pe", "never"])
def test_an_exit_of_a_leg_that_was_never_entered_is_nothing(leg_id):
    """It felled nobody."""
    assert short(["fill"]).tell(leave(leg_id)) == []


def test_an_exit_while_the_entry_works_cancels_it_and_closes_what_is_filled():
    """The basket is over; the rest of it may not fill."""
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter())
    stage.run()
    assert told(stage, 0.1, *SHORTS) == (
        [
            "owed ce,pe stop",
            "ended: left by stop",
            "intend 3 buy ce 75 @100.05",
            "cancel 2",
            "place 3",
        ],
        ["ce +0", "flat ce,pe"],
    )


@pytest.mark.parametrize("cancel", ["race", "after 2", "after 60"])
def test_an_entry_that_fills_although_it_was_cancelled_is_closed_too(cancel):
    """In the race, or long after the exit was finished."""
    stage = Stage(["fill", "work", "fill"], [cancel])
    stage.tell(enter())
    stage.run()
    stage.tell(leave())
    stage.run(90)
    assert stage.broker.net() == {}
    assert len(stage.told(ExitOwed)) == len(stage.told(ExitFinished))


def test_an_exit_that_fills_although_it_was_cancelled_and_replaced_is_closed_at_once():
    """The position went beyond flat; that is an exit of its own."""
    stage = short(["work", "fill", "fill"], ["after 5"])
    stage.tell(leave("ce"))
    stage.run(30)
    assert stage.broker.net() == {}
    assert [fact.reason for fact in stage.told(ExitOwed)] == ["stop", "unwind"]
    assert stage.intents()[-1].side == "sell"


def test_a_late_fill_makes_the_replacement_too_large_and_it_is_recalled():
    """The sum of the open exits never stays above what is open."""
    stage = short(["work", "work", "fill"])
    stage.tell(leave("ce"))
    stage.run(1.5)
    first = stage.placed(2)
    assert without_wakes(stage.tell(stage.broker.fill(first, stage.now_ns))) == [
        "ce +0",
        "cancel 3",
    ]
    assert without_wakes(stage.run(0.02)) == ["flat ce"]


def test_an_exit_that_was_refused_replaced_and_yet_rests_is_recalled():
    """Its obligation is met; what is left of it in the book would open the leg again."""
    stage = short(["liar RATE", "fill"])
    stage.tell(leave("ce"))
    assert "flat ce" in stage.run(1.5)
    assert without_wakes(stage.run(1)) == ["cancel 2"]
    assert stage.broker.resting() == []


def test_such_an_exit_is_recalled_after_a_restart_too():
    """It is no child of anything that lives."""
    stage = short(["liar RATE", "fill"], ["lost", "done"])
    stage.tell(leave("ce"))
    stage.run(2.5)
    stage.build()
    stage.run(1)
    assert stage.broker.resting() == []


def test_an_overfill_is_closed_the_other_way_even_while_the_old_exit_is_in_doubt():
    """An order that may still buy closes nothing of a long."""
    stage = Stage(["fill", "over", "fill"]).entered("ce")
    stage.tell(leave("ce"))
    said = without_wakes(stage.run())
    beyond = "beyond flat: +75 of ce are held, and are closed at once"
    assert said[:2] == ["ce +75", f"note OR0000000010000002 filled 150 of 75 {CE}, {beyond}"]
    assert said[2:] == ["intend 3 sell ce 75 @99.95", "place 3", "ce +0", "flat ce"]


def test_a_leg_is_told_on_the_side_that_it_was_entered_on_though_an_exit_went_beyond_flat():
    stage = short(["over", "fill"])
    stage.tell(leave("ce"))
    stage.run(5)
    told = [(fact.net_quantity, fact.side) for fact in stage.told(PositionChanged)]
    assert told == [(-75, Side.SELL), (75, Side.SELL), (0, Side.SELL)]


def test_an_exit_finds_a_full_budget_and_waits_its_slot():
    """It is no fall, and no page: it leaves the instant there is a slot."""
    stage = Stage(windows=(Window(2, 2 * S),)).entered()
    assert without_wakes(stage.tell(leave())) == ["owed ce,pe stop"]
    assert without_wakes(stage.run(2)) == [
        "intend 3 buy ce 75 @100.05",
        "intend 4 buy pe 75 @100.05",
        "place 3",
        "place 4",
        "ce +0",
        "pe +0",
        "flat ce,pe",
    ]
    assert stage.told(ExitOverdue) == []


def test_slots_kept_for_exits_are_not_taken_by_entries():
    """An exit never stands behind entries."""
    stage = Stage(["fill", "fill"], windows=(Window(3, 60 * S, 2),)).entered("ce")
    stage.tell(enter("pe", strategy_id="other", basket_id="o"))
    assert without_wakes(stage.tell(leave("ce")))[-1] == "place 2"


def test_a_cancellation_without_a_slot_neither_happens_nor_climbs_the_ladder():
    """It is asked when there is a slot."""
    stage = short(["work", "fill"], windows=(Window(2, 4 * S),))
    stage.tell(leave("ce"))
    assert "cancel 2" not in stage.run(3)
    stage.run(5)
    assert [intent.price_e4 for intent in stage.intents()][2:] == [101_1000]


def test_an_exit_that_our_own_gate_refuses_is_answered_by_the_same_table():
    """The freeze quantity is lower today than when the leg was entered."""
    stage = Stage(["fill"]).entered(leg("ce", 40))
    stage.router._desk._legs[("s", "ce")] = leg("ce", 40, freeze=3600)
    assert without_wakes(stage.tell(leave("ce"))) == [
        "owed ce stop",
        f"note {CE}: 3000 units of {CE} in one order are above 1800; slice it; halve the slice",
    ]
    assert without_wakes(stage.run(1.1)) == [
        "intend 3 buy ce 1500 @100.05",
        "intend 4 buy ce 1500 @100.05",
        "place 3",
        "place 4",
        "ce -1500",
        "ce +0",
        "flat ce",
    ]


def test_a_contract_that_is_unknown_today_cannot_be_priced_and_that_is_told():
    """Nothing is guessed; a person is paged at the exit's time."""
    stage = Stage(terms=Terms("a", "broker", strict=False)).entered("ce")
    stage.router._desk.day = None
    stage.tell(leave("ce"))
    stage.run(11)
    assert [fact.because for fact in stage.told(ExitOverdue)] == ["still open: ce -75"]
    stage.tell(OPENED)
    stage.tell(frame(stage.now_ns))
    stage.run()
    assert stage.broker.net() == {}


def test_own_orders_that_would_trade_with_an_exit_are_cancelled_first():
    """Another strategy's entry in the same contract makes way, and waits; that is no refusal."""
    stage = short(["work", "fill"])
    stage.tell(enter("ce", strategy_id="other", basket_id="o", reprice_ns=60 * S))
    stage.run(0.05)
    assert told(stage, 0.1) == (
        ["owed ce stop", "cancel 2"],
        ["intend 3 buy ce 75 @100.05", "place 3", "ce +0", "flat ce"],
    )
    assert without_wakes(stage.tell(frame(stage.now_ns)))[-1] == "place 4"


@pytest.mark.parametrize("how", ["no", "lost"])
def test_an_own_order_that_is_not_told_to_be_gone_holds_up_no_exit_for_long(how):
    stage = short(["work", "fill"], [how])
    stage.tell(enter("ce", strategy_id="other", basket_id="o", reprice_ns=60 * S))
    stage.run(0.05)
    stage.tell(leave("ce"))
    assert "place 3" not in stage.run(1.9)
    said = stage.run(0.3)
    assert "place 3" in said
    assert [word for word in said if "2, sell 75" in word and "leaves beside it" in word] != []


def test_that_an_exit_leaves_beside_an_own_order_is_told_once_however_often_it_is_repriced():
    stage = short(["work", "work"], ["no", "done"])
    stage.tell(enter("ce", strategy_id="other", basket_id="o", reprice_ns=60 * S))
    stage.run(0.05)
    stage.tell(leave("ce"))
    for _ in range(10):
        stage.run(1)
        stage.tell(frame(stage.now_ns, ce=100 + stage.now_ns // S % 2))
    assert len([intent for intent in stage.intents() if intent.purpose is Purpose.EXIT]) > 1
    assert len([fact for fact in stage.told(Noted) if "leaves beside it" in fact.text]) == 1


def test_an_exit_goes_on_while_the_link_is_dead():
    """Priced by the last quote: an obligation does not wait for the feed."""
    stage = short(["work", "fill"])
    stage.tell(LinkDied(stage.now_ns))
    assert told(stage, 1.5) == (
        OUT,
        ["cancel 2", "intend 3 buy ce 75 @101.10", "place 3", "ce +0", "flat ce"],
    )


def test_an_exit_outside_the_session_begins_with_it():
    """Even where no frame brings the opening."""
    stage = short(["fill"])
    stage.tell(type(OPENED)(DAY, ((T0 + 60 * S, CLOSES),), stage.now_ns))
    assert told(stage, 59)[0] == ["owed ce stop"]
    assert len(stage.intents()) == 1
    stage.run(2)
    assert stage.broker.net() == {}


def test_an_exit_after_the_last_session_is_told_and_waits_for_the_next_day():
    """It is an obligation until it is met."""
    stage = short(["fill"])
    stage.now_ns = CLOSES + 1
    until = "its market is closed until 2025-09-02 09:15"
    assert told(stage, 60)[1] == [f"page still open: ce -75 ({until})"]
    next_day = DAY.replace(day=2)
    day_ns = 86_400 * S
    stage.now_ns = OPENS + day_ns - 1
    stage.tell(type(OPENED)(next_day, ((OPENS + day_ns, CLOSES + day_ns),), stage.now_ns))
    stage.run(1)
    stage.tell(frame(stage.now_ns))
    stage.run(1)
    assert stage.broker.net() == {}


def test_once_the_day_is_over_nobody_asks_what_an_order_of_a_late_exit_did():
    stage = short(["work"], ["lost"])
    stage.tell(leave("ce"))
    stage.run(5)
    stage.tell(DayEnded(DAY, stage.now_ns))
    stage.run(20)
    assert [word for word in stage.run(60) if word.startswith(("find", "wake ExitLate"))] == []


def test_what_follows_a_no_is_decided_then_though_the_slice_before_it_waited():
    stage = short(["work", "refuse OTHER", "fill"])
    stage.tell(leave("ce"))
    stage.run(10)
    *_, refused, again = stage.intents()
    no_ns = stage.told(OrderRefused)[0].at_ns
    assert refused.decided_ns < no_ns <= again.decided_ns
    assert stage.broker.net() == {}


def test_an_exit_that_is_not_finished_in_its_time_is_told_once():
    """With what is still open; the ladder goes on meanwhile."""
    stage = short(["work"], ["no"])
    stage.tell(leave("ce"))
    stage.run(45)
    assert [fact.because for fact in stage.told(ExitOverdue)] == ["still open: ce -75"]


def test_an_exit_that_was_paged_before_its_time_is_paged_at_it_after_a_restart_too():
    stage = short(["refuse LOT"])
    stage.tell(leave("ce"))
    stage.run(1)
    assert len(stage.told(ExitOverdue)) == 1
    stage.build()
    stage.run(12)
    assert stage.told(ExitOverdue)[-1].because == "still open: ce -75"


def test_of_an_exit_whose_time_was_over_at_a_start_nobody_is_told_where_the_book_shows_it_met():
    stage = Stage(["fill", "work"], terms=READING)
    stage.run()
    stage.entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.5)
    stage.broker.fill(stage.placed(2), stage.now_ns)
    stage.now_ns += 30 * S
    stage.build()
    assert "flat ce" in stage.run(5)
    assert stage.told(ExitOverdue) == []


def test_an_exit_that_is_flat_but_for_an_order_in_doubt_is_told_as_such():
    """The order may still open the leg again."""
    stage = Stage(["lost"])
    stage.tell(enter("ce"))
    stage.tell(leave("ce"))
    stage.run(11)
    assert [fact.because for fact in stage.told(ExitOverdue)] == [
        "orders of it are still on their way"
    ]


def test_an_exit_has_one_alarm_of_each_kind_however_often_it_is_looked_at():
    """Alarms do not multiply by frames, answers and updates."""
    stage = short(["work"])
    stage.broker.copies = 3
    stage.tell(leave("ce"))
    for _ in range(20):
        stage.run(0.3)
        stage.tell(frame(stage.now_ns))
    waiting = stage.router._desk.wakes._pending
    kinds = [kind.__name__ for kind, _ in waiting]
    assert sorted(k for k in kinds if k != "LookUpDue") == ["ClosingDue", "ExitLate"]
    due = [m for _, _, m in stage._due if type(m).__name__ == "ClosingDue"]
    assert len(due) <= 2


def test_words_that_change_nothing_lead_to_nothing():
    """A refusal, a time-out or an older update of an order that filled."""
    stage = short(["fill"])
    stage.tell(leave("ce"))
    stage.run()
    filled = stage.told(OrderUpdated)[-1]
    intent_id = filled.intent_id
    for word in (
        filled,
        OrderRefused(intent_id, Refusal.OTHER, "no", stage.now_ns),
        OutcomeUnknown(intent_id, "no answer", stage.now_ns),
        OrderUpdated(intent_id, filled.broker_order_id, State.WORKING, 0, 0, stage.now_ns),
        CancelAnswered(intent_id, True, "", stage.now_ns),
    ):
        assert without_wakes(stage.tell(word)) == []


def test_an_answer_about_an_order_that_nobody_knows_leads_to_nothing():
    stage = short(["fill"])
    for answer in (
        OrderAccepted("nobody's", "B9", stage.now_ns),
        OrderRefused("nobody's", Refusal.OTHER, "no", stage.now_ns),
        OutcomeUnknown("nobody's", "no answer", stage.now_ns),
    ):
        assert stage.tell(answer) == []


def test_limits_on_new_risk_do_not_stand_before_an_exit():
    """What may not be entered may be left."""
    stage = short(["fill"])
    stage.router._desk.terms = Terms(
        "a", "broker", limits=Limits(max_order_lots=0, max_value_e4=0), strict=False
    )
    assert told(stage, 0.1)[1] == ["ce +0", "flat ce"]


def test_an_exit_is_priced_by_the_touch_where_the_last_price_is_old():
    """The band around a trade of long ago would leave the ask out of reach."""
    stage = short(["fill"])
    stage.tell(Frame(stage.now_ns, {CE: Quote(e4(30), e4("99.95"), 750, e4("100.05"), 750)}))
    assert told(stage, 0.1) == (OUT, ["ce +0", "flat ce"])


def test_an_exit_slice_that_waited_for_a_slot_is_as_old_as_its_attempt():
    """Yet it rests its whole interval from when it left."""
    windows = (Window(2, S),)
    stage = Stage(["fill"] * 5 + ["work"], windows=windows).entered(leg("ce", 60))
    stage.run(6)
    wanted_ns = stage.now_ns
    stage.tell(leave("ce"))
    assert "place 6" in stage.run(1.5)
    assert [each.decided_ns - wanted_ns for each in stage.intents()[3:]] == [0] * 3
    assert "cancel 6" not in stage.run(0.4)
    assert "cancel 6" in stage.run(0.7)


def test_held_exit_slices_keep_the_instant_at_which_they_were_first_held():
    """Two legs of two slices each, where only two messages a second may leave."""
    window = (Window(2, S),)
    stage = Stage(["fill"], windows=window).entered(leg("ce", 40), leg("pe", 40))
    stage.run(6)
    wanted_ns = stage.now_ns
    stage.tell(leave())
    assert "flat ce,pe" in stage.run(2)
    assert [each.decided_ns - wanted_ns for each in stage.intents()[4:]] == [0] * 4


@pytest.mark.parametrize("apart", [False, True], ids=["one exit", "an exit each"])
def test_a_long_that_waited_for_a_short_is_as_old_as_its_exit(apart):
    """So it may be sold on the frame that decided it, though the short was bought back after it."""
    stage = Stage(["fill", "fill", "work", "fill"]).entered("ce", "hc")
    wanted_ns = stage.now_ns
    for leg_ids in [("ce",), ("hc",)] if apart else [("ce", "hc")]:
        stage.tell(leave(*leg_ids))
    stage.run(0.5)
    stage.push(3)
    assert stage.now_ns - wanted_ns == S // 2
    sale = stage.intents()[-1]
    assert (sale.leg_id, sale.decided_ns) == ("hc", wanted_ns)
    assert sale.deadline_ns - stage.now_ns == 3600 * S


def test_what_replaces_an_exit_is_as_old_as_the_look_that_took_it_back():
    """A frame may bring that look, and the next price may be taken on it."""
    stage = short(["work", "fill"])
    stage.tell(leave("ce"))
    stage.run(0.9)
    said = stage.tell(frame(stage.now_ns + S // 5, ce=101), stage.now_ns + S // 5)
    assert "cancel 2" in said
    looked_ns = stage.now_ns
    assert "intend 3 buy ce 75 @102.10" in stage.run(0.1)
    assert stage.intents()[-1].decided_ns == looked_ns


def test_a_held_slice_is_decided_anew_once_its_attempt_is_taken_back():
    """A cancelled attempt is over; what follows is of then."""
    stage = Stage(["fill", "fill", "work", "fill"], windows=(Window(2, S),))
    stage.entered(leg("ce", 40))
    stage.run(6)
    wanted_ns = stage.now_ns
    stage.tell(leave("ce"))
    stage.run(0.1)
    stage.tell(frame(stage.now_ns, ce=101))
    stage.run(5)
    ages = [each.decided_ns - wanted_ns for each in stage.intents()[2:]]
    assert (ages[:2], all(age >= S for age in ages[2:])) == ([0, 0], True)
    assert stage.broker.net() == {}


def products(stage, since=0):
    """In which products orders were meant."""
    return {each.product for each in stage.intents()[since:]}


def test_every_order_of_a_carried_leg_takes_its_product_slices_and_new_prices_included():
    """Closed in another product it would stay, and stand against a second position."""
    stage = Stage(["fill", "fill", "work", "fill"]).entered(carried("ce", 40))
    stage.tell(leave("ce"))
    stage.run(0.1)
    stage.tell(frame(stage.now_ns, ce=103))
    stage.run(5)
    assert len(stage.intents()) > 4
    assert products(stage) == {Product.CARRY}
    assert {fact.product for fact in stage.told(PositionChanged)} == {Product.CARRY}
    assert stage.broker.held() == {}


def test_an_exit_that_takes_the_place_of_one_in_doubt_takes_its_product_too():
    terms = Terms("a", "broker", strict=False, reconcile_ns=5 * S)
    stage = Stage(["fill", "lost", "fill"], terms=terms)
    stage.run()
    stage.entered(carried("ce"))
    stage.tell(leave("ce"))
    stage.run(60)
    assert len(stage.intents()) == 3
    assert products(stage) == {Product.CARRY}
    assert stage.broker.held() == {}


def test_what_filled_beyond_flat_is_closed_in_the_product_that_it_is_held_in():
    stage = Stage(["fill", "over", "fill"]).entered(carried("ce"))
    stage.tell(leave("ce"))
    stage.run(5)
    assert products(stage) == {Product.CARRY}
    assert stage.broker.held() == {}


def test_an_entry_that_is_unwound_is_unwound_in_its_product():
    stage = Stage(["fill", "refuse MARGIN", "fill"])
    stage.tell(enter(carried("ce"), carried("pe")))
    stage.run(5)
    assert len(stage.intents()) == 3
    assert products(stage) == {Product.CARRY}
    assert stage.broker.held() == {}


def test_an_exit_in_one_product_leaves_the_other_of_the_same_contract_alone():
    stage = Stage().entered("ce")
    stage.entered(carried("ce"), strategy_id="other", basket_id="o")
    stage.tell(leave("ce"))
    stage.run()
    assert stage.broker.held() == {Pocket(CE, Product.CARRY): -75}


def test_nothing_is_sold_that_the_broker_shows_in_another_product():
    """Somebody converted it there: sold in its old product, a short would be opened."""
    terms = Terms("a", "broker", strict=False, reconcile_ns=5 * S)
    stage = Stage(terms=terms)
    stage.run()
    stage.entered("hc")
    stage.broker.beside = {Pocket(HC): -75, Pocket(HC, Product.CARRY): 75}
    stage.run(65)
    stage.tell(leave("hc"))
    stage.run(60)
    assert len(stage.intents()) == 1
    assert [fact.because for fact in stage.told(ExitOverdue)] == ["still open: hc +75"]
    assert stage.broker.held() == {Pocket(HC, Product.CARRY): 75}


def test_a_short_that_was_converted_is_bought_back_in_its_old_product_at_once():
    """No reading holds up what ends the market's risk; a person is left with two positions."""
    terms = Terms("a", "broker", strict=False, reconcile_ns=5 * S)
    stage = Stage(terms=terms)
    stage.run()
    stage.entered("ce")
    stage.broker.beside = {Pocket(CE): 75, Pocket(CE, Product.CARRY): -75}
    stage.run(65)
    stage.tell(leave("ce"))
    stage.run(60)
    assert stage.broker.held() == {Pocket(CE): 75, Pocket(CE, Product.CARRY): -75}
    assert {fact.pocket: fact.theirs for fact in stage.told(BooksDiffer)} == {
        Pocket(CE): 75,
        Pocket(CE, Product.CARRY): -75,
    }
