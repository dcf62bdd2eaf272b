"""The command; what an audit finds is told in the stories."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daemon.domain.chain import GENESIS, Head, verify
from daemon.messages import Latched, LatchKind, Scope
from daemon.storage import verified
from daemon.storage.codec import Row, linked
from daemon.storage.emergency_file import Batch, EmergencyFile, Written
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from tests.kit.commands import told
from tests.kit.facts import NOW, ORIGIN
from tests.kit.stores import InSchema, ledger_of


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def begun(tmp_path):
    """Make ledgers in which so many runs began."""

    def begin(name: str, epochs: int) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ledger = StoredLedger(SqliteStore(path), "owner")
        for epoch in range(epochs):
            ledger.begin_epoch(epoch)
        ledger.close()

    return begin


def records(*args: str) -> tuple[str, int]:
    document = json.loads(told("audit", "verify", "--json", *args).out)
    return document["ledger"], document["records"]


def test_the_newest_replay_is_verified(tmp_path, begun):
    """By its number, not by its name, and only where it has a ledger."""
    begun("state/replay/0009/ledger.sqlite", 1)
    begun("state/replay/9999/ledger.sqlite", 2)
    begun("state/replay/10000/ledger.sqlite", 3)
    (tmp_path / "state/replay/10001").mkdir()

    assert records() == ("state/replay/10000/ledger.sqlite", 3)


def test_the_daemons_own_ledger_goes_before_replays(begun):
    begun("state/replay/0001/ledger.sqlite", 1)
    begun("state/ledger.sqlite", 2)

    assert records() == ("state/ledger.sqlite", 2)


def test_a_long_ledger_that_was_found_whole_is_marked_so_for_the_next_start(
    tmp_path, begun, monkeypatch
):
    """A broken one loses its mark; of one that was named nothing is kept."""
    monkeypatch.setattr(verified, "AT_ONCE", 2)
    begun("state/ledger.sqlite", 3)
    mark = tmp_path / "state" / "verified"
    records("--ledger", "state/ledger.sqlite")
    assert not mark.exists()
    records()
    assert mark.read_text().startswith('{"records":3,"head":"')
    with closing(sqlite3.connect("state/ledger.sqlite")) as db, db:
        db.execute("DROP TRIGGER records_are_not_altered")
        db.execute("UPDATE records SET cause = 1 WHERE number = 2")
    assert told("audit", "verify").code == 1

    assert not mark.exists()


def test_a_ledger_may_be_named(begun):
    begun("state/ledger.sqlite", 1)
    begun("elsewhere.sqlite", 4)

    assert records("--ledger", "elsewhere.sqlite") == ("elsewhere.sqlite", 4)


def test_the_state_folder_is_that_of_the_settings(tmp_path, begun):
    (tmp_path / "other.toml").write_text('[daemon]\nstate_dir = "mine"\n')
    begun("mine/ledger.sqlite", 2)

    assert records("--settings", "other.toml") == ("mine/ledger.sqlite", 2)


def test_the_document_has_these_names(begun):
    begun("state/ledger.sqlite", 1)
    document = json.loads(told("audit", "verify", "--json").out)

    assert set(document) == {"ledger", "records", "whole", "broken", "head"}


def test_where_there_is_no_ledger_that_is_said():
    done = told("audit", "verify")

    assert (done.code, done.out) == (1, "")
    assert done.err == "ordo: state holds no ledger; name one with --ledger\n"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "ledger_unusable"),
        (b"", "ledger_foreign"),
        (b"not a ledger, and longer than a header" * 9, "ledger_foreign"),
    ],
)
def test_what_is_no_ledger_is_refused(tmp_path, content, code):
    if content is not None:
        (tmp_path / "x.sqlite").write_bytes(content)
    done = told("audit", "verify", "--ledger", "x.sqlite", "--json")

    assert (done.code, json.loads(done.out)["error"]["code"]) == (1, code)
    assert done.err.startswith("ordo: ")
    assert "x.sqlite" in done.err


def test_the_record_is_written_out_line_by_line_and_can_be_verified_from_them(begun):
    begun("state/ledger.sqlite", 3)
    done = told("audit", "export")
    head, *lines = map(json.loads, done.out.splitlines())

    assert done.code == 0
    assert [line["number"] for line in lines] == [1, 2, 3]
    assert head == {"records": 3, "head": lines[-1]["link"]}
    assert lines[2]["body"] == {"type": "EpochBegan", "epoch": 3, "at_ns": 2}
    raw = [line.partition('"body":')[2].rpartition(',"link":')[0] for line in _lines(done.out)]
    rows = [
        Row(**line | {"body": body.encode(), "link": bytes.fromhex(line["link"])})
        for line, body in zip(lines, raw, strict=True)
    ]
    links = ((row.number, linked(row), row.link) for row in rows)
    assert verify(links, Head(3, bytes.fromhex(head["head"]))) is None


@pytest.mark.parametrize("starts", [1, 3])
def test_the_record_may_be_had_as_one_document(begun, starts):
    begun("state/ledger.sqlite", starts)
    head, *lines = map(json.loads, told("audit", "export").out.splitlines())

    done = told("audit", "export", "--json")

    assert done.code == 0
    assert json.loads(done.out) == {**head, "lines": lines}


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_a_reader_that_has_gone_is_no_damage(begun, monkeypatch, how):
    """As `ordo audit export | head` does it: nothing is left open, to be closed after its file."""
    begun("state/ledger.sqlite", 3)
    left = 2

    def take(_: bytes) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise BrokenPipeError

    monkeypatch.setattr("click.echo", take)
    done = told("audit", "export", *how)

    assert (done.code, done.err, left) == (1, "", 0)


def test_a_record_that_was_altered_is_not_written_out(tmp_path, begun):
    begun("state/ledger.sqlite", 2)
    with closing(sqlite3.connect(tmp_path / "state/ledger.sqlite")) as db, db:
        db.execute("DROP TRIGGER records_are_not_altered")
        db.execute("UPDATE records SET at_ns = 7 WHERE number = 2")
    done = told("audit", "export")

    assert (done.code, done.out) == (1, "")
    assert "record 2 is altered" in done.err


def _lines(text: str) -> list[str]:
    return text.splitlines()[1:]


@pytest.fixture
def left():
    """An emergency left so many facts beside a ledger, which it may hold a part of."""

    def leave(number: int, folder: str = "state", head: Head = GENESIS) -> tuple[Latched, ...]:
        kills = tuple(
            Latched(f"k{each}", LatchKind.KILL, Scope.ALL, "", "enough", "anna", NOW)
            for each in range(number)
        )
        batch = Batch(kills, ORIGIN.actor, ORIGIN.message, ORIGIN.cause, NOW)
        with closing(EmergencyFile(Path(folder) / "emergency")) as file:
            file.write(Written(head, "full", (batch,)))
        return kills

    return leave


WAIT = "facts wait in state/emergency, which the next start enters"
ONE = WAIT.replace("facts wait", "fact waits")


@pytest.mark.parametrize("number", [1, 2])
def test_a_verified_record_tells_what_waits_beside_it(begun, left, number):
    """Nothing is lost by that, so the code stays that of a whole record."""
    begun("state/ledger.sqlite", 3)
    alone = told("audit", "verify").out
    document = json.loads(told("audit", "verify", "--json").out)
    left(number)
    done = told("audit", "verify")
    said = f"{number} {WAIT if number > 1 else ONE}"

    assert (done.code, done.err) == (0, "")
    assert done.out == f"{alone.rstrip()}; and {said}\n"
    waiting = {"file": "state/emergency", "facts": number, "said": said}
    assert json.loads(told("audit", "verify", "--json").out) == document | {"waiting": waiting}


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_what_waits_beside_a_record_is_told_beside_what_is_written_out(begun, left, how):
    begun("state/ledger.sqlite", 3)
    alone = told("audit", "export", *how)
    left(2)
    done = told("audit", "export", *how)

    assert (done.code, done.out) == (0, alone.out)
    assert (alone.err, done.err) == ("", f"ordo: 2 {WAIT}; what is written out is without it\n")


def test_an_emergency_file_in_which_nothing_waits_is_not_told_of(begun, left):
    """As that of every daemon that runs, and one whose facts a late flush has stored after all."""
    begun("state/ledger.sqlite", 3)
    file = EmergencyFile(Path("state/emergency"))
    with closing(file):
        alone = told("audit", "verify")
        assert alone.out.endswith(f"; head {alone.out.split()[-1]}\n")
        kills = left(2)
        assert told("audit", "verify").out.endswith(f"; and 2 {WAIT}\n")
    with closing(StoredLedger(SqliteStore(Path("state/ledger.sqlite")), "owner")) as ledger:
        ledger.append(kills[:1], ORIGIN, NOW)
    assert f"; and 1 {ONE}\n" in told("audit", "verify").out
    with closing(StoredLedger(SqliteStore(Path("state/ledger.sqlite")), "owner")) as ledger:
        ledger.append(kills[1:], ORIGIN, NOW)

    assert "emergency" not in told("audit", "verify", "--json").out
    assert told("audit", "export").err == ""


def test_what_waits_beside_a_ledger_on_a_server_is_told(left, postgres, monkeypatch):
    made = InSchema(postgres)
    monkeypatch.setenv("ORDO_LEDGER__URL", made.url)
    with closing(ledger_of(made)) as ledger:
        ledger.begin_epoch(1)
    Path("state").mkdir()
    left(2)

    for args in ((), ("--ledger", made.url)):
        done = told("audit", "verify", *args)
        assert (done.code, f"; and 2 {WAIT}\n" in done.out) == (0, True)
        assert f"2 {WAIT}" in told("audit", "export", *args).err


def test_what_waits_is_told_however_the_daemons_own_ledger_is_named(tmp_path, begun, left):
    """And not of one that no start enters anything into."""
    for name in ("state/ledger.sqlite", "state/copy.sqlite", "state/replay/0001/ledger.sqlite"):
        begun(name, 2)
    left(2)
    left(2, "state/replay/0001")

    def names(name: str, *args: str) -> bool:
        done = told("audit", "verify", "--ledger", name, *args)
        assert done.code == 0
        return f"2 {WAIT}" in done.out

    assert names("state/ledger.sqlite")
    assert names(str(tmp_path / "state/ledger.sqlite"))
    assert names("sqlite:state/ledger.sqlite")
    assert not names("state/copy.sqlite")
    assert not names("state/replay/0001/ledger.sqlite")
    (tmp_path / "wrong.toml").write_text("[daemon\n")
    assert not names("state/ledger.sqlite", "--settings", "wrong.toml")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"no such file"), "is damaged at byte 0; facts that"),
        (lambda path: path.symlink_to("ledger.sqlite"), "cannot be opened: "),
        (lambda path: path.mkdir(), "cannot be read: "),
    ],
)
def test_an_emergency_file_that_cannot_be_read_is_told_of_beside_a_whole_record(begun, spoil, said):
    begun("state/ledger.sqlite", 2)
    spoil(Path("state/emergency"))
    done = told("audit", "verify")
    waiting = json.loads(told("audit", "verify", "--json").out)["waiting"]
    out = told("audit", "export")

    assert (done.code, done.err) == (0, "")
    assert f"; and the emergency file state/emergency {said}" in done.out
    assert waiting["facts"] is None
    assert waiting["said"].startswith(f"the emergency file state/emergency {said}")
    assert (out.code, len(out.out.splitlines())) == (0, 3)
    assert out.err.startswith(f"ordo: the emergency file state/emergency {said}")


def test_an_emergency_file_of_another_ledger_is_told_of(begun, left):
    begun("state/ledger.sqlite", 2)
    left(1, head=Head(7, bytes(32)))
    done = told("audit", "verify")

    assert done.code == 0
    assert "state/emergency belongs to another ledger, or the ledger lost record 7" in done.out


def test_of_a_broken_record_nothing_is_said_to_be_entered(begun, left):
    begun("state/ledger.sqlite", 2)
    left(1)
    with closing(sqlite3.connect("state/ledger.sqlite")) as db, db:
        db.execute("DROP TRIGGER records_are_not_altered")
        db.execute("UPDATE records SET cause = 1 WHERE number = 2")
    done, document = told("audit", "verify"), told("audit", "verify", "--json")

    assert (done.code, "emergency" in done.out + document.out) == (1, False)


def test_an_unknown_command_of_the_group_is_bad_usage():
    done = told("audit", "varify")

    assert (done.code, done.out) == (2, "")
    assert "No such command 'varify'" in done.err
