"""Resident stops: kept in step with what is open, and an exit once they fill."""

from datetime import time

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.instants import at
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.kill import Stage as KillStage
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.words import (
    OrderType,
    OrderUpdated,
    Product,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.domain.risk.words import Distance, ExitReason, LegRules
from daemon.messages import (
    BasketOpened,
    CancelByHand,
    DayEnded,
    DayOpened,
    ExitByHand,
    ExitOwed,
    KillStaged,
    LatchKind,
    LinkDied,
    Noted,
    SeeAccount,
)
from daemon.runtime.budget import Window
from tests.actors.order_router.broker.test_next_day import next_day
from tests.kit.router import (
    DAY,
    KEEP,
    READING,
    RULES,
    SYMBOLS,
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

NONE = f"no stop of {SYMBOLS['ce']} rests at the broker"
STOP = {"resident_percent_e4": e4(20)}


def stops(stage, leg_id="ce"):
    """What rests at the broker to buy a leg back."""
    return [
        order
        for order in stage.broker.resting()
        if order.intent.purpose is Purpose.RESIDENT_STOP and order.intent.leg_id == leg_id
    ]


def resting(stage, leg_id="ce"):
    return sum(order.intent.quantity - order.filled for order in stops(stage, leg_id))


def meet(stage, leg_id="ce", quantity=0):
    """The market meets the oldest stop of a leg."""
    return stage.tell(stage.broker.fill(stops(stage, leg_id)[0], stage.now_ns, quantity))


def net(stage, leg_id="ce"):
    return stage.book().net(SYMBOLS[leg_id])


def notes(stage):
    return [note.text for note in stage.told(Noted)]


def owed(stage):
    return [(fact.leg_ids, fact.reason) for fact in stage.told(ExitOwed)]


def held(stage=None, *legs, **fields):
    """Go on a second after an entry whose shorts want a stop."""
    stage = (stage or Stage()).entered(*(legs or ("ce",)), **(STOP | fields))
    stage.run(1)
    return stage


def test_a_short_has_a_stop_at_the_broker_once_it_is_filled():
    (order,) = stops(held())
    intent = order.intent
    assert (intent.side, intent.quantity, intent.order_type) == (
        Side.BUY,
        75,
        OrderType.STOP_LIMIT,
    )
    assert (intent.trigger_e4, intent.price_e4) == (e4("119.95"), e4("125.95"))
    assert intent.parent == "resident:s:0"


def test_a_strategy_that_wants_none_has_none():
    stage = Stage().entered("ce")
    stage.run(60)
    assert stops(stage) == []


def test_a_short_that_only_a_stop_of_the_whole_guards_has_none_and_is_told():
    """While the put gains, that stop lets the call run past any price that it could rest at."""
    stage = Stage()
    wanted = enter("ce", "pe", at_ns=stage.now_ns, **STOP)
    rules = {"pe": LegRules(stop=Distance(percent_e4=e4(10)))}
    stage.tell(replace(wanted, opened=replace(wanted.opened, leg_rules=rules)))
    stage.run(120)
    assert (resting(stage), resting(stage, "pe")) == (0, 75)
    assert notes(stage) == [f"{NONE}: its leg has no stop of its own"]


def test_one_of_before_that_no_stop_of_its_leg_lies_before_is_taken_back():
    stage = held()
    stage.facts = [
        replace(fact, leg_rules={}) if isinstance(fact, BasketOpened) else fact
        for fact in stage.facts
    ]
    stage.build()
    stage.run(30)
    assert (net(stage), resting(stage)) == (-75, 0)
    assert notes(stage) == [f"{NONE}: its leg has no stop of its own"]


def test_an_entry_that_wants_none_any_more_has_none():
    """Its leg had one in the entry before, under another version of the strategy."""
    stage = held()
    stage.tell(leave("ce"))
    stage.run(5)
    assert net(stage) == 0
    stage.tell(enter("ce", at_ns=stage.now_ns, basket_id="later"))
    stage.run(5)
    assert (net(stage), resting(stage)) == (-75, 0)


def test_a_long_has_none():
    stage = held(None, "hc", "ce")
    assert resting(stage, "hc") == 0
    assert resting(stage, "ce") == 75


def test_our_own_stop_is_what_it_lies_beyond_where_that_is_farther():
    stage = Stage()
    wanted = enter("ce", at_ns=stage.now_ns, **STOP)
    rules = {"ce": LegRules(stop=Distance(percent_e4=e4(10)))}
    stage.tell(replace(wanted, opened=replace(wanted.opened, leg_rules=rules)))
    stage.run(2)
    assert stops(stage)[0].intent.trigger_e4 == e4("131.95")


def test_a_stop_for_which_the_band_has_no_room_rests_once_it_has():
    stage = Stage()
    wanted = enter("ce", at_ns=stage.now_ns, **STOP)
    rules = {"ce": LegRules(stop=Distance(percent_e4=e4(40)))}
    stage.tell(replace(wanted, opened=replace(wanted.opened, leg_rules=rules)))
    stage.run(30)
    assert (stops(stage), notes(stage)) == ([], [])
    stage.run(90)
    assert stops(stage) == []
    (told,) = notes(stage)
    assert "rests at the broker: the band of the exchange ends before there is room" in told
    stage.tell(frame(stage.now_ns, ce=120))
    stage.run(6)
    (order,) = stops(stage)
    assert order.intent.trigger_e4 > e4(140)


def test_a_stop_that_the_band_cuts_short_is_told():
    stage = Stage()
    wanted = enter("ce", at_ns=stage.now_ns, **STOP)
    rules = {"ce": LegRules(stop=Distance(percent_e4=e4(30)))}
    stage.tell(replace(wanted, opened=replace(wanted.opened, leg_rules=rules)))
    stage.run(2)
    assert resting(stage) == 75
    (told,) = notes(stage)
    assert told.endswith("rests near our own: the band of the exchange ends there")


def test_none_is_sent_while_the_market_stands_past_the_trigger():
    stage = Stage(place=("fill", "refuse OTHER", "fill")).entered("ce", **STOP)
    stage.tell(frame(stage.now_ns, ce=121))
    stage.run(120)
    assert stops(stage) == []
    stage.tell(frame(stage.now_ns, ce=110))
    stage.run(6)
    assert resting(stage) == 75


def test_each_fill_of_an_entry_has_a_stop_more():
    stage = Stage(place=("work", "fill")).entered(leg("ce", lots=3), **(STOP | KEEP))
    stage.push(1, 75)
    stage.run(2)
    assert resting(stage) == 75
    stage.push(1, 150)
    stage.run(2)
    assert [order.intent.quantity for order in stops(stage)] == [75, 150]


def test_a_stop_is_cut_by_the_freeze_quantity():
    stage = held(None, leg("ce", lots=3, freeze=150))
    assert [order.intent.quantity for order in stops(stage)] == [150, 75]


def test_after_the_last_session_of_a_day_nothing_wakes_for_a_stop():
    stage = held()
    said = stage.tell(DayEnded(DAY, stage.now_ns))
    assert [word for word in said if word.startswith("wake ResidentDue")] == []


def test_an_exit_takes_the_stop_back_first_and_leaves_once_that_is_gone():
    stage = held()
    assert without_wakes(stage.tell(leave("ce"))) == ["owed ce stop", "cancel 2"]
    said = without_wakes(stage.run())
    assert said[0] == "intend 3 buy ce 75 @100.05"
    assert "flat ce" in said
    assert net(stage) == 0
    assert stage.broker.resting() == []


def test_an_exit_that_waited_for_its_stop_is_as_old_as_its_decision():
    """So on recorded days it may still meet the frame that decided it."""
    stage = held()
    decided_ns = stage.now_ns
    stage.tell(leave("ce"))
    stage.run()
    assert stage.intents()[-1].decided_ns == decided_ns


def test_a_stop_that_fills_while_it_is_taken_back_is_the_exit():
    stage = held(Stage(cancel=("race",)))
    stage.tell(leave("ce"))
    stage.run(30)
    assert owed(stage) == [(("ce",), ExitReason.STOP)]
    assert len(stage.intents()) == 2
    assert stage.broker.net() == {}


@pytest.mark.parametrize("cancel", ["lost", "no"])
def test_an_exit_waits_two_seconds_for_a_stop_and_then_leaves_beside_it(cancel):
    stage = held(Stage(cancel=(cancel, "lost", "lost", "lost", "lost", "done")))
    stage.tell(leave("ce"))
    stage.run(1.9)
    assert net(stage) == -75
    said = without_wakes(stage.run(0.2))
    assert "replaced 2" in said
    assert any("may fill" in word for word in said)
    stage.run(60)
    assert net(stage) == 0
    assert stage.broker.resting() == []


def test_a_stop_that_fills_beside_the_exit_is_undone_at_once():
    stage = held(Stage(cancel=("lost",)))
    stage.tell(leave("ce"))
    stage.run(3)
    assert stage.broker.net() == {}
    meet(stage)
    stage.run(1)
    assert stage.broker.net() == {}
    assert len(owed(stage)) == 2
    (told,) = [note.text for note in stage.told(Noted) if note.kind is NoteKind.OVERFILLED]
    assert "beyond flat: +75 of ce" in told


def test_a_stop_whose_answer_is_lost_holds_an_exit_up_for_as_long_and_no_longer():
    stage = held(Stage(place=("fill", "lost", "fill")))
    stage.tell(leave("ce"))
    stage.run(1.9)
    assert net(stage) == -75
    stage.run(0.2)
    assert net(stage) == 0
    stage.run(30)
    assert stage.broker.resting() == []
    assert stage.broker.net() == {}


def test_a_stop_of_which_the_broker_told_no_number_holds_an_exit_up_for_as_long_and_no_longer():
    """Nobody can ask for it to be taken back."""
    stage = held(Stage(["fill", "lost", "fill"]))
    stop = stage.intents()[1]
    stage.tell(OrderUpdated(stop.intent_id, "", State.WORKING, 0, 0, stage.now_ns))
    stage.tell(leave("ce"))
    stage.run(1.9)
    assert len(stage.intents()) == 2
    stage.run(0.3)
    assert (net(stage), stage.broker.net()) == (0, {})


def test_a_stop_that_fills_is_an_exit_of_its_leg():
    stage = held(None, "ce", "pe")
    said = without_wakes(meet(stage))
    assert said[:3] == ["ce +0", "owed ce resident_stop", "flat ce"]
    stage.run(30)
    assert net(stage, "pe") == -75
    assert resting(stage, "pe") == 75
    assert len(stage.told(ExitOwed)) == 1


def test_the_other_legs_are_left_where_the_strategy_says_so():
    stage = held(None, "ce", "pe", rules=replace(RULES, all_on_leg_stop=True))
    meet(stage)
    stage.run(2)
    assert owed(stage) == [(("ce", "pe"), ExitReason.RESIDENT_STOP)]
    assert stage.broker.net() == {}
    assert stage.broker.resting() == []


def test_what_only_another_strategy_holds_is_not_left_with_the_leg_of_a_stop_that_fills():
    stage = held(None, "ce", "pe", rules=replace(RULES, all_on_leg_stop=True))
    stage.tell(leave("pe"))
    stage.run(5)
    stage.entered("pe", strategy_id="other", basket_id="o")
    meet(stage)
    assert owed(stage)[1:] == [(("ce",), ExitReason.RESIDENT_STOP)]


def test_a_stop_that_fills_in_part_leaves_the_rest_to_an_exit():
    stage = held(None, leg("ce", lots=2))
    meet(stage, quantity=75)
    stage.run(2)
    assert owed(stage) == [(("ce",), ExitReason.RESIDENT_STOP)]
    assert stage.broker.net() == {}
    assert stage.broker.resting() == []


def test_after_a_part_was_left_the_stop_rests_for_what_stays():
    stage = held(None, leg("ce", lots=3))
    stage.ask(ExitByHand("s", "ce", 1, "me"))
    stage.run(10)
    assert (net(stage), resting(stage)) == (-150, 150)


def test_a_stop_is_never_of_more_than_is_left_open():
    stage = held(None, leg("ce", lots=3))
    number = len(stage.intents())
    stage.ask(ExitByHand("s", "ce", 1, "me"))
    for _ in range(100):
        stage.run(0.1)
        on_their_way = [
            order
            for order in stage.book().open_orders()
            if order.intent.purpose is not Purpose.ENTRY
        ]
        assert sum(order.remaining_quantity for order in on_their_way) <= -net(stage)
    assert len(stage.intents()) == number + 2


def test_under_a_kill_no_stop_is_wanted_though_nothing_is_left_where_the_broker_shows_nothing():
    stage = Stage(terms=READING)
    stage.run()
    held(stage).entered("ce", strategy_id="other", basket_id="o")
    stage.broker.beside[SYMBOLS["ce"]] = 150
    stage.run(40)
    assert (owed(stage), resting(stage)) == ([], 75)
    stage.tell(latch())
    stage.run(20)
    assert (owed(stage), net(stage), resting(stage)) == ([], -150, 0)


def test_a_second_spell_without_a_stop_is_told_after_a_minute_of_its_own():
    stage, rules = Stage(), {"ce": LegRules(stop=Distance(percent_e4=e4(40)))}
    for _ in range(2):
        wanted = enter("ce", at_ns=stage.now_ns, **STOP)
        stage.tell(replace(wanted, opened=replace(wanted.opened, leg_rules=rules)))
        stage.run(40)
        assert notes(stage) == []
        stage.tell(leave("ce"))
        stage.run(5)


def test_a_short_without_a_stop_is_told_when_that_has_lasted_a_minute():
    stage, rules = Stage(), {"ce": LegRules(stop=Distance(percent_e4=e4(40)))}
    wanted = enter("ce", at_ns=stage.now_ns, **STOP)
    stage.tell(replace(wanted, opened=replace(wanted.opened, leg_rules=rules)))
    stage.run(60)
    assert notes(stage) == []
    stage.run(0.2)
    assert len(notes(stage)) == 1


def test_on_another_day_a_short_is_told_to_have_no_stop_after_a_minute_of_its_own():
    stage, rules = Stage(), {"ce": LegRules(stop=Distance(percent_e4=e4(40)))}
    wanted = enter(carried("ce"), at_ns=stage.now_ns, **STOP | KEEP)
    stage.tell(replace(wanted, opened=replace(wanted.opened, leg_rules=rules)))
    stage.run(40)
    next_day(stage, seconds=40)
    assert notes(stage) == []
    stage.run(25)
    assert notes(stage) != []


def test_none_is_sent_while_its_leg_is_being_left():
    """It would hold up the next exit, however long the broker refuses the ones before."""
    stage = held(Stage(place=("fill", "fill", "refuse OTHER", "refuse OTHER", "fill")))
    stage.tell(leave("ce"))
    stage.run(30)
    sent = [intent.purpose for intent in stage.intents()]
    assert sent == [Purpose.ENTRY, Purpose.RESIDENT_STOP, *[Purpose.EXIT] * 3]
    assert net(stage) == 0


def test_a_stop_that_the_broker_refuses_is_asked_for_again_a_minute_later():
    stage = Stage(place=("fill", "refuse BAND", "reject", "fill")).entered("ce", **STOP)
    stage.run(50)
    assert len(stage.intents()) == 2
    assert notes(stage) == [f"{NONE}: BAND, no"]
    stage.run(15)
    assert len(stage.intents()) == 3
    stage.run(65)
    assert resting(stage) == 75


def test_a_stop_that_somebody_else_cancels_is_told_and_rests_again_a_minute_later():
    stage = held()
    stage.placed(2).state = State.CANCELLED
    stage.tell(stage.placed(2).update(stage.now_ns, text="by a person"))
    assert notes(stage) == [f"{NONE}: cancelled, and not by us: by a person"]
    stage.run(50)
    assert resting(stage) == 0
    stage.run(15)
    assert resting(stage) == 75


def test_a_stop_that_is_dropped_again_and_again_is_told_once_and_asked_for_once_a_minute():
    stage = held(Stage(["fill", "drop"]))
    stage.run(600)
    assert len(notes(stage)) == 1
    assert len(stage.intents()) == 1 + 10


def test_a_stop_that_is_dropped_once_its_leg_is_being_left_is_not_told():
    stage = held(Stage(["fill", "fill", "fill"], ["lost"]))
    stage.tell(leave("ce"))
    stage.placed(2).state = State.CANCELLED
    stage.tell(stage.placed(2).update(stage.now_ns))
    stage.run(5)
    assert (notes(stage), net(stage)) == ([], 0)


def test_a_stop_that_is_refused_once_its_leg_is_being_left_is_not_told():
    stage = Stage(["fill", "refuse BAND", "fill"])
    stage.tell(enter("ce", at_ns=stage.now_ns, **STOP))
    assert "place 2" in stage.run(0.011)
    stage.tell(leave("ce"))
    stage.run(5)
    assert (notes(stage), net(stage)) == ([], 0)


def test_a_late_word_on_a_stop_of_an_entry_before_tells_nothing_of_the_one_of_now():
    stage = held(Stage(place=("fill", "refuse OTHER", "fill")))
    stage.tell(leave("ce"))
    stage.run(15)
    held(stage)
    told, old = notes(stage), stage.intents()[1]
    late = OrderUpdated(old.intent_id, "B9", State.REJECTED, 0, 0, stage.now_ns, Refusal.BAND)
    stage.tell(late)
    assert (notes(stage), resting(stage)) == (told, 75)


def test_a_stop_that_the_gate_refuses_is_told_once_a_day():
    limits = Limits(order_types=frozenset({OrderType.LIMIT}))
    stage = Stage(terms=Terms("a", "broker", limits, strict=False)).entered("ce", **STOP)
    stage.run(30)
    assert stops(stage) == []
    (told,) = stage.told(Noted)
    assert "no stop of NIFTY-2025-09-02-24550-CE rests at the broker: tradability" in told.text


def test_no_stop_is_sent_at_a_stale_price():
    stage = Stage(place=("work", "fill")).entered("ce", **(STOP | KEEP))
    stage.tell(LinkDied(stage.now_ns))
    stage.push(1)
    stage.run(50)
    assert (stops(stage), notes(stage)) == ([], [])
    stage.run(50)
    assert stops(stage) == []
    assert "rests at the broker: its price is stale" in notes(stage)[-1]


def test_a_stop_leaves_the_slots_of_exits_alone():
    stage = Stage(windows=(Window(2, 3 * S, 1),)).entered("ce", **STOP)
    stage.run(0.5)
    assert stops(stage) == []
    stage.tell(leave("ce"))
    stage.run(0.5)
    assert net(stage) == 0


def test_a_stop_waits_for_a_slot_and_then_rests():
    stage = Stage(windows=(Window(2, 3 * S, 1),)).entered("ce", **STOP)
    stage.run(5)
    assert resting(stage) == 75


def test_a_stop_cannot_be_cancelled_by_hand():
    stage = held()
    answer = stage.ask(CancelByHand(stage.placed(2).intent.intent_id, "me"))
    assert answer.code == "is_exit"


def test_a_kill_takes_the_stops_back_and_closes():
    stage = held(None, "ce", "pe")
    said = without_wakes(stage.tell(latch()))
    assert {"cancel 3", "cancel 4"} <= set(said)
    stage.run(10)
    assert stage.broker.net() == {}
    assert stage.broker.resting() == []
    assert stage.told(KillStaged)[-1].stage is KillStage.FLAT


def test_the_account_tells_what_rests():
    stage = held(None, leg("ce", lots=2), "hc")
    by_leg = {seen.leg_id: seen for seen in stage.ask(SeeAccount()).held}
    assert (by_leg["ce"].resident_quantity, by_leg["ce"].resident_trigger_e4) == (150, e4("119.95"))
    assert (by_leg["hc"].resident_quantity, by_leg["hc"].resident_trigger_e4) == (0, 0)


def test_a_pause_leaves_the_stops_where_they_are():
    stage = held()
    stage.tell(latch("p", kind=LatchKind.PAUSE))
    stage.run(10)
    assert resting(stage) == 75


def test_after_a_restart_the_same_stop_rests_and_no_other():
    stage = held()
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.run(30)
    assert len(stage.intents()) == 2
    assert resting(stage) == 75


def test_a_stop_that_filled_while_the_router_was_down_is_the_exit():
    stage = held()
    stage.broker.fill(stage.placed(2), stage.now_ns)
    stage.build()
    stage.tell(leave("ce"))
    stage.run(30)
    assert net(stage) == 0
    assert len(stage.intents()) == 2
    assert stage.broker.flips == []


def test_what_is_carried_has_another_stop_in_the_morning():
    stage = held()
    ordered = len(stage.intents())
    day = DAY.replace(day=2)
    stops(stage)[0].state = State.CANCELLED
    opens, closes = at(day, time(9, 15)), at(day, time(15, 30))
    stage.tell(DayOpened(day, ((opens, closes),), opens - S), opens - S)
    stage.run(0.5)
    assert len(stage.intents()) == ordered
    stage.run(2)
    stage.tell(frame(stage.now_ns))
    stage.run(10)
    assert resting(stage) == 75
    assert len(stage.intents()) == ordered + 1


def test_a_sale_of_our_own_below_the_trigger_is_not_held_up():
    stage = held()
    stage.tell(enter("ce", at_ns=stage.now_ns, strategy_id="other", basket_id="o"))
    stage.run()
    assert stage.book().position("other", "ce").net_quantity == -75


def test_a_sale_that_closes_past_the_trigger_has_the_stop_taken_back():
    """Woken, the stop would buy what the sale sells; it rests again once the sale is done."""
    stage = held()
    long = replace(leg("hc"), symbol=SYMBOLS["ce"])
    stage.entered(long, strategy_id="other", basket_id="o")
    stage.tell(frame(stage.now_ns, ce=121))
    said = without_wakes(stage.tell(leave("hc", strategy_id="other")))
    assert said == ["owed hc stop", "cancel 2"]
    stage.run(2)
    stage.tell(frame(stage.now_ns, ce=100))
    stage.run(10)
    assert stage.book().position("other", "hc").net_quantity == 0
    assert resting(stage) == 75


def reading(**script):
    """A stage whose router reads the broker's book, and has done so."""
    stage = Stage(terms=Terms("a", "broker", strict=False, reconcile_ns=5 * S), **script)
    stage.run(1)
    return stage


def test_a_stop_that_filled_meanwhile_is_read_before_anything_else_is_sent():
    stage = held(reading())
    stage.broker.fill(stage.placed(2), stage.now_ns)
    stage.build()
    stage.tell(leave("ce"))
    stage.run(5)
    assert (net(stage), len(stage.intents())) == (0, 2)
    assert stage.broker.net() == {}


@pytest.mark.parametrize(("unread", "waits_s"), [(0, 2), (60, 10)])
def test_after_a_start_an_exit_waits_longer_while_the_book_cannot_be_read(unread, waits_s):
    """Its stop may have filled before; past the time of an exit it leaves all the same."""
    stage = held(reading(cancel=("lost",)))
    stage.broker.unread.extend(["down"] * unread)
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.run(0.05)
    stage.tell(leave("ce"))
    stage.run(waits_s - 0.1)
    assert net(stage) == -75
    stage.run(0.2)
    assert net(stage) == 0


def test_beside_a_stop_that_stays_an_exit_in_doubt_is_not_sent_a_second_time():
    """Three purchases for one short would be two too many; once the stop is gone it may be two."""
    stage = held(reading(place=("fill", "fill", "lost", "fill"), cancel=("lost",)))
    stage.tell(leave("ce"))
    stage.run(40)
    assert len(stage.intents()) == 3
    stage.broker.calm()
    stage.run(40)
    assert len(stage.intents()) == 4
    assert stage.broker.net() == {}


def test_none_is_sent_while_the_books_differ():
    stage = reading(place=("work", "fill"))
    stage.entered("ce", **(STOP | KEEP))
    stage.broker.beside[SYMBOLS["ce"]] = 75
    stage.run(12)
    stage.push(1)
    stage.run(70)
    assert stops(stage) == []
    assert "rests at the broker: books_differ, the broker shows" in notes(stage)[-1]


def test_the_stop_of_a_carried_short_rests_in_its_product_and_its_exit_takes_it_too():
    stage = held(Stage(), carried("ce"))
    assert [order.intent.product for order in stops(stage)] == [Product.CARRY]
    meet(stage, quantity=25)
    stage.run(5)
    assert {each.product for each in stage.intents()} == {Product.CARRY}
    assert stage.broker.held() == {}
