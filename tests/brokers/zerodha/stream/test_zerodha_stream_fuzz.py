"""Whatever comes on the socket becomes prices, a hint or a notice, and never an error.

ORDO_FUZZ says how many messages are mutated (2,000 unless told), ORDO_FUZZ_SEED which.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from datetime import time

from hypothesis import given
from hypothesis import strategies as st

from daemon.brokers.zerodha.stream.lines import GARBLED, Lines
from daemon.brokers.zerodha.stream.spreading import Wanted
from daemon.brokers.zerodha.stream.words import Bytes, Now, Opened, Pinged, Text
from daemon.domain.instants import at
from daemon.ports.market import BookWanted, BygonePrices, FrameHeard, NoticeHeard
from tests.kit.kite_frames import frame, frames
from tests.kit.ticker_line import NIFTY, OPTION, TRADING_DAY, index_packet, option_packet

COUNT = int(os.environ.get("ORDO_FUZZ", "2000"))
SEED = int(os.environ.get("ORDO_FUZZ_SEED", "1"))
NOW = Now(1, at(TRADING_DAY, time(10)))
ORDER = {
    "order_id": "1", "status": "OPEN", "exchange": "NFO", "tradingsymbol": "X", "tag": "t",
    "transaction_type": "BUY", "quantity": 75, "filled_quantity": 25, "average_price": 118.65,
    "product": "MIS",
}  # fmt: skip
TEXTS = tuple(
    json.dumps({"type": kind, "data": data}).encode()
    for kind, data in (("order", ORDER), ("error", "x"), ("message", "y"), ("new", {}))
)
FRAMES = (frame(index_packet(NIFTY, 5, 1), option_packet(OPTION, 9, 2)), b"\x00")
PIECES = (b'"', b"{", b"]", b"null", b"1e999", b"\\ud800", b"\xff", b"[" * 999, b"\x00\xb8")


def line() -> Lines:
    lines = Lines(random.Random(1))
    lines.want(Wanted({"NIFTY": NIFTY}, {"A": OPTION}), NOW)
    lines.handle(0, Opened(), NOW)
    return lines


def mutated(message: bytes, dice: random.Random) -> bytes:
    whole = bytearray(message)
    for _ in range(dice.randrange(1, 4)):
        at_byte = dice.randrange(len(whole) + 1)
        match dice.randrange(3):
            case 0:
                del whole[at_byte:]
            case 1:
                whole[at_byte : at_byte + dice.randrange(9)] = dice.choice(PIECES)
            case _:
                whole[at_byte : at_byte + 1] = bytes([dice.randrange(256)])
    return bytes(whole)


def test_mutated_messages_are_read_or_told_to_be_garbled():
    dice, lines, met = random.Random(SEED), line(), Counter[str]()
    for _ in range(COUNT):
        message = mutated(dice.choice(TEXTS + FRAMES), dice)
        text = Text(message.decode(dice.choice(("utf-8", "latin-1")), "replace"))
        for happened in (Bytes(message), text):
            for news in lines.handle(0, happened, NOW).news:
                assert isinstance(news, FrameHeard | BygonePrices | BookWanted | NoticeHeard)
                met[getattr(news, "kind", type(news).__name__)] += 1

    assert min(met["FrameHeard"], met["BookWanted"], met[GARBLED]) > 0


@given(st.one_of(st.text(max_size=300).map(Text), st.binary(max_size=400).map(Bytes)))
def test_arbitrary_messages_raise_nothing(happened):
    news = line().handle(0, happened, NOW).news
    assert all(
        isinstance(each, FrameHeard | BygonePrices | BookWanted | NoticeHeard) for each in news
    )


@given(st.binary(max_size=125))
def test_a_ping_of_any_content_is_answered(payload):
    ((_, pong),) = line().handle(0, Pinged(payload), NOW).done
    assert pong.payload == payload


@given(frames())
def test_frames_of_every_kind_are_counted_or_shown(data):
    lines = line()
    lines.handle(0, Bytes(data), NOW)
    assert lines.counts.garbled == 0
