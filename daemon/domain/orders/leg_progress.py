"""How far the closing of one leg has come, and what its refusals have taught.

A no with a reason is an answer; one without is none, and may have been of a moment. So what is
guessed of it goes no further than is cheap, and is not believed for good.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.bands import AVERAGED_NS
from daemon.domain.orders.refusals import SELDOM_NS, WAITS_NS, Answer

_ASIDE_NS = SECOND_NS
_TWICE = 2
_FEW = 4
"""Slices that are no more than this part of a leg are few of it."""
_MOST_SLICES = 20
"""No more of them are guessed to be needed: every one is an order, and is priced anew."""


class LegProgress(Struct):
    """How far the closing of one leg has come.

    Attributes:
        step: of the exit ladder.
        stepped_ns: when it was taken; none for the first.
        asked_e4: what its exits asked when they were placed last.
        outside_e4: the price that the band refused last.
        outside_until_ns: until when that no may still stand.
        lot: units in one lot, once an exit was placed.
        largest_quantity: the largest slice that the exchange has not refused; 0: the freeze
            quantity.
        guessed_quantity: the same where nobody knows whether it was refused for its size; 0: that
            is not guessed.
        taken_quantity: such a guess, once a slice rested or filled; 0: none has.
        slice_quantity: the largest slice that what is open is cut into.
        not_before_ns: a refusal asked for patience until then.
        refusals: attempts in a row that were refused and led to patience alone.
        open_quantity: the units that were open when it was last looked at.
        most_quantity: the most units that were ever open.
        refused_quantity: units of the slices that were refused for no known reason.
        aside: units that are not asked for again before an instant, while all others are.
        unexplained: attempts in a row that the broker refused for no known reason.
    """

    step: int = 0
    stepped_ns: int | None = None
    asked_e4: int = 0
    outside_e4: int = 0
    outside_until_ns: int = 0
    lot: int = 0
    largest_quantity: int = 0
    guessed_quantity: int = 0
    taken_quantity: int = 0
    slice_quantity: int = 0
    not_before_ns: int = 0
    refusals: int = 0
    open_quantity: int = 0
    most_quantity: int = 0
    refused_quantity: int = 0
    aside: list[tuple[int, int]] = []
    unexplained: int = 0

    def see(self, open_quantity: int, *, rests: bool) -> None:
        """Take in what is open; where an exit rests or fills, the next no is a first one.

        What the broker has against larger slices may be over by then, so they are tried once more.
        """
        if rests or open_quantity < self.open_quantity:
            self.refusals = self.unexplained = 0
            if not self.taken_quantity:
                self.taken_quantity, self.guessed_quantity = self.guessed_quantity, 0
        self.open_quantity = open_quantity
        self.most_quantity = max(self.most_quantity, open_quantity)

    def patience_ns(self, answer: Answer, now_ns: int) -> int:
        """Return how long to wait after a refusal; slices of one attempt count as one."""
        first_ns = WAITS_NS[answer]
        if answer not in SELDOM_NS:
            return first_ns
        if now_ns >= self.not_before_ns:
            self.refusals += 1
        return min(first_ns << max(self.refusals - 1, 0), SELDOM_NS[answer])

    def set_aside(self, quantity: int, now_ns: int) -> bool:
        """Leave a refused slice alone for a while, where no more than few of the leg ever were."""
        self.refused_quantity += quantity
        if self.refused_quantity * _FEW > self.most_quantity:
            return False
        self.aside.append((now_ns + _ASIDE_NS, quantity))
        return True

    def halve(self, quantity: int) -> None:
        """Ask for no slice as large as one that was refused."""
        self.largest_quantity = min(self.largest_quantity or quantity, max(quantity // 2, 1))

    def largest(self, freeze_quantity: int) -> int:
        """Return the largest slice to ask for."""
        learnt = (self.largest_quantity, self.guessed_quantity)
        return min([freeze_quantity, *(quantity for quantity in learnt if quantity)])

    def guess(self) -> bool:
        """Ask for smaller slices since nobody knows what is wrong; return whether there are any.

        Smaller than those that everything is cut into, and not than a remainder of them. Where
        larger ones are refused once more, it is those that were taken. What was placed before a
        restart is no such slice: nobody knows here what was cut.
        """
        if self.taken_quantity and not self.guessed_quantity:
            self.guessed_quantity = self.taken_quantity
            return True
        if self.unexplained < _TWICE or not self.lot:
            return False
        least = -(-self.open_quantity // (_MOST_SLICES * self.lot)) * self.lot
        smaller = max(self.slice_quantity // 2, least)
        if smaller >= self.slice_quantity:
            return False
        self.guessed_quantity = smaller
        return True

    def probe(self, quantities: tuple[int, ...], now_ns: int) -> tuple[int, ...]:
        """Let one slice go alone where nobody knows what is wrong; the others a while later.

        Each may be refused like the one before, and a broker counts its noes among a day's orders.
        """
        if self.unexplained < _TWICE:
            return quantities
        self.aside.append((now_ns + _ASIDE_NS, sum(quantities[1:])))
        return quantities[:1]

    def waiting(self, now_ns: int) -> int:
        """Return the units that are left alone now."""
        self.aside = [each for each in self.aside if each[0] > now_ns]
        return sum(quantity for _, quantity in self.aside)

    def come_back(self, now_ns: int) -> None:
        """Begin the ladder anew: what was asked last lies outside the exchange's band."""
        self.step, self.stepped_ns = 0, now_ns
        self.outside_e4, self.outside_until_ns = self.asked_e4, now_ns + AVERAGED_NS
