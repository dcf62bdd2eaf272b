from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from daemon.domain.chain import GENESIS, Broken, Head, How, Row, extend, link, verify

BODIES = st.lists(st.binary(max_size=12), min_size=2, max_size=12)
DRAW = st.data()


def stored(bodies: list[bytes]) -> tuple[list[Row], Head]:
    """The rows of a chain of these bodies, and its head."""
    head, links = extend(GENESIS, bodies)
    return list(zip(range(1, len(bodies) + 1), bodies, links, strict=True)), head


def place(data: st.DataObject, rows: list[Row], until: int = 0) -> int:
    return data.draw(st.integers(0, len(rows) - 1 - until), label="place")


def flipped(data: st.DataObject, value: bytes) -> bytes:
    """The same bytes with one of their bits turned."""
    bit = data.draw(st.integers(0, 8 * len(value) - 1), label="bit")
    number = int.from_bytes(value, "big") ^ 1 << bit
    return number.to_bytes(len(value), "big")


def test_a_link_is_one_digest_over_an_encoding_that_anyone_can_rebuild() -> None:
    """Name, link before, number, length, body: written out once more by hand."""
    previous = bytes(range(32))
    encoding = b"ordo/chain/1\0\0\0\0" + previous + b"\0" * 7 + b"\x07" + b"\0" * 7 + b"\x04fill"
    assert link(previous, 7, b"fill") == sha256(encoding).digest()


def test_the_first_links_are_pinned() -> None:
    """A table written today is verified by any later version."""
    head, links = extend(GENESIS, [b"", b"a fill"])
    assert [digest.hex()[:16] for digest in links] == ["d9ab6b9ab1a73fe2", "cdd62c671153ed35"]
    assert head == Head(2, links[-1])


@pytest.mark.parametrize("previous", [b"", bytes(31), bytes(33)])
def test_a_link_before_of_another_length_is_refused(previous: bytes) -> None:
    """Every field but the body has one length; that is what makes the encoding unambiguous."""
    with pytest.raises(AssertionError, match="a link has 32 bytes"):
        link(previous, 1, b"")


RECORDS = st.tuples(
    st.binary(min_size=32, max_size=32), st.integers(0, 2**64 - 1), st.binary(max_size=20)
)


@given(RECORDS, RECORDS)
def test_different_records_have_different_links(one, other) -> None:
    """In whatever field they differ."""
    assert (link(*one) == link(*other)) is (one == other)


@given(BODIES, st.integers(0, 12))
def test_extending_in_pieces_is_extending_at_once(bodies: list[bytes], cut: int) -> None:
    """A batch's border leaves no trace in the links."""
    middle, first = extend(GENESIS, bodies[:cut])
    end, second = extend(middle, bodies[cut:])
    assert (end, first + second) == extend(GENESIS, bodies)


@given(st.lists(st.binary(max_size=12), max_size=12))
def test_what_was_written_is_sound(bodies: list[bytes]) -> None:
    """Also the chain without any record."""
    rows, head = stored(bodies)
    assert verify(iter(rows), head) is None


A, B, C = stored([b"a", b"b", b"c"])[0]


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        ([(7, *A[1:]), B, C], Broken(1, How.ALTERED)),
        ([A, (2, b"x", B[2]), C], Broken(2, How.ALTERED)),
        ([A, C], Broken(2, How.MISSING)),
        ([A, B], Broken(3, How.CUT)),
        ([B, A, C], Broken(1, How.SWAPPED)),
        ([A, A, B, C], Broken(2, How.INSERTED)),
    ],
)
def test_what_became_of_a_chain_is_told_with_the_first_number_that_is_wrong(rows, broken) -> None:
    """Of three records."""
    assert verify(rows, stored([b"a", b"b", b"c"])[1]) == broken


@given(BODIES, DRAW)
def test_a_flipped_bit_in_a_body_is_found(bodies: list[bytes], data: st.DataObject) -> None:
    """Told as altered, with its number."""
    rows, head = stored([body + b"!" for body in bodies])
    at = place(data, rows)
    number, body, digest = rows[at]
    rows[at] = (number, flipped(data, body), digest)
    assert verify(rows, head) == Broken(number, How.ALTERED)


@given(BODIES, DRAW)
def test_a_flipped_bit_in_a_link_is_found(bodies: list[bytes], data: st.DataObject) -> None:
    """Told as altered, with its number."""
    rows, head = stored(bodies)
    at = place(data, rows)
    number, body, digest = rows[at]
    rows[at] = (number, body, flipped(data, digest))
    assert verify(rows, head) == Broken(number, How.ALTERED)


@given(BODIES, DRAW)
def test_another_number_is_found(bodies: list[bytes], data: st.DataObject) -> None:
    """Whatever number stands there instead, even one that no table could hold."""
    rows, head = stored(bodies)
    at = place(data, rows)
    number, body, digest = rows[at]
    other = data.draw(st.integers().filter(lambda value: value != number), label="other")
    rows[at] = (other, body, digest)
    assert verify(rows, head) == Broken(number, How.ALTERED)


@given(BODIES, st.binary(max_size=40), DRAW)
def test_a_body_or_link_replaced_is_found(bodies, other: bytes, data: st.DataObject) -> None:
    """By anything of any length."""
    rows, head = stored(bodies)
    at = place(data, rows)
    number, body, digest = rows[at]
    assume(other not in (body, digest))
    forged = data.draw(st.sampled_from([(number, other, digest), (number, body, other)]))
    rows[at] = forged
    assert verify(rows, head) == Broken(number, How.ALTERED)


@given(BODIES, DRAW)
def test_a_removed_record_is_found(bodies: list[bytes], data: st.DataObject) -> None:
    """Any but the last is missing."""
    rows, head = stored(bodies)
    at = place(data, rows, until=1)
    del rows[at]
    assert verify(rows, head) == Broken(at + 1, How.MISSING)


@given(BODIES, DRAW)
def test_a_cut_tail_is_found(bodies: list[bytes], data: st.DataObject) -> None:
    """From the first record that is gone, be it the very first."""
    rows, head = stored(bodies)
    at = place(data, rows)
    assert verify(rows[:at], head) == Broken(at + 1, How.CUT)


@given(BODIES, DRAW)
def test_two_swapped_records_are_found(bodies: list[bytes], data: st.DataObject) -> None:
    """Told with the number of the earlier, whether the numbers went along or stayed."""
    rows, head = stored(bodies)
    first = place(data, rows, until=1)
    second = data.draw(st.integers(first + 1, len(rows) - 1), label="second")
    rows[first], rows[second] = rows[second], rows[first]
    if data.draw(st.booleans(), label="numbers stay"):
        rows = [(number, *row[1:]) for number, row in enumerate(rows, 1)]
    assert verify(rows, head) == Broken(first + 1, How.SWAPPED)


@given(BODIES, st.tuples(st.integers(), st.binary(max_size=9), st.binary(max_size=40)), DRAW)
def test_an_inserted_record_is_found(bodies, forged: Row, data: st.DataObject) -> None:
    """Anything, anywhere, before the first and after the last as well."""
    rows, head = stored(bodies)
    at = data.draw(st.integers(0, len(rows)), label="place")
    rows.insert(at, forged)
    assert verify(rows, head) == Broken(at + 1, How.INSERTED)


@given(BODIES, DRAW)
def test_a_repeated_record_is_found(bodies: list[bytes], data: st.DataObject) -> None:
    """A copy of a sound row is one row too many."""
    rows, head = stored(bodies)
    at = place(data, rows)
    rows.insert(at, rows[at])
    assert verify(rows, head) == Broken(at + 2, How.INSERTED)


@given(BODIES, st.binary(max_size=12), DRAW)
def test_a_forger_who_knows_the_links_is_found(bodies, body: bytes, data: st.DataObject) -> None:
    """A record put in between with a link that fits: the one behind it no longer follows."""
    rows, head = stored(bodies)
    at = place(data, rows, until=1)
    assume(body != rows[at][1])
    previous = rows[at - 1][2] if at else GENESIS.digest
    rows.insert(at, (at + 1, body, link(previous, at + 1, body)))
    assert verify(rows, head) == Broken(at + 2, How.INSERTED)


def test_a_forged_last_record_is_found_by_the_head() -> None:
    """Nothing behind it could show that it does not belong, hence the head."""
    rows, head = stored([b"a", b"b"])
    rows[1] = (2, b"B", link(rows[0][2], 2, b"B"))
    assert verify(rows, head) == Broken(2, How.REWRITTEN)


@pytest.mark.parametrize("body", ["b", None, 98])
def test_a_cell_of_another_type_is_altered(body: object) -> None:
    """A database that was edited by hand may return text, nothing or a number."""
    rows, head = stored([b"a", b"b", b"c"])
    edited = [rows[0], (2, body, rows[1][2]), rows[2]]
    assert verify(edited, head) == Broken(2, How.ALTERED)


@given(BODIES, BODIES)
def test_a_table_written_anew_is_found_by_its_head(bodies, others: list[bytes]) -> None:
    """Links that agree with each other do not help where the last is not the head's."""
    others = (others + bodies)[: len(bodies)]
    assume(others != bodies)
    rows, _ = stored(others)
    _, head = stored(bodies)
    assert verify(rows, head) == Broken(len(bodies), How.REWRITTEN)


@given(BODIES, BODIES)
def test_records_beyond_the_head_are_found(bodies: list[bytes], more: list[bytes]) -> None:
    """Even where they follow: the head never heard of them."""
    rows, _ = stored(bodies + more)
    _, head = stored(bodies)
    assert verify(rows, head) == Broken(len(bodies) + 1, How.INSERTED)


@given(BODIES, DRAW)
def test_no_other_list_of_rows_is_sound(bodies: list[bytes], data: st.DataObject) -> None:
    """Rows removed, repeated and reordered at will: only the very same list verifies."""
    rows, head = stored(bodies)
    other = data.draw(st.lists(st.sampled_from(rows), max_size=len(rows) + 2), label="rows")
    assert (verify(other, head) is None) is (other == rows)


def test_the_first_of_two_faults_is_told_for_what_it_is() -> None:
    """An altered record before a cut tail is altered; a missing one before a surplus missing."""
    rows, head = stored([b"a", b"b", b"c", b"d"])
    altered = [rows[0], (2, b"B", rows[1][2]), rows[2]]
    missing = [rows[0], rows[2], rows[3], rows[3], rows[3]]
    found = [verify(altered, head), verify(missing, head)]
    assert found == [Broken(2, How.ALTERED), Broken(2, How.MISSING)]
