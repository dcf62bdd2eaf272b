"""The port of one sink: an event is given, and what it was not taken for is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from daemon.app.shown.past_record import URGENT
from daemon.domain.instants import SECOND_NS
from daemon.errors import SinkError, SinkFault
from daemon.messages.alerts import BEHIND, CAUGHT_UP, UNTOLD
from daemon.messages.modes import ON_PAPER, Modes
from daemon.messages.outbox import CaughtUp, Deliver, Delivered, Event, NotDelivered
from daemon.ports.sink import Sink
from daemon.settings import SinkSettings
from daemon.telemetry.log import Log


class Recipient(Struct, frozen=True):
    """One sink, and what was set for it.

    Attributes:
        settings: of it.
        sink: speaks to it.
        modes: whose money each account trades with, which it is told.
    """

    settings: SinkSettings
    sink: Sink
    modes: Modes = ON_PAPER


class SinkPort:
    """Gives events to one sink.

    Args:
        recipient: it, and what was set for it.
        log: takes lines.
        tell: tells people that an alert or a kill was not taken, or may wait unread; and
            that none waits any more.
    """

    def __init__(self, recipient: Recipient, log: Log, tell: Callable[[str], None]) -> None:
        self._settings = recipient.settings
        self._is_urgent = not URGENT.isdisjoint(recipient.settings.events)
        self._sink = recipient.sink
        self._log = log
        self._tell = tell
        self._is_told = False  # that it takes nothing
        self._is_told_today = False  # that it did not take something
        self._is_told_behind = False  # today, that more waits for it than is read

    def begin_day(self) -> None:
        """Tell of what is still not taken once more: a new day has ended what was told of it."""
        self._is_told = self._is_told_today = self._is_told_behind = False

    async def ask(self, asked: Deliver | CaughtUp) -> Sequence[Delivered | NotDelivered]:
        """Give an event, and say whether it was taken; or hear that none waits any more."""
        if isinstance(asked, CaughtUp):
            if self._is_told_behind:
                self._is_told_behind = False
                self._tell(f"the sink {self._settings.id} {CAUGHT_UP}: nothing waits for it")
            return ()
        event, attempt = asked.event, asked.attempt
        try:
            await self._sink.deliver(event, attempt)
        except SinkError as error:
            about = {"sink": self._settings.id, "number": event.number, "attempt": attempt}
            self._log.warning("event not taken", **about, because=str(error))
            self._look(asked, error)
            after_ns = error.after_s * SECOND_NS
            return (NotDelivered(event.number, str(error), error.fault, after_ns),)
        self._is_told = False
        return (Delivered(event.number),)

    def _look(self, asked: Deliver, error: SinkError) -> None:
        """Tell of an alert or a kill that is given up, or that is tried again for long already.

        The latter is told once a day until something is taken, and neither of what tells of just
        this. What waits unread is given to nobody, and an alert may be among it: so of an event
        for which it waits, of whatever kind, that is told once a day, until nothing waits.
        """
        event, is_refused = asked.event, error.fault is SinkFault.REFUSED
        over = asked.attempt - self._settings.tries
        is_long = over == 0 or (over > 0 and not self._is_told_today)
        is_long = is_long or (asked.is_last and error.fault is SinkFault.FAILED)
        is_news = (asked.is_last and is_refused) or (is_long and not self._is_told)
        times = f"{asked.attempt} {'try' if asked.attempt == 1 else 'tries'}"
        untaken = f"{event.kind} {event.event_id} was not taken in {times}"
        if is_news and event.kind in URGENT and not _is_of_this(event):
            self._is_told = self._is_told_today = True
            self._tell(f"the sink {self._settings.id}: {untaken}: {error}")
        if asked.is_crowded and over >= 0 and self._is_urgent and not self._is_told_behind:
            self._is_told_behind = True
            text = f"the sink {self._settings.id} {BEHIND}: {untaken}, and more waits unread"
            self._tell(f"{text}: {error}")


def _is_of_this(event: Event) -> bool:
    """Say whether an event is the alert that a sink was not told of one."""
    code: str = msgspec.json.decode(event.body).get("code", "")
    return code == UNTOLD
