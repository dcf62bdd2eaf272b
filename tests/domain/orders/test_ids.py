import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.orders.ids import MOST_EPOCHS, MOST_IN_ONE_EPOCH, IntentId, IntentIds, parse

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
