"""A dead ticker is found within three seconds of a session, and a quiet one is left alone."""

from __future__ import annotations

from datetime import date, time

import pytest

from daemon.brokers.zerodha.packets import Mode
from daemon.brokers.zerodha.stream.connection import State
from daemon.brokers.zerodha.stream.words import (
    Bytes,
    Connect,
    Denied,
    Down,
    Drop,
    Lost,
    Noticed,
    Ping,
    SessionWanted,
)
from daemon.domain.instants import SECOND_NS
from tests.kit.kite_frames import frame
from tests.kit.ticker_line import (
    BANKNIFTY,
    HEARTBEAT,
    NIFTY,
    OPTION,
    TRADING_DAY,
    Line,
    index_packet,
    indices,
    option_packet,
)

SATURDAY, HOLIDAY = date(2026, 11, 28), date(2026, 11, 24)
MORNING = time(10)
MOVING = [indices(2_435_000 + number) for number in range(20)]


def alive(wall: time = MORNING, day: date = TRADING_DAY) -> Line:
    """A connection on which the index has moved for some seconds, the last time just now."""
    line = Line(day, wall).opened()
    line.each_second(MOVING[:15], 15)
    line.tell(MOVING[15])
    assert not line.downs()
    return line


def test_a_ticker_that_freezes_is_found_within_three_seconds():
    line = alive()
    line.answers_pings = False

    line.run(10)

    assert line.downs() == [(18.0, Down("no byte for 3 s", in_session=True))]
    assert line.of(Drop) == [Drop()]


def test_a_ticker_that_freezes_and_still_answers_pings_is_found_within_three_seconds():
    line = alive()

    line.run(10)

    assert line.downs() == [(18.0, Down("no index has moved for 3 s", in_session=True))]


def test_a_ticker_that_sends_heartbeats_and_no_prices_is_found_within_three_seconds():
    line = alive()

    line.each_second([HEARTBEAT], 4)

    assert line.downs() == [(18.0, Down("no index has moved for 3 s", in_session=True))]


def test_a_ticker_that_repeats_the_same_index_is_found_within_three_seconds():
    line = alive()

    line.each_second([MOVING[15]], 4)

    assert line.downs()[0][0] == 18.0


def test_contracts_that_move_do_not_hide_that_the_indices_stand():
    line = alive()

    line.each_second([Bytes(frame(option_packet(OPTION, 1_000 + n, n))) for n in range(4)], 4)

    assert line.downs()[0][0] == 18.0


def test_a_socket_that_never_shows_a_price_after_opening_is_found_within_three_seconds():
    line = Line(TRADING_DAY, MORNING).opened()

    line.each_second([HEARTBEAT], 4)

    assert line.downs()[0][0] == 3.0


def test_an_old_token_is_found_with_the_answer_to_the_handshake():
    line = Line(TRADING_DAY, MORNING)

    line.tell(Denied(1))

    assert line.log[-1] == (line.start_ns, SessionWanted(1))
    assert line.connection.due_ns is None


def test_a_token_that_dies_while_the_socket_stands_is_found_within_three_seconds_and_asked_for():
    line = alive()
    line.each_second([HEARTBEAT], 4)
    line.run(2)
    assert line.connection.state is State.CONNECTING

    line.tell(Denied(1))

    assert line.of(SessionWanted) == [SessionWanted(1)]
    assert line.downs()[0][0] == 18.0


def test_an_index_that_tells_a_later_second_moves_though_its_price_stands():
    line = alive()

    line.each_second([indices(2_435_000, second) for second in range(1, 31)], 30)

    assert not line.downs()


def test_a_quiet_strike_is_quiet_and_not_dead():
    line = Line(TRADING_DAY, MORNING).opened()
    line.tell(Bytes(frame(option_packet(OPTION, 5, 1))))

    line.each_second([indices(2_435_000 + number) for number in range(300)], 300)

    assert (line.downs(), line.connection.state) == ([], State.OPEN)


@pytest.mark.parametrize(("ago_s", "proved"), [(-5, True), (10, True), (11, False), (1_200, False)])
def test_prices_are_of_now_where_the_exchange_s_instant_of_an_index_is_by_clocks_that_differ(
    ago_s, proved
):
    line = Line(TRADING_DAY, MORNING).opened()
    assert not line.connection.is_proved

    line.tell(indices(2_435_000, line.now_ns // SECOND_NS - ago_s))

    assert line.connection.is_proved is proved


def test_an_index_that_says_no_instant_is_of_now_once_it_moves_on_the_same_connection():
    line = Line(TRADING_DAY, MORNING).opened()
    for price, proved in ((100, False), (100, False), (101, True)):
        line.tell(indices(price))
        assert line.connection.is_proved is proved

    line.tell(Lost("reset"))
    line.run(5)
    line.opened().tell(indices(90))
    assert not line.connection.is_proved


def test_before_the_open_prices_are_shown_and_from_then_on_once_an_index_is_of_now():
    line = Line(TRADING_DAY, time(9, 14, 58)).opened()
    line.tell(indices(100, line.now_ns // SECOND_NS - 400))
    assert line.connection.is_proved

    line.run(2.5)
    assert not line.connection.is_proved
    line.tell(indices(101, line.now_ns // SECOND_NS))
    assert line.connection.is_proved


def test_what_is_of_now_stays_so_while_a_quiet_strike_and_an_old_index_come():
    both = {NIFTY: Mode.FULL, BANKNIFTY: Mode.FULL, OPTION: Mode.FULL}
    line = Line(TRADING_DAY, MORNING, both).opened()
    start_s = line.now_ns // SECOND_NS
    line.tell(indices(100, start_s))
    old = (index_packet(BANKNIFTY, 5, start_s - 900), option_packet(OPTION, 5, start_s - 900))
    line.tell(Bytes(frame(*old)))

    line.each_second([indices(100, start_s + number) for number in range(1, 60)], 59)

    assert line.connection.is_proved
    assert (line.downs(), line.of(Noticed)) == ([], [])


def lagging(line: Line, seconds: int, lag_s: int, token: int = NIFTY) -> list[bool]:
    """Tell what was so long ago, once a second; return after each whether prices are of now."""
    proved = []
    for _ in range(seconds):
        at_s = line.now_ns // SECOND_NS - lag_s
        said = index_packet if token == NIFTY else option_packet
        line.tell(Bytes(frame(said(token, at_s % 10_000, at_s))))
        proved.append(line.connection.is_proved)
        line.run(1)
    return proved


def test_a_ticker_that_falls_behind_after_its_opening_is_of_now_no_longer_and_it_is_told():
    line = Line(TRADING_DAY, MORNING).opened()
    assert all(lagging(line, 60, 0))

    assert lagging(line, 30, 120) == [True] * 10 + [False] * 20
    (notice,) = line.of(Noticed)
    assert "its indices are of 10:00:59 by the exchange's clock" in notice.text
    assert line.connection.is_old
    assert all(lagging(line, 5, 0))
    assert (line.downs(), line.connection.is_old) == ([], False)


def test_a_ticker_that_falls_behind_bit_by_bit_is_of_now_up_to_ten_seconds():
    line = Line(TRADING_DAY, MORNING).opened()

    proved = [lagging(line, 1, second // 2)[0] for second in range(30)]

    assert proved == [True] * 22 + [False] * 8


def test_an_instant_that_lies_ahead_hides_no_lag_for_longer():
    line = Line(TRADING_DAY, MORNING).opened()
    line.tell(indices(100, line.now_ns // SECOND_NS + 3_600))

    assert lagging(line, 12, 20)[-1] is False


def test_a_lag_that_comes_and_goes_about_the_limit_is_told_once_a_minute():
    line = Line(TRADING_DAY, MORNING).opened()
    for _ in range(12):
        lagging(line, 1, 0)
        lagging(line, 12, 20)

    assert len(line.of(Noticed)) == 3
    assert not line.downs()


def test_once_the_shares_have_closed_contracts_that_fall_behind_are_of_now_no_longer():
    line = Line(TRADING_DAY, time(15, 16)).opened()
    assert all(lagging(line, 20, 0, OPTION))

    assert lagging(line, 20, 120, OPTION) == [True] * 10 + [False] * 10
    (notice,) = line.of(Noticed)
    assert "its prices are of" in notice.text
    assert line.connection.is_old
    assert all(lagging(line, 5, 10, OPTION))
    assert (line.downs(), line.connection.is_old) == ([], False)


def test_once_the_shares_have_closed_a_quiet_contract_may_be_told_again_as_it_was():
    line = Line(TRADING_DAY, time(15, 16)).opened()
    lagging(line, 1, 0, OPTION)
    told = Bytes(frame(option_packet(OPTION, 5, line.now_ns // SECOND_NS - 1)))
    for _ in range(3):
        line.tell(told)
        line.run(60)
        assert line.connection.is_proved

    line.tell(Lost("reset"))
    line.run(5)
    line.opened().tell(told)
    assert (line.connection.is_proved, line.of(Noticed)) == (True, [])


def test_one_index_may_stand_while_another_moves():
    both = {NIFTY: Mode.FULL, BANKNIFTY: Mode.FULL}
    line = Line(TRADING_DAY, MORNING, both).opened()
    line.tell(Bytes(frame(index_packet(BANKNIFTY, 5_000_000, 1))))

    line.each_second([indices(2_435_000 + number) for number in range(60)], 60)

    assert not line.downs()


def test_without_an_index_among_what_is_wanted_a_quiet_socket_that_answers_lives():
    line = Line(TRADING_DAY, MORNING, {OPTION: Mode.FULL}).opened()

    line.run(600)

    assert not line.downs()


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("day", "wall", "hours"),
    [
        (SATURDAY, time(0), 48),
        (HOLIDAY, time(0), 24),
        (TRADING_DAY, time(0), 9.2),
        (TRADING_DAY, time(15, 40), 8),
    ],
    ids=["a weekend", "a holiday", "the night and the minutes before the open", "the evening"],
)
def test_outside_the_session_a_socket_without_prices_is_left_alone(day, wall, hours):
    line = Line(day, wall).opened()

    line.run(hours * 3_600)

    assert (line.downs(), line.connection.state) == ([], State.OPEN)
    assert len(line.of(Ping)) >= hours * 3_600 / 12


def test_a_socket_that_breaks_at_the_weekend_is_made_again_without_an_alarm():
    line = Line(SATURDAY, MORNING).opened()

    line.tell(Lost("reset"))
    line.run(5)

    assert [down.in_session for _, down in line.downs()] == [False]
    assert len(line.of(Connect)) == 2


def test_a_half_open_socket_is_found_outside_the_session_too():
    line = Line(SATURDAY, MORNING).opened()
    line.answers_pings = False

    line.run(60)

    assert line.downs() == [(20.0, Down("no byte for 20 s", in_session=False))]


def test_the_night_is_not_held_against_a_ticker_at_the_open():
    line = Line(TRADING_DAY, time(9, 14, 57)).opened()
    line.run(3.5)
    line.each_second([indices(2_435_000 + number) for number in range(10)], 10)

    assert not line.downs()


def test_a_ticker_that_is_dead_at_the_open_is_found_three_seconds_into_it():
    line = Line(TRADING_DAY, time(9, 14, 50)).opened()

    line.run(60)

    assert line.downs()[0][0] == 13.0


def test_indices_owe_nothing_once_the_shares_have_closed_though_options_trade():
    line = alive(time(15, 14, 40))

    line.each_second([HEARTBEAT], 600)

    assert not [down for down in line.downs() if down[0] > 20]


def test_who_could_not_listen_for_a_while_holds_no_silence_against_the_broker():
    line = alive()

    line.now_ns += 60 * SECOND_NS
    line.run(2.9)
    line.tell(MOVING[0])
    line.run(2.9)

    assert not line.downs()
