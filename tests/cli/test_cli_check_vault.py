"""What `ordo check` says of the vault."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.cli.check.vault import vault as checked
from daemon.jobs.preflight.findings import Verdict
from daemon.settings import load
from daemon.storage.vault import Place, Vault
from daemon.storage.vault_keys import Cost
from daemon.telemetry.redaction import Secret

WORDS = Secret("four words of a vault")


@pytest.fixture
def vault(tmp_path, monkeypatch) -> Vault:
    """That of the presets' state folder, not yet begun."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    return Vault(Place(Path("state"), passphrase=WORDS))


def looked() -> tuple[Verdict, str]:
    found = checked(load(None, {}))
    assert (found.verdict is Verdict.OK) == (not found.mend)
    return found.verdict, found.evidence


def test_on_paper_there_need_be_none(vault):
    assert looked() == (Verdict.OK, "none yet at state/vault.json; on paper none is needed")


def test_one_that_opens_says_with_which_key_and_how_much_is_in_it(vault):
    vault.begin(1)
    empty = looked()
    vault.put("paper", {"pin": Secret("123456"), "api_key": Secret("k")}, 1)

    opens = "state/vault.json opens with state/vault.key: "
    assert empty == (Verdict.OK, f"{opens}nothing is in it")
    assert looked() == (Verdict.OK, f"{opens}credentials of paper: 2")


def test_a_key_that_is_not_here_may_be_the_units(vault):
    vault.begin(1)
    Path("state/vault.key").unlink()
    verdict, evidence = looked()

    assert (verdict, "there is no key at state/vault.key" in evidence) == (Verdict.WARN, True)


def test_a_key_that_is_handed_over_is_named(vault, tmp_path, monkeypatch):
    vault.begin(1)
    handed = tmp_path / "handed"
    handed.mkdir(mode=0o700)
    Path("state/vault.key").rename(handed / "vault.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))

    assert looked() == (
        Verdict.OK,
        f"state/vault.json opens with {handed}/vault.key: nothing is in it",
    )


def test_a_passphrase_that_nobody_hands_over_is_told_before_a_start_needs_it(
    vault, tmp_path, monkeypatch
):
    vault.begin(1, WORDS, Cost(log2_n=10))
    verdict, evidence = looked()
    handed = tmp_path / "handed"
    handed.mkdir(mode=0o700)
    (handed / "vault.passphrase").write_text(WORDS.reveal())
    (handed / "vault.passphrase").chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))

    assert (verdict, "which only a person has here" in evidence) == (Verdict.WARN, True)
    assert looked() == (
        Verdict.OK,
        "state/vault.json opens with a passphrase: nothing is in it",
    )


@pytest.mark.parametrize(
    ("spoil", "evidence"),
    [
        (lambda: Path("state/vault.json").chmod(0o644), "is open to others (mode 0644)"),
        (lambda: Path("state/vault.key").chmod(0o640), "is open to others (mode 0640)"),
        (lambda: Path("state").chmod(0o755), "state is open to others (mode 0755)"),
        (lambda: Path("state/vault.key").write_text("k"), "holds no keys of a vault"),
        (lambda: Path("state/vault.json").write_text("{}"), "cannot be understood as a vault"),
        (lambda: replaced(Path("state/vault.json")), "cannot be read"),
    ],
)
def test_what_keeps_it_from_being_opened_is_told_with_the_mend(vault, spoil, evidence):
    vault.begin(1)
    spoil()
    verdict, said = looked()

    assert verdict is Verdict.FAIL
    assert evidence in said


def replaced(path: Path) -> None:
    """Let a link to nothing stand in its place."""
    path.unlink()
    path.symlink_to("nowhere")


LIVE = (
    '[daemon]\nmode = "live"\n[feed]\nkind = "broker"\n[[accounts]]\nid = "zed"\n'
    'broker = "zerodha"\n[brokers.zerodha]\nstatic_ip = "8.8.4.4"\n'
)


def test_a_live_account_needs_one_with_its_credentials(vault, tmp_path):
    (tmp_path / "settings.toml").write_text(LIVE)
    place = Place(Path("state"))
    assert looked()[0] is Verdict.FAIL
    Path("state").mkdir(mode=0o700)
    Vault(place).begin(1)
    verdict, evidence = looked()
    assert (verdict, "has no api_key of zed, api_secret of zed" in evidence) == (Verdict.FAIL, True)
    Vault(place).put("zed", {"api_key": Secret("k"), "api_secret": Secret("s")}, 1)
    assert looked()[0] is Verdict.OK


def test_an_account_that_logs_in_without_a_person_needs_what_he_would_know(vault, tmp_path):
    alone = LIVE.replace('broker = "zerodha"\n', 'broker = "zerodha"\nheadless_login = true\n')
    (tmp_path / "settings.toml").write_text(alone)
    vault.begin(1)
    vault.put("zed", {"api_key": Secret("k"), "api_secret": Secret("s")}, 1)
    verdict, evidence = looked()
    assert verdict is Verdict.FAIL
    assert "has no user_id of zed, password of zed: put them in" in evidence
