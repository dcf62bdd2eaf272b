"""Every error that Ordo raises on purpose.

    OrdoError
    ├── SettingsError            the operator must act; the command ends with exit code 2
    │   ├── SettingsRefused      settings with every fault in them
    │   ├── DiskFails            nothing that is set, but its disk, or the machine; exit code 1
    │   └── TokenRefused         a token cannot be made or revoked as asked
    ├── StrategyError            a strategy file is refused, with its place; exit code 2
    ├── RuleUnknown              a dated market rule does not reach the date asked for
    ├── RulesDamaged             a table of market rules is not there, or not as shipped
    ├── DataError                a recording cannot be understood; says what is missing
    ├── BrokerError              the way to a broker failed
    │   ├── BrokerMisused        our request was wrong: a defect of ours
    │   ├── BrokerUnavailable    surely not executed; a read may be retried
    │   ├── OutcomeUnknown       perhaps executed; never sent again, only asked about
    │   ├── SessionRefused       the broker takes our session no longer; ask for a new one
    │   └── WireGarbled          what the broker sent cannot be understood; none of it is kept
    ├── StoreError               the ledger failed or was found altered
    ├── VaultError               a credential cannot be kept, or cannot be had
    ├── HotStateError            the mirror of risk is lost, or holds what it should not
    ├── SinkError                a sink of the outbox did not take an event
    ├── DaemonUnreachable        nobody answers at the daemon's address; exit code 3
    ├── InboxFull                a lane of facts has no room: an incident
    ├── TooManyRestarts          an actor fell more often than its supervisor bears
    ├── PortSilent               a port kept no limit: nobody knows what it is at
    ├── Problem                  a request over HTTP is answered with a no
    ├── Refusal                  a verb was refused by whoever owns the truth
    ├── Refused                  the daemon said no to a command on its kill socket
    └── Unreached                nobody has answered on the kill socket

Beside the tree stands `LatchUnwritten`, for the latch knows nothing but the standard library. An
answer of the broker's that says no is not an error: it is an `OrderRefused` fact.

What a person meets of an error is a code and a sentence. The code is looked up in the catalogue
beside this file: how grave it is, whether to try again, and what to do. `docs/errors.md` is printed
from it.
"""

from __future__ import annotations

from enum import Enum


class OrdoError(Exception):
    """The root: a sentence that says what, where and what to do.

    Args:
        sentence: for people.
        code: one word for programs, out of the catalogue; empty: that of the class.

    Attributes:
        code: that word.
        misused: it is the same until somebody changes what he asked for or set, so the command ends
            with exit code 2 and is not tried again.
    """

    code = "failed"
    misused = False

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code or self.code


class SettingsError(OrdoError):
    """A setting is wrong; the operator must mend it."""

    code = "bad_settings"
    misused = True


class DiskFails(SettingsError):
    """What is set cannot be had for its disk, or the machine: that mended, the same start succeeds.

    Whoever goes on without what is set goes on without this too.
    """

    code = "state_disk_fails"
    misused = False


class StrategyError(OrdoError):
    """A strategy is refused, for all the faults that were found in it.

    Attributes:
        place: the key inside the file, such as `legs[0].stop.percent`, of the first fault.
        reason: what is wrong there, and how to mend it.
        others: the further faults, each of which is also a note, as `place: reason`.
    """

    code = "bad_strategy"
    misused = True

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

    code = "rule_unknown"


class RulesDamaged(OrdoError):
    """A table of market rules is not there, or is not as it was shipped."""

    code = "rules_damaged"


class DataError(OrdoError):
    """A recording cannot be read; says what is missing."""

    code = "bad_data"


class BrokerError(OrdoError):
    """The way to a broker failed."""

    code = "broker_failed"


class BrokerMisused(BrokerError):
    """Our request was wrong: a defect of ours."""

    code = "broker_misused"


class BrokerUnavailable(BrokerError):
    """Surely not executed; a read may be tried again."""

    code = "broker_unavailable"


class OutcomeUnknown(BrokerError):
    """Perhaps executed; never sent again, only asked about."""

    code = "outcome_unknown"


class SessionRefused(BrokerError):
    """The broker takes our session no longer; nothing was done, and a new one is needed."""

    code = "session_refused"


class WireGarbled(BrokerError):
    """What the broker sent cannot be understood; nothing of it is kept."""

    code = "wire_garbled"


class StoreError(OrdoError):
    """The ledger failed, or was found altered."""

    code = "ledger_unusable"


class VaultError(OrdoError):
    """A credential cannot be kept, or cannot be had; never quotes one."""

    code = "vault_refused"


class HotStateError(OrdoError):
    """The mirror of the state of risk cannot be had, or holds what it should not."""

    code = "hot_state_lost"


class SinkFault(Enum):
    """What it says of an event that a sink did not take it."""

    REFUSED = "refused"
    """Its receiver answered a no to this event."""
    FAILED = "failed"
    """Its receiver failed, or gave no answer; where he takes others meanwhile, the event is why."""
    AWAY = "away"
    """Nothing: he cannot be reached, or wants to be left alone for a while."""


class SinkError(OrdoError):
    """A sink did not take an event, as far as anybody knows; it is given again.

    Args:
        sentence: for people.
        fault: what it says of the event.
        after_s: before so many seconds the receiver wants nothing.

    Attributes:
        fault: likewise.
        after_s: likewise.
    """

    code = "sink_failed"

    def __init__(
        self, sentence: str, *, fault: SinkFault = SinkFault.AWAY, after_s: int = 0
    ) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.after_s = after_s


class DaemonUnreachable(OrdoError):
    """Nobody answers at the daemon's address; the command ends with exit code 3."""

    code = "unreachable"


class InboxFull(OrdoError):
    """A bounded lane of facts has no room left."""

    code = "inbox_full"


class PortSilent(OrdoError):
    """A port has not answered in any time that it may take."""

    code = "port_silent"


class TooManyRestarts(OrdoError):
    """An actor fell more often than its supervisor bears."""

    code = "too_many_restarts"
