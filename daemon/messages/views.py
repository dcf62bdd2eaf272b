"""What actors answer to those who only look: how things stand, each by the owner of that truth."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from daemon.domain.instants import day_of
from daemon.domain.money import sum_known
from daemon.domain.orders.words import Product, Side
from daemon.messages.arming import AccountArmed
from daemon.messages.control import Latched


class HeldSeen(Struct, frozen=True):
    """A position of one leg by our book, in units and sums of price x units.

    Attributes:
        product: how it is held.
        resident_quantity: units that stops at the broker may still buy back; 0: none rests.
        resident_trigger_e4: what wakes the first of them.
    """

    account: str
    strategy_id: str
    leg_id: str
    symbol: str
    net_quantity: int
    bought_quantity: int
    bought_value_e4: int
    sold_quantity: int
    sold_value_e4: int
    resident_quantity: int = 0
    resident_trigger_e4: int = 0
    product: Product = Product.INTRADAY


class AccountSeen(Struct, frozen=True):
    """An account as its router knows it.

    Attributes:
        account: its id.
        broker: the canonical id of its broker.
        reconciled: our books were held against the broker's since the start.
        paused: why entries of the whole account are paused; empty: they are not.
        latches: those that stand.
        held: positions, flat ones of today included.
        differing: symbols in which the broker shows another position, with the product if carried.
        exits_owed: ids of exits not finished.
        working: orders that may still fill.
        entries_left: calls for entries that the message budget lets out at once.
        exits_left: the same for exits, which may use every slot.
        live: its broker trades with money.
        armed: by whom and for which day it is armed; None: it is not.
        unread: why the broker's book could not be read just now; empty: it could, or was not tried.
        overdue: when the book was read last, where a reading since is overdue; empty: none is.
    """

    account: str
    broker: str
    reconciled: bool
    paused: str
    latches: tuple[Latched, ...]
    held: tuple[HeldSeen, ...]
    differing: tuple[str, ...]
    exits_owed: tuple[str, ...]
    working: int
    entries_left: int = 0
    exits_left: int = 0
    live: bool = False
    armed: AccountArmed | None = None
    unread: str = ""
    overdue: str = ""


class StrategySeen(Struct, frozen=True):
    """A strategy as its runner knows it: whether it takes entries, and what it waits for.

    Attributes:
        strategy_id: which one.
        taking: whether it takes entries.
        status: what it waits for.
        live: it opted in to trade at live brokers.
    """

    strategy_id: str
    taking: bool
    status: str
    live: bool = False


class LegSeen(Struct, frozen=True):
    """One leg under watch; prices and amounts in `_e4`, 0 where there is none.

    Attributes:
        leg_id: the leg of its strategy.
        symbol: of what.
        side: which way it was entered.
        quantity: units held; below zero short; what is flat needs no guard.
        entry_e4: the average entry price.
        ltp_e4: the newest last price.
        age_ms: how old that is, in market time; -1: no price is known.
        realised_e4: profit of what is closed.
        unrealised_e4: profit of what is open; None: no price of it has ever come.
        stop_e4: where its stop stands.
        target_e4: where its target stands.
        unguarded_because: every reason why it is not guarded; empty: it is.
        followed_e4: up to where its stop has followed the price.
    """

    leg_id: str
    symbol: str
    side: Side
    quantity: int
    entry_e4: int
    ltp_e4: int
    age_ms: int
    realised_e4: int
    unrealised_e4: int | None
    stop_e4: int
    target_e4: int
    unguarded_because: tuple[str, ...] = ()
    followed_e4: int = 0

    @property
    def pnl_e4(self) -> int | None:
        """Realised and unrealised; None: no price of what is open has ever come."""
        return sum_known((self.realised_e4, self.unrealised_e4))


class DeclarationSeen(Struct, frozen=True):
    """How a strategy is written: its plan as JSON, and the name of its file; empty: it has none."""

    strategy_id: str
    declaration: str
    file: str


class WatchSeen(Struct, frozen=True):
    """A strategy under watch; amounts in `_e4`, before charges but for `charges_e4`.

    Attributes:
        strategy_id: whose.
        status: `entering`, `open`, `leaving` or `flat`.
        lock: `NONE` or `LOCKED`.
        current_sl_e4: the floor under its profit, or where the nearer of its stop and its combined
            premium stop fires, the latter only where options are all it holds; 0 where it is not
            `LOCKED`: none.
        pnl_e4: realised and unrealised, since its entry; None: not known, as the latter.
        realised_e4: of what is closed.
        unrealised_e4: of what is open; None: of some of it no price has ever come.
        charges_e4: of today's fills; None where no table knows them.
        legs: in the order of the plan.
        account: the mark of the account that it is watched in.
        basket_id: of the entry; empty for what no entry holds.
        best_e4: the profit that last moved the floor.
        today_e4: of its profit what was made today, as the account's limits count it; None: nobody
            knows its profit, or what it was worth when the day before ended.
    """

    strategy_id: str
    status: str
    lock: str
    current_sl_e4: int
    pnl_e4: int | None
    realised_e4: int
    unrealised_e4: int | None
    charges_e4: int | None
    legs: tuple[LegSeen, ...]
    account: str = ""
    basket_id: str = ""
    best_e4: int = 0
    today_e4: int | None = None


class FloorSeen(Struct, frozen=True):
    """The floor under an account's day, once there is one; `account` is its mark."""

    day: date
    floor_e4: int
    best_e4: int
    account: str = ""


class RiskSeen(Struct, frozen=True):
    """Everything under watch, at one market instant.

    Attributes:
        at_ns: the instant.
        link_alive: the feed's link beats.
        watches: every entry of the day, and what no entry holds.
        account: the mark of the account, where it is of one.
        floors: under the days of accounts.
        day: the last that began, whose figures these are; None: none did, or nobody says.
        priced: a price has come since the start; before it, nobody knows whether the link lives.
    """

    at_ns: int
    link_alive: bool
    watches: tuple[WatchSeen, ...]
    account: str = ""
    floors: tuple[FloorSeen, ...] = ()
    day: date | None = None
    priced: bool = True

    def whose_day(self) -> date:
        """Return the day whose figures these are; that of the instant where nobody says."""
        return self.day or day_of(self.at_ns)

    def guarded(self) -> tuple[int, int]:
        """Return how many open legs are guarded, and how many are open."""
        legs = [leg for watch in self.watches for leg in watch.legs if leg.quantity]
        return sum(not leg.unguarded_because for leg in legs), len(legs)


class PriceSeen(Struct, frozen=True):
    """The newest price of a symbol; 0 where there is none.

    Attributes:
        symbol: of what.
        ltp_e4: the last traded price.
        bid_e4: the best bid.
        ask_e4: the best ask.
        age_ms: how old it is, in market time.
        stale: its link has been dead since, or another day has begun.
    """

    symbol: str
    ltp_e4: int
    bid_e4: int
    ask_e4: int
    age_ms: int
    stale: bool


class PnlFrame(Struct, frozen=True):
    """What people see move, whole, so that one may be skipped but for its prices and what is gone.

    Attributes:
        at_ns: the market instant.
        risk: everything under watch.
        prices: what was quoted, or went stale, since the frame before.
        gone: symbols of an earlier frame that are over, and have no price any more; one that is
            quoted all the same is among the prices too.
    """

    at_ns: int
    risk: RiskSeen
    prices: tuple[PriceSeen, ...]
    gone: tuple[str, ...] = ()
