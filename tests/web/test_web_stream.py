import asyncio

import pytest

from daemon.web.streaming.stream import (
    BUFFER_BYTES,
    PENDING_S,
    PING_EVERY_S,
    PONG_SOON_S,
    PONG_WITHIN_S,
    Stream,
    Watcher,
    websocket_frame,
)
from tests.kit.transports import Wire, payload_of

FRESH = 0.0


def stream(keep=1):
    return Stream("pnl" if keep == 1 else "events", lambda: 0, keep)


def follow(of, *, fresh_s=FRESH):
    wire = Wire()
    watcher = Watcher(wire, 0.0)
    of.join(watcher, fresh_s)
    return wire, watcher


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
def test_a_message_of_any_size_is_one_whole_unmasked_frame(size):
    frame = websocket_frame(b"x" * size)

    assert frame[0] == 0x81
    assert frame[1] < 128
    assert payload_of(frame) == b"x" * size


async def test_who_joins_while_the_newest_is_fresh_is_shown_it_as_a_snapshot():
    pnl = stream()
    pnl.publish({"a": 1}, 5.0)
    await pnl.send()

    wire, _ = follow(pnl, fresh_s=5.0)

    assert wire.told == [
        {"type": "snapshot", "seq": 1, "at": "1970-01-01T05:30:00+05:30", "mode": "paper", "a": 1}
    ]


async def test_who_joins_while_the_newest_is_old_gets_the_next_one_as_a_snapshot():
    pnl = stream()
    pnl.publish({"a": 1}, 5.0)
    wire, _ = follow(pnl, fresh_s=6.0)
    assert not wire.told

    pnl.publish({"a": 2}, 7.0)
    await pnl.send()
    pnl.publish({"a": 3}, 8.0)
    await pnl.send()

    assert [(each["type"], each["seq"], each["a"]) for each in wire.told] == [
        ("snapshot", 2, 2),
        ("pnl", 3, 3),
    ]


async def test_a_message_is_the_same_bytes_for_everybody():
    pnl = stream()
    wires = [follow(pnl)[0] for _ in range(100)]
    for number in (1, 2):
        pnl.publish({"a": number}, 1.0)
        await pnl.send()

    assert {id(wire.written[1]) for wire in wires} == {id(wires[0].written[1])}


async def test_who_is_behind_misses_whole_messages_and_then_sees_the_newest():
    pnl = stream()
    (slow, _), (quick, _) = follow(pnl), follow(pnl)
    slow.pending = 10
    for number in range(3):
        pnl.publish({"a": number}, 1.0)
        await pnl.send()
    slow.pending = 0
    pnl.publish({"a": 3}, 1.0)
    await pnl.send()

    assert [each["a"] for each in slow.told] == [3]
    assert [each["a"] for each in quick.told] == [0, 1, 2, 3]


async def test_who_has_not_answered_a_ping_for_a_second_is_given_the_newest_after_that():
    """A proxy or a slow line may take all that we write: events are given all the same."""
    pnl, events = stream(), stream(keep=10)
    followers = [follow(of) for of in (pnl, events)]
    wires = [wire for wire, _ in followers]
    for (_, watcher), of in zip(followers, (pnl, events), strict=True):
        watcher.answered(0.0)
        assert await of.look(PING_EVERY_S) == []
        for number, made_s in enumerate((0.5, PONG_SOON_S, PONG_SOON_S + 0.1, 3.0)):
            of.publish({"a": number}, PING_EVERY_S + made_s)
            await of.send()
    assert [[each["a"] for each in wire.told] for wire in wires] == [[0, 1], [0, 1, 2, 3]]

    for (_, watcher), of in zip(followers, (pnl, events), strict=True):
        watcher.answered(PING_EVERY_S + 3.5)
        of.publish({"a": 4}, PING_EVERY_S + 3.6)
        await of.send()
    assert [[each["a"] for each in wire.told][-1] for wire in wires] == [4, 4]


async def test_who_is_slow_has_one_message_on_its_way_and_the_newest_as_soon_as_that_is_there():
    """So is who has just come, until he has answered within a second."""
    pnl = stream()
    wire, watcher = follow(pnl)

    async def tell(number, at_s):
        pnl.publish({"a": number}, at_s)
        await pnl.send()

    await tell(0, 0.0)
    await pnl.look(0.0)
    watcher.answered(1.9)
    for cycle in (1, 2):
        begun_s = 2.0 * cycle
        await tell(cycle, begun_s)
        await pnl.look(begun_s)
        await tell(f"held back {cycle}", begun_s + 0.2)
        watcher.answered(begun_s + (1.9 if cycle == 1 else 0.9))
    await pnl.look(6.0)
    await tell(3, 6.0)

    assert [each["a"] for each in wire.told] == [0, 1, 2, "held back 2", 3]
    assert len(wire.controls) == 3


async def test_who_is_slow_is_given_the_newest_once_he_has_answered_whenever_that_was_made():
    """Messages that are made just after a look would else always find him pinged."""
    pnl = stream()
    wire, watcher = follow(pnl)
    for number in range(4):
        at_s = 2.0 * number
        await pnl.look(at_s)
        pnl.publish({"a": number}, at_s + 0.1)
        await pnl.send()
        watcher.answered(at_s + 1.9)

    assert [each["a"] for each in wire.told] == [0, 1, 2]


async def test_of_whole_messages_only_the_newest_waits_for_the_sender():
    pnl = stream()
    wire, _ = follow(pnl)
    for number in range(5):
        pnl.publish({"a": number}, 1.0)
    await pnl.send()

    assert [each["a"] for each in wire.told] == [4]


async def test_events_queue_for_who_is_behind_so_none_is_missed():
    events = stream(keep=10)
    events.publish({"events": []}, 0.0)
    wire, _ = follow(events)
    wire.pending = 10
    for number in range(3):
        events.publish({"events": [number]}, 1.0, {"events": ["all"]})
        await events.send()

    assert [each["events"] for each in wire.told] == [[], [0], [1], [2]]
    assert [each["seq"] for each in wire.told] == [1, 2, 3, 4]


async def test_who_joins_later_is_told_the_whole_and_not_again_what_is_in_it():
    events = stream(keep=10)
    events.publish({"events": [1]}, 1.0, {"events": [0, 1]})
    wire, _ = follow(events)
    await events.send()

    assert [each["events"] for each in wire.told] == [[0, 1]]


async def test_who_has_missed_an_event_is_let_go():
    events = stream(keep=2)
    events.publish({"events": []}, 0.0)
    wire, watcher = follow(events)
    for number in range(4):
        events.publish({"events": [number]}, 1.0)
    await events.send()

    assert watcher not in events.watchers
    assert wire.controls[0][1][:2] == (1013).to_bytes(2)


async def test_who_lets_too_many_events_queue_is_let_go():
    events = stream(keep=2)
    events.publish({"events": []}, 0.0)
    wire, watcher = follow(events)
    wire.pending = BUFFER_BYTES + 1
    events.publish({"events": [1]}, 1.0)
    await events.send()

    assert watcher not in events.watchers


async def test_a_dropped_client_is_told_1013_and_cut_a_second_later(monkeypatch):
    later = []
    monkeypatch.setattr(
        asyncio.get_running_loop(), "call_later", lambda s, do: later.append((s, do)), raising=False
    )
    pnl = stream()
    wire, _ = follow(pnl)
    wire.pending = 1
    await pnl.look(0.0)

    assert await pnl.look(PENDING_S + 0.1) == [f"it has not read for {PENDING_S} s"]

    (opcode, payload), (delay_s, cut) = wire.controls[-1], later[0]
    assert (opcode, payload[:2], delay_s) == (0x88, (1013).to_bytes(2), 1)
    cut()
    assert wire.aborted
    assert not pnl.watchers


async def test_other_work_has_its_turn_while_many_clients_are_pinged():
    """Whoever came together is due together; a frame of the market does not wait for all."""
    pnl = stream()
    wires = [follow(pnl)[0] for _ in range(100)]
    seen: list[int] = []

    async def work():
        seen.append(sum(bool(wire.controls) for wire in wires))

    working = asyncio.get_running_loop().create_task(work())
    assert await pnl.look(PING_EVERY_S) == []
    await working

    assert 0 < seen[0] < len(wires)
    assert all(wire.controls == [(0x89, b"")] for wire in wires)


@pytest.mark.parametrize(
    ("looks", "because"),
    [
        ([(0.0, 0), (PONG_WITHIN_S, 0)], ""),
        ([(0.0, 1), (PENDING_S, 1)], ""),
        ([(0.0, 1), (1.0, 0), (PENDING_S + 1, 1)], ""),
        ([(0.0, 1), (PENDING_S + 0.1, 1)], f"it has not read for {PENDING_S} s"),
        ([(0.0, BUFFER_BYTES + 1)], f"more than {BUFFER_BYTES} bytes wait for it"),
        (
            [(PING_EVERY_S, 0), (PING_EVERY_S + PONG_WITHIN_S + 0.1, 0)],
            f"it has not answered a ping within {PONG_WITHIN_S} s",
        ),
    ],
)
def test_a_client_is_dropped_only_for(looks, because):
    wire = Wire()
    watcher = Watcher(wire, 0.0)
    told = ""
    for now_s, wire.pending in looks:
        told = watcher.look(now_s)

    assert told == because


def test_who_answers_its_pings_stays_and_is_pinged_again():
    wire = Wire()
    watcher = Watcher(wire, 0.0)
    for at_s in range(60):
        pinged = len(wire.controls)
        assert not watcher.look(float(at_s))
        if len(wire.controls) > pinged:
            watcher.answered(float(at_s))

    assert wire.controls == [(0x89, b"")] * (60 // PING_EVERY_S)


async def test_nothing_is_written_to_who_is_gone():
    pnl = stream()
    wire, watcher = follow(pnl)
    wire.closing = True
    pnl.publish({}, 1.0)
    await pnl.send()
    watcher.drop()

    assert not watcher.look(1_000.0)
    assert not wire.written
