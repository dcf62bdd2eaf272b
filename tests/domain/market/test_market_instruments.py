from __future__ import annotations

from datetime import date

import msgspec
import pytest

from daemon.domain.market.instruments import Instrument, Kind

CALL = Instrument(
    symbol="NIFTY-2025-09-02-24550-CE",
    underlying="NIFTY",
    kind=Kind.CALL,
    lot=75,
    tick_e4=500,
    freeze_quantity=1800,
    expiry=date(2025, 9, 2),
    strike_e4=24_550_0000,
)


def test_an_instrument_is_never_changed():
    with pytest.raises(AttributeError):
        CALL.lot = 65


def test_an_instrument_is_the_same_after_a_round_trip():
    assert msgspec.json.decode(msgspec.json.encode(CALL), type=Instrument) == CALL


def test_an_index_has_neither_expiry_nor_strike():
    index = Instrument("NIFTY", "NIFTY", Kind.INDEX, lot=1, tick_e4=500, freeze_quantity=0)

    assert (index.expiry, index.strike_e4) == (None, 0)
