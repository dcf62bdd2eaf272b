"""The way of the market's frames to the daemon: it loses some, repeats some, and stands still."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.market.frames import Frame
from daemon.messages import FrameArrived
from daemon.simulation.faults import Call, Fates, Kind
from daemon.simulation.timeline import Timeline

_FEED = "feed"
_STILL_NS = (4 * SECOND_NS, 40 * SECOND_NS)
OPENED_NS = 100 * MILLISECOND_NS
"""How long after a start that opens a day the first of what comes from outside comes."""
_PICTURE_NS = 5 * MILLISECOND_NS
"""How long after any other the first picture comes."""
_SPOILT = ("spoilt", "mixed up with")
_FREAK = 3
_RETOLD_NS = 300 * MILLISECOND_NS


class Feed:
    """Brings frames to the daemon that is there, unless something is in the way.

    Args:
        timeline: virtual time.
        fates: what goes wrong.
        given: is told of each frame that a daemon was given.
        tell: brings a message to an actor of the daemon; returns whether one is there.
    """

    def __init__(
        self,
        timeline: Timeline,
        fates: Fates,
        given: Callable[[Frame], None],
        tell: Callable[[str, FrameArrived], bool],
    ) -> None:
        self._timeline = timeline
        self._fates = fates
        self._was_given = given
        self._tell = tell
        self._newest: Frame | None = None
        self._given: Frame | None = None
        self._stands_until_ns = 0
        self._repeats = False

    def bring(self, frame: Frame) -> None:
        """Bring a frame of the market, or not."""
        self._newest = frame
        fault = self._fates.of(Call.FRAME)
        if fault in (Kind.FROZEN, Kind.STUCK):
            dice, number = self._timeline.dice, frame.at_ns
            self._stands_until_ns = frame.at_ns + dice.between(*_STILL_NS, "still", number)
            self._repeats = fault is Kind.STUCK
        if frame.at_ns < self._stands_until_ns:
            self._repeat(frame.at_ns)
        elif fault is not Kind.FRAME_LOST:
            self._give(self._spoilt(frame, fault))
            if fault is Kind.FRAME_TWICE:
                self._timeline.after(_RETOLD_NS, partial(self._give, frame))

    def _spoilt(self, frame: Frame, fault: Kind | None) -> Frame:
        """Return the frame as it arrives."""
        if fault not in (Kind.FREAK, Kind.MIXED_UP):
            return frame
        dice, quotes = self._timeline.dice, dict(frame.quotes)
        names = sorted(quotes)
        one, other = (names[dice.below(len(names), label, frame.at_ns)] for label in _SPOILT)
        if fault is Kind.MIXED_UP:
            quotes[one], quotes[other] = quotes[other], quotes[one]
        else:
            quotes[one] = replace(quotes[one], ltp_e4=quotes[one].ltp_e4 * _FREAK)
        return Frame(frame.at_ns, quotes)

    def begin(self, *, opens: bool) -> None:
        """Bring a whole picture to a daemon that has just begun, as a broker's feed does.

        Args:
            opens: another day begins with the daemon, and the feed is asked for once it has.
        """
        self._timeline.after(OPENED_NS if opens else _PICTURE_NS, self._picture)

    def _picture(self) -> None:
        if self._newest is not None:
            self._give(Frame(self._timeline.now_ns(), self._newest.quotes))

    def _repeat(self, now_ns: int) -> None:
        """Say what was said before, where the feed is stuck and not silent."""
        given = self._given
        if self._repeats and given is not None:
            self._tell(_FEED, FrameArrived(Frame(now_ns, given.quotes), given.at_ns))

    def _give(self, frame: Frame) -> None:
        if self._tell(_FEED, FrameArrived(frame, frame.at_ns)):
            self._given = frame
            self._was_given(frame)
