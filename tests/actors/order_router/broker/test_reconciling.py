"""Readings of the broker's book: when they are asked for, and what follows from them."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS, day_of
from daemon.domain.money import e4
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import OrderUpdated, Pocket, Product, Side, State
from daemon.messages import (
    AccountRead,
    BasketEnded,
    BooksAgree,
    BooksDiffer,
    DayEnded,
    DayOpened,
    EnterLegs,
    ExitFinished,
    ExitOwed,
    KillStaged,
    LinkDied,
    LinkRevived,
    Noted,
    SeeAccount,
)
from daemon.messages.arming import AccountArmed, ArmAccount
from daemon.ports.market import BookWanted
from tests.kit.router import (
    CLOSES,
    DAY,
    KEEP,
    OPENED,
    OPENS,
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

CE, PE = SYMBOLS["ce"], SYMBOLS["pe"]
UNREAD = "the broker's book was not read since the start; entries wait for it"


def reading(place=("fill",), **given):
    """A stage whose broker's book is read."""
    return Stage(place, terms=READING, **given)


def reads_at(stage, seconds, step=0.5):
    """At which half seconds the book was read."""
    at, before = [], stage.broker.reads
    for n in range(int(seconds / step)):
        stage.run(step)
        if stage.broker.reads > before:
            before = stage.broker.reads
            at.append((n + 1) * step)
    return at


def agreed(stage):
    """Go on once the first reading has come."""
    stage.run()
    return stage


def test_no_book_is_read_where_that_is_off():
    stage = Stage().entered()
    stage.run(60)
    assert stage.broker.reads == 0


def test_the_book_is_read_at_the_start_and_entries_wait_for_it():
    stage = reading()
    assert stage.broker.reads == 1
    assert without_wakes(stage.tell(enter())) == [f"ended: {UNREAD}"]
    stage.run()
    assert without_wakes(stage.tell(enter(basket_id="s:2")))[-1] == "place 2"


def test_a_reading_that_fails_is_told_once_and_asked_again_until_it_comes():
    stage = reading()
    stage.broker.unread.extend(["down", "down"])
    stage.build()
    said = without_wakes(stage.run(3))
    assert said.count("note the book of broker cannot be read: down") == 1
    assert without_wakes(stage.tell(enter(at_ns=stage.now_ns)))[0] == "opened"


def test_before_the_opening_a_first_reading_that_fails_is_asked_again_as_well():
    stage = reading()
    stage.broker.unread.extend(["down", "down"])
    stage.facts.append(replace(OPENED, sessions=((stage.now_ns + 600 * S, CLOSES),)))
    stage.build()
    stage.run(5)
    assert stage.ask(SeeAccount()).reconciled


def test_a_reading_that_is_never_answered_is_asked_for_again():
    stage = reading()
    stage.run()
    stage.broker.unread.append("mute")
    stage.build()
    stage.run(4.5)
    assert without_wakes(stage.tell(enter(at_ns=stage.now_ns)))[0].startswith("ended")
    stage.run(2)
    assert without_wakes(stage.tell(enter(at_ns=stage.now_ns)))[0] == "opened"


def test_it_is_read_every_five_seconds_while_an_order_is_on_its_way():
    stage = agreed(reading(["work"]))
    stage.tell(enter("ce", **KEEP))
    assert reads_at(stage, 21) == [5.0, 10.0, 15.0, 20.0]


def test_it_is_read_five_seconds_after_an_order_was_sent_though_nothing_was_on_its_way_before():
    stage = agreed(reading(["work"]))
    stage.run(12)
    stage.tell(enter("ce", at_ns=stage.now_ns, **KEEP))
    assert reads_at(stage, 11) == [5.0, 10.0]


def test_it_is_read_no_more_often_while_a_short_is_bought_back_that_is_not_in_doubt():
    stage = agreed(reading(["fill", "work"]))
    stage.entered("ce")
    stage.tell(leave("ce"))
    at = reads_at(stage, 21)
    assert [later - early for early, later in pairwise(at)] == [5.0] * (len(at) - 1)


def test_it_is_read_every_thirty_seconds_while_anything_is_held():
    stage = agreed(reading())
    stage.entered("ce")
    at = reads_at(stage, 95)
    assert [later - early for early, later in pairwise(at)] == [30.0, 30.0]


def test_while_a_reading_stays_out_it_is_seen_once_a_second_whether_to_ask_again():
    stage = agreed(reading(["fill", "lost"]))
    stage.entered("ce")
    stage.broker.unread.append("mute")
    stage.tell(leave("ce"))
    stage.run(1.5)
    said = [word for word in stage.run(3) if word == "read" or word.startswith("wake ReadDue")]
    assert said == ["wake ReadDue +1"] * 3


def test_it_is_read_as_often_where_nothing_was_sent_for_others_may_trade_in_the_account():
    assert reads_at(agreed(reading()), 120) == [30.0, 60.0, 90.0, 120.0]


def test_a_fill_after_its_cancellation_that_nobody_told_is_read_and_closed():
    stage = agreed(reading(["work", "fill"]))
    stage.tell(enter("ce", at_ns=stage.now_ns))
    stage.run(20)
    (order,) = stage.broker.orders.values()
    assert order.state is State.CANCELLED
    stage.broker.fill(order, stage.now_ns)
    stage.run(31)
    assert stage.broker.net() == {}
    assert len(stage.broker.orders) == 2


def test_it_is_not_read_while_the_exchange_is_closed_and_again_with_the_next_session():
    stage = agreed(reading())
    stage.entered("ce")
    stage.tell(DayEnded(DAY, stage.now_ns))
    assert reads_at(stage, 90) == []
    later_ns = stage.now_ns + 60 * S
    stage.tell(type(OPENED)(DAY, ((later_ns, CLOSES),), stage.now_ns))
    stage.run(0.5)
    at = reads_at(stage, 100)
    assert at
    assert at[0] >= 29


def closed(place=("fill",), *, live=True, wanted="ce"):
    """A stage at the close, armed at a broker that trades with money, that was to sell a call."""
    terms = replace(READING, broker="zerodha:a", live=live)
    stage = agreed(Stage(place, ["lost"], terms=terms))
    stage.ask(ArmAccount(AccountArmed("a", DAY, "a try", "ann", T0)))
    opened = replace(enter(wanted, at_ns=stage.now_ns, **KEEP).opened, live=True)
    stage.tell(EnterLegs(opened))
    stage.run((CLOSES - stage.now_ns) / S)
    return stage


def evening(stage, hours=3):
    """Let the day end and some hours pass; how many seconds after the close the book was read."""
    at = reads_at(stage, 60, 1)
    stage.tell(DayEnded(DAY, stage.now_ns))
    return at + [60 + each for each in reads_at(stage, hours * 3600, 1)]


@pytest.mark.untraced
def test_a_fill_of_the_last_second_is_heard_the_same_evening():
    stage = closed(["work"])
    stage.broker.fill(stage.placed(1), stage.now_ns)
    at = evening(stage)
    assert len(at) == 1
    assert 20 <= at[0] < 60
    assert (stage.book().net(CE), stage.book().open_orders()) == (-75, ())


@pytest.mark.untraced
def test_while_an_order_is_not_known_to_be_over_it_is_read_a_few_times_after_the_close():
    first, second, third = evening(closed(["work"]))
    assert 20 <= first < 60
    assert 300 <= second - first < 310
    assert 1800 <= third - second < 1810


@pytest.mark.untraced
def test_once_the_lapse_of_the_last_order_is_known_it_is_read_no_more():
    stage = closed(["work"])
    at = reads_at(stage, 60, 1)
    stage.placed(1).state = State.CANCELLED
    at += reads_at(stage, 3600, 1)
    assert (len(at), stage.book().open_orders()) == (2, ())


def test_a_reading_after_the_close_that_fails_is_made_again():
    stage = closed()
    stage.broker.unread.append("no answer")
    assert len(evening(stage)) == 2


def test_where_nothing_was_sent_and_nothing_is_held_it_is_not_read_after_the_close():
    stage = agreed(Stage(terms=replace(READING, broker="zerodha:a", live=True)))
    stage.run((CLOSES - stage.now_ns) / S)
    assert evening(stage) == []


@pytest.mark.parametrize("parts", [((0, 60),), ((0, 5), (10, 55))])
def test_where_something_is_held_and_nothing_was_sent_it_is_read_once_after_the_last_close(parts):
    stage = closed(wanted=carried("ce"))
    stage.tell(DayEnded(DAY, stage.now_ns))
    stage.broker.end_day()
    opens_ns = OPENS + DAY_NS
    sessions = tuple((opens_ns + first * S, opens_ns + last * S) for first, last in parts)
    stage.tell(DayOpened(day_of(opens_ns), sessions, opens_ns), opens_ns)
    stage.run(parts[-1][1])
    at = reads_at(stage, 3_600, 1)
    assert len(at) == 1
    assert 20 <= at[0] < 60


@pytest.mark.untraced
def test_on_paper_it_is_not_read_after_the_close():
    """The exchange there tells of every end by itself, and settles what expires at the close."""
    assert evening(closed(["work"], live=False)) == []


def test_it_is_read_after_the_link_was_dead():
    stage = agreed(reading())
    stage.tell(LinkDied(stage.now_ns))
    assert "read" in stage.tell(LinkRevived(stage.now_ns))


def test_a_hint_has_the_book_read_at_once_and_one_that_comes_meanwhile_once_more():
    """What is hinted at may have happened after a reading that is on its way was made."""
    stage = agreed(reading())
    before = stage.broker.reads
    hints = [stage.tell(BookWanted("the broker pushes order 15")) for _ in range(3)]
    assert [said.count("read") for said in hints] == [1, 0, 0]
    stage.run(5)
    assert stage.broker.reads == before + 2


def test_a_hint_alone_changes_nothing_and_is_nothing_where_no_book_is_read():
    stage = agreed(reading(["work"]))
    stage.tell(enter("ce", **KEEP))
    stage.run(1)
    facts = len(stage.facts)
    stage.tell(BookWanted("the broker pushes order 1"))
    stage.run(1)
    assert len(stage.facts) == facts
    unread = Stage()
    unread.tell(BookWanted("the broker pushes order 1"))
    assert unread.broker.reads == 0


def test_what_the_broker_knows_better_of_our_order_is_heard_as_its_evidence():
    stage = agreed(reading(["work"]))
    stage.tell(enter("ce", **KEEP))
    stage.run(1)
    stage.broker.fill(stage.placed(1), stage.now_ns)
    assert "ce -75" in stage.run(5)
    assert stage.told(BooksDiffer) == []


def test_an_unknown_order_is_settled_by_a_reading():
    stage = agreed(reading(["dumb"]))
    stage.broker._found = lambda *_: []
    stage.tell(enter("ce", **KEEP))
    assert "ce -75" in stage.run(6)


def differing(theirs=-150):
    """A stage that is short one lot, of which the broker shows something else."""
    stage = agreed(reading())
    stage.entered("ce")
    stage.broker.beside[CE] = theirs + 75
    stage.run(31)
    return stage


@pytest.mark.parametrize("theirs", [-150, 0, 75])
def test_a_position_that_differs_is_told_once_and_keeps_entries_in_it_out(theirs):
    stage = differing(theirs)
    stage.run(31)
    assert [(f.symbol, f.ours, f.theirs) for f in stage.told(BooksDiffer)] == [(CE, -75, theirs)]
    assert len([f for f in stage.told(Noted) if "entries in it are stopped" in f.text]) == 1
    stage.tell(frame(stage.now_ns))
    stage.tell(enter("ce", at_ns=stage.now_ns, strategy_id="other", basket_id="o"))
    shown = f"the broker shows {theirs:+d} {CE} and our book -75"
    assert stage.told(BasketEnded)[-1].because == f"{shown}; no entry in it until they agree"


def test_other_symbols_may_still_be_entered():
    stage = differing()
    stage.tell(frame(stage.now_ns))
    assert "opened" in stage.tell(enter("pe", at_ns=stage.now_ns, strategy_id="o", basket_id="o"))


def test_a_basket_under_way_stops_where_the_books_come_to_differ_and_unwinds():
    stage = agreed(reading(["work", "fill"]))
    stage.tell(enter("hc", "ce", **KEEP | {"on_fail": OnFail.UNWIND}))
    stage.broker.beside[CE] = 300
    assert "differ ce +0 +300" in stage.run(6)
    said = stage.push(1)
    assert (
        f"ended: the broker shows +300 {CE} and our book +0; no entry in it until they agree"
        in (said)
    )
    stage.run()
    assert stage.broker.net() == {CE: 300}


def test_once_the_books_agree_that_is_told_and_entries_are_taken():
    stage = differing()
    stage.broker.beside.clear()
    assert "agree ce" in stage.run(6)
    assert len(stage.told(BooksAgree)) == 1
    stage.tell(frame(stage.now_ns))
    entered = enter("ce", at_ns=stage.now_ns, strategy_id="other", basket_id="o")
    assert "opened" in stage.tell(entered)


def test_a_difference_that_changes_is_told_anew():
    stage = differing()
    stage.broker.beside[CE] = -150
    stage.run(6)
    assert [f.theirs for f in stage.told(BooksDiffer)] == [-150, -225]
    assert len([f for f in stage.told(Noted) if "entries in it are stopped" in f.text]) == 1


def test_what_differs_is_known_after_a_restart_before_the_book_is_read():
    stage = differing()
    stage.facts.append(BooksDiffer("another", PE, 0, 1, T0))
    stage.facts.append(BooksAgree("another", CE, T0))
    stage.broker.unread.append("down")
    stage.build()
    assert list(stage.router._desk.reads.differing) == [Pocket(CE)]


def test_units_that_moved_while_the_book_was_read_make_no_difference():
    """The reading is of before the fill."""
    stage = agreed(reading(["work", "fill"]))
    stage.tell(enter("ce", **KEEP))
    stage.run(1)
    stage.tell(LinkRevived(stage.now_ns))
    stage.push(1)
    stage.run()
    assert stage.told(BooksDiffer) == []


def test_a_strangers_order_is_taken_in_counted_and_left_alone():
    stage = agreed(reading())
    stage.broker.stranger(CE, Side.BUY)
    stage.entered("pe")
    stage.run(40)
    external = [i for i in stage.intents() if i.strategy_id == "external"]
    assert [(i.leg_id, i.side, i.quantity) for i in external] == [(CE, "buy", 75)]
    assert stage.book().possible_exposure(CE) == (0, 75)
    stage.build()
    said = stage.run(60)
    assert [word for word in said if word.startswith("cancel")] == []
    assert len([i for i in stage.intents() if i.strategy_id == "external"]) == 1


def test_a_strangers_fills_are_heard_by_readings_and_by_the_brokers_own_news():
    stage = agreed(reading())
    order = stage.broker.stranger(CE, Side.BUY, 150)
    stage.entered("pe")
    stage.run(40)
    stage.broker.fill(order, stage.now_ns, 75)
    told = OrderUpdated("whoever", order.number, State.WORKING, 75, 75 * 100_0000, stage.now_ns)
    stage.tell(told)
    assert stage.book().net(CE) == 75
    stage.broker.fill(order, stage.now_ns, 75)
    stage.run(6)
    assert stage.book().net(CE) == 150
    assert stage.told(BooksDiffer) == []


def test_a_strangers_order_that_came_to_nothing_is_passed_over():
    stage = agreed(reading())
    stage.broker.stranger(CE, Side.BUY).state = State.CANCELLED
    stage.entered("pe")
    stage.run(31)
    assert [i.strategy_id for i in stage.intents()] == ["s"]


def test_news_of_an_order_that_nobody_knows_changes_nothing():
    stage = agreed(reading())
    told = OrderUpdated("whoever", "B99", State.WORKING, 75, 75, stage.now_ns)
    stage.tell(told)
    assert stage.book().net(CE) == 0
    assert stage.told(OrderUpdated) == [told]


def test_an_exit_is_not_held_up_by_a_strangers_order_that_it_would_meet():
    stage = agreed(reading())
    stage.entered("ce")
    stage.broker.stranger(CE, Side.SELL)
    stage.run(31)
    assert without_wakes(stage.tell(leave("ce")))[-1].startswith("place")


def test_an_entry_does_not_leave_where_it_would_meet_a_strangers_order():
    stage = agreed(reading())
    stage.broker.stranger(SYMBOLS["hc"], Side.SELL)
    stage.run(31)
    said = without_wakes(stage.tell(enter("hc", at_ns=stage.now_ns)))
    assert said[0] == "opened"
    assert said[1].startswith("ended: it would trade with the own order EX:")


@pytest.mark.parametrize(
    ("leg_id", "side", "limit", "met"),
    [
        ("ce", Side.BUY, "99.90", False),
        ("ce", Side.BUY, "99.95", True),
        ("hc", Side.SELL, "20.05", True),
        ("hc", Side.SELL, "20.10", False),
    ],
)
def test_an_entry_meets_a_strangers_order_only_where_their_limits_do(leg_id, side, limit, met):
    """A lot of calls is sold at 99.95 and a hedge is bought at 20.05."""
    stage = agreed(reading(["work"]))
    stage.broker.change(stage.broker.stranger(SYMBOLS[leg_id], side), price_e4=e4(limit))
    stage.run(31)
    said = without_wakes(stage.tell(enter(leg_id, at_ns=stage.now_ns)))
    assert ("ended: it would trade with the own order EX:" in said[1]) is met


@pytest.mark.parametrize("by_news", [False, True])
@pytest.mark.parametrize(("before", "since", "met"), [("90", "100", True), ("0", "90", False)])
def test_a_strangers_order_is_judged_by_the_limit_that_it_was_told_to_have_since(
    before, since, met, by_news
):
    """He has changed it, or it shows only now; neither is an order of his once more."""
    stage = agreed(reading(["work"]))
    order = stage.broker.stranger(CE, Side.BUY)
    stage.broker.change(order, price_e4=e4(before))
    stage.run(31)
    stage.broker.change(order, price_e4=e4(since))
    if by_news:
        stage.tell(order.update(stage.now_ns, price_e4=e4(since)))
    else:
        stage.run(31)
    said = without_wakes(stage.tell(enter("ce", at_ns=stage.now_ns)))
    assert ("ended: it would trade with the own order EX:" in said[1]) is met
    strangers = [each for each in stage.told(Noted) if "that is not ours" in each.text]
    assert len(strangers) == 1


@pytest.mark.parametrize(("trigger", "met"), [("15.00", False), ("0", True)])
def test_a_strangers_stop_meets_an_entry_once_its_trigger_was_taken_off_it(trigger, met):
    """He sells a lot below the market, once it has fallen; or at once, where we buy."""
    stage = agreed(reading(["work"]))
    order = stage.broker.stranger(SYMBOLS["hc"], Side.SELL)
    stage.broker.change(order, price_e4=e4("10.00"), trigger_e4=e4("15.00"))
    stage.run(31)
    stage.broker.change(order, price_e4=e4("9.00"), trigger_e4=e4(trigger))
    stage.run(31)
    said = without_wakes(stage.tell(enter("hc", at_ns=stage.now_ns)))
    assert ("ended: it would trade with the own order EX:" in said[1]) is met


def test_after_a_restart_a_basket_waits_for_the_reading_and_goes_on():
    stage = agreed(reading(["fill", "fill"]))
    stage.tell(enter("hc", "ce", **KEEP))
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.run()
    stage.tell(frame(stage.now_ns))
    stage.run(3)
    stage.tell(frame(stage.now_ns))
    stage.run()
    assert stage.broker.net() == {SYMBOLS["hc"]: 75, CE: -75}


def short_by_a_lot(*strategies, lots=1):
    """A lot of what was bought is gone from the broker's book; exits rest, and are not recalled."""
    bought = len(strategies)
    stage = agreed(Stage(["fill"] * bought + ["work"], ["no"], terms=READING))
    for strategy_id in strategies:
        stage.entered(leg("hc", lots), strategy_id=strategy_id, basket_id=strategy_id)
    stage.broker.beside[SYMBOLS["hc"]] = -75
    for _ in range(14):
        stage.run(3)
        stage.tell(frame(stage.now_ns))
    return stage


def asked_to_sell(stage):
    """Units that rest to be sold, after frames and readings have gone by."""
    for _ in range(4):
        stage.run(3)
        stage.tell(frame(stage.now_ns))
    return sum(order.intent.quantity for order in stage.broker.resting())


def test_an_exit_that_rests_does_not_make_units_reappear_that_the_broker_does_not_show():
    stage = short_by_a_lot("s", lots=2)
    stage.tell(leave("hc"))
    assert asked_to_sell(stage) == 75


def test_an_exit_of_another_contract_takes_nothing_off_what_the_broker_shows():
    stage = short_by_a_lot("s", lots=2)
    stage.broker.script("fill", "work")
    stage.entered("hp", strategy_id="other", basket_id="other")
    stage.tell(leave("hp", strategy_id="other"))
    stage.tell(leave("hc"))
    asked_to_sell(stage)
    sold = [(order.intent.leg_id, order.intent.quantity) for order in stage.broker.resting()]
    assert sold == [("hp", 75), ("hc", 75)]


def test_two_strategies_do_not_both_sell_the_one_lot_that_the_broker_shows():
    stage = short_by_a_lot("s", "other")
    for strategy_id in ("s", "other"):
        stage.tell(leave("hc", strategy_id=strategy_id))
    assert asked_to_sell(stage) == 75
    for order in stage.broker.resting():
        stage.tell(stage.broker.fill(order, stage.now_ns))
    assert asked_to_sell(stage) == 0
    assert stage.broker.net() == {}


def test_a_kill_sells_the_one_lot_that_the_broker_shows_of_two_strategies_once():
    stage = short_by_a_lot("s", "other")
    stage.broker.calm()
    stage.tell(latch())
    stage.run()
    assert stage.broker.net() == {}
    stage.run(20)  # until the positions cannot lag behind that sale any more
    assert stage.told(KillStaged)[-1].stage == "flat"
    assert len(stage.told(ExitOwed)) == 2


CARRIED = Pocket(CE, Product.CARRY)


def test_a_position_in_one_product_keeps_out_entries_in_that_product_alone():
    """A person may carry what a strategy trades within the day."""
    stage = agreed(reading())
    stage.broker.beside[CARRIED] = 75
    stage.build()
    stage.run()
    (differ,) = stage.told(BooksDiffer)
    assert (differ.pocket, differ.ours, differ.theirs) == (CARRIED, 0, 75)
    (ended,) = without_wakes(stage.tell(enter(carried("ce"), at_ns=stage.now_ns)))
    assert ended.startswith(f"ended: the broker shows +75 {CE} carry and our book +0")
    said = without_wakes(stage.tell(enter("ce", at_ns=stage.now_ns, basket_id="b")))
    assert said[0] == "opened"


def test_books_agree_in_one_product_while_they_differ_in_the_other():
    stage = agreed(reading())
    stage.broker.beside = {CE: 75, CARRIED: 75}
    stage.build()
    stage.run()
    stage.broker.beside = {CARRIED: 75}
    stage.run(31)
    assert [fact.pocket for fact in stage.told(BooksAgree)] == [Pocket(CE)]
    assert list(stage.router._desk.reads.differing) == [CARRIED]


def test_a_carried_short_that_the_broker_shows_as_of_the_same_day_differs_in_both():
    stage = agreed(reading())
    stage.entered(carried("ce"))
    stage.broker.beside = {CARRIED: 75, CE: -75}
    stage.run(31)
    told = {fact.pocket: (fact.ours, fact.theirs) for fact in stage.told(BooksDiffer)}
    assert told == {CARRIED: (-75, 0), Pocket(CE): (0, -75)}


def begun_unread(unread, place=("fill",)):
    """A router that begins with a short, and with a book that cannot be read so often."""
    stage = Stage(place, terms=READING)
    stage.run()
    stage.entered("ce")
    stage.run(1)
    stage.broker.unread.extend(["no session"] * unread)
    return stage


def test_an_exit_after_a_start_waits_for_the_broker_s_book():
    """Somebody bought the short back by hand while nobody was there to see it."""
    stage = begun_unread(2)
    stage.broker.stranger(SYMBOLS["ce"], Side.BUY, 75, 75)
    stage.build()
    stage.tell(frame(stage.now_ns))
    assert without_wakes(stage.tell(leave("ce"))) == ["owed ce stop"]
    assert [word for word in stage.run(30) if word.startswith("place")] == []
    assert stage.broker.net() == {}
    assert len(stage.told(ExitFinished)) == 1


def test_an_exit_waits_no_longer_for_it_than_an_exit_may_take():
    stage = begun_unread(60)
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.tell(leave("ce"))
    stage.run(9)
    assert stage.broker.net() == {SYMBOLS["ce"]: -75}
    stage.run(2)
    assert stage.broker.net() == {}
    (note,) = [each.text for each in stage.told(Noted) if "is not read since the" in each.text]
    assert note.startswith("ce are left")


def test_that_an_exit_leaves_before_the_book_was_read_is_told_once_however_long_it_takes():
    stage = begun_unread(60, ["fill", "work"])
    stage.build()
    stage.tell(frame(stage.now_ns))
    stage.tell(leave("ce"))
    stage.run(30)
    assert stage.broker.net() == {SYMBOLS["ce"]: -75}
    assert sum("is not read since the" in each.text for each in stage.told(Noted)) == 1


def test_a_fill_that_the_broker_tells_no_price_of_is_told_once():
    stage = agreed(reading())
    for _ in range(2):
        stage.tell(AccountRead((), (), stage.now_ns, unpriced=("15",)))
        stage.run(1)
    (note,) = [each.text for each in stage.told(Noted) if "15" in each.text]
    assert note.startswith("order 15 has filled, and broker does not tell at which price")
    assert stage.router._desk.reads.unread == ""
