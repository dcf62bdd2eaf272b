"""The log: a line for each event, which no text can break out of."""

from __future__ import annotations

import io
import json

import pytest

from daemon.telemetry.log import make_log, printable

NOW = 1_764_000_000_123_456_789


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_a_line_of_json_with_its_instant():
    stream = io.StringIO()
    make_log(stream, lambda: NOW).info("request", status=200, user="me")

    assert lines_of(stream) == [
        {
            "at": "2025-11-24T16:00:00.123456+00:00",
            "level": "info",
            "event": "request",
            "status": 200,
            "user": "me",
        }
    ]


def test_a_terminal_is_given_a_plain_line():
    stream = Terminal()
    make_log(stream, lambda: NOW).warning("odd", path="/a\x1b[2J")

    assert stream.getvalue() == ("2025-11-24T16:00:00.123456+00:00 warning odd path=/a\\x1b[2J\n")


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_an_error_is_told_with_its_trace(kind):
    stream = kind()
    make_log(stream, lambda: NOW).error("defect", exc_info=ZeroDivisionError("it"))

    assert "ZeroDivisionError: it" in stream.getvalue()
    assert kind is Terminal or "ZeroDivisionError: it" in lines_of(stream)[0]["exception"]


def test_what_is_below_info_is_not_told():
    stream = io.StringIO()
    make_log(stream, lambda: NOW).debug("noise")

    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plain, and ₹ too", "plain, and ₹ too"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x00\x1b[31m", "\\x00\\x1b[31m"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("\u2028\x85", "\\u2028\\x85"),
        ("\udcff", "\\udcff"),
        ("x" * 2_001, "x" * 2_000 + "..."),
    ],
)
def test_a_text_keeps_to_its_line(text, told):
    assert printable(text) == told
