"""The line that a person reads in `systemctl status`."""

from __future__ import annotations

from datetime import date, time

from msgspec.structs import replace

from daemon.app.machine.standing import head, standing
from daemon.domain.instants import at
from daemon.domain.orders.words import Side
from daemon.kill import Latch
from daemon.messages import AccountSeen, LegSeen, RiskSeen, WatchSeen

HEAD = head("paper", at(date(2026, 3, 9), time(9, 21, 14)))
ACCOUNT = AccountSeen("paper", "paper", True, "", (), (), (), (), 0)
LEG = LegSeen("ce", "NIFTY", Side.SELL, -65, 1, 1, 0, 0, 0, 1, 0)
STRAY = replace(LEG, unguarded_because=("no_rule",))
FLAT = replace(LEG, quantity=0)


def told(*legs: LegSeen, account: AccountSeen = ACCOUNT, latches: tuple[Latch, ...] = ()) -> str:
    watch = WatchSeen("s", "open", "NONE", 0, 0, 0, 0, None, legs)
    return standing(HEAD, RiskSeen(0, True, (watch,)), (account,), latches)


def test_with_nothing_open_it_says_so():
    assert told(FLAT) == "PAPER, market time 2026-03-09 09:21:14; nothing is open"


def test_it_says_how_many_open_legs_are_guarded():
    assert told(LEG, STRAY, FLAT).endswith("; 1 of 2 open legs guarded")


def test_it_says_whose_book_is_not_read_and_why():
    unread = replace(ACCOUNT, reconciled=False)
    because = replace(unread, unread="no session")
    assert told(account=unread).endswith("; the broker's book of paper is not read")
    assert told(account=because).endswith("; the broker's book of paper is not read: no session")


def test_it_says_which_exits_are_owed_who_takes_no_entries_and_what_is_latched():
    account = replace(ACCOUNT, paused="lunch", exits_owed=("x", "y"))
    latch = Latch("kill-1", "kill", "all", "", "enough", "ann", 1)

    assert told(LEG, account=account, latches=(latch,)).split("; ")[1:] == [
        "1 of 1 open legs guarded",
        "exits under way: 2",
        "paper takes no entries: lunch",
        "kill kill-1 is latched",
    ]
