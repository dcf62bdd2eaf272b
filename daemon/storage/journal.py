"""The journal: what a run took in and decided, without what its host and its brokers added.

Two runs over equal input have one journal, on any machine, through either driver, however their
ledgers were cut into blocks and flushes. It is kept as a running digest, one line for each entry.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields, replace

from daemon import messages as m
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders import words as orders
from daemon.domain.orders.states import is_final
from daemon.domain.risk.moves import LevelMoved
from daemon.messages import Fact
from daemon.messages.arming import AccountArmed, AccountDisarmed
from daemon.messages.control import BookRead
from daemon.runtime.words import ActorDisarmed, DeadLetter
from daemon.storage.codec import Recorded, TicksTaken


def _always(_: Any) -> bool:
    return True


def _never(_: Any) -> bool:
    return False


def _tells_a_fill_or_an_end(update: orders.OrderUpdated) -> bool:
    return update.filled_quantity > 0 or is_final(update.state)


def _is_of_trading(noted: m.Noted) -> bool:
    """Say whether a note is of the day; whom the host could not tell of it is no matter of that."""
    return noted.kind is not NoteKind.UNTOLD


def _tells_of_a_market(listed: m.OptionsListed) -> bool:
    """Say whether a market listed it; what a recording shows comes with the recording."""
    return not listed.recorded


class Entry(Struct, frozen=True):
    """How a type of fact stands in the journal.

    Attributes:
        without: the fields that are left out.
        when: whether one fact of the type is entered.
        unless_preset: fields that came later, left out where they hold their preset: what was
            recorded before there were any has the same entry.
    """

    without: tuple[str, ...] = ()
    when: Callable[[Any], bool] = _always
    unless_preset: tuple[str, ...] = ()


_MARK = ("account",)
_WHOLE = Entry()
_MARKED = Entry(unless_preset=_MARK)
_ABSENT = Entry(when=_never)
_TIMELESS = Entry(without=("at_ns",))
_BARE = Entry(without=("at_ns", "because"), unless_preset=_MARK)

ENTRIES: dict[type[Fact], Entry] = {
    # What the day and the feed brought, and what was decided on it: at market time.
    m.DayOpened: _WHOLE,
    m.DayEnded: _WHOLE,
    m.LinkDied: _WHOLE,
    m.LinkRevived: _WHOLE,
    m.OptionsListed: Entry(("at_ns",), _tells_of_a_market, unless_preset=("recorded",)),
    m.EntryDecided: _WHOLE,
    m.BasketOpened: Entry(unless_preset=("version", "account", "live")),
    m.ExitDecided: _MARKED,
    LevelMoved: Entry(without=("basket_id",), unless_preset=_MARK),
    m.DayMarked: Entry(without=("basket_id",), unless_preset=_MARK),
    orders.IntentRecorded: _WHOLE,
    m.EntriesPaused: Entry(without=("because",), unless_preset=_MARK),
    # What follows from an answer comes when the answer came, and may quote it.
    m.Noted: Entry(("at_ns", "text"), _is_of_trading, unless_preset=_MARK),
    m.BasketEnded: Entry(without=("at_ns", "because"), unless_preset=("account", "waits")),
    m.PositionChanged: Entry(
        ("at_ns", "intent_id", "settled", "part_of"),
        unless_preset=("account", "product", "added_quantity"),
    ),
    m.LegExpired: Entry(without=("at_ns",), unless_preset=("account", "outside")),
    m.ExitOwed: Entry(without=("at_ns", "because"), unless_preset=("keep", "account")),
    m.ExitFinished: Entry(
        ("at_ns",), unless_preset=("closed_quantity", "held_quantity", "account")
    ),
    m.ExitOverdue: _BARE,
    m.ExitReplaced: _TIMELESS,
    orders.OrderRefused: Entry(without=("at_ns", "text")),
    orders.ConfirmationWanted: Entry(without=("at_ns", "question_id", "text")),
    orders.OrderParked: _TIMELESS,
    orders.OrderUpdated: Entry(
        ("at_ns", "text", "broker_order_id"),
        _tells_a_fill_or_an_end,
        unless_preset=("quantity", "price_e4", "trigger_e4"),
    ),
    # What a person did, as far as trading hangs on it; who, why and under which name is his affair.
    m.Latched: Entry(("latch_id", "at_ns", "reason", "by", "unwritten"), unless_preset=_MARK),
    m.Released: Entry(("latch_id", "at_ns", "by"), unless_preset=_MARK),
    m.KillStaged: Entry(("latch_id", "at_ns", "left"), unless_preset=_MARK),
    m.StrategyStarted: Entry(without=("at_ns", "by")),
    m.StrategyStopped: Entry(without=("at_ns", "by", "because")),
    m.StrategyDeclared: Entry(without=("at_ns", "by")),
    m.StrategyRemoved: Entry(without=("at_ns", "by")),
    m.OrderAsked: Entry(without=("request_id", "tag", "by", "at_ns"), unless_preset=("product",)),
    m.BooksDiffer: Entry(without=("at_ns",), unless_preset=("product",)),
    m.BooksAgree: Entry(without=("at_ns",), unless_preset=("product",)),
    # What befell the host, the connection or the process, and whoever was alerted by what is
    # entered anyway.
    orders.OrderAccepted: _ABSENT,
    orders.OutcomeUnknown: _ABSENT,
    m.CancelAsked: _ABSENT,
    m.EpochBegan: _ABSENT,
    m.CodeLoaded: _ABSENT,
    BookRead: _ABSENT,
    m.EntriesHeld: _ABSENT,
    m.EntriesFreed: _ABSENT,
    m.RequestBegun: _ABSENT,
    m.RequestAnswered: _ABSENT,
    m.SessionReady: _ABSENT,
    m.CredentialsKept: _ABSENT,
    AccountArmed: Entry(without=("reason", "by", "at_ns")),
    AccountDisarmed: Entry(without=("because", "by", "at_ns")),
    m.BreakerMoved: _ABSENT,
    m.JobDone: _ABSENT,
    m.StartMissed: _ABSENT,
    m.AlertRaised: _ABSENT,
    m.AlertAcknowledged: _ABSENT,
    m.AlertEscalated: _ABSENT,
    m.AlertCleared: _ABSENT,
    DeadLetter: _ABSENT,
    ActorDisarmed: _ABSENT,
}
"""Every type of fact; sentences for people are left out wherever they may quote a broker."""

_KEPT: dict[type[Fact], tuple[str, ...]] = {
    kind: tuple(
        name
        for name in kind.__struct_fields__
        if name not in entry.without and name not in entry.unless_preset
    )
    for kind, entry in ENTRIES.items()
}
_PLACE_AT: dict[type[Fact], int] = {
    kind: 1 + kept.index(name)
    for kind, kept in _KEPT.items()
    for name in ("intent_id", "intent")
    if name in kept
}
"""Where among a fact's values a client order id stands, be it within an intent."""


def _reading_off(kept: tuple[str, ...]) -> Callable[[Fact], tuple[Any, ...]]:
    name = "__class__.__name__"
    return attrgetter(name, *kept) if kept else lambda fact: (type(fact).__name__,)


def _preset(field: FieldInfo) -> object:
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


_VALUES: dict[type[Fact], Callable[[Fact], tuple[Any, ...]]] = {
    kind: _reading_off(kept) for kind, kept in _KEPT.items()
}
"""Reads off a fact the name of its type and its kept fields."""
_PRESETS: dict[type[Fact], dict[str, Any]] = {
    kind: {each.name: _preset(each) for each in fields(kind) if each.name in later}
    for kind, later in ((kind, entry.unless_preset) for kind, entry in ENTRIES.items())
}
"""What fields that came later hold in a fact that says nothing of them."""
_BUFFERED = 65_536
"""Lines are digested together once they fill as many bytes: a digest asked for each costs more."""
_encode = msgspec.json.Encoder(order="deterministic").encode


class Journal:
    """The running digest of one run's journal.

    Client order ids are replaced by the place in which they first appear: what an id is made of,
    the run's epoch and a count, is a matter of the host.
    """

    def __init__(self) -> None:
        self._hash = sha256()
        self._buffer = bytearray()
        self._places: dict[str, int] = {}
        self._ticks = self._entered = ""

    def feed(self, record: Recorded) -> None:
        """Enter what was recorded next."""
        if isinstance(record, TicksTaken):
            self._ticks = record.digest
            return
        entry = ENTRIES[type(record)]
        if entry.when(record):
            if self._ticks != self._entered:
                self._buffer += _ticks_line(self._ticks)
                self._entered = self._ticks
            self._buffer += self._line(record, entry)
            if len(self._buffer) >= _BUFFERED:
                self._hash.update(self._buffer)
                self._buffer.clear()

    def sha256(self, ticks: str = "") -> str:
        """Return the hash of the journal so far, in hexadecimal.

        Args:
            ticks: the digest over all ticks of the run, where some of them are not yet recorded.
        """
        whole = self._hash.copy()
        whole.update(self._buffer)
        ticks = ticks or self._ticks
        if ticks != self._entered:
            whole.update(_ticks_line(ticks))
        return whole.hexdigest()

    def _line(self, fact: Fact, entry: Entry) -> bytes:
        kind = type(fact)
        values = [*_VALUES[kind](fact)]
        at = _PLACE_AT.get(kind)
        if at is not None:
            values[at] = self._placed(values[at])
        if entry.unless_preset:
            values += [
                got
                for name in entry.unless_preset
                if (got := getattr(fact, name)) != _PRESETS[kind][name]
            ]
        return _encode(values) + b"\n"

    def _placed(self, told: str | orders.Intent) -> str | orders.Intent:
        if isinstance(told, orders.Intent):
            return replace(told, intent_id=self._place(told.intent_id))
        return self._place(told)

    def _place(self, intent_id: str) -> str:
        return str(self._places.setdefault(intent_id, len(self._places) + 1))


def _ticks_line(ticks: str) -> bytes:
    """Return the entry of the ticks since the last entry."""
    return _encode(("ticks", ticks)) + b"\n"
