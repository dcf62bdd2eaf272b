"""Funds: an entry leaves only once its margin is known and there; an exit never asks."""

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.actors.order_router.opening import funds
from daemon.domain.money import e4
from daemon.domain.orders.storm import Rate
from daemon.domain.orders.words import IntentRecorded, OrderType, Side, State
from daemon.errors import RuleUnknown
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    CancelByHand,
    Declined,
    Done,
    LatchKind,
    MarginRead,
    MarginUnread,
    Noted,
    OrderAsked,
    PlaceByHand,
    ReadMargin,
    Scope,
)
from daemon.runtime.breaker import BreakerPolicy
from tests.actors.order_router.broker.test_next_day import next_day
from tests.kit.router import (
    CONDOR,
    SYMBOLS,
    T0,
    S,
    Stage,
    enter,
    frame,
    latch,
    leave,
    without_wakes,
)

HELD_TO_MARGIN = Terms("a", "broker", strict=False, asks_margin=True)
CE = SYMBOLS["ce"]
ASKED = OrderAsked("r1", "a", CE, Side.BUY, 75, OrderType.LIMIT, e4("100.05"), 0, "", "me", T0)
SENT = ["intend 1 sell ce 75 @99.95", "intend 2 sell pe 75 @99.95", "place 1", "place 2"]
ENOUGH = (e4(950_000), e4(1_000_000))
SHORT_OF = (
    "it needs 950001.00 rupees of margin; 1000000.00 are free, of which it may take 950000.00"
)


def stage(margin=ENOUGH, terms=HELD_TO_MARGIN):
    """A router that asks, before a broker that answers so."""
    made = Stage(terms=terms)
    made.broker.margin = margin
    return made


def entry(made, *legs, seconds=1):
    """What is said at once, and what within some seconds."""
    said = without_wakes(made.tell(enter(*legs)))
    return said, without_wakes(made.run(seconds))


def by_hand(made, **fields):
    """Ask for an order by hand; what is answered at once."""
    dry_run = fields.pop("dry_run", False)
    return made.ask(PlaceByHand(replace(ASKED, **fields), dry_run))


def test_an_entry_leaves_once_its_margin_is_there_and_not_before():
    said, later = entry(stage())
    assert said == ["opened", "margin"]
    assert later[:4] == SENT
    assert "entered" in later


def test_an_entry_beyond_its_share_of_the_free_margin_is_refused_with_both_figures():
    made = stage((e4(950_001), e4(1_000_000)))
    assert entry(made) == (["opened", "margin"], [f"ended: {SHORT_OF}"])
    assert made.broker.orders == {}


def test_an_entry_whose_margin_the_broker_does_not_tell_does_not_leave_and_is_not_guessed():
    why = "its margin is not known, so it does not leave: no connection"
    assert entry(stage("no connection"))[1] == [f"ended: {why}"]


def kept_out_s(made):
    """Decide an entry, and say for how many seconds it is kept out."""
    began_ns = made.now_ns
    made.tell(frame(began_ns))
    made.tell(enter("ce", at_ns=began_ns))
    for _ in range(610):
        if "free s" in made.run(0.1):
            return (made.now_ns - began_ns) // S
    raise AssertionError("it is kept out for ever")


def test_an_entry_whose_margin_is_not_told_waits_longer_each_time_and_is_decided_anew():
    made = stage("no connection", replace(HELD_TO_MARGIN, breaker=BreakerPolicy(99)))
    assert [kept_out_s(made) for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(fact.waits for fact in made.told(BasketEnded))
    assert made.broker.orders == {}
    made.broker.margin = ENOUGH
    made.tell(enter("ce", at_ns=made.now_ns))
    assert "entered" in made.run(1)


def test_once_an_entry_was_answered_the_next_one_that_is_not_waits_as_the_first():
    made = stage("no connection")
    assert (kept_out_s(made), kept_out_s(made)) == (1, 2)
    made.broker.margin = (e4(950_001), e4(1_000_000))
    made.tell(enter("ce", at_ns=made.now_ns))
    assert f"ended: {SHORT_OF}" in made.run(1)
    made.broker.margin = "no connection"
    assert kept_out_s(made) == 1


def test_on_another_day_an_entry_that_is_not_answered_waits_as_the_first():
    made = stage("no connection")
    assert (kept_out_s(made), kept_out_s(made)) == (1, 2)
    next_day(made)
    assert kept_out_s(made) == 1


def test_however_often_an_entry_waits_for_its_margin_its_strategy_is_not_stopped_for_it():
    terms = replace(HELD_TO_MARGIN, breaker=BreakerPolicy(99), repeats=Rate(2, 3600 * S))
    made = stage("no connection", terms)
    for _ in range(4):
        kept_out_s(made)
    made.broker.margin = ENOUGH
    made.tell(enter("ce", at_ns=made.now_ns))
    assert "entered" in made.run(1)


def test_meanwhile_a_strategy_is_told_why_its_entry_waits():
    made = stage("no connection")
    made.tell(enter("ce"))
    made.run(0.5)
    why = "it did not get as far as the broker; it is tried again in a moment"
    assert made.tell(enter("ce", at_ns=made.now_ns)) == [f"ended: {why}"]


def test_an_entry_that_the_broker_does_not_count_within_its_time_is_decided_anew_in_a_second():
    made = stage(None)
    why = "the broker did not say in time what margin it needs"
    assert entry(made, seconds=5.9)[1] == [f"ended: {why}"]
    assert "free s" in made.run(0.2)
    late = MarginRead("s:0", 0, e4(1_000_000), made.now_ns)
    assert made.tell(late) == []


def test_the_broker_is_asked_once_for_all_legs_at_their_limits():
    made = stage(None)
    asked = []
    answer = made.broker.ask
    made.broker.ask = lambda request, now_ns: (asked.append(request), answer(request, now_ns))[1]
    made.tell(enter(*CONDOR))
    made.tell(frame(T0 + S))
    made.tell(frame(T0 + 2 * S))
    (request,) = asked
    assert isinstance(request, ReadMargin)
    assert [(leg.symbol, leg.side, leg.quantity, leg.price_e4) for leg in request.legs] == [
        (SYMBOLS["ce"], Side.SELL, 75, e4("99.95")),
        (SYMBOLS["pe"], Side.SELL, 75, e4("99.95")),
        (SYMBOLS["hc"], Side.BUY, 75, e4("20.05")),
        (SYMBOLS["hp"], Side.BUY, 75, e4("20.05")),
    ]


def test_the_dearer_of_two_witnesses_counts():
    made = stage((e4(1), e4(400_000)))
    (refused,) = entry(made)[1]
    assert refused.startswith("ended: it needs 441900.00 rupees of margin; 400000.00 are free")


def test_what_is_held_is_counted_beside_an_entry_by_our_own_model():
    """A short that its hedge from before makes a spread costs the width and no more."""
    made = stage((e4(1), e4(40_000)))
    assert "entered" in entry(made, "hc")[1]
    assert "entered" in entry_later(made, "ce")


def both(made, first=("ce",), second=("pe",), **fields):
    """Two strategies enter on one frame; what is said at once."""
    said = made.tell(enter(*first, **fields))
    said += made.tell(enter(*second, strategy_id="other", basket_id="other:0", **fields))
    return without_wakes(said)


def test_of_two_entries_on_one_frame_the_second_is_judged_once_the_first_is_answered():
    """There is not enough for both, by a reading that had seen neither."""
    made = stage()
    assert both(made) == ["opened", "margin"] * 2
    assert without_wakes(made.run(0.015)) == ["intend 1 sell ce 75 @99.95", "place 1"]
    made.broker.margin = (e4(600_000), e4(600_000))
    short_of = (
        "it needs 600000.00 rupees of margin; 600000.00 are free, of which it may take 570000.00"
    )
    assert without_wakes(made.run(1)) == ["margin", "ce -75", "entered", f"ended: {short_of}"]
    assert made.broker.net() == {CE: -75}


def test_entries_of_one_frame_are_asked_about_together_and_leave_where_there_is_margin_for_all():
    """None costs another its time for legging, however long the broker takes over each."""
    made = stage((e4(400_000), e4(1_000_000)))
    assert both(made) == ["opened", "margin"] * 2
    said = without_wakes(made.run(1))
    assert (said.count("entered"), said.count("margin")) == (2, 0)
    assert said[:4] == [
        *("intend 1 sell ce 75 @99.95", "place 1"),
        *("intend 2 sell pe 75 @99.95", "place 2"),
    ]


def test_two_entries_on_one_frame_both_leave_once_the_broker_says_that_there_is_margin_for_both():
    made = stage()
    both(made)
    said = without_wakes(made.run(1))
    assert (said.count("entered"), said.count("margin")) == (2, 1)
    assert made.told(IntentRecorded)[1].intent.decided_ns == T0


def test_an_entry_waits_no_longer_for_one_that_is_given_up():
    made = stage()
    made.broker.script("refuse BAND", "fill")
    both(made)
    said = without_wakes(made.run(1))
    assert [word.split(":")[0] for word in said][2:4] == ["ended", "margin"]
    assert made.broker.net() == {SYMBOLS["pe"]: -75}


def counted(made, strategy_id, rupees=600_000):
    """The broker's answer about an entry of a strategy comes: a million is free."""
    told = MarginRead(f"{strategy_id}:0", e4(rupees), e4(1_000_000), made.now_ns)
    return without_wakes(made.tell(told))


def test_an_answer_may_be_of_before_an_order_that_left_since_the_question_and_was_answered():
    made = stage(None)
    both(made)
    assert counted(made, "s") == ["intend 1 sell ce 75 @99.95", "place 1"]
    assert "entered" in made.run(0.5)
    assert counted(made, "other") == ["margin"]
    assert counted(made, "other") == ["intend 2 sell pe 75 @99.95", "place 2"]


def test_who_is_asked_about_anew_is_judged_beside_all_that_is_still_promised():
    made = stage(None)
    made.broker.script("accept", "mute")
    both(made, ("ce",), ("hc", "pe"))
    made.tell(enter("hp", strategy_id="third", basket_id="third:0"))
    counted(made, "s", 300_000)
    counted(made, "other", 300_000)
    assert counted(made, "third", 800_000) == []
    assert without_wakes(made.run(0.1)) == ["margin"]
    assert counted(made, "third", 800_000) == []


def test_of_entries_that_were_too_much_beside_another_one_is_asked_about_at_a_time():
    made = stage(None)
    both(made)
    made.tell(enter("hp", strategy_id="third", basket_id="third:0"))
    counted(made, "s")
    assert counted(made, "other") + counted(made, "third") == []
    assert without_wakes(made.run(0.1)) == ["margin", "ce -75", "entered"]
    assert counted(made, "other", 970_000)[1:] == ["margin"]
    assert "place 2" in counted(made, "third")


def test_what_was_promised_to_an_entry_of_which_nothing_left_is_free_again_at_once():
    """It waited for an exit when a kill ended it, and another's question was out meanwhile."""
    made = stage()
    entry(made, "ce")
    made.broker.margin = None
    for strategy_id, leg in (("t", "ce"), ("other", "pe")):
        made.tell(enter(leg, strategy_id=strategy_id, basket_id=f"{strategy_id}:0"))
    made.broker.script("work", "fill")
    made.tell(leave("ce"))
    assert counted(made, "t") == []
    made.tell(latch("k", Scope.STRATEGY, "t"))
    assert "place 3" in counted(made, "other")


def put_off(made):
    """An entry that would be too much beside an order in doubt, at the end of its time."""
    made.broker.script("lost", "fill")
    made.tell(enter("ce"))
    made.tell(enter("pe", strategy_id="other", basket_id="other:0", deadline_ns=T0 + 3 * S))
    made.run(4)
    return made


@pytest.mark.parametrize("left", [False, True])
def test_an_entry_waits_for_no_answer_about_one_that_is_over_meanwhile(left):
    """It is put off at the end of its time, or its strategy is told to leave."""
    made = stage(terms=replace(HELD_TO_MARGIN, lookup_window_ns=8 * S))
    made.broker.script("lost", "fill")
    entry(made, "ce", seconds=0.1)
    made.broker.margin = None
    made.tell(enter("hp", strategy_id="third", basket_id="third:0"))
    made.tell(enter("pe", strategy_id="other", basket_id="other:0", deadline_ns=T0 + 60 * S))
    assert counted(made, "other") == []
    if left:
        made.tell(leave("hp", strategy_id="third"))
    made.run(6)
    ends = [end.waits for end in made.told(BasketEnded) if end.strategy_id == "third"]
    assert ends == [not left]
    made.broker.margin = ENOUGH
    for _ in range(10):
        made.run(1)
        made.tell(frame(made.now_ns))
    assert made.broker.net() == {SYMBOLS["pe"]: -75}


def test_of_an_entry_that_waited_for_others_and_was_left_the_broker_is_not_asked_any_more():
    made = stage(terms=replace(HELD_TO_MARGIN, lookup_window_ns=8 * S))
    made.broker.script("lost")
    entry(made, "ce", seconds=0.1)
    made.broker.margin = None
    made.tell(enter("pe", strategy_id="other", basket_id="other:0", deadline_ns=T0 + 60 * S))
    assert counted(made, "other") == []
    made.tell(leave("pe", strategy_id="other"))
    said = made.run(20)
    assert "parked 1" in said
    assert "margin" not in said


def test_an_entry_that_waits_for_others_until_its_time_is_over_is_decided_anew_after_them():
    made = put_off(stage(terms=replace(HELD_TO_MARGIN, lookup_window_ns=8 * S)))
    (waits,) = made.told(BasketEnded)
    assert (waits.strategy_id, waits.waits, waits.because) == (
        *("other", True),
        "its margin was not free in time: entries before it had not left or been answered",
    )
    made.tell(frame(made.now_ns))
    again = {"at_ns": made.now_ns, "strategy_id": "other"}
    assert made.tell(enter("pe", basket_id="other:0.2", **again)) == [
        "ended: its margin is not free: entries before it have not left or been answered"
    ]
    assert "free other" not in made.run(3)
    assert "free other" in made.run(3)
    made.tell(frame(made.now_ns))
    again["at_ns"] = made.now_ns
    made.tell(enter("pe", basket_id="other:0.3", **again))
    assert "entered" in made.run(1)


def test_what_was_put_off_is_decided_anew_after_a_restart_and_asked_about_in_its_turn():
    made = put_off(stage(terms=replace(HELD_TO_MARGIN, lookup_window_ns=6 * S)))
    made.build()
    made.tell(frame(made.now_ns))
    again = {"at_ns": made.now_ns, "strategy_id": "other", "basket_id": "other:0.2"}
    assert without_wakes(made.tell(enter("pe", **again))) == ["opened"]
    said = without_wakes(made.run(4))
    assert said.index("parked 1") < said.index("margin") < said.index("entered")


def test_the_time_for_legging_runs_from_the_first_order_that_leaves():
    """Also after a restart; what left late is not unwound before it had its time to fill."""
    made = stage(None)
    made.broker.script("work")
    made.tell(enter("hc", "ce", reprice_ns=20 * S))
    made.run(4)
    made.tell(frame(made.now_ns))
    assert "place 1" in counted(made, "s")
    made.run(1)
    made.build()
    made.tell(frame(made.now_ns))
    made.run(3.9)
    assert made.told(BasketEnded) == []
    made.run(0.2)
    (ended,) = made.told(BasketEnded)
    assert ended.because == "not filled within the time for legging"


def test_what_was_promised_to_a_basket_that_is_half_out_is_not_spent_by_another():
    made = stage((e4(500_000), e4(1_000_000)))
    made.broker.script("work", "fill")
    both(made, ("ce", "hc"))
    said = without_wakes(made.run(1))
    assert said == ["intend 1 buy hc 75 @20.05", "place 1"]
    assert without_wakes(made.tell(frame(T0 + S))) == []
    said = without_wakes(made.push(1) + made.run(0.1))
    assert said[:3] == ["hc +75", "intend 2 sell ce 75 @99.95", "place 2"]
    assert said[3:6] == ["margin", "ce -75", "entered"]
    assert said[-1] == "entered"


def test_an_entry_for_which_there_is_margin_beside_what_was_promised_waits_for_no_fill():
    made = stage((e4(400_000), e4(1_000_000)))
    made.broker.script("work", "fill")
    both(made, ("ce", "hc"))
    said = without_wakes(made.run(1))
    assert said[-2:] == ["pe -75", "entered"]
    assert made.broker.net() == {SYMBOLS["pe"]: -75}


def test_after_a_crash_an_entry_waits_for_what_is_half_out():
    made = stage((e4(500_000), e4(1_000_000)))
    made.broker.script("work", "fill")
    both(made, ("ce", "hc"))
    made.run(0.05)
    made.build()
    assert "margin" not in made.tell(frame(T0 + S)) + made.run(1)
    made.push(1)
    said = without_wakes(made.run(1))
    assert (said.count("entered"), said.count("margin")) == (2, 1)


def test_an_order_that_was_lost_holds_up_no_entry_for_which_there_is_margin_beside_it():
    made = stage((e4(400_000), e4(1_000_000)))
    made.broker.script("lost", "fill")
    both(made)
    made.run(0.1)
    assert made.broker.net() == {SYMBOLS["pe"]: -75}


def test_what_was_promised_to_an_entry_that_was_given_up_is_not_free_before_its_order_is_answered():
    made = stage(terms=replace(HELD_TO_MARGIN, lookup_window_ns=3 * S))
    made.broker.script("lost", "fill")
    both(made)
    made.run(0.1)
    made.tell(leave("ce"))
    made.ask(CancelByHand("OR1", "me"))
    assert "margin" not in made.run(2)


def test_an_entry_that_is_too_much_beside_an_order_in_doubt_waits_until_that_is_parked():
    made = stage(terms=replace(HELD_TO_MARGIN, lookup_window_ns=3 * S))
    made.broker.script("lost", "fill")
    both(made)
    assert "margin" not in made.run(2)
    said = without_wakes(made.run(2))
    assert said.index("parked 1") < said.index("margin")
    assert made.broker.net() == {SYMBOLS["pe"]: -75}


def test_an_order_by_hand_that_is_too_much_beside_an_entry_before_it_waits_for_that():
    made = stage()
    made.tell(enter("pe"))
    assert by_hand(made) is None
    said = without_wakes(made.run(1))
    assert said.index("place 1") < said.index("margin") < said.index("place 2")
    assert made.answers[1].intent.symbol == CE


def test_what_was_promised_to_an_order_by_hand_is_not_free_before_that_is_answered():
    made = stage()
    made.broker.script("lost", "fill")
    by_hand(made)
    made.run(0.1)
    assert "margin" in made.tell(enter("pe"))
    assert without_wakes(made.run(1)) == ["find 1"]


def in_doubt(made):
    """An order of an entry is in doubt, and a restart has forgotten what was promised to it."""
    made.broker.script("lost", "fill")
    entry_later(made, "pe")
    made.build()
    made.tell(frame(made.now_ns))
    return made


def test_an_order_by_hand_that_closes_something_waits_for_no_entry():
    made = stage()
    entry(made, "ce")
    in_doubt(made)
    by_hand(made)
    assert "margin" in made.said
    by_hand(made, request_id="r2", side=Side.SELL, price_e4=e4("99.95"))
    assert "margin" not in made.said
    made.run(1)
    assert made.answers[1].intent.side is Side.BUY


def test_an_order_by_hand_waits_its_turn_on_a_day_before_our_model(monkeypatch):
    def unknown(*_):
        raise RuleUnknown("no margin model before 2019")

    made = in_doubt(stage())
    monkeypatch.setattr(funds, "own_margin_e4", unknown)
    by_hand(made)
    assert "margin" not in made.said


def test_an_order_by_hand_that_waited_in_vain_is_told_what_for():
    made = in_doubt(stage())
    by_hand(made)
    made.run(5)
    because = "its margin was not free in time: entries before it had not left or been answered"
    assert made.answers == {1: Declined("margin", f"{because}; nothing was sent, try again")}


def test_a_trial_by_hand_holds_up_no_entry():
    made = stage(None)
    by_hand(made, dry_run=True)
    assert "margin" in made.tell(enter())


def entry_later(made, *legs):
    """What a second basket comes to, of another strategy."""
    made.now_ns += S
    made.tell(frame(made.now_ns))
    made.tell(enter(*legs, at_ns=made.now_ns, strategy_id="other"))
    return made.run(1)


@pytest.mark.parametrize(("strict", "enters"), [(True, False), (False, True)])
def test_a_day_before_our_model_is_noted_in_a_replay_and_refused_elsewhere(
    monkeypatch, strict, enters
):
    def unknown(*_):
        raise RuleUnknown("no margin model before 2019")

    monkeypatch.setattr(funds, "own_margin_e4", unknown)
    made = stage(terms=replace(HELD_TO_MARGIN, strict=strict))
    said = entry(made)[1]
    assert ("entered" in said) is enters
    noted = [fact.text for fact in made.told(Noted)]
    if enters:
        entry_later(made, "hc")
        noted = [fact.text for fact in made.told(Noted)]
        assert noted == ["the margin of entries is the broker's alone: no margin model before 2019"]
    else:
        assert said == ["ended: its margin cannot be counted: no margin model before 2019"]


def test_an_exit_asks_for_no_margin():
    made = stage()
    entry(made)
    made.broker.margin = "no connection"
    said = made.tell(leave()) + made.run(1)
    assert "margin" not in said
    assert "flat ce,pe" in said


def test_an_entry_that_was_asked_about_is_asked_about_anew_after_a_crash():
    made = stage(None)
    made.tell(enter())
    assert len(made.told(BasketOpened)) == 1
    made.broker.margin = ENOUGH
    made.build()
    made.tell(frame(T0 + S))
    assert "entered" in made.run(1)
    assert len(made.broker.orders) == 2


def test_an_entry_of_which_an_order_left_is_not_asked_about_again():
    made = stage()
    made.tell(enter("ce"))
    made.crashes = frozenset({made.commits + 1})
    made.run(1)
    made.broker.margin = "no connection"
    assert "entered" in made.run(10) or made.broker.net() == {CE: -75}
    assert len(made.broker.orders) == 1


def test_an_order_by_hand_waits_for_its_margin_and_is_answered_once_it_was_sent():
    made = stage()
    assert by_hand(made) is None
    assert made.said[0] == "margin"
    made.run(1)
    assert made.answers[1].intent.symbol == CE
    assert len(made.broker.orders) == 1


@pytest.mark.parametrize(
    ("margin", "sentence"),
    [
        ((e4(950_001), e4(1_000_000)), SHORT_OF),
        ("no connection", "its margin is not known, so it does not leave: no connection"),
        (None, "the broker did not say in time what margin it needs; nothing was sent, try again"),
    ],
)
def test_an_order_by_hand_whose_margin_is_not_there_is_declined(margin, sentence):
    made = stage(margin)
    by_hand(made)
    made.run(5)
    assert made.answers == {1: Declined("margin", sentence)}
    assert made.told(IntentRecorded) == []
    assert made.tell(MarginRead("manual:r1", 0, e4(1), made.now_ns)) == []


@pytest.mark.parametrize("answer", [MarginRead, MarginUnread])
def test_a_late_answer_about_an_order_by_hand_is_none_about_the_one_asked_for_anew(answer):
    made = stage(None)
    by_hand(made)
    made.run(5)
    assert made.answers.keys() == {1}
    asked = []
    hear = made.broker.ask
    made.broker.ask = lambda request, now_ns: (asked.append(request), hear(request, now_ns))[1]
    by_hand(made, quantity=150)
    told = (0, e4(1_000_000)) if answer is MarginRead else ("no connection",)
    assert made.tell(answer("manual:r1", *told, made.now_ns)) == []
    assert (made.answers.keys(), made.broker.orders) == ({1}, {})
    (request,) = asked
    made.tell(MarginRead(request.parent, *ENOUGH, made.now_ns))
    made.run(1)
    assert made.answers[2].quantity == 150


def test_who_asks_for_an_order_waits_no_longer_because_its_margin_was_read_first():
    made = Stage(["mute"], terms=HELD_TO_MARGIN)
    made.broker.margin = None
    by_hand(made)
    made.run(3)
    made.tell(MarginRead("manual:r1", 0, e4(1_000_000), made.now_ns))
    made.run(0.5)
    assert made.answers == {}
    made.run(1)
    assert made.answers[1].state is State.INTENDED


def test_the_same_request_twice_is_asked_about_once_and_both_are_answered():
    made = stage()
    by_hand(made)
    by_hand(made)
    assert by_hand(made, quantity=150) == Declined(
        "request_reused", "r1 asked for another order before; take a new id"
    )
    made.run(1)
    assert made.answers[1] == made.answers[2]
    assert len(made.broker.orders) == 1


def test_a_trial_of_an_order_by_hand_asks_for_its_margin_too():
    made = stage()
    by_hand(made, dry_run=True)
    made.run(1)
    assert made.answers == {1: Done(f"would be sent: buy 75 {CE} at 100.05")}
    made.broker.margin = "no connection"
    by_hand(made, dry_run=True)
    made.run(1)
    assert made.answers[2].code == "margin"
    assert made.broker.orders == {}


def test_an_order_by_hand_that_the_gate_refuses_is_not_asked_about():
    made = stage()
    assert by_hand(made, price_e4=e4("100.03")).code == "tradability"
    assert made.said == []


def test_a_latch_that_is_pulled_while_the_broker_counts_stops_the_order():
    made = stage()
    by_hand(made)
    made.tell(latch(kind=LatchKind.PAUSE))
    made.run(1)
    assert made.answers[1].code == "halted"
    assert made.broker.orders == {}
