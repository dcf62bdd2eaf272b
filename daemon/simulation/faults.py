"""What goes wrong: the kinds of fault, how often each strikes in a run, and which ones struck.

Swarm style: a run has a part of the kinds, each at a rate of its own; every fifth has none. Whether
a fault strikes follows from the seed, its kind and the number of the call alone, so that any one of
them can be taken out of a run and the others stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct

from daemon.simulation.dice import Dice

_WHOLE = 10_000
_PRESENT = 4_000
_RATES = (200, 600, 1_500, 4_000)


class Kind(StrEnum):
    """How something goes wrong."""

    REQUEST_LOST = "request lost"  # it never arrives, and no answer comes
    REQUEST_LATE = "request late"  # no answer comes, and it arrives up to a minute later
    ANSWER_LOST = "answer lost"  # it arrives, and no answer comes
    ANSWER_SLOW = "answer slow"  # the answer comes after later news
    ASKED = "broker asks"  # a question comes in place of an answer, and nobody confirms it
    CONFIRMED = "broker asks, confirmed"  # somebody does, up to a minute later, and it arrives
    UNREACHED = "broker unreached"  # it surely does not arrive, and that is known
    BAND = "refused BAND"
    MARGIN = "refused MARGIN"
    RATE = "refused RATE"
    SESSION = "refused SESSION"
    REJECTED_LATER = "rejected later"  # accepted, then rejected by a report
    CANCEL_LOST = "cancellation lost"
    CANCEL_UNANSWERED = "cancellation unanswered"
    CANCEL_REFUSED = "cancellation refused"
    CANCEL_FILLED = "cancelled, then filled"
    NEWS_TWICE = "news twice"
    NEWS_LATE = "news late"  # after younger news
    NEWS_LOST = "news lost"
    FIND_BLIND = "look-up lags"  # the order is there, and is not shown yet
    FIND_FAILED = "look-up failed"
    READ_LAGS = "reading lags"  # the book of a while ago
    READ_FAILED = "reading failed"
    POSITIONS_LAG = "positions lag"  # for a while they show fills late, and orders show them
    ORDERS_UNSHOWN = "orders unshown"  # a reading without some of them or any, as if that were all
    MARGIN_UNREAD = "margin unread"
    SESSION_ENDS = "session ends"  # all is refused, until a log-in some seconds later
    THIN = "thin market"  # so little is on offer that orders fill in parts
    FROZEN = "feed frozen"
    STUCK = "feed stuck"  # it goes on, and says what it said before
    FRAME_LOST = "frame lost"
    FRAME_TWICE = "frame twice"
    FREAK = "freak tick"  # one price of a frame is thrice what it is
    MIXED_UP = "wrong instrument"  # two contracts of a frame have each other's quotes
    RAISES = "strategy raises"
    FLUSHED = "hot state flushed"  # at a start it holds nothing
    STALE = "hot state stale"  # at a start it is that of a while ago
    SINK_REFUSES = "sink refuses"
    SINK_UNHEARD = "sink unheard"  # it takes an event, and no answer comes
    WALL_SET = "wall clock set"  # by seconds or minutes, either way
    TERMINAL = "person at the terminal"  # of the broker, who trades past the daemon
    CRASH = "crash"
    CRASH_AGAIN = "crash in recovery"
    COMMIT_UNKNOWN = "commit unknown"  # a crash, and what was being written stands after all
    FLUSH_REFUSED = "flush refused"  # the disk is full, or fails
    FLUSH_HANGS = "flush hangs"  # for longer than it is waited for; what it brought may yet stand
    TORN = "record torn"  # a crash, and half of a record of the emergency file stands
    RECOVERED_TWICE = "recovery cut"  # a crash after what the emergency file holds was entered


class Call(StrEnum):
    """What a fault strikes; each is counted on its own."""

    PLACE = "place"
    REJECT = "reject"
    CANCEL = "cancel"
    REST = "rest"
    NEWS = "news"
    FIND = "find"
    READ = "read"
    COUNT = "count"
    DEPTH = "depth"
    FRAME = "frame"
    DECIDE = "decide"
    TELL = "tell"
    LIFE = "life"
    REBIRTH = "rebirth"
    MIRROR = "mirror"
    WRITE = "write"
    WALL = "wall"
    FLUSH = "flush"
    SAVE = "save"
    RECOVER = "recover"
    TERMINAL = "terminal"
    SESSION = "session"


STRIKES: dict[Call, tuple[Kind, ...]] = {
    Call.PLACE: (
        Kind.REQUEST_LOST,
        Kind.REQUEST_LATE,
        Kind.ANSWER_LOST,
        Kind.ANSWER_SLOW,
        Kind.ASKED,
        Kind.CONFIRMED,
        Kind.UNREACHED,
        Kind.BAND,
        Kind.MARGIN,
        Kind.RATE,
        Kind.SESSION,
    ),
    Call.REJECT: (Kind.REJECTED_LATER,),
    Call.CANCEL: (Kind.CANCEL_LOST, Kind.CANCEL_UNANSWERED, Kind.CANCEL_REFUSED),
    Call.REST: (Kind.CANCEL_FILLED,),
    Call.NEWS: (Kind.NEWS_LOST, Kind.NEWS_TWICE, Kind.NEWS_LATE),
    Call.FIND: (Kind.FIND_FAILED, Kind.FIND_BLIND),
    Call.READ: (Kind.READ_FAILED, Kind.READ_LAGS, Kind.POSITIONS_LAG, Kind.ORDERS_UNSHOWN),
    Call.COUNT: (Kind.MARGIN_UNREAD,),
    Call.DEPTH: (Kind.THIN,),
    Call.FRAME: (
        Kind.FROZEN,
        Kind.STUCK,
        Kind.FRAME_LOST,
        Kind.FRAME_TWICE,
        Kind.FREAK,
        Kind.MIXED_UP,
    ),
    Call.DECIDE: (Kind.RAISES,),
    Call.TELL: (Kind.SINK_REFUSES, Kind.SINK_UNHEARD),
    Call.LIFE: (Kind.CRASH,),
    Call.REBIRTH: (Kind.CRASH_AGAIN,),
    Call.MIRROR: (Kind.FLUSHED, Kind.STALE),
    Call.WRITE: (Kind.COMMIT_UNKNOWN,),
    Call.WALL: (Kind.WALL_SET,),
    Call.FLUSH: (Kind.FLUSH_REFUSED, Kind.FLUSH_HANGS),
    Call.SAVE: (Kind.TORN,),
    Call.RECOVER: (Kind.RECOVERED_TWICE,),
    Call.TERMINAL: (Kind.TERMINAL,),
    Call.SESSION: (Kind.SESSION_ENDS,),
}
_MOST = {
    Kind.FROZEN: 600,
    Kind.STUCK: 600,
    Kind.FREAK: 300,
    Kind.MIXED_UP: 300,
    Kind.RAISES: 100,
    Kind.FLUSH_REFUSED: 30,
    Kind.FLUSH_HANGS: 30,
    Kind.TORN: 1_000,
    Kind.WALL_SET: 100,
    Kind.TERMINAL: 1_000,
    Kind.SESSION_ENDS: 200,
}
"""Of what lasts, or ends a position, when it strikes: how many of 10,000 calls it strikes."""
_OFTEN = {Kind.CRASH_AGAIN: _WHOLE, Kind.COMMIT_UNKNOWN: 5_000}
"""What strikes a run that is crashed at a named gap, be it faultless or not."""
_COMMON = {
    Kind.CRASH: 7_000,
    Kind.CRASH_AGAIN: 4_000,
    Kind.COMMIT_UNKNOWN: 5_000,
    Kind.THIN: 5_000,
    Kind.FLUSHED: 2_000,
    Kind.STALE: 4_000,
    Kind.RECOVERED_TWICE: 3_000,
}
"""What has few occasions in a run, and its rate where a run has it."""


class Struck(Struct, frozen=True, order=True):
    """A fault that struck: of which kind, and at which call of what it strikes."""

    kind: Kind
    number: int

    def __str__(self) -> str:
        """Return it as `--without` takes it."""
        return f"{self.kind}#{self.number}"


def struck(text: str) -> Struck:
    """Return the fault that a text of `--without` names.

    Raises:
        ValueError: there is no such fault.
    """
    kind, _, number = text.rpartition("#")
    return Struck(Kind(kind), int(number))


class Fates:
    """What goes wrong in one run.

    Args:
        dice: its chance.
        without: faults that are taken out.
        crashed: the run is there to be crashed.

    Attributes:
        struck: what has gone wrong, in order.
        quiet: nothing goes wrong any more.
    """

    def __init__(
        self, dice: Dice, without: Collection[Struck] = (), *, crashed: bool = False
    ) -> None:
        self._dice = dice
        self._without = frozenset(without)
        self._rates = {} if faultless(dice) else dict(_swarm(dice))
        if crashed:
            self._rates |= _OFTEN
        self._counts: Counter[Call] = Counter()
        self.struck: list[Struck] = []
        self.quiet = False

    def of(self, call: Call) -> Kind | None:
        """Count a call, and return what goes wrong with it; None: nothing."""
        self._counts[call] = number = self._counts[call] + 1
        if self.quiet:
            return None
        for kind in STRIKES[call]:
            rate = self._rates.get(kind)
            if rate is None or self._dice.below(_WHOLE, kind, number) >= rate:
                continue
            found = Struck(kind, number)
            if found not in self._without:
                self.struck.append(found)
                return kind
        return None


def faultless(dice: Dice) -> bool:
    """Say whether nothing goes wrong in a run: so it is in every fifth."""
    return dice.below(5, "faultless") == 0


def _swarm(dice: Dice) -> list[tuple[Kind, int]]:
    """Return the kinds of a run, each with how many of 10,000 calls it strikes."""
    found = []
    for kind in Kind:
        if kind in _COMMON:
            found.append((kind, _COMMON[kind]))
        elif dice.below(_WHOLE, f"has {kind}") < _PRESENT:
            rate = _RATES[dice.below(len(_RATES), f"rate of {kind}")]
            found.append((kind, min(rate, _MOST.get(kind, _WHOLE))))
    return found
