"""What must follow soon: an exit after a stop or a limit was met, a kill at work once pulled.

Bounds are of virtual time, in which deciding costs nothing; what is left is waiting for the disk
and for whoever reads first. A daemon that fell meanwhile owes nothing: what it does then is judged
by where its stops stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.market.frames import Frame
from daemon.domain.orders.kill import Stage
from daemon.domain.plans.schema import Plan
from daemon.domain.risk.words import Mark
from daemon.kill import Latch
from daemon.simulation.judging.judge import Judge, Violated
from daemon.simulation.judging.profits import Profits
from daemon.simulation.timeline import Timeline

STOP_NS = 250 * MILLISECOND_NS
"""From the frame that meets a stop, or shows a limit met, to the exit that is owed."""
_FRAMES, _APART_NS = 3, 3 * SECOND_NS
"""So many frames in a row, each fresh beside the one before, show a strategy past its limit."""
KILL_NS = 250 * MILLISECOND_NS
"""From the latch to the kill that has begun, and owes what is held."""


class Deadlines:
    """Watches what is to follow.

    Args:
        timeline: virtual time.
        judge: knows what is recorded.
        life: returns the number of the life that lives now; 0: none does.
        plans: the strategies.

    Attributes:
        stands: says whether a kill that was pulled was not released.
    """

    def __init__(
        self,
        timeline: Timeline,
        judge: Judge,
        life: Callable[[], int],
        plans: Sequence[Plan],
    ) -> None:
        self._timeline = timeline
        self._judge = judge
        self._life = life
        self._plans = plans
        self.stands: Callable[[Latch], bool] = lambda _: True
        self._by_last_price = {plan.id for plan in plans if plan.risk.mark is Mark.LTP}
        self._hung_ns = 0
        self._profits = Profits(judge.trades)
        self._seen: tuple[int, int] = (0, 0)
        self._past: Counter[str] = Counter()

    def hangs(self, until_ns: int) -> None:
        """Take that a flush is waited for in vain until then; all that follows waits with it."""
        self._hung_ns = until_ns

    def given(self, frame: Frame) -> None:
        """Take that the daemon was given a frame."""
        self._look_at_wholes(frame)
        known = self._judge.known
        for key, stop_e4 in known.levels.items():
            strategy_id, _ = key
            if strategy_id not in self._by_last_price or not stop_e4:
                continue
            position = known.book.position(*key)
            pocket = known.pockets.get(key)
            quote = frame.quotes.get(pocket.symbol) if pocket is not None else None
            if quote is None or known.unarmed[key] or self._is_left(key):
                continue
            if (quote.ltp_e4 - stop_e4) * position.net_quantity <= 0:
                what = f"{key} stood at {quote.ltp_e4}, its stop at {stop_e4}, and no exit is owed"
                met = partial(self._judge_stop, self._life(), key, what)
                self._within(STOP_NS, met)

    def pulled(self, latch: Latch) -> None:
        """Take that a kill was pulled, and whoever lives was told."""
        self._within(KILL_NS, partial(self._judge_kill, self._life(), latch))

    def _look_at_wholes(self, frame: Frame) -> None:
        """Count for how many frames in a row each strategy has been past a limit of its whole."""
        (life, before_ns), now_ns = self._seen, self._timeline.now_ns()
        if life == self._life() and frame.at_ns <= before_ns:
            return  # it is told once more
        self._seen = (self._life(), frame.at_ns)
        apart = life != self._life() or frame.at_ns - before_ns > _APART_NS
        self._profits.take(self._judge.known)
        for plan in self._plans:
            what = self._profits.beyond(plan, self._judge.known, frame)
            counts = bool(what) and now_ns >= self._hung_ns
            self._past[plan.id] = (1 if apart else self._past[plan.id] + 1) if counts else 0
            if self._past[plan.id] >= _FRAMES and self._stays(plan):
                self._within(STOP_NS, partial(self._judge_whole, self._life(), plan, what))

    def _within(self, span_ns: int, judge: Callable[[], None]) -> None:
        """Judge once a span has gone by; one that meets a disk that hangs begins anew behind it."""
        self._timeline.after(span_ns, partial(self._judge_or_wait, span_ns, judge))

    def _judge_or_wait(self, span_ns: int, judge: Callable[[], None]) -> None:
        left_ns = self._hung_ns + span_ns - self._timeline.now_ns()
        if left_ns > 0:
            self._within(left_ns, judge)
        else:
            judge()

    def _judge_stop(self, life: int, key: tuple[str, str], what: str) -> None:
        if life and self._life() == life and not self._is_left(key):
            raise Violated("I21", what)

    def _judge_whole(self, life: int, plan: Plan, what: str) -> None:
        if life and self._life() == life and (left := self._stays(plan)):
            raise Violated("I21", f"{what}, and no exit of {left} is owed")

    def _stays(self, plan: Plan) -> list[str]:
        """Return the legs of a strategy that are held, and are not being left."""
        return [leg.id for leg in plan.legs if not self._is_left((plan.id, leg.id))]

    def _judge_kill(self, life: int, latch: Latch) -> None:
        if not life or self._life() != life or not self.stands(latch):
            return
        known = self._judge.known
        staged = known.stages.get(latch.latch_id)
        if staged is None:
            raise Violated("I21", f"{latch.latch_id} was pulled, and has not begun")
        kept = [
            key
            for key, pocket in known.pockets.items()
            if latch.covers(self._judge.account, key[0])
            and pocket not in known.differing  # what the broker does not show is not sold
            and not self._is_left(key)
        ]
        if kept and staged.stage is not Stage.INCOMPLETE:
            raise Violated("I21", f"{latch.latch_id} is {staged.stage}, and {kept} are not left")

    def _is_left(self, key: tuple[str, str]) -> bool:
        """Say whether nothing is held in a leg, or it is being left."""
        known = self._judge.known
        strategy_id, leg_id = key
        return not known.book.position(*key).net_quantity or any(
            leg == leg_id for leg, _ in known.owed_legs(strategy_id)
        )
