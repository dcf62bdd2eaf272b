"""The session keeper: an account's session at its broker, and which generation of it is in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain, repeat
from typing import assert_never

from msgspec import Struct

from daemon.actors.turn import Turn
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.notes import NoteKind
from daemon.messages import (
    Ask,
    CredentialsKept,
    Done,
    LoggedIn,
    LogIn,
    LoginFailed,
    NoteCredentials,
    Noted,
    RenewSession,
    SessionReady,
    Told,
)
from daemon.runtime.words import Alarm, Call, Effect, Show, Started

_WAITS_NS = tuple(seconds * SECOND_NS for seconds in (5, 10, 20, 40, 60))
"""How long after a failed log-in the next one waits; the last of them from there on."""


class Session(StrEnum):
    """Where a session stands."""

    NEEDS_LOGIN = "NEEDS_LOGIN"
    READY = "READY"
    EXPIRED = "EXPIRED"


class TryAgain(Struct, frozen=True):
    """The wait after a failed log-in is over; of the generation that failed."""

    generation: int


_NEXT: dict[tuple[Session, type], Session] = {
    (Session.NEEDS_LOGIN, LoggedIn): Session.READY,
    (Session.NEEDS_LOGIN, LoginFailed): Session.NEEDS_LOGIN,
    (Session.NEEDS_LOGIN, TryAgain): Session.NEEDS_LOGIN,
    (Session.READY, RenewSession): Session.EXPIRED,
    (Session.EXPIRED, LoggedIn): Session.READY,
    (Session.EXPIRED, LoginFailed): Session.EXPIRED,
    (Session.EXPIRED, TryAgain): Session.EXPIRED,
}
"""What follows on what, for words about the newest generation; all else is passed over."""

Word = LoggedIn | LoginFailed | TryAgain | RenewSession


class SessionKeeper:
    """Keeps one account logged in.

    Args:
        account: whose session.
        port: the name of its broker.
        facts: what was recorded before; a session that stood then is not taken to stand now.
    """

    def __init__(self, account: str, port: str, facts: Iterable[object] = ()) -> None:
        self._account = account
        self._port = port
        self._state = Session.NEEDS_LOGIN
        self._generation = 0
        self._waits_ns = _waits()
        self._told = False
        for fact in facts:
            match fact:
                case SessionReady(known, generation) if known == account:
                    self._generation = max(self._generation, generation)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        turn = Turn()
        match message:
            case Started():
                self._log_in(turn, self._generation + 1)
            case Ask(number, NoteCredentials(names, by)):
                turn.record(CredentialsKept(self._account, names, by, now_ns))
                turn.do(Show(Told(number, Done())))
            case LoggedIn() | LoginFailed() | TryAgain() | RenewSession():
                self._hear(turn, message, now_ns)
            case _:
                raise AssertionError(f"the session keeper was told {message!r}")
        return turn.done()

    def _hear(self, turn: Turn, word: Word, now_ns: int) -> None:
        """Take a word in where the table knows it; of an older generation it means nothing."""
        after = _NEXT.get((self._state, type(word)))
        if after is None or word.generation != self._generation:
            return
        assert not isinstance(word, RenewSession) or word.account == self._account, "not ours"
        self._state = after
        match word:
            case LoggedIn(generation):
                self._waits_ns, self._told = _waits(), False
                turn.announce(SessionReady(self._account, generation, now_ns))
            case LoginFailed(_, because):
                self._wait(turn, because, now_ns)
            case TryAgain(generation) | RenewSession(_, generation):
                self._log_in(turn, generation + 1)
            case _:
                assert_never(word)

    def _log_in(self, turn: Turn, generation: int) -> None:
        self._generation = generation
        turn.do(Call(self._port, LogIn(generation)))

    def _wait(self, turn: Turn, because: str, now_ns: int) -> None:
        """Try again in a while, and tell a person the first time."""
        if not self._told:
            self._told = True
            text = f"{self._account} is not logged in, and is tried again: {because}"
            turn.record(Noted(NoteKind.REFUSED, text, now_ns))
        turn.do(Alarm(now_ns + next(self._waits_ns), TryAgain(self._generation)))


def _waits() -> Iterator[int]:
    return chain(_WAITS_NS, repeat(_WAITS_NS[-1]))
