"""The days of a live market: they come by the clock, and are told by a broker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import ClassVar

from msgspec import Struct

from daemon.app.given.day_anew import day_anew
from daemon.app.given.records import Records
from daemon.app.given.runs import Past
from daemon.domain.instants import day_of
from daemon.errors import StoreError
from daemon.feeds.live import LiveFeed
from daemon.runtime.clock import Clock
from daemon.runtime.flow import Flow
from daemon.runtime.words import Ledger


class LiveDays(Struct, frozen=True):
    """The market as it is now.

    Attributes:
        market: what is heard of it waits there.
        source: tells its time.
    """

    by_the_wall: ClassVar[bool] = True
    market: LiveFeed
    source: Clock

    def time(self, host: Clock, speed: Fraction | None) -> Flow:
        """Return time that flows on while the daemon works.

        Args:
            host: host time, by which it goes on where its source is set back.
            speed: how many of its seconds pass in one of the host's; None: one.
        """
        return Flow(self.source, host, speed or Fraction(1))

    def days(self) -> Sequence[date]:
        """Return nothing: there is no end of them."""
        return ()

    def past(self, kept: Records) -> Past:
        """Return where the records end, and what is to be said of a day whose hours changed.

        Raises:
            StoreError: that is a day yet to come. A clock that is behind, as after a power cut, is
                set right by itself or by a person, so that the start is to be tried again.
        """
        now_ns = self.source.now_ns()
        if day_of(kept.reached_ns) > day_of(now_ns):
            raise StoreError(
                f"the records in {kept.folder} reach to {day_of(kept.reached_ns)}, and by this "
                f"machine's clock today is {day_of(now_ns)}: if it is behind, set it, and leave the"
                " records where they are; if they are of made-up days, let [daemon] state_dir name "
                "a folder of its own for a live market",
                "records_ahead",
            )
        at_ns = max(now_ns, kept.reached_ns)
        anew = day_anew(kept.ledger.facts(), at_ns, self.market.interval_ns)
        return Past(kept.ledger.facts(), kept.reached_ns, 0, anew)

    def tell_of(self, ledger: Ledger) -> None:
        """Nothing must be said of it."""

    def is_beyond(self, message: object) -> bool:  # noqa: ARG002  it goes on
        """Say that its end is not to be looked for."""
        return False


class StandInDays(LiveDays, frozen=True):
    """The market of a stand-in, which has a clock of its own."""

    by_the_wall: ClassVar[bool] = False
