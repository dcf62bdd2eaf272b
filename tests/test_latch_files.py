"""The latch: whole or not at all, durable before anybody acts, never read as less than it is."""

from __future__ import annotations

import ast
import errno
import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import kill
from daemon.kill import ACCOUNT, ALL, FOLDER, KILL, PAUSE, STRATEGY, Latch, LatchUnwritten
from tests.kit.tidy import ROOT

LATCH = Latch("kill-1", KILL, ALL, "", "the market is mad", "local:ann", 17)
PAUSED = Latch("pause-1", PAUSE, STRATEGY, "straddle", "", "web:ann", 18)
STEPS = ("mkdir", "open", "write", "fsync", "close", "replace")
ROOTS_OWN = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
SOMEBODY = 54_321


class Killed(BaseException):
    """The process ends here, and nothing of it runs any more."""


class Recorder:
    """Notes the calls to the operating system that change something, and ends at one of them.

    Args:
        until: how many are let through; None: all.
        refusal: raised instead of the end of the process.
    """

    def __init__(self, monkeypatch, until=None, refusal=None) -> None:
        self.calls: list[tuple[str, str]] = []
        self._until, self._refusal = until, refusal
        self._open: dict[int, str] = {}
        for name in STEPS:
            monkeypatch.setattr(os, name, self._noting(name, getattr(os, name)))

    def _noting(self, name, real):
        def call(*args, **options):
            if self._until is not None and len(self.calls) >= self._until:
                raise self._refusal or Killed(name)
            at = self._open.get(args[0]) if isinstance(args[0], int) else Path(args[0]).name
            self.calls.append((name, self._called(at)))
            result = real(*args, **options)
            if name == "open":
                self._open[result] = at
            return result

        return call

    @staticmethod
    def _called(at: str | None) -> str:
        return "DRAFT" if at and at.startswith(".") else at or ""


def written(state_dir: Path, name: str, content: bytes | str) -> None:
    folder = state_dir / FOLDER
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def assert_counts_for_everything(state_dir: Path, name: str) -> None:
    (latch,) = kill.standing(state_dir)
    assert (latch.latch_id, latch.kind, latch.scope) == (name, KILL, ALL)
    assert latch.covers("any", "at all")
    assert "counts for everything" in kill.forbids(state_dir, "any", "at all")


def test_what_was_pulled_stands_until_it_is_released(tmp_path):
    kill.pull(tmp_path, LATCH)
    kill.pull(tmp_path, PAUSED)
    before = kill.standing(tmp_path)
    released = kill.release(tmp_path, "kill-1"), kill.release(tmp_path, "kill-1")

    assert before == (LATCH, PAUSED)
    assert released == (True, False)
    assert kill.standing(tmp_path) == (PAUSED,)


def test_where_nothing_was_ever_pulled_nothing_stands(tmp_path):
    assert kill.standing(tmp_path) == ()
    assert kill.standing(tmp_path / "nowhere") == ()
    assert kill.release(tmp_path, "kill-1") is False


def test_the_same_again_changes_nothing(tmp_path):
    kill.pull(tmp_path, LATCH)
    kill.pull(tmp_path, LATCH)

    assert kill.standing(tmp_path) == (LATCH,)
    assert names_in(tmp_path / FOLDER) == ["kill-1"]


def test_a_name_that_is_taken_goes_on_standing_for_what_it_did(tmp_path):
    kill.pull(tmp_path, LATCH)

    with pytest.raises(LatchUnwritten, match="kill-1 is taken by another"):
        kill.pull(tmp_path, replace(PAUSED, latch_id="kill-1"))
    assert kill.standing(tmp_path) == (LATCH,)


def test_only_its_user_can_read_a_latch(tmp_path):
    kill.pull(tmp_path / "state", LATCH)
    folder = tmp_path / "state" / FOLDER

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "kill-1")]
    assert modes == [0o700, 0o600]


@pytest.mark.parametrize(
    ("latch", "covered"),
    [
        (LATCH, {("paper", "straddle"), ("paper", "strangle"), ("other", "straddle")}),
        (
            replace(LATCH, scope=ACCOUNT, id="paper"),
            {("paper", "straddle"), ("paper", "strangle")},
        ),
        (
            replace(LATCH, scope=STRATEGY, id="straddle"),
            {("paper", "straddle"), ("other", "straddle")},
        ),
    ],
    ids=["all", "account", "strategy"],
)
def test_a_latch_covers_its_scope(latch, covered, tmp_path):
    kill.pull(tmp_path, latch)
    orders = [("paper", "straddle"), ("paper", "strangle"), ("other", "straddle")]

    assert {order for order in orders if kill.forbids(tmp_path, *order)} == covered


def test_the_sentence_says_what_stands_and_how_to_release_it(tmp_path):
    kill.pull(tmp_path, PAUSED)
    first = kill.forbids(tmp_path, "paper", "straddle")
    kill.pull(tmp_path, LATCH)

    assert first == (
        "a pause is latched for strategy straddle: no reason; release it with `ordo rearm pause-1`"
    )
    assert kill.forbids(tmp_path, "paper", "straddle") == (
        "a kill is latched for all: the market is mad; release it with `ordo rearm kill-1`"
    )


def test_a_file_and_every_folder_above_it_are_durable_in_this_order(tmp_path, monkeypatch):
    """The content before the name, the name before the folder is told to keep it."""
    seen = Recorder(monkeypatch)
    kill.pull(tmp_path / "new" / "state", LATCH)

    told = [call for call in seen.calls if call[0] in {"mkdir", "write", "fsync", "replace"}]
    assert told == [
        ("mkdir", "new"),
        ("fsync", tmp_path.name),
        ("mkdir", "state"),
        ("fsync", "new"),
        ("mkdir", FOLDER),
        ("fsync", "state"),
        ("write", "DRAFT"),
        ("fsync", "DRAFT"),
        ("replace", "DRAFT"),
        ("fsync", FOLDER),
        ("fsync", "state"),
    ]


def test_a_release_is_durable_and_so_is_that_the_latch_has_stood(tmp_path, monkeypatch):
    kill.pull(tmp_path, LATCH)
    seen = Recorder(monkeypatch)
    kill.release(tmp_path, "kill-1")

    synced = [call for call in seen.calls if call[0] == "fsync"]
    assert synced == [("fsync", FOLDER), ("fsync", "DRAFT"), ("fsync", FOLDER)]
    assert kill.have_stood(tmp_path) == {"kill-1"}


def steps_of_a_pull(tmp_path) -> int:
    with pytest.MonkeyPatch.context() as patched:
        seen = Recorder(patched)
        kill.pull(tmp_path / "counted" / "state", LATCH)
    return len(seen.calls)


@pytest.mark.parametrize("refusal", [None, OSError(28, "No space left on device")])
def test_between_any_two_steps_it_is_there_whole_or_not_at_all(tmp_path, refusal):
    """Whether the process ends or the disk refuses; and a second pull then makes it stand."""
    steps, seen = steps_of_a_pull(tmp_path), []
    for until in range(steps):
        state_dir = tmp_path / str(until) / "state"
        kind = LatchUnwritten if refusal else Killed
        with pytest.MonkeyPatch.context() as patched:
            Recorder(patched, until, refusal)
            with pytest.raises(kind):
                kill.pull(state_dir, LATCH)
        seen.append(kill.standing(state_dir))
        kill.pull(state_dir, LATCH)
        assert kill.standing(state_dir) == (LATCH,)

    assert steps > 12
    assert set(seen) == {(), (LATCH,)}
    assert seen == sorted(seen, key=len)


def test_what_a_refused_pull_began_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", refusing(OSError(5, "Input/output error"), after=1))

    with pytest.raises(LatchUnwritten, match="cannot be written: Input/output error"):
        kill.pull(tmp_path, LATCH)
    assert names_in(tmp_path / FOLDER) == []


def refusing(error: OSError, after: int):
    """Return a call that does nothing so many times, and is then refused."""
    left = [after]

    def call(*_):
        left[0] -= 1
        if left[0] < 0:
            raise error

    return call


def test_a_release_that_the_disk_refuses_is_told(tmp_path, monkeypatch):
    kill.pull(tmp_path, LATCH)
    monkeypatch.setattr(os, "fsync", refusing(OSError(5, "Input/output error"), after=0))

    with pytest.raises(LatchUnwritten, match="kill-1 cannot be removed: Input/output error"):
        kill.release(tmp_path, "kill-1")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"[" * 60_000,
        b" " * 70_000,
        "null",
        "[]",
        json.dumps({**asdict(LATCH), "more": 1}),
        json.dumps({**asdict(LATCH), "latch_id": "kill-2"}),
        json.dumps({**asdict(LATCH), "at_ns": "17"}),
        json.dumps({**asdict(LATCH), "at_ns": True}),
        json.dumps({**asdict(LATCH), "at_ns": 2**63}),
        json.dumps({**asdict(LATCH), "at_ns": -1}),
        json.dumps({**asdict(LATCH), "reason": None}),
        json.dumps({**asdict(LATCH), "kind": "nudge"}),
        json.dumps({**asdict(LATCH), "scope": "planet"}),
        json.dumps({**asdict(LATCH), "scope": "account"}),
        json.dumps({**asdict(LATCH), "id": "paper"}),
    ],
    ids=range(18),
)
def test_what_cannot_be_understood_counts_for_everything(content, tmp_path):
    written(tmp_path, "kill-1", content)

    assert_counts_for_everything(tmp_path, "kill-1")


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_no_content_of_a_file_lets_an_entry_through(tmp_path_factory, content):
    state_dir = tmp_path_factory.mktemp("state")
    written(state_dir, "kill-1", content)

    assert kill.forbids(state_dir, "paper", "straddle")


@given(st.data())
def test_no_damaged_byte_lets_an_entry_through(tmp_path_factory, data):
    """Of a latch on everything, one byte of any value at any place."""
    state_dir = tmp_path_factory.mktemp("state")
    text = bytearray(json.dumps(asdict(LATCH)).encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    written(state_dir, "kill-1", bytes(text))

    assert kill.forbids(state_dir, "paper", "straddle")


def test_a_foreign_name_counts_and_can_be_released(tmp_path):
    written(tmp_path, "kill-1 (copy)", json.dumps(asdict(LATCH)))
    assert_counts_for_everything(tmp_path, "kill-1 (copy)")

    assert kill.release(tmp_path, "kill-1 (copy)")
    assert kill.standing(tmp_path) == ()


def test_a_draft_that_was_cut_short_is_passed_over(tmp_path):
    written(tmp_path, ".kill-1.4711.1", "{")

    assert kill.standing(tmp_path) == ()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../kill-1", "a/b", "/etc/passwd", ".kill-1.1.1", "a\0b"]
)
def test_a_release_never_leaves_the_folder(name, tmp_path):
    kill.pull(tmp_path, LATCH)
    (tmp_path / "kill-1").write_text("outside")

    assert kill.release(tmp_path, name) is False
    assert (tmp_path / "kill-1").exists()


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../up", "a b", "x" * 101, "-rf", "ü"])
def test_a_latch_is_not_pulled_under_a_name_that_could_not_be_repeated(name, tmp_path):
    with pytest.raises(LatchUnwritten, match="cannot be called"):
        kill.pull(tmp_path, replace(LATCH, latch_id=name))
    assert kill.standing(tmp_path) == ()


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "nudge"}, {"scope": "planet"}, {"scope": ACCOUNT}, {"id": "paper"}, {"at_ns": -1},
     {"scope": ACCOUNT, "id": "x" * 70_000}],
    ids=["kind", "scope", "no id", "an id too many", "instant", "size"],
)  # fmt: skip
def test_a_latch_that_nobody_could_read_back_is_not_pulled(wrong, tmp_path):
    with pytest.raises(LatchUnwritten, match="nobody could read"):
        kill.pull(tmp_path, replace(LATCH, **wrong))
    assert kill.standing(tmp_path) == ()


def test_a_long_story_is_cut_and_the_latch_stands(tmp_path):
    kill.pull(tmp_path, replace(LATCH, reason="\U0001f525" * 100_000, by="b" * 100_000))

    (latch,) = kill.standing(tmp_path)
    assert (latch.latch_id, latch.reason, latch.by) == ("kill-1", "\U0001f525" * 2_000, "b" * 500)


@given(st.text(max_size=50), st.text(max_size=50), st.integers(0, 2**63 - 1))
def test_any_words_come_back_as_they_were(tmp_path_factory, reason, by, at_ns):
    state_dir = tmp_path_factory.mktemp("state")
    latch = replace(LATCH, reason=reason, by=by, at_ns=at_ns)
    kill.pull(state_dir, latch)

    assert kill.standing(state_dir) == (latch,)


def test_a_file_in_the_folders_place_counts_for_everything(tmp_path):
    (tmp_path / FOLDER).write_text("what is this?")

    assert_counts_for_everything(tmp_path, FOLDER)
    with pytest.raises(LatchUnwritten, match="cannot be written"):
        kill.pull(tmp_path, LATCH)
    with pytest.raises(LatchUnwritten, match="cannot be removed: Not a directory"):
        kill.release(tmp_path, FOLDER)


def test_a_link_that_leads_nowhere_counts_for_everything(tmp_path):
    """Whatever was latched behind it is out of sight."""
    (tmp_path / FOLDER).symlink_to(tmp_path / "gone")

    assert_counts_for_everything(tmp_path, FOLDER)


def _link(path):
    path.symlink_to(path.parent / "gone")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, _link], ids=["folder", "pipe", "link"])
def test_what_is_no_file_counts_for_everything(make, tmp_path):
    (tmp_path / FOLDER).mkdir()
    make(tmp_path / FOLDER / "kill-1")

    assert_counts_for_everything(tmp_path, "kill-1")


@pytest.mark.parametrize("call", ["open", "read"])
def test_a_disk_that_cannot_be_read_counts_for_everything(call, tmp_path, monkeypatch):
    kill.pull(tmp_path, LATCH)
    monkeypatch.setattr(os, call, refusing(OSError(5, "Input/output error"), after=0))

    assert_counts_for_everything(tmp_path, "kill-1")


@pytest.mark.parametrize("call", ["listdir", "open"])
def test_a_machine_too_short_to_look_stops_entries_and_says_nothing_of_latches(
    call, tmp_path, monkeypatch
):
    """Whoever would act on what stands is told that nobody knows."""
    kill.pull(tmp_path, PAUSED)
    kill.keep_stood(tmp_path, "pause-1")
    monkeypatch.setattr(os, call, refusing(OSError(24, "Too many open files"), after=0))

    assert_counts_for_everything(tmp_path, FOLDER)
    with pytest.raises(OSError, match="Too many open files"):
        kill.looked(tmp_path)


def test_a_machine_too_short_to_look_says_nothing_of_what_has_stood(tmp_path, monkeypatch):
    kill.keep_stood(tmp_path, "pause-1")
    monkeypatch.setattr(os, "listdir", refusing(OSError(24, "Too many open files"), after=0))

    with pytest.raises(OSError, match="Too many open files"):
        kill.have_stood(tmp_path)


def test_a_latch_that_is_pulled_again_without_room_to_look_is_refused_in_a_sentence(
    tmp_path, monkeypatch
):
    kill.pull(tmp_path, LATCH)
    monkeypatch.setattr(os, "open", refusing(OSError(24, "Too many open files"), after=0))

    with pytest.raises(LatchUnwritten, match="cannot be written: Too many open files"):
        kill.pull(tmp_path, LATCH)


def test_what_has_stood_is_kept_in_the_very_folder_and_nowhere_else(tmp_path):
    kill.keep_stood(tmp_path, "kill-1")
    without = kill.have_stood(tmp_path), names_in(tmp_path)
    kill.pull(tmp_path, LATCH)
    kill.keep_stood(tmp_path, "kill-1")
    kept = kill.have_stood(tmp_path)
    (tmp_path / FOLDER).rename(tmp_path / "aside")
    kill.pull(tmp_path, PAUSED)

    assert (without, kept) == ((frozenset(), []), {"kill-1"})
    assert kill.have_stood(tmp_path) == frozenset()


def test_what_has_stood_may_be_kept_by_nobody_where_something_is_in_the_way(tmp_path):
    written(tmp_path, kill.STOOD, "what is this?")
    kill.keep_stood(tmp_path, "kill-1")

    assert (kill.have_stood(tmp_path), kill.standing(tmp_path)) == (frozenset(), ())


def test_a_latch_that_is_released_while_the_folder_is_read_does_not_stand(tmp_path, monkeypatch):
    kill.pull(tmp_path, LATCH)
    monkeypatch.setattr(os, "listdir", lambda _: ["kill-0", "kill-1"])

    assert kill.standing(tmp_path) == (LATCH,)


@AS_ROOT
def test_what_root_latches_belongs_to_whom_the_folder_belongs(tmp_path):
    """Unread by the daemon of that user, a pause of one strategy would be a kill of everything."""
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    kill.pull(tmp_path / "state", PAUSED)

    kill.keep_stood(tmp_path / "state", PAUSED.latch_id)

    folder = tmp_path / "state" / FOLDER
    for each in (folder.parent, folder, folder / PAUSED.latch_id, folder / kill.STOOD):
        assert (each.stat().st_uid, each.stat().st_gid) == (SOMEBODY, SOMEBODY)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / PAUSED.latch_id).stat().st_mode) == 0o600


def test_a_latch_that_cannot_be_given_away_stands_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    fstat = os.fstat
    monkeypatch.setattr(
        os, "fstat", lambda of: os.stat_result((fstat(of)[0], 0, 0, 0, 9_999, *[0] * 5))
    )
    monkeypatch.setattr(os, "fchown", refusing(PermissionError(1, "no"), after=0))
    kill.pull(tmp_path, LATCH)
    monkeypatch.undo()

    assert kill.standing(tmp_path) == (LATCH,)


@ROOTS_OWN
def test_a_folder_that_may_not_be_written_or_read(tmp_path):
    kill.pull(tmp_path, LATCH)
    folder = tmp_path / FOLDER
    folder.chmod(0o500)
    with pytest.raises(LatchUnwritten, match="cannot be written: Permission denied"):
        kill.pull(tmp_path, PAUSED)
    with pytest.raises(LatchUnwritten, match="cannot be removed: Permission denied"):
        kill.release(tmp_path, "kill-1")
    assert kill.standing(tmp_path) == (LATCH,)
    folder.chmod(0)
    assert_counts_for_everything(tmp_path, FOLDER)
    folder.chmod(0o700)


def test_a_folder_that_is_read_only_refuses_in_a_sentence(tmp_path, monkeypatch):
    """As a disk that was mounted so would, for root as well."""
    monkeypatch.setattr(os, "open", refusing(OSError(30, "Read-only file system"), after=0))

    with pytest.raises(LatchUnwritten, match="cannot be written: Read-only file system"):
        kill.pull(tmp_path, LATCH)


FULL = """
import resource, sys
from pathlib import Path
from daemon import kill
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    kill.pull(Path(sys.argv[1]), kill.Latch("kill-1", "kill", "all", "", "", "", 1))
except kill.LatchUnwritten as error:
    print(error)
"""


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "cannot be written: File too large" in ended.stdout
    assert (names_in(tmp_path / FOLDER), kill.standing(tmp_path)) == ([], ())


@pytest.fixture
def full_disk(tmp_path, monkeypatch):
    """A disk on which nothing can be written before a ballast is down to some size, or gone."""
    ballast, write = tmp_path / kill.BALLAST, os.write
    wanted = {"bytes": 0}

    def refusing_write(descriptor: int, text: bytes) -> int:
        left = ballast.stat().st_size if ballast.exists() else -1
        if left > wanted["bytes"]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, text)

    monkeypatch.setattr(os, "write", refusing_write)

    def disk(ballast_bytes: int | None, until_bytes: int) -> Path:
        if ballast_bytes is not None:
            ballast.write_bytes(bytes(ballast_bytes))
        wanted["bytes"] = until_bytes
        return tmp_path

    return disk


MIB = 2**20


@pytest.mark.parametrize(
    ("until_bytes", "left_bytes"),
    [
        (15 * MIB, 15 * MIB),  # it has room for a latch then
        (14 * MIB, 13 * MIB),  # somebody else takes the first of it
        (2 * MIB, MIB),
        (-1, None),  # it is full of names
    ],
)
def test_on_a_full_disk_a_latch_is_given_as_much_of_the_ballast_as_it_needs(
    full_disk, until_bytes, left_bytes
):
    folder = full_disk(16 * MIB, until_bytes)

    kill.pull(folder, LATCH)

    assert kill.standing(folder) == (LATCH,)
    ballast = folder / kill.BALLAST
    assert (ballast.stat().st_size if ballast.exists() else None) == left_bytes


@pytest.mark.parametrize("ballast_bytes", [None, 0, 16 * MIB])
def test_where_that_is_not_enough_no_latch_stands_and_it_is_said(full_disk, ballast_bytes):
    folder = full_disk(ballast_bytes, -2)

    with pytest.raises(LatchUnwritten, match="No space left on device"):
        kill.pull(folder, LATCH)

    assert kill.standing(folder) == ()


def test_many_who_pull_and_release_at_once_do_not_disturb_each_other(tmp_path):
    """Each latch stands when its pull has returned, and is gone when its release has."""

    def pulled(number: int) -> list[bool]:
        latch = replace(LATCH, latch_id=f"kill-{number}")
        states = []
        for _ in range(5):
            kill.pull(tmp_path, latch)
            states.append(latch in kill.standing(tmp_path))
            kill.release(tmp_path, latch.latch_id)
            states.append(latch in kill.standing(tmp_path))
        return states

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(pulled, range(8)))

    assert told == [[True, False] * 5] * 8
    assert kill.have_stood(tmp_path) == {f"kill-{number}" for number in range(8)}
    assert names_in(tmp_path / FOLDER) == [kill.STOOD]


def test_one_latch_pulled_by_many_at_once_stands_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: kill.pull(tmp_path, LATCH), range(40)))

    assert kill.standing(tmp_path) == (LATCH,)
    assert names_in(tmp_path / FOLDER) == ["kill-1"]


ALONE = """
import json, sys
import daemon
before = set(sys.modules)
import daemon.kill
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_it_brings_nothing_along_but_the_standard_library():
    """Shown by what is loaded, without site packages, and by what its text imports."""
    ended = subprocess.run(
        [sys.executable, "-S", "-c", ALONE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name for name in json.loads(ended.stdout) if name != "daemon.kill"}
    tree = ast.parse(Path(kill.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    named = {alias.name for node in imports for alias in node.names}
    named |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in loaded | named} <= sys.stdlib_module_names
    assert "json" in named


@pytest.mark.parametrize(
    ("name", "account", "covered"),
    [("s", "a", True), ("s@a", "a", True), ("s@b", "a", False), ("t@a", "a", False)],
)
def test_a_latch_of_a_strategy_may_be_of_one_account(tmp_path, name, account, covered):
    kill.pull(tmp_path, Latch("pause-1", "pause", "strategy", name, "lunch", "me", 0))

    assert bool(kill.forbids(tmp_path, account, "s")) is covered
