"""The search for secrets in what tests leave behind finds each that comes out, and nothing else."""

from __future__ import annotations

import pytest

from tests.kit import canary
from tests.kit.canary import leaks, planted, remembered

TOKEN = "ordo_0123_" + "x" * 40


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "operator.token").write_text(TOKEN + "\n")
    (tmp_path / "secret").write_text(planted("pager"))
    (tmp_path / "state" / "ledger.sqlite").write_bytes(b"\x00nothing to see\xff")
    return tmp_path


def test_what_lies_where_it_is_meant_to_lie_is_no_leak(folder):
    assert leaks(folder, "all is well") == []
    assert leaks(None, "all is well") == []


@pytest.mark.parametrize("secret", [TOKEN, planted("api-key")])
@pytest.mark.parametrize("name", ["state/ledger.sqlite", "state/logs-of-a-day.jsonl", "metrics"])
def test_a_secret_in_any_other_file_is_one(folder, secret, name):
    with (folder / name).open("ab") as file:
        file.write(b'{"told": "' + secret.encode() + b'"}\x00')

    assert leaks(folder, "") == [str(folder / name)]


@pytest.mark.parametrize("secret", [TOKEN, planted("api-key")])
def test_a_secret_in_what_was_told_is_one(folder, secret):
    assert leaks(folder, f"refused: {secret}") == ["its output"]


def test_a_secret_that_somebody_else_made_up_is_looked_for_once_it_is_remembered(monkeypatch):
    monkeypatch.setattr(canary, "_REMEMBERED", set())
    assert leaks(None, "told: abcdefgh") == []
    remembered("abcdefgh")
    assert leaks(None, "told: abcdefgh") == ["its output"]
