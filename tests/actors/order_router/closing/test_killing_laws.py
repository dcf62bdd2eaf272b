"""What holds of a kill whatever a broker does: it ends flat, or names what is left."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.actors.order_router import Terms
from daemon.domain.orders.words import Purpose, Side, State
from daemon.messages import ExitReplaced, KillStaged
from tests.actors.order_router.test_router_laws import CANCELS, NARROW, PLACINGS
from tests.kit.router import (
    CONDOR,
    SYMBOLS,
    WIDE,
    S,
    Stage,
    enter,
    frame,
    latch,
    leave,
    sold_too_soon,
)

pytestmark = pytest.mark.untraced

HONEST = [
    "fill",
    "work",
    "part",
    "accept",
    "refuse OTHER",
    "refuse BAND",
    "refuse MARGIN",
    "refuse SESSION",
    "reject RATE",
    "reject CLOSED",
    "dumb",
    "dumbwork",
    "lost",
    "ask",
]
TRUE = ["done", "quiet", "race", "no", "lost"]
DEEDS = [
    "enter",
    "other",
    "leave ce",
    "leave hc",
    "wait 1",
    "wait 3",
    "up",
    "down",
    "stranger buy",
    "stranger sell",
    "crash",
]
AFTER = ["wait 1", "wait 4", "up", "down", "crash", "leave pe", "again"]
READING = Terms("a", "broker", strict=False, reconcile_ns=5 * S, kill_limit_ns=20 * S)


class Killed(Stage):
    """A stage that judges every order that leaves once a kill is latched."""

    killed = False

    def _asked(self, request):
        word = super()._asked(request)
        if word.startswith("place"):
            self._judge(request.approved.intent)
        return word

    def _judge(self, intent):
        """No entry leaves any more, and no exit is larger than what is open of its leg."""
        if intent.purpose is Purpose.ENTRY:
            assert not self.killed, "an entry left although a kill was latched"
            return
        book, leg = self.book(), (intent.strategy_id, intent.leg_id)
        replaced = {fact.intent_id for fact in self.told(ExitReplaced)}
        exits = sum(
            order.remaining_quantity
            for order in book.open_orders()
            if order.intent.purpose is Purpose.EXIT
            and (order.intent.strategy_id, order.intent.leg_id) == leg
            and order.intent.side is intent.side
            and (order.state is State.WORKING or order.intent.intent_id not in replaced)
        )
        assert exits <= -book.position(*leg).net_quantity * intent.side.sign
        if intent.side is Side.SELL:
            assert sold_too_soon(self, intent) == [], "a long was sold beside a short to come"

    def do(self, deed):
        """One thing that happens."""
        what, _, how = deed.partition(" ")
        match what:
            case "enter":
                self.tell(enter(*CONDOR, at_ns=self.now_ns))
            case "other":
                basket_id = f"o{self.now_ns}"
                self.tell(enter("ce", at_ns=self.now_ns, strategy_id="other", basket_id=basket_id))
            case "leave":
                self.tell(leave(how))
            case "wait":
                self.run(int(how))
            case "up" | "down":
                self.run(0.3)
                mid = 103 if what == "up" else 96
                self.tell(frame(self.now_ns, ce=mid, pe=mid, hc=mid // 5))
            case "stranger":
                self.broker.stranger(SYMBOLS["hp"], Side(how), filled=75)
            case "crash":
                self.build()
            case "again":
                self.tell(latch())

    def play(self, before, after):
        """Things happen, a kill is pulled, more happens; then the broker behaves."""
        self.run(0.5)
        for deed in ("enter", *before):
            self.do(deed)
        self.tell(latch())
        self.killed = True
        for deed in after:
            self.do(deed)
        for n in range(32):
            if n == 5:
                self.broker.calm()
            self.run(3)
            self.tell(frame(self.now_ns))
            for order in self.broker.resting() if n > 5 else ():
                if order.intent.purpose is Purpose.EXIT and order.intent.intent_id:
                    self.tell(self.broker.fill(order, self.now_ns))

    def assert_flat_or_named(self):
        """Flat, or incomplete with a name for what is left."""
        staged, broker = self.told(KillStaged)[-1], self.broker
        assert set(broker.asked.values()) <= {1}, "an intent was sent twice"
        if staged.stage == "flat":
            assert (broker.net(), broker.resting()) == ({}, [])
            assert not self.router._desk.halts.under_way()
        else:
            assert staged.stage == "incomplete"
            doubtful = [o for o in self.book().open_orders() if o.state is not State.WORKING]
            assert staged.left
            assert doubtful, "with a broker that behaves only doubt keeps it from being flat"
        nets = {s: net for s in self.book().symbols() if (net := self.book().net(s))}
        assert nets == broker.net(), "two books, one truth"


STORY = st.lists(st.sampled_from(DEEDS), max_size=10)
REST = st.lists(st.sampled_from(AFTER), max_size=8)
WINDOWS = st.sampled_from([WIDE, NARROW])


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([*PLACINGS, *HONEST]), min_size=1, max_size=12),
    st.lists(st.sampled_from(CANCELS), min_size=1, max_size=6),
    STORY,
    REST,
    WINDOWS,
)
def test_whatever_the_broker_does_a_kill_ends_flat_or_names_what_is_left(
    place, cancel, before, after, windows
):
    stage = Killed(place, cancel, windows, READING)
    stage.play(before, after)
    stage.assert_flat_or_named()


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(HONEST), min_size=1, max_size=12),
    st.lists(st.sampled_from(TRUE), min_size=1, max_size=6),
    STORY,
    REST,
    WINDOWS,
)
def test_where_the_broker_tells_no_lies_a_kill_never_reverses_a_position(
    place, cancel, before, after, windows
):
    stage = Killed(place, cancel, windows, READING)
    stage.play(before, after)
    stage.assert_flat_or_named()
    assert stage.broker.flips == []
