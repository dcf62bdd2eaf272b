"""Every setting: its section, key, bounds and preset. What is preset runs on paper as it stands.

A field is called by its unit (`cash_e4`), a key as a trader writes it (`cash`). What the domain
presets (limits, the exit ladder) is taken from there, so that each preset has one home. Sections
and keys that come later are known by name, and refused by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import field

from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.money import E4, e4
from daemon.domain.orders.ladder import Ladder
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.parents import TAKEN
from daemon.domain.orders.storm import REFUSALS, REPEATS
from daemon.settings.broker_terms import Broker, presets
from daemon.settings.brokers import HEADLESS_LOGIN, canonical, prices_of
from daemon.settings.guardian import Guardian
from daemon.settings.history import HistorySettings
from daemon.settings.hot_state import HotState
from daemon.settings.kinds import (
    Amount,
    Day,
    Location,
    Many,
    OneOf,
    Speed,
    Switch,
    Text,
    Translated,
    Whole,
    percent,
    rupees,
)
from daemon.settings.ledger import LEDGER_URL, ledger_url
from daemon.settings.live import RULES
from daemon.settings.looking import Logs, Telemetry
from daemon.settings.own_rules import Market
from daemon.settings.sinks import SinkSettings
from daemon.settings.tables import Listed, Named, Rule, Table
from daemon.settings.web import Web

_LIMITS = Limits()
_LADDER = Ladder()
_MINUTE_NS = 60 * SECOND_NS
_LATER_SECTIONS = ("auth",)
_ID = Text(r"[a-z][a-z0-9-]{0,31}", 'small letters, digits and dashes, at most 32, such as "paper"')
_STRATEGY = Text(
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", 'the id of a strategy, such as "nifty-short-straddle"'
)


class Mode(StrEnum):
    """Whose money is traded with."""

    PAPER = "paper"
    LIVE = "live"


class FeedKind(StrEnum):
    """Where prices come from."""

    GENERATED = "generated"
    REPLAY = "replay"
    BROKER = "broker"


class StalePolicy(StrEnum):
    """What becomes of open positions while prices stay stale."""

    HOLD = "hold"
    FLATTEN = "flatten"


class Daemon(Table, frozen=True):
    """`[daemon]`: where it keeps its records, and what it may do."""

    later: ClassVar[tuple[str, ...]] = ("durability", "busy_poll")
    state_dir: Annotated[Path, Location()] = Path("state")
    mode: Annotated[Mode, OneOf(Mode)] = Mode.PAPER


class LedgerSettings(Table, frozen=True):
    """`[ledger]`: where every fact is recorded; a replay has a folder of its own for it.

    Attributes:
        url: where that is.
        flush_ms: how long the disk may take to have it; then the ledger has failed.
    """

    later: ClassVar[tuple[str, ...]] = ("pool", "pool_overflow")
    url: Annotated[str, Translated(f'"{LEDGER_URL}"', ledger_url)] = LEDGER_URL
    flush_ms: Annotated[int, Whole(50, 10_000, "milliseconds")] = 250


class Feed(Table, frozen=True):
    """`[feed]`: where prices come from.

    Attributes:
        kind: `generated`: made by chance from the seed; `replay`: recorded days;
            `broker`: those of a broker, as they are.
        broker: of accounts on paper alone, whose prices they see; they come through an account
            `prices`, which logs in and never trades. None: through the first of [[accounts]] that
            is at a broker.
        path: what is replayed, a recording or a folder of them; None: the one that comes with Ordo.
        first_day: the first generated day; one without a session stands for the next with one. The
            calendar knows it, which is judged once the operator's own rules are laid over that.
        speed_e4: market seconds per second of the wall clock, in `_e4`; 0: as fast as it goes.
        seed: of everything that is left to chance on paper, a generated market included.
        interval_ms: how far apart frames are; 0: a second where they are generated, else learned.
    """

    kind: Annotated[FeedKind, OneOf(FeedKind, ("twelve_data",))] = FeedKind.GENERATED
    broker: Annotated[str, Translated('"zerodha"', prices_of)] | None = None
    path: Annotated[Path, Location()] | None = None
    first_day: Annotated[date, Day()] = date(2026, 3, 9)
    speed_e4: Annotated[int, Speed(Amount(Decimal("0.01"), Decimal(10_000), "a factor"))] = field(
        default=60 * E4, name="speed"
    )
    seed: Annotated[int, Whole(0, 2**32 - 1)] = 1
    interval_ms: Annotated[int, Whole(0, 600_000, "milliseconds")] = 0


class ProfitLock(Table, frozen=True):
    """`profit_lock` of an account: from a profit `at` on, a floor `lock` that trails it."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            ("lock", "at"),
            lambda lock, at: lock < at,
            "is not below `at`",
            "lock less than the profit that it begins at",
        ),
        Rule(
            ("every", "by"),
            lambda every, by: bool(every) == bool(by),
            "stands alone",
            "write both `every` and `by`, or neither",
        ),
        Rule(
            ("by", "every"),
            lambda by, every: not every or by <= every,
            "is more than `every`, so the floor would overtake the profit",
            "write at most `every`",
        ),
    )
    at_e4: Annotated[int, rupees("0.05", "10_000_000_000")] = field(name="at")
    lock_e4: Annotated[int, rupees("0", "10_000_000_000")] = field(name="lock")
    every_e4: Annotated[int, rupees("0.05", "10_000_000_000")] = field(default=0, name="every")
    by_e4: Annotated[int, rupees("0.05", "10_000_000_000")] = field(default=0, name="by")


class Account(Table, frozen=True):
    """`[[accounts]]`: one account with one broker; amounts in `_e4`.

    Attributes:
        owner: whose it is; every record carries it.
        cash_e4: what an account on paper begins with.
        lots_multiplier: how many times the lots of a strategy are traded; its amounts in rupees
            are those of its own lots, and are multiplied as well.
        max_daily_loss_e4: at this loss of a day all that strategies hold is left; 0: no limit. What
            is held by hand is neither counted nor left.
        max_daily_profit_e4: the same of profit; 0: no limit.
        max_lots: possible exposure over all its options and futures.
        max_orders_per_day: orders and cancellations in any 24 hours; a tenth of them is kept for
            exits.
        headless_login: it logs in without a person, by what the vault holds, against what its
            broker asks of its clients.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        HEADLESS_LOGIN,
        Rule(
            ("id",),
            lambda name: name not in TAKEN,
            "is a word that the record tells booked orders by",
            "choose another id, once nothing is open under it",
        ),
    )
    id: Annotated[str, _ID]
    broker: Annotated[str, Translated('the name of a broker, such as "paper"', canonical)]
    owner: Annotated[
        str, Text(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", "a name without blanks, at most 64 letters")
    ] = "owner"
    cash_e4: Annotated[int, rupees("1", "10_000_000_000")] = field(
        default=e4(1_000_000), name="cash"
    )
    lots_multiplier: Annotated[int, Whole(1, 100, "times")] = 1
    max_daily_loss_e4: Annotated[int, rupees("1", "10_000_000_000")] = field(
        default=0, name="max_daily_loss"
    )
    max_daily_profit_e4: Annotated[int, rupees("1", "10_000_000_000")] = field(
        default=0, name="max_daily_profit"
    )
    profit_lock: ProfitLock | None = None
    max_lots: Annotated[int, Whole(1, 100_000, "lots")] = _LIMITS.max_account_lots
    max_orders_per_day: Annotated[int, Whole(10, 5_000, "orders")] = 5_000
    headless_login: Annotated[bool, Switch()] = False


class Risk(Table, frozen=True):
    """`[risk]`: what no order may exceed, and how exits are priced.

    Attributes:
        collar_percent_e4: how far an option's price may lie from its reference.
        collar_least_e4: but at least this far.
        linear_collar_percent_e4: the same share for futures and equities.
        collar_ticks: the reference is the median of so many of the newest prices.
        max_order_value_e4: premium or price x units of one order of options or equities.
        max_notional_e4: strike x units of one short option order, price x units of a future.
        max_equity_value_e4: possible exposure in one equity.
        max_entries: how often a strategy may decide an entry in `max_entries_minutes` before it is
            stopped.
        refusal_storm: so many refusals for one reason in `refusal_storm_ms` stop a strategy.
        max_margin_percent_e4: the share of the free margin that an entry may take.
        ladder_steps_percent_e4: how far through the touch each attempt of an exit goes.
        ladder_edge_percent_e4: how far inside the price band its last attempt stays.
        ladder_interval_ms: how long an attempt may rest.
        stale_policy: what becomes of shorts, and of long futures and shares, while the feed stays
            silent.
        stale_after_ms: how long it is silent before they are told of, or left.
    """

    max_order_lots: Annotated[int, Whole(1, 10_000, "lots")] = _LIMITS.max_order_lots
    max_instrument_lots: Annotated[int, Whole(1, 100_000, "lots")] = _LIMITS.max_instrument_lots
    max_strategy_lots: Annotated[int, Whole(1, 100_000, "lots")] = _LIMITS.max_strategy_lots
    max_order_value_e4: Annotated[int, rupees("1", "10_000_000_000")] = field(
        default=_LIMITS.max_value_e4, name="max_order_value"
    )
    max_notional_e4: Annotated[int, rupees("1", "100_000_000_000")] = field(
        default=_LIMITS.max_notional_e4, name="max_notional"
    )
    max_equity_value_e4: Annotated[int, rupees("1", "10_000_000_000")] = field(
        default=_LIMITS.max_equity_e4, name="max_equity_value"
    )
    duplicate_window_ms: Annotated[int, Whole(100, 60_000, "milliseconds")] = (
        _LIMITS.duplicate_window_ms
    )
    collar_percent_e4: Annotated[int, percent("0.1", "100")] = field(
        default=_LIMITS.collar_percent_e4, name="collar_percent"
    )
    collar_least_e4: Annotated[int, rupees("0", "1_000")] = field(
        default=_LIMITS.collar_least_e4, name="collar_least"
    )
    linear_collar_percent_e4: Annotated[int, percent("0.1", "20")] = field(
        default=_LIMITS.linear_collar_percent_e4, name="linear_collar_percent"
    )
    collar_ticks: Annotated[int, Whole(1, 100, "prices")] = _LIMITS.collar_ticks
    max_margin_percent_e4: Annotated[int, percent("1", "100")] = field(
        default=_LIMITS.margin_percent_e4, name="max_margin_percent"
    )
    max_entries: Annotated[int, Whole(1, 1_000, "entries")] = REPEATS.most
    max_entries_minutes: Annotated[int, Whole(1, 1_440, "minutes")] = (
        REPEATS.within_ns // _MINUTE_NS
    )
    refusal_storm: Annotated[int, Whole(2, 100, "refusals")] = REFUSALS.most + 1
    refusal_storm_ms: Annotated[int, Whole(100, 600_000, "milliseconds")] = (
        REFUSALS.within_ns // MILLISECOND_NS
    )
    ladder_steps_percent_e4: Annotated[
        tuple[int, ...], Many(percent("0", "50"), 1, 10, rising=True)
    ] = field(default=_LADDER.steps_percent_e4, name="ladder_steps_percent")
    ladder_edge_percent_e4: Annotated[int, percent("0", "20")] = field(
        default=_LADDER.edge_inside_percent_e4, name="ladder_edge_percent"
    )
    ladder_interval_ms: Annotated[int, Whole(100, 60_000, "milliseconds")] = _LADDER.interval_ms
    stale_policy: Annotated[StalePolicy, OneOf(StalePolicy)] = StalePolicy.HOLD
    stale_after_ms: Annotated[int, Whole(1_000, 3_600_000, "milliseconds")] = 60_000


class Strategies(Table, frozen=True):
    """`[strategies]`: where they are, and which take entries from the start."""

    paths: Annotated[tuple[Path, ...], Many(Location(), 1, 20)] = (Path("strategies"),)
    autostart: Annotated[tuple[str, ...], Many(_STRATEGY, 0, 100)] = ("nifty-short-straddle",)


class Alerts(Table, frozen=True):
    """`[alerts]`: how long a person has, before an alert that nobody acknowledges gets louder.

    Attributes:
        acknowledge_s: seconds of market time for a critical alert, at each of its levels.
    """

    acknowledge_s: Annotated[int, Whole(10, 86_400, "seconds")] = 300


class JobSettings(Table, frozen=True):
    """`[jobs]`: what is done at the end of each day.

    Attributes:
        keep_backups_days: for so many days, that of the copy included, copies of the ledger stay.
    """

    keep_backups_days: Annotated[int, Whole(1, 3_650, "days")] = 30


class Settings(Table, frozen=True):
    """All of them, whole and within their bounds."""

    later: ClassVar[tuple[str, ...]] = _LATER_SECTIONS
    rules: ClassVar[tuple[Rule, ...]] = RULES
    daemon: Daemon = Daemon()
    web: Web = Web()
    ledger: LedgerSettings = LedgerSettings()
    hot_state: HotState = HotState()
    history: HistorySettings = HistorySettings()
    market: Market = Market()
    feed: Feed = Feed()
    accounts: Annotated[tuple[Account, ...], Listed("id", 20)] = (
        Account(id="paper", broker="paper"),
    )
    brokers: Annotated[Mapping[str, Broker], Named(canonical)] = field(default_factory=presets)
    risk: Risk = Risk()
    strategies: Strategies = Strategies()
    logs: Logs = Logs()
    telemetry: Telemetry = Telemetry()
    alerts: Alerts = Alerts()
    jobs: JobSettings = JobSettings()
    guardian: Guardian = Guardian()
    sinks: Annotated[tuple[SinkSettings, ...], Listed("id", 20)] = ()
