"""The watch: it counts its own looks, and what it does is the table's."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial

import pytest

from daemon import kill
from daemon.errors import OrdoError, StoreError
from daemon.guardian import sight, watch
from daemon.guardian.decision import Daemon, Deed, Exposure
from daemon.guardian.listening import Heard
from daemon.guardian.taking_over import latch
from daemon.guardian.telling import ALERT, Teller
from daemon.guardian.watch import LOOK_S, Watch, daemon_of
from daemon.settings import load
from daemon.storage.exclusive import Holder, exclusively

LOOKS = int(2 / LOOK_S)
"""Without a beat, until its time is over."""


class Beats:
    """A listener that hears what it is told to."""

    def __init__(self) -> None:
        self.came = self.reads = self.removed = False

    def bound_anew(self) -> bool:
        """Say whether its socket was removed; it is there again then."""
        removed, self.removed = self.removed, False
        return removed

    def heard(self) -> Heard:
        """Say whether a beat came; a daemon that reads its record says so again and again."""
        came, self.came = self.came, False
        return Heard.BEAT if came else Heard.READS if self.reads else Heard.NOTHING


class Watched:
    """A watch of a folder, what it reads, and what it does.

    Args:
        folder: the state folder.
        patch: for what it reads.
        accounts: that are watched.
    """

    def __init__(self, folder, patch, accounts=("paper",)) -> None:
        self.beats, self.said, self.because = Beats(), [], []
        self.ends: list[bool] = []
        self.hinders: Callable[[str], Exception] = OrdoError
        self.exposure, self.hindered, self.reads, self.flat = Exposure.OPEN, "", 0, True
        file = folder / "settings.toml"
        text = '[[accounts]]\nid = "{}"\nbroker = "paper"\n'
        file.write_text("".join(map(text.format, accounts)))
        settings = load(
            file,
            {
                "ORDO_DAEMON__STATE_DIR": str(folder),
                "ORDO_GUARDIAN__SILENCE_S": "2",
                "ORDO_GUARDIAN__STOPPED_S": "4",
            },
        )
        patch.setattr(sight, "exposure_of", self._read)
        self.watch = Watch(settings, self.beats, Teller(folder, self.said.append))
        self.watch._takeover = self

    def _read(self, _) -> Exposure:
        self.reads += 1
        return self.exposure

    async def run(self, because: str, *, ends: bool) -> bool:
        """Stand in for taking over."""
        self.because.append(because)
        self.ends.append(ends)
        if self.hindered:
            raise self.hinders(self.hindered)
        return self.flat

    async def looks(self, count: int) -> list[Deed]:
        """Look so often."""
        return [await self.watch.look() for _ in range(count)]


@pytest.fixture
def watched(tmp_path, monkeypatch) -> Watched:
    return Watched(tmp_path, monkeypatch)


@pytest.fixture
def died(tmp_path):
    """A folder whose daemon ended in no order."""
    (tmp_path / "daemon.lock").write_text("daemon 1 1\n")


async def test_what_is_open_is_taken_over_once_the_time_without_a_beat_is_over(died, watched):
    assert await watched.looks(LOOKS - 1) == [Deed.WAIT] * (LOOKS - 1)
    assert (watched.reads, watched.because) == (0, [])
    assert await watched.looks(1) == [Deed.TAKE_OVER]
    assert watched.because == ["the daemon gave no beat for 2 s, and the broker shows what is open"]


async def test_a_beat_in_time_begins_the_count_anew(died, watched):
    for _ in range(3):
        await watched.looks(LOOKS - 1)
        watched.beats.came = True
        assert await watched.looks(1) == [Deed.WAIT]
    assert watched.because == []


async def test_a_socket_that_somebody_removed_is_told_and_begins_the_silence_anew(died, watched):
    for _ in range(2):
        await watched.looks(LOOKS - 2)
        watched.beats.removed = True
        assert await watched.looks(1) == [Deed.WAIT]
    told = [text for text in watched.said if "ALERT somebody removed beat.sock" in text]
    assert len(told) == 2
    assert await watched.looks(LOOKS - 1) == [Deed.WAIT] * (LOOKS - 2) + [Deed.TAKE_OVER]


async def test_a_daemon_that_goes_on_reading_its_record_is_borne_with_as_long_as_one_stopped(
    died, watched
):
    watched.beats.reads = True
    borne = int(watched.watch._patience.stopped_s / LOOK_S)
    assert await watched.looks(borne) == [Deed.WAIT] * borne
    assert await watched.looks(LOOKS) == [Deed.WAIT] * (LOOKS - 1) + [Deed.TAKE_OVER]
    assert len([text for text in watched.said if "waits for its record or reads it" in text]) == 1


async def test_a_start_that_is_over_before_a_silence_is_answered_is_told_to_nobody(died, watched):
    watched.beats.reads = True
    await watched.looks(LOOKS - 1)
    watched.beats.came = True
    await watched.looks(1)
    assert [text for text in watched.said if "its record" in text] == []


async def test_a_night_that_was_silent_is_not_taken_from_a_start_that_reads(tmp_path, watched):
    """It takes the folder and says that it reads within one look; it is borne with all the same."""
    watched.beats.came = True
    await watched.looks(1)
    watched.exposure = Exposure.WAITING
    await watched.looks(30 * LOOKS)
    watched.exposure = Exposure.OPEN
    with exclusively(tmp_path):
        watched.beats.reads = True
        borne = int(watched.watch._patience.stopped_s / LOOK_S)
        assert await watched.looks(borne) == [Deed.WAIT] * borne
    assert watched.because == []


async def test_a_daemon_that_has_begun_to_read_and_hangs_is_taken_over_for(died, watched):
    watched.beats.reads = True
    await watched.looks(LOOKS + 1)
    watched.beats.reads = False
    assert await watched.looks(LOOKS) == [Deed.WAIT] * (LOOKS - 1) + [Deed.TAKE_OVER]


async def test_after_a_beat_a_start_is_borne_with_anew(died, watched):
    for _ in range(3):
        watched.beats.reads = True
        assert set(await watched.looks(2 * LOOKS)) == {Deed.WAIT}
        watched.beats.came = True
        await watched.looks(1)
    assert watched.because == []


async def test_a_broker_that_shows_nothing_is_read_again_now_and_then(died, watched):
    watched.exposure = Exposure.FLAT
    deeds = await watched.looks(5 * LOOKS)
    assert set(deeds) == {Deed.WAIT}
    assert 3 <= watched.reads <= 5
    watched.exposure = Exposure.OPEN
    assert Deed.TAKE_OVER in await watched.looks(LOOKS)


async def test_a_broker_that_goes_on_not_to_be_read_is_taken_over_for(died, watched):
    watched.exposure = Exposure.UNREAD
    await watched.looks(2 * LOOKS - 2)
    assert watched.because == []
    await watched.looks(1)
    assert watched.because == ["the daemon gave no beat for 4 s; the broker cannot be read"]


async def test_a_broker_that_could_not_be_read_for_a_moment_is_read_again(died, watched):
    for _ in range(3):
        watched.exposure = Exposure.UNREAD
        await watched.looks(LOOKS - 1)
        watched.exposure = Exposure.FLAT
        await watched.looks(LOOKS)
    assert watched.because == []


async def test_with_each_look_its_own_manager_hears_that_it_lives(died, watched, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        watched.watch._teller = Teller(tmp_path, pytest.fail, str(tmp_path / "notify"))
        await watched.looks(2)
        assert [manager.recv(64) for _ in range(2)] == [b"READY=1\nWATCHDOG=1"] * 2


@pytest.mark.parametrize("shown", [Exposure.OPEN, Exposure.UNREAD])
@pytest.mark.parametrize("hinders", [StoreError, OrdoError, OSError])
async def test_what_it_cannot_close_is_told_once_left_as_word_and_tried_again(
    died, watched, tmp_path, hinders, shown
):
    watched.exposure, watched.hinders = shown, hinders
    watched.hindered = "the server is away"
    await watched.looks(2 * LOOKS + 3)
    assert len(watched.because) >= 3
    assert len(set(watched.because)) == 1, "the seconds that pass meanwhile are no news"
    shows = "cannot be read" if shown is Exposure.UNREAD else "shows something open"
    what = "the ledger" if hinders is StoreError else "what hinders the guardian"
    lines = [
        f"NOT closed, and nobody guards: the broker's book {shows}",
        "the server is away; it is tried again and again",
        f"close it at the broker's own page, or mend {what}",
    ]
    assert watched.said == [f"PAPER  ALERT {'; '.join(lines)}"]
    assert (tmp_path / ALERT).read_text().splitlines() == [f"PAPER  {each}" for each in lines]
    tried, watched.hindered = len(watched.because), ""
    await watched.looks(LOOKS)
    assert len(watched.because) > tried


@pytest.mark.parametrize(("before", "ends_after"), [(0, 40), (100, 100 + LOOKS)])
async def test_where_its_code_cannot_read_the_ledger_it_ends_so_that_other_code_is_started(
    died, watched, tmp_path, monkeypatch, before, ends_after
):
    """At once where it has watched for a while; one that was just started waits until then."""
    monkeypatch.setattr(watch, "_OLD_S", 40 * LOOK_S)
    monkeypatch.setattr(watch.asyncio, "sleep", partial(watch.asyncio.sleep, 0))
    watched.exposure = Exposure.FLAT
    await watched.looks(before)
    watched.beats.came = bool(before)
    await watched.looks(1)
    watched.exposure = Exposure.OPEN
    watched.hinders = partial(StoreError, code="ledger_newer")
    watched.hindered = "the ledger was written by a newer version (it has a MoonSeen); run that one"
    with pytest.raises(StoreError, match="newer version"):
        await watched.looks(LOOKS)
    assert watched.watch._looks == ends_after + bool(before)
    assert len(watched.because) == 1
    lines = (tmp_path / ALERT).read_text().splitlines()
    assert lines[0].endswith(
        "NOT closed, and nobody guards: the broker's book shows something open"
    )
    assert "; this guardian ends with exit code 1, so that its manager starts what is" in lines[1]
    assert "install the version that wrote the ledger" in lines[2]


async def test_a_daemon_that_has_begun_meanwhile_is_left_alone_and_no_word_of_that_is_left(
    died, watched, tmp_path
):
    watched.hinders = partial(OrdoError, code="already_running")
    watched.hindered = "the daemon with process id 7 has begun just now"
    await watched.looks(LOOKS + 3)
    assert watched.said == [f"PAPER  ALERT {watched.hindered}; it is tried again"]
    assert not (tmp_path / ALERT).exists()


async def test_after_an_orderly_end_a_person_is_told_and_has_more_time(watched):
    assert set(await watched.looks(2 * LOOKS - 1)) == {Deed.WARN}
    assert len(watched.said) == 1
    assert "it is closed 4 s after the end" in watched.said[0]
    assert await watched.looks(1) == [Deed.TAKE_OVER]


async def test_after_an_orderly_end_with_nothing_open_nothing_is_done(watched):
    watched.exposure = Exposure.FLAT
    assert set(await watched.looks(6 * LOOKS)) == {Deed.WAIT}
    assert (watched.said, watched.because) == ([], [])


async def test_a_broker_that_fails_after_an_orderly_end_with_nothing_open_is_told_and_no_more(
    watched,
):
    watched.exposure = Exposure.FLAT
    await watched.looks(6 * LOOKS)
    watched.exposure = Exposure.UNREAD
    assert Deed.TAKE_OVER not in await watched.looks(20 * LOOKS)
    (said,) = watched.said
    assert "it showed nothing open when it was last read, so nothing is done" in said


@pytest.mark.parametrize("before", [None, Exposure.OPEN])
async def test_a_broker_that_fails_after_an_orderly_end_and_never_was_flat_is_taken_over_for(
    watched, before
):
    watched.exposure = before or Exposure.UNREAD
    await watched.looks(LOOKS)
    watched.exposure = Exposure.UNREAD
    assert Deed.TAKE_OVER in await watched.looks(4 * LOOKS)


async def test_a_flat_book_from_before_the_end_says_nothing_of_what_is_open_after_it(
    died, watched, tmp_path
):
    watched.exposure = Exposure.FLAT
    await watched.looks(LOOKS)
    (tmp_path / "daemon.lock").write_text("")
    watched.exposure = Exposure.UNREAD
    assert Deed.TAKE_OVER in await watched.looks(4 * LOOKS)


async def test_who_trades_by_hand_after_an_orderly_end_is_told_first_and_has_all_of_his_time(
    watched,
):
    for said in (1, 2):
        watched.exposure = Exposure.FLAT
        await watched.looks(10 * LOOKS)
        watched.exposure = Exposure.OPEN
        deeds = await watched.looks(2 * LOOKS)
        assert set(deeds) == {Deed.WARN}
        assert len(watched.said) == said
    assert "it is closed 4 s after the end, or after it was opened since" in watched.said[0]
    assert Deed.TAKE_OVER in await watched.looks(8)


async def test_what_is_opened_by_hand_while_a_broker_fails_has_its_time_from_where_it_is_seen(
    watched,
):
    watched.exposure = Exposure.FLAT
    await watched.looks(2 * LOOKS)
    watched.exposure = Exposure.UNREAD
    await watched.looks(10 * LOOKS)
    watched.exposure = Exposure.OPEN
    deeds = await watched.looks(4 * LOOKS)
    first = deeds.index(Deed.TAKE_OVER)
    assert set(deeds[:first]) == {Deed.WARN}
    assert first >= 2 * LOOKS


async def test_what_is_opened_under_a_persons_kill_after_an_orderly_end_is_closed_at_once(
    watched, tmp_path
):
    kill.pull(tmp_path, kill_of("all"))
    watched.exposure = Exposure.FLAT
    await watched.looks(2 * LOOKS)
    watched.exposure = Exposure.OPEN
    deeds = await watched.looks(LOOKS)
    assert next(deed for deed in deeds if deed is not Deed.WAIT) is Deed.TAKE_OVER


async def test_where_the_exchange_does_not_trade_a_person_is_told_and_it_waits(died, watched):
    watched.exposure = Exposure.WAITING
    assert Deed.TAKE_OVER not in await watched.looks(4 * LOOKS)
    assert len(watched.said) == 1
    assert "the exchange does not trade now" in watched.said[0]


async def test_what_could_not_be_closed_today_is_told_and_left_until_a_daemon_beats_again(
    died, watched
):
    watched.flat = False
    await watched.looks(20 * LOOKS)
    assert len(watched.because) == 1
    assert any("cannot close it, and guardian.alert says why" in line for line in watched.said)
    watched.beats.came = True
    await watched.looks(1 + LOOKS)
    assert len(watched.because) == 2


async def test_a_beat_is_added_to_the_word_that_was_left(died, watched, tmp_path):
    watched.watch._teller.alert(["NOT closed"])
    watched.beats.came = True
    await watched.looks(1)
    assert "a daemon guards again" in (tmp_path / ALERT).read_text()


async def test_what_an_earlier_guardian_began_is_gone_on_with_at_once(died, watched, tmp_path):
    latch(tmp_path, "no beat")
    assert await watched.looks(1) == [Deed.TAKE_OVER]


def kill_of(scope: str, name: str = "", kind: str = kill.KILL) -> kill.Latch:
    return kill.Latch(f"{kind}-{scope}-{name}", kind, scope, name, "enough", "ann", 0)


@pytest.mark.parametrize(
    "latches", [[kill_of("all")], [kill_of("account", "paper"), kill_of("account", "second")]]
)
async def test_a_persons_kill_of_all_that_is_watched_is_acted_on_at_once_after_an_orderly_end(
    tmp_path, monkeypatch, latches
):
    watched = Watched(tmp_path, monkeypatch, ("paper", "second"))
    assert await watched.looks(1) == [Deed.WARN]
    for each in latches:
        kill.pull(tmp_path, each)
    assert await watched.looks(1) == [Deed.TAKE_OVER]
    assert watched.ends == [False]
    assert watched.because == [
        "a kill stands, and no daemon is there to close, and the broker shows what is open"
    ]


@pytest.mark.parametrize(
    "other",
    [
        kill_of("account", "paper"),
        kill_of("strategy", "s"),
        kill_of("all", kind=kill.PAUSE),
    ],
)
async def test_what_is_no_kill_of_all_that_is_watched_leaves_a_person_his_time(
    tmp_path, monkeypatch, other
):
    watched = Watched(tmp_path, monkeypatch, ("paper", "second"))
    kill.pull(tmp_path, other)
    assert set(await watched.looks(LOOKS)) == {Deed.WARN}


async def test_a_latch_that_nobody_can_read_leaves_a_person_his_time(watched, tmp_path):
    (tmp_path / kill.FOLDER).mkdir()
    (tmp_path / kill.FOLDER / "notes").write_text("call the bank")
    assert set(await watched.looks(LOOKS)) == {Deed.WARN}


async def test_only_a_daemon_that_is_there_is_ended(died, watched, monkeypatch):
    await watched.looks(LOOKS)
    monkeypatch.setattr(Holder, "is_alive", lambda _: True)
    await watched.looks(2 * LOOKS)
    assert watched.ends[0] is False
    assert set(watched.ends[1:]) == {True}


async def test_a_daemon_that_starts_again_gets_its_time_and_one_that_never_beats_does_not(
    died, watched, tmp_path, monkeypatch
):
    monkeypatch.setattr(Holder, "is_alive", lambda _: True)
    took_over = []
    for pid in range(2, 7):
        await watched.looks(LOOKS - 1)
        (tmp_path / "daemon.lock").write_text(f"daemon {pid} 1\n")
        took_over.append(Deed.TAKE_OVER in await watched.looks(1))
    assert took_over == [False, False, False, True, True]


async def test_a_daemon_that_has_beaten_is_no_start_that_is_waited_for_once_more(
    watched, tmp_path, monkeypatch
):
    monkeypatch.setattr(Holder, "is_alive", lambda _: True)
    (tmp_path / "daemon.lock").write_text("daemon 2 1\n")
    watched.beats.came = True
    await watched.looks(1)
    assert await watched.looks(LOOKS) == [Deed.WAIT] * (LOOKS - 1) + [Deed.TAKE_OVER]


def test_what_is_known_of_a_daemon_is_told_by_its_lock(tmp_path):
    assert daemon_of(tmp_path) is Daemon.STOPPED
    with exclusively(tmp_path):
        assert daemon_of(tmp_path) is Daemon.THERE
    assert daemon_of(tmp_path) is Daemon.STOPPED
    (tmp_path / "daemon.lock").write_text(f"daemon {os.getpid()} 1\n")
    assert daemon_of(tmp_path) is Daemon.GONE
    (tmp_path / "daemon.lock").unlink()
    (tmp_path / "daemon.lock").mkdir()
    assert daemon_of(tmp_path) is Daemon.GONE


class Hidden:
    """A sight that is hindered, and may be told of a beat while it looks."""

    looks, returns, why, rests = 40, True, "no session of zed", False

    def __init__(self, exposure: Exposure = Exposure.HIDDEN) -> None:
        self.exposure, self.reads, self.let_gone = exposure, 0, 0
        self.meanwhile = lambda: None

    async def look(self) -> Exposure:
        """Look, and let something happen meanwhile."""
        self.reads += 1
        self.meanwhile()
        return self.exposure

    async def let_go(self) -> None:
        """Count it."""
        self.let_gone += 1


@pytest.mark.parametrize(("rests", "left"), [(False, True), (True, False)])
async def test_what_nobody_can_see_is_told_once_and_left_as_word_while_it_could_be_traded(
    died, watched, tmp_path, rests, left
):
    sight = watched.watch._sight = Hidden()
    sight.rests = rests
    assert Deed.TAKE_OVER not in await watched.looks(20 * LOOKS)
    assert watched.said == ["PAPER  ALERT no daemon guards, and no session of zed"]
    assert (tmp_path / ALERT).exists() is left
    watched.beats.came = True
    await watched.looks(1 + LOOKS)
    assert len(watched.said) == 2


async def test_a_beat_that_comes_while_a_broker_is_read_comes_in_time(died, watched):
    sight = watched.watch._sight = Hidden(Exposure.OPEN)
    sight.meanwhile = lambda: setattr(watched.beats, "came", True)
    assert await watched.looks(LOOKS) == [Deed.WAIT] * LOOKS
    assert (sight.reads, watched.because) == (1, [])
    assert sight.let_gone == 1


async def test_a_daemon_that_says_that_it_reads_while_a_broker_is_read_is_borne_with(died, watched):
    sight = watched.watch._sight = Hidden(Exposure.OPEN)
    sight.meanwhile = lambda: setattr(watched.beats, "reads", True)
    assert await watched.looks(LOOKS) == [Deed.WAIT] * LOOKS
    assert (sight.reads, watched.because) == (1, [])


async def test_a_socket_that_is_removed_while_a_broker_is_read_is_no_silence(died, watched):
    sight = watched.watch._sight = Hidden(Exposure.OPEN)
    sight.meanwhile = lambda: setattr(watched.beats, "removed", True)
    assert await watched.looks(LOOKS) == [Deed.WAIT] * LOOKS
    assert (sight.reads, watched.because) == (1, [])


@pytest.mark.parametrize(("waited_for", "ends"), [(0, []), (3, [False])])
async def test_a_daemon_that_begins_while_a_broker_is_read_is_not_ended(
    died, watched, tmp_path, monkeypatch, waited_for, ends
):
    """It gets its time; where it has had that too often, only who was silent before is ended."""
    monkeypatch.setattr(Holder, "is_alive", lambda holder: holder.pid == 7)
    watched.watch._starts = waited_for
    sight = watched.watch._sight = Hidden(Exposure.OPEN)
    sight.meanwhile = lambda: (tmp_path / "daemon.lock").write_text("daemon 7 1\n")
    *before, last = await watched.looks(LOOKS)
    assert set(before) == {Deed.WAIT}
    assert (last is Deed.TAKE_OVER) is bool(ends)
    assert watched.ends == ends


async def test_a_broker_is_looked_at_seldom_for_a_daemon_may_be_asking_it_too(died, watched):
    sight = watched.watch._sight = Hidden(Exposure.FLAT)
    await watched.looks(LOOKS + 79)
    assert sight.reads == 2


async def test_what_could_not_be_closed_at_a_broker_today_is_looked_at_again(died, watched):
    sight = watched.watch._sight = Hidden(Exposure.OPEN)
    watched.flat = False
    await watched.looks(LOOKS)
    sight.exposure = Exposure.WAITING
    await watched.looks(60)
    sight.exposure = Exposure.OPEN
    await watched.looks(60)
    assert len(watched.because) >= 2
