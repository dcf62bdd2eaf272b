from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.chain import GENESIS
from daemon.messages import EpochBegan
from daemon.storage.ledger import StoredLedger
from daemon.storage.memory import MemoryLedger
from daemon.storage.sqlite import SqliteStore
from tests.kit.facts import ANY_FACT, NOW, ORIGIN, tick

STEPS = st.lists(
    st.one_of(st.integers(0, 9), st.just("flush"), st.just("epoch"), ANY_FACT), max_size=12
)


def played(ledger: MemoryLedger | StoredLedger, steps: list) -> tuple:
    """What a ledger holds after these: a number is a tick."""
    for step in steps:
        match step:
            case int():
                ledger.take(tick(step))
            case "flush":
                ledger.flush()
            case "epoch":
                ledger.begin_epoch(NOW)
            case fact:
                ledger.append((fact,), ORIGIN, NOW)
    ledger.flush()
    return list(ledger.facts()), ledger.head, ledger.journal_sha256()


def test_it_begins_empty():
    ledger = MemoryLedger("owner")

    assert (list(ledger.facts()), ledger.head) == ([], GENESIS)


def test_epochs_are_numbered_and_recorded():
    ledger = MemoryLedger("owner")
    numbers = [ledger.begin_epoch(NOW), ledger.begin_epoch(NOW + 1)]

    assert numbers == [1, 2]
    assert list(ledger.facts()) == [EpochBegan(1, NOW), EpochBegan(2, NOW + 1)]


def test_facts_that_are_being_read_are_not_joined_by_later_ones():
    """An actor that is built again may record while it reads."""
    ledger = MemoryLedger("owner")
    ledger.begin_epoch(NOW)
    reading = iter(ledger.facts())
    ledger.begin_epoch(NOW)

    assert len(list(reading)) == 1


@given(steps=STEPS, block_limit=st.integers(1, 4))
def test_it_holds_what_the_ledger_on_disk_does(tmp_path_factory, steps, block_limit):
    """The same facts, the same links, the same journal."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    on_disk = StoredLedger(SqliteStore(path), "owner", block_limit)
    stored = played(on_disk, steps)
    on_disk.close()

    assert played(MemoryLedger("owner", block_limit), steps) == stored
