"""What is told: the forms of every answer.

Amounts are rupees as JSON numbers, for this is the edge. Instants are ISO 8601 in Indian
time. What has no value is null, never 0.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

from daemon.domain.orders.arming import Mode
from daemon.domain.orders.words import OrderType, Product, Purpose, Side, State


class Told(Struct, frozen=True, kw_only=True):
    """Whatever is told; `mode`: whose money it is, of the account where one is meant."""

    mode: Mode


class LatchTold(Told, frozen=True):
    """A latch that stands; `at` null: whoever pulled it did not know the market's time."""

    latch_id: str
    kind: str
    scope: str
    id: str
    reason: str
    by: str
    at: str | None


class RestingTold(Struct, frozen=True):
    """Units that a stop at the broker may still buy back, and what wakes it first."""

    quantity: int
    trigger_price: float | None


class PositionTold(Told, frozen=True):
    """A position of one leg; `quantity` below zero is short; `resident_stop` null: none rests."""

    account: str
    strategy_id: str
    leg_id: str
    symbol: str
    quantity: int
    average_price: float | None
    bought_quantity: int
    bought_value: float
    sold_quantity: int
    sold_value: float
    resident_stop: RestingTold | None
    product: Product


class UnreadTold(Told, frozen=True):
    """An account whose book at its broker was not read since the start, or is not any more.

    Whatever else is told of it is our own record alone; nothing in that means that it is flat.
    One in which nobody trades is told of where it has no session for the prices that come through
    it. `session` is the state of its session; empty: nobody says.
    """

    account: str
    session: str
    text: str


class ArmTold(Struct, frozen=True):
    """A person's word that an account may be entered until `day` ends, and since when it counts."""

    day: str
    by: str
    reason: str
    at: str


class AccountTold(Told, frozen=True):
    """An account; `differing`: symbols in which the broker shows another position.

    One that differs in what is carried has `carry` behind it. `armed` null: it is not, so that no
    entry leaves where money is traded with; on paper none is needed.
    """

    account: str
    broker: str
    reconciled: bool
    paused: str
    differing: tuple[str, ...]
    exits_owed: tuple[str, ...]
    working: int
    armed: ArmTold | None


class StrategyTold(Told, frozen=True):
    """A strategy: whether it takes entries, and what it waits for; `account` is its first.

    Without `live` it takes none at live brokers, whatever else it says.
    """

    strategy_id: str
    account: str
    accounts: tuple[str, ...]
    taking: bool
    status: str
    live: bool


class DeclarationTold(StrategyTold, frozen=True, kw_only=True):
    """A strategy, and how it is written: the plan without what has its default."""

    declaration: Annotated[Raw, Meta(extra_json_schema={"$ref": "#/components/schemas/Plan"})]
    source: Literal["file", "declared"]


class StrategiesTold(Told, frozen=True):
    """Every strategy."""

    strategies: tuple[StrategyTold, ...]


class SessionTold(Told, frozen=True):
    """The way to a broker."""

    account: str
    broker: str
    reconciled: bool


class CodeTold(Struct, frozen=True):
    """Which code, settings and schema of the ledger decide in this run."""

    version: str
    code_sha256: str
    settings_sha256: str
    schema_number: int


class LeftOutTold(Struct, frozen=True):
    """A strategy that could not be read, or is gone and holds something; and what to do."""

    strategy_id: str
    text: str


class StatusTold(Told, frozen=True):
    """How things stand."""

    state: Literal["running", "paused", "reduce_only", "halted"]
    latches: tuple[LatchTold, ...]
    market_time: str
    accounts: tuple[AccountTold, ...]
    strategies: tuple[StrategyTold, ...]
    sessions: tuple[SessionTold, ...]
    code: CodeTold | None
    unread: tuple[UnreadTold, ...]
    left_out: tuple[LeftOutTold, ...]


class PriceTold(Told, frozen=True):
    """The newest price of a symbol; `source` is the feed, or a feed that is dead."""

    symbol: str
    ltp: float | None
    bid: float | None
    ask: float | None
    age_ms: int
    stale: bool
    source: str


class OrderTold(Told, frozen=True):
    """An order and what is known of it."""

    order_id: str
    account: str
    strategy_id: str
    leg_id: str
    symbol: str
    side: Side
    quantity: int
    filled_quantity: int
    remaining_quantity: int
    average_price: float | None
    order_type: OrderType
    price: float | None
    trigger_price: float | None
    purpose: Purpose
    state: State
    broker_order_id: str
    reason: str
    decided_at: str
    at: str
    product: Product


class OrdersTold(Told, frozen=True):
    """Orders, oldest first within each account; `unread`: where a broker may have others."""

    orders: tuple[OrderTold, ...]
    unread: tuple[UnreadTold, ...]


class PlacedTold(Told, frozen=True):
    """What became of an order in one account; `code` is empty where it was taken."""

    account: str
    broker: str
    status: str
    order_id: str
    broker_order_id: str
    reason: str
    code: str


class OrderAnswer(Told, frozen=True):
    """What became of an order in each account that it was asked for."""

    request_id: str
    results: tuple[PlacedTold, ...]


class LegTold(Struct, frozen=True):
    """A leg under watch."""

    leg_id: str
    symbol: str
    side: Side
    quantity: int
    entry: float | None
    ltp: float | None
    age_ms: int | None
    pnl: float | None
    stop: float | None
    target: float | None
    guarded: bool
    unguarded_because: tuple[str, ...]


class RiskTold(Struct, frozen=True):
    """How a strategy's profit is held."""

    status: str
    current_sl: float | None


class WatchTold(Told, frozen=True):
    """Profit and legs of an entry of a strategy; profit is before charges.

    `basket_id` is empty for what no entry holds. `pnl` is since the entry, and `today` what of it
    was made today: null where nobody knows what it was worth when the day before ended. Both are
    null, and `unrealised`, where something open never had a price.
    """

    strategy_id: str
    account: str
    basket_id: str
    status: str
    pnl: float | None
    today: float | None
    realised: float
    unrealised: float | None
    charges: float | None
    risk: RiskTold
    legs: tuple[LegTold, ...]


class ProfitTold(Told, frozen=True, omit_defaults=True):
    """A profit since the entries, and what of it was made today; null where it is not known.

    `charges` are today's, and null where no table knows them.
    """

    id: str
    pnl: float | None
    today: float | None
    realised: float
    unrealised: float | None
    charges: float | None
    account: str = ""


class DayProfitTold(Told, frozen=True, omit_defaults=True):
    """What was made on a day: `pnl`, of which `since_entry` counts the days before as well.

    `pnl` is null where nobody knows what was held was worth when the day before ended. `realised`
    and `unrealised` are parts of `since_entry`; `charges` null where no table knows them. All but
    `realised` and `charges` are null where something open never had a price.
    """

    id: str
    pnl: float | None
    since_entry: float | None
    realised: float
    unrealised: float | None
    charges: float | None
    account: str = ""


class SnapshotTold(Told, frozen=True):
    """Positions and profit, per account and strategy; of accounts that are `unread` not all.

    `quotes_asked`: the link is dead, and the quotes of what is held are asked for once a second.
    """

    at: str
    link_alive: bool
    quotes_asked: bool
    positions: tuple[PositionTold, ...]
    accounts: tuple[ProfitTold, ...]
    strategies: tuple[WatchTold, ...]
    unread: tuple[UnreadTold, ...]


class DailyTold(Told, frozen=True):
    """The profit of a day: `date`, the last that began; of accounts that are `unread` not all.

    `totals` has one sum for each mode, live first: money and what is simulated are never added up.
    `total` is the first of them.
    """

    date: str
    at: str
    total: DayProfitTold
    totals: tuple[DayProfitTold, ...]
    accounts: tuple[DayProfitTold, ...]
    strategies: tuple[DayProfitTold, ...]
    unread: tuple[UnreadTold, ...]


Description = dict[str, Any]
"""The OpenAPI document."""
