"""A twin put together: an account at the exchange behind Zerodha's wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from msgspec import Struct

from daemon.brokers.paper_exchange import RULES
from daemon.brokers.zerodha.wire_twin.amo import AfterMarket
from daemon.brokers.zerodha.wire_twin.api import House
from daemon.brokers.zerodha.wire_twin.desk import Desk
from daemon.brokers.zerodha.wire_twin.gtt import Triggers
from daemon.brokers.zerodha.wire_twin.limits import Limits
from daemon.brokers.zerodha.wire_twin.market import Beat, Market
from daemon.brokers.zerodha.wire_twin.mischief import Mischief
from daemon.brokers.zerodha.wire_twin.server import Parts
from daemon.brokers.zerodha.wire_twin.session import Session
from daemon.brokers.zerodha.wire_twin.ticker import Ticker
from daemon.brokers.zerodha.wire_twin.website import Website
from daemon.domain.market.frames import Frame
from daemon.runtime.clock import Clock
from daemon.runtime.pace import Pace
from daemon.twin.exchange import Exchange
from daemon.twin.floor import Terms
from daemon.twin.words import Event


class Stage(Struct, frozen=True):
    """What a twin plays.

    Attributes:
        listed: tells what is listed on a day, in Ordo's symbols.
        beats: everything that happens in the market, around the account that they let see it.
        starts_ns: where market time begins.
        cash_e4: what the account begins with.
    """

    listed: Callable[[date], Iterable[str]]
    beats: Callable[[Account], Iterator[Beat]]
    starts_ns: int
    cash_e4: int


class Account:
    """The account as the market meets it: a frame goes to the exchange, then to who watches.

    Attributes:
        exchange: the twin.

    Args:
        desk: books what a frame fills.
        watching: are shown it after that, in this order.
    """

    def __init__(self, desk: Desk, watching: Sequence[Callable[[Frame], object]]) -> None:
        self.exchange = desk.exchange
        self._desk = desk
        self._watching = watching
        self.advance, self.settle = desk.advance, desk.settle

    def on_frame(self, frame: Frame, now_ns: int) -> Sequence[Event]:
        """Show a frame."""
        booked = self._desk.on_frame(frame, now_ns)
        for show in self._watching:
            show(frame)
        return booked


def opened(stage: Stage, pace: Pace, host: Clock) -> Parts:
    """Open a twin.

    Args:
        stage: what it plays.
        pace: by which its market goes; one that never waits: it is held.
        host: host time, of which its limits are counted.
    """
    exchange = Exchange.open(Terms(RULES, stage.cash_e4, windows=()))
    mischief = Mischief()
    desk = Desk(exchange, stage.listed)
    ticker = Ticker(desk, mischief)
    desk.books.push = ticker.push
    amo, triggers = AfterMarket(desk), Triggers(desk)
    account = Account(desk, (amo.see, triggers.see, ticker.show))
    market = Market(stage.beats(account), desk, pace, stage.starts_ns)
    house = House(desk, amo, triggers, Session(), Website())
    return Parts(house, market, mischief, ticker, Limits(host.now_ns))
