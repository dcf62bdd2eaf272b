"""The machine and the process: how a daemon ends when nothing else of it can."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator

import pytest

from daemon.app.machine.host import Host, end_at_once, this_host


class Ended(BaseException):
    """The process would be gone."""


@pytest.fixture
def stderr(monkeypatch) -> Iterator[tuple[int, int]]:
    """The two ends of a pipe that stands for stderr; ending the process raises instead."""

    def end(code: int) -> None:
        raise Ended(code)

    reading, writing = os.pipe()
    with os.fdopen(writing, "w", closefd=False) as stream:
        monkeypatch.setattr(sys, "__stderr__", stream)
        monkeypatch.setattr(os, "_exit", end)
        yield reading, writing
    os.close(reading)
    os.close(writing)


def test_it_says_why_and_ends_with_1(stderr):
    with pytest.raises(Ended, match="1"):
        end_at_once("no beat")

    assert os.read(stderr[0], 4096) == b"ordo: no beat\n"


def test_a_stderr_that_takes_nothing_is_not_waited_for(stderr):
    _, writing = stderr
    os.set_blocking(writing, False)
    while select.select([], [writing], [], 0)[1]:
        os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)

    with pytest.raises(Ended):
        end_at_once("no beat")


def test_without_a_stderr_it_ends_all_the_same(stderr, monkeypatch):
    monkeypatch.setattr(sys, "__stderr__", None)

    with pytest.raises(Ended):
        end_at_once("no beat")


@pytest.mark.parametrize(("environ", "address"), [({}, ""), ({"NOTIFY_SOCKET": "@x"}, "@x")])
def test_the_managers_socket_is_the_one_that_it_names(monkeypatch, environ, address):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert this_host() == Host(notify=address)
