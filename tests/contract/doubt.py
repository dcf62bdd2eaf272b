"""Cards of requests that are not answered, or not at once: what became of them the book tells."""

from __future__ import annotations

from daemon.domain.money import E4
from daemon.domain.orders.words import OrderRefused, OutcomeUnknown, Refusal, State
from daemon.messages import AccountUnread, FindOrder, LoggedIn, LogIn, ReadAccount
from daemon.twin.words import Status
from tests.contract.asking import (
    Sent,
    booked,
    cancel,
    found,
    held,
    is_absent,
    is_nowhere,
    place,
    taken,
)
from tests.contract.bench import LATE_S, Arrives, Bench, On, SessionOver, Silent, Stuck
from tests.kit.wire_twin import CALL, LOT


async def arrived(bench: Bench) -> None:
    """An order whose answer is lost is in doubt; the look-up by our own id finds it, once."""
    for count, way in enumerate(bench.silences, 1):
        sent = await _in_doubt(bench, way, Arrives.NOW)
        told = await found(bench, sent)

        assert (told.state, told.filled_value_e4) == (State.FILLED, 201 * LOT * E4)
        assert booked(bench, sent).order_id
        assert held(bench) == {CALL: count * LOT}


async def never_arrived(bench: Bench) -> None:
    """An order that never arrives is in doubt as well, and is never found."""
    sent = [await _in_doubt(bench, way, Arrives.NEVER) for way in bench.silences]
    for second in (0, 60):
        await bench.go_to(second)
        for each in sent:
            assert await is_absent(bench, each)
            assert is_nowhere(bench, each)


async def arrived_late(bench: Bench) -> None:
    """An order that is not found at first is found once it has arrived: absence ends nothing."""
    for count, way in enumerate(bench.silences, 1):
        sent = await _in_doubt(bench, way, Arrives.LATE)
        await bench.go_to(count * LATE_S - 1)
        assert await is_absent(bench, sent)
        await bench.go_to(count * LATE_S)
        assert (await found(bench, sent)).state is State.FILLED
        assert booked(bench, sent).status is Status.FILLED
        assert held(bench) == {CALL: count * LOT}


async def stuck(bench: Bench) -> None:
    """An order that goes no further works, however long, until the book says what became of it."""
    await bench.happen(Stuck(90))
    sent = await taken(bench)
    for second in (0, 60, 89):
        await bench.go_to(second)
        told = await found(bench, sent)
        assert (told.state, told.filled_quantity) == (State.WORKING, 0)
        assert not await cancel(bench, sent)
    assert is_nowhere(bench, sent)

    await bench.go_to(120)
    assert (await found(bench, sent)).state is State.FILLED
    assert booked(bench, sent).filled_quantity == LOT


async def session_over(bench: Bench) -> None:
    """Without a session an order is refused for that, and what is in doubt is not told absent."""
    resting = await taken(bench, 150)
    doubtful = await _in_doubt(bench, bench.silences[0], Arrives.NOW)
    await bench.happen(SessionOver())
    sent = [await place(bench) for _ in range(2)]

    for each in sent:
        assert isinstance(each.outcome, OrderRefused)
        assert each.outcome.kind is Refusal.SESSION
    assert list(await bench.ask(FindOrder(doubtful.intent_id))) == []
    assert not await cancel(bench, resting)
    assert isinstance((await bench.ask(ReadAccount()))[-1], AccountUnread)

    await bench.bring()
    assert isinstance((await bench.ask(LogIn(2)))[0], LoggedIn)
    assert (await found(bench, doubtful)).state is State.FILLED
    assert booked(bench, doubtful).filled_quantity == LOT
    assert (await found(bench, resting)).state is State.WORKING
    for each in sent:
        assert await is_absent(bench, each)
        assert is_nowhere(bench, each)
    assert await cancel(bench, resting)


async def cancelled_unheard(bench: Bench) -> None:
    """A cancellation whose answer is lost counts as not done; the book says whether it was."""
    for way in bench.silences:
        for arrives, state in ((Arrives.NOW, State.CANCELLED), (Arrives.NEVER, State.WORKING)):
            sent = await taken(bench, 150)
            await bench.happen(Silent(On.CANCEL, way, arrives))
            assert not await cancel(bench, sent)
            assert (await found(bench, sent)).state is state
            assert booked(bench, sent).status.name == state.name


async def _in_doubt(bench: Bench, way: str, arrives: Arrives) -> Sent:
    await bench.happen(Silent(On.PLACE, way, arrives))
    sent = await place(bench)
    assert isinstance(sent.outcome, OutcomeUnknown), (way, sent)
    assert sent.outcome.because
    return sent
