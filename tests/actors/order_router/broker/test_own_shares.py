"""The owner's own shares: what he sells of them is no short, what he keeps is no position."""

from __future__ import annotations

from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.domain.instants import at
from daemon.domain.market.frames import Frame
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.words import OrderType, Pocket, Product, Purpose, Side, State
from daemon.messages import (
    BooksAgree,
    BooksDiffer,
    DayOpened,
    KillStaged,
    Noted,
    OrderAsked,
    PlaceByHand,
    PositionChanged,
)
from tests.kit.router import READING, S, Stage, enter, latch, leave, quote
from tests.kit.scripted_broker import NOBODY, Placed

SHARES = Pocket("INFY", Product.CARRY)
LEG = SHARES.leg_id


def begun(owned: int = 100, place: tuple[str, ...] = ("fill",)) -> Stage:
    """An account whose owner has had so many shares for years."""
    stage = Stage(place, terms=READING)
    stage.broker.owned = {SHARES: owned} if owned else {}
    beat(stage, 40)
    return stage


def beat(stage: Stage, seconds: int) -> None:
    for _ in range(seconds):
        stage.tell(Frame(stage.now_ns, {"INFY": quote(1500)}))
        stage.run(1)


def next_day(stage: Stage, day: int, owned: int) -> None:
    """Let a night go by: positions of shares are gone, and these lie beside them."""
    stage.broker.end_day()
    stage.broker.beside, stage.broker.owned = {}, {SHARES: owned} if owned else {}
    on = date(2025, 9, day)
    opens_ns, closes_ns = at(on, time(9, 15)), at(on, time(15, 30))
    opened = DayOpened(on, ((opens_ns, closes_ns),), opens_ns - 1, interval_ns=86_400 * S)
    stage.tell(opened, opens_ns)
    beat(stage, 40)


def traded(stage: Stage, number: str, side: Side, quantity: int, filled: int | None = None) -> None:
    """The owner orders at the broker's own terminal, and Ordo reads the book."""
    of = replace(
        NOBODY,
        symbol="INFY",
        product=Product.CARRY,
        side=side,
        quantity=quantity,
        price_e4=1500_0000,
    )
    done = quantity if filled is None else filled
    state = State.FILLED if done == quantity else State.WORKING
    stage.broker.orders[number] = Placed(number, of, state, done)
    beat(stage, 40)


def by_hand(stage: Stage, request: str, side: Side, quantity: int) -> object:
    asked = OrderAsked(
        *(request, "a", "INFY", side, quantity, OrderType.LIMIT, 1500_0000, 0, "", "me"),
        at_ns=stage.now_ns,
        product=Product.CARRY,
    )
    answer = stage.ask(PlaceByHand(asked))
    beat(stage, 10)
    return answer


def net(stage: Stage, strategy_id: str = "external") -> int:
    return stage.book().position(strategy_id, LEG).net_quantity


def killed(stage: Stage) -> None:
    stage.tell(latch())
    beat(stage, 20)
    assert stage.told(KillStaged)[-1].stage == "flat"


def sent(stage: Stage) -> list:
    """The exits for which a request left."""
    return [
        order
        for order in stage.broker.orders.values()
        if order.intent.purpose is Purpose.EXIT and order.intent.intent_id
    ]


def test_a_kill_does_not_buy_back_what_the_owner_sold_of_his_own_shares():
    stage = begun()
    traded(stage, "H1", Side.SELL, 40)
    assert net(stage) == 0
    told = [fact.text for fact in stage.told(Noted) if "own shares" in fact.text]
    assert told == ["40 INFY carry, sold out of the owner's own shares: no position of Ordo's"]
    killed(stage)
    assert (stage.broker.held(), sent(stage)) == ({SHARES: -40}, [])
    assert stage.told(BooksDiffer) == []


def test_such_a_sale_earns_nothing_and_is_told_as_flat():
    stage = begun()
    traded(stage, "H1", Side.SELL, 40)
    changes = [fact for fact in stage.told(PositionChanged) if fact.leg_id == LEG]
    assert [(fact.net_quantity, fact.settled) for fact in changes] == [(-40, False), (0, True)]
    assert changes[-1].sold_value_e4 == changes[-1].bought_value_e4


def test_what_he_sells_beyond_his_own_stays_a_short_that_a_kill_buys_back():
    stage = begun(owned=100)
    traded(stage, "H1", Side.SELL, 130)
    assert net(stage) == -30
    killed(stage)
    assert stage.broker.held() == {SHARES: -100}


def test_without_shares_of_earlier_days_a_stranger_s_short_is_one():
    stage = begun(owned=0)
    traded(stage, "H1", Side.SELL, 40)
    assert net(stage) == -40
    killed(stage)
    assert stage.broker.held() == {}


def test_what_fills_bit_by_bit_is_his_own_bit_by_bit():
    stage = begun()
    traded(stage, "H1", Side.SELL, 40, filled=0)
    stage.tell(stage.broker.fill(stage.broker.orders["H1"], stage.now_ns, 15))
    assert net(stage) == 0
    stage.tell(stage.broker.fill(stage.broker.orders["H1"], stage.now_ns, 25))
    assert (net(stage), stage.broker.held()) == (0, {SHARES: -40})
    beat(stage, 40)
    killed(stage)
    assert sent(stage) == []


def test_what_he_buys_back_on_the_day_is_among_his_own_again():
    stage = begun()
    traded(stage, "H1", Side.SELL, 40)
    traded(stage, "H2", Side.BUY, 60)
    assert net(stage) == 20
    killed(stage)
    assert stage.broker.held() == {}
    assert stage.told(BooksDiffer) == []


@pytest.mark.parametrize("sells_by_hand", [True, False])
def test_what_he_sells_one_way_and_buys_back_the_other_is_among_his_own_again(sells_by_hand):
    """By hand, or at the broker's terminal: a kill then has nothing to sell of his."""
    stage = begun()
    for by_us, side in ((sells_by_hand, Side.SELL), (not sells_by_hand, Side.BUY)):
        if by_us:
            by_hand(stage, f"H{side}", side, 40)
        else:
            traded(stage, "E1", side, 40)
    killed(stage)

    assert (net(stage), net(stage, "manual"), stage.broker.held()) == (0, 0, {})


def test_a_sale_that_fills_late_is_bought_back_and_not_taken_for_his_own():
    """Heard after a restart, before any price has come: the exit that is owed waits for one."""
    leg = BasketLeg("share", "INFY", Side.BUY, 10, 1, 10_000, 1_000, Product.CARRY)
    stage = begun(place=("fill", "work", "fill"))
    stage.entered(leg)
    beat(stage, 3)
    stage.tell(leave("share"))
    beat(stage, 8)
    stage.tell(enter(leg, at_ns=stage.now_ns))
    beat(stage, 5)
    stage.build()
    stage.run(2)
    stage.push(2)
    stage.run(40)
    beat(stage, 200)

    assert stage.broker.held() == {SHARES: 10}


def test_a_sale_while_the_daemon_was_down_is_his_own_by_the_first_reading():
    stage = begun()
    stage.broker.orders["H1"] = Placed(
        *("H1", replace(NOBODY, symbol="INFY", product=Product.CARRY, side=Side.SELL, quantity=40)),
        *(State.FILLED, 40),
    )
    stage.build()
    killed(stage)
    assert (net(stage), stage.broker.held(), sent(stage)) == (0, {SHARES: -40}, [])


def test_after_a_restart_nothing_is_booked_twice():
    stage = begun()
    traded(stage, "H1", Side.SELL, 40)
    facts = len(stage.intents())
    stage.build()
    beat(stage, 40)
    assert (net(stage), len(stage.intents())) == (0, facts)
    killed(stage)
    assert stage.broker.held() == {SHARES: -40}


def test_a_sale_that_was_heard_before_his_shares_were_known_is_his_own_once_they_are():
    stage = begun(owned=0)
    traded(stage, "H1", Side.SELL, 40)
    stage.broker.owned = {SHARES: 100}
    beat(stage, 40)
    assert net(stage) == 0
    killed(stage)
    assert (stage.broker.held(), sent(stage)) == ({SHARES: -40}, [])


@pytest.mark.parametrize(("side", "owned"), [(Side.BUY, 140), (Side.SELL, 60)])
def test_what_he_traded_on_an_earlier_day_neither_differs_nor_is_closed(side, owned):
    stage = begun()
    traded(stage, "H1", side, 40)
    for day in (2, 3):
        next_day(stage, day, owned)
    assert (net(stage), stage.told(BooksDiffer)) == (0, [])
    killed(stage)
    assert (stage.broker.held(), sent(stage)) == ({}, [])


def test_what_he_bought_to_keep_is_a_position_on_its_day_alone():
    stage = begun()
    traded(stage, "H1", Side.BUY, 40)
    next_day(stage, 2, owned=140)
    traded(stage, "H2", Side.BUY, 10)
    assert net(stage) == 10
    killed(stage)
    assert stage.broker.held() == {}


@pytest.mark.parametrize(("side", "owned"), [(Side.SELL, 60), (Side.SELL, 0), (Side.BUY, 0)])
def test_what_is_held_nowhere_since_an_earlier_day_differs_no_longer(side, owned):
    """Recorded before his own shares were known: he has sold since, and Ordo was away."""
    stage = begun(owned=0)
    traded(stage, "H1", side, 40)
    assert net(stage) == 40 * side.sign
    next_day(stage, 3, owned)
    assert net(stage) == 0
    assert len(stage.told(BooksDiffer)) == len(stage.told(BooksAgree))


def test_a_short_of_a_derivative_outlives_its_day():
    stage = Stage(terms=READING)
    stage.run(1)
    option = Pocket("NIFTY-2025-09-30-24550-CE", Product.CARRY)
    sold = replace(NOBODY, symbol=option.symbol, product=Product.CARRY, side=Side.SELL)
    stage.broker.orders["H1"] = Placed("H1", sold, State.FILLED, 75)
    stage.run(40)
    next_day(stage, 2, owned=0)
    assert stage.book().position("external", option.leg_id).net_quantity == -75
    assert len(stage.told(BooksDiffer)) == 1


def test_his_own_shares_are_sold_by_hand_as_often_as_he_likes():
    stage = begun()
    by_hand(stage, "r1", Side.SELL, 40)
    assert (net(stage, "manual"), stage.broker.held()) == (0, {SHARES: -40})
    for day, owned in ((2, 60), (3, 50)):
        next_day(stage, day, owned)
        assert by_hand(stage, f"r{day}", Side.SELL, 10) is None
        assert net(stage, "manual") == 0
    killed(stage)
    assert stage.broker.held() == {SHARES: -10}
    assert stage.told(BooksDiffer) == []


def test_shares_bought_by_hand_stay_ours_on_later_days():
    stage = begun()
    by_hand(stage, "r1", Side.BUY, 40)
    next_day(stage, 2, owned=140)
    assert net(stage, "manual") == 40
    killed(stage)
    assert stage.broker.held() == {SHARES: -40}


def carried_on() -> Stage:
    """A strategy carries ten since yesterday, among a hundred that their owner has for years."""
    stage = begun()
    stage.entered(BasketLeg("share", "INFY", Side.BUY, 10, 1, 10_000, 1_000, Product.CARRY))
    next_day(stage, 2, owned=110)
    assert stage.book().position("s", "share").net_quantity == 10
    return stage


def ours(stage: Stage) -> int:
    return stage.book().position("s", "share").net_quantity


def test_his_sale_of_his_own_shares_leaves_a_leg_of_the_same_shares_alone():
    stage = carried_on()
    traded(stage, "H1", Side.SELL, 40)
    assert (ours(stage), net(stage)) == (10, 0)
    killed(stage)
    assert stage.broker.held() == {SHARES: -50}


def test_what_he_sells_beyond_his_own_closes_the_leg():
    stage = carried_on()
    traded(stage, "H1", Side.SELL, 60)
    assert ours(stage) == 10
    traded(stage, "H2", Side.SELL, 44)
    assert (ours(stage), net(stage)) == (6, 0)
    killed(stage)
    assert stage.broker.held() == {SHARES: -110}


def test_his_sale_while_the_daemon_was_down_leaves_the_leg_alone_too():
    stage = carried_on()
    stage.broker.orders["H1"] = Placed(
        *("H1", replace(NOBODY, symbol="INFY", product=Product.CARRY, side=Side.SELL, quantity=40)),
        *(State.FILLED, 40),
    )
    stage.build()
    beat(stage, 10)
    assert (ours(stage), net(stage)) == (10, 0)


def test_a_leg_is_left_beside_his_resting_order_for_his_own_shares():
    stage = carried_on()
    traded(stage, "H1", Side.SELL, 40, filled=0)
    stage.tell(leave("share"))
    beat(stage, 10)
    assert (ours(stage), stage.broker.held()) == (0, {SHARES: -10})
    assert not any("waits" in fact.text for fact in stage.told(Noted))
    stage.broker.fill(stage.broker.orders["H1"], stage.now_ns)
    beat(stage, 40)
    assert (net(stage), stage.broker.held()) == (0, {SHARES: -50})


def test_a_leg_waits_for_what_his_resting_order_may_sell_beyond_his_own():
    stage = carried_on()
    traded(stage, "H1", Side.SELL, 104, filled=0)
    stage.tell(leave("share"))
    beat(stage, 10)
    assert ours(stage) == 4


AT_BSE = Pocket("BSE:INFY", Product.CARRY)


def at_bse(stage: Stage, side: Side, quantity: int) -> None:
    """The owner orders at BSE; of his own, what he sold is told by its name there from then on."""
    of = replace(NOBODY, symbol=AT_BSE.symbol, product=Product.CARRY, side=side, quantity=quantity)
    stage.broker.orders["H1"] = Placed("H1", of, State.FILLED, quantity)
    if side is Side.SELL:
        stage.broker.owned = {SHARES: stage.broker.owned[SHARES] - quantity, AT_BSE: quantity}
    beat(stage, 40)


def test_what_he_sells_of_his_own_at_the_other_exchange_is_no_short():
    stage = begun()
    at_bse(stage, Side.SELL, 40)
    assert stage.book().within(AT_BSE).net == 0
    killed(stage)
    assert (stage.broker.held(), sent(stage), stage.told(BooksDiffer)) == ({AT_BSE: -40}, [], [])


def test_what_he_bought_to_keep_at_the_other_exchange_is_his_own_from_the_next_day():
    stage = begun()
    at_bse(stage, Side.BUY, 40)
    assert stage.book().within(AT_BSE).net == 40
    next_day(stage, 2, owned=140)
    assert stage.book().within(AT_BSE).net == 0
    assert len(stage.told(BooksDiffer)) == len(stage.told(BooksAgree))
    killed(stage)
    assert sent(stage) == []
