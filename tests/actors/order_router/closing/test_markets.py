"""Shares close earlier than derivatives: what of a strategy can be left, and what waits."""

from datetime import date, time

import pytest

from daemon.actors.order_router import Terms
from daemon.domain.instants import at
from daemon.domain.market import trading_hours
from daemon.domain.market.calendar import Segment, sessions
from daemon.domain.market.frames import Frame
from daemon.domain.money import e4
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.words import OrderRefused, Product, Side, State
from daemon.messages import DayOpened, ExitFinished, ExitOwed, KillStaged, LinkDied, Noted, Settled
from tests.kit.router import KEEP, S, Stage, latch, leave, quote, without_wakes

DAY, NEXT_DAY = date(2026, 11, 20), date(2026, 11, 23)
SHARE, CALL = "RELIANCE", "NIFTY-2026-11-24-24500-CE"
LATE_NS = at(DAY, time(15, 36))
SHUT = "(its market is closed until 2026-11-23 09:15)"


def day_opened(day=DAY):
    hours = tuple((each.open_ns, each.close_ns) for each in sessions(day, Segment.DERIVATIVES))
    return DayOpened(day, hours, at(day, time(9)), interval_ns=86_400 * S)


def frame(at_ns):
    return Frame(at_ns, {SHARE: quote(1400), CALL: quote(100)})


def long_share():
    return BasketLeg("eq", SHARE, Side.BUY, 100, 1, 100_000, 1_000, Product.CARRY)


def short_share():
    return BasketLeg("eq", SHARE, Side.SELL, 100, 1, 100_000, 1_000)


def call(side):
    return BasketLeg("call", CALL, side, 65, 65, 1_800, 500, Product.CARRY)


def held(*legs, at_ns=LATE_NS, terms=None, place=("fill",), **fields):
    """A stage after the closing auction that has held these legs since the morning."""
    stage = Stage(place, terms=terms)
    stage.tell(day_opened(), at(DAY, time(9)))
    stage.tell(frame(at(DAY, time(9, 30))), at(DAY, time(9, 30)))
    stage.entered(*legs, **KEEP | {"deadline_ns": at_ns} | fields)
    stage.tell(frame(at_ns), at_ns)
    return stage


def to_the_next_day(stage):
    stage.run((at(NEXT_DAY, time(9)) - stage.now_ns) / S)
    stage.tell(day_opened(NEXT_DAY))
    stage.run(15 * 60)
    stage.tell(frame(stage.now_ns))
    stage.run(1)


@pytest.mark.untraced
def test_a_stop_of_shares_whose_market_has_closed_waits_for_the_open_and_says_so():
    """Derivatives trade for a while yet; nothing is asked of the broker, and a person told once."""
    stage = held(long_share())
    assert without_wakes(stage.tell(leave("eq"))) == ["owed eq stop"]
    assert without_wakes(stage.run(3 * 60)) == [f"page still open: eq +100 {SHUT}"]
    assert len(stage.intents()) == 1

    to_the_next_day(stage)

    assert (stage.broker.net(), len(stage.told(ExitFinished))) == ({}, 1)
    assert stage.told(OrderRefused) == []


def test_a_stop_of_shares_leaves_in_the_closing_auction():
    """No table knows which of them have none, and trade on to 15:30."""
    stage = held(long_share(), at_ns=at(DAY, time(15, 16)))
    assert without_wakes(stage.tell(leave("eq"))) == ["owed eq stop"]
    until = "its market is closed until 2026-11-20 15:20"
    assert without_wakes(stage.run(60)) == [f"page still open: eq +100 ({until})"]
    stage.run(3 * 60)
    stage.tell(frame(stage.now_ns))
    stage.run(2)
    assert stage.broker.net() == {}


def test_nothing_wakes_an_exit_that_waits_for_the_market_of_its_shares():
    stage = held(long_share())
    stage.tell(leave("eq"))
    assert [word for word in stage.run(600) if word.startswith("wake ClosingDue")] == []


@pytest.mark.untraced
def test_what_still_trades_is_left_at_once_and_the_shares_wait():
    stage = held(long_share(), call(Side.SELL))
    said = without_wakes(stage.tell(leave("eq", "call")) + stage.run(1))
    assert said == ["owed eq,call stop", "intend 3 buy call 65 @100.05", "place 3", "call +0"]
    assert [word for word in stage.run(60) if word.startswith("wake ClosingDue")] == []

    to_the_next_day(stage)

    assert stage.broker.net() == {}


@pytest.mark.untraced
def test_an_option_waits_for_no_short_of_shares_whose_market_has_closed():
    """It guards shorts of its own underlying."""
    stage = held(short_share(), call(Side.BUY))
    said = without_wakes(stage.tell(leave("eq", "call")) + stage.run(1))
    assert said == ["owed eq,call stop", "intend 3 sell call 65 @99.95", "place 3", "call +0"]

    to_the_next_day(stage)

    assert stage.broker.net() == {}


def test_a_stop_at_the_broker_rests_no_more_once_the_market_of_its_shares_has_closed():
    """The exchange ends those that rest; the next one is sent when it opens."""
    stage = held(short_share(), resident_percent_e4=e4(20))
    stop = stage.placed(2)
    stop.state = State.CANCELLED
    stage.tell(stop.update(stage.now_ns))
    stage.run(600)
    assert len(stage.intents()) == 2

    to_the_next_day(stage)
    stage.run(5)

    assert len(stage.intents()) == 3


def test_a_market_that_opens_again_today_brings_its_stops_back():
    stage = held(short_share(), at_ns=at(DAY, time(15, 16)), resident_percent_e4=e4(20))
    stop = stage.placed(2)
    stop.state = State.CANCELLED
    again_ns = stage.now_ns + 600 * S
    hours = ((again_ns, again_ns + 3_600 * S),)
    with pytest.MonkeyPatch.context() as patch:
        for of in ("hours_of", "order_hours_of"):
            patch.setattr(trading_hours, of, lambda symbol, day: hours if symbol else day)
        stage.tell(stop.update(stage.now_ns))
        stage.run(599)
        assert len(stage.intents()) == 2
        stage.run(2)
    assert len(stage.intents()) == 3


def test_an_exit_waits_for_the_first_of_its_markets_that_opens_again():
    stage = held(long_share(), call(Side.BUY), at_ns=at(DAY, time(15, 16)))
    first_ns = stage.now_ns + 600 * S
    opens_ns = {SHARE: first_ns, CALL: first_ns + 600 * S}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            trading_hours,
            "order_hours_of",
            lambda symbol, day: ((opens_ns.get(symbol, first_ns), first_ns + 3_600 * S),),
        )
        stage.tell(leave("call", "eq"))
        stage.run(601)
        assert [intent.symbol for intent in stage.intents()[2:]] == [SHARE]


@pytest.mark.parametrize("wall", [time(15, 36), time(15, 50)])
def test_a_kill_says_what_it_cannot_close_and_until_when(wall):
    """Of shares beside derivatives, and after the close of all."""
    stage = held(long_share())
    stage.now_ns = at(DAY, wall)
    stage.tell(latch())
    stage.run(70)
    newest = stage.told(KillStaged)[-1]
    assert (newest.stage, newest.left) == (
        "incomplete",
        (f"s eq holds +100 {SHARE} carry {SHUT}",),
    )
    assert len(stage.told(ExitOwed)) == 1
    assert len(stage.intents()) == 1


@pytest.mark.parametrize(
    ("wall", "left"), [(time(15, 10), 1), (time(15, 16), 1), (time(15, 36), 0)]
)
def test_a_silence_leaves_no_long_shares_whose_market_is_over_for_the_day(wall, left):
    """Before the closing auction they may be left yet; after it they would be, on another day."""
    terms = Terms("a", "broker", strict=False, leaves_in_silence=True)
    stage = held(long_share(), at_ns=at(DAY, wall), terms=terms)
    stage.tell(LinkDied(stage.now_ns))
    stage.run(61)
    assert (len(stage.told(Noted)), len(stage.told(ExitOwed))) == (left, left)


def test_an_exit_that_nothing_is_left_for_is_taken_back_though_the_shares_beside_it_wait():
    stage = held(long_share(), call(Side.SELL), place=("fill", "fill", "work"))
    stage.tell(leave("eq", "call"))
    stage.run(0.2)
    assert "cancel 3" in stage.tell(Settled(CALL, 65, e4(100), stage.now_ns, product=Product.CARRY))
