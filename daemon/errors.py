"""Every error that Ordo raises on purpose.

    OrdoError
    ├── SettingsError        the operator must act; the command ends with exit code 2
    ├── StrategyError        a strategy file is refused, with its place; exit code 2
    ├── RuleUnknown          a dated market rule does not reach the date asked for
    ├── DataError            a recording cannot be understood; says what is missing
    ├── BrokerError
    │   ├── BrokerMisused       our request was wrong: a defect of ours
    │   ├── BrokerUnavailable   surely not executed; a read may be retried
    │   └── OutcomeUnknown      perhaps executed; never sent again, only asked about
    ├── StoreError           the ledger failed or was found altered
    ├── DaemonUnreachable    nobody answers at the daemon's address; exit code 3
    ├── InboxFull            a lane of facts has no room: an incident
    └── TooManyRestarts      an actor fell more often than its supervisor bears

An answer of the broker's that says no is not an error: it is an `OrderRefused` fact.
"""

from __future__ import annotations


class OrdoError(Exception):
    """The root: a sentence that says what, where and what to do."""


class SettingsError(OrdoError):
    """A setting is wrong; the operator must mend it."""


class StrategyError(OrdoError):
    """A strategy is refused, for all the faults that were found in it.

    Attributes:
        place: the key inside the file, such as `legs[0].stop.percent`, of the first fault.
        reason: what is wrong there, and how to mend it.
        others: the further faults, each of which is also a note, as `place: reason`.
    """

    def __init__(self, place: str, reason: str, others: tuple[StrategyError, ...] = ()) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason
        self.others = others
        for other in others:
            self.add_note(str(other))

    @property
    def sentences(self) -> tuple[str, ...]:
        """Every fault as `place: reason`, the first included."""
        return tuple(map(str, (self, *self.others)))


class RuleUnknown(OrdoError):
    """No market rule is known for the date asked for; never guessed."""


class DataError(OrdoError):
    """A recording cannot be read; says what is missing."""


class BrokerError(OrdoError):
    """The way to a broker failed."""


class BrokerMisused(BrokerError):
    """Our request was wrong: a defect of ours."""


class BrokerUnavailable(BrokerError):
    """Surely not executed; a read may be tried again."""


class OutcomeUnknown(BrokerError):
    """Perhaps executed; never sent again, only asked about."""


class StoreError(OrdoError):
    """The ledger failed, or was found altered."""


class DaemonUnreachable(OrdoError):
    """Nobody answers at the daemon's address; the command ends with exit code 3."""


class InboxFull(OrdoError):
    """A bounded lane of facts has no room left."""


class TooManyRestarts(OrdoError):
    """An actor fell more often than its supervisor bears."""
