"""What every answer of Zerodha's has in common: what a read that failed is, and numbers."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.brokers.zerodha.wire import Reply, amount_e4, data, unquoted, whole
from daemon.errors import BrokerError, BrokerMisused, BrokerUnavailable, SessionRefused, WireGarbled
from daemon.telemetry.redaction import Secret

PAGE = b"<html>502 Bad Gateway</html>"


def failure(status: int, error_type: str) -> Reply:
    return Reply(status, json.dumps({"error_type": error_type, "message": "No"}).encode())


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failure(403, "TokenException"), SessionRefused),
        (failure(200, "TokenException"), SessionRefused),
        (failure(403, "TwoFAException"), SessionRefused),
        (failure(403, "UserException"), BrokerError),
        (failure(403, "PermissionException"), BrokerError),
        (failure(400, "InputException"), BrokerMisused),
        (failure(503, "NetworkException"), BrokerUnavailable),
        (failure(502, "DataException"), BrokerUnavailable),
        (failure(500, "GeneralException"), BrokerUnavailable),
        (failure(500, "SomethingNewException"), BrokerUnavailable),
        (failure(429, "InputException"), BrokerUnavailable),
        (Reply(200, b'{"status":"error","message":"down","data":[]}'), BrokerUnavailable),
        (Reply(502, PAGE), BrokerUnavailable),
        (Reply(429, b""), BrokerUnavailable),
        (Reply(200, PAGE), WireGarbled),
        (Reply(200, b'{"data":"text"}'), WireGarbled),
        (Reply(200, b'{"data":[1,2'), WireGarbled),
    ],
)
def test_a_read_that_failed_says_how(reply, kind):
    with pytest.raises(BrokerError) as caught:
        data(reply, list[int])

    assert type(caught.value) is kind


def test_a_read_that_was_answered_gives_its_form():
    assert data(Reply(200, b'{"status":"success","data":[1,2]}'), list[int]) == [1, 2]


def test_a_text_that_no_json_may_hold_hides_nothing_of_an_answer():
    body = b'{"data":[1,2],"message":"half \\ud83d","status":"success"}'
    assert data(Reply(200, body), list[int]) == [1, 2]


@pytest.mark.parametrize(
    ("text", "units", "amount"),
    [
        ("99725.05000000002", 1, 997_250_500),
        ("118.6", 75, 88_950_000),
        ("0.00005", 1, 0),
        ("0.00015", 1, 2),
        ("-12.5", 1, -125_000),
    ],
)
def test_an_amount_is_exact_and_rounded_half_to_even(text, units, amount):
    assert amount_e4(Decimal(text), units) == amount


def test_nothing_is_zero():
    assert (amount_e4(None), whole(None)) == (0, 0)


@pytest.mark.parametrize("text", ["1e999999999", "NaN", "Infinity", "-1e16"])
def test_a_number_beyond_all_reason_is_refused(text):
    for read in (amount_e4, whole):
        with pytest.raises(WireGarbled, match="holds the number"):
            read(Decimal(text))


def test_a_count_may_be_written_with_a_point_and_not_with_a_fraction():
    assert whole(Decimal("75.0")) == 75
    with pytest.raises(WireGarbled, match=r"counts 7\.5 units"):
        whole(Decimal("7.5"))


def test_an_answer_quotes_nothing_of_what_was_sent_and_is_as_it_came_otherwise():
    sent = (Secret("key0"), Secret("token1"), Secret("abc"))
    leads = Secret("/elsewhere")
    reply = Reply(403, b"key0:token1 is abc\xff", leads)
    assert unquoted(reply, sent) == Reply(403, b"***:*** is abc\xff", leads)
