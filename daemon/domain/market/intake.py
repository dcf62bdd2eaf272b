"""Intake: the feed's decision table, over one frame after the other, recorded or live.

A frame is taken, or dropped with the reason told. Checked in this order: older than what came
before (refused), a closed day, outside the sessions, the same instant twice or content that was
seen before (a duplicate). Only a frame that is taken is a beat of the link, and the content of
every frame is remembered, dropped ones included, so a source that repeats itself goes stale. Each
silence, run of duplicates or stretch outside the session is told once, where it begins; `ended`
tells how many frames it was in all.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS, SECOND_NS, day_of, start_of, wall_of
from daemon.domain.market import freshness
from daemon.domain.market.freshness import Link
from daemon.domain.market.notes import Note, NoteKind

Sessions = tuple[tuple[int, int], ...]
"""A day's sessions, first and last instant of each (both belong to it); empty: a closed day."""


class Arrival(Struct, frozen=True, gc=False):
    """What must be known of a frame to judge it.

    Attributes:
        at_ns: when it came.
        fingerprint: equal for equal content; 0 where the source makes no such claim.
    """

    at_ns: int
    fingerprint: int = 0


class Intake(Struct, frozen=True, gc=False):
    """The state of one feed's intake.

    Attributes:
        link: freshness.
        memory: how many contents are remembered. 1 knows the frame before; more are only for
            content that cannot rightly recur, such as a whole chain with its volumes: there a
            copy stuck in the past is known again though fresh frames lie in between.
        seen: their fingerprints, the newest last.
        last_ns: the newest frame, taken or not.
        day_ends_ns: midnight after the day that the counts are of.
        session: the session that the link is based in.
        stale_told: this silence has been told.
        dropping: why the frame before was dropped.
        dropped: how many frames this day has lost, by reason.
    """

    link: Link
    memory: int = 1
    seen: tuple[int, ...] = ()
    last_ns: int = 0
    day_ends_ns: int = 0
    session: tuple[int, int] = (0, 0)
    stale_told: bool = False
    dropping: NoteKind | None = None
    dropped: tuple[tuple[NoteKind, int], ...] = ()


class Judged(Struct, frozen=True, gc=False):
    """What became of a frame, or of a silence.

    Attributes:
        intake: the state after.
        dropped: why the frame must not be acted on; None: take it.
        notes: what to tell, in order.
    """

    intake: Intake
    dropped: NoteKind | None = None
    notes: tuple[Note, ...] = ()


_SENTENCES = {
    NoteKind.REFUSED: "the frame is older than the one before",
    NoteKind.CLOSED_DAY: "the market is closed today",
    NoteKind.OUTSIDE_SESSION: "the frame is outside the trading session",
    NoteKind.DUPLICATE: "the frame brings nothing that was not seen before",
}


def judge(intake: Intake, arrival: Arrival, sessions: Sessions) -> Judged:
    """Decide whether a frame is taken, and what has to be told.

    Args:
        intake: the state before.
        arrival: the frame.
        sessions: of the day that the frame came on.
    """
    return _usual(intake, arrival) or _decide(intake, arrival, sessions)


def _usual(intake: Intake, arrival: Arrival) -> Judged | None:
    """Take the frame that nothing is to be said of, at half the price of the table below.

    After a frame that was taken the link's last beat is the last arrival, so within two intervals
    of it the link is alive and there is no gap.
    """
    at_ns, session, link = arrival.at_ns, intake.session, intake.link
    silence_ns = at_ns - intake.last_ns
    if intake.dropping is not None or silence_ns <= 0 or not session[0] <= at_ns <= session[1]:
        return None
    if arrival.fingerprint in intake.seen or freshness.is_gap(link, silence_ns):
        return None
    if intake.stale_told or at_ns < link.last_ns:
        return None
    seen = intake.seen
    if arrival.fingerprint:
        seen = (*seen, arrival.fingerprint)[-intake.memory :]
    return Judged(
        Intake(
            freshness.beat(link, at_ns),
            intake.memory,
            seen,
            at_ns,
            intake.day_ends_ns,
            session,
            dropped=intake.dropped,
        )
    )


def _decide(intake: Intake, arrival: Arrival, sessions: Sessions) -> Judged:
    at_ns = arrival.at_ns
    if at_ns < max(intake.last_ns, intake.link.last_ns):
        return _drop(_remember(intake, arrival), NoteKind.REFUSED, at_ns)
    told: tuple[Note, ...] = ()
    if at_ns >= intake.day_ends_ns:
        intake, told = _next_day(intake, at_ns)
    session = _session_at(sessions, at_ns)
    quiet = silence(intake, at_ns if session == intake.session else intake.session[1] + 1)
    intake, told = quiet.intake, told + quiet.notes
    if session is not None:
        intake, gap = _heard(intake, at_ns, session)
        told += gap
    reason = _reason(intake, arrival, sessions, session)
    intake = _remember(intake, arrival)
    if reason is not None:
        judged = _drop(intake, reason, at_ns)
        return Judged(judged.intake, reason, told + judged.notes)
    link = freshness.beat(intake.link, at_ns)
    return Judged(replace(intake, link=link, stale_told=False, dropping=None), None, told)


def begin(intake: Intake, at_ns: int, session: tuple[int, int]) -> Intake:
    """Base the link in a session without waiting for a frame: for feeds that owe one at once.

    A recording may begin late; its link is based by its first frame of the session instead.
    """
    link = freshness.opened(intake.link, at_ns)
    return replace(intake, link=link, session=session, stale_told=False)


def silence(intake: Intake, now_ns: int) -> Judged:
    """Tell, once, that the link has died in its session; an alarm at `dies_at_ns` calls this."""
    dies_ns = dies_at_ns(intake)
    if not dies_ns or now_ns < dies_ns:
        return Judged(intake)
    text = f"nothing new since {_clock(intake.link.last_ns)}: prices are stale"
    return Judged(replace(intake, stale_told=True), None, (Note(dies_ns, NoteKind.STALE, text),))


def dies_at_ns(intake: Intake) -> int:
    """Return when the link will be dead in its session; 0: not in it, or it has been told."""
    dies_ns = freshness.dies_at_ns(intake.link)
    return 0 if intake.stale_told or dies_ns > intake.session[1] else dies_ns


def ended(intake: Intake) -> Judged:
    """End the day: tell a silence that lasted to the close, and how many frames were dropped."""
    quiet = silence(intake, intake.session[1])
    notes = quiet.notes + tuple(
        Note(intake.last_ns, kind, f"{count:,} frames were dropped today: {_SENTENCES[kind]}")
        for kind, count in intake.dropped
        if count > 1
    )
    fresh = replace(quiet.intake, session=(0, 0), dropping=None, dropped=())
    return Judged(fresh, None, notes)


def _next_day(intake: Intake, at_ns: int) -> tuple[Intake, tuple[Note, ...]]:
    finished = ended(intake)
    day_ends_ns = start_of(day_of(at_ns)) + DAY_NS
    return replace(finished.intake, day_ends_ns=day_ends_ns), finished.notes


def _session_at(sessions: Sessions, at_ns: int) -> tuple[int, int] | None:
    for session in sessions:
        if session[0] <= at_ns <= session[1]:
            return session
    return None


def _heard(intake: Intake, at_ns: int, session: tuple[int, int]) -> tuple[Intake, tuple[Note, ...]]:
    """Base the link in a session that begins; within one, tell a long silence between frames."""
    if session != intake.session:
        return begin(intake, at_ns, session), ()
    silence_ns = at_ns - max(intake.last_ns, session[0])
    if intake.stale_told or not freshness.is_gap(intake.link, silence_ns):
        return intake, ()
    text = f"no frame for {_length(silence_ns)} until {_clock(at_ns)}"
    return intake, (Note(at_ns, NoteKind.GAP, text),)


def _reason(
    intake: Intake, arrival: Arrival, sessions: Sessions, session: tuple[int, int] | None
) -> NoteKind | None:
    if not sessions:
        return NoteKind.CLOSED_DAY
    if session is None:
        return NoteKind.OUTSIDE_SESSION
    if arrival.at_ns == intake.last_ns or arrival.fingerprint in intake.seen:
        return NoteKind.DUPLICATE
    return None


def _remember(intake: Intake, arrival: Arrival) -> Intake:
    last_ns = max(intake.last_ns, arrival.at_ns)
    if not arrival.fingerprint:
        return replace(intake, last_ns=last_ns)
    others = tuple(known for known in intake.seen if known != arrival.fingerprint)
    seen = (*others, arrival.fingerprint)[-intake.memory :]
    return replace(intake, last_ns=last_ns, seen=seen)


def _drop(intake: Intake, reason: NoteKind, at_ns: int) -> Judged:
    """Count a frame that is not taken; tell it where such a run begins."""
    counts = dict(intake.dropped)
    counts[reason] = counts.get(reason, 0) + 1
    notes = () if intake.dropping is reason else (Note(at_ns, reason, _SENTENCES[reason]),)
    after = replace(intake, dropping=reason, dropped=tuple(counts.items()))
    return Judged(after, reason, notes)


def _clock(at_ns: int) -> str:
    return wall_of(at_ns).isoformat("seconds")


def _length(span_ns: int) -> str:
    minutes, seconds = divmod(span_ns // SECOND_NS, 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
