"""The generated market: equal, enterable anywhere, and near enough to a real one."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache
from itertools import islice, pairwise, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.bands import band
from daemon.domain.market.calendar import Segment, sessions
from daemon.domain.market.expiries import weekly
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Kind, contract, parse_symbol
from daemon.domain.money import E4
from daemon.twin.generator.market import Generator
from tests.kit.acting import clock

pytestmark = pytest.mark.untraced

MON, TUE = date(2026, 3, 9), date(2026, 3, 10)
MINUTE = 60 * SECOND_NS
FIVE = 5 * SECOND_NS
OPEN, CLOSE = clock("09:15:00", MON), clock("15:30:00", MON)


@cache
def frames(day: date = MON, interval_ns: int = MINUTE, seed: int = 1) -> list[Frame]:
    return list(Generator(seed, interval_ns).day(day).frames(0))


def merged(some) -> dict[str, Quote]:
    quotes: dict[str, Quote] = {}
    for frame in some:
        quotes.update(frame.quotes)
    return quotes


def chain(quotes: dict[str, Quote], name: str, kind: Kind) -> list[tuple[int, Quote]]:
    """The quoted strikes of one kind, the lowest first."""
    parts = {symbol: parse_symbol(symbol) for symbol in quotes}
    return sorted(
        (each.strike_e4, quotes[symbol])
        for symbol, each in parts.items()
        if (each.underlying, each.kind) == (name, kind)
    )


def test_equal_seed_day_and_interval_make_equal_frames_whatever_was_made_before():
    alone = Generator(1, MINUTE)
    later = Generator(1, MINUTE)
    for day in (TUE, date(2026, 4, 6)):
        next(later.day(day).frames(0))
    assert list(alone.day(MON).frames(0)) == list(later.day(MON).frames(0)) == frames()


@pytest.mark.parametrize(("day", "seed"), [(MON, 2), (TUE, 1)], ids=["seed", "day"])
def test_another_seed_or_day_is_another_market(day, seed):
    others = frames(day, seed=seed)
    assert [each.quotes["NIFTY"] for each in others] != [e.quotes["NIFTY"] for e in frames()]


def test_the_index_goes_the_same_way_at_any_interval():
    """More frames show more of one day, not another one."""
    fine = islice(Generator(1, SECOND_NS // 10).day(MON).frames(0), 700)
    seen = {frame.at_ns: frame.quotes["NIFTY"] for frame in fine}
    assert all(seen[frame.at_ns] == frame.quotes["NIFTY"] for frame in frames()[:2])
    assert len(set(map(repr, seen.values()))) > 100


def test_frames_lie_at_the_hours_of_the_day():
    assert [frames()[0].at_ns, frames()[-1].at_ns] == [OPEN, CLOSE]
    assert {b.at_ns - a.at_ns for a, b in pairwise(frames())} == {MINUTE}


def test_the_close_is_later_since_august_2026():
    assert frames(date(2026, 8, 3))[-1].at_ns == clock("15:40:00", date(2026, 8, 3))


def test_a_day_in_two_parts_has_no_frames_between_them():
    """A Saturday; the second part goes on from where the first one ended."""
    day = date(2024, 3, 2)
    spans = [(each.open_ns, each.close_ns) for each in sessions(day, Segment.DERIVATIVES)]
    made = frames(day)
    assert [(f.at_ns, t.at_ns) for f, t in ((made[0], made[45]), (made[46], made[-1]))] == spans
    jump = made[46].quotes["NIFTY"].ltp_e4 - made[45].quotes["NIFTY"].ltp_e4
    assert abs(jump) < 60 * E4
    between = Generator(1, MINUTE).day(day).newest(spans[1][0] - 1)
    assert merged(between) == merged(made[:46])
    behind = Generator(1, MINUTE).day(day).newest(spans[1][0] + 3)
    assert merged(behind) == merged(made[:47])


def test_a_closed_day_has_no_frames():
    closed = Generator(1).day(date(2026, 3, 8))
    assert (list(closed.frames(0)), closed.newest(CLOSE)) == ([], [])


def test_days_pass_over_closed_ones_and_end_where_the_tables_end():
    """Sunday; a holiday; a session whose hours nobody has published; the last week of the year."""
    generator = Generator(1)
    assert list(islice(generator.days(date(2026, 3, 1)), 3)) == [
        date(2026, 3, 2),
        date(2026, 3, 4),
        date(2026, 3, 5),
    ]
    assert date(2026, 11, 8) not in takewhile(
        lambda day: day < date(2026, 11, 12), generator.days(date(2026, 11, 5))
    )
    last = list(generator.days(date(2026, 12, 28)))
    assert last
    assert last[-1] <= date(2026, 12, 31)
    assert next(generator.days(date(2018, 1, 1))) >= date(2019, 1, 1)


def test_the_chains_are_those_of_the_weekly_expiry_with_whole_lots():
    for symbol, quote in merged(frames()).items():
        parts = parse_symbol(symbol)
        if parts.kind is Kind.INDEX:
            assert quote.bid_quantity == quote.ask_quantity == 0
            continue
        instrument = contract(symbol, MON)
        assert parts.expiry == weekly(parts.underlying, MON)
        assert quote.bid_quantity % instrument.lot == quote.ask_quantity % instrument.lot == 0
        assert quote.bid_quantity > 0 < quote.ask_quantity


@pytest.mark.parametrize("day", [MON, TUE, date(2026, 8, 6)])
def test_prices_lie_on_ticks_and_in_order(day):
    """Bid below ask, the last price between them, nothing below a tick, spreads that widen."""
    for frame in frames(day):
        for symbol, quote in frame.quotes.items():
            prices = (quote.ltp_e4, quote.bid_e4, quote.ask_e4)
            assert all(price % 500 == 0 for price in prices)
            if parse_symbol(symbol).kind is not Kind.INDEX:
                assert 500 <= quote.bid_e4 <= quote.ltp_e4 <= quote.ask_e4
                assert 0 < quote.ask_e4 - quote.bid_e4 < E4 // 2 + quote.ltp_e4 // 400


@pytest.mark.parametrize("day", [MON, TUE, date(2026, 8, 6)])
@pytest.mark.parametrize("name", ["NIFTY", "SENSEX"])
def test_calls_fall_and_puts_rise_with_the_strike(day, name):
    """The middles of one frame, but for the rounding to ticks; so nothing is had for nothing."""
    for frame in frames(day)[::15]:
        for kind, sign in ((Kind.CALL, 1), (Kind.PUT, -1)):
            strikes = chain(frame.quotes, name, kind)
            for (low_e4, lower), (high_e4, higher) in pairwise(strikes):
                fall_e4 = sign * (lower.bid_e4 + lower.ask_e4 - higher.bid_e4 - higher.ask_e4)
                assert -1_000 <= fall_e4 <= 2 * (high_e4 - low_e4) + 1_000


def test_calls_and_puts_agree_on_the_forward():
    """Put-call parity holds within the spreads, and the forward lies near the index."""
    for frame in frames()[::30]:
        calls = dict(chain(frame.quotes, "NIFTY", Kind.CALL))
        puts = dict(chain(frame.quotes, "NIFTY", Kind.PUT))
        spot_e4 = frame.quotes["NIFTY"].ltp_e4
        for strike_e4 in calls.keys() & puts.keys():
            call, put = calls[strike_e4], puts[strike_e4]
            assert call.bid_e4 - put.ask_e4 + strike_e4 < spot_e4 + 12 * E4
            assert call.ask_e4 - put.bid_e4 + strike_e4 > spot_e4 - 2 * E4


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_straddle_a_day_before_its_expiry_costs_about_one_percent(seed):
    quotes = merged(islice(Generator(seed, MINUTE).day(MON).frames(0), 6))
    spot_e4 = quotes["NIFTY"].ltp_e4
    strike_e4 = round(spot_e4 / (50 * E4)) * 50 * E4
    call, put = (
        dict(chain(quotes, "NIFTY", kind))[strike_e4].ltp_e4 for kind in (Kind.CALL, Kind.PUT)
    )
    assert 0.005 < (call + put) / spot_e4 < 0.018


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_index_stays_within_the_circuit_of_its_open(seed):
    """No day moves by a tenth, and none stands still."""
    levels = [frame.quotes["NIFTY"].ltp_e4 for frame in frames(seed=seed)]
    assert all(abs(level - levels[0]) * 10 < levels[0] for level in levels)
    assert len(set(levels)) > 300


def test_at_the_money_no_price_leaves_the_band_around_the_one_before():
    """So an order that is priced on one frame is taken on the next."""
    known: dict[str, Quote] = {}
    for frame in islice(Generator(1, FIVE).day(MON).frames(0), 500):
        at_money = round(frame.quotes["NIFTY"].ltp_e4 / E4 / 50) * 50
        for kind in (Kind.CALL, Kind.PUT):
            symbol = f"NIFTY-2026-03-10-{at_money}-{kind}"
            before, now = known.get(symbol), frame.quotes.get(symbol)
            if before is not None and now is not None:
                allowed = band(contract(symbol, MON), before.ltp_e4, MON)
                assert allowed.holds(now.bid_e4)
                assert allowed.holds(now.ask_e4)
        known.update(frame.quotes)


def test_strikes_far_from_the_money_are_quiet():
    """The one nearest to it is in most frames, the farthest in one of ten or fewer."""
    made = list(islice(Generator(1).day(MON).frames(0), 600))
    seen = Counter(symbol for frame in made for symbol in frame.quotes)
    strikes = [strike for strike, _ in chain(made[0].quotes, "NIFTY", Kind.CALL)]
    often = [seen[f"NIFTY-2026-03-10-{strike // E4}-CE"] for strike in strikes]
    assert max(often) > 450
    assert 0 < often[0] < 60
    assert 0 < often[-1] < 120


def test_strikes_follow_the_index_and_stay_once_they_are_listed():
    """Twelve on each side of wherever it is or was."""
    found: set[str] = set()
    for frame in frames(TUE):
        found.update(frame.quotes)
        spot = frame.quotes["NIFTY"].ltp_e4 / E4
        at_money = round(spot / 50) * 50
        for strike in (at_money - 12 * 50, at_money, at_money + 12 * 50):
            assert f"NIFTY-2026-03-10-{strike}-CE" in found
    assert set(merged(Generator(1, MINUTE).day(TUE).newest(clock("15:30:00", TUE)))) == found


def test_a_chain_keeps_the_strikes_of_the_days_before_in_its_week():
    """A position that is carried is still priced on the day of its expiry."""
    for day in (date(2026, 8, 5), date(2026, 8, 6)):
        before = date(2026, 8, 4) if day.day == 5 else date(2026, 8, 5)
        spot = frames(before)[0].quotes["SENSEX"].ltp_e4 / E4
        strike = round(spot / 100) * 100
        assert f"SENSEX-2026-08-06-{strike}-PE" in frames(day)[0].quotes


def test_options_end_at_what_they_are_worth_at_their_expiry():
    last = merged(frames(TUE))
    spot_e4 = last["NIFTY"].ltp_e4
    for strike_e4, quote in chain(frames(TUE)[-1].quotes, "NIFTY", Kind.CALL):
        assert abs(quote.ltp_e4 - max(spot_e4 - strike_e4, 0)) < 5 * E4


@cache
def made_day(interval_ns: int):
    return Generator(1, interval_ns).day(MON)


@settings(max_examples=12, deadline=None)
@given(st.integers(OPEN - MINUTE, CLOSE + MINUTE), st.sampled_from([MINUTE, MINUTE // 4]))
def test_a_day_entered_anywhere_goes_on_as_if_it_had_been_watched(cut_ns, interval_ns):
    """The frames after the cut are those of the whole day, and so are the newest quotes."""
    whole, day = frames(MON, interval_ns), made_day(interval_ns)
    until = [frame for frame in whole if frame.at_ns <= cut_ns]
    known = day.newest(cut_ns)
    assert merged(known) == merged(until)
    assert [frame.at_ns for frame in known] == sorted({frame.at_ns for frame in known})
    assert [frame.at_ns for frame in known[-1:]] == [frame.at_ns for frame in until[-1:]]
    rest = list(islice(day.frames(cut_ns), 20))
    assert rest == whole[len(until) : len(until) + 20]


def test_a_quiet_strike_is_known_from_long_before():
    """At ten frames a second the newest quote of a far strike is of hundreds of frames ago."""
    day = Generator(1, SECOND_NS // 10).day(MON)
    until = list(islice(day.frames(0), 900))
    known = day.newest(until[-1].at_ns)
    assert merged(known) == merged(until)
    assert known[0].at_ns < until[-100].at_ns
