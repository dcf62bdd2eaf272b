import pytest

from daemon.domain.instants import SECOND_NS
from daemon.twin.faults import STRIKES, Call, Fault, FaultKind, Faults
from daemon.twin.words import Accepted, Cancelled, Change, NoAnswer, OrderReport, Reason, Status
from tests.kit.exchange import T0, bought, exchange, frame, order, quote

LATER = T0 + SECOND_NS


def struck(call, kind, **fields):
    """An exchange with one fault, which has seen a frame."""
    ex = exchange(Fault(call, kind, **fields))
    ex.on_frame(frame(call=quote()), T0)
    return ex


def test_a_plan_strikes_by_number_or_every_time():
    """The first fault of the list that fits a call strikes it."""
    second = Fault(Call.PLACE, FaultKind.LOSE, 2)
    always = Fault(Call.CANCEL, FaultKind.LOSE)
    plan = Faults((second, always))
    assert [plan.of(Call.PLACE, n) for n in (1, 2, 3)] == [None, second, None]
    assert [plan.of(Call.CANCEL, n) for n in (1, 9)] == [always, always]


@pytest.mark.parametrize("call", Call)
def test_a_fault_that_its_call_cannot_have_is_refused(call):
    """The table of what strikes what is the only source."""
    for kind in FaultKind:
        if kind in STRIKES[call]:
            assert Fault(call, kind).call == call
        else:
            with pytest.raises(ValueError, match="cannot strike"):
                Fault(call, kind)


def test_a_planned_refusal_carries_its_reason_and_strikes_once():
    """The next request passes."""
    ex = struck(Call.PLACE, FaultKind.REFUSE, number=1, reason=Reason.FREEZE)
    assert ex.place(order(), T0).reason == Reason.FREEZE
    assert isinstance(ex.place(order(), T0), Accepted)


def test_a_lost_request_leaves_nothing_behind():
    """No answer and no order."""
    ex = struck(Call.PLACE, FaultKind.LOSE)
    assert isinstance(ex.place(order(), T0), NoAnswer)
    assert ex.orders() == []


def test_a_request_without_an_answer_may_have_been_filled():
    """The order is there under its client id, trades and all."""
    ex = struck(Call.PLACE, FaultKind.NO_ANSWER)
    assert isinstance(ex.place(order(client_id="mine"), T0), NoAnswer)
    assert [o.status for o in ex.orders_by_client_id("mine")] == [Status.FILLED]


def test_a_refusal_that_nobody_heard_is_found_in_the_book():
    """A rejected order with its reason is the evidence."""
    ex = struck(Call.PLACE, FaultKind.NO_ANSWER)
    ex.place(order(client_id="mine", quantity=76), T0)
    assert [(o.status, o.reason) for o in ex.orders_by_client_id("mine")] == [
        (Status.REJECTED, Reason.LOT)
    ]


@pytest.mark.parametrize("quiet", [False, True])
def test_a_late_request_arrives_after_its_delay_with_a_frame_or_without(quiet):
    """Until then the book does not know it; then it trades at the prices of then."""
    ex = struck(Call.PLACE, FaultKind.LATE, delay_ns=SECOND_NS)
    ex.place(order(price="110"), T0)
    ex.on_frame(frame(LATER - 1, call=quote(ask="105")), LATER - 1)
    assert ex.orders() == []
    events = ex.advance(LATER) if quiet else ex.on_frame(frame(LATER), LATER)
    assert bought(ex) == [(75, 1_050_000)]
    assert [type(e).__name__ for e in events] == ["OrderReport", "Trade", "OrderReport"]


def test_an_accepted_order_may_be_rejected_by_its_report():
    """The number was given, and nothing trades."""
    ex = struck(Call.PLACE, FaultKind.REJECT_LATER, reason=Reason.MARGIN)
    assert isinstance(ex.place(order(), T0), Accepted)
    assert [e.status for e in ex.advance(T0)] == [Status.WORKING, Status.REJECTED]
    assert bought(ex) == []
    assert ex.place(order(quantity=1), T0).reason == Reason.LOT


def test_a_cancelled_order_may_still_be_filled():
    """The answer and the report say cancelled; a later frame fills it all the same."""
    ex = struck(Call.CANCEL, FaultKind.FILL_AFTER_CANCEL)
    placed = ex.place(order(price="90", quantity=150), T0)
    assert isinstance(ex.cancel(placed.order_id, T0), Cancelled)
    assert ex.orders()[0].status == Status.CANCELLED
    ex.on_frame(frame(LATER, call=quote(ask="90", size=75)), LATER)
    assert (ex.orders()[0].status, ex.orders()[0].filled_quantity) == (Status.CANCELLED, 75)
    ex.on_frame(frame(LATER + 1, call=quote(ask="90", size=75)), LATER + 1)
    assert (ex.orders()[0].status, ex.orders()[0].filled_quantity) == (Status.FILLED, 150)


@pytest.mark.parametrize(
    ("kind", "answer", "expected"),
    [
        (FaultKind.REFUSE, "Refused", Status.WORKING),
        (FaultKind.LOSE, "NoAnswer", Status.WORKING),
        (FaultKind.NO_ANSWER, "NoAnswer", Status.CANCELLED),
    ],
)
def test_a_cancellation_fails_as_planned(kind, answer, expected):
    """Whether it took effect is in the book alone."""
    ex = struck(Call.CANCEL, kind)
    placed = ex.place(order(price="90"), T0)
    assert type(ex.cancel(placed.order_id, T0)).__name__ == answer
    assert ex.orders()[0].status == expected


@pytest.mark.parametrize(
    ("kind", "answer", "expected"),
    [
        (FaultKind.REFUSE, "Refused", 75),
        (FaultKind.LOSE, "NoAnswer", 75),
        (FaultKind.NO_ANSWER, "NoAnswer", 150),
    ],
)
def test_a_change_fails_as_planned(kind, answer, expected):
    """Whether it took effect is in the book alone."""
    ex = struck(Call.MODIFY, kind)
    placed = ex.place(order(price="90"), T0)
    found = ex.modify(placed.order_id, Change(T0, quantity=150), T0)
    assert type(found).__name__ == answer
    assert ex.orders()[0].quantity == expected


@pytest.mark.parametrize(("kind", "told"), [(FaultKind.DUPLICATE, 2), (FaultKind.OMIT, 0)])
def test_a_report_is_told_twice_or_never_and_the_book_is_right(kind, told):
    """The second report of an order, its fill, is struck."""
    ex = struck(Call.REPORT, kind, number=2)
    ex.place(order(), T0)
    reports = [e for e in ex.advance(T0) if isinstance(e, OrderReport)]
    assert sum(report.status == Status.FILLED for report in reports) == told
    assert ex.orders()[0].status == Status.FILLED
