"""What the ledger holds about one order: its cause up to the frame, and all that came of it.

Each record names the message that its actor was handling and the message that caused that one, so
a chain is climbed by two numbers. They count anew in every run, hence a chain stays within the run
of its intent; what a later run heard of the order is found by the order's own id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from daemon.cli.why.kills import kill_over
from daemon.cli.why.levels import level_behind
from daemon.domain.orders.book import Book
from daemon.domain.orders.heard import Order
from daemon.domain.orders.parents import RESIDENT
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
    BasketEnded,
    BasketOpened,
    CodeLoaded,
    EntryDecided,
    EpochBegan,
    ExitDecided,
    ExitFinished,
    ExitOverdue,
    ExitOwed,
    Latched,
    OrderAsked,
    PositionChanged,
    Released,
)
from daemon.storage.codec import Recorded, TicksTaken, decode
from daemon.storage.reader import ALL, Reader, Wanted

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
        mode: whose money it was sent for; empty: the record does not say.
    """

    order: Order
    records: tuple[Record, ...]
    frame_ns: int
    by_frame: bool
    code: CodeLoaded | None
    mode: str


class Begun(Struct, frozen=True):
    """An order that was wanted: when, what, and whose money it is; empty: nobody said."""

    at_ns: int
    intent: Intent
    mode: str


class Records:
    """A ledger, read where it lies and changed nowhere; a daemon may be writing to it.

    Args:
        reader: of the ledger, as of one moment.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

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
        frame = self._last(TicksTaken, first.number, first=self._began(first.number))
        return Why(
            order=self._order(asked),
            records=tuple(found[number] for number in sorted(found)),
            frame_ns=frame.fact.last_ns if frame and isinstance(frame.fact, TicksTaken) else 0,
            by_frame=first.cause > 0 and not self._of_message(first.number, first.cause),
            code=self._code(first.number, since=self._began(first.number)),
            mode=_mode(_intent_of(asked), self._code(asked.number)),
        )

    def begun(self, name: str) -> list[Begun]:
        """Return every order of that name, or whose name begins so.

        Args:
            name: as for `why`; empty for all orders.
        """
        if not name:
            found = self._find(Wanted((IntentRecorded,)))
        else:
            found = [self._intent(each) for each in self._matches(name)]
        runs = self._find(Wanted((CodeLoaded,), newest_first=True))
        return [_begun(each, _before(runs, each.number)) for each in found]

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

    def _names(self, part: bytes, most: int = ALL) -> dict[str, tuple[str, ...]]:
        """Return orders by their own id, each with all its names, the newest first."""
        kinds = (IntentRecorded, OrderAccepted, OrderUpdated)
        names: dict[str, tuple[str, ...]] = {}
        for record in self._find(Wanted(kinds, mentions=part, newest_first=True, most=most)):
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
        found = self._find(Wanted((IntentRecorded,), mentions=_quoted(intent_id)))
        if not found:
            text = f"the record has replies to {intent_id} and not its intent"
            raise OrdoError(text, "ledger_altered")
        return found[0]

    def _parents(self, asked: Record) -> Iterator[Record]:
        """Yield what the order is a child of: a basket, an exit that is owed, a request by hand."""
        parent = _quoted(_intent_of(asked).parent.removeprefix(RESIDENT))
        for kind in (EntryDecided, BasketOpened, ExitOwed, OrderAsked):
            found = self._last(kind, asked.number, mentions=parent)
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
                    yield from self._level(owed.number, intent, leg_id)

    def _latch(self, before: int, intent: Intent) -> Iterator[Record]:
        found = self._find(Wanted((Latched, Released), last=before - 1, newest_first=True))
        pulled = kill_over((each.fact for each in found), intent)
        yield from (each for each in found if each.fact is pulled)

    def _level(self, before: int, intent: Intent, leg_id: str) -> Iterator[Record]:
        wanted = Wanted((LevelMoved, IntentRecorded), last=before - 1, newest_first=True)
        found = self._find(replace(wanted, mentions=_quoted(intent.strategy_id)))
        moved = level_behind([each.fact for each in found], intent, leg_id)
        yield from (each for each in found if each.fact is moved)

    def _later(self, asked: Record) -> Iterator[Record]:
        """Yield what was heard of the order, what its fills moved, and how its parent ended."""
        intent = _intent_of(asked)
        # A position names its order as well, and is told with the reply that moved it.
        later = Wanted(without=(IntentRecorded, PositionChanged), first=asked.number + 1)
        for record in self._find(replace(later, mentions=_quoted(intent.intent_id))):
            yield record
            yield from self._moved(record, intent)
        for record in self._find(replace(later, mentions=_quoted(intent.parent))):
            if isinstance(record.fact, BasketEnded | ExitFinished | ExitOverdue):
                yield record
                if not isinstance(record.fact, ExitOverdue):
                    return

    def _moved(self, record: Record, intent: Intent) -> Iterator[Record]:
        """Yield the position and the levels that a reply moved."""
        if not record.message:
            return
        leg = (intent.strategy_id, intent.leg_id)
        wanted = Wanted(
            (PositionChanged, LevelMoved),
            first=record.number,
            last=self._ended(record.number),
            around=record.message,
        )
        for each in self._find(wanted):
            fact = each.fact
            assert isinstance(fact, PositionChanged | LevelMoved), "chosen by its type"
            if (fact.strategy_id, fact.leg_id) == leg:
                yield each

    def _order(self, asked: Record) -> Order:
        """Return how an order stands, by all that was heard of it."""
        book, intent_id = Book(), _intent_of(asked).intent_id
        for record in self._find(Wanted(first=asked.number, mentions=_quoted(intent_id))):
            if isinstance(record.fact, OrderFact):
                book.apply(record.fact)
        order = book.order(intent_id)
        assert order is not None, "its intent was recorded"
        return order

    def _of_message(self, near: int, message: int) -> list[Record]:
        """Return what an actor recorded while it handled a message, in the same run."""
        first, last = self._began(near), self._ended(near)
        return self._find(Wanted(first=first, last=last, message=message))

    def _began(self, number: int) -> int:
        """Return where the run begins that a record belongs to."""
        began = self._last(EpochBegan, number)
        return began.number if began else 0

    def _code(self, number: int, since: int = 1) -> CodeLoaded | None:
        """Return what the newest run that began no earlier than `since` told of itself.

        A guardian's run tells nothing, and trades in the accounts of the one before.
        """
        found = self._last(CodeLoaded, number, first=since)
        return _before((found,) if found else (), number)

    def _ended(self, number: int) -> int:
        """Return the last record that may belong to that run."""
        nearest = self._find(Wanted((EpochBegan,), first=number + 1, most=1))
        return nearest[0].number - 1 if nearest else ALL

    def _last(
        self, kind: type, before: int, *, first: int = 1, mentions: bytes = b""
    ) -> Record | None:
        """Return the newest record of a kind up to another."""
        wanted = Wanted((kind,), first=first, last=before, mentions=mentions)
        found = self._find(replace(wanted, newest_first=True, most=1))
        return found[0] if found else None

    def _find(self, wanted: Wanted) -> list[Record]:
        return [
            Record(row.number, row.at_ns, row.actor, row.message, row.cause, decode(row.body))
            for row in self._reader.find(wanted)
        ]


def _intent_of(record: Record) -> Intent:
    assert isinstance(record.fact, IntentRecorded), "a chain begins at an intent"
    return record.fact.intent


def _begun(record: Record, code: CodeLoaded | None) -> Begun:
    intent = _intent_of(record)
    return Begun(record.at_ns, intent, _mode(intent, code))


def _before(runs: Sequence[Record], number: int) -> CodeLoaded | None:
    """Return what the newest run told of itself that began before a record."""
    facts = (each.fact for each in runs if each.number <= number)
    return next((fact for fact in facts if isinstance(fact, CodeLoaded)), None)


def _mode(intent: Intent, code: CodeLoaded | None) -> str:
    """Return whose money an order was sent for; empty: the record does not say."""
    return code.modes.get(intent.account, "") if code else ""


def _quoted(name: str) -> bytes:
    """Return a name as the whole of a text in a body."""
    return msgspec.json.encode(name)
