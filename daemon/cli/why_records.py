"""What the ledger holds about one order: its cause up to the frame, and all that came of it.

Each record names the message that its actor was handling and the message that caused that one, so
a chain is climbed by two numbers. They count anew in every run, hence a chain stays within the run
of its intent; what a later run heard of the order is found by the order's own id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from daemon.domain.orders.book import Book, Order
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderFact,
    OrderUpdated,
)
from daemon.domain.risk.moves import LevelMoved
from daemon.domain.risk.words import ExitReason
from daemon.errors import OrdoError
from daemon.messages import (
    RESIDENT,
    BasketEnded,
    BasketOpened,
    CodeLoaded,
    EntryDecided,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    Latched,
    LatchKind,
    OrderAsked,
    PositionChanged,
    Scope,
)
from daemon.storage.codec import Recorded, TicksTaken, decode
from daemon.storage.schema import open_to_read, refusing

_COLUMNS = "number, at_ns, actor, message, cause, body"
_NEVER = 2**63 - 1
_NEAR = 10_000
_SHOWN = 5
_BY_LEVEL = {ExitReason.STOP, ExitReason.TRAIL}
_BY_FLOOR = {ExitReason.LOCK, ExitReason.STRATEGY_STOP}


class Record(Struct, frozen=True):
    """A row of the ledger, its body read."""

    number: int
    at_ns: int
    actor: str
    message: int
    cause: int
    fact: Recorded


class Why(Struct, frozen=True):
    """All that the record says of one order.

    Attributes:
        order: how it stands.
        records: from cause to end, in the order of the ledger.
        frame_ns: the newest frame that was taken before it was decided; 0: none is recorded.
        by_frame: that frame brought the decision; else the clock did, or somebody from outside.
        code: what decided in that run; None: the record does not say.
    """

    order: Order
    records: tuple[Record, ...]
    frame_ns: int
    by_frame: bool
    code: CodeLoaded | None


class Records:
    """A ledger, read where it lies and changed nowhere; a daemon may be writing to it.

    Args:
        db: open to read.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def why(self, name: str) -> Why:
        """Return the chain of an order.

        Args:
            name: its own id, the broker's number, or a beginning of either that is nobody else's.

        Raises:
            OrdoError: there is no such order, or several; with what is near.
        """
        asked = self._intent(self._called(name))
        found: dict[int, Record] = {}
        for record in (asked, *self._parents(asked)):
            found.update((each.number, each) for each in self._climb(record))
        for record in [*self._reasons(asked, found), *self._later(asked)]:
            found[record.number] = record
        first = min(
            (each for each in found.values() if isinstance(each.fact, EntryDecided | ExitDecided)),
            key=lambda each: each.number,
            default=asked,
        )
        frame = self._last(TicksTaken, first.number, "number > ?", self._began(first.number))
        return Why(
            order=self._order(asked),
            records=tuple(found[number] for number in sorted(found)),
            frame_ns=frame.fact.last_ns if frame and isinstance(frame.fact, TicksTaken) else 0,
            by_frame=first.cause > 0 and not self._of_message(first.number, first.cause),
            code=self._code(first.number),
        )

    def begun(self, name: str) -> list[tuple[int, Intent]]:
        """Return every order of that name, or whose name begins so, as its instant and its intent.

        Args:
            name: as for `why`; empty for all orders.
        """
        if not name:
            found = self._select(f"{_of(IntentRecorded)} ORDER BY number")
        else:
            found = [self._intent(each) for each in self._matches(name)]
        return [(each.at_ns, _intent_of(each)) for each in found]

    def _matches(self, name: str) -> list[str]:
        """Return the ids of the orders of that name, or else of those whose name begins so."""
        names = self._names(b'"' + name.encode())
        exact = [known for known, told in names.items() if name in told]
        begun = [known for known, told in names.items() if any(n.startswith(name) for n in told)]
        return sorted(exact or begun)

    def _called(self, name: str) -> str:
        """Return the id of the one order of that name."""
        matches = self._matches(name)
        if len(matches) == 1:
            return matches[0]
        if matches:
            shown = ", ".join(matches[:_SHOWN])
            text = f"{name} is the beginning of {len(matches)} orders; say more"
            several = OrdoError(text, "ambiguous_order")
            several.add_note(f"the first are: {shown}; `ordo why {name} --list` lists all")
            raise several
        known_names = [each for told in self._names(b"", _NEAR).values() for each in told]
        near = ", ".join(get_close_matches(name, known_names, n=3, cutoff=0.7))
        unknown = OrdoError(f"no order {name} is in the record", "unknown_order")
        if near:
            unknown.add_note(f"near it are: {near}; `ordo why --list` lists all")
        elif known_names:
            unknown.add_note(f"the newest is {known_names[0]}; `ordo why --list` lists all")
        raise unknown

    def _names(self, part: bytes, most: int = -1) -> dict[str, tuple[str, ...]]:
        """Return orders by their own id, each with all its names, the newest first."""
        kinds = (IntentRecorded, OrderAccepted, OrderUpdated)
        names: dict[str, tuple[str, ...]] = {}
        where = f"{_of(*kinds)} AND instr(body, ?) ORDER BY number DESC LIMIT ?"
        for record in self._select(where, part or b'"', most):
            told: tuple[str, ...] = ()
            match record.fact:
                case IntentRecorded(intent):
                    told = (intent.intent_id,)
                case OrderAccepted(intent_id, broker_id) | OrderUpdated(intent_id, broker_id):
                    told = (intent_id, broker_id)
            before = names.get(told[0], ())
            names[told[0]] = tuple(dict.fromkeys((*before, *told)))
        return names

    def _intent(self, intent_id: str) -> Record:
        where = f"{_of(IntentRecorded)} AND instr(body, ?) ORDER BY number"
        found = self._select(where, _quoted(intent_id))
        if not found:
            text = f"the record has replies to {intent_id} and not its intent"
            raise OrdoError(text, "ledger_altered")
        return found[0]

    def _parents(self, asked: Record) -> Iterator[Record]:
        """Yield what the order is a child of: a basket, an exit that is owed, a request by hand."""
        parent = _quoted(_intent_of(asked).parent.removeprefix(RESIDENT))
        for kind in (EntryDecided, BasketOpened, ExitOwed, OrderAsked):
            found = self._last(kind, asked.number, "instr(body, ?)", parent)
            if found is not None:
                yield found

    def _climb(self, record: Record) -> Iterator[Record]:
        """Yield a record, what its message brought besides, and what caused it, up to the top."""
        yield record
        message, cause = record.message, record.cause
        while message:
            turn = self._of_message(record.number, message)
            yield from turn
            message = cause
            above = self._of_message(record.number, cause) if cause else []
            cause = above[0].cause if above else 0

    def _reasons(self, asked: Record, found: dict[int, Record]) -> Iterator[Record]:
        """Yield the level that an exit went by, or the latch that wanted it."""
        intent = _intent_of(asked)
        for owed in [each for each in found.values() if isinstance(each.fact, ExitOwed)]:
            assert isinstance(owed.fact, ExitOwed), "chosen by its type"
            reason = owed.fact.reason
            if reason is ExitReason.KILL:
                yield from self._latch(owed.number, intent)
            if reason in _BY_LEVEL | _BY_FLOOR:
                legs = owed.fact.leg_ids if reason in _BY_LEVEL else ("",)
                for leg_id in legs:
                    yield from self._level(owed.number, intent.strategy_id, leg_id)

    def _latch(self, before: int, intent: Intent) -> Iterator[Record]:
        reached = {Scope.ACCOUNT: intent.account, Scope.STRATEGY: intent.strategy_id}
        where = f"number < ? AND {_of(Latched)} ORDER BY number DESC"
        for record in self._select(where, before):
            fact = record.fact
            if not isinstance(fact, Latched) or fact.kind is not LatchKind.KILL:
                continue
            if fact.scope is Scope.ALL or reached[fact.scope] == fact.id:
                yield record
                return

    def _level(self, before: int, strategy_id: str, leg_id: str) -> Iterator[Record]:
        where = f"number < ? AND {_of(LevelMoved)} AND instr(body, ?) ORDER BY number DESC"
        for record in self._select(where, before, _quoted(strategy_id)):
            fact = record.fact
            if isinstance(fact, LevelMoved) and fact.leg_id == leg_id:
                yield record
                return

    def _later(self, asked: Record) -> Iterator[Record]:
        """Yield what was heard of the order, what its fills moved, and how its parent ended."""
        intent = _intent_of(asked)
        mentions = f"number > ? AND NOT {_of(IntentRecorded)} AND instr(body, ?) ORDER BY number"
        for record in self._select(mentions, asked.number, _quoted(intent.intent_id)):
            yield record
            yield from self._moved(record, intent)
        for record in self._select(mentions, asked.number, _quoted(intent.parent)):
            if isinstance(record.fact, BasketEnded | ExitFinished | ExitOverdue):
                yield record
                if not isinstance(record.fact, ExitOverdue):
                    return

    def _moved(self, record: Record, intent: Intent) -> Iterator[Record]:
        """Yield the position and the levels that a reply moved."""
        if not record.message:
            return
        leg = (intent.strategy_id, intent.leg_id)
        caused = "number BETWEEN ? AND ? AND (message = ? OR cause = ?) AND "
        window = (record.number, self._ended(record.number), record.message, record.message)
        for each in self._select(caused + _of(PositionChanged, LevelMoved), *window):
            fact = each.fact
            assert isinstance(fact, PositionChanged | LevelMoved), "chosen by its type"
            if (fact.strategy_id, fact.leg_id) == leg:
                yield each

    def _order(self, asked: Record) -> Order:
        """Return how an order stands, by all that was heard of it."""
        book, intent_id = Book(), _intent_of(asked).intent_id
        for record in self._select(
            "number >= ? AND instr(body, ?) ORDER BY number", asked.number, _quoted(intent_id)
        ):
            if isinstance(record.fact, OrderFact):
                book.apply(record.fact)
        order = book.order(intent_id)
        assert order is not None, "its intent was recorded"
        return order

    def _of_message(self, near: int, message: int) -> list[Record]:
        """Return what an actor recorded while it handled a message, in the same run."""
        where = "number > ? AND number < ? AND message = ? ORDER BY number"
        return self._select(where, self._began(near) - 1, self._ended(near), message)

    def _began(self, number: int) -> int:
        """Return where the run begins that a record belongs to."""
        where = "SELECT max(number) FROM records WHERE number <= ? AND kind = 'EpochBegan'"
        (found,) = self._db.execute(where, (number,)).fetchone()
        return found or 0

    def _code(self, number: int) -> CodeLoaded | None:
        """Return what decided in the run that a record belongs to."""
        found = self._last(CodeLoaded, number, "number > ?", self._began(number))
        return found.fact if found and isinstance(found.fact, CodeLoaded) else None

    def _ended(self, number: int) -> int:
        where = "SELECT min(number) FROM records WHERE number > ? AND kind = 'EpochBegan'"
        (found,) = self._db.execute(where, (number,)).fetchone()
        return found or _NEVER

    def _last(self, kind: type, before: int, where: str, *values: Any) -> Record | None:
        """Return the newest record of a kind up to another."""
        rest = f"number <= ? AND {_of(kind)} AND {where} ORDER BY number DESC LIMIT 1"
        found = self._select(rest, before, *values)
        return found[0] if found else None

    def _select(self, where: str, *values: Any) -> list[Record]:
        query = f"SELECT {_COLUMNS} FROM records WHERE {where}"  # noqa: S608  all our own
        rows = self._db.execute(query, values).fetchall()
        return [
            Record(number, at_ns, actor, message, cause, decode(body))
            for number, at_ns, actor, message, cause, body in rows
        ]


@contextmanager
def open_records(path: Path) -> Iterator[Records]:
    """Open a ledger for one question, as of one moment.

    Raises:
        StoreError: it cannot be read.
    """
    with closing(open_to_read(path)) as db, refusing(path, "cannot be read"):
        db.execute("BEGIN")
        yield Records(db)


def _intent_of(record: Record) -> Intent:
    assert isinstance(record.fact, IntentRecorded), "a chain begins at an intent"
    return record.fact.intent


def _of(*kinds: type) -> str:
    return f"kind IN ({', '.join(repr(kind.__name__) for kind in kinds)})"


def _quoted(name: str) -> bytes:
    """Return a name as the whole of a text in a body."""
    return msgspec.json.encode(name)
