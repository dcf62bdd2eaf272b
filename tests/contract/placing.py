"""Cards of orders that are answered: taken, refused for a reason, filled in part, changed."""

from __future__ import annotations

from daemon.domain.money import E4
from daemon.domain.orders.reconcile import positions
from daemon.domain.orders.words import (
    OrderAccepted,
    OrderRefused,
    Pocket,
    Product,
    Purpose,
    Refusal,
    Side,
    State,
)
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
    whole,
)
from tests.contract.bench import DIPS_S, Bench, RejectedLater
from tests.kit.wire_twin import CALL, LOT

MANY = 12 * LOT
"""Two lots more than are on show."""


async def placed(bench: Bench) -> None:
    """An order is taken under our own id, and its fill is found with what it cost."""
    sent = await taken(bench)
    told = await found(bench, sent)
    report = booked(bench, sent)

    assert (told.state, told.filled_quantity) == (State.FILLED, LOT)
    assert told.filled_value_e4 == report.filled_value_e4 == 201 * LOT * E4
    assert report.status is Status.FILLED
    assert held(bench) == {CALL: LOT}
    assert [each.client_id for each in (await whole(bench)).orders] == [sent.intent_id]


async def refused(bench: Bench) -> None:
    """A price off the tick and half a lot are refused for just that, and are in no book."""
    for kind, price, quantity in ((Refusal.TICK, 200.03, LOT), (Refusal.LOT, 201, LOT - 1)):
        await _refused(bench, await place(bench, price, quantity=quantity), kind)


async def filled_in_part(bench: Bench) -> None:
    """What is on show is filled, the rest at a later price; what is cancelled keeps its fill."""
    sent = await taken(bench, quantity=MANY)
    part = await found(bench, sent)
    assert (part.state, part.filled_quantity) == (State.WORKING, 10 * LOT)
    assert booked(bench, sent).filled_quantity == 10 * LOT

    await bench.go_to(DIPS_S)
    told = await found(bench, sent)
    assert (told.state, told.filled_quantity) == (State.FILLED, MANY)
    assert told.filled_value_e4 == booked(bench, sent).filled_value_e4
    assert told.filled_value_e4 == (10 * 201 + 2 * 191) * LOT * E4

    other = await taken(bench, quantity=MANY)
    assert await cancel(bench, other)
    told = await found(bench, other)
    assert told.state is State.CANCELLED
    assert told.filled_quantity == booked(bench, other).filled_quantity > 0
    assert told.filled_value_e4 == booked(bench, other).filled_value_e4


async def changed(bench: Bench) -> None:
    """An order that is given another price stays one order, and is found with its fill."""
    sent = await taken(bench, 150)
    assert (await found(bench, sent)).state is State.WORKING
    await bench.change(sent.number, 201 * E4)
    told = await found(bench, sent)

    assert (told.state, told.filled_value_e4) == (State.FILLED, 201 * LOT * E4)
    assert booked(bench, sent).filled_value_e4 == told.filled_value_e4


async def too_many(bench: Bench) -> None:
    """One write more than a second holds is refused for the rate; in the next one is taken."""
    for _ in range(bench.writes_a_second):
        await taken(bench, 150)
    await _refused(bench, await place(bench, 150), Refusal.RATE)
    await bench.go_to(2)
    assert isinstance((await place(bench, 150)).outcome, OrderAccepted)


async def too_dear(bench: Bench) -> None:
    """A sale that needs more margin than is free is refused for the margin."""
    await _refused(
        bench, await place(bench, 199, quantity=10 * LOT, side=Side.SELL), Refusal.MARGIN
    )


async def too_large(bench: Bench) -> None:
    """A quantity above the freeze is refused for the freeze, and never cut by the broker."""
    await _refused(bench, await place(bench, quantity=80 * LOT), Refusal.FREEZE)


async def too_far(bench: Bench) -> None:
    """A price beyond the band is refused for the band."""
    await _refused(bench, await place(bench, 900), Refusal.BAND)


async def rejected(bench: Bench) -> None:
    """An order that is taken and then rejected is found so, and has filled nothing."""
    await bench.happen(RejectedLater())
    sent = await taken(bench)
    told = await found(bench, sent)

    assert (told.state, told.filled_quantity) == (State.REJECTED, 0)
    assert told.text
    assert is_nowhere(bench, sent)
    assert held(bench) == {}


async def held_apart(bench: Bench) -> None:
    """What is held in one product is shown by itself, and no order in another one closes it."""
    for product in Product:
        await taken(bench, product=product)
    assert await _pockets(bench) == {Pocket(CALL, product): LOT for product in Product}

    out = {"side": Side.SELL, "purpose": Purpose.EXIT, "product": Product.CARRY}
    await taken(bench, 199, **out)
    assert await _pockets(bench) == {Pocket(CALL): LOT}
    assert held(bench) == {CALL: LOT}


async def _pockets(bench: Bench) -> dict[Pocket, int]:
    return positions(await whole(bench))


async def _refused(bench: Bench, sent: Sent, kind: Refusal) -> None:
    assert isinstance(sent.outcome, OrderRefused), sent
    assert sent.outcome.kind is kind
    assert is_nowhere(bench, sent)
    assert await is_absent(bench, sent)
