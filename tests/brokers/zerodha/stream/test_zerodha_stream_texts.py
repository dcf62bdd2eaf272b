"""A text on the socket is a notice, or the hint that an order has news."""

from __future__ import annotations

import json

import pytest

from daemon.brokers.zerodha.stream.texts import Notice, Pushed, pushed
from daemon.errors import WireGarbled

NUMBER = "1953367517640548352"
RECORD = {"order_id": NUMBER, "status": "OPEN", "quantity": 150, "filled_quantity": 75}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"type":"error","data":"Too many"}', Notice("error", "Too many")),
        (
            '{"type":"message","data":"Markets close early"}',
            Notice("message", "Markets close early"),
        ),
        ('{"type":"news","data":{"a":1}}', Notice("news", "")),
    ],
)
def test_a_text_on_the_socket_is_a_notice(text, told):
    assert pushed(text) == told


@pytest.mark.parametrize(
    ("data", "number"),
    [(RECORD | {"unfilled_quantity": 9}, NUMBER), ({"order_id": 15}, "15"),
     (RECORD | {"order_id": "15", "product": None, "quantity": None, "status": 1}, "15"),
     ({"status": "COMPLETE"}, ""), (None, ""), ("COMPLETE", "")],
)  # fmt: skip
def test_an_order_that_is_pushed_is_known_by_its_number_whatever_its_record_lacks(data, number):
    assert pushed(json.dumps({"type": "order", "data": data})) == Pushed(number)
    assert pushed('{"type":"order"}') == Pushed("")


@pytest.mark.parametrize("text", ["", "hello", "{}", '{"type":"error","data":1}'])
def test_a_text_that_cannot_be_understood_is_refused(text):
    with pytest.raises(WireGarbled):
        pushed(text)
