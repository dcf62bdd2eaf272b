"""Worlds: what a recorded day brings in, in which order, and what the exchange makes of it."""

from collections import Counter
from datetime import date

import pytest

from daemon.actors.order_router import Terms
from daemon.actors.strategy_runner.runner import StrategyRunner
from daemon.actors.timekeeper import DayBegins, DayEnds, DaySettles
from daemon.app import Account, Run, build
from daemon.brokers.paper import Paper
from daemon.brokers.paper_exchange import exchange
from daemon.domain.instants import iso
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.parents import SETTLEMENT
from daemon.domain.orders.words import IntentRecorded, OrderUpdated, State
from daemon.domain.plans.parsing import parse
from daemon.domain.risk.account import AccountLimits
from daemon.domain.risk.words import ExitReason
from daemon.feeds.formats.words import ListedStrikes, RecordedFrame
from daemon.feeds.replay import open_recording
from daemon.messages import (
    Basis,
    BasketEnded,
    DayEnded,
    DayMarked,
    DayOpened,
    EntryDecided,
    ExitDecided,
    ExitFinished,
    ExitOwed,
    FrameArrived,
    LegExpired,
    Noted,
    OptionsListed,
    PositionChanged,
    Settled,
)
from daemon.runtime.budget import Window
from daemon.runtime.clock import VirtualClock
from daemon.runtime.pump import Pump
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.words import ActorDisarmed
from daemon.storage.memory import MemoryLedger
from daemon.twin.latency import Latency
from daemon.twin.words import Accepted, OrderType, Side, TwinOrder
from daemon.worlds import Recorded, Step, front_expiry, trading_sessions
from tests.kit.acting import CE, DAY, NEXT_DAY, PE, clock, prices
from tests.kit.plans import CALL, GUARD, PUT
from tests.kit.recordings import data_path

HOLIDAY = date(2025, 8, 27)
ROUTER = "router:paper"
SECOND = 1_000_000_000


class Made:
    """Days of frames of our own making; `frames` by day."""

    shown: tuple[ListedStrikes, ...] = ()

    def __init__(self, *frames: RecordedFrame, memory=1) -> None:
        self.memory = memory
        self._frames = frames

    def frames(self, day: date):
        for recorded in self._frames:
            if iso(recorded.frame.at_ns).startswith(str(day)):
                yield recorded

    def interval_ns(self, day: date) -> int:
        return SECOND

    def listed(self, day: date):
        return self.shown


def made(at_ns: int, ce=None, pe=None, fingerprint=0, **others) -> RecordedFrame:
    return RecordedFrame(prices(at_ns, ce, pe, **others), fingerprint)


def world(*frames, days=(DAY,)):
    """A world of such days with one paper account."""
    time = VirtualClock()
    paper = Paper(exchange(e4("10000000"), Latency()), time.now_ns)
    return Recorded(Made(*frames), {ROUTER: paper}, days), paper


def sell(paper: Paper, symbol=CE, price="100", at_ns=0) -> None:
    """A short position, or an order that rests."""
    request = TwinOrder(symbol, symbol, Side.SELL, 75, OrderType.LIMIT, e4(price), at_ns)
    paper.exchange.place(request, at_ns)


def test_a_day_brings_its_beginning_its_frames_and_its_end_in_order() -> None:
    """The beginning just before the first frame, the end just after the close."""
    first, second = clock("09:15:00"), clock("09:16:00")
    steps = list(world(made(first, "1", fingerprint=7), made(second, "2"))[0].steps())
    assert [(step.to, type(step.message), step.at_ns, step.jump) for step in steps] == [
        ("timekeeper", DayBegins, first - 1, True),
        ("feed", FrameArrived, first, False),
        ("feed", FrameArrived, second, False),
        ("timekeeper", DaySettles, clock("15:30:00") + 1, False),
        ("timekeeper", DayEnds, clock("15:30:00") + 1, False),
    ]
    assert steps[0].message == DayBegins(DAY, SECOND)
    assert steps[1].message == FrameArrived(prices(first, "1"), 7)


def test_what_a_recording_lists_is_told_before_its_first_frame() -> None:
    """Each strike of a call and a put; of one that nobody quotes it would not be known."""
    first = clock("09:15:00")
    market = Made(made(first, "1"))
    market.shown = (ListedStrikes("NIFTY", NEXT_DAY, (1, 2)),)
    begins, told, frame, *_ = Recorded(market, {}, (DAY,)).steps()
    listed = OptionsListed("NIFTY", NEXT_DAY, (1, 2), (1, 2), first - 1, recorded=True)
    assert (type(begins.message), type(frame.message)) == (DayBegins, FrameArrived)
    assert told == Step("feed", listed, first - 1)


@pytest.mark.parametrize(
    ("day", "wall", "end"),
    [
        (DAY, "16:00:00", "16:00:00"),
        (HOLIDAY, "11:00:00", "11:00:00"),
        (date(1990, 1, 1), "11:00:00", "11:00:00"),
    ],
    ids=["after the close", "closed", "no table"],
)
def test_a_day_ends_after_its_last_frame_where_that_is_later(day, wall, end) -> None:
    """Also where nothing trades, or no table says when."""
    steps = list(world(made(clock(wall, day), "1"), days=(day,))[0].steps())
    assert steps[-1] == Step("timekeeper", DayEnds(day), clock(end, day) + 1)


def test_days_without_frames_bring_nothing() -> None:
    """They are no days of the recording."""
    steps = world(made(clock("09:15:00", NEXT_DAY), "1"), days=(HOLIDAY, DAY, NEXT_DAY))[0].steps()
    assert Counter(step.to for step in steps) == {"timekeeper": 3, "feed": 1}


def test_what_arrives_is_no_news_to_the_exchange_until_the_feed_takes_it() -> None:
    """A duplicate fills no order; the frame itself does."""
    played, paper = world()
    sell(paper, at_ns=clock("09:15:00"))
    frame = prices(clock("09:16:00"), "100")
    assert played.see(FrameArrived(frame, 0), frame.at_ns) == ()
    news = played.see(frame, frame.at_ns)
    assert [(to, type(told), told.state) for to, told in news] == [
        (ROUTER, OrderUpdated, State.WORKING),
        (ROUTER, OrderUpdated, State.FILLED),
    ]
    assert played.see(prices(clock("09:17:00"), "100"), clock("09:17:00")) == ()


def test_orders_of_yesterday_lapse_before_the_new_day() -> None:
    """And their router hears it when the day begins."""
    played, paper = world()
    sell(paper, price="900", at_ns=clock("09:15:00"))
    paper.advance(clock("09:15:00"))
    news = played.see(DayBegins(NEXT_DAY), clock("09:14:59", NEXT_DAY))
    assert [(to, told.state) for to, told in news] == [(ROUTER, State.CANCELLED)]


@pytest.mark.parametrize(
    ("quoted", "settled_e4", "basis"),
    [
        ({"ce": "60", "pe": "10", "NIFTY": "24610.50"}, e4("60.50"), Basis.CLOSE),
        ({"ce": "60", "pe": "10"}, e4("50"), Basis.FORWARD),
        ({"ce": "60", "pe": "10", "NIFTY": "0"}, e4("50"), Basis.FORWARD),
        ({"NIFTY": "24500"}, 0, Basis.CLOSE),
    ],
    ids=["spot", "forward", "no spot price", "worthless"],
)
def test_what_expires_is_settled_at_the_spot_or_the_forward(quoted, settled_e4, basis) -> None:
    """Each position once, told to its router; the future of that day is no option."""
    played, paper = world()
    start = clock("15:29:30", NEXT_DAY)
    sell(paper, at_ns=start)
    played.see(prices(start, "100"), start)
    last = prices(start + 1, **quoted, BANKNIFTY="1", NIFTY_2025_09_30_FUT="24000")
    if "ce" not in quoted:
        played.see(DayBegins(NEXT_DAY), start)
    played.see(last, start + 1)
    end_ns = clock("15:30:00", NEXT_DAY) + 1
    assert played.see(DaySettles(NEXT_DAY), end_ns) == (
        (ROUTER, Settled(CE, 75, settled_e4, end_ns, basis=basis)),
    )
    assert played.see(DaySettles(NEXT_DAY), end_ns) == ()


def test_what_is_flat_over_two_strategies_has_a_final_price_too() -> None:
    """One is long and one is short of it, perhaps since yesterday: the price is told once."""
    played, paper = world()
    start = clock("15:00:00")
    sell(paper, at_ns=start)
    bought = TwinOrder("b", CE, Side.BUY, 75, OrderType.LIMIT, e4("101"), start)
    played.see(prices(start, "100"), start)
    paper.exchange.place(bought, start)
    last = clock("15:29:30", NEXT_DAY)
    played.see(DayBegins(NEXT_DAY), last)
    played.see(prices(last, NIFTY="24610"), last)
    end_ns = clock("15:30:00", NEXT_DAY) + 1
    assert played.see(DaySettles(NEXT_DAY), end_ns) == ((ROUTER, Settled(CE, 0, e4("60"), end_ns)),)
    assert played.see(DaySettles(NEXT_DAY), end_ns) == ()


def test_what_is_no_symbol_of_ours_settles_nothing() -> None:
    """A label of a recording's own beside the options that imply the forward."""
    played, paper = world()
    start = clock("15:29:30", NEXT_DAY)
    sell(paper, at_ns=start)
    played.see(prices(start, "100"), start)
    played.see(prices(start + 1, "60", "10", NIFTY_50="24700"), start + 1)
    ((_, told),) = played.see(DaySettles(NEXT_DAY), clock("15:30:00", NEXT_DAY) + 1)
    assert told.price_e4 == e4("50")


@pytest.mark.parametrize(
    ("last", "aged_s"),
    [("15:30:00", 0), ("15:29:00", 0), ("15:28:59", 61), ("15:00:00", 1_800)],
)
def test_a_settlement_says_how_old_its_price_is(last, aged_s) -> None:
    """A minute before the close is no age, for bars are told at their beginning."""
    played, paper = world()
    start, at_ns = clock("09:15:00", NEXT_DAY), clock(last, NEXT_DAY)
    sell(paper, at_ns=start)
    played.see(prices(start, "100"), start)
    played.see(prices(at_ns, NIFTY="24600"), at_ns)
    ((_, told),) = played.see(DaySettles(NEXT_DAY), clock("15:30:00", NEXT_DAY) + 1)
    assert told.aged_ns == aged_s * SECOND


@pytest.mark.parametrize(
    ("last", "settled_e4", "aged_s", "basis"),
    [
        ({}, e4("50"), 16_200, Basis.LAST),
        ({"15:29:59": ("0.05", "150")}, 0, 0, Basis.FORWARD),
        ({"15:29:59": ("0.05", None)}, e4("50"), 16_200, Basis.LAST),
        ({"15:00:00": ("0.05", "150")}, 0, 1_800, Basis.FORWARD),
    ],
    ids=["nothing else", "its options go on", "half of them", "its options end later"],
)
def test_an_index_that_is_quoted_no_more_is_not_the_close(last, settled_e4, aged_s, basis):
    """Other prices make it no younger, and what its options imply is taken where that is newer."""
    played, paper = world()
    start, dies = clock("09:15:00", NEXT_DAY), clock("11:00:00", NEXT_DAY)
    sell(paper, at_ns=start)
    played.see(prices(start, "100"), start)
    played.see(prices(dies, NIFTY="24600"), dies)
    for wall, (ce, pe) in sorted(({"15:29:58": (None, None)} | last).items()):
        at_ns = clock(wall, NEXT_DAY)
        played.see(prices(at_ns, ce, pe, BANKNIFTY="1"), at_ns)
    ((_, told),) = played.see(DaySettles(NEXT_DAY), clock("15:30:00", NEXT_DAY) + 1)
    assert (told.price_e4, told.aged_ns, told.basis) == (settled_e4, aged_s * SECOND, basis)


def test_a_settlement_on_a_day_without_hours_has_no_known_age() -> None:
    """A contract may expire, by its name, on a day that is no session."""
    played, paper = world()
    symbol = CE.replace(str(NEXT_DAY), str(HOLIDAY))
    start, at_ns = clock("15:00:00", date(2025, 8, 26)), clock("10:00:00", HOLIDAY)
    sell(paper, symbol, at_ns=start)
    quote = Quote(e4(100), e4(100), 75, e4(101), 75)
    played.see(Frame(start, {symbol: quote}), start)
    played.see(prices(at_ns, NIFTY="24600"), at_ns)
    told = played.see(DaySettles(HOLIDAY), clock("15:30:00", HOLIDAY))
    assert [news.aged_ns for _, news in told] == [0]


def test_a_future_that_expires_is_no_price_of_an_option() -> None:
    """Only calls and puts imply a forward; without a value nothing is settled."""
    played, paper = world()
    future, expiry = "NIFTY-2025-09-30-FUT", date(2025, 9, 30)
    start = clock("09:15:00", expiry)
    sell(paper, future, "24000", start)
    played.see(Frame(start, {future: Quote(e4(24000), e4(24000), 75, e4(24000), 75)}), start)
    assert played.see(DaySettles(expiry), clock("15:30:00", expiry) + 1) == ()


def test_an_order_that_rests_in_an_expiring_contract_is_told_to_lapse() -> None:
    """Its router would wait for it for ever."""
    played, paper = world()
    start = clock("09:15:00", NEXT_DAY)
    sell(paper, at_ns=start)
    played.see(prices(start, "100", "50"), start)
    sell(paper, PE, "55", start)
    paper.advance(start)
    news = played.see(DaySettles(NEXT_DAY), clock("15:30:00", NEXT_DAY) + 1)
    assert [type(told) for _, told in news] == [OrderUpdated, Settled]
    assert news[0][1].state is State.CANCELLED


def test_yesterdays_prices_settle_nothing() -> None:
    """Without a price of its day a contract stays open."""
    played, paper = world()
    start = clock("15:00:00")
    sell(paper, at_ns=start)
    played.see(prices(start, "100", "50", NIFTY="24600"), start)
    played.see(DayBegins(NEXT_DAY), clock("09:15:00", NEXT_DAY))
    assert played.see(DaySettles(NEXT_DAY), clock("15:30:00", NEXT_DAY) + 1) == ()


def test_nothing_else_concerns_a_world() -> None:
    """Any other message is between actors."""
    assert world()[0].see("hello", 0) == ()


def test_sessions_are_those_of_the_derivatives() -> None:
    """None where no table reaches."""
    assert trading_sessions(DAY) == ((clock("09:15:00"), clock("15:30:00")),)
    assert trading_sessions(date(1990, 1, 1)) == ()


def test_the_front_expiry_is_the_nearest() -> None:
    """For recordings that do not say."""
    assert front_expiry("NIFTY", DAY) == NEXT_DAY


@pytest.mark.parametrize(("price", "taken"), [("60", True), ("100000", False)])
def test_the_exchange_keeps_its_price_band(price, taken) -> None:
    """An order far from the last price is refused."""
    played, paper = world()
    start = clock("09:15:00")
    played.see(prices(start, "100", "50"), start)
    request = TwinOrder("c", CE, Side.BUY, 75, OrderType.LIMIT, e4(price), start)
    assert isinstance(paper.exchange.place(request, start), Accepted) is taken


@pytest.mark.parametrize(
    ("symbol", "at", "reason"),
    [
        ("nonsense ", clock("10:00:00"), "INSTRUMENT"),
        (CE, clock("15:30:00"), "CLOSED"),
        (CE, clock("10:00:00", date(1990, 1, 1)), "INSTRUMENT"),
    ],
)
def test_the_exchange_goes_by_the_dated_rules(symbol, at, reason) -> None:
    """No contract without a table, no trade outside the session or the calendar."""
    twin = exchange(e4("1000000"), Latency())
    answer = twin.place(TwinOrder("c", symbol, Side.BUY, 75, OrderType.LIMIT, e4(1), at), at)
    assert answer.reason == reason


class Played:
    """Days run through every actor on the pump, with the facts that came of it."""

    def __init__(self, *frames: RecordedFrame, exit_at="15:20:00", days=(DAY,), head="") -> None:
        hours = f"[entry]\nat = 09:20:00\n[exit]\nat = {exit_at}\n"
        text = f'id = "s"\nunderlying = "NIFTY"\n{head}{hours}{CALL}{PUT}{GUARD}'
        windows = (Window(8, SECOND, 3), Window(300, 60 * SECOND, 60))
        account = Account(_terms(), e4("10000000"), AccountLimits(), windows, Latency())
        ledger, time = MemoryLedger("owner"), VirtualClock()
        run = Run(Made(*frames), days, epoch=1)
        app = build([account], [parse(text)], run, time.now_ns, lambda view: None)
        self.pump = Pump(Supervisor(app.specs, ledger), ledger, app.around, time)
        for step in app.world.steps():
            self.pump.tell(step.to, step.message, step.at_ns)
        self.facts = list(ledger.facts())
        self.twin = app.world._papers[ROUTER].exchange

    def of(self, kind: type) -> list:
        return [fact for fact in self.facts if isinstance(fact, kind)]


def _terms():
    return Terms("paper", "paper:paper", strict=False)


def day(start: str, *pairs, on=DAY, every=SECOND) -> list[RecordedFrame]:
    """Frames a second apart, of call and put."""
    start_ns = clock(start, on)
    return [made(start_ns + at * every, ce, pe, NIFTY="24555") for at, (ce, pe) in enumerate(pairs)]


def test_a_day_is_entered_stopped_and_left_in_time() -> None:
    """Enter on the first frame, lose 6,000, out at the exchange's next band; the day is marked."""
    leapt = [("150", "130")] * 30
    played = Played(*day("09:20:00", ("100", "95"), ("100", "95"), *leapt))
    assert [fact.at_ns for fact in played.of(EntryDecided)] == [clock("09:20:00")]
    assert [fact.complete for fact in played.of(BasketEnded)] == [True]
    left = played.of(ExitDecided)
    assert [(fact.reason, fact.at_ns) for fact in left] == [
        (ExitReason.STRATEGY_STOP, clock("09:20:02"))
    ]
    assert [fact.leg_ids for fact in played.of(ExitOwed)] == [("ce", "pe")]
    assert len(played.of(ExitFinished)) == 1
    assert [fact.last[1] for fact in played.of(DayMarked)] == [-75 * 85 * 10_000]


def test_where_the_feed_falls_silent_the_alarm_leaves_in_time() -> None:
    """No frame after 09:20: the link is dead, and the square-off comes all the same."""
    played = Played(*day("09:20:00", ("100", "95"), ("100", "95")))
    left = played.of(ExitDecided)
    assert [(fact.reason, fact.at_ns) for fact in left] == [(ExitReason.TIME, clock("15:20:05"))]
    assert NoteKind.STALE in [note.kind for note in played.of(Noted)]


def test_a_closed_day_and_its_frames_give_no_trade() -> None:
    """A frame of a holiday is told and dropped."""
    played = Played(*day("09:20:00", ("100", "95"), on=HOLIDAY), days=(HOLIDAY,))
    assert [fact.sessions for fact in played.of(DayOpened)] == [()]
    assert [note.kind for note in played.of(Noted)] == [NoteKind.CLOSED_DAY]
    assert (len(played.of(EntryDecided)), len(played.of(DayEnded))) == (0, 1)


def test_what_is_carried_into_its_expiry_is_settled_and_marked_flat() -> None:
    """Nobody offers it any more: the exchange settles it, and the obligation is met."""
    unsold = [
        RecordedFrame(
            Frame(clock("15:20:00", NEXT_DAY) + at, {CE: Quote(0), PE: Quote(0)})
            if at
            else prices(clock("15:20:00", NEXT_DAY), NIFTY="24555"),
            0,
        )
        for at in (0, SECOND)
    ]
    entry = day("09:20:00", ("100", "95"), ("100", "95"), on=NEXT_DAY)
    gone = [RecordedFrame(Frame(entry[-1].frame.at_ns + 1, {CE: Quote(0), PE: Quote(0)}), 0)]
    played = Played(*entry, *gone, *unsold, days=(NEXT_DAY,))
    last = {fact.leg_id: fact for fact in played.of(PositionChanged)}
    assert {leg: fact.net_quantity for leg, fact in last.items()} == {"ce": 0, "pe": 0}
    assert [fact.marks for fact in played.of(DayMarked)] == [()]
    assert len(played.of(ExitOwed)) == len(played.of(ExitFinished)) == 1


def test_what_expired_on_a_day_that_is_not_there_is_written_off_and_entered_again() -> None:
    """Its value is unknown: told, freed on both sides, no profit made of it."""
    later = date(2025, 9, 3)
    again = {"NIFTY_2025_09_09_24550_CE": "90", "NIFTY_2025_09_09_24550_PE": "85"}
    start = clock("09:20:00", later)
    second = [made(start + at * SECOND, **again, NIFTY="24555") for at in range(3)]
    first = day("09:20:00", ("100", "95"), ("100", "95"))
    played = Played(*first, *second, days=(DAY, later), head='product = "carry"\n')
    assert [(fact.leg_id, fact.symbol) for fact in played.of(LegExpired)] == [
        ("ce", CE),
        ("pe", PE),
    ]
    told = [note.text for note in played.of(Noted) if "expired" in note.text]
    assert told == [
        f"{symbol} expired on {NEXT_DAY}; its settlement value is unknown" for symbol in (CE, PE)
    ]
    assert [fact.complete for fact in played.of(BasketEnded)] == [True, True]
    assert {each.symbol: each.net_quantity for each in played.twin.positions()} == {
        name.replace("_", "-"): -75 for name in again
    }
    assert [mark.last[1] for mark in played.of(DayMarked)] == [0, 0]


def test_a_runner_that_is_disarmed_leaves_its_position_guarded(monkeypatch) -> None:
    """It falls on every frame after its entry; the watchdog stops the position out."""
    handle = StrategyRunner.handle

    def falling(self, message, now_ns):
        if type(message) is Frame and now_ns > clock("09:20:00"):
            raise RuntimeError("a bug")
        return handle(self, message, now_ns)

    monkeypatch.setattr(StrategyRunner, "handle", falling)
    calm = [("100", "95")] * 6
    played = Played(*day("09:20:00", *calm, *[("150", "130")] * 26))
    assert [fact.actor for fact in played.of(ActorDisarmed)] == ["runner:s"]
    assert [fact.reason for fact in played.of(ExitDecided)] == [ExitReason.STRATEGY_STOP]
    assert len(played.of(ExitFinished)) == 1


def test_two_days_are_two_entries_and_two_marks() -> None:
    """Each day for itself; alarms of the first ring before the second begins."""
    frames = [
        *day("09:20:00", ("100", "95"), ("100", "95")),
        *day("15:20:00", ("90", "85"), ("90", "85")),
        *day("09:20:00", ("100", "95"), ("100", "95"), on=NEXT_DAY),
        *day("15:20:00", ("110", "100"), ("110", "100"), on=NEXT_DAY),
    ]
    played = Played(*frames, days=(DAY, NEXT_DAY))
    assert [fact.at_ns for fact in played.of(EntryDecided)] == [
        clock("09:20:00"),
        clock("09:20:00", NEXT_DAY),
    ]
    assert [fact.reason for fact in played.of(ExitDecided)] == [ExitReason.TIME] * 2
    assert [(fact.day, fact.last[1]) for fact in played.of(DayMarked)] == [
        (DAY, 75 * 20 * 10_000),
        (NEXT_DAY, -75 * 15 * 10_000),
    ]
    turns = [fact for fact in played.facts if isinstance(fact, DayOpened | DayEnded)]
    assert [(type(fact), fact.day) for fact in turns] == [
        (DayOpened, DAY),
        (DayEnded, DAY),
        (DayOpened, NEXT_DAY),
        (DayEnded, NEXT_DAY),
    ]


def test_a_recorded_day_settles_at_the_level_that_came_after_its_session() -> None:
    """A level 40 minutes before the close is not the close, and what comes late is no price."""
    entry = day("09:20:00", ("100", "95"), ("100", "95"), on=NEXT_DAY)
    late = made(clock("15:45:00", NEXT_DAY), "1", "1", 9, NIFTY="24570")
    played = Played(*entry, late, exit_at="15:29:59", days=(NEXT_DAY,))
    assert settled(played) == {"ce": e4("20"), "pe": 0}
    assert [note for note in played.of(Noted) if "settled" in note.text] == []
    assert max(fact.at_ns for fact in played.of(ExitDecided)) <= clock("15:30:00", NEXT_DAY)


def test_a_copy_of_an_earlier_frame_is_no_closing_value() -> None:
    """A recording got stuck: what it shows after the session is what it showed in it."""
    entry = day("09:20:00", ("100", "95"), ("100", "95"), on=NEXT_DAY)
    stuck = made(clock("11:00:00", NEXT_DAY), fingerprint=9, NIFTY="24590")
    later = made(clock("12:00:00", NEXT_DAY), fingerprint=8, NIFTY="24560")
    copy = made(clock("15:45:00", NEXT_DAY), fingerprint=9, NIFTY="24590")
    played = Played(*entry, stuck, later, copy, exit_at="15:29:59", days=(NEXT_DAY,))
    assert settled(played) == {"ce": e4("10"), "pe": 0}
    assert [note.text for note in played.of(Noted) if "settled" in note.text] == [
        "NIFTY is settled at its last price, 210 minutes before its close"
    ]


@pytest.mark.parametrize(
    ("minutes", "settled_e4", "text"),
    [
        (range(5, 35, 5), e4("17.50"), "the mean of its last half hour"),
        (range(10, 35, 5), e4("30"), "its last price"),
    ],
)
def test_a_recorded_day_without_a_closing_value_settles_by_its_last_half_hour(
    minutes, settled_e4, text
) -> None:
    """The mean of it, where each five minutes have a level; a person is told in either case."""
    entry = day("09:20:00", ("100", "95"), ("100", "95"), on=NEXT_DAY)
    levels = [
        made(clock(f"15:{minute:02}:00", NEXT_DAY), NIFTY=str(24_550 + minute))
        for minute in minutes
    ]
    played = Played(*entry, *levels, exit_at="15:29:59", days=(NEXT_DAY,))
    assert settled(played) == {"ce": settled_e4, "pe": 0}
    assert [(note.kind, note.text) for note in played.of(Noted) if "settled" in note.text] == [
        (NoteKind.BASIS, f"NIFTY is settled at {text}: its closing value was not recorded")
    ]


def settled(played: Played) -> dict[str, int]:
    """At what each leg was settled."""
    return {
        fact.intent.leg_id: fact.intent.price_e4
        for fact in played.of(IntentRecorded)
        if fact.intent.parent.startswith(SETTLEMENT)
    }


@pytest.mark.parametrize(
    ("day", "after", "mean"),
    [
        ("2022-08-25", "17522.45", "17521.25"),
        ("2022-09-01", None, "17542.88"),
        ("2022-10-27", "17736.95", "17736.12"),
    ],
)
def test_the_mean_of_recorded_seconds_is_a_point_from_the_closing_value(day, after, mean) -> None:
    """The exchange closed NIFTY at 17522.45, 17542.80 and 17736.95; one recording ends too soon."""
    recording = open_recording(data_path(f"ticks_1s/NIFTY_{day}.csv.gz"))
    *_, settles, _ = Recorded(recording, {}, recording.days()).steps()
    closes = settles.message.closes
    assert closes.mean_e4 == {"NIFTY": e4(mean)}
    assert closes.after_e4 == ({} if after is None else {"NIFTY": e4(after)})
