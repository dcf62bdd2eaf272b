from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.market.notes import NoteKind
from daemon.errors import StoreError
from daemon.messages import DayMarked, EpochBegan, ExitLegs, Noted
from daemon.storage.codec import FACTS, Row, TicksTaken, decode, encode, kind_of, linked, vocabulary
from tests.kit.facts import NOW, of_type

ROW = Row(1, "owner", NOW, "Noted", "feed", 7, 3, b"{}", b"")


@pytest.mark.parametrize("kind", [*FACTS, TicksTaken], ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_every_record_comes_back_as_it_was(kind, data):
    """Enumerations, dates, tuples and nested words too."""
    record = data.draw(of_type(kind))

    assert decode(encode(record)) == record


def test_a_body_can_be_read_by_any_tool():
    """It is JSON, and its type is the kind of the row."""
    marked = DayMarked(
        "straddle", date(2025, 8, 29), None, (NOW, 5), (NOW, 1), "LOCKED", 0, (), NOW
    )

    assert msgspec.json.decode(encode(marked)) == {
        "type": kind_of(marked),
        "strategy_id": "straddle",
        "day": "2025-08-29",
        "low": None,
        "high": [NOW, 5],
        "last": [NOW, 1],
        "status": "LOCKED",
        "floor_e4": 0,
        "marks": [],
        "at_ns": NOW,
        "account": "",
        "basket_id": "",
    }


@pytest.mark.parametrize(
    "record",
    [
        ExitLegs("straddle", (), "manual"),
        "a sentence",
        EpochBegan(object(), NOW),
        Noted(NoteKind.REFUSED, "half a pair: \ud800", NOW),
    ],
)
def test_what_could_not_be_read_back_is_not_recorded(record):
    """A command, another thing, or a fact that holds what has no bytes."""
    with pytest.raises(StoreError, match="cannot be recorded"):
        encode(record)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"type":7}',
        b'{"type":"EpochBegan","epoch":1}',
        b'{"type":"EpochBegan","epoch":"1","at_ns":1}',
        b'{"type":"Noted","kind":"stale","text":"\xff","at_ns":1}',
    ],
)
def test_a_body_that_is_no_record_is_refused(body):
    """Nothing is guessed from it."""
    with pytest.raises(StoreError, match="no record that this version knows"):
        decode(body)


def test_what_a_newer_version_recorded_is_refused_with_what_to_do():
    """As after a version was rolled back."""
    sentence = r"^the ledger was written by a newer version \(it has a MoonSeen\); run that one$"
    with pytest.raises(StoreError, match=sentence) as refused:
        decode(b'{"type":"MoonSeen","at_ns":1}')
    assert refused.value.code == "ledger_newer"


def test_what_can_be_read_is_told_by_every_kind_of_record_and_the_words_in_them():
    told = vocabulary()

    assert {kind.__name__ for kind in (*FACTS, TicksTaken)} <= told.keys()
    assert told["Noted"] == []
    assert told["Side"] == ["buy", "sell"]


@pytest.mark.parametrize(
    "change",
    [
        {"owner_id": "ownerN", "kind": "oted"},
        {"kind": "Notedf", "actor": "eed"},
        {"actor": "feed{", "body": b"}"},
        {"message": 3, "cause": 7},
        {"at_ns": -NOW},
        {"actor": "fee\udcff"},
    ],
)
def test_no_two_rows_are_linked_by_the_same_bytes(change):
    """Also where one column begins with what another ends with."""
    assert linked(ROW._replace(**change)) != linked(ROW)


def test_what_a_row_is_linked_by_is_pinned():
    """A table written today is verified by any later version."""
    expected = NOW.to_bytes(8, "big") + bytes(7) + b"\x07" + bytes(7) + b"\x03"
    expected += bytes(3) + b"\x05" + bytes(3) + b"\x05" + bytes(3) + b"\x04"

    assert linked(ROW) == expected + b"ownerNotedfeed{}"
