"""Whether a position is guarded, and every reason why not."""

import msgspec
import pytest

from daemon.domain.risk.guard import Unguarded, Unpriced, Watch, unguarded_because

GUARDED = Watch(
    ruled=True,
    entry_e4=1,
    subscribed=True,
    link_alive=True,
    priced=True,
    looked_ns=100,
    orders_open=True,
)


@pytest.mark.parametrize(
    ("change", "now_ns", "expected"),
    [
        ({}, 100, ()),
        ({}, 105, ()),
        ({}, 106, (Unguarded.NOT_WATCHED,)),
        ({"ruled": False}, 100, (Unguarded.NO_RULE,)),
        ({"entry_e4": 0}, 100, (Unguarded.NO_ENTRY_PRICE,)),
        ({"subscribed": False}, 100, (Unguarded.NOT_SUBSCRIBED,)),
        ({"link_alive": False}, 100, (Unguarded.LINK_DEAD,)),
        ({"priced": False}, 100, (Unguarded.NO_PRICE,)),
        ({"index_silent": True}, 100, (Unguarded.INDEX_SILENT,)),
        ({"unjudged": True}, 100, (Unguarded.OTHER_UNPRICED,)),
        ({"orders_open": False}, 100, (Unguarded.ORDERS_CLOSED,)),
        ({"exit_overdue": True}, 100, (Unguarded.EXIT_OVERDUE,)),
        ({"ruled": False, "link_alive": False}, 100, (Unguarded.NO_RULE, Unguarded.LINK_DEAD)),
    ],
)
def test_every_reason_is_told(
    change: dict[str, object], now_ns: int, expected: tuple[Unguarded, ...]
) -> None:
    """Nothing told is guarded."""
    watch = msgspec.structs.replace(GUARDED, **change)
    assert unguarded_because(watch, now_ns, patience_ns=5) == expected


@pytest.mark.parametrize("reason", list(Unguarded))
def test_every_reason_has_a_sentence(reason: Unguarded) -> None:
    assert len(reason.sentence) > len(reason)


def test_what_nothing_prices_is_said_with_its_symbol() -> None:
    told = Unpriced("s", "ce", "NIFTY-2025-09-02-24550-CE", 1)
    assert told.sentence == (
        "NIFTY-2025-09-02-24550-CE has no price to be judged by: the strategy is not guarded"
    )
