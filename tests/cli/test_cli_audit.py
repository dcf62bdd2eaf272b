"""The command; what an audit finds is told in the stories."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from daemon.domain.chain import Head, verify
from daemon.storage import verified
from daemon.storage.codec import Row, linked
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from tests.kit.commands import told


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


def test_an_unknown_command_of_the_group_is_bad_usage():
    done = told("audit", "varify")

    assert (done.code, done.out) == (2, "")
    assert "No such command 'varify'" in done.err
