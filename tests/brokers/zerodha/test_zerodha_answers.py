"""What Zerodha answers to a write: taken, refused for a reason, or in doubt."""

from __future__ import annotations

import json

import pytest

from daemon import errors
from daemon.brokers.zerodha.answers import REFUSALS, cancelled, done, kind_of, placed
from daemon.brokers.zerodha.wire import Reply
from daemon.domain.orders.words import OrderAccepted, OrderRefused, OutcomeUnknown, Refusal
from daemon.messages import CancelAnswered
from tests.kit.recordings import data_path

ID = "OR0000000010000001"
NOW = 1_773_000_000_000_000_000
PAGE = b"<html><body>502 Bad Gateway</body></html>"
TIMED_OUT = "Order request timed out. Please check the order book and confirm before placing again."
NO_FUNDS = (
    "Insufficient funds. Required margin is 95417.84 but available margin is 74251.80. "
    "Check the orderbook for open orders."
)
TOO_LARGE = (
    "The order quantity 6300 (21 lots) is higher than the maximum quantity of 6000 (20 lots) "
    "allowed by the exchanges. Please reduce the order quantity or use iceberg orders."
)
TOO_FAR = (
    "The order was cancelled by the exchange because the price is outside the current allowed "
    "limit price protection range. [Read more.](https://zrd.sh/lpp-range-rejection)"
)
ERRORS = (
    "TokenException", "PermissionException", "UserException", "TwoFAException", "InputException",
    "MarginException", "HoldingException", "OrderException", "NetworkException", "DataException",
    "GeneralException", "SomethingNewException",
)  # fmt: skip
STATUSES = (200, 400, 403, 404, 405, 410, 500, 502, 503, 504)


def failure(status: int, error_type: str, message: str = "It failed") -> Reply:
    body = {"status": "error", "message": message, "error_type": error_type, "data": None}
    return Reply(status, json.dumps(body).encode())


def success(data: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps({"status": "success", "data": data}).encode())


def test_a_number_of_an_order_is_a_yes():
    told = placed(ID, success({"order_id": "1914227164488687616"}), NOW)

    assert told == OrderAccepted(ID, "1914227164488687616", NOW)


@pytest.mark.parametrize("error_type", ERRORS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_no_is_believed_for_six_errors_under_their_own_status_alone(status, error_type):
    told = placed(ID, failure(status, error_type), NOW)
    believed = {
        (400, "InputException"): Refusal.OTHER,
        (400, "MarginException"): Refusal.MARGIN,
        (400, "HoldingException"): Refusal.OTHER,
        (403, "PermissionException"): Refusal.OTHER,
        (403, "TokenException"): Refusal.SESSION,
        (403, "TwoFAException"): Refusal.SESSION,
    }
    kind = believed.get((status, error_type))

    if kind is None:
        assert told == OutcomeUnknown(ID, f"{error_type}: It failed", NOW)
    else:
        assert told == OrderRefused(ID, kind, f"{error_type}: It failed", NOW)


@pytest.mark.parametrize(
    ("status", "error_type"), [*REFUSALS, (429, "NetworkException"), (429, "GeneralException")]
)
@pytest.mark.parametrize(
    "text",
    [TIMED_OUT, "Request timeout", "The OMS has Timed-Out", "gateway time out", "It is timing out",
     "The order may have been placed. Please check your order book."],
)  # fmt: skip
def test_a_no_that_is_itself_in_doubt_leaves_us_there(status, error_type, text):
    assert isinstance(placed(ID, failure(status, error_type, text), NOW), OutcomeUnknown)


@pytest.mark.parametrize(
    "reply",
    [
        failure(429, "NetworkException", "Too many requests"),
        Reply(429, PAGE),
        Reply(429, b""),
    ],
)
def test_too_many_requests_are_refused_before_they_are_looked_at(reply):
    told = placed(ID, reply, NOW)

    assert isinstance(told, OrderRefused)
    assert told.kind is Refusal.RATE


@pytest.mark.parametrize("status", [200, 400, 403, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body",
    [PAGE, b"", b"null", b"[]", b'{"status":"suc', b"\xff\xfe\x00", b'{"data":{"order_id":', b"{}",
     b'{"status":"success","data":null}', b'{"data":{"order_id":""}}', b'{"data":{"order_id":7}}',
     b'{"data":[]}', b'{"data":true}', b'{"error_type":7}', b"[" * 5_000],
)  # fmt: skip
def test_an_answer_without_a_number_and_without_a_reason_leaves_us_in_doubt(status, body):
    told = placed(ID, Reply(status, body), NOW)

    assert told == OutcomeUnknown(
        ID, f"Zerodha answered {status} with nothing that can be read", NOW
    )


@pytest.mark.parametrize("error", [{"error_type": "GeneralException"}, {"status": "error"}])
def test_an_error_under_a_status_of_success_is_no_yes(error):
    body = {"data": {"order_id": "15"}, "message": "No"} | error
    reply = Reply(200, json.dumps(body).encode())
    said = ": ".join([*filter(None, [error.get("error_type")]), "No"])

    assert placed(ID, reply, NOW) == OutcomeUnknown(ID, said, NOW)
    assert cancelled(ID, reply, NOW) == CancelAnswered(ID, False, said, NOW)
    with pytest.raises(errors.OutcomeUnknown, match="No"):
        done(reply, dict[str, str])


def test_a_number_under_another_status_is_no_yes():
    assert isinstance(placed(ID, success({"order_id": "15"}, 202), NOW), OutcomeUnknown)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TOO_LARGE, Refusal.FREEZE),
        ("Exchange error: Order quantity exceeds maximum allowed quantity", Refusal.FREEZE),
        ("Quantity exceeds the freeze quantity of 1800", Refusal.FREEZE),
        ("Tick size for this script is 0.05", Refusal.TICK),
        ("Quantity should be in multiples of lot size 65", Refusal.LOT),
        ("Price is outside the circuit limits", Refusal.BAND),
        ("The price is out of the current execution range", Refusal.BAND),
        (TOO_FAR, Refusal.BAND),
        ("Order price is beyond LPP limit.", Refusal.BAND),
        ("Place your order around the theoretical price", Refusal.BAND),
        (NO_FUNDS, Refusal.MARGIN),
        ("RMS:Margin Exceeds,Required:95417.84, Available:74251.80", Refusal.MARGIN),
        ("Markets are closed right now", Refusal.CLOSED),
        ("Invalid tradingsymbol", Refusal.INSTRUMENT),
        ("This scrip is not allowed", Refusal.INSTRUMENT),
        ("Your subscription to the order API has ended", Refusal.OTHER),
        ("Too many requests", Refusal.RATE),
        ("Maximum allowed order requests exceeded.", Refusal.RATE),
        ("Market orders without market protection are not allowed via API", Refusal.OTHER),
        ("", Refusal.OTHER),
    ],
)
def test_a_text_tells_the_reason_and_one_that_nobody_knows_pages_a_person(text, kind):
    assert kind_of(text) is kind
    assert placed(ID, failure(400, "InputException", text or "?"), NOW).kind is kind


def test_a_cancellation_is_taken_or_not_and_nothing_else():
    assert cancelled(ID, success({"order_id": "15"}), NOW) == CancelAnswered(ID, True, "", NOW)
    refused = failure(400, "InputException", "Order cannot be cancelled")
    text = "InputException: Order cannot be cancelled"
    assert cancelled(ID, refused, NOW) == CancelAnswered(ID, False, text, NOW)
    assert not cancelled(ID, Reply(502, PAGE), NOW).done


@pytest.mark.parametrize("name", ["order_response", "order_modify", "order_cancel"])
def test_the_broker_s_own_samples_are_a_yes(name):
    body = data_path(f"kite_mocks/{name}.json").read_bytes()
    number = json.loads(body)["data"]["order_id"]

    assert placed(ID, Reply(200, body), NOW) == OrderAccepted(ID, number, NOW)
    assert cancelled(ID, Reply(200, body), NOW).done
