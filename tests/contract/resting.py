"""Cards of orders that rest while something happens: cancelled, met by the market, told twice."""

from __future__ import annotations

from daemon.domain.money import E4
from daemon.domain.orders.words import State
from daemon.ports.market import BookWanted, LinkMoved
from daemon.twin.words import Status
from tests.contract.asking import booked, cancel, found, held, taken, whole
from tests.contract.bench import DIPS_S, Bench, StreamBroken, ToldTwice
from tests.kit.wire_twin import CALL, LOT

DIPPED_E4 = 191 * E4
"""What is asked for the call once it has dipped."""


async def cancelled(bench: Bench) -> None:
    """An order that rests is cancelled, and the book says so."""
    sent = await taken(bench, 150)
    assert (await found(bench, sent)).state is State.WORKING
    assert await cancel(bench, sent)
    assert (await found(bench, sent)).state is State.CANCELLED
    assert booked(bench, sent).status is Status.CANCELLED


async def filled_before(bench: Bench) -> None:
    """A cancellation that comes after the fill is not done, and the fill is found."""
    sent = await taken(bench, 195)
    await bench.go_to(DIPS_S)
    assert not await cancel(bench, sent)
    told = await found(bench, sent)

    assert (told.state, told.filled_value_e4) == (State.FILLED, LOT * DIPPED_E4)
    assert booked(bench, sent).filled_value_e4 == told.filled_value_e4
    assert held(bench) == {CALL: LOT}


async def stream_lost(bench: Bench) -> None:
    """A stream that breaks is told and made again, and has the book read for what it missed."""
    sent = await taken(bench, 195)
    await bench.happen(StreamBroken())
    down = await bench.next_news(LinkMoved)
    await bench.go_to(DIPS_S)
    again = await bench.next_news(LinkMoved)
    await bench.next_news(BookWanted)
    (shown,) = (await whole(bench)).orders
    told = await found(bench, sent)

    assert (down.alive, down.in_session, again.alive) == (False, True, True)
    assert (shown.client_id, shown.state) == (sent.intent_id, State.FILLED)
    assert told.filled_value_e4 == booked(bench, sent).filled_value_e4 == LOT * DIPPED_E4


async def told_twice(bench: Bench) -> None:
    """A fill that is told twice is heard as one: quantity and value are sums, never steps."""
    sent = await taken(bench, 195)
    await bench.happen(ToldTwice())
    await bench.go_to(DIPS_S)
    told = await bench.told(2)

    assert {(each.intent_id, each.state, each.filled_value_e4) for each in told} == {
        (sent.intent_id, State.FILLED, LOT * DIPPED_E4)
    }
    assert booked(bench, sent).filled_quantity == LOT
    assert held(bench) == {CALL: LOT}
