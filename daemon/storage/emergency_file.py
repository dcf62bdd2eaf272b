"""The emergency file: a small file that is there beforehand, so that a full disk does not matter.

A head, then records one behind the other, then zeros. Each record is length, checksum and body;
the checksum covers its place as well. It is written and made durable in one piece before the next
begins, so after a crash at most the last one is half written, and nothing was done because of it.
A record that is damaged while a whole one stands behind it was damaged later, and is refused.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from struct import Struct as Layout

import msgspec
from msgspec import Struct

from daemon.domain.chain import Head
from daemon.errors import StoreError
from daemon.messages import Fact
from daemon.storage import fence
from daemon.storage.codec import encode
from daemon.storage.ledger import EPOCH_OVER
from daemon.storage.whole import write_whole

SIZE_BYTES = 1_048_576
HEAD = b"ordo emergency file, version 1\n".ljust(64, b"\0")
_HEADER, _PLACE = Layout(">I32s"), Layout(">Q")
_ALIGNED = 8
BECAUSE_LETTERS = 100
OVERHEAD_BYTES = 1_024
"""More than a record needs beside the facts of its first batch."""


class Batch(Struct, frozen=True):
    """Facts that were entered in one piece, and where they come from, as in a row."""

    facts: tuple[Fact, ...]
    actor: str
    message: int
    cause: int
    at_ns: int


class Written(Struct, frozen=True):
    """One record.

    Attributes:
        head: where the ledger's chain surely stood on disk when it failed.
        because: why it counts as failed.
        batches: what was entered since, in order; a part of it may be in the ledger too.
    """

    head: Head
    because: str
    batches: tuple[Batch, ...]


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Written)


def weight_bytes(batch: Batch) -> int:
    """Return how much room a batch needs at most.

    Raises:
        StoreError: it holds what cannot be recorded.
    """
    return (
        sum(len(encode(fact)) + 1 for fact in batch.facts) + OVERHEAD_BYTES + len(batch.actor) * 6
    )


def seen(path: Path) -> tuple[Written, ...]:
    """Return the records of a file as it stands, beside whoever writes to it; nothing is changed.

    What is half written at its end is left out.

    Raises:
        StoreError: it cannot be read, is damaged, or holds what this version does not know.
    """
    with _Refusing(path, "cannot be opened"):
        if not path.exists():
            return ()
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with _Refusing(path, "cannot be read"):
            content = os.pread(descriptor, SIZE_BYTES + 1, 0)
    finally:
        os.close(descriptor)
    return _records_in(content, SIZE_BYTES, path)[0]


class EmergencyFile:
    """The file, open; it is made where it does not exist.

    Args:
        path: where.
        size_bytes: how large it is, from the beginning to the end.

    Raises:
        StoreError: it cannot be made or opened, or is none of ours.
    """

    def __init__(self, path: Path, size_bytes: int = SIZE_BYTES) -> None:
        self._path = path
        self._size = size_bytes
        self._descriptor = -1
        if not path.exists():
            self._make()
        self._open()
        self.end = len(HEAD)

    def read(self) -> tuple[tuple[Written, ...], bool]:
        """Return its records, and whether a half-written one stands behind them.

        Raises:
            StoreError: it is damaged, or holds what this version does not know.
        """
        with self._refusing("cannot be read"):
            content = os.pread(self._descriptor, self._size + 1, 0)
        records, self.end, torn = _records_in(content, self._size, self._path)
        return records, torn

    def write(self, written: Written) -> None:
        """Add a record, durably.

        Raises:
            StoreError: there is no room for it, or the disk failed; or a fence stands beside it,
                for where the ledger cannot, this must tell a run that it is over.
        """
        if fence.stands(self._path.parent):
            raise StoreError(fence.SENTENCE, EPOCH_OVER)
        body = _encoder.encode(written)
        record = _HEADER.pack(len(body), _checksum(self.end, body)) + body
        if self.end + _span(body) > self._size:
            raise StoreError(f"the emergency file {self._path} is full", "emergency_full")
        with self._refusing("could not be written"):
            done = 0
            while done < len(record):
                done += os.pwrite(self._descriptor, record[done:], self.end + done)
            os.fsync(self._descriptor)
        self.end += _span(body)

    def renew(self) -> None:
        """Put an empty file in its place, durably: whole or not at all.

        Raises:
            StoreError: it could not be made; the old one is still there.
        """
        self._make()
        self.close()
        self._open()
        self.end = len(HEAD)

    def close(self) -> None:
        """Let go of the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _open(self) -> None:
        with self._refusing("cannot be opened"):
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)

    def _make(self) -> None:
        with self._refusing("cannot be made"):
            write_whole(self._path, HEAD.ljust(self._size, b"\0"))

    def _refusing(self, what: str) -> _Refusing:
        return _Refusing(self._path, what)


class _Refusing:
    """Turns what a disk says into a sentence."""

    def __init__(self, path: Path, what: str) -> None:
        self._what = f"the emergency file {path} {what}"

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Turn an error of the system's into one of ours."""
        if isinstance(error, OSError):
            text = f"{self._what}: {error.strerror}; look at its disk"
            raise StoreError(text, "emergency_unusable") from error


def _records_in(content: bytes, size: int, path: Path) -> tuple[tuple[Written, ...], int, bool]:
    """Return the records of a file, where they end, and whether a half-written one stands there.

    Args:
        content: of the file.
        size: that it should have, in bytes.
        path: of the file.

    Raises:
        StoreError: it is damaged, or holds what this version does not know.
    """
    if len(content) != size or not content.startswith(HEAD):
        raise _damaged(path, 0)
    records, place = [], len(HEAD)
    while (body := _body_at(content, place)) is not None:
        records.append(_decoded(body, place, path))
        place += _span(body)
    if content[place:] == bytes(size - place):
        return tuple(records), place, False
    later = range(place + _ALIGNED, size, _ALIGNED)
    if any(_body_at(content, behind) is not None for behind in later):
        raise _damaged(path, place)
    return tuple(records), place, True


def _decoded(body: bytes, place: int, path: Path) -> Written:
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(
            f"the emergency file {path} holds at byte {place} what this version does "
            f"not know: {error}; start the version that wrote it",
            "ledger_newer",
        ) from error


def _damaged(path: Path, place: int) -> StoreError:
    text = (
        f"the emergency file {path} is damaged at byte {place}; facts that the ledger "
        "does not have are in it: keep a copy, and move it away to start without them"
    )
    return StoreError(text, "emergency_damaged")


def _span(body: bytes) -> int:
    """Return how many bytes a record takes; the next begins at a place that is easily found."""
    return -(-(_HEADER.size + len(body)) // _ALIGNED) * _ALIGNED


def _body_at(content: bytes, place: int) -> bytes | None:
    """Return the body of the record at a place; None: none that is whole."""
    begin = place + _HEADER.size
    if begin > len(content):
        return None
    length, checksum = _HEADER.unpack_from(content, place)
    if not 0 < length <= len(content) - begin:
        return None
    body = content[begin : begin + length]
    padding = content[begin + length : place + _span(body)]
    whole = _checksum(place, body) == checksum and not padding.strip(b"\0")
    return body if whole else None


def _checksum(place: int, body: bytes) -> bytes:
    return sha256(_PLACE.pack(place) + body).digest()
