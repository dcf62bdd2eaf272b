from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.orders.book import Book, Position
from daemon.domain.orders.states import is_open
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

CALL, PUT = "NIFTY-2026-11-23-24550-CE", "NIFTY-2026-11-23-24550-PE"


def intent(intent_id="a", side=Side.SELL, quantity=130, **changes):
    base = Intent(
        intent_id=intent_id,
        account="paper",
        strategy_id="straddle",
        leg_id="call",
        symbol=CALL,
        side=side,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        price_e4=1_000_000,
        purpose=Purpose.ENTRY,
        parent="basket",
        decided_ns=1,
        deadline_ns=9,
    )
    return replace(base, **changes)


def recorded(intent_id="a", at_ns=1, **changes):
    return IntentRecorded(intent(intent_id, **changes), at_ns)


def updated(state, quantity=0, value_e4=0, intent_id="a", broker_order_id="7", **rest):
    rest = {"at_ns": 5} | rest
    return OrderUpdated(intent_id, broker_order_id, state, quantity, value_e4, **rest)


def book_of(*facts):
    book = Book()
    for fact in facts:
        book.apply(fact)
    return book


def answers(book):
    """All that a book can be asked."""
    legs = [("straddle", "call"), ("straddle", "put"), ("other", "call"), ("other", "put")]
    return {
        "orders": [book.order(name) for name in "abc"],
        "open": book.open_orders(),
        "children": [book.children(parent) for parent in ("basket", "owed")],
        "positions": [book.position(*leg) for leg in legs],
        "sums": [
            (book.net(symbol, who), book.possible_exposure(symbol, who), book.symbols(who))
            for symbol in (CALL, PUT)
            for who in (None, "straddle", "other")
        ],
    }


ids = st.sampled_from("abc")
instants = st.integers(0, 3)
intents = st.builds(
    intent,
    ids,
    st.sampled_from(Side),
    st.sampled_from([65, 130]),
    leg_id=st.sampled_from(["call", "put"]),
    symbol=st.sampled_from([CALL, PUT]),
    strategy_id=st.sampled_from(["straddle", "other"]),
    parent=st.sampled_from(["basket", "owed"]),
)
facts = st.one_of(
    st.builds(IntentRecorded, intents, instants),
    st.builds(OrderAccepted, ids, st.sampled_from(["7", "8"]), instants),
    st.builds(OrderRefused, ids, st.sampled_from(Refusal), st.sampled_from(["x", "y"]), instants),
    st.builds(OutcomeUnknown, ids, st.sampled_from(["time-out", ""]), instants),
    st.builds(ConfirmationWanted, ids, st.just("q"), st.sampled_from(["x", "z"]), instants),
    st.builds(OrderParked, ids, instants),
    st.builds(
        OrderUpdated,
        ids,
        st.sampled_from(["7", "7", "8", ""]),
        st.sampled_from([State.WORKING, State.REJECTED, State.CANCELLED, State.FILLED]),
        st.sampled_from([0, 65, 130, 195]),
        st.integers(0, 3),
        instants,
        st.none() | st.sampled_from(Refusal),
        st.sampled_from(["", "x"]),
        st.sampled_from([0, 0, 65, 130, 195]),
    ),
)


@given(st.lists(facts, max_size=12), st.randoms(use_true_random=False))
def test_the_same_facts_in_any_order_and_number_make_an_equal_book(heard, random):
    """Late, duplicated and shuffled evidence changes nothing, and so do all answers."""
    shuffled = heard + [fact for fact in heard if random.random() < 0.5]
    random.shuffle(shuffled)
    one, other = book_of(*heard), book_of(*shuffled)
    assert one == other
    assert answers(one) == answers(other)


@given(st.lists(st.one_of(facts, st.none()), max_size=14))
def test_a_book_that_puts_away_what_has_ended_answers_as_if_it_had_not(heard):
    """At any moment, any number of times, with late words afterwards."""
    whole, sparing = Book(), Book()
    for fact in heard:
        if fact is None:
            sparing.put_away()
        else:
            assert whole.apply(fact) == sparing.apply(fact)
        assert answers(whole) == answers(sparing)
    assert whole == sparing
    assert whole == book_of(*(fact for fact in heard if fact is not None))


@given(st.lists(facts, max_size=12))
def test_the_sums_are_those_of_the_orders(heard):
    """What is kept as facts arrive equals what a walk over all orders finds."""
    book = book_of(*heard)
    orders = [order for name in "abc" if (order := book.order(name))]
    for symbol in (CALL, PUT):
        mine = [order for order in orders if order.intent.symbol == symbol]
        net = sum(order.intent.side.sign * order.filled_quantity for order in mine)
        rest = {
            side: sum(o.remaining_quantity for o in mine if o.intent.side is side) for side in Side
        }
        assert book.net(symbol) == net
        assert book.possible_exposure(symbol) == (net - rest[Side.SELL], net + rest[Side.BUY])
        shares = [book.net(symbol, name) for name in ("straddle", "other")]
        assert sum(shares) == net
    assert book.open_orders() == tuple(order for order in orders if is_open(order.state))


@given(st.lists(facts, max_size=12))
def test_a_fill_is_never_unlearned(heard):
    """The filled quantity of an order never falls while its intent stands."""
    book = book_of(*[recorded(name) for name in "abc"])
    for fact in heard:
        if isinstance(fact, IntentRecorded):
            continue
        before = book.order(fact.intent_id).filled_quantity
        assert book.apply(fact).filled_quantity >= before


def test_an_intent_alone_is_possible_exposure():
    """Before any answer an order counts in full, and moves no position."""
    book = book_of(recorded())
    order = book.order("a")
    assert order.state is State.INTENDED
    assert order.broker_order_id == ""
    assert book.net(CALL) == 0
    assert book.possible_exposure(CALL) == (-130, 0)
    assert book.symbols() == book.symbols("straddle") == (CALL,)
    assert book.symbols("other") == ()


def test_each_product_of_a_contract_is_held_by_itself_and_the_contract_is_their_sum():
    """What is bought in one product closes nothing that is held in another."""
    book = book_of(
        recorded(),
        updated(State.FILLED, 130, 100),
        recorded("b", side=Side.BUY, quantity=65, product=Product.CARRY),
        updated(State.FILLED, 65, 100, "b", "8"),
        recorded("c", side=Side.BUY, product=Product.CARRY),
    )
    today, carried = Pocket(CALL), Pocket(CALL, Product.CARRY)
    assert (book.within(today).net, book.within(carried).net, book.net(CALL)) == (-130, 65, -65)
    assert book.within(today).possible == (-130, -130)
    assert book.within(carried).possible == (65, 195)
    assert book.possible_exposure(CALL) == (-65, 65)
    assert set(book.pockets) == {today, carried}


def test_a_product_in_which_nothing_is_held_or_on_its_way_is_not_walked_over():
    book = book_of(recorded(), updated(State.CANCELLED))
    assert book.pockets == {}
    assert book.within(Pocket(CALL)).possible == (0, 0)


@pytest.mark.parametrize(
    ("facts_heard", "state", "exposure"),
    [
        ([OutcomeUnknown("a", "time-out", 2)], State.UNKNOWN, (-130, 0)),
        ([OutcomeUnknown("a", "time-out", 2), OrderParked("a", 3)], State.PARKED, (-130, 0)),
        ([OrderParked("a", 3), OrderAccepted("a", "7", 4)], State.WORKING, (-130, 0)),
        ([OrderRefused("a", Refusal.BAND, "no", 2)], State.REFUSED, (0, 0)),
        (
            [OrderRefused("a", Refusal.BAND, "no", 2), updated(State.WORKING, 65, 5)],
            State.WORKING,
            (-130, -65),
        ),
        ([updated(State.WORKING, 65, 5)], State.WORKING, (-130, -65)),
        ([updated(State.CANCELLED, 65, 5)], State.CANCELLED, (-65, -65)),
        ([updated(State.REJECTED)], State.REJECTED, (0, 0)),
        ([updated(State.CANCELLED), updated(State.WORKING, 130, 9)], State.FILLED, (-130, -130)),
        ([updated(State.CANCELLED), updated(State.WORKING, 65, 9)], State.CANCELLED, (-65, -65)),
        ([updated(State.WORKING, 130, 9)], State.FILLED, (-130, -130)),
        ([updated(State.FILLED, 65, 9)], State.FILLED, (-130, -65)),
        ([updated(State.WORKING, 195, 9)], State.FILLED, (-195, -195)),
        ([updated(State.FILLED, 130, 9, broker_order_id="")], State.FILLED, (-130, -130)),
    ],
)
def test_what_was_heard_decides_state_and_exposure(facts_heard, state, exposure):
    """Only evidence ends an order, and only fills move the position."""
    book = book_of(recorded(), *facts_heard)
    assert book.order("a").state is state
    assert book.possible_exposure(CALL) == exposure


def test_a_position_keeps_what_was_bought_and_sold_apart():
    """Quantities and values are summed over the orders of the leg."""
    book = book_of(
        recorded("a"),
        recorded("b", side=Side.BUY, quantity=65, parent="owed"),
        updated(State.FILLED, 130, 13_000_000),
        updated(State.FILLED, 65, 6_000_000, "b"),
    )
    position = book.position("straddle", "call")
    assert position == Position(65, 6_000_000, 130, 13_000_000)
    assert position.net_quantity == book.net(CALL) == -65
    assert book.position("straddle", "put") == Position()
    assert [order.intent.intent_id for order in book.children("owed")] == ["b"]
    assert book.children("nobody") == ()


def test_a_late_word_of_an_order_that_was_put_away_moves_no_position_a_second_time():
    book = book_of(recorded("a"), updated(State.FILLED, 130, 13_000))
    book.put_away()
    book.apply(updated(State.FILLED, 130, 13_000, text="once more", at_ns=6))
    assert (book.net(CALL), book.position("straddle", "call").sold_quantity) == (-130, 130)


def test_a_walk_over_all_orders_passes_over_those_that_were_put_away():
    book = book_of(
        recorded("a"),
        updated(State.FILLED, 130, 13_000),
        recorded("b"),
    )
    book.put_away()
    assert [order.intent.intent_id for order in book] == ["b"]
    assert book.order("a").state is State.FILLED
    book.apply(updated(State.FILLED, 130, 13_000, text="once more", at_ns=6))
    assert [order.intent.intent_id for order in book] == ["b", "a"]


def test_two_strategies_in_one_contract_hold_their_own_shares():
    """The account's net is the sum of the strategies' nets."""
    book = book_of(
        recorded("a"),
        recorded("b", side=Side.BUY, strategy_id="other"),
        updated(State.FILLED, 130, 9),
        updated(State.FILLED, 130, 9, "b"),
    )
    assert (book.net(CALL), book.net(CALL, "straddle"), book.net(CALL, "other")) == (0, -130, 130)
    assert book.symbols() == ()
    assert book.symbols("other") == (CALL,)
    assert book.net(PUT, "nobody") == 0


def test_facts_before_their_intent_are_kept_and_joined():
    """An update that overtakes its intent is a stranger until the intent arrives."""
    book = Book()
    assert book.apply(updated(State.FILLED, 130, 9)) is None
    assert book.order("a") is None
    order = book.apply(recorded())
    assert order == book.order("a")
    assert order.state is State.FILLED
    assert book.net(CALL) == -130


def test_an_over_fill_is_believed():
    book = book_of(recorded(), updated(State.FILLED, 130, 9))
    assert book.apply(updated(State.FILLED, 195, 12)).filled_quantity == 195
    assert book.net(CALL) == -195


def test_two_orders_of_one_intent_both_count():
    """A request that the broker took twice is a position twice, until one of them is ended."""
    book = book_of(
        recorded(),
        updated(State.FILLED, 130, 900, broker_order_id="7"),
        updated(State.WORKING, 65, 400, broker_order_id="8"),
    )
    order = book.order("a")
    assert order.state is State.WORKING
    assert order.broker_order_id == "8"
    assert order.broker_order_ids == ("7", "8")
    assert (order.filled_quantity, order.filled_value_e4) == (195, 1300)
    assert book.possible_exposure(CALL) == (-260, -195)
    order = book.apply(updated(State.CANCELLED, 65, 400, broker_order_id="8"))
    assert order.state is State.FILLED
    assert order.broker_order_id == "7"
    assert book.possible_exposure(CALL) == (-195, -195)
    assert book.open_orders() == ()


def test_words_without_a_number_are_not_added_to_the_named_order():
    """They may speak of the same order, so the larger of the two stands."""
    nameless = updated(State.WORKING, 65, 500, broker_order_id="")
    order = book_of(recorded(), nameless, updated(State.WORKING, 65, 400)).order("a")
    assert (order.filled_quantity, order.filled_value_e4) == (65, 500)
    order = book_of(recorded(), nameless, updated(State.FILLED, 130, 900)).order("a")
    assert (order.filled_quantity, order.filled_value_e4) == (130, 900)


def test_the_newest_reason_and_the_newest_words_stand():
    """Whichever is heard first; the words of an unknown outcome do not hide a reason."""
    heard = [
        OrderRefused("a", Refusal.BAND, "outside the band", 2),
        updated(State.REJECTED, kind=Refusal.MARGIN, text="no funds", at_ns=3),
        OutcomeUnknown("a", "time-out", 4),
        recorded(at_ns=1),
    ]
    for order_of_hearing in permutations(heard):
        order = book_of(*order_of_hearing).order("a")
        assert (order.refusal, order.text, order.at_ns) == (Refusal.MARGIN, "time-out", 4)


def test_one_id_for_two_intents_leaves_the_earlier_one():
    """The sums follow the intent that stands."""
    late = IntentRecorded(intent(symbol=PUT, parent="owed"), 2)
    book = book_of(updated(State.FILLED, 130, 9), late, recorded(at_ns=1))
    assert book.order("a").intent.symbol == CALL
    assert (book.net(CALL), book.net(PUT)) == (-130, 0)
    assert (len(book.children("basket")), book.children("owed")) == (1, ())


def test_a_book_equals_only_books_and_cannot_be_a_key():
    """It changes, so it has no hash."""
    assert Book() == Book()
    assert Book() != book_of(recorded())
    assert Book() != "book"
    with pytest.raises(TypeError):
        hash(Book())
