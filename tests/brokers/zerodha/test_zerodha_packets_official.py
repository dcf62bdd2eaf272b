"""Our ticks are those of the client that Zerodha publishes, for every kind of frame."""

from __future__ import annotations

import base64

import pytest
from hypothesis import HealthCheck, given, settings

from daemon.brokers.zerodha.packets import Mode, Tick, decode
from daemon.domain.instants import SECOND_NS
from daemon.errors import WireGarbled
from tests.kit.kite_frames import frame, frames
from tests.kit.official_kite import official_ticker
from tests.kit.recordings import data_path

DAY = {"open": "open_e4", "high": "high_e4", "low": "low_e4", "close": "close_e4"}
FIGURES = {
    "last_traded_quantity": "last_quantity",
    "volume_traded": "volume",
    "total_buy_quantity": "buy_quantity",
    "total_sell_quantity": "sell_quantity",
    "oi": "interest",
    "oi_day_high": "interest_high",
    "oi_day_low": "interest_low",
}


@pytest.fixture(scope="module")
def official():
    with official_ticker() as ask:
        yield ask


def is_price(ours_e4: int, theirs: float, token: int) -> bool:
    """Whether a price is the same; only in currencies may ours have been rounded."""
    apart = abs(ours_e4 - theirs * 10_000)
    return apart < (0.501 if token & 0xFF == 3 else 0.001)


def assert_equal(ours: Tick, theirs: dict) -> None:
    assert ours.token == theirs["instrument_token"]
    assert ours.mode == theirs["mode"]
    assert ours.is_tradable == theirs["tradable"]
    assert is_price(ours.quote.ltp_e4, theirs["last_price"], ours.token)
    assert ours.exchange_ns == theirs.get("exchange_timestamp", 0) * SECOND_NS
    figures = ours.figures()
    assert (figures is None) == (ours.mode is Mode.LTP)
    if figures is not None:
        for name, field in DAY.items():
            assert is_price(getattr(figures, field), theirs["ohlc"][name], ours.token)
        for name, field in FIGURES.items():
            assert getattr(figures, field) == theirs.get(name, 0)
        assert figures.traded_ns == theirs.get("last_trade_time", 0) * SECOND_NS
        assert is_price(figures.average_e4, theirs.get("average_traded_price", 0), ours.token)
    assert_same_depth(ours, theirs.get("depth"))


def assert_same_depth(ours: Tick, theirs: dict | None) -> None:
    depth = ours.depth()
    assert (depth is None) == (theirs is None)
    if depth is None:
        return
    for levels, said in ((depth.bids, theirs["buy"]), (depth.asks, theirs["sell"])):
        assert [(e.quantity, e.orders) for e in levels] == [
            (e["quantity"], e["orders"]) for e in said
        ]
        for level, each in zip(levels, said, strict=True):
            assert is_price(level.price_e4, each["price"], ours.token)
    quote = ours.quote
    assert (quote.bid_e4, quote.bid_quantity) == (depth.bids[0].price_e4, depth.bids[0].quantity)
    assert (quote.ask_e4, quote.ask_quantity) == (depth.asks[0].price_e4, depth.asks[0].quantity)


@given(whole=frames())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_frame_of_any_kind_gives_the_official_values(official, whole):
    ours, theirs = decode(whole), official(whole)

    assert len(ours) == len(theirs)
    for tick, each in zip(ours, theirs, strict=True):
        assert_equal(tick, each)


@pytest.mark.parametrize("name", ["full", "quote"])
def test_the_broker_s_samples_give_the_official_values(official, name):
    raw = base64.b64decode(data_path(f"kite_mocks/ticker_{name}.packet").read_text())
    (ours,), (theirs,) = decode(frame(raw)), official(frame(raw))

    assert_equal(ours, theirs)


@pytest.mark.parametrize(("kept", "said"), [(3, None), (168, [])])
def test_what_is_cut_is_refused_by_us_and_lost_without_a_word_or_by_a_fault_there(
    official, kept, said
):
    whole = frame(bytes(184))

    assert official(whole[:kept]) == said
    with pytest.raises(WireGarbled):
        decode(whole[:kept])
