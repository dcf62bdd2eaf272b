"""What goes wrong on purpose: asked for over the admin route, so often or until an instant."""

from __future__ import annotations

from enum import StrEnum
from random import Random

import msgspec
from msgspec import Struct

from daemon.brokers.zerodha.wire_twin.words import wrong


class Kind(StrEnum):
    """How it goes wrong."""

    DELAY = "delay"  # the answer comes `delay_ms` late, by host time
    DROP = "drop"  # the connection ends without an answer
    TOO_MANY = "too_many"  # 429, and nothing is done
    ERROR = "error"  # an error of the server's, with `status`
    HTML = "html"  # a page for browsers, with `status`
    TIMED_OUT = "timed_out"  # 400, and a text that tells of a time-out
    REJECT = "reject"  # an order is taken and rejected; anything else is refused
    STICK = "stick"  # an order is taken, and reaches the exchange `late_ms` later
    EXPIRE = "expire"  # the access token dies at once
    FREEZE = "freeze"  # no ticks; with or without heartbeats
    DROP_SOCKET = "drop_socket"  # every socket is torn down
    REFUSE_SOCKET = "refuse_socket"  # a handshake is answered with `status`
    DUPLICATE_PUSH = "duplicate_push"  # an order is pushed twice
    REORDER_PUSH = "reorder_push"  # an order is pushed after the one that follows it
    OMIT_PUSH = "omit_push"  # an order is not pushed


class Arrives(StrEnum):
    """What becomes of a request whose answer goes wrong."""

    NOW = "now"  # it is done all the same
    NEVER = "never"
    LATE = "late"  # it is done `late_ms` later, by market time


class On(StrEnum):
    """Which requests are struck."""

    PLACE = "place"
    MODIFY = "modify"
    CANCEL = "cancel"
    WRITE = "write"  # all three
    READ = "read"  # the others
    ANY = "any"


ANSWERS = frozenset(
    {
        *(Kind.DELAY, Kind.DROP, Kind.TOO_MANY, Kind.ERROR, Kind.HTML, Kind.TIMED_OUT),
        *(Kind.REJECT, Kind.STICK),
    }
)
"""Those that strike an answer."""
AT_ONCE = frozenset({Kind.EXPIRE, Kind.DROP_SOCKET})
"""Those that strike when they are asked for."""
_WRITES = (On.PLACE, On.MODIFY, On.CANCEL)


class Fault(Struct, forbid_unknown_fields=True):
    """Something that goes wrong.

    Attributes:
        kind: how.
        on: which requests it strikes.
        count: how often; 0: as long as it lasts.
        until_ns: to when, in market time; 0: as long as there are strikes left.
        arrives: what becomes of a request whose answer it takes.
        delay_ms: of `DELAY`.
        late_ms: of `Arrives.LATE` and `STICK`.
        status: of `ERROR`, `HTML` and `REFUSE_SOCKET`.
        heartbeats: a frozen ticker sends them still.
        tag: only orders with this tag are struck; empty: all.
        path: only paths that begin so are struck; empty: all.
        share: so many of those that it could strike it does, by chance; 1: all of them.
        seed: of that chance.
    """

    kind: Kind
    on: On = On.ANY
    count: int = 0
    until_ns: int = 0
    arrives: Arrives = Arrives.NOW
    delay_ms: int = 0
    late_ms: int = 0
    status: int = 0
    heartbeats: bool = True
    tag: str = ""
    path: str = ""
    share: float = 1.0
    seed: int = 0

    def strikes(self, on: On, tag: str, path: str) -> bool:
        """Return whether it strikes such a request."""
        if self.tag not in ("", tag) or not path.startswith(self.path):
            return False
        if self.kind is Kind.STICK and on is not On.PLACE:
            return False
        return self.on in (On.ANY, on) or (self.on is On.WRITE and on in _WRITES)


class Mischief:
    """All faults that are asked for, in the order of asking."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, Random]] = []

    def ask(self, fault: Fault) -> None:
        """Take a fault; one without an end strikes once, a frozen ticker stays so until cleared.

        Raises:
            Denied: it cannot strike so.
        """
        if fault.kind is Kind.DELAY and fault.delay_ms <= 0:
            raise wrong("a delay needs `delay_ms`")
        late = fault.arrives is Arrives.LATE or fault.kind is Kind.STICK
        if late and fault.late_ms <= 0:
            raise wrong("what arrives late needs `late_ms`")
        if not 0 < fault.share <= 1:
            raise wrong("a `share` is above 0 and at most 1")
        endless = not fault.count and not fault.until_ns and fault.kind is not Kind.FREEZE
        taken = msgspec.structs.replace(fault, count=1) if endless else fault
        self._faults.append((taken, Random(taken.seed)))  # noqa: S311  no secret hangs on it

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()

    def all(self, now_ns: int) -> list[Fault]:
        """Return what still goes wrong."""
        return [fault for fault, _ in self._lasting(now_ns)]

    def answer(self, on: On, tag: str, path: str, now_ns: int) -> Fault | None:
        """Return what strikes the answer to a request; it is used up by that."""
        for fault, dice in self._lasting(now_ns):
            struck = fault.kind in ANSWERS and fault.strikes(on, tag, path)
            if struck and dice.random() < fault.share:
                return self._used(fault)
        return None

    def strike(self, kind: Kind, now_ns: int) -> Fault | None:
        """Return a fault of a kind that strikes now; it is used up by that."""
        for fault in self.all(now_ns):
            if fault.kind is kind:
                return self._used(fault)
        return None

    def frozen(self, now_ns: int) -> Fault | None:
        """Return what holds the ticker, if anything does; a count counts frames."""
        return self.strike(Kind.FREEZE, now_ns)

    def silent(self, now_ns: int) -> bool:
        """Return whether even heartbeats are held back."""
        return any(each.kind is Kind.FREEZE and not each.heartbeats for each in self.all(now_ns))

    def _lasting(self, now_ns: int) -> list[tuple[Fault, Random]]:
        """Return what still goes wrong, each with its dice."""
        self._faults = [
            each for each in self._faults if not each[0].until_ns or each[0].until_ns > now_ns
        ]
        return list(self._faults)

    def _used(self, fault: Fault) -> Fault:
        if fault.count:
            fault.count -= 1
            if not fault.count:
                self._faults = [each for each in self._faults if each[0] is not fault]
        return fault
