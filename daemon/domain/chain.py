"""The hash links of the one append-only table: what was recorded can no longer be changed unseen.

Each record's link is a digest over the link before it, the record's number and its body. The head,
which is the count and the last link, is kept beside the table: the links show that a record was
altered, removed, exchanged or put in between, and the head shows that the tail was cut or that the
whole was written anew. The digest needs no key, so whoever can change both the table and every
copy of the head can forge both; a copy in a second place is what stops him.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from struct import Struct as Layout

from msgspec import Struct

DIGEST_BYTES = 32
_HEADER = Layout(">16s32sQQ")
_DOMAIN = b"ordo/chain/1"


class Head(Struct, frozen=True):
    """Where a chain ends.

    Attributes:
        count: how many records it has, which is the number of the last; the first is 1.
        digest: the link of the last record.
    """

    count: int
    digest: bytes


GENESIS = Head(0, bytes(DIGEST_BYTES))
"""The head of the chain without records."""

Row = tuple[int, bytes, bytes]
"""One record as it is stored: number, body, link."""


class How(StrEnum):
    """In which way a chain is broken."""

    ALTERED = "altered"
    """The record is there, and its number, body or link is not what was written."""
    MISSING = "missing"
    """The record is not there, and later ones are."""
    SWAPPED = "swapped"
    """The record stands at a later place, and no record is too many."""
    INSERTED = "inserted"
    """Something stands here that was never written, be it after the last that the head counts."""
    CUT = "cut"
    """This record and all after it are gone, as the head's count shows."""
    REWRITTEN = "rewritten"
    """The records agree with each other and not with the head; the number is the last record's."""


class Broken(Struct, frozen=True):
    """Where a chain first contradicts itself or its head.

    Attributes:
        number: the record that should stand there.
        how: what became of it.
    """

    number: int
    how: How


def link(previous: bytes, number: int, body: bytes) -> bytes:
    """Return the link of one record.

    Hashed are, in this order: a name for this use of the hash and its version (16 bytes, zeros
    behind), the link before, the number and the body's length (8 bytes each, big-endian), the
    body. All but the body have a fixed length, so no two records share an encoding.

    Args:
        previous: the link before it, 32 bytes.
        number: its place, from 1.
        body: what is recorded.
    """
    assert len(previous) == DIGEST_BYTES, f"a link has 32 bytes, not {len(previous)}"
    return sha256(_HEADER.pack(_DOMAIN, previous, number, len(body)) + body).digest()


def extend(head: Head, bodies: Iterable[bytes]) -> tuple[Head, list[bytes]]:
    """Return the head after some more records, and the link of each.

    Args:
        head: where the chain ends now.
        bodies: what is appended, in order; the first becomes number `head.count + 1`.
    """
    links = []
    count, digest = head.count, head.digest
    for body in bodies:
        count += 1
        digest = link(digest, count, body)
        links.append(digest)
    return Head(count, digest), links


def verify(rows: Iterable[Row], head: Head, since: Head = GENESIS) -> Broken | None:
    """Return where a stored chain is broken, or None where every byte is as it was written.

    Reads the rows once and holds one at a time. Where several things are wrong, the first is told,
    as well as what follows lets it be understood.

    Args:
        rows: all records in the order they are stored, from the first behind `since`.
        head: the head that was kept beside them.
        since: a head that the chain had, no longer than the chain.
    """
    stored = iter(rows)
    number, digest = since.count, since.digest
    for row in islice(stored, head.count - number):
        number += 1
        if row[0] != number or not _follows(row, digest, number):
            sound = Head(number - 1, digest)
            return Broken(number, _explain(row, stored, sound, head.count))
        digest = row[2]
    if number < head.count:
        return Broken(number + 1, How.CUT)
    if digest != head.digest:
        return Broken(number, How.REWRITTEN)
    if next(stored, None) is not None:
        return Broken(number + 1, How.INSERTED)
    return None


def _explain(row: Row, rest: Iterator[Row], sound: Head, count: int) -> How:
    """Return why a row does not follow the sound part of the chain."""
    number = sound.count + 1
    if _follows(row, sound.digest, number):
        return How.ALTERED  # its number alone, since body and link are those that belong here
    total, elsewhere = number, False
    for later in rest:
        total += 1
        elsewhere = elsewhere or _follows(later, sound.digest, number)
    if elsewhere:
        return How.INSERTED if total > count else How.SWAPPED
    if row[0] == number:
        return How.ALTERED
    return How.MISSING if row[0] > number else How.INSERTED


def _follows(row: Row, previous: bytes, number: int) -> bool:
    """Return whether body and link are those of that record, whatever the row's own number."""
    _, body, stored = row
    # A cell that was edited by hand may hold text: altered, and not a reason to fall.
    return isinstance(body, bytes) and link(previous, number, body) == stored
