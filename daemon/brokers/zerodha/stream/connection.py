"""One connection to the ticker, as a protocol: it decides what to do, and never does it.

    IDLE -> CONNECTING -> OPEN
                |  ^        |
                v  |        v
              DENIED     WAITING -> CONNECTING

A connection that breaks is made again after 1, 2, 4, 8, 16 and then 30 s, each a little longer by
chance, so that not everybody comes at once. One that the broker denies is not: it waits for another
session. Where that is denied as well before anything stood, the session is not what is amiss, and
it is tried again like one that breaks: to ask for sessions over and over would wait for nothing,
and leave no room for what else the broker is asked.

Whatever is shown is asked for anew after each opening, and the book is read, for nothing that was
missed is told again.

Source: Kite Connect 3, web socket streaming.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from daemon.brokers.zerodha.packets import Mode, Tick, decode, is_index
from daemon.brokers.zerodha.stream.hours import owed
from daemon.brokers.zerodha.stream.liveness import Liveness
from daemon.brokers.zerodha.stream.subscribing import changes
from daemon.brokers.zerodha.stream.texts import Notice, pushed
from daemon.brokers.zerodha.stream.words import (
    Begin,
    Bytes,
    Connect,
    Denied,
    Done,
    Down,
    Drop,
    End,
    Garbled,
    Happened,
    Learned,
    Look,
    Lost,
    Noticed,
    Now,
    Opened,
    OrderHinted,
    Ping,
    Pinged,
    Pong,
    Ponged,
    Renewed,
    Send,
    SessionWanted,
    Text,
    Ticked,
    Up,
    Want,
)
from daemon.domain.instants import SECOND_NS
from daemon.errors import WireGarbled
from daemon.telemetry.redaction import printable

WAITS_S = (1, 2, 4, 8, 16, 30)
"""How long after a failure it is tried again; the last of them from there on."""
LASTED_NS = 10 * SECOND_NS
"""What stood so long was no failure: after it the waits begin anew."""
DENIED_AGAIN = (
    "the broker takes the session and denies it the ticker: perhaps as many listen already as may, "
    "or the plan of the key is one without prices"
)
"""What a denial tells that another session does not help against."""
OLD = "old prices"
"""The kind of a notice that tells of prices that are held back, for they are not of now."""
_JITTER = 4  # a wait is up to a fourth of it longer


class State(StrEnum):
    """Where a connection stands."""

    IDLE = "IDLE"
    CONNECTING = "CONNECTING"
    OPEN = "OPEN"
    WAITING = "WAITING"
    DENIED = "DENIED"
    ENDED = "ENDED"


class _Waited:
    """The wait after a failure is over."""


NEXT: Mapping[tuple[State, type], State] = MappingProxyType(
    {
        (State.IDLE, Begin): State.CONNECTING,
        (State.CONNECTING, Opened): State.OPEN,
        (State.CONNECTING, Denied): State.DENIED,
        (State.CONNECTING, Lost): State.WAITING,
        (State.CONNECTING, Renewed): State.CONNECTING,
        (State.OPEN, Lost): State.WAITING,
        (State.OPEN, Renewed): State.CONNECTING,
        (State.WAITING, _Waited): State.CONNECTING,
        (State.WAITING, Renewed): State.CONNECTING,
        (State.DENIED, Renewed): State.CONNECTING,
        (State.IDLE, End): State.ENDED,
        (State.CONNECTING, End): State.ENDED,
        (State.OPEN, End): State.ENDED,
        (State.WAITING, End): State.ENDED,
        (State.DENIED, End): State.ENDED,
    }
)
"""What follows on what; all else that happens changes nothing."""
Answer = list[Done | Learned]


class Connection:
    """One connection.

    Attributes:
        state: where it stands.
        modes: what it is to show, by the broker's numbers.

    Args:
        dice: chance for the waits.
    """

    def __init__(self, dice: random.Random) -> None:
        self.state = State.IDLE
        self.modes: Mapping[int, Mode] = {}
        self._dice = dice
        self._liveness = Liveness()
        self._has_index = self._was_denied = False
        self._failures = self._opened_ns = self._retry_ns = 0

    @property
    def due_ns(self) -> int | None:
        """When it wants to be looked at, in running time; None: not before something happens."""
        if self.state is State.OPEN:
            return self._liveness.due_ns
        return self._retry_ns if self.state is State.WAITING else None

    @property
    def is_proved(self) -> bool:
        """Whether it stands, and shows what is: on opening a broker tells old prices as well."""
        return self.state is State.OPEN and self._liveness.is_proved(has_index=self._has_index)

    @property
    def is_old(self) -> bool:
        """Whether what it shows is not of now, by the exchange's instants."""
        return self._liveness.is_old(has_index=self._has_index)

    def stands(self, tick: Tick, now: Now) -> bool:
        """Say whether what an index tells is not of now, while one is owed."""
        return self._liveness.stands(tick, now, has_index=self._has_index)

    def handle(self, happened: Happened, now: Now) -> Answer:
        """Decide on one thing that happened."""
        match happened:
            case Want():
                return self._want(happened)
            case Look():
                return self._look(now)
            case Begin() | Opened() | Denied() | Lost() | Renewed() | End():
                return self._move(self._judged(happened), now)
        if self.state is not State.OPEN:
            return []
        self._liveness.heard(now)
        match happened:
            case Bytes(data):
                return self._read(data, now)
            case Text(text):
                return [_told(text)]
            case Pinged(payload):
                return [Pong(payload)]
            case Ponged():
                return []

    def _judged(
        self, happened: Begin | Opened | Denied | Lost | Renewed | End
    ) -> Begin | Opened | Denied | Lost | Renewed | End:
        """Return what happened; a denial for which no other session helped is a failure."""
        if self.state is State.CONNECTING:
            match happened:
                case Opened():
                    self._was_denied = False
                case Denied(generation) if generation and self._was_denied:
                    return Lost(DENIED_AGAIN)
                case Denied(generation):
                    self._was_denied = generation > 0
        return happened

    def _want(self, wanted: Want) -> Answer:
        before, self.modes = self.modes, dict(wanted.modes)
        self._has_index = any(map(is_index, self.modes))
        self._liveness.witnesses = {
            token: home for token, home in wanted.witnesses.items() if token in self.modes
        }
        return [*map(Send, changes(before, self.modes))] if self.state is State.OPEN else []

    def _look(self, now: Now) -> Answer:
        if self.state is State.WAITING and now.running_ns >= self._retry_ns:
            return self._move(_Waited(), now)
        if self.state is not State.OPEN:
            return []
        if why := self._liveness.look(now, has_index=self._has_index):
            return [Drop(), *self._move(Lost(why), now)]
        answer: Answer = [Ping()] if self._liveness.must_ping(now) else []
        if text := self._liveness.lags(now, has_index=self._has_index):
            answer.append(Noticed(OLD, text))
        return answer

    def _move(
        self, happened: Begin | Opened | Denied | Lost | Renewed | End | _Waited, now: Now
    ) -> Answer:
        before = self.state
        after = NEXT.get((before, type(happened)))
        if after is None:
            return []
        self.state = after
        answer: Answer = []
        if before in (State.CONNECTING, State.OPEN) and after is not State.OPEN:
            answer = self._left(before, happened, now)
        match after:
            case State.CONNECTING:
                answer.append(Connect())
            case State.OPEN:
                self._opened_ns = now.running_ns
                self._liveness.opened(now)
                answer += [*map(Send, changes({}, self.modes)), Up()]
            case State.WAITING:
                self._wait(now)
        return answer

    def _left(self, before: State, happened: object, now: Now) -> Answer:
        """Tell that a connection is no more, and let go of one that did not end by itself."""
        was_open = before is State.OPEN
        in_session = bool(owed(now.market_ns).trading_ns)
        if was_open and now.running_ns - self._opened_ns >= LASTED_NS:
            self._failures = 0
        match happened:
            case Renewed():
                self._failures = 0
                down = [Down("there is another session", in_session)] if was_open else []
                return [Drop(), *down]
            case Lost(why):
                return [Down(why, in_session)]
            case Denied(generation):
                return [SessionWanted(generation)]
            case End():
                return [Drop()]
        return []

    def _wait(self, now: Now) -> None:
        wait_ns = WAITS_S[min(self._failures, len(WAITS_S) - 1)] * SECOND_NS
        self._failures += 1
        self._retry_ns = now.running_ns + wait_ns + self._dice.randrange(wait_ns // _JITTER)

    def _read(self, data: bytes, now: Now) -> Answer:
        try:
            ticks = tuple(decode(data))
        except WireGarbled as error:
            return [Garbled(str(error))]
        self._liveness.ticked(ticks, now)
        return [Ticked(ticks, data)] if ticks else []


def _told(text: str) -> Learned:
    """Return what a text says."""
    try:
        said = pushed(text)
    except WireGarbled as error:
        return Garbled(printable(str(error)))
    if isinstance(said, Notice):
        return Noticed(printable(said.kind), printable(said.text))
    return OrderHinted(said.order_id)
