from __future__ import annotations

from daemon.domain.market.notes import NoteKind


def test_the_kinds_are_the_words_of_every_report():
    assert {kind.value for kind in NoteKind} == {
        "stale",
        "gap",
        "closed_day",
        "duplicate",
        "outside_session",
        "basis",
        "refused",
        "overfilled",
        "outside",
        "session",
        "left_out",
        "unknown_table",
        "fell",
        "hours",
        "untold",
    }
