"""Silence: what becomes of what is held while the feed is dead."""

import pytest
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.actors.quote_poller import QuotePoller
from daemon.domain.market.frames import Frame
from daemon.domain.market.polled import Stamped
from daemon.domain.market.rules import Own, lay_over
from daemon.domain.money import e4
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.words import IntentRecorded, OrderType, Side
from daemon.domain.risk.words import ExitReason
from daemon.messages import (
    DayEnded,
    Declined,
    ExitOwed,
    FramePolled,
    LinkDied,
    LinkRevived,
    Noted,
    OrderAsked,
    PaceLearnt,
    PlaceByHand,
    QuotesRead,
    StrategyStopped,
)
from daemon.ports.market import BygonePrices
from daemon.runtime.words import Call, Started
from tests.kit.acting import alarms, others, published
from tests.kit.own_rules import unread_tables
from tests.kit.router import (
    CLOSES,
    DAY,
    OPENED,
    SYMBOLS,
    T0,
    S,
    Stage,
    enter,
    frame,
    latch,
    leave,
    leg,
    quote,
    without_wakes,
)

HOLDS = Terms("a", "broker", strict=False)
LEAVES = Terms("a", "broker", strict=False, leaves_in_silence=True)
BY_HAND = "it is held; leave it by hand"
HELD = "the feed is silent for 60 s and s is short ce, pe: it is held; leave it by hand"
LEFT = "the feed is silent for 60 s and s is short ce, pe: it is left"
FUTURE, SHARE = "NIFTY-2025-09-30-FUT", "RELIANCE"
OTHERS = {FUTURE: quote(24500), SHARE: quote(1400)}
ASIDE = {FUTURE: quote(24400), SYMBOLS["hc"]: quote(19)}
ASKED = OrderAsked(
    *("r1", "a", SYMBOLS["hc"], Side.BUY, 75, OrderType.LIMIT, e4("20.05"), 0, "", "me", T0)
)
LAST_NS = T0 + 3 * S
"""So long a price lives at a feed that beats once a second."""


def long(leg_id, symbol):
    """A future or a share that is bought."""
    return BasketLeg(leg_id, symbol, Side.BUY, 75, 75, 1800, 500)


def dead(terms, *legs):
    """An entry that is held while the link dies."""
    made = Stage(terms=terms)
    made.tell(Frame(T0, OTHERS))
    made.entered(*legs)
    made.tell(LinkDied(made.now_ns))
    made.facts.append(LinkDied(made.now_ns))
    return made


def notes(made):
    """What a person was told."""
    return [fact.text for fact in made.told(Noted)]


def test_entries_stop_at_once_when_the_link_dies():
    made = dead(HOLDS)
    assert "ended: the price of NIFTY-2025-09-02-24750-CE is stale" in made.tell(
        enter("hc", at_ns=made.now_ns, strategy_id="other")
    )


@pytest.mark.parametrize(("terms", "told", "owed"), [(HOLDS, HELD, 0), (LEAVES, LEFT, 1)])
def test_after_a_minute_of_silence_a_short_is_told_and_left_where_the_owner_says_so(
    terms, told, owed
):
    made = dead(terms)
    made.run(59)
    assert notes(made) == []
    made.run(2)
    assert notes(made) == [told]
    assert [fact.reason for fact in made.told(ExitOwed)] == ["stale"] * owed
    assert bool(made.broker.net()) is not bool(owed)


def test_on_a_day_that_no_table_knows_nothing_is_left_by_policy():
    """Its market may be shut, and the exit would be owed until another day."""
    made = dead(LEAVES, "ce", long("l", FUTURE))
    untimed = {"effective_from": DAY, "effective_to": DAY, "source": "a test", "confidence": "OWN"}
    with unread_tables():
        lay_over({"calendar": Own("mine.toml", {"special": [untimed]})})
        made.run(61)
    assert notes(made) == [f"the feed is silent for 60 s and s is short ce and long l: {BY_HAND}"]
    assert made.told(ExitOwed) == []


def test_with_the_short_its_hedge_is_left():
    made = dead(LEAVES, "ce", "hc")
    made.run(61)
    assert made.broker.net() == {}


@pytest.mark.parametrize(("terms", "what"), [(HOLDS, BY_HAND), (LEAVES, "it is left")])
@pytest.mark.parametrize("symbol", [FUTURE, SHARE])
def test_a_long_future_or_share_is_told_and_left_as_a_short_is(symbol, terms, what):
    made = dead(terms, long("l", symbol))
    made.run(61)
    assert notes(made) == [f"the feed is silent for 60 s and s is long l: {what}"]
    assert bool(made.broker.net()) is (terms is HOLDS)


def test_it_is_told_which_side_each_leg_is_of():
    made = dead(LEAVES, "ce", "hc", long("l", FUTURE), "pe")
    made.run(61)
    assert notes(made) == [
        "the feed is silent for 60 s and s is short ce, pe and long l: it is left"
    ]
    assert made.broker.net() == {}


def test_a_long_option_alone_is_left_as_it_is():
    made = dead(LEAVES, "hc")
    made.run(61)
    assert notes(made) == []
    assert made.told(ExitOwed) == []


def test_a_strangers_short_is_neither_told_nor_left():
    made = Stage(terms=replace(LEAVES, reconcile_ns=5 * S))
    made.run(1)
    made.broker.stranger(SYMBOLS["ce"], Side.SELL, filled=75)
    made.tell(LinkRevived(made.now_ns))
    made.run(1)
    assert made.book().position("external", SYMBOLS["ce"]).net_quantity == -75
    made.entered("pe")
    made.tell(LinkDied(made.now_ns))
    made.run(61)
    silent = [text for text in notes(made) if "silent" in text]
    assert silent == ["the feed is silent for 60 s and s is short pe: it is left"]
    assert made.broker.net() == {SYMBOLS["ce"]: -75}


def test_a_link_that_lives_once_the_minute_is_over_has_nothing_told_or_left():
    made = dead(LEAVES)
    made.run(40)
    made.tell(LinkRevived(made.now_ns))
    made.run(60)
    assert (notes(made), made.told(ExitOwed)) == ([], [])


def test_a_link_that_revives_in_time_changes_nothing_and_a_new_silence_counts_from_its_own_begin():
    made = dead(LEAVES)
    made.run(40)
    made.tell(LinkRevived(made.now_ns))
    made.run(5)
    made.tell(LinkDied(made.now_ns))
    made.run(59)
    assert notes(made) == []
    made.run(2)
    assert notes(made) == [LEFT]


def test_after_the_close_nobody_is_told():
    made = dead(HOLDS)
    made.tell(DayEnded(DAY, CLOSES))
    made.run(61)
    assert notes(made) == []


def test_a_link_that_dies_after_the_last_session_wakes_nobody():
    made = Stage(terms=HOLDS).entered("ce")
    said = made.tell(LinkDied(CLOSES + S), CLOSES + S)
    assert [word for word in said if word.startswith("wake SilenceDue")] == []


def test_a_restart_counts_the_silence_from_when_it_began():
    made = dead(HOLDS)
    made.run(40)
    made.build()
    made.run(19)
    assert notes(made) == []
    made.run(2)
    assert notes(made) == [HELD]


def test_a_silence_from_before_the_session_counts_from_its_opening():
    made = dead(HOLDS)
    made.now_ns = T0 + 30 * S
    made.tell(OPENED)
    made.run(31)
    assert notes(made) == [HELD]


@pytest.mark.parametrize("restarts", [False, True])
def test_in_a_session_that_is_yet_to_open_the_silence_counts_from_its_opening(restarts):
    """As where the hours of a day that is open are others by now, and the link is dead."""
    made = dead(LEAVES)
    later = replace(OPENED, sessions=((made.now_ns + 120 * S, CLOSES),), at_ns=made.now_ns)
    if restarts:
        made.facts.append(later)
        made.build()
    else:
        made.tell(later)
    made.run(179)
    assert notes(made) == []
    made.run(2)
    assert notes(made) == [LEFT]


def test_exits_and_kills_go_on_in_silence():
    made = dead(HOLDS, "ce")
    made.tell(leave("ce"))
    assert "flat ce" in made.run(1)
    made = dead(HOLDS, "ce")
    made.tell(latch())
    made.run(5)
    assert made.broker.net() == {}


@pytest.mark.parametrize(
    "order", [leave("l", reason=ExitReason.TIME), latch()], ids=["time", "kill"]
)
@pytest.mark.parametrize("held", [long("l", FUTURE), replace(leg("hc"), leg_id="l")])
def test_after_a_restart_in_silence_a_long_is_left_once_its_quote_was_asked_for(held, order):
    made = dead(HOLDS, held)
    made.build()
    made.run(10)
    made.tell(order)
    made.run(5)
    assert made.broker.net(), "no price is known"
    poller = QuotePoller(made.facts)
    ((_, due),) = alarms(poller.handle(Started(), made.now_ns))
    (asked,) = others(poller.handle(due, made.now_ns), Call)
    quotes = {each: Stamped(ASIDE[each], made.now_ns) for each in asked.request.symbols}
    for told in published(poller.handle(QuotesRead(quotes, made.now_ns), made.now_ns)):
        made.tell(told)
    made.run(5)
    assert made.broker.net() == {}


def test_nothing_is_stopped_by_a_silence():
    made = dead(LEAVES)
    made.run(61)
    made.tell(LinkRevived(made.now_ns))
    made.tell(frame(made.now_ns))
    assert made.told(StrategyStopped) == []
    assert made.tell(enter("hc", at_ns=made.now_ns))[0] == "opened"


def unheard(now_ns, *legs, **fields):
    """A router for which it is later than its newest frame, and that has not been told why."""
    made = Stage().entered(*legs, **fields) if legs else Stage()
    made.tell(PaceLearnt(3 * S), now_ns)
    return made


@pytest.mark.parametrize(("now_ns", "sent"), [(LAST_NS, True), (LAST_NS + 1, False)])
def test_an_entry_waits_where_its_price_has_died_and_nobody_has_said_so_yet(now_ns, sent):
    made = unheard(now_ns)
    said = without_wakes(made.tell(enter("ce", at_ns=now_ns)))
    assert said == (["opened", "intend 1 sell ce 75 @99.95", "place 1"] if sent else ["opened"])


def test_it_goes_on_with_the_next_frame_or_ends_with_the_word_that_the_link_is_dead():
    made = unheard(LAST_NS + 1)
    made.tell(enter("ce", at_ns=LAST_NS + 1))
    assert without_wakes(made.tell(frame(LAST_NS + 2)))[-1] == "place 1"
    made = unheard(LAST_NS + 1)
    made.tell(enter("ce", at_ns=LAST_NS + 1))
    made.tell(LinkDied(LAST_NS + 1))
    assert f"ended: the price of {SYMBOLS['ce']} is stale" in made.run(2)


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("order_type", [OrderType.LIMIT, OrderType.MARKET])
def test_an_order_by_hand_is_declined_once_its_price_has_died(order_type, dry_run):
    wanted = PlaceByHand(replace(ASKED, order_type=order_type), dry_run)
    made = unheard(LAST_NS)
    made.ask(wanted)
    made.run()
    assert not isinstance(made.answers[1], Declined)
    made = unheard(LAST_NS + 1)
    answer = made.ask(wanted)
    assert isinstance(answer, Declined)
    assert "fresh price" in answer.sentence
    assert made.broker.orders == {}


@pytest.mark.parametrize(("now_ns", "resting"), [(LAST_NS, 1), (LAST_NS + 1, 0)])
def test_no_stop_is_laid_down_at_a_price_that_has_died(now_ns, resting):
    made = Stage(["work", "work"])
    made.tell(enter("ce", resident_percent_e4=e4(20), deadline_ns=CLOSES, reprice_ns=3600 * S))
    made.run()
    made.tell(PaceLearnt(3 * S), now_ns)
    made.push(1)
    made.run(0.5)
    assert len(made.broker.resting()) == resting


def test_an_exit_leaves_by_the_last_price_there_was():
    made = unheard(LAST_NS + 1, "ce")
    made.tell(leave("ce"))
    assert "flat ce" in made.run(1)


@pytest.mark.parametrize(("now_ns", "sent"), [(T0 + 6 * S, True), (T0 + 6 * S + 1, False)])
def test_a_day_that_opens_brings_the_pace_that_its_feed_declares(now_ns, sent):
    """What was learnt before is another day's."""
    made = unheard(T0)
    made.tell(replace(OPENED, interval_ns=2 * S))
    made.tell(frame())
    assert ("place 1" in made.tell(enter("ce", at_ns=now_ns), now_ns)) is sent


@pytest.mark.parametrize("polled", [False, True])
def test_on_a_dead_link_an_exit_is_priced_by_what_was_asked_for_and_an_entry_by_nothing(polled):
    made = dead(HOLDS, "ce")
    if polled:
        made.tell(FramePolled(frame(made.now_ns, ce=150)))
    made.tell(leave("ce"))
    (exit_,) = [each.intent for each in made.told(IntentRecorded) if each.intent.side is Side.BUY]
    assert (exit_.price_e4 > e4(150)) is polled
    assert "ended: the price of NIFTY-2025-09-02-24750-CE is stale" in made.tell(
        enter("hc", at_ns=made.now_ns, strategy_id="other")
    )


@pytest.mark.parametrize("told", [False, True])
def test_after_a_restart_an_exit_leaves_by_a_price_of_an_earlier_day_where_there_is_no_other(told):
    """A quiet contract may have none of today, and nothing is kept of the day before."""
    made = Stage(terms=HOLDS).entered("ce")
    made.build()
    if told:
        made.tell(BygonePrices(((SYMBOLS["ce"], quote(150)),)))
    made.tell(leave("ce"))
    exits = [each.intent for each in made.told(IntentRecorded) if each.intent.side is Side.BUY]
    assert [each.price_e4 > e4(150) for each in exits] == [True] * told
