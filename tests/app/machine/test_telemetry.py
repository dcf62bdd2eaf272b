"""The log goes to standard error and to a file for each day, as the settings say."""

from __future__ import annotations

import io
import json
from threading import Event

from daemon.app.machine.telemetry import bare, opened
from daemon.settings import Daemon, Logs, Settings
from daemon.telemetry.redaction import STARS

TOKEN = "ordo_0123abcd_" + "Ab1-_" * 8 + "xyz"


class Heard(io.StringIO):
    """A stream that tells when a text was written to it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.heard, self._text = Event(), text

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._text in text:
            self.heard.set()
        return written


def settings(folder, **logs) -> Settings:
    return Settings(daemon=Daemon(state_dir=folder), logs=Logs(**logs))


def events(text: str) -> list[str]:
    return [json.loads(line)["event"] for line in text.splitlines()]


def test_lines_and_facts_go_to_standard_error_and_to_the_file_of_the_day(tmp_path):
    stderr = io.StringIO()
    with opened(settings(tmp_path), stderr, {}) as told:
        told.log.info("request", status=200)
        told.record({"event": "DayEnded", "fact": {"note": TOKEN}})
        assert told.lost_lines() == 0
    (kept,) = (tmp_path / "logs").iterdir()

    assert events(stderr.getvalue()) == ["request", "DayEnded"]
    assert kept.read_text() == stderr.getvalue()
    assert json.loads(kept.read_text().splitlines()[1])["fact"] == {"note": STARS}


def test_without_days_there_are_no_files(tmp_path):
    stderr = io.StringIO()
    with opened(settings(tmp_path, days=0), stderr, {}) as told:
        told.log.info("request")

    assert events(stderr.getvalue()) == ["request"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_had_is_told_and_hinders_nobody(tmp_path):
    stderr = Heard("log not written")
    (tmp_path / "logs").write_text("in the way")
    with opened(settings(tmp_path), stderr, {}) as told:
        told.log.info("request")
        assert stderr.heard.wait(30)

    assert sorted(events(stderr.getvalue())) == ["log not written", "request"]
    assert told.lost_lines() == 1


def test_a_bare_one_writes_at_once(capsys):
    told = bare()
    told.log.info("request")
    told.record({"event": "DayEnded"})

    assert events(capsys.readouterr().err) == ["request"]
    assert told.lost_lines() == 0
