"""The hot state of a simulated daemon: what was mirrored last, or a while ago, or nothing."""

from __future__ import annotations

from collections import deque

from daemon.app import Account
from daemon.app.shown.hot_state import take_up
from daemon.domain.instants import MILLISECOND_NS
from daemon.messages import RiskSeen
from daemon.messages.cells import Cell
from daemon.simulation.faults import Call, Fates, Kind
from daemon.simulation.ledger import SimulatedLedger
from daemon.storage.hot.codec import believed, documents
from daemon.storage.hot.words import Kept

_KEPT = 20
_EVERY_NS = 250 * MILLISECOND_NS


class SimulatedMirror:
    """Outlives every crash.

    Args:
        account: whose risk is mirrored; it is at home.
        fates: what goes wrong.
    """

    def __init__(self, account: Account, fates: Fates) -> None:
        self._account = account
        self._fates = fates
        self._seen: deque[RiskSeen] = deque(maxlen=_KEPT)

    def write(self, risk: RiskSeen) -> None:
        """Mirror what is seen of risk, unless that was done a moment ago."""
        if not self._seen or risk.at_ns - self._seen[-1].at_ns >= _EVERY_NS:
            self._seen.append(risk)

    def begin(self, ledger: SimulatedLedger, at_ns: int) -> None:
        """Hold what stands in it against the record, as every start does."""
        fault = self._fates.of(Call.MIRROR)
        if not self._seen or fault is Kind.FLUSHED:
            return
        risk = self._seen[0 if fault is Kind.STALE else -1]
        found = believed(Kept(documents(risk, lambda _: self._account.id)))
        assert not found.poisoned, f"we wrote it ourselves: {found.poisoned}"
        take_up(found, ((self._account, Cell(self._account.id)),), ledger, at_ns, _unsaid)


def _unsaid(_: str) -> None:
    """Nobody listens: what is taken up is in the record."""
