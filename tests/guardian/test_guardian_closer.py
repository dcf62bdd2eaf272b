"""Closing one account: from the broker's own book, nothing twice, and nothing guessed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Quote
from daemon.domain.orders.basket import Basket, BasketLeg, OnFail
from daemon.domain.orders.book import Book
from daemon.domain.orders.doubt import OLD_NS
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.ladder import Ladder
from daemon.domain.orders.lag import LAG_NS
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.reconcile import EXTERNAL, external, external_id
from daemon.domain.orders.words import (
    ConfirmationWanted,
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderRefused,
    OrderType,
    OrderUpdated,
    OutcomeUnknown,
    Pocket,
    Product,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.domain.risk.words import StrategyRules
from daemon.guardian.closer import Closer
from daemon.guardian.witness import VERIFY_NS, Round, Terms
from daemon.messages import (
    AccountRead,
    BasketOpened,
    BrokerOrder,
    BrokerPosition,
    Cancel,
    CancelAsked,
    ExitFinished,
    ExitOwed,
    ExitReason,
    ExitReplaced,
    Place,
    PositionChanged,
)
from daemon.runtime.budget import Window

DAY = date(2026, 3, 9)
NOON = at(DAY, time(12))
CALL, PUT = "NIFTY-2026-03-10-22900-CE", "NIFTY-2026-03-10-22900-PE"
OTHER = "SENSEX-2026-03-12-75000-PE"
QUOTES = {
    CALL: Quote(1_000_000, 999_000, 650, 1_001_000, 650),
    PUT: Quote(500_000, 499_000, 650, 501_000, 650),
    "INFY": Quote(15_000_000, 14_999_000, 650, 15_001_000, 650),
}
BUY, SELL = Side.BUY, Side.SELL
TERMS = Terms("paper", "", Limits(), Ladder(), (Window(8, SECOND_NS, 3),))


def intent(intent_id: str, symbol: str, side: Side, **other: object) -> Intent:
    made = Intent(
        intent_id=intent_id,
        account="paper",
        strategy_id="straddle",
        leg_id="ce" if symbol == CALL else "pe",
        symbol=symbol,
        side=side,
        quantity=65,
        order_type=OrderType.LIMIT,
        price_e4=1_000_000,
        purpose=Purpose.ENTRY,
        parent="basket",
        decided_ns=NOON - 60 * SECOND_NS,
        deadline_ns=NOON,
    )
    return replace(made, **other)


def entered(intent_id: str, symbol: str, side: Side, **other: object) -> tuple[object, ...]:
    """An entry that was filled."""
    wanted = intent(intent_id, symbol, side, **other)
    value_e4 = wanted.quantity * wanted.price_e4
    at_ns = wanted.decided_ns
    return (
        IntentRecorded(wanted, at_ns),
        OrderUpdated(intent_id, f"B{intent_id}", State.FILLED, wanted.quantity, value_e4, at_ns),
    )


def shown(intent_id: str, symbol: str, side: Side, state: State, filled: int = 0) -> BrokerOrder:
    return BrokerOrder(
        intent_id, f"B{intent_id}", symbol, side, 65, state, filled, filled * 1_000_000
    )


class Account:
    """An account under a closer, and the broker's book beside it.

    Args:
        facts: what was recorded.
        held: what the broker shows, by symbol, all of it of the same day.
    """

    def __init__(self, *facts: object, held: dict[str, int]) -> None:
        self.closer = Closer(TERMS, IntentIds(9), facts)
        self.held = {Pocket(symbol): net for symbol, net in held.items()}
        self.orders: tuple[BrokerOrder, ...] = ()
        self.owned: tuple[BrokerPosition, ...] = ()
        self.odd = ""
        self.quotes = QUOTES
        self.now_ns = NOON

    def round(self, after_s: float = 1) -> Round:
        """Let time go on, and the closer look at the broker's book."""
        self.now_ns += int(after_s * SECOND_NS)
        held = tuple(
            BrokerPosition(pocket.symbol, net, pocket.product) for pocket, net in self.held.items()
        )
        read = AccountRead(self.orders, held, self.now_ns, self.owned)
        return self.closer.round(read, self.quotes, self.now_ns, self.odd)

    def answer(self, *told: object) -> Round:
        return self.closer.heard(told, self.now_ns)

    def fill(self, asked: Place | Cancel) -> Round:
        """Let the broker fill an exit at once."""
        assert isinstance(asked, Place)
        wanted = asked.approved.intent
        self.held[wanted.pocket] += wanted.side.sign * wanted.quantity
        value_e4 = wanted.quantity * wanted.price_e4
        number = f"B{wanted.intent_id}"
        return self.answer(
            OrderAccepted(wanted.intent_id, number, self.now_ns),
            OrderUpdated(
                wanted.intent_id, number, State.FILLED, wanted.quantity, value_e4, self.now_ns
            ),
        )


def exits(done: Round) -> list[tuple[str, Side, int]]:
    placed = [each.approved.intent for each in done.asked if isinstance(each, Place)]
    return [(each.symbol, each.side, each.quantity) for each in placed]


def cancels(done: Round) -> list[str]:
    return [each.intent_id for each in done.asked if isinstance(each, Cancel)]


def of(done: Round, *kinds: type) -> list[object]:
    return [fact for fact in done.facts if isinstance(fact, kinds)]


def test_shorts_are_bought_back_first_and_each_order_is_recorded_before_it_is_asked():
    account = Account(
        *entered("E1", CALL, SELL), *entered("E2", PUT, BUY), held={CALL: -65, PUT: 65}
    )
    first = account.round()
    assert exits(first) == [(CALL, BUY, 65)]
    owed, recorded = of(first, ExitOwed, IntentRecorded)
    assert (owed.reason, owed.leg_ids) == (ExitReason.KILL, ("ce", "pe"))
    assert recorded.intent == first.asked[0].approved.intent
    assert recorded.intent.parent == owed.exit_id
    filled = account.fill(first.asked[0])
    (moved,) = of(filled, PositionChanged)
    assert (moved.leg_id, moved.side, moved.net_quantity) == ("ce", SELL, 0)

    second = account.round()
    assert exits(second) == [(PUT, SELL, 65)]
    account.fill(second.asked[0])
    done = account.round()
    assert of(done, ExitFinished)[0].exit_id == owed.exit_id
    assert not done.flat
    assert account.round(VERIFY_NS / SECOND_NS).flat


def test_no_more_is_closed_than_the_broker_shows_and_no_less_than_is_held_by_nobody():
    """Of a long that the broker does not show nothing is sold; what it shows beyond is adopted."""
    account = Account(
        *entered("E1", CALL, BUY), *entered("E2", PUT, SELL), held={CALL: 0, PUT: -195}
    )
    first = account.round()
    assert exits(first) == [(PUT, BUY, 65)]
    account.fill(first.asked[0])
    assert exits(account.round()) == []
    later = account.round(LAG_NS / SECOND_NS)
    adopted = [f.intent for f in of(later, IntentRecorded) if f.intent.strategy_id == EXTERNAL]
    assert [(each.symbol, each.side, each.quantity) for each in adopted][:1] == [(PUT, SELL, 130)]
    assert (PUT, BUY, 130) in exits(later)
    assert all(symbol == PUT for symbol, _, _ in exits(later))


def test_what_rests_is_taken_back_exits_of_the_old_run_included_and_nothing_leaves_beside_them():
    old = intent("X1", CALL, BUY, purpose=Purpose.EXIT, parent="paper:exit:1")
    stop = intent("S1", PUT, BUY, purpose=Purpose.RESIDENT_STOP, parent="stop")
    owed = ExitOwed("paper:exit:1", "straddle", ("ce",), ExitReason.TIME, NOON)
    account = Account(
        *entered("E1", CALL, SELL),
        *entered("E2", PUT, SELL),
        owed,
        IntentRecorded(old, NOON),
        IntentRecorded(stop, NOON),
        IntentRecorded(intent("E3", CALL, SELL), NOON),
        held={CALL: -65, PUT: -65},
    )
    rests = State.WORKING
    account.orders = (
        shown("X1", CALL, BUY, rests),
        shown("S1", PUT, BUY, rests),
        shown("E3", CALL, SELL, rests),
        BrokerOrder("", "77", PUT, SELL, 65, rests, 0, 0),
    )
    first = account.round()
    assert exits(first) == []
    assert set(cancels(first)) == {"X1", "S1", "E3", "EX:2026-03-09:77"}
    assert {f.intent_id for f in of(first, CancelAsked)} == set(cancels(first))
    assert cancels(account.round()) == []  # an answer is waited for

    gone = State.CANCELLED
    account.orders = (
        shown("X1", CALL, BUY, gone),
        shown("S1", PUT, BUY, gone),
        shown("E3", CALL, SELL, gone),
        BrokerOrder("", "77", PUT, SELL, 65, gone, 0, 0),
    )
    second = account.round()
    assert sorted(exits(second)) == [(CALL, BUY, 65), (PUT, BUY, 65)]
    parents = {each.approved.intent.symbol: each.approved.intent.parent for each in second.asked}
    assert parents[CALL] == "paper:exit:1"  # the obligation of the old run is gone on with
    assert parents[PUT] != parents[CALL]


def test_a_purchase_in_doubt_is_replaced_after_two_equal_readings_and_only_once():
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    (asked,) = account.round().asked
    account.answer(OutcomeUnknown(asked.approved.intent.intent_id, "no answer", account.now_ns))
    first, second = account.round(), account.round()
    assert exits(first) == exits(second) == []
    third = account.round()
    assert of(third, ExitReplaced)[0].intent_id == asked.approved.intent.intent_id
    assert exits(third) == [(CALL, BUY, 65)]
    again = third.asked[0].approved.intent.intent_id
    account.answer(OutcomeUnknown(again, "no answer", account.now_ns))
    assert [exits(account.round()) for _ in range(10)] == [[]] * 10


def test_a_replaced_exit_that_turns_up_at_rest_counts_again():
    """The one in its place is refused, and none leaves beside the one that rests."""
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    lost = account.round().asked[0].approved.intent.intent_id
    account.answer(OutcomeUnknown(lost, "no answer", account.now_ns))
    instead = [each for _ in range(3) for each in account.round().asked]
    (placed,) = instead
    account.answer(OrderRefused(placed.approved.intent.intent_id, Refusal.RATE, "", account.now_ns))
    account.orders = (shown(lost, CALL, BUY, State.WORKING),)
    assert exits(account.round()) == []


def test_an_exit_in_doubt_closes_nothing_of_what_is_held_the_other_way():
    """It was sent to buy a short back, and so much was bought before that a long is held."""
    bought = intent("X1", CALL, BUY, purpose=Purpose.EXIT, parent="paper:exit:1", quantity=130)
    doubtful = intent("X2", CALL, BUY, purpose=Purpose.EXIT, parent="paper:exit:1")
    account = Account(
        *entered("E1", CALL, SELL),
        ExitOwed("paper:exit:1", "straddle", ("ce",), ExitReason.STOP, NOON),
        IntentRecorded(bought, NOON),
        OrderUpdated("X1", "BX1", State.FILLED, 130, 130_000_000, NOON),
        IntentRecorded(doubtful, NOON),
        held={CALL: 65},
    )
    assert exits(account.round()) == [(CALL, SELL, 65)]


def test_each_order_that_is_not_of_our_making_is_told():
    account = Account(held={})
    account.orders = (BrokerOrder("", "77", PUT, SELL, 65, State.WORKING, 0, 0),)
    assert account.round().told == [f"not of our making: sell 65 {PUT}"]


def test_a_strangers_order_is_recorded_with_its_limit_once_that_shows():
    stranger = BrokerOrder("", "77", PUT, SELL, 65, State.WORKING, 0, 0)
    account = Account(held={})
    account.orders = (stranger,)
    account.round()
    account.orders = (replace(stranger, price_e4=900_000),)
    done = account.round()
    assert [each.price_e4 for each in of(done, OrderUpdated)] == [900_000]
    assert done.told == []
    assert of(account.round(), OrderUpdated) == []


def test_two_purchases_in_doubt_that_were_never_seen_are_waited_for_two_minutes_and_no_more():
    """Then one leaves, and of that two minutes later the next; all of them stay parked."""
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    left_ns = []
    for _ in range(400):
        for asked in account.round().asked:
            intent_id = asked.approved.intent.intent_id
            left_ns.append(account.now_ns)
            account.answer(OutcomeUnknown(intent_id, "no answer", account.now_ns))
    instead_ns = [at_ns - left_ns[1] for at_ns in left_ns[2:]]
    assert instead_ns == [OLD_NS, 2 * OLD_NS, 3 * OLD_NS]


def test_after_a_run_whose_clock_stood_ahead_purchases_in_doubt_are_waited_for_as_long():
    """Two minutes from the first look at them, and not until that run's instants have come."""
    ahead = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    ahead.now_ns += 3_600 * SECOND_NS
    recorded = list(entered("E1", CALL, SELL))
    for _ in range(10):
        done = ahead.round()
        recorded += done.facts
        for asked in done.asked:
            unknown = OutcomeUnknown(asked.approved.intent.intent_id, "no answer", ahead.now_ns)
            recorded += ahead.answer(unknown).facts
    account = Account(*recorded, held={CALL: -65})
    told_parked, left_s = [], []
    for second in range(1, 200):
        done = account.round()
        told_parked += [second for _ in of(done, OrderParked)]
        left_s += [second for _ in exits(done)]
        for asked in done.asked:
            account.fill(asked)
    assert told_parked == [16, 16]
    assert left_s == [1 + OLD_NS // SECOND_NS + 1 + VERIFY_NS // SECOND_NS]


@pytest.mark.parametrize("anew", [False, True])
def test_slices_are_replaced_at_once_until_as_many_units_are_as_were_short(anew):
    """Another guardian that takes over finds how much that was, and what was given up."""
    short, slice_ = 3 * 1_755, 1_755
    recorded = list(entered("E1", CALL, SELL, quantity=short))
    account = Account(*recorded, held={CALL: -short})
    replaced = []
    for n in range(100):
        done = account.round()
        recorded += done.facts
        replaced += of(done, ExitReplaced)
        for asked in done.asked:
            intent_id = asked.approved.intent.intent_id
            filled = len(exits(done)) > 1 and asked is not done.asked[0]
            lost = OutcomeUnknown(intent_id, "no answer", account.now_ns)
            told = account.fill(asked) if filled else account.answer(lost)
            recorded += told.facts
        if anew and n == 50:
            account.closer = Closer(TERMS, IntentIds(10), recorded)
    assert account.held == {Pocket(CALL): -slice_}
    assert len(replaced) == 3


def test_a_guardian_that_starts_finds_when_the_last_one_was_replaced():
    """What a run before it sent is waited for as long as what it sent itself."""
    exit_of = {"purpose": Purpose.EXIT, "parent": "paper:exit:1"}
    facts = (
        *entered("E1", CALL, SELL),
        ExitOwed("paper:exit:1", "straddle", ("ce",), ExitReason.TIME, NOON),
        IntentRecorded(intent("X1", CALL, BUY, **exit_of), NOON),
        OutcomeUnknown("X1", "no answer", NOON),
        ExitReplaced("X1", NOON + 3 * SECOND_NS),
        IntentRecorded(intent("X2", CALL, BUY, **exit_of), NOON + 3 * SECOND_NS),
    )
    account = Account(*facts, held={CALL: -65})
    account.now_ns += 3 * SECOND_NS
    rounds = [account.round() for _ in range(130)]
    assert [n for n, done in enumerate(rounds, 1) if exits(done)] == [120]


def test_the_sale_of_a_long_in_doubt_is_never_doubled_and_a_person_is_told():
    account = Account(*entered("E1", CALL, BUY), held={CALL: 65})
    (asked,) = account.round().asked
    intent_id = asked.approved.intent.intent_id
    account.answer(OutcomeUnknown(intent_id, "no answer", account.now_ns))
    rounds = [account.round() for _ in range(300)]
    assert [exits(done) for done in rounds] == [[]] * 300
    parked = [fact for done in rounds for fact in of(done, OrderParked)]
    assert [fact.intent_id for fact in parked] == [intent_id]
    assert any("is parked" in text for done in rounds for text in done.told)
    assert any("may still fill" in text for text in rounds[-1].left)


def test_a_question_of_the_brokers_is_told_and_goes_the_way_of_an_order_in_doubt():
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    (asked,) = account.round().asked
    intent_id = asked.approved.intent.intent_id
    wanted = ConfirmationWanted(intent_id, "q7", "are you sure?", account.now_ns)
    told = account.answer(wanted)
    assert told.facts == [wanted]
    assert told.told == [
        f"{intent_id}: the broker asks before it takes it: are you sure? (question q7)"
    ]
    rounds = [account.round() for _ in range(3)]
    assert [fact.intent_id for done in rounds for fact in of(done, ExitReplaced)] == [intent_id]
    assert exits(rounds[-1]) == [(CALL, BUY, 65)]


def test_an_order_whose_run_is_over_is_in_doubt_and_flat_waits_until_it_was_looked_for():
    entry = intent("E1", CALL, SELL, decided_ns=NOON)
    account = Account(IntentRecorded(entry, NOON), held={})
    first = account.round()
    assert [fact.intent_id for fact in of(first, OutcomeUnknown)] == ["E1"]
    assert not account.round(VERIFY_NS / SECOND_NS).flat
    assert of(account.round(15), OrderParked)
    assert account.round(VERIFY_NS / SECOND_NS).flat

    late = Account(IntentRecorded(entry, NOON), held={CALL: -65})
    late.orders = (shown("E1", CALL, SELL, State.FILLED, 65),)
    assert exits(late.round()) == [(CALL, BUY, 65)]


def test_an_order_that_waited_before_it_left_is_in_doubt_for_as_long_as_any_other():
    """It is parked fifteen seconds after it left, and not after it was decided."""
    waited = intent("X1", CALL, BUY, purpose=Purpose.EXIT, decided_ns=NOON - 60 * SECOND_NS)
    account = Account(*entered("E1", CALL, SELL), IntentRecorded(waited, NOON), held={CALL: -65})
    parked = [fact.intent_id for _ in range(14) for fact in of(account.round(), OrderParked)]
    assert parked == []
    assert [fact.intent_id for fact in of(account.round(), OrderParked)] == ["X1"]


def test_orders_of_an_earlier_day_are_over_and_hinder_nothing():
    old = intent("X1", CALL, BUY, purpose=Purpose.EXIT, decided_ns=NOON - 86_400 * SECOND_NS)
    account = Account(
        *entered("E1", CALL, SELL), IntentRecorded(old, old.decided_ns), held={CALL: -65}
    )
    assert exits(account.round()) == [(CALL, BUY, 65)]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Refusal.BAND, []),
        (Refusal.TICK, []),
        (Refusal.CLOSED, ["buy " + CALL + " was refused: no"]),
    ],
)
def test_a_refusal_is_answered_by_the_table_of_the_closing_machine(kind, told):
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    (asked,) = account.round().asked
    first = asked.approved.intent
    assert account.answer(OrderRefused(first.intent_id, kind, "no", account.now_ns)).told == told
    later = account.round(6)
    assert exits(later) == [(CALL, BUY, 65)]
    assert (later.asked[0].approved.intent.price_e4 > first.price_e4) is (kind is Refusal.TICK)


def test_the_band_that_an_exit_stays_in_lies_around_what_each_round_saw():
    """A short after a fall: a limit at the touch is below what the exchange takes."""
    account = Account(*entered("E1", CALL, SELL), held={CALL: 0})
    for _ in range(9):
        account.round()
    account.held[Pocket(CALL)] = -65
    account.quotes = {CALL: Quote(400_000, 399_500, 750, 400_500, 750)}
    (asked,) = account.round().asked
    assert asked.approved.intent.price_e4 == 564_000  # 60 % of (9 x 100 + 40) / 10


def test_an_exit_that_somebody_else_cancels_is_answered_like_a_no_and_told():
    """The exchange keeps an owner from trading with himself, and a person may look into the app."""
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    prices, told = [], []
    for _ in range(60):
        for asked in account.round().asked:
            intent_id, number = asked.approved.intent.intent_id, f"B{len(prices)}"
            prices.append(asked.approved.intent.price_e4)
            gone = OrderUpdated(
                intent_id, number, State.CANCELLED, 0, 0, account.now_ns, text="self trade"
            )
            taken = OrderAccepted(intent_id, number, account.now_ns)
            told += account.answer(taken, gone).told
    assert len(prices) < 10
    assert sorted(prices) == prices
    assert len(set(prices)) > 1
    assert told == [f"buy {CALL} was cancelled, and not by us: self trade"] * len(prices)


def test_why_the_exchange_cancelled_an_exit_is_read_in_the_book_and_answered_by_the_table():
    """No push comes here: what a reading shows of an order is all that is heard of it."""
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    (asked,) = account.round().asked
    first = asked.approved.intent
    account.answer(OrderAccepted(first.intent_id, f"B{first.intent_id}", account.now_ns))
    gone = shown(first.intent_id, CALL, BUY, State.CANCELLED)
    account.orders = (replace(gone, kind=Refusal.BAND, text="protection range"),)
    assert account.round(0.5).told == []
    assert exits(account.round()) == [(CALL, BUY, 65)]


@pytest.mark.parametrize(("kind", "then"), [(Refusal.OTHER, 195), (Refusal.UNSENT, 390)])
def test_an_exit_that_is_refused_twice_for_no_known_reason_is_halved_and_unsent_it_is_not(
    kind, then
):
    account = Account(*entered("E1", CALL, SELL, quantity=390), held={CALL: -390})
    asked = []
    for after_s in (1, 6, 11):
        (placed,) = account.round(after_s).asked
        wanted = placed.approved.intent
        asked.append(wanted.quantity)
        account.answer(OrderRefused(wanted.intent_id, kind, "no", account.now_ns))
    assert asked == [390, 390, then]


@pytest.mark.parametrize(
    ("made", "words", "then"),
    [
        (26, "it is of 26 now; what it leaves open is closed by another", [(CALL, BUY, 39)]),
        (130, "it is of 130 now; it is taken back where it is of more than is open", []),
    ],
)
def test_an_exit_that_somebody_makes_smaller_or_larger_closes_no_more_than_is_open(
    made, words, then
):
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    (asked,) = account.round().asked
    intent_id, now_ns = asked.approved.intent.intent_id, account.now_ns
    changed = OrderUpdated(intent_id, "B1", State.WORKING, 0, 0, now_ns, quantity=made)
    done = account.answer(OrderAccepted(intent_id, "B1", now_ns), changed)
    assert done.told == [
        f"order B1 of ours, to buy 65 {CALL}, was changed at the broker and not by us: {words}"
    ]
    assert [type(each) for each in done.asked] == ([] if then else [Cancel])
    assert exits(account.round()) == []
    account.answer(OrderUpdated(intent_id, "B1", State.CANCELLED, 0, 0, now_ns + 1))
    assert exits(account.round(6)) == [(CALL, BUY, 65)]


def test_an_exit_that_somebody_moves_away_is_taken_back_and_asked_anew():
    """At its last step the ladder asks no other price, so it rested there until the end."""
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    for number in ("B1", "B2", "B3", "B4"):
        (asked,) = account.round(6).asked
        intent_id, now_ns = asked.approved.intent.intent_id, account.now_ns
        account.answer(OrderAccepted(intent_id, number, now_ns))
        if number != "B4":
            assert [type(each) for each in account.round(6).asked] == [Cancel]
            account.answer(OrderUpdated(intent_id, number, State.CANCELLED, 0, 0, now_ns))
    assert account.round(6).asked == []
    moved = OrderUpdated(intent_id, "B4", State.WORKING, 0, 0, account.now_ns, price_e4=10_000)
    (told,) = account.answer(moved).told
    assert told.endswith("; it is taken back where it rests beside the step of its ladder")
    assert [type(each) for each in account.round(6).asked] == [Cancel]


def test_an_exit_of_ours_whose_record_has_lost_its_id_closes_its_leg_once():
    owed = intent("E2", CALL, BUY, purpose=Purpose.EXIT)
    facts = (IntentRecorded(owed, NOON), OrderAccepted("E2", "BE2", NOON))
    account = Account(*entered("E1", CALL, SELL), *facts, held={CALL: 0})
    account.orders = (replace(shown("E2", CALL, BUY, State.FILLED, 65), client_id=""),)
    done = account.round()
    assert account.closer.books.book.order("E2").state is State.FILLED
    assert (exits(done), [each for each in done.told if "not of our making" in each]) == ([], [])


def test_units_that_nobody_has_changed_are_recorded_by_no_news():
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    known = account.closer.books.book.order("E1")
    told = OrderUpdated("E1", "BE1", State.FILLED, 65, known.filled_value_e4, account.now_ns)
    assert account.answer(replace(told, quantity=65)).facts == [told]


def test_an_order_that_was_not_sent_from_here_and_is_changed_is_taken_back_all_the_same():
    resting = intent("E2", CALL, SELL)
    account = Account(*entered("E1", CALL, SELL), IntentRecorded(resting, NOON), held={CALL: -65})
    changed = OrderUpdated("E2", "B2", State.WORKING, 0, 0, NOON, quantity=26)
    (told,) = account.answer(changed).told
    assert told.endswith("it is of 26 now; its entry is given up")
    assert "B2" in [
        each.broker_order_id for each in account.round().asked if hasattr(each, "broker_order_id")
    ]


def test_an_order_of_a_person_that_he_changes_is_not_called_ours():
    account = Account(held={})
    account.orders = (of_a_person(CALL, SELL, 65),)
    account.round()
    intent_id = external_id(Book(), "77", NOON)
    changed = OrderUpdated(intent_id, "77", State.WORKING, 0, 0, NOON, quantity=130)
    assert account.answer(changed).told == []
    assert account.closer.books.book.order(intent_id).quantity == 130


def test_an_order_at_rest_whose_number_nobody_told_is_not_asked_to_be_taken_back():
    """No broker could tell which is meant."""
    account = Account(IntentRecorded(intent("E2", CALL, SELL), NOON), held={})
    account.answer(OrderUpdated("E2", "", State.WORKING, 0, 0, NOON))
    assert account.round().asked == []
    account.answer(OrderUpdated("E2", "B2", State.WORKING, 0, 0, NOON))
    assert cancels(account.round()) == ["E2"]


def test_a_sale_at_rest_keeps_no_purchase_in_doubt_from_being_replaced():
    """It was sent while the leg was long; it buys nothing back of what is short."""
    sale = intent("X1", CALL, SELL, purpose=Purpose.EXIT, parent="paper:exit:1")
    account = Account(*entered("E1", CALL, SELL), IntentRecorded(sale, NOON), held={CALL: -65})
    account.orders = (shown("X1", CALL, SELL, State.WORKING),)
    assert cancels(account.round()) == ["X1"]
    (bought,) = account.round(3).asked
    intent_id = bought.approved.intent.intent_id
    account.answer(OutcomeUnknown(intent_id, "no answer", account.now_ns))
    replaced = [each for _ in range(4) for each in of(account.round(), ExitReplaced)]
    assert [each.intent_id for each in replaced] == [intent_id]


LEG = BasketLeg("ce", CALL, SELL, 65, 65, 1800, 500)
BASKET = Basket("basket", "straddle", (LEG,), 5, 60, OnFail.UNWIND, 0, 10)
OPENED = BasketOpened(BASKET, {}, StrategyRules(), NOON, NOON, NOON - 70 * SECOND_NS)


@pytest.mark.parametrize(("units", "added"), [(26, 0), (130, 65)])
def test_what_fills_of_an_entry_is_recorded_on_its_own_side_and_with_what_somebody_added(
    units, added
):
    account = Account(OPENED, IntentRecorded(intent("E1", CALL, SELL), NOON), held={})
    fills = OrderUpdated("E1", "B1", State.WORKING, units, units * 1_000_000, NOON, quantity=195)
    (changed,) = of(account.answer(fills), PositionChanged)
    assert (changed.side, changed.net_quantity, changed.added_quantity) == (SELL, -units, added)


def test_what_a_leg_traded_before_its_basket_was_opened_is_none_of_its_position():
    before = (*entered("A1", CALL, SELL), *entered("A2", CALL, BUY, purpose=Purpose.EXIT))
    account = Account(*before, OPENED, *entered("E1", CALL, SELL), held={CALL: -65})
    (asked,) = account.round().asked
    (changed,) = of(account.fill(asked), PositionChanged)
    assert (changed.bought_quantity, changed.sold_quantity) == (65, 65)


def test_what_a_stranger_opens_is_recorded_on_the_side_that_it_was_opened_on():
    account = Account(held={CALL: -65})
    account.orders = (of_a_person(CALL, SELL, 65, 65),)
    (changed,) = of(account.round(), PositionChanged)
    assert (changed.strategy_id, changed.side, changed.net_quantity) == (EXTERNAL, SELL, -65)


@pytest.mark.parametrize(("wall", "leaves"), [(time(15, 16), False), (time(15, 22), True)])
def test_shares_leave_in_the_closing_auction_too(wall, leaves):
    """Before it they stay, and that is told."""
    now_ns = at(date(2026, 11, 20), wall)
    bought = intent("E1", "RELIANCE", BUY, leg_id="eq", product=Product.CARRY)
    bought = replace(bought, decided_ns=now_ns - 3_600 * SECOND_NS, deadline_ns=now_ns)
    filled = OrderUpdated("E1", "BE1", State.FILLED, 65, 65 * 14_000_000, bought.decided_ns)
    facts = (IntentRecorded(bought, bought.decided_ns), filled)
    read = AccountRead((), (BrokerPosition("RELIANCE", 65, Product.CARRY),), now_ns)
    quotes = {"RELIANCE": Quote(14_000_000, 13_999_000, 650, 14_001_000, 650)}
    done = Closer(TERMS, IntentIds(9), facts).round(read, quotes, now_ns)
    assert bool(done.asked) is leaves


def test_an_exit_that_rests_too_long_is_taken_back_and_leaves_at_a_better_price():
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    (asked,) = account.round().asked
    first = asked.approved.intent
    account.answer(OrderAccepted(first.intent_id, f"B{first.intent_id}", account.now_ns))
    rests = shown(first.intent_id, CALL, BUY, State.WORKING)
    account.orders = (rests,)
    assert cancels(account.round(1)) == [first.intent_id]
    account.orders = (replace(rests, state=State.CANCELLED),)
    (again,) = account.round(1).asked
    assert again.approved.intent.price_e4 > first.price_e4


def test_an_exit_is_recorded_as_finished_only_once_nothing_of_its_legs_is_held():
    """None of its orders is on its way while the exchange rests, and that is no end of it."""
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    account.now_ns = at(DAY, time(9))
    (owed,) = of(account.round(), ExitOwed, ExitFinished)
    account.now_ns = NOON
    account.fill(account.round().asked[0])
    (finished,) = of(account.round(), ExitFinished)
    assert finished.exit_id == owed.exit_id


def test_an_exit_of_a_part_ends_where_all_is_left():
    part = ExitOwed("paper:exit:1", "straddle", ("ce",), ExitReason.MANUAL, NOON, keep=65)
    account = Account(*entered("E1", CALL, SELL, quantity=130), part, held={CALL: -130})
    first = account.round()
    (ended,) = of(first, ExitFinished)
    assert (ended.exit_id, ended.closed_quantity, ended.held_quantity) == ("paper:exit:1", 0, 130)
    assert exits(first) == [(CALL, BUY, 130)]


def test_no_more_leaves_than_the_message_budget_lets_out_and_the_rest_follows():
    legs = [
        fact
        for number in range(12)
        for fact in entered(f"E{number:02}", CALL, SELL, leg_id=f"leg{number:02}")
    ]
    account = Account(*legs, held={CALL: -65 * 12})
    first = account.round()
    assert len(exits(first)) == 8
    for asked in first.asked:
        account.fill(asked)
    assert len(exits(account.round())) == 4


@pytest.mark.parametrize(("counts", "leave"), [(True, 2), (False, 8)])
def test_what_left_before_counts_cancellations_included_and_what_strangers_sent_does_not(
    counts, leave
):
    """The budget of the run before is gone on with."""
    legs = [
        fact
        for number in range(12)
        for fact in entered(f"E{number:02}", CALL, SELL, leg_id=f"leg{number:02}")
    ]
    recorded = [
        fact
        for number in range(3)
        for fact in external(f"S{number}", "paper", shown("", PUT, BUY, State.WORKING), NOON)
    ]
    if counts:
        exit_ = intent("X1", PUT, BUY, purpose=Purpose.EXIT, parent="paper:exit:1")
        recorded = [IntentRecorded(exit_, NOON), *(CancelAsked("X1", NOON) for _ in range(5))]
    account = Account(*legs, *recorded, held={CALL: -65 * 12})
    assert len(exits(account.round(after_s=0.5))) == leave


def test_what_cannot_be_priced_or_is_not_traded_stays_open_and_is_told():
    far = "NIFTY-2026-03-10-30000-CE"
    account = Account(*entered("E1", far, SELL), held={far: -65})
    done = account.round()
    assert exits(done) == []
    assert done.left == [f"-65 {far} is held"]

    closed = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    closed.now_ns = at(DAY, time(16))
    done = closed.round()
    assert exits(done) == []
    assert any("the exchange does not trade" in text for text in done.left)


def test_each_product_of_a_contract_is_closed_by_itself_in_that_product():
    """Ours is short in what is carried; somebody is long in what is left on the same day."""
    carried = Pocket(CALL, Product.CARRY)
    facts = entered("E1", CALL, SELL, product=Product.CARRY)
    account = Account(*facts, held={})
    account.held = {carried: -65, Pocket(CALL): 65}
    done, moved = account.round(), []
    for _ in range(4):
        for asked in done.asked:
            moved += of(account.fill(asked), PositionChanged)
        done = account.round(VERIFY_NS / SECOND_NS)
    assert set(account.held.values()) == {0}
    assert done.flat
    assert {each.product for each in moved} == set(Product)


def test_of_a_position_in_another_product_than_ours_nothing_is_closed_as_ours():
    account = Account(*entered("E1", CALL, BUY), held={})
    account.held = {Pocket(CALL, Product.CARRY): 65}
    assert exits(account.round()) == []
    later = account.round(VERIFY_NS / SECOND_NS)
    (placed,) = [each.approved.intent for each in later.asked]
    assert (placed.pocket, placed.side) == (Pocket(CALL, Product.CARRY), SELL)


def test_of_shares_that_lie_beside_the_positions_only_ours_are_sold():
    account = Account(*entered("E1", CALL, BUY, product=Product.CARRY), held={})
    account.owned = (BrokerPosition(CALL, 650, Product.CARRY),)
    assert exits(account.round()) == [(CALL, SELL, 65)]


SHARES = Pocket("INFY", Product.CARRY)


def of_shares(side: Side, units: int, number: str = "77") -> BrokerOrder:
    """A filled order of the owner's in shares that he keeps."""
    return BrokerOrder(
        *("", number, "INFY", side, units, State.FILLED, units, units * 15_000_000),
        product=Product.CARRY,
    )


def of_owner(
    position: int, owned: int, *orders: BrokerOrder, facts: Iterable[object] = ()
) -> Account:
    """An account of somebody who had so many shares this morning, and has traded."""
    account = Account(*facts, held={})
    account.held = {SHARES: position} if position else {}
    account.owned = (BrokerPosition("INFY", owned, Product.CARRY),)
    account.orders = orders
    return account


def test_what_the_owner_sold_of_his_own_shares_is_not_bought_back():
    account = of_owner(-40, 100, of_shares(SELL, 40))
    first = account.round()
    assert (exits(first), first.left) == ([], [])
    moved = [(fact.net_quantity, fact.settled) for fact in of(first, PositionChanged)]
    assert moved == [(-40, False), (0, True)]
    assert "40 INFY carry, sold out of the owner's own shares" in first.told
    assert account.round(VERIFY_NS / SECOND_NS).flat


def test_what_he_sold_of_them_and_bought_back_is_not_sold_again():
    account = of_owner(0, 100, of_shares(SELL, 40), of_shares(BUY, 40, "78"))
    assert exits(account.round()) == []
    assert account.round(VERIFY_NS / SECOND_NS).flat


@pytest.mark.parametrize(
    ("side", "position", "owned"), [(SELL, -40, 100), (BUY, 0, 140)], ids=["today", "yesterday"]
)
def test_what_a_daemon_recorded_as_a_position_is_none_where_it_is_the_owner_s(
    side, position, owned
):
    """The sale before his shares were known; the purchase on the day before."""
    at_ns = NOON if position else NOON - 24 * 3600 * SECOND_NS
    known = of_shares(side, 40)
    intent_id = external_id(Book(), "77", at_ns)
    facts = external(intent_id, "acc", known, at_ns)
    account = of_owner(position, owned, *((known,) if position else ()), facts=facts)
    assert exits(account.round()) == []
    assert account.round(VERIFY_NS / SECOND_NS).flat


def test_what_he_sold_of_his_own_is_not_taken_for_shares_of_a_leg():
    facts = entered("E1", "INFY", BUY, quantity=10, leg_id="share", product=Product.CARRY)
    account = of_owner(-40, 110, of_shares(SELL, 40), facts=facts)
    assert exits(account.round()) == [("INFY", SELL, 10)]


def test_shares_of_a_leg_are_sold_beside_his_resting_order_for_his_own():
    facts = entered("E1", "INFY", BUY, quantity=10, leg_id="share", product=Product.CARRY)
    resting = replace(of_shares(SELL, 40), state=State.WORKING, filled_quantity=0)
    account = of_owner(0, 110, replace(resting, filled_value_e4=0), facts=facts)
    assert exits(account.round()) == [("INFY", SELL, 10)]


def test_what_he_sold_beyond_his_own_shares_is_bought_back():
    account = of_owner(-130, 100, of_shares(SELL, 130))
    assert exits(account.round()) == [("INFY", BUY, 30)]


def test_what_is_never_ordered_is_named_and_keeps_nothing_from_being_flat():
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65, "SBIN:MTF": 10})
    done = account.round()
    assert exits(done) == [(CALL, BUY, 65)]
    assert done.beyond == ["+10 SBIN:MTF is held, and is never ordered from here"]
    account.fill(done.asked[0])
    rounds = [account.round() for _ in range(6)]
    assert rounds[-1].flat
    assert not any(of(each, ExitOwed, IntentRecorded) for each in rounds)
    assert rounds[-1].beyond


STOCK_OPTION = "RELIANCE-2026-03-30-1400-CE"
"""No table knows its lot."""


def test_a_hedge_does_not_wait_for_a_short_that_cannot_be_ordered_and_that_is_named():
    legs = (*entered("E1", CALL, SELL), *entered("E2", PUT, BUY))
    account = Account(*legs, held={CALL: -65, PUT: 65, STOCK_OPTION: -500})
    first = account.round()
    assert exits(first) == [(CALL, BUY, 65)]
    account.fill(first.asked[0])
    then = account.round(VERIFY_NS / SECOND_NS)
    assert exits(then) == [(PUT, SELL, 65)]
    account.fill(then.asked[0])
    rounds = [account.round() for _ in range(5)]
    assert (exits(rounds[-1]), rounds[-1].flat) == ([], False)
    so = "cannot be ordered from here: close it at the broker"
    assert rounds[-1].left == [f"-500 {STOCK_OPTION} is held, and {so}"]


@pytest.mark.parametrize(
    ("owned", "sold", "missing"),
    [((), [], 10), ((BrokerPosition("INFY", 4, SHARES.product),), 4, 6)],
)
def test_what_a_leg_carries_by_our_book_and_the_broker_shows_nowhere_is_named(owned, sold, missing):
    facts = entered("E1", "INFY", BUY, quantity=10, leg_id="share", product=Product.CARRY)
    account = Account(*facts, held={})
    account.owned = owned
    done = account.round()
    assert exits(done) == ([("INFY", SELL, sold)] if sold else [])
    what = f"straddle share holds +{missing} INFY carry by our book"
    assert done.beyond == [f"{what}, and the broker shows none of it: look for it there"]
    if not sold:
        assert account.round(VERIFY_NS / SECOND_NS).flat


def of_a_person(symbol: str, side: Side, units: int, filled: int = 0) -> BrokerOrder:
    """An order from the broker's own terminal."""
    state = State.FILLED if filled == units else State.WORKING
    return BrokerOrder("", "77", symbol, side, units, state, filled, filled * 900_000)


@pytest.mark.parametrize(("leg_side", "his"), [(BUY, SELL), (SELL, BUY)])
def test_a_leg_that_a_person_closed_at_the_broker_is_flat_and_nothing_leaves_for_it(leg_side, his):
    account = Account(*entered("E1", CALL, leg_side), held={CALL: 0})
    account.orders = (of_a_person(CALL, his, 65, 65),)
    first = account.round()
    assert exits(first) == []
    assert account.closer.books.net(("straddle", "ce")) == 0
    assert account.closer.books.net((EXTERNAL, CALL)) == 0
    moved = [(f.strategy_id, f.net_quantity) for f in of(first, PositionChanged)]
    assert moved == [("straddle", 0), (EXTERNAL, 0)]
    assert "65 of straddle ce are closed by that" in first.told
    assert [bool(fact.part_of) for fact in of(first, PositionChanged)] == [True, False]
    assert account.round(VERIFY_NS / SECOND_NS).flat


def test_what_a_person_sold_beyond_a_leg_is_all_that_is_bought_back():
    account = Account(*entered("E1", CALL, BUY), held={CALL: -65})
    account.orders = (of_a_person(CALL, SELL, 130, 130),)
    first = account.round()
    assert exits(first) == [(CALL, BUY, 65)]
    account.fill(first.asked[0])
    account.round()
    assert account.round(VERIFY_NS / SECOND_NS).flat


def test_a_long_waits_until_a_persons_order_that_may_sell_it_is_taken_back():
    account = Account(*entered("E1", CALL, BUY), held={CALL: 65})
    account.orders = (of_a_person(CALL, SELL, 65),)
    first = account.round()
    assert (exits(first), cancels(first)) == ([], ["EX:2026-03-09:77"])
    account.orders = (replace(account.orders[0], state=State.CANCELLED),)
    assert exits(account.round()) == [(CALL, SELL, 65)]


def test_a_leg_entered_by_a_basket_before_another_is_the_first_that_a_person_closed():
    facts = [*entered("E1", CALL, BUY), *entered("E2", CALL, BUY, strategy_id="a")]
    account = Account(*facts, held={CALL: 65})
    facts[2] = replace(facts[2], at_ns=facts[2].at_ns - 1)
    account.closer = Closer(TERMS, IntentIds(9), facts)
    account.orders = (of_a_person(CALL, SELL, 65, 65),)
    account.round()
    nets = [account.closer.books.net((strategy_id, "ce")) for strategy_id in ("straddle", "a")]
    assert nets == [65, 0]


@pytest.mark.parametrize("net", [65, -65])
def test_of_a_leg_that_is_larger_in_our_book_no_more_is_closed_than_the_broker_shows(net):
    side = BUY if net > 0 else SELL
    account = Account(*entered("E1", CALL, side, quantity=130), held={CALL: net})
    assert exits(account.round()) == [(CALL, side.opposite, 65)]


def test_two_legs_of_one_contract_close_together_no_more_than_the_broker_shows():
    facts = [*entered("E1", CALL, BUY), *entered("E2", CALL, BUY, strategy_id="other")]
    account = Account(*facts, held={CALL: 65})
    assert exits(account.round()) == [(CALL, SELL, 65)]


def test_entries_that_sell_are_taken_back_before_those_that_buy():
    """As many as the budget lets out: what sells opens a short."""
    buys = [intent(f"A{n}", CALL, BUY, leg_id=f"b{n}") for n in range(6)]
    sells = [intent(f"B{n}", PUT, SELL, leg_id=f"s{n}") for n in range(6)]
    entries = (*buys, *sells)
    account = Account(*(IntentRecorded(each, NOON - 60 * SECOND_NS) for each in entries), held={})
    account.orders = tuple(
        shown(each.intent_id, each.symbol, each.side, State.WORKING) for each in entries
    )
    assert cancels(account.round()) == [*(f"B{n}" for n in range(6)), "A0", "A1"]
    assert cancels(account.round()) == ["A2", "A3", "A4", "A5"]


def test_an_exit_whose_cancellation_is_under_way_steps_on_no_further():
    """What replaces it asks one step more, however long the broker takes."""
    asked_e4 = []
    for seconds in (1, 4):
        account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
        (asked,) = account.round().asked
        first = asked.approved.intent.intent_id
        account.answer(OrderAccepted(first, f"B{first}", account.now_ns))
        rests = shown(first, CALL, BUY, State.WORKING)
        account.orders = (rests,)
        asked_away = [cancels(account.round()) for _ in range(seconds)]
        assert asked_away == [[first], *([[]] * (seconds - 1))]
        account.orders = (replace(rests, state=State.CANCELLED),)
        (again,) = account.round().asked
        asked_e4.append(again.approved.intent.price_e4)
    assert asked_e4[0] == asked_e4[1]


def test_the_first_exit_asks_the_touch_however_long_one_of_the_run_before_has_rested():
    old = intent("X1", CALL, BUY, purpose=Purpose.EXIT, parent="paper:exit:1")
    account = Account(
        *entered("E1", CALL, SELL),
        ExitOwed("paper:exit:1", "straddle", ("ce",), ExitReason.STOP, NOON),
        IntentRecorded(old, NOON - 60 * SECOND_NS),
        held={CALL: -65},
    )
    account.orders = (shown("X1", CALL, BUY, State.WORKING),)
    assert cancels(account.round()) == ["X1"]
    account.orders = (shown("X1", CALL, BUY, State.CANCELLED),)
    (asked,) = account.round().asked
    assert asked.approved.intent.price_e4 == QUOTES[CALL].ask_e4


def test_an_exit_waits_for_no_order_of_a_strangers_that_it_may_trade_with():
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    account.orders = (of_a_person(CALL, SELL, 65),)
    first = account.round()
    assert exits(first) == [(CALL, BUY, 65)]
    assert cancels(first) == ["EX:2026-03-09:77"]


def test_an_exit_is_not_finished_while_our_book_holds_what_the_broker_does_not_show():
    """Its fill may not be told yet."""
    account = Account(
        *entered("E1", CALL, BUY),
        ExitOwed("paper:exit:1", "straddle", ("ce",), ExitReason.STOP, NOON),
        held={CALL: 0},
    )
    assert not any(of(account.round(), ExitFinished) for _ in range(5))


def test_a_purchase_in_doubt_is_not_replaced_where_the_broker_s_position_has_moved():
    """It has filled in part, most likely; the book that tells so comes later."""
    account = Account(*entered("E1", CALL, SELL, quantity=130), held={CALL: -130})
    (asked,) = account.round().asked
    account.answer(OutcomeUnknown(asked.approved.intent.intent_id, "no answer", account.now_ns))
    account.held = dict.fromkeys(account.held, -65)
    rounds = [account.round() for _ in range(10)]
    assert not any(of(done, ExitReplaced) or exits(done) for done in rounds)


def test_a_purchase_in_doubt_is_replaced_only_after_two_readings_that_show_the_same_orders():
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    (asked,) = account.round().asked
    account.answer(OutcomeUnknown(asked.approved.intent.intent_id, "no answer", account.now_ns))
    account.round()
    account.round()
    account.orders = (replace(of_a_person(CALL, BUY, 65), state=State.CANCELLED),)
    rounds = [account.round() for _ in range(3)]
    assert [len(of(done, ExitReplaced)) for done in rounds] == [0, 0, 1]


def guarding(sale: Intent, *heard: object) -> Account:
    """A call that is held beside a sale of a put that is not known to be over."""
    return Account(
        *entered("E1", CALL, BUY), IntentRecorded(sale, sale.decided_ns), *heard, held={CALL: 65}
    )


def test_an_option_is_sold_once_the_sale_beside_it_is_gone():
    account = guarding(intent("E2", PUT, SELL), OrderAccepted("E2", "BE2", NOON))
    account.orders = (shown("E2", PUT, SELL, State.WORKING),)
    first = account.round()
    assert (exits(first), cancels(first)) == ([], ["E2"])
    account.orders = (shown("E2", PUT, SELL, State.CANCELLED),)
    assert exits(account.round()) == [(CALL, SELL, 65)]


def test_an_option_is_sold_after_the_short_that_was_sold_beside_it_meanwhile():
    account = guarding(intent("E2", PUT, SELL))
    assert exits(account.round()) == []
    account.orders = (shown("E2", PUT, SELL, State.FILLED, 65),)
    account.held[Pocket(PUT)] = -65
    second = account.round()
    assert exits(second) == [(PUT, BUY, 65)]
    account.fill(second.asked[0])
    assert exits(account.round()) == [(CALL, SELL, 65)]


def test_an_option_waits_no_longer_for_a_sale_that_is_not_told_to_be_gone():
    account = guarding(intent("E2", PUT, SELL), OrderAccepted("E2", "BE2", NOON))
    account.orders = (shown("E2", PUT, SELL, State.WORKING),)
    account.round()
    assert exits(account.round(1.9)) == []
    late = account.round(0.1)
    assert exits(late) == [(CALL, SELL, 65)]
    assert f"E2, sell 65 {PUT}, is not known to be gone; options" in late.told[0]


def test_an_option_waits_for_a_sale_in_doubt_until_that_is_parked():
    account = guarding(intent("E2", PUT, SELL, decided_ns=NOON))
    assert [exits(account.round(7)), exits(account.round(7))] == [[], []]
    assert exits(account.round(1)) == [(CALL, SELL, 65)]


FUTURE = "NIFTY-2026-03-30-FUT"


@pytest.mark.parametrize("symbol", ["INFY", FUTURE])
def test_what_guards_nothing_is_sold_beside_a_short_that_cannot_be_bought_back(symbol):
    account = Account(
        *entered("E1", CALL, SELL), *entered("E2", symbol, BUY), held={CALL: -65, symbol: 65}
    )
    account.quotes = {
        "INFY": QUOTES["INFY"],
        FUTURE: Quote(229_000_000, 228_990_000, 650, 229_010_000, 650),
    }
    assert exits(account.round()) == [(symbol, SELL, 65)]


def test_an_option_waits_for_the_shorts_of_its_own_strategy_and_for_those_of_no_other():
    account = Account(
        *entered("E1", CALL, SELL),
        *entered("E2", PUT, BUY),
        *entered("E3", PUT, BUY, strategy_id="other"),
        held={CALL: -65, PUT: 130},
    )
    account.quotes = {PUT: QUOTES[PUT]}
    first = account.round()
    assert [each.approved.intent.strategy_id for each in first.asked] == ["other"]
    account.fill(first.asked[0])
    assert exits(account.round()) == []


def test_a_short_is_bought_back_before_the_sale_of_another_strategy_s_long_is_priced_anew():
    long = {"strategy_id": "first", "leg_id": "pe"}
    account = Account(*entered("E1", PUT, BUY, **long), held={PUT: 65})
    (asked,) = account.round().asked
    sale = asked.approved.intent
    account.answer(OrderAccepted(sale.intent_id, f"B{sale.intent_id}", account.now_ns))
    account.orders = (shown(sale.intent_id, PUT, SELL, State.WORKING),)
    for fact in entered("E2", CALL, SELL):
        account.closer.books.apply(fact)
    account.held[Pocket(CALL)] = -65
    done = account.round()
    assert [type(each) for each in done.asked] == [Place, Cancel]


def lagging(*facts: object, side: Side = SELL) -> Account:
    """An entry of a call that has just filled, and the positions do not show it yet."""
    entry = intent("E2", CALL, side)
    sent = (IntentRecorded(entry, entry.decided_ns), OrderAccepted("E2", "BE2", entry.decided_ns))
    account = Account(*facts, *sent, held={PUT: 65} if facts else {})
    account.orders = (shown("E2", CALL, side, State.FILLED, 65),)
    return account


LAGS = f"-65 {CALL} has just filled, and the broker does not show it yet"


def test_an_option_waits_while_the_positions_lag_behind_a_fill_that_opened_a_short():
    account = lagging(*entered("E1", PUT, BUY))
    assert [exits(account.round()) for _ in range(3)] == [[], [], []]
    account.held[Pocket(CALL)] = -65
    shown_now = account.round()
    assert exits(shown_now) == [(CALL, BUY, 65)]
    account.fill(shown_now.asked[0])
    assert exits(account.round()) == [(PUT, SELL, 65)]


def test_an_option_waits_for_no_fill_of_another_strategy():
    account = lagging(*entered("E1", PUT, BUY, strategy_id="other"))
    assert exits(account.round()) == [(PUT, SELL, 65)]


def test_an_option_waits_for_no_fill_of_another_underlying():
    account = lagging(*entered("E1", OTHER, BUY, quantity=60))
    account.quotes = QUOTES | {OTHER: QUOTES[PUT]}
    account.held = {Pocket(OTHER): 60}
    assert exits(account.round()) == [(OTHER, SELL, 60)]


def test_an_option_of_nobodys_waits_for_no_short_of_another_underlying():
    """Nobody quotes INFY, so it cannot be bought back."""
    account = Account(held={"INFY": -65, PUT: 65})
    account.quotes = {PUT: QUOTES[PUT]}
    account.round()
    assert exits(account.round(VERIFY_NS / SECOND_NS)) == [(PUT, SELL, 65)]


def test_an_option_waits_for_no_long_that_has_just_filled():
    account = lagging(*entered("E1", PUT, BUY), side=BUY)
    assert exits(account.round()) == [(PUT, SELL, 65)]


def test_an_option_waits_no_longer_for_positions_that_never_show_a_fill():
    account = lagging(*entered("E1", PUT, BUY))
    rounds = [account.round() for _ in range(20)]
    (at,) = [second for second, done in enumerate(rounds) if exits(done)]
    assert at == LAG_NS // SECOND_NS


def test_an_account_is_not_flat_while_the_positions_lag_behind_a_fill():
    account = lagging()
    first = account.round()
    assert (first.left, first.flat) == ([LAGS], False)
    assert not account.round(VERIFY_NS / SECOND_NS).flat
    account.held[Pocket(CALL)] = -65
    assert exits(account.round()) == [(CALL, BUY, 65)]


def test_positions_that_never_show_a_fill_keep_an_account_from_being_flat_for_seconds_only():
    account = lagging()
    rounds = [account.round() for _ in range(20)]
    unshown_for = [second for second, done in enumerate(rounds) if LAGS in done.left]
    assert unshown_for == list(range(LAG_NS // SECOND_NS))
    assert rounds[-1].flat


def test_what_the_positions_show_though_it_was_just_closed_is_told_once_as_held():
    account = Account(*entered("E1", CALL, SELL), held={CALL: -65})
    account.fill(account.round().asked[0])
    account.held[Pocket(CALL)] = -65
    assert account.round().left == [f"-65 {CALL} is held"]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_what_was_just_closed_is_not_closed_again_while_the_positions_still_show_it(side):
    account = Account(*entered("E1", CALL, side), held={CALL: 65 * side.sign})
    account.fill(account.round().asked[0])
    account.held[Pocket(CALL)] = 65 * side.sign
    rounds = [account.round() for _ in range(12)]
    assert [done.asked for done in rounds] == [[]] * 12
    assert not any(done.flat for done in rounds)
    account.held[Pocket(CALL)] = 0
    assert [account.round().flat for _ in range(VERIFY_NS // SECOND_NS + 1)][-1]


def test_what_the_record_tells_was_just_closed_is_not_closed_again_after_a_start():
    closed = entered("X1", CALL, SELL, purpose=Purpose.EXIT, parent="paper:exit:1")
    at_ns = NOON - SECOND_NS
    facts = (*entered("E1", CALL, BUY), closed[0], replace(closed[1], at_ns=at_ns))
    account = Account(*facts, held={CALL: 65})
    assert [account.round().asked for _ in range(12)] == [[]] * 12


def test_what_the_positions_show_long_after_a_fill_is_closed_by_their_word():
    account = Account(*entered("E1", CALL, BUY), held={CALL: 65})
    account.fill(account.round().asked[0])
    account.held[Pocket(CALL)] = 65
    rounds = [account.round() for _ in range(20)]
    assert next(second for second, done in enumerate(rounds, 1) if exits(done)) == 15


def test_what_no_fill_explains_is_closed_while_another_pocket_lags():
    account = Account(*entered("E1", CALL, BUY), held={CALL: 65, "INFY": 65})
    account.fill(account.round().asked[0])
    account.held[Pocket(CALL)] = 65
    assert exits(account.round(VERIFY_NS / SECOND_NS)) == [("INFY", SELL, 65)]


def test_what_is_never_ordered_and_has_just_filled_is_shown_and_lags_behind_nothing():
    account = Account(held={"SBIN:MTF": 10})
    filled = BrokerOrder("", "77", "SBIN:MTF", BUY, 10, State.FILLED, 10, 1_000_000)
    account.orders = (filled,)
    assert account.round().left == []
    assert account.round(VERIFY_NS / SECOND_NS).flat


def test_what_guards_nothing_waits_for_no_sale():
    sale = intent("E2", CALL, SELL)
    account = Account(
        *entered("E1", "INFY", BUY), IntentRecorded(sale, sale.decided_ns), held={"INFY": 65}
    )
    assert exits(account.round()) == [("INFY", SELL, 65)]
