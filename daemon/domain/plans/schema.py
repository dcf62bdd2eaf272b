"""The tables of a strategy file: one struct for each, as data.

A key that stands here is taken and obeyed. One that is named in `later` is known and refused until
it is; any other is unknown and refused. So no key of a strategy is ever ignored. Amounts are
`Decimal` as they were written; `risk_rules` and `strikes` turn them into integers.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from daemon.domain.market.instruments import Kind
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import Product, Side
from daemon.domain.plans.words import (
    AccountId,
    AtmSteps,
    Basis,
    CheckOn,
    DayCount,
    ExpiryWord,
    Floor,
    LegId,
    Lots,
    Milliseconds,
    OnLegStop,
    Percent,
    Pick,
    Points,
    Price,
    Rank,
    Rupees,
    StrategyId,
    Underlying,
    WallTime,
    Weekday,
)
from daemon.domain.risk.words import Mark

LEGS_MOST = 20
LATER = "D"
"""The letter of the version that brings most of what is refused by name."""


class Table(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all tables of a strategy share.

    Attributes:
        one_of: keys of which exactly one must be given.
        later: keys, and `key=value` pairs, that are known and not brought yet, with the letter
            of the version that brings them ("" where it has none).
        example: how the table is written, for a refusal.
    """

    one_of: ClassVar[tuple[str, ...]] = ()
    later: ClassVar[dict[str, str]] = {}
    example: ClassVar[str] = "{ ... }"


class MaxSpread(Table, frozen=True):
    """The widest (ask - bid) / mid that a leg is entered on."""

    example: ClassVar[str] = "{ percent = 5 }"
    percent: Percent


class Legging(Table, frozen=True):
    """What happens while some legs are filled and others are not."""

    example: ClassVar[str] = '{ timeout_ms = 5000, on_fail = "unwind" }'
    timeout_ms: Milliseconds = 5_000
    on_fail: Annotated[OnFail, Meta(description='"unwind" or "keep"')] = OnFail.UNWIND


class Entry(Table, frozen=True):
    """When a position is entered, and what forbids it."""

    later: ClassVar[dict[str, str]] = dict.fromkeys(
        ("range_breakout", "momentum", "premium", "signal"), LATER
    )
    example: ClassVar[str] = '{ at = "09:20:00" }'
    at: WallTime
    no_later_than: WallTime | None = None
    max_spread: MaxSpread | None = None
    legging: Legging = Legging()


class Exit(Table, frozen=True):
    """When a position is left whatever it is worth."""

    later: ClassVar[dict[str, str]] = dict.fromkeys(("days_before_expiry", "first_check"), LATER)
    example: ClassVar[str] = '{ at = "15:20:00" }'
    at: WallTime


class Expiry(Table, frozen=True):
    """An expiry by its rank (1 is the nearest) or by its date."""

    one_of: ClassVar[tuple[str, ...]] = ("rank", "date")
    example: ClassVar[str] = "{ date = 2026-11-23 }"
    rank: Rank | None = None
    date: Annotated[date, Meta(description="a day such as 2026-11-23")] | None = None


class Strike(Table, frozen=True):
    """A strike by its distance from the money, by its price, or by its premium."""

    one_of: ClassVar[tuple[str, ...]] = ("atm", "exact", "premium")
    later: ClassVar[dict[str, str]] = dict.fromkeys(
        (
            "premium_between",
            "delta",
            "straddle_width",
            "straddle_premium_percent",
            "atm_percent",
        ),
        LATER,
    )
    example: ClassVar[str] = "{ atm = 0 }"
    atm: AtmSteps | None = None
    exact: Price | None = None
    premium: Price | None = None
    pick: Annotated[Pick, Meta(description='"closest", "at_least" or "at_most"')] | None = None


class Away(Table, frozen=True):
    """How far from the entry price: a share of it, or points."""

    one_of: ClassVar[tuple[str, ...]] = ("percent", "points")
    example: ClassVar[str] = "{ percent = 30 }"
    percent: Percent | None = None
    points: Points | None = None


class Stop(Away, frozen=True):
    """Where a leg is given up."""

    later: ClassVar[dict[str, str]] = dict.fromkeys(
        ("underlying_points", "underlying_percent", "range_opposite"), LATER
    )


class Target(Away, frozen=True):
    """Where a leg has earned enough."""

    example: ClassVar[str] = "{ percent = 60 }"


class TrailStep(Away, frozen=True):
    """One step of a trail."""

    example: ClassVar[str] = "{ points = 10 }"


class LegTrail(Table, frozen=True):
    """For every whole `every` in our favour the stop follows `by`."""

    example: ClassVar[str] = "{ every = { points = 10 }, by = { points = 5 } }"
    every: TrailStep
    by: TrailStep


class Leg(Table, frozen=True):
    """One contract of a strategy, and the rules that it is held to."""

    later: ClassVar[dict[str, str]] = dict.fromkeys(
        ("wait", "on_stop", "on_target", "move_to_cost"), LATER
    )
    example: ClassVar[str] = "[[legs]]"
    side: Annotated[Side, Meta(description='"buy" or "sell"')]
    instrument: Annotated[Kind, Meta(description='"CE", "PE", "FUT" or "EQ"')]
    id: LegId = ""
    lots: Lots = 1
    expiry: (
        Annotated[
            ExpiryWord,
            Meta(
                description='"weekly", "next_weekly", "monthly", "next_monthly", '
                "{ rank = 2 } or { date = 2026-11-23 }"
            ),
        ]
        | Expiry
        | None
    ) = None
    strike: Strike | None = None
    stop: Stop | None = None
    target: Target | None = None
    trail: LegTrail | None = None


class CombinedPremiumStop(Away, frozen=True):
    """How far the sum of the options' premiums may move against us.

    It counts from what the sold legs brought less what the bought ones cost, or the other way round
    where these cost more.
    """

    example: ClassVar[str] = "{ percent = 25 }"


class Bound(Table, frozen=True):
    """A profit or a loss of the whole strategy: rupees, or a share of the entry premium."""

    one_of: ClassVar[tuple[str, ...]] = ("rupees", "premium_percent")
    example: ClassVar[str] = "{ rupees = 6000 }"
    rupees: Rupees | None = None
    premium_percent: Percent | None = None


class LockAndTrail(Table, frozen=True):
    """Keep part of a profit once it was there; in rupees."""

    example: ClassVar[str] = "{ at = 3000, lock = 1500, every = 500, by = 250 }"
    at: Rupees
    lock: Floor
    every: Rupees | None = None
    by: Rupees | None = None


class Risk(Table, frozen=True):
    """What the strategy as a whole is held to."""

    later: ClassVar[dict[str, str]] = dict.fromkeys(
        ("trail", "reenter", "check_on=candle_close"), LATER
    )
    example: ClassVar[str] = "{ stop = { rupees = 6000 } }"
    combined_premium_stop: CombinedPremiumStop | None = None
    stop: Bound | None = None
    target: Bound | None = None
    lock_and_trail: LockAndTrail | None = None
    on_leg_stop: Annotated[OnLegStop, Meta(description='"leg" or "all"')] = OnLegStop.LEG
    mark: Annotated[Mark, Meta(description='"ltp" or "touch"')] = Mark.LTP
    check_on: Annotated[CheckOn, Meta(description='"tick"')] = CheckOn.TICK


class Buffer(Table, frozen=True):
    """How far past the touch an entry may pay."""

    example: ClassVar[str] = "{ percent = 2 }"
    percent: Percent


class ResidentStop(Table, frozen=True):
    """How far beyond a short's entry, or its own stop, a stop rests at the broker."""

    example: ClassVar[str] = "{ beyond_percent = 20 }"
    beyond_percent: Percent


class Order(Table, frozen=True):
    """How entries are worked; exits follow the exit ladder.

    Attributes:
        resident_stop: a wide stop of each short that rests at the broker; None: there is none.
    """

    example: ClassVar[str] = "{ unfilled_after_ms = 1500 }"
    buffer: Buffer = Buffer(Decimal(2))
    unfilled_after_ms: Milliseconds = 1_500
    resident_stop: ResidentStop | None = None


class Plan(Table, frozen=True):
    """A whole strategy, as it was written; what was not written has its default.

    Attributes:
        accounts: empty: the first account of the settings.
        days_to_expiry: trading days left until the nearest expiry of its legs.
        live: it may trade live when its account is armed.
    """

    id: StrategyId
    underlying: Underlying
    entry: Entry
    exit: Exit
    legs: tuple[Leg, ...]
    basis: Annotated[Basis, Meta(description='"spot", "future" or "synthetic"')] = Basis.SPOT
    product: Annotated[Product, Meta(description='"intraday" or "carry"')] = Product.INTRADAY
    accounts: Annotated[
        tuple[AccountId, ...], Meta(description="the ids of accounts in a list, each once")
    ] = ()
    days: Annotated[
        tuple[Weekday, ...], Meta(description='days in a list, such as ["mon", "tue"]')
    ] = tuple(Weekday)[:5]
    days_to_expiry: Annotated[
        tuple[DayCount, ...] | Literal["any"],
        Meta(description="whole numbers of days in a list, such as [0, 1]"),
    ] = "any"
    live: Annotated[bool, Meta(description="true or false")] = False
    risk: Risk = Risk()
    order: Order = Order()
