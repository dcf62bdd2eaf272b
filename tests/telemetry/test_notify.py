"""What the service manager is told, over a datagram socket as systemd has it."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import closing

import pytest

from daemon.telemetry.notify import Notifier, extend, status


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A manager's socket, and the address under which it is told."""
    name = f"ordo-test-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as wire:
        wire.bind("\0" + name if request.param == "abstract" else name)
        wire.settimeout(10)
        yield wire, "@" + name if request.param == "abstract" else name


def test_lines_leave_in_one_datagram_to_a_path_or_an_abstract_name(manager):
    wire, address = manager
    said: list[str] = []
    Notifier(address, said.append).send("READY=1", status("two of\ntwo guarded"), extend(30))

    told = b"READY=1\nSTATUS=two of two guarded\nEXTEND_TIMEOUT_USEC=30000000"
    assert wire.recv(4096) == told
    assert said == []


def test_without_an_address_nothing_is_sent():
    said: list[str] = []
    notifier = Notifier("", said.append)
    notifier.send("READY=1")

    assert not notifier
    assert said == []


@pytest.mark.parametrize("address", ["nobody", "vsock:2:1", "x" * 200, "nul\0name"])
def test_a_socket_that_fails_is_told_of_once(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    notifier = Notifier(address, said.append)
    notifier.send("READY=1")
    notifier.send("WATCHDOG=1")

    assert len(said) == 1
    assert said[0].startswith(f"the service manager cannot be told at {address}: ")
    assert "NOTIFY_SOCKET" in said[0]


def test_a_manager_that_reads_nothing_is_not_waited_for(tmp_path):
    said: list[str] = []
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as wire:
        wire.bind(str(tmp_path / "notify"))
        notifier = Notifier(str(tmp_path / "notify"), said.append)
        for _ in range(10_000):
            notifier.send("WATCHDOG=1")
            if said:
                break

    assert len(said) == 1


def test_a_process_that_may_open_no_more_files_still_tells_that_it_lives(manager, monkeypatch):
    wire, address = manager
    notifier = Notifier(address, pytest.fail)
    monkeypatch.setattr(socket, "socket", _refused)
    notifier.send("WATCHDOG=1")

    assert wire.recv(64) == b"WATCHDOG=1"


def test_a_socket_that_is_bound_anew_is_found(tmp_path):
    notifier = Notifier(str(tmp_path / "notify"), pytest.fail)
    for _ in range(2):
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as wire:
            wire.bind(str(tmp_path / "notify"))
            notifier.send("WATCHDOG=1")
            assert wire.recv(64) == b"WATCHDOG=1"
        (tmp_path / "notify").unlink()


def test_where_its_own_socket_could_not_be_opened_or_is_none_any_more_another_is(
    manager, monkeypatch
):
    wire, address = manager
    said: list[str] = []
    with monkeypatch.context() as refusing:
        refusing.setattr(socket, "socket", _refused)
        notifier = Notifier(address, said.append)
    for told in (b"first", b"second", b"third"):
        notifier.send(told.decode())
        assert wire.recv(64) == told
        if told == b"first":
            os.close(notifier._wire.fileno())

    assert len(said) == 1
    assert "Too many open files" in said[0]


def _refused(*_):
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
