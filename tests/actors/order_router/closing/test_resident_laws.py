"""What holds with stops at the broker, whatever it does and wherever the daemon falls."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.money import e4
from daemon.domain.orders.words import Purpose
from daemon.messages import EnterLegs, ExitReplaced
from daemon.runtime.budget import Window
from tests.actors.order_router import test_router_laws as days
from tests.actors.order_router.broker import test_next_day_laws as nights
from tests.actors.order_router.closing import test_killing_laws as kills
from tests.actors.order_router.test_router_laws import judge as assert_flat_or_told
from tests.kit.router import NEAR, SHORTS, SYMBOLS, S, Stage, frame, latch

pytestmark = pytest.mark.untraced

MEETINGS = ["meet", "meet part", "meet unheard"]


class Guarding(Stage):
    """Every short wants a stop; the market may meet it, and nobody may hear of that."""

    def tell(self, message, at_ns=0):
        if isinstance(message, EnterLegs):
            basket = replace(message.opened.basket, resident_percent_e4=e4(20))
            own = {leg.leg_id: NEAR for leg in basket.legs}
            message = EnterLegs(replace(message.opened, basket=basket, leg_rules=own))
        return super().tell(message, at_ns)

    def stops(self):
        """The stops that rest at the broker."""
        resting = self.broker.resting()
        return [order for order in resting if order.intent.purpose is Purpose.RESIDENT_STOP]

    def do(self, deed):
        """The market meets every stop, or something else happens."""
        if not deed.startswith("meet"):
            super().do(deed)
            return
        for order in self.stops():
            left = order.intent.quantity - order.filled
            heard = self.broker.fill(order, self.now_ns, min(left, 75) if "part" in deed else left)
            if "unheard" not in deed:
                self.tell(heard)

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


class Guarded(Guarding, days.Judged):
    """A day with stops at the broker."""


class GuardedKill(Guarding, kills.Killed):
    """A kill of what stops at the broker guard."""

    def _judge(self, intent):
        """In a kill nothing leaves but exits."""
        super()._judge(intent)
        assert not self.killed or intent.purpose is Purpose.EXIT


class GuardedNight(Guarding, nights.Nightly):
    """A night over which every stop lapses, and some fill before it."""


@given(
    days.SCRIPT,
    days.CANCEL_SCRIPT,
    st.lists(st.sampled_from([*days.DEEDS, *MEETINGS, *MEETINGS]), max_size=20),
    st.booleans(),
)
def test_with_stops_at_the_broker_all_ends_flat_or_told(place, cancel, deeds, narrow):
    stage = Guarded(place, cancel, days.NARROW if narrow else (Window(1000, S),))
    for deed in ("enter", *deeds):
        stage.do(deed)
    stage.quiet()
    assert_flat_or_told(stage)


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(kills.HONEST), min_size=1, max_size=12),
    st.lists(st.sampled_from(kills.TRUE), min_size=1, max_size=6),
    st.lists(st.sampled_from([*nights.OURS, *MEETINGS]), max_size=10),
    st.lists(st.sampled_from([*kills.AFTER, *MEETINGS]), max_size=8),
    kills.WINDOWS,
)
def test_a_kill_of_what_they_guard_ends_flat_or_named(place, cancel, before, after, windows):
    stage = GuardedKill(place, cancel, windows, kills.READING)
    stage.play(before, after)
    stage.assert_flat_or_named()
    assert stage.broker.flips == [] or stage.told(ExitReplaced), "both filled, and it was told"


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(kills.HONEST), min_size=1, max_size=12),
    st.lists(st.sampled_from(kills.TRUE), min_size=1, max_size=6),
    st.lists(st.sampled_from([*nights.OURS, *MEETINGS]), max_size=8),
    st.frozensets(st.integers(0, 5)),
)
def test_after_a_night_they_rest_for_no_more_than_is_open(place, cancel, deeds, fills):
    stage = GuardedNight(place, cancel, terms=kills.READING)
    stage.run(0.5)
    for deed in ("enter", *deeds):
        stage.do(deed)
    stage.run(20)
    unheard = stage.night(fills)
    stage.broker.calm()
    stage.beat(30)
    rests: Counter[str] = Counter()
    for order in stage.stops():
        rests[order.intent.symbol] += order.intent.quantity - order.filled
    if not unheard and not stage.told(ExitReplaced):
        nets = stage.broker.net()
        assert all(units <= -nets.get(symbol, 0) for symbol, units in rests.items())
        assert {s: net for s in SYMBOLS.values() if (net := stage.book().net(s))} == nets


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


def test_the_stops_after_a_restart_are_those_of_an_uninterrupted_day():
    whole, cut = Guarded(), Guarded()
    for stage in (whole, cut):
        stage.do("enter")
        stage.run(2)
    cut.build()
    cut.tell(frame(cut.now_ns))
    cut.run(5)
    assert [order.intent.quantity for order in cut.stops()] == [75] * len(SHORTS)
    assert cut.intents() == whole.intents()
