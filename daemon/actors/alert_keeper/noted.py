"""Which notes a person is alerted by, and which of them end that; most do neither."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from daemon.domain.instants import day_of
from daemon.domain.market import index_silence
from daemon.domain.market.notes import NoteKind
from daemon.messages import Noted
from daemon.messages.alerts import BEHIND, CAUGHT_UP, UNTOLD, Condition, Severity

Key = tuple[str, str]
"""The code of a condition, and what it is about."""
_CRITICAL, _WARNING = Severity.CRITICAL, Severity.WARNING


def begun_by(note: Noted, day: date | None) -> Condition | None:
    """Return what a note begins.

    Args:
        note: what was told.
        day: the newest that has opened; None: none has.
    """
    match note:
        case Noted(NoteKind.OVERFILLED, said, _, strategy_id, account):
            text = f"{strategy_id}: {said}; look at the broker, and at what it cost"
            about = in_account(account, said)
            return Condition(_CRITICAL, "overfilled", about, text, account, strategy_id)
        case Noted(NoteKind.OUTSIDE, said, _, strategy_id, account):
            about = in_account(account, said)
            return Condition(_WARNING, "traded_outside", about, said, account, strategy_id)
        case Noted(NoteKind.LEFT_OUT, said, _, name):
            return Condition(_CRITICAL, "strategy_left_out", name, said, strategy_id=name)
        case Noted(NoteKind.SESSION, said, at_ns, account=account):
            text = f"{said}; until then no order of {account} leaves, not even an exit"
            severity = _CRITICAL if day == day_of(at_ns) else _WARNING
            return Condition(severity, "no_session", account, text, account)
        case Noted(NoteKind.HOURS, said):
            return Condition(_CRITICAL, "hours_changed", "", said)
        case Noted(NoteKind.STALE, said, account=account):
            index = index_silence.begun_in(said)
            text = f"{said}; look at the feed, and at what is held"
            about = in_account(account, index)
            return Condition(_WARNING, "index_silent", about, text, account) if index else None
        case Noted(NoteKind.UNTOLD, said):
            sink = said.partition(":")[0]
            text = f"{said}; see that it is heard, and to `ordo outbox dead`"
            is_over = sink.endswith(CAUGHT_UP)
            return None if is_over else Condition(_CRITICAL, UNTOLD, sink, text)
    return None


def ended_by(note: Noted) -> Iterator[Key]:
    """Yield what a note ends."""
    match note:
        case Noted(NoteKind.STALE, said, account=account):
            yield "index_silent", in_account(account, index_silence.ended_in(said))
        case Noted(NoteKind.UNTOLD, said):
            sink, is_over, _ = said.partition(f" {CAUGHT_UP}:")
            if is_over:
                yield UNTOLD, f"{sink} {BEHIND}"


def in_account(account: str, about: str) -> str:
    """Return what a condition is about where each account has one of its own."""
    return f"{about} {account}".rstrip()
