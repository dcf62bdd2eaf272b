"""An account that has to do with no share trades though those of earlier days cannot be read."""

from __future__ import annotations

import pytest

from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.words import Pocket, Product, Side
from daemon.messages import BasketEnded, BooksDiffer, Declined, Noted
from tests.actors.order_router.broker.test_own_shares import beat, by_hand
from tests.kit.router import READING, SYMBOLS, Stage, enter, frame, leave

SHARES = Pocket("INFY", Product.CARRY)
SHARE = BasketLeg("x", "INFY", Side.BUY, 1, 1, 100_000, 500, Product.CARRY)
UNREAD = ["no shares"] * 1_000


def stage_of(owned: int = 0, **positions: int) -> Stage:
    stage = Stage(("fill",), terms=READING)
    stage.broker.owned = {SHARES: owned} if owned else {}
    stage.broker.beside = {Pocket(s, Product.CARRY): units for s, units in positions.items()}
    stage.broker.unread.extend(UNREAD)
    stage.build()
    beat(stage, 20)
    return stage


def notes(stage: Stage, of: str) -> list[str]:
    return [fact.text for fact in stage.told(Noted) if of in fact.text]


def test_options_are_entered_and_left_and_the_want_of_shares_is_told_once():
    stage = stage_of()
    stage.tell(frame(stage.now_ns))
    stage.entered()
    held = {symbol: stage.book().net(symbol) for symbol in (SYMBOLS["ce"], SYMBOLS["pe"])}
    stage.tell(leave())
    stage.run(20)

    assert set(held.values()) == {-75}
    assert (stage.broker.held(), stage.told(BooksDiffer)) == ({}, [])
    assert notes(stage, "no share") == [
        "the account has to do with no share, and trades on; no shares"
    ]
    assert notes(stage, "cannot be read") == []


def test_a_difference_of_the_books_is_found_without_them():
    stage = stage_of()
    stage.broker.beside = {Pocket(SYMBOLS["hc"], Product.INTRADAY): 150}
    stage.run(30)
    assert [(f.symbol, f.theirs) for f in stage.told(BooksDiffer)][:1] == [(SYMBOLS["hc"], 150)]


@pytest.mark.parametrize("shown", [-40, 40])
def test_where_the_broker_shows_a_share_the_book_is_not_read_before_they_come(shown):
    """It may be out of the owner's own, or lie among them from today."""
    stage = stage_of(owned=100, INFY=shown)
    assert notes(stage, "cannot be read") == ["the book of broker cannot be read: no shares"]
    stage.tell(frame(stage.now_ns))
    stage.entered()
    assert stage.broker.held() == {SHARES: shown}

    stage.broker.unread.clear()
    beat(stage, 60)
    stage.tell(frame(stage.now_ns))
    stage.entered(basket_id="later")
    assert stage.broker.held()[Pocket(SYMBOLS["ce"], Product.INTRADAY)] == -75


def test_where_our_book_has_a_share_the_book_is_not_read_before_they_come():
    """From the second day on a share of ours lies among those that are not shown."""
    stage = Stage(("fill",), terms=READING)
    beat(stage, 20)
    stage.entered(SHARE)
    assert stage.book().net("INFY") == 1
    stage.broker.end_day()
    stage.broker.beside, stage.broker.owned = {}, {SHARES: 1}
    stage.broker.unread.extend(UNREAD)
    beat(stage, 60)

    assert notes(stage, "cannot be read") == ["the book of broker cannot be read: no shares"]
    assert (stage.book().net("INFY"), stage.told(BooksDiffer)) == (1, [])


def test_no_share_is_entered_before_they_come():
    stage = stage_of()
    answer = by_hand(stage, "h1", Side.BUY, 5)
    assert isinstance(answer, Declined)
    assert "entries in shares wait: no shares" in answer.sentence

    stage.broker.unread.clear()
    beat(stage, 60)
    assert not isinstance(by_hand(stage, "h2", Side.BUY, 5), Declined)
    assert stage.book().net("INFY") == 5


def test_an_entry_in_shares_waits_for_them_and_is_decided_anew_once_they_come():
    stage = stage_of()
    said = stage.tell(enter(SHARE, at_ns=stage.now_ns))
    beat(stage, 20)
    assert "ended: entries in shares wait: no shares" in said
    assert [(each.waits, each.complete) for each in stage.told(BasketEnded)] == [(True, False)]

    stage.broker.unread.clear()
    assert "free s" in stage.run(30)
