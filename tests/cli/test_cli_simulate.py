from __future__ import annotations

import json
import re
import shlex

import pytest

from daemon.cli import simulate
from tests.kit.commands import told
from tests.simulation.mutants import parked_in_silence, unlinked_records


@pytest.mark.untraced
def test_runs_that_hold_are_counted_and_the_command_ends_well():
    done = told("simulate", "--seeds", "2:3")

    assert (done.code, done.err) == (0, "")
    assert "violations 0, duplicates 0, lost 0, unresolved without alarm 0\n2 runs, " in done.out
    assert done.out.endswith("; 0 failed\n")


def test_the_document_has_what_was_counted():
    document = json.loads(told("simulate", "--seeds", "3", "--crash-at", "30", "--json").out)

    assert document["runs"] == 1
    assert document["failed"] == document["fewest"] == document["never_hit"] == []
    assert document["lives"] == document["crash_points"] + 1
    assert sum(document["struck"].values()) > 0
    assert document["steps"] > 0


def test_the_document_says_by_the_promised_names_what_was_played_and_what_was_hit():
    document = json.loads(told("simulate", "--seeds", "2:3", "--crash-at", "30", "--json").out)

    assert (document["seeds"], document["simulated_days"]) == (2, 2)
    assert (document["violations"], document["failures"]) == (0, [])
    assert document["faults_hit"] == document["struck"]
    assert re.fullmatch(r"[0-9a-f]{64}", document["trace_sha256"])


@pytest.mark.untraced
def test_the_document_says_of_each_failure_how_that_very_run_is_played_again(monkeypatch):
    parked_in_silence(monkeypatch)
    monkeypatch.setattr(simulate, "fewest", lambda failed: failed)

    done = told("simulate", "--seeds", "12", "--crash-at", "42", "--json")
    document = json.loads(done.out)
    (failure,) = document["failures"]
    again = told(*shlex.split(failure["replay"])[1:], "--json")

    assert done.code == again.code == 1
    assert document["violations"] == 1
    assert failure == {
        "seed": 12,
        "step": document["failed"][0]["step"],
        "invariant": "I3",
        "replay": "ordo simulate --seeds 12 --crash-at 42",
    }
    assert json.loads(again.out) == document


@pytest.mark.untraced
def test_a_run_that_fails_prints_how_it_is_played_again(monkeypatch):
    parked_in_silence(monkeypatch)

    done = told("simulate", "--seeds", "12", "--crash-at", "42")
    (replay,) = [line for line in done.out.splitlines() if "replay: " in line]
    again = told(*shlex.split(replay.partition("replay: ")[2])[1:])

    assert done.code == again.code == 1
    assert "seed 12 fails at step " in done.out
    assert "I3: OR" in done.out
    assert "I3: OR" in again.out
    assert "--crash-at 42" in replay
    assert "--without" in replay


def test_a_crash_at_one_gap_may_be_asked_for():
    done = told("simulate", "--seeds", "2", "--crash-at", "30", "--json")

    assert json.loads(done.out)["gaps"] == 1
    assert json.loads(done.out)["crash_points"] > 1


def test_crashes_at_every_gap_end_once_there_were_enough():
    words = ("--seeds", "2:9", "--crash-every-gap", "--crash-points", "30", "--json")

    document = json.loads(told("simulate", *words).out)

    assert 30 <= document["crash_points"] < 30 + 16
    assert document["gaps"] == document["runs"]


@pytest.mark.untraced
def test_runs_of_two_days_count_both_and_are_played_again_as_such(monkeypatch):
    unlinked_records(monkeypatch)
    monkeypatch.setattr(simulate, "fewest", lambda failed: failed)

    document = json.loads(told("simulate", "--seeds", "2:3", "--days", "2", "--json").out)

    assert (document["runs"], document["simulated_days"]) == (2, 4)
    replays = [failure["replay"] for failure in document["failures"]]
    assert replays == [f"ordo simulate --seeds {seed} --days 2" for seed in (2, 3)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seeds", "x"), "'x' names no seeds; write 7, or 1:200 for those from 1 to 200"),
        (("--seeds", "9:2"), "'9:2' names no seeds"),
        (("--days", "3"), "Invalid value for '--days'"),
        (("--days", "2", "--crash-at", "3"), "at a named gap takes seconds of one day"),
        (("--days", "2", "--crash-every-gap"), "at a named gap takes seconds of one day"),
        (("--jobs", "0"), "Invalid value for '--jobs'"),
        (("--crash-points", "0"), "Invalid value for '--crash-points'"),
        (("--without", "rain#1"), "take a fault as a run that failed prints it"),
        (("--without", "crash"), "take a fault as a run that failed prints it"),
    ],
)
def test_what_names_no_run_is_bad_usage(words, said):
    done = told("simulate", *words)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
