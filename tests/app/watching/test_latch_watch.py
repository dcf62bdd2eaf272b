from __future__ import annotations

import errno
import os

import pytest
from msgspec.structs import replace

from daemon import kill
from daemon.app.watching.latch_watch import LatchWatch
from daemon.control.brakes import as_latch
from daemon.messages import (
    FreeEntries,
    HeldBy,
    HoldEntries,
    Latched,
    LatchKind,
    PullLatch,
    ReleaseLatch,
    Scope,
)

KILL = Latched("kill-1", LatchKind.KILL, Scope.ALL, "", "enough", "ann", 5)
PAUSE = Latched("pause-1", LatchKind.PAUSE, Scope.STRATEGY, "s", "lunch", "ann", 6)


class Watched:
    """A folder under watch, and what the router is told."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.told: list[object] = []
        self.watch = LatchWatch(folder, "paper", self.told.append, lambda: 9)

    def stand(self, *latches: Latched) -> None:
        for latched in latches:
            kill.pull(self.folder, as_latch(latched))

    def begin_anew(self, *recorded: Latched) -> None:
        """Watch as the next run does, which knows what was recorded and no more."""
        self.watch = LatchWatch(self.folder, "paper", self.told.append, lambda: 9)
        self.watch.begin(recorded)

    def names(self) -> list[str]:
        return [latch.latch_id for latch in kill.standing(self.folder)]


@pytest.fixture
def watched(tmp_path) -> Watched:
    return Watched(tmp_path)


def test_a_latch_that_only_the_folder_has_is_taken_up_under_the_instant_of_now(watched):
    watched.stand(PAUSE)
    watched.watch.begin(())

    assert [told.latched.latch_id for told in watched.told] == ["pause-1"]
    assert isinstance(watched.told[0], PullLatch)
    assert (watched.told[0].latched.scope, watched.told[0].latched.at_ns) == (Scope.STRATEGY, 9)


def test_what_both_have_is_not_told_again(watched):
    watched.stand(KILL, PAUSE)
    watched.watch.begin((KILL, PAUSE))
    watched.watch.look((KILL, PAUSE))

    assert watched.told == []


def test_a_latch_whose_file_a_person_removed_is_released(watched):
    watched.stand(KILL)
    watched.watch.begin((KILL,))
    kill.release(watched.folder, "kill-1")
    watched.watch.look((KILL,))
    watched.watch.look((KILL,))

    assert watched.told == [ReleaseLatch("kill-1", "the latch folder")]


def test_a_latch_that_is_being_released_by_name_is_left_to_who_does_it(watched):
    """Its file goes first, and who it was is known to whoever removed it."""
    watched.stand(KILL)
    watched.watch.begin((KILL,))
    kill.release(watched.folder, "kill-1")
    watched.watch.look((KILL,))
    watched.watch.look(())

    assert watched.told == []


def removed(watched: Watched) -> None:
    (watched.folder / kill.FOLDER / "kill-1").unlink()


def released(watched: Watched) -> None:
    kill.release(watched.folder, "kill-1")


@pytest.mark.parametrize("gone", [removed, released])
def test_a_latch_that_was_released_while_nobody_ran_is_released_at_the_start(watched, gone):
    watched.stand(KILL)
    watched.watch.begin((KILL,))
    gone(watched)
    watched.begin_anew(KILL)

    assert watched.told == [ReleaseLatch("kill-1", "the latch folder")]


def test_a_latch_that_no_run_saw_in_the_folder_is_released_by_rearm_all_the_same(watched):
    watched.stand(KILL)
    released(watched)
    watched.watch.begin((KILL,))

    assert watched.told == [ReleaseLatch("kill-1", "the latch folder")]


@pytest.mark.parametrize("others", [(), (PAUSE,)], ids=["no folder", "a folder of another latch"])
def test_a_latch_of_the_record_stands_in_a_new_state_folder_and_is_written_there(watched, others):
    """The machine was replaced, or the record is a copy; a pause may be there before the daemon."""
    watched.stand(*others)
    watched.watch.begin((KILL, *others))

    assert (watched.told, watched.names()) == ([], ["kill-1", *(each.latch_id for each in others)])


def test_a_latch_stands_where_its_folder_is_emptied_of_all_that_it_kept(watched):
    watched.stand(KILL)
    watched.watch.begin((KILL,))
    (watched.folder / kill.FOLDER).rename(watched.folder / "aside")
    (watched.folder / kill.FOLDER).mkdir()
    watched.watch.look((KILL,))
    watched.watch.look((KILL,))

    assert (watched.told, watched.names()) == ([], ["kill-1"])


def test_latches_whose_folder_goes_while_the_daemon_runs_are_written_again(watched):
    watched.stand(KILL)
    watched.watch.begin((KILL,))
    (watched.folder / kill.FOLDER).rename(watched.folder / "aside")
    watched.watch.look((KILL,))
    assert watched.names() == []
    watched.watch.look((KILL,))

    assert (watched.told, watched.names()) == ([], ["kill-1"])


def test_a_latch_whose_file_was_refused_before_a_restart_still_holds_and_is_written(watched):
    """Nobody released it: its file has never stood."""
    watched.watch.begin((replace(KILL, unwritten=True),))

    assert (watched.told, watched.names()) == ([], ["kill-1"])


def test_a_latch_whose_file_was_refused_is_written_until_it_stands(watched, monkeypatch):
    def refuse(folder, latch) -> None:
        raise kill.LatchUnwritten("disk full")

    watched.watch.begin(())
    with monkeypatch.context() as full:
        full.setattr(kill, "pull", refuse)
        watched.watch.look((KILL,))
        watched.watch.look((KILL,))
    assert (watched.told, watched.names()) == ([], [])
    watched.watch.look((KILL,))

    assert (watched.told, watched.names()) == ([], ["kill-1"])


def test_what_nobody_can_read_is_taken_up_as_a_kill_of_everything(watched):
    watched.stand(PAUSE)
    (watched.folder / kill.FOLDER / "pause-1").write_text("{")
    watched.watch.begin(())

    assert [(told.latched.kind, told.latched.scope) for told in watched.told] == [
        (LatchKind.KILL, Scope.ALL)
    ]


def test_a_folder_that_cannot_be_read_kills_everything_until_a_person_releases_that(watched):
    watched.stand(KILL)
    watched.watch.begin((KILL,))
    folder, aside = watched.folder / kill.FOLDER, watched.folder / "aside"
    folder.rename(aside)
    folder.write_text("no folder")
    watched.watch.look((KILL,))
    assert [told.latched.latch_id for told in watched.told] == [kill.FOLDER]

    unreadable = watched.told.pop().latched
    folder.unlink()
    aside.rename(folder)
    watched.watch.look((KILL, unreadable))
    watched.watch.look((KILL, unreadable))
    watched.begin_anew(KILL, unreadable)
    assert (watched.told, watched.names()) == ([], ["kill-1"])


@pytest.mark.parametrize("call", ["listdir", "open"])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_while_the_machine_is_too_short_to_look_entries_wait_and_nothing_else_happens(
    watched, monkeypatch, call, number
):
    watched.stand(KILL)
    watched.watch.begin((KILL,))
    with monkeypatch.context() as short:
        short.setattr(os, call, refusing(number))
        watched.watch.look((KILL,))
        watched.watch.look((KILL,))
    (held,) = watched.told
    assert isinstance(held, HoldEntries)
    assert held.by is HeldBy.LATCH_FOLDER
    assert held.because.startswith(f"nobody can look for latches: {os.strerror(number)}; see")
    watched.stand(PAUSE)
    watched.watch.look((KILL,))
    watched.watch.look((KILL, PAUSE))

    assert [type(each) for each in watched.told[1:]] == [FreeEntries, PullLatch]


def test_a_start_that_is_too_short_to_look_releases_nothing_and_looks_again(watched, monkeypatch):
    watched.stand(KILL, PAUSE)
    with monkeypatch.context() as short:
        short.setattr(os, "listdir", refusing(errno.EMFILE))
        watched.watch.begin((KILL,))
    watched.watch.look((KILL,))

    assert [type(each) for each in watched.told] == [HoldEntries, FreeEntries, PullLatch]


def refusing(number: int):
    def call(*_, **__):
        raise OSError(number, os.strerror(number))

    return call


def test_a_latch_that_is_released_while_the_router_is_asked_is_not_written_again(watched):
    """What the router answered is from a moment before its release."""
    watched.watch.begin(())
    watched.stand(KILL)
    kill.release(watched.folder, "kill-1")
    watched.watch.look((KILL,))
    watched.watch.look(())

    assert (watched.told, watched.names()) == ([], [])


@pytest.mark.parametrize(
    ("scope", "name", "reached"),
    [
        (Scope.ACCOUNT, "paper", True),
        (Scope.ACCOUNT, "beta", False),
        (Scope.STRATEGY, "s@paper", True),
        (Scope.STRATEGY, "s@beta", False),
    ],
)
def test_a_latch_that_cannot_reach_the_account_is_not_told_to_its_router(
    watched, scope, name, reached
):
    watched.stand(Latched("pause-2", LatchKind.PAUSE, scope, name, "lunch", "ann", 6))
    watched.watch.begin(())

    assert bool(watched.told) is reached
