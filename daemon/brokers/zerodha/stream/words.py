"""The words of one connection to the ticker: what happens to it, what it has done, what it says."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from daemon.brokers.zerodha.packets import Mode, Tick
from daemon.domain.market.instruments import Exchange


class Now(Struct, frozen=True, gc=False):
    """The present instant.

    Attributes:
        running_ns: of the host, by which one waits.
        market_ns: of the market, by which its sessions go.
    """

    running_ns: int
    market_ns: int


# --- what happens to a connection -----------------------------------------------------------------


class Begin(Struct, frozen=True):
    """It is wanted."""


class Opened(Struct, frozen=True):
    """The handshake is done."""


class Denied(Struct, frozen=True):
    """The handshake was refused, for the session is none; of which generation it was."""

    generation: int


class Lost(Struct, frozen=True):
    """It could not be made, or it broke; and why."""

    why: str


class Renewed(Struct, frozen=True):
    """There is another session."""


class End(Struct, frozen=True):
    """It is wanted no longer."""


class Look(Struct, frozen=True):
    """Time has passed: at the latest when the connection said that it would be due."""


class Want(Struct, frozen=True):
    """What it is to show from now on: all of it, by the broker's numbers.

    Attributes:
        modes: how much of each.
        witnesses: the indices that tell of an exchange whether its prices are of now; those that
            it does not show are no matter.
    """

    modes: Mapping[int, Mode]
    witnesses: Mapping[int, Exchange] = {}


class Text(Struct, frozen=True):
    """A text came."""

    text: str


class Bytes(Struct, frozen=True):
    """A binary message came."""

    data: bytes


class Pinged(Struct, frozen=True):
    """The broker asks whether we are there."""

    payload: bytes


class Ponged(Struct, frozen=True):
    """The broker says that it is there."""


Happened = (
    Begin | Opened | Denied | Lost | Renewed | End | Look | Want | Text | Bytes | Pinged | Ponged
)


# --- what is to be done ---------------------------------------------------------------------------


class Connect(Struct, frozen=True):
    """Make it, with the present session."""


class Send(Struct, frozen=True):
    """Send a text."""

    text: str


class Ping(Struct, frozen=True):
    """Ask whether the broker is there."""


class Pong(Struct, frozen=True):
    """Say that we are there."""

    payload: bytes


class Drop(Struct, frozen=True):
    """Let go of it; nothing more of it is heard."""


# --- what was learned -----------------------------------------------------------------------------


class Ticked(Struct, frozen=True):
    """Prices of one instant came, in one message.

    Attributes:
        ticks: in their order.
        data: the message.
    """

    ticks: tuple[Tick, ...]
    data: bytes


class OrderHinted(Struct, frozen=True):
    """Something became of an order: a hint that the book be read, and no evidence.

    Attributes:
        broker_order_id: the broker's number of it; empty where none was told.
    """

    broker_order_id: str


class Noticed(Struct, frozen=True):
    """The broker says something to people, or that it did not understand us; `kind` is its word."""

    kind: str
    text: str


class Garbled(Struct, frozen=True):
    """A message could not be understood, and is passed over."""

    why: str


class Up(Struct, frozen=True):
    """It stands, and what was missed before must be read."""


class Down(Struct, frozen=True):
    """It stands no longer.

    Attributes:
        why: in words.
        in_session: prices are missed meanwhile.
    """

    why: str
    in_session: bool


class SessionWanted(Struct, frozen=True):
    """The broker does not take this session; nothing is tried until there is another."""

    generation: int


Done = Connect | Send | Ping | Pong | Drop
Learned = Ticked | OrderHinted | Noticed | Garbled | Up | Down | SessionWanted
