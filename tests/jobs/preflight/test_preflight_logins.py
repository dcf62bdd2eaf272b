"""Who lets an account log in without a person is told each day what that means."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.jobs.preflight.findings import Verdict
from daemon.jobs.preflight.logins import headless
from daemon.settings import Account, Settings


def test_an_account_that_logs_in_without_a_person_is_warned_of_with_the_way_back():
    alone = Account(id="zed", broker="zerodha", headless_login=True)
    by_hand = Account(id="other", broker="zerodha")
    (told,) = headless(replace(Settings(), accounts=(by_hand, alone)))

    assert (told.verdict, told.mend[:24]) == (Verdict.WARN, "take headless_login out ")
    assert told.evidence.startswith("zed logs in without a person: Zerodha asks its clients")
    assert list(headless(Settings())) == []
