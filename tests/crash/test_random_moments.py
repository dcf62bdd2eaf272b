"""kill -9 at random moments of a generated day: it ends as the day that nobody disturbed.

`make test` does it a few times on the preset day, with the ledger in a file and on a server;
`make crash` 200 times on a day of five strategies (`ORDO_CRASHES`), in a file unless
`ORDO_CRASH_STORES` says else, and writes what it counted to `build/test/crash.json`.

What is compared: every strategy's fills with their prices, its exits with reason and profit, its
levels in their order, and what the journal enters of it, from the first instant and once more from
the last restart on. One thing may differ: an order whose intent was committed, and the process
killed before the request left, is by design never sent again but looked for, parked and told. Its
strategy's day is another one from there on; it is counted, ends flat, and is compared up to there.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from tests.kit import crashes
from tests.kit.crash_days import CRASHES, SEED, STORES, Outcome, day, disturbed_day
from tests.kit.crashes import Day, Span
from tests.kit.plans import ROOT
from tests.kit.stores import InFile, InSchema, Kept, audited

pytestmark = pytest.mark.timeout(2_400 if "ORDO_CRASHES" in os.environ else 300)


class Place(Struct, frozen=True):
    """Where a day ran: its folder, where its ledger is, and what tells the daemon so."""

    folder: Path
    kept: Kept
    environ: dict[str, str]


@pytest.fixture(scope="module", params=STORES)
def place(request, tmp_path_factory) -> Place:
    folder = tmp_path_factory.mktemp("disturbed")
    if request.param == "sqlite":
        return Place(folder, InFile(folder / "state" / "ledger.sqlite"), {})
    kept = InSchema(request.getfixturevalue("postgres"))
    return Place(folder, kept, {"ORDO_LEDGER__URL": kept.url})


@pytest.fixture(scope="module")
def disturbed(place) -> tuple[Day, Outcome]:
    """The same day, killed again and again, and let go on to its end."""
    return disturbed_day(place.folder, SEED, place.environ, place.kept.store)


def test_the_record_of_a_day_of_crashes_is_whole(place, disturbed):
    _, outcome = disturbed

    assert audited(place.kept).broken is None
    assert outcome.crashes == CRASHES


def test_no_client_order_id_is_ever_sent_twice(disturbed):
    crashed, *_ = disturbed

    assert crashed.orders
    assert crashes.sent_twice(crashed) == []


def test_the_book_of_the_exchange_is_ours_and_both_are_flat_at_the_end(undisturbed, disturbed):
    for each in (undisturbed, disturbed[0]):
        assert crashes.ours(each) == crashes.theirs(each) == {}


def test_every_strategy_trades_leaves_and_moves_its_levels_as_if_nothing_had_been(
    undisturbed, disturbed
):
    crashed, *_ = disturbed
    crashes.assert_traded_alike(undisturbed, crashed)


def test_the_journal_is_that_of_the_undisturbed_day(undisturbed, disturbed):
    """As a whole, and from the last restart on; by strategy, without those that were cut."""
    crashed, *_ = disturbed
    cut, unordered = crashes.cut_strategies(crashed), crashes.started_in(crashed)
    for after_ns in (0, crashed.last_start_ns):
        span = Span(after_ns, cut, unordered)
        wanted = crashes.journal(undisturbed, span)
        assert wanted
        assert crashes.journal(crashed, span) == wanted


def test_an_order_that_was_never_sent_takes_its_strategy_to_flat(undisturbed, disturbed):
    """Up to the cut all was equal; and what came after never held more than was wanted."""
    crashed, *_ = disturbed
    for name in crashes.cut_strategies(crashed):
        cut_ns = min(f.at_ns for f in crashes.cut_intents(crashed) if f.intent.strategy_id == name)
        assert crashes.fills_until(crashed, name, cut_ns) == crashes.fills_until(
            undisturbed, name, cut_ns
        )
        most = max(abs(f[2] - f[4]) for f in crashes.fills(undisturbed, name))
        assert all(abs(f[2] - f[4]) <= most for f in crashes.fills(crashed, name))


def test_a_day_that_is_over_is_not_played_again(place, disturbed):
    """Another start finds nothing left to do before `--until`."""
    crashed, _ = disturbed
    process = day(place.folder, "max", place.environ)

    assert process.wait_end() == 0, process.log
    assert crashes.read(process.state, place.kept.store).orders == crashed.orders


def test_what_was_counted_is_written_down(disturbed):
    crashed, outcome = disturbed
    figures = {
        "crashes": outcome.crashes,
        "while_starting": outcome.starting,
        "right_after_a_fact": outcome.at_facts,
        "orders": len(crashed.orders),
        "cut_intents": len(crashes.cut_intents(crashed)),
        "cut_strategies": sorted(crashes.cut_strategies(crashed)),
        "starts_that_found_a_position": len(outcome.guarded_s),
        "starts_that_left_one_unguarded": outcome.unguarded,
        "ready_s": spread(outcome.ready_s),
        "guarded_again_s": spread(outcome.guarded_s),
    }
    out = ROOT / "build" / "test"
    out.mkdir(parents=True, exist_ok=True)
    (out / "crash.json").write_text(json.dumps(figures, indent=2) + "\n")
    sys.stdout.write(json.dumps(figures) + "\n")

    assert figures["crashes"]


def spread(seconds: list[float]) -> dict[str, float]:
    return {f"p{percent}": round(crashes.percentile(seconds, percent), 3) for percent in (50, 99)}
