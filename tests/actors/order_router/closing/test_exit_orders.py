"""Longs that guard: they are sold once no short is open beside them, and none may come."""

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.market.frames import Frame
from daemon.domain.money import e4
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import OrderType, Side, State
from daemon.messages import (
    BasketEnded,
    Done,
    ExitByHand,
    ExitOverdue,
    LinkRevived,
    Noted,
    OrderAsked,
    PlaceByHand,
)
from daemon.runtime.budget import Window
from tests.actors.order_router.broker.test_next_day import next_day
from tests.kit.router import (
    CLOSES,
    CONDOR,
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
    quote,
    without_wakes,
)

FUTURE = "NIFTY-2025-09-30-FUT"
LONG = {"deadline_ns": CLOSES, "reprice_ns": 3600 * S}
"""Of an entry that has all day, and is unwound where it fails."""


def half_entered(sale, cancel="done", on_fail=OnFail.UNWIND, **given):
    """A condor whose hedges are filled, and each of its sales meets this; a moment later."""
    stage = Stage(["fill", "fill", sale, sale, "fill"], [cancel], **given)
    stage.run(1)
    stage.tell(enter(*CONDOR, at_ns=stage.now_ns, on_fail=on_fail, **LONG))
    stage.run()
    stage.run()
    return stage


def by_hand(stage):
    stage.ask(ExitByHand("s", "", 0, "me"))
    return stage.said


def by_rule(stage):
    """A rule of the whole names what is held."""
    stage.tell(leave("hc", "hp"))


def by_stop(stage):
    return stage.tell(leave("hc", "hp"))


def by_kill(stage):
    return stage.tell(latch())


def sides(stage):
    """What left after the entry, in order."""
    return "".join(intent.side.value[0] for intent in stage.intents()[4:])


def sold_after_s(stage, seconds=20):
    """When the first hedge is sold, from now; the broker's book is looked at all the while."""
    began_ns = stage.now_ns
    for _ in range(seconds * 10):
        nets = stage.broker.net()
        naked = any(net < 0 for net in nets.values()) and not any(n > 0 for n in nets.values())
        assert not naked, nets
        if "s" in sides(stage):
            return (stage.now_ns - began_ns) / S
        stage.run(0.1)
        stage.tell(frame(stage.now_ns))
    return None


def told_to_be_left(stage):
    """The sales that are waited for no longer, as a person is told of them."""
    notes = [fact.text for fact in stage.told(Noted)]
    return [text.split(", is not known")[0][-35:] for text in notes if "sold beside it" in text]


@pytest.mark.parametrize("end", [by_hand, by_stop, by_kill])
@pytest.mark.parametrize(
    ("sale", "cancel"),
    [("work", "race"), ("dumb", "done"), ("mute", "lost")],
)
def test_hedges_are_sold_once_the_sales_beside_them_are_gone_or_bought_back(sale, cancel, end):
    """They have filled at the broker, or fill while they are being taken back."""
    stage = half_entered(sale, cancel, terms=READING)
    end(stage)
    assert sold_after_s(stage) is not None
    stage.run(3)
    assert (sides(stage), stage.broker.net()) == ("bbss", {})
    assert told_to_be_left(stage) == []


@pytest.mark.parametrize("end", [by_hand, by_rule])
def test_hedges_guard_what_fills_late_of_an_entry_that_keeps_what_it_got(end):
    """Its sales, of which nothing is known, arrive and fill three seconds after it ended."""
    stage = Stage(["fill", "fill", "dumb 8", "dumb 8", "fill"], terms=READING)
    stage.run(1)
    stage.tell(enter(*CONDOR, at_ns=stage.now_ns, on_fail=OnFail.KEEP, reprice_ns=3600 * S))
    stage.run(5.1)
    assert stage.told(BasketEnded)
    end(stage)
    stage.run(4)
    assert sides(stage) in ("", "bbss")
    stage.tell(leave())  # as a rule of the whole asks once they are held
    stage.run(1)
    assert (sides(stage), stage.broker.net()) == ("bbss", {})


def test_what_fills_although_it_was_told_to_be_gone_is_left_with_the_whole():
    """Its entry would keep what it gets."""
    stage = Stage(["fill", "fill", "work", "work", "work", "work", "fill"], terms=READING)
    stage.run(1)
    stage.tell(enter(*CONDOR, at_ns=stage.now_ns, on_fail=OnFail.KEEP, reprice_ns=3600 * S))
    stage.run(7)
    by_rule(stage)
    stage.run(0.3)
    sale = stage.placed(3)
    sale.state = State.WORKING
    stage.push(3)
    stage.run(30)
    assert [i.leg_id for i in stage.intents() if i.side is Side.BUY][2:] == ["ce"]
    assert stage.broker.net() == {}


def test_a_hedge_guards_a_sale_that_it_waited_for_and_that_is_wanted_as_long_as_an_exit_may_take():
    """The sale has filled, and stays; so does the other hedge."""
    stage = Stage(["fill", "fill", "work", "fill"], ["race"])
    stage.tell(enter("hc", "hp", "ce", at_ns=stage.now_ns, **KEEP))
    stage.run()
    stage.run()
    stage.tell(leave("hc"))
    stage.run(9.5)
    assert (stage.broker.net()[SYMBOLS["ce"]], len(stage.intents())) == (-75, 3)
    stage.run(1.5)
    assert stage.broker.net() == {SYMBOLS["ce"]: -75, SYMBOLS["hp"]: 75}


def test_a_hedge_guards_no_short_of_a_sale_that_it_waited_for_where_that_cannot_be_ordered(
    monkeypatch,
):
    stage = Stage(["fill", "fill", "work", "fill"], ["race"])
    stage.tell(enter("hc", "hp", "ce", at_ns=stage.now_ns, **KEEP))
    stage.run()
    stage.run()
    stage.tell(leave("hc"))
    known = stage.router._desk.contract
    monkeypatch.setattr(
        stage.router._desk,
        "contract",
        lambda symbol: None if symbol == SYMBOLS["ce"] else known(symbol),
    )
    stage.run(1)
    assert stage.broker.net() == {SYMBOLS["ce"]: -75, SYMBOLS["hp"]: 75}


def test_an_exit_of_one_leg_of_several_names_no_other():
    stage = Stage(["fill", "fill", "lost", "fill"])
    stage.tell(enter("hc", "hp", "ce", at_ns=stage.now_ns, on_fail=OnFail.KEEP, **LONG))
    stage.run()
    stage.run()
    assert "owed hc stop" in stage.tell(leave("hc"))


def test_an_exit_of_the_last_leg_that_is_held_names_what_may_still_fill_though_another_is_leaving():
    """All that is held leaves, be it in two exits."""
    stage = Stage(["fill", "fill", "work"], ["lost"])
    stage.tell(enter("hc", "ce", "pe", at_ns=stage.now_ns, **KEEP))
    stage.run()
    stage.run()
    assert [stage.tell(leave(leg_id))[0] for leg_id in ("hc", "ce")] == [
        "owed hc stop",
        "owed ce,pe stop",
    ]


def test_an_exit_names_nothing_that_may_still_fill_while_a_part_of_another_leg_is_to_stay():
    stage = Stage(["fill", "fill", "work"], ["lost"])
    deadline_ns = stage.now_ns + 5 * S
    stage.tell(enter(leg("hc", 2), "ce", "pe", **KEEP | {"deadline_ns": deadline_ns}))
    stage.run(6)
    assert stage.ask(ExitByHand("s", "hc", 1, "me")) == Done("leaving 1 lot of hc")
    assert stage.tell(leave("ce"))[0] == "owed ce stop"


def test_what_fills_of_an_entry_once_all_of_its_strategy_was_left_is_closed():
    """It would keep what it gets, as long as something of it is held."""
    stage = Stage(["fill", "dumb 20", "fill"])
    stage.tell(enter("ce", "pe", at_ns=stage.now_ns, on_fail=OnFail.KEEP))
    stage.run(6)
    stage.tell(leave("ce"))
    stage.run(2)
    assert (len(stage.intents()), stage.broker.net()) == (3, {})
    stage.run(60)
    assert (len(stage.intents()), stage.broker.net()) == (4, {})


def test_at_the_deadline_hedges_wait_for_the_word_on_sales_that_nobody_has_answered():
    stage = Stage(["fill", "fill", "dumb", "dumb", "fill"], terms=READING)
    stage.run(1)
    began_ns, found = stage.now_ns, stage.broker._found
    stage.broker._found = lambda i, n: found(i, n) if n >= began_ns + 8 * S else []
    stage.broker.unread.extend(["no answer"] * 3)
    stage.tell(enter(*CONDOR, at_ns=began_ns))
    assert sold_after_s(stage) > 8
    stage.run(3)
    assert (sides(stage), stage.broker.net()) == ("bbss", {})


def test_two_sales_that_one_reading_shows_filled_are_both_bought_back_before_a_hedge_is_sold():
    terms = replace(READING, lookup_ns=60 * S, answer_ns=60 * S)
    stage = half_entered("mute", on_fail=OnFail.KEEP, terms=terms)
    by_kill(stage)
    assert sold_after_s(stage) is not None
    assert sides(stage) == "bbss"


def test_a_sale_that_was_told_to_be_gone_and_one_reading_shows_filled_is_bought_back_first():
    """The other sale, the one for which the hedges wait, is shown to be gone by it as well."""
    stage = half_entered("work", "lost", terms=READING)
    first, second = stage.placed(3), stage.placed(4)
    first.state = State.CANCELLED
    assert "owed hc,hp unwind" in stage.tell(first.update(stage.now_ns))
    stage.broker.fill(first, stage.now_ns)
    second.state = State.CANCELLED
    stage.tell(LinkRevived(stage.now_ns))
    assert sold_after_s(stage) is not None
    stage.run(3)
    assert (sides(stage), stage.broker.net()) == ("bss", {})


@pytest.mark.parametrize("cancel", ["lost", "no"])
@pytest.mark.parametrize("end", [by_hand, by_stop, by_kill])
def test_a_sale_that_is_not_told_to_be_gone_is_waited_for_no_longer_than_it_takes(cancel, end):
    stage = half_entered("work", cancel)
    end(stage)
    assert sold_after_s(stage) == pytest.approx(2, abs=0.15)
    assert len(told_to_be_left(stage)) == 2
    assert all(text.endswith(("24550-CE", "24550-PE")) for text in told_to_be_left(stage))


def test_a_sale_of_which_nothing_is_known_is_waited_for_as_long_as_an_exit_may_take():
    stage = half_entered("lost")
    by_stop(stage)
    assert sold_after_s(stage) == pytest.approx(10, abs=0.15)
    assert len(told_to_be_left(stage)) == 2
    stage.run(5)
    assert len(told_to_be_left(stage)) == 2


def test_a_sale_that_is_parked_is_waited_for_no_longer():
    terms = replace(READING, lookup_window_ns=4 * S)
    stage = half_entered("lost", terms=terms)
    by_stop(stage)
    assert 3.5 < sold_after_s(stage) < 6
    assert len(told_to_be_left(stage)) == 2


def test_a_sale_that_cannot_be_asked_back_holds_up_no_hedge_for_ever():
    """Without a slot in the budget nothing is asked; the first that is free is of the hedges."""
    stage = half_entered("work", windows=(Window(4, 12 * S),))
    by_stop(stage)
    assert sold_after_s(stage, 40) is not None


def test_after_a_restart_hedges_wait_anew():
    stage = half_entered("dumb")
    stage.broker._found = lambda *_: []
    by_stop(stage)
    stage.run(6)
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.run(7)
    assert sides(stage) == ""
    stage.run(4)
    assert sides(stage) == "ss"


@pytest.mark.parametrize(("sale", "waits"), [("work", True), ("lost", False)])
def test_a_sale_of_an_earlier_day_is_waited_for_only_where_it_was_seen_to_rest(sale, waits):
    """What nobody ever saw is over with its day."""
    stage = Stage(["fill", sale, "fill"], ["lost"], terms=Terms("a", "broker", strict=False))
    stage.tell(enter(carried("hc"), carried("ce"), at_ns=stage.now_ns, **KEEP))
    stage.run()
    stage.run()
    next_day(stage, seconds=1)
    said = stage.tell(leave("hc"))
    assert ("place 3" in said) is not waits


def test_a_sale_that_is_filled_in_part_counts_for_the_rest():
    stage = Stage(["fill", "part", "fill"], ["lost"])
    stage.tell(enter("hc", leg("ce", 2), at_ns=stage.now_ns, **LONG))
    stage.run()
    by_hand(stage)
    stage.run(1.9)
    assert len(stage.intents()) == 2
    stage.run(0.3)
    assert [(i.side.value, i.quantity) for i in stage.intents()[2:]] == [("buy", 75), ("sell", 75)]


def test_what_is_short_is_bought_back_though_other_sales_are_in_doubt():
    stage = Stage(["fill", "fill", "fill", "lost", "fill"])
    stage.tell(enter(*CONDOR, at_ns=stage.now_ns, **LONG))
    stage.run()
    stage.run()
    assert [word for word in by_hand(stage) if word.startswith("place")] == ["place 5"]


def test_a_future_that_is_long_waits_for_no_sale():
    future = replace(leg("hc"), symbol=FUTURE, freeze_quantity=1800)
    stage = Stage(["fill", "work", "fill"])
    stage.tell(Frame(T0, frame().quotes | {FUTURE: quote(24500)}))
    stage.tell(enter(future, "ce", at_ns=stage.now_ns, **LONG))
    stage.run()
    assert "place 3" in stage.tell(leave("hc"))


def beside_a_future(*script):
    """A short call beside a future that is long, and what meets the orders after them."""
    stage = Stage(["fill", "fill", *script], ["no"])
    stage.tell(Frame(T0, frame().quotes | {FUTURE: quote(24500)}))
    return stage.entered(replace(leg("hc"), symbol=FUTURE, freeze_quantity=1800), "ce")


@pytest.mark.parametrize("ends", [["ce", "hc"], ["ce"]])
def test_a_future_that_is_long_is_sold_beside_a_short_that_cannot_be_bought_back(ends):
    """Both in one exit, or in one each."""
    stage = beside_a_future("refuse INSTRUMENT", "fill")
    stage.tell(leave(*ends))
    stage.tell(leave("hc"))
    stage.run(1)
    assert [(i.side.value, i.leg_id) for i in stage.intents()[2:]] == [
        ("buy", "ce"),
        ("sell", "hc"),
    ]
    assert stage.broker.net() == {SYMBOLS["ce"]: -75}


@pytest.mark.parametrize(
    ("short", "until"),
    [(["ce"], "ce is bought back"), (["ce", "pe"], "ce and pe are bought back")],
)
def test_a_hedge_that_waits_for_shorts_says_so_to_who_leaves_it_and_when_it_is_overdue(
    short, until
):
    stage = Stage([*["fill"] * (1 + len(short)), "work"], ["no"]).entered("hc", *short)
    stage.tell(leave(*short))
    assert stage.ask(ExitByHand("s", "hc", 0, "me")) == Done(
        "leaving hc", f"it waits until {until}"
    )
    stage.run(15)
    overdue = [fact.because for fact in stage.told(ExitOverdue)]
    assert [intent.side for intent in stage.intents()[1 + len(short) :]] == [Side.BUY] * len(short)
    assert overdue[1:] == [f"still open: hc +75 (it waits until {until})"]


def test_where_a_short_can_be_bought_back_the_hedge_that_is_left_with_it_is_no_reason_to_wait():
    stage = Stage(["fill", "fill", "work"]).entered("hc", "ce")
    assert stage.ask(ExitByHand("s", "", 0, "me")) == Done("leaving hc, ce")


def test_a_leg_that_can_be_left_waits_for_nothing_and_says_nothing():
    """A short, and what guards nothing."""
    stage = beside_a_future("work")
    stage.tell(leave("ce"))
    for leg_id in ("ce", "hc", ""):
        assert stage.ask(ExitByHand("s", leg_id, 0, "me")).owed == ""
    stage.run(15)
    overdue = [fact.because for fact in stage.told(ExitOverdue)]
    assert overdue == ["still open: ce -75", "still open: hc +75"]


def test_the_sales_of_another_strategy_hold_no_hedge():
    stage = Stage(["fill", "work", "fill"]).entered("hc")
    stage.tell(enter("ce", strategy_id="other", basket_id="o", **LONG))
    stage.run()
    assert "place 3" in by_kill(stage)


def test_hedges_beyond_what_was_wanted_are_sold_while_their_entry_goes_on():
    stage = Stage(["work", "fill", "work", "fill"], ["after 2"])
    stage.tell(enter("hc", "ce", at_ns=stage.now_ns, deadline_ns=CLOSES))
    stage.run(1)
    stage.tell(frame(stage.now_ns, hc=21))
    stage.run(1)
    assert "place 4" in stage.run(2)
    assert [(i.side.value, i.quantity) for i in stage.intents()[2:]] == [("sell", 75)] * 2


@pytest.mark.parametrize(("killed", "leaves"), [(False, True), (True, False)])
def test_a_sale_by_hand_is_wanted_until_a_kill_takes_it_back(killed, leaves):
    stage = Stage(["fill", "work", "fill"])
    asked = OrderAsked(
        *("r1", "a", SYMBOLS["hc"], Side.BUY, 75, OrderType.LIMIT, e4("20.05"), 0, "", "me", T0)
    )
    stage.ask(PlaceByHand(asked))
    stage.run()
    sale = {"request_id": "r2", "symbol": SYMBOLS["ce"], "side": Side.SELL, "price_e4": e4(100)}
    stage.ask(PlaceByHand(replace(asked, **sale)))
    stage.run()
    said = by_kill(stage) if killed else stage.tell(leave(SYMBOLS["hc"], strategy_id="manual"))
    assert ("place 3" in said) is leaves
    assert "place 3" in [*said, *without_wakes(stage.run(1))]


def test_a_sale_by_hand_in_doubt_is_waited_for_where_its_leg_is_left_with_the_hedge():
    stage = Stage(["fill", "fill", "dumb 4", "fill"])
    asked = OrderAsked(
        *("r1", "a", SYMBOLS["hc"], Side.BUY, 75, OrderType.LIMIT, e4("20.05"), 0, "", "me", T0)
    )
    stage.ask(PlaceByHand(asked))
    stage.run()
    for request_id, quantity in (("r2", 75), ("r3", 150)):
        sale = {"symbol": SYMBOLS["ce"], "side": Side.SELL, "price_e4": e4(100)}
        stage.ask(PlaceByHand(replace(asked, request_id=request_id, quantity=quantity, **sale)))
        stage.run()
    stage.ask(ExitByHand("manual", "", 0, "me"))
    stage.run(2)
    assert stage.broker.net() == {SYMBOLS["hc"]: 75}
    stage.run(10)
    assert stage.broker.net() == {}
