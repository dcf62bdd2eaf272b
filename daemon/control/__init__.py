"""The verbs of a person: what web, command line, assistant and jobs may ask of a running daemon.

A verb builds a command, tells it to its actor, and awaits the reply. It decides nothing: every
refusal comes from the actor that owns the truth, or from the latch.
"""

from __future__ import annotations

import asyncio

from daemon.control.brakes import Brakes
from daemon.control.hands import Hands
from daemon.control.line import Line, Outcome, Refusal, Teller
from daemon.control.names import Names
from daemon.control.reads import Reads
from daemon.control.strategies import Strategies

__all__ = [
    "Brakes",
    "Control",
    "Hands",
    "Line",
    "Names",
    "Outcome",
    "Reads",
    "Refusal",
    "Strategies",
    "Teller",
]


class Control:
    """All verbs over one line.

    Attributes:
        line: to the actors.
        reads: how things stand.
        hands: on strategies, positions and orders.
        brakes: pause, cancel all, kill, rearm.
        strategies: which there are.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.reads = Reads(line)
        changing = asyncio.Lock()
        self.hands = Hands(line, changing)
        self.brakes = Brakes(line)
        self.strategies = Strategies(line, changing)
