"""Frames of Zerodha's ticker for tests, written from the published table of offsets."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from hypothesis import strategies as st

LENGTHS = (8, 28, 32, 44, 184)
SEGMENTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12)


def frame(*packets: bytes) -> bytes:
    """Return packets as one message."""
    return struct.pack(">H", len(packets)) + b"".join(
        struct.pack(">H", len(packet)) + packet for packet in packets
    )


def packet(token: int, words: Sequence[int]) -> bytes:
    """Return a packet of whole words of four bytes, the token first."""
    return struct.pack(f">{1 + len(words)}I", token, *words)


def full_packet(token: int, words: Sequence[int], levels: Sequence[tuple[int, int, int]]) -> bytes:
    """Return a full packet.

    Args:
        token: of the instrument.
        words: the fifteen between the token and the depth.
        levels: (quantity, price, orders), five bids and five asks.
    """
    assert (len(words), len(levels)) == (15, 10)
    return packet(token, words) + b"".join(struct.pack(">IIH2x", *level) for level in levels)


_WORD = st.integers(0, 2**32 - 1)
_TOKENS = st.builds(
    lambda number, segment: number << 8 | segment,
    st.integers(0, 2**24 - 1),
    st.sampled_from(SEGMENTS),
)


def _packets(length: int) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda token, rest: struct.pack(">I", token) + rest,
        _TOKENS,
        st.binary(min_size=length - 4, max_size=length - 4),
    )


def frames(most: int = 6) -> st.SearchStrategy[bytes]:
    """Frames of every kind of packet, of every segment, with kinds that nobody knows among them."""
    known = st.sampled_from(LENGTHS).flatmap(_packets)
    unknown = st.sampled_from((4, 12, 40, 188)).flatmap(_packets)
    return st.lists(st.one_of(known, known, unknown), max_size=most).map(lambda p: frame(*p))
