"""An order under a status that nobody knows stands where its own states say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from daemon.brokers.door import Door
from daemon.brokers.zerodha.statuses import MOST_OTHERS
from daemon.domain.orders.words import OrderUpdated, Refusal, State
from daemon.errors import SessionRefused, WireGarbled
from daemon.messages import AccountRead, AccountUnread, FindOrder, ReadAccount
from tests.kit.kite_account import NOW, OURS, RECORD, KiteAccount, kite_account
from tests.kit.kite_script import DEAD, no, yes

STATES = "GET /orders/15"
UNTOLD = RECORD | {"status": "UPDATE"}
PARTLY = RECORD | {"status": "PARTIALLY FILLED", "filled_quantity": 65, "average_price": 118.65}
FILL = {
    "trade_id": "1", "order_id": "15", "exchange": "NFO", "average_price": 118.65, "quantity": 65,
}  # fmt: skip


@pytest.fixture
async def account() -> AsyncIterator[KiteAccount]:
    async with kite_account() as made:
        await made.log_in()
        yield made


@pytest.mark.parametrize(
    ("states", "state"),
    [([RECORD, RECORD | {"status": "CANCELLED"}, UNTOLD], State.CANCELLED),
     ([RECORD, UNTOLD], State.WORKING), ([UNTOLD], State.WORKING), ([], State.WORKING)],
)  # fmt: skip
async def test_its_newest_state_that_says_something_counts(account, states, state):
    account.script.on("GET /orders", yes([UNTOLD]))
    account.script.on(STATES, yes(states))
    assert (await account.broker.find(OURS))[0].state is state


async def test_no_fill_is_lost_to_an_older_state(account):
    account.script.on("GET /orders", yes([PARTLY]))
    account.script.on(STATES, yes([RECORD | {"status": "PUT ORDER REQ RECEIVED"}, RECORD, PARTLY]))
    account.script.on("GET /trades", yes([FILL]))
    told, read = await account.broker.read()

    assert told == OrderUpdated(OURS, "15", State.WORKING, 65, 65 * 1_186_500, NOW, quantity=130)
    assert (read.orders[0].state, read.orders[0].filled_quantity) == (State.WORKING, 65)


async def test_a_fill_that_only_its_states_show_counts(account):
    whole = RECORD | {"status": "COMPLETE", "filled_quantity": 130, "average_price": 118.65}
    account.script.on("GET /orders", yes([PARTLY]))
    account.script.on(STATES, yes([RECORD, PARTLY, whole]))
    (told, _) = await account.broker.read()
    assert (told.state, told.filled_quantity) == (State.FILLED, 130)


async def test_the_reason_of_a_rejection_that_only_its_states_name_is_told(account):
    refused = RECORD | {"status": "REJECTED", "status_message": "freeze quantity"}
    account.script.on("GET /orders", yes([UNTOLD]))
    account.script.on(STATES, yes([RECORD, refused, UNTOLD]))
    (told,) = await account.broker.find(OURS)
    assert (told.state, told.kind) == (State.REJECTED, Refusal.FREEZE)


async def test_an_order_that_stays_as_it_is_is_asked_about_once(account):
    account.script.on("GET /orders", yes([PARTLY]))
    account.script.on(STATES, yes([RECORD, PARTLY]))
    for _ in range(2):
        await account.broker.read()
        account.later(1)
    assert account.script.routes().count(STATES) == 1

    account.script.on("GET /orders", yes([PARTLY | {"filled_quantity": 70}]))
    await account.broker.read()
    assert account.script.routes().count(STATES) == 2


async def test_states_that_say_nothing_are_asked_for_again(account):
    account.script.on("GET /orders", yes([UNTOLD]))
    account.script.on(STATES, yes([UNTOLD]), yes([RECORD | {"status": "CANCELLED"}]))
    assert (await account.broker.find(OURS))[0].state is State.WORKING
    account.later(1)
    assert (await account.broker.find(OURS))[0].state is State.CANCELLED


async def test_states_that_cannot_be_read_leave_the_book_unread(account):
    account.script.on("GET /orders", yes([UNTOLD]))
    account.script.on(STATES, no(403, "PermissionException"))
    (told,) = await Door(account.broker, account.clock.now_ns, lambda *_: "").ask(ReadAccount())
    assert isinstance(told, AccountUnread)


HIS = RECORD | {"order_id": "99", "tag": None}
HIS_STATES = "GET /orders/99"
HALF_A_UNIT = {"filled_quantity": 0.5}


@pytest.mark.parametrize(
    ("his", "states", "because"),
    [
        ({"status": "UPDATE"}, no(400, "InputException", "no such order"), "no such order"),
        ({"status": "UPDATE"}, yes([HIS | HALF_A_UNIT]), "counts 0.5 units"),
        ({"status": "UPDATE"} | HALF_A_UNIT, yes([HIS]), "counts 0.5 units"),
        (HALF_A_UNIT, yes([HIS]), "counts 0.5 units"),
        ({"filled_quantity": "NaN"}, yes([HIS]), "holds the number NaN"),
        ({"filled_quantity": "Infinity"}, yes([HIS]), "holds the number Infinity"),
        ({"quantity": 0.5}, yes([HIS]), "counts 0.5 units"),
        ({"quantity": -1}, yes([HIS]), "is told to be of -1 units"),
    ],
)
async def test_a_fill_is_told_and_found_though_an_order_of_somebody_else_cannot_be_understood(
    account, his, states, because
):
    """None of ours was heard of for as long as that order stood in the book."""
    whole = RECORD | {"status": "COMPLETE", "filled_quantity": 130, "average_price": 118.65}
    account.script.on("GET /orders", yes([HIS | his, whole]))
    account.script.on(HIS_STATES, states)
    told, unread = await account.broker.read()
    (found,) = await account.broker.find(OURS)

    assert [(each.state, each.filled_quantity) for each in (told, found)] == [
        (State.FILLED, 130)
    ] * 2
    assert isinstance(unread, AccountUnread)
    assert unread.because.startswith("order 99, which is not ours, cannot be understood: ")
    assert unread.because.endswith(because)


@pytest.mark.parametrize(
    ("his", "told"),
    [
        (HIS | {"quantity": None}, "order 99, which bears no tag that can be read,"),
        (HIS | {"quantity": "many", "tag": "his"}, "order 99, which is not ours,"),
        (HIS | {"tag": 7}, "order 99, which bears no tag that can be read,"),
        ({"tag": None}, "order ?, which bears no tag that can be read,"),
        ("no order at all", "order ?, which bears no tag that can be read,"),
    ],
)
async def test_a_fill_is_told_and_found_beside_a_record_that_cannot_be_read(account, his, told):
    """One such record failed the whole answer, so nothing of ours was heard meanwhile."""
    whole = RECORD | {"status": "COMPLETE", "filled_quantity": 130, "average_price": 118.65}
    account.script.on("GET /orders", yes([his, whole]))
    filled, unread = await account.broker.read()
    (found,) = await account.broker.find(OURS)

    assert [(each.state, each.filled_quantity) for each in (filled, found)] == [
        (State.FILLED, 130)
    ] * 2
    assert isinstance(unread, AccountUnread)
    assert unread.because.startswith(f"{told} cannot be understood: ")

    account.later(1)
    account.script.on("GET /orders", yes([HIS, whole]))
    assert isinstance((await account.broker.read())[-1], AccountRead)


@pytest.mark.parametrize("his", [{"quantity": None}, {"tag": 7}, HALF_A_UNIT])
async def test_no_order_of_ours_is_told_not_to_be_there_beside_one_that_cannot_be_understood(
    account, his
):
    """It may be ours: that it bears no id of ours is no more to be believed than the rest of it."""
    account.script.on("GET /orders", yes([HIS | his]))
    with pytest.raises(WireGarbled, match="order 99"):
        await account.broker.find(OURS)
    door = Door(account.broker, account.clock.now_ns, lambda *_: "")
    assert await door.ask(FindOrder(OURS)) == ()


@pytest.mark.parametrize(
    "ours",
    [
        {"quantity": None},
        {"quantity": None, "tag": None, "tags": [7, OURS]},
        {"quantity": None, "tag": {"id": OURS}},
        {"quantity": None, "average_price": 10**400, "tag": None, "order_id": OURS},
        {"quantity": None, "tag": None},
        {"quantity": None, "tag": "another's"},
        {"filled_quantity": 0.5, "tag": None},
    ],
)
async def test_an_order_of_ours_that_cannot_be_understood_leaves_the_book_unread(account, ours):
    """It is ours by an id anywhere in its record, or by its number where the id is lost with it."""
    account.script.on("GET /orders", yes([RECORD]), yes([RECORD]), yes([RECORD | ours]))
    assert isinstance((await account.broker.read())[-1], AccountRead)
    account.later(1)
    for ask in (account.broker.read, lambda: account.broker.find(OURS)):
        with pytest.raises(
            WireGarbled, match=f"order (15|{OURS})(, which is ours:| is ours by its number;)"
        ):
            await ask()


@pytest.mark.parametrize("tag", [None, "", "another's"])
async def test_an_order_of_ours_whose_record_has_lost_its_tag_is_known_by_its_number(account, tag):
    """It was shown as somebody else's, whose fill closes a leg of ours in our book."""
    filled = RECORD | {"filled_quantity": 65, "average_price": 118.65, "tag": tag}
    account.script.on("GET /orders", yes([RECORD]), yes([RECORD]), yes([filled]))
    await account.broker.read()
    account.later(1)
    told, read = await account.broker.read()
    (found,) = await account.broker.find(OURS)

    assert [each.client_id for each in read.orders] == [OURS]
    assert [(each.intent_id, each.filled_quantity) for each in (told, found)] == [(OURS, 65)] * 2


async def test_a_book_that_cannot_be_read_whole_makes_no_order_of_ours_be_forgotten(account):
    """What cannot be read may be that very order."""
    filled = RECORD | {"filled_quantity": 65, "average_price": 118.65, "tag": None}
    account.script.on("GET /orders", *[yes([RECORD])] * 2, *[yes([None])] * 2, yes([filled]))
    await account.broker.read()
    account.later(1)
    assert isinstance((await account.broker.read())[-1], AccountUnread)
    account.later(1)
    told, read = await account.broker.read()

    assert (told.intent_id, told.filled_quantity) == (OURS, 65)
    assert [each.client_id for each in read.orders] == [OURS]


async def test_an_order_that_left_the_book_is_not_known_by_its_number_any_more(account):
    """A broker may give a number again on another day."""
    account.script.on("GET /orders", *[yes([RECORD])] * 2, *[yes([])] * 2, yes([HIS | {
        "order_id": "15"}]))  # fmt: skip
    for shown in ([OURS], [], [""]):
        read = (await account.broker.read())[-1]
        assert [each.client_id for each in read.orders] == shown
        account.later(1)


async def test_an_order_of_somebody_else_counts_again_once_it_can_be_understood(account):
    account.script.on("GET /orders", yes([HIS | {"status": "UPDATE"}]))
    account.script.on(HIS_STATES, no(400, "InputException"))
    assert isinstance((await account.broker.read())[-1], AccountUnread)
    account.later(1)
    account.script.on(HIS_STATES, yes([HIS | {"status": "CANCELLED"}]))
    read = (await account.broker.read())[-1]
    assert [each.state for each in read.orders] == [State.CANCELLED]


async def test_after_one_that_cannot_be_read_no_other_of_somebody_else_is_asked_about(account):
    """The account is unread by it, so they would only take time from the news of ours."""
    others = [HIS | {"order_id": number, "status": "UPDATE"} for number in ("98", "99")]
    account.script.on("GET /orders", yes([*others, UNTOLD]))
    account.script.on("GET /orders/98", no(400, "InputException"))
    account.script.on(STATES, yes([RECORD | {"status": "CANCELLED"}]))
    assert (await account.broker.find(OURS))[0].state is State.CANCELLED
    assert HIS_STATES not in account.script.routes()


@pytest.mark.parametrize("filled", [0.5, "NaN", "Infinity"])
async def test_an_order_of_ours_that_counts_what_cannot_be_leaves_the_book_unread(account, filled):
    account.script.on("GET /orders", yes([RECORD | {"filled_quantity": filled}]))
    with pytest.raises(WireGarbled):
        await account.broker.read()


async def test_a_session_that_dies_as_a_strangers_states_are_read_is_told_as_that(account):
    account.script.on("GET /orders", yes([HIS | {"status": "UPDATE"}]))
    account.script.on(HIS_STATES, DEAD)
    with pytest.raises(SessionRefused):
        await account.broker.read()


async def test_many_orders_of_strangers_under_unknown_words_take_no_reading_its_time(
    account, monkeypatch
):
    """Each is shown as one that may still fill until it was asked about."""

    async def pause(seconds: float) -> None:
        account.host.advance(int(seconds * 10**9))

    monkeypatch.setattr(account, "pause", pause)
    for turns in account.client._turns.values():
        monkeypatch.setattr(turns, "_sleep", pause)
    count = 2 * MOST_OTHERS + 5
    others = [UNTOLD | {"order_id": str(100 + n), "tag": None} for n in range(count)]
    account.script.on("GET /orders", yes([*others, UNTOLD]))
    for each in (*others, RECORD):
        states = yes([each | {"status": "CANCELLED"}])
        account.script.on(f"GET /orders/{each['order_id']}", states)

    left = []
    for _ in range(2):
        read = (await account.broker.read())[-1]
        assert isinstance(read, AccountRead)
        assert read.orders[-1].state is State.CANCELLED, "ours is asked about before all others"
        left.append(sum(each.state is State.WORKING for each in read.orders))
    assert left == [count - 2 * MOST_OTHERS, 0]
