"""`ordo outbox`: how sinks stand, in a file and on a server, and what is given to them again."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from daemon.domain.chain import GENESIS
from daemon.domain.instants import SECOND_NS
from daemon.messages.outbox import Cursor, Event, Letter, Settle
from daemon.storage.emergency_file import Batch, EmergencyFile, Written
from daemon.storage.outbox import Outbox
from tests.kit.commands import told
from tests.kit.facts import NOW, ORIGIN
from tests.kit.outbox import news
from tests.kit.stores import InFile, InSchema, ledger_of

SETTINGS = """
[[sinks]]
id = "pager"
url = "https://example.org/hooks"

[[sinks]]
id = "fresh"
url = "https://example.org/hooks"
"""
EVENT = Event(2, "2-ab", "risk", "strategy:straddle", b'{"text":"it \\u001bleaves"}')
LETTER = Letter("pager", EVENT, 10, "it said \x1b500", 1_764_000_000 * SECOND_NS)
AT = "2025-11-24T21:30:00+05:30"


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request, tmp_path, monkeypatch):
    """The place that the settings name."""
    monkeypatch.chdir(tmp_path)
    Path("settings.toml").write_text(SETTINGS)
    if request.param == "sqlite":
        Path("state").mkdir()
        return InFile(Path("state/ledger.sqlite"))
    made = InSchema(request.getfixturevalue("postgres"))
    monkeypatch.setenv("ORDO_LEDGER__URL", made.url)
    return made


@pytest.fixture
def store(kept):
    return kept.store


@pytest.fixture
def ledger(kept):
    """A ledger with one sink that is two facts behind, and one of before; its name."""
    ledger = ledger_of(kept)
    ledger.append(news("a", "b"), ORIGIN, NOW)
    ledger.flush()
    with closing(kept.store.open_aside()) as aside:
        outbox = Outbox(aside, "owner")
        outbox.begin("former")
        began = outbox.begin("pager")
        failed = Cursor(began.name, 2, "it said 500", LETTER.at_ns)
        outbox.settle(Settle(began, failed, (LETTER,)))
    ledger.append(news("c", "d"), ORIGIN, NOW)
    ledger.close()
    return kept.store.name


def test_each_sink_is_told_with_its_cursor_and_what_is_behind_it(ledger):
    head, *rows = told("outbox").out.splitlines()

    assert head.split() == ["sink", "record", "behind", "dead", "last", "failure", "since"]
    assert [row.split() for row in rows] == [
        ["pager", "2", "2", "1", "it", "said", "500", AT],
        ["fresh", "-", "-", "0", "-", "-"],
        [*("former", "(not", "set", "any", "more)"), "2", "2", "0", "-", "-"],
    ]


def test_the_documents_have_these_names(ledger):
    document = json.loads(told("outbox", "--json").out)
    assert document["ledger"] == ledger
    assert document["sinks"][0] == {
        "id": "pager",
        "set": True,
        "record": 2,
        "behind": 2,
        "dead": 1,
        "failed_because": "it said 500",
        "failed_at": AT,
    }
    assert json.loads(told("outbox", "dead", "--json").out)["dead"] == [
        {
            "id": "pager:2",
            "sink": "pager",
            "record": 2,
            "event_id": "2-ab",
            "kind": "risk",
            "key": "strategy:straddle",
            "attempts": 10,
            "because": "it said \x1b500",
            "at": AT,
            "state": "dead",
            "event": {"text": "it \x1bleaves"},
        }
    ]


@pytest.mark.parametrize(
    ("number", "wait"), [(1, "1 fact waits"), (2, "2 facts wait"), (None, "the emergency file")]
)
def test_what_a_ledger_that_failed_left_for_the_next_start_is_told_beside_its_sinks(
    ledger, number, wait
):
    alone, document = told("outbox").out, json.loads(told("outbox", "--json").out)
    assert "waiting" not in document
    Path("state").mkdir(exist_ok=True)
    left_in_emergency(Path("state/emergency"), number)
    done = told("outbox")
    waiting = json.loads(told("outbox", "--json").out)

    *table, gap, said = done.out.splitlines()
    assert (done.code, table, gap) == (0, alone.splitlines(), "")
    assert said.startswith(f"{wait} ")
    in_words = "which the next start enters; until then sinks are told of alerts and kills alone"
    assert said.endswith(f" in state/emergency, {in_words}") == (number is not None)
    told_of = waiting.pop("waiting")
    assert (told_of["file"], told_of["facts"]) == ("state/emergency", number)
    assert (waiting, said.startswith(told_of["said"])) == (document, True)


def left_in_emergency(path: Path, number: int | None) -> None:
    """Leave so many facts beside a ledger; None: it cannot be read how many."""
    if number is None:
        path.write_bytes(b"no such file")
        return
    facts = tuple(news("e", "f")[:number])
    with closing(EmergencyFile(path)) as file:
        file.write(Written(GENESIS, "full", (Batch(facts, "test", 1, 1, NOW),)))


def test_dead_letters_are_listed_with_their_reason_and_what_to_do(ledger):
    _, row, gap, what = told("outbox", "dead").out.splitlines()

    assert row.split() == [
        *("pager:2", "risk", "strategy:straddle", "10", AT, "it", "said", "?500")
    ]
    assert (gap, what) == ("", "have them given again with `ordo outbox replay ID`, or `--all`")
    assert told("outbox", "dead", "--sink", "former").out == (
        "every sink has taken what it was given, or is being given it\n"
    )


def test_what_is_said_before_a_command_counts_for_it(ledger, tmp_path, monkeypatch):
    settings = tmp_path / "settings.toml"
    if not Path("state").exists():
        settings.write_text(SETTINGS)
    else:
        settings.write_text(f'[daemon]\nstate_dir = "{tmp_path / "state"}"\n{SETTINGS}')
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = told("outbox", "--settings", settings, "--json", "dead")

    assert before.code == 0
    assert before == told("outbox", "dead", "--settings", settings, "--json")
    assert [each["id"] for each in json.loads(before.out)["dead"]] == ["pager:2"]
    nowhere = told("outbox", "--ledger", "absent.sqlite", "dead", "--settings", settings)
    assert (nowhere.code, "absent.sqlite" in nowhere.err) == (1, True)


def test_a_letter_that_is_being_given_again_says_so(ledger, store):
    with closing(store.open_aside()) as aside:
        assert Outbox(aside, "owner").want(LETTER.sink, LETTER.event.number) == 1

    assert "it said ?500; it is being given again" in told("outbox", "dead").out


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_sink_that_is_said(nowhere):
    Path("state").mkdir()
    ledger_of(InFile(Path("state/ledger.sqlite"))).close()

    assert told("outbox").out == (
        "nobody outside is told of anything; [[sinks]] in settings.toml says who is\n"
    )


def test_without_a_ledger_that_is_said(nowhere):
    done = told("outbox")

    assert (done.code, done.err) == (
        1,
        "ordo: state holds no ledger; name one with --ledger\n",
    )


@pytest.mark.parametrize(
    ("args", "body"),
    [
        (["pager:2"], {"sink": "pager", "number": 2}),
        (["--all"], {"sink": ""}),
        (["--all", "--sink", "pager"], {"sink": "pager"}),
    ],
)
def test_letters_are_given_again_by_the_running_daemon(fake, args, body):
    answer = {"ok": True, "count": 1, "text": "1 dead letter is given to its sink again"}
    told_by_it = fake.tells("/api/outbox/replay", answer, "POST")

    assert told("outbox", "replay", *args).out == "1 dead letter is given to its sink again\n"
    assert json.loads(fake.asked[-1].body) == body
    assert told("outbox", "replay", *args, "--json").out.encode() == told_by_it + b"\n"


def test_a_ledger_that_is_named_before_replay_is_refused(fake):
    done = told("outbox", "--ledger", "other.sqlite", "replay", "--all")

    assert (done.code, fake.asked) == (2, [])
    assert "from the ledger of the running daemon" in done.err


def test_what_the_daemon_refuses_is_told(fake):
    fake.refuses("/api/outbox/replay", 404, "POST", code="unknown_letter", detail="no such one")
    done = told("outbox", "replay", "pager:9")

    assert (done.code, done.err) == (1, "ordo: unknown_letter: no such one\n")


@pytest.mark.parametrize(
    "args", [[], ["pager:2", "--all"], ["pager:2", "--sink", "pager"], ["pager"], [":2"], ["a:x"]]
)
def test_what_is_meant_must_be_said_plainly(house, args):
    assert told("outbox", "replay", *args).code == 2


def test_without_a_daemon_nothing_is_given_again_and_that_is_told(house):
    done = told("outbox", "replay", "--all")

    assert done.code == 3
    assert "no daemon answers" in done.err
