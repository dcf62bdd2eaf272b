"""The ledger on every store that it can be kept in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from daemon.domain.chain import GENESIS, Head
from daemon.domain.market.frames import Frame
from daemon.errors import StoreError
from daemon.messages import DayEnded, EpochBegan
from daemon.storage.codec import decode
from daemon.storage.journal import Journal
from daemon.storage.ledger import EPOCH_OVER
from daemon.storage.store import UNKNOWN
from tests.kit.facts import NOW, ORIGIN, tick
from tests.kit.stores import audited, killed, ledger_of, rows_of

MINUTE_NS = 60 * 10**9
ENDED = tuple(DayEnded(date(2025, 8, day), NOW + day) for day in range(1, 30))


@pytest.fixture
def ledger(kept):
    ledger = ledger_of(kept)
    yield ledger
    killed(ledger)


@pytest.fixture
def opened(kept):
    """Open the ledger once more; what was opened is let go of at the end."""
    made = []

    def open_again(owner_id: str = "owner"):
        made.append(ledger_of(kept, owner_id))
        return made[-1]

    yield open_again
    for each in made:
        killed(each)


def test_a_new_ledger_is_empty_and_sound(kept, ledger):
    assert (list(ledger.facts()), ledger.head) == ([], GENESIS)
    assert audited(kept).broken is None


def test_what_was_flushed_is_there_again(ledger, opened):
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    ledger.append(ENDED[2:], ORIGIN, NOW)

    assert tuple(opened().facts()) == ENDED[:2]


@pytest.mark.parametrize("many", [1, 15, 16, 17, 29, 64])
def test_however_many_wait_all_are_stored_in_their_order(kept, ledger, many):
    """A store may take many rows together, and some of them alone."""
    facts = [DayEnded(date(2025, 8, 29), NOW + at) for at in range(many)]
    ledger.append(facts, ORIGIN, NOW)
    ledger.flush()

    assert [decode(body) for (body,) in rows_of(kept, "body")] == facts
    assert audited(kept).count == many


def test_facts_are_read_back_flushed_or_not(ledger):
    """An actor that is built again in the middle of a run finds all of them, once each."""
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    ledger.take(tick(1))
    ledger.append(ENDED[2:4], ORIGIN, NOW)
    ledger.take(tick(2))
    reading = ledger.facts()
    ledger.append(ENDED[4:], ORIGIN, NOW)
    ledger.flush()

    assert tuple(reading) == ENDED[:4]


async def test_facts_are_read_and_stored_within_an_event_loop(ledger):
    """An actor that is built again, and a start, wait in the thread of the loop."""
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()

    assert tuple(ledger.facts()) == ENDED[:2]


def test_more_facts_than_are_read_at_once_come_back_in_order(ledger):
    """They are read page by page."""
    facts = [EpochBegan(number, NOW) for number in range(2_500)]
    ledger.append(facts, ORIGIN, NOW)
    ledger.flush()

    assert list(ledger.facts()) == facts


def test_an_owner_reads_his_own_facts_alone(kept, ledger, opened):
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.flush()
    other = opened("another")
    other.append(ENDED[1:2], ORIGIN, NOW)
    other.flush()

    assert (tuple(other.facts()), audited(kept).broken) == (ENDED[1:2], None)
    assert rows_of(kept, "owner_id") == [("owner",), ("another",)]


def test_a_row_tells_where_its_fact_comes_from(kept, ledger):
    ledger.take(tick(1))
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.flush()

    assert rows_of(kept, "number, owner_id, at_ns, kind, actor, message, cause") == [
        (1, "owner", NOW + 1, "TicksTaken", "feed", 0, 0),
        (2, "owner", NOW, "DayEnded", ORIGIN.actor, ORIGIN.message, ORIGIN.cause),
    ]


def test_ticks_without_a_fact_behind_them_are_chained_by_the_flush(kept, ledger):
    ledger.take(tick(1))
    ledger.flush()
    ledger.flush()

    assert rows_of(kept, "number, kind") == [(1, "TicksTaken")]


def test_a_market_in_which_nothing_is_decided_makes_one_record_a_minute(kept, ledger):
    """A flush comes twice a second; a record for each would be all that a start has to verify."""
    opens_ns = NOW // MINUTE_NS * MINUTE_NS
    for half_second in range(300):
        ledger.take(Frame(opens_ns + half_second * MINUTE_NS // 120, {}))
        ledger.flush()
    ends = [at_ns - opens_ns for (at_ns,) in rows_of(kept, "at_ns")]

    assert ends == [0, MINUTE_NS, 2 * MINUTE_NS]


def test_a_fact_and_the_end_chain_the_ticks_before_them_whatever_the_minute(kept, ledger):
    for number in (1, 2):
        ledger.take(tick(number))
        ledger.flush()
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.take(tick(3))
    ledger.flush()
    kinds = ["TicksTaken", "TicksTaken", "DayEnded"]
    assert [kind for (kind,) in rows_of(kept, "kind")] == kinds
    ledger.close()

    assert [kind for (kind,) in rows_of(kept, "kind")] == [*kinds, "TicksTaken"]
    assert audited(kept).broken is None


def test_the_newest_instant_is_that_of_facts_and_ticks_and_never_of_an_epoch(ledger, opened):
    """An epoch is stamped by whoever begins it; and another owner's records tell nothing."""
    assert ledger.stored.reached_ns() == 0
    ledger.begin_epoch(NOW + 99)
    assert ledger.stored.reached_ns() == 0
    ledger.append(ENDED[:1], ORIGIN, NOW)
    assert ledger.stored.reached_ns() == 0  # it is not durable yet
    ledger.flush()
    assert ledger.stored.reached_ns() == NOW
    ledger.take(tick(7))
    ledger.flush()
    assert opened().stored.reached_ns() == NOW + 7
    assert opened("another").stored.reached_ns() == 0


def test_every_start_has_an_epoch_of_its_own_that_is_durable_at_once(ledger, opened):
    """Other facts between them make no difference."""
    epochs = [ledger.begin_epoch(NOW), ledger.begin_epoch(NOW)]
    ledger.append(ENDED, ORIGIN, NOW)
    ledger.close()
    for _ in range(2):
        again = opened()
        epochs.append(again.begin_epoch(NOW))
        killed(again)

    assert epochs == [1, 2, 3, 4]


def test_an_epoch_is_as_high_as_is_wanted_and_above_all_before_it(ledger, opened):
    epochs = [ledger.begin_epoch(NOW, 70), ledger.begin_epoch(NOW, 3)]
    ledger.close()
    again = opened()
    epochs += [again.begin_epoch(NOW), again.begin_epoch(NOW, 90)]
    killed(again)

    assert epochs == [70, 71, 72, 90]


def test_a_chain_is_continued_over_restarts(kept):
    for day in range(4):
        ledger = ledger_of(kept)
        ledger.take(tick(day))
        ledger.append(ENDED[day : day + 1], ORIGIN, NOW)
        ledger.close()

    report = audited(kept)
    assert (report.count, report.broken, report.head) == (8, None, ledger.head)


def test_the_journal_is_the_one_that_the_rows_tell(kept, ledger):
    ledger.begin_epoch(NOW)
    for number in range(5):
        ledger.take(tick(number))
        ledger.append(ENDED[number : number + 1], ORIGIN, NOW)
        if number % 2:
            ledger.flush()
    ledger.take(tick(9))
    ledger.end_block()
    ledger.flush()
    journal = Journal()
    for (body,) in rows_of(kept, "body"):
        journal.feed(decode(body))

    assert ledger.journal_sha256() == journal.sha256()


def test_flushing_in_another_thread_loses_nothing_and_keeps_the_order(kept, opened):
    """Ticks and facts go on being entered while rows are written."""
    ledger = ledger_of(kept, block_limit=50)
    facts = [EpochBegan(number, NOW) for number in range(1_000)]
    with ThreadPoolExecutor(1) as disk:
        flushes = []
        for number, fact in enumerate(facts):
            ledger.take(tick(number))
            ledger.append((fact,), ORIGIN, NOW)
            flushes += [disk.submit(ledger.flush)] if number % 7 == 0 else []
        for flushed in flushes:
            flushed.result()
    ledger.close()

    again = opened()
    assert (list(again.facts()), audited(kept).broken) == (facts, None)
    assert again.head == ledger.head


def test_a_second_writer_is_told_at_its_first_flush(kept, ledger, opened):
    """Two daemons over one ledger: the one that comes late may not record."""
    late = opened()
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.flush()
    late.append(ENDED[1:2], ORIGIN, NOW)
    with pytest.raises(StoreError, match="another program has written") as refused:
        late.flush()

    assert refused.value.code == "two_writers"
    assert (audited(kept).count, audited(kept).broken) == (1, None)


def test_of_two_runs_that_begin_at_once_one_does(kept, ledger, opened):
    """Though their beginnings are the same to a byte, and so are their links."""
    late = opened()
    assert ledger.begin_epoch(NOW) == 1
    with pytest.raises(StoreError, match="run 1 has begun"):
        late.begin_epoch(NOW)

    assert audited(kept).count == 1


def test_a_run_that_another_has_followed_records_nothing_more(kept, ledger, opened):
    """However late it comes back to itself: the newer run has its positions now."""
    ledger.begin_epoch(NOW)
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.flush()
    newer = opened()
    newer.begin_epoch(NOW)
    ledger.append(ENDED[1:2], ORIGIN, NOW)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"run 2 has begun on .*: an earlier one may"):
            ledger.flush()
    with pytest.raises(StoreError) as refused:
        ledger.begin_epoch(NOW)
    newer.append(ENDED[2:3], ORIGIN, NOW)
    newer.flush()

    assert refused.value.code == EPOCH_OVER
    assert tuple(opened().facts())[1:] == (ENDED[0], EpochBegan(2, NOW), ENDED[2])
    assert audited(kept).broken is None


class Answers:
    """A store whose answers to writing are lost in turn: before, or after it was done.

    Args:
        writer: of the store.
        lost: "before" or "after" for each of the next calls.
    """

    def __init__(self, writer, *lost: str) -> None:
        self._writer = writer
        self._lost = list(lost)
        self.reader, self.close = writer.reader, writer.close
        self.settled_head = writer.settled_head

    def store(self, rows, before: Head, head: Head) -> bool:
        """Store, and lose the answer where that is due."""
        when = self._lost.pop(0) if self._lost else ""
        done = when == "before" or self._writer.store(rows, before, head)
        if when:
            raise StoreError("the connection went", UNKNOWN)
        return done


@pytest.mark.parametrize("lost", ["before", "after"])
def test_rows_whose_answer_was_lost_are_looked_for_and_stored_once(kept, ledger, lost):
    ledger._writer = Answers(ledger._writer, lost)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    ledger.append(ENDED[2:3], ORIGIN, NOW)
    ledger.flush()

    assert tuple(ledger.facts()) == ENDED[:3]
    assert (audited(kept).count, audited(kept).broken) == (3, None)


@pytest.mark.parametrize("lost", ["before", "after"])
def test_rows_that_came_meanwhile_follow_those_whose_answer_was_lost_twice(kept, ledger, lost):
    """A flush that is still in doubt fails; the next one finds out, with more to store by then."""
    ledger._writer = Answers(ledger._writer, "before", lost)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    with pytest.raises(StoreError, match="the connection went"):
        ledger.flush()
    ledger.append(ENDED[2:4], ORIGIN, NOW)
    assert tuple(ledger.facts()) == ENDED[:4]
    ledger.flush()

    assert tuple(ledger.facts()) == ENDED[:4]
    assert (audited(kept).count, audited(kept).broken) == (4, None)


def test_a_run_in_doubt_finds_that_another_has_followed(ledger, opened):
    ledger.begin_epoch(NOW)
    ledger._writer = Answers(ledger._writer, "before", "before")
    ledger.append(ENDED[:1], ORIGIN, NOW)
    with pytest.raises(StoreError, match="the connection went"):
        ledger.flush()
    opened().begin_epoch(NOW)
    with pytest.raises(StoreError, match="run 2 has begun"):
        ledger.flush()


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_run_whose_beginning_is_in_doubt_does_not_begin(ledger, opened, lost):
    """That its record is there proves nothing: another run may have written the same."""
    ledger._writer = Answers(ledger._writer, lost)
    with pytest.raises(StoreError, match="the connection went"):
        ledger.begin_epoch(NOW)

    assert opened().begin_epoch(NOW) == (2 if lost == "after" else 1)


class Delayed(Answers):
    """A store that an earlier try reaches only with the next one.

    Args:
        writer: of the store.
        meanwhile: is done while the answer to the first is lost.
    """

    def __init__(self, writer, meanwhile=lambda: None) -> None:
        super().__init__(writer)
        self._meanwhile = meanwhile
        self._late = None

    def store(self, rows, before: Head, head: Head) -> bool:
        """Lose the first call; do it before the second; later ones go through."""
        if self._late is None:
            self._late = [(list(rows), before, head)]
            self._meanwhile()
            raise StoreError("the connection went", UNKNOWN)
        if self._late:
            assert self._writer.store(*self._late.pop())
        return self._writer.store(rows, before, head)


def test_what_was_entered_meanwhile_follows_a_try_that_comes_through_late(kept, ledger, opened):
    """It is no second writer that moved the head."""

    def meanwhile() -> None:
        ledger.append(ENDED[2:3], ORIGIN, NOW)

    ledger._writer = Delayed(ledger._writer, meanwhile)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()

    assert tuple(opened().facts()) == ENDED[:3]
    assert (audited(kept).count, audited(kept).broken) == (3, None)


def test_a_head_that_is_none_of_ours_is_another_writers_though_an_answer_was_lost(ledger, opened):
    def meanwhile() -> None:
        other = opened("another")
        other.append(ENDED[5:6], ORIGIN, NOW)
        other.flush()

    ledger.append(ENDED[:2], ORIGIN, NOW)
    lost = Answers(ledger._writer, "before")
    ledger._writer = lost
    lost.settled_head = lambda: meanwhile() or lost.reader.head()
    with pytest.raises(StoreError, match="another program has written") as refused:
        ledger.flush()

    assert refused.value.code == "two_writers"


def test_a_try_that_comes_through_after_it_was_given_up_is_not_taken_for_another(kept, ledger):
    ledger._writer = Delayed(ledger._writer)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()

    assert tuple(ledger.facts()) == ENDED[:2]
    assert (audited(kept).count, audited(kept).broken) == (2, None)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM records WHERE number = 2",
        "DELETE FROM records WHERE number = 3",
        "UPDATE head SET count = 2",
        "UPDATE head SET digest = (SELECT link FROM records WHERE number = 1)",
        "UPDATE records SET link = body WHERE number = 3",
        "INSERT INTO records SELECT 4, '', 0, '', '', 0, 0, body, link FROM records LIMIT 1",
    ],
)
def test_a_ledger_that_does_not_end_as_its_head_says_is_not_opened(kept, ledger, statement):
    ledger.append(ENDED[:3], ORIGIN, NOW)
    ledger.close()
    kept.unlock()
    kept.execute(statement)

    with pytest.raises(StoreError, match=r"was altered: .*; run `ordo audit verify`"):
        ledger_of(kept)


@pytest.mark.parametrize("statement", ["UPDATE records SET cause = 9", "DELETE FROM records"])
def test_the_table_itself_refuses_a_slip_of_ours(kept, ledger, statement):
    ledger.append(ENDED[:3], ORIGIN, NOW)
    ledger.close()
    with pytest.raises(Exception, match="a record is never"):
        kept.execute(statement)

    assert audited(kept).broken is None


@pytest.mark.parametrize("body", [b"{}", b'{"type":"DayOpened"}', b"\xff"])
def test_a_fact_that_this_version_does_not_know_ends_the_reading(kept, ledger, body):
    """Recovery by half the facts would be worse than none."""
    ledger.append(ENDED[:1], ORIGIN, NOW)
    ledger.flush()
    kept.unlock()
    kept.execute("UPDATE records SET body = ?", body)

    with pytest.raises(StoreError, match="no record that this version knows"):
        list(ledger.facts())


def test_a_block_of_ticks_among_the_facts_is_not_taken_for_one(kept, ledger):
    ledger.take(tick(1))
    ledger.flush()
    kept.unlock()
    kept.execute("UPDATE records SET kind = 'DayEnded'")

    with pytest.raises(StoreError, match="a block of ticks stands where a fact should"):
        list(ledger.facts())


def test_a_closed_ledger_says_so(ledger):
    ledger.close()
    ledger.append(ENDED[:1], ORIGIN, NOW)
    with pytest.raises(StoreError, match="closed"):
        ledger.flush()
