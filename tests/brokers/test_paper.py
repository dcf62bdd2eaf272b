"""The paper broker: the twin's words become ours, and nothing is lost between."""

from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.brokers.paper import Paper
from daemon.brokers.paper_exchange import RULES
from daemon.domain.instants import at
from daemon.domain.market import instruments
from daemon.domain.money import e4
from daemon.domain.orders.limits import Approved, GateView, Limits, Parent, Reach, gate
from daemon.domain.orders.words import (
    Intent,
    OrderAccepted,
    OrderRefused,
    OrderType,
    Pocket,
    Product,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.errors import BrokerMisused
from daemon.messages import (
    AccountRead,
    BrokerPosition,
    LoggedIn,
    MarginLeg,
    MarginRead,
    Settled,
)
from daemon.twin import words
from daemon.twin.faults import Call, Fault, FaultKind
from tests.kit import exchange as market
from tests.kit.exchange import CALL, EXPIRY, T0, contract, frame, quote

SECOND = 10**9
INTENT = Intent(
    intent_id="OR1",
    account="a",
    strategy_id="s",
    leg_id="ce",
    symbol=CALL,
    side=Side.BUY,
    quantity=75,
    order_type=OrderType.LIMIT,
    price_e4=e4("100.05"),
    purpose=Purpose.ENTRY,
    parent="b",
    decided_ns=T0,
    deadline_ns=T0 + SECOND,
)
RESTING = replace(INTENT, price_e4=e4("99"))


def approved(intent):
    """The intent, past the gate."""
    view = GateView(
        instrument=contract(CALL, market.DAY),
        session_open=True,
        ticks_e4=(e4(100),),
        low_e4=0,
        high_e4=0,
        account=Reach(0, 0, 0),
        strategy=Reach(0, 0, 0),
        rate_slot=True,
        recent=(),
        working=(),
        doubtful=(),
        fresh={CALL: True},
        link_open=True,
        parent=Parent(live=True, quantity=7500, others_quantity=0),
        strategy_sane=True,
        closable_quantity=0,
    )
    passed = gate(intent, view, Limits(), T0)
    assert isinstance(passed, Approved)
    return passed


class Clock:
    """Market time, set by hand."""

    now_ns = T0

    def __call__(self):
        return self.now_ns


def paper(*plan, **given):
    """A paper account whose market stands at 99.95 to 100.05, and its clock."""
    clock = Clock()
    made = Paper(market.exchange(*plan, **given), clock)
    made.on_frame(frame(call=quote()), T0)
    return made, clock


def fault(call, kind, **fields):
    """A fault of the first such call."""
    return Fault(call, kind, 1, **fields)


def gist(answers):
    """Type, and state or kind, of each answer."""
    return [
        (type(a).__name__, *(getattr(a, f) for f in ("state", "kind", "done") if hasattr(a, f)))
        for a in answers
    ]


ACCEPTED = ("OrderAccepted",)
WORKING = ("OrderUpdated", State.WORKING, None)
FILLED = ("OrderUpdated", State.FILLED, None)
UNKNOWN = ("OutcomeUnknown",)

# the plan of faults, the order, what is answered to it
PLACINGS = [
    ((), INTENT, [ACCEPTED, WORKING, FILLED]),
    ((), RESTING, [ACCEPTED, WORKING]),
    ((fault(Call.PLACE, FaultKind.NO_ANSWER),), INTENT, [UNKNOWN, WORKING, FILLED]),
    ((fault(Call.PLACE, FaultKind.LOSE),), INTENT, [UNKNOWN]),
    ((fault(Call.PLACE, FaultKind.LATE, delay_ns=60 * SECOND),), INTENT, [UNKNOWN]),
    (
        (fault(Call.PLACE, FaultKind.REJECT_LATER, reason=words.Reason.MARGIN),),
        INTENT,
        [ACCEPTED, WORKING, ("OrderUpdated", State.REJECTED, Refusal.MARGIN)],
    ),
]


@pytest.mark.parametrize(("plan", "intent", "answers"), PLACINGS)
async def test_an_order_is_answered_once_and_its_evidence_follows(plan, intent, answers):
    """Exactly one of accepted, refused and unknown; then what the book says."""
    made, _ = paper(*plan)
    assert gist(await made.place(approved(intent))) == answers


@pytest.mark.parametrize("reason", words.Reason)
async def test_every_reason_of_the_exchange_is_a_kind_of_ours(reason):
    """None falls through."""
    made, _ = paper(fault(Call.PLACE, FaultKind.REFUSE, reason=reason))
    (refused,) = await made.place(approved(INTENT))
    assert refused == OrderRefused("OR1", Refusal(reason.value), refused.text, refused.at_ns)


# the plan of faults, what is answered to a cancellation of an order that rests
CANCELS = [
    ((), [("CancelAnswered", True), ("OrderUpdated", State.CANCELLED, None)]),
    ((fault(Call.CANCEL, FaultKind.REFUSE),), [("CancelAnswered", False)]),
    ((fault(Call.CANCEL, FaultKind.LOSE),), [("CancelAnswered", False)]),
    (
        (fault(Call.CANCEL, FaultKind.NO_ANSWER),),
        [("CancelAnswered", False), ("OrderUpdated", State.CANCELLED, None)],
    ),
    ((fault(Call.REPORT, FaultKind.OMIT),), [("CancelAnswered", True)]),
]


@pytest.mark.parametrize(("plan", "answers"), CANCELS)
async def test_a_cancellation_is_answered_and_the_book_tells_the_rest(plan, answers):
    """A no, and no answer at all, are both not done."""
    if plan and plan[0].call is Call.REPORT:
        plan = (replace(plan[0], number=2),)
    made, _ = paper(*plan)
    accepted, *_ = await made.place(approved(RESTING))
    assert gist(await made.cancel("OR1", accepted.broker_order_id)) == answers


async def test_the_margin_of_an_entry_is_counted_by_the_twin_beside_what_is_held():
    """A hedge frees more than it costs, so that an entry may need less than nothing."""
    made, _ = paper()
    short = MarginLeg(CALL, Side.SELL, 75, e4("99.95"))
    naked_e4 = 75 * e4(24_550) * 12 // 100
    assert await made.margin("b", (short,)) == (MarginRead("b", naked_e4, e4(1_000_000), T0),)
    await made.place(approved(replace(INTENT, side=Side.SELL, price_e4=e4("99.95"))))
    wing = MarginLeg("NIFTY-2025-09-02-24750-CE", Side.BUY, 75, e4(20))
    *_, told = await made.margin("b", (wing,))
    assert told.required_e4 == 75 * e4(200 + 20) - naked_e4
    assert told.available_e4 == e4(1_000_000) - naked_e4


async def test_a_margin_of_what_is_not_traded_is_refused():
    """It is our defect, and no figure is made of it."""
    made, _ = paper()
    with pytest.raises(BrokerMisused, match="BANANA is not traded on 2025-09-01"):
        await made.margin("b", (MarginLeg("BANANA", Side.BUY, 1, 1),))


async def test_a_look_up_finds_every_order_of_an_id():
    """A broker that made two of one is told of, not tidied up."""
    made, _ = paper()
    await made.place(approved(RESTING))
    await made.place(approved(RESTING))
    found = await made.find("OR1")
    assert len({each.broker_order_id for each in found}) == 2


async def test_the_twin_lets_everybody_in():
    """At once, under the generation that was asked for."""
    made, clock = paper()
    clock.now_ns = T0 + 5
    assert await made.log_in(3) == (LoggedIn(3, T0 + 5),)


async def test_a_frame_fills_what_rests():
    """And only that is told."""
    made, _ = paper()
    await made.place(approved(RESTING))
    cheaper = frame(T0 + SECOND, call=quote("98.9", "98.85", "98.95"))
    assert gist(made.on_frame(cheaper, T0 + SECOND)) == [FILLED]
    assert made.on_frame(frame(T0 + 2 * SECOND, call=quote()), T0 + 2 * SECOND) == ()


async def test_what_lapses_overnight_is_told_in_the_morning():
    """An order is good for its session."""
    made, _ = paper()
    await made.place(approved(RESTING))
    morning = T0 + 86_400 * SECOND
    assert gist(made.advance(morning)) == [("OrderUpdated", State.CANCELLED, None)]
    assert made.advance(morning) == ()


async def test_a_settlement_tells_what_lapsed_and_what_was_closed():
    """Both: an order that rests in an expired contract is over as well."""
    made, _ = paper()
    await made.place(approved(INTENT))
    resting = replace(RESTING, intent_id="OR2")
    await made.place(approved(resting))
    after = market.at(EXPIRY, market.time(15, 31))
    lapsed, closed = made.settle(EXPIRY, {"NIFTY": e4(24600)}, after)
    assert (lapsed.intent_id, lapsed.state) == ("OR2", State.CANCELLED)
    assert closed == Settled(CALL, 75, e4(50), after)


async def test_a_contract_that_is_flat_is_told_its_final_price():
    """Who bought and sold it for two purposes needs it."""
    made, _ = paper()
    await made.place(approved(INTENT))
    back = replace(INTENT, intent_id="OR2", side=Side.SELL, price_e4=e4("99.95"))
    await made.place(approved(back))
    after = market.at(EXPIRY, market.time(15, 31))
    assert made.settle(EXPIRY, {"NIFTY": e4(24600)}, after) == (Settled(CALL, 0, e4(50), after),)


async def test_answers_come_after_the_way_there():
    """Each is stamped with the instant that it is due."""
    made, _ = paper(latency=market.Latency(1, 40_000))
    accepted, *_ = await made.place(approved(INTENT))
    assert accepted == OrderAccepted("OR1", accepted.broker_order_id, T0 + 40_000_000)


async def test_messages_that_leave_together_travel_side_by_side():
    """A kill sends eight at once; none of them waits for the answer to another."""
    made, _ = paper(latency=market.Latency(1, 40_000))
    again = replace(INTENT, intent_id="OR2", parent="c")
    accepted = [(await made.place(approved(each)))[0] for each in (INTENT, again)]
    cancelled, *_ = await made.cancel("OR1", accepted[0].broker_order_id)
    assert [each.at_ns for each in (*accepted, cancelled)] == [T0 + 40_000_000] * 3


async def test_the_whole_book_is_read_after_what_happened_of_late():
    """Orders with their fills, and positions, flat ones of today included."""
    broker, clock = paper()
    await broker.place(approved(INTENT))
    broker.exchange.place(market.order(client_id="mine"), T0)
    clock.now_ns = T0 + SECOND
    *happened, read = await broker.read()
    assert [(each.intent_id, each.state) for each in happened] == [
        ("mine", State.WORKING),
        ("mine", State.FILLED),
    ]
    assert isinstance(read, AccountRead)
    assert [(o.client_id, o.side, o.state, o.filled_quantity) for o in read.orders] == [
        ("OR1", Side.BUY, State.FILLED, 75),
        ("mine", Side.BUY, State.FILLED, 75),
    ]
    assert (read.positions, read.at_ns) == ((BrokerPosition(CALL, 150),), clock.now_ns)


async def test_orders_and_positions_come_back_in_the_product_that_they_went_out_in():
    broker, _ = paper()
    await broker.place(approved(INTENT))
    await broker.place(approved(replace(INTENT, intent_id="OR2", product=Product.CARRY)))
    *_, read = await broker.read()
    assert [(each.client_id, each.product) for each in read.orders] == [
        ("OR1", Product.INTRADAY),
        ("OR2", Product.CARRY),
    ]
    assert set(read.positions) == {
        BrokerPosition(CALL, 75),
        BrokerPosition(CALL, 75, Product.CARRY),
    }


async def test_what_expires_is_settled_in_each_product():
    broker, clock = paper()
    await broker.place(approved(INTENT))
    await broker.place(approved(replace(INTENT, intent_id="OR2", product=Product.CARRY)))
    clock.now_ns = at(EXPIRY, time(15, 40))
    told = broker.settle(EXPIRY, {"NIFTY": e4(24_600)}, clock.now_ns)
    settled = [each for each in told if isinstance(each, Settled)]
    assert [(each.pocket, each.quantity) for each in settled] == [
        (Pocket(CALL), 75),
        (Pocket(CALL, Product.CARRY), 75),
    ]


@pytest.mark.parametrize(
    ("day", "wall", "expected"),
    [
        (date(2027, 1, 4), time(9, 14, 59), False),
        (date(2027, 1, 4), time(9, 15), True),
        (date(2027, 1, 4), time(15, 40), False),
        (date(2027, 1, 2), time(10), False),
        (date(2026, 11, 8), time(18), True),
    ],
)
def test_on_a_day_that_no_table_knows_it_trades_where_what_is_held_is_guarded(day, wall, expected):
    """Else nothing could be left on it."""
    future = instruments.contract("NIFTY-2026-12-29-FUT", date(2026, 11, 2))
    assert RULES.is_open(future, at(day, wall)) is expected
