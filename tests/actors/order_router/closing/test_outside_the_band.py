"""An exit while the market stands outside the exchange's band is out as soon as one is taken."""

from __future__ import annotations

from statistics import mean

import pytest

from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.market.frames import Frame
from daemon.domain.money import E4
from daemon.domain.orders.words import OrderRefused, Purpose, Refusal
from daemon.messages import Place
from tests.kit.exchange import exchange
from tests.kit.router import SYMBOLS, S, Stage, frame, leave
from tests.kit.scripted_broker import LATENCY_NS

HALF_SPREAD = 0.05


class Jump:
    """A contract that jumps at second 0 and goes on from there, and what an exchange takes of it.

    The band lies 40 % or 20 rupees around the mean of half a minute, which is taken every half
    minute; how long before the jump that was done last differs.
    """

    def __init__(self, leg_id: str, base: float, factor: float, slope: float, phase_s: int) -> None:
        self.leg_id, self.base, self.factor = leg_id, base, factor
        self.slope, self.phase_s = slope, phase_s
        self.sign = -1 if leg_id.startswith("h") else 1
        self.stage, self.second = Stage(), 0
        self.asked: list[tuple[int, float, bool]] = []
        self._ask, self.stage.broker.ask = self.stage.broker.ask, self._judge

    def price(self, second: int) -> float:
        moved = self.factor * (1 + self.slope) ** second if second >= 0 else 1
        return round(self.base * moved * 20) / 20

    def takes(self, price: float, second: int) -> bool:
        set_at = (second + self.phase_s) // 30 * 30 - self.phase_s
        around = mean(self.price(each) for each in range(set_at - 30, set_at))
        return abs(price - around) <= max(around * 0.4, 20) + 1e-9

    def touch(self, second: int) -> float:
        return self.price(second) + self.sign * HALF_SPREAD

    def _judge(self, request, now_ns: int):
        if not (isinstance(request, Place) and request.approved.intent.purpose is Purpose.EXIT):
            return self._ask(request, now_ns)
        intent = request.approved.intent
        price = intent.price_e4 / E4
        taken = self.takes(price, self.second)
        self.asked.append((self.second, price, taken))
        if taken:
            return self._ask(request, now_ns)
        no = OrderRefused(intent.intent_id, Refusal.BAND, "outside", now_ns + LATENCY_NS)
        return [(LATENCY_NS, no)]

    def play(self) -> int | None:
        """Enter a minute before the jump, leave with it; return the second at which all is flat."""
        stage = self.stage
        for second in range(-60, 120):
            self.second = second
            said = stage.tell(frame(stage.now_ns, **{self.leg_id: f"{self.price(second):.2f}"}))
            if second == -50:
                stage.entered(self.leg_id)
            if second == 0:
                said += stage.tell(leave(self.leg_id))
            said += stage.run((S - stage.now_ns % S - MILLISECOND_NS) / S)
            stage.now_ns += MILLISECOND_NS
            if any(word.startswith("flat") for word in said):
                assert self.asked, "an exit left"
                return second
        return None


class AtTheTwin(Jump):
    """The same at the exchange on paper, whose half minutes are those of the clock."""

    def __init__(self, *what) -> None:
        super().__init__(*what)
        self.twin = exchange()
        tell = self.stage.tell
        self.stage.tell = lambda message: self._shown(message) or tell(message)

    def _shown(self, message) -> None:
        if isinstance(message, Frame):
            self.twin.on_frame(message, message.at_ns)

    def takes(self, price: float, second: int) -> bool:
        self.twin.advance(self.stage.now_ns)
        low_e4, high_e4 = self.twin.band_of(SYMBOLS[self.leg_id])
        return low_e4 <= round(price * E4) <= high_e4


JUMPS = [
    *(("ce", 100, 1.45, slope) for slope in (0, 0.001, 0.0015, 0.002, 0.003, -0.002)),
    ("ce", 100, 2, 0.003),
    ("ce", 10, 3.2, 0.01),
    *(("hc", 100, 0.55, -slope) for slope in (0, 0.001, 0.0015, 0.002, 0.003, -0.002)),
]


@pytest.mark.parametrize("phase_s", [0, 7, 15, 25])
@pytest.mark.parametrize(("leg_id", "base", "factor", "slope"), JUMPS)
def test_an_exit_is_through_as_soon_as_the_exchange_takes_a_limit_at_the_touch(
    leg_id, base, factor, slope, phase_s
):
    """A short after a leap, a long after a fall, wherever the market goes on to from there."""
    jump = Jump(leg_id, base, factor, slope, phase_s)
    first = next(each for each in range(120) if jump.takes(jump.touch(each), each))
    assert jump.play() == first, jump.asked


@pytest.mark.parametrize("phase_s", [0, 7, 15, 25])
@pytest.mark.parametrize(
    ("leg_id", "base", "factor", "slope"),
    [("ce", 100, 0.5, 0), ("ce", 100, 0.4, -0.003), ("hc", 100, 1.6, 0), ("hc", 100, 2, 0.003)],
)
def test_a_limit_that_is_too_good_to_be_taken_is_drawn_into_the_band(
    leg_id, base, factor, slope, phase_s
):
    """A short after a fall, a long after a leap: a limit further in trades at the touch as well."""
    jump = Jump(leg_id, base, factor, slope, phase_s)
    assert jump.play() <= 1, jump.asked


class Back(Jump):
    """A leap that comes a part of the way back."""

    def __init__(self, leg_id: str, base: float, leap: float, back: float, back_at: int) -> None:
        self.leap, self.back, self.back_at = leap, back, back_at
        super().__init__(leg_id, base, 1, 0, 0)

    def price(self, second: int) -> float:
        if second < 0:
            return self.base
        return self.leap if second < self.back_at else self.back


@pytest.mark.parametrize(
    ("leg_id", "base", "leap", "back", "back_at"),
    [
        *(("ce", 60, 100, 83, back_at) for back_at in (10, 15, 20, 25)),
        *(("ce", 60, 140, 83, back_at) for back_at in (10, 20)),
        *(("hc", 100, 40, 61, back_at) for back_at in (10, 20)),
    ],
)
def test_an_exit_is_through_once_a_leap_came_so_far_back_that_the_touch_is_taken(
    leg_id, base, leap, back, back_at
):
    """The middle of our own band is still beyond the exchange's: the touch is asked, not that."""
    jump = Back(leg_id, base, leap, back, back_at)
    assert jump.takes(jump.touch(back_at), back_at)
    assert jump.play() == back_at, jump.asked


def test_the_exchange_on_paper_refuses_it_until_its_next_half_minute():
    jump = AtTheTwin("ce", 100, 1.45, 0.003, 0)
    assert jump.play() == 30
    assert [taken for _, _, taken in jump.asked] == [False] * 30 + [True]
