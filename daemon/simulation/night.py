"""The night between the two days of a run: nobody trades, and nobody is there before the morning.

In the evening of the first day nothing goes wrong any more, and night falls once the daemon has
heard of all that was traded: then it ends, as by a power cut. What is held lies at the broker until
the next day. There an order is good for its session only, what is traded is shown by days, and the
session has ended by dawn. Where a run takes one day, there is neither evening nor night.
"""

from __future__ import annotations

from datetime import time
from functools import partial

from daemon.app import Account
from daemon.brokers.paper_exchange import RULES
from daemon.domain.instants import SECOND_NS, at
from daemon.simulation.dice import Dice
from daemon.simulation.judging.judge import Violated
from daemon.simulation.network import Network
from daemon.simulation.scenario import Scenario
from daemon.simulation.timeline import Timeline
from daemon.twin.exchange import Exchange
from daemon.twin.faults import Faults
from daemon.twin.file import NoFile
from daemon.twin.floor import Terms
from daemon.twin.words import Trade

_DAWN, _OPENS = time(6), time(9, 15)
_STARTS = (time(9, 14), time(9, 20, 0, 500_000))
"""When a daemon is started in the morning: before the market opens, or late, between two frames."""
_LONGEST_NS = 600 * SECOND_NS
"""How long an evening lasts: longer than a daemon is gone, and its limits for writes last."""


class DaysExchange(Exchange):
    """An exchange twin that tells the trades of the day before as well, for whoever judges."""

    _bygone: tuple[Trade, ...] = ()

    def end_day(self) -> None:
        """Keep what was traded on the day that is over."""
        self._bygone = tuple(self.trades())

    def trades(self) -> list[Trade]:
        """Return the trades of all days, settlements among them, oldest first."""
        return [*self._bygone, *super().trades()]


def exchange(account: Account, faults: Faults) -> DaysExchange:
    """Open the exchange of a run, which goes by the dated rules of the Indian market."""
    terms = Terms(RULES, account.cash_e4, type(account.latency)(), faults)
    return DaysExchange.open(terms, NoFile())


class Night:
    """The night of one run.

    Args:
        dice: the chance of the run.
        scenario: what is played.
    """

    def __init__(self, dice: Dice, scenario: Scenario) -> None:
        evening, self._last_day = scenario.evening, scenario.days[-1]
        self._evening_ns = at(scenario.days[0], evening) if evening is not None else None
        self._opens_ns = at(self._last_day, _OPENS)
        starts = _STARTS[dice.below(len(_STARTS), "starts in the morning")]
        self._starts_ns = at(self._last_day, starts)
        self._fallen = False

    def days_ns(self, begins_ns: int, ends_ns: int) -> tuple[tuple[int, int], ...]:
        """Return from when until when something may go wrong on each day of a run.

        Args:
            begins_ns: the first instant of the run.
            ends_ns: when nothing goes wrong any more.
        """
        if self._evening_ns is None:
            return ((begins_ns, ends_ns),)
        return ((begins_ns, self._evening_ns), (self._opens_ns, ends_ns))

    def is_evening(self, now_ns: int) -> bool:
        """Say whether the first of two days ends.

        Raises:
            Violated: it does not, for too long; nothing goes wrong, and not all is heard.
        """
        if self._evening_ns is None or now_ns < self._evening_ns or self._fallen:
            return False
        if now_ns > self._evening_ns + _LONGEST_NS:
            raise Violated("I3", "nothing goes wrong, and not all is heard that was traded")
        return True

    def fall(self, timeline: Timeline, market: DaysExchange, network: Network) -> None:
        """Let night fall, and dawn come after it.

        Args:
            timeline: virtual time.
            market: where all is traded.
            network: the way to it.
        """
        self._fallen = True
        timeline.at(at(self._last_day, _DAWN), partial(_dawn, market, network))

    def falls(self, now_ns: int) -> bool:
        """Say whether it is night."""
        return self._fallen and now_ns < self._opens_ns

    def wakes_ns(self, wanted_ns: int) -> int:
        """Return when the market or somebody who watches goes on, who would at an instant."""
        return max(wanted_ns, self._opens_ns) if self._fallen else wanted_ns

    def starts_ns(self, wanted_ns: int) -> int:
        """Return when a daemon is started that would be at an instant."""
        return max(wanted_ns, self._starts_ns) if self._fallen else wanted_ns


def _dawn(market: DaysExchange, network: Network) -> None:
    market.end_day()
    network.dawn()
