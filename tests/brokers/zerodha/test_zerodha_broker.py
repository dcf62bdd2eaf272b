"""An account at Zerodha is spoken to as any broker is; what it shows is evidence, or nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest
from aiohttp import TCPConnector
from msgspec.structs import replace

from daemon.brokers.door import Door
from daemon.brokers.zerodha import broker
from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.domain.market.frames import Quote
from daemon.domain.market.polled import Stamped
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import (
    OrderAccepted,
    OrderRefused,
    OrderUpdated,
    Product,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.domain.orders.words import OutcomeUnknown as Unknown
from daemon.errors import (
    BrokerError,
    BrokerMisused,
    BrokerUnavailable,
    SessionRefused,
)
from daemon.messages import (
    AccountRead,
    AccountUnread,
    BrokerPosition,
    CancelAnswered,
    LoggedIn,
    MarginRead,
    OrderNotFound,
    Place,
)
from daemon.telemetry.redaction import Secret
from tests.kit.kite_account import (
    CALL,
    CONTRACTS,
    GRANTED,
    NOW,
    OTHERS,
    OURS,
    RECORD,
    KiteAccount,
    approved,
    kite_account,
)
from tests.kit.kite_script import CLOSES, DEAD, HANGS, PAGE, Answer, Asked, no, yes

FILL = {
    "trade_id": "1", "order_id": "15", "exchange": "NFO", "average_price": 118.65, "quantity": 65,
}  # fmt: skip
HALF = RECORD | {"filled_quantity": 65, "average_price": 118.6}
HELD = {
    "exchange": "NFO", "tradingsymbol": "NIFTY26AUG24350CE", "quantity": -65, "product": "MIS",
}  # fmt: skip


@pytest.fixture
async def account() -> AsyncIterator[KiteAccount]:
    async with kite_account() as made:
        await made.log_in()
        yield made


async def test_an_order_is_taken_under_its_tag(account):
    assert await account.broker.place(approved()) == (OrderAccepted(OURS, "15", NOW),)
    (asked,) = account.script.asked
    assert parse_qs(asked.body.decode())["tag"] == [OURS]
    assert parse_qs(asked.body.decode())["product"] == ["MIS"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (no(400, "MarginException"), Refusal.MARGIN),
        (no(400, "InputException", "freeze quantity"), Refusal.FREEZE),
        (no(429, "NetworkException"), Refusal.RATE),
        (DEAD, Refusal.SESSION),
        (no(400, "InputException", "timed out"), None),
        (no(500, "OrderException"), None),
        (PAGE, None),
        (Answer(302, headers={"Location": "/else"}), None),
    ],
)
async def test_a_no_is_believed_where_the_codec_names_it(account, answer, kind):
    account.script.on("POST /orders/regular", answer)
    (told,) = await account.broker.place(approved())

    assert type(told) is (Unknown if kind is None else OrderRefused)
    assert kind is None or told.kind is kind
    assert len(account.script.asked) == 1


async def test_orders_that_alone_are_refused_for_the_session_lead_to_a_person_and_not_to_log_ins(
    account,
):
    """The log-in found the session standing each time, and the next order ended it again."""
    account.script.on("POST /orders/regular", DEAD)
    kinds = []
    for generation in range(2, 8):
        (told,) = await account.broker.place(approved())
        kinds.append(told.kind)
        if account.client.session is None:
            assert isinstance((await account.broker.log_in(generation))[0], LoggedIn)
    assert kinds == [Refusal.SESSION] * 2 + [Refusal.OTHER] * 4
    assert told.text.endswith("; everything else is answered under the same session")
    assert account.refused == [1, 2]

    account.script.on("POST /orders/regular", no(400, "MarginException"))
    assert (await account.broker.place(approved()))[0].kind is Refusal.MARGIN


async def test_an_order_that_may_have_been_placed_is_in_doubt_however_often_orders_are_refused(
    account,
):
    """From the third time on it was told as refused: an exit that may have landed left again."""
    said = "Request timed out. The order may have been placed; check before placing again."
    account.script.on("POST /orders/regular", no(403, "TokenException", said))
    for _ in range(4):
        assert type((await account.broker.place(approved()))[0]) is Unknown
    assert account.refused == []

    account.script.on("POST /orders/regular", DEAD)
    for generation in range(2, 5):
        (told,) = await account.broker.place(approved())
        if account.client.session is None:
            await account.broker.log_in(generation)
    assert told.kind is Refusal.OTHER
    account.script.on("POST /orders/regular", no(403, "TokenException", said))
    assert type((await account.broker.place(approved()))[0]) is Unknown


@pytest.mark.parametrize("purpose", [Purpose.ENTRY, Purpose.EXIT])
async def test_an_order_whose_deadline_passes_while_a_connection_is_made_is_refused_and_stays(
    account, monkeypatch, purpose
):
    connect = TCPConnector.connect

    async def slow(*args, **named):
        account.later(2)
        return await connect(*args, **named)

    monkeypatch.setattr(TCPConnector, "connect", slow)
    door = Door(account.broker, account.clock.now_ns, lambda *_: "")
    (told,) = await door.ask(Place(approved(purpose=purpose)))

    assert type(told) is OrderRefused
    assert "its deadline passed before there was a connection" in told.text
    assert account.script.asked == []


async def test_a_contract_that_the_broker_does_not_list_is_refused_here(account):
    (told,) = await account.broker.place(approved(symbol="NIFTY-2026-08-25-24400-CE"))

    assert (told.kind, account.script.asked) == (Refusal.UNSENT, [])
    assert told.text == "nothing was sent: Zerodha lists no NIFTY-2026-08-25-24400-CE"


async def test_the_contracts_of_another_day_serve_exits_alone(account):
    account.later(DAY_NS // SECOND_NS)
    (told,) = await account.broker.place(approved())

    assert "the contracts are those of 2026-08-18" in told.text
    late_ns = account.clock.now_ns() + SECOND_NS
    (taken,) = await account.broker.place(approved(purpose=Purpose.EXIT, deadline_ns=late_ns))
    assert isinstance(taken, OrderAccepted)


@pytest.mark.parametrize("answer", [PAGE, CLOSES, yes({})])
async def test_where_the_contracts_of_the_day_do_not_come_the_account_is_read_by_earlier_ones(
    account, answer
):
    account.later(DAY_NS // SECOND_NS)
    account.script.on("GET /instruments", answer)
    account.script.on("GET /portfolio/positions", yes({"net": [HELD]}))
    account.kept.keep("access_token", Secret(f"{NOW + 2 * DAY_NS} {GRANTED}"))
    (told,) = await account.broker.log_in(2)
    account.later(1)
    read = (await account.broker.read())[-1]

    assert isinstance(told, LoggedIn)
    assert read.positions == (BrokerPosition(CALL, -65),)
    assert "the contracts are those of 2026-08-18" in account.contracts.objection(NOW + DAY_NS)


@pytest.mark.parametrize(("purpose", "leaves"), [(Purpose.ENTRY, False), (Purpose.EXIT, True)])
async def test_what_the_broker_trades_in_other_lots_is_left_and_never_entered(
    account, purpose, leaves
):
    """An entry of one lot by our tables was two of the broker's, and left all the same."""
    other = CONTRACTS.replace(",65,CE,", ",30,CE,")
    account.script.on("GET /instruments", Answer(200, other.encode(), "text/csv"))
    account.later(DAY_NS // SECOND_NS)
    await account.log_in()
    asked = approved(purpose=purpose, deadline_ns=NOW + 2 * DAY_NS)
    (told,) = await account.broker.place(asked)

    assert ("POST /orders/regular" in account.script.routes()) is leaves
    assert isinstance(told, OrderAccepted if leaves else OrderRefused)
    if not leaves:
        assert told.text.startswith(f"nothing was sent: Zerodha trades {CALL} in lots of 30")


async def test_what_the_file_of_the_day_lacks_is_held_under_its_symbol_left_and_never_entered(
    account,
):
    """Without its line a short option was of a foreign name: it had no stop, and no exit left."""
    of_call = next(line for line in CONTRACTS.splitlines() if "NIFTY26AUG24350CE" in line)
    others = [
        of_call.replace("24350", str(strike)).replace("12517890", str(strike))
        for strike in (24_400, 24_450, 24_500)
    ]
    whole = "\n".join([CONTRACTS.strip(), *others, ""])
    for text in (whole, whole.replace(f"{of_call}\n", "")):
        account.script.on("GET /instruments", Answer(200, text.encode(), "text/csv"))
        account.later(DAY_NS // SECOND_NS)
        await account.log_in()
    account.script.on("GET /portfolio/positions", yes({"net": [HELD]}))

    assert account.contracts.objection(account.clock.now_ns()) == ""
    assert (await account.broker.read())[-1].positions == (BrokerPosition(CALL, -65),)
    late_ns = account.clock.now_ns() + SECOND_NS
    (refused,) = await account.broker.place(approved(deadline_ns=late_ns))
    (taken,) = await account.broker.place(approved(purpose=Purpose.EXIT, deadline_ns=late_ns))
    assert refused.text.startswith(f"nothing was sent: Zerodha lists no {CALL} any more")
    assert isinstance(taken, OrderAccepted)


async def test_a_reading_does_not_wait_for_contracts_that_are_long_in_coming(account, monkeypatch):
    monkeypatch.setattr(broker, "_LATE_S", 0.05)
    account.later(DAY_NS // SECOND_NS)
    asked, come = asyncio.Event(), asyncio.Event()

    async def fetched(*_: object) -> None:
        asked.set()
        await come.wait()

    monkeypatch.setattr(account.contracts, "_fetch", fetched)
    reading = asyncio.create_task(account.broker.read())
    await asked.wait()
    assert isinstance((await reading)[-1], AccountRead)
    come.set()


async def test_without_a_session_an_order_is_refused_and_a_cancellation_fails_at_once(account):
    account.script.on("POST /orders/regular", DEAD)
    await account.broker.place(approved())
    (told,) = await account.broker.place(approved())

    assert (told.kind, len(account.script.asked)) == (Refusal.SESSION, 1)
    with pytest.raises(SessionRefused):
        await account.broker.cancel(OURS, "15")
    assert account.refused == [1, 1, 1]


async def test_an_order_is_cancelled_under_its_own_variety(account):
    script = account.script
    script.on("DELETE /orders/regular/15", yes({"order_id": "15"}))
    script.on("DELETE /orders/co/16", no(400, "OrderException", "is done"))
    script.on("GET /orders", yes([RECORD | {"order_id": "16", "variety": "co",
                                           "parent_order_id": "14"}]))  # fmt: skip
    assert await account.broker.cancel(OURS, "15") == (CancelAnswered(OURS, True, "", NOW),)
    await account.broker.find(OURS)
    (told,) = await account.broker.cancel("EX:16", "16")

    assert told == CancelAnswered("EX:16", False, "OrderException: is done", NOW)
    assert script.asked[-1].path.endswith("?parent_order_id=14")


async def test_an_order_is_found_by_its_tag_with_the_value_of_its_trades(account):
    account.script.on("GET /orders", yes([RECORD | {"order_id": "1", "tag": OTHERS}, HALF]))
    account.script.on("GET /trades", yes([FILL]))

    assert await account.broker.find(OURS) == (
        OrderUpdated(OURS, "15", State.WORKING, 65, 65 * 1_186_500, NOW, quantity=130),
    )


@pytest.mark.parametrize("bad", [PAGE, CLOSES, Answer(200, b"[]"), yes({"not": "a book"})])
async def test_absence_is_told_only_from_a_book_that_was_read(account, bad):
    assert await account.broker.find(OURS) == (OrderNotFound(OURS, NOW),)
    account.later(1)
    account.script.on("GET /orders", bad)
    with pytest.raises(BrokerError, match="Zerodha"):
        await account.broker.find(OURS)


DOWN = b'{"status":"error","message":"down","data":%b}'
"""An error that names no kind, around what is no error."""


async def test_an_error_that_names_no_kind_is_no_empty_book(account):
    account.script.on("GET /orders", Answer(200, DOWN % b"[]"))
    with pytest.raises(BrokerUnavailable, match="down"):
        await account.broker.read()


async def test_an_error_that_names_no_kind_is_not_flat(account):
    account.script.on("GET /portfolio/positions", Answer(200, DOWN % b'{"net":[],"day":[]}'))
    (unread,) = await account.broker.read()

    assert isinstance(unread, AccountUnread)
    assert "down" in unread.because


async def test_several_look_ups_within_a_second_share_one_book(account):
    account.script.on("GET /orders", yes([RECORD]))
    found = await asyncio.gather(*(account.broker.find(each) for each in (OURS, OTHERS, OURS)))

    assert [type(each[0]) for each in found] == [OrderUpdated, OrderNotFound, OrderUpdated]
    assert account.script.routes() == ["GET /orders"]
    account.later(1)
    await account.broker.find(OURS)
    assert account.script.routes() == ["GET /orders"] * 2


async def test_who_waited_in_line_for_a_slow_book_takes_what_was_asked_for_meanwhile(
    account, monkeypatch
):
    """Each asked for his own, and all but the first were called off before it came."""
    read = account.client.read

    async def slow(*asked):
        account.later(4)
        return await read(*asked)

    monkeypatch.setattr(account.client, "read", slow)
    account.script.on("GET /orders", yes([]), yes([RECORD]))
    told = await asyncio.gather(*(account.broker.find(OURS) for _ in range(5)))

    assert [type(each[0]) for each in told] == [OrderNotFound, *[OrderUpdated] * 4]
    assert account.script.routes() == ["GET /orders"] * 2
    await account.broker.find(OURS)
    assert len(account.script.asked) == 3, "what was asked for before he came is no news to him"


async def test_a_book_from_before_a_write_serves_none_where_the_next_could_not_be_read(account):
    await account.broker.find(OURS)
    await account.broker.place(approved())
    account.script.on("GET /orders", PAGE)
    for _ in range(2):
        with pytest.raises(BrokerUnavailable):
            await account.broker.find(OURS)


async def test_a_book_that_a_write_overtook_serves_no_look_up(account):
    def meanwhile(_: Asked) -> Answer:
        account.client.writes += 1
        return yes([])

    account.script.on("GET /orders", meanwhile, yes([RECORD]))
    await account.broker.find(OURS)

    assert isinstance((await account.broker.find(OURS))[0], OrderUpdated)


async def test_a_book_that_could_not_be_read_leaves_none_behind(account):
    account.script.on("GET /orders", yes([RECORD]))
    await account.broker.find(OURS)
    account.later(1)
    account.script.on("GET /orders", PAGE)
    for _ in range(2):
        with pytest.raises(BrokerUnavailable):
            await account.broker.find(OURS)


async def test_the_account_is_read_with_what_is_held_last(account):
    strange = RECORD | {"order_id": "9", "exchange": "MCX", "tradingsymbol": "GOLD", "tag": "x",
                        "filled_quantity": 1, "quantity": 1, "average_price": 9}  # fmt: skip
    gold = {"exchange": "MCX", "tradingsymbol": "GOLD", "quantity": 1, "product": "MIS"}
    account.script.on("GET /orders", yes([HALF, strange]))
    account.script.on("GET /trades", yes([FILL]))
    account.script.on("GET /portfolio/positions", yes({"net": [HELD, gold], "day": []}))
    told = await account.broker.read()
    again = await account.broker.read()

    assert told[0] == OrderUpdated(OURS, "15", State.WORKING, 65, 65 * 1_186_500, NOW, quantity=130)
    read = told[1]
    assert isinstance(read, AccountRead)
    assert read.positions == (BrokerPosition(CALL, -65), BrokerPosition("MCX:GOLD", 1))
    assert [each.symbol for each in read.orders] == [CALL, "MCX:GOLD"]
    assert again == (read,)


async def test_the_reason_of_a_rejection_is_told_before_the_book_that_shows_it_and_once(account):
    said = "17070 : The Price is out of the current execution range"
    refused = RECORD | {"status": "REJECTED", "status_message": said}
    account.script.on("GET /orders", yes([refused, refused | {"order_id": "9", "tag": "x"}]))
    (told, read) = await account.broker.read()
    (again,) = await account.broker.read()

    assert told == OrderUpdated(OURS, "15", State.REJECTED, 0, 0, NOW, Refusal.BAND, said)
    assert isinstance(read, AccountRead)
    assert again == read
    assert "GET /trades" not in account.script.routes()


async def test_a_fill_is_told_though_another_order_of_the_book_cannot_be_understood(account):
    """It was taken for told, and then nothing told of it for as long as that order was shown."""
    partly = RECORD | {"filled_quantity": 65, "average_price": 118.65}
    odd = RECORD | {"order_id": "16", "tag": None, "transaction_type": "SWAP"}
    account.script.on("GET /orders", yes([partly, odd]))
    told, unread = await account.broker.read()
    account.later(1)
    (again,) = await account.broker.read()

    assert (told.broker_order_id, told.filled_quantity) == ("15", 65)
    assert (type(unread), type(again)) == (AccountUnread, AccountUnread)
    assert unread.because == "order 16 is to 'SWAP'"


@pytest.mark.parametrize(
    "his",
    [{"transaction_type": "SWAP"}, {"quantity": "q"}, {"status": "REJECTED", "quantity": 0.5}],
)
async def test_beside_an_order_of_somebody_else_that_cannot_be_understood_the_rest_is_a_part(
    account, his
):
    odd = RECORD | {"order_id": "16", "tag": "his"} | his
    account.script.on("GET /orders", yes([odd, HALF]))
    account.script.on("GET /portfolio/positions", yes({"net": [HELD], "day": []}))
    unread = (await account.broker.read())[-1]
    assert isinstance(unread, AccountUnread)
    assert unread.because.startswith("order 16")

    account.later(1)
    account.script.on("GET /orders", yes([HALF]))
    whole = (await account.broker.read())[-1]
    assert isinstance(whole, AccountRead)
    assert unread.partly == replace(whole, at_ns=NOW)
    assert unread.answered, "all of it came, and no entry waits for the link"


@pytest.mark.parametrize("route", ["positions", "holdings"])
async def test_without_what_is_held_no_part_of_the_book_is_told(account, route):
    account.script.on("GET /orders", yes([RECORD | {"order_id": "16", "tag": "", "quantity": "q"}]))
    account.script.on(f"GET /portfolio/{route}", PAGE)
    (unread,) = await account.broker.read()
    assert (type(unread), unread.partly) == (AccountUnread, None)
    assert unread.answered is (route == "holdings")
    assert unread.sharesless is None


async def test_beside_an_order_of_ours_that_goes_neither_way_no_part_of_the_book_is_told(account):
    account.script.on("GET /orders", yes([RECORD | {"transaction_type": "SWAP"}]))
    (unread,) = await account.broker.read()
    assert unread == AccountUnread("order 15 is to 'SWAP'", NOW, answered=True)


WHOLE = RECORD | {"status": "COMPLETE", "filled_quantity": 130, "average_price": 118.55}
REST = FILL | {"trade_id": "2", "average_price": 118.5}


async def test_fills_are_told_without_the_shares_of_earlier_days_and_what_is_held_is_not(account):
    """Where shares of ours were moved among those, what is held would seem to lack them."""
    account.script.on("GET /orders", yes([WHOLE]))
    account.script.on("GET /trades", yes([FILL, REST]))
    account.script.on("GET /portfolio/positions", yes({"net": [HELD]}))
    account.script.on("GET /portfolio/holdings", PAGE)
    told, unread = await account.broker.read()

    assert (told.intent_id, told.state) == (OURS, State.FILLED)
    assert isinstance(unread, AccountUnread)
    assert "the holdings at Zerodha: no answer" in unread.because
    account.later(5)
    account.script.on("GET /portfolio/holdings", yes([]))
    (whole,) = await account.broker.read()
    assert unread.sharesless == replace(whole, at_ns=unread.at_ns)


async def test_a_look_up_does_not_wait_for_a_reading_whose_holdings_hang(account):
    account.script.on("GET /orders", yes([RECORD]))
    account.script.on("GET /portfolio/holdings", HANGS)
    reading = asyncio.create_task(account.broker.read())
    await account.script.until(1)

    assert isinstance((await account.broker.find(OURS))[0], OrderUpdated)
    assert not reading.done()
    reading.cancel()


async def test_fills_are_told_though_the_book_cannot_be_read_again_around_the_positions(account):
    account.script.on("GET /orders", yes([HALF]), PAGE)
    told, unread = await account.broker.read()

    assert (told.broker_order_id, told.filled_quantity) == ("15", 65)
    assert "the order book at Zerodha: no answer" in unread.because


async def test_a_book_that_moved_around_the_positions_is_read_until_it_stands(account):
    account.script.on("GET /orders", yes([RECORD]), yes([HALF]))
    account.script.on("GET /portfolio/positions", yes({"net": []}), yes({"net": [HELD]}))
    read = (await account.broker.read())[-1]

    assert read.positions == (BrokerPosition(CALL, -65),)
    assert read.orders[0].filled_quantity == 65
    assert account.script.routes().count("GET /portfolio/positions") == 2


async def test_a_book_that_moves_on_is_no_reading_and_its_fills_are_told(account):
    filled = iter(range(9))
    more = RECORD | {"average_price": 118.65}
    account.script.on("GET /orders", lambda _: yes([more | {"filled_quantity": next(filled)}]))
    account.later(1)
    told, unread = await account.broker.read()

    assert (told.filled_quantity, "moved around each reading" in unread.because) == (3, True)


@pytest.mark.parametrize(
    ("line", "because"),
    [({"quantity": None}, "got `null`"), ({"quantity": 0.5}, "counts 0.5 units")],
)
@pytest.mark.parametrize("route", ["positions", "holdings"])
async def test_a_line_of_what_is_held_that_cannot_be_understood_is_named_beside_the_fills(
    account, route, line, because
):
    bought = {"t1_quantity": 0, "average_price": 1}
    lines = [HELD | bought, HELD | bought | {"exchange": "MCX", "tradingsymbol": "GOLD"} | line]
    account.script.on("GET /orders", yes([HALF]))
    account.script.on(
        f"GET /portfolio/{route}", yes({"net": lines} if route == "positions" else lines)
    )
    told, unread = await account.broker.read()

    assert (told.broker_order_id, told.filled_quantity) == ("15", 65)
    assert "what is held of MCX:GOLD cannot be understood: " in unread.because
    assert because in unread.because
    assert account.script.routes().count(f"GET /portfolio/{route}") == 1, "it is not asked again"


@pytest.mark.parametrize("failure", [PAGE, no(403, "PermissionException"), yes({"net": 5})])
async def test_a_fill_is_told_though_what_is_held_cannot_be_read(account, failure):
    """A stop that filled at the broker was not heard of, and its leg could be closed once more."""
    account.script.on("GET /orders", yes([HALF]))
    account.script.on("GET /portfolio/positions", failure)
    told, unread = await account.broker.read()

    assert (told.broker_order_id, told.filled_quantity) == ("15", 65)
    assert (type(unread), unread.sessionless) == (AccountUnread, False)


async def test_a_session_that_is_dead_before_the_positions_are_read_is_told_as_that(account):
    account.script.on("GET /orders", yes([HALF]))
    account.script.on("GET /portfolio/positions", DEAD)
    with pytest.raises(SessionRefused):
        await account.broker.read()


async def test_an_answer_is_as_old_as_its_question(account):
    def slow(_: Asked) -> Answer:
        account.later(3)
        return yes([RECORD])

    account.script.on("GET /orders", slow)

    assert (await account.broker.find(OURS))[0].at_ns == NOW
    assert (await account.broker.read())[-1].at_ns == NOW + 3 * SECOND_NS


async def test_margin_is_that_of_all_legs_and_what_is_free(account):
    account.script.on("POST /margins/basket", yes({"final": {"total": 34787.2}}))
    account.script.on("GET /user/margins", yes({"equity": {"net": 99725}}))
    leg = MarginLeg(CALL, Side.SELL, 65, 1_186_000)

    assert await account.broker.margin("entry", [leg]) == (
        MarginRead("entry", 347_872_000, 997_250_000, NOW),
    )
    with pytest.raises(BrokerMisused, match="lists no"):
        await account.broker.margin("entry", [replace(leg, symbol="NIFTY-2026-08-25-24400-CE")])


@pytest.mark.parametrize("verb", ["find", "read", "place"])
async def test_a_dead_session_met_anywhere_is_told_and_used_no_more(account, verb):
    reads = ("GET /orders", "GET /portfolio/positions", "GET /portfolio/holdings")
    for route in (*reads, "POST /orders/regular"):
        account.script.on(route, DEAD)
    for _ in range(2):
        try:
            await {
                "find": lambda: account.broker.find(OURS),
                "read": account.broker.read,
                "place": lambda: account.broker.place(approved()),
            }[verb]()
        except SessionRefused:
            assert verb != "place"

    assert (set(account.refused), len(account.script.asked)) == ({1}, 1)


@pytest.mark.parametrize(
    ("symbol", "product", "word"),
    [
        (CALL, Product.INTRADAY, "MIS"),
        (CALL, Product.CARRY, "NRML"),
        ("SBIN", Product.INTRADAY, "MIS"),
        ("SBIN", Product.CARRY, "CNC"),
    ],
)
async def test_an_order_leaves_in_its_product(account, symbol, product, word):
    exit_of_it = {"side": Side.BUY, "purpose": Purpose.EXIT}
    await account.broker.place(approved(symbol=symbol, product=product, **exit_of_it))
    (asked,) = account.script.asked
    assert parse_qs(asked.body.decode())["product"] == [word]


async def test_one_contract_in_two_products_is_two_positions(account):
    carried = HELD | {"product": "NRML", "quantity": 130}
    account.script.on("GET /portfolio/positions", yes({"net": [HELD, carried], "day": []}))
    (read,) = await account.broker.read()
    assert read.positions == (
        BrokerPosition(CALL, -65),
        BrokerPosition(CALL, 130, Product.CARRY),
    )


async def test_margin_is_asked_for_each_leg_in_its_product(account):
    account.script.on("POST /margins/basket", yes({"final": {"total": 1}}))
    account.script.on("GET /user/margins", yes({"equity": {"net": 1}}))
    legs = [MarginLeg(CALL, Side.SELL, 65, 1_186_000, product) for product in Product]
    await account.broker.margin("entry", legs)
    asked = json.loads(account.script.asked[0].body)
    assert [each["product"] for each in asked] == ["MIS", "NRML"]


async def test_shares_of_earlier_days_are_read_beside_the_positions(account):
    row = {"exchange": "NSE", "tradingsymbol": "SBIN", "average_price": 1, "t1_quantity": 0}
    rows = [row | {"quantity": 7, "opening_quantity": 7}]
    account.script.on("GET /portfolio/holdings", yes(rows))
    (read,) = await account.broker.read()
    assert (read.positions, read.owned) == ((), (BrokerPosition("SBIN", 7, Product.CARRY),))


async def test_shares_that_the_broker_keeps_under_bse_are_read_as_those_of_nse_but_for_a_sale_there(
    account,
):
    row = {"exchange": "BSE", "tradingsymbol": "SBIN", "average_price": 1, "t1_quantity": 0}
    account.script.on("GET /portfolio/holdings", yes([row | {"quantity": 7}]))
    (read,) = await account.broker.read()
    assert read.owned == (BrokerPosition("SBIN", 7, Product.CARRY),)
    sold = {"exchange": "BSE", "tradingsymbol": "SBIN", "product": "CNC", "quantity": -3}
    account.script.on("GET /portfolio/positions", yes({"net": [sold], "day": []}))
    (read,) = await account.broker.read()
    assert read.positions == (BrokerPosition("BSE:SBIN", -3, Product.CARRY),)
    assert read.owned == (
        BrokerPosition("SBIN", 4, Product.CARRY),
        BrokerPosition("BSE:SBIN", 3, Product.CARRY),
    )


@pytest.mark.parametrize(("seconds", "readings"), [(59, 1), (60, 2)])
async def test_shares_of_earlier_days_are_read_once_a_minute(account, seconds, readings):
    await account.broker.read()
    account.later(seconds)
    await account.broker.read()
    assert account.script.routes().count("GET /portfolio/holdings") == readings


async def test_quotes_are_asked_for_by_our_symbols_and_what_is_not_listed_is_left_out(account):
    told = {"instrument_token": 12517890, "last_price": 118.65}
    told |= {"timestamp": "2021-06-08 15:45:56", "last_trade_time": "2021-06-08 15:45:55"}
    account.script.on("GET /quote", yes({"NFO:NIFTY26AUG24350CE": told, "NSE:SBIN": told}))
    found = await account.broker.quotes([CALL, "NIFTY-2026-08-25-99999-CE"])
    at_ns = 1_623_147_356 * 10**9
    assert found == {CALL: Stamped(Quote(1_186_500), at_ns, at_ns - 10**9)}
    (asked,) = account.script.asked
    assert asked.path == "/quote?i=NFO%3ANIFTY26AUG24350CE"
