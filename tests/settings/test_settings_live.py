"""What live trading asks of the settings as a whole."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.settings import Account, Broker, Daemon, Feed, Mode, Settings, SettingsRefused, load
from daemon.settings.faults import Wrong
from daemon.settings.live import RULES, address

LIVE = Settings(
    daemon=Daemon(mode=Mode.LIVE),
    accounts=(Account(id="zed", broker="zerodha"), Account(id="shadow", broker="paper")),
    brokers={"paper": Broker(), "zerodha": Broker(static_ip="8.8.4.4")},
    feed=replace(Feed(), kind="broker"),
)
PAPER = Settings()


def broken(settings: Settings) -> list[str]:
    """What of the rules does not hold."""
    return [
        rule.what
        for rule in RULES
        if not rule.holds(*(getattr(settings, key) for key in rule.keys))
    ]


SHADOW = replace(PAPER, feed=replace(Feed(), kind="broker", broker="zerodha"))


def test_live_with_a_broker_its_prices_and_an_address_is_whole_and_so_are_paper_and_its_shadow():
    assert (broken(LIVE), broken(PAPER), broken(SHADOW)) == ([], [], [])


@pytest.mark.parametrize(
    "change",
    [
        {"feed": replace(Feed(), broker="zerodha")},
        {"accounts": (Account(id="prices", broker="paper"),)},
        {"accounts": LIVE.accounts, "daemon": LIVE.daemon, "brokers": LIVE.brokers},
    ],
)
def test_prices_alone_are_for_accounts_on_paper_which_the_account_of_prices_is_none_of(change):
    (told,) = broken(replace(SHADOW, **change))
    assert "has a broker, which is for accounts on paper alone" in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"accounts": PAPER.accounts}, "every one of [[accounts]] trades on paper"),
        ({"daemon": PAPER.daemon}, "[daemon] mode is not live"),
        ({"accounts": PAPER.accounts, "daemon": PAPER.daemon}, "so none tells prices"),
        ({"feed": Feed()}, "makes prices up or plays recorded ones"),
        ({"feed": replace(Feed(), kind="replay")}, "makes prices up or plays recorded ones"),
        ({"brokers": PAPER.brokers}, "has no static_ip"),
        ({"brokers": {"zerodha": Broker()}}, "has no static_ip"),
    ],
)
def test_whatever_live_lacks_is_refused(change, said):
    (told,) = broken(replace(LIVE, **change))
    assert said in told


@pytest.mark.parametrize("environ", [{"ORDO_DAEMON__MODE": "live"}, {"USE_PAPER": "false"}])
def test_live_over_presets_is_refused_with_every_reason_and_what_to_do(
    tmp_path, monkeypatch, environ
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsRefused) as refused:
        load(None, environ)

    told = str(refused.value)
    assert told.count('has mode = "live", and') == 2
    assert "docs/live.md" in told
    assert next(iter(environ)) in told


def test_live_in_the_file_is_refused_with_its_place(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('[daemon]\nmode = "live"\n')
    with pytest.raises(SettingsRefused, match=r"settings.toml, line 1: \[daemon\] has mode = "):
        load(file, {})


@pytest.mark.parametrize("written", ["8.8.4.4", " 8.8.4.4 ", "2001:4860:4860::8844"])
def test_an_address_of_the_internet_is_one(written):
    assert address(written) == written.strip()


@pytest.mark.parametrize("written", ["", "ordo.example", "8.8.4", "10.0.0.1", "127.0.0.1", "::1"])
def test_what_no_broker_could_see_is_no_address(written):
    with pytest.raises(Wrong):
        address(written)


@pytest.mark.parametrize("written", ["203.0.113.7", "192.168.1.4", "zed"])
def test_the_advice_on_an_address_names_none_that_is_refused_as_well(written):
    with pytest.raises(Wrong) as refused:
        address(written)

    assert refused.value.mend.startswith("write this machine's public address")
    assert written not in refused.value.mend
