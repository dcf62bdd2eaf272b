"""What is kept of what the daemon tells about itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.settings import Logs, load
from tests.kit.settings_file import refusals

STATE = Path("state")


def test_the_log_lies_in_the_state_folder_for_thirty_days():
    found = load(None, {}).logs

    assert (found.within(STATE), found.days) == (STATE / "logs", 30)


def test_another_folder_is_taken_as_it_is_written():
    assert Logs(folder=Path("/var/log/ordo")).within(STATE) == Path("/var/log/ordo")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[logs]\ndays = -1", "line 2: logs.days is -1; write a whole number of days"),
        ("[logs]\nfolder = 3", "line 2: logs.folder is 3; write a path in quotes"),
        ("[telemetry]\nslow_ms = 0", "line 2: telemetry.slow_ms is 0; write a whole number of"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(text, said):
    (told,) = refusals(text)

    assert said in told
