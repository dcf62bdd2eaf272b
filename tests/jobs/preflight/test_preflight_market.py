from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.domain.market import calendar
from daemon.jobs.preflight import market
from daemon.jobs.preflight.findings import Verdict
from daemon.settings import Account, Broker, Feed, FeedKind, Settings
from daemon.settings.schema import Strategies
from tests.kit.plans import text

OK, WARN, FAIL = Verdict
DAY = date(2026, 11, 18)
ID = "nifty-short-straddle"
ZED = (Account(id="zed", broker="zerodha"),)
REPLAY = Settings(feed=Feed(kind=FeedKind.REPLAY))


@pytest.fixture
def folder(tmp_path):
    """A folder of strategies, and a writer into it."""

    def write(name: str, *changes: tuple[str, str], identity: str = "own") -> Path:
        written = text(tail="[risk]\nstop = { rupees = 1 }\n")
        for before, after in (('id = "s"', f'id = "{identity}"'), *changes):
            assert before in written
            written = written.replace(before, after)
        (tmp_path / name).write_text(written)
        return tmp_path / name

    return tmp_path, write


def settings(path: Path, *autostart: str) -> Settings:
    return Settings(strategies=Strategies(paths=(path,), autostart=autostart))


def test_what_ordo_ships_is_valid_on_the_day_that_it_ships():
    found = market.strategies(Settings(), DAY)

    assert found.verdict is OK
    assert found.evidence.endswith(f" valid, their contracts of {DAY} known")


@pytest.mark.parametrize(
    ("feed", "verdict", "told"),
    [
        (Feed(), OK, "known; none takes entries from the start"),
        (Feed(kind=FeedKind.REPLAY), WARN, "from the start, and a recording is played with one"),
    ],
)
def test_an_empty_list_of_what_starts_by_itself_is_told(feed, verdict, told):
    empty = Settings(strategies=Strategies(autostart=()), feed=feed)
    found = market.strategies(empty, DAY)

    assert found.verdict is verdict
    assert found.evidence.endswith(told)


def test_a_refused_strategy_fails_with_its_file_and_every_place(folder):
    path, write = folder
    file = write("wrong.toml", ("strike =", "lots = 0\nexpiry = 3\nstrike ="))
    found = market.strategies(settings(path), DAY)

    assert found.verdict is FAIL
    assert found.evidence.startswith(f"{file}: legs[0].lots: ")
    assert "; legs[0].expiry: " in found.evidence


def test_a_strategy_file_that_cannot_be_read_fails(folder):
    path, _ = folder
    (path / "folder.toml").mkdir()
    found = market.strategies(settings(path), DAY)

    assert (found.verdict, found.evidence) == (
        FAIL,
        f"{path / 'folder.toml'} cannot be read: {os.strerror(21)}",
    )


def test_a_folder_that_is_not_there_fails(folder):
    path, _ = folder
    found = market.strategies(settings(path / "mine", ID), DAY)

    assert found.verdict is FAIL
    assert found.evidence.startswith(f"the folder of strategies {path / 'mine'} cannot be looked")


@pytest.mark.parametrize(
    ("change", "accounts", "verdict"),
    [
        ((), ZED, WARN),
        ((('id = "own"', 'id = "own"\nlive = true'),), ZED, OK),
        ((), (Account(id="paper", broker="paper"), *ZED), OK),
    ],
)
def test_one_that_starts_by_itself_and_did_not_opt_in_is_told(folder, change, accounts, verdict):
    path, write = folder
    file = write("mine.toml", *change)
    found = market.strategies(replace(settings(path, "own"), accounts=accounts), DAY)

    assert found.verdict is verdict
    if verdict is WARN:
        assert found.evidence == (
            f"{file}: it starts by itself and takes no entries in zed: live = false"
        )


def test_an_account_that_is_not_there_fails_with_its_file(folder):
    """A start leaves such a strategy out."""
    path, write = folder
    file = write("mine.toml", ('id = "own"', 'id = "own"\naccounts = ["paper", "zed"]'))
    found = market.strategies(settings(path), DAY)

    assert (found.verdict, found.evidence) == (
        FAIL,
        f"{file}: it trades in account zed; the settings have paper",
    )


def test_an_exit_after_the_broker_closes_by_itself_is_told_where_that_file_counts(folder):
    path, write = folder
    late = ('at = "15:20:00"', 'at = "15:35:00"')
    file = write("mine.toml", late, identity=ID)
    found = market.strategies(replace(settings(path), accounts=ZED), DAY)

    told = (
        f"{file}: zerodha closes intraday positions by itself at 15:25:00, and exit.at is 15:35:00"
    )
    assert (found.verdict, found.evidence) == (WARN, told)


def test_a_percentage_that_reads_as_a_fraction_is_told(folder):
    path, write = folder
    file = write("mine.toml", ("rupees = 1", "premium_percent = 0.3"))
    found = market.strategies(settings(path), DAY)

    told = f"{file}: risk.stop.premium_percent: 0.3 is 0.3 %, not 30 %"
    assert (found.verdict, found.evidence) == (WARN, told)
    assert found.mend == "write 30 where that is meant"


def test_one_id_in_two_files_of_a_folder_fails(folder):
    path, write = folder
    first, second = write("a.toml"), write("b.toml")
    found = market.strategies(settings(path), DAY)

    assert (found.verdict, found.evidence) == (FAIL, f"{second} has the id of {first}")


def test_a_file_of_ones_own_goes_before_one_that_ships(folder):
    path, write = folder
    write("mine.toml", identity=ID)

    assert market.strategies(settings(path, ID), DAY).verdict is OK


def test_a_strategy_that_starts_by_itself_must_be_there(folder):
    path, _ = folder
    found = market.strategies(settings(path, "nobody"), DAY)

    assert (found.verdict, found.evidence) == (
        FAIL,
        "no file holds nobody, which starts by itself",
    )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("any.toml", ('"sell"', '"sells"')),
        ("any.toml", ('"sell"', "")),
        ("own.toml", ('id = "own"', "id = ")),
    ],
    ids=["refused", "half saved", "called after it"],
)
def test_one_that_starts_by_itself_and_is_refused_is_told_by_its_faults_alone(folder, name, change):
    path, write = folder
    file = write(name, change)
    found = market.strategies(settings(path, "own"), DAY)

    assert (found.verdict, found.mend) == (FAIL, "mend the file at these places")
    assert found.evidence.startswith(f"{file}: ")
    assert "no file holds" in market.strategies(settings(path, "elsewhere"), DAY).evidence


def test_a_file_that_cannot_be_read_may_be_that_of_the_strategy_that_it_is_called_after(folder):
    path, _ = folder
    (path / "my_own.toml").mkdir()

    assert "no file holds" not in market.strategies(settings(path, "my-own"), DAY).evidence
    assert "no file holds my," in market.strategies(settings(path, "my"), DAY).evidence


@pytest.mark.parametrize(("autostart", "verdict"), [((), WARN), (("own",), FAIL)])
@pytest.mark.parametrize("day", [date(1999, 1, 1), date(2099, 1, 1)])
def test_contracts_that_no_table_knows_fail_where_the_strategy_starts_by_itself(
    folder, autostart, verdict, day
):
    path, write = folder
    write("own.toml")
    found = market.strategies(settings(path, *autostart), day)

    assert found.verdict is verdict
    assert "own.toml: " in found.evidence


def test_an_underlying_whose_lot_nobody_knows_is_told(folder, monkeypatch):
    path, write = folder
    write("own.toml")

    def unknown(*_, **__):
        raise market.RuleUnknown("no lot is known")

    monkeypatch.setattr(market, "contract", unknown)
    found = market.strategies(settings(path, "own"), DAY)

    assert found.verdict is FAIL
    assert "own.toml: leg " in found.evidence
    assert "no lot is known" in found.evidence


@pytest.mark.parametrize(("days_left", "verdict"), [(30, OK), (29, WARN), (-1, FAIL)])
def test_the_calendar_must_reach_a_month_ahead(days_left, verdict):
    _, last = calendar.coverage()

    assert market.calendar_reach(last - timedelta(days_left)).verdict is verdict


def test_a_day_whose_hours_nobody_published_hinders_and_says_what_is_done_on_it():
    found = market.calendar_reach(date(2026, 11, 8))

    assert (found.verdict, found.mend) == (
        FAIL,
        "what is held is guarded today, and nothing is entered",
    )
    assert "does not know the hours on 2026-11-08" in found.evidence


@pytest.mark.parametrize(("writes", "verdict"), [(8, OK), (9, OK), (10, WARN)])
def test_the_budget_of_a_broker_stays_below_the_exchanges(writes, verdict):
    set_so = replace(Settings(), brokers={"paper": Broker(writes_per_second=writes)})
    found = market.rates(set_so)

    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("account", "broker", "verdict", "said"),
    [
        ("paper", Broker(), OK, "no order leaves"),
        ("zerodha", Broker(), FAIL, "an address it knows alone"),
        ("zerodha", Broker(static_ip="8.8.4.4"), OK, "with money; it takes orders from 8.8.4.4"),
        ("zerodha", Broker(api_root="http://127.0.0.1:8"), OK, "a stand-in at http://127.0.0.1:8"),
    ],
)
def test_of_each_account_it_is_said_where_its_orders_go(account, broker, verdict, said):
    accounts = (Account(id="a", broker=account),)
    (found,) = market.brokers(Settings(accounts=accounts, brokers={account: broker}))

    assert (found.check, found.verdict) == ("broker of a", verdict)
    assert said in found.evidence
