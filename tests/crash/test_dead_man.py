"""The daemon hangs or is gone with a straddle open: the guardian closes it, and nobody twice."""

from __future__ import annotations

import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from daemon.domain.instants import SECOND_NS
from daemon.domain.orders.words import OrderRefused
from daemon.guardian.decision import Exposure
from daemon.guardian.exposure import exposure_of
from daemon.kill import Latch, pull, standing
from daemon.settings import load
from daemon.storage.exclusive import GUARDIAN, last_holder
from daemon.storage.fence import put_up, stands
from daemon.twin.file import SeenFile
from tests.crash.test_disk_that_fails import STRATEGY, hanging
from tests.crash.test_killed_in_a_kill import heard
from tests.kit import crashes
from tests.kit.commands import told
from tests.kit.daemon_process import DaemonProcess, host_ns, running
from tests.kit.guardian_process import watching

PACE = ("--speed", "20")


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_daemon_that_is_lost_with_something_open_is_ended_and_all_is_closed_once(held, how):
    with running(held, *PACE) as daemon:
        daemon.wait_ready()
        with watching(held) as guardian:
            os.kill(daemon.pid, how)
            guardian.wait_line("has closed everything")
            assert daemon.wait_end() == -signal.SIGKILL
            (latch,) = standing(held / "state")
            assert (latch.by, latch.kind, latch.scope) == ("guardian", "kill", "all")
    assert_closed_once(held / "state")


def assert_closed_once(state) -> None:
    """Everything is closed, and no order was cut off between its commit and the exchange."""
    day = crashes.read(state)
    refused = {fact.intent_id for fact in day.of(OrderRefused)}
    assert {fact.intent.intent_id for fact in crashes.cut_intents(day)} <= refused
    assert_closed(state)


def assert_closed(state) -> None:
    """Short all day, and at the end nothing: no trade ever led across, and all is accounted for."""
    day = crashes.read(state)
    assert crashes.sent_twice(day) == []
    assert crashes.ours(day) == crashes.theirs(day) == {}
    net: Counter[str] = Counter()
    for trade in day.trades:
        net[trade.symbol] += trade.side.sign * trade.quantity
        assert net[trade.symbol] <= 0
    assert len(day.trades) == 4
    assert told("audit", "verify", "--ledger", state / "ledger.sqlite").code == 0


def test_a_daemon_that_is_back_in_time_is_left_alone(held):
    with running(held, "--speed", "1") as daemon:
        daemon.wait_ready()
        with watching(held, silence_s=12) as guardian:
            daemon.kill()
            over_ns = host_ns() + 13 * SECOND_NS
            with running(held, "--speed", "1") as again:
                again.wait_ready()
                again.wait(
                    lambda: host_ns() > over_ns, "lives on for longer than it was waited for"
                )
                assert again.get("/api/status").document["state"] == "running"
            assert len(guardian.lines) == 1
    assert standing(held / "state") == ()


def test_a_daemon_whose_socket_somebody_removed_is_left_alone_until_it_is_lost(held):
    with running(held, *PACE) as daemon:
        daemon.wait_ready()
        with watching(held) as guardian:
            (held / "state" / "beat.sock").unlink()
            guardian.wait_line("somebody removed beat.sock")
            over_ns = host_ns() + 4 * SECOND_NS
            daemon.wait(lambda: host_ns() > over_ns, "lives on for longer than a silence")
            assert standing(held / "state") == ()
            daemon.kill()
            guardian.wait_line("has closed everything")
    assert_closed_once(held / "state")


def test_a_daemon_that_hangs_is_ended_though_somebody_removed_its_lock_file(held):
    """As who takes it for a stale one does, and starts another, which is refused."""
    with running(held, *PACE) as daemon, watching(held, silence_s=4) as guardian:
        daemon.wait_ready()
        seen_ns = host_ns() + SECOND_NS
        daemon.wait(lambda: host_ns() > seen_ns, "is looked at a few times")
        os.kill(daemon.pid, signal.SIGSTOP)
        (held / "state" / "daemon.lock").unlink()
        with running(held, *PACE) as second:
            assert second.wait_end() == 1
        guardian.wait_line("has closed everything")
        assert daemon.wait_end() == -signal.SIGKILL
    assert_closed_once(held / "state")


def test_a_daemon_that_starts_while_the_guardian_works_waits_and_comes_up_latched(held):
    """It is kept at its work for as long as the daemon needs to find it there."""
    with watching(held, speed="1") as guardian:
        guardian.wait_line("takes over")
        guardian.wait(lambda: working(held / "state"), "holds the folder")
        os.kill(guardian.pid, signal.SIGSTOP)
        with running(held, *PACE) as daemon:
            daemon.wait_line("this start waits for it")
            os.kill(guardian.pid, signal.SIGCONT)
            guardian.wait_line("has closed everything")
            daemon.wait_ready()
            daemon.wait_event("KillStaged", stage="flat")
            (latch,) = standing(held / "state")
            assert daemon.get("/api/status").document["state"] == "halted"
            snapshot = daemon.get("/api/portfolio/snapshot").document
            assert [each["quantity"] for each in snapshot["positions"] if each["quantity"]] == []
            assert daemon.brake("rearm", latch_id=latch.latch_id)["ok"]
            assert daemon.get("/api/status").document["state"] == "running"
            assert daemon.end(signal.SIGTERM) == 0
    assert_closed_once(held / "state")


@pytest.mark.parametrize("cut", ["takes over", "the guardian is closing"])
def test_a_guardian_that_is_killed_at_its_work_is_gone_on_with_by_the_next(held, cut):
    with watching(held) as guardian:
        guardian.wait_line(cut)
        guardian.end()
    with watching(held) as guardian:
        settings = load(None, {"ORDO_DAEMON__STATE_DIR": str(held / "state")})
        guardian.wait(lambda: exposure_of(settings) is Exposure.FLAT, "closes what is open")
    assert len(standing(held / "state")) == 1


def test_a_kill_of_a_person_is_carried_out_by_the_guardian_where_the_daemon_was_stopped(held):
    with running(held, *PACE) as daemon:
        daemon.wait_ready()
        with watching(held) as guardian:
            assert daemon.end(signal.SIGTERM) == 0
            guardian.wait_line("shows something open")
            pull(held / "state", Latch("kill-ann", "kill", "all", "", "enough", "ann", 0))
            guardian.wait_line("has closed everything")
    assert_closed_once(held / "state")


def press_kill(daemon: DaemonProcess, *, fenced: bool) -> None:
    """Press a kill: behind the fence the daemon ends, without one the kill closes everything."""
    try:
        killed = daemon.brake("kill", reason="the daemon was resumed")
    except (OSError, ValueError):
        killed = None  # it ended first
    if fenced:
        assert daemon.wait_end() == 1
    else:
        assert killed is not None
        assert killed["ok"], killed
        daemon.wait_event("KillStaged", stage="flat")
        daemon.kill()


@pytest.mark.parametrize("fenced", [True, False])
def test_not_one_order_leaves_a_daemon_behind_the_fence(held, fenced):
    """A kill is pressed on a daemon that nobody has ended; without the fence it sends its exits."""
    with running(held, *PACE) as daemon:
        daemon.wait_ready()
        if fenced:
            put_up(held / "state", "no beat")
        sent = len(exchange_orders(held / "state"))
        press_kill(daemon, fenced=fenced)
    assert (len(exchange_orders(held / "state")) == sent) is fenced


@pytest.mark.parametrize("fenced", [True, False])
def test_not_one_order_leaves_over_the_emergency_file_behind_the_fence(held, fenced):
    """A run whose ledger hangs asks its head no more, so the fence must tell it that it is over."""
    with running(held, *PACE) as daemon:
        daemon.wait_ready()
        with hanging(daemon):
            assert daemon.post(f"{STRATEGY}/stop", request_id="fails-over").status == 200
            daemon.wait_line("ALERT no more entries")
            if fenced:
                put_up(held / "state", "no beat")
            sent = len(exchange_orders(held / "state"))
            press_kill(daemon, fenced=fenced)
    assert (len(exchange_orders(held / "state")) == sent) is fenced


def test_a_daemon_that_is_resumed_while_the_guardian_ends_it_sends_nothing_more(held):
    """It was stopped with a kill waiting at its door, and goes on behind the fence.

    How far it comes before it is ended is left open: it may record the exits of the kill, and then
    cannot send them.
    """
    with running(held, *PACE) as daemon:
        daemon.wait_ready()
        os.kill(daemon.pid, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as pool, watching(held) as guardian:
            pool.submit(daemon.brake, "kill", reason="enough").add_done_callback(heard)
            sent = len(exchange_orders(held / "state"))
            guardian.wait_line("takes over")
            guardian.wait(lambda: stands(held / "state"), "puts up the fence")
            os.kill(daemon.pid, signal.SIGCONT)
            daemon.wait_end()
            assert len(exchange_orders(held / "state")) == sent
            guardian.wait_line("has closed everything")
    assert_closed(held / "state")


def working(state) -> bool:
    """Say whether the guardian has the folder."""
    holder = last_holder(state)
    return holder is not None and holder.what == GUARDIAN


def exchange_orders(state) -> list[str]:
    """Return the numbers of all orders that the exchange has met, as its file stands now."""
    with closing(SeenFile(state / "exchange.sqlite")) as file:
        return [order.order_id for order in file.load().orders]
