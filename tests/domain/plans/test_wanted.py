"""What the strategies of a day must be shown, and what is left out where there is no room."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.domain.market import expiries
from daemon.domain.money import e4
from daemon.domain.plans.wanted import Shown, Wanted, shown, wanted
from tests.kit.plans import CALL, FUTURE, PUT, STOCK, plan

DAY = date(2026, 3, 9)
WEEK, MONTH = date(2026, 3, 10), date(2026, 3, 30)


def needs(*plans, day=DAY) -> Wanted:
    return wanted(plans, day, expiries)


@pytest.mark.parametrize(
    ("plans", "symbols", "chains"),
    [
        ([], (), ()),
        ([plan()], ("NIFTY",), (("NIFTY", WEEK),)),
        ([plan(legs=CALL + PUT), plan()], ("NIFTY",), (("NIFTY", WEEK),)),
        ([plan(legs=FUTURE)], ("NIFTY", f"NIFTY-{MONTH}-FUT"), ()),
        ([plan(legs=STOCK)], ("RELIANCE",), ()),
        (
            [plan(head='basis = "future"')],
            ("NIFTY", f"NIFTY-{MONTH}-FUT"),
            (("NIFTY", WEEK),),
        ),
    ],
)
def test_what_is_measured_on_and_what_is_chosen_from_is_wanted_once(plans, symbols, chains):
    assert needs(*plans) == Wanted(symbols, chains)


def test_where_no_table_reaches_only_the_underlying_is_wanted():
    assert needs(plan(head='basis = "future"'), day=date(2045, 3, 9)) == Wanted(("NIFTY",), ())


def option(strike: int, name: str = "NIFTY") -> str:
    return f"{name}-{WEEK}-{strike}-CE"


NIFTY = tuple(option(strike) for strike in (24_000, 25_000, 26_000, 27_000))
BANK = tuple(option(strike, "BANKNIFTY") for strike in (50_000, 55_000, 60_000))
OPTIONS = {("NIFTY", WEEK): NIFTY, ("BANKNIFTY", WEEK): BANK}
MONEY = {"NIFTY": e4(25_100), "BANKNIFTY": e4(55_000)}


def test_everything_is_shown_where_it_fits_whether_it_has_a_price_or_not():
    assert shown(("NIFTY",), OPTIONS, {}, 8) == Shown(("NIFTY", *NIFTY, *BANK))


@pytest.mark.parametrize(
    ("money", "room", "taken"),
    [
        (MONEY, 3, (BANK[1], NIFTY[1])),
        (MONEY, 5, (BANK[1], NIFTY[1], NIFTY[2], NIFTY[0])),
        (MONEY, 1, ()),
        ({"NIFTY": e4(25_100)}, 3, (NIFTY[1], NIFTY[2])),
        ({}, 7, ()),
    ],
)
def test_where_there_is_no_room_for_all_the_nearest_to_the_money_are_shown(money, room, taken):
    """As a share of it, so that no underlying takes the room of another."""
    left_out = len(NIFTY) + len(BANK) - len(taken)
    assert shown(("NIFTY",), OPTIONS, money, room) == Shown(("NIFTY", *taken), left_out)
