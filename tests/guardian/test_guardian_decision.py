"""What a guardian does next, as a table."""

from __future__ import annotations

import pytest

from daemon.guardian.decision import Daemon, Deed, Exposure, Patience, Seen, decide

PATIENCE = Patience(silence_s=30, stopped_s=300)
THERE, GONE, STOPPED = Daemon.THERE, Daemon.GONE, Daemon.STOPPED
UNSEEN, FLAT, OPEN = Exposure.UNSEEN, Exposure.FLAT, Exposure.OPEN
WAITING, UNREAD, HIDDEN = Exposure.WAITING, Exposure.UNREAD, Exposure.HIDDEN
WAIT, LOOK, WARN, TAKE_OVER = Deed.WAIT, Deed.LOOK, Deed.WARN, Deed.TAKE_OVER


@pytest.mark.parametrize(
    ("daemon", "silent_s", "exposure", "deed"),
    [
        # within its time nobody looks at the broker: the daemon may be back in a moment
        (THERE, 29.75, UNSEEN, WAIT),
        (THERE, 29.75, OPEN, WAIT),
        (GONE, 29.75, UNSEEN, WAIT),
        # past it, whether it hangs or has gone, what is open decides
        (THERE, 30, UNSEEN, LOOK),
        (THERE, 30, FLAT, WAIT),
        (THERE, 30, OPEN, TAKE_OVER),
        (GONE, 30, UNSEEN, LOOK),
        (GONE, 30, FLAT, WAIT),
        (GONE, 30, OPEN, TAKE_OVER),
        # a broker that cannot be read is not flat
        (THERE, 30, UNREAD, TAKE_OVER),
        (GONE, 30, UNREAD, TAKE_OVER),
        # while the exchange is closed nothing can be closed there, and a latch would only surprise
        (GONE, 30, WAITING, WARN),
        (THERE, 3_000, WAITING, WARN),
        # where nobody can see or close anything, a latch and a daemon that is ended help nobody
        (GONE, 30, HIDDEN, WARN),
        (THERE, 3_000, HIDDEN, WARN),
        (STOPPED, 0.25, HIDDEN, WARN),
        (STOPPED, 300, HIDDEN, WARN),
        # a person stopped it: he is told at once what he left open, and has more time
        (STOPPED, 0.25, UNSEEN, LOOK),
        (STOPPED, 0.25, FLAT, WAIT),
        (STOPPED, 0.25, OPEN, WARN),
        (STOPPED, 0.25, WAITING, WARN),
        (STOPPED, 299, UNREAD, WARN),
        (STOPPED, 299, OPEN, WARN),
        (STOPPED, 300, OPEN, TAKE_OVER),
        (STOPPED, 300, UNREAD, TAKE_OVER),
        (STOPPED, 3_000, FLAT, WAIT),
    ],
)
def test_a_guardian_waits_looks_warns_or_takes_over(daemon, silent_s, exposure, deed):
    assert decide(Seen(daemon, silent_s, exposure, unfinished=False), PATIENCE) is deed


@pytest.mark.parametrize(
    ("daemon", "exposure", "deed"),
    [
        (GONE, UNSEEN, LOOK),
        (GONE, FLAT, WAIT),
        (GONE, OPEN, TAKE_OVER),
        (STOPPED, OPEN, TAKE_OVER),
        (GONE, UNREAD, TAKE_OVER),
        (GONE, WAITING, WARN),
        (GONE, HIDDEN, WARN),
        (THERE, UNSEEN, WAIT),  # a daemon that came back latched works its kill itself
        (THERE, OPEN, WAIT),
    ],
)
def test_what_an_earlier_guardian_began_is_not_waited_for_where_no_daemon_is(
    daemon, exposure, deed
):
    assert decide(Seen(daemon, 0.25, exposure, unfinished=True), PATIENCE) is deed


@pytest.mark.parametrize(
    ("daemon", "exposure", "deed"),
    [
        (STOPPED, UNSEEN, LOOK),
        (STOPPED, FLAT, WAIT),
        (STOPPED, OPEN, TAKE_OVER),
        (STOPPED, UNREAD, TAKE_OVER),
        (STOPPED, WAITING, WARN),
        (STOPPED, HIDDEN, WARN),
        (GONE, OPEN, WAIT),  # it is back in a moment, and goes on with the kill
        (THERE, OPEN, WAIT),
    ],
)
def test_a_kill_is_not_waited_with_where_a_person_stopped_the_daemon(daemon, exposure, deed):
    seen = Seen(daemon, 0.25, exposure, unfinished=False, killed=True)
    assert decide(seen, PATIENCE) is deed


@pytest.mark.parametrize(
    ("daemon", "exposure", "deed"),
    [
        (STOPPED, UNREAD, WARN),
        (STOPPED, OPEN, TAKE_OVER),
        (STOPPED, WAITING, WARN),
        (STOPPED, FLAT, WAIT),
        (GONE, UNREAD, TAKE_OVER),  # it may have sent something since
        (THERE, UNREAD, TAKE_OVER),
    ],
)
@pytest.mark.parametrize("killed", [False, True])
def test_after_an_orderly_end_a_broker_that_showed_nothing_and_cannot_be_read_is_only_told(
    daemon, exposure, deed, killed
):
    seen = Seen(daemon, 300, exposure, unfinished=False, killed=killed, was_flat=True)
    assert decide(seen, PATIENCE) is deed


def test_a_daemon_that_was_back_in_time_is_left_alone_whatever_is_open():
    for exposure in Exposure:
        for daemon in (THERE, GONE):
            assert decide(Seen(daemon, 0, exposure, unfinished=False), PATIENCE) is WAIT
