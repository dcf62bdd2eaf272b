from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.money import e4
from daemon.domain.orders.flatten import (
    ANSWERS,
    Answer,
    CancelExit,
    Flatten,
    Holding,
    PlaceExit,
    Resting,
    is_flat,
)
from daemon.domain.orders.ladder import Ladder, Prospect
from daemon.domain.orders.slices import slices
from daemon.domain.orders.words import Refusal, Side

T0 = 1_000 * SECOND_NS
INTERVAL_MS = 700
INTERVAL_NS = INTERVAL_MS * MILLISECOND_NS


def machine():
    return Flatten(Ladder(interval_ms=INTERVAL_MS))


def holding(net, closing=0, resting=(), leg_id="ce", **changed):
    terms = {"lot": 65, "freeze_quantity": 1_800, "price_e4": 100, "next_price_e4": 101}
    return Holding(leg_id, net, closing, resting, **terms | changed)


@pytest.mark.parametrize(
    ("kind", "answer", "step", "largest_quantity", "wait_ns"),
    [
        (Refusal.BAND, Answer.REPRICE, 1, 0, INTERVAL_NS),
        (Refusal.TICK, Answer.REPRICE, 1, 0, INTERVAL_NS),
        (Refusal.FREEZE, Answer.HALVE, 0, 650, 0),
        (Refusal.MARGIN, Answer.SHORTS_FIRST, 0, 0, SECOND_NS),
        (Refusal.SESSION, Answer.ASK_KEEPER, 0, 0, 5 * SECOND_NS),
        (Refusal.RATE, Answer.WAIT_SLOT, 0, 0, SECOND_NS),
        (Refusal.CLOSED, Answer.PAGE, 0, 0, 5 * SECOND_NS),
        (Refusal.LOT, Answer.PAGE, 0, 0, 5 * SECOND_NS),
        (Refusal.INSTRUMENT, Answer.PAGE, 0, 0, 5 * SECOND_NS),
        (Refusal.OTHER, Answer.PAGE, 0, 0, 5 * SECOND_NS),
    ],
)
def test_each_refusal_has_its_answer(kind, answer, step, largest_quantity, wait_ns):
    """What it leads to, the step and the slice that follow, and how long it asks to wait."""
    flatten, open_legs = machine(), [holding(-1_300)]
    largest = largest_quantity or 1_300

    assert flatten.refused("ce", kind, 1_300, T0) is answer
    assert flatten.step("ce") == step
    assert wait_ns == 0 or flatten.next(open_legs, T0 + wait_ns - 1) == ()
    assert flatten.next(open_legs, T0 + wait_ns) == tuple(
        PlaceExit("ce", Side.BUY, quantity, 100) for quantity in slices(1_300, largest, 65)
    )


def test_the_table_of_answers_is_complete():
    """No kind of refusal is left without an answer, and no answer without a use."""
    assert set(ANSWERS) == set(Refusal)
    assert set(ANSWERS.values()) == set(Answer)


@pytest.mark.parametrize(
    ("case", "refused", "expected"),
    [
        ("half", [1_300], (650, 650)),
        ("half again", [1_300, 650], (325, 325, 325, 325)),
        ("never grows back", [260, 1_300], (130,) * 10),
        ("whole lots", [195], (65,) * 20),
        ("never below one lot", [130, 65, 32, 1, 1], (65,) * 20),
        ("never above the freeze quantity", [7_000], (1_300,)),
    ],
)
def test_a_slice_that_the_exchange_finds_too_large_is_halved(case, refused, expected):
    """Whatever order the answers arrive in, the smallest slice refused decides."""
    flatten = machine()
    for quantity in refused:
        flatten.refused("ce", Refusal.FREEZE, quantity, T0)

    words = flatten.next([holding(1_300)], T0)

    assert tuple(word.quantity for word in words) == expected, case


@pytest.mark.parametrize("later", [Refusal.FREEZE, Refusal.RATE, Refusal.BAND])
def test_a_second_refusal_takes_no_patience_back(later):
    """Two slices are refused one after the other: the longer wait holds."""
    flatten, due_ns = machine(), T0 + 5 * SECOND_NS
    flatten.refused("ce", Refusal.SESSION, 65, T0)
    flatten.refused("ce", later, 65, T0 + 1)

    assert flatten.next([holding(65)], due_ns - 1) == ()
    assert flatten.next([holding(65)], due_ns) != ()


def test_the_refusal_of_one_leg_holds_no_other_up():
    """Patience, step and slice belong to the leg that was refused."""
    flatten = machine()
    flatten.refused("ce", Refusal.SESSION, 65, T0)
    words = flatten.next([holding(-65), holding(-65, leg_id="pe")], T0)

    assert words == (PlaceExit("pe", Side.BUY, 65, 100),)


BUY_CE, BUY_PE = PlaceExit("ce", Side.BUY, 65, 100), PlaceExit("pe", Side.BUY, 65, 100)
SELL_CE, SELL_PE = PlaceExit("ce", Side.SELL, 65, 100), PlaceExit("pe", Side.SELL, 65, 100)


@pytest.mark.parametrize(
    ("case", "holdings", "expected"),
    [
        ("nothing", [], ()),
        ("flat", [holding(0)], ()),
        ("a short", [holding(-65)], (BUY_CE,)),
        ("a long", [holding(65)], (SELL_CE,)),
        ("the same in any order", [holding(65, leg_id="pe"), holding(65)], (SELL_CE, SELL_PE)),
        ("the long waits", [holding(65), holding(-65, leg_id="pe")], (BUY_PE,)),
        ("though the short is leaving", [holding(65), holding(-65, 65, leg_id="pe")], ()),
        ("though it has no price", [holding(65), holding(-65, leg_id="pe", price_e4=0)], ()),
        ("the short is closed", [holding(65), holding(0, leg_id="pe")], (SELL_CE,)),
        ("half is on its way", [holding(-130, 65)], (BUY_CE,)),
        ("more than all is on its way", [holding(-65, 130)], ()),
        ("flat, and something is on its way", [holding(0, 65)], ()),
        ("no price", [holding(65, price_e4=0)], ()),
    ],
)
def test_what_is_open_is_closed_shorts_first(case, holdings, expected):
    """No long is sold while a short is open, and nothing leaves twice."""
    assert machine().next(holdings, T0) == expected, case


@pytest.mark.parametrize(
    ("case", "since_ns", "price_e4", "next_price_e4", "is_cancelled", "step"),
    [
        ("rested its step", T0 - INTERVAL_NS, 100, 101, True, 1),
        ("rests since long", 0, 100, 99, True, 1),
        ("not yet", T0 - INTERVAL_NS + 1, 100, 101, False, 0),
        ("the next step asks the same", T0 - INTERVAL_NS, 101, 101, False, 1),
        ("the next step has no price", T0 - INTERVAL_NS, 100, 0, False, 0),
    ],
)
def test_an_exit_that_rested_a_whole_step_is_priced_anew(
    case, since_ns, price_e4, next_price_e4, is_cancelled, step
):
    """It is cancelled where the next step asks otherwise; its place is taken once it is gone."""
    flatten = machine()
    resting = (Resting("i1", price_e4, since_ns),)
    words = flatten.next([holding(-65, 65, resting, next_price_e4=next_price_e4)], T0)

    assert words == ((CancelExit("i1"),) if is_cancelled else ()), case
    assert flatten.step("ce") == step


def test_steps_of_one_price_do_not_hold_an_exit_back():
    """Of a cheap option 1 % and 3 % are the same tick: it rests through both, then goes on."""
    flatten = machine()
    resting = (Resting("i1", 105, T0),)
    cancels = {}
    for half in range(1, 7):
        now_ns = T0 + half * INTERVAL_NS // 2
        price_e4 = 105 if flatten.step("ce") < 2 else 900
        cancels[half] = flatten.next([holding(-65, 65, resting, next_price_e4=price_e4)], now_ns)

    assert {half for half, words in cancels.items() if words} == {6}
    assert flatten.step("ce") == 3


def test_a_long_at_rest_is_priced_anew_while_a_short_is_open():
    """Only its replacement waits for the short."""
    words = machine().next(
        [holding(65, 65, (Resting("i1", 100, 0),)), holding(-65, leg_id="pe")], T0
    )

    assert words == (BUY_PE, CancelExit("i1"))


@pytest.mark.parametrize(
    ("case", "holdings", "expected"),
    [
        ("nothing", [], True),
        ("no unit", [holding(0), holding(0, leg_id="pe")], True),
        ("a short", [holding(0), holding(-1, leg_id="pe")], False),
        ("a long", [holding(1)], False),
        ("an exit that may still fill", [holding(0, 1)], False),
    ],
)
def test_flat_is_nothing_open_and_nothing_on_its_way(case, holdings, expected):
    """Only then is there nothing to wake up for."""
    assert is_flat(holdings) is expected, case
    assert (machine().wakes_ns(holdings, T0) == 0) is expected, case


@pytest.mark.parametrize(
    ("case", "refusals", "expected"),
    [
        ("no refusal: a step", [], T0 + INTERVAL_NS),
        ("a shorter patience", [("ce", Refusal.RATE, T0 - SECOND_NS + 9)], T0 + 9),
        ("a longer patience: a step", [("ce", Refusal.OTHER, T0)], T0 + INTERVAL_NS),
        ("a patience that is over", [("ce", Refusal.RATE, T0 - SECOND_NS)], T0 + INTERVAL_NS),
        (
            "the first of two",
            [("ce", Refusal.RATE, T0 - SECOND_NS + 9), ("pe", Refusal.RATE, T0 - SECOND_NS + 5)],
            T0 + 5,
        ),
        ("a leg of another closing", [("x", Refusal.RATE, T0 - SECOND_NS + 9)], T0 + INTERVAL_NS),
    ],
)
def test_it_is_asked_again_when_patience_ends_or_a_step_has_passed(case, refusals, expected):
    """Whichever comes first."""
    flatten = machine()
    for leg_id, kind, at_ns in refusals:
        flatten.refused(leg_id, kind, 65, at_ns)

    assert flatten.wakes_ns([holding(65), holding(-65, leg_id="pe")], T0) == expected, case


RESTING = st.builds(
    Resting, st.uuids().map(str), st.integers(1, 4), st.integers(T0 - 2 * INTERVAL_NS, T0)
)
HOLDINGS = st.lists(
    st.builds(
        Holding,
        leg_id=st.sampled_from(["a", "b", "c", "d"]),
        net_quantity=st.one_of(st.just(0), st.integers(-2_000, 2_000)),
        closing_quantity=st.one_of(st.just(0), st.integers(0, 2_000)),
        resting=st.lists(RESTING, max_size=3).map(tuple),
        lot=st.integers(1, 120),
        freeze_quantity=st.integers(1, 1_800),
        price_e4=st.integers(0, 4),
        next_price_e4=st.integers(0, 4),
    ),
    max_size=4,
    unique_by=lambda each: each.leg_id,
)
REFUSALS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(Refusal),
        st.integers(1, 1_800),
        st.integers(T0 - 6 * SECOND_NS, T0),
    ),
    max_size=4,
)
WAITS_NS = {
    Answer.REPRICE: INTERVAL_NS,
    Answer.HALVE: 0,
    Answer.SHORTS_FIRST: SECOND_NS,
    Answer.ASK_KEEPER: 5 * SECOND_NS,
    Answer.WAIT_SLOT: SECOND_NS,
    Answer.PAGE: 5 * SECOND_NS,
}


def prepared(refusals):
    flatten = machine()
    for refusal in refusals:
        flatten.refused(*refusal)
    return flatten


@given(HOLDINGS, REFUSALS)
def test_what_leaves_is_what_is_missing_and_no_more(holdings, refusals):
    """Exact slices within freeze and halving, at their price, in their turn, after patience."""
    words = prepared(refusals).next(holdings, T0)
    placed = [word for word in words if isinstance(word, PlaceExit)]
    short = any(each.net_quantity < 0 for each in holdings)

    assert len({word.side for word in placed}) <= 1
    for each in holdings:
        own = [word for word in placed if word.leg_id == each.leg_id]
        due_ns = [at + WAITS_NS[ANSWERS[k]] for leg, k, _, at in refusals if leg == each.leg_id]
        halves = [q // 2 for leg, k, q, _ in refusals if (leg, k) == (each.leg_id, Refusal.FREEZE)]
        missing = max(abs(each.net_quantity) - each.closing_quantity, 0)
        waits = not each.price_e4 or max(due_ns, default=0) > T0
        waits = waits or (short and each.net_quantity > 0)
        assert sum(word.quantity for word in own) == (0 if waits else missing)
        for word in own:
            assert word.side is (Side.BUY if each.net_quantity < 0 else Side.SELL)
            assert word.price_e4 == each.price_e4
            assert 0 < word.quantity <= max(min([each.freeze_quantity, *halves]), each.lot)


@given(HOLDINGS, REFUSALS)
def test_only_what_rested_a_whole_step_and_is_priced_otherwise_is_cancelled(holdings, refusals):
    """Each once, and all of it; the leg then steps on by one."""
    flatten = prepared(refusals)
    steps = {each.leg_id: flatten.step(each.leg_id) for each in holdings}
    words = flatten.next(holdings, T0)
    old = {each.leg_id: [] for each in holdings}
    for each in holdings:
        for order in each.resting if each.next_price_e4 else ():
            if T0 - order.since_ns >= INTERVAL_NS:
                old[each.leg_id].append((order.intent_id, order.price_e4 != each.next_price_e4))

    assert Counter(word.intent_id for word in words if isinstance(word, CancelExit)) == Counter(
        intent_id for orders in old.values() for intent_id, differs in orders if differs
    )
    for leg_id, step in steps.items():
        assert flatten.step(leg_id) == step + bool(old[leg_id])


@given(HOLDINGS, REFUSALS)
def test_it_never_sleeps_while_something_is_open_nor_wakes_in_the_past(holdings, refusals):
    """Until all is flat the next look is within one step of the ladder."""
    wakes_ns = prepared(refusals).wakes_ns(holdings, T0)

    assert (wakes_ns == 0) is is_flat(holdings)
    assert wakes_ns == 0 or T0 < wakes_ns <= T0 + INTERVAL_NS


LADDERS = (
    Ladder(interval_ms=250),
    Ladder(),
    Ladder(steps_percent_e4=(0, 0, 10_000), interval_ms=2_000),
)
DEAR, CHEAP = (Prospect(e4(touch), 0, e4("0.05"), e4(140), e4("0.05")) for touch in ("100", "0.90"))
MOODS = ("fill", "part", "rest", "dumb", "blind", *Refusal)


class Venue:
    """A broker with moods, one for each question; out of moods it is kind.

    Kind is: it takes every order, cancels what it is told to, and fills what is priced at the
    ladder's `eager` step or beyond.
    """

    def __init__(self, nets, moods, ladder, eager):
        self.open = dict(enumerate(nets))
        self.moods = deque(moods)
        self.ladder, self.eager = ladder, eager
        self.resting, self.doubtful = {}, {}
        self.traded = Counter()
        self.sent = 0

    def mood(self):
        return self.moods.popleft() if self.moods else "kind"

    def price_e4(self, leg, side, step):
        prospect = DEAR if leg % 2 == 0 else CHEAP
        return self.ladder.price(step, side, prospect)

    def on_its_way(self, leg):
        orders = [*self.resting.values(), *self.doubtful.values()]
        return sum(quantity for word, quantity, _ in orders if word.leg_id == str(leg))

    def trade(self, word, quantity):
        leg = int(word.leg_id)
        assert word.side is Side.BUY or min(self.open.values()) >= 0, "a long went before a short"
        assert self.open[leg] * word.side.sign < 0
        assert quantity <= abs(self.open[leg]), "more was closed than was open"
        self.open[leg] += word.side.sign * quantity
        self.traded[leg, word.side] += quantity

    def work(self, key):
        """Let one resting order meet the market; False where it rests on."""
        word, quantity, since_ns = self.resting[key]
        mood = self.mood()
        wanted_e4 = self.price_e4(int(word.leg_id), word.side, self.eager)
        is_eager = (word.price_e4 - wanted_e4) * word.side.sign >= 0
        if mood == "fill" or (mood == "kind" and is_eager):
            del self.resting[key]
            self.trade(word, quantity)
        elif mood == "part" and quantity > 1:
            self.resting[key] = (word, quantity - quantity // 2, since_ns)
            self.trade(word, quantity // 2)

    def pass_time(self):
        """Settle what was in doubt, and let what rests meet the market."""
        doubtful, self.doubtful = self.doubtful, {}
        for word, quantity, _ in doubtful.values():
            if self.mood() in ("fill", "part"):
                self.trade(word, quantity)
        for key in tuple(self.resting):
            self.work(key)

    def place(self, word, now_ns):
        """Take an order, or return why not."""
        leg = int(word.leg_id)
        mood = self.mood()
        if isinstance(mood, Refusal):
            return mood
        self.sent += 1
        book = self.doubtful if mood == "dumb" else self.resting
        book[str(self.sent)] = (word, word.quantity, now_ns)
        assert self.on_its_way(leg) <= abs(self.open[leg]), "more is on its way than is open"
        assert word.side is Side.BUY or min(self.open.values()) >= 0, "a sale before a purchase"
        if mood in ("fill", "part"):
            self.moods.appendleft(mood)
            self.work(str(self.sent))
        return None

    def cancel(self, key):
        """Cancel an order, unless it fills first or nobody answers."""
        mood = self.mood()
        if mood == "rest" or isinstance(mood, Refusal):
            return
        word, quantity, since_ns = self.resting.pop(key)
        if mood == "fill":
            self.trade(word, quantity)
        elif mood == "dumb":
            self.doubtful[key] = (word, quantity, since_ns)

    def holdings(self, flatten):
        blind = self.mood() == "blind"
        return [self._holding(leg, flatten, blind=blind) for leg in self.open]

    def _holding(self, leg, flatten, *, blind):
        net, leg_id = self.open[leg], str(leg)
        side = Side.BUY if net < 0 else Side.SELL
        step = flatten.step(leg_id)
        resting = tuple(
            Resting(key, word.price_e4, since_ns)
            for key, (word, _, since_ns) in self.resting.items()
            if word.leg_id == leg_id
        )
        price_e4, next_e4 = (
            0 if blind else self.price_e4(leg, side, at) for at in (step, step + 1)
        )
        closing = self.on_its_way(leg)
        return Holding(leg_id, net, closing, resting, 15, 60 + leg, price_e4, next_e4)


def close(venue, flatten, now_ns):
    """One round: hear what happened, ask what to do and do it; the next instant, 0 once flat."""
    venue.pass_time()
    holdings = venue.holdings(flatten)
    words = flatten.next(holdings, now_ns)
    for word in words:
        if isinstance(word, CancelExit):
            venue.cancel(word.intent_id)
            continue
        kind = venue.place(word, now_ns)
        if kind is not None:
            flatten.refused(word.leg_id, kind, word.quantity, now_ns)
    wakes_ns = flatten.wakes_ns(holdings, now_ns)
    assert wakes_ns == 0 or wakes_ns > now_ns
    return wakes_ns


@given(
    st.lists(st.integers(-200, 200), min_size=1, max_size=5),
    st.lists(st.sampled_from(MOODS), max_size=60),
    st.sampled_from(LADDERS),
    st.integers(0, 3),
)
def test_whatever_the_broker_does_the_closing_ends_flat_and_exact(nets, moods, ladder, eager):
    """Refusals, parts, doubt and lost cancels only delay it; soon after them all is flat."""
    venue, flatten = Venue(nets, moods, ladder, eager), Flatten(ladder)
    longest_wait = 5_000 // ladder.interval_ms + 2
    now_ns, rounds, kind_rounds = T0, 0, 0
    while now_ns:
        rounds += 1
        kind_rounds += not venue.moods
        now_ns = close(venue, flatten, now_ns)
        assert kind_rounds <= 2 * longest_wait + 4 * (eager + 2)
        assert rounds <= kind_rounds + len(moods)

    bought = {leg: venue.traded[leg, Side.BUY] for leg in venue.open}
    sold = {leg: venue.traded[leg, Side.SELL] for leg in venue.open}
    assert bought == {leg: max(-net, 0) for leg, net in enumerate(nets)}
    assert sold == {leg: max(net, 0) for leg, net in enumerate(nets)}
    assert (venue.resting, venue.doubtful) == ({}, {})
