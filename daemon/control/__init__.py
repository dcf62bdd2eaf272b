"""The verbs of a person: what web, command line, assistant and jobs may ask of a running daemon.

A verb builds a command, tells it to its actor, and awaits the reply. It decides nothing: every
refusal comes from the actor that owns the truth, or from the latch.
"""

from __future__ import annotations

from daemon.control.brakes import Brakes
from daemon.control.hands import Hands
from daemon.control.line import Line, Names, Refusal
from daemon.control.reads import Reads

__all__ = ["Brakes", "Control", "Hands", "Line", "Names", "Reads", "Refusal"]


class Control:
    """All verbs over one line.

    Attributes:
        line: to the actors.
        reads: how things stand.
        hands: on strategies, positions and orders.
        brakes: pause, cancel all, kill, rearm.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.reads = Reads(line)
        self.hands = Hands(line)
        self.brakes = Brakes(line)
