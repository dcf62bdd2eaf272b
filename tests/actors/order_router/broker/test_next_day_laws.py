"""What holds over nights in which news was lost: no order ends that filled, every kill ends."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.domain.orders.words import OrderUpdated, State
from daemon.messages import DayEnded, DayOpened, KillStaged
from tests.actors.order_router.closing.test_killing_laws import DEEDS, HONEST, READING, TRUE, Killed
from tests.kit.router import CLOSES, DAY, OPENS, SYMBOLS, S, frame, latch

DAY_NS = 86_400 * S
OURS = [deed for deed in DEEDS if not deed.startswith("stranger")]


class Nightly(Killed):
    """A stage whose broker may fill what rests in its last second, and forgets it over night."""

    def night(self, fills):
        """Let a night pass; these of the orders that rest fill before it, and nobody hears it."""
        resting = self.broker.resting()
        unheard = {each.intent.intent_id for n, each in enumerate(resting) if n in fills}
        for order in resting:
            if order.intent.intent_id in unheard:
                self.broker.fill(order, self.now_ns)
        self.tell(DayEnded(DAY, CLOSES), CLOSES)
        self.broker.end_day()
        self.broker.calm()  # what leaves at the opening is answered: a sale in doubt would stay
        opens_ns = OPENS + DAY_NS
        sessions = ((opens_ns, CLOSES + DAY_NS),)
        self.tell(DayOpened(DAY.replace(day=2), sessions, opens_ns), opens_ns)
        return unheard

    def beat(self, seconds):
        """Let seconds pass with a frame in each."""
        for _ in range(seconds):
            self.run(1)
            self.tell(frame(self.now_ns))


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(HONEST), min_size=1, max_size=12),
    st.lists(st.sampled_from(TRUE), min_size=1, max_size=6),
    st.lists(st.sampled_from(OURS), max_size=8),
    st.frozensets(st.integers(0, 5)),
)
@example(["fill", "work", "refuse OTHER", "refuse OTHER", "lost"], ["done"], [], frozenset())
def test_over_a_night_no_order_is_ended_that_filled_unheard_and_a_kill_ends_flat(
    place, cancel, deeds, fills
):
    stage = Nightly(place, cancel, terms=READING)
    stage.run(0.5)
    for deed in ("enter", *deeds):
        stage.do(deed)
    stage.run(20)
    unheard = stage.night(fills)
    flips = list(stage.broker.flips)
    stage.beat(12)
    lapsed = {f.intent_id for f in stage.told(OrderUpdated) if f.text.startswith("lapsed")}
    assert lapsed & unheard == set()
    if not unheard:
        nets = {s: net for s in SYMBOLS.values() if (net := stage.book().net(s))}
        assert nets == stage.broker.net(), "two books, one truth"
    stage.killed = True
    stage.tell(latch())
    stage.beat(40)
    assert stage.told(KillStaged)[-1].stage == "flat"
    assert (stage.broker.net(), stage.broker.resting()) == ({}, [])
    assert stage.broker.flips == flips, "nothing is closed that the broker does not show"
    if not unheard:
        states = {o.state for o in stage.book().open_orders()}
        assert State.WORKING not in states
    assert set(stage.broker.asked.values()) <= {1}, "an intent was sent twice"
