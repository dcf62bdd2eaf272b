"""A fill is told at the price of its trades, else at its average, and at no price not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from daemon.brokers.zerodha import fills
from daemon.brokers.zerodha.fills import LATE_NS
from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import OrderUpdated, State
from daemon.messages import AccountRead
from tests.kit.kite_account import NOW, OTHERS, OURS, RECORD, KiteAccount, kite_account
from tests.kit.kite_script import HANGS, PAGE, no, yes

WHOLE = RECORD | {"status": "COMPLETE", "filled_quantity": 130, "average_price": 118.55}
BARE = WHOLE | {"average_price": 0}
HALF = RECORD | {"filled_quantity": 65, "average_price": 118.6}
FILL = {
    "trade_id": "1", "order_id": "15", "exchange": "NFO", "average_price": 118.65, "quantity": 65,
}  # fmt: skip
REST = FILL | {"trade_id": "2", "average_price": 118.5}
ROUNDED_E4, EXACT_E4 = 130 * 1_185_500, 65 * (1_186_500 + 1_185_000)
NONE = no(403, "PermissionException")


@pytest.fixture
async def account() -> AsyncIterator[KiteAccount]:
    async with kite_account() as made:
        await made.log_in()
        yield made


async def readings(account: KiteAccount, *scripts: dict[str, object]) -> list[tuple[object, ...]]:
    """What each of some readings tells, a second after one another."""
    told = []
    for script in scripts:
        for route, answer in script.items():
            account.script.on(route, answer)
        told.append(await account.broker.read())
        account.later(1)
    return told


def worth(read: AccountRead) -> list[tuple[State, int, int]]:
    """How the orders of a book stand."""
    return [(each.state, each.filled_quantity, each.filled_value_e4) for each in read.orders]


@pytest.mark.parametrize("lacking", [NONE, PAGE, yes([]), yes([FILL]), yes([FILL, REST, REST | {
    "trade_id": "3"}])], ids=["denied", "page", "none", "some", "more"])  # fmt: skip
async def test_a_fill_is_told_by_its_average_and_again_once_all_its_trades_are_there(
    account, lacking
):
    told = await readings(
        account,
        {"GET /orders": yes([WHOLE]), "GET /trades": lacking}, {},
        {"GET /trades": yes([FILL, REST])}, {},
    )  # fmt: skip

    at_ns = NOW + 2 * SECOND_NS
    assert [each[:-1] for each in told] == [
        (OrderUpdated(OURS, "15", State.FILLED, 130, ROUNDED_E4, NOW, quantity=130),),
        (),
        (OrderUpdated(OURS, "15", State.FILLED, 130, EXACT_E4, at_ns, quantity=130),),
        (),
    ]
    shown = [(State.FILLED, 130, ROUNDED_E4), (State.FILLED, 130, EXACT_E4)]
    assert [worth(each[-1]) for each in told] == [[shown[0]]] * 2 + [[shown[1]]] * 2


WRONG = (
    {"quantity": None}, {"quantity": {}}, {"average_price": "much"}, {"trade_id": None},
    {"quantity": 0.5}, {"quantity": -65}, {"average_price": "NaN"},
)  # fmt: skip
HIS = {"order_id": "9", "tag": None}


@pytest.mark.parametrize("wrong", [*WRONG, {"order_id": None}])
async def test_a_trade_of_another_order_that_cannot_be_understood_hides_no_price_of_ours(
    account, wrong
):
    """Such a one had all fills told by their averages, or failed the reading."""
    his = [FILL | {"order_id": "9", "trade_id": "7"} | wrong, FILL | HIS]
    account.script.on("GET /orders", yes([BARE | HIS, WHOLE]))
    account.script.on("GET /trades", yes([*his, FILL, REST]))
    told, read = await account.broker.read()
    (found,) = await account.broker.find(OURS)

    assert told.filled_value_e4 == found.filled_value_e4 == EXACT_E4
    assert worth(read) == [(State.WORKING, 0, 0), (State.FILLED, 130, EXACT_E4)]


@pytest.mark.parametrize("wrong", WRONG)
async def test_of_an_order_whose_trade_cannot_be_understood_the_average_is_told(account, wrong):
    account.script.on("GET /orders", yes([WHOLE]))
    account.script.on("GET /trades", yes([FILL, REST | wrong]))
    told, read = await account.broker.read()
    (found,) = await account.broker.find(OURS)

    assert told.filled_value_e4 == found.filled_value_e4 == ROUNDED_E4
    assert worth(read) == [(State.FILLED, 130, ROUNDED_E4)]


async def test_the_book_shows_no_more_than_the_trades_where_the_average_was_rounded_up(account):
    """Of two values for one fill the greater would stand."""
    up = WHOLE | {"average_price": 118.58}
    (told, read) = (await readings(account, {
        "GET /orders": yes([up]), "GET /trades": yes([FILL, REST])}))[0]  # fmt: skip
    assert told.filled_value_e4 == read.orders[0].filled_value_e4 == EXACT_E4


async def test_an_average_that_comes_to_be_another_is_told(account):
    first, second = await readings(
        account, {"GET /orders": yes([WHOLE]), "GET /trades": NONE},
        {"GET /orders": yes([WHOLE | {"average_price": 118.6}])},
    )  # fmt: skip
    assert [each[0].filled_value_e4 for each in (first, second)] == [ROUNDED_E4, 130 * 1_186_000]


async def test_an_order_is_found_by_its_average_where_its_trades_hang(account, monkeypatch):
    monkeypatch.setattr(fills, "_TRADES_MS", 50)
    account.script.on("GET /orders", yes([WHOLE]))
    account.script.on("GET /trades", HANGS)

    (found,) = await account.broker.find(OURS)
    assert (found.state, found.filled_value_e4) == (State.FILLED, ROUNDED_E4)


@pytest.mark.parametrize("status", ["COMPLETE", "CANCELLED", "OPEN"])
@pytest.mark.parametrize("lacking", [NONE, yes([]), yes([FILL])], ids=["denied", "none", "some"])
@pytest.mark.parametrize("average", [0, None])
async def test_a_fill_of_which_nobody_tells_the_price_is_not_told_yet_and_all_else_is(
    account, status, lacking, average
):
    bare = BARE | {"status": status, "average_price": average}
    other = WHOLE | {"order_id": "16", "tag": OTHERS}
    account.script.on("GET /orders", yes([bare, other]))
    account.script.on("GET /trades", lacking)
    (found,) = await account.broker.find(OURS)
    told, read = await account.broker.read()

    assert (found.state, found.filled_quantity) == (State.WORKING, 0)
    assert found.text == "130 filled, and the broker does not tell yet at which price"
    assert (told.intent_id, told.filled_quantity) == (OTHERS, 130)
    assert worth(read) == [(State.WORKING, 0, 0), (State.FILLED, 130, ROUNDED_E4)]

    account.later(1)
    account.script.on("GET /trades", yes([FILL, REST]))
    told, read = await account.broker.read()
    state = {"COMPLETE": State.FILLED, "CANCELLED": State.CANCELLED, "OPEN": State.WORKING}[status]
    assert (told.state, told.filled_value_e4) == (state, EXACT_E4)
    assert worth(read)[0] == (state, 130, EXACT_E4)


async def test_a_fill_without_a_price_leaves_its_order_where_it_was_told_before(account):
    _, (second,), (told, third) = await readings(
        account, {"GET /orders": yes([HALF]), "GET /trades": yes([FILL])},
        {"GET /orders": yes([BARE])}, {"GET /orders": yes([WHOLE])},
    )  # fmt: skip
    assert worth(second) == [(State.WORKING, 65, 65 * 1_186_500)]
    assert (told.state, told.filled_value_e4) == (State.FILLED, ROUNDED_E4)
    assert worth(third) == [(State.FILLED, 130, ROUNDED_E4)]


async def test_a_price_that_was_told_stands_where_it_is_told_no_more(account):
    _, (told, read) = await readings(
        account, {"GET /orders": yes([HALF]), "GET /trades": NONE},
        {"GET /orders": yes([HALF | {"status": "CANCELLED", "average_price": 0}])},
    )  # fmt: skip
    assert (told.state, told.filled_value_e4) == (State.CANCELLED, 65 * 1_186_000)
    assert worth(read) == [(State.CANCELLED, 65, 65 * 1_186_000)]


async def test_a_strangers_fill_without_an_average_is_told_by_its_trades_alone(account):
    his = BARE | {"order_id": "9", "tag": None, "transaction_type": "BUY"}
    sold = [each | {"order_id": "9"} for each in (FILL, REST)]
    (first,), (second,), (third,) = await readings(
        account, {"GET /orders": yes([his]), "GET /trades": yes(sold[:1])},
        {"GET /trades": yes(sold)}, {"GET /orders": yes([his | {"average_price": 118.58}])},
    )  # fmt: skip
    exact = [(State.FILLED, 130, EXACT_E4)]
    assert [worth(first), worth(second), worth(third)] == [[(State.WORKING, 0, 0)], exact, exact]


async def test_the_trades_are_asked_for_no_average_of_a_stranger(account):
    account.script.on("GET /orders", yes([WHOLE | {"tag": "his"}]))
    (read,) = await account.broker.read()
    assert worth(read) == [(State.FILLED, 130, ROUNDED_E4)]
    assert "GET /trades" not in account.script.routes()


async def test_a_fill_that_stays_without_a_price_is_named_once_a_person_is_to_know(account):
    account.script.on("GET /orders", yes([BARE]))
    told = []
    for seconds in (0, LATE_NS // SECOND_NS - 1, 1):
        account.later(seconds)
        told.append((await account.broker.read())[-1].unpriced)
    account.script.on("GET /orders", yes([WHOLE]))
    told.append((await account.broker.read())[-1].unpriced)
    assert told == [(), (), ("15",), ()]


async def test_what_left_the_book_is_forgotten(account):
    *_, (read,) = await readings(
        account, {"GET /orders": yes([BARE])}, {"GET /orders": yes([])},
        *[{}] * (LATE_NS // SECOND_NS),
        {"GET /orders": yes([BARE])},
    )  # fmt: skip
    assert read.unpriced == ()
