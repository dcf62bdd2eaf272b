"""Our account at the twin of Zerodha: what no card of the contract asks of every broker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.domain.money import E4
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import (
    OrderAccepted,
    OrderType,
    Product,
    Purpose,
    Refusal,
    Side,
    State,
    Terms,
)
from daemon.messages import BrokerPosition, LoggedIn
from tests.kit.kite_account import OTHERS, approved
from tests.kit.kite_at_twin import AtTwin
from tests.kit.wire_twin import CALL, LOT, twin


@pytest.fixture
async def at() -> AsyncIterator[AtTwin]:
    async with twin() as client, AtTwin.open(client) as made:
        assert isinstance((await made.broker.log_in(1))[0], LoggedIn)
        yield made


async def test_what_legs_need_is_told_beside_what_is_free(at):
    leg = MarginLeg(CALL, Side.SELL, LOT, 200 * E4)
    (told,) = await at.broker.margin("entry", [leg])

    assert 0 < told.required_e4 < told.available_e4 == 1_000_000 * E4


async def test_an_order_that_is_rejected_once_it_has_a_number_is_told_with_the_reason(at):
    """Nothing but a reading tells of it: a push only has the book read."""
    await at.twin.fault(kind="reject", on="place")
    (taken,) = await at.broker.place(approved(symbol=CALL, quantity=LOT, price_e4=201 * E4))
    told, read = await at.broker.read()

    assert isinstance(taken, OrderAccepted)
    assert (told.broker_order_id, told.state) == (taken.broker_order_id, State.REJECTED)
    assert (told.kind, told.text) == (Refusal.OTHER, read.orders[0].text)
    assert "rejected on purpose" in told.text


@pytest.mark.parametrize("units", [LOT, 3 * LOT])
async def test_an_order_that_a_person_changes_in_the_app_is_of_what_he_made_of_it(at, units):
    (taken,) = await at.broker.place(approved(symbol=CALL, quantity=2 * LOT, price_e4=210 * E4))
    path = f"/orders/regular/{taken.broker_order_id}"
    told = await at.twin.ask("PUT", path, data={"quantity": units, "order_type": "LIMIT"})
    (read,) = await at.broker.read()

    assert told.status == 200
    assert (read.orders[0].quantity, read.orders[0].state) == (units, State.WORKING)
    (found,) = await at.broker.find(taken.intent_id)
    assert found.quantity == units


async def test_an_order_that_a_person_moves_in_the_app_is_told_where_he_put_it(at):
    stop = {"order_type": OrderType.STOP_LIMIT, "trigger_e4": 190 * E4, "price_e4": 189 * E4}
    (taken,) = await at.broker.place(approved(symbol=CALL, quantity=LOT, **stop))
    path = f"/orders/regular/{taken.broker_order_id}"
    there = {"order_type": "SL", "price": "180.05", "trigger_price": "181"}
    told = await at.twin.ask("PUT", path, data=there)
    (read,) = await at.broker.read()
    (found,) = await at.broker.find(taken.intent_id)

    assert told.status == 200
    assert read.orders[0].terms == found.terms == Terms(LOT, 1_800_500, 1_810_000)


async def test_a_person_s_token_makes_a_session_and_counts_once(at):
    """Brought again it is refused, and the session that it made goes on."""
    at.twin.host.advance(SECOND_NS)
    await at.bring()
    brought = at.kept.find("request_token")
    (told,) = await at.broker.log_in(2)
    made = at.kept.find("access_token").reveal()
    at.kept.keep("request_token", brought)
    (again,) = await at.broker.log_in(3)

    assert isinstance(told, LoggedIn)
    assert isinstance(again, LoggedIn)
    assert at.kept.find("access_token").reveal() == made
    assert at.refused == []


async def test_what_is_carried_is_closed_in_its_product_and_nothing_else_is_opened(at):
    """The twin keeps the products of a contract apart, as the broker does."""
    carried = {"symbol": CALL, "quantity": LOT, "product": Product.CARRY}
    await at.broker.place(approved(side=Side.BUY, price_e4=201 * E4, **carried))
    *_, held = await at.broker.read()
    out = {"intent_id": OTHERS, "purpose": Purpose.EXIT, "side": Side.SELL, "price_e4": 199 * E4}
    await at.broker.place(approved(**carried | out))
    *_, flat = await at.broker.read()

    assert held.positions == (BrokerPosition(CALL, LOT, Product.CARRY),)
    assert {each.product for each in flat.orders} == {Product.CARRY}
    assert flat.positions == ()
