"""Facts and ticks for tests of what stores them: any fact there can be, and a few plain ones."""

from __future__ import annotations

from datetime import date
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Struct

from daemon.domain.market.frames import Frame, Quote
from daemon.domain.orders.words import Intent, OrderType, Purpose, Side
from daemon.runtime.words import Origin
from daemon.storage.codec import FACTS

NOW = 1_756_439_451_000_000_000
ORIGIN = Origin("watchdog", 7, 3)
INTENT = Intent(
    intent_id="OR0000000010000001",
    account="paper",
    strategy_id="straddle",
    leg_id="call",
    symbol="NIFTY-2025-09-02-24550-CE",
    side=Side.SELL,
    quantity=75,
    order_type=OrderType.LIMIT,
    price_e4=1_186_000,
    purpose=Purpose.ENTRY,
    parent="straddle:2025-08-29",
    decided_ns=NOW,
    deadline_ns=NOW + 10**9,
)


def tick(number: int) -> Frame:
    """Return a frame, another for each number; some have more quotes than others."""
    quotes = {f"NIFTY-{place}": Quote(1_000 + number, 999, 75) for place in range(number % 3)}
    return Frame(NOW + number, {"NIFTY": Quote(245_000_000 + number), **quotes})


def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for whatever a field may be annotated with."""
    plain = {
        int: st.integers(-(2**63), 2**63 - 1),
        str: st.text(max_size=12),
        bool: st.booleans(),
        date: st.dates(),
        NoneType: st.none(),
    }
    parts = get_args(kind)
    match get_origin(kind):
        case origin if origin in (UnionType, Union):
            return st.one_of([of_type(part) for part in parts])
        case origin if origin is tuple and parts[-1] is ...:
            return st.lists(of_type(parts[0]), max_size=3).map(tuple)
        case origin if origin is tuple:
            return st.tuples(*map(of_type, parts))
        case origin if origin is dict:
            return st.dictionaries(of_type(parts[0]), of_type(parts[1]), max_size=3)
        case origin if origin is Literal:
            return st.sampled_from(parts)
    if issubclass(kind, Struct):
        hints = get_type_hints(kind)
        return st.builds(kind, **{name: of_type(hints[name]) for name in kind.__struct_fields__})
    return st.sampled_from(kind) if issubclass(kind, Enum) else plain[kind]


ANY_FACT = st.one_of([of_type(kind) for kind in FACTS])
