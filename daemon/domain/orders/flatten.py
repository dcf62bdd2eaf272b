"""The closing machine: how everything that is open gets closed, be it one leg or all accounts.

It looks at what is open and at what is on its way, and says what to do next; it holds no belief of
its own about fills. So it may be asked at any time, again after a restart, and in any order of
events. Shorts are bought back before the longs that guard them are sold, no more leaves than is
proven open, and what a refusal leads to is a table.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.orders.ladder import Ladder, Prospect
from daemon.domain.orders.leg_progress import LegProgress
from daemon.domain.orders.refusals import ANSWERS, UNREASONED, Answer
from daemon.domain.orders.slices import slices
from daemon.domain.orders.words import Refusal, Side


class Resting(Struct, frozen=True):
    """An exit that is in the broker's book.

    Attributes:
        intent_id: which.
        price_e4: its limit.
        since_ns: when it left.
    """

    intent_id: str
    price_e4: int
    since_ns: int


class Holding(Struct, frozen=True):
    """One leg to be closed, as its owner knows it now.

    Attributes:
        leg_id: which.
        net_quantity: units held by the broker's evidence; below zero short.
        closing_quantity: units that exits on their way may still fill, doubtful ones included.
        resting: those exits that can be cancelled.
        lot: units in one lot.
        freeze_quantity: the most units of one order.
        price_e4: what an exit would ask at the leg's step; 0 where it cannot be priced now.
        next_price_e4: what it would ask one step on.
        is_ordered: an order for it can be made at all; else a person closes it at the broker.
        guards: while it is long it guards the shorts beside it, so it waits until they are bought
            back.
        underlying: what it is of; a short of another is not beside it.
    """

    leg_id: str
    net_quantity: int
    closing_quantity: int
    resting: tuple[Resting, ...]
    lot: int
    freeze_quantity: int
    price_e4: int
    next_price_e4: int
    is_ordered: bool = True
    guards: bool = True
    underlying: str = ""


class PlaceExit(Struct, frozen=True):
    """Send one order that closes."""

    leg_id: str
    side: Side
    quantity: int
    price_e4: int


class CancelExit(Struct, frozen=True):
    """Take a resting exit back, to price it anew once the broker says that it is gone."""

    intent_id: str


Word = PlaceExit | CancelExit


class Flatten:
    """One closing, of one scope."""

    def __init__(self, ladder: Ladder) -> None:
        self._ladder = ladder
        self._interval_ns = ladder.interval_ms * MILLISECOND_NS
        self._legs: dict[str, LegProgress] = {}

    def step(self, leg_id: str) -> int:
        """Return the step of the ladder that a leg's next exit is priced at."""
        return self._leg(leg_id).step

    def prices_e4(
        self, leg_id: str, side: Side, prospect: Prospect | None, now_ns: int
    ) -> tuple[int, int]:
        """Return what an exit of a leg asks now and one step on, in `_e4`; 0: it has no price."""
        ladder, leg = self._ladder, self._leg(leg_id)
        if prospect is None:
            return 0, 0
        steps = (leg.step, leg.step + 1)
        if now_ns < leg.outside_until_ns:
            prices = [ladder.held(step, side, prospect, leg.outside_e4) for step in steps]
        else:
            prices = [ladder.price(step, side, prospect) for step in steps]
        return prices[0] or 0, prices[1] or 0

    def refused(self, leg_id: str, kind: Refusal, quantity: int, now_ns: int) -> Answer:
        """Take a refusal in, and say what it leads to.

        Several slices of one attempt may be refused at once: the leg takes one step for them all,
        and the longest patience asked for holds. What cannot be halved any more is for a person.
        A no of which nobody knows the reason holds up no other slice, while few of many have one.
        Of the broker's own it may be that the slice was too large, in words that nobody has read
        yet: what is more than one lot is halved once that has held the leg up twice in a row, once
        for all the slices of one attempt, and not into very many.

        Args:
            leg_id: whose exit was refused.
            kind: why.
            quantity: its units.
            now_ns: the instant of the answer.
        """
        leg = self._leg(leg_id)
        before = leg.refusals
        answer = self._answer(leg, kind, quantity, now_ns)
        if kind is not Refusal.OTHER or leg.refusals == before:
            return answer
        leg.unexplained += 1
        return Answer.HALVE if leg.guess() else answer

    def cancelled(
        self, leg_id: str, quantity: int, now_ns: int, kind: Refusal = Refusal.OTHER
    ) -> Answer:
        """Take in that somebody else took an exit back, and say what it leads to.

        Where nobody knows why, it is answered like a no without a reason; and at the same price it
        might go the same way again.

        Args:
            leg_id: whose exit it was.
            quantity: the units that it left.
            now_ns: the instant of the news.
            kind: why the exchange did, where that is known.
        """
        if kind is not Refusal.OTHER:
            return self.refused(leg_id, kind, quantity, now_ns)
        leg = self._leg(leg_id)
        self._take_step(leg, now_ns)
        return self._answer(leg, kind, quantity, now_ns)

    def next(self, holdings: Sequence[Holding], now_ns: int) -> tuple[Word, ...]:
        """Return what is to be done now; nothing where all that can be done is under way."""
        waits = {holding.leg_id for holding in waiting(holdings)}
        words: list[Word] = []
        for holding in sorted(holdings, key=lambda each: (each.net_quantity >= 0, each.leg_id)):
            if holding.leg_id not in waits:
                words += self._place(holding, now_ns)
            words += self._reprice(holding, now_ns)
        return tuple(words)

    def wakes_ns(self, holdings: Sequence[Holding], now_ns: int) -> int:
        """Return when to ask again though nothing has happened; 0 once all is flat."""
        if is_flat(holdings):
            return 0
        legs = [self._leg(holding.leg_id) for holding in holdings]
        waits = [leg.not_before_ns for leg in legs]
        waits += [at_ns for leg in legs for at_ns, _ in leg.aside]
        patient = [at_ns for at_ns in waits if at_ns > now_ns]
        return min([*patient, now_ns + self._interval_ns])

    def _leg(self, leg_id: str) -> LegProgress:
        return self._legs.setdefault(leg_id, LegProgress())

    def _answer(self, leg: LegProgress, kind: Refusal, quantity: int, now_ns: int) -> Answer:
        """Look up what a no leads to, and have the leg wait for it."""
        answer = ANSWERS[kind]
        if answer is Answer.HALVE and quantity <= leg.lot:
            answer = Answer.PAGE
        if kind not in UNREASONED:
            leg.unexplained = 0
        elif leg.set_aside(quantity, now_ns):
            return answer
        waits_ns = leg.patience_ns(answer, now_ns)
        if answer is Answer.REPRICE:
            if kind is Refusal.BAND:
                leg.come_back(now_ns)
            else:
                self._take_step(leg, now_ns)
            waits_ns = self._interval_ns
        elif answer is Answer.HALVE:
            leg.halve(quantity)
        leg.not_before_ns = max(leg.not_before_ns, now_ns + waits_ns)
        return answer

    def _place(self, holding: Holding, now_ns: int) -> list[Word]:
        leg = self._leg(holding.leg_id)
        open_quantity = abs(holding.net_quantity)
        leg.see(open_quantity, rests=bool(self._rested(holding, now_ns)))
        missing = open_quantity - holding.closing_quantity - leg.waiting(now_ns)
        if missing <= 0 or not holding.price_e4 or now_ns < leg.not_before_ns:
            return []
        leg.lot, leg.asked_e4 = holding.lot, holding.price_e4
        side = Side.BUY if holding.net_quantity < 0 else Side.SELL
        largest = leg.largest(holding.freeze_quantity)
        leg.slice_quantity = slices(open_quantity, largest, holding.lot)[0]
        return [
            PlaceExit(holding.leg_id, side, quantity, holding.price_e4)
            for quantity in leg.probe(slices(missing, largest, holding.lot), now_ns)
        ]

    def _reprice(self, holding: Holding, now_ns: int) -> list[Word]:
        """Step on once an exit has rested a whole step; cancel it where that asks another price.

        Steps may share a price (of a cheap option 1 % and 3 % are one tick): the exit then keeps
        its turn at the exchange, and rests there for each of them. Asked again while a
        cancellation is under way, it neither repeats it nor steps on before another interval.
        """
        rested = self._rested(holding, now_ns)
        if not rested or not holding.next_price_e4:
            return []
        if not self._take_step(self._leg(holding.leg_id), now_ns):
            return []
        return [
            CancelExit(each.intent_id) for each in rested if each.price_e4 != holding.next_price_e4
        ]

    def _rested(self, holding: Holding, now_ns: int) -> list[Resting]:
        """Return the exits that have rested a whole step.

        One that left at an instant which is yet to come did so in a run whose clock stood ahead;
        nothing waits until that instant is here.
        """
        steps = ((each, now_ns - each.since_ns) for each in holding.resting)
        return [each for each, rested_ns in steps if not 0 <= rested_ns < self._interval_ns]

    def _take_step(self, leg: LegProgress, now_ns: int) -> bool:
        """Go one step on, at most once in an interval; return whether it was taken."""
        if leg.stepped_ns is not None and now_ns - leg.stepped_ns < self._interval_ns:
            return False
        leg.step += 1
        leg.stepped_ns = now_ns
        return True


def waiting(holdings: Sequence[Holding]) -> tuple[Holding, ...]:
    """Return what is sold no sooner than the shorts beside it are bought back: what guards them.

    For a short that is never ordered from here no long waits: it would do so for good.
    """
    shorts = {each.underlying for each in holdings if each.net_quantity < 0 and each.is_ordered}
    return tuple(
        each
        for each in holdings
        if each.guards and each.net_quantity >= 0 and each.underlying in shorts
    )


def is_flat(holdings: Sequence[Holding]) -> bool:
    """Say whether nothing is open and nothing on its way could open it again."""
    return not any(each.net_quantity or each.closing_quantity for each in holdings)
