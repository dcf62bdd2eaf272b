"""Every test runs on a loop whose time jumps to the next timer, so that no second is waited."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from daemon.errors import BrokerMisused, BrokerUnavailable, OutcomeUnknown
from daemon.runtime.retry import ReadPolicy, read

CALM = ReadPolicy(jitter_ms=0)
SHORT = ReadPolicy(jitter_ms=0, deadline_ms=4_000)


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop on which sleeping takes no time: where it would wait, its clock moves instead."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(JumpingSelector(self))

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds


class JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self._loop.jump(timeout)
        return ready


class Peer:
    """A peer that does one thing per call: raises, waits, or answers; and notes when it was asked.

    Args:
        script: an exception to raise, a number of seconds to take before the answer, or the answer.
    """

    def __init__(self, *script: object) -> None:
        self._script = iter(script)
        self.asked_at: list[float] = []

    async def positions(self) -> str:
        self.asked_at.append(round(asyncio.get_running_loop().time(), 3))
        step = next(self._script)
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, int):
            await asyncio.sleep(step)
            return "slow"
        return str(step)


def run(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main)


def failure(call: Callable[[], Awaitable[object]], policy: ReadPolicy = CALM) -> BrokerUnavailable:
    with pytest.raises(BrokerUnavailable) as caught:
        run(read(call, policy, "the positions"))
    return caught.value


def test_an_answer_at_once_is_returned() -> None:
    """One call, no wait."""
    peer = Peer("flat")
    assert run(read(peer.positions)) == "flat"
    assert peer.asked_at == [0]


@pytest.mark.parametrize(
    "error", [BrokerUnavailable("gateway 502"), TimeoutError(), ConnectionResetError("reset")]
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    """An unavailable broker, a time-out or a broken link: asked again after a quarter second."""
    peer = Peer(error, error, "flat")
    assert run(read(peer.positions, CALM)) == "flat"
    assert peer.asked_at == [0, 0.25, 0.75]


@pytest.mark.parametrize(
    "error", [BrokerMisused("no such field"), OutcomeUnknown("perhaps"), ValueError("not a number")]
)
def test_what_would_not_pass_is_raised_at_once(error: Exception) -> None:
    """A defect of ours, or an outcome that must be looked up, is nobody's reason to ask again."""
    peer = Peer(error)
    with pytest.raises(type(error)) as caught:
        run(read(peer.positions, CALM))
    assert caught.value is error
    assert peer.asked_at == [0]


def test_when_every_try_failed_a_sentence_says_so_with_its_cause() -> None:
    """It names what was read, how often, and why not."""
    last = ConnectionResetError("reset by peer")
    peer = Peer(OSError("no route"), OSError("no route"), last, "never asked for")
    error = failure(peer.positions)
    assert str(error) == (
        "the positions: no answer in 3 of 3 attempts; "
        "the last failure: ConnectionResetError reset by peer"
    )
    assert error.__cause__ is last


def test_a_retry_writes_to_nobody(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What a broker says may hold a secret, and nothing has been taken out of it yet."""
    run(read(Peer(BrokerUnavailable("a token"), "flat").positions, CALM))
    assert (*capsys.readouterr(), caplog.text) == ("", "", "")


def test_a_try_without_answer_is_cut_and_the_next_one_made() -> None:
    """After three seconds the first is given up; the second answers."""
    peer = Peer(60, "flat")
    assert run(read(peer.positions, CALM)) == "flat"
    assert peer.asked_at == [0, 3.25]


def test_a_wait_is_never_longer_than_its_ceiling() -> None:
    """Doubling stops there."""
    policy = ReadPolicy(attempts=5, base_ms=500, longest_wait_ms=1_000, jitter_ms=0)
    peer = Peer(*[OSError("no route")] * 4, "flat")
    assert run(read(peer.positions, policy)) == "flat"
    assert peer.asked_at == [0, 0.5, 1.5, 2.5, 3.5]


def test_jitter_adds_to_the_wait_and_stays_below_its_bound() -> None:
    """Between a quarter of a second and a half."""
    peer = Peer(OSError("no route"), "flat")
    assert run(read(peer.positions, ReadPolicy(jitter_ms=250))) == "flat"
    assert 0.25 <= peer.asked_at[1] <= 0.5


def test_the_deadline_ends_a_try_under_way() -> None:
    """Four seconds in all: the second try, begun at 3.25, is cut; the first failure is told."""
    peer = Peer(60, 60, "never asked for")
    error = failure(peer.positions, SHORT)
    assert str(error) == (
        "the positions: no answer by the deadline of 4000 ms in 2 of 3 attempts; "
        "the last failure: TimeoutError"
    )
    assert peer.asked_at == [0, 3.25]


def test_the_deadline_ends_a_wait() -> None:
    """Nobody is asked again after it, and the cause is the failure that was waited upon."""
    refused = ConnectionRefusedError("nobody listens")
    policy = ReadPolicy(base_ms=5_000, longest_wait_ms=5_000, jitter_ms=0, deadline_ms=4_000)
    peer = Peer(refused, "never asked for")
    error = failure(peer.positions, policy)
    assert error.__cause__ is refused
    assert peer.asked_at == [0]


def test_a_deadline_before_any_failure_is_its_own_cause() -> None:
    """Shorter than the first try's time-out, it is all there is to tell."""
    peer = Peer(60)
    error = failure(peer.positions, ReadPolicy(deadline_ms=1_000))
    assert "by the deadline of 1000 ms in 1 of 3 attempts" in str(error)
    assert isinstance(error.__cause__, TimeoutError)


@pytest.mark.parametrize("script", [(60, "never asked for"), (OSError("no route"), 60)])
def test_a_cancelled_read_asks_no_more(script) -> None:
    """In a try or in a wait: the cancellation comes through and nothing is left running."""

    async def main() -> tuple[bool, int]:
        peer = Peer(*script)
        task = asyncio.create_task(read(peer.positions, CALM))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(100)
        return task.cancelled(), len(peer.asked_at) + len(asyncio.all_tasks())

    assert run(main()) == (True, 2)


def test_a_policy_may_name_other_failures() -> None:
    """What it names is tried again and ends as unavailable; what it leaves out passes."""
    policy = ReadPolicy(attempts=2, jitter_ms=0, on=(LookupError,))
    error = failure(Peer(KeyError("book"), IndexError("empty")).positions, policy)
    assert isinstance(error.__cause__, IndexError)
    with pytest.raises(OSError, match="no route"):
        run(read(Peer(OSError("no route")).positions, policy))
