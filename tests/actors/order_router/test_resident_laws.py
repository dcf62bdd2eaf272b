"""What holds with stops at the broker, whatever it does and wherever the daemon falls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.money import e4
from daemon.domain.orders.words import Purpose
from daemon.messages import EnterLegs, ExitReplaced
from daemon.runtime.budget import Window
from tests.actors.order_router.test_router_laws import (
    CANCEL_SCRIPT,
    DEEDS,
    NARROW,
    SCRIPT,
    Judged,
)
from tests.actors.order_router.test_router_laws import (
    judge as assert_flat_or_told,
)
from tests.kit.router import SHORTS, S, frame, latch

MEETINGS = ["meet", "meet part", "meet unheard"]
STORY = st.lists(st.sampled_from([*DEEDS, *MEETINGS, *MEETINGS]), max_size=20)


class Guarded(Judged):
    """Every short wants a stop; the market may meet it, and nobody may hear of that."""

    def tell(self, message, at_ns=0):
        if isinstance(message, EnterLegs):
            basket = replace(message.opened.basket, resident_percent_e4=e4(20))
            message = EnterLegs(replace(message.opened, basket=basket))
        return super().tell(message, at_ns)

    def _judge(self, intent):
        """What rests and what leaves never close more than is open, but for what was given up."""
        if intent.purpose is Purpose.ENTRY:
            return
        book = self.book()
        given_up = {fact.intent_id for fact in self.told(ExitReplaced)}
        key = (intent.strategy_id, intent.leg_id)
        ways = sum(
            order.remaining_quantity
            for order in book.open_orders()
            if order.intent.purpose is not Purpose.ENTRY
            and (order.intent.strategy_id, order.intent.leg_id) == key
            and order.intent.side is intent.side
            and order.intent.intent_id not in given_up
        )
        assert ways <= -book.position(*key).net_quantity * intent.side.sign

    def do(self, deed):
        if not deed.startswith("meet"):
            super().do(deed)
            return
        for order in self.broker.resting():
            if order.intent.purpose is Purpose.RESIDENT_STOP:
                left = order.intent.quantity - order.filled
                quantity = min(left, 75) if "part" in deed else left
                heard = self.broker.fill(order, self.now_ns, quantity)
                if "unheard" not in deed:
                    self.tell(heard)


@given(SCRIPT, CANCEL_SCRIPT, STORY, st.booleans())
def test_with_stops_at_the_broker_all_ends_flat_or_told(place, cancel, deeds, narrow):
    stage = Guarded(place, cancel, NARROW if narrow else (Window(1000, S),))
    for deed in ("enter", *deeds):
        stage.do(deed)
    stage.quiet()
    assert_flat_or_told(stage)


DAYS = {
    "exit": ("enter", "wait 1", "leave", "wait 4"),
    "met": ("enter", "wait 1", "meet", "wait 1", "leave"),
    "met unheard": ("enter", "wait 1", "meet unheard", "wait 1", "leave"),
    "met in part": ("enter", "wait 1", "meet part", "wait 1"),
    "killed": ("enter", "wait 1", "kill", "wait 4"),
}


def play(stage, day):
    for deed in DAYS[day]:
        if deed == "kill":
            stage.tell(latch())
        else:
            stage.do(deed)
    stage.quiet()
    return stage


@pytest.mark.parametrize(
    ("calls_leave", "down_s"), [(True, 0), (True, 30), (False, 0)], ids=["sent", "down", "unsent"]
)
@pytest.mark.parametrize("day", DAYS)
def test_a_crash_at_any_commit_closes_no_more_than_was_open(day, calls_leave, down_s):
    for at in range(1, play(Guarded(), day).commits + 1):
        stage = Guarded()
        stage.crashes, stage.calls_leave, stage.down_s = frozenset({at}), calls_leave, down_s
        play(stage, day)
        assert_flat_or_told(stage)
        assert stage.broker.flips == [] or stage.told(ExitReplaced), "both filled, and it was told"


def test_the_stops_of_a_day_are_those_of_an_uninterrupted_one():
    whole, cut = Guarded(), Guarded()
    for stage in (whole, cut):
        stage.do("enter")
        stage.run(2)
    cut.build()
    cut.tell(frame(cut.now_ns))
    cut.run(5)
    assert [order.intent.quantity for order in cut.broker.resting()] == [75] * len(SHORTS)
    assert len(cut.intents()) == len(whole.intents())
