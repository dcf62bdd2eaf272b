"""The link to the broker: calls that fail in a row keep entries from being sent into nowhere.

Every call is evidence while the breaker lets it through. An exit, a cancellation and a reading
leave all the same where it does not, and tell nothing then; once the cool-down is over the first
call of any kind is the probe.
"""

from __future__ import annotations

from datetime import timedelta

from daemon.actors.order_router.known.desk import Desk
from daemon.actors.turn import Turn
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.words import (
    ConfirmationWanted,
    OrderAccepted,
    OrderRefused,
    OutcomeUnknown,
    Refusal,
)
from daemon.messages import BreakerMoved, Noted
from daemon.runtime.breaker import Allowed, Phase


def leaves(desk: Desk, turn: Turn, what: str, now_ns: int) -> None:
    """Take that a call leaves; what becomes of it is evidence if the breaker lets it through."""
    allowed = desk.calls.breaker.allow(now_ns)
    if isinstance(allowed, Allowed):
        desk.calls.out[what] = allowed
    _tell(desk, turn, now_ns)


def heard(desk: Desk, turn: Turn, what: str, now_ns: int, *, alive: bool) -> None:
    """Take what a call tells of the link: it was answered, be it with a no, or it failed."""
    call = desk.calls.out.pop(what, None)
    if call is None:
        return
    if alive:
        desk.calls.breaker.succeeded(now_ns, call)
    else:
        desk.calls.breaker.failed(now_ns, call)
    _tell(desk, turn, now_ns)


def broken_because(desk: Desk) -> str:
    """Return why entries wait for a reading that gets through; empty: they need not.

    Where no book is read an entry itself finds out.
    """
    if not desk.terms.reconcile_ns or desk.calls.breaker.phase is Phase.CLOSED:
        return ""
    return f"calls to {desk.terms.broker} fail, and none has got through since"


def is_probed(desk: Desk, now_ns: int) -> bool:
    """Say whether a call is out that finds out whether the link is back."""
    breaker = desk.calls.breaker
    return breaker.phase is Phase.HALF_OPEN and not breaker.admits(now_ns)


def untold(desk: Desk, what: str) -> None:
    """Take that a call tells nothing of the link: it may never have left."""
    desk.calls.out.pop(what, None)


def answered(desk: Desk, turn: Turn, fact: object, now_ns: int) -> None:
    """Take what the answer to an order tells of the link.

    A call that never left tells nothing. Nor does a no without a reason: such calls were recorded
    with that before.
    """
    match fact:
        case OrderRefused(intent_id, Refusal.UNSENT | Refusal.OTHER):
            untold(desk, intent_id)
        case OrderAccepted(intent_id) | OrderRefused(intent_id) | ConfirmationWanted(intent_id):
            heard(desk, turn, intent_id, now_ns, alive=True)
        case OutcomeUnknown(intent_id):
            heard(desk, turn, intent_id, now_ns, alive=False)


def _tell(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Record that the breaker moved, and tell a person where entries stop or go on."""
    calls, policy = desk.calls, desk.terms.breaker
    phase = calls.breaker.phase
    if phase is calls.phase:
        return
    before, moved = calls.phase, BreakerMoved(desk.terms.account, phase, now_ns)
    calls.phase = phase
    turn.record(moved)
    if before is Phase.CLOSED:
        waits = timedelta(microseconds=policy.cool_down_ns / 1_000).total_seconds()
        text = f"{policy.failures} calls to {desk.terms.broker} failed in a row: no entry leaves"
        text = f"{text} until one gets through, tried every {waits:g} s"
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns))
    elif phase is Phase.CLOSED:
        text = f"calls to {desk.terms.broker} get through again: entries may leave"
        turn.announce(Noted(NoteKind.REFUSED, text, now_ns))
