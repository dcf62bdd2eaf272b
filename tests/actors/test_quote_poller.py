"""The quote poller: when it asks, and what becomes of what it is told."""

import pytest
from msgspec.structs import replace

from daemon.actors.quote_poller import PORT, PollDue, QuotePoller
from daemon.domain.instants import SECOND_NS as S
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.polled import Stamped
from daemon.domain.orders.words import Side
from daemon.messages import (
    FramePolled,
    LinkDied,
    LinkRevived,
    Noted,
    PositionChanged,
    QuotesRead,
    QuotesUnread,
    ReadQuotes,
)
from daemon.ports.market import BygonePrices
from daemon.runtime.words import NOTHING, Call, Publish, Started, Take
from tests.kit.acting import (
    CE,
    LOT,
    PE,
    alarms,
    clock,
    day_ended,
    day_opened,
    facts,
    others,
    published,
    sold,
)

T = clock("10:00:00")
DUE = T + 10 * S
DIED = LinkDied(T)
SILENT = "the feed is silent for 10 s: what is held is priced by asking for it"
ASKS = [Call(PORT, ReadQuotes((CE,)))]


def poller(*messages, before=()) -> QuotePoller:
    """A poller that was told these, at T unless they say when."""
    made = QuotePoller(before)
    for message in messages:
        made.handle(message, getattr(message, "at_ns", T))
    return made


def asking() -> QuotePoller:
    """One that has asked, ten seconds after the link died."""
    return poller(day_opened(), sold("ce"), DIED, PollDue(DUE))


def bought(leg) -> PositionChanged:
    """A leg that is long."""
    return replace(sold(leg), side=Side.BUY, bought_quantity=LOT, sold_quantity=0)


def due(effects) -> list[int]:
    """When it wants to ask."""
    return [at_ns for at_ns, _ in alarms(effects)]


def stamped(**ages_s) -> QuotesRead:
    """Quotes that are so old, 11 s after the link died."""
    symbols = {"ce": CE, "pe": PE}
    quotes = {symbols[name]: Stamped(Quote(100), DUE + S - age * S) for name, age in ages_s.items()}
    return QuotesRead(quotes, DUE + S)


@pytest.mark.parametrize(
    ("told", "message", "when"),
    [
        ((day_opened(), sold("ce")), DIED, DUE),
        ((day_opened(), bought("ce")), DIED, DUE),
        ((day_opened(), DIED), sold("ce"), DUE),
        ((sold("ce"), DIED), day_opened(), DUE),
        ((day_opened(), sold("ce"), LinkDied(clock("09:00:00"))), Started(), None),
        ((day_opened(),), DIED, None),
        ((day_opened(closed=True), sold("ce")), DIED, None),
        ((day_opened(), sold("ce"), sold("ce", bought="90")), DIED, None),
        ((day_opened(), sold("ce")), LinkRevived(T), None),
    ],
    ids=[
        *("the link dies", "it dies while only longs are held"),
        *("something is sold while it is dead", "a day begins while it is dead"),
        *("it is planned for already", "nothing is held", "a closed day", "all was bought back"),
        "the link lives",
    ],
)
def test_it_asks_once_the_link_was_dead_for_ten_seconds_of_a_session_with_something_held(
    told, message, when
):
    assert due(poller(*told).handle(message, T)) == ([] if when is None else [when])


def test_a_silence_from_before_the_session_counts_from_its_opening():
    made = poller(sold("ce"), LinkDied(clock("09:00:00")))
    assert due(made.handle(day_opened(), clock("09:10:00"))) == [clock("09:15:10")]


def test_what_is_sold_late_in_a_silence_is_asked_for_at_once():
    made = poller(day_opened(), DIED)
    assert due(made.handle(sold("ce"), T + 40 * S)) == [T + 40 * S]


def test_a_restart_asks_on():
    made = QuotePoller([day_opened(), sold("ce"), DIED])
    assert due(made.handle(Started(), T + 40 * S)) == [T + 40 * S]


def test_it_asks_for_all_that_is_held_and_tells_a_person_once():
    made = poller(day_opened(), sold("ce"), DIED)
    effects = made.handle(PollDue(DUE), DUE)
    assert others(effects, Call) == ASKS
    assert [each.text for each in facts(effects, Noted)] == [SILENT]
    made.handle(stamped(ce=0), DUE)
    assert facts(made.handle(PollDue(DUE + S), DUE + S)) == []


def test_one_question_is_under_way_at_a_time_and_one_a_second_is_asked():
    made = asking()
    assert made.handle(sold("ce"), DUE + S) == NOTHING
    assert due(made.handle(stamped(ce=0), DUE + S // 4)) == [DUE + S]
    assert others(made.handle(PollDue(DUE + S), DUE + S), Call) == ASKS
    assert due(made.handle(stamped(ce=0), DUE + 7 * S)) == [DUE + 7 * S]


@pytest.mark.parametrize(
    "message",
    [LinkRevived(DUE - S), sold("ce", bought="90", at_ns=DUE - S), day_ended()],
    ids=["the link lives", "all was bought back", "the day is over"],
)
def test_an_alarm_that_rings_when_nothing_is_to_be_asked_any_more_asks_nothing(message):
    made = poller(day_opened(), sold("ce"), DIED, message)
    assert made.handle(PollDue(DUE), DUE) == NOTHING


def test_nothing_is_asked_after_the_close():
    made = poller(day_opened(), sold("ce"), DIED)
    assert made.handle(PollDue(DUE), clock("15:30:01")) == NOTHING


def test_a_silence_after_a_silence_waits_ten_seconds_of_its_own():
    made = poller(day_opened(), sold("ce"), DIED, LinkRevived(T + 2 * S))
    assert due(made.handle(LinkDied(T + 8 * S), T + 8 * S)) == [T + 18 * S]
    assert made.handle(PollDue(DUE), DUE) == NOTHING


def test_young_quotes_are_a_frame_that_is_recorded_and_told_to_those_who_guard():
    now_ns = DUE + S
    frame = Frame(now_ns, {CE: Quote(100)}, now_ns - 2 * S)
    effects = asking().handle(stamped(ce=2, pe=9), now_ns)
    assert others(effects, Take) == [Take(frame)]
    assert others(effects, Publish) == [Publish(FramePolled(frame))]
    assert facts(effects) == []


def test_of_what_has_not_traded_today_the_last_price_is_told_to_leave_by_and_not_to_judge_by():
    now_ns, quote = DUE + S, Quote(100, 90, 1, 110, 1)
    told = QuotesRead({CE: Stamped(quote, now_ns, T - 24 * 3600 * S)}, now_ns)
    frame = Frame(now_ns, {CE: replace(quote, ltp_e4=0)}, now_ns)
    bygone = BygonePrices(((CE, quote),))
    assert published(asking().handle(told, now_ns)) == [bygone, FramePolled(frame)]


@pytest.mark.parametrize(
    "told", [stamped(ce=4), stamped(pe=0)], ids=["an old quote", "another's quote"]
)
def test_of_what_has_no_young_quote_a_person_is_told_once(told):
    made, text = asking(), f"the quote of {CE} is old or missing: nothing is judged by it"
    effects = made.handle(told, DUE + S)
    assert [each.text for each in facts(effects, Noted)] == [text]
    assert not any(CE in each.frame.quotes for each in published(effects))
    made.handle(PollDue(DUE + S), DUE + S)
    assert facts(made.handle(told, DUE + S)) == []


def test_a_broker_that_does_not_answer_is_asked_again_and_a_person_is_told_once():
    made = asking()
    effects = made.handle(QuotesUnread("no route", DUE), DUE + S // 2)
    assert [each.text for each in facts(effects, Noted)] == ["what is held is not priced: no route"]
    assert due(effects) == [DUE + S]
    made.handle(PollDue(DUE + S), DUE + S)
    assert facts(made.handle(QuotesUnread("no route", DUE), DUE + S)) == []


def test_an_answer_that_comes_once_the_link_lives_is_passed_over():
    made = asking()
    made.handle(LinkRevived(DUE + 1), DUE + 1)
    assert made.handle(stamped(ce=0), DUE + S) == NOTHING
