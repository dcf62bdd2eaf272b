"""Three connections together: whose prices count, and what is told of what they hear."""

from __future__ import annotations

import json
import random
from datetime import time

import pytest

from daemon.brokers.zerodha.stream.lines import Answer, Lines
from daemon.brokers.zerodha.stream.spreading import Wanted
from daemon.brokers.zerodha.stream.words import (
    Bytes,
    Connect,
    Denied,
    Drop,
    Lost,
    Now,
    Opened,
    Send,
    Text,
)
from daemon.domain.instants import DAY_NS, SECOND_NS, at
from daemon.domain.market.frames import Quote
from daemon.ports.market import (
    BookWanted,
    BygonePrices,
    FrameHeard,
    LinkMoved,
    NoticeHeard,
    SessionLost,
)
from tests.kit.kite_frames import frame, packet
from tests.kit.ticker_line import (
    BANKNIFTY,
    NIFTY,
    OPTION,
    TRADING_DAY,
    index_packet,
    option_packet,
)

START_NS = at(TRADING_DAY, time(10))
START_S = START_NS // SECOND_NS
MANY = {f"S{number}": number << 8 | 2 for number in range(3_000)}
YESTERDAY_S = START_S - DAY_NS // SECOND_NS
INDICES = {"NIFTY": NIFTY}
SENSEX, AT_BSE = 1 << 8 | 9, 54_321 << 8 | 5
BOTH = {**INDICES, "SENSEX": SENSEX}


def now(seconds: float = 0) -> Now:
    passed_ns = int(seconds * SECOND_NS)
    return Now(passed_ns, START_NS + passed_ns)


def opened(wanted: Wanted) -> Lines:
    """Connections that all stand."""
    lines = Lines(random.Random(1))
    for number, done in lines.want(wanted, now()).done:
        assert done == Connect()
        lines.handle(number, Opened(), now())
    return lines


def frames(answer):
    return [each.frame for each in answer.news if isinstance(each, FrameHeard)]


def test_a_frame_is_stamped_with_market_time_and_never_twice_with_the_same():
    lines = opened(Wanted(INDICES, {"A": OPTION}))
    message = Bytes(
        frame(index_packet(NIFTY, 100, START_S), option_packet(OPTION, 50, START_S + 1))
    )

    (first,) = frames(lines.handle(0, message, now(1)))
    (second,) = frames(lines.handle(0, message, now(1)))

    assert (first.at_ns, second.at_ns) == (START_NS + SECOND_NS, START_NS + SECOND_NS + 1)
    assert first.exchange_ns == START_NS + SECOND_NS
    assert first.quotes.keys() == {"NIFTY", "A"}


def test_equal_messages_have_equal_content_where_the_exchange_says_when():
    lines = opened(Wanted({}, {"A": OPTION}))
    told, untold = (Bytes(frame(option_packet(OPTION, 50, at_s))) for at_s in (START_S, 0))

    contents = [lines.handle(0, each, now(1)).news[0].content for each in (told, told, untold)]

    assert contents[0] == contents[1] != 0
    assert contents[2] == 0


def test_a_price_that_came_before_its_mode_was_set_lacks_the_touch_and_is_left_out():
    lines = opened(Wanted({}, {"A": OPTION}))

    assert lines.handle(0, Bytes(frame(packet(OPTION, (50,)))), now(1)).news == ()
    assert lines.counts.early == 1


def moving(price: int, at_s: int = 1) -> Bytes:
    return Bytes(frame(index_packet(NIFTY, price, START_S + at_s)))


def test_while_the_first_connection_is_down_prices_of_others_are_held_back_and_not_lost():
    lines = opened(Wanted(INDICES, {}, MANY))
    for number in (0, 1):
        assert len(frames(lines.handle(number, moving(1), now(1)))) == 1
    lines.handle(0, Lost("reset"), now(1))

    for price in (5, 9, 4):
        message = Bytes(frame(option_packet(MANY["S2999"], price, START_S + price)))
        assert frames(lines.handle(1, message, now(1))) == []
    assert lines.look(now(3)).done[-1] == (0, Connect())
    lines.handle(0, Opened(), now(3))
    lines.handle(0, moving(3), now(3))
    (shown,) = frames(lines.handle(1, moving(3), now(3)))

    quote = shown.quotes["S2999"]
    assert (quote.ltp_e4, quote.low_e4, quote.high_e4) == (400, 400, 900)
    assert "NIFTY" in shown.quotes


def test_a_further_connection_that_shows_what_is_held_counts_for_the_link_while_it_does():
    """Else nobody would count what is held there as unguarded, once it died."""
    lines = opened(Wanted(INDICES, {}, MANY))
    far = MANY["S2999"]
    assert [lines.shows_first([each]) for each in (MANY["S1"], far)] == [True, False]
    for number in (0, 1):
        assert frames(lines.handle(number, moving(1), now(1)))
    lines.handle(1, Lost("reset"), now(2))
    assert frames(lines.handle(0, moving(2, 2), now(2)))

    lines.hold([far])
    assert not frames(lines.handle(0, moving(3, 3), now(3)))
    lines.want(Wanted(INDICES, {"S2999": far}, MANY), now(4))

    assert lines.shows_first([far])
    assert frames(lines.handle(0, moving(4, 4), now(4)))


def test_old_prices_that_a_frozen_broker_tells_on_opening_do_not_look_fresh():
    lines = opened(Wanted(INDICES, {"A": OPTION}))
    old = Bytes(frame(index_packet(NIFTY, 100, START_S), option_packet(OPTION, 50, START_S)))
    assert len(frames(lines.handle(0, old, now(1)))) == 1
    lines.handle(0, Lost("reset"), now(2))
    lines.look(now(4))
    lines.handle(0, Opened(), now(4))

    assert frames(lines.handle(0, old, now(4))) == []

    (shown,) = frames(lines.handle(0, moving(101, 5), now(5)))
    assert shown.quotes.keys() == {"NIFTY", "A"}


def test_after_a_start_the_prices_of_a_feed_that_froze_before_it_are_not_shown_and_it_is_told():
    lines = opened(Wanted(INDICES, {"A": OPTION}))
    froze_s = START_S - 20 * 60
    old = Bytes(frame(index_packet(NIFTY, 100, froze_s), option_packet(OPTION, 50, froze_s)))
    assert frames(lines.handle(0, old, now(1))) == []

    news = []
    for second in (2, 3, 4):
        lines.handle(0, Bytes(b"\x00"), now(second))
        news += lines.look(now(second)).news

    (link,) = [each for each in news if isinstance(each, LinkMoved)]
    assert link.why == "no index has moved for 3 s, and the newest is of 09:40:00"
    lines.look(now(6))
    lines.handle(0, Opened(), now(6))
    assert frames(lines.handle(0, old, now(6))) == []
    (shown,) = frames(lines.handle(0, moving(101, 7), now(7)))
    assert shown.quotes["NIFTY"].ltp_e4 == 10_100


def bygone(answer):
    """The last price of each contract that is told to be of an earlier day."""
    told = [each.quotes for each in answer.news if isinstance(each, BygonePrices)]
    return [{name: quote.ltp_e4 for name, quote in quotes} for quotes in told]


def seen(answer):
    """The last prices of the only frame, where there is one."""
    return [{name: quote.ltp_e4 for name, quote in each.quotes.items()} for each in frames(answer)]


def test_a_price_of_an_earlier_day_is_in_no_frame_and_told_by_itself_where_it_is_held():
    """Beside a price of today it is no profit; an exit may have no other to go by."""
    names = {"A": OPTION, "B": OPTION + 256, "C": OPTION + 512}
    lines = opened(Wanted(INDICES, {"A": names.pop("A")}, names))
    told = ((OPTION, YESTERDAY_S), (OPTION + 256, YESTERDAY_S), (OPTION + 512, START_S))
    packets = [option_packet(token, 50, at_s) for token, at_s in told]

    answer = lines.handle(0, Bytes(frame(index_packet(NIFTY, 100, START_S), *packets)), now(1))
    assert (seen(answer), bygone(answer)) == ([{"NIFTY": 10_000, "C": 5_000}], [{"A": 5_000}])
    assert lines.handle(0, Bytes(frame(*packets[:2])), now(2)).news == ()
    assert lines.counts.bygone == 4

    fresh = Bytes(frame(*(option_packet(OPTION + step, 60, START_S + 3) for step in (0, 256))))
    answer = lines.handle(0, fresh, now(3))
    assert (seen(answer), bygone(answer)) == ([{"A": 6_000, "B": 6_000}], [])


@pytest.mark.parametrize("bid", [True, False])
def test_beside_a_book_of_today_a_last_trade_of_an_earlier_day_is_no_price_of_now(bid):
    """The packet is of now, and looks so; the trade that it tells of is not."""
    names = {"A": OPTION, "B": OPTION + 256}
    lines = opened(Wanted(INDICES, {"A": names.pop("A")}, names))
    packets = [option_packet(OPTION + n, 50, START_S, YESTERDAY_S, bid=bid) for n in (0, 256)]
    message = Bytes(frame(index_packet(NIFTY, 100, START_S), *packets))

    answer = lines.handle(0, message, now(1))
    book = Quote(0, 4_900 * bid, 10 * bid, 5_100, 20)
    assert frames(answer)[0].quotes == {"NIFTY": Quote(10_000), "A": book, "B": book}
    assert bygone(answer) == [{"A": 5_000}]
    assert bygone(lines.handle(0, message, now(2))) == []
    packet = option_packet(OPTION, 60, START_S + 3)
    assert seen(lines.handle(0, Bytes(frame(packet)), now(3))) == [{"A": 6_000}]


def test_an_index_of_an_earlier_day_is_in_no_frame_either():
    lines = opened(Wanted({**INDICES, "BANKNIFTY": BANKNIFTY}, {}))
    both = (index_packet(NIFTY, 100, START_S), index_packet(BANKNIFTY, 200, YESTERDAY_S))
    answer = lines.handle(0, Bytes(frame(*both)), now(1))
    assert (seen(answer), bygone(answer)) == ([{"NIFTY": 10_000}], [])


@pytest.mark.parametrize(("age_s", "shown"), [(10, True), (11, False), (600, False)])
def test_an_index_that_has_stood_for_a_while_is_in_no_frame_though_a_picture_tells_it(age_s, shown):
    """On opening, beside one of now: strikes would be measured on it as if it were of now."""
    lines = opened(Wanted({**INDICES, "BANKNIFTY": BANKNIFTY}, {"A": OPTION}))
    packets = [
        index_packet(NIFTY, 100, START_S + 1 - age_s),
        index_packet(BANKNIFTY, 200, START_S + 1),
        option_packet(OPTION, 50, START_S + 1 - age_s),
    ]
    (quotes,) = seen(lines.handle(0, Bytes(frame(*packets)), now(1)))
    assert quotes == ({"NIFTY": 10_000} if shown else {}) | {"BANKNIFTY": 20_000, "A": 5_000}


def test_an_index_that_is_owed_no_more_is_shown_as_it_stood():
    """In the closing auction, and after the close."""
    lines = opened(Wanted(INDICES, {"A": OPTION}))
    second = 5 * 3_600 + 15 * 60 + 60
    packets = [index_packet(NIFTY, 100, START_S + second - 60)]
    packets.append(option_packet(OPTION, 50, START_S + second))
    lines.look(now(second))
    (quotes,) = seen(lines.handle(0, Bytes(frame(*packets)), now(second)))
    assert quotes == {"NIFTY": 10_000, "A": 5_000}


def test_what_comes_to_be_held_is_told_the_price_of_an_earlier_day_that_was_kept_back():
    """It has to be left by some price, and a quiet contract may have no other all day."""
    names = {"B": OPTION + 256, "C": OPTION + 512}
    lines = opened(Wanted(INDICES, {}, names))
    old = [option_packet(token, 50, YESTERDAY_S) for token in names.values()]
    lines.handle(0, Bytes(frame(index_packet(NIFTY, 100, START_S), *old)), now(1))
    lines.hold([OPTION + 256])

    answer = lines.handle(0, moving(101, 2), now(2))
    assert (seen(answer), bygone(answer)) == ([{"NIFTY": 10_100}], [{"B": 5_000}])
    assert bygone(lines.handle(0, moving(102, 3), now(3))) == []
    lines.want(Wanted(INDICES, {"C": names.pop("C")}), now(4))
    assert bygone(lines.handle(0, moving(103, 5), now(5))) == [{"C": 5_000}]


def test_a_price_of_today_takes_the_place_of_one_that_was_kept_back():
    lines = opened(Wanted(INDICES, {}, {"B": OPTION}))
    old = option_packet(OPTION, 50, YESTERDAY_S)
    lines.handle(0, Bytes(frame(index_packet(NIFTY, 100, START_S), old)), now(1))
    lines.hold([OPTION])
    answer = lines.handle(0, Bytes(frame(option_packet(OPTION, 60, START_S + 2))), now(2))
    assert (seen(answer), bygone(answer)) == ([{"B": 6_000}], [])
    lines.hold([OPTION])
    assert bygone(lines.handle(0, moving(101, 3), now(3))) == []


def test_prices_that_were_old_when_they_came_are_no_extreme_of_those_of_now():
    lines = opened(Wanted(INDICES, {"A": OPTION, "B": OPTION + 256}))
    for price, ago_s in ((90, 600), (50, 300)):
        packets = [option_packet(OPTION + step, price, START_S - ago_s) for step in (0, 256)]
        held = Bytes(frame(index_packet(NIFTY, price, START_S - ago_s), *packets))
        assert frames(lines.handle(0, held, now(1))) == []
    fresh = Bytes(frame(index_packet(NIFTY, 70, START_S), option_packet(OPTION, 70, START_S)))
    (shown,) = frames(lines.handle(0, fresh, now(2)))

    assert (shown.quotes["A"].ltp_e4, shown.quotes["A"].high_e4) == (7_000, 0)
    assert (shown.quotes["B"].ltp_e4, shown.quotes["B"].high_e4) == (5_000, 0)


def lagging(second: int) -> Bytes:
    return moving(100 + second, second - 60)


def test_a_feed_that_moves_and_lags_is_told_of_once_for_each_time():
    lines = opened(Wanted(INDICES, {"A": OPTION}))
    told = []
    for second in [*range(1, 9), 100, *range(101, 109)]:
        message = lagging(second) if second != 100 else moving(1, 100)
        shown = frames(lines.handle(0, message, now(second)))
        assert len(shown) == (second == 100)
        told += [each for each in lines.look(now(second)).news if isinstance(each, NoticeHeard)]

    (notice,) = told
    assert (notice.kind, notice.at_ns) == ("old prices", START_NS + 3 * SECOND_NS)
    assert (
        "of 09:59:03 by the exchange's clock, 60 s before the time of this machine" in notice.text
    )


def test_prices_that_begin_to_lag_are_held_back_until_they_are_of_now_again():
    """A stop would trip as late as they come, under a link that looks alive."""
    lines = opened(Wanted(INDICES, {"A": OPTION}))
    shown = []
    for second in range(1, 60):
        of = second - 30 if 20 <= second < 50 else second
        index = index_packet(NIFTY, 100 + of, START_S + of)
        message = Bytes(frame(index, option_packet(OPTION, 50 + second, START_S + of)))
        frames_of = frames(lines.handle(0, message, now(second)))
        shown += [(second, each.quotes["A"].high_e4) for each in frames_of]
        lines.look(now(second))

    assert [second for second, _ in shown] == [*range(1, 30), *range(50, 60)]
    assert not any(high_e4 for _, high_e4 in shown)


def two_exchanges(lines: Lines, seconds: range, sensex_s: dict[int, int]) -> list[tuple[int, str]]:
    """Tell NSE's prices once a second, and the Sensex of what second; return what is shown when."""
    shown = []
    for second in seconds:
        at_s = START_S + second
        packets = [index_packet(NIFTY, 100 + second, at_s), option_packet(OPTION, 50, at_s)]
        if second in sensex_s:
            packets.append(index_packet(SENSEX, 800 + second, START_S + sensex_s[second]))
        answers = lines.handle(0, Bytes(frame(*packets)), now(second)), lines.look(now(second))
        for each in (each for answer in answers for each in answer.news):
            if isinstance(each, FrameHeard):
                assert not any(quote.high_e4 for quote in each.frame.quotes.values())
                shown.append((second, "frame"))
            elif isinstance(each, NoticeHeard):
                shown.append((second, each.text.partition(" by ")[0]))
    return shown


def test_an_exchange_whose_indices_stand_is_not_vouched_for_by_those_of_another():
    """What is held there would show as guarded by prices that come no more."""
    lines = opened(Wanted(BOTH, {"B": AT_BSE}, {"A": OPTION}))
    told = {second: second for second in (*range(1, 21), *range(50, 60))}

    shown = two_exchanges(lines, range(1, 60), told)

    stood = (31, "the indices of BSE are of 10:00:20")
    frames_at = [*range(1, 31), *range(50, 60)]
    assert shown == sorted([stood, *((second, "frame") for second in frames_at)])


def test_what_stood_when_the_shares_closed_stands_until_anything_of_that_exchange_is_of_now():
    lines = opened(Wanted(BOTH, {"B": AT_BSE}, {"A": OPTION}))
    closes_s = 5 * 3_600 + 15 * 60
    news = []
    for second in range(closes_s - 60, closes_s + 60):
        at_s = START_S + second
        packets = [index_packet(NIFTY, second, at_s), option_packet(OPTION, second, at_s)]
        if second < closes_s - 30:
            packets.append(index_packet(SENSEX, second, at_s))
        if second == closes_s + 10:
            packets.append(option_packet(AT_BSE, second, at_s - 60))
        if second >= closes_s + 30:
            packets.append(option_packet(AT_BSE, second, at_s))
        answers = lines.handle(0, Bytes(frame(*packets)), now(second)), lines.look(now(second))
        told = [each for answer in answers for each in answer.news]
        news += [(second - closes_s, each) for each in told if isinstance(each, FrameHeard)]

    assert [second for second, _ in news] == [*range(-60, -20), *range(30, 60)]


def test_after_a_start_an_exchange_whose_indices_stood_before_it_is_not_vouched_for_either():
    lines = opened(Wanted(BOTH, {"B": AT_BSE}, {"A": OPTION}))

    shown = two_exchanges(lines, range(1, 20), {1: -600})

    assert shown == [(3, "the indices of BSE are of 09:50:00")]


@pytest.mark.parametrize(
    ("wanted", "sensex_s"),
    [
        (Wanted(BOTH, {"B": AT_BSE}, {"A": OPTION}), {1: -DAY_NS // SECOND_NS}),
        (Wanted(BOTH, {"B": AT_BSE}, {"A": OPTION}), {}),
        (Wanted(BOTH, {"A": OPTION}), {1: 1}),
        (Wanted(INDICES, {"A": OPTION, "B": AT_BSE}), {1: 1}),
        (Wanted({**INDICES, "BANKNIFTY": SENSEX}, {"A": OPTION, "B": AT_BSE}), {1: 1}),
    ],
    ids=[
        "it has a holiday of its own", "it told nothing yet", "nothing of its contracts is shown",
        "no index of it is shown", "of two indices one moves",
    ],
)  # fmt: skip
def test_an_exchange_that_owes_nothing_holds_no_prices_back(wanted, sensex_s):
    shown = two_exchanges(opened(wanted), range(1, 60), sensex_s)

    assert shown == [(second, "frame") for second in range(1, 60)]


def test_at_the_weekend_nothing_waits_for_an_index():
    lines = opened(Wanted(INDICES, {"A": OPTION}))
    sunday = Now(10**9, START_NS + 3 * DAY_NS)
    lines.renew(sunday)
    lines.handle(0, Opened(), sunday)

    message = Bytes(frame(option_packet(OPTION, 5, sunday.market_ns // SECOND_NS)))
    assert len(frames(lines.handle(0, message, sunday))) == 1


def test_what_was_held_back_and_is_wanted_no_longer_is_not_shown():
    lines = opened(Wanted(INDICES, {"A": OPTION}))
    lines.handle(0, Bytes(frame(option_packet(OPTION, 5, START_S))), now(1))
    lines.want(Wanted(INDICES), now(1))

    (shown,) = frames(lines.handle(0, moving(1), now(1)))
    assert shown.quotes.keys() == {"NIFTY"}


def test_each_connection_shows_an_index_by_which_it_is_known_to_live():
    lines = opened(Wanted(INDICES, {}, MANY))
    lines.handle(0, Bytes(frame(index_packet(NIFTY, 1, 1))), now(2))
    lines.handle(1, Bytes(b"\x00"), now(2))

    answers = [lines.look(now(seconds)) for seconds in (1, 2, 3)]

    (link,) = [each for each in answers[-1].news if isinstance(each, LinkMoved)]
    assert (link.number, link.why) == (1, "no index has moved for 3 s")
    assert (1, Drop()) in answers[-1].done


def test_a_set_that_shrinks_lets_a_connection_go_and_one_that_grows_makes_it_again():
    lines = opened(Wanted(INDICES, {}, MANY))

    done = lines.want(Wanted(INDICES), now(1)).done
    assert (1, Drop()) in done
    assert all(isinstance(each, Send) for number, each in done if number == 0)
    assert lines.handle(1, Lost("too late"), now(1)) == Answer()

    done = lines.want(Wanted(INDICES, {}, MANY), now(2)).done
    assert (1, Connect()) in done


def test_a_push_and_an_opening_have_the_book_read_and_tell_nothing_as_a_fact():
    lines = opened(Wanted(INDICES))
    record = {
        "order_id": "19\n", "status": "COMPLETE", "exchange": "NFO", "tradingsymbol": "X",
        "transaction_type": "BUY", "quantity": 75, "product": "MIS",
    }  # fmt: skip

    for data, named in ((record, "order 19\\n"), ({}, "an order")):
        text = json.dumps({"type": "order", "data": data})
        news = lines.handle(0, Text(text), now(1)).news
        assert news == (BookWanted(f"the broker pushes {named}"),)


def test_a_denial_tells_which_session_it_was():
    lines = Lines(random.Random(1))
    lines.want(Wanted(INDICES), now())

    assert lines.handle(0, Denied(4), now()).news == (SessionLost(4),)
    assert lines.due_ns is None
    assert lines.renew(now(1)).done == ((0, Connect()),)


def test_what_was_held_back_of_a_connection_that_broke_does_not_look_fresh_on_the_next():
    lines = opened(Wanted(INDICES, {"A": OPTION}))
    old = Bytes(frame(option_packet(OPTION, 50, START_S)))
    assert frames(lines.handle(0, old, now(1))) == []
    lines.handle(0, Lost("reset"), now(1))
    lines.look(now(600))
    lines.handle(0, Opened(), now(600))
    (shown,) = frames(lines.handle(0, moving(3, 600), now(600)))

    assert shown.quotes.keys() == {"NIFTY"}


def test_what_was_held_back_of_a_connection_that_was_let_go_does_not_look_fresh_on_the_next():
    lines = opened(Wanted(INDICES, {}, MANY))
    old = Bytes(frame(option_packet(MANY["S2999"], 50, START_S)))
    assert frames(lines.handle(1, old, now(1))) == []
    lines.want(Wanted(INDICES, {"A": OPTION}), now(1))
    lines.want(Wanted(INDICES, {}, MANY), now(600))
    for number in (0, 1):
        lines.handle(number, Opened(), now(600))
        (shown,) = frames(lines.handle(number, moving(3, 600), now(600)))

    assert shown.quotes.keys() == {"NIFTY"}


def test_where_fewer_connections_are_let_in_than_are_made_sessions_are_not_asked_for_without_end():
    """Each that stood before is denied in turn, once the others took its place."""
    lines = opened(Wanted(INDICES, {}, MANY))
    asked = 0
    for second in range(1, 61):
        lines.handle(0, Lost("reset"), now(second))
        lines.look(now(second + 0.5))
        number = second % 2
        told = lines.handle(number, Denied(second), now(second + 0.5)).news
        if any(isinstance(each, SessionLost) for each in told):
            asked += 1
            lines.renew(now(second + 0.5))
            lines.handle(1 - number, Opened(), now(second + 0.6))
    assert 1 <= asked <= 3


def test_a_session_that_ends_long_after_it_began_is_asked_for_by_any_connection():
    lines = opened(Wanted(INDICES, {}, MANY))
    lines.renew(now(0))
    for number in (0, 1):
        lines.handle(number, Opened(), now(1))
    lines.handle(1, Lost("reset"), now(100))
    lines.look(now(102))
    assert SessionLost(5) in lines.handle(1, Denied(5), now(102)).news
