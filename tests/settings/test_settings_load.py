from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import NODEFAULT
from msgspec.structs import fields

from daemon.errors import SettingsError
from daemon.settings import Account, FeedKind, Settings, SettingsRefused, StalePolicy, load
from daemon.settings.reading import Field, fields_of
from daemon.settings.tables import Table
from tests.kit.settings_file import loaded, refusals
from tests.kit.tidy import ROOT

ACCOUNT = '[[accounts]]\nid = "paper"\nbroker = "paper"\n'
LOCK = ACCOUNT + "profit_lock = "

BAD_KEYS = {
    "unknown key": (
        "[risk]\n\nmax_order_lot = 5",
        "settings.toml, line 3: risk.max_order_lot is unknown; did you mean max_order_lots?",
    ),
    "unknown key, nothing near": (
        "[daemon]\nqqq = 5",
        "settings.toml, line 2: daemon.qqq is unknown; known here: state_dir and mode",
    ),
    "unknown section": (
        "[rsik]\nmax_order_lots = 5",
        "settings.toml, line 1: [rsik] is unknown; did you mean risk?",
    ),
    "odd key": (
        '[daemon]\n"a b" = 5',
        "settings.toml, line 2: daemon.'a b' is unknown; known here: state_dir and mode",
    ),
    "below": (
        "[risk]\nmax_order_lots = 0",
        (
            "settings.toml, line 2: risk.max_order_lots is 0; "
            "write a whole number of lots from 1 to 10,000"
        ),
    ),
    "above": (
        "[brokers.paper]\nwrites_per_second = 11",
        (
            "settings.toml, line 2: brokers.paper.writes_per_second is 11; "
            "write a whole number of calls from 2 to 10"
        ),
    ),
    "true is no number": (
        "[feed]\nseed = true",
        "settings.toml, line 2: feed.seed is true; write a whole number from 0 to 4,294,967,295",
    ),
    "a number in quotes": (
        '[feed]\nseed = "1"',
        'settings.toml, line 2: feed.seed is "1"; write a whole number from 0 to 4,294,967,295',
    ),
    "not whole": (
        "[risk]\ncollar_ticks = 2.0",
        (
            "settings.toml, line 2: risk.collar_ticks is 2.0; "
            "write a whole number of prices from 1 to 100"
        ),
    ),
    "too fine": (
        "[risk]\ncollar_percent = 1.00001",
        (
            "settings.toml, line 2: risk.collar_percent is 1.00001; "
            "write a percentage from 0.1 to 100, with at most 4 decimals"
        ),
    ),
    "no number at all": (
        ACCOUNT + "cash = nan",
        (
            "settings.toml, line 4: accounts[0].cash is NaN; "
            "write rupees from 1 to 10,000,000,000, with at most 4 decimals"
        ),
    ),
    "beyond all exponents": (
        ACCOUNT + "cash = 1e99999999999999999999",
        (
            "settings.toml, line 4: accounts[0].cash is NaN; "
            "write rupees from 1 to 10,000,000,000, with at most 4 decimals"
        ),
    ),
    "an amount in quotes": (
        ACCOUNT + 'cash = "5 lakh"',
        (
            'settings.toml, line 4: accounts[0].cash is "5 lakh"; '
            "write rupees from 1 to 10,000,000,000, with at most 4 decimals"
        ),
    ),
    "no such mode": (
        '[daemon]\nmode = "Live"',
        'settings.toml, line 2: daemon.mode is "Live"; write "paper" or "live"',
    ),
    "no such choice": (
        '[feed]\nkind = "Replay"',
        'settings.toml, line 2: feed.kind is "Replay"; write "generated" or "replay" or "broker"',
    ),
    "prices that come later": (
        '[feed]\nkind = "twelve_data"',
        (
            'settings.toml, line 2: feed.kind is "twelve_data", which comes with a later version; '
            'until then write "generated" or "replay" or "broker"'
        ),
    ),
    "a day in quotes": (
        '[feed]\nfirst_day = "2026-03-09"',
        (
            'settings.toml, line 2: feed.first_day is "2026-03-09"; '
            "write a day such as 2026-03-09, without quotes"
        ),
    ),
    "a moment for a day": (
        "[feed]\nfirst_day = 2026-03-09T09:15:00",
        (
            "settings.toml, line 2: feed.first_day is 2026-03-09 09:15:00; "
            "write a day such as 2026-03-09, without quotes"
        ),
    ),
    "standing still": (
        "[feed]\nspeed = 0",
        (
            "settings.toml, line 2: feed.speed is 0; "
            'write a factor from 0.01 to 10,000, with at most 4 decimals, or "max"'
        ),
    ),
    "multiplied lots": (
        ACCOUNT + "lots_multiplier = 0",
        (
            "settings.toml, line 4: accounts[0].lots_multiplier is 0; "
            "write a whole number of times from 1 to 100"
        ),
    ),
    "an account by a word of the record": (
        '[[accounts]]\nid = "settlement"\nbroker = "paper"',
        (
            "settings.toml, line 2: accounts[0].id is a word that the record tells booked orders "
            "by; choose another id, once nothing is open under it"
        ),
    ),
    "nobody to log in": (
        ACCOUNT + "headless_login = true",
        (
            "settings.toml, line 4: accounts[0].headless_login is true, and nobody logs in at that "
            "broker without a person; take it out; it is for accounts at zerodha"
        ),
    ),
    "a section of another version": (
        "\n[auth]\nport = 8787",
        "settings.toml, line 2: [auth] is unknown here, or of another version; take it out",
    ),
    "a key of another version": (
        "[daemon]\nbusy_poll = true",
        (
            "settings.toml, line 2: daemon.busy_poll is unknown here, or of another version; "
            "take it out"
        ),
    ),
    "a section that is a value": (
        "risk = 3",
        "settings.toml, line 1: [risk] is 3; write a section, with keys such as max_order_lots",
    ),
    "named sections that are a value": (
        "brokers = []",
        "settings.toml, line 1: [brokers] is an empty list; write a section [brokers.paper]",
    ),
    "no account": (
        "accounts = []",
        "settings.toml, line 1: [accounts] is an empty list; write 1 to 20 sections [[accounts]]",
    ),
    "an account that is a value": (
        "accounts = [1]",
        "settings.toml, line 1: accounts[0] is 1; write a section, with keys such as id",
    ),
    "a missing key": (
        '\n\n[[accounts]]\nid = "paper"',
        (
            "settings.toml, line 3: accounts[0].broker is missing; "
            'write broker = the name of a broker, such as "paper"'
        ),
    ),
    "an account twice": (
        ACCOUNT + ACCOUNT,
        'settings.toml, line 5: accounts[1].id is "paper" once more; give each its own id',
    ),
    "an odd id": (
        '[[accounts]]\nid = "My Account"\nbroker = "paper"',
        (
            'settings.toml, line 2: accounts[0].id is "My Account"; '
            'write small letters, digits and dashes, at most 32, such as "paper"'
        ),
    ),
    "a broker that is not built": (
        '[[accounts]]\nid = "a"\nbroker = "IBKR"',
        (
            'settings.toml, line 3: accounts[0].broker is "IBKR" (interactive_brokers), which '
            'comes with a later version; until then write "paper" or "zerodha"'
        ),
    ),
    "a broker as a number": (
        '[[accounts]]\nid = "a"\nbroker = 1',
        (
            "settings.toml, line 3: accounts[0].broker is 1; "
            'write the name of a broker, such as "paper"'
        ),
    ),
    "the section of a broker that is not built": (
        "[brokers.fyers]\nwrites_per_second = 5",
        (
            'settings.toml, line 1: brokers.fyers is "fyers", which comes with a later version; '
            'until then write "paper" or "zerodha"'
        ),
    ),
    "one broker under two names": (
        "[brokers.paper]\n[brokers.Demo]",
        "settings.toml, line 2: brokers.Demo is paper once more; write one section",
    ),
    "all slots for exits": (
        "[brokers.paper]\nexit_per_second = 8",
        (
            "settings.toml, line 2: brokers.paper.exit_per_second leaves nothing to entries: "
            "exit_per_second is not below writes_per_second; "
            "keep fewer slots for exits, or allow more writes"
        ),
    ),
    "a lock at its activation": (
        LOCK + "{ at = 500, lock = 500 }",
        (
            "settings.toml, line 4: accounts[0].profit_lock.lock is not below `at`; "
            "lock less than the profit that it begins at"
        ),
    ),
    "half a trail": (
        LOCK + "{ at = 500, lock = 200, by = 5 }",
        (
            "settings.toml, line 4: accounts[0].profit_lock.by stands alone; "
            "write both `every` and `by`, or neither"
        ),
    ),
    "a floor that overtakes": (
        LOCK + "{ at = 500, lock = 200, every = 5, by = 6 }",
        (
            "settings.toml, line 4: accounts[0].profit_lock.by is more than `every`, so the floor "
            "would overtake the profit; write at most `every`"
        ),
    ),
    "a ladder that falls": (
        "[risk]\nladder_steps_percent = [\n  0,\n  3,\n  1,\n]",
        (
            "settings.toml, line 2: risk.ladder_steps_percent[2] is below the one before it; "
            "let the list rise or stay level"
        ),
    ),
    "an empty ladder": (
        "[risk]\nladder_steps_percent = []",
        (
            "settings.toml, line 2: risk.ladder_steps_percent is an empty list; write a list "
            "of 1 to 10 (in brackets; in a variable parted by commas), "
            "each a percentage from 0 to 50, with at most 4 decimals"
        ),
    ),
    "a wrong element": (
        '[strategies]\nautostart = ["a", "b c"]',
        (
            'settings.toml, line 2: strategies.autostart[1] is "b c"; '
            'write the id of a strategy, such as "nifty-short-straddle"'
        ),
    ),
    "an element twice": (
        '[strategies]\nautostart = ["a", "a"]',
        "settings.toml, line 2: strategies.autostart names a more than once; name each once",
    ),
    "a day": (
        "[daemon]\nmode = 2026-11-23",
        'settings.toml, line 2: daemon.mode is 2026-11-23; write "paper" or "live"',
    ),
    "a section for a value": (
        "[daemon.mode]",
        'settings.toml, line 1: daemon.mode is a section; write "paper" or "live"',
    ),
    "a list for a value": (
        "[daemon]\nmode = [1]",
        'settings.toml, line 2: daemon.mode is a list with 1 in it; write "paper" or "live"',
    ),
    "a number beyond all bounds": (
        "[feed]\nseed = 0xffffffffffffffff",
        (
            "settings.toml, line 2: feed.seed is a number out of all bounds; "
            "write a whole number from 0 to 4,294,967,295"
        ),
    ),
    "a home folder": (
        '[daemon]\nstate_dir = "~/ordo"',
        (
            'settings.toml, line 2: daemon.state_dir is "~/ordo"; '
            'write a path in quotes, such as "state" or "/var/lib/ordo" (no ~)'
        ),
    ),
    "an unprintable path": (
        '[daemon]\nstate_dir = "a\\u0000b"',
        (
            "settings.toml, line 2: daemon.state_dir is 'a\\x00b'; "
            'write a path in quotes, such as "state" or "/var/lib/ordo" (no ~)'
        ),
    ),
}


@pytest.mark.parametrize(("text", "sentence"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_wrong_setting_is_refused_with_its_line_key_and_mend(text, sentence):
    assert refusals(text) == [sentence]


@pytest.mark.parametrize("section", ["auth"])
def test_a_section_of_another_version_is_refused_by_its_name(section):
    told = refusals(f"[{section}]")

    sentence = f"line 1: [{section}] is unknown here, or of another version; take it out"
    assert told == [f"settings.toml, {sentence}"]


LATER_KEYS = {
    "daemon": ("durability", "busy_poll"),
    "brokers.paper": ("read_attempts", "read_base_ms"),
    "ledger": ("pool", "pool_overflow"),
    "telemetry": ("traces",),
}


@pytest.mark.parametrize(
    ("section", "key"), [(section, key) for section, keys in LATER_KEYS.items() for key in keys]
)
def test_a_key_of_another_version_is_refused_by_its_name(section, key):
    told = refusals(f"[{section}]\n{key} = 1")

    sentence = f"line 2: {section}.{key} is unknown here, or of another version; take it out"
    assert told == [f"settings.toml, {sentence}"]


def test_all_faults_are_told_at_once():
    """Ten faults in five sections and the environment are one refusal."""
    text = """\
[daemon]
mode = "lively"
state_dri = "x"

[auth]

[[accounts]]
id = "one"
broker = "nobody"
cash = 0

[brokers.paper]
writes_per_second = 99
jitter_ms = -1

[risk]
collar_ticks = "x"
"""
    environ = {"ORDO_FEED__SPEED": "fast", "ORDO_FEED__SED": "1"}

    told = refusals(text, environ)

    places = sorted(sentence.split(";")[0].split(" is ")[0] for sentence in told)
    assert places == [
        "ORDO_FEED__SED in the environment: feed.sed",
        "ORDO_FEED__SPEED in the environment: feed.speed",
        "settings.toml, line 10: accounts[0].cash",
        "settings.toml, line 13: brokers.paper.writes_per_second",
        "settings.toml, line 14: brokers.paper.jitter_ms",
        "settings.toml, line 17: risk.collar_ticks",
        "settings.toml, line 2: daemon.mode",
        "settings.toml, line 3: daemon.state_dri",
        "settings.toml, line 5: [auth]",
        "settings.toml, line 9: accounts[0].broker",
    ]


def test_a_refusal_carries_each_fault_and_is_a_settings_error():
    with pytest.raises(SettingsError) as refused:
        loaded("[daemon]\nmode = 1\nstate_dir = 2")

    assert isinstance(refused.value, SettingsRefused)
    assert [fault.key for fault in refused.value.faults] == ["daemon.state_dir", "daemon.mode"]
    assert [fault.mend for fault in refused.value.faults] == [
        'write a path in quotes, such as "state" or "/var/lib/ordo" (no ~)',
        'write "paper" or "live"',
    ]


def test_an_empty_file_gives_the_presets():
    assert loaded("") == Settings()


def test_without_a_file_the_presets_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert load(None, {}) == Settings()


def test_the_file_of_the_working_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text("[feed]\nseed = 7\n")

    assert load(None, {}).feed.seed == 7


def test_a_link_that_leads_nowhere_is_not_taken_for_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").symlink_to("gone.toml")

    with pytest.raises(SettingsRefused, match=r"settings\.toml: cannot be read: No such file"):
        load(None, {})


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.settings.loading.DEFAULT_PATH", tmp_path / ("x" * 300))

    with pytest.raises(SettingsRefused, match="cannot be read: File name too long"):
        load(None, {})


def test_the_shipped_file_states_every_preset():
    """The file at the root says what an empty one does, and names every key."""
    path = ROOT / "settings.toml"
    text = path.read_text()
    written = {key for table in tables() for key in (field.key for field in fields_of(table))}

    assert load(path, {}) == Settings()
    assert {key for key in written if not re.search(rf"\b{key}\b", text)} == set()


def tables() -> list[type[Table]]:
    found: list[type[Table]] = [Settings]
    for table in found:
        found += [field.table for field in fields_of(table) if field.table]
    return found


def leaves() -> Iterator[Any]:
    for table in tables():
        for info, field in zip(fields(table), fields_of(table), strict=True):
            if field.table is None:
                yield pytest.param(field, info.default, id=f"{table.__name__}.{field.key}")


@pytest.mark.parametrize(("field", "preset"), list(leaves()))
def test_each_preset_lies_within_its_bounds(field, preset):
    """A preset, written as a trader would, is accepted and read as itself."""
    text = written_form(field, preset)

    assert text is None or field.shape.read(field.shape.typed(text)) == preset


def written_form(field: Field, preset: Any) -> str | None:
    """Return a preset as a text; none where it stands for the absence of the key."""
    if field.key == "speed":
        return str(preset // 10_000)
    money = field.name.endswith("_e4")
    if preset is NODEFAULT or preset is None or (preset == 0 and money):
        return None
    if isinstance(preset, tuple):
        return ",".join(str(one // 10_000 if money else one) for one in preset)
    return str(preset // 10_000 if money else preset)


def test_each_number_has_bounds():
    """No kind is a bare type: whatever the key takes is said in words."""
    kinds = [field.shape for table in tables() for field in fields_of(table) if not field.table]

    assert all(kind.expected and not inspect.isclass(kind) for kind in kinds)


def test_what_is_written_is_read():
    settings = loaded(
        """\
[daemon]
state_dir = "/var/lib/ordo"
[feed]
kind = "replay"
path = "days"
first_day = 2026-04-06
speed = "max"
interval_ms = 5_000
[[accounts]]
id = "first"
broker = "Paper"
cash = 500_000.25
max_daily_loss = 20_000
[[accounts]]
id = "second"
broker = "paper-trading"
profit_lock = { at = 10_000, lock = 5_000, every = 2_000, by = 1_000 }
[brokers."paper trading"]
latency_ms = 0
timeout_ms = 2_000
[risk]
collar_percent = 12.5
ladder_steps_percent = [0, 0.5, 2]
[strategies]
paths = ["mine", "strategies"]
autostart = []
"""
    )

    assert (settings.feed.kind, settings.feed.path) == (FeedKind.REPLAY, Path("days"))
    assert settings.feed.first_day == date(2026, 4, 6)
    assert (settings.feed.speed_e4, settings.feed.interval_ms) == (0, 5_000)
    assert settings.daemon.state_dir == Path("/var/lib/ordo")
    first, second = settings.accounts
    assert first == Account(
        id="first", broker="paper", cash_e4=5_000_002_500, max_daily_loss_e4=200_000_000
    )
    assert (second.id, second.broker) == ("second", "paper")
    assert second.profit_lock is not None
    assert second.profit_lock.every_e4 == 20_000_000
    assert settings.brokers["paper"].latency_ms == 0
    assert settings.brokers["paper"].timeout_ms == 2_000
    assert settings.risk.collar_percent_e4 == 125_000
    assert settings.risk.ladder_steps_percent_e4 == (0, 5_000, 20_000)
    assert settings.risk.stale_policy is StalePolicy.HOLD
    assert settings.strategies.paths == (Path("mine"), Path("strategies"))
    assert settings.strategies.autostart == ()


SECTIONS = st.sampled_from(
    ["[daemon]", "[feed]", "[[accounts]]", "[brokers.paper]", "[brokers.kite]", "[risk]", "[web]"]
)
KEYS = st.sampled_from([field.key for table in tables() for field in fields_of(table)]) | st.text(
    "abz_.\"'- é", max_size=6
)
VALUES = st.sampled_from(
    [
        "0",
        "-1",
        "1",
        "true",
        '"paper"',
        '"max"',
        "1.5",
        "nan",
        "1e999",
        "[]",
        "[1, 'a']",
        "{}",
        "{ at = 5 }",
        "07:00:00",
        "1979-05-27",
        '"""\na"""',
        "[\n1,\n2]",
        '"\\u0000"',
        "0xffff",
        "",
    ]
) | st.text(max_size=8)
LINES = SECTIONS | st.builds("{} = {}".format, KEYS, VALUES) | st.text(max_size=12)
VARIABLES = st.dictionaries(
    st.sampled_from(
        [
            "ORDO_FEED__SEED",
            "ORDO_ACCOUNTS__PAPER__CASH",
            "ORDO_A__B",
            "ORDO_DAEMON__MODE__X",
            "USE_PAPER",
            "DEMO_SEED_CASH",
            "ORDO_RISK__LADDER_STEPS_PERCENT",
            "ORDO___",
            "HOME",
            "ORDO_ACCOUNTS__X",
            "ORDO_BROKERS__PAPER",
            "ORDO_RISK_COLLAR_TICKS",
        ]
    ),
    st.sampled_from(["true", "false", "", "1", "0,1,3", "paper", "nan", "\udcff"]) | st.text(),
    max_size=4,
)


@given(st.lists(LINES, max_size=12).map("\n".join) | st.text(), VARIABLES)
def test_any_text_gives_settings_or_their_refusal(text, environ):
    """Whatever stands in the file and the environment, nothing else comes out."""
    assert_settings_or_faults(text.encode("utf-8", "replace"), environ)


@given(st.binary(max_size=60))
def test_any_bytes_give_settings_or_their_refusal(data):
    assert_settings_or_faults(data, {})


def assert_settings_or_faults(data: bytes, environ: dict[str, str]) -> None:
    faults = ()
    try:
        settings = loaded(data, environ)
    except SettingsRefused as refused:
        settings, faults = None, refused.faults
    assert isinstance(settings, Settings) or faults
    assert all(fault.where and fault.what and fault.mend for fault in faults)
