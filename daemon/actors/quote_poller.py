"""The quote poller: on a dead link it has the quotes of what is held asked for, once a second.

It begins once the link has been dead for ten seconds within a session while anything is held,
long or short, and ends when the link lives again: until then those who guard judge by what it
brings, and nobody else hears of it. Nothing it brings is a beat of the link, so entries stay where
they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from daemon.actors import held
from daemon.actors.held import Held
from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.domain.market.polled import AFTER_NS, EVERY_NS, Stamped, bygone_of, frame_of
from daemon.messages import (
    DayEnded,
    DayOpened,
    FramePolled,
    LinkDied,
    LinkRevived,
    Noted,
    QuotesRead,
    QuotesUnread,
    ReadQuotes,
)
from daemon.ports.market import BygonePrices
from daemon.runtime.words import Alarm, Call, Effect, Publish, Started, Take

HEARS = (DayOpened, DayEnded, LinkDied, LinkRevived, *held.HEARS)
PORT = "quotes"


class PollDue(Struct, frozen=True):
    """Quotes are to be asked for, unless that has been put off or called off since."""

    at_ns: int


class QuotePoller:
    """Has quotes asked for where no link tells them.

    Args:
        facts: what was recorded before.
    """

    def __init__(self, facts: Iterable[object] = ()) -> None:
        self._held = Held()
        self._sessions: tuple[tuple[int, int], ...] = ()
        self._died_ns: int | None = None
        self._asked_ns = self._due_ns = 0
        self._asking = False
        self._told: set[str] = set()
        for fact in facts:
            self._apply(fact)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        turn = Turn()
        match message:
            case PollDue(at_ns):
                if at_ns == self._due_ns:
                    self._due_ns = 0
                    self._ask(turn, now_ns)
            case QuotesRead(quotes):
                self._asking = False
                if self._died_ns is not None:  # else what comes by itself is newer
                    self._take(turn, quotes, now_ns)
            case QuotesUnread(because):
                self._asking = False
                self._tell(turn, f"what is held is not priced: {because}", now_ns)
            case Started():
                pass
            case _:
                self._apply(message)
        self._plan(turn, now_ns)
        return turn.done()

    def _apply(self, fact: object) -> None:
        """Take one fact in, the same live and after a restart."""
        match fact:
            case DayOpened():
                self._sessions = fact.sessions
            case DayEnded():
                self._sessions = ()
            case LinkDied(at_ns):
                self._died_ns = at_ns
                self._told.clear()
            case LinkRevived():
                self._died_ns = None
            case _:
                self._held.hear(fact)

    def _from_ns(self, now_ns: int) -> int | None:
        """Return from when on quotes are asked for; None: they are not, as things stand."""
        opens_ns = next((opens for opens, closes in self._sessions if now_ns <= closes), None)
        if opens_ns is None or self._died_ns is None or self._held.is_flat:
            return None
        return max(self._died_ns, opens_ns) + AFTER_NS  # a silence begins with the session

    def _plan(self, turn: Turn, now_ns: int) -> None:
        """Set the next alarm, or call it off."""
        from_ns = self._from_ns(now_ns)
        if from_ns is None:
            self._due_ns = 0
        elif not self._asking and not self._due_ns:
            self._due_ns = max(from_ns, self._asked_ns + EVERY_NS, now_ns)
            turn.do(Alarm(self._due_ns, PollDue(self._due_ns)))

    def _ask(self, turn: Turn, now_ns: int) -> None:
        if self._from_ns(now_ns) is None:
            return
        self._asking, self._asked_ns = True, now_ns
        seconds = AFTER_NS // SECOND_NS
        text = f"the feed is silent for {seconds} s: what is held is priced by asking for it"
        self._tell(turn, text, now_ns)
        turn.do(Call(PORT, ReadQuotes(self._held.symbols())))

    def _take(self, turn: Turn, quotes: Mapping[str, Stamped], now_ns: int) -> None:
        """Tell what is young of the quotes as one frame, and of the rest that it judges nothing.

        What has not traded today may have to be left by its last price all the same.
        """
        if bygone := bygone_of(quotes, now_ns):
            turn.do(Publish(BygonePrices(tuple(bygone.items()))))
        frame = frame_of(quotes, now_ns)
        young = frame.quotes if frame is not None else {}
        for symbol in self._held.symbols():
            if symbol not in young:
                text = f"the quote of {symbol} is old or missing: nothing is judged by it"
                self._tell(turn, text, now_ns)
        if frame is not None:
            turn.do(Take(frame), Publish(FramePolled(frame)))

    def _tell(self, turn: Turn, text: str, now_ns: int) -> None:
        """Tell people something, once in a silence."""
        if text not in self._told:
            self._told.add(text)
            turn.record(Noted(NoteKind.STALE, text, now_ns))
