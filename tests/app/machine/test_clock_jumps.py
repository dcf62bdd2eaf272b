"""A wall clock that is set to another time: what expires does so as if nobody had touched it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daemon.actors.request_clerk import RequestClerk
from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.messages import Ask, ClaimRequest, FinishRequest, RequestAnswered
from daemon.runtime.clock import SteadyClock, VirtualClock
from daemon.runtime.words import Commit, Show
from daemon.web.admission.sessions import SESSION_NS, TICKET_NS, OneTime, Sessions
from daemon.web.admission.tokens import Principal, Role

START_NS = 1_795_405_500 * SECOND_NS
ANN = Principal("ann", Role.TRADER, "0a1b2c3d")
jumps = pytest.mark.parametrize(
    "jump_ns",
    [sign * each for each in (SECOND_NS, 3_600 * SECOND_NS, DAY_NS) for sign in (1, -1)],
    ids=lambda jump_ns: f"{jump_ns // SECOND_NS} s",
)


class Set:
    """A wall clock that somebody sets."""

    def __init__(self) -> None:
        self.at_ns = START_NS

    def now_ns(self) -> int:
        """What it shows."""
        return self.at_ns


@pytest.fixture
def host() -> tuple[Set, VirtualClock, Callable[[], int]]:
    """The wall, running time, and the clock that the control port goes by."""
    wall, running = Set(), VirtualClock(7)
    return wall, running, SteadyClock(wall, running).now_ns


@jumps
@pytest.mark.parametrize(("after_ns", "counts"), [(TICKET_NS - 1, True), (TICKET_NS, False)])
def test_a_ticket_lives_for_its_time_and_no_longer(host, jump_ns, after_ns, counts):
    wall, running, now_ns = host
    tickets = OneTime(TICKET_NS)
    ticket, _ = tickets.issue(ANN, now_ns())
    wall.at_ns += jump_ns
    running.advance(after_ns)

    assert (tickets.take(ticket, now_ns()) is not None) is counts


@jumps
@pytest.mark.parametrize(("after_ns", "counts"), [(SESSION_NS - 1, True), (SESSION_NS, False)])
def test_a_session_lives_for_its_time_and_no_longer(tmp_path, host, jump_ns, after_ns, counts):
    wall, running, now_ns = host
    sessions = Sessions(tmp_path)
    secret = sessions.begin(ANN, now_ns())
    wall.at_ns += jump_ns
    running.advance(after_ns)

    assert (sessions.who(secret, now_ns()) is not None) is counts


@jumps
@pytest.mark.parametrize(("after_ns", "known"), [(DAY_NS - 1, True), (DAY_NS, False)])
def test_a_request_id_is_remembered_for_a_day_and_acts_once_in_it(host, jump_ns, after_ns, known):
    wall, running, now_ns = host
    clerk = RequestClerk("clerk")
    answered = RequestAnswered("one", "digest", 200, "{}", now_ns())
    (committed,) = clerk.handle(Ask(1, FinishRequest(answered)), 0)
    assert isinstance(committed, Commit)
    clerk.handle(answered, 0)
    wall.at_ns += jump_ns
    running.advance(after_ns)
    (told,) = clerk.handle(Ask(2, ClaimRequest("one", "digest", now_ns(), once=False)), 0)

    assert isinstance(told, Show)
    assert (told.view.answer == answered) is known
