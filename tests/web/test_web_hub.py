import asyncio
import io
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import pytest
from msgspec.structs import replace

from daemon.messages import LinkDied, StrategyStarted
from daemon.messages.modes import Modes
from daemon.telemetry.log import make_log
from daemon.web.streaming import hub as hub_module
from daemon.web.streaming.hub import Caps, Hub
from daemon.web.streaming.stream import PENDING_S, Watcher
from daemon.web.told import figures
from tests.kit.acting import CE, PE, clock
from tests.kit.transports import Wire
from tests.kit.watched import frame, price, risk


class Broadcaster:
    """Counts the beats, and lets a test wait for them."""

    def __init__(self):
        self.beats = []
        self.more = asyncio.Event()

    def __call__(self, *, force):
        self.beats.append(force)
        self.more.set()

    async def reach(self, count):
        while len(self.beats) < count:
            self.more.clear()
            await self.more.wait()


def hub_of(broadcaster=None, written=None, **caps):
    log = make_log(written or io.StringIO(), lambda: 0)
    return Hub(
        broadcaster or Broadcaster(), lambda: 0, Modes({"paper": "paper"}), log, Caps(**caps)
    )


def follow(hub, stream):
    wire = Wire()
    watcher = Watcher(wire, 0.0)
    hub.join(stream, watcher)
    return wire, watcher


@asynccontextmanager
async def serving(hub):
    task = asyncio.create_task(hub.serve())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_nobody_is_asked_while_nobody_watches_and_at_a_pace_while_somebody_does():
    broadcaster = Broadcaster()
    hub = hub_of(broadcaster, pnl_hz=500)
    async with serving(hub):
        for _ in range(10):
            await asyncio.sleep(0)
        assert (broadcaster.beats, hub.watched) == ([], False)

        _, watcher = follow(hub, hub.pnl)
        assert broadcaster.beats == [True]
        await broadcaster.reach(4)
        assert hub.watched

        hub.leave(hub.pnl, watcher)
        assert not hub.watched


async def test_what_the_broadcaster_shows_reaches_who_watches_snapshot_first():
    hub = hub_of()
    wire, _ = follow(hub, hub.pnl)
    async with serving(hub):
        hub.show(frame(risk()))
        await wire.reach(1)
        hub.show(frame(risk(at="10:00:01")))
        await wire.reach(2)

    assert [(each["type"], each["seq"]) for each in wire.told] == [("snapshot", 1), ("pnl", 2)]
    assert wire.told[1]["market_time"] == "2025-09-01T10:00:01+05:30"


async def test_who_joins_while_others_watch_is_shown_what_they_see_without_asking():
    broadcaster = Broadcaster()
    hub = hub_of(broadcaster)
    follow(hub, hub.pnl)
    hub.show(frame(risk()))
    wire, _ = follow(hub, hub.pnl)

    assert [each["type"] for each in wire.told] == ["snapshot"]
    assert broadcaster.beats == [True]


async def test_prices_go_to_those_who_named_their_symbols_and_only_when_one_has_moved():
    hub = hub_of()
    calls, call_watcher = follow(hub, hub.ticks([CE]))
    both, _ = follow(hub, hub.ticks([PE, CE, PE]))
    async with serving(hub):
        hub.show(frame(risk(), price(CE), price("RELIANCE")))
        await both.reach(1)
        hub.show(frame(risk(at="10:00:01"), price(PE, 90)))
        await both.reach(2)

    assert [[t["symbol"] for t in each["ticks"]] for each in both.told] == [[CE], [CE, PE]]
    assert both.told[1]["ticks"][0]["age_ms"] == 1400
    assert [each["type"] for each in calls.told] == ["snapshot"]
    hub.leave(hub.ticks([CE]), call_watcher)
    assert hub.ticks([CE]).newest is None  # the old stream is forgotten


async def test_other_work_has_its_turn_while_prices_are_composed_and_each_is_encoded_once(
    monkeypatch,
):
    """However many sets of symbols are named: anybody here may follow one with each connection."""
    hub, encoded, composed = hub_of(), [], []
    names = [f"X{number}" for number in range(40)]
    streams = [hub.ticks([CE, name]) for name in names]
    wires = [follow(hub, stream)[0] for stream in streams]
    tick = figures.tick
    monkeypatch.setattr(
        figures, "tick", lambda seen, later_ns: encoded.append(seen.symbol) or tick(seen, later_ns)
    )
    async with serving(hub):
        hub.show(frame(risk(), price(CE), *map(price, names)))
        while not composed or composed[-1] < len(streams):
            composed.append(sum(stream.newest is not None for stream in streams))
            await asyncio.sleep(0)

    assert max(b - a for a, b in pairwise(composed)) <= 8
    assert sorted(encoded) == sorted([CE, *names])
    assert [[t["symbol"] for t in wire.told[0]["ticks"]] for wire in wires] == [
        [CE, name] for name in names
    ]


async def test_a_contract_that_is_over_has_no_price_in_the_streams_that_name_it():
    """Until then it has its last one; another stream is told nothing of it."""
    hub = hub_of()
    both, _ = follow(hub, hub.ticks([CE, PE]))
    other, _ = follow(hub, hub.ticks([PE]))
    async with serving(hub):
        hub.show(frame(risk(), price(CE), price(PE)))
        await both.reach(1)
        hub.show(replace(frame(risk(at="10:00:01")), gone=(CE,)))
        await both.reach(2)
    late, _ = follow(hub, hub.ticks([CE, PE]))

    assert [[t["symbol"] for t in each["ticks"]] for each in both.told] == [[CE, PE], [PE]]
    assert [t["symbol"] for t in late.told[0]["ticks"]] == [PE]
    assert [each["type"] for each in other.told] == ["snapshot"]


async def test_events_are_told_as_they_are_recorded_and_the_newest_to_who_comes_later():
    hub = hub_of()
    early, _ = follow(hub, hub.events)
    async with serving(hub):
        hub.record([StrategyStarted("straddle", "me", clock("09:20:00")), object()])
        await early.reach(2)
        hub.record([LinkDied(clock("09:21:00"))])
        await early.reach(3)
    late, _ = follow(hub, hub.events)

    assert [each["type"] for each in early.told] == ["snapshot", "events", "events"]
    assert [len(each["events"]) for each in early.told] == [0, 1, 1]
    assert [each["kind"] for each in late.told[0]["events"]] == ["actor", "actor"]
    assert late.told[0]["seq"] == early.told[2]["seq"]


async def test_where_nothing_is_recorded_an_empty_message_says_that_the_line_lives(monkeypatch):
    monkeypatch.setattr(hub_module, "_EVENTS_EVERY_S", 0.05)
    hub = hub_of(pnl_hz=100)
    hub.record([StrategyStarted("straddle", "me", clock("09:20:00"))])
    wire, _ = follow(hub, hub.events)
    async with serving(hub):
        await wire.reach(3)
    late, _ = follow(hub, hub.events)

    assert [len(each["events"]) for each in wire.told[:3]] == [1, 0, 0]
    assert len(late.told[0]["events"]) == 1, "what was recorded is told to who comes later"


async def test_facts_that_concern_nobody_are_no_message():
    hub = hub_of()
    wire, _ = follow(hub, hub.events)
    hub.record([object()])

    assert hub.events.newest.seq == 1
    assert len(wire.told) == 1


async def test_who_stops_reading_is_dropped_while_others_go_on():
    written = io.StringIO()
    hub = hub_of(written=written, pnl_hz=500)
    stuck, watcher = follow(hub, hub.pnl)
    quick, _ = follow(hub, hub.pnl)
    stuck.pending = 1
    now_s = asyncio.get_running_loop().time()
    watcher.look(now_s - PENDING_S - 1)
    async with serving(hub), asyncio.timeout(5):
        hub.show(frame(risk()))
        await stuck.told_to_go.wait()
        await quick.reach(1)

    assert [each["type"] for each in quick.told] == ["snapshot"]
    assert not stuck.told
    assert '"stream":"pnl","because":"it has not read' in written.getvalue()


@pytest.mark.parametrize("most", [1, 5])
def test_a_principal_has_so_many_connections_and_gets_one_back_for_each_that_ends(most):
    hub = hub_of(per_principal=most)

    assert [hub.admit("me") for _ in range(most + 1)] == [True] * most + [False]
    assert hub.admit("another")
    hub.dismiss("me")
    assert hub.admit("me")
