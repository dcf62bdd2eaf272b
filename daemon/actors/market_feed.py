"""The market feed: which frames are taken, whether the link lives, and what must be said of it.

Whether a link lives is told by its frames. How long its prices do is told ahead, so that whoever
prices an order need not hear of a death to know of it: a message may be late, an instant is not.
What a broker's connections tell of themselves, and what the broker says to people, is passed on to
people alone. What the market lists is recorded, and told before any price of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.listings import Listings
from daemon.actors.turn import Turn
from daemon.domain.instants import DAY_NS, day_of, start_of
from daemon.domain.market.calendar import knows_hours
from daemon.domain.market.calm import Calm
from daemon.domain.market.freshness import STALE_FLOOR_NS, Link, lives_ns
from daemon.domain.market.intake import (
    Arrival,
    Intake,
    Judged,
    Sessions,
    begin,
    dies_at_ns,
    ended,
    judge,
    silence,
)
from daemon.domain.market.notes import NoteKind
from daemon.messages import (
    DayEnded,
    DayOpened,
    FrameArrived,
    LinkDied,
    LinkRevived,
    Noted,
    OptionsListed,
    PaceLearnt,
    Pulse,
    Pulsed,
)
from daemon.ports.market import BygonePrices, LinkMoved, NoticeHeard, NotShown, PricesOwed
from daemon.runtime.words import Alarm, DeadLetter, Effect, Lane, Publish, Started, Take

HEARS = (DayOpened, DayEnded)
_TOLD = 100
"""So many different things may be passed on to people on a day."""
_NEWEST = Lane.NEWEST  # looked up once: the path of every tick


class Silence(Struct, frozen=True):
    """The link should have beaten by now."""


class MarketFeed:
    """Judges every frame of one feed before anybody acts on it.

    Args:
        interval_ns: how often the feed delivers, as configured; 0: learn it.
        memory: how many contents are remembered to know a repeated one.
        facts: what was recorded before.
    """

    def __init__(self, interval_ns: int, memory: int, facts: Iterable[object] = ()) -> None:
        self._calm = Calm(Intake(Link(interval_ns, interval_ns), memory))
        self._sessions: Sessions = ()
        self._alarm_ns = 0
        self._lives_ns = STALE_FLOOR_NS  # what those go by who hear this feed; 0: not known
        self._stale = False
        self._down: set[int] = set()
        self._told: set[str] = set()
        self._listings = Listings()
        for fact in facts:
            match fact:
                case DayOpened():
                    self._open(fact)
                case DayEnded():
                    self._sessions = ()
                case OptionsListed():
                    self._listings.hear(fact)
                case LinkDied():
                    self._stale = True
                case LinkRevived():
                    self._stale = False
                case DeadLetter():  # a feed that fell may have told a pace that this one forgot
                    self._lives_ns = 0

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is FrameArrived:
            frame = message.frame
            if self._alarm_ns and self._calm.is_usual(frame.at_ns, message.fingerprint):
                may_die_ns = frame.at_ns + self._calm.stale_ns
                if may_die_ns >= self._alarm_ns:
                    return (Take(frame), Publish(frame, _NEWEST))
                self._alarm_ns = may_die_ns  # it was set while the feed came more seldom
                return (Take(frame), Publish(frame, _NEWEST), Alarm(may_die_ns, Silence()))
            return self._judge(message, now_ns)
        if type(message) is Silence and now_ns >= self._alarm_ns:
            may_die_ns = self._calm.may_die_ns()
            if may_die_ns > now_ns:
                self._alarm_ns = may_die_ns
                if self._calm.stale_ns - 1 == self._lives_ns:
                    return (Alarm(may_die_ns, message),)
                return (Alarm(may_die_ns, message), *self._learnt())
        turn = Turn()
        match message:
            case Silence():
                self._ring(turn, now_ns)
            case DayOpened():
                self._open(message)
            case DayEnded():
                self._sessions = ()
                self._take_in(turn, ended(self._calm.intake()))
            case Pulse(number, who):
                turn.do(Publish(Pulsed(number, who)))
            case Started():
                if knows_hours(day_of(now_ns)):
                    self._expect(now_ns, now_ns)  # within a session a frame is owed at once
                self._listen(turn)
            case _:
                self._take_notice(turn, message)
        return turn.done()

    def _take_notice(self, turn: Turn, message: object) -> None:
        """Take in what a market that is listened to says of itself."""
        match message:
            case LinkMoved():
                self._follow(turn, message)
            case BygonePrices():
                turn.do(Publish(message))  # no beat of the link, and nothing to judge
            case NoticeHeard(kind, text, at_ns):
                self._pass_on(turn, f"the broker says, {kind}: {text}", at_ns)
            case PricesOwed(since_ns):
                self._expect(since_ns, since_ns - 1)  # one that comes at that very instant is news
                self._listen(turn)
            case OptionsListed():
                if self._listings.hear(message):
                    turn.warn(message)  # of strikes that nobody quotes yet it forbids the others
            case NotShown(text, at_ns):
                self._pass_on(turn, text, at_ns)
            case _:
                raise AssertionError(f"the feed was told {message!r}")

    def _open(self, opened: DayOpened) -> None:
        self._told.clear()
        self._listings.hear(opened)
        self._lives_ns = lives_ns(Link(opened.interval_ns))
        self._sessions = opened.sessions
        intake = self._calm.intake()
        if opened.interval_ns and not intake.link.configured_ns:
            link = replace(intake.link, declared_ns=opened.interval_ns)
            self._calm.settle(replace(intake, link=link))

    def _follow(self, turn: Turn, moved: LinkMoved) -> None:
        """Tell of a connection that died while prices are missed, and that it stands again."""
        name = f"connection {moved.number} to the broker's prices"
        if not moved.alive and moved.in_session and moved.number not in self._down:
            self._down.add(moved.number)
            turn.record(Noted(NoteKind.GAP, f"{name} died: {moved.why}", moved.at_ns))
        elif moved.alive and moved.number in self._down:
            self._down.remove(moved.number)
            turn.record(Noted(NoteKind.GAP, f"{name} stands again", moved.at_ns))

    def _pass_on(self, turn: Turn, text: str, at_ns: int) -> None:
        """Tell people something, once a day."""
        if text not in self._told and len(self._told) < _TOLD:
            self._told.add(text)
            turn.record(Noted(NoteKind.REFUSED, text, at_ns))

    def _ring(self, turn: Turn, now_ns: int) -> None:
        """Look whether the link died; an alarm that was set before a fall is not ours any more."""
        if now_ns < self._alarm_ns:
            return
        self._alarm_ns = 0
        self._take_in(turn, silence(self._calm.intake(), now_ns))
        self._listen(turn)

    def _expect(self, now_ns: int, last_ns: int) -> None:
        """Base the link in the session of an instant, as if it had beaten last at another."""
        session = next((each for each in self._sessions if each[0] <= now_ns <= each[1]), None)
        before = self._calm.intake()
        if session is None or self._stale or before.session == session:
            return
        intake = begin(before, last_ns, session)
        day_ends_ns = start_of(day_of(now_ns)) + DAY_NS
        self._calm.settle(replace(intake, last_ns=last_ns, day_ends_ns=day_ends_ns))

    def _judge(self, message: FrameArrived, now_ns: int) -> Sequence[Effect]:
        """Let the decision table say what becomes of a frame."""
        turn, arrival = Turn(), Arrival(message.frame.at_ns, message.fingerprint)
        judged = judge(self._calm.intake(), arrival, self._sessions)
        self._take_in(turn, judged)
        if judged.dropped is None:
            if self._stale:
                self._stale = False
                turn.announce(LinkRevived(now_ns))
            turn.do(Take(message.frame), Publish(message.frame, _NEWEST))
        self._listen(turn)
        return turn.done()

    def _take_in(self, turn: Turn, judged: Judged) -> None:
        """Go on from what was judged, and tell what there is to tell."""
        self._calm.settle(judged.intake)
        for note in judged.notes:
            turn.announce(Noted(note.kind, note.text, note.at_ns))
            if note.kind is NoteKind.STALE and not self._stale:
                self._stale = True
                turn.warn(LinkDied(note.at_ns))

    def _listen(self, turn: Turn) -> None:
        """Keep one alarm set while the link lives, never later than it dies by the pace of now.

        It is moved on when it rings too early.
        """
        dies_ns = dies_at_ns(self._calm.intake())
        if dies_ns and not 0 < self._alarm_ns <= dies_ns:
            self._alarm_ns = dies_ns
            turn.do(Alarm(dies_ns, Silence()))
        turn.do(*self._learnt())

    def _learnt(self) -> tuple[Publish, ...]:
        """Tell how long prices live by the pace of now, where others go by another."""
        live_ns = lives_ns(self._calm.intake().link)
        if live_ns == self._lives_ns:
            return ()
        self._lives_ns = live_ns
        return (Publish(PaceLearnt(live_ns)),)
