"""An answer that is almost JSON is read: what one text spoils hides nothing beside it."""

from __future__ import annotations

import json

import msgspec
import pytest

from daemon.brokers.zerodha.strict import made_strict


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(rb"half \ud83d", "half \ufffd", id="the first half of a pair"),
        pytest.param(rb"half \ude00", "half \ufffd", id="the second half of one"),
        pytest.param(rb"\ude00\ud83d", "\ufffd\ufffd", id="both, the wrong way round"),
        pytest.param(rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600", id="a half before a pair"),
        pytest.param(rb"\ud83d\ude00", "\U0001f600", id="a pair"),
        pytest.param(rb"\\ud83d", "\\ud83d", id="a backslash before such letters"),
        pytest.param(rb"\\\ud83d", "\\\ufffd", id="a backslash before a half"),
        pytest.param(b"tab\tbell\x07", "tab\ufffdbell\ufffd", id="control characters"),
        pytest.param(rb"line\nquote\"NaN", 'line\nquote"NaN', id="what may stand there"),
        pytest.param("\u0939\u093f".encode(), "\u0939\u093f", id="letters of any script"),
    ],
)
def test_a_text_is_told_but_for_what_no_json_may_hold(text, shown):
    strict = made_strict(b'[{"text":"' + text + b'"},\n\t{"order_id":"2"}]')
    assert msgspec.json.decode(strict) == [{"text": shown}, {"order_id": "2"}]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_stays_none_as_a_text(number):
    strict = made_strict(b'{"NaN":[1,' + number.encode() + b",-2.50]}")
    assert msgspec.json.decode(strict) == {"NaN": [1, number, -2.5]}


def test_what_is_strict_stays_as_it_is_to_the_byte():
    told = {"a\\": ['x\n"y\u2028', -1.5e-7, None, True], "": {"NaN ": "Infinity"}}
    for body in (json.dumps(told).encode(), json.dumps(told, ensure_ascii=False).encode()):
        assert made_strict(body) == body


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":"cut', b'{"a":"cut\\', b"\xff\xfe"])
def test_what_is_no_json_at_all_stays_none(body):
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(made_strict(body))
