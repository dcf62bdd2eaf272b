"""How an error is told: its sentence to people, on a terminal its page, as JSON all of it."""

from __future__ import annotations

import io
import json
import sys

import pytest

from daemon.cli import main
from daemon.errors import DiskFails
from daemon.errors.catalogue import CATALOGUE
from tests.kit.commands import told


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_person_at_a_terminal_is_told_where_the_page_of_an_error_is():
    done = told("audit", "verify", terminal=True)

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "ordo: state holds no ledger; name one with --ledger",
        "ordo: error no_ledger, see docs/errors.md#no_ledger",
    ]


def test_a_program_is_told_all_of_an_error_as_one_document():
    done = told("audit", "verify", "--json")
    entry = CATALOGUE["no_ledger"]

    assert json.loads(done.out) == {
        "error": {
            "code": "no_ledger",
            "title": entry.title,
            "sentence": "state holds no ledger; name one with --ledger",
            "notes": [],
            "mend": entry.mend,
            "category": "data",
            "severity": "warning",
            "recoverable": False,
            "retry_after": None,
        }
    }
    assert done.err == "ordo: state holds no ledger; name one with --ledger\n"


def test_bad_usage_is_a_document_too():
    done = told("token", "create", "--json")

    assert done.code == 2
    assert "Missing option '--role'" in done.err
    assert json.loads(done.out)["error"]["code"] == "bad_usage"


def test_what_the_system_refuses_is_no_defect_of_ours(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "strategies")

    monkeypatch.setattr("daemon.cli.ordo.main", refuse)
    done = told("token", "list", "--json")

    assert (done.code, json.loads(done.out)["error"]["code"]) == (1, "system_refused")
    assert done.err.splitlines()[0] == (
        "ordo: the system refused: [Errno 13] Permission denied: 'strategies'"
    )


def test_a_file_of_secrets_that_its_disk_does_not_give_is_no_misuse(monkeypatch):
    """Exit code 2 keeps the unit down until a person starts it."""

    def refuse(*_: object, **__: object) -> None:
        raise DiskFails("vault.json cannot be read: Input/output error; see the log")

    monkeypatch.setattr("daemon.cli.ordo.main", refuse)
    done = told("token", "list", "--json")

    assert (done.code, json.loads(done.out)["error"]["code"]) == (1, "state_disk_fails")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_the_caller_has_closed_is_stood_in_for(monkeypatch, stream):
    monkeypatch.setattr(sys, stream, None)
    with pytest.raises(SystemExit) as end:
        main(["audit", "verify"])
    opened = getattr(sys, stream)

    assert end.value.code == 1
    assert opened.name > 2
    opened.close()


class Full(io.TextIOWrapper):
    """A stream that takes nothing."""

    def __init__(self, path) -> None:
        super().__init__(path.open("wb"), "utf-8")
        self.full = True

    def flush(self) -> None:
        if self.full:
            raise OSError(28, "No space left on device")


def test_output_that_finds_no_room_fails_the_command(tmp_path, monkeypatch, capsys):
    full = Full(tmp_path / "out")
    monkeypatch.setattr(sys, "stdout", full)
    with pytest.raises(SystemExit) as end:
        main(["token", "list", "--json"])
    full.full = False
    full.detach().close()

    assert end.value.code == 1
    assert "No space left on device" in capsys.readouterr().err
