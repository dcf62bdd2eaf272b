"""The runner: on which frame it enters, and what it says when it does not."""

from dataclasses import dataclass
from datetime import date

import pytest
from msgspec.structs import replace

from daemon.actors.strategy_runner.fan_out import Place
from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.basket import OnFail
from daemon.domain.orders.words import Product
from daemon.domain.plans.parsing import parse
from daemon.domain.risk.moves import NEVER
from daemon.messages import (
    Ask,
    DayOpened,
    EnterLegs,
    EntryDecided,
    LinkDied,
    LinkRevived,
    Noted,
    PaceLearnt,
    SeeStrategy,
)
from daemon.runtime.words import NOTHING, Started
from tests.kit.acting import (
    CE,
    DAY,
    NEXT_DAY,
    PE,
    ROUTER,
    clock,
    day_ended,
    day_opened,
    ended,
    facts,
    opened,
    prices,
    told,
)
from tests.kit.plans import CALL, GUARD, PUT

FUTURE = "NIFTY-2025-09-30-FUT"
AT = clock("09:20:00")
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Script:
    """What of a strategy file differs from test to test."""

    head: str = ""
    entry: str = ""
    exit: str = "15:20:00"
    tail: str = GUARD
    leg: str = ""

    def runner(self, before=()) -> StrategyRunner:
        legs = (CALL + self.leg) + (PUT + self.leg)
        hours = f"[entry]\nat = 09:20:00\n{self.entry}\n[exit]\nat = {self.exit}\n"
        text = f'id = "s"\nunderlying = "NIFTY"\n{self.head}\n{hours}{legs}{self.tail}'
        return StrategyRunner(parse(text), [Place(ROUTER)], strict=False, facts=before)


def runner(*before, **script) -> StrategyRunner:
    """A runner of a straddle at the money, restored from these facts."""
    return Script(**script).runner(before)


def awake(day=DAY, **script) -> StrategyRunner:
    """A runner whose day has begun."""
    made = runner(**script)
    made.handle(day_opened(day), 0)
    return made


def see(made, at_ns=AT, ce="100", pe="95", **others):
    given = {"NIFTY": "24555"} | others
    return made.handle(prices(at_ns, ce, pe, **given), at_ns)


def entered(effects) -> bool:
    return bool(told(effects, EnterLegs))


def notes(effects) -> list:
    return [(note.kind, note.text) for note in facts(effects, Noted)]


def test_an_entry_is_recorded_and_told_with_everything_it_is_held_to() -> None:
    """The record has the quotes that the decision rests on; the router the whole basket."""
    effects = see(awake(), AT)
    assert facts(effects) == [
        EntryDecided(
            strategy_id="s",
            basket_id="s:2025-09-01",
            basis_e4=e4("24555"),
            legs=(("ce", CE, e4("100"), e4("100")), ("pe", PE, e4("95"), e4("95"))),
            at_ns=AT,
        )
    ]
    opened = told(effects, EnterLegs)[0].opened
    assert len(opened.version) == 64
    assert (opened.exit_ns, opened.close_ns) == (clock("15:20:00"), clock("15:30:00"))
    basket = opened.basket
    assert [(leg.symbol, leg.quantity) for leg in basket.legs] == [(CE, 75), (PE, 75)]
    assert (basket.deadline_ns - AT, basket.on_fail) == (5_000_000_000, OnFail.UNWIND)
    assert opened.rules.stop_e4 == e4("6000")
    assert basket.resident_percent_e4 == 0


def test_the_time_for_legging_ends_with_the_exit_time() -> None:
    """What filled after that would be left at once."""
    entry = "legging = { timeout_ms = 600000 }"
    at_ns = clock("15:15:00")
    (told_of,) = told(see(awake(entry=entry), at_ns), EnterLegs)
    assert told_of.opened.basket.deadline_ns == told_of.opened.exit_ns == clock("15:20:00")


def test_a_plan_that_wants_stops_at_the_broker_says_how_far_out() -> None:
    """The router has them rest once a short is filled."""
    order = "[order]\nresident_stop = { beyond_percent = 12.5 }\n"
    made = awake(leg="stop = { percent = 30 }\n", tail=GUARD + order)
    (told_of,) = told(see(made, AT), EnterLegs)
    assert told_of.opened.basket.resident_percent_e4 == e4("12.5")


@pytest.mark.parametrize(
    ("head", "product"),
    [
        ("", Product.INTRADAY),
        ('product = "intraday"', Product.INTRADAY),
        ('product = "carry"', Product.CARRY),
    ],
)
def test_every_leg_has_the_product_of_its_plan(head, product) -> None:
    """All orders of a leg take it from there; a plan without a word is of the same day."""
    (told_of,) = told(see(awake(head=head), AT), EnterLegs)
    assert [leg.product for leg in told_of.opened.basket.legs] == [product, product]


@pytest.mark.parametrize(
    ("at_ns", "enters"),
    [
        (AT - 1, False),
        (AT, True),
        (clock("10:00:00"), True),
        (clock("10:00:00") + 1, False),
    ],
)
def test_it_enters_from_its_time_to_the_latest_both_included(at_ns, enters) -> None:
    """Never outside."""
    assert entered(see(awake(entry="no_later_than = 10:00:00"), at_ns)) is enters


@pytest.mark.parametrize(("early_ns", "enters"), [(1, True), (0, False)])
def test_it_never_enters_at_its_exit_time(early_ns, enters) -> None:
    """Without a latest time the exit is the end of it."""
    assert entered(see(awake(), clock("15:20:00") - early_ns)) is enters


def test_on_a_shortened_day_it_does_not_enter_after_its_exit() -> None:
    """The exit is moved before the close, and a later `no_later_than` does not outlive it."""
    made = runner(entry="no_later_than = 14:30:00")
    hours = ((clock("09:15:00"), clock("10:00:00")),)
    made.handle(DayOpened(DAY, hours, clock("09:00:00")), 0)
    assert not entered(see(made, clock("09:59:00")))
    assert entered(see(made, clock("09:58:59")))


def test_it_enters_once_a_day_and_again_the_next() -> None:
    """However many frames come, and also where the day is opened again."""
    made = awake()
    assert [entered(see(made, AT + n)) for n in range(3)] == [True, False, False]
    made.handle(day_opened(), AT)
    assert not entered(see(made, AT + 9))
    made.handle(day_ended(), 0)
    assert see(made, AT + 10) == NOTHING
    made.handle(day_opened(NEXT_DAY), 0)
    assert entered(see(made, clock("09:20:00", NEXT_DAY)))


def test_no_day_no_entry() -> None:
    """Before a day begins, and on a closed one, frames pass by."""
    assert see(runner()) == NOTHING
    made = runner()
    assert made.handle(day_opened(closed=True), 0) == NOTHING
    assert see(made) == NOTHING


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ('days = ["tue"]', "days: mon is not among tue"),
        (
            "days_to_expiry = [0]",
            "days_to_expiry: 1 trading days to 2025-09-02; allowed: 0",
        ),
    ],
)
def test_a_day_that_its_plan_forbids_is_noted_and_passed(head, text) -> None:
    """Told when the day begins; on an allowed day it enters."""
    made = runner(head=head)
    assert notes(made.handle(day_opened(), 0)) == [(NoteKind.REFUSED, text)]
    assert see(made) == NOTHING
    made.handle(day_opened(NEXT_DAY), 0)
    assert entered(see(made, clock("09:20:00", NEXT_DAY)))


def test_an_expiry_that_no_table_has_rests_the_day() -> None:
    """An expired contract is refused for the day, with its place."""
    made = runner(leg="expiry = { date = 2025-08-28 }\n")
    text = notes(made.handle(day_opened(), 0))[0][1]
    assert text.startswith("legs[0].expiry: 2025-08-28 has expired")
    assert see(made) == NOTHING


def test_days_to_an_expiry_beyond_the_calendar_are_counted_as_far_as_it_reaches() -> None:
    """An expiry years ahead is simply not among the days allowed."""
    script = {"head": "days_to_expiry = [0]", "leg": "expiry = { date = 2029-12-31 }\n"}
    assert "trading days to 2029-12-31" in notes(runner(**script).handle(day_opened(), 0))[0][1]


def test_without_a_spot_price_the_forward_stands_in_and_that_is_told_once() -> None:
    """Said with the first frame that needs it, not with the next."""
    made = awake(entry="max_spread = { percent = 1 }")
    made.handle(prices(AT - 4 * SECOND, "100", "95"), AT - 4 * SECOND)
    text = "NIFTY has no spot price; the synthetic forward is taken"
    wide = Frame(AT, {CE: Quote(1, 900_000, 1, 1_100_000, 1), PE: Quote(1, 950_000, 1, 950_000, 1)})
    assert (NoteKind.BASIS, text) in notes(made.handle(wide, AT))
    effects = made.handle(prices(AT + 1, "100", "95"), AT + 1)
    assert (notes(effects), entered(effects)) == ([], True)
    assert facts(effects, EntryDecided)[0].basis_e4 == e4("24555")


@pytest.mark.parametrize(
    ("basis", "others", "basis_e4", "told_of"),
    [
        ("spot", {"NIFTY": "24560"}, e4("24560"), []),
        ("future", {"NIFTY": "1", FUTURE: "24570"}, e4("24570"), []),
        ("future", {"NIFTY": "1"}, e4("24555"), [NoteKind.BASIS]),
        ("synthetic", {"NIFTY": "1", FUTURE: "1"}, e4("24555"), []),
    ],
)
def test_the_money_is_measured_on_what_the_plan_says(basis, others, basis_e4, told_of) -> None:
    """Spot, the month's future, or the forward that the options imply."""
    made = awake(head=f'basis = "{basis}"')
    see(made, AT - 4 * SECOND, **others)
    effects = see(made, AT, **others)
    assert facts(effects, EntryDecided)[0].basis_e4 == basis_e4
    assert [kind for kind, _ in notes(effects)] == told_of


def test_a_fault_is_told_once_a_day_and_tried_again_with_the_next_frame() -> None:
    """The third frame enters; the next day tells the fault anew."""
    made = awake()
    expected = [(NoteKind.REFUSED, f"no entry yet: legs[1]: nobody bids for {PE}")]
    assert notes(see(made, AT, pe="0")) == expected
    assert see(made, AT + 1, pe="0") == NOTHING
    assert entered(see(made, AT + 2))
    made.handle(day_opened(NEXT_DAY), 0)
    assert notes(see(made, clock("09:20:00", NEXT_DAY), pe="0")) == expected


def test_a_leg_without_a_price_to_measure_its_limit_against_is_waited_out() -> None:
    """It has a bid, and neither an ask nor a last price: the gate would refuse its order."""
    made = awake()
    half = Quote(0, e4("100"), 75)
    frame = Frame(AT, prices(AT, pe="95", NIFTY="24555").quotes | {CE: half})
    text = f"no entry yet: legs[0]: {CE} has no price to measure its limit against"
    assert notes(made.handle(frame, AT)) == [(NoteKind.REFUSED, text)]
    assert entered(see(made, AT + 1))


def test_a_wide_spread_is_waited_out() -> None:
    """`max_spread` is a fault like any other."""
    made = awake(entry="max_spread = { percent = 5 }")
    wide = Quote(e4("100"), e4("90"), 75, e4("110"), 75)
    frame = Frame(AT, prices(AT, pe="95", NIFTY="24555").quotes | {CE: wide})
    assert notes(made.handle(frame, AT))[0][1].startswith("no entry yet: entry.max_spread: ")
    assert entered(see(made, AT + 1))


def test_of_one_key_only_the_first_refusal_of_a_day_is_told() -> None:
    """A spread has other figures in every frame; a rebuilt runner knows what it said."""
    made = awake(entry="max_spread = { percent = 5 }")
    first, second = (
        Frame(AT + n, prices(AT, pe="95", NIFTY="24555").quotes | {CE: Quote(0, e4(90), 1, ask, 1)})
        for n, ask in enumerate((e4(110), e4(111)))
    )
    said = facts(made.handle(first, AT))
    assert [note.text.split(": ")[1] for note in said] == ["entry.max_spread"]
    assert notes(made.handle(second, AT + 1)) == []
    again = runner(day_opened(), *said, entry="max_spread = { percent = 5 }")
    assert notes(again.handle(second, AT + 1)) == []


@pytest.mark.parametrize(("bid", "ask", "enters"), [(110, 90, False), (90, 90, True)])
def test_a_crossed_book_is_not_entered_on(bid, ask, enters) -> None:
    """A bid above the ask is no market; one at the ask is."""
    made = awake()
    quote = Quote(e4(100), e4(bid), 75, e4(ask), 75)
    effects = made.handle(Frame(AT, prices(AT, pe="95", NIFTY="24555").quotes | {CE: quote}), AT)
    text = f"no entry yet: the book of {CE} is crossed"
    assert (entered(effects), notes(effects)) == (
        enters,
        [] if enters else [(NoteKind.REFUSED, text)],
    )
    assert entered(see(made, AT + 1)) is not enters


def test_an_entry_that_never_came_is_told_when_the_day_ends() -> None:
    """Once, and only where it was refused before: a day that entered or never tried is silent."""
    refused, quiet, late = awake(), awake(), awake()
    see(refused, AT, pe="0")
    see(late, AT, pe="0")
    see(late, AT + 1)
    made = [refused, quiet, late]
    assert [notes(each.handle(day_ended(), 0)) for each in made] == [
        [(NoteKind.REFUSED, "no entry today")],
        [],
        [],
    ]
    assert refused.handle(day_ended(), 0) == NOTHING


def test_a_recording_without_options_is_told_once() -> None:
    """Not every day anew, until one is quoted; a rebuilt runner knows what it said."""
    text = "no entry yet: no option of NIFTY has been quoted"
    made, spot = awake(), {"NIFTY": Quote(e4("24555"))}
    said = facts(made.handle(Frame(AT, spot), AT))
    assert [note.text for note in said] == [text]
    rebuilt = runner(day_opened(), *said)
    for each in (made, rebuilt):
        each.handle(day_ended(), 0)
        each.handle(day_opened(NEXT_DAY), 0)
        at_ns = clock("09:20:00", NEXT_DAY)
        assert each.handle(Frame(at_ns, spot), at_ns) == NOTHING
        assert each.handle(day_ended(NEXT_DAY), 0) == NOTHING


def test_quotes_before_its_time_are_remembered() -> None:
    """A strike that is quiet at the entry time has the price it had."""
    made = awake()
    assert see(made, AT - 1) == NOTHING
    assert entered(made.handle(Frame(AT, {}), AT))


def test_a_dead_link_enters_nothing() -> None:
    """Its quotes are forgotten, its late frames are not looked at; then all must be new."""
    made = awake()
    see(made, AT - 1)
    made.handle(LinkDied(AT), AT)
    assert see(made, AT) == NOTHING
    assert made.handle(LinkRevived(AT + 1), AT + 1) == NOTHING
    assert not entered(made.handle(Frame(AT + 1, {}), AT + 1))
    assert entered(see(made, AT + 2))


@pytest.mark.parametrize(
    ("declared_s", "learnt_s", "age_ns", "enters"),
    [
        (0, 0, 3 * SECOND, True),
        (0, 0, 3 * SECOND + 1, False),
        (4, 0, 12 * SECOND, True),
        (4, 0, 12 * SECOND + 1, False),
        (4, 5, 5 * SECOND, True),
        (4, 5, 5 * SECOND + 1, False),
    ],
)
def test_strikes_are_not_chosen_from_a_frame_that_was_read_after_its_prices_died(
    declared_s, learnt_s, age_ns, enters
) -> None:
    """Whether its link is dead may not have been heard yet; the next frame enters."""
    made = runner()
    made.handle(day_opened(interval_ns=declared_s * SECOND), 0)
    if learnt_s:
        made.handle(PaceLearnt(learnt_s * SECOND), 0)
    assert entered(made.handle(prices(AT, "100", "95", NIFTY="24555"), AT + age_ns)) is enters
    assert entered(see(made, AT + age_ns)) is not enters


@pytest.mark.parametrize(("declared_s", "lives_s"), [(0, 3), (60, 180), (900, 2_700)])
def test_strikes_are_not_measured_on_a_price_that_is_told_no_more(declared_s, lives_s) -> None:
    """Options go on while their index does not; told once a day, entered when it is told again."""
    made, until_ns = runner(), AT + lives_s * SECOND
    made.handle(day_opened(interval_ns=declared_s * SECOND), 0)
    made.handle(prices(AT, NIFTY="24555"), AT)
    text = "no entry yet: basis: NIFTY was last told at 09:20:00"
    late = made.handle(prices(until_ns + 1, "300", "95"), until_ns + 1)
    assert (notes(late), entered(late)) == ([(NoteKind.REFUSED, text)], False)
    assert made.handle(prices(until_ns + 2, "300", "95"), until_ns + 2) == NOTHING
    assert entered(see(made, until_ns + 3))


@pytest.mark.parametrize(
    ("script", "first"),
    [({}, {"NIFTY": "24555"}), ({"head": 'basis = "synthetic"'}, {})],
    ids=["within the age of a price", "the forward"],
)
def test_a_price_that_is_not_missed_keeps_nobody_waiting(script, first) -> None:
    """The oldest that still counts, and what never had a price of its own."""
    made = awake(**script)
    made.handle(prices(AT, **first), AT)
    assert entered(made.handle(prices(AT + 3 * SECOND, "100", "95"), AT + 3 * SECOND))


NOT_TOLD = "no entry yet: basis: NIFTY is not told yet"


@pytest.mark.parametrize("revived", [False, True], ids=["the day began", "the link lives again"])
def test_strikes_wait_for_an_index_that_comes_after_its_options(revived) -> None:
    """Told once, without a word of the forward; the index that comes half a second later counts."""
    made = awake()
    if revived:
        see(made, AT - 60 * SECOND)
        made.handle(LinkDied(AT - 50 * SECOND), AT - 50 * SECOND)
        made.handle(LinkRevived(AT), AT)
    first = made.handle(prices(AT, "300", "95"), AT)
    assert (notes(first), entered(first)) == ([(NoteKind.REFUSED, NOT_TOLD)], False)
    assert made.handle(prices(AT + 1, "300", "95"), AT + 1) == NOTHING
    effects = see(made, AT + SECOND // 2, ce="300")
    assert (notes(effects), entered(effects)) == ([], True)
    assert facts(effects, EntryDecided)[0].basis_e4 == e4("24555")


@pytest.mark.parametrize(("declared_s", "waits_s"), [(0, 3), (5, 15), (60, 30), (900, 30)])
def test_the_forward_stands_in_once_an_index_has_not_come_for_as_long_as_prices_live(
    declared_s, waits_s
) -> None:
    """Or for half a minute: bars of a minute bring all that they tell at once.

    A recording may hold options only; what comes before the time of entry counts as well.
    """
    late, early = runner(), runner()
    for made, first_ns in ((late, AT), (early, AT - waits_s * SECOND - 1)):
        made.handle(day_opened(interval_ns=declared_s * SECOND), 0)
        made.handle(prices(first_ns, "100", "95"), first_ns)
    until_ns = AT + waits_s * SECOND
    assert not entered(late.handle(prices(until_ns, "100", "95"), until_ns))
    for made, at_ns in ((late, until_ns + 1), (early, AT)):
        effects = made.handle(prices(at_ns, "100", "95"), at_ns)
        assert entered(effects)
        assert [kind for kind, _ in notes(effects)] == [NoteKind.BASIS]


def test_an_entry_whose_window_ends_before_its_index_is_told_is_none_today() -> None:
    """As one that waits for a price of its legs."""
    made = awake(entry="no_later_than = 09:20:02")
    made.handle(prices(AT, "100", "95"), AT)
    assert see(made, AT + 2 * SECOND + 1) == NOTHING
    (shown,) = made.handle(Ask(1, SeeStrategy()), AT + 3 * SECOND)
    assert shown.view.answer.status == f"too late today; {NOT_TOLD}"
    assert notes(made.handle(day_ended(), 0)) == [(NoteKind.REFUSED, "no entry today")]


def test_an_index_that_is_not_told_yet_keeps_nobody_waiting_who_measures_nothing_on_it() -> None:
    """Beside a strategy that waits, of the same underlying."""
    waits, goes = awake(), awake(head='basis = "synthetic"')
    first = prices(AT, "100", "95")
    assert [entered(made.handle(first, AT)) for made in (waits, goes)] == [False, True]


def test_a_runner_that_is_rebuilt_on_a_dead_link_knows_it() -> None:
    """The record says whether the link lives."""
    record = [day_opened(), LinkDied(AT - 9)]
    assert see(runner(*record)) == NOTHING
    assert entered(see(runner(*record, LinkRevived(AT - 1))))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (ended(because="no time"), [(NoteKind.REFUSED, "the entry failed: no time")]),
        (ended(), []),
        (ended("other", because="no time"), []),
    ],
)
def test_an_entry_that_failed_is_noted(message, expected) -> None:
    """Of this strategy, and only a failure."""
    assert notes(awake().handle(message, AT)) == expected


def decided(at_ns=AT, strategy="s") -> EntryDecided:
    return EntryDecided(strategy, f"{strategy}:x", 0, (), at_ns)


@pytest.mark.parametrize(
    ("record", "enters"),
    [
        ([], True),
        ([decided(), opened()], False),
        ([decided(strategy="other"), opened("other")], True),
        ([decided(), opened(), day_opened()], False),
        ([decided()], True),
        ([day_ended()], False),
    ],
    ids=["nothing", "entered", "another", "opened again", "decided, and no more", "ended"],
)
def test_a_runner_that_is_rebuilt_enters_only_where_it_has_not(record, enters) -> None:
    """Mid-day, after its own entry, it does not enter twice; one that was never begun is begun."""
    made = runner(day_opened(), *record)
    assert made.handle(Started(), AT) == NOTHING
    assert entered(see(made, AT + 1)) is enters


@pytest.mark.parametrize("ends_at", ["08:50:00", "09:10:00"])
def test_an_entry_that_a_power_cut_left_open_ends_next_day_and_does_not_count_for_it(ends_at):
    """Whatever is rebuilt between its end and the time of entry."""
    over = replace(ended(because="no time"), at_ns=clock(ends_at, NEXT_DAY))
    made = runner(day_opened(), decided(), opened(), over)
    made.handle(day_opened(NEXT_DAY), 0)
    again = runner(day_opened(), decided(), opened(), day_opened(NEXT_DAY), over)
    for each in (made, again):
        assert entered(see(each, clock("09:20:00", NEXT_DAY)))


def test_a_runner_that_is_rebuilt_does_not_tell_a_fault_again() -> None:
    """What it said today is in the record; what another said is not its own."""
    made = awake()
    said = facts(see(made, AT, pe="0"))
    assert see(runner(day_opened(), *said), AT + 1, pe="0") == NOTHING
    assert see(runner(day_opened(), *said, day_opened()), AT + 1, pe="0") == NOTHING
    others = [Noted(note.kind, note.text, note.at_ns, "other") for note in said]
    assert notes(see(runner(day_opened(), *others), AT + 1, pe="0")) != []


def test_what_is_not_for_it_fells_it() -> None:
    """A message nobody meant is a programmer's error."""
    with pytest.raises(AssertionError, match="the runner was told"):
        runner().handle("hello", AT)


def test_a_carried_position_is_left_on_the_day_of_its_nearest_expiry() -> None:
    """At the plan's exit time there; an intraday one is left today."""
    for head, last in (("", DAY), ('product = "carry"', date(2025, 9, 2))):
        (entering,) = told(see(awake(head=head)), EnterLegs)
        assert clock("15:20:00", last) == entering.opened.exit_ns
        assert clock("15:30:00", last) == entering.opened.close_ns


def test_on_the_day_of_its_expiry_a_carried_position_is_left_like_any_other() -> None:
    """There is no later day to carry it to."""
    last = date(2025, 9, 2)
    made = awake(last, head='product = "carry"')
    (entering,) = told(see(made, clock("09:20:00", last)), EnterLegs)
    assert clock("15:20:00", last) == entering.opened.exit_ns


def test_carried_shares_are_left_by_their_rules_alone() -> None:
    """They never expire, and need no option to be quoted."""
    text = (
        'id = "s"\nunderlying = "RELIANCE"\nproduct = "carry"\n[entry]\nat = 09:20:00\n'
        "[exit]\nat = 15:05:00\n"
        '[[legs]]\nside = "buy"\ninstrument = "EQ"\nlots = 10\nstop = { percent = 2 }\n'
    )
    made = StrategyRunner(parse(text), [Place(ROUTER)], strict=False)
    made.handle(day_opened(DAY), 0)
    frame = Frame(AT, {"RELIANCE": Quote(e4(1500), e4(1499), 100, e4(1500), 100)})
    (entering,) = told(made.handle(frame, AT), EnterLegs)
    assert entering.opened.exit_ns == NEVER


def test_a_carried_option_that_expires_beyond_the_calendar_rests_and_says_why() -> None:
    """Nobody knows when its market closes on that day; the daemon goes on without it."""
    text = (
        'id = "s"\nunderlying = "NIFTY"\nproduct = "carry"\n[entry]\nat = 09:20:00\n'
        "[exit]\nat = 15:20:00\n"
        '[[legs]]\nside = "buy"\ninstrument = "CE"\nstrike = { atm = 0 }\n'
        "expiry = { date = 2099-12-29 }\nstop = { percent = 50 }\n"
    )
    made = StrategyRunner(parse(text), [Place(ROUTER)], strict=False)
    said = notes(made.handle(day_opened(DAY), 0))
    ((kind, text),) = said
    assert (kind, "2099-12-29" in text) == (NoteKind.REFUSED, True)
