"""Shares of earlier days are those of the present day, or not known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import time, timedelta

import pytest

from daemon.brokers.zerodha import shares
from daemon.brokers.zerodha.shares import Shares
from daemon.domain.instants import SECOND_NS, at
from daemon.domain.orders.words import Product
from daemon.messages import BrokerPosition
from tests.kit.kite_account import DAY, NOW, KiteAccount, kite_account
from tests.kit.kite_script import CLOSES, DEAD, HANGS, PAGE, no, yes

ROW = {
    "exchange": "NSE", "tradingsymbol": "SBIN", "average_price": 1, "quantity": 7,
    "t1_quantity": 0, "opening_quantity": 7,
}  # fmt: skip
ROUTE = "GET /portfolio/holdings"
MINUTE_NS = 60 * SECOND_NS
SEVEN = (BrokerPosition("SBIN", 7, Product.CARRY),)


@pytest.fixture
async def account() -> AsyncIterator[KiteAccount]:
    async with kite_account() as made:
        await made.log_in()
        made.script.on(ROUTE, yes([ROW]))
        yield made


def of(account: KiteAccount) -> Shares:
    return Shares(account.client, account.contracts.symbol_of)


@pytest.mark.parametrize("bad", [PAGE, CLOSES, yes({}), no(403, "PermissionException")])
async def test_those_read_last_stand_in_where_they_cannot_be_read_and_are_asked_for_a_minute_later(
    account, bad
):
    known = of(account)
    assert await known.keep_up(NOW) == ""
    account.script.on(ROUTE, bad)
    assert await known.keep_up(NOW + MINUTE_NS) == ""
    asked = len(account.script.asked)

    assert await known.keep_up(NOW + 2 * MINUTE_NS - 1) == ""
    assert (known.owned, len(account.script.asked)) == (SEVEN, asked)
    account.script.on(ROUTE, yes([ROW | {"opening_quantity": 9}]))
    assert await known.keep_up(NOW + 2 * MINUTE_NS) == ""
    assert [each.net_quantity for each in known.owned] == [9]


async def test_those_read_last_stand_in_where_the_broker_hangs(account, monkeypatch):
    monkeypatch.setattr(shares, "_BRIEF_MS", 50)
    known = of(account)
    await known.keep_up(NOW)
    account.script.on(ROUTE, HANGS)

    assert (await known.keep_up(NOW + MINUTE_NS), known.owned) == ("", SEVEN)


async def test_where_none_were_read_it_is_said_why_and_asked_again_five_seconds_later(account):
    """A reading of the account is worth much without them, and does not wait for them each time."""
    account.script.on(ROUTE, no(403, "PermissionException", "no holdings here"))
    known = of(account)
    why = await known.keep_up(NOW)

    assert why.startswith("the shares of earlier days are not known: ")
    assert "no holdings here" in why
    account.script.on(ROUTE, yes([ROW]))
    later_ns = NOW + 5 * SECOND_NS
    assert (await known.keep_up(later_ns - 1), known.owned) == (why, ())
    assert (await known.keep_up(later_ns), known.owned) == ("", SEVEN)


async def test_what_was_not_read_for_want_of_a_session_is_asked_for_as_soon_as_there_is_one(
    account,
):
    account.script.on(ROUTE, DEAD)
    known = of(account)
    assert "not known" in await known.keep_up(NOW)

    account.script.on(ROUTE, yes([ROW]))
    await account.log_in()
    assert (await known.keep_up(NOW), known.owned) == ("", SEVEN)


async def test_what_was_not_known_on_one_day_is_asked_for_at_once_on_the_next(account):
    account.script.on(ROUTE, yes([ROW]))
    known = of(account)
    late_ns = at(DAY, time(23, 59, 59))
    await known.keep_up(late_ns - MINUTE_NS)
    account.script.on(ROUTE, PAGE)
    assert await known.keep_up(late_ns) == ""

    account.script.on(ROUTE, yes([ROW | {"opening_quantity": 9}]))
    assert await known.keep_up(late_ns + 2 * SECOND_NS) == ""
    assert [each.net_quantity for each in known.owned] == [9]


@pytest.mark.parametrize(
    ("read_at", "wanted_at", "stand"),
    [
        ((0, time(8, 30)), (0, time(8, 59)), True),
        ((0, time(8, 30)), (0, time(9)), False),
        ((0, time(9)), (0, time(23, 59)), True),
        ((0, time(15)), (1, time(0)), False),
        ((0, time(15)), (1, time(9, 15)), False),
        ((1, time(8)), (1, time(9, 15)), False),
    ],
)
async def test_those_of_another_day_or_of_its_small_hours_do_not_stand_in(
    account, read_at, wanted_at, stand
):
    read_ns, wanted_ns = (
        at(DAY + timedelta(days=days), wall) for days, wall in (read_at, wanted_at)
    )
    known = of(account)
    await known.keep_up(read_ns)
    account.script.on(ROUTE, PAGE)

    assert (await known.keep_up(wanted_ns) == "") is stand
