"""What an account sees of the vault: what is its own, and what to do where that cannot be had."""

from __future__ import annotations

import pytest

from daemon.domain.instants import DAY_NS
from daemon.errors import BrokerMisused
from daemon.runtime.clock import VirtualClock
from daemon.storage.sealed import Sealed
from daemon.storage.vault import Place, Vault
from daemon.telemetry.redaction import Secret
from tests.kit.kite_account import API_SECRET, GRANTED, KEY, NOW


@pytest.fixture
def vault(tmp_path) -> Vault:
    made = Vault(Place(tmp_path))
    made.begin(NOW)
    made.put("paper", {"api_key": Secret(KEY), "api_secret": Secret(API_SECRET)}, NOW)
    return made


def test_what_is_kept_is_found_with_its_instant_until_it_is_dropped(vault):
    sealed = Sealed(vault, "paper", VirtualClock(NOW + DAY_NS))
    sealed.keep("access_token", Secret(GRANTED))
    found = sealed.find("access_token")
    assert found is not None
    assert found.reveal() == GRANTED
    told = [sealed.put_in_ns(name) for name in ("api_key", "access_token", "pin")]
    assert told == [NOW, NOW + DAY_NS, 0]
    sealed.drop("access_token")
    assert sealed.find("access_token") is None
    assert Sealed(vault, "other", VirtualClock(NOW)).find("api_key") is None


def test_what_was_put_in_meanwhile_is_neither_dropped_nor_replaced(vault):
    sealed, older, newer = Sealed(vault, "paper", VirtualClock(NOW)), Secret(KEY), Secret(GRANTED)
    sealed.keep("request_token", newer)
    sealed.drop("request_token", older)
    sealed.keep("request_token", older, absent=True)
    assert sealed.find("request_token") == newer
    sealed.drop("request_token", newer)
    sealed.keep("request_token", older, absent=True)
    assert sealed.find("request_token") == older


def test_a_vault_that_cannot_be_opened_says_what_to_do(tmp_path, vault):
    sealed = Sealed(vault, "paper", VirtualClock(NOW + DAY_NS))
    assert sealed.find("access_token") is None
    with pytest.raises(BrokerMisused, match="holds no access_token"):
        sealed.drop("access_token")
    vault.path.chmod(0o644)
    for asking in (
        lambda: sealed.put_in_ns("api_key"),
        lambda: sealed.find("api_key"),
        lambda: sealed.keep("access_token", Secret(GRANTED)),
        lambda: sealed.drop("api_key"),
    ):
        with pytest.raises(BrokerMisused, match="chmod"):
            asking()


def test_a_part_of_a_secret_that_it_is_told_of_is_kept_out_of_what_is_said(tmp_path):
    known: list[Secret] = []
    vault = Vault(Place(tmp_path, know=known.append))
    Sealed(vault, "paper", VirtualClock(NOW)).know(Secret(GRANTED))

    assert known == [Secret(GRANTED)]
