"""The cards by number, the brokers that they are played against, and which of them are left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from tests.contract import doubt, placing, resting
from tests.contract.bench import Bench
from tests.contract.paper_bench import PaperBench
from tests.contract.zerodha_bench import ZerodhaBench


class Card(Struct, frozen=True):
    """What every broker owes.

    Attributes:
        number: by which it is called; never given twice.
        name: in a few words.
        play: holds a broker to it; its first line is the sentence of the card.
        optional: a broker may have nothing that it could be played with.
    """

    number: int
    name: str
    play: Callable[[Bench], Awaitable[None]]
    optional: bool = False

    @property
    def sentence(self) -> str:
        """What a broker owes."""
        return (self.play.__doc__ or "").strip()


class Row(Struct, frozen=True):
    """A broker.

    Attributes:
        bench: opens it.
        skips: the numbers of the optional cards that are not played, each with the reason.
    """

    bench: type[Bench]
    skips: Mapping[int, str] = {}


DECK = (
    Card(1, "place", placing.placed),
    Card(2, "refuse", placing.refused),
    Card(3, "time-out with arrival", doubt.arrived),
    Card(4, "time-out without", doubt.never_arrived),
    Card(5, "late arrival", doubt.arrived_late),
    Card(6, "partial fill", placing.filled_in_part),
    Card(7, "cancel race", resting.filled_before),
    Card(8, "modify", placing.changed),
    Card(9, "stuck state", doubt.stuck, optional=True),
    Card(10, "429", placing.too_many),
    Card(11, "token death mid-order", doubt.session_over, optional=True),
    Card(12, "margin refusal", placing.too_dear),
    Card(13, "freeze", placing.too_large),
    Card(14, "band", placing.too_far),
    Card(15, "stream loss", resting.stream_lost, optional=True),
    Card(16, "duplicate update", resting.told_twice),
    Card(17, "cancel", resting.cancelled),
    Card(18, "cancel without an answer", doubt.cancelled_unheard),
    Card(19, "rejected after it was taken", placing.rejected),
    Card(20, "products", placing.held_apart),
)

BROKERS: Mapping[str, Row] = {
    "paper": Row(
        PaperBench,
        {
            9: "its exchange has an order, or has refused it, before it answers",
            11: "the exchange in the daemon's own process lets everybody in, and for good",
            15: "prices come from the world, and what becomes of orders with them: no connection",
        },
    ),
    "zerodha": Row(ZerodhaBench),
}
"""By the canonical id."""
