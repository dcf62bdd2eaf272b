"""The proxy that harms connections does what it is told, when it is told, and heals."""

from __future__ import annotations

import gc
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.kit.fault_proxy import FaultProxy, Place, fault_proxy
from tests.kit.fault_ways import Fault, Then

WORD = b"all that was said"
PATIENCE_S = 20.0


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with echo() as server, fault_proxy(server) as made:
        yield made


@pytest.mark.parametrize(
    "fault",
    [
        Fault(),
        Fault(latency_ms=20),
        Fault(jitter_ms=20),
        Fault(bytes_per_s=2_000),
        Fault(bytes_per_s=2_000, piece_bytes=1),
    ],
)
def test_what_is_only_late_or_slow_arrives_whole_and_in_order(proxy, fault):
    proxy.tell(asks=fault, tells=fault)
    with connected(proxy) as end:
        for part in (WORD[:3], WORD[3:10], WORD[10:]):
            end.sendall(part)
        assert read(end, len(WORD)) == WORD
        end.shutdown(socket.SHUT_WR)
        assert end.recv(1) == b""
    assert bool(proxy.harmed) is (fault != Fault())


def test_an_answer_comes_no_sooner_than_both_ways_take(proxy):
    proxy.tell(asks=Fault(latency_ms=30), tells=Fault(latency_ms=30))
    with connected(proxy) as end:
        began_s = time.monotonic()
        end.sendall(WORD)
        assert read(end, len(WORD)) == WORD
    assert time.monotonic() - began_s >= 0.06


def test_equal_seeds_are_equally_late(proxy):
    """Chance is of the connection, whatever else goes on."""
    spans = []
    for seed in (1, 1, 2):
        with echo() as server, fault_proxy(server, seed=seed) as made, connected(made) as end:
            end.sendall(WORD)
            assert read(end, len(WORD)) == WORD
            (pair,) = made._pairs
            spans.append([way._chance.random() for way in pair.ways])
    assert spans[0] == spans[1] != spans[2]


@pytest.mark.parametrize("way", ["asks", "tells"])
@pytest.mark.parametrize("then", [Then.STALLS, Then.SWALLOWS])
def test_what_does_not_come_through_leaves_the_connection_open(proxy, way, then):
    with connected(proxy) as end:
        end.sendall(WORD)
        assert read(end, len(WORD)) == WORD
        proxy.tell(**{way: Fault(after_bytes=4, then=then)})
        end.sendall(WORD)
        assert read(end, 4) == WORD[:4]
        assert is_silent(end)
        proxy.heal()
        end.sendall(b"!")
        held = WORD[4:] if then is Then.STALLS else b""
        assert read(end, len(held) + 1) == held + b"!"
    assert proxy.harmed


@pytest.mark.parametrize("way", ["asks", "tells"])
def test_a_connection_is_cut_after_so_many_bytes(proxy, way):
    proxy.tell(**{way: Fault(after_bytes=4, then=Then.CUTS)})
    with connected(proxy) as end:
        end.sendall(WORD)
        if way == "tells":
            assert read(end, 4) == WORD[:4]
        assert is_over(end)


@pytest.mark.parametrize("way", ["asks", "tells"])
def test_a_connection_is_reset_after_so_many_bytes(proxy, way):
    proxy.tell(**{way: Fault(after_bytes=0, then=Then.RESETS)})
    with connected(proxy) as end:
        end.sendall(WORD)
        with pytest.raises(ConnectionResetError):
            end.recv(1)


def test_one_way_ends_and_the_other_goes_on(proxy):
    """The server hears of the end, and what it still says comes through."""
    proxy.tell(asks=Fault(after_bytes=4, then=Then.ENDS))
    with connected(proxy) as end:
        end.sendall(WORD)
        assert read(end, 4) == WORD[:4]
        assert end.recv(1) == b""


def test_what_was_told_counts_for_later_connections_only_where_that_was_said(proxy):
    with connected(proxy) as end:
        end.sendall(WORD)
        assert read(end, len(WORD)) == WORD
        proxy.tell(tells=Fault(after_bytes=0, then=Then.CUTS), later=False)
        end.sendall(WORD)
        assert is_over(end)
    with connected(proxy) as end:
        end.sendall(WORD)
        assert read(end, len(WORD)) == WORD


@pytest.mark.parametrize("resets", [False, True])
def test_whoever_is_connected_is_cut_off_at_once(proxy, resets):
    with connected(proxy) as end:
        end.sendall(WORD)
        assert read(end, len(WORD)) == WORD
        proxy.cut(resets=resets)
        if resets:
            with pytest.raises(ConnectionResetError):
                end.recv(1)
        else:
            assert is_over(end)


def test_nobody_is_let_in_until_connections_come_again(proxy):
    with connected(proxy) as before:
        before.sendall(WORD)
        assert read(before, len(WORD)) == WORD
        proxy.refuse()
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError), connected(proxy):
                pass
        before.sendall(WORD)
        assert read(before, len(WORD)) == WORD
    proxy.heal()
    with connected(proxy) as end:
        end.sendall(WORD)
        assert read(end, len(WORD)) == WORD
    assert proxy.connections == 2


def test_a_server_that_is_not_there_is_a_reset():
    with echo() as server:
        gone = server
    # It may come before the connection is made.
    with fault_proxy(gone) as made, suppress(ConnectionResetError), connected(made) as end:
        assert is_over(end)


def test_a_stall_of_what_was_on_its_way_ends_with_the_fault(proxy):
    """A minute of latency is not waited for once the way is sound again."""
    proxy.tell(tells=Fault(latency_ms=60_000))
    with connected(proxy) as end:
        end.sendall(WORD)
        assert is_silent(end)
        proxy.heal()
        assert read(end, len(WORD)) == WORD


def test_a_unix_socket_is_harmed_as_well(tmp_path):
    server, at = tmp_path / "server.sock", tmp_path / "proxy.sock"
    with echo(server), fault_proxy(server, at) as made:
        with connected(made) as end:
            end.sendall(WORD)
            assert read(end, len(WORD)) == WORD
            made.tell(tells=Fault(after_bytes=2, then=Then.RESETS))
            end.sendall(WORD)
            assert is_over(end, after=2)
        made.refuse()
        with pytest.raises(ConnectionRefusedError), connected(made):
            pass
    assert not at.exists()


def test_who_comes_while_it_ends_is_let_go_of():
    """A connection that nobody closes would be told of in whichever test runs when it is found."""
    with echo() as server, warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always")
        for _ in range(20):
            with fault_proxy(server) as made:
                ends = [socket.create_connection(("127.0.0.1", made.at)) for _ in range(5)]
            for end in ends:
                end.close()
        gc.collect()
    assert [str(each.message) for each in left_open] == []


@contextmanager
def echo(at: Place = 0) -> Iterator[Place]:
    """Run a server that says again whatever it is told, until the block ends."""
    if isinstance(at, Path):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(at))
        listener.listen()
    else:
        listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def answer(end: socket.socket) -> None:
        with end, suppress(OSError):
            while data := end.recv(65_536):
                end.sendall(data)

    def listen() -> None:
        with suppress(OSError):
            while True:
                end, _ = listener.accept()
                threads.append(threading.Thread(target=answer, args=(end,), daemon=True))
                threads[-1].start()

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    try:
        yield at if isinstance(at, Path) else listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        listening.join()


@contextmanager
def connected(proxy: FaultProxy) -> Iterator[socket.socket]:
    """A connection through a proxy, until the block ends."""
    family = socket.AF_UNIX if isinstance(proxy.at, Path) else socket.AF_INET
    place = str(proxy.at) if isinstance(proxy.at, Path) else ("127.0.0.1", proxy.at)
    with socket.socket(family) as end:
        end.settimeout(PATIENCE_S)
        end.connect(place)
        yield end


def read(end: socket.socket, count: int) -> bytes:
    """Return so many bytes, or as many as come before the end."""
    found = b""
    while len(found) < count and (data := end.recv(count - len(found))):
        found += data
    return found


def is_silent(end: socket.socket) -> bool:
    """Say whether nothing comes for a moment, and no end either."""
    end.settimeout(0.05)
    try:
        end.recv(1)
    except TimeoutError:
        return True
    else:
        return False
    finally:
        end.settimeout(PATIENCE_S)


def is_over(end: socket.socket, after: int = 0) -> bool:
    """Say whether the connection ends after so many bytes, in whatever way."""
    try:
        return len(read(end, after + 1)) <= after
    except ConnectionError:
        return True
