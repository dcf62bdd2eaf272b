"""Two books held against each other: what is heard, who is a stranger, what differs."""

from datetime import datetime, time

import msgspec.json
import pytest
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS, at, day_of, instant
from daemon.domain.orders.book import Book
from daemon.domain.orders.reconcile import (
    EXTERNAL,
    Difference,
    compare,
    external,
    external_id,
    id_in,
    is_strangers,
    news,
    numbered_in,
    positions,
    strangers,
    unexplained,
    with_ours,
)
from daemon.domain.orders.shown import AccountRead, BrokerOrder, BrokerPosition
from daemon.domain.orders.words import (
    NO_TRIGGER,
    IntentRecorded,
    OrderAccepted,
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
    Terms,
)
from tests.kit.facts import INTENT, NOW

ID, CE = INTENT.intent_id, INTENT.symbol
RECORDED = IntentRecorded(INTENT, NOW)
ACCEPTED = OrderAccepted(ID, "B1", NOW)


def updated(state, filled=0, number="B1"):
    """The broker's word on the one order of ours."""
    return OrderUpdated(ID, number, state, filled, filled * 100, NOW)


def book(*facts):
    """Our book, after the intent to sell 75 calls was recorded."""
    made = Book()
    for fact in (RECORDED, *facts):
        made.apply(fact)
    return made


def shown(state=State.WORKING, filled=0, client_id=ID, number="B1", quantity=75, **fields):
    """An order in the broker's book."""
    return BrokerOrder(
        client_id, number, CE, Side.SELL, quantity, state, filled, filled * 100, **fields
    )


def read(*orders, net=0, symbol=CE):
    """A reading, with a position in one symbol."""
    return AccountRead(orders, (BrokerPosition(symbol, net),), NOW)


NEWS = {
    "an order whose number we had not heard": ([], [shown()], 1),
    "one of which nothing was known": ([OutcomeUnknown(ID, "", NOW)], [shown()], 1),
    "one that was refused and yet rests": (
        [OrderRefused(ID, Refusal.OTHER, "", NOW)],
        [shown()],
        1,
    ),
    "more filled than we heard": ([ACCEPTED], [shown(filled=25)], 1),
    "an order that somebody made smaller": ([ACCEPTED], [shown(quantity=50)], 1),
    "an order that somebody made larger": ([ACCEPTED], [shown(quantity=150)], 1),
    "an order that fills what was made of it": (
        [ACCEPTED],
        [shown(State.FILLED, 50, quantity=50)],
        1,
    ),
    "units of what is gone": (
        [ACCEPTED, updated(State.CANCELLED)],
        [shown(State.CANCELLED, quantity=50)],
        0,
    ),
    "an end that we had not heard": ([ACCEPTED], [shown(State.CANCELLED)], 1),
    "a cancelled order that filled": (
        [ACCEPTED, updated(State.CANCELLED)],
        [shown(State.FILLED, 75)],
        1,
    ),
    "what we know as well": ([ACCEPTED], [shown()], 0),
    "less than we know": ([ACCEPTED, updated(State.FILLED, 75)], [shown(filled=25)], 0),
    "an older end than ours": ([updated(State.FILLED, 75)], [shown(State.CANCELLED)], 0),
    "two orders of one intent, both known": (
        [ACCEPTED, updated(State.WORKING, number="B2")],
        [shown(), shown(number="B2")],
        0,
    ),
    "two orders of one intent, of which one ended": (
        [ACCEPTED, updated(State.WORKING, number="B2")],
        [shown(State.CANCELLED), shown(number="B2")],
        2,
    ),
    "one of two orders of one intent": (
        [ACCEPTED, updated(State.WORKING, number="B2")],
        [shown(State.CANCELLED)],
        0,
    ),
    "a second order of one intent": ([ACCEPTED], [shown(), shown(number="B2")], 2),
    "an order of somebody else": ([ACCEPTED], [shown(client_id="x", number="B9")], 0),
}


def test_more_value_for_the_same_units_is_news():
    """A fill that the broker corrected costs what it says now."""
    ours, dearer = book(updated(State.FILLED, 75)), shown(State.FILLED, 75)
    (told,) = news(ours, read(replace(dearer, filled_value_e4=7_600), net=-75))
    assert told.filled_value_e4 == 7_600


@pytest.mark.parametrize(("heard", "orders", "count"), NEWS.values(), ids=NEWS)
def test_only_what_the_broker_knows_better_is_news(heard, orders, count):
    told = news(book(*heard), read(*orders))
    assert [fact.broker_order_id for fact in told] == [
        order.broker_order_id for order in orders[:count]
    ]


def test_news_that_was_heard_is_no_news_again():
    made, seen = book(OutcomeUnknown(ID, "", NOW)), read(shown(State.FILLED, 75, text="x"))
    for fact in news(made, seen):
        made.apply(fact)
    assert (made.order(ID).state, made.net(CE), news(made, seen)) == (State.FILLED, -75, ())


def test_why_an_order_is_in_the_broker_s_book_no_longer_is_told_where_that_shows_it():
    why = {"kind": Refusal.BAND, "text": "protection range"}
    (told,) = news(book(ACCEPTED), read(shown(State.CANCELLED, **why)))
    assert (told.kind, told.text) == (Refusal.BAND, "protection range")
    (told,) = news(book(ACCEPTED), read(shown(State.CANCELLED)))
    assert told.kind is None


def test_what_was_made_of_an_order_is_told_until_it_was_heard():
    made, seen = book(ACCEPTED), read(shown(filled=25, quantity=50))
    for fact in news(made, seen):
        made.apply(fact)
    order = made.order(ID)
    assert (order.quantity, order.remaining_quantity, news(made, seen)) == (50, 25, ())
    (back,) = news(made, read(shown(filled=25)))
    assert back.quantity == 75


def test_an_order_that_our_book_knows_under_no_id_is_a_stranger():
    stranger = shown(client_id="", number="B7")
    assert strangers(book(), read(shown(), stranger)) == (stranger,)


@pytest.mark.parametrize("client_id", ["", "theirs"])
def test_an_order_of_ours_that_is_shown_without_its_id_is_known_by_its_number(client_id):
    """It was a stranger's after a restart, whose fill closed a leg a second time."""
    ours, shorn = book(ACCEPTED), shown(State.FILLED, 75, client_id=client_id)
    assert strangers(ours, read(shorn)) == ()
    (told,) = news(ours, read(shorn))
    assert (told.intent_id, told.filled_quantity) == (ID, 75)


@pytest.mark.parametrize(
    ("heard", "number", "days"),
    [
        pytest.param([ACCEPTED], "B7", 0, id="another number"),
        pytest.param([ACCEPTED], "B1", 3, id="that number on another day"),
        pytest.param([updated(State.WORKING, number="")], "", 0, id="no number"),
        pytest.param([OutcomeUnknown(ID, "", NOW)], "B1", 0, id="one whose number nobody told"),
    ],
)
def test_by_no_other_number_and_on_no_other_day_is_an_order_ours(heard, number, days):
    stranger = shown(client_id="", number=number)
    assert id_in(book(*heard), stranger, NOW + days * DAY_NS) == ""


def test_the_newest_of_our_orders_bears_a_number_that_two_were_told_with():
    later = f"{ID[:-1]}{int(ID[-1]) + 1}"
    made = book(ACCEPTED)
    made.apply(IntentRecorded(replace(INTENT, intent_id=later), NOW))
    made.apply(OrderAccepted(later, "B1", NOW))
    assert id_in(made, shown(client_id=""), NOW) == later


def test_a_stranger_that_was_taken_in_is_known_by_its_number_on_that_day():
    stranger = shown(client_id="theirs", number="B7")
    made = book()
    own_id = external_id(made, "B7", NOW)
    assert own_id != external_id(Book("beta"), "B7", NOW), "nor is it one of another account"
    made.apply(IntentRecorded(type(INTENT)(own_id, *_rest_of(INTENT)), NOW))
    assert id_in(made, stranger, NOW) == own_id
    assert strangers(made, read(stranger)) == ()
    assert news(made, read(stranger))[0].intent_id == own_id
    assert id_in(made, stranger, NOW + 3 * DAY_NS) == "", "on Monday there is another"


def test_a_stranger_that_a_broker_still_shows_in_the_morning_is_the_one_of_the_last_session():
    stranger = shown(State.FILLED, 75, client_id="", number="B7")
    made = book()
    own_id = external_id(made, "B7", NOW)
    for fact in external(own_id, "a", stranger, NOW):
        made.apply(fact)
    monday = day_of(NOW + 3 * DAY_NS)
    at_night = replace(read(stranger), at_ns=at(monday, time(8, 59)))
    in_session = replace(read(stranger), at_ns=at(monday, time(9)))
    assert (id_in(made, stranger, at_night.at_ns), strangers(made, at_night)) == (own_id, ())
    assert strangers(made, in_session) == (stranger,), "it is another that bears the same number"


@pytest.mark.parametrize(
    ("traded", "shown_at"),
    [
        ("2025-09-05T14:00+05:30", "2025-09-06T06:30+05:30"),
        ("2025-09-05T14:00+05:30", "2025-09-06T10:00+05:30"),
        ("2025-09-05T14:00+05:30", "2025-09-07T06:30+05:30"),
        ("2025-09-05T14:00+05:30", "2025-09-08T08:59+05:30"),
        ("2025-09-06T10:00+05:30", "2025-09-07T06:30+05:30"),
        ("2026-04-02T14:00+05:30", "2026-04-06T06:30+05:30"),
        ("2025-10-20T14:00+05:30", "2025-10-21T13:00+05:30"),
        ("2026-01-30T14:00+05:30", "2026-02-01T09:00+05:30"),
        ("2030-09-06T14:00+05:30", "2030-09-08T10:00+05:30"),
    ],
    ids=[
        "a night",
        "a closed day",
        "the night of a closed day",
        "before the open after a weekend",
        "seen first on the closed day",
        "a holiday and a weekend",
        "before a session of an hour on a holiday",
        "before a special session on a Sunday",
        "beyond the calendar",
    ],
)
def test_a_stranger_is_known_until_the_next_session_begins(traded, shown_at):
    stranger = shown(State.FILLED, 75, client_id="", number="B7")
    traded_ns, shown_ns = (instant(datetime.fromisoformat(each)) for each in (traded, shown_at))
    made = book()
    for fact in external(external_id(made, "B7", traded_ns), "a", stranger, traded_ns):
        made.apply(fact)
    assert strangers(made, replace(read(stranger), at_ns=shown_ns)) == ()


def _rest_of(intent):
    return [getattr(intent, name) for name in intent.__struct_fields__[1:]]


FILLED = updated(State.FILLED, 75)
COMPARED = {
    "both short": ([FILLED], -75, (), ("agreeing", -75)),
    "both flat, nothing known": ([ACCEPTED, updated(State.CANCELLED)], 0, (), ("none", 0)),
    "the broker flat": ([FILLED], 0, (), ("differing", -75)),
    "the broker beyond": ([FILLED], -150, (), ("differing", -75)),
    "an order on its way explains it": ([ACCEPTED], -75, (), ("undecided", 0)),
    "part of an order on its way": ([ACCEPTED], -25, (), ("undecided", 0)),
    "more than the order on its way explains": ([ACCEPTED], -150, (), ("differing", 0)),
    "the other way than the order": ([ACCEPTED], 75, (), ("differing", 0)),
    "an order in doubt explains it": ([OutcomeUnknown(ID, "", NOW)], -75, (), ("undecided", 0)),
    "units moved meanwhile": ([FILLED], 0, (CE,), ("undecided", -75)),
}


@pytest.mark.parametrize(("heard", "net", "moved", "expected"), COMPARED.values(), ids=COMPARED)
def test_positions_differ_where_nothing_explains_it(heard, net, moved, expected):
    compared = compare(book(*heard), read(net=net), moved)
    where, ours = expected
    assert compared.agreeing == ((Pocket(CE),) if where == "agreeing" else ())
    assert compared.undecided == ((Pocket(CE),) if where == "undecided" else ())
    assert compared.differing == ((Difference(CE, ours, net),) if where == "differing" else ())


def test_positions_of_one_symbol_are_summed_by_product_and_flat_ones_left_out():
    told = ((CE, 75), (CE, 75), (CE, -75, Product.CARRY), ("X", 0))
    held = tuple(BrokerPosition(*each) for each in told)
    assert positions(AccountRead((), held, NOW)) == {
        Pocket(CE): 150,
        Pocket(CE, Product.CARRY): -75,
    }


def test_what_is_held_in_one_product_explains_nothing_that_is_missing_in_another():
    seen = AccountRead((), (BrokerPosition(CE, -75, Product.CARRY),), NOW)
    assert compare(book(FILLED), seen).differing == (
        Difference(CE, 0, -75, Product.CARRY),
        Difference(CE, -75, 0),
    )


def test_an_order_on_its_way_in_one_product_explains_no_position_of_another():
    seen = AccountRead((), (BrokerPosition(CE, -75, Product.CARRY),), NOW)
    compared = compare(book(ACCEPTED), seen)
    assert compared.differing == (Difference(CE, 0, -75, Product.CARRY),)
    assert compared.agreeing == (Pocket(CE),)


@pytest.mark.parametrize("product", Product)
def test_a_stranger_and_units_that_no_order_explains_stand_in_the_product_that_they_have(product):
    stranger = shown(State.FILLED, 75, client_id="", product=product)
    unknown = unexplained(Difference(CE, 0, -75, product), 100)
    for number, each in enumerate((stranger, unknown)):
        made = Book()
        for fact in external(f"EX:{number}", "paper", each, NOW):
            made.apply(fact)
        pocket = Pocket(CE, product)
        assert {of: tally.net for of, tally in made.pockets.items()} == {pocket: -75}
        assert made.position(EXTERNAL, pocket.leg_id).net_quantity == -75


@pytest.mark.parametrize("filled", [0, 25])
def test_a_stranger_stands_in_our_book_as_an_entry_of_nobodys_with_what_it_filled(filled):
    made = Book()
    for fact in external("EX:1", "paper", shown(filled=filled, client_id=""), NOW):
        made.apply(fact)
    order = made.order("EX:1")
    assert (order.intent.strategy_id, order.intent.leg_id) == (EXTERNAL, CE)
    assert (order.state, order.filled_quantity) == (State.WORKING, filled)
    assert made.net(CE) == -filled


PRICED = {
    "a limit": (shown(price_e4=90), OrderType.LIMIT, 90, 0),
    "a limit that has filled in part": (shown(filled=25, price_e4=90), OrderType.LIMIT, 90, 0),
    "a stop with a limit": (shown(price_e4=90, trigger_e4=95), OrderType.STOP_LIMIT, 90, 95),
    "one at the market": (shown(), OrderType.MARKET, 0, 0),
    "one at the market that has filled in part": (shown(filled=25), OrderType.MARKET, 0, 0),
    "a stop without a limit": (shown(trigger_e4=95), OrderType.MARKET, 0, 95),
    "one that is over": (
        shown(State.FILLED, 75, price_e4=90, trigger_e4=95),
        OrderType.LIMIT,
        100,
        0,
    ),
    "one that is gone": (shown(State.CANCELLED, 0, price_e4=90), OrderType.LIMIT, 0, 0),
}


@pytest.mark.parametrize("name", PRICED)
def test_a_stranger_stands_in_our_book_with_what_it_asks_while_it_works(name):
    stranger, order_type, price_e4, trigger_e4 = PRICED[name]
    intent = external("EX:1", "paper", stranger, NOW)[0].intent
    assert (intent.order_type, intent.price_e4, intent.trigger_e4) == (
        order_type,
        price_e4,
        trigger_e4,
    )


ASKED = {
    "its limit, which was not shown before": ({}, {"price_e4": 90}, Terms(0, 90)),
    "its trigger, which it did not have": (
        {"price_e4": 90},
        {"price_e4": 90, "trigger_e4": 95},
        Terms(0, 0, 95),
    ),
    "another limit": ({"price_e4": 90}, {"price_e4": 91}, Terms(0, 91)),
    "what we know as well": ({"price_e4": 90}, {"price_e4": 90}, None),
    "no limit any more": ({"price_e4": 90}, {}, None),
    "no trigger any more": (
        {"price_e4": 90, "trigger_e4": 95},
        {"price_e4": 90},
        Terms(0, 0, NO_TRIGGER),
    ),
    "a limit, and no trigger any more": (
        {"trigger_e4": 95},
        {"price_e4": 90},
        Terms(0, 90, NO_TRIGGER),
    ),
    "neither, or none that can be read": ({"price_e4": 90, "trigger_e4": 95}, {}, None),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_a_stranger_asks_anew_is_news_of_it(name):
    before, now, told = ASKED[name]
    made, own_id = Book(), external_id(Book(), "B1", NOW)
    for fact in external(own_id, "a", shown(client_id="", **before), NOW):
        made.apply(fact)
    found = news(made, read(shown(client_id="", **now)))
    assert [each.terms for each in found] == ([told] if told else [])


def test_a_strangers_stop_that_is_made_a_plain_limit_wakes_by_nothing_until_it_is_a_stop_again():
    """One that sleeps was supposed where a live limit rests, and an entry was let in against it."""
    made, own_id = Book(), external_id(Book(), "B1", NOW)
    stop, plain = ({"price_e4": 90, "trigger_e4": each} for each in (95, 0))
    for fact in external(own_id, "a", shown(client_id="", **stop), NOW):
        made.apply(fact)
    for at_ns, (asks, order_type) in enumerate(
        ((plain, OrderType.LIMIT), (stop, OrderType.STOP_LIMIT), (plain, OrderType.LIMIT)), NOW + 1
    ):
        seen = replace(read(shown(client_id="", **asks)), at_ns=at_ns)
        for fact in news(made, seen):
            made.apply(msgspec.json.decode(msgspec.json.encode(fact), type=OrderUpdated))
        order = made.order(own_id)
        assert (order.terms[1:], order.order_type) == (tuple(asks.values()), order_type)
        assert order.as_it_rests.trigger_e4 == asks["trigger_e4"]
        assert news(made, seen) == ()


def test_a_stranger_that_was_recorded_at_no_price_has_its_limit_by_the_next_reading():
    stranger = shown(client_id="", price_e4=90)
    made, own_id = Book(), external_id(Book(), "B1", NOW)
    recorded, update = external(own_id, "a", stranger, NOW)
    intent = replace(recorded.intent, order_type=OrderType.LIMIT, price_e4=0)
    for fact in (IntentRecorded(intent, NOW), update):
        made.apply(fact)
    assert made.order(own_id).price_e4 == 0
    for fact in news(made, read(stranger)):
        made.apply(fact)
    assert made.order(own_id).as_it_rests.price_e4 == 90
    assert news(made, read(stranger)) == ()


@pytest.mark.parametrize(("ours", "theirs", "side"), [(0, 75, Side.BUY), (75, 0, Side.SELL)])
def test_units_that_no_order_explains_stand_as_one_that_was_filled_at_the_newest_price(
    ours, theirs, side
):
    stands = unexplained(Difference(CE, ours, theirs), 100)
    assert (stands.side, stands.quantity, stands.state) == (side, 75, State.FILLED)
    assert (stands.filled_quantity, stands.filled_value_e4) == (75, 7_500)


FILLED = updated(State.FILLED, 75)


@pytest.mark.parametrize(
    ("heard", "orders", "behind"),
    [
        pytest.param([FILLED], [shown(State.FILLED, 75)], False, id="as much"),
        pytest.param([FILLED], [shown(filled=25)], True, id="fewer fills than we heard"),
        pytest.param([FILLED], [], True, id="not the order that filled"),
        pytest.param([ACCEPTED], [], False, id="not an order that filled nothing"),
        pytest.param([updated(State.FILLED, 75, number="")], [], False, id="what was adopted"),
        pytest.param(
            [updated(State.FILLED, 50), updated(State.FILLED, 25, number="B2")],
            [shown(State.FILLED, 50), shown(State.FILLED, 25, number="B2")],
            False,
            id="both orders of one intent",
        ),
    ],
)
def test_a_reading_with_fewer_fills_than_we_heard_is_older_and_proves_nothing(
    heard, orders, behind
):
    assert compare(book(*heard), read(*orders)).behind == ({CE} if behind else set())


def test_of_another_day_no_reading_is_asked_for_fills():
    tomorrow = replace(read(), at_ns=NOW + DAY_NS)

    assert compare(book(FILLED), tomorrow).behind == set()


SHARES = Pocket("SBIN", Product.CARRY)


@pytest.mark.parametrize(
    ("ours", "position", "owned", "counted"),
    [
        pytest.param(10, 0, 10, 10, id="carried over a night"),
        pytest.param(10, 0, 500, 10, id="beside those of the owner"),
        pytest.param(0, 0, 500, 0, id="the owner's alone"),
        pytest.param(10, 10, 500, 10, id="bought today"),
        pytest.param(0, -10, 500, 0, id="sold today"),
        pytest.param(10, -10, 10, 0, id="sold today, and not heard yet"),
        pytest.param(10, 0, 4, 4, id="fewer than our book has"),
    ],
)
def test_shares_of_earlier_days_are_held_as_far_as_our_book_has_them(
    ours, position, owned, counted
):
    made = Book()
    intent = replace(
        INTENT, symbol="SBIN", side=Side.BUY, quantity=max(ours, 1), product=Product.CARRY
    )
    made.apply(IntentRecorded(intent, NOW))
    made.apply(OrderUpdated(ID, "B1", State.CANCELLED, ours, ours, NOW))
    held, kept = ((BrokerPosition("SBIN", units, Product.CARRY),) for units in (position, owned))
    seen = with_ours(made, AccountRead((), held, NOW, kept))
    assert positions(seen).get(SHARES, 0) == counted


@pytest.mark.parametrize(
    ("strategy_id", "purpose", "strangers"),
    [
        (EXTERNAL, Purpose.ENTRY, True),
        (EXTERNAL, Purpose.EXIT, False),
        ("straddle", Purpose.ENTRY, False),
        ("straddle", Purpose.EXIT, False),
    ],
)
def test_an_exit_of_what_a_stranger_left_behind_is_ours(strategy_id, purpose, strangers):
    """So it is known by its number where a broker shows it without its id."""
    sent = replace(INTENT, strategy_id=strategy_id, purpose=purpose)
    known = book(IntentRecorded(sent, NOW), ACCEPTED)
    assert is_strangers(sent) is strangers
    assert numbered_in(known, "B1", NOW) == ("" if strangers else ID)
