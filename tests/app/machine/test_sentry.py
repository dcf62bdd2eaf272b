"""The sentry: it ends the process when the beat stays away, whatever the loop is at."""

from __future__ import annotations

from threading import Event, current_thread

from daemon.app.machine import sentry
from daemon.app.machine.sentry import LOOKS, Sentry


def test_so_many_looks_in_a_row_without_a_beat_are_a_lost_one():
    beats = [0]
    watch = Sentry(lambda: beats[0], lambda: None)
    looked = [watch.look() for _ in range(LOOKS - 1)]
    beats[0] += 1
    looked += [watch.look() for _ in range(LOOKS + 1)]

    assert looked == [False] * (2 * LOOKS - 1) + [True]


def test_it_tells_of_a_lost_beat_once_from_a_thread_of_its_own(monkeypatch):
    monkeypatch.setattr(sentry, "LOOK_S", 0)
    told_by: list[str] = []
    watch = Sentry(lambda: 0, lambda: told_by.append(current_thread().name))
    with watch:
        watch._thread.join(20)
        assert not watch._thread.is_alive()

    assert told_by == ["sentry"]


def test_it_tells_nothing_once_it_is_relieved():
    lost = Event()
    with Sentry(lambda: 0, lost.set):
        pass

    assert not lost.is_set()
