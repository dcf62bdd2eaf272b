"""The door: the last line before any broker."""

import pytest
from msgspec.structs import replace

from daemon import errors
from daemon.brokers.door import Door
from daemon.domain.orders.limits import Approved
from daemon.domain.orders.words import OrderRefused, OutcomeUnknown, Purpose, Refusal
from daemon.messages import (
    AccountUnread,
    Cancel,
    CancelAnswered,
    FindOrder,
    LogIn,
    LoginFailed,
    MarginUnread,
    Place,
    ReadAccount,
    ReadMargin,
)
from tests.kit.asked import INTENT, NOW, gated

ENTRY = replace(INTENT, deadline_ns=NOW)
EXIT = replace(ENTRY, purpose=Purpose.EXIT)
LATCHED = OrderRefused(ENTRY.intent_id, Refusal.UNSENT, "a kill is latched", NOW)


class Behind:
    """A broker that notes what it is asked, and fails as told."""

    def __init__(self, failure=None):
        self.asked = []
        self.failure = failure

    async def place(self, approved):
        """Note an order."""
        return self._answer(("place", approved.intent.intent_id))

    async def cancel(self, intent_id, broker_order_id):
        """Note a cancellation."""
        return self._answer(("cancel", intent_id, broker_order_id))

    async def find(self, intent_id):
        """Note a look-up."""
        return self._answer(("find", intent_id))

    async def log_in(self, generation):
        """Note a log-in."""
        return self._answer(("log_in", generation))

    async def read(self):
        """Note a reading."""
        return self._answer(("read",))

    async def margin(self, parent, legs):
        """Note a question for margin."""
        return self._answer(("margin", parent, legs))

    def _answer(self, request):
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        return ("answer",)


def approved(intent):
    """The intent, past the gate."""
    passed = gated(intent.purpose, {"deadline_ns": intent.deadline_ns})
    assert isinstance(passed, Approved)
    return passed


def _called(intent, intent_id):
    passed = gated(intent.purpose, {"deadline_ns": NOW, "intent_id": intent_id})
    assert isinstance(passed, Approved)
    return passed


class Latches:
    """Notes whose entries it is asked about, and answers with one sentence."""

    def __init__(self, sentence=""):
        self.asked = []
        self.sentence = sentence

    def __call__(self, account, strategy_id):
        """Tell what forbids these entries."""
        self.asked.append((account, strategy_id))
        return self.sentence


async def ask(request, *, behind=None, latched=False, now_ns=NOW):
    """What the door answers."""
    broker, latches = behind or Behind(), Latches("a kill is latched" if latched else "")
    return await Door(broker, lambda: now_ns, latches).ask(request), broker.asked


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        (Place(approved(ENTRY)), ("place", ENTRY.intent_id)),
        (Cancel("OR1", "B1"), ("cancel", "OR1", "B1")),
        (FindOrder("OR1"), ("find", "OR1")),
        (LogIn(3), ("log_in", 3)),
        (ReadAccount(), ("read",)),
        (ReadMargin("b", ()), ("margin", "b", ())),
    ],
)
async def test_what_is_allowed_goes_through(request_, asked):
    """And the broker's answer comes back."""
    assert await ask(request_) == (("answer",), [asked])


async def test_an_intent_goes_through_once():
    """A second time is a defect of ours, whatever became of the first."""
    door = Door(Behind(errors.OutcomeUnknown("cut")), lambda: NOW, Latches())
    await door.ask(Place(approved(ENTRY)))
    with pytest.raises(AssertionError, match="would be sent twice"):
        await door.ask(Place(approved(ENTRY)))


async def test_past_its_deadline_an_order_stays_here():
    """Nobody looked at the price that it would meet; at the deadline it may still leave."""
    text = "its deadline passed before it could leave"
    late = OrderRefused(ENTRY.intent_id, Refusal.UNSENT, text, NOW + 1)
    assert await ask(Place(approved(ENTRY)), now_ns=NOW + 1) == ((late,), [])


@pytest.mark.parametrize(("intent", "left"), [(ENTRY, []), (EXIT, [("place", EXIT.intent_id)])])
async def test_a_latched_kill_stops_entries_and_lets_exits_pass(intent, left):
    """It is asked anew for every order."""
    answers, asked = await ask(Place(approved(intent)), latched=True)
    assert asked == left
    assert answers == (("answer",) if left else (LATCHED,))


async def test_the_latches_are_asked_anew_for_every_entry_and_never_for_an_exit():
    """By its account and its strategy; what was pulled a moment ago holds."""
    latches = Latches()
    door = Door(Behind(), lambda: NOW, latches)
    first = await door.ask(Place(approved(ENTRY)))
    latches.sentence = "a kill is latched"
    second = await door.ask(Place(_called(ENTRY, "OR2")))
    third = await door.ask(Place(_called(EXIT, "OR3")))

    assert latches.asked == [(ENTRY.account, ENTRY.strategy_id)] * 2
    assert (first, second, third) == (
        ("answer",),
        (OrderRefused("OR2", Refusal.UNSENT, "a kill is latched", NOW),),
        ("answer",),
    )


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (
            errors.BrokerUnavailable("no connection"),
            OrderRefused(ENTRY.intent_id, Refusal.UNSENT, "no connection", NOW),
        ),
        (errors.OutcomeUnknown("cut off"), OutcomeUnknown(ENTRY.intent_id, "cut off", NOW)),
        (errors.BrokerMisused("bad"), OutcomeUnknown(ENTRY.intent_id, "bad", NOW)),
        (errors.BrokerError("odd"), OutcomeUnknown(ENTRY.intent_id, "odd", NOW)),
        (TimeoutError("late"), OutcomeUnknown(ENTRY.intent_id, "late", NOW)),
    ],
)
async def test_a_broker_that_fails_is_answered_for(failure, answer):
    """Only what surely did not arrive is refused; a time-out never is."""
    assert (await ask(Place(approved(ENTRY)), behind=Behind(failure)))[0] == (answer,)


@pytest.mark.parametrize("failure", [errors.BrokerUnavailable("no connection"), TimeoutError()])
async def test_a_cancellation_that_fails_is_not_done(failure):
    """What became of the order is told by its book."""
    answers, _ = await ask(Cancel("OR1", "B1"), behind=Behind(failure))
    assert answers == (CancelAnswered("OR1", False, str(failure), NOW),)


async def test_a_look_up_that_fails_has_seen_nothing():
    """That is less than an order that was not found."""
    behind = Behind(errors.BrokerUnavailable("no connection"))
    assert (await ask(FindOrder("OR1"), behind=behind))[0] == ()


@pytest.mark.parametrize("failure", [errors.BrokerUnavailable("no connection"), TimeoutError()])
async def test_a_log_in_that_fails_says_so_under_its_generation(failure):
    """The keeper decides when it is tried again."""
    answers, _ = await ask(LogIn(3), behind=Behind(failure))
    assert answers == (LoginFailed(3, str(failure), NOW),)


@pytest.mark.parametrize("failure", [errors.BrokerUnavailable("no connection"), TimeoutError("t")])
async def test_a_book_that_cannot_be_read_is_told_as_unread(failure):
    """An empty book would be another thing."""
    answers, _ = await ask(ReadAccount(), behind=Behind(failure))
    assert answers == (AccountUnread(str(failure), NOW),)


async def test_a_book_that_is_not_read_for_want_of_a_session_says_that():
    answers, _ = await ask(ReadAccount(), behind=Behind(errors.SessionRefused("log in")))
    assert answers == (AccountUnread("log in", NOW, sessionless=True),)


@pytest.mark.parametrize(
    ("failure", "answered"),
    [
        (errors.BrokerUnavailable("no connection"), False),
        (TimeoutError("t"), False),
        (errors.WireGarbled("what?"), False),
        (errors.BrokerMisused("400: InputException"), True),
        (errors.SessionRefused("log in"), True),
    ],
)
async def test_a_margin_that_cannot_be_read_is_told_as_unread(failure, answered):
    """Nothing free and nothing needed would both be guesses."""
    answers, _ = await ask(ReadMargin("b", ()), behind=Behind(failure))
    assert answers == (MarginUnread("b", str(failure), NOW, answered),)


async def test_nothing_else_is_asked_of_a_broker():
    """A request without a word for it is a defect."""
    with pytest.raises(AssertionError, match="no broker is asked 'hello'"):
        await ask("hello")


async def test_a_failure_of_our_own_is_not_taken_for_the_brokers():
    """It ends the port, and the restart looks the order up."""
    with pytest.raises(ZeroDivisionError):
        await ask(Place(approved(ENTRY)), behind=Behind(ZeroDivisionError()))


@pytest.mark.parametrize("order", [ENTRY, EXIT])
async def test_behind_a_fence_neither_an_order_nor_a_cancellation_leaves(order):
    broker, fences = Behind(), [True]
    door = Door(broker, lambda: NOW, lambda _, __: "", fenced=lambda: bool(fences))
    (refused,) = await door.ask(Place(approved(order)))
    assert isinstance(refused, OrderRefused)
    assert "taken over" in refused.text
    (answered,) = await door.ask(Cancel(order.intent_id, "1"))
    assert answered == CancelAnswered(order.intent_id, False, answered.text, NOW)
    assert broker.asked == []
    assert await door.ask(ReadAccount()) == ("answer",)
    fences.clear()
    assert await door.ask(Cancel(order.intent_id, "1")) == ("answer",)
