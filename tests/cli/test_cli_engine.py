from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.app.at_brokers.accounts import traded_in
from daemon.cli.engine import (
    accounts_for,
    find_plan,
    idle_plans,
    load_settings,
    replays_of,
    started_plans,
)
from daemon.errors import SettingsError, StrategyError
from daemon.settings import Settings
from daemon.settings.schema import Strategies
from tests.kit.plans import SHIPPED, parse, plan, text
from tests.kit.settings_file import loaded

TWO = '[[accounts]]\nid = "first"\nbroker = "paper"\ncash = 5\n[[accounts]]\nid = "second"\n'
ACCOUNTS = loaded(TWO + 'broker = "paper"\n')


@pytest.fixture
def folders(tmp_path):
    """Two folders of strategies; returns settings that look there, and a writer."""
    paths = (tmp_path / "mine", tmp_path / "ours")
    for path in paths:
        path.mkdir()

    def write(name: str, identity: str, folder: int = 0, target: int = 1) -> Path:
        file = paths[folder] / name
        tail = f"[risk]\nstop = {{ rupees = {target} }}\n"
        file.write_text(text(tail=tail).replace('id = "s"', f'id = "{identity}"'))
        return file

    return Settings(strategies=Strategies(paths=paths)), write


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_what_ordo_ships_is_found_by_its_id(file):
    shipped = parse(file.read_bytes())

    assert find_plan(shipped.id, Settings()) == shipped


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_cannot_be_looked_into_lets_no_other_strategy_of_the_id_trade(
    tmp_path, there
):
    """What Ordo ships has the same ids as what people change."""
    folder = tmp_path / "mine"
    if there:
        folder.write_text("no folder")
    settings = Settings(strategies=Strategies(paths=(folder,)))
    amiss = f"the folder of strategies {folder} cannot be looked into: "

    with pytest.raises(SettingsError, match=f"{amiss}N.*; mend .strategies. paths"):
        find_plan("nifty-short-straddle", settings)
    assert idle_plans(settings, ())[1][0].startswith(amiss)


def test_the_preset_folder_need_not_be_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert find_plan("nifty-short-straddle", Settings()).id == "nifty-short-straddle"
    assert idle_plans(Settings(), ()) == ({}, [], {})


def test_a_file_of_the_settings_folders_is_found_by_its_id(folders):
    settings, write = folders
    write("any_name.toml", "mine")

    assert find_plan("mine", settings).id == "mine"


def test_the_first_folder_goes_before_the_next_and_both_before_what_ordo_ships(folders):
    """Three strategies under one id: the owner's own is the one that runs."""
    settings, write = folders
    name = "nifty-short-straddle"
    ours = write(f"{name}.toml", name, folder=1, target=2)
    assert find_plan(name, settings) == parse(ours.read_bytes())
    mine = write(f"{name}.toml", name, folder=0, target=3)

    assert find_plan(name, settings) == parse(mine.read_bytes())


def test_a_strategy_is_its_id_and_not_the_name_of_its_file(folders):
    settings, write = folders
    write("first.toml", "second")
    second = write("other.toml", "first", target=7)

    assert find_plan("first", settings) == parse(second.read_bytes())


def test_a_fault_in_another_file_is_not_met_where_a_file_is_called_after_its_id(folders):
    settings, write = folders
    write("a_broken.toml", "broken").write_text("id = ")
    write("good_one.toml", "good-one")

    assert find_plan("good-one", settings).id == "good-one"


BROKEN = text().replace('id = "s"', 'id = "broken"').replace('"sell"', '"sells"')


@pytest.mark.parametrize("broken", [BROKEN, "id = ", None], ids=["refused", "half saved", "unread"])
def test_a_file_of_another_strategy_that_is_refused_hinders_none(folders, broken):
    settings, write = folders
    file = write("a_broken.toml", "broken")
    if broken is None:
        file.unlink()
        file.mkdir()
    else:
        file.write_text(broken)
    write("under_another_name.toml", "good-one")

    assert find_plan("good-one", settings).id == "good-one"
    named, left_out = started_plans(starting(settings, "good-one"), goes_on=True)
    assert ([plan.id for _, plan in named], left_out) == (["good-one"], {})


@pytest.mark.parametrize("is_half_saved", [False, True])
@pytest.mark.parametrize("name", ["mine.toml", "any_name.toml"])
def test_a_file_of_the_strategy_itself_that_is_refused_lets_no_other_of_the_id_trade(
    folders, name, is_half_saved
):
    settings, write = folders
    file = write(name, "mine")
    file.write_text(file.read_text().replace('"sell"', "" if is_half_saved else '"sells"'))
    write("other.toml", "mine", folder=1)

    with pytest.raises(StrategyError) as refused:
        find_plan("mine", settings)
    assert refused.value.__notes__[-1] == f"in {file}"


def starting(settings: Settings, *names: str) -> Settings:
    return replace(settings, strategies=replace(settings.strategies, autostart=names))


def test_a_fault_in_a_file_names_the_file(folders):
    settings, write = folders
    broken = write("a_broken.toml", "broken")
    broken.write_text(text().replace("lots = 1", "").replace("[exit]", "[exits]"))
    with pytest.raises(StrategyError) as refused:
        find_plan("elsewhere", settings)

    assert refused.value.__notes__[-1] == f"in {broken}"


def test_an_id_that_nobody_has_is_refused_with_those_that_are_there(folders):
    settings, write = folders
    write("my_own.toml", "my-own")
    with pytest.raises(
        SettingsError, match="no strategy has the id nobody; there are: "
    ) as refused:
        find_plan("nobody", settings)

    assert "my-own" in str(refused.value)
    assert "nifty-iron-condor" in str(refused.value)


def test_a_folder_is_no_strategy_file(tmp_path):
    (tmp_path / "a.toml").mkdir()
    with pytest.raises(SettingsError, match=r"a\.toml cannot be read: Is a directory"):
        find_plan(str(tmp_path / "a.toml"), Settings())


@pytest.mark.parametrize(
    ("head", "accounts"),
    [
        ("", ["first"]),
        ('accounts = ["second"]', ["second"]),
        ('accounts = ["second", "first"]', ["second", "first"]),
    ],
)
def test_a_strategy_trades_in_the_accounts_that_it_names_or_in_the_first(head, accounts):
    known = accounts_for(ACCOUNTS, [plan(head=head)])

    assert [each.id for each in traded_in(plan(head=head), known)] == accounts


def test_a_daemon_runs_every_account_of_the_settings():
    """A person may trade in one that no strategy names."""
    assert [account.id for account in accounts_for(ACCOUNTS, [plan()])] == ["first", "second"]


def test_an_account_that_nobody_has_is_refused():
    with pytest.raises(SettingsError, match="trades in account third; the settings have first, se"):
        accounts_for(ACCOUNTS, [plan(head='accounts = ["first", "third"]')])


def test_accounts_of_several_owners_are_refused():
    """Each record of a ledger bears the name of one owner."""
    first, second = ACCOUNTS.accounts
    mixed = replace(ACCOUNTS, accounts=(first, replace(second, owner="her")))

    with pytest.raises(SettingsError, match=r"several owners, owner \(first\), her \(second\)"):
        accounts_for(mixed, [plan()])


def test_an_account_of_a_run_is_never_strict_and_is_reconciled():
    """Days before the tables begin are played with a note."""
    account, _ = accounts_for(ACCOUNTS, [plan()])

    assert account.terms.strict is False
    assert account.terms.reconcile_ns
    assert account.cash_e4 == 50_000


def test_replays_are_listed_by_their_numbers(tmp_path):
    for name in ("0002", "10000", "9999", "notes"):
        (tmp_path / "replay" / name).mkdir(parents=True)
    (tmp_path / "replay" / "0003").write_text("a file")

    assert [path.name for path in replays_of(tmp_path)] == ["0002", "9999", "10000"]


def test_without_a_state_folder_there_are_no_replays(tmp_path):
    assert replays_of(tmp_path / "state") == []


def test_settings_hear_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDO_FEED__SEED", "77")

    assert load_settings(None).feed.seed == 77
