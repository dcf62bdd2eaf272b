"""Verdicts go into the record and come back unchanged."""

import msgspec
import pytest

from daemon.domain.risk.moves import Exit, LevelMoved, Move, Verdict
from daemon.domain.risk.words import ExitReason


@pytest.mark.parametrize(
    "verdict",
    [
        LevelMoved("straddle", "ce", Move.TRAILED, 1_300_000, 1_250_000, 7, best_e4=900_000),
        LevelMoved("straddle", "", Move.LOCKED, 0, 7_500_000, 7, best_e4=15_000_000),
        Exit("straddle", ("ce", "pe"), ExitReason.LOCK, 9),
    ],
)
def test_a_verdict_is_read_back_as_it_was_written(verdict: Verdict) -> None:
    """What is recorded of a decision is the decision."""
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict
