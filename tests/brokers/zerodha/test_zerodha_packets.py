"""Frames of the ticker: every kind of packet, every segment, and nothing half read."""

from __future__ import annotations

import base64
import json
import os
import random
import struct

import pytest
from hypothesis import given, settings

from daemon.brokers.zerodha.packets import Depth, Figures, Level, Mode, decode
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.frames import Quote
from daemon.errors import WireGarbled
from tests.kit.kite_frames import LENGTHS, frame, frames, full_packet, packet
from tests.kit.recordings import data_path

NFO = 58_072 << 8 | 2
INDEX = 1_001 << 8 | 9
LEVELS = [(75 * n, 12_340 - 5 * n, n) for n in range(1, 6)]
ASKS = [(150 * n, 12_345 + 5 * n, 2 * n) for n in range(1, 6)]
DAY = (75, 12_300, 9_000, 400, 500, 12_000, 12_900, 11_800, 12_100)
TIMES = (1_600, 70, 80, 60, 1_601)
FULL = full_packet(NFO, (12_345, *DAY, *TIMES), LEVELS + ASKS)
MUTATIONS = int(os.environ.get("ORDO_FUZZ", "5000"))
SEED = int(os.environ.get("ORDO_FUZZ_SEED", "1"))


def test_a_full_packet_gives_the_price_the_touch_and_the_exchange_s_time():
    (tick,) = decode(frame(FULL))

    assert (tick.token, tick.mode, tick.exchange_ns) == (NFO, Mode.FULL, 1_601 * SECOND_NS)
    assert tick.traded_ns == 1_600 * SECOND_NS
    assert tick.quote == Quote(1_234_500, 1_233_500, 75, 1_235_000, 150)
    assert tick.is_tradable


def test_the_rest_of_a_full_packet_is_told_when_it_is_asked_for():
    (tick,) = decode(frame(FULL))
    day = (1_200_000, 1_290_000, 1_180_000, 1_210_000)

    assert tick.figures() == Figures(
        *day, 75, 1_230_000, 9_000, 400, 500, 1_600 * SECOND_NS, 70, 80, 60
    )
    assert tick.depth() == Depth(
        tuple(Level(100 * price, quantity, orders) for quantity, price, orders in LEVELS),
        tuple(Level(100 * price, quantity, orders) for quantity, price, orders in ASKS),
    )


def test_a_quote_packet_has_the_day_and_no_depth():
    (tick,) = decode(frame(packet(NFO, (12_345, *DAY))))

    assert (tick.mode, tick.quote, tick.exchange_ns) == (Mode.QUOTE, Quote(1_234_500), 0)
    assert tick.figures().close_e4 == 1_210_000
    assert tick.figures().traded_ns == 0
    assert tick.depth() is None


def test_a_packet_of_the_last_price_alone_has_neither():
    (tick,) = decode(frame(packet(NFO, (12_345,))))

    assert (tick.mode, tick.quote) == (Mode.LTP, Quote(1_234_500))
    assert (tick.figures(), tick.depth()) == (None, None)


@pytest.mark.parametrize(("stamp", "mode"), [((), Mode.QUOTE), ((1_601,), Mode.FULL)])
def test_of_an_index_high_and_low_come_before_the_open(stamp, mode):
    (tick,) = decode(
        frame(packet(INDEX, (2_400_000, 2_410_000, 2_390_000, 2_395_000, 2_380_000, 1, *stamp)))
    )

    assert (tick.mode, tick.is_tradable, tick.quote) == (mode, False, Quote(240_000_000))
    assert tick.figures() == Figures(239_500_000, 241_000_000, 239_000_000, 238_000_000)
    assert tick.exchange_ns == sum(stamp) * SECOND_NS
    assert tick.depth() is None


@pytest.mark.parametrize(
    ("segment", "price_e4"),
    [(1, 83_412_500_000), (2, 83_412_500_000), (3, 834_125), (6, 834_125_000), (7, 83_412_500_000),
     (9, 83_412_500_000), (12, 834_125_000), (200, 83_412_500_000)],
)  # fmt: skip
@pytest.mark.parametrize("length", LENGTHS)
def test_a_price_is_divided_by_what_its_segment_says(segment, price_e4, length):
    body = struct.pack(">II", 5 << 8 | segment, 834_125_000) + bytes(176)
    (tick,) = decode(frame(body[:length]))

    assert tick.quote.ltp_e4 == price_e4


@pytest.mark.parametrize(("raw", "price_e4"), [(500, 0), (501, 1), (1_500, 2), (2_500, 2)])
def test_a_currency_finer_than_a_ten_thousandth_is_rounded_half_to_even(raw, price_e4):
    (tick,) = decode(frame(packet(5 << 8 | 3, (raw,))))

    assert tick.quote.ltp_e4 == price_e4


def test_a_price_uses_all_thirty_two_bits():
    (tick,) = decode(frame(packet(NFO, (2**32 - 1,))))

    assert tick.quote.ltp_e4 == (2**32 - 1) * 100


def test_a_kind_of_packet_that_nobody_knows_is_stepped_over():
    told = decode(frame(b"", packet(1, (9,) * 49), packet(NFO, (12_345,)), b"\0" * 7, FULL))

    assert [(tick.token, tick.mode) for tick in told] == [(NFO, Mode.LTP), (NFO, Mode.FULL)]


@pytest.mark.parametrize("beat", [b"\0", b"\1", b"\0\0"])
def test_a_heartbeat_and_a_frame_of_nothing_hold_no_ticks(beat):
    assert decode(beat) == []


def test_what_follows_the_announced_packets_is_not_looked_at():
    assert len(decode(frame(FULL) + b"\xff\xff\xff")) == 1


@given(frames())
@settings(max_examples=60, deadline=None)
def test_every_truncation_of_a_frame_is_refused_whole(whole):
    for size in range(len(whole)):
        if size == 1:
            continue  # one byte alone is a heartbeat, whatever it was cut from
        with pytest.raises(WireGarbled, match=f"ends after {size} bytes"):
            decode(whole[:size])


def test_a_mutated_frame_is_read_or_refused_and_nothing_else():
    dice = random.Random(SEED)
    kinds = [packet(INDEX, range(1, length // 4)) for length in LENGTHS[:4]]
    base = frame(*kinds, FULL, *kinds)
    refused = 0
    for _ in range(MUTATIONS):
        mutated = bytearray(base[: dice.randrange(len(base) + 1)] if dice.random() < 0.2 else base)
        for _ in range(min(len(mutated), dice.randrange(1, 6))):
            mutated[dice.randrange(len(mutated))] = dice.randrange(256)
        try:
            for tick in decode(bytes(mutated)):
                tick.figures()
                tick.depth()
        except WireGarbled:
            refused += 1

    assert 0 < refused < MUTATIONS


@pytest.mark.parametrize("name", ["full", "quote"])
def test_the_broker_s_own_samples_read_as_it_says(name):
    raw = base64.b64decode(data_path(f"kite_mocks/ticker_{name}.packet").read_text())
    said = json.loads(data_path(f"kite_mocks/ticker_{name}.json").read_text())
    (tick,) = decode(frame(raw))
    figures = tick.figures()

    assert (tick.token, tick.mode.value, tick.is_tradable) == (
        said["instrument_token"],
        said["mode"],
        said["tradable"],
    )
    assert tick.quote.ltp_e4 == round(said["last_price"] * 10_000)
    assert figures.average_e4 == round(said["average_price"] * 10_000)
    day = {key: getattr(figures, f"{key}_e4") for key in said["ohlc"]}
    assert day == {key: round(price * 10_000) for key, price in said["ohlc"].items()}
    told = (figures.last_quantity, figures.volume, figures.buy_quantity, figures.sell_quantity)
    assert told == tuple(
        said[k] for k in ("last_quantity", "volume", "buy_quantity", "sell_quantity")
    )
