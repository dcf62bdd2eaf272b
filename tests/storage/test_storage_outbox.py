"""The outbox in every store: what is behind a sink's cursor, and its dead letters."""

from __future__ import annotations

from contextlib import closing

import pytest
from msgspec.structs import replace

from daemon.domain.orders.words import IntentRecorded
from daemon.errors import StoreError
from daemon.messages.outbox import Cursor, Event, Letter, LetterState, Settle
from daemon.storage.outbox import Outbox
from tests.kit.facts import INTENT, NOW, ORIGIN, tick
from tests.kit.stores import killed, ledger_of
from tests.storage.test_storage_ledger import ENDED

DEAD, WANTED, DELIVERED = LetterState
EVENT = Event(2, "2-ab", "risk", "strategy:straddle", b'{"text":"it leaves"}')
LETTER = Letter("pager", EVENT, 10, "it said 500", NOW)


@pytest.fixture
def ledger(kept):
    ledger = ledger_of(kept)
    ledger.append(ENDED[:2], ORIGIN, NOW)
    ledger.flush()
    yield ledger
    killed(ledger)


@pytest.fixture
def outbox(kept, ledger):
    with closing(kept.store.open_aside()) as aside:
        yield Outbox(aside, "owner")


def at(number: int) -> Cursor:
    return Cursor("sink:pager", number)


def test_a_new_sink_begins_with_what_is_recorded_from_then_on(ledger, outbox):
    began = outbox.begin("pager")
    ledger.append(ENDED[2:3], ORIGIN, NOW)
    ledger.flush()

    assert began == outbox.begin("pager") == at(2)
    assert [row.number for row in outbox.rows(began.number, 9)] == [3]


def test_rows_come_a_few_at_a_time_once_they_are_stored(ledger, outbox):
    ledger.take(tick(1))
    ledger.append(ENDED[2:], ORIGIN, NOW)
    assert [row.number for row in outbox.rows(0, 9)] == [1, 2]

    ledger.flush()
    assert [(row.number, row.kind) for row in outbox.rows(1, 2)] == [
        (2, "DayEnded"),
        (3, "TicksTaken"),
    ]
    assert (outbox.left(3), outbox.left(0)) == (len(ENDED) - 2, len(ENDED))
    assert outbox.left(0, 5) == 5


def test_rows_of_other_owners_are_none_of_a_sinks(kept, ledger, outbox):
    killed(ledger)
    other = ledger_of(kept, "other")
    other.append(ENDED[2:4], ORIGIN, NOW)
    other.flush()
    killed(other)

    assert ([row.number for row in outbox.rows(0, 9)], outbox.left(0)) == ([1, 2], 2)


def test_the_newest_intents_and_days_come_in_their_order(ledger, outbox):
    facts = [IntentRecorded(replace(INTENT, intent_id=str(each)), NOW) for each in range(4)]
    ledger.append(facts, ORIGIN, NOW)
    ledger.flush()

    assert [row.number for row in outbox.reminders(5, 2)] == [4, 5]


def test_a_cursor_moves_together_with_its_dead_letters(outbox):
    began = outbox.begin("pager")
    failed = replace(at(5), failed_because="it said 500", failed_ns=NOW)
    outbox.settle(Settle(began, failed, (LETTER,)))

    assert outbox.cursors() == {"pager": failed}
    assert outbox.letters([DEAD]) == (LETTER,)
    assert (outbox.waiting("pager"), outbox.waiting("other")) == (1, 0)
    assert (outbox.buried(at(1)), outbox.buried(at(2))) == (frozenset({2}), frozenset())


def test_a_cursor_that_another_program_has_moved_takes_its_letters_with_it(outbox):
    began = outbox.begin("pager")
    outbox.settle(Settle(began, at(5)))

    with pytest.raises(StoreError, match="another program has moved the cursor sink:pager"):
        outbox.settle(Settle(began, at(6), (LETTER,)))
    assert outbox.letters([DEAD]) == ()


def test_a_dead_letter_is_wanted_once_and_then_delivered(outbox):
    began = outbox.begin("pager")
    outbox.settle(Settle(began, at(5), (LETTER, replace(LETTER, sink="stream"))))

    assert (outbox.want("pager", 2), outbox.want("pager")) == (1, 0)
    assert outbox.letters([DEAD]) == (replace(LETTER, sink="stream"),)
    assert outbox.letters([WANTED], "pager", 1) == (replace(LETTER, state=WANTED),)
    assert outbox.waiting("pager") == 1

    done = replace(LETTER, attempts=11, state=DELIVERED)
    outbox.settle(Settle(at(5), at(5), (done,)))
    assert outbox.letters([DELIVERED]) == (done,)
    assert (outbox.waiting("pager"), outbox.want("pager", 2)) == (0, 0)
