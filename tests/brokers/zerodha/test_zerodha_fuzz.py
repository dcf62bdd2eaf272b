"""Whatever comes as an answer, it is understood or refused by an error of the way to a broker.

ORDO_FUZZ says how many bodies are mutated (2,000 unless told), ORDO_FUZZ_SEED which.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from decimal import Decimal

from daemon.brokers.zerodha import answers, codec, held, singly
from daemon.brokers.zerodha.fills import Fills
from daemon.brokers.zerodha.stream import texts
from daemon.brokers.zerodha.wire import Reply
from daemon.domain.orders.words import OrderAccepted, OrderRefused, OutcomeUnknown, State
from daemon.errors import BrokerError
from daemon.runtime.pump import at_once
from tests.kit.recordings import data_folder

COUNT = int(os.environ.get("ORDO_FUZZ", "2000"))
SEED = int(os.environ.get("ORDO_FUZZ_SEED", "1"))
NOW = 1_773_000_000_000_000_000
SAMPLES = (
    "orders", "order_info", "trades", "positions", "margins", "basket_margins", "order_response",
    "autoslice_response", "postback",
)  # fmt: skip
STATUSES = (200, 200, 200, 201, 400, 403, 404, 429, 500, 502, 503, 504)
ORDER = {
    "order_id": "1", "status": "OPEN", "exchange": "NFO", "tradingsymbol": "NIFTY26AUG24350CE",
    "transaction_type": "BUY", "quantity": 75, "filled_quantity": 25, "average_price": 118.65,
    "product": "MIS",
    "tag": "OR0000000010000001", "tags": ["a", "OR0000000010000001"], "status_message": None,
}  # fmt: skip
TRADE = {"trade_id": "1", "order_id": "1", "exchange": "NFO", "average_price": 1.5, "quantity": 25}
MADE = (
    [ORDER, ORDER | {"order_id": "2", "status": "REJECTED", "status_message": "freeze"}],
    [TRADE],
    {
        "net": [{"exchange": "NFO", "tradingsymbol": "X", "product": "MIS", "quantity": -75}],
        "day": [],
    },
    {"equity": {"net": 99725.05000000002}, "commodity": {"net": 0}},
    {"initial": {"total": 1}, "final": {"total": 34787.225}},
    {"order_id": "1914227164488687616"},
)
PIECES = (
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"1e999999999", b"-1", b"\\u0000", b"\xff",
    b'"error_type":"InputException",', b'"message":"timed out",', b"NaN", b"0.5", b"true",
    b"[" * 99,
)  # fmt: skip


def bodies() -> list[bytes]:
    """Answers of every kind: made ones, and the broker's samples where they are."""
    made = [json.dumps({"status": "success", "data": data}).encode() for data in MADE]
    made += [
        json.dumps({"status": "error", "error_type": kind, "message": text}).encode()
        for _, kind in answers.REFUSALS
        for text in ("freeze", "timed out")
    ]
    made += [json.dumps({"type": "order", "data": ORDER}).encode()]
    made += [json.dumps({"type": kind, "data": "text"}).encode() for kind in ("error", "message")]
    folder = data_folder() / "kite_mocks"
    paths = [folder / f"{name}.json" for name in SAMPLES]
    return [*made, *(path.read_bytes() for path in paths if path.exists())]


def mutated(body: bytes, dice: random.Random) -> bytes:
    whole = bytearray(body)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(whole) + 1)
        match dice.randrange(4):
            case 0:
                del whole[at:]
            case 1:
                whole[at : at + dice.randrange(9)] = dice.choice(PIECES)
            case 2:
                del whole[at : at + dice.randrange(40)]
            case _:
                whole[at : at + 1] = bytes([dice.randrange(256)])
    return bytes(whole)


def names(exchange: str, name: str) -> str:
    return f"{exchange}:{name}"


RECORD = codec.OrderRecord(
    "1", "COMPLETE", "NFO", "X", "BUY", Decimal(25), Decimal(25), Decimal("1.5")
)


class Trades:
    """A broker that answers with these trades, whatever it is asked."""

    def __init__(self, reply):
        self._reply = reply

    async def read(self, *_):
        return singly.trades(self._reply)


def priced(reply):
    """The order as its trades, or for want of them its average, price it."""
    return at_once(Fills(Trades(reply)).told([RECORD], NOW))


READS = (
    lambda reply: [codec.updated(each, NOW) for each in codec.orders(reply)],
    lambda reply: codec.account(codec.orders(reply), (), names, NOW),
    lambda reply: held.positions(reply, names),
    lambda reply: held.shares(held.holdings(reply), names),
    lambda reply: codec.found("OR0000000010000001", codec.orders(reply), NOW),
    lambda reply: codec.account(singly.orders(reply), (), names, NOW),
    lambda reply: codec.found("OR0000000010000001", singly.orders(reply), NOW),
    codec.trades,
    singly.trades,
    priced,
    codec.required_e4,
    codec.available_e4,
    lambda reply: texts.pushed(reply.body.decode("utf-8", "replace")),
)


def test_a_mutated_body_is_understood_or_refused_and_nothing_else():
    dice = random.Random(SEED)
    known = bodies()
    seen: Counter[str] = Counter()
    for _ in range(COUNT):
        reply = Reply(dice.choice(STATUSES), mutated(dice.choice(known), dice))
        told = answers.placed("OR0000000010000001", reply, NOW)
        assert isinstance(told, OrderAccepted | OrderRefused | OutcomeUnknown)
        seen[type(told).__name__] += 1
        answers.cancelled("OR0000000010000001", reply, NOW)
        for read in READS:
            try:
                read(reply)
                seen["read"] += 1
            except BrokerError as error:
                seen[type(error).__name__] += 1

    assert {"OutcomeUnknown", "read", "WireGarbled", "BrokerUnavailable"} <= set(seen)


def test_every_truncation_of_a_yes_is_a_yes_whole_or_leaves_us_in_doubt():
    whole = json.dumps({"status": "success", "data": {"order_id": "1914227164488687616"}}).encode()

    for size in range(len(whole)):
        assert isinstance(answers.placed("OR1", Reply(200, whole[:size]), NOW), OutcomeUnknown)
    assert answers.placed("OR1", Reply(200, whole), NOW).broker_order_id == "1914227164488687616"


def test_every_truncation_of_a_book_is_refused():
    whole = json.dumps({"status": "success", "data": MADE[0]}).encode()

    assert codec.updated(codec.orders(Reply(200, whole))[0], NOW).state is State.WORKING
    for size in range(len(whole)):
        try:
            singly.orders(Reply(200, whole[:size]))
        except BrokerError:
            continue
        raise AssertionError(f"the first {size} bytes were taken for a book")
