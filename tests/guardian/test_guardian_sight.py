"""What a guardian sees at brokers: what is open, what waits, and what nobody can see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time

import pytest
from msgspec.structs import replace

from daemon.domain.instants import at
from daemon.domain.orders.words import Product, Side, State
from daemon.errors import BrokerUnavailable, SessionRefused
from daemon.guardian.decision import Exposure
from daemon.guardian.sight import BrokerSight
from daemon.messages import AccountRead, AccountUnread, BrokerOrder, BrokerPosition

DAY = date(2026, 3, 9)
NOON, EVENING = at(DAY, time(12)), at(DAY, time(18))
CALL = "NIFTY-2026-03-10-22900-CE"
FLAT, OPEN, UNREAD = Exposure.FLAT, Exposure.OPEN, Exposure.UNREAD
HIDDEN, WAITING = Exposure.HIDDEN, Exposure.WAITING


def book(*held: BrokerPosition, rests: bool = False) -> AccountRead:
    order = BrokerOrder("", "1", CALL, Side.BUY, 65, State.WORKING, 0, 0)
    return AccountRead((order,) if rests else (), held, NOON)


def without_shares(read: AccountRead) -> AccountUnread:
    return AccountUnread("no answer", NOON, answered=True, sharesless=read)


SHORT = book(BrokerPosition(CALL, -65))
NO_SESSION, AWAY = SessionRefused("no session"), BrokerUnavailable("the line is down")
CUT = AccountUnread("no answer", NOON)


class Way:
    """A way that leads to what a test says."""

    account, stands = "zed", True

    def __init__(self, *shown: object) -> None:
        self.shown = list(shown)
        self.door, self.asked = self, 0

    async def take_up(self) -> None:
        """Use the session."""
        if isinstance(self.shown[0], Exception):
            raise self.shown[0]

    async def ask(self, _: object) -> Sequence[object]:
        """Read the book."""
        self.asked += 1
        told = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        self.stands = told is not CUT or not isinstance(self.shown[0], SessionRefused)
        return ("what happened", told)


class Ways:
    """Ways that are there, or cannot be opened."""

    def __init__(self, *ways: Way, now_ns: int = NOON) -> None:
        self.ways, self.at_ns, self.closed, self.fails = ways, now_ns, 0, False

    def all(self) -> Sequence[Way]:
        """Return them."""
        if self.fails:
            raise AWAY
        return self.ways

    def now_ns(self) -> int:
        """Return market time."""
        return self.at_ns

    async def close(self) -> None:
        """Let go of them."""
        self.closed += 1


OWNED = (BrokerPosition("INFY", 100, Product.CARRY),)


def sight_at(ways: Ways) -> BrokerSight:
    return BrokerSight(ways, lambda: None)


@pytest.mark.parametrize(
    ("shown", "trading", "resting"),
    [
        (book(), FLAT, FLAT),
        (book(BrokerPosition(CALL, 0)), FLAT, FLAT),
        (SHORT, OPEN, WAITING),
        (book(BrokerPosition(CALL, 65, Product.CARRY)), OPEN, WAITING),
        (book(rests=True), OPEN, WAITING),
        # sold out of the owner's own shares, and beyond them
        (replace(book(BrokerPosition("INFY", -40, Product.CARRY)), owned=OWNED), FLAT, FLAT),
        (replace(book(BrokerPosition("INFY", -100, Product.CARRY)), owned=OWNED), FLAT, FLAT),
        (replace(book(BrokerPosition("INFY", -101, Product.CARRY)), owned=OWNED), OPEN, WAITING),
        (replace(book(BrokerPosition("INFY", -40)), owned=OWNED), OPEN, WAITING),
        (replace(book(), owned=OWNED), FLAT, FLAT),
        # what Ordo never orders it cannot close
        (book(BrokerPosition("MCX:GOLD26DECFUT", 1)), FLAT, FLAT),
        (book(BrokerPosition("SBIN:MTF", 10)), FLAT, FLAT),
        # without the shares of earlier days
        (without_shares(book()), FLAT, FLAT),
        (without_shares(SHORT), OPEN, WAITING),
        (without_shares(book(BrokerPosition("INFY", -40, Product.CARRY))), UNREAD, HIDDEN),
        (CUT, UNREAD, HIDDEN),
        (AWAY, UNREAD, HIDDEN),
        (NO_SESSION, HIDDEN, HIDDEN),
    ],
)
async def test_what_an_account_shows_is_open_flat_or_cannot_be_seen(shown, trading, resting):
    for at_ns, exposure in ((NOON, trading), (EVENING, resting)):
        sight = sight_at(Ways(Way(shown), now_ns=at_ns))
        assert await sight.look() is exposure
        assert bool(sight.why) is (trading in (UNREAD, HIDDEN))
        assert sight.rests is (at_ns == EVENING)


@pytest.mark.parametrize(
    ("day", "wall", "exposure"),
    [
        (date(2027, 1, 1), time(12), OPEN),
        (date(2027, 1, 1), time(18), WAITING),
        (date(2027, 1, 2), time(12), WAITING),
    ],
    ids=["in the hours of a weekday", "in the evening", "at a weekend"],
)
async def test_on_a_day_that_no_table_knows_what_is_open_waits_outside_the_usual_hours(
    day, wall, exposure
):
    sight = sight_at(Ways(Way(SHORT), now_ns=at(day, wall)))
    assert await sight.look() is exposure
    assert sight.rests is (exposure is WAITING)


@pytest.mark.parametrize(
    ("accounts", "exposure"),
    [
        ((book(), SHORT, NO_SESSION), OPEN),
        ((book(), CUT, NO_SESSION), UNREAD),
        ((book(), NO_SESSION), HIDDEN),
        ((book(), book()), FLAT),
    ],
)
async def test_of_several_accounts_the_gravest_is_told(accounts, exposure):
    assert await sight_at(Ways(*map(Way, accounts))).look() is exposure


async def test_a_session_that_dies_while_its_book_is_read_is_none():
    sight = sight_at(Ways(Way(CUT, NO_SESSION)))
    assert await sight.look() is HIDDEN
    assert sight.why == "no session"


async def test_a_stand_in_that_does_not_say_the_time_is_unread():
    ways = Ways()
    ways.fails = True
    sight = sight_at(ways)
    assert await sight.look() is UNREAD
    assert sight.why == "the line is down"


async def test_while_the_exchange_rests_what_was_seen_there_is_said_again_for_a_while():
    way = Way(SHORT)
    ways = Ways(way, now_ns=EVENING)
    sight = sight_at(ways)
    assert [await sight.look() for _ in range(61)] == [WAITING] * 61
    assert way.asked == 1
    await sight.look()
    assert way.asked == 2
    ways.at_ns = NOON
    assert await sight.look() is OPEN


async def test_what_was_seen_while_the_exchange_traded_is_not_said_again_once_it_rests():
    """What is open would be taken over for in a market that is shut."""
    ways = Ways(Way(SHORT))
    sight = sight_at(ways)
    seen = [await sight.look()]
    ways.at_ns = EVENING
    assert [*seen, await sight.look()] == [OPEN, WAITING]


async def test_who_let_go_looks_anew():
    way = Way(SHORT)
    ways = Ways(way, now_ns=EVENING)
    sight = sight_at(ways)
    await sight.look()
    await sight.let_go()
    await sight.look()
    assert (way.asked, ways.closed) == (2, 1)


async def test_with_each_account_its_own_manager_hears_that_it_lives():
    lived: list[int] = []
    await BrokerSight(Ways(Way(book()), Way(book())), lambda: lived.append(1)).look()
    assert lived == [1, 1]


@pytest.mark.parametrize(
    ("shown", "exposure"),
    [
        ((book(), SHORT), OPEN),
        ((SHORT, book()), OPEN),
        ((SHORT, CUT), OPEN),
        ((AWAY, SHORT), OPEN),
        ((NO_SESSION, SHORT), OPEN),
        ((book(), CUT), UNREAD),
        ((NO_SESSION, CUT), UNREAD),
        ((book(), NO_SESSION), HIDDEN),
    ],
)
async def test_of_several_accounts_what_is_open_counts_before_what_cannot_be_seen(shown, exposure):
    assert await sight_at(Ways(*map(Way, shown))).look() is exposure
