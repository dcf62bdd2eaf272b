from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.bands import AVERAGED_NS
from daemon.domain.money import e4
from daemon.domain.orders.flatten import (
    CancelExit,
    Flatten,
    Holding,
    PlaceExit,
    Resting,
    is_flat,
)
from daemon.domain.orders.ladder import Ladder, Prospect
from daemon.domain.orders.refusals import ANSWERS, UNREASONED, Answer
from daemon.domain.orders.words import Refusal, Side

NOW = 100 * SECOND_NS
SHORT = Holding("call", -130, 0, (), 65, 1800, 1_000, 1_010)
LONG = replace(SHORT, leg_id="hedge", net_quantity=130)
LARGE = replace(SHORT, net_quantity=-3250)
RESTING = Resting("OR1", 1_000, NOW - SECOND_NS)
CLOSING = replace(SHORT, closing_quantity=130, resting=(RESTING,))


def machine() -> Flatten:
    return Flatten(Ladder())


def placed(words) -> list[tuple[str, Side, int, int]]:
    return [(w.leg_id, w.side, w.quantity, w.price_e4) for w in words if isinstance(w, PlaceExit)]


@pytest.mark.parametrize(
    ("kind", "expected", "patience_ns"),
    [
        (Refusal.BAND, Answer.REPRICE, SECOND_NS),
        (Refusal.TICK, Answer.REPRICE, SECOND_NS),
        (Refusal.FREEZE, Answer.HALVE, 0),
        (Refusal.MARGIN, Answer.SHORTS_FIRST, SECOND_NS),
        (Refusal.SESSION, Answer.ASK_KEEPER, 5 * SECOND_NS),
        (Refusal.RATE, Answer.WAIT_SLOT, SECOND_NS),
        (Refusal.CLOSED, Answer.AWAIT_MARKET, 5 * SECOND_NS),
        (Refusal.LOT, Answer.PAGE, 5 * SECOND_NS),
        (Refusal.INSTRUMENT, Answer.PAGE, 5 * SECOND_NS),
        (Refusal.UNSENT, Answer.SEND_AGAIN, SECOND_NS),
        (Refusal.OTHER, Answer.PAGE, 5 * SECOND_NS),
    ],
)
def test_every_refusal_has_its_answer_and_its_patience(kind, expected, patience_ns):
    """Until then the leg is left alone; then it is tried again, for an exit is owed."""
    closing = machine()
    closing.next((SHORT,), NOW)
    assert closing.refused("call", kind, 130, NOW) is expected
    assert ANSWERS[kind] is expected
    due_ns = NOW + patience_ns
    assert closing.wakes_ns((SHORT,), NOW) == min(
        NOW + SECOND_NS, due_ns if patience_ns else 10**18
    )
    assert closing.next((SHORT,), due_ns - 1) == () or not patience_ns
    assert sum(word.quantity for word in closing.next((SHORT,), due_ns)) == 130


@pytest.mark.parametrize(
    ("case", "holdings", "expected"),
    [
        ("a short is bought back", (SHORT,), [("call", Side.BUY, 130, 1_000)]),
        ("a long is sold", (LONG,), [("hedge", Side.SELL, 130, 1_000)]),
        ("shorts before longs", (LONG, SHORT), [("call", Side.BUY, 130, 1_000)]),
        ("a short on its way holds longs back", (LONG, CLOSING), []),
        (
            "a flat leg does not",
            (LONG, replace(SHORT, net_quantity=0)),
            [("hedge", Side.SELL, 130, 1_000)],
        ),
        (
            "nor does a short that is never ordered from here",
            (LONG, replace(SHORT, price_e4=0, is_ordered=False)),
            [("hedge", Side.SELL, 130, 1_000)],
        ),
        (
            "nor does any short hold back a long that guards nothing",
            (replace(LONG, guards=False), SHORT),
            [("call", Side.BUY, 130, 1_000), ("hedge", Side.SELL, 130, 1_000)],
        ),
        (
            "nor does a short of another underlying",
            (replace(LONG, underlying="NIFTY"), replace(CLOSING, underlying="INFY")),
            [("hedge", Side.SELL, 130, 1_000)],
        ),
        (
            "while one of its own does",
            (
                replace(LONG, underlying="NIFTY"),
                replace(CLOSING, underlying="NIFTY"),
                replace(CLOSING, leg_id="share", underlying="INFY"),
            ),
            [],
        ),
        (
            "while one beside it that guards waits",
            (replace(LONG, leg_id="future", guards=False), LONG, CLOSING),
            [("future", Side.SELL, 130, 1_000)],
        ),
        (
            "a short that has no price yet does",
            (LONG, replace(SHORT, price_e4=0)),
            [],
        ),
        (
            "all shorts at once, by name",
            (replace(SHORT, leg_id="put"), SHORT),
            [("call", Side.BUY, 130, 1_000), ("put", Side.BUY, 130, 1_000)],
        ),
        (
            "only what is missing",
            (replace(SHORT, closing_quantity=65),),
            [("call", Side.BUY, 65, 1_000)],
        ),
        ("more on its way than open", (replace(SHORT, closing_quantity=195),), []),
        ("no price", (replace(SHORT, price_e4=0),), []),
        (
            "slices",
            (LARGE,),
            [("call", Side.BUY, 1755, 1_000), ("call", Side.BUY, 1495, 1_000)],
        ),
        (
            "an odd rest",
            (replace(LONG, net_quantity=100),),
            [("hedge", Side.SELL, 65, 1_000), ("hedge", Side.SELL, 35, 1_000)],
        ),
        ("nothing open", (replace(SHORT, net_quantity=0),), []),
        ("nothing at all", (), []),
    ],
)
def test_what_is_open_and_not_on_its_way_is_closed_shorts_first(case, holdings, expected):
    """Never more than is proven open."""
    assert placed(machine().next(holdings, NOW)) == expected


@pytest.mark.parametrize(
    ("case", "changes", "expected", "step"),
    [
        ("a whole interval", {}, [CancelExit("OR1")], 1),
        ("not yet", {"resting": (replace(RESTING, since_ns=NOW - SECOND_NS + 1),)}, [], 0),
        (
            "left by a clock that stood ahead",
            {"resting": (replace(RESTING, since_ns=NOW + 1),)},
            [CancelExit("OR1")],
            1,
        ),
        ("left just now", {"resting": (replace(RESTING, since_ns=NOW),)}, [], 0),
        ("the next step asks the same", {"next_price_e4": 1_000}, [], 1),
        ("no price one step on", {"next_price_e4": 0}, [], 0),
        (
            "of several, those",
            {"resting": (RESTING, Resting("OR2", 1_010, 0), Resting("OR3", 1_000, NOW))},
            [CancelExit("OR1")],
            1,
        ),
        ("none is in the book", {"resting": ()}, [], 0),
    ],
)
def test_only_what_has_rested_and_would_be_priced_anew_is_taken_back(case, changes, expected, step):
    """And the leg goes one step on once an exit of it has rested."""
    closing = machine()
    assert list(closing.next((replace(CLOSING, **changes),), NOW)) == expected
    assert closing.step("call") == step


def test_a_cancellation_under_way_is_not_repeated_and_no_step_is_skipped():
    """Asked at every frame of a second, the leg goes one step on; a second later the next."""
    closing, asked = machine(), []
    for at_ns in range(NOW, NOW + SECOND_NS, SECOND_NS // 20):
        asked += closing.next((CLOSING,), at_ns)
    assert (asked, closing.step("call")) == ([CancelExit("OR1")], 1)
    assert closing.next((CLOSING,), NOW + SECOND_NS) == (CancelExit("OR1"),)
    assert closing.step("call") == 2


def test_an_exit_whose_next_step_asks_the_same_price_rests_on_and_steps_all_the_same():
    """Of a cheap option 1 % and 3 % are the same tick: it rests through both, then goes on."""
    closing = machine()
    alike = replace(CLOSING, next_price_e4=1_000)
    assert closing.next((alike,), NOW) == ()
    assert closing.step("call") == 1
    assert closing.next((alike,), NOW + SECOND_NS) == ()
    assert closing.step("call") == 2
    assert (CancelExit("OR1"),) == closing.next((CLOSING,), NOW + 2 * SECOND_NS)


def test_slices_of_one_attempt_that_are_refused_together_cost_one_step():
    """Three times off the tick is one price off the tick."""
    closing = machine()
    for _ in range(3):
        closing.refused("call", Refusal.TICK, 65, NOW)
    assert closing.step("call") == 1
    closing.refused("call", Refusal.TICK, 65, NOW + SECOND_NS)
    assert closing.step("call") == 2


def asks(closing, prospect, at_ns, side=Side.BUY) -> tuple[int, int]:
    """What a leg asks now and one step on; it leaves at that."""
    prices = closing.prices_e4("call", side, prospect, at_ns)
    leg = replace(SHORT if side is Side.BUY else replace(LONG, leg_id="call"), price_e4=prices[0])
    closing.next((leg,), at_ns)
    return prices


BAND = Prospect(e4(100), e4(100), e4(60), e4(140), 500, e4(100))


def test_what_lies_outside_the_band_leads_back_to_the_touch_and_is_not_asked_again_so_soon():
    """Not within half a minute; what lies short of it is, and after that time all of it."""
    closing = machine()
    for each in range(3):
        closing.refused("call", Refusal.TICK, 130, NOW + each * SECOND_NS)
    now_ns = NOW + 3 * SECOND_NS
    assert asks(closing, BAND, now_ns) == (e4("137.20"), e4("137.20"))
    for _ in range(2):
        closing.refused("call", Refusal.BAND, 65, now_ns)
    assert closing.step("call") == 0
    assert closing.next((SHORT,), now_ns + SECOND_NS - 1) == ()
    assert asks(closing, BAND, now_ns + SECOND_NS) == (e4(100), e4(101))
    for step, expected in ((1, (101, 103)), (2, (103, 103)), (3, (103, 103))):
        closing.refused("call", Refusal.TICK, 130, now_ns + step * SECOND_NS)
        assert closing.step("call") == step
        prices = closing.prices_e4("call", Side.BUY, BAND, now_ns + step * SECOND_NS)
        assert prices == tuple(map(e4, expected))
    last_ns = now_ns + AVERAGED_NS
    assert closing.prices_e4("call", Side.BUY, BAND, last_ns - 1)[0] == e4(103)
    assert closing.prices_e4("call", Side.BUY, BAND, last_ns)[0] == e4("137.20")


@pytest.mark.parametrize(("side", "touches"), [(Side.BUY, (145, 146)), (Side.SELL, (55, 54))])
def test_the_touch_is_asked_however_far_out_it_is(side, touches):
    """No limit short of it would trade, so each second it is asked whether it is taken by now."""
    closing = machine()
    for each, touch in enumerate(touches):
        out = replace(BAND, touch_e4=e4(touch), low_e4=e4(54), high_e4=e4(146))
        assert asks(closing, out, NOW + each * SECOND_NS, side)[0] == e4(touch)
        closing.refused("call", Refusal.BAND, 130, NOW + each * SECOND_NS)
    out = replace(out, touch_e4=e4(touches[0]))
    assert asks(closing, out, NOW + 2 * SECOND_NS, side)[0] == e4(touches[0])


def test_a_leg_without_a_price_asks_nothing():
    closing, nothing = machine(), Prospect(0, 0, 0, 0, 500)
    assert closing.prices_e4("call", Side.BUY, None, NOW) == (0, 0)
    assert closing.prices_e4("call", Side.BUY, nothing, NOW) == (0, 0)
    closing.refused("call", Refusal.BAND, 130, NOW)
    assert closing.prices_e4("call", Side.BUY, nothing, NOW) == (0, 0)


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ((1755,), [845] * 3 + [715]),
        ((1755, 1495), [715] * 4 + [390]),
        ((1495, 1755), [715] * 4 + [390]),
        ((1755, 845), [390] * 8 + [130]),
        ((130,), [65] * 50),
    ],
)
def test_a_slice_above_the_freeze_quantity_is_halved_and_stays_so(refused, expected):
    """By the smallest that was refused, in whichever order; whole lots, and the sum is exact."""
    closing = machine()
    closing.next((LARGE,), NOW)
    answers = {closing.refused("call", Refusal.FREEZE, quantity, NOW) for quantity in refused}
    assert answers == {Answer.HALVE}
    assert [word.quantity for word in closing.next((LARGE,), NOW)] == expected


def test_one_lot_that_is_too_much_is_for_a_person():
    """It cannot be halved, so it is not sent again at once."""
    closing = machine()
    closing.next((SHORT,), NOW)
    assert closing.refused("call", Refusal.FREEZE, 65, NOW) is Answer.PAGE
    assert closing.next((SHORT,), NOW) == ()


def test_a_slice_that_is_refused_for_no_known_reason_holds_up_no_other_of_many():
    """It waits for a second by itself; a person is told of it all the same."""
    closing, half = machine(), SECOND_NS // 2
    many = replace(LARGE, net_quantity=-8 * 1_800, lot=75)
    assert [quantity for *_, quantity, _ in placed(closing.next((many,), NOW))] == [1_800] * 8
    assert closing.refused("call", Refusal.OTHER, 1_800, NOW) is Answer.PAGE
    rest = replace(many, closing_quantity=6 * 1_800)
    assert [quantity for *_, quantity, _ in placed(closing.next((rest,), NOW + half))] == [1_800]
    assert closing.wakes_ns((rest,), NOW + half) == NOW + SECOND_NS
    again = placed(closing.next((rest,), NOW + SECOND_NS))
    assert [quantity for *_, quantity, _ in again] == [1_800] * 2


def test_the_last_slice_of_many_is_asked_for_again_as_soon():
    closing = machine()
    many = replace(LARGE, net_quantity=-8 * 1_800, lot=75)
    closing.next((many,), NOW)
    last = replace(many, net_quantity=-1_800)
    closing.next((last,), NOW)
    closing.refused("call", Refusal.OTHER, 1_800, NOW)
    assert placed(closing.next((last,), NOW)) == []
    assert len(placed(closing.next((last,), NOW + SECOND_NS))) == 1


SIX = replace(SHORT, net_quantity=-390)
"""Six lots."""


def refused_twice(closing: Flatten, held: Holding = SIX, quantity: int = 390) -> int:
    """Have a leg refused twice in a row for no known reason; when it is asked for again."""
    closing.next((held,), NOW)
    assert closing.refused(held.leg_id, Refusal.OTHER, quantity, NOW) is Answer.PAGE
    closing.next((held,), NOW + 5 * SECOND_NS)
    assert (
        closing.refused(held.leg_id, Refusal.OTHER, quantity, NOW + 5 * SECOND_NS) is Answer.HALVE
    )
    assert closing.next((held,), NOW + 15 * SECOND_NS - 1) == ()
    return NOW + 15 * SECOND_NS


def test_what_is_refused_twice_in_a_row_for_no_known_reason_is_halved_down_to_one_lot():
    """It may be too large in words that nobody knows yet; one slice at a time finds that out."""
    closing, sent = machine(), []
    at_ns = refused_twice(closing)
    for answer in (Answer.HALVE, Answer.PAGE, Answer.PAGE):
        ((_, _, quantity, _),) = placed(closing.next((SIX,), at_ns))
        sent.append(quantity)
        assert closing.refused("call", Refusal.OTHER, quantity, at_ns) is answer
        assert closing.next((SIX,), at_ns + 16 * SECOND_NS - 1) == ()
        at_ns += 16 * SECOND_NS
    assert sent == [195, 65, 65]


def sizes(closing: Flatten, held: Holding, at_ns: int) -> list[int]:
    """The units of each slice that is asked for."""
    return [quantity for *_, quantity, _ in placed(closing.next((held,), at_ns))]


def half_taken(closing: Flatten) -> tuple[Holding, int]:
    """Have a half taken of what was refused twice; what is left then, and when it is asked for."""
    at_ns = refused_twice(closing)
    assert sizes(closing, SIX, at_ns) == [195]
    on_its_way = replace(SIX, closing_quantity=195)
    assert closing.next((on_its_way,), at_ns) == ()
    assert closing.wakes_ns((on_its_way,), at_ns) == at_ns + SECOND_NS
    return replace(SIX, net_quantity=-260), at_ns + SECOND_NS


def test_once_a_half_was_taken_the_rest_goes_whole_again():
    """What the broker had against it may be over."""
    closing = machine()
    left, at_ns = half_taken(closing)
    assert sizes(closing, left, at_ns) == [260]


def test_where_the_rest_is_refused_as_well_it_follows_in_slices_of_the_size_that_was_taken():
    """At the first no, and from then on; they are halved like others if they are refused twice."""
    closing = machine()
    left, at_ns = half_taken(closing)
    closing.next((left,), at_ns)
    assert closing.refused("call", Refusal.OTHER, 260, at_ns) is Answer.HALVE
    at_ns += 5 * SECOND_NS
    assert sizes(closing, left, at_ns) == [195, 65]
    less = replace(left, net_quantity=-250)
    assert sizes(closing, less, at_ns) == [195, 55]
    for answer in (Answer.PAGE, Answer.HALVE):
        assert closing.refused("call", Refusal.OTHER, 195, at_ns) is answer
        at_ns += 16 * SECOND_NS
        closing.next((less,), at_ns)
    assert sizes(closing, less, at_ns + SECOND_NS) == [65]


LARGE_LEG = replace(SHORT, net_quantity=-98 * 75, lot=75, freeze_quantity=1_800)


def test_slices_are_halved_from_the_largest_of_an_attempt_and_once_for_all_that_were_refused():
    """Two lots are the rest of 98; that they were refused as well says nothing of their size."""
    closing, at_ns = machine(), NOW
    for _ in range(2):
        asked = sizes(closing, LARGE_LEG, at_ns)
        assert asked == [1_800] * 4 + [150]
        answers = [
            closing.refused("call", Refusal.OTHER, quantity, at_ns) for quantity in reversed(asked)
        ]
        at_ns += 16 * SECOND_NS
    assert Answer.HALVE in answers
    assert sizes(closing, LARGE_LEG, at_ns) == [900]


@pytest.mark.parametrize(
    ("held", "least"),
    [(LARGE_LEG, 375), (replace(LARGE_LEG, net_quantity=-1_500, lot=1), 75), (SIX, 65)],
)
def test_what_is_refused_for_no_known_reason_is_cut_into_no_more_than_twenty_slices(held, least):
    """Each is an order, and is priced anew; the budget of a minute would not last for many more."""
    closing, at_ns = machine(), NOW
    for _ in range(12):
        (*_, asked) = sizes(closing, held, at_ns)[:1]
        closing.refused("call", Refusal.OTHER, asked, at_ns)
        at_ns += 16 * SECOND_NS
    assert asked == least


def test_what_never_left_is_never_taken_for_too_large():
    """However long the broker cannot be reached, all goes whole once it can."""
    closing, at_ns = machine(), NOW
    for _ in range(12):
        for quantity in sizes(closing, LARGE_LEG, at_ns):
            assert closing.refused("call", Refusal.UNSENT, quantity, at_ns) is Answer.SEND_AGAIN
        at_ns += 4 * SECOND_NS
    assert sizes(closing, LARGE_LEG, at_ns) == [1_800] * 4 + [150]


def test_noes_that_never_left_between_two_others_end_no_count_of_those():
    closing, at_ns = machine(), NOW
    for kind in (Refusal.OTHER, Refusal.UNSENT, Refusal.OTHER):
        closing.next((SIX,), at_ns)
        if kind is Refusal.OTHER:
            answer = closing.refused("call", Refusal.OTHER, 390, at_ns)
        else:
            closing.refused("call", kind, 390, at_ns)
        at_ns += 16 * SECOND_NS
    assert answer is Answer.HALVE


def test_noes_to_exits_of_before_a_restart_are_waited_for_and_nothing_is_guessed_of_their_size():
    """This run has placed none yet, so it knows of no slice that was too large."""
    closing, at_ns = machine(), NOW
    for waits_s in (5, 10):
        assert closing.refused("call", Refusal.OTHER, 390, at_ns) is Answer.PAGE
        at_ns += waits_s * SECOND_NS
    assert closing.next((SIX,), at_ns - 1) == ()
    assert sizes(closing, SIX, at_ns) == [390]


def test_one_in_doubt_holds_up_what_was_halved_for_a_second_and_no_longer():
    closing = machine()
    at_ns = refused_twice(closing)
    closing.next((SIX,), at_ns)
    doubtful = replace(SIX, closing_quantity=195)
    assert [q for *_, q, _ in placed(closing.next((doubtful,), at_ns + SECOND_NS))] == [195]


def test_slices_of_one_attempt_and_noes_between_which_a_reason_was_told_are_not_twice_in_a_row():
    closing = machine()
    closing.next((LARGE,), NOW)
    answers = [closing.refused("call", Refusal.OTHER, 1_755, NOW) for _ in range(2)]
    at_ns = NOW + 5 * SECOND_NS
    closing.next((LARGE,), at_ns)
    closing.refused("call", Refusal.MARGIN, 1_755, at_ns)
    at_ns += 4 * SECOND_NS
    closing.next((LARGE,), at_ns)
    answers.append(closing.refused("call", Refusal.OTHER, 1_755, at_ns))
    assert set(answers) == {Answer.PAGE}
    assert [q for *_, q, _ in placed(closing.next((LARGE,), at_ns + 16 * SECOND_NS))] == [
        1755,
        1495,
    ]


def test_one_slice_of_many_that_waits_by_itself_is_not_halved():
    closing = machine()
    many = replace(LARGE, net_quantity=-8 * 1_800, lot=75)
    closing.next((many,), NOW)
    for seconds in range(2):
        at_ns = NOW + seconds * SECOND_NS
        assert closing.refused("call", Refusal.OTHER, 1_800, at_ns) is Answer.PAGE
    again = placed(closing.next((many,), NOW + 2 * SECOND_NS))
    assert [quantity for *_, quantity, _ in again] == [1_800] * 8


@pytest.mark.parametrize(
    ("kind", "answer", "then"),
    [
        (Refusal.BAND, Answer.REPRICE, [390]),
        (Refusal.FREEZE, Answer.HALVE, [195, 195]),
        (Refusal.CLOSED, Answer.AWAIT_MARKET, []),
    ],
)
def test_an_exit_that_was_cancelled_for_a_known_reason_is_answered_by_its_row_of_the_table(
    kind, answer, then
):
    closing = machine()
    closing.next((SIX,), NOW)
    assert closing.cancelled("call", 390, NOW, kind) is answer
    again = placed(closing.next((SIX,), NOW + SECOND_NS))
    assert [quantity for *_, quantity, _ in again] == then


def test_slices_that_are_refused_in_numbers_hold_up_the_whole_leg():
    """Else a leg that the broker will not have closed would take every slot that there is."""
    closing = machine()
    many = replace(LARGE, net_quantity=-8 * 1_800, lot=75)
    closing.next((many,), NOW)
    for _ in range(3):
        closing.refused("call", Refusal.OTHER, 1_800, NOW)
    assert closing.next((many,), NOW + SECOND_NS) == ()
    again = placed(closing.next((many,), NOW + 5 * SECOND_NS))
    assert [quantity for *_, quantity, _ in again] == [1_800] * 8


@pytest.mark.parametrize(
    ("kind", "waits_s"),
    [
        (Refusal.MARGIN, [1, 2, 4, 4, 4, 4]),
        (Refusal.RATE, [1, 2, 4, 4, 4, 4]),
        (Refusal.UNSENT, [1, 2, 4, 4, 4, 4]),  # no broker saw it, so none loses its patience
        (Refusal.OTHER, [5, 10, 16, 16, 16, 16]),
        (Refusal.SESSION, [5] * 6),  # it never reaches the broker, and is awaited
    ],
)
def test_what_is_refused_again_and_again_is_asked_for_more_seldom(kind, waits_s):
    closing, at_ns = machine(), NOW
    for wait_s in waits_s:
        assert len(placed(closing.next((SHORT,), at_ns))) == 1
        closing.refused("call", kind, 130, at_ns)
        assert placed(closing.next((SHORT,), at_ns + wait_s * SECOND_NS - 1)) == []
        at_ns += wait_s * SECOND_NS


def test_slices_refused_together_are_one_no_and_one_that_went_through_ends_the_count():
    closing, less = machine(), replace(SHORT, net_quantity=-65)
    for at_ns in (NOW, NOW + SECOND_NS):
        closing.next((SHORT,), at_ns)
        for _ in range(3):
            closing.refused("call", Refusal.MARGIN, 65, at_ns)
    assert placed(closing.next((SHORT,), NOW + 3 * SECOND_NS - 1)) == []
    assert len(placed(closing.next((less,), NOW + 3 * SECOND_NS))) == 1
    closing.refused("call", Refusal.MARGIN, 65, NOW + 3 * SECOND_NS)
    assert len(placed(closing.next((less,), NOW + 4 * SECOND_NS))) == 1


def test_the_longest_patience_asked_for_holds():
    """A slice that may be halved at once does not wake a session that is gone."""
    closing = machine()
    closing.refused("call", Refusal.SESSION, 1755, NOW)
    closing.refused("call", Refusal.FREEZE, 1495, NOW)
    assert closing.next((LARGE,), NOW + 5 * SECOND_NS - 1) == ()
    assert closing.next((LARGE,), NOW + 5 * SECOND_NS) != ()


def test_a_leg_that_waits_holds_up_no_other():
    """Each has its own steps and its own patience."""
    closing = machine()
    closing.refused("call", Refusal.TICK, 130, NOW)
    put = replace(SHORT, leg_id="put")
    assert placed(closing.next((SHORT, put), NOW)) == [("put", Side.BUY, 130, 1_000)]
    assert (closing.step("call"), closing.step("put")) == (1, 0)


@pytest.mark.parametrize(
    ("holdings", "expected"),
    [
        ((), True),
        ((replace(SHORT, net_quantity=0),), True),
        ((SHORT,), False),
        ((LONG,), False),
        ((replace(SHORT, net_quantity=0, closing_quantity=65),), False),
    ],
)
def test_flat_is_when_nothing_is_open_and_nothing_may_open_it_again(holdings, expected):
    """An exit of unknown outcome may still fill."""
    assert is_flat(holdings) is expected
    assert (machine().wakes_ns(holdings, NOW) == 0) is expected


def test_it_asks_to_be_woken_within_an_interval():
    """Sooner where a leg's patience ends sooner, whatever ended before."""
    closing = machine()
    closing.refused("call", Refusal.RATE, 65, NOW - SECOND_NS)
    assert closing.wakes_ns((SHORT, LONG), NOW) == NOW + SECOND_NS
    closing.refused("hedge", Refusal.RATE, 65, NOW - SECOND_NS // 2)
    assert closing.wakes_ns((SHORT, LONG), NOW) == NOW + SECOND_NS // 2


def test_an_exit_that_somebody_else_took_back_is_asked_for_a_step_further_and_ever_more_seldom():
    """That it was taken for a moment is no sign that the next will be kept."""
    closing, waits, now_ns = machine(), [], NOW
    for step in range(1, 5):
        (word,) = closing.next((SHORT,), now_ns)
        resting = (Resting("OR1", word.price_e4, now_ns),)
        assert closing.next((replace(CLOSING, resting=resting),), now_ns) == ()
        assert closing.cancelled("call", 130, now_ns) is Answer.PAGE
        assert closing.step("call") == step
        before_ns = now_ns
        while not closing.next((SHORT,), now_ns):
            now_ns += SECOND_NS
        waits.append((now_ns - before_ns) // SECOND_NS)
    assert waits == [5, 10, 16, 16]


class Broker:
    """Takes exits, refuses some, fills some in part, loses some answers; keeps the one truth."""

    def __init__(self, legs: dict[str, int], lot: int, freeze: int, rng) -> None:
        self.net = dict(legs)
        self.lot, self.freeze, self.rng = lot, freeze, rng
        self.orders: dict[str, list] = {}
        self.sold: dict[str, int] = dict.fromkeys(legs, 0)
        self.bought: dict[str, int] = dict.fromkeys(legs, 0)
        self.kind = True
        self.numbered = 0

    def holding(self, leg_id: str, closing: Flatten) -> Holding:
        mine = {key: order for key, order in self.orders.items() if order[0] == leg_id}
        price_e4 = 1_000 + min(closing.step(leg_id), 3)
        return Holding(
            leg_id,
            self.net[leg_id],
            sum(order[2] for order in mine.values()),
            tuple(Resting(key, o[3], o[4]) for key, o in mine.items() if not o[5]),
            self.lot,
            self.freeze,
            price_e4,
            min(price_e4 + 1, 1_003),
        )

    def place(self, word: PlaceExit, now_ns: int) -> Refusal | None:
        if not self.kind and self.rng.random() < 0.4:
            return self.rng.choice(list(Refusal))
        self.numbered += 1
        doubtful = not self.kind and self.rng.random() < 0.2
        order = [word.leg_id, word.side, word.quantity, word.price_e4, now_ns, doubtful]
        self.orders[f"OR{self.numbered}"] = order
        return None

    def trade(self) -> None:
        """Fill, or forget: an order of unknown outcome may turn out either way."""
        for key, order in list(self.orders.items()):
            chance = 1 if self.kind else self.rng.random()
            if chance < 0.4:
                continue
            leg_id, side, left, *_, doubtful = order
            units = left if chance > 0.7 else self.rng.randint(0, left)
            if doubtful:
                units = self.rng.choice([0, left])
                order[2] = units
            self.net[leg_id] += side.sign * units
            (self.bought if side is Side.BUY else self.sold)[leg_id] += units
            order[2] -= units
            if not order[2]:
                del self.orders[key]

    def cancel(self, intent_id: str) -> None:
        if self.kind or self.rng.random() < 0.7:
            self.orders.pop(intent_id, None)


positions = st.dictionaries(
    st.sampled_from(["call", "put", "low", "high"]),
    st.integers(-4_000, 4_000).filter(bool),
    min_size=1,
)


@given(
    positions,
    st.sampled_from([1, 25, 65]),
    st.integers(1, 2_000),
    st.randoms(use_true_random=False),
)
def test_whatever_the_broker_does_it_ends_flat_and_never_closes_more_than_is_open(
    legs, lot, freeze, rng
):
    """Refusals, partial fills, lost answers; then a broker that does its work, and it is over."""
    broker, closing, now_ns = Broker(legs, lot, freeze, rng), machine(), NOW
    patient: dict[str, int] = {}
    aside: list[tuple[str, int, int]] = []
    for attempt in range(400):
        broker.kind = attempt >= 25
        holdings = tuple(broker.holding(leg_id, closing) for leg_id in legs)
        if is_flat(holdings):
            break
        words = closing.next(holdings, now_ns)
        aside = [each for each in aside if each[1] > now_ns]
        assert_bounded(words, holdings, patient, now_ns, aside)
        for word in words:
            if isinstance(word, CancelExit):
                broker.cancel(word.intent_id)
            elif (kind := broker.place(word, now_ns)) is not None:
                answer = closing.refused(word.leg_id, kind, word.quantity, now_ns)
                if kind in UNREASONED:
                    aside.append((word.leg_id, now_ns + SECOND_NS, word.quantity))
                elif answer is not Answer.HALVE:
                    patient[word.leg_id] = max(patient.get(word.leg_id, 0), now_ns + SECOND_NS)
        broker.trade()
        assert [n for leg_id, n in broker.net.items() if n * legs[leg_id] < 0] == []
        passes_ns = SECOND_NS if broker.kind else rng.randint(1, SECOND_NS)
        now_ns = min(closing.wakes_ns(holdings, now_ns), now_ns + passes_ns)
    assert broker.net == dict.fromkeys(legs, 0)
    assert broker.bought == {leg_id: max(-net, 0) for leg_id, net in legs.items()}
    assert broker.sold == {leg_id: max(net, 0) for leg_id, net in legs.items()}


def assert_bounded(words, holdings, patient, now_ns, aside) -> None:
    """Each leg's exits add up to what is missing, or to nothing, within freeze and patience.

    What was refused within the last second for no known reason is not missing for now.
    """
    short = any(holding.net_quantity < 0 for holding in holdings)
    for holding in holdings:
        mine = [w for w in words if isinstance(w, PlaceExit) and w.leg_id == holding.leg_id]
        missing = abs(holding.net_quantity) - holding.closing_quantity
        missing -= sum(quantity for leg_id, _, quantity in aside if leg_id == holding.leg_id)
        assert sum(word.quantity for word in mine) in {0, missing}
        assert [w for w in mine if w.quantity > max(holding.freeze_quantity, holding.lot)] == []
        assert [w for w in mine if w.price_e4 != holding.price_e4] == []
        side = Side.BUY if holding.net_quantity < 0 else Side.SELL
        assert [word for word in mine if word.side is not side] == []
        if short:
            assert [word for word in mine if side is Side.SELL] == []
        if now_ns < patient.get(holding.leg_id, 0):
            assert mine == []
    rests = [each for holding in holdings for each in holding.resting]
    old = {r.intent_id for r in rests if not 0 <= now_ns - r.since_ns < SECOND_NS}
    assert {w.intent_id for w in words if isinstance(w, CancelExit)} <= old
