"""What is held is known whole or not at all, and the line that hides it is named."""

from __future__ import annotations

import json

import pytest

from daemon.brokers.zerodha import held
from daemon.brokers.zerodha.wire import Reply
from daemon.domain.orders.words import Product
from daemon.errors import WireGarbled
from daemon.messages import BrokerPosition

POSITION = {"exchange": "NFO", "tradingsymbol": "X", "product": "MIS", "quantity": 1}
HOLDING = {
    "exchange": "NFO", "tradingsymbol": "X", "quantity": 1, "t1_quantity": 0, "average_price": 1,
}  # fmt: skip
GOOD = {"tradingsymbol": "GOOD"}


def reply(data: object) -> Reply:
    return Reply(200, json.dumps({"status": "success", "data": data}).encode())


def names(exchange: str, name: str) -> str:
    return f"{exchange}:{name}"


@pytest.mark.parametrize(
    ("wrong", "named", "why"),
    [
        ({"quantity": None}, "NFO:X", "got `null`"),
        ({"quantity": "many"}, "NFO:X", "Invalid decimal"),
        ({"quantity": {}}, "NFO:X", "got `object`"),
        ({"quantity": 1.5}, "NFO:X", "counts 1.5 units"),
        ({"quantity": "NaN"}, "NFO:X", "holds the number NaN"),
        ({"exchange": 1}, "?:X", "got `int`"),
        ({"tradingsymbol": None}, "NFO:?", "got `null`"),
        (None, "?:?", "got `null`"),
    ],
)
def test_a_line_that_cannot_be_understood_is_named(wrong, named, why):
    position = wrong and POSITION | wrong
    holding = wrong and HOLDING | wrong
    text = f"^what is held of {named.replace('?', '[?]')} cannot be understood: .*{why}"

    with pytest.raises(WireGarbled, match=text):
        held.positions(reply({"net": [POSITION | GOOD, position]}), names)
    with pytest.raises(WireGarbled, match=text):
        held.shares(held.holdings(reply([HOLDING | GOOD, holding])), names)


def test_a_position_without_a_product_is_not_understood():
    row = {"exchange": "NFO", "tradingsymbol": "X", "quantity": 1}
    with pytest.raises(WireGarbled, match=r"of NFO:X cannot be understood.*`product`"):
        held.positions(reply({"net": [row]}), names)


@pytest.mark.parametrize("bad", [None, {}, {"net": None}, {"net": {}}, 5])
def test_an_answer_without_lines_shows_none_that_could_be_named(bad):
    with pytest.raises(WireGarbled, match="cannot be read"):
        held.positions(reply(bad), names)
    with pytest.raises(WireGarbled, match="cannot be read"):
        held.holdings(reply(bad))


def listing(exchange: str, name: str) -> str:
    """One share is listed at both exchanges, and the other at BSE alone."""
    return name if (exchange, name) == ("NSE", "SBIN") else f"{exchange}:{name}"


def shares(symbol: str, units: int, product: Product = Product.CARRY) -> BrokerPosition:
    return BrokerPosition(symbol, units, product)


@pytest.mark.parametrize(
    ("exchange", "name", "symbol"),
    [
        ("NSE", "SBIN", "SBIN"),
        ("BSE", "SBIN", "SBIN"),
        ("BSE", "OTHER", "BSE:OTHER"),
        ("NSE", "SBIN-BE", "NSE:SBIN-BE"),
    ],
)
def test_a_share_that_is_kept_by_its_line_at_bse_is_that_of_nse_where_that_lists_it(
    exchange, name, symbol
):
    lines = held.holdings(reply([HOLDING | {"exchange": exchange, "tradingsymbol": name}]))
    assert held.shares(lines, listing) == (shares(symbol, 1),)


@pytest.mark.parametrize(
    ("positions", "owned"),
    [
        pytest.param((), (shares("SBIN", 100),), id="none"),
        pytest.param((shares("SBIN", -40),), (shares("SBIN", 100),), id="at NSE"),
        pytest.param(
            (shares("BSE:SBIN", -40),),
            (shares("SBIN", 60), shares("BSE:SBIN", 40)),
            id="at BSE",
        ),
        pytest.param((shares("BSE:SBIN", -130),), (shares("BSE:SBIN", 100),), id="more than all"),
        pytest.param((shares("BSE:SBIN", 40),), (shares("SBIN", 100),), id="bought at BSE"),
        pytest.param(
            (shares("BSE:SBIN", -40, Product.INTRADAY),), (shares("SBIN", 100),), id="short at BSE"
        ),
    ],
)
def test_what_is_sold_of_them_today_bears_the_name_of_the_exchange_where_it_was(positions, owned):
    assert held.where_sold((shares("SBIN", 100),), positions) == owned


def test_two_lines_of_one_share_are_out_of_the_same_sale_once():
    two = (shares("SBIN", 30), shares("SBIN", 70))
    assert held.where_sold(two, (shares("BSE:SBIN", -40),)) == (
        shares("BSE:SBIN", 30),
        shares("SBIN", 60),
        shares("BSE:SBIN", 10),
    )
