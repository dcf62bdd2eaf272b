"""Instruments are spread over three connections, and stay where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brokers.zerodha.stream.spreading import CONNECTIONS, EACH, Wanted, spread
from daemon.errors import BrokerMisused

ROOM = 6


def named(tokens, prefix="S"):
    return {f"{prefix}{token}": token for token in tokens}


def wanted_of(indices, held, others):
    return Wanted(named(indices), named(held), named(others))


WANTED = st.builds(
    wanted_of,
    st.sets(st.integers(0, 3), max_size=4),
    st.sets(st.integers(10, 14), max_size=3),
    st.sets(st.integers(10, 40), max_size=20),
)


def spread_or_none(wanted, before=()):
    try:
        return spread(wanted, before, ROOM)
    except BrokerMisused:
        return None


@given(st.lists(WANTED, min_size=1, max_size=5))
def test_everything_is_shown_by_somebody_and_nobody_shows_too_much(changes):
    before = ()
    for wanted in changes:
        shown = spread_or_none(wanted, before)
        tokens = set(wanted.tokens.values())
        if shown is None:
            assert len(tokens) > CONNECTIONS * ROOM - (CONNECTIONS - 1)
            continue
        assert set().union(*shown) == tokens
        assert len(shown) <= CONNECTIONS
        assert all(len(each) == len(set(each)) <= ROOM for each in shown)
        if wanted.indices:
            assert all(set(each) & set(wanted.indices.values()) for each in shown)
        before = shown


@given(st.lists(WANTED, min_size=2, max_size=5))
def test_what_is_neither_held_nor_an_index_moves_only_out_of_a_full_connection(changes):
    before = ()
    for wanted in changes:
        shown = spread_or_none(wanted, before)
        if shown is None:
            continue
        guarded = {*wanted.indices.values(), *wanted.held.values()}
        for number, each in enumerate(before):
            staying = (set(each) & set(wanted.others.values())) - guarded
            for token in staying - set(shown[number] if number < len(shown) else ()):
                assert len(shown[number]) == ROOM, f"{token} moved without need"
        before = shown


@given(WANTED)
def test_indices_and_what_is_held_share_the_first_connection_where_copies_have_room(wanted):
    shown = spread_or_none(wanted)
    guarded = {*wanted.indices.values(), *wanted.held.values()}
    if shown and len(wanted.tokens) + len(shown) - 1 <= len(shown) * ROOM and len(guarded) <= ROOM:
        assert guarded <= set(shown[0])


@given(WANTED)
def test_the_same_set_moves_nothing(wanted):
    shown = spread_or_none(wanted)
    if shown:
        assert spread(wanted, shown, ROOM) == shown


def test_three_thousand_share_one_connection():
    assert [len(each) for each in spread(wanted_of(range(3), [], range(10, 3_007)))] == [EACH]


def test_nine_thousand_fill_three_connections_with_an_index_on_each():
    shown = spread(wanted_of(range(3), range(100, 110), range(100, 9_097)))

    assert [len(each) for each in shown] == [EACH] * 3
    assert [each[0] for each in shown] == [0, 1, 2]


def test_more_than_nine_thousand_are_refused_by_name():
    with pytest.raises(BrokerMisused) as refused:
        spread(wanted_of(range(3), [], range(100, 9_098)))

    assert str(refused.value) == (
        "9,001 instruments are wanted, and Zerodha's ticker shows 9,000, an index on each of its 3 "
        "connections among them; leave some out, from S9097 on"
    )


def test_nothing_wanted_is_one_connection_that_hears_of_orders_alone():
    assert spread(Wanted()) == ((),)
