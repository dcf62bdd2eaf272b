"""The exit ladder: what a closing order asks at its first, second and every later attempt.

A limit at the touch first, then ever further through it, at last near the edge of the price band:
an exit pays for certainty step by step. Every price stands on the tick and inside the band, and a
later step is never less eager than an earlier one at the same touch.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.market.bands import Band, reference_e4, taken_e4
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.market.ticks import safe_tick_e4
from daemon.domain.money import PERCENT_E4, ceil_to, floor_to, percent_of
from daemon.domain.orders.words import Side

_PERCENT = PERCENT_E4 // 100


class Prospect(Struct, frozen=True):
    """What a closing order is priced from; prices in `_e4`, 0 where there is none.

    Attributes:
        touch_e4: the ask for a purchase, the bid for a sale.
        ltp_e4: the last traded price, used where there is no touch.
        low_e4: the lowest price that the exchange takes now.
        high_e4: the highest price that the exchange takes now; 0 where the band is not known.
        tick_e4: the price step, above zero; of a share one that is valid whatever its tick is.
        around_e4: what the band was measured around.
    """

    touch_e4: int
    ltp_e4: int
    low_e4: int
    high_e4: int
    tick_e4: int
    around_e4: int = 0

    def inwards(self, side: Side) -> Prospect:
        """Return the same with the touch drawn to the middle of the band, where it still trades.

        A purchase below that middle may ask the middle, and trades at the touch all the same.
        """
        furthest = max if side is Side.BUY else min
        start_e4 = self.touch_e4 or self.ltp_e4
        return replace(self, touch_e4=furthest(start_e4, self.around_e4 or start_e4))


def prospect_of(
    instrument: Instrument, side: Side, quote: Quote, day: date, mean_e4: int = 0
) -> Prospect:
    """Return what an order in a contract is priced from, on one day.

    The mean that we know is not the exchange's own, so it holds back no order at a touch that
    lies within the band of now: the exchange alone may say no to that.

    Args:
        instrument: the contract.
        side: of the order.
        quote: the newest of the contract.
        day: the trading day.
        mean_e4: the mean of its newest prices, around which the band of a derivative is measured;
            0: none is known, and the price of now stands for it.
    """
    touch_e4, now_e4 = quote.ask_e4 if side is Side.BUY else quote.bid_e4, reference_e4(quote)
    averaged = bool(mean_e4 and now_e4) and instrument.kind is not Kind.EQUITY
    around_e4 = mean_e4 if averaged else now_e4
    low_e4, high_e4 = taken_e4(instrument, around_e4, day) if around_e4 else (0, 0)
    if averaged and high_e4:
        start_e4 = Band(*taken_e4(instrument, now_e4, day)).nearest(touch_e4 or quote.ltp_e4)
        if side is Side.BUY:
            high_e4 = max(high_e4, start_e4)
        else:
            low_e4 = min(low_e4, start_e4)
    tick_e4 = safe_tick_e4(instrument, max(touch_e4, now_e4), day)
    return Prospect(touch_e4, quote.ltp_e4, low_e4, high_e4, tick_e4, around_e4)


class Ladder(Struct, frozen=True):
    """The steps of an exit.

    Attributes:
        steps_percent_e4: how far through the touch each step goes, never falling; one more step,
            the last, goes to the edge of the band.
        edge_inside_percent_e4: how far inside the band's edge the last step stays.
        interval_ms: how long each step may rest before the next.
    """

    steps_percent_e4: tuple[int, ...] = (0, _PERCENT, 3 * _PERCENT)
    edge_inside_percent_e4: int = 2 * _PERCENT
    interval_ms: int = 1000

    def __post_init__(self) -> None:
        """Refuse steps that are not eager in order.

        Raises:
            ValueError: there is no step, one is below zero, or one falls back.
        """
        steps = self.steps_percent_e4
        if not steps or steps[0] < 0 or any(later < early for early, later in pairwise(steps)):
            raise ValueError(f"the steps {steps} must begin at zero or above and never fall")

    def price(self, step: int, side: Side, prospect: Prospect) -> int | None:
        """Return the limit of one attempt, in `_e4`.

        Args:
            step: 0 for the first attempt; the last step repeats.
            side: what the closing order does.
            prospect: what it is priced from.

        Returns:
            A price on the tick and inside the band; None where there is neither touch nor last
            price, or where no tick lies inside the band.
        """
        assert step >= 0, "steps are counted from zero"
        start_e4 = prospect.touch_e4 or prospect.ltp_e4
        if start_e4 <= 0:
            return None
        tick_e4 = prospect.tick_e4
        least_e4 = max(ceil_to(prospect.low_e4, tick_e4), tick_e4)
        most_e4 = floor_to(prospect.high_e4, tick_e4) if prospect.high_e4 else None
        if most_e4 is not None and most_e4 < least_e4:
            return None
        price_e4 = self._through(step, side, start_e4, prospect)
        on_tick_e4 = (ceil_to if side is Side.BUY else floor_to)(price_e4, tick_e4)
        at_least_e4 = max(on_tick_e4, least_e4)
        return at_least_e4 if most_e4 is None else min(at_least_e4, most_e4)

    def held(self, step: int, side: Side, prospect: Prospect, outside_e4: int) -> int | None:
        """Return the limit of one attempt while a no of the band may stand, in `_e4`.

        It is that of the furthest step, up to this one, that lies short of what was refused. Where
        none does it is the touch: only the market itself leads out there again. A touch is drawn
        in to the middle that we know, which may lie outside the exchange's own band. So where what
        was refused lies nearer to that middle than to the touch, the touch itself is asked.

        Args:
            step: as for `price`.
            side: as for `price`.
            prospect: as for `price`.
            outside_e4: the price that was refused.
        """
        inner_e4 = self.price(0, side, prospect.inwards(side))
        bare_e4 = self.price(0, side, prospect)
        if inner_e4 is None:
            return None
        if bare_e4 is not None and abs(outside_e4 - inner_e4) < abs(outside_e4 - bare_e4):
            inner_e4 = bare_e4
        reach = range(inner_e4, outside_e4, side.sign)
        steps = range(min(step, len(self.steps_percent_e4)), -1, -1)
        prices = (self.price(each, side, prospect) for each in steps)
        return next((price_e4 for price_e4 in prices if price_e4 in reach), inner_e4)

    def _through(self, step: int, side: Side, start_e4: int, prospect: Prospect) -> int:
        """Return the price of a step before tick and band."""
        last = len(self.steps_percent_e4)
        percent_e4 = self.steps_percent_e4[min(step, last - 1)]
        price_e4 = start_e4 + side.sign * percent_of(start_e4, percent_e4)
        if step < last or not prospect.high_e4:
            return price_e4
        if side is Side.BUY:
            inside_e4 = percent_of(prospect.high_e4, self.edge_inside_percent_e4)
            return max(price_e4, prospect.high_e4 - inside_e4)
        inside_e4 = percent_of(prospect.low_e4, self.edge_inside_percent_e4)
        return min(price_e4, prospect.low_e4 + inside_e4)
