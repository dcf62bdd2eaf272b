"""The clerk: which requests from outside were answered, and how, so that none acts twice.

A request is claimed before it acts. Whoever brings the same one meanwhile waits for its answer;
whoever brings it later, within a day and across restarts, gets the same bytes, unless it was
refused for now: then it acts. Nobody is told an answer before it is durable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from daemon.actors.turn import Turn
from daemon.domain.instants import DAY_NS
from daemon.messages import (
    AbandonRequest,
    Ask,
    ClaimRequest,
    Declined,
    Done,
    FinishRequest,
    RequestAnswered,
    RequestBegun,
    Told,
)
from daemon.runtime.words import NOTHING, Effect, Show, Started, Tell

MOST = 100_000
"""So many are remembered at a time: with their answers some 80 MB."""
WAITING = 256
_REUSED = Declined(
    "request_reused",
    "this X-Request-Id was used for another request within a day; choose a new one",
)
_BEGUN = Declined(
    "request_begun",
    "the daemon stopped while this request was carried out, and nobody knows how far it came; "
    "look how things stand before you ask for it under a new X-Request-Id",
)
_UNFINISHED = Declined("request_unfinished", "the first of these requests failed; send it again")
_CROWD = Declined("too_many", f"{WAITING} of this request are waiting for its answer already")
_FULL = Declined("too_many", f"{MOST:,} requests within a day are remembered; the day must pass")


class _Claim(Struct):
    """A request under way; `waiting` are the numbers of those who want its answer."""

    digest: str
    once: bool
    waiting: list[int] = field(default_factory=list)


class RequestClerk:
    """Remembers requests for a day of host time.

    Args:
        name: its own address.
        facts: all that was recorded so far.
    """

    def __init__(self, name: str, facts: Iterable[object] = ()) -> None:
        self._name = name
        self._open: dict[str, _Claim] = {}
        self._known: dict[str, RequestBegun | RequestAnswered] = {}
        for fact in facts:
            if isinstance(fact, RequestBegun | RequestAnswered):
                self._remember(fact)
                self._forget(fact.host_ns)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:  # noqa: ARG002
        """Decide on one message."""
        match message:
            case Ask(number, ClaimRequest() as wanted):
                return self._claim(number, wanted)
            case Ask(number, FinishRequest(answered)):
                return self._finish(number, answered)
            case Ask(_, AbandonRequest(request_id)):
                return self._abandon(request_id)
            case RequestAnswered():
                return self._tell(message)
            case Started():
                return NOTHING
            case _:
                raise AssertionError(f"the clerk was told {message!r}")

    def _claim(self, number: int, wanted: ClaimRequest) -> Sequence[Effect]:
        self._forget(wanted.host_ns)
        claim = self._open.get(wanted.request_id)
        known = self._known.get(wanted.request_id)
        if claim is None and known is None:
            return self._open_claim(number, wanted)
        held = claim or known
        assert held is not None, "one of the two is there"
        if held.digest != wanted.digest:
            return _tell(number, _REUSED)
        if claim is not None:
            if len(claim.waiting) >= WAITING:
                return _tell(number, _CROWD)
            claim.waiting.append(number)
            return NOTHING
        if isinstance(known, RequestAnswered) and known.again:
            return self._open_claim(number, wanted)
        return _tell(number, known if isinstance(known, RequestAnswered) else _BEGUN)

    def _open_claim(self, number: int, wanted: ClaimRequest) -> Sequence[Effect]:
        if len(self._known) + len(self._open) >= MOST:
            return _tell(number, _FULL)
        self._open[wanted.request_id] = _Claim(wanted.digest, wanted.once)
        turn = Turn()
        if wanted.once:
            begun = RequestBegun(wanted.request_id, wanted.digest, wanted.host_ns)
            self._remember(begun)
            turn.record(begun)
        turn.do(Show(Told(number, Done())))
        return turn.done()

    def _finish(self, number: int, answered: RequestAnswered) -> Sequence[Effect]:
        """Record an answer; whoever asks is told it once it is durable."""
        claim = self._open.setdefault(answered.request_id, _Claim(answered.digest, once=True))
        claim.waiting.append(number)
        turn = Turn()
        turn.record(answered)
        turn.do(Tell(self._name, answered))
        return turn.done()

    def _tell(self, answered: RequestAnswered) -> Sequence[Effect]:
        self._remember(answered)
        claim = self._open.pop(answered.request_id, None)
        return tuple(Show(Told(each, answered)) for each in claim.waiting) if claim else NOTHING

    def _abandon(self, request_id: str) -> Sequence[Effect]:
        claim = self._open.pop(request_id, None)
        if claim is None:
            return NOTHING
        because = _BEGUN if claim.once else _UNFINISHED
        return tuple(Show(Told(each, because)) for each in claim.waiting)

    def _remember(self, fact: RequestBegun | RequestAnswered) -> None:
        self._known.pop(fact.request_id, None)
        self._known[fact.request_id] = fact

    def _forget(self, host_ns: int) -> None:
        """Drop what is older than a day; what was remembered last stands last."""
        while self._known:
            oldest = next(iter(self._known))
            if host_ns - self._known[oldest].host_ns < DAY_NS:
                return
            del self._known[oldest]


def _tell(number: int, answer: object) -> Sequence[Effect]:
    return (Show(Told(number, answer)),)
