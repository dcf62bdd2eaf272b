from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from daemon.domain.money import e4
from daemon.settings import FeedKind, Mode, Settings, SettingsRefused, load
from daemon.settings.variables import READ_ELSEWHERE
from tests.kit.settings_file import loaded, refusals
from tests.kit.tidy import ROOT

TWO = (
    '[[accounts]]\nid = "main-book"\nbroker = "paper"\n'
    '[[accounts]]\nid = "other"\nbroker = "demo"\ncash = 5\n'
)

READ = {
    "a whole number": ("ORDO_FEED__SEED", " 1_000 ", lambda s: s.feed.seed, 1_000),
    "a percentage": (
        "ORDO_RISK__COLLAR_PERCENT",
        "12.5",
        lambda s: s.risk.collar_percent_e4,
        125_000,
    ),
    "a word or a number": ("ORDO_FEED__SPEED", "0.5", lambda s: s.feed.speed_e4, 5_000),
    "the word": ("ORDO_FEED__SPEED", "max", lambda s: s.feed.speed_e4, 0),
    "a choice": ("ORDO_DAEMON__MODE", "paper", lambda s: s.daemon.mode, Mode.PAPER),
    "another choice": ("ORDO_FEED__KIND", "replay", lambda s: s.feed.kind, FeedKind.REPLAY),
    "a day": ("ORDO_FEED__FIRST_DAY", " 2026-04-06", lambda s: s.feed.first_day, date(2026, 4, 6)),
    "a path": ("ORDO_DAEMON__STATE_DIR", "/a b", lambda s: s.daemon.state_dir, Path("/a b")),
    "a list of numbers": (
        "ORDO_RISK__LADDER_STEPS_PERCENT",
        "0, 2,5.5",
        lambda s: s.risk.ladder_steps_percent_e4,
        (0, 20_000, 55_000),
    ),
    "a list of texts": (
        "ORDO_STRATEGIES__AUTOSTART",
        "one,two",
        lambda s: s.strategies.autostart,
        ("one", "two"),
    ),
    "an empty list": ("ORDO_STRATEGIES__AUTOSTART", " ", lambda s: s.strategies.autostart, ()),
    "a key of a broker": (
        "ORDO_BROKERS__PAPER__LATENCY_MS",
        "7",
        lambda s: s.brokers["paper"].latency_ms,
        7,
    ),
    "a key of the preset account": (
        "ORDO_ACCOUNTS__PAPER__CASH",
        "250000",
        lambda s: s.accounts[0].cash_e4,
        e4(250_000),
    ),
    "the one multiple": (
        "ORDO_ACCOUNTS__PAPER__LOTS_MULTIPLIER",
        "1",
        lambda s: s.accounts[0].lots_multiplier,
        1,
    ),
    "an alias": ("DEMO_SEED_CASH", "750000.50", lambda s: s.accounts[0].cash_e4, e4("750000.50")),
    "paper": ("USE_PAPER", "TRUE", lambda s: s.daemon.mode, Mode.PAPER),
    "somebody else's": ("ORDO_TEST_DATA", "x", lambda s: s.daemon.mode, Mode.PAPER),
}


@pytest.mark.parametrize(("name", "text", "value", "expected"), READ.values(), ids=READ)
def test_a_variable_is_read_as_the_kind_of_its_key(name, text, value, expected):
    assert value(loaded("", {name: text})) == expected


def test_a_variable_goes_before_the_file():
    """Also where the file's own value would be refused."""
    settings = loaded("[feed]\nseed = 1\nspeed = -1", {"ORDO_FEED__SPEED": "2"})

    assert (settings.feed.seed, settings.feed.speed_e4) == (1, 20_000)


REFUSED = {
    "not of the kind": (
        {"ORDO_FEED__SEED": "1.5"},
        (
            'ORDO_FEED__SEED in the environment: feed.seed is "1.5"; '
            "write a whole number from 0 to 4,294,967,295"
        ),
    ),
    "another multiple": (
        {"ORDO_ACCOUNTS__PAPER__LOTS_MULTIPLIER": "0"},
        (
            "ORDO_ACCOUNTS__PAPER__LOTS_MULTIPLIER in the environment: accounts[0].lots_multiplier "
            "is 0; write a whole number of times from 1 to 100"
        ),
    ),
    "an element": (
        {"ORDO_RISK__LADDER_STEPS_PERCENT": "0,x"},
        (
            "ORDO_RISK__LADDER_STEPS_PERCENT in the environment: risk.ladder_steps_percent[1] is "
            '"x"; write a percentage from 0 to 50, with at most 4 decimals'
        ),
    ),
    "no day": (
        {"ORDO_FEED__FIRST_DAY": "monday"},
        (
            'ORDO_FEED__FIRST_DAY in the environment: feed.first_day is "monday"; '
            "write a day such as 2026-03-09, without quotes"
        ),
    ),
    "a day that does not exist": (
        {"ORDO_FEED__FIRST_DAY": "2026-02-30"},
        (
            'ORDO_FEED__FIRST_DAY in the environment: feed.first_day is "2026-02-30"; '
            "write a day such as 2026-03-09, without quotes"
        ),
    ),
    "an unknown key": (
        {"ORDO_FEED__SEDE": "1"},
        "ORDO_FEED__SEDE in the environment: feed.sede is unknown; did you mean seed?",
    ),
    "an unknown section": (
        {"ORDO_FED__SEED": "1"},
        "ORDO_FED__SEED in the environment: [fed] is unknown; did you mean feed?",
    ),
    "a section of another version": (
        {"ORDO_AUTH__PORT": "1"},
        (
            "ORDO_AUTH__PORT in the environment: [auth] is unknown here, or of another version; "
            "take it out"
        ),
    ),
    "a broker that is not built": (
        {"ORDO_BROKERS__IB__TIMEOUT_MS": "1"},
        (
            'ORDO_BROKERS__IB__TIMEOUT_MS in the environment: brokers.ib is "ib" '
            "(interactive_brokers), which comes with a later version; "
            'until then write "paper" or "zerodha"'
        ),
    ),
    "one stroke too few": (
        {"ORDO_DAEMON_MODE": "live"},
        "ORDO_DAEMON_MODE in the environment: sets nothing; did you mean ORDO_DAEMON__MODE?",
    ),
    "one stroke too few in the name of an account's": (
        {"ORDO_ACCOUNTS_PAPER_MAX_DAILY_LOSS": "20000"},
        (
            "ORDO_ACCOUNTS_PAPER_MAX_DAILY_LOSS in the environment: sets nothing; "
            "did you mean ORDO_ACCOUNTS__PAPER__MAX_DAILY_LOSS?"
        ),
    ),
    "one stroke too few in the name of a broker's": (
        {"ORDO_BROKERS_PAPER_WRITES_PER_SECOND": "2"},
        (
            "ORDO_BROKERS_PAPER_WRITES_PER_SECOND in the environment: sets nothing; "
            "did you mean ORDO_BROKERS__PAPER__WRITES_PER_SECOND?"
        ),
    ),
    "a key without its section": (
        {"ORDO_STATE_DIR": "/x"},
        ("ORDO_STATE_DIR in the environment: sets nothing; did you mean ORDO_DAEMON__STATE_DIR?"),
    ),
    "a slip besides": (
        {"ORDO_RISK_MAX_ENTIRES": "2"},
        (
            "ORDO_RISK_MAX_ENTIRES in the environment: sets nothing; "
            "did you mean ORDO_RISK__MAX_ENTRIES?"
        ),
    ),
    "nothing near": (
        {"ORDO_QQQ": "2"},
        (
            "ORDO_QQQ in the environment: sets nothing; "
            "write ORDO_SECTION__KEY, such as ORDO_DAEMON__STATE_DIR, or take it out"
        ),
    ),
    "an empty part": (
        {"ORDO_FEED____SEED": "1"},
        (
            "ORDO_FEED____SEED in the environment: names no key; "
            "write ORDO_SECTION__KEY, such as ORDO_DAEMON__STATE_DIR"
        ),
    ),
    "into a key": (
        {"ORDO_DAEMON__MODE": "paper", "ORDO_DAEMON__MODE__X": "1"},
        (
            "ORDO_DAEMON__MODE__X in the environment: leads into mode, no section; "
            "take the variable out, or mend its name"
        ),
    ),
    "onto a section": (
        {"ORDO_BROKERS__PAPER": "1"},
        (
            'ORDO_BROKERS__PAPER in the environment: brokers.paper is "1"; '
            "write a section, with keys such as writes_per_second"
        ),
    ),
    "no such account": (
        {"ORDO_ACCOUNTS__OTHER__CASH": "1"},
        (
            "ORDO_ACCOUNTS__OTHER__CASH in the environment: names no account's key; "
            'write ORDO_ACCOUNTS__ID__KEY; the ids are "paper"'
        ),
    ),
    "an account as a whole": (
        {"ORDO_ACCOUNTS__PAPER": "1"},
        (
            "ORDO_ACCOUNTS__PAPER in the environment: names no account's key; "
            'write ORDO_ACCOUNTS__ID__KEY; the ids are "paper"'
        ),
    ),
    "an alias of nothing": (
        {"USE_PAPER": ""},
        'USE_PAPER in the environment: is ""; write true, or unset it',
    ),
    "cash in words": (
        {"DEMO_SEED_CASH": "lots"},
        (
            'DEMO_SEED_CASH in the environment: accounts[0].cash is "lots"; '
            "write rupees from 1 to 10,000,000,000, with at most 4 decimals"
        ),
    ),
}


@pytest.mark.parametrize(("environ", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_variable_is_refused_by_its_name(environ, sentence):
    assert refusals("", environ) == [sentence]


def test_two_variables_that_contradict_each_other_are_refused():
    told = refusals("", {"USE_PAPER": "true", "ORDO_DAEMON__MODE": "live"})

    assert told[0] == (
        'USE_PAPER in the environment: says paper and ORDO_DAEMON__MODE says "live"; '
        "unset one of them"
    )


def test_an_account_is_named_by_its_id():
    settings = loaded(TWO, {"ORDO_ACCOUNTS__MAIN_BOOK__MAX_LOTS": "3"})

    assert [account.max_lots for account in settings.accounts] == [3, 1_000]


def test_the_cash_of_the_alias_goes_to_every_account_on_paper():
    """A variable that names one account goes before it."""
    settings = loaded(TWO, {"DEMO_SEED_CASH": "9", "ORDO_ACCOUNTS__OTHER__CASH": "7"})

    assert [account.cash_e4 for account in settings.accounts] == [e4(9), e4(7)]


def test_cash_for_nobody_is_told():
    environ = {"DEMO_SEED_CASH": "9", "USE_PAPER": "yes", "ORDO_ACCOUNTS__A__CASH": "1"}

    assert refusals("accounts = 1\ndaemon = 2", environ) == [
        (
            "ORDO_ACCOUNTS__A__CASH in the environment: names no account's key; "
            "write ORDO_ACCOUNTS__ID__KEY; the ids are none"
        ),
        (
            "DEMO_SEED_CASH in the environment: finds no account on paper; "
            "unset it, or add an account on paper"
        ),
        "settings.toml, line 2: [daemon] is 2; write a section, with keys such as state_dir",
        "settings.toml, line 1: [accounts] is 1; write 1 to 20 sections [[accounts]]",
    ]


def test_cash_for_an_unknown_broker_is_not_given():
    environ = {"DEMO_SEED_CASH": "9", "ORDO_ACCOUNTS__A__BROKER": "nobody"}

    told = refusals('accounts = [{ id = "a" }]', environ)

    assert [sentence.split(";")[0] for sentence in told] == [
        "DEMO_SEED_CASH in the environment: finds no account on paper",
        (
            "ORDO_ACCOUNTS__A__BROKER in the environment: accounts[0].broker is "
            '"nobody", an unknown broker'
        ),
    ]


@pytest.mark.parametrize("text", ["1_", "1__0", "_1", "9" * 40, "9" * 5_000, "1_" * 30 + "1"])
def test_a_number_that_is_none_in_toml_is_refused_in_a_sentence(text):
    """The same of a percentage, which would have taken `1__0` for 10."""
    for name in ("ORDO_RISK__MAX_ENTRIES", "ORDO_RISK__COLLAR_PERCENT", "ORDO_FEED__SPEED"):
        (sentence,) = refusals("", {name: text})
        assert sentence.startswith(f"{name} in the environment: ")


def test_what_others_read_and_what_a_cluster_tells_of_a_service_is_passed_over():
    told = {
        "ORDO_SERVICE_HOST": "10.0.0.11",
        "ORDO_SERVICE_PORT": "8000",
        "ORDO_SERVICE_PORT_HTTP": "8000",
        "ORDO_PORT": "tcp://10.0.0.11:8000",
        "ORDO_PORT_8000_TCP": "tcp://10.0.0.11:8000",
        "ORDO_PORT_8000_TCP_ADDR": "10.0.0.11",
        "ORDO_REDIS_SERVICE_HOST": "10.0.0.12",
        "ORDO_REDIS_SERVICE_PORT_TCP_REDIS": "6379",
        "ORDO_REDIS_PORT": "tcp://10.0.0.12:6379",
        "ORDO_REDIS_PORT_6379_TCP_PROTO": "tcp",
        **dict.fromkeys(READ_ELSEWHERE, "1"),
    }

    assert load(None, told) == Settings()


def test_a_port_that_is_no_address_was_meant_for_the_web():
    with pytest.raises(SettingsRefused, match="did you mean ORDO_WEB__PORT"):
        load(None, {"ORDO_PORT": "8001"})


def test_the_ids_of_the_accounts_are_known(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('[[accounts]]\nid = "my-own"\nbroker = "paper"\n')

    with pytest.raises(SettingsRefused, match="did you mean ORDO_ACCOUNTS__MY_OWN__CASH"):
        load(file, {"ORDO_ACCOUNTS_MY_OWN_CASH": "1"})


def test_accounts_that_are_no_list_hide_no_slip(tmp_path):
    file = tmp_path / "settings.toml"
    for accounts in ("accounts = 5", "accounts = [5]", "[[accounts]]\nbroker = 'paper'"):
        file.write_text(accounts)
        with pytest.raises(SettingsRefused, match="ORDO_MODE in the environment: sets nothing"):
            load(file, {"ORDO_MODE": "live"})


def test_every_variable_that_is_read_by_its_name_is_known():
    """A daemon that a test starts has the test's environment, and must not be refused for it."""
    files = [
        *(each for part in ("daemon", "tests") for each in (ROOT / part).rglob("*.py")),
        *(ROOT / "Makefile", ROOT / "deploy" / "Containerfile", *(ROOT / "systemd").iterdir()),
    ]
    named = {
        name
        for file in files
        if file != Path(__file__)
        for name in re.findall(r"\bORDO_[A-Z0-9_]*[A-Z0-9]\b", file.read_text())
        if "__" not in name
    }

    slips = {
        *("ORDO_ACCOUNTS_PAPER_MAX_DAILY_LOSS", "ORDO_DAEMON_STATE_DIR", "ORDO_PORT"),
        "ORDO_RISK_COLLAR_TICKS",
    }
    assert named - slips == READ_ELSEWHERE
