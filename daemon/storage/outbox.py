"""The outbox in the store: the records behind a sink's cursor, and its dead letters.

There is no table of events. What a sink is to be given are the records themselves, which another
connection only ever sees once they are stored: so nothing is told that a crash could undo, and
nothing that was stored is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.domain.orders.words import IntentRecorded
from daemon.errors import StoreError
from daemon.messages.market import DayOpened
from daemon.messages.outbox import Cursor, Event, Letter, LetterState, Settle
from daemon.storage import cursors
from daemon.storage.codec import Row, TicksTaken
from daemon.storage.reader import ALL, Wanted
from daemon.storage.store import Aside, Change

SINK = "sink:"
"""What the names of sinks' cursors begin with."""
_LETTER = "sink, number, event_id, kind, key, body, attempts, because, at_ns, state"
_KEEP = f"""
    INSERT INTO dead_letters ({_LETTER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (sink, number) DO UPDATE SET attempts = excluded.attempts,
        because = excluded.because, at_ns = excluded.at_ns, state = excluded.state
"""  # noqa: S608  our own
_WANT = "UPDATE dead_letters SET state = 'wanted' WHERE sink = ? AND number = ? AND state = 'dead'"
_DEAD = "SELECT number FROM dead_letters WHERE sink = ? AND state = 'dead' ORDER BY number"
_WAITING = "SELECT count(*) FROM dead_letters WHERE sink = ? AND state <> 'delivered'"
_BURIED = "SELECT number FROM dead_letters WHERE sink = ? AND number > ?"
_LEFT = f"""
    SELECT count(*) FROM (
        SELECT number FROM records WHERE number > ? AND owner_id = ?
        AND kind <> '{TicksTaken.__name__}' LIMIT ?
    ) AS facts
"""  # noqa: S608  our own


class Outbox:
    """What the sinks of one daemon are given, and how far each of them is.

    Args:
        aside: beside the records.
        owner_id: whose records.
    """

    def __init__(self, aside: Aside, owner_id: str) -> None:
        self._aside = aside
        self._owner_id = owner_id

    def begin(self, sink: str) -> Cursor:
        """Return the cursor of a sink; a new sink begins with what is recorded from now on.

        Raises:
            StoreError: it cannot be read or made.
        """
        head = self._aside.reader.head().count
        return cursors.begun(self._aside, SINK + sink, head)

    def buried(self, cursor: Cursor) -> frozenset[int]:
        """Return the records behind a sink's cursor that have a dead letter already.

        Raises:
            StoreError: it cannot be read.
        """
        found = self._aside.rows(_BURIED, (cursor.name.removeprefix(SINK), cursor.number))
        return frozenset(number for (number,) in found)

    def rows(self, after: int, most: int) -> list[Row]:
        """Return the next records of the owner's behind a number, ticks included.

        Raises:
            StoreError: they cannot be read.
        """
        wanted = Wanted(first=after + 1, owner_id=self._owner_id, most=most)
        return list(self._aside.reader.find(wanted))

    def reminders(self, until: int, most: int) -> list[Row]:
        """Return the newest intents up to a number, and when days began between, in their order.

        Raises:
            StoreError: they cannot be read.
        """
        wanted = Wanted(
            (DayOpened, IntentRecorded),
            last=until,
            owner_id=self._owner_id,
            newest_first=True,
            most=most,
        )
        return list(self._aside.reader.find(wanted))[::-1]

    def left(self, after: int, most: int = ALL) -> int:
        """Return how many facts are recorded behind a number; where there are more, `most`.

        Raises:
            StoreError: they cannot be read.
        """
        ((count,),) = self._aside.rows(_LEFT, (after, self._owner_id, most))
        return int(count)

    def settle(self, asked: Settle) -> None:
        """Move a sink's cursor and keep its dead letters, in one transaction.

        Raises:
            StoreError: it could not be done, or somebody else has moved the cursor.
        """
        changes: list[Change] = [cursors.moved(asked.before, asked.after)]
        changes += [(_KEEP, _cells(letter)) for letter in asked.letters]
        if not self._aside.change(changes):
            raise StoreError(
                f"another program has moved the cursor {asked.before.name}; stop one of the two",
                "two_writers",
            )

    def cursors(self) -> dict[str, Cursor]:
        """Return the cursor of each sink that ever began, by the sink's id.

        Raises:
            StoreError: they cannot be read.
        """
        every = cursors.cursors(self._aside)
        return {each.name.removeprefix(SINK): each for each in every if each.name.startswith(SINK)}

    def waiting(self, sink: str) -> int:
        """Return how many dead letters of a sink were not delivered since.

        Raises:
            StoreError: they cannot be read.
        """
        ((count,),) = self._aside.rows(_WAITING, (sink,))
        return int(count)

    def letters(
        self, states: Sequence[LetterState], sink: str = "", most: int = ALL
    ) -> tuple[Letter, ...]:
        """Return dead letters in the order of their records.

        Args:
            states: of these.
            sink: of this one; empty: of all.
            most: so many.

        Raises:
            StoreError: they cannot be read.
        """
        places = ", ".join("?" for _ in states)
        values: list[Any] = [str(state) for state in states]
        whose = "AND sink = ?" if sink else ""
        values += [sink] if sink else []
        query = f"""
            SELECT {_LETTER} FROM dead_letters WHERE state IN ({places}) {whose}
            ORDER BY number, sink LIMIT ?
        """  # noqa: S608  our own
        return tuple(map(_letter, self._aside.rows(query, (*values, most))))

    def want(self, sink: str, number: int = 0) -> int:
        """Have dead letters of a sink delivered after all; return how many were dead until now.

        Args:
            sink: whose.
            number: of the record; 0: all of them, each by itself, so that no lock is held for long.

        Raises:
            StoreError: it cannot be said; perhaps some of them are wanted now.
        """
        dead = [number] if number else [each for (each,) in self._aside.rows(_DEAD, (sink,))]
        return sum(self._aside.change([(_WANT, (sink, each))]) for each in dead)


def _cells(letter: Letter) -> tuple[Any, ...]:
    event = letter.event
    about = (letter.sink, event.number, event.event_id, event.kind, event.key, event.body)
    return (*about, letter.attempts, letter.because, letter.at_ns, str(letter.state))


def _letter(row: tuple[Any, ...]) -> Letter:
    sink, number, event_id, kind, key, body, attempts, because, at_ns, state = row
    event = Event(number, event_id, kind, key, body)
    return Letter(sink, event, attempts, because, at_ns, LetterState(state))
