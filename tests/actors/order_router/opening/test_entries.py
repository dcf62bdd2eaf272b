"""Entries: message in, effects out."""

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.actors.order_router.known.alarms import Due
from daemon.actors.order_router.opening import entries, stand_ins
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.basket import BasketLeg, OnFail, PlaceEntry
from daemon.domain.orders.limits import Limits
from daemon.domain.orders.words import (
    IntentRecorded,
    OrderAccepted,
    OrderRefused,
    OrderType,
    OrderUpdated,
    Refusal,
    Side,
    State,
)
from daemon.domain.risk.words import Distance, LegRules, StrategyRules
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    CancelAnswered,
    EnterLegs,
    LinkDied,
    LinkRevived,
    Noted,
    OrderAsked,
    PauseEntries,
    PlaceByHand,
)
from daemon.runtime.budget import Window
from daemon.runtime.words import Alarm
from tests.kit.router import (
    CLOSES,
    CONDOR,
    READING,
    SYMBOLS,
    T0,
    S,
    Stage,
    enter,
    frame,
    leave,
    leg,
    without_wakes,
)

CE, PE = SYMBOLS["ce"], SYMBOLS["pe"]
SENT = ["opened", "intend 1 sell ce 75 @99.95", "intend 2 sell pe 75 @99.95", "place 1", "place 2"]
LATE = "ended: not filled within the time for legging"
PATIENT = {"reprice_ns": 60 * S}


def entry(stage, seconds, *legs, **fields):
    """What is said at once, and what within some seconds."""
    said = without_wakes(stage.tell(enter(*legs, at_ns=stage.now_ns, **fields)))
    return said, without_wakes(stage.run(seconds))


WALKS = {
    "two shorts leave together and are entered once both are filled": (
        (["fill"], ["done"]),
        (0.1, (), {}),
        SENT,
        ["ce -75", "pe -75", "entered"],
    ),
    "shorts leave only once every hedge is filled": (
        (["fill", "part", "fill"], ["done"]),
        (0.1, CONDOR, {}),
        [
            "opened",
            "intend 1 buy hc 75 @20.05",
            "intend 2 buy hp 75 @20.05",
            "place 1",
            "place 2",
        ],
        [
            "hc +75",
            "hp +75",
            "intend 3 sell ce 75 @99.95",
            "intend 4 sell pe 75 @99.95",
            "place 3",
            "place 4",
            "ce -75",
            "pe -75",
            "entered",
        ],
    ),
    "a hedge that is half filled holds the shorts back": (
        (["part"], ["done"]),
        (0.1, (leg("hc", 2), "ce"), {}),
        ["opened", "intend 1 buy hc 150 @20.05", "place 1"],
        ["hc +75"],
    ),
    "a refused leg unwinds the filled one": (
        (["fill", "refuse MARGIN", "fill"], ["done"]),
        (0.1, (), {}),
        SENT,
        [
            "ce -75",
            f"ended: {PE}: no",
            "owed ce unwind",
            "intend 3 buy ce 75 @100.05",
            "place 3",
            "ce +0",
            "flat ce",
        ],
    ),
    "a leg that is rejected after it was accepted unwinds the filled one": (
        (["fill", "reject MARGIN", "fill"], ["done"]),
        (0.1, (), {}),
        SENT,
        [
            "ce -75",
            f"ended: {PE}: rejected",
            "owed ce unwind",
            "intend 3 buy ce 75 @100.05",
            "place 3",
            "ce +0",
            "flat ce",
        ],
    ),
    "keep keeps the filled leg": (
        (["fill", "refuse MARGIN"], ["done"]),
        (0.1, (), {"on_fail": OnFail.KEEP}),
        SENT,
        ["ce -75", f"ended: {PE}: no"],
    ),
    "past the time for legging the rest is taken back and the filled leg unwound": (
        (["fill", "work", "fill"], ["done"]),
        (5.1, (), PATIENT),
        SENT,
        [
            "ce -75",
            "find 2",
            LATE,
            "owed ce unwind",
            "intend 3 buy ce 75 @100.05",
            "cancel 2",
            "place 3",
            "ce +0",
            "flat ce",
        ],
    ),
    "an exit waits for the own entry that it would trade with": (
        (["part", "fill"], ["done"]),
        (5.1, (leg("ce", 2),), PATIENT),
        ["opened", "intend 1 sell ce 150 @99.95", "place 1"],
        [
            "ce -75",
            "find 1",
            LATE,
            "owed ce unwind",
            "cancel 1",
            "intend 2 buy ce 75 @100.05",
            "place 2",
            "ce +0",
            "flat ce",
        ],
    ),
    "a hundred lots are sliced by the freeze quantity": (
        (["fill"], ["done"]),
        (0.1, (leg("ce", 100),), {}),
        [
            "opened",
            *[f"intend {n} sell ce {1800 if n < 5 else 300} @99.95" for n in range(1, 6)],
            *[f"place {n}" for n in range(1, 6)],
        ],
        ["ce -1800", "ce -3600", "ce -5400", "ce -7200", "ce -7500", "entered"],
    ),
    "more than was asked is told, and ends the entry": (
        (["over"], ["done"]),
        (0.1, ("ce",), {}),
        ["opened", "intend 1 sell ce 75 @99.95", "place 1"],
        ["ce -150", f"note OR0000000010000001 filled 150 of 75 {CE}", "entered"],
    ),
}


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS.keys())
def test_an_entry_walks_its_walk(walk):
    """Message in, effects out: at once, and in the seconds after."""
    scripts, (seconds, legs, fields), at_once, then = walk
    assert entry(Stage(*scripts), seconds, *legs, **fields) == (at_once, then)


# what an entry of two lots comes to, after the price moved before its limit had rested
REPRICED = {
    "cancelled, and replaced once that is done": (
        (["work", "fill"], ["done"]),
        ["cancel 1", "intend 2 sell ce 150 @98.95", "place 2", "ce -150", "entered"],
    ),
    "not replaced where it filled instead": (
        (["work"], ["race"]),
        ["cancel 1", "ce -150", "entered"],
    ),
    "kept in the part that filled": (
        (["part", "fill"], ["done"]),
        ["ce -75", "cancel 1", "intend 2 sell ce 75 @98.95", "place 2", "ce -150", "entered"],
    ),
}


@pytest.mark.parametrize(("scripts", "then"), REPRICED.values(), ids=REPRICED.keys())
def test_a_limit_that_rested_too_long_at_another_price_is_priced_anew(scripts, then):
    """Only what is not filled, and only once the broker says that it is gone."""
    stage = Stage(*scripts)
    stage.tell(enter(leg("ce", 2)))
    said = stage.run(0.1) + stage.tell(frame(stage.now_ns, ce=99)) + stage.run(2)
    assert without_wakes(said) == then


BUFFERED = {
    "a bought leg's lies above the ask": ("hc", 2, "20.50"),
    "a sold leg's lies below the bid": ("ce", 2, "97.95"),
}


@pytest.mark.parametrize(("leg_id", "percent", "price"), BUFFERED.values(), ids=BUFFERED)
def test_a_limit_lies_its_buffer_through_the_touch(leg_id, percent, price):
    stage = Stage(["work"])
    stage.tell(enter(leg_id, buffer_percent_e4=e4(percent)))
    assert [intent.price_e4 for intent in stage.intents()] == [e4(price)]


def test_a_limit_whose_price_would_be_the_same_keeps_its_turn():
    """It is asked about now and then, since the news of its fill may be lost."""
    stage = Stage(["work"])
    stage.tell(enter("ce", deadline_ns=T0 + 60 * S))
    said = without_wakes(stage.run(20))
    assert (len(stage.intents()), set(said)) == (1, {"find 1"})
    stage.broker.fill(stage.placed(1), stage.now_ns)
    assert without_wakes(stage.run(7)) == ["find 1", "ce -75", "entered"]


@pytest.mark.parametrize("legging_s", [60, 10], ids=["of before", "by its plan"])
@pytest.mark.parametrize("waits_s", [0, 6], ids=["leaves at once", "waits"])
def test_an_entry_of_which_nothing_has_filled_is_given_up_at_its_exit_time(waits_s, legging_s):
    """Else it sold after that, and was bought back at once; having waited adds no time to it."""
    stage = Stage(["work"])
    if waits_s:
        stage.tell(Frame(T0, {CE: Quote(e4(100))}))  # nobody bids: its price is awaited
    wanted = enter("ce", deadline_ns=T0 + legging_s * S, **PATIENT)
    stage.tell(EnterLegs(replace(wanted.opened, exit_ns=T0 + 10 * S)))
    stage.run(waits_s)
    stage.tell(frame(stage.now_ns))
    stage.run(9.9 - waits_s)
    assert (len(stage.intents()), stage.told(BasketEnded)) == (1, [])
    assert LATE in stage.run(0.2)
    assert (stage.book().net(CE), stage.broker.resting()) == (0, [])


def test_twice_the_same_leg_quantity_is_never_on_its_way():
    """While an answer is out, frames and alarms send nothing more."""
    stage = Stage(["mute"])
    stage.tell(enter("ce"))
    assert without_wakes(stage.tell(frame())) == []
    assert len(stage.intents()) == 1


def test_a_basket_has_one_alarm_however_often_it_is_looked_at():
    """Alarms do not multiply by frames, answers and re-pricing."""
    stage = Stage(["work"])
    stage.tell(enter("ce"))
    for _ in range(10):
        stage.run(0.2)
        stage.tell(frame(stage.now_ns))
    pending = [m for _, _, m in stage._due if type(m).__name__ == "BasketDue"]
    assert len(pending) == 1


# what stands before an entry, and what is said
FORBIDDEN = {
    "paused": ([PauseEntries("the day's loss")], "ended: entries are paused: the day's loss"),
    "open": ([enter("ce")], "ended: ce is still open from before"),
}


@pytest.mark.parametrize(("before", "said"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_an_entry_that_is_forbidden_leaves_no_trace_on_its_legs(before, said):
    """It is ended without ever being opened, so what guards the legs is not disturbed."""
    stage = Stage()
    for message in before:
        stage.tell(message)
    stage.run()
    opened, intents = len(stage.told(BasketOpened)), len(stage.intents())
    assert stage.tell(enter("ce", basket_id="again")) == [said]
    assert (len(stage.told(BasketOpened)), len(stage.intents())) == (opened, intents)


def test_an_entry_into_an_open_leg_does_not_close_it():
    """What was open stays open."""
    stage = Stage().entered("ce")
    stage.tell(enter("ce", "pe", basket_id="again"))
    stage.run()
    assert stage.broker.net() == {CE: -75}


def test_an_entry_is_refused_while_an_order_from_before_may_still_fill():
    """A late fill of the old order would be taken for one of the new."""
    stage = Stage(["lost"])
    stage.tell(enter("ce"))
    stage.run(6)
    assert stage.tell(enter("ce", at_ns=stage.now_ns)) == [
        "ended: an order of ce from before may still fill"
    ]


def renamed(leg_id: str, name: str) -> BasketLeg:
    return replace(leg(leg_id), leg_id=name)


def test_a_strategy_whose_legs_were_renamed_enters_nothing_beside_what_it_holds():
    """Its file may give them other names overnight; what is held is the same."""
    stage = Stage().entered("ce", "pe")
    again = enter(renamed("ce", "call"), renamed("pe", "put"), basket_id="again")
    assert stage.tell(again) == ["ended: ce is still open from before"]
    stage.tell(leave())
    stage.run()
    assert stage.broker.net() == {}
    assert "opened" in stage.tell(enter(renamed("ce", "call"), at_ns=stage.now_ns))


def test_a_strategy_whose_legs_were_renamed_enters_nothing_beside_what_may_still_fill():
    stage = Stage(["lost"])
    stage.tell(enter("ce"))
    stage.run(6)
    assert stage.tell(enter(renamed("ce", "call"), at_ns=stage.now_ns)) == [
        "ended: an order of ce from before may still fill"
    ]


def test_a_second_entry_is_refused_while_the_one_before_is_still_under_way():
    """Nothing of that has left yet: its price is awaited."""
    stage = Stage()
    stage.tell(Frame(T0, {CE: Quote(e4(100))}))
    assert without_wakes(stage.tell(enter("ce"))) == ["opened"]
    assert stage.tell(enter("pe", basket_id="again")) == [
        "ended: an entry from before is still under way"
    ]
    assert "opened" in stage.tell(enter("pe", strategy_id="other", basket_id="o"))


def test_what_another_strategy_holds_or_has_on_its_way_refuses_no_entry():
    stage = Stage().entered("ce", strategy_id="other", basket_id="o")
    stage.tell(enter("pe", strategy_id="third", basket_id="t"))
    assert "opened" in stage.tell(enter("ce", at_ns=stage.now_ns))


def test_an_entry_that_is_told_twice_is_made_once():
    """Under way, or long over."""
    stage = Stage()
    wanted = enter()
    stage.tell(wanted)
    assert stage.tell(wanted) == []
    stage.run()
    assert stage.tell(wanted) == []


def test_an_entry_that_comes_too_late_is_not_begun():
    """Nobody looked at the prices of now."""
    wanted = enter("ce", at_ns=T0 - 5 * S)
    assert Stage().tell(wanted) == ["ended: its time for legging was over before it began"]


@pytest.mark.parametrize(
    ("terms", "legs", "because"),
    [
        (Limits(max_order_lots=1), (leg("ce", 2),), f"150 units of {CE} in one order are above"),
        (Limits(max_strategy_lots=1), ("ce", "pe"), "the strategy could come to 2 lots"),
    ],
    ids=["quantity", "exposure"],
)
def test_what_the_gate_refuses_ends_the_entry(terms, legs, because):
    """Its sentence is the reason."""
    stage = Stage(terms=Terms("a", "broker", limits=terms, strict=False))
    stage.tell(enter(*legs))
    assert stage.told(BasketEnded)[0].because.startswith(because)


@pytest.mark.parametrize(
    ("symbol", "units", "enters"), [("RELIANCE", 1_200, True), (PE, 1_200 * 75, False)]
)
def test_shares_held_beside_count_in_no_lots_and_options_do(symbol, units, enters):
    """The account may come to 1,000 lots."""
    stage = Stage(terms=READING)
    stage.run()
    stage.broker.stranger(symbol, Side.BUY, units, units)
    stage.tell(LinkRevived(stage.now_ns))
    stage.run(2)
    stage.tell(enter("ce", at_ns=stage.now_ns))
    stage.run()
    assert stage.book().net(symbol) == units
    assert stage.book().net(CE) == (-75 if enters else 0)


def test_a_short_that_the_gate_will_refuse_stops_the_basket_before_its_hedge_leaves():
    """Else the hedge would be bought only to be unwound."""
    stage = Stage()
    stage.tell(Frame(T0, {CE: Quote(e4(100), e4(50), 750, e4(150), 750)}))
    stage.tell(enter("hc", "ce"))
    (ended,) = stage.told(BasketEnded)
    assert (stage.intents(), ended.because.endswith("beyond the collar")) == ([], True)


def test_a_basket_beyond_a_freeze_quantity_of_broken_lots_is_sliced_into_whole_ones():
    """What is looked at beforehand is what will leave."""
    stage = Stage()
    stage.tell(enter(leg("ce", 60, freeze=1790)))
    stage.run()
    assert [intent.quantity for intent in stage.intents()] == [1725, 1725, 1050]


def test_no_hedge_leaves_before_its_short_has_a_price():
    """Nothing says yet whether the short may be sold."""
    stage = Stage()
    stage.tell(Frame(T0, {CE: Quote(e4(100))}))
    assert without_wakes(stage.tell(enter("hc", "ce"))) == ["opened"]
    assert without_wakes(stage.tell(frame())) == ["intend 1 buy hc 75 @20.05", "place 1"]


def test_an_own_order_in_the_way_of_a_short_does_not_hold_its_hedge_back():
    """It may be gone once the short's turn comes."""
    stage = Stage(["work", "fill"])
    stage.tell(enter("hc", strategy_id="other", basket_id="o", **PATIENT))
    stage.run(0.1)
    short = BasketLeg("x", SYMBOLS["hc"], Side.SELL, 75, 75, 1800, 500)
    assert without_wakes(stage.tell(enter("hp", short)))[-1] == "place 2"
    stage.push(1)
    assert without_wakes(stage.run(0.1))[-2:] == ["x -75", "entered"]


@pytest.mark.parametrize(
    ("strict", "lots", "told"), [(False, 25, True), (False, 24, False), (True, 25, False)]
)
def test_a_freeze_quantity_of_another_day_is_told_where_a_replay_slices_by_it(
    monkeypatch, strict, lots, told
):
    """24 lots of 75 are the freeze quantity."""
    text = "freeze quantity of NIFTY on 2019-05-07 is unknown; 1800 of 2025-08-01 stands in"
    monkeypatch.setattr(stand_ins, "notes_for", lambda *_: (text,))
    limits = Limits(max_order_lots=0, max_strategy_lots=0, max_value_e4=0)
    stage = Stage(terms=Terms("a", "broker", limits=limits, strict=strict))

    stage.entered(leg("ce", lots=lots))
    stage.tell(enter(leg("hc", lots=lots), at_ns=stage.now_ns))

    notes = [fact.text for fact in stage.told(Noted) if fact.kind is NoteKind.UNKNOWN_TABLE]
    assert notes == ([text] if told else [])


def test_an_order_sent_before_the_gate_refused_the_next_is_taken_back():
    """Its answer was not there yet when the basket ended; it is cancelled once it is."""
    limits = Limits(max_strategy_lots=1)
    stage = Stage(["work"], terms=Terms("a", "broker", limits=limits, strict=False))
    said, then = entry(stage, 0.1)
    assert said[-1] == "place 1"
    assert then == ["cancel 1"]
    assert stage.broker.resting() == []


def test_a_closed_session_refuses_entries():
    """The exchange does not trade then."""
    stage = Stage()
    said = stage.tell(enter("ce", at_ns=CLOSES + 1), CLOSES + 1)
    assert said[-1] == f"ended: the exchange does not trade {CE} now"


def test_a_dead_link_refuses_entries():
    """Its prices are stale; they admit no risk until the link brings new ones."""
    stage = Stage()
    stage.tell(LinkDied(T0))
    assert stage.tell(enter("ce"))[-1] == f"ended: the price of {CE} is stale"


def test_a_link_that_dies_on_the_way_takes_the_entry_back():
    """The limits that rest are cancelled at their time; no other follows."""
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter())
    stage.run()
    stage.tell(LinkDied(stage.now_ns))
    stage.run(2)
    assert stage.told(BasketEnded)[0].because == f"the price of {PE} is stale"
    assert stage.broker.net() == {}


def test_a_revived_link_is_entered_with_once_it_has_brought_a_price():
    """Old prices stay stale."""
    stage = Stage()
    stage.tell(LinkDied(T0))
    stage.tell(LinkRevived(T0))
    assert without_wakes(stage.tell(enter("ce"))) == ["opened"]
    assert without_wakes(stage.tell(frame()))[-1] == "place 1"


def test_a_quiet_strike_is_not_stale():
    """What is absent from the newest frames is unchanged."""
    stage = Stage()
    for _ in range(9):
        other = frame()
        other.quotes.pop(PE)
        stage.tell(other)
    assert without_wakes(stage.tell(enter("pe")))[-1] == "place 1"


def test_an_entry_that_finds_no_slot_is_sent_when_there_is_one():
    """Neither given up nor left to the next frame."""
    stage = Stage(windows=(Window(3, S, 2),))
    assert stage.tell(enter())[-1] == "wake BasketDue +1"
    assert without_wakes(stage.run(1.1)) == [
        "ce -75",
        "intend 2 sell pe 75 @99.95",
        "place 2",
        "pe -75",
        "entered",
    ]


def test_a_slice_that_waited_for_a_slot_is_as_old_as_the_basket():
    """The frame that decided the basket may fill it; no later decision was made."""
    stage = Stage(windows=(Window(4, S, 2),))
    stage.tell(enter(leg("ce", 60), leg("pe", 60)))
    stage.run(3.5)
    assert [fact.complete for fact in stage.told(BasketEnded)] == [True]
    assert [intent.decided_ns for intent in stage.intents()] == [T0] * 6
    assert len({recorded.at_ns for recorded in stage.told(IntentRecorded)}) == 3


def test_what_is_priced_anew_is_decided_then():
    """The earlier frame was this leg's once; the other leg is still the basket's."""
    stage = Stage(["work", "fill"])
    stage.tell(enter())
    stage.run(0.1)
    stage.tell(frame(stage.now_ns, ce=99))
    stage.run(2)
    decided = [(intent.leg_id, intent.decided_ns > T0) for intent in stage.intents()]
    assert decided == [("ce", False), ("pe", False), ("ce", True)]


def test_a_pause_takes_back_what_is_under_way():
    """No order of an entry leaves after it, and what is filled is unwound."""
    stage = Stage(["fill", "work", "fill"])
    stage.tell(enter())
    stage.run()
    assert without_wakes(stage.tell(PauseEntries("loss"))) == [
        "paused",
        "ended: entries are paused: loss",
        "owed ce unwind",
        "intend 3 buy ce 75 @100.05",
        "cancel 2",
        "place 3",
    ]
    assert stage.tell(PauseEntries("loss")) == []


@pytest.mark.parametrize("cancel", ["lost", "no", "quiet"])
def test_what_an_ended_entry_left_in_the_book_is_recalled_until_it_is_gone(cancel):
    """A cancellation that is lost, refused or not told of is not the end of it."""
    stage = Stage(["work"], [cancel, "done"])
    stage.tell(enter("ce"))
    stage.run()
    stage.tell(leave("ce"))
    stage.run(12)
    assert stage.broker.resting() == []
    assert stage.book().open_orders() == ()


def test_a_recall_without_a_slot_in_the_budget_is_made_later():
    """The budget holds for cancellations too; nothing is forgotten for want of a slot."""
    stage = Stage(["work", "work"], windows=(Window(3, 2 * S),))
    stage.tell(enter())
    stage.run()
    said = without_wakes(stage.tell(leave()))
    assert [word for word in said if word.startswith("cancel")] == ["cancel 1"]
    assert "cancel 2" in stage.run(3.5)
    assert stage.broker.resting() == []


def test_an_answer_after_the_basket_ended_is_recalled():
    """Found resting by a look-up."""
    stage = Stage(["dumbwork 7"])
    stage.tell(enter("ce"))
    stage.run(30)
    assert stage.told(BasketEnded)[0].because == LATE.removeprefix("ended: ")
    assert stage.broker.resting() == []


@pytest.mark.parametrize(
    ("on_fail", "net"), [(OnFail.UNWIND, {}), (OnFail.KEEP, {CE: -75})], ids=["unwind", "keep"]
)
def test_a_fill_after_its_entry_failed_is_closed_unless_the_plan_keeps_it(on_fail, net):
    """The basket ended with nothing filled; its order was cancelled, yet it fills."""
    stage = Stage(["work", "fill"], ["after 3"])
    stage.tell(enter("ce", on_fail=on_fail, **PATIENT))
    stage.run(20)
    assert stage.broker.net() == net


def test_a_refusal_that_comes_after_the_fill_is_not_believed():
    """The broker's book outweighs an answer."""
    stage = Stage(["dumb"])
    stage.tell(enter("ce"))
    stage.run(2)
    intent_id = stage.intents()[0].intent_id
    assert stage.tell(OrderRefused(intent_id, Refusal.OTHER, "no", stage.now_ns)) == []
    assert stage.broker.net() == {CE: -75}


def test_an_order_that_was_refused_and_yet_is_in_the_book_is_recalled():
    """Nothing may rest in the book that nobody wants."""
    stage = Stage(["work"])
    stage.tell(enter("ce"))
    order = stage.intents()[0].intent_id
    stage.tell(OrderRefused(order, Refusal.OTHER, "no", stage.now_ns))
    stage.run()
    assert stage.broker.resting() == []


def test_a_no_that_is_heard_twice_is_answered_once():
    """An update told twice changes nothing."""
    stage = Stage(["fill", "reject", "fill"])
    stage.broker.copies = 2
    stage.tell(enter())
    stage.run()
    rejected = next(f for f in stage.told(OrderUpdated) if f.state is State.REJECTED)
    assert stage.tell(rejected) == []
    assert [type(fact) for fact in stage.told(BasketEnded)] == [BasketEnded]


def test_the_word_of_a_stranger_is_recorded_and_nothing_else():
    """An order that we never intended is not ours to lead."""
    stage = Stage()
    accepted = OrderAccepted("OR9", "B9", T0)
    assert stage.tell(accepted) == []
    assert stage.told(OrderAccepted) == [accepted]
    assert stage.tell(CancelAnswered("OR9", True, "", T0)) == []


def test_alarms_that_were_moved_do_nothing():
    """They ring; nobody waits for them."""
    stage = Stage(["work"])
    stage.tell(enter("ce"))
    due = [message for _, _, message in stage._due if isinstance(message, Due)]
    assert [stage.tell(type(each)(each.what, each.at_ns - 1)) for each in due] == [[], []]


def test_an_overfill_is_noted_only_where_there_is_one():
    """No note without a reason."""
    assert Stage().entered().told(Noted) == []


def test_alarm_effects_carry_their_own_instant():
    """So that a moved alarm is known when it rings."""
    stage = Stage(["work"])
    effects = stage.router.handle(enter("ce"), T0)
    alarms = [each for each in effects[0].then if isinstance(each, Alarm)]
    assert [each.at_ns for each in alarms] == [each.message.at_ns for each in alarms]


def test_what_no_stop_holds_is_not_sold():
    """A short leg needs a stop of its own or one of its strategy; a long one needs none."""
    naked = enter("ce", rules=StrategyRules())
    stage = Stage()
    stage.tell(naked)
    stage.run()
    assert stage.intents() == []
    assert [ended.complete for ended in stage.told(BasketEnded)] == [False]

    owned = LegRules(stop=Distance(points_e4=e4(10)))
    stage = Stage()
    stage.tell(EnterLegs(replace(naked.opened, leg_rules={"ce": owned})))
    assert len(stage.intents()) == 1


def crossing(stage, *legs, **fields):
    """A long call that rests, and then an entry of another strategy that sells the same one."""
    bought = replace(leg("ce"), side=Side.BUY)
    stage.tell(enter(bought, strategy_id="long", basket_id="long:0", **PATIENT))
    stage.run(0.05)
    return without_wakes(stage.tell(enter(*legs, at_ns=stage.now_ns, **fields)))


def test_an_entry_that_would_trade_with_one_under_way_leaves_once_that_is_filled():
    stage = Stage(["work", "fill"])
    assert crossing(stage, "pe", "ce") == ["opened"]
    assert without_wakes(stage.run(1)) == []
    stage.push(1)
    said = without_wakes(stage.run(0.3))
    assert said[:2] == ["intend 2 sell pe 75 @99.95", "intend 3 sell ce 75 @99.95"]
    assert said[-1] == "entered"


def test_a_short_that_would_trade_with_an_entry_under_way_leaves_its_hedge_alone():
    stage = Stage(["work", "work", "fill"])
    stage.tell(enter("hc", "ce"))
    stage.run(0.05)
    bought = replace(leg("ce"), side=Side.BUY)
    stage.tell(enter(bought, strategy_id="long", basket_id="long:0", **PATIENT))
    stage.run(0.05)
    assert without_wakes(stage.push(1)) == ["hc +75"]
    assert without_wakes(stage.push(2)) == ["ce +75", "entered"]
    assert without_wakes(stage.run(0.2)) == [
        *("intend 3 sell ce 75 @99.95", "place 3", "ce -75", "entered")
    ]


def test_an_entry_that_would_trade_with_one_under_way_is_given_up_when_its_time_is_over():
    stage = Stage(["work", "fill"])
    crossing(stage)
    assert without_wakes(stage.run(5))[-1] == LATE
    assert len(stage.intents()) == 1


def test_an_entry_that_would_trade_with_an_order_by_hand_is_given_up_at_once():
    stage = Stage(["work", "fill"])
    asked = OrderAsked("r1", "a", CE, Side.BUY, 75, OrderType.LIMIT, e4(100), 0, "", "me", T0)
    stage.ask(PlaceByHand(asked, False))
    stage.run(0.05)
    (_, ended) = without_wakes(stage.tell(enter("ce", at_ns=stage.now_ns)))
    assert ended.startswith("ended: it would trade with the own order")


def test_an_entry_waits_for_the_answer_to_an_order_by_hand_that_it_would_trade_with():
    stage = Stage(["fill"])
    asked = OrderAsked("r1", "a", CE, Side.BUY, 75, OrderType.LIMIT, e4(100), 0, "", "me", T0)
    stage.ask(PlaceByHand(asked, False))
    assert without_wakes(stage.tell(enter("ce", at_ns=stage.now_ns))) == ["opened"]
    assert "intend 2 sell ce 75 @99.95" in stage.run(0.2)


def test_an_exit_that_is_parked_keeps_no_entry_out_and_one_in_doubt_keeps_it_for_a_while():
    """It was replaced, and the broker's readings would have shown it; before, nobody knows."""
    stage = Stage(["fill", "lost", "fill"], terms=READING)
    stage.run(1)
    stage.entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.5)
    other = {"strategy_id": "t", "basket_id": "t:1", "deadline_ns": CLOSES}
    said = stage.tell(enter("hc", "ce", at_ns=stage.now_ns, **other))
    assert without_wakes(said) == ["opened"]
    entered = []
    for _ in range(60):
        entered += stage.run(1) + stage.tell(frame(stage.now_ns))
    assert "entered" in entered
    assert stage.broker.net() == {SYMBOLS["hc"]: 75, SYMBOLS["ce"]: -75}


def test_an_entry_that_own_orders_keep_out_until_its_time_is_over_is_decided_anew():
    """Their fate is known before long; its own is not decided by them."""
    stage = Stage(["fill", "lost", "lost", "fill"], terms=READING)
    stage.run(1)
    stage.entered("ce")
    stage.tell(leave("ce"))
    stage.run(0.5)
    stage.tell(enter("hc", "ce", at_ns=stage.now_ns, strategy_id="t", basket_id="t:1"))
    assert "free t" in stage.run(8)
    assert stage.told(BasketEnded)[-1].waits


def test_the_orders_of_a_leg_never_exceed_it_whatever_is_taken_for_missing(monkeypatch):
    stage = Stage(["part", "fill"])
    stage.tell(enter(leg("ce", 2), **PATIENT))
    stage.run()
    (order,) = stage.broker.resting()
    again = PlaceEntry(leg("ce", 2), 75)
    monkeypatch.setattr(entries, "missing", lambda basket, progress: (again,))
    said = stage.tell(frame(stage.now_ns))
    assert "exceed it: 150 and 75 units are more than 150" in "".join(said)
    assert list(stage.broker.orders.values()) == [order]


def test_an_entry_that_was_refused_is_not_opened_where_it_is_told_once_more():
    stage = Stage().entered("ce")
    assert stage.tell(enter("ce", basket_id="again")) == ["ended: ce is still open from before"]
    stage.tell(leave("ce"))
    stage.run(1)
    assert stage.tell(enter("ce", basket_id="again")) == []
    assert stage.tell(enter("ce", basket_id="another"))[0] == "opened"


def test_a_purchase_in_a_contract_without_a_band_leaves_at_its_touch():
    stage = Stage()
    only_asked = Quote(0, 0, 0, e4("20.05"), 750)
    stage.tell(Frame(stage.now_ns, {SYMBOLS["hc"]: only_asked}))
    stage.tell(enter("hc", at_ns=stage.now_ns))
    assert [intent.price_e4 for intent in stage.intents()] == [e4("20.05")]
