from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from daemon.domain.orders.words import Intent, Pocket, Product, Side
from tests.kit.facts import INTENT


@pytest.mark.parametrize("side", Side)
def test_the_opposite_side_has_the_other_sign_and_leads_back(side):
    assert side.opposite.sign == -side.sign
    assert side.opposite.opposite == side


def test_buying_adds_to_a_position():
    assert Side.BUY.sign == 1


def test_what_is_carried_has_its_product_in_its_name_and_in_its_leg():
    today, carried = Pocket("NIFTY"), Pocket("NIFTY", Product.CARRY)
    assert (str(today), str(carried)) == ("NIFTY", "NIFTY carry")
    assert (today.leg_id, carried.leg_id) == ("NIFTY", "NIFTY-carry")


def test_an_order_that_was_recorded_before_there_were_products_was_of_the_same_day():
    """And one of the same day has the bytes that it had then, a trigger of nothing among them."""
    old = (
        b'{"intent_id":"OR0000000010000001","account":"paper","strategy_id":"straddle",'
        b'"leg_id":"call","symbol":"NIFTY-2025-09-02-24550-CE","side":"sell","quantity":75,'
        b'"order_type":"limit","price_e4":1186000,"purpose":"entry",'
        b'"parent":"straddle:2025-08-29","decided_ns":1756439451000000000,'
        b'"deadline_ns":1756439452000000000,"trigger_e4":0}'
    )
    assert msgspec.json.decode(old, type=Intent) == INTENT
    assert msgspec.json.encode(INTENT) == old
    carried = msgspec.json.encode(replace(INTENT, product=Product.CARRY))
    assert carried == old[:-1] + b',"product":"carry"}'
