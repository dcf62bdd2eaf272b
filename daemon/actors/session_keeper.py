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
    Declined,
    Done,
    LoggedIn,
    LogIn,
    LoginFailed,
    NoteCredentials,
    Noted,
    RenewSession,
    SessionReady,
    StepWanted,
    TakeStep,
    Told,
)
from daemon.messages.arming import SeeSession
from daemon.runtime.words import Alarm, Call, Effect, Show, Started

_WAITS_NS = tuple(seconds * SECOND_NS for seconds in (5, 10, 20, 40, 60))
"""How long after a failed log-in the next one waits; the last of them from there on."""


class Session(StrEnum):
    """Where a session stands."""

    NEEDS_LOGIN = "NEEDS_LOGIN"
    NEEDS_USER_STEP = "NEEDS_USER_STEP"
    READY = "READY"
    EXPIRED = "EXPIRED"


class TryAgain(Struct, frozen=True):
    """A log-in may be tried again; of the generation that brought no session."""

    generation: int


class SessionEnds(Struct, frozen=True):
    """The session of that generation is over, as the broker said it would be."""

    generation: int


class BroughtInVain(Struct, frozen=True):
    """The log-in of that generation brought a session that had been refused before it was over."""

    generation: int


_NEXT: dict[tuple[Session, type], Session] = {
    (Session.NEEDS_LOGIN, LoggedIn): Session.READY,
    (Session.NEEDS_LOGIN, BroughtInVain): Session.EXPIRED,
    (Session.NEEDS_LOGIN, LoginFailed): Session.NEEDS_LOGIN,
    (Session.NEEDS_LOGIN, StepWanted): Session.NEEDS_USER_STEP,
    (Session.NEEDS_LOGIN, TryAgain): Session.NEEDS_LOGIN,
    (Session.NEEDS_USER_STEP, TryAgain): Session.NEEDS_LOGIN,
    (Session.READY, RenewSession): Session.EXPIRED,
    (Session.READY, SessionEnds): Session.EXPIRED,
    (Session.EXPIRED, LoggedIn): Session.READY,
    (Session.EXPIRED, BroughtInVain): Session.EXPIRED,
    (Session.EXPIRED, LoginFailed): Session.EXPIRED,
    (Session.EXPIRED, StepWanted): Session.NEEDS_USER_STEP,
    (Session.EXPIRED, TryAgain): Session.EXPIRED,
}
"""What follows on what, for words about the newest generation; all else is passed over.

What a person brings begins a log-in from wherever the session stands.
"""

Word = LoggedIn | LoginFailed | StepWanted | TryAgain | SessionEnds | RenewSession
Judged = Word | BroughtInVain


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
        self._generation = self._refused = 0
        self._waits_ns = _waits()
        self._told: Session | None = None
        self._asking = 0
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
            case Ask(number, TakeStep()):
                self._answer(turn, Declined("session_refused", "another log-in has begun"))
                self._state, self._asking = Session.NEEDS_LOGIN, number
                self._log_in(turn, self._generation + 1)
            case Ask(number, SeeSession()):
                turn.do(Show(Told(number, self._state.value)))
            case _ if isinstance(message, Word):
                self._hear(turn, message, now_ns)
            case _:
                raise AssertionError(f"the session keeper was told {message!r}")
        return turn.done()

    def _hear(self, turn: Turn, word: Word, now_ns: int) -> None:
        """Take a word in where the table knows it; of an older generation it means nothing."""
        if word.generation != self._generation:
            return
        judged = self._judged(word)
        after = _NEXT.get((self._state, type(judged)))
        if after is None:
            return
        self._state = after
        match judged:
            case LoggedIn(generation, _, until_ns):
                self._waits_ns, self._told = _waits(), None
                turn.announce(SessionReady(self._account, generation, now_ns))
                if until_ns:
                    turn.do(Alarm(until_ns, SessionEnds(generation)))
                self._answer(turn, Done(f"{self._account} is logged in"))
            case StepWanted(_, because, _, again_ns):
                step = f"`ordo login {self._account}` tells which page to open, and takes the token"
                self._tell(turn, f"{self._account} needs a person: {because}; {step}", now_ns)
                self._answer(turn, Declined("session_refused", f"{because}; {step}"))
                if again_ns:
                    turn.do(Alarm(again_ns, TryAgain(self._generation)))
            case LoginFailed(_, because, _, again_ns):
                text = f"{self._account} is not logged in, and is tried again: {because}"
                self._tell(turn, text, now_ns)
                at_ns = max(now_ns + next(self._waits_ns), again_ns)
                turn.do(Alarm(at_ns, TryAgain(self._generation)))
                self._answer(turn, Declined("session_refused", text))
            case TryAgain() | SessionEnds() | RenewSession() | BroughtInVain():
                # Whoever brought something in vain is answered by this one: it may do.
                self._log_in(turn, self._generation + 1)
            case _:
                assert_never(judged)

    def _judged(self, word: Word) -> Judged:
        """Return what a word amounts to: a session is used, and may be refused, before it is told.

        So a refusal is remembered until the log-in is over that brought what was refused.
        """
        match word:
            case RenewSession(account, generation):
                assert account == self._account, "not ours"
                self._refused = generation
            case LoggedIn(generation) if generation == self._refused:
                return BroughtInVain(generation)
        return word

    def _log_in(self, turn: Turn, generation: int) -> None:
        self._generation = generation
        turn.do(Call(self._port, LogIn(generation)))

    def _tell(self, turn: Turn, text: str, now_ns: int) -> None:
        """Tell a person why there is no session, unless he was last told of that way of it."""
        if self._state is not self._told:
            self._told = self._state
            turn.record(Noted(NoteKind.SESSION, text, now_ns, account=self._account))

    def _answer(self, turn: Turn, answer: Done | Declined) -> None:
        """Answer the person who brought something, if one waits."""
        if self._asking:
            turn.do(Show(Told(self._asking, answer)))
            self._asking = 0


def _waits() -> Iterator[int]:
    return chain(_WAITS_NS, repeat(_WAITS_NS[-1]))
