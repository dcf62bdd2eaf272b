from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import Product, Side
from daemon.domain.plans.parsing import (
    NOTES_MOST,
    encode,
    from_json,
    from_mapping,
    parse,
    version_of,
)
from daemon.domain.plans.schema import Expiry, Strike
from daemon.domain.plans.syntax import LINE_MOST
from daemon.domain.plans.words import Basis, Weekday
from daemon.domain.risk.words import Mark
from daemon.errors import StrategyError
from tests.kit.plans import CALL, SHIPPED, text

RECORDED_DAY = """
id = "recorded-day"
underlying = "NIFTY"
[entry]
at = "09:30:30"
[exit]
at = "15:29:30"
[[legs]]
id = "ce"
side = "sell"
instrument = "CE"
lots = 1
expiry = { date = 2025-09-02 }
strike = { exact = 24550 }
stop = { percent = 400 }
[[legs]]
id = "pe"
side = "sell"
instrument = "PE"
lots = 1
expiry = { date = 2025-09-02 }
strike = { exact = 24550 }
stop = { percent = 400 }
"""

EVERY_KEY = """
id = "every-key"
underlying = "NIFTY"
basis = "synthetic"
product = "carry"
accounts = ["paper"]
days = ["mon", "sat"]
days_to_expiry = [0, 1]
live = true
[entry]
at = 09:20:00
no_later_than = "14:30:00"
max_spread = { percent = 5 }
legging = { timeout_ms = 4000, on_fail = "keep" }
[exit]
at = "15:20:00"
[[legs]]
id = "pe"
side = "sell"
instrument = "PE"
lots = 2
expiry = { rank = 2 }
strike = { premium = 120.5, pick = "at_most" }
stop = { points = 20 }
target = { percent = 60 }
trail = { every = { points = 10 }, by = { points = 5 } }
[[legs]]
side = "buy"
instrument = "FUT"
expiry = "next_monthly"
[risk]
combined_premium_stop = { points = 25 }
stop = { premium_percent = 40 }
target = { rupees = 9000 }
lock_and_trail = { at = 3000, lock = 0, every = 500, by = 500 }
on_leg_stop = "all"
mark = "touch"
check_on = "tick"
[order]
buffer = { percent = 1.5 }
unfilled_after_ms = 2500
resident_stop = { beyond_percent = 20 }
"""


def refusal(file: str | bytes) -> StrategyError:
    with pytest.raises(StrategyError) as caught:
        parse(file)
    return caught.value


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_strategy_is_valid_and_named_as_its_file(path: Path) -> None:
    """What we ship can be taken as it is."""
    assert parse(path.read_bytes()).id == path.stem.replace("_", "-")


def test_a_version_is_that_of_what_was_declared_however_it_was_written():
    """The same plan has one version, and any other plan another."""
    plan = parse(RECORDED_DAY)
    assert version_of(plan) == version_of(from_json(encode(plan)))
    assert version_of(plan) != version_of(msgspec.structs.replace(plan, id="another"))
    assert len(version_of(plan)) == 64


def test_four_strategies_are_shipped() -> None:
    """A straddle, a condor and two strangles."""
    assert [path.stem for path in SHIPPED] == [
        "banknifty_short_strangle",
        "nifty_iron_condor",
        "nifty_short_straddle",
        "sensex_short_strangle",
    ]


def test_what_is_not_written_has_its_default() -> None:
    """A short file is a whole plan."""
    plan = parse(RECORDED_DAY)

    assert (plan.basis, plan.product, plan.accounts, plan.live) == (
        Basis.SPOT,
        Product.INTRADAY,
        (),
        False,
    )
    assert plan.days == tuple(Weekday)[:5]
    assert plan.days_to_expiry == "any"
    assert plan.risk.mark is Mark.LTP
    assert plan.entry.at == time(9, 30, 30)
    assert plan.entry.legging.on_fail is OnFail.UNWIND
    assert plan.order.buffer.percent == Decimal(2)
    assert plan.order.resident_stop is None
    assert [leg.expiry for leg in plan.legs] == [Expiry(date=date(2025, 9, 2))] * 2
    assert plan.legs[0].strike == Strike(exact=Decimal(24550))


def test_every_key_is_taken() -> None:
    """The whole schema in one file, and a leg without an id named by its place."""
    plan = parse(EVERY_KEY)

    assert [leg.id for leg in plan.legs] == ["pe", "leg2"]
    assert plan.legs[1].side is Side.BUY
    assert plan.legs[0].strike is not None
    assert plan.legs[0].strike.premium == Decimal("120.5")


@pytest.mark.parametrize("file", [RECORDED_DAY, EVERY_KEY, *(p.read_text() for p in SHIPPED)])
def test_a_plan_survives_json(file: str) -> None:
    """What the outside is shown can be sent back."""
    plan = parse(file)

    assert from_mapping(msgspec.json.decode(encode(plan))) == plan


@pytest.mark.parametrize(
    ("file", "place", "reason"),
    [
        ("id = 'a'\nunderlying =\n", "line 2", "Invalid value"),
        ("id = 'a'\n\n[", "line 3", "Invalid initial character for a key part"),
        ("id = 1\nid = 2\n", "line 2", "Cannot overwrite a value"),
        (b"id = 'a'\n# \xff\n", "line 2", "is not UTF-8"),
        ("a" * 65_537, "file", "is longer than 65536 characters"),
        ("\n" + "a" * (LINE_MOST + 1), "line 2", "is longer than 1000 characters"),
        ("a = " + "[\n" * 5_000, "file", "its lists or tables are nested too deeply"),
        ("a = " + "9" * 990, "a", "unknown key"),
        ("", "id", "is required"),
        (text(tail="[risk]\nstop = { rupees = nan }"), "risk.stop.rupees", "it is NaN"),
        (text(tail="[risk]\nstop = { rupees = -inf }"), "risk.stop.rupees", "it is -Infinity"),
        (
            text(tail="[risk]\nstop = { rupees = 1e9999999999999999999999 }"),
            "risk.stop.rupees",
            "it is NaN",
        ),
        (text(tail="[risk]\nstop = { rupees = 1e-999999999999 }"), "risk.stop.rupees", "it is"),
        (text(tail="[risk]\nstop = { rupees = 1e999999 }"), "risk.stop.rupees", "at most"),
        (text(legs=CALL + "lots = 0x" + "f" * 900 + "\n"), "legs[0].lots", "out of all bounds"),
    ],
)
def test_a_text_that_is_no_strategy_is_refused_with_its_place(
    file: str | bytes, place: str, reason: str
) -> None:
    """Syntax has a line, everything else a key."""
    error = refusal(file)

    assert error.place == place
    assert reason in error.reason


def test_further_faults_are_notes() -> None:
    """All faults are told at once, the first as the error itself."""
    error = refusal(text(head="x = 1\ny = 2", legs=CALL + "lots = 0\n"))

    assert error.place == "x"
    assert [note.split(":")[0] for note in error.__notes__] == ["y", "legs[0].lots"]


def test_the_notes_have_an_end() -> None:
    """A file of nothing but faults does not flood the screen."""
    error = refusal("\n".join(f"key{at} = 1" for at in range(500)))

    assert len(error.__notes__) == NOTES_MOST


def test_a_byte_order_mark_is_no_fault() -> None:
    """Some editors put one at the start of a file."""
    assert parse("\ufeff" + RECORDED_DAY) == parse(b"\xef\xbb\xbf" + RECORDED_DAY.encode())
