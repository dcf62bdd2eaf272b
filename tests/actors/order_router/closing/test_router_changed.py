"""A person makes another order of one of ours in the broker's own app: larger, smaller, moved."""

from __future__ import annotations

import pytest

from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import OrderType, OrderUpdated, Purpose, Side, State
from daemon.messages import (
    BasketEnded,
    ExitFinished,
    LinkRevived,
    Noted,
    OrderAsked,
    PlaceByHand,
    PositionChanged,
    SeeAccount,
)
from tests.kit.router import (
    KEEP,
    READING,
    SYMBOLS,
    Stage,
    enter,
    frame,
    leave,
    leg,
    without_wakes,
)

CE, HC = SYMBOLS["ce"], SYMBOLS["hc"]


def begun(*legs, place=("fill",), **fields) -> Stage:
    """A strategy that holds these legs, at a broker whose book is read."""
    stage = Stage(place, terms=READING)
    stage.run()
    return stage.entered(*legs, **fields)


def leaving(leg_id: str, lots: int = 4) -> Stage:
    """A leg whose exit rests at the broker."""
    stage = begun(leg(leg_id, lots), place=("fill", "work", "fill"))
    stage.tell(leave(leg_id))
    stage.run(0.2)
    return stage


def change(stage: Stage, n: int, lots: int) -> list[str]:
    """Somebody changes the order of the n-th intent, and the book is read."""
    stage.broker.change(stage.placed(n), 75 * lots)
    return without_wakes(stage.tell(LinkRevived(stage.now_ns)) + stage.run(0.1))


def move(stage: Stage, n: int, price: str, trigger: str = "") -> list[str]:
    """Somebody gives the order of the n-th intent other prices, and the book is read."""
    prices = {"price_e4": e4(price)} | ({"trigger_e4": e4(trigger)} if trigger else {})
    stage.broker.change(stage.placed(n), **prices)
    return without_wakes(stage.tell(LinkRevived(stage.now_ns)) + stage.run(0.1))


def beat(stage: Stage, seconds: int) -> None:
    for _ in range(seconds):
        stage.tell(frame(stage.now_ns))
        stage.run(1)


def said(stage: Stage) -> list[str]:
    return [note.text for note in stage.told(Noted) if note.kind is NoteKind.OUTSIDE]


def exits(stage: Stage) -> list[int]:
    return [each.quantity for each in stage.intents() if each.purpose is Purpose.EXIT]


def sentence(number: str, what: str, units: int, symbol: str = CE) -> str:
    told = f"order {number} of ours, to {what} {symbol}, was changed at the broker and not by us"
    return f"{told}: it is of {units} now"


@pytest.mark.parametrize(("leg_id", "side"), [("ce", "buy"), ("hc", "sell")])
@pytest.mark.parametrize(("filled", "lots"), [(0, 2), (1, 2), (1, 1), (0, 3)])
def test_what_was_taken_off_an_exit_is_closed_once_and_told_once(leg_id, side, filled, lots):
    stage = leaving(leg_id)
    if filled:
        stage.push(2, 75 * filled)
    change(stage, 2, lots)
    if stage.placed(2).state is State.WORKING:
        stage.push(2)
    beat(stage, 60)
    assert (stage.broker.net(), stage.broker.flips) == ({}, [])
    assert sum(exits(stage)) == 300 + 75 * (4 - lots)
    told = sentence("B2", f"{side} 300", 75 * lots, SYMBOLS[leg_id])
    assert said(stage) == [f"{told}; what it leaves open is closed by another"]
    assert len(stage.told(ExitFinished)) == 1


def test_what_was_taken_off_an_exit_is_asked_for_with_patience_beside_what_rests():
    """He may be about to trade those units himself."""
    stage = leaving("hc")
    assert "place" not in " ".join(change(stage, 2, 2))
    stage.run(4.5)
    assert exits(stage) == [300]


def test_what_a_person_trades_himself_in_place_of_what_he_took_off_is_not_traded_again():
    stage = leaving("hc")
    change(stage, 2, 2)
    stage.broker.stranger(HC, Side.SELL, 150, filled=150)
    stage.push(2)
    stage.tell(LinkRevived(stage.now_ns))
    beat(stage, 30)
    assert (stage.broker.net(), len(stage.broker.orders)) == ({}, 3)


def test_of_an_exit_that_filled_as_it_was_made_nothing_is_counted_on_any_more():
    """Its missing units stood as possible for the day, and every difference was explained by it."""
    stage = leaving("ce")
    change(stage, 2, 2)
    stage.push(2)
    beat(stage, 60)
    assert stage.book().possible_exposure(CE) == (0, 0)


@pytest.mark.parametrize("filled", [0, 1, 4])
@pytest.mark.parametrize("leg_id", ["ce", "hc"])
def test_an_exit_that_was_made_larger_than_what_is_open_is_taken_back(leg_id, filled):
    stage = leaving(leg_id)
    if filled:
        stage.broker.change(stage.placed(2), 450)
        stage.push(2, 75 * filled)
    words = change(stage, 2, 6)
    assert "cancel 2" in words
    beat(stage, 30)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])
    assert "it is taken back where it is of more than is open" in said(stage)[0]


def test_an_exit_that_was_made_larger_and_filled_is_closed_back():
    stage = leaving("hc")
    stage.broker.change(stage.placed(2), 450)
    stage.push(2)
    beat(stage, 30)
    assert stage.broker.net() == {}
    assert stage.book().possible_exposure(HC) == (0, 0)


@pytest.mark.parametrize(("on_fail", "held"), [(OnFail.UNWIND, 0), (OnFail.KEEP, -75)])
@pytest.mark.parametrize("filled", [0, 1])
def test_an_entry_that_was_made_smaller_is_given_up(on_fail, held, filled):
    """Its rest was entered anew beside it, against whoever had made it smaller."""
    stage = Stage(["work", "fill"], terms=READING)
    stage.run()
    stage.tell(enter(leg("ce", 4), **(KEEP | {"on_fail": on_fail})))
    stage.run()
    if filled:
        stage.push(1, 75)
    change(stage, 1, 2)
    beat(stage, 30)
    assert stage.broker.net() == ({CE: held} if held and filled else {})
    because = f"{CE}: made smaller at the broker, and not by us"
    assert [each.because for each in stage.told(BasketEnded)] == [because]
    assert said(stage) == [f"{sentence('B1', 'sell 300', 150)}; its entry is given up"]


def test_an_entry_that_was_made_larger_is_held_and_left_in_its_full_size():
    stage = Stage(["work", "fill"], terms=READING)
    stage.run()
    stage.tell(enter(leg("ce", 2), resident_percent_e4=e4(20), **KEEP))
    stage.run()
    change(stage, 1, 4)
    stage.push(1)
    stage.run(2)
    changed = stage.told(PositionChanged)[-1]
    assert (changed.net_quantity, changed.added_quantity) == (-300, 150)
    (stop,) = stage.broker.resting()
    assert (stop.intent.purpose, stop.quantity) == (Purpose.RESIDENT_STOP, 300)
    stage.tell(leave("ce"))
    beat(stage, 10)
    assert stage.broker.net() == {}
    (text,) = said(stage)
    so = "what fills of it is held and left like the rest"
    assert text == f"{sentence('B1', 'sell 150', 300)}; {so}"
    assert [n.text for n in stage.told(Noted) if n.kind is NoteKind.OVERFILLED] == []


def test_an_entry_that_was_made_larger_goes_on():
    stage = Stage(["work", "fill"], terms=READING)
    stage.run()
    stage.tell(enter(leg("ce", 2), **KEEP))
    stage.run()
    change(stage, 1, 4)
    beat(stage, 5)
    assert (stage.told(BasketEnded), len(stage.broker.resting())) == ([], 1)


def test_what_is_left_of_a_larger_entry_rests_no_longer_than_the_entry():
    """It was taken for filled with the units that were wanted, and its rest rested unknown."""
    stage = Stage(["work", "fill"], terms=READING)
    stage.run()
    stage.tell(enter(leg("ce", 2), **KEEP))
    stage.run()
    stage.broker.change(stage.placed(1), 300)
    stage.push(1, 225)
    change(stage, 1, 4)
    stage.run(5)
    assert (stage.broker.resting(), stage.broker.net()) == ([], {CE: -225})
    assert stage.book().open_orders() == ()


def stopped() -> Stage:
    """A short with a stop at the broker."""
    stage = begun(leg("ce", 4), resident_percent_e4=e4(20), **KEEP)
    stage.run(1)
    return stage


def test_what_was_taken_off_a_stop_rests_again_after_a_minute_and_is_told_once():
    stage = stopped()
    change(stage, 2, 1)
    beat(stage, 55)
    assert sum(order.quantity for order in stage.broker.resting()) == 75
    beat(stage, 10)
    assert sorted(order.quantity for order in stage.broker.resting()) == [75, 225]
    text = f"{sentence('B2', 'buy 300', 75)}; what it leaves without a stop has another in a minute"
    assert said(stage) == [text]


def test_a_stop_that_was_made_larger_is_taken_back_and_rests_anew_as_large_as_what_is_open():
    stage = stopped()
    assert "cancel 2" in change(stage, 2, 6)
    beat(stage, 10)
    (stop,) = stage.broker.resting()
    assert (stop.quantity, stop.changed) == (300, 0)


def test_a_stop_that_was_made_smaller_and_fills_leaves_the_rest_to_an_exit():
    stage = stopped()
    change(stage, 2, 1)
    stage.push(2)
    beat(stage, 30)
    assert (stage.broker.net(), stage.broker.flips) == ({}, [])
    assert exits(stage) == [225]


def test_an_exit_that_was_moved_away_is_taken_back_though_its_step_asks_no_other_price():
    """Of the last step the price stands while the market does: it rested there until the end."""
    stage = begun(leg("hc"), place=("fill", "work"))
    stage.tell(leave("hc"))
    beat(stage, 8)
    (last,) = stage.broker.resting()
    beat(stage, 5)
    assert stage.broker.resting() == [last]
    move(stage, int(last.number.removeprefix("B")), "45")
    stage.broker.calm()
    beat(stage, 5)
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])
    at = f"order {last.number} of ours, to sell 75 {HC}, was changed at the broker and not by us"
    limit = f"its limit is 45.00 now, {last.intent.price_e4 / 10_000:.2f} before"
    so = "it is taken back where it rests beside the step of its ladder"
    assert said(stage) == [f"{at}: {limit}; {so}"]


def test_a_stop_that_was_moved_is_left_where_it_is_and_told_and_shown_there():
    stage = stopped()
    beat(stage, 2)
    words = move(stage, 2, "140", "135")
    assert [word for word in words if not word.startswith("note ")] == ["read"]
    beat(stage, 70)
    (stop,) = stage.broker.resting()
    assert stop.number == "B2"
    (seen,) = stage.ask(SeeAccount()).held
    assert (seen.resident_quantity, seen.resident_trigger_e4) == (300, e4(135))
    (text,) = said(stage)
    assert "its limit is 140.00 now" in text
    assert "its trigger is 135.00 now" in text
    assert text.endswith("; it is left there, and our own stop stands as it did")


def test_an_entry_that_was_moved_away_is_taken_back_though_the_market_stands():
    stage = Stage(["work"], terms=READING)
    stage.run()
    stage.tell(enter(leg("ce")))
    stage.run(0.2)
    move(stage, 1, "140")
    beat(stage, 3)
    assert stage.placed(1).state is State.CANCELLED
    assert "it is taken back where it rests too long" in said(stage)[0]


def test_where_an_order_was_moved_to_is_what_another_would_trade_with():
    """A stop that somebody wakes sooner stands in the way of a sale that passed beneath it."""
    stage = stopped()
    stage.tell(frame(stage.now_ns))
    move(stage, 2, "140", "100.05")
    whose = ("", "me", stage.now_ns)
    sale = OrderAsked("r", "a", CE, Side.SELL, 75, OrderType.LIMIT, e4(101), 0, *whose)
    assert stage.ask(PlaceByHand(sale, dry_run=True)).code == "self_trade"


def test_a_change_that_is_undone_is_told_and_counted_like_any_other():
    stage = leaving("ce")
    change(stage, 2, 2)
    change(stage, 2, 4)
    stage.run(10)
    assert [text.partition(";")[0] for text in said(stage)] == [
        sentence("B2", "buy 300", 150),
        sentence("B2", "buy 150", 300),
    ]
    assert stage.book().order(stage.placed(2).intent.intent_id).quantity == 300


def test_an_order_by_hand_that_was_changed_is_told_and_left_as_it_is():
    stage = Stage(["work"], terms=READING)
    stage.run()
    whose = ("", "me", stage.now_ns)
    asked = OrderAsked("r", "a", CE, Side.BUY, 150, OrderType.LIMIT, e4(100), 0, *whose)
    stage.ask(PlaceByHand(asked))
    stage.run(1)
    change(stage, 1, 1)
    stage.push(1)
    stage.run(5)
    assert said(stage) == [sentence("B1", "buy 150", 75)]
    assert (stage.broker.net(), stage.book().open_orders()) == ({CE: 75}, ())


def test_of_an_exit_by_hand_that_was_changed_it_is_told_what_follows():
    stage = Stage(["fill", "work", "fill"], terms=READING)
    stage.run()
    whose = ("", "me", stage.now_ns)
    asked = OrderAsked("r", "a", CE, Side.BUY, 150, OrderType.LIMIT, e4("100.05"), 0, *whose)
    stage.ask(PlaceByHand(asked))
    stage.run(1)
    stage.tell(leave(CE, strategy_id="manual"))
    stage.run(0.2)
    change(stage, 2, 1)
    (text,) = said(stage)
    assert text.startswith(f"{sentence('B2', 'sell 150', 75)}; ")


def test_units_that_nobody_has_changed_are_no_news_and_stand_in_no_record():
    """A record that lacked them made hours old news of it, and the exit looked just sent."""
    stage = leaving("hc")
    stage.push(2)
    exit_of_it = stage.placed(2)
    before = stage.book().order(exit_of_it.intent.intent_id)
    stage.run(60)
    stage.tell(exit_of_it.update(stage.now_ns, quantity=300))
    assert stage.book().order(exit_of_it.intent.intent_id) == before
    assert {each.quantity for each in stage.told(OrderUpdated)} == {0}


def test_what_a_person_trades_after_an_exit_stays_though_its_old_news_is_told_with_its_units():
    """Set against the exit, which looked newer than his order, his own trade was undone."""
    stage = begun("hc")
    stage.tell(leave("hc"))
    beat(stage, 5)
    stage.run(3_600)
    stage.tell(frame(stage.now_ns))
    stage.entered("ce", basket_id="s:2", **KEEP)
    stage.run(60)
    stage.broker.stranger(HC, Side.SELL, filled=75)
    stage.build()
    for n in (1, 2, 3):
        order = stage.placed(n)
        stage.tell(order.update(stage.now_ns, quantity=order.quantity))
    beat(stage, 10)
    assert stage.broker.net() == {CE: -75, HC: -75}


def test_a_strangers_order_that_he_changed_is_his():
    """A long waited for what he no longer sells."""
    stage = begun(leg("hc", 2))
    order = stage.broker.stranger(HC, Side.SELL, 150)
    stage.tell(LinkRevived(stage.now_ns))
    stage.run(0.2)
    stage.broker.change(order, 75)
    stage.tell(LinkRevived(stage.now_ns))
    stage.run(0.2)
    stage.tell(leave("hc"))
    beat(stage, 3)
    assert exits(stage) == [75]
    assert len(said(stage)) == 2  # that it is there, and that the exit waits for it
