"""The gate: every order passes its controls, or it does not leave.

`gate` looks at one intent, at what is true around it (`GateView`) and at the owner's `Limits`, and
returns `Approved` or `Refused`. An `Approved` can be made nowhere else, and it is the only thing
that the door to a broker takes, so an order that skipped the gate does not type-check. What is
looked at, and in which order, is the table in `controls`.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.orders.controls import CONTROLS
from daemon.domain.orders.view import Ask, Control, GateView, Limits, Parent, Reach
from daemon.domain.orders.words import Intent

__all__ = [
    "Approved",
    "Control",
    "GateView",
    "Limits",
    "Parent",
    "Reach",
    "Refused",
    "gate",
]


class _Seal:
    """What only the gate puts on an intent; it holds for that intent and no other."""

    __slots__ = ("intent",)

    def __init__(self, intent: Intent) -> None:
        self.intent = intent

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Seal) and self.intent == other.intent

    def __hash__(self) -> int:
        return hash(self.intent)


class Approved(Struct, frozen=True):
    """An intent that passed the gate; the only thing that a door takes."""

    intent: Intent
    seal: _Seal

    def __post_init__(self) -> None:
        """Refuse to exist without the gate.

        Raises:
            TypeError: the seal is missing, or was given for another intent.
        """
        if not isinstance(self.seal, _Seal) or self.seal.intent is not self.intent:
            raise TypeError("only limits.gate approves an intent")


class Refused(Struct, frozen=True):
    """An intent that stays here: which control, and a sentence for its owner."""

    control: Control
    sentence: str


def gate(request: Intent, view: GateView, limits: Limits, now_ns: int) -> Approved | Refused:
    """Look at one intent through every control that its purpose is held to.

    The first control that objects decides.

    Source: Article 15 of (EU) 2017/589: price collars, order value, order volume, messages; SEBI
    2012 and 2025 circulars on algorithmic orders: price, quantity, value and rate checks.
    """
    if view.instrument is None:
        return Refused(Control.TRADABILITY, f"{request.symbol} is not in today's list of contracts")
    assert view.instrument.symbol == request.symbol, "the view is of another contract"
    ask = Ask(request, view.instrument, view, limits, now_ns)
    for control, check in CONTROLS[request.purpose].items():
        objection = check(ask)
        if objection:
            return Refused(control, objection)
    return Approved(request, _Seal(request))
