"""A ledger that is whole, and that a start would refuse all the same."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from daemon.domain.orders.words import IntentRecorded, OrderUpdated, State
from daemon.jobs.preflight import machine, records
from daemon.jobs.preflight.findings import Verdict
from daemon.messages import CodeLoaded
from daemon.settings import Account, Daemon, FeedKind, Settings
from daemon.storage import codec
from daemon.storage.ledger import StoredLedger
from daemon.storage.sqlite import SqliteStore
from tests.kit.facts import INTENT, NOW, ORIGIN

PAPER, SECOND = Account(id="paper", broker="paper"), Account(id="second", broker="paper")
BEGUN = CodeLoaded("1", "", "", 1, NOW, home="paper", modes={"paper": "paper", "second": "paper"})
SHORT = (
    IntentRecorded(replace(INTENT, account="second"), NOW),
    OrderUpdated(INTENT.intent_id, "1", State.FILLED, 75, 75 * INTENT.price_e4, NOW),
)


@pytest.fixture
def state(tmp_path) -> Path:
    return tmp_path


def of(folder: Path, *accounts: Account) -> Settings:
    return Settings(daemon=Daemon(state_dir=folder), accounts=accounts or (PAPER, SECOND))


def recorded(folder: Path, *facts: object, owner: str = PAPER.owner) -> None:
    with closing(StoredLedger(SqliteStore(folder / "ledger.sqlite"), owner)) as ledger:
        ledger.append(facts, ORIGIN, NOW)


def test_a_record_that_a_start_takes_up_is_well(state):
    assert records.ledger(of(state)).verdict is Verdict.OK
    recorded(state, BEGUN, *SHORT)
    found = records.ledger(of(state))

    assert found == machine.ledger(of(state))
    assert found.evidence.endswith("ledger.sqlite has 3 records, each as it was written")


def test_records_of_a_newer_version_fail(state, monkeypatch):
    with monkeypatch.context() as patch:
        newer = SimpleNamespace(encode=lambda _: b'{"type":"MoonSeen","at_ns":1}')
        patch.setattr(codec, "_encoder", newer)
        recorded(state, BEGUN)
    found = records.ledger(of(state))

    assert (found.verdict, found.mend) == (Verdict.FAIL, "run that version, or a later one")
    assert found.evidence == (
        "the ledger was written by a newer version (it has a MoonSeen); run that one"
    )


def test_a_short_of_an_account_that_was_renamed_fails(state):
    recorded(state, BEGUN, *SHORT)
    found = records.ledger(of(state, PAPER, replace(SECOND, id="other")))

    assert (found.verdict, found.mend) == (
        Verdict.FAIL,
        "do one of the two; until then nothing starts",
    )
    assert found.evidence.startswith(
        f"account second holds {INTENT.symbol} on paper by the records"
    )
    assert 'put [[accounts]] id = "second" back' in found.evidence


def test_records_of_another_owner_fail(state):
    recorded(state, BEGUN, owner="anna")
    found = records.ledger(of(state))

    assert (found.verdict, found.mend) == (
        Verdict.FAIL,
        "do one of the two; until then nothing starts",
    )
    assert 'write owner = "anna" again' in found.evidence


def test_what_is_not_whole_is_told_of_by_that_alone(state):
    (state / "ledger.sqlite").write_bytes(b"not a ledger, and longer than a header" * 9)

    assert records.ledger(of(state)) == machine.ledger(of(state))


def test_a_recording_is_played_whatever_the_daemons_own_record_holds(state):
    recorded(state, BEGUN, *SHORT)
    settings = of(state, PAPER)
    replays = replace(settings, feed=replace(settings.feed, kind=FeedKind.REPLAY))

    assert records.ledger(settings).verdict is Verdict.FAIL
    assert records.ledger(replays).verdict is Verdict.OK
