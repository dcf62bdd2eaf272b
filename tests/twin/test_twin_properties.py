import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.market.frames import Quote
from daemon.domain.money import e4
from daemon.twin.faults import Call, Fault, FaultKind
from daemon.twin.latency import Latency
from daemon.twin.words import Accepted, Change, OrderReport, Side, Status
from tests.kit.exchange import CALL, PUT, T0, exchange, frame, order

pytestmark = pytest.mark.untraced

TICKS = st.integers(1_990, 2_010).map(lambda ticks: ticks * 500)
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "verb": st.sampled_from(["place", "place", "stop", "cancel", "modify", "frame"]),
            "side": st.sampled_from(Side),
            "symbol": st.sampled_from([CALL, PUT]),
            "lots": st.integers(1, 4),
            "price_e4": TICKS,
            "bid_e4": TICKS,
            "size": st.integers(0, 400),
            "ahead": st.sampled_from([0, 0, 1]),
        }
    ),
    max_size=30,
)
PLANS = st.lists(
    st.sampled_from(
        [
            Fault(Call.PLACE, FaultKind.NO_ANSWER, 2),
            Fault(Call.PLACE, FaultKind.LATE, 3, delay_ns=500_000_000),
            Fault(Call.CANCEL, FaultKind.FILL_AFTER_CANCEL, 1),
            Fault(Call.REPORT, FaultKind.DUPLICATE, 4),
            Fault(Call.REPORT, FaultKind.OMIT, 5),
        ]
    ),
    max_size=3,
)
STEP_NS = 200_000_000


def play(steps, plan):
    """Play steps on a fresh exchange; return it, its events and the frames it saw."""
    ex, events, frames = exchange(*plan, latency=Latency(3, 50, 500)), [], {}
    for n, step in enumerate(steps):
        now = T0 + n * STEP_NS
        bid_e4, size = step["bid_e4"], step["size"]
        touch = Quote(bid_e4 + 500, bid_e4, size, bid_e4 + 500, size)
        name = "call" if step["symbol"] == CALL else "put"
        frames[now] = (step["symbol"], touch)
        events += ex.on_frame(frame(now, **{name: touch}), now)
        act(ex, step, now)
    now = T0 + (len(steps) + 9) * STEP_NS
    return ex, events + ex.advance(now), frames


def act(ex, step, now):
    """Do what a step says; some decisions are of a frame that is yet to come."""
    decided = now + step["ahead"] * STEP_NS
    price = str(step["price_e4"] / 10_000)
    live = [o for o in ex.orders() if o.status == Status.WORKING]
    if step["verb"] == "place":
        request = order(step["side"], 75 * step["lots"], price, step["symbol"], decided_ns=decided)
        ex.place(request, now)
    elif step["verb"] == "stop":
        request = order(step["side"], 75, price, step["symbol"], trigger=price, decided_ns=decided)
        ex.place(request, now)
    elif step["verb"] == "cancel" and live:
        ex.cancel(live[0].order_id, now)
    elif step["verb"] == "modify" and live:
        ex.modify(live[-1].order_id, Change(decided, price_e4=step["price_e4"]), now)


@settings(max_examples=100, deadline=None)
@given(STEPS, PLANS)
def test_fills_positions_and_money_always_agree(steps, plan):
    """Orders, trades, positions and funds are four readings of the same trades."""
    ex, _, _ = play(steps, plan)
    trades, funds = ex.trades(), ex.funds()
    for placed in ex.orders():
        own = [t for t in trades if t.order_id == placed.order_id]
        assert sum(t.quantity for t in own) == placed.filled_quantity <= placed.quantity
        assert sum(t.quantity * t.price_e4 for t in own) == placed.filled_value_e4
        assert (placed.filled_quantity == placed.quantity) == (placed.status == Status.FILLED)
    for position in ex.positions():
        own = [t for t in trades if t.symbol == position.symbol]
        assert position.net_quantity == sum(t.side.sign * t.quantity for t in own)
    flows_e4 = -sum(t.side.sign * t.quantity * t.price_e4 for t in trades)
    held_e4 = sum(p.open_value_e4 * (1 if p.net_quantity > 0 else -1) for p in ex.positions())
    assert funds.realised_e4 == flows_e4 + held_e4
    assert funds.available_e4 == e4(1_000_000) + funds.realised_e4 - funds.used_e4


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_no_fill_is_earlier_than_its_decision_or_worse_than_its_frame(steps):
    """Every fill has a frame at or after the decision that showed its price and its size."""
    _, events, frames = play(steps, ())
    newest: dict = {}
    used: dict = {}
    for event in events:
        if isinstance(event, OrderReport):
            newest[event.order_id] = event
            continue
        report = newest[event.order_id]
        seen = max(at for at in frames if at <= event.at_ns)
        quoted = max(at for at in frames if at <= event.at_ns and frames[at][0] == event.symbol)
        touch, buys = frames[quoted][1], event.side == Side.BUY
        assert seen >= report.decided_ns
        assert event.price_e4 == (touch.ask_e4 if buys else touch.bid_e4)
        assert (report.price_e4 - event.price_e4) * event.side.sign >= 0
        assert event.quantity % 75 == 0
        used[quoted, event.side] = used.get((quoted, event.side), 0) + event.quantity
        assert used[quoted, event.side] <= (touch.ask_quantity if buys else touch.bid_quantity)


@settings(max_examples=50, deadline=None)
@given(STEPS, PLANS)
def test_equal_calls_give_equal_books(steps, plan):
    """There is nothing in the exchange but what it was told."""
    one, events, _ = play(steps, plan)
    two, again, _ = play(steps, plan)
    assert (one.orders(), one.trades(), events) == (two.orders(), two.trades(), again)


@given(st.lists(st.integers(0, 400_000_000), min_size=11, max_size=60))
def test_accepted_orders_never_exceed_ten_in_any_second(gaps):
    """However orders come, no second has more than ten accepted."""
    ex, now, accepted = exchange(), T0, []
    for gap in gaps:
        now += gap
        if isinstance(ex.place(order(quantity=75, price="0.05"), now), Accepted):
            accepted.append(now)
    for end in accepted:
        assert sum(end - 1_000_000_000 < at <= end for at in accepted) <= 10
