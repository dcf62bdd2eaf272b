"""A long ledger is verified from a mark on; a mark hides nothing that came after it."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.domain.chain import Head
from daemon.errors import StoreError
from daemon.messages import DayEnded
from daemon.storage import audit, verified
from daemon.storage.audit import verify
from daemon.storage.verified import Verified
from tests.kit.facts import NOW, ORIGIN
from tests.kit.stores import Kept, audited, ledger_of

DAYS = tuple(DayEnded(date(2025, 8, day), NOW + day) for day in range(1, 7))
LONG = 2  # more records than that are a long ledger here


def lengthen(kept: Kept, facts=DAYS) -> None:
    ledger = ledger_of(kept)
    ledger.append(facts, ORIGIN, NOW)
    ledger.close()


@pytest.fixture
def mark(tmp_path, monkeypatch) -> Verified:
    monkeypatch.setattr(verified, "AT_ONCE", LONG)
    return Verified(tmp_path)


@pytest.fixture
def read(monkeypatch) -> list[int]:
    """How many records each verification reads."""
    counts, links = [], audit._links

    def counted(records):
        rows = list(records)
        counts.append(len(rows))
        return links(iter(rows))

    monkeypatch.setattr(audit, "_links", counted)
    return counts


@pytest.fixture
def marked(kept, mark) -> Kept:
    """A ledger whose first six records were verified, and two more."""
    lengthen(kept)
    assert mark.require_whole(kept.store) == ()
    lengthen(kept, DAYS[:2])
    return kept


def altered(kept: Kept, number: int) -> Kept:
    kept.unlock()
    kept.execute("UPDATE records SET at_ns = at_ns + 1 WHERE number = ?", number)
    return kept


def test_a_start_verifies_what_came_after_the_last_verification_of_all(marked, mark, read):
    assert (mark.require_whole(marked.store), read) == ((), [2])


def test_a_start_by_a_mark_moves_it_no_further(marked, mark, read):
    """What stands before it was verified together, and is again; so nothing old hides in parts."""
    mark.require_whole(marked.store)
    mark.require_whole(marked.store)

    assert read == [2, 2]


def test_with_nothing_behind_the_mark_nothing_is_read(kept, mark, read):
    lengthen(kept)
    mark.require_whole(kept.store)

    assert (mark.require_whole(kept.store), read) == ((), [6, 0])


def test_a_short_ledger_is_verified_whole_by_every_start_and_has_no_mark(kept, tmp_path, read):
    lengthen(kept)
    for _ in range(2):
        Verified(tmp_path).require_whole(kept.store)

    assert (read, (tmp_path / "verified").exists()) == ([6, 6], False)


@pytest.mark.parametrize("number", [7, 8])
def test_no_mark_makes_a_broken_tail_pass_and_a_broken_tail_takes_it_away(
    marked, mark, number, tmp_path
):
    with pytest.raises(StoreError, match=f"record {number} is altered; keep it aside"):
        mark.require_whole(altered(marked, number).store)
    assert not (tmp_path / "verified").exists()


@pytest.mark.parametrize(
    ("statement", "how"),
    [
        ("DELETE FROM records WHERE number = 7", "7 is missing"),
        ("DELETE FROM records WHERE number = 8", "8 is cut"),
        ("DELETE FROM records WHERE number > 6", "7 is cut"),
        ("UPDATE head SET digest = (SELECT link FROM records WHERE number = 7)", "8 is rewritten"),
        ("UPDATE head SET count = 7", "7 is rewritten"),
        ("UPDATE head SET count = 6", "6 is rewritten"),
        (
            "INSERT INTO records SELECT 9, '', 0, '', '', 0, 0, body, link FROM records LIMIT 1",
            "9 is inserted",
        ),
    ],
)
def test_what_is_cut_or_put_in_behind_a_mark_is_found(marked, mark, statement, how):
    marked.unlock()
    marked.execute(statement)
    with pytest.raises(StoreError, match=how):
        mark.require_whole(marked.store)


def test_what_is_altered_before_a_mark_is_found_by_the_next_verification_of_all(marked, mark, read):
    """And the start after that refuses, for the mark is gone."""
    altered(marked, 3)
    assert mark.require_whole(marked.store) == ()
    mark.found(audited(marked))
    with pytest.raises(StoreError, match="record 3 is altered"):
        mark.require_whole(marked.store)

    assert read == [2, 8, 8]


@pytest.mark.parametrize(
    ("content", "amiss"),
    [
        (b"", "is spoilt"),
        (b"\xff", "is spoilt"),
        (b"[]", "is spoilt"),
        (b'{"records":6,"head":"xy"}', "is spoilt"),
        (b'{"records":6,"head":"00"}', "is spoilt"),
        (b'{"records":0,"head":"%s"}' % (b"00" * 32), "is spoilt"),
        (b'{"records":-1,"head":"%s"}' % (b"00" * 32), "is spoilt"),
        (b'{"records":6,"head":"%s"}' % (b"00" * 32), "is not of this ledger"),
        (b'{"records":9,"head":"%s"}' % (b"00" * 32), "is not of this ledger"),
    ],
)
def test_a_mark_that_does_not_fit_has_all_verified_and_is_told(
    marked, mark, tmp_path, read, content, amiss
):
    (tmp_path / "verified").write_bytes(content)
    (told,) = mark.require_whole(marked.store)

    assert f"verified, {amiss}: all of its 8 records are verified now" in told
    assert (mark.require_whole(marked.store), read) == ((), [8, 0])


def test_a_mark_whose_count_or_digest_is_of_another_record_does_not_fit(marked, mark, tmp_path):
    """Row 5 has another link than row 6."""
    path = tmp_path / "verified"
    path.write_bytes(path.read_bytes().replace(b":6,", b":5,"))
    (told,) = mark.require_whole(marked.store)

    assert "is not of this ledger" in told


def test_a_mark_that_cannot_be_read_has_all_verified(marked, mark, tmp_path, read):
    (tmp_path / "verified").unlink()
    (tmp_path / "verified").mkdir()
    (told,) = mark.require_whole(marked.store)

    assert ("is spoilt" in told, read) == (True, [8])


def test_a_ledger_put_back_as_it_was_earlier_is_verified_whole(marked, mark, tmp_path, read):
    """Its mark is beyond its end."""
    mark.keep(Head(9, bytes(32)))
    (told,) = mark.require_whole(marked.store)

    assert ("is not of this ledger" in told, read) == (True, [8])


def test_the_audit_itself_goes_by_no_mark(marked):
    assert verify(altered(marked, 3).store).broken is not None
