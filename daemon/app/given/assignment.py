"""What a daemon is given to run, and who watches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import ClassVar, Protocol

from msgspec import Struct

from daemon.actors.strategy_register import Filed
from daemon.actors.timekeeper import DayBegins
from daemon.app.at_brokers.accounts import Account
from daemon.app.at_brokers.connections import OPENERS, Opener
from daemon.app.given.records import Records
from daemon.app.given.runs import Past
from daemon.domain.instants import day_of, start_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.plans.parsing import encode
from daemon.domain.plans.schema import Plan
from daemon.feeds.live import LiveFeed
from daemon.feeds.replay import Recording
from daemon.messages import Noted
from daemon.messages.modes import Modes
from daemon.runtime.clock import Clock
from daemon.runtime.flow import Flow
from daemon.runtime.pace import Pace
from daemon.runtime.words import Ledger, Origin
from daemon.settings import Settings
from daemon.storage.store import Store
from daemon.storage.stores import store_of
from daemon.worlds import GeneratedMarket, Live, Market, World


class Watcher(Protocol):
    """Whoever sees what a daemon does, while it does it."""

    def begin(self, modes: Modes) -> None:
        """Know whose money each account trades with, before anything is shown or told."""
        ...

    def say(self, text: str) -> None:
        """Tell a person something."""
        ...

    def ready(self, url: str) -> None:
        """Tell that recovery is complete, and where the page is; empty: there is none."""
        ...

    def show(self, view: object) -> None:
        """See what an actor shows."""
        ...

    def tell(self, fact: object, origin: Origin, at_ns: int) -> None:
        """See a fact as it is entered."""
        ...


Time = Pace | Flow
"""Market time: it stands still while the daemon works, or it flows on."""


class Played(Protocol):
    """A market that is played.

    Attributes:
        by_the_wall: its time is what the machine's clock shows.
    """

    by_the_wall: ClassVar[bool]

    @property
    def market(self) -> Market | LiveFeed:
        """Its frames."""
        ...

    def time(self, host: Clock, speed: Fraction | None) -> Time:
        """Return the clock that it goes by, and with it how its time goes while the daemon works.

        Args:
            host: host time.
            speed: market seconds per host second; None: never wait.
        """
        ...

    def days(self) -> Sequence[date]:
        """Return the days that are played, where they are known."""
        ...

    def past(self, kept: Records) -> Past | None:
        """Return by what it is entered; None: it begins at its beginning."""
        ...

    def tell_of(self, ledger: Ledger) -> None:
        """Record what must be said of it before it is played."""
        ...

    def is_beyond(self, message: object) -> bool:
        """Say whether this message, and all that follows, is not played any more."""
        ...


class RecordedDays(Struct, frozen=True):
    """All days of a recording."""

    by_the_wall: ClassVar[bool] = False
    market: Recording

    def time(self, host: Clock, speed: Fraction | None) -> Time:
        """Return time that stands, so that a recording is played in the same way each time."""
        return Pace(host, speed)

    def days(self) -> Sequence[date]:
        """Return every day."""
        return self.market.days()

    def past(self, kept: Records) -> Past | None:  # noqa: ARG002  each replay has records of its own
        """Return nothing: a recording begins at its beginning."""
        return None

    def tell_of(self, ledger: Ledger) -> None:
        """Record what must be said of the recording."""
        tell_of(self.market, self.days(), ledger)

    def is_beyond(self, message: object) -> bool:  # noqa: ARG002  the world ends by itself
        """Say that its end is not to be looked for."""
        return False


class GeneratedDays(Struct, frozen=True):
    """The days that a seed makes, one session after the other.

    Attributes:
        market: the days.
        begins_ns: where a new market is entered.
        until: the last day that is played; None: as far as the tables of the market reach.
    """

    by_the_wall: ClassVar[bool] = False
    market: GeneratedMarket
    begins_ns: int
    until: date | None = None

    def time(self, host: Clock, speed: Fraction | None) -> Time:
        """Return time that stands, so that equal seeds are played in the same way."""
        return Pace(host, speed)

    def days(self) -> Sequence[date]:
        """Return nothing: there is no end of them."""
        return ()

    def past(self, kept: Records) -> Past | None:
        """Return where the records end."""
        return Past(kept.ledger.facts(), kept.reached_ns, self.begins_ns)

    def tell_of(self, ledger: Ledger) -> None:
        """Nothing must be said of it."""

    def is_beyond(self, message: object) -> bool:
        """Say whether a day after its last begins; a run that is entered there is over at once."""
        if not isinstance(message, DayBegins):
            return False
        return self.until is not None and message.day > self.until


class Assignment(Struct, frozen=True):
    """What a daemon runs.

    Attributes:
        settings: everything that was set.
        accounts: what is traded in.
        plans: the strategies of files; those that were declared are in the records.
        taking: those that take entries from the start.
        played: the market.
        folder: where its records are kept.
        files: the name of each strategy's file, by its id.
        openers: how an account is opened, by the canonical id of its broker.
        prices: the account that prices come through and nobody trades in.
        left_out: a sentence for each strategy that was to take entries from the start and could
            not be read, by its name in the settings.
        refused: the same for each whose file is refused and that nobody has started, by its id.
    """

    settings: Settings
    accounts: tuple[Account, ...]
    plans: tuple[Plan, ...]
    taking: frozenset[str]
    played: Played
    folder: Path
    files: Mapping[str, str] = {}
    openers: Mapping[str, Opener] = OPENERS
    prices: Account | None = None
    left_out: Mapping[str, str] = {}
    refused: Mapping[str, str] = {}

    @property
    def state_dir(self) -> Path:
        """Where latches, tokens and the local socket are kept, whatever is played."""
        return self.settings.daemon.state_dir

    @property
    def store(self) -> Store:
        """Where its ledger is kept."""
        return store_of(self.settings, self.folder)

    def tell_of(self, ledger: Ledger, at_ns: int, world: World) -> None:
        """Record what must be said before the market comes.

        That is of the market itself, of who takes no entries, and of what rested on paper while no
        daemon was there.

        Args:
            ledger: where it is recorded.
            at_ns: the market instant.
            world: that is entered.
        """
        self.played.tell_of(ledger)
        slept = world.slept(at_ns) if isinstance(world, Live) else ()
        left_out = self.left_out.items()
        told = (Noted(NoteKind.LEFT_OUT, sentence, at_ns, name) for name, sentence in left_out)
        for fact in (*told, *slept):
            ledger.append((fact,), Origin("start", 0, 0), at_ns)

    def filed(self) -> dict[str, Filed]:
        """Return how the strategies of files are written, by id."""
        return {
            plan.id: Filed(self.files.get(plan.id, "a file"), encode(plan).decode())
            for plan in self.plans
        }


def tell_of(recording: Recording, days: Sequence[date], ledger: Ledger) -> None:
    """Record what must be said of a recording, before its first day is played.

    What was said of days that are left out is told where the first one begins.

    Args:
        recording: the market.
        days: which of its days are played.
        ledger: where it is recorded.
    """
    first_ns = start_of(days[0])
    told: set[str] = set()
    for note in recording.notes:
        if day_of(note.at_ns) <= days[-1] and note.text not in told:
            told.add(note.text)
            fact = Noted(note.kind, note.text, max(note.at_ns, first_ns))
            ledger.append((fact,), Origin("recording", 0, 0), fact.at_ns)
