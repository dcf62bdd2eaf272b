"""kill -9 at random moments, at a broker that outlives the daemon, with real servers all around.

The daemon, a Redis, a PostgreSQL and the broker are processes of their own; between them stand
proxies. Judged by the broker's own book. `make test` kills some times, `make crash` more often
(`ORDO_CRASHES`), and writes what it counted to `build/test/outlives.json`.

Where the broker behaves, and connections do, a day of kills is the day without. Where both do as
they please it is another day, and only this holds: every order at the broker is one that was
committed before, none is there twice, none of ours is lost, and both books are equal.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import time as clock

import pytest
from msgspec.structs import replace

from daemon.domain.orders.book import Book
from daemon.domain.orders.kill import Stage
from daemon.domain.orders.words import IntentRecorded, OrderFact, OrderParked, Purpose, State
from daemon.messages import AlertRaised, ExitOverdue, KillStaged, Latched, LatchKind, Released
from tests.kit import crash_days, crashes
from tests.kit.crash_days import CRASHES, MANY, SEED, Outcome
from tests.kit.crashes import Day
from tests.kit.outlived_days import (
    SOUND,
    Course,
    Scene,
    Setting,
    disturbed,
    scene,
    stopped,
    undisturbed,
)
from tests.kit.plans import ROOT
from tests.kit.stores import audited

pytestmark = pytest.mark.timeout(2_400 if MANY else 300)
KILLS, RUDE_KILLS = (CRASHES // 2, CRASHES // 2) if MANY else (4, 6)
INTERVAL_MS = 0 if MANY else 5_000
FEW = ("PositionChanged", "LevelMoved", "ExitDecided", "IntentRecorded")
COURSE = (
    Course(KILLS, "120", 1.0) if MANY else Course(KILLS, "max", 2.0, moments=FEW, ends_at=clock(11))
)
POLITE = Setting(SOUND, INTERVAL_MS, strategies=stopped if MANY else crash_days.strategies)
MANNER = replace(SOUND, seed=SEED + 1, percent=8, late_percent=8, late_ms=500)
RUDE = Setting(MANNER, INTERVAL_MS, timeout_ms=400, strategies=stopped)
OVER = (State.REFUSED, State.REJECTED, State.CANCELLED, State.FILLED)
FIGURES: dict[str, object] = {}


@pytest.fixture(scope="module")
def wanted(request, tmp_path_factory) -> Day:
    """The day that nobody disturbs; where there are few kills, that of an exchange within."""
    if not MANY:
        return request.getfixturevalue("undisturbed")
    folder, postgres = tmp_path_factory.mktemp("wanted"), request.getfixturevalue("postgres")
    with scene(folder, POLITE, postgres) as around:
        return undisturbed(around)


@pytest.fixture(scope="module")
def behaved(tmp_path_factory, postgres) -> tuple[Day, Outcome, Scene]:
    """The same day with kills."""
    with scene(tmp_path_factory.mktemp("behaved"), POLITE, postgres) as around:
        outcome = disturbed(around, COURSE, SEED)
        return around.day(), outcome, around


@pytest.fixture(scope="module")
def rude(tmp_path_factory, postgres) -> tuple[Day, Outcome, Scene]:
    """A day with kills, at a broker and through connections that do as they please."""
    course = replace(COURSE, kills=RUDE_KILLS, harms=True, presses_at=RUDE_KILLS // 2)
    with scene(tmp_path_factory.mktemp("rude"), RUDE, postgres) as around:
        outcome = disturbed(around, course, SEED + 1)
        return around.day(), outcome, around


@pytest.fixture(params=["behaved", "rude"])
def lived(request) -> tuple[Day, Outcome, Scene]:
    lived: tuple[Day, Outcome, Scene] = request.getfixturevalue(request.param)
    return lived


def test_every_order_at_the_broker_is_one_intent_that_was_committed_before(lived):
    day, *_ = lived
    committed = Counter(fact.intent.intent_id for fact in day.of(IntentRecorded))
    decided_ns = {f.intent.intent_id: f.intent.decided_ns for f in day.of(IntentRecorded)}

    assert day.orders
    assert set(committed.values()) == {1}
    for order in day.orders:
        assert committed[order.client_id] == 1
        assert decided_ns[order.client_id] <= order.arrived_ns
    assert crashes.sent_twice(day) == []


def test_every_intent_is_settled_by_evidence_or_told_to_a_person(lived):
    day, *_ = lived
    parked = {fact.intent_id for fact in day.of(OrderParked)}
    told = " ".join(str(fact) for fact in day.of(AlertRaised))

    for intent_id, state in states(day).items():
        if state not in OVER:
            assert state is State.PARKED, (intent_id, state)
        if state is State.PARKED:
            assert intent_id in parked
            assert intent_id in told


def test_both_books_are_equal_and_what_is_not_flat_was_told(lived):
    day, *_ = lived

    assert crashes.ours(day) == crashes.theirs(day)
    assert crashes.theirs(day) == {} or day.of(ExitOverdue)


def test_the_record_is_whole(lived):
    *_, around = lived

    assert audited(around.kept).broken is None


def test_a_day_of_kills_at_a_broker_that_behaves_is_the_day_without(wanted, behaved):
    day, *_ = behaved

    crashes.assert_traded_alike(wanted, day)


def test_a_kill_that_was_pressed_is_over_or_tells_what_is_left(rude):
    day, outcome, _ = rude
    (latched,) = {f.latch_id: f for f in day.of(Latched) if f.kind is LatchKind.KILL}.values()
    *_, last = [fact for fact in day.of(KillStaged) if fact.latch_id == latched.latch_id]

    assert outcome.pressed
    assert last.stage is Stage.FLAT or (last.stage is Stage.INCOMPLETE and last.left)


def test_nothing_is_entered_between_a_kill_and_its_release(rude):
    day, *_ = rude
    latched: set[str] = set()
    for fact in day.of(Latched, Released, IntentRecorded):
        match fact:
            case Latched(latch_id, LatchKind.KILL):
                latched.add(latch_id)
            case Released(latch_id):
                latched.discard(latch_id)
            case IntentRecorded(intent) if intent.purpose is Purpose.ENTRY:
                assert not latched, intent

    assert day.of(Latched)


def test_what_was_counted_is_written_down(lived, request):
    day, outcome, around = lived
    name = request.node.callspec.params["lived"]
    FIGURES[name] = {
        "crashes": outcome.crashes,
        "while_starting": outcome.starting,
        "right_after_a_fact": outcome.at_facts,
        "fallen": outcome.fallen,
        "orders": len(day.orders),
        "never_sent": len(crashes.cut_intents(day)),
        "states": Counter(state.value for state in states(day).values()),
        "harmed": [way.harmed for way in around.ways],
        "ready_s": spread(outcome.ready_s),
        "guarded_again_s": spread(outcome.guarded_s),
        "starts_that_left_one_unguarded": outcome.unguarded,
        "starts_that_found_a_position": len(outcome.guarded_s),
    }
    out = ROOT / "build" / "test"
    out.mkdir(parents=True, exist_ok=True)
    (out / "outlives.json").write_text(json.dumps(FIGURES, indent=2) + "\n")
    sys.stdout.write(json.dumps(FIGURES) + "\n")

    assert outcome.crashes


def states(day: Day) -> dict[str, State]:
    """Return how each order of ours stands at the end."""
    book = Book()
    for fact in day.of(OrderFact):
        book.apply(fact)
    ids = [fact.intent.intent_id for fact in day.of(IntentRecorded)]
    found = {intent_id: book.order(intent_id) for intent_id in ids}
    return {intent_id: order.state for intent_id, order in found.items() if order is not None}


def spread(seconds: list[float]) -> dict[str, float]:
    return {f"p{percent}": round(crashes.percentile(seconds, percent), 3) for percent in (50, 99)}
