"""The broker's contracts on the disk: found as they were kept, and else not at all."""

from __future__ import annotations

import pytest

from daemon.errors import SettingsError
from daemon.storage import contract_file
from daemon.storage.contract_file import ContractFile
from tests.kit.kite_account import CONTRACTS, NOW

ROOT = "https://api.kite.trade"


@pytest.fixture
def file(tmp_path) -> ContractFile:
    made = ContractFile(tmp_path, "zed", ROOT)
    made.keep(CONTRACTS, NOW)
    return made


def test_what_was_kept_is_found_with_the_instant_at_which_it_was_fetched(file, tmp_path):
    assert file.find() == (CONTRACTS, NOW)
    file.keep(CONTRACTS + "\n", NOW + 1)
    assert ContractFile(tmp_path, "zed", ROOT).find() == (CONTRACTS + "\n", NOW + 1)


def test_there_is_none_before_one_was_kept(tmp_path):
    assert ContractFile(tmp_path, "zed", ROOT).find() is None


def test_each_account_has_its_own(file, tmp_path):
    assert ContractFile(tmp_path, "other", ROOT).find() is None


def test_the_contracts_of_a_stand_in_are_not_those_of_the_broker(file, tmp_path):
    assert ContractFile(tmp_path, "zed", "http://127.0.0.1:8700").find() is None


def test_a_flipped_bit_is_found_wherever_it_is(file):
    held = file.path.read_bytes()
    for at in range(len(held)):
        file.path.write_bytes(held[:at] + bytes([held[at] ^ 1]) + held[at + 1 :])
        with pytest.raises(SettingsError, match="is not as it was kept"):
            file.find()


@pytest.mark.parametrize("end", [0, 1, 40, 100, 130, -1])
def test_a_part_is_not_what_was_kept(file, end):
    file.path.write_bytes(file.path.read_bytes()[:end])
    with pytest.raises(SettingsError, match="is not as it was kept"):
        file.find()


def test_a_file_that_others_may_write_is_not_trusted(file):
    file.path.chmod(0o666)
    with pytest.raises(SettingsError, match=r"open to others .* let it be fetched anew"):
        file.find()


def test_a_disk_that_fails_while_it_is_read_says_so(file, monkeypatch):
    def fails(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(contract_file, "read_secret", fails)
    with pytest.raises(SettingsError, match="cannot be read: Input/output error"):
        file.find()


def test_it_is_for_its_owner_alone(file):
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_disk_that_does_not_take_it_says_so(tmp_path):
    (tmp_path / "contracts").write_text("in the way", encoding="utf-8")
    with pytest.raises(SettingsError, match="contracts"):
        ContractFile(tmp_path, "zed", ROOT).keep(CONTRACTS, NOW)
