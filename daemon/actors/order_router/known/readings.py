"""What the router knows of the broker's book beside its own: who differs, since when, and how.

What differs is a fold of facts, and so is what the reading shows that was recorded last: by that it
is decided after a restart whose the units are that a stranger trades. How long a reading has said
the same is not: the book is read anew, and no other decision rests on what was read before.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from daemon.domain.orders.lapsed import Lapsed
from daemon.domain.orders.reconcile import Compared
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import Pocket
from daemon.messages import BooksAgree, BooksDiffer
from daemon.messages.control import BookRead


class Same(Struct):
    """Something that readings show alike.

    Attributes:
        seen: what they show.
        since_ns: the first of them in a row.
        at_ns: the newest of them.
    """

    seen: object
    since_ns: int
    at_ns: int

    @property
    def lasted_ns(self) -> int:
        """How far the readings lie apart that showed the same."""
        return self.at_ns - self.since_ns


class Readings(Struct):
    """The readings of one account.

    Attributes:
        account: whose facts are folded.
        reconciled: the broker's book was read since the start.
        differing: positions that the broker shows otherwise, each product of a symbol by itself.
        asked_ns: when the reading was asked for that is still out; None: none is.
        owed_ns: when the first was asked for since the last that came; None: each has come.
        hinted: news was hinted at while that one was on its way, so it may not show them.
        read_ns: when the newest was asked for.
        newest: the newest.
        recorded_ns: when the last one was made that is recorded; 0: none is.
        recorded_gaps: by how many units the broker's position was above ours for long by then.
        before_ns: where none is, the earliest instant at which the last one before the start may
            have been made.
        moved_ns: when a fill was last heard of, by symbol.
        seen: by how many units the newest since the start showed more than our book, its orders
            counted as heard; None: there is none yet.
        gaps: by how many units the broker's position is above ours.
        open_gaps: gaps that an earlier reading showed, where orders on their way, or the age of the
            newest, make it too early to say whether they are still there.
        least: how many units of these gaps all readings in a row have shown, on one side.
        late: where such gaps were seen only while the positions might not show a fill yet.
        absent: what the legs hold together that outlived their day where it shows nothing.
        doubts: what readings show around an order in doubt, by its id.
        gone: orders that are over with their day, and may have filled before.
        unheard: by how many units the broker's position was above ours where those trade.
        after_close: how often it was asked for since the last close of the day.
        awaited_ns: since when an exit waits for the first reading since the start.
        unread: why the book could not be read, once a person was told.
        sharesless: why shares of earlier days could not be read, where all else was enough.
        owned: shares of earlier days, beside the positions of the day, that are the owner's own;
            what he has sold of them today is taken off.
    """

    account: str
    reconciled: bool = False
    differing: dict[Pocket, BooksDiffer] = field(default_factory=dict)
    asked_ns: int | None = None
    owed_ns: int | None = None
    hinted: bool = False
    read_ns: int = 0
    newest: AccountRead | None = None
    recorded_ns: int = 0
    recorded_gaps: dict[Pocket, int] = field(default_factory=dict)
    before_ns: int = 0
    moved_ns: dict[str, int] = field(default_factory=dict)
    seen: dict[Pocket, int] | None = None
    gaps: dict[Pocket, Same] = field(default_factory=dict)
    open_gaps: dict[Pocket, Same] = field(default_factory=dict)
    least: dict[Pocket, Same] = field(default_factory=dict)
    late: frozenset[Pocket] = frozenset()
    absent: dict[Pocket, Same] = field(default_factory=dict)
    doubts: dict[str, Same] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    unheard: dict[Pocket, int] = field(default_factory=dict)
    after_close: int = 0
    awaited_ns: int | None = None
    unread: str = ""
    sharesless: str = ""
    owned: dict[Pocket, int] = field(default_factory=dict)

    def apply(self, fact: object) -> None:
        """Take one recorded fact in; those of others are passed over."""
        match fact:
            case BooksDiffer(account) if account == self.account:
                self.differing[fact.pocket] = fact
            case BooksAgree(account) if account == self.account:
                self.differing.pop(fact.pocket, None)
            case BookRead(account, at_ns) if account == self.account:
                self.recorded_ns = at_ns
                self.recorded_gaps = {Pocket(s, p): units for s, p, units in fact.beside}

    def open(self, seen: Mapping[Pocket, int]) -> None:
        """Take which gaps a reading still shows, before its orders are heard; the others are open.

        What it tells then may be what closed them.
        """
        self.seen = dict(seen)
        other = {p: each for p, each in self.gaps.items() if seen.get(p, 0) != each.seen}
        self.open_gaps |= other
        self.gaps = {p: each for p, each in self.gaps.items() if p not in other}

    def note_gaps(self, compared: Compared, at_ns: int) -> None:
        """Take what the newest reading shows beside our book; what it no longer shows is gone.

        Where it is older than what we have heard, it shows nothing.
        """
        before = self.open_gaps | self.gaps
        self.open_gaps = {
            pocket: each
            for pocket, each in before.items()
            if pocket in compared.undecided or pocket.symbol in compared.behind
        }
        self.gaps = {
            each.pocket: again(before.get(each.pocket), each.theirs - each.ours, at_ns)
            for each in compared.differing
            if each.symbol not in compared.behind
        }
        self.least = {p: each for p, each in self.least.items() if p in self.open_gaps} | {
            pocket: _at_least(self.least.get(pocket), each) for pocket, each in self.gaps.items()
        }
        self.late = compared.lagging | (self.late & self.open_gaps.keys())

    def note_over(self, lapsed: Lapsed) -> None:
        """Take what the newest reading shows to be over; where it is too early, what stood before.

        An order that it shows after all is not over.
        """
        waiting = {order.intent.intent_id: order.intent.pocket for order in lapsed.waiting}
        unproven = {order.intent.intent_id for order in lapsed.unproven}
        before = {p: units for p, units in self.unheard.items() if p in waiting.values()}
        self.unheard = before | lapsed.unheard
        self.gone = frozenset(unproven | (self.gone & waiting.keys()))

    def adopted(self, pocket: Pocket) -> None:
        """Take it that what the broker showed beyond our book is in that now."""
        self.gaps.pop(pocket, None)
        self.least.pop(pocket, None)
        assert self.seen is not None, "a gap is known by a reading"
        self.seen.pop(pocket, None)
        self.unheard.pop(pocket, None)

    def note_doubts(self, seen: Mapping[str, object], at_ns: int) -> None:
        """Take what the newest reading shows around each order in doubt."""
        self.doubts = {
            intent_id: again(self.doubts.get(intent_id), view, at_ns)
            for intent_id, view in seen.items()
        }

    def ripens_ns(self, apart_ns: int) -> int:
        """Return from when on a reading could lie so far from an equal one of a doubt; 0: none."""
        young = (each for each in self.doubts.values() if each.lasted_ns < apart_ns)
        return min((each.since_ns + apart_ns for each in young), default=0)

    def gap(self, pocket: Pocket, lasted_ns: int) -> int | None:
        """Return the units by which the broker shows more, once that was read for so long."""
        return _units(self.gaps.get(pocket), lasted_ns)

    def beside(self, pocket: Pocket, lasted_ns: int) -> int:
        """Return the units of the owner's own that our book has not; below zero short.

        They are his shares of earlier days, and what readings have shown beyond our book for so
        long; be it before the start. What a fill of ours explains that is not shown yet is not his.
        """
        gap = None if pocket in self.late else self.gap(pocket, lasted_ns)
        if gap is None:
            gap = self.recorded_gaps.get(pocket, 0)
            if self.seen is not None and self.seen.get(pocket) != gap:
                gap = 0
        return self.owned.get(pocket, 0) + gap

    def shown_gap(self, pocket: Pocket, lasted_ns: int) -> int | None:
        """Return the same; where orders on their way leave it open, what was last read of it.

        An exit that rests can explain units that are missing anyhow, so that it rests is no
        evidence that they are there. Nor is a reading that lacks another number of them: what all
        have lacked is not there.
        """
        newest = _units(self.gaps.get(pocket) or self.open_gaps.get(pocket), lasted_ns)
        return _units(self.least.get(pocket), lasted_ns) if newest is None else newest


def lasting(reads: Readings, lasted_ns: int) -> dict[Pocket, int]:
    """Return the gaps that were read for so long, or are as they were recorded to have been."""
    found, before = reads.open_gaps | reads.gaps, reads.recorded_gaps
    still = {p: units for p, units in before.items() if p in found and found[p].seen == units}
    lasted = ((p, _units(each, lasted_ns)) for p, each in found.items() if p not in reads.late)
    return still | {pocket: units for pocket, units in lasted if units is not None}


def _units(known: Same | None, lasted_ns: int) -> int | None:
    if known is None or known.lasted_ns < lasted_ns:
        return None
    assert isinstance(known.seen, int), "a gap is told in units"
    return known.seen


def _at_least(known: Same | None, gap: Same) -> Same:
    """Return what the gaps of one side in a row have in common, with the newest of them."""
    if known is not None:
        assert isinstance(known.seen, int), "a gap is told in units"
        assert isinstance(gap.seen, int), "a gap is told in units"
        if known.seen * gap.seen > 0:
            return Same(min(known.seen, gap.seen, key=abs), known.since_ns, gap.at_ns)
    return Same(gap.seen, gap.at_ns, gap.at_ns)


def again(known: Same | None, seen: object, at_ns: int) -> Same:
    """Return what readings show alike, with what the newest of them shows."""
    if known is not None and known.seen == seen:
        return Same(seen, known.since_ns, at_ns)
    return Same(seen, at_ns, at_ns)
