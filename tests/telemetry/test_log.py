"""The log: a line for each event, which no text can break out of."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from daemon.telemetry.log import as_json, for_journald, make_log, suiting
from daemon.telemetry.redaction import Secret, Secrets

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


def test_whoever_takes_events_is_given_plain_values():
    taken = []
    make_log(taken.append, lambda: NOW).info("request", path=Path("/a"), codes=(1, None))

    assert taken[0] | {"at": ""} == {
        "at": "",
        "level": "info",
        "event": "request",
        "path": "/a",
        "codes": [1, None],
    }


def test_no_secret_stands_in_a_line_or_in_a_trace():
    secrets, taken = Secrets(), []
    secrets.know(Secret("hunter2-hunter2"))
    log = make_log(taken.append, lambda: NOW, secrets)
    log.info("login", password="short", note="with hunter2-hunter2", inner={"pin": "1234"})
    log.error("defect", exc_info=ValueError("hunter2-hunter2 is wrong"))

    assert "hunter2" not in as_json(taken[0]) + as_json(taken[1])
    assert (taken[0]["password"], taken[0]["inner"]) == ("***", {"pin": "***"})
    assert taken[1]["exception"].endswith("ValueError: *** is wrong")


@pytest.mark.parametrize(
    ("level", "mark"),
    [("critical", 2), ("error", 3), ("warning", 4), ("info", 6), ("debug", 7), ("odd", 6)],
)
def test_the_journal_is_given_each_line_with_its_priority(level, mark):
    line = for_journald({"level": level, "event": "it"})

    assert line.startswith(f"<{mark}>{{")
    assert json.loads(line[3:])["event"] == "it"


def test_the_journal_is_known_by_the_file_it_reads_from(tmp_path):
    with (tmp_path / "stderr").open("w") as stream:
        found = os.fstat(stream.fileno())
        journal = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        chosen = [suiting(stream, named) for named in (journal, {"JOURNAL_STREAM": "1:2"}, {})]

    assert chosen == [for_journald, as_json, as_json]
    assert suiting(io.StringIO(), journal) is as_json


def test_each_line_says_whose_money_it_is_where_somebody_trades():
    told = []
    make_log(told.append, lambda: 0, mode="live").info("began")
    make_log(told.append, lambda: 0).info("began")
    assert [each.get("mode") for each in told] == ["live", None]
    assert list(told[0]) == ["at", "level", "mode", "event"]
