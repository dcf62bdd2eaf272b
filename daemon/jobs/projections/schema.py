"""Which tables there are, and which fact is told in which of them.

A fact puts those of its fields into a table that have a column there. What is worked out, because
it hangs on more than one fact, is put by the fold: orders, fills, trades and their stops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from daemon import messages as m
from daemon.domain.orders import words as orders
from daemon.domain.risk.moves import LevelMoved
from daemon.messages import Fact
from daemon.storage.codec import FACTS
from daemon.storage.tables.keeping import Group
from daemon.storage.tables.words import Kind, Table

_FLAGS = frozenset({"declared", "takes_entries", "answered", "settled"})
_WHOLES = frozenset(
    {"number", "quantity", "lot", "generation", "trade", "status_code", "entry_signal"}
)
_ENDS = ("_e4", "_ns", "_quantity")


def _kind(name: str) -> Kind:
    if name in _FLAGS:
        return Kind.FLAG
    return Kind.WHOLE if name in _WHOLES or name.endswith(_ENDS) else Kind.TEXT


def _table(name: str, columns: str, key: str = "number", *indexes: str) -> Table:
    """Return a table; every row names the newest record that it rests on, and its instant."""
    names = ("number", "at_ns", *columns.split())
    return Table(
        name,
        {each: _kind(each) for each in names},
        tuple(key.split()),
        (("at_ns",), *(tuple(each.split()) for each in indexes)),
    )


_LEG = "account strategy_id leg_id"
_TRADED = f"{_LEG} symbol side quantity"
_ORDERED = f"{_TRADED} product"

STRATEGIES = _table(
    "strategies",
    "strategy_id version declared declaration takes_entries changed_by because",
    "strategy_id",
)
INSTRUMENTS = _table(
    "instruments",
    "symbol underlying kind expiry strike_e4 lot freeze_quantity tick_e4",
    "symbol",
    "underlying expiry",
)
SIGNALS = _table(
    "signals",
    "account strategy_id signal basket_id basis_e4 reason pnl_e4 legs",
    "number",
    "strategy_id at_ns",
    "basket_id",
)
INTENTS = _table(
    "intents",
    f"{_ORDERED} intent_id order_type price_e4 trigger_e4 purpose parent decided_ns deadline_ns",
    "intent_id",
    "strategy_id at_ns",
    "symbol at_ns",
    "parent",
)
ORDERS = _table(
    "orders",
    f"{_ORDERED} intent_id broker_order_id state filled_quantity filled_value_e4"
    " remaining_quantity refusal text trade",
    "intent_id",
    "strategy_id at_ns",
    "symbol at_ns",
    "broker_order_id",
    "trade",
)
FILLS = _table(
    "fills",
    f"{_ORDERED} intent_id broker_order_id value_e4 price_e4 trade",
    "number",
    "strategy_id at_ns",
    "symbol at_ns",
    "intent_id",
    "trade",
)
POSITIONS = _table(
    "positions",
    f"{_LEG} symbol product side bought_quantity bought_value_e4 sold_quantity sold_value_e4"
    " net_quantity settled",
    _LEG,
    "symbol",
)
TRADES = _table(
    "trades",
    f"{_TRADED} trade day entry_ns entry_e4 exit_ns exit_e4 exit_reason pnl_e4 charges_e4"
    " net_quantity stop_e4 basket_id entry_signal basis_e4 version rules",
    "trade",
    "entry_ns",
    "exit_ns",
    "strategy_id entry_ns",
    "symbol entry_ns",
    "basket_id",
)
STOPS = _table("stops", f"{_LEG} move from_e4 to_e4 best_e4 trade", "number", "trade")
STRATEGY_EVENTS = _table(
    "strategy_events", "account strategy_id kind body", "number", "strategy_id at_ns"
)
STRATEGY_DAYS = _table(
    "strategy_days",
    "account strategy_id day basket_id low_ns low_e4 high_ns high_e4 last_ns last_e4 status"
    " floor_e4",
    "account strategy_id day basket_id",
    "day",
)
SESSIONS = _table("sessions", "account generation", "account generation")
IDEMPOTENCY_KEYS = _table(
    "idempotency_keys", "request_id digest host_ns answered status_code answer", "request_id"
)
AUDIT = _table("audit", "actor account kind done_by body", "number", "kind at_ns", "done_by at_ns")

PROJECTIONS = Group(
    "projections",
    (
        *(STRATEGIES, INSTRUMENTS, SIGNALS, INTENTS, ORDERS, FILLS, POSITIONS, TRADES, STOPS),
        *(STRATEGY_EVENTS, STRATEGY_DAYS, SESSIONS, IDEMPOTENCY_KEYS, AUDIT),
    ),
    form=2,
)
"""All of them, in the order in which they are told of."""


class Into(Struct, frozen=True):
    """How a fact goes into a table.

    Attributes:
        table: which.
        fields: column -> the field that it is taken from, where their names differ.
        given: column -> what stands there for every such fact.
        of: tells more of a fact, by column; None: the fact says it all.
    """

    table: Table
    fields: dict[str, str] = {}
    given: dict[str, Any] = {}
    of: Callable[[Any], dict[str, Any]] | None = None


def _marks(fact: m.DayMarked) -> dict[str, Any]:
    """Return a day of an entry with each mark as an instant and an amount."""
    told = {name: getattr(fact, name) for name in ("day", "basket_id", "status", "floor_e4")}
    for name in ("low", "high", "last"):
        told[f"{name}_ns"], told[f"{name}_e4"] = getattr(fact, name) or (None, None)
    return told


_BY = {"changed_by": "by"}
_ASKED = Into(IDEMPOTENCY_KEYS, given={"answered": False})
_TOLD: dict[type[Fact], tuple[Into, ...]] = {
    m.StrategyDeclared: (Into(STRATEGIES, _BY, {"declared": True, "takes_entries": False}),),
    m.StrategyRemoved: (Into(STRATEGIES, _BY, {"declared": False, "takes_entries": False}),),
    m.StrategyStarted: (Into(STRATEGIES, _BY, {"takes_entries": True, "because": ""}),),
    m.StrategyStopped: (Into(STRATEGIES, _BY, {"takes_entries": False}),),
    m.BasketOpened: (Into(STRATEGIES, of=lambda fact: {"version": fact.version}),),
    m.EntryDecided: (Into(SIGNALS, given={"signal": "entry"}),),
    m.ExitDecided: (Into(SIGNALS, {"legs": "leg_ids"}, {"signal": "exit"}),),
    orders.IntentRecorded: (Into(INTENTS, of=lambda fact: asdict(fact.intent)),),
    m.PositionChanged: (Into(POSITIONS),),
    m.LegExpired: (Into(POSITIONS, given={"net_quantity": 0}),),
    LevelMoved: (Into(STOPS),),
    m.DayMarked: (Into(STRATEGY_DAYS, of=_marks),),
    m.SessionReady: (Into(SESSIONS),),
    m.RequestBegun: (_ASKED,),
    m.RequestAnswered: (
        Into(IDEMPOTENCY_KEYS, {"status_code": "status", "answer": "body"}, {"answered": True}),
    ),
}
_WORKED_OUT = frozenset(
    {orders.OrderAccepted, orders.OrderRefused, orders.OutcomeUnknown}
    | {orders.ConfirmationWanted, orders.OrderParked, orders.OrderUpdated}
)
_EVENT, _AUDITED, _DONE = Into(STRATEGY_EVENTS), Into(AUDIT), Into(AUDIT, {"done_by": "by"})


def _told(kind: type[Fact]) -> tuple[Into, ...]:
    """Return where facts of a type are told: a strategy's among its events as well.

    What a person did is audited, and so is what stands in no other table.
    """
    fields = kind.__struct_fields__
    told = _TOLD.get(kind, ())
    if "strategy_id" in fields or kind is m.BasketOpened:
        told += (_EVENT,)
    if "by" in fields:
        told += (_DONE,)
    elif not (told or kind in _WORKED_OUT):
        told += (_AUDITED,)
    return told


TOLD: dict[type[Fact], tuple[Into, ...]] = {kind: _told(kind) for kind in FACTS}
"""Every type of fact -> how it goes into tables; what the fold works out comes on top."""
