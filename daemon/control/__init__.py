"""The verbs of a person: what web, command line, assistant and jobs may ask of a running daemon.

A verb builds a command, tells it to its actor, and awaits the reply. It decides nothing: every
refusal comes from the actor that owns the truth, or from the latch.
"""

from __future__ import annotations

import asyncio

from daemon.control.arming import Arming, LiveTerms
from daemon.control.brakes import Brakes
from daemon.control.credentials import Credentials
from daemon.control.hands import Hands
from daemon.control.line import Line, Outcome, Refusal, Teller
from daemon.control.names import Names
from daemon.control.reads import Reads
from daemon.control.sessions import Sessions
from daemon.control.strategies import Strategies
from daemon.storage.vault import Place, Vault

__all__ = [
    "Arming",
    "Brakes",
    "Control",
    "Credentials",
    "Hands",
    "Line",
    "LiveTerms",
    "Names",
    "Outcome",
    "Reads",
    "Refusal",
    "Strategies",
    "Teller",
]


_ON_PAPER = LiveTerms()


class Control:
    """All verbs over one line.

    Args:
        line: to the actors.
        vault: keeps credentials; None: that of the state folder.
        terms: what is known of live trading; none: all is on paper.

    Attributes:
        line: to the actors.
        reads: how things stand.
        hands: on strategies, positions and orders.
        brakes: pause, cancel all, kill, rearm.
        arming: arm and disarm accounts of live brokers.
        strategies: which there are.
        credentials: what brokers want to see at a log-in.
        sessions: the step of a person in one.
    """

    def __init__(
        self, line: Line, vault: Vault | None = None, terms: LiveTerms = _ON_PAPER
    ) -> None:
        self.line = line
        self.reads = Reads(line)
        changing = asyncio.Lock()
        self.hands = Hands(line, changing)
        self.brakes = Brakes(line)
        self.arming = Arming(line, self.reads, terms)
        self.strategies = Strategies(line, changing)
        vault = vault or Vault(Place(line.names.state_dir))
        self.credentials = Credentials(line, vault)
        self.sessions = Sessions(line, vault, terms)
