import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.orders.basket import (
    Basket,
    BasketLeg,
    OnFail,
    PlaceEntry,
    Progress,
    is_complete,
    is_settled,
    missing,
)
from daemon.domain.orders.words import Side


def leg(leg_id, side, quantity, lot=65, freeze_quantity=1_800):
    return BasketLeg(leg_id, f"NIFTY-{leg_id}", side, quantity, lot, freeze_quantity, 500)


def basket(*legs):
    return Basket("b1", "s1", legs, 1, 2, OnFail.UNWIND, 20_000, 3)


SHORT_CALL, SHORT_PUT = leg("sc", Side.SELL, 130), leg("sp", Side.SELL, 130)
LONG_CALL, LONG_PUT = leg("lc", Side.BUY, 130), leg("lp", Side.BUY, 130)
CONDOR = basket(SHORT_CALL, LONG_CALL, SHORT_PUT, LONG_PUT)
HEDGED = {"lc": Progress(130), "lp": Progress(130)}
FILLED = HEDGED | {"sc": Progress(130), "sp": Progress(130)}


@pytest.mark.parametrize(
    ("case", "entry", "progress", "expected"),
    [
        ("hedges first", CONDOR, {}, [(LONG_CALL, 130), (LONG_PUT, 130)]),
        (
            "hedges on their way are no hedges",
            CONDOR,
            {"lc": Progress(0, 130), "lp": Progress(130)},
            [],
        ),
        (
            "one unit short of hedged",
            CONDOR,
            {"lc": Progress(129), "lp": Progress(130)},
            [(LONG_CALL, 1)],
        ),
        ("hedged: the shorts", CONDOR, HEDGED, [(SHORT_CALL, 130), (SHORT_PUT, 130)]),
        (
            "what is filled and what is on its way count",
            CONDOR,
            HEDGED | {"sc": Progress(65, 0), "sp": Progress(65, 65)},
            [(SHORT_CALL, 65)],
        ),
        (
            "an over-filled leg misses nothing",
            CONDOR,
            HEDGED | {"lc": Progress(195), "sc": Progress(130, 65), "sp": Progress(260)},
            [],
        ),
        ("no hedges: at once", basket(SHORT_CALL), {}, [(SHORT_CALL, 130)]),
        ("hedges alone", basket(LONG_PUT), {"lp": Progress(65)}, [(LONG_PUT, 65)]),
        ("no legs", basket(), {}, []),
        ("of other legs it knows nothing", basket(LONG_PUT), {"x": Progress(9)}, [(LONG_PUT, 130)]),
    ],
)
def test_what_is_missing_is_sent_hedges_before_shorts(case, entry, progress, expected):
    """A short leaves only once every hedge is filled, and nothing is asked for twice."""
    assert [(word.leg, word.quantity) for word in missing(entry, progress)] == expected, case


def test_an_entry_above_the_freeze_quantity_is_sliced():
    """As few orders as may be, the largest first."""
    large = leg("sc", Side.SELL, 3_315)

    assert missing(basket(large), {"sc": Progress(65)}) == (
        PlaceEntry(large, 1_755),
        PlaceEntry(large, 1_495),
    )


@pytest.mark.parametrize(
    ("case", "progress", "complete", "settled"),
    [
        ("nothing yet", {}, False, True),
        ("one hedge on its way", {"lc": Progress(0, 130)}, False, False),
        ("the last unit is missing", FILLED | {"sp": Progress(129)}, False, True),
        ("all filled", FILLED, True, True),
        ("over-filled", FILLED | {"sc": Progress(195)}, True, True),
        ("filled, and more may come", FILLED | {"sp": Progress(130, 65)}, True, False),
    ],
)
def test_complete_is_all_filled_and_settled_is_nothing_on_its_way(
    case, progress, complete, settled
):
    """The two are independent: a basket may be complete while a late order could still fill."""
    assert (is_complete(CONDOR, progress), is_settled(CONDOR, progress)) == (complete, settled), (
        case
    )


LEGS = st.builds(
    lambda side, quantity, lot, freeze: (side, quantity, lot, freeze),
    st.sampled_from(Side),
    st.integers(0, 3_000),
    st.integers(1, 120),
    st.integers(1, 2_000),
)
COME = st.one_of(st.none(), st.builds(Progress, st.integers(0, 3_200), st.integers(0, 3_200)))


@given(st.lists(st.tuples(LEGS, COME), max_size=5))
def test_entries_are_exact_sliced_and_hedged(drawn):
    """Per leg the orders add up to what is missing; each fits the exchange and has its turn."""
    legs = [leg(f"l{n}", *terms) for n, (terms, _) in enumerate(drawn)]
    progress = {f"l{n}": come for n, (_, come) in enumerate(drawn) if come is not None}
    words = missing(basket(*legs), progress)
    hedges = [each for each in legs if each.side is Side.BUY]
    hedged = all(progress.get(h.leg_id, Progress()).filled_quantity >= h.quantity for h in hedges)

    for each in legs:
        come = progress.get(each.leg_id, Progress())
        due = max(each.quantity - come.filled_quantity - come.pending_quantity, 0)
        sent = [word.quantity for word in words if word.leg is each]
        waits = each.side is Side.SELL and not hedged
        assert sum(sent) == (0 if waits else due)
        assert all(0 < part <= max(each.freeze_quantity, each.lot) for part in sent)


@given(
    st.lists(LEGS, min_size=1, max_size=4),
    st.lists(st.sampled_from(["fill", "rest", "drop"]), max_size=40),
)
def test_an_entry_asked_again_and_again_ends_complete_and_exact(drawn, moods):
    """Whatever fills, rests or is lost on the way, no leg is ever entered beyond its quantity."""
    entry = basket(*(leg(f"l{n}", *terms[:2], 65, 600) for n, terms in enumerate(drawn)))
    filled = dict.fromkeys((each.leg_id for each in entry.legs), 0)
    pending = dict(filled)
    turns = [moods[start : start + 4] for start in range(0, len(moods), 4)]
    for turn in [*turns, [], [], [], []]:
        answers = iter(turn)
        for leg_id, quantity in pending.items():
            filled[leg_id] += quantity
        pending = dict.fromkeys(pending, 0)
        for _ in range(2):
            told = {each: Progress(filled[each], pending[each]) for each in filled}
            for word in missing(entry, told):
                mood = next(answers, "fill")
                filled[word.leg.leg_id] += word.quantity if mood == "fill" else 0
                pending[word.leg.leg_id] += word.quantity if mood == "rest" else 0
    told = {each: Progress(filled[each], pending[each]) for each in filled}

    assert filled == {each.leg_id: each.quantity for each in entry.legs}
    assert is_complete(entry, told)
    assert is_settled(entry, told)
