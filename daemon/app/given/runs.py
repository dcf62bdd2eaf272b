"""What one run plays, what came before it, and the world that it is entered in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from daemon.actors.strategy_register import Filed
from daemon.app.at_brokers.accounts import Account
from daemon.app.at_brokers.connections import OPENERS, Opened, Opener
from daemon.brokers.paper import Paper
from daemon.domain.instants import SECOND_NS
from daemon.errors import SettingsError
from daemon.feeds.live import LiveFeed
from daemon.messages import DayOpened, Noted
from daemon.runtime.clock import MarketTime
from daemon.runtime.words import Port
from daemon.twin.file import TwinFile
from daemon.worlds import (
    Entry,
    Generated,
    GeneratedMarket,
    Live,
    Market,
    Recorded,
    Source,
    World,
    reached,
)


class Past(Struct, frozen=True):
    """What came before a run.

    Attributes:
        facts: all that was recorded, oldest first.
        reached_ns: the newest instant in the ledger; 0: it is new.
        begins_ns: where a market is entered that was never entered before.
        anew: what is recorded before the run begins, of a day whose hours have changed.
    """

    facts: Iterable[object]
    reached_ns: int
    begins_ns: int
    anew: tuple[DayOpened | Noted, ...] = ()


class Run(Struct, frozen=True):
    """What one run plays, and keeps its exchange in.

    Attributes:
        recording: the market's days; a live one is heard as it goes on.
        days: which of them.
        epoch: the run's number; order ids are bound to it.
        twin_files: where the exchange twin of each account keeps its book; of others nowhere.
        state_dir: whose latches forbid entries; None: none do, as in a backtest.
        past: what a generated market is entered by; None: it is a recorded one.
        taking: the strategies that take entries from the start; None: all.
        served: somebody may ask, so the actors that answer people are there too.
        timed: tasks of an event loop run it, so that a broker that takes too long can be called
            off.
        filed: how the strategies of files are written, by id; for whoever asks.
        home: the account that the records began with; empty: the first.
        jobs: does what is to be done on a day; None: nothing is.
        acknowledge_ns: within which a critical alert is to be acknowledged.
        openers: how an account is opened, by the canonical id of its broker.
        prices: the account that prices come through and nobody trades in.
        clock: market time that is waited for; None: the world is not a live one.
    """

    recording: Market | LiveFeed
    days: Sequence[date]
    epoch: int
    twin_files: Mapping[str, TwinFile] = MappingProxyType({})
    state_dir: Path | None = None
    past: Past | None = None
    taking: frozenset[str] | None = None
    served: bool = False
    timed: bool = False
    filed: Mapping[str, Filed] = MappingProxyType({})
    home: str = ""
    jobs: Port | None = None
    acknowledge_ns: int = 300 * SECOND_NS
    openers: Mapping[str, Opener] = OPENERS
    prices: Account | None = None
    clock: MarketTime | None = None

    def logins(self, accounts: Sequence[Account]) -> tuple[Account, ...]:
        """Return the accounts that have a session: those that are traded in, and that of prices."""
        return (*accounts, self.prices) if self.prices is not None else tuple(accounts)


def world_of(
    run: Run, accounts: Sequence[Account], opened: Mapping[str, Opened]
) -> tuple[World, int]:
    """Return the world that a run plays, and the instant at which it is entered.

    Args:
        run: what is played.
        accounts: those that are traded in.
        opened: each account at its broker, by its id.

    Raises:
        SettingsError: prices are a broker's to tell, and none does.
    """
    papers: dict[str, Paper] = {
        each.router: paper for each in accounts if (paper := opened[each.id].paper) is not None
    }
    past, market = run.past, run.recording
    if isinstance(market, LiveFeed):
        return _live(run, market, accounts, opened, papers), 0
    if past is None:
        return Recorded(market, papers, run.days), 0
    assert isinstance(market, GeneratedMarket), "only such a market is entered at an instant"
    exchanges = [paper.exchange for paper in papers.values()]
    entry = reached(past.facts, past.reached_ns, exchanges)
    if not entry.at_ns:
        entry = Entry(past.begins_ns)
    return Generated(market, papers, entry), entry.at_ns


def _live(
    run: Run,
    feed: LiveFeed,
    accounts: Sequence[Account],
    opened: Mapping[str, Opened],
    papers: Mapping[str, Paper],
) -> Live:
    """Return the live world, in which the first account tells prices whose broker does."""
    past, clock = run.past, run.clock
    assert past is not None, "a live world goes on where the records end"
    assert clock is not None, "a live world has a clock that is waited for"
    routers = {each.id: each.router for each in accounts}
    sources = (
        Source(name, each.market, routers.get(name, ""))
        for name, each in opened.items()
        if each.market is not None
    )
    source = next(sources, None)
    if source is None:
        raise SettingsError(
            "[feed] kind is broker, and no account is at a broker that tells prices; "
            'name one in [[accounts]], or write kind = "generated"'
        )
    facts = (*past.facts, *past.anew)
    live = Live(source, feed, clock, reached(facts, past.reached_ns, ()), papers)
    for fact in facts:
        live.hear(fact)
    return live
