"""Entries and positions: what is decided, and what is held.

`account` is the mark of the account that a fact belongs to, as `cells` puts it there.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct, field

from daemon.domain.orders.arming import Mode
from daemon.domain.orders.basket import Basket
from daemon.domain.orders.words import Product, Side
from daemon.domain.risk.words import LegRules, StrategyRules


class EntryDecided(Struct, frozen=True, tag=True):
    """A strategy wants to be in; each leg with the quote that the decision rests on."""

    strategy_id: str
    basket_id: str
    basis_e4: int
    legs: tuple[tuple[str, str, int, int], ...]
    at_ns: int


class StartMissed(Struct, frozen=True, tag=True):
    """A strategy that takes entries has not entered by `due_ns`, and nothing has told why."""

    strategy_id: str
    due_ns: int
    at_ns: int


class EnterLegs(Struct, frozen=True):
    """Enter a basket for a strategy, and hold it to these rules from its first fill."""

    opened: BasketOpened


class BasketOpened(Struct, frozen=True, tag=True):
    """An entry is under way, and what it is held to.

    Attributes:
        basket: the legs.
        leg_rules: by leg id.
        rules: of the whole.
        exit_ns: when it is left at the latest.
        close_ns: when its market closes on that day.
        at_ns: when it was opened.
        version: of the strategy as it was declared; empty where nobody said.
        account: its mark; empty at home.
        live: its strategy may trade live.
    """

    basket: Basket
    leg_rules: dict[str, LegRules]
    rules: StrategyRules
    exit_ns: int
    close_ns: int
    at_ns: int
    version: str = ""
    account: str = ""
    live: bool = False


MAY_HAVE_FILLED = "and they may have filled"
"""How the reason ends why an entry or an exit is not done, where its orders are not heard of."""


class BasketEnded(Struct, frozen=True, tag=True):
    """An entry is over: complete, or failed because of something.

    Attributes:
        basket_id: which.
        strategy_id: whose.
        complete: all of it is filled.
        because: why not; empty where it is.
        at_ns: when.
        account: its mark; empty at home.
        waits: nothing of it has left, and what kept it back may pass: it is decided anew then.
    """

    basket_id: str
    strategy_id: str
    complete: bool
    because: str
    at_ns: int
    account: str = ""
    waits: bool = False

    @property
    def outcome(self) -> str:
        """What became of the strategy by it, in words for people."""
        if self.complete:
            return "is in"
        how = "enters no further" if self.because.endswith(MAY_HAVE_FILLED) else "is not in"
        return f"{how}: {self.because}"


class WaitOver(Struct, frozen=True):
    """What an entry waited for in an account has passed; it may be decided anew. Not recorded."""

    strategy_id: str
    account: str = ""


def _intraday() -> Product:
    return Product.INTRADAY


class PositionChanged(Struct, frozen=True, tag=True, omit_defaults=True):
    """A fill moved a leg, or its price is known better; what is told is since it was entered.

    That is by its basket, or, of no basket, from flat. Of the latter those that name no order were
    recorded before that, and are of the leg's whole life.

    Attributes:
        strategy_id: whose leg.
        leg_id: which.
        symbol: of what.
        side: which way it was entered.
        bought_quantity: units bought so far.
        bought_value_e4: the sum of price x units over those fills.
        sold_quantity: units sold so far.
        sold_value_e4: the sum of price x units over those fills.
        at_ns: the market instant.
        intent_id: the order whose fill moved it; empty: none of ours that is known.
        settled: the exchange closed it by itself, at its settlement price; or its shares are their
            owner's, and no position.
        product: how it is held.
        added_quantity: units that the orders of its entry filled beyond what they were to, as where
            somebody made one larger at the broker; left out of a record where it is 0.
        part_of: the stranger's order that it is a part of; left out of a record where it is none.
    """

    strategy_id: str
    leg_id: str
    symbol: str
    side: Side
    bought_quantity: int
    bought_value_e4: int
    sold_quantity: int
    sold_value_e4: int
    at_ns: int
    intent_id: str = field(default_factory=str)  # of factories, so that they stand in records
    settled: bool = field(default_factory=bool)  # though nothing is told by them
    account: str = field(default_factory=str)
    product: Product = field(default_factory=_intraday)
    added_quantity: int = 0
    part_of: str = ""

    @property
    def net_quantity(self) -> int:
        """Units held; below zero short."""
        return self.bought_quantity - self.sold_quantity


class LegExpired(Struct, frozen=True, tag=True, omit_defaults=True):
    """A leg's contract is over and nobody knows what it was worth: the leg is free again.

    What it gained or lost is not known either. It stands in the book as written off. So is, with
    `outside`, what was closed at a broker after its day while nobody saw it.
    """

    strategy_id: str
    leg_id: str
    symbol: str
    at_ns: int
    account: str = field(default_factory=str)  # of a factory, so that it stands in records
    outside: bool = False


class CancelAsked(Struct, frozen=True, tag=True):
    """The broker is asked to take an order out of its book; that counts in the message budget."""

    intent_id: str
    at_ns: int


LEDGER_FAILED = "the ledger failed"
"""How a pause begins that the next start ends, for by then the ledger was mended or refused."""


class EntriesPaused(Struct, frozen=True, tag=True):
    """No new entries in the account until a person says otherwise, or the next day."""

    because: str
    at_ns: int
    account: str = ""


class PauseEntries(Struct, frozen=True):
    """Take no new entries."""

    because: str


class DayMarked(Struct, frozen=True, tag=True):
    """How a strategy's day went, before charges.

    A day at whose end nobody saw what was held is marked again at the first whole valuation after
    it, where its account has limits: from there they count.

    Attributes:
        low: instant and amount of the lowest profit; None where nothing was ever valued.
        high: the highest.
        last: the open or closed profit at the day's last price.
        status: of its lock.
        floor_e4: under its profit; 0: none.
        marks: leg id and what it is valued at, for what is still open.
        basket_id: of which of its entries; empty: recorded before that was told.
    """

    strategy_id: str
    day: date
    low: tuple[int, int] | None
    high: tuple[int, int] | None
    last: tuple[int, int] | None
    status: str
    floor_e4: int
    marks: tuple[tuple[str, int], ...]
    at_ns: int
    account: str = ""
    basket_id: str = ""


class EpochBegan(Struct, frozen=True, tag=True):
    """A run of the daemon began; its order ids are bound to this number."""

    epoch: int
    at_ns: int


class CodeLoaded(Struct, frozen=True, tag=True, omit_defaults=True):
    """What decides from here on, in the run that has just begun.

    Attributes:
        version: of the program.
        code_sha256: over the program's own files.
        settings_sha256: over the settings that the run goes by.
        schema_number: of the newest migration of the ledger that this version has.
        at_ns: the market instant that the record had reached.
        home: the account whose facts go unmarked; empty in records that do not tell it.
        modes: `paper` or `live` by account; empty in records that do not tell it.
        brokers: the canonical id of its broker by account, of those that are live.
        record_id: tells this record from every other, by chance that nobody else had; empty until a
            run keeps its hot state where other daemons may, and in records from before.
    """

    version: str
    code_sha256: str
    settings_sha256: str
    schema_number: int
    at_ns: int
    home: str = ""
    modes: dict[str, Mode] = {}
    record_id: str = ""
    brokers: dict[str, str] = {}


TradingFact = (
    EntryDecided
    | StartMissed
    | BasketOpened
    | BasketEnded
    | PositionChanged
    | LegExpired
    | CancelAsked
    | EntriesPaused
    | DayMarked
    | EpochBegan
    | CodeLoaded
)
