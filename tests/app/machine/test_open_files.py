from __future__ import annotations

import resource

import pytest
from msgspec.structs import replace

from daemon.app.machine.open_files import room_made
from daemon.settings import Settings, Web

SETTINGS = Settings(web=Web(max_connections=1_500))
NEEDED = 1_500 + 16 + 256
UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture
def limits(monkeypatch) -> list[tuple[int, int]]:
    """The limits of this process, soft and hard; what they are set to follows."""
    held: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: held[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, to: held.append(to))
    return held


@pytest.mark.parametrize("hard", [NEEDED, 524_288, UNLIMITED])
def test_a_process_that_may_open_too_few_files_is_let_open_as_many_as_it_needs(limits, hard):
    limits.append((1_024, hard))

    assert room_made(SETTINGS) == ""
    assert limits[1:] == [(NEEDED, hard)]


@pytest.mark.parametrize("soft", [NEEDED, 65_536, UNLIMITED])
def test_where_enough_files_may_be_opened_nothing_is_changed(limits, soft):
    limits.append((soft, UNLIMITED))

    assert (room_made(SETTINGS), limits[1:]) == ("", [])


def test_where_the_system_allows_too_few_files_a_person_is_told_what_to_do(limits):
    limits.append((256, 1_024))

    assert room_made(SETTINGS) == (
        "this process may open 1,024 files, and 1,772 are needed where every connection that is "
        "let in is there; raise the hard limit (LimitNOFILE= of a unit, `ulimit -Hn` in a "
        "shell), or lower [web] max_connections, and start again"
    )
    assert limits[1:] == [(1_024, 1_024)]


def test_without_a_port_no_connections_are_counted(limits):
    limits.append((300, 300))

    assert room_made(replace(SETTINGS, web=Web(enabled=False))) == ""
