"""What an account trades under."""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.orders.ladder import Ladder
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.storm import REFUSALS, REPEATS, Rate
from daemon.runtime.breaker import BreakerPolicy


class Terms(Struct, frozen=True):
    """What an account trades under.

    Attributes:
        account: its id.
        broker: the name of its port.
        mark: what tells its strangers' orders from those of other accounts; empty at home.
        limits: the owner's.
        ladder: how exits are priced.
        asks_margin: an entry leaves only once the broker has said that its margin is there.
        repeats: how often a strategy may decide an entry before it is stopped.
        refusals: how often it may be refused for one reason.
        breaker: when entries wait because calls to the broker fail.
        silence_ns: how long the feed may be silent before shorts, and long futures and shares,
            are told of.
        leaves_in_silence: they are left then.
        live: its broker trades with money, so it is entered while a person has armed it, and by
            strategies that opted in.
        strict: refuse contracts whose tables are not certain; false only where days are replayed.
        exit_limit_ns: how long an exit may take before a person is paged.
        lookup_ns: between two look-ups of an order whose outcome is unknown.
        lookup_window_ns: after it such an order is parked.
        answer_ns: an order that has no answer by then is looked up as well.
        reconcile_ns: between two readings of the broker's book while anything is on its way; 0: it
            is not read, but by a kill.
        verify_ns: how far two readings lie apart, longer than a request may be late.
        kill_limit_ns: how long a kill may take before what is left is told.
    """

    account: str
    broker: str
    limits: Limits = Limits()
    ladder: Ladder = Ladder()
    asks_margin: bool = False
    repeats: Rate = REPEATS
    refusals: Rate = REFUSALS
    breaker: BreakerPolicy = BreakerPolicy()
    silence_ns: int = 60_000_000_000
    leaves_in_silence: bool = False
    live: bool = False
    strict: bool = True
    exit_limit_ns: int = 10_000_000_000
    lookup_ns: int = 1_000_000_000
    lookup_window_ns: int = 15_000_000_000
    answer_ns: int = 5_000_000_000
    reconcile_ns: int = 0
    verify_ns: int = 2_000_000_000
    kill_limit_ns: int = 60_000_000_000
    mark: str = ""

    @property
    def seldom_ns(self) -> int:
        """Time between two readings where nothing is on its way: at a sixth of the pace."""
        return 6 * self.reconcile_ns
