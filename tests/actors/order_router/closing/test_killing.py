"""A kill: cancels, closes, verifies, and goes on until the broker's book shows all flat."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from daemon.domain.market.frames import Frame
from daemon.domain.money import e4
from daemon.domain.orders.lag import LAG_NS
from daemon.domain.orders.outside import is_outside
from daemon.domain.orders.words import OrderUpdated, Pocket, Product, Purpose, Refusal, Side, State
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    BooksAgree,
    BooksDiffer,
    DayEnded,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    KillStaged,
    Noted,
    ReleaseLatch,
    Scope,
    SeeKill,
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

CE, PE, HC = SYMBOLS["ce"], SYMBOLS["pe"], SYMBOLS["hc"]


def stages(stage):
    """The stages that were told, in order, with their attempts."""
    return [(fact.stage.value, fact.attempts) for fact in stage.told(KillStaged)]


def closed(stage):
    """What our exits were for."""
    exits = (each for each in stage.intents() if each.purpose is Purpose.EXIT)
    return [(each.symbol, each.quantity) for each in exits]


def newest(stage):
    """What SeeKill answers."""
    return stage.ask(SeeKill("k"))


def beat(stage, seconds):
    """Let seconds pass with a frame in each; all that was said."""
    said = []
    for _ in range(seconds):
        said += stage.run(1)
        said += stage.tell(frame(stage.now_ns))
    return without_wakes(said)


CLEAN = [("cancelling", 0), ("closing", 0), ("verifying", 0), ("flat", 0)]


def test_four_legs_and_their_working_orders_leave_at_once_and_end_flat():
    """Shorts are bought back in the turn of the kill, longs sold once they are."""
    stage = Stage(["fill"]).entered(*CONDOR)
    stage.broker._place.clear()
    stage.broker._place.extend(["work", "fill"])
    stage.tell(enter("ce", strategy_id="other", basket_id="o", **KEEP))
    stage.run()
    said = without_wakes(stage.tell(latch()))
    assert said[0] == "latched k"
    assert "k cancelling" in said
    assert {word for word in said if word.startswith(("cancel", "place"))} >= {"cancel 5"}
    began_ns = stage.now_ns
    said = beat(stage, 5)
    assert stages(stage) == CLEAN
    assert stage.told(KillStaged)[-1].at_ns - began_ns < 5 * S
    assert (stage.broker.net(), stage.broker.resting(), stage.broker.flips) == ({}, [], [])
    assert newest(stage).left == ()


def test_the_exits_leave_in_the_turn_of_the_kill():
    stage = Stage().entered()
    said = without_wakes(stage.tell(latch()))
    assert [word for word in said if word.startswith("place")] == ["place 3", "place 4"]
    assert [fact.reason for fact in stage.told(ExitOwed)] == [ExitReason.KILL]


def test_an_exit_that_would_meet_our_own_order_waits_for_its_cancellation():
    """The other strategy sells the call that this one buys back."""
    stage = Stage(["fill", "work", "fill"]).entered("ce")
    stage.tell(enter("ce", strategy_id="other", basket_id="o", **KEEP))
    stage.run()
    said = without_wakes(stage.tell(latch()))
    assert [word for word in said if word.startswith(("cancel", "place"))] == ["cancel 2"]
    assert "place 3" in stage.run()


def test_with_nothing_to_close_it_still_takes_two_readings_apart():
    stage = Stage()
    stage.tell(latch())
    assert stages(stage) == [("cancelling", 0), ("verifying", 0)]
    stage.run(1.9)
    assert stages(stage)[-1] == ("verifying", 0)
    stage.run(2)
    assert stages(stage)[-1] == ("flat", 0)


def test_while_it_verifies_it_says_what_it_waits_for():
    stage = Stage()
    stage.tell(latch())
    stage.run(1)
    assert (newest(stage).stage, newest(stage).left) == (
        "verifying",
        ("the broker's book has not yet shown all flat twice",),
    )


def test_it_stays_latched_when_it_is_flat_and_what_fills_later_is_closed_too():
    stage = Stage(["work", "fill"])
    stage.tell(enter("ce", **KEEP))
    stage.run()
    stage.tell(latch())
    beat(stage, 6)
    assert stages(stage)[-1] == ("flat", 0)
    stage.push(1)
    beat(stage, 6)
    assert stages(stage)[2:] == [("flat", 0), ("closing", 1), ("verifying", 1), ("flat", 1)]
    assert stage.broker.net() == {}
    stage.tell(enter(at_ns=stage.now_ns))
    assert len(stage.intents()) == 2


def test_a_fill_that_turns_up_while_it_verifies_leads_back_to_closing():
    stage = Stage(["work", "fill"], ["after 1"])
    stage.tell(enter("ce", **KEEP))
    stage.run()
    stage.tell(latch())
    beat(stage, 8)
    assert stages(stage) == [
        ("cancelling", 0),
        ("verifying", 0),
        ("closing", 1),
        ("verifying", 1),
        ("flat", 1),
    ]


def test_a_kill_during_an_entry_gives_it_up_and_closes_what_is_filled():
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter())
    stage.run()
    stage.tell(latch())
    beat(stage, 5)
    assert [fact.reason for fact in stage.told(ExitOwed)] == [ExitReason.KILL]
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])
    assert stages(stage)[-1] == ("flat", 0)


def test_an_entry_without_an_answer_yet_is_closed_when_it_fills():
    stage = Stage(["fill"])
    stage.tell(enter())
    stage.tell(latch())
    beat(stage, 6)
    assert stage.broker.net() == {}
    assert stages(stage)[-1][0] == "flat"


def test_a_kill_while_an_exit_is_owed_goes_on_with_that_exit():
    stage = Stage(["fill", "fill", "work", "fill"]).entered()
    stage.tell(leave("ce"))
    stage.tell(latch())
    owed = [(fact.leg_ids, fact.reason) for fact in stage.told(ExitOwed)]
    assert owed == [(("ce",), ExitReason.STOP), (("pe",), ExitReason.KILL)]
    beat(stage, 6)
    assert (stage.broker.net(), stages(stage)[-1]) == ({}, ("flat", 0))


def test_two_kills_at_once_are_both_flat_and_nothing_is_sent_twice():
    stage = Stage().entered()
    stage.tell(latch("k"))
    stage.tell(latch("l", Scope.STRATEGY, "s"))
    beat(stage, 6)
    assert {fact.latch_id for fact in stage.told(KillStaged) if fact.stage == "flat"} == {"k", "l"}
    assert (len(stage.intents()), stage.broker.net()) == (4, {})


def test_the_kill_of_a_strategy_trades_its_own_share_and_cancels_its_own_orders():
    stage = Stage(["fill", "fill", "fill", "work", "fill"]).entered()
    stage.entered("ce", strategy_id="other", basket_id="o")
    stage.tell(enter("hc", strategy_id="third", basket_id="t", **KEEP))
    stage.run()
    stage.tell(latch("k", Scope.STRATEGY, "s"))
    beat(stage, 5)
    assert stage.broker.net() == {CE: -75}
    assert [order.intent.strategy_id for order in stage.broker.resting()] == ["third"]
    assert stages(stage)[-1] == ("flat", 0)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_units_that_no_order_explained_are_closed_and_counted_once_though_their_order_shows_later(
    side, restarts
):
    """They were closed by what the readings showed, so our book counts them twice for a while."""
    stage = Stage(terms=READING)
    stage.run()
    stage.broker.beside[HC] = 75 * side.sign
    stage.run(40)
    stage.tell(latch())
    beat(stage, 15)
    assert (stage.broker.net(), closed(stage)) == ({}, [(HC, 75)])
    del stage.broker.beside[HC]
    stage.broker.stranger(HC, side, filled=75)
    if restarts:
        stage.build()
    beat(stage, 90)
    assert stage.book().position("external", HC).net_quantity == 0
    assert [type(each) for each in stage.told(BooksDiffer | BooksAgree)][-2:] == [
        BooksDiffer,
        BooksAgree,
    ]
    (said,) = [each.text for each in stage.told(Noted) if "closed before it showed" in each.text]
    assert said.endswith("that were closed before it showed: nothing is left of it")
    sent = [each for each in stage.intents() if each.purpose is Purpose.EXIT]
    assert (stage.broker.net(), sum(not is_outside(each) for each in sent)) == ({}, 1)


@pytest.mark.parametrize("his_first", [False, True])
def test_what_a_stranger_has_sold_is_not_closed_though_a_leg_of_ours_is_in_the_same_contract(
    his_first,
):
    """The positions lack his units before his order shows; ours are there, and are closed."""
    stage = Stage(terms=READING)
    stage.run()
    for is_his in (his_first, not his_first):
        if is_his:
            stage.broker.stranger(HC, Side.BUY, filled=75)
        else:
            stage.tell(enter("hc", at_ns=stage.now_ns, **KEEP))
        beat(stage, 31)
    stage.broker.beside[HC] = -75
    while not stage.told(BooksDiffer):
        beat(stage, 1)
    stage.tell(latch())
    for _ in range(30):
        beat(stage, 1)
        assert stage.broker.net().get(HC, 0) >= 0
    assert closed(stage) == [(HC, 75)]
    assert stages(stage)[-1] == ("flat", 0)


def test_what_a_stranger_filled_is_closed_once_the_positions_show_it_too():
    """The orders of a broker may be ahead of its positions."""
    stage = Stage(terms=READING)
    stage.run()
    stage.tell(latch())
    beat(stage, 15)
    stage.broker.stranger(HC, Side.BUY, filled=75)
    stage.broker.beside[HC] = -75
    beat(stage, 31)
    assert stage.book().position("external", HC).net_quantity == 75
    assert closed(stage) == []
    del stage.broker.beside[HC]
    beat(stage, 31)
    assert (stage.broker.net(), closed(stage)) == ({}, [(HC, 75)])


def test_the_kill_of_a_strategy_adopts_nothing_and_the_difference_stays_told():
    stage = Stage().entered("ce")
    stage.broker.beside[HC] = 75
    stage.tell(latch("k", Scope.STRATEGY, "s"))
    beat(stage, 20)
    assert (stage.broker.net(), stages(stage)[-1]) == ({HC: 75}, ("flat", 0))
    assert {intent.strategy_id for intent in stage.intents()} == {"s"}
    assert [fact.theirs for fact in stage.told(BooksDiffer)] == [75]
    assert stage.told(BooksAgree) == []


def test_a_strategy_whose_order_still_rests_at_the_broker_is_not_flat():
    """We heard of its cancellation; the broker's book does not show it."""
    stage = Stage(["work"], ["done"])
    stage.tell(enter("ce", **KEEP))
    stage.run()
    order = stage.placed(1)
    stage.tell(latch("k", Scope.STRATEGY, "s"))
    stage.run(0.05)
    order.state = State.WORKING
    beat(stage, 5)
    assert stages(stage)[-1] == ("verifying", 0)
    order.state = State.CANCELLED
    beat(stage, 4)
    assert stages(stage)[-1] == ("flat", 0)


@pytest.mark.parametrize("kind", [Refusal.RATE, Refusal.BAND, Refusal.MARGIN, Refusal.OTHER])
def test_a_refused_exit_walks_the_table_and_the_kill_goes_on(kind):
    stage = Stage(["fill", f"refuse {kind}", f"reject {kind}", "fill"]).entered("ce")
    stage.tell(latch())
    beat(stage, 30)
    assert (stage.broker.net(), stages(stage)[-1][0]) == ({}, "flat")


@pytest.mark.parametrize("kind", [Refusal.SESSION, Refusal.CLOSED])
def test_a_broker_that_never_takes_an_exit_makes_it_incomplete_and_says_what_is_left(kind):
    stage = Stage(["fill", f"refuse {kind}"]).entered("ce")
    stage.tell(latch())
    beat(stage, 61)
    assert stages(stage) == [("cancelling", 0), ("closing", 0), ("incomplete", 0)]
    assert newest(stage).left == (f"s ce holds -75 {CE}",)
    assert len([f for f in stage.told(Noted) if f.text.startswith("k is incomplete")]) == 1
    sent = len(stage.intents())
    stage.broker.calm()
    beat(stage, 20)
    assert len(stage.intents()) > sent
    assert (stage.broker.net(), stages(stage)[-1]) == ({}, ("flat", 0))


def test_an_order_that_is_parked_is_named_and_keeps_it_from_being_flat():
    stage = Stage(["lost"])
    stage.tell(enter("ce", **KEEP))
    stage.tell(latch())
    beat(stage, 61)
    assert stages(stage)[-1] == ("incomplete", 0)
    (left,) = newest(stage).left
    assert left.endswith(f"sell 75 {CE}, is in doubt (PARKED) and may still fill")


def test_the_kill_of_a_strategy_is_flat_while_an_order_of_another_is_in_doubt():
    """That of all is not: whatever may still fill in the account is its affair."""
    for latched, stage_reached in (
        (latch("k", Scope.STRATEGY, "other"), "flat"),
        (latch("k", Scope.ALL), "verifying"),
    ):
        stage = Stage(["lost"])
        stage.tell(enter("ce", **KEEP))
        stage.tell(latched)
        beat(stage, 20)
        assert stages(stage)[-1][0] == stage_reached


def test_an_order_in_doubt_that_lands_late_is_closed():
    stage = Stage(["dumb 20", "fill"])
    stage.tell(enter("ce", **KEEP))
    stage.tell(latch())
    beat(stage, 80)
    assert (stage.broker.net(), stages(stage)[-1][0]) == ({}, "flat")


def test_an_exit_in_doubt_that_buys_back_is_replaced_and_the_doubt_is_named():
    stage = Stage(["fill", "lost", "fill"]).entered("ce")
    stage.tell(latch())
    said = beat(stage, 61)
    assert "replaced 2" in said
    assert stage.broker.net() == {}
    (left,) = newest(stage).left
    assert "is in doubt (PARKED)" in left


def test_a_cancellation_that_the_broker_refuses_is_asked_again_until_it_is_done():
    stage = Stage(["work"], ["no", "no", "lost", "done"])
    stage.tell(enter("ce", **KEEP))
    stage.run()
    stage.tell(latch())
    beat(stage, 40)
    assert (stage.broker.resting(), stages(stage)[-1][0]) == ([], "flat")


def test_an_order_that_cannot_be_cancelled_is_named():
    stage = Stage(["work"], ["no"])
    stage.tell(enter("ce", **KEEP))
    stage.run()
    stage.tell(latch())
    beat(stage, 61)
    (left,) = newest(stage).left
    assert left.endswith(f"sell 75 {CE}, rests in the broker's book")


def test_a_strangers_order_is_cancelled_by_its_number():
    stage = Stage()
    order = stage.broker.stranger(CE, Side.BUY)
    stage.tell(latch())
    beat(stage, 6)
    assert order.state is State.CANCELLED
    assert stages(stage)[-1][0] == "flat"


def test_the_kill_of_a_strategy_leaves_strangers_alone():
    stage = Stage()
    order = stage.broker.stranger(CE, Side.BUY)
    stage.tell(latch("k", Scope.STRATEGY, "s"))
    beat(stage, 6)
    assert (order.state, stages(stage)[-1][0]) == (State.WORKING, "flat")


@pytest.mark.parametrize(("side", "net"), [(Side.BUY, 75), (Side.SELL, -75)])
def test_what_a_stranger_bought_or_sold_is_closed(side, net):
    stage = Stage()
    stage.broker.stranger(CE, side, filled=75)
    assert stage.broker.net() == {CE: net}
    stage.tell(latch())
    beat(stage, 8)
    assert (stage.broker.net(), stages(stage)[-1][0]) == ({}, "flat")


@pytest.mark.parametrize("beside", [75, -75])
def test_what_the_broker_shows_beyond_our_book_is_closed_after_two_equal_readings(beside):
    stage = Stage()
    stage.broker.beside[CE] = beside
    stage.tell(latch())
    beat(stage, 1)
    assert stage.intents() == []
    beat(stage, 9)
    assert (stage.broker.net(), stage.broker.flips) == ({}, [])
    assert stages(stage)[-1] == ("flat", 1)
    external = [fact for fact in stage.told(ExitOwed) if fact.strategy_id == "external"]
    assert [fact.leg_ids for fact in external] == [(CE,)]


def test_readings_from_before_our_exit_has_filled_show_nothing_to_close(monkeypatch):
    """A broker's book that lags behind its own news is told apart by the fills that it lacks."""
    stage = Stage().entered("ce")
    beat(stage, 1)
    ((after_ns, old),) = stage.broker._shown(stage.now_ns)
    monkeypatch.setattr(
        stage.broker, "_shown", lambda now_ns: [(after_ns, replace(old, at_ns=now_ns))]
    )
    stage.tell(latch())
    beat(stage, 12)
    assert stage.broker.net() == {}
    assert [fact for fact in stage.told(ExitOwed) if fact.strategy_id == "external"] == []
    assert stages(stage)[-1][0] == "verifying"
    monkeypatch.undo()
    beat(stage, 6)
    assert stages(stage)[-1][0] == "flat"


@pytest.mark.parametrize("lag_s", [4, 12])
@pytest.mark.parametrize("legs", [("hc",), ("ce", "hc")])
def test_what_a_kill_has_just_closed_is_not_closed_again_while_the_positions_still_show_it(
    legs, lag_s
):
    stage = Stage(terms=READING)
    stage.run(1)
    stage.entered(*legs)
    beat(stage, 30)
    stage.broker.lag_s = lag_s
    stage.tell(latch())
    beat(stage, lag_s + 1)
    assert (stage.broker.net(), stages(stage)[-1][0] == "flat") == ({}, False)
    beat(stage, 60)
    assert (stage.broker.net(), stage.broker.flips, stages(stage)[-1][0]) == ({}, [], "flat")
    assert [i.strategy_id for i in stage.intents()] == ["s"] * 2 * len(legs)


def held_a_while() -> Stage:
    """A hedge that is held, so long that no reading lags behind its entry."""
    stage = Stage(terms=READING)
    stage.run(1)
    stage.entered("hc")
    beat(stage, 30)
    return stage


def test_what_a_person_has_just_closed_is_not_closed_again_by_a_kill():
    """His order is heard of by a reading whose positions do not show it yet."""
    stage = held_a_while()
    stage.broker.lag_s = 8
    order = stage.broker.stranger(HC, Side.SELL)
    stage.broker.fill(order, stage.now_ns)
    stage.tell(latch())
    beat(stage, 60)
    assert (stage.broker.net(), stages(stage)[-1][0]) == ({}, "flat")


def test_positions_that_never_show_what_a_kill_has_closed_put_off_their_word_for_seconds_only():
    """What they still show then is there by their word: the kill closes it."""
    stage = held_a_while()
    stage.broker.lag_s = 3_600
    stage.broker._fills.clear()
    stage.tell(latch())
    began_ns = stage.now_ns
    beat(stage, 20)
    (again,) = [i for i in stage.intents() if i.strategy_id == "external" and i.purpose == "exit"]
    assert LAG_NS <= again.decided_ns - began_ns <= LAG_NS + 2 * S


def unseen(lag_s: int, product: Product = Product.INTRADAY) -> Stage:
    """A leg has filled, and for so long no reading shows it; the other leg rests."""
    stage = Stage(["fill", "work"], terms=READING)
    beat(stage, 1)
    stage.broker.lag_s = lag_s
    stage.entered(leg("hc", product=product), "hp", **KEEP)
    stage.broker.calm()
    beat(stage, 11)
    return stage


@pytest.mark.parametrize("product", list(Product))
@pytest.mark.parametrize("scope", [latch(), latch("k", Scope.STRATEGY, "s")])
def test_a_kill_is_not_flat_while_the_positions_do_not_show_what_has_just_filled(scope, product):
    stage = unseen(14, product)
    stage.tell(scope)
    beat(stage, 3)
    assert stages(stage)[-1][0] == "closing"
    assert stage.ask(SeeKill("k")).left == (
        f"s hc holds +75 {Pocket(HC, product)}: it has just filled, and is not shown yet",
    )
    beat(stage, 60)
    assert (stage.broker.net(), stage.broker.flips, stages(stage)[-1][0]) == ({}, [], "flat")


def test_what_has_just_filled_and_is_being_closed_is_named_once():
    stage = Stage(["fill", "work"], ["lost"], terms=READING)
    stage.run()
    stage.entered("ce")
    stage.tell(latch())
    stage.run(1)
    (held, order) = newest(stage).left
    assert held == f"s ce holds -75 {CE}"
    assert order.endswith("may still fill")


@pytest.mark.parametrize("product", [Product.INTRADAY, Product.CARRY])
def test_a_kill_waits_for_positions_that_never_show_a_fill_for_seconds_only(product):
    stage = unseen(3_600, product)
    stage.tell(latch())
    beat(stage, 30)
    assert (stages(stage)[-1][0], len(stage.intents())) == ("flat", 2)


def test_what_no_fill_explains_is_closed_while_another_pocket_lags():
    stage = Stage(terms=READING)
    beat(stage, 1)
    stage.broker.lag_s = 12
    stage.entered("hc")
    stage.broker.beside[Pocket(HC, Product.CARRY)] = 75
    stage.tell(latch())
    beat(stage, 8)
    assert Pocket(HC, Product.CARRY) not in stage.broker.held()


def test_a_kill_that_goes_on_after_a_restart_closes_nothing_again_that_has_just_filled():
    stage = held_a_while()
    stage.broker.lag_s = 8
    stage.tell(latch())
    stage.run(0.5)
    stage.build()
    beat(stage, 40)
    assert (stage.broker.net(), stage.broker.flips, stages(stage)[-1][0]) == ({}, [], "flat")


def test_what_the_broker_shows_beyond_what_we_hold_is_closed_with_it():
    stage = Stage().entered("ce")
    stage.broker.beside[CE] = -150
    stage.tell(latch())
    beat(stage, 24)
    assert (stage.broker.net(), stage.broker.flips, stages(stage)[-1][0]) == ({}, [], "flat")


def test_what_the_broker_shows_beyond_is_named_until_it_is_closed():
    stage = Stage(["refuse CLOSED"])
    stage.broker.beside["NIFTY"] = 10
    stage.tell(latch())
    beat(stage, 61)
    assert newest(stage).left == ("external NIFTY holds +10 NIFTY",)


def test_an_option_of_nobodys_waits_for_no_short_of_another_underlying():
    """Nobody quotes INFY, so it cannot be bought back."""
    stage = Stage()
    stage.broker.beside |= {"INFY": -10, HC: 75}
    stage.tell(latch())
    beat(stage, 8)
    assert stage.broker.net() == {"INFY": -10}


def test_a_kill_says_for_which_short_an_option_waits():
    stage = Stage(["refuse OTHER"])
    stage.broker.beside |= {CE: -75, HC: 75}
    stage.tell(latch())
    beat(stage, 61)
    assert newest(stage).left == (
        f"external {CE} holds -75 {CE}",
        f"external {HC} holds +75 {HC} (it waits until {CE} is bought back)",
    )


def test_a_position_that_the_broker_does_not_show_is_not_closed():
    """Somebody closed it elsewhere; to close it again would open it the other way."""
    stage = Stage(["fill", "refuse CLOSED"], terms=READING)
    stage.run()
    stage.entered("ce")
    stage.broker.beside[CE] = 75
    stage.broker.calm()
    stage.run(45)
    sent = len(stage.intents())
    stage.tell(latch())
    beat(stage, 8)
    assert (len(stage.intents()), stage.broker.net()) == (sent, {})
    assert stages(stage)[-1][0] == "flat"
    assert stage.told(ExitFinished) == []


def test_a_hedge_does_not_wait_for_a_short_that_the_broker_does_not_show():
    """Its exit is owed and never met: nobody buys it back a second time."""
    stage = Stage(["fill", "fill", "refuse OTHER"], terms=READING)
    stage.run()
    stage.entered("ce", "hc")
    stage.broker.beside[CE] = 75
    stage.run(45)
    stage.tell(leave("ce"))
    stage.run()
    stage.broker.calm()
    stage.tell(latch())
    beat(stage, 20)
    assert (stage.broker.net(), stages(stage)[-1][0]) == ({}, "flat")


@pytest.mark.parametrize("leg_id", ["hc", "hp"])
def test_no_long_is_sold_that_the_broker_does_not_show(leg_id):
    """By no exit at all: that would open a short."""
    stage = Stage(terms=READING)
    stage.run()
    stage.entered(leg_id)
    stage.broker.beside[SYMBOLS[leg_id]] = -75
    stage.run(45)
    stage.tell(leave(leg_id))
    stage.run(20)
    assert (len(stage.intents()), stage.broker.net()) == (1, {})


def test_while_the_book_cannot_be_read_it_is_not_flat_and_says_so():
    stage = Stage()
    stage.broker.unread.extend(["down"] * 100)
    stage.tell(latch())
    beat(stage, 61)
    assert stages(stage)[-1] == ("incomplete", 0)
    assert newest(stage).left == (
        "the broker's book has not yet shown all flat twice: it cannot be read: down",
    )


def flat_and_unread():
    """A kill that was flat, with something sold by hand since, and a book that cannot be read."""
    stage = Stage(["fill"])
    stage.tell(latch())
    beat(stage, 6)
    assert newest(stage).stage == "flat"
    stage.broker.unread.extend(["down"] * 20)
    stage.broker.beside[CE] = -75
    return stage


UNREAD = ("the broker's book has not yet shown all flat twice: it cannot be read: down",)


def test_a_flat_kill_that_is_pulled_again_is_not_flat_until_the_book_has_shown_that_again():
    stage = flat_and_unread()
    assert "read" in stage.tell(latch())
    assert newest(stage).stage == "verifying"
    beat(stage, 5)
    assert newest(stage).stage == "verifying"
    stage.broker.unread.clear()
    beat(stage, 20)
    assert (stage.broker.net(), newest(stage).stage) == ({}, "flat")
    assert stages(stage)[-4:] == [
        ("verifying", 0),
        ("closing", 1),
        ("verifying", 1),
        ("flat", 1),
    ]


def test_one_that_is_pulled_again_has_its_whole_time_anew():
    stage = flat_and_unread()
    stage.broker.unread.extend(["down"] * 200)
    beat(stage, 100)
    for _ in range(2):
        stage.tell(latch())
        beat(stage, 58)
        assert newest(stage).stage == "verifying"
        beat(stage, 3)
        assert (newest(stage).stage, newest(stage).left) == ("incomplete", UNREAD)


def test_one_that_is_pulled_again_while_it_verifies_needs_two_readings_from_then_on():
    stage = Stage()
    stage.tell(latch())
    stage.run(1.9)
    stage.tell(latch())
    stage.run(1.5)
    assert newest(stage).stage == "verifying"
    stage.run(2.5)
    assert newest(stage).stage == "flat"
    assert stages(stage) == [("cancelling", 0), ("verifying", 0), ("flat", 0)]


def test_after_a_start_a_kill_is_flat_only_once_this_run_has_read_the_book_twice():
    stage = Stage(terms=READING)
    stage.run()
    stage.tell(latch())
    beat(stage, 6)
    stage.broker.unread.extend(["down"] * 5)
    stage.build()
    stage.run(1)
    assert stages(stage)[-1] == ("flat", 0)
    assert (newest(stage).stage, newest(stage).left) == ("verifying", UNREAD)
    stage.run(60)
    assert (newest(stage).stage, newest(stage).left) == ("flat", ())


@pytest.mark.parametrize("live", [False, True])
def test_a_kill_that_was_flat_is_proven_again_after_a_start_while_the_market_is_shut(live):
    """At the pace of a book where nothing is on its way, and no longer once it is proven."""
    stage = Stage(terms=replace(READING, live=live))
    stage.run(3)
    stage.entered("ce")
    stage.tell(latch())
    beat(stage, 20)
    stage.now_ns = CLOSES + 600 * S
    stage.tell(frame(stage.now_ns))
    stage.run(1_800)
    begun = stage.broker.reads
    stage.build()
    stage.run(25)
    assert (newest(stage).stage, stage.broker.reads - begun) == ("verifying", 1)
    stage.run(10)
    assert (newest(stage).stage, newest(stage).left) == ("flat", ())
    stage.run(3_600)
    assert stage.broker.reads - begun == 2


def test_a_kill_outside_the_session_waits_for_the_next_one():
    stage = Stage().entered("ce")
    stage.tell(DayEnded(DAY, stage.now_ns))
    stage.tell(latch())
    stage.run(70)
    assert stages(stage)[-1] == ("incomplete", 0)
    reads = stage.broker.reads
    stage.run(600)
    assert stage.broker.reads == reads
    opens_ns = stage.now_ns + 60 * S
    stage.tell(type(OPENED)(DAY, ((opens_ns, CLOSES),), stage.now_ns))
    stage.run(58)
    assert len(stage.intents()) == 1
    beat(stage, 12)
    assert (stage.broker.net(), stages(stage)[-1][0]) == ({}, "flat")


def test_a_kill_with_few_slots_sends_as_slots_come_free():
    windows = (Window(2, S),)
    stage = Stage(windows=windows).entered(leg("ce", 60), leg("pe", 60))
    stage.run(8)
    stage.tell(latch())
    beat(stage, 12)
    assert (stage.broker.net(), stages(stage)[-1][0]) == ({}, "flat")
    exits = stage.left_ns[6:]
    assert all(third - first >= S for first, third in zip(exits, exits[2:], strict=False))


@pytest.mark.parametrize(
    ("place", "until"),
    [
        ((["work"], ["lost", "done"]), "cancelling"),
        ((["fill", "work", "fill"], ["done"]), "closing"),
        ((["fill"], ["done"]), "verifying"),
        ((["fill"], ["done"]), "flat"),
        ((["fill", "refuse CLOSED"], ["done"]), "incomplete"),
    ],
)
def test_after_a_fall_in_any_stage_it_goes_on_and_stays_latched(place, until):
    stage = Stage(*place)
    stage.tell(enter("ce", **KEEP))
    stage.run()
    stage.tell(latch())
    for _ in range(70):
        if stages(stage)[-1][0] == until:
            break
        beat(stage, 1)
    assert stages(stage)[-1][0] == until
    stage.build()
    stage.broker.calm()
    stage.tell(frame(stage.now_ns))
    beat(stage, 20)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])
    assert stages(stage)[-1][0] == "flat"
    stage.tell(enter(at_ns=stage.now_ns))
    assert stage.broker.net() == {}


def test_a_latch_whose_kill_was_not_begun_begins_it_after_a_restart():
    stage = Stage().entered("ce")
    stage.facts.append(latch().latched)
    stage.build()
    stage.tell(frame(stage.now_ns))
    beat(stage, 6)
    assert (stage.broker.net(), stages(stage)[-1]) == ({}, ("flat", 0))


def test_once_released_it_closes_no_more_and_what_it_owes_is_still_met():
    stage = Stage(["fill", "work", "fill"]).entered("ce")
    stage.tell(latch())
    stage.ask(ReleaseLatch("k", "me"))
    beat(stage, 5)
    assert stage.broker.net() == {}
    stage.tell(frame(stage.now_ns))
    stage.tell(enter("pe", at_ns=stage.now_ns, basket_id="again"))
    stage.run()
    assert stage.broker.net() == {PE: -75}


def test_stages_are_told_on_change_alone():
    stage = Stage(["fill", "work", "fill"]).entered()
    stage.tell(latch())
    beat(stage, 10)
    told = stage.told(KillStaged)
    assert all(early.stage is not late.stage for early, late in pairwise(told))


def test_a_position_that_goes_beyond_flat_by_a_late_exit_is_closed_again():
    stage = Stage(["fill", "work", "fill"], ["after 5"]).entered("ce")
    stage.tell(latch())
    beat(stage, 20)
    assert (stage.broker.net(), stages(stage)[-1][0]) == ({}, "flat")


def test_a_strangers_fill_that_goes_beyond_flat_by_a_late_exit_of_ours_is_closed_again():
    stage = Stage(["work", "fill"], ["after 5"])
    stage.broker.stranger(CE, Side.SELL, filled=75)
    stage.tell(latch())
    beat(stage, 30)
    assert (stage.broker.net(), stages(stage)[-1][0]) == ({}, "flat")


def test_a_parked_order_of_an_earlier_day_does_not_keep_it_from_being_flat():
    """Orders lapse with their day."""
    stage = Stage(["lost"])
    stage.tell(enter("ce", **KEEP))
    stage.run(20)
    day_ns = 86_400 * S
    opens_ns = OPENS + day_ns
    tomorrow = type(OPENED)(DAY.replace(day=2), ((opens_ns, CLOSES + day_ns),), opens_ns)
    stage.tell(tomorrow, opens_ns)
    stage.tell(latch())
    beat(stage, 5)
    assert stages(stage)[-1][0] == "flat"


def test_a_leg_known_by_an_update_of_an_exit_is_left_alone_when_nothing_filled():
    stage = Stage(["fill"])
    stage.broker.stranger(HC, Side.BUY, filled=75)
    stage.tell(latch())
    beat(stage, 8)
    update = stage.told(OrderUpdated)[-1]
    assert without_wakes(stage.tell(update)) == []
    assert SHORTS == ("ce", "pe")


def test_a_position_of_a_name_that_no_table_knows_is_carried_into_the_next_day():
    """It cannot be priced nor closed here, and fells nobody."""
    stage = Stage()
    stage.broker.beside["what is this"] = 10
    stage.tell(latch())
    beat(stage, 10)
    day_ns = 86_400 * S
    opens_ns = OPENS + day_ns
    tomorrow = type(OPENED)(DAY.replace(day=2), ((opens_ns, CLOSES + day_ns),), opens_ns)
    stage.tell(tomorrow, opens_ns)
    beat(stage, 2)
    assert newest(stage).left == (f"external what is this holds +10 what is this {UNORDERED}",)


STOCK_OPTION = "RELIANCE-2025-09-30-1400-CE"
"""No table knows its lot."""
UNORDERED = "(it cannot be ordered from here: close it at the broker)"


@pytest.mark.parametrize("odd", [STOCK_OPTION, "MCX:CRUDEOIL25SEPFUT", "BFO:SENSEX5025SEP27000CE"])
def test_a_long_does_not_wait_for_a_short_that_cannot_be_ordered_and_that_is_named(odd):
    stage = Stage(["fill"])
    stage.broker.beside = {odd: -500, HC: 75, PE: -75}
    stage.tell(latch())
    beat(stage, 61)
    closing = [(i.symbol, i.side) for i in stage.intents() if i.purpose is Purpose.EXIT]
    assert closing == [(PE, Side.BUY), (HC, Side.SELL)]
    left = f"external {odd} holds -500 {odd} {UNORDERED}"
    assert (stage.broker.net(), newest(stage).left) == ({odd: -500}, (left,))
    assert stages(stage)[-1][0] == "incomplete"
    assert [fact.because for fact in stage.told(ExitOverdue)] == [
        f"still open: {odd} -500 {UNORDERED}"
    ]


def test_a_long_beside_such_a_short_is_decided_when_its_price_comes_for_it_waits_for_nothing_else():
    stage = Stage(["fill"])
    stage.broker.beside = {STOCK_OPTION: -500, "INFY": 10}
    stage.tell(latch())
    beat(stage, 5)
    came_ns = stage.now_ns
    stage.tell(Frame(came_ns, {"INFY": quote(1500)}))
    stage.run(5)
    (sold,) = [i for i in stage.intents() if i.purpose is Purpose.EXIT]
    assert (sold.symbol, sold.decided_ns >= came_ns) == ("INFY", True)


def test_nor_does_a_long_that_turns_up_later_and_both_are_gone_once_a_person_closed_the_short():
    stage = Stage(["fill"])
    stage.broker.beside[STOCK_OPTION] = -500
    stage.tell(latch())
    beat(stage, 20)
    stage.broker.beside[HC] = 75
    beat(stage, 20)
    assert stage.broker.net() == {STOCK_OPTION: -500}
    stage.broker.stranger(STOCK_OPTION, Side.BUY, 500, filled=500)
    beat(stage, 20)
    assert (stage.broker.net(), stages(stage)[-1][0], newest(stage).left) == ({}, "flat", ())


CARRIED = Pocket(CE, Product.CARRY)


def test_a_kill_closes_each_product_of_a_contract_by_itself():
    """What a short in one is to a long in the other, neither broker nor kill holds for flat."""
    stage = Stage().entered("ce")
    stage.broker.beside[CARRIED] = 75
    stage.tell(latch())
    beat(stage, 20)
    assert (stage.broker.held(), stage.broker.flips, stages(stage)[-1][0]) == ({}, [], "flat")
    closing = [each for each in stage.intents() if each.purpose is Purpose.EXIT]
    assert {(each.pocket, each.side) for each in closing} == {
        (Pocket(CE), Side.BUY),
        (CARRIED, Side.SELL),
    }


def test_a_kill_follows_a_position_into_the_product_that_it_was_converted_to():
    stage = Stage(terms=READING)
    stage.run()
    stage.entered("ce")
    stage.broker.beside = {Pocket(CE): 75, CARRIED: -75}
    stage.run(65)
    stage.tell(latch())
    beat(stage, 20)
    assert (stage.broker.held(), stages(stage)[-1][0]) == ({}, "flat")
    closing = [each.pocket for each in stage.intents() if each.purpose is Purpose.EXIT]
    assert closing == [CARRIED]


def test_a_kill_sells_the_carried_shares_that_are_ours_and_none_of_their_owner_s():
    """They lie together, beside the positions, from the morning after they were bought."""
    stage = Stage(terms=READING)
    stage.run()
    stage.entered(carried("hc"))
    long = Pocket(HC, Product.CARRY)
    stage.broker.owned[long] = 750
    stage.broker.beside[long] = -75
    stage.run(65)
    assert stage.told(BooksDiffer) == []
    stage.tell(latch())
    beat(stage, 20)
    sold = [each for each in stage.intents() if each.purpose is Purpose.EXIT]
    assert [(each.pocket, each.side, each.quantity) for each in sold] == [(long, Side.SELL, 75)]
    assert stages(stage)[-1][0] == "flat"


def carrying(shown: int) -> Stage:
    """A leg that carries 75 of which the broker shows so many, and has for a while."""
    stage = Stage(terms=READING)
    stage.run()
    stage.entered(carried("hc"))
    stage.broker.beside[CARRIED_LONG] = shown - 75
    stage.run(65)
    return stage


CARRIED_LONG = Pocket(HC, Product.CARRY)


@pytest.mark.parametrize("scope", [Scope.ALL, Scope.STRATEGY])
@pytest.mark.parametrize(("shown", "sold", "missing"), [(0, [], 75), (50, [50], 25)])
def test_what_a_leg_carries_by_our_book_and_the_broker_shows_nowhere_is_named_when_flat(
    shown, sold, missing, scope
):
    stage = carrying(shown)
    stage.tell(latch(scope=scope, name="s" if scope is Scope.STRATEGY else ""))
    beat(stage, 20)
    assert [i.quantity for i in stage.intents() if i.purpose is Purpose.EXIT] == sold
    what = f"s hc holds +{missing} {HC} carry by our book"
    left = f"{what}, and the broker shows none of it: look for it there"
    assert (stages(stage)[-1][0], newest(stage).left) == ("flat", (left,))
    told = [note.text for note in stage.told(Noted) if "flat" in note.text]
    assert told == [f"k is flat by the broker's book alone: {left}"]


def test_of_another_strategy_than_that_of_the_kill_it_is_not_named():
    stage = carrying(0)
    stage.tell(latch(scope=Scope.STRATEGY, name="other"))
    beat(stage, 20)
    assert (stages(stage)[-1][0], newest(stage).left) == ("flat", ())


def test_a_kill_that_is_pulled_again_waits_for_readings_of_a_book_that_can_be_read():
    stage = Stage(terms=READING)
    stage.tell(latch())
    stage.run(10)
    stage.tell(latch())
    staged = stage.told(KillStaged)
    assert "flat" in [each.stage for each in staged]
    assert staged[-1].left == ("the broker's book has not yet shown all flat twice",)


def test_while_a_stop_rests_a_kill_is_closing_though_nothing_is_held():
    stage = Stage(cancel=["lost"]).entered("ce", resident_percent_e4=e4(20))
    stage.run(1)
    stage.tell(latch())
    stage.run(8)
    assert stage.broker.net() == {}
    assert [order.intent.purpose for order in stage.broker.resting()] == [Purpose.RESIDENT_STOP]
    assert stage.told(KillStaged)[-1].stage == "closing"
