"""Records as bytes: what stands in a row of the ledger, and what of it is linked.

A body is JSON, so that a person can read the table with any tool. Equal facts have equal bytes.
What is linked is every column of the row but the link itself, in an encoding that no two different
rows share.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct as Layout
from typing import NamedTuple, get_args

import msgspec
from msgspec import Struct

from daemon.domain.chain import link
from daemon.errors import StoreError
from daemon.messages import Fact
from daemon.runtime.words import Origin


class TicksTaken(Struct, frozen=True, tag=True):
    """A block of ticks was taken, before whatever is recorded next.

    Attributes:
        first_ns: the instant of its first tick.
        last_ns: the instant of its last tick.
        count: how many ticks it has.
        digest: the SHA-256 over every tick since this run of the ledger began, this block
            included, each as MessagePack with its quotes in the order that the source gave them.
            It does not depend on where blocks end.
    """

    first_ns: int
    last_ns: int
    count: int
    digest: str


class _Typed(Struct, frozen=True):
    """What every body tells, whichever version wrote it."""

    type: str


Recorded = Fact | TicksTaken
"""What a row's body may hold."""
FACTS: tuple[type[Fact], ...] = get_args(Fact)
"""Every type of fact."""
TICKS = Origin("feed", 0, 0)
"""Where blocks of ticks come from."""
LEDGER = Origin("ledger", 0, 0)
"""Where the beginning of an epoch comes from."""

_KINDS = frozenset(get_args(Recorded))
_NAMES = frozenset(kind.__name__ for kind in _KINDS)
_NUMBERS, _LENGTHS = Layout(">qqq"), Layout(">III")
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: msgspec.json.Decoder[Recorded] = msgspec.json.Decoder(Recorded)
_typed = msgspec.json.Decoder(_Typed)


class Row(NamedTuple):
    """One record as the table holds it; `kind` is the name of the type in `body`."""

    number: int
    owner_id: str
    at_ns: int
    kind: str
    actor: str
    message: int
    cause: int
    body: bytes
    link: bytes


Unlinked = tuple[int, str, int, str, str, int, int, bytes]
"""A row that has no link yet: its columns up to the body."""


def kind_of(record: Recorded) -> str:
    """Return the name that a record's type has in the table."""
    return type(record).__name__


def vocabulary() -> dict[str, list[object]]:
    """Return what this version can read: each type that a record has in it, with its words.

    Fields are not among it: who does not know one passes over it. Only what is listed has words.
    """
    _, parts = msgspec.json.schema_components([Recorded])
    return {name: part.get("enum", []) for name, part in parts.items()}


def encode(record: Recorded) -> bytes:
    """Return the body of a record.

    Raises:
        StoreError: it is no fact, or holds what JSON cannot.
    """
    if type(record) not in _KINDS:
        raise StoreError(
            f"a {kind_of(record)} is not a fact and cannot be recorded: {record!r}", "unrecordable"
        )
    try:
        return _encoder.encode(record)
    except (TypeError, ValueError, OverflowError) as error:
        raise StoreError(f"{record!r} cannot be recorded: {error}", "unrecordable") from error


def decode(body: bytes) -> Recorded:
    """Return the record that a body holds.

    Raises:
        StoreError: these bytes are no record of this version.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        kind = _named(body)
        text = f"{body!r} is no record that this version knows: {error}"
        if kind and kind not in _NAMES:
            text = f"the ledger was written by a newer version (it has a {kind}); run that one"
        raise StoreError(text, "ledger_newer") from error


def _named(body: bytes) -> str:
    """Return the name of a body's type; empty: it tells none."""
    try:
        return _typed.decode(body).type
    except (msgspec.MsgspecError, ValueError):
        return ""


def decode_fact(body: bytes) -> Fact:
    """Return the fact that a body holds.

    Raises:
        StoreError: these bytes are no fact of this version.
    """
    record = decode(body)
    if isinstance(record, TicksTaken):
        text = "a block of ticks stands where a fact should; run `ordo audit verify`"
        raise StoreError(text, "ledger_altered")
    return record


def linked(row: Row | Unlinked) -> bytes:
    """Return the bytes that a row is linked by: its columns without number and link.

    Instant, message, cause (8 bytes each, signed, big-endian), the lengths of owner, kind and
    actor (4 bytes each), these three, the body. The number and the length of the whole are linked
    by the chain itself.
    """
    _, owner_id, at_ns, kind, actor, message, cause, body = row[:8]
    return _NUMBERS.pack(at_ns, message, cause) + _texts(owner_id, kind, actor) + body


def sealed(row: Unlinked, previous: bytes) -> Row:
    """Return the row with its link to the one before it."""
    # As `Row(...)` does, which costs as much again as the link.
    return tuple.__new__(Row, (*row, link(previous, row[0], linked(row))))


@lru_cache(maxsize=1_024)
def _texts(*texts: str) -> bytes:
    """Return texts with their lengths before them; a run has few owners, kinds and actors."""
    # A table that was tampered with may hold any bytes as text; they are told apart, not refused.
    written = [text.encode("utf-8", "surrogateescape") for text in texts]
    return _LENGTHS.pack(*map(len, written)) + b"".join(written)
