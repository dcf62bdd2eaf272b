"""What holds whatever a broker does, in whatever order it is heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import OrderParked, OrderUpdated, Purpose, State
from daemon.messages import (
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    LinkDied,
    LinkRevived,
    PauseEntries,
)
from daemon.runtime.budget import Window
from tests.kit.router import (
    CONDOR,
    SHORTS,
    SYMBOLS,
    S,
    Stage,
    enter,
    frame,
    leave,
    sold_too_soon,
)

pytestmark = pytest.mark.untraced

PLACINGS = [
    "fill",
    "work",
    "part",
    "accept",
    "refuse OTHER",
    "refuse BAND",
    "refuse FREEZE",
    "refuse MARGIN",
    "reject",
    "reject RATE",
    "dumb",
    "dumb 3",
    "dumb 40",
    "dumbwork",
    "lost",
    "mute",
    "over",
    "liar",
    "liar RATE",
    "ask",
    "ask 3",
    "ask 40",
]
CANCELS = ["done", "quiet", "race", "after 1", "after 30", "lost", "no"]
DEEDS = [
    "enter",
    "condor",
    "keep",
    "other",
    "leave",
    "leave other",
    "leave ce",
    "leave hp",
    "wait 1",
    "wait 4",
    "up",
    "down",
    "again",
    "silence",
    "news",
    "pause",
    "crash",
]
NARROW = (Window(4, S, 2),)


class Judged(Stage):
    """A stage that looks at every order that leaves."""

    def _asked(self, request):
        word = super()._asked(request)
        if word.startswith("place"):
            self._judge(request.approved.intent)
        return word

    def _judge(self, intent):
        """An exit is never larger than what is open, and longs wait for the shorts."""
        book = self.book()
        if intent.purpose is Purpose.ENTRY:
            return
        strategy_id = intent.strategy_id
        net = book.position(strategy_id, intent.leg_id).net_quantity
        exits = sum(
            order.remaining_quantity
            for order in book.open_orders()
            if order.intent.purpose is Purpose.EXIT
            and (order.intent.strategy_id, order.intent.leg_id) == (strategy_id, intent.leg_id)
            and order.intent.side is intent.side
        )
        assert exits <= -net * intent.side.sign, "exits exceed what is open"
        if intent.side.sign < 0:
            owed = [fact for fact in self.owed() if fact.strategy_id == strategy_id]
            legs = {leg for fact in owed for leg in fact.leg_ids}
            shorts = [leg for leg in legs if book.position(strategy_id, leg).net_quantity < 0]
            assert shorts == [], "a long was sold before a short was bought back"
            assert sold_too_soon(self, intent) == [], "a long was sold beside a short to come"

    def owed(self):
        """The exits that are not finished."""
        done = {fact.exit_id for fact in self.told(ExitFinished)}
        return [fact for fact in self.told(ExitOwed) if fact.exit_id not in done]

    def do(self, deed):
        """One thing that happens."""
        what, _, how = deed.partition(" ")
        match what:
            case "enter" | "condor" | "keep":
                legs = CONDOR if what == "condor" else SHORTS
                on_fail = OnFail.KEEP if what == "keep" else OnFail.UNWIND
                self.tell(enter(*legs, at_ns=self.now_ns, on_fail=on_fail))
            case "other":
                self.tell(
                    enter("ce", at_ns=self.now_ns, strategy_id="other", basket_id=f"o{self.now_ns}")
                )
            case "leave" if how == "other":
                self.tell(leave("ce", strategy_id="other"))
            case "leave":
                self.tell(leave(*(how.split() or CONDOR)))
            case "wait":
                self.run(int(how))
            case "up" | "down":
                self.run(0.3)
                mid = 103 if what == "up" else 96
                self.tell(frame(self.now_ns, ce=mid, pe=mid, hc=mid // 5))
            case "again":
                for fact in self.told(OrderUpdated)[-3:]:
                    self.tell(fact)
            case "silence":
                self.tell(LinkDied(self.now_ns))
            case "news":
                self.tell(LinkRevived(self.now_ns))
            case "pause":
                self.tell(PauseEntries("a person says so"))
            case "crash":
                self.build()

    def quiet(self):
        """The faults are over; five minutes in which everything wanted comes to its end."""
        self.broker.calm()
        self.tell(LinkRevived(self.now_ns))
        for n in range(60):
            self.run(5)
            self.tell(frame(self.now_ns))
            resting = self.broker.resting() if n > 20 else []
            for order in resting:
                assert order.intent.purpose is Purpose.EXIT, "no entry rests unwanted"
                assert order.intent.parent in {fact.exit_id for fact in self.owed()}
                self.tell(self.broker.fill(order, self.now_ns))
            for strategy_id, leg_id in self.held():
                self.tell(leave(leg_id, strategy_id=strategy_id))

    def held(self):
        """The legs in which anything is open."""
        legs = {("other", "ce"), *(("s", leg_id) for leg_id in SYMBOLS)}
        return sorted(leg for leg in legs if self.book().position(*leg).net_quantity)


def judge(stage):
    """At the end of the day."""
    broker, book = stage.broker, stage.book()
    assert set(broker.asked.values()) <= {1}, "an intent was sent twice"
    nets = {symbol: book.net(symbol) for symbol in SYMBOLS.values() if book.net(symbol)}
    assert nets == broker.net(), "two books, one truth"
    assert broker.resting() == [], "nothing rests unwatched"
    doubtful = book.open_orders()
    assert {order.state for order in doubtful} <= {State.PARKED}
    assert len(stage.told(OrderParked)) >= len(doubtful)
    owed = {(fact.strategy_id, leg) for fact in stage.owed() for leg in fact.leg_ids}
    assert set(stage.held()) <= owed, "what is open is being left"
    overdue = {fact.exit_id for fact in stage.told(ExitOverdue)}
    for owed in stage.owed():
        assert owed.exit_id in overdue, "a person was told"


def in_any_stretch(instants, span_ns):
    """The most that happened within any stretch of time."""
    return max(
        (sum(each <= at < each + span_ns for at in instants) for each in instants), default=0
    )


SCRIPT = st.lists(st.sampled_from(PLACINGS), min_size=1, max_size=12)
CANCEL_SCRIPT = st.lists(st.sampled_from(CANCELS), min_size=1, max_size=6)
STORY = st.lists(st.sampled_from(DEEDS), max_size=20)


@given(SCRIPT, CANCEL_SCRIPT, STORY, st.booleans())
def test_whatever_the_broker_does_all_ends_flat_or_told(place, cancel, deeds, narrow):
    stage = Judged(place, cancel, NARROW if narrow else (Window(1000, S),))
    for deed in ("enter", *deeds):
        stage.do(deed)
    stage.quiet()
    judge(stage)
    if narrow and "crash" not in deeds:
        assert in_any_stretch(stage.left_ns, S) <= 4


@given(SCRIPT, CANCEL_SCRIPT, STORY)
def test_hedges_are_sold_last_whatever_becomes_of_the_sales_beside_them(place, cancel, deeds):
    stage = Judged(["fill", "fill", *place], cancel)
    for deed in ("condor", *deeds):
        stage.do(deed)
    stage.quiet()
    judge(stage)
    assert stage.owed() or not stage.held()
