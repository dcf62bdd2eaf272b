import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import DAY_NS
from daemon.domain.orders.ids import (
    CHANCE_BITS,
    MOST_EPOCHS,
    MOST_IN_ONE_EPOCH,
    IntentId,
    IntentIds,
    drawn,
    parse,
)

epochs = st.integers(1, MOST_EPOCHS - 1)
made = st.builds(IntentId, epochs, st.integers(1, MOST_IN_ONE_EPOCH - 1))


@given(made)
def test_an_id_is_short_plain_and_can_be_taken_apart(one):
    """Brokers allow about 20 letters and digits."""
    assert re.fullmatch("[A-Z0-9]{1,20}", str(one))
    assert parse(str(one)) == one


@given(made, made)
def test_ids_differ_as_epoch_and_count_do_and_sort_like_them(one, other):
    """Distinct over epochs and counts, and in the order they were made."""
    assert (str(one) == str(other)) == (one == other)
    assert (str(one) < str(other)) == ((one.epoch, one.count) < (other.epoch, other.count))


@given(epochs, epochs)
def test_a_run_never_repeats_an_id_of_another_run(one, other):
    """A count that begins again is harmless under a new epoch."""
    runs = {epoch: IntentIds(epoch) for epoch in (one, other)}
    ids = [ids.next() for ids in runs.values() for _ in range(5)]
    assert len(set(ids)) == len(ids) == 5 * len(runs)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OR",
        "OR00000000100000W1",
        "or0000000010000001",
        "OR00000000100000_1",
        "OR000000001000000\u0661",
        " OR0000000010000001",
        "OR0000000010000001\n",
        "XX0000000010000001",
    ],
)
def test_a_strangers_id_is_not_ours(text):
    """Orders made elsewhere are told from ours."""
    assert parse(text) is None


def test_the_form_is_fixed():
    """Ids in old ledgers must stay readable."""
    assert IntentIds(33).next() == "OR0000000110000001"


def test_a_run_without_ids_left_stops():
    """It never begins again."""
    ids = IntentIds(1)
    ids._count = MOST_IN_ONE_EPOCH - 1
    with pytest.raises(AssertionError):
        ids.next()


@pytest.mark.parametrize("epoch", [0, -1, MOST_EPOCHS])
def test_an_epoch_out_of_bounds_is_a_defect(epoch):
    """Zero is no epoch: the ledger gives the first run 1."""
    with pytest.raises(AssertionError):
        IntentIds(epoch)


CHANCE = st.integers(0, (1 << CHANCE_BITS) - 1)
DAYS = st.integers(1, 65_000)


@given(st.tuples(DAYS, CHANCE), st.tuples(DAYS, CHANCE))
def test_epochs_that_are_drawn_are_equal_only_by_the_same_chance_on_the_same_day(one, other):
    """And a later day's is above an earlier day's."""
    epochs = [drawn(day * DAY_NS + 7, chance) for day, chance in (one, other)]
    assert (epochs[0] == epochs[1]) == (one == other)
    assert (epochs[0] < epochs[1]) == (one < other)


@given(st.integers(0, 2**63), CHANCE)
def test_whatever_a_clock_says_what_is_drawn_is_an_epoch_above_those_that_are_counted(now, chance):
    epoch = drawn(now, chance)
    assert 1 << CHANCE_BITS <= epoch < MOST_EPOCHS
    assert parse(IntentIds(epoch).next()) == IntentId(epoch, 1)


@pytest.mark.parametrize("chance", [-1, 1 << CHANCE_BITS])
def test_chance_of_another_size_is_a_defect(chance):
    with pytest.raises(AssertionError):
        drawn(0, chance)
