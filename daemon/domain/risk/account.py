"""The limits of one account over one day: loss, profit, and a lock under profit.

One odd price never closes an account: a limit holds once two valuations and all between them show
it, and everything that is open has been quoted from the one to the other; a floor rises only by the
profit that all of them show. What is not quoted again keeps nothing waiting for longer than a price
is fresh: a price that nobody has contradicted for so long is no odd one. A day ends with the first
verdict.

Where something that is open has had no price for so long, the limit of loss alone is judged, by
what is known: a loss that goes on must not wait for a quote that may never come, and no gain is
taken or locked on a guess.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from daemon.domain.market.freshness import STALE_FLOOR_NS
from daemon.domain.risk.lock_and_trail import Lock, advance, broken, merge, next_at_e4
from daemon.domain.risk.words import ExitReason, LockRule


class AccountLimits(Struct, frozen=True):
    """What an account is held to in one day; amounts in `_e4`, 0 and None where absent.

    Attributes:
        loss_e4: leave everything when profit is at or below minus this.
        profit_e4: leave everything when profit is at or above this.
        lock: a floor under the day's profit.
    """

    loss_e4: int = 0
    profit_e4: int = 0
    lock: LockRule | None = None


class Beyond(Struct, frozen=True):
    """Valuations that lie beyond the same line, with none between them that does not.

    Attributes:
        above: the line is one of profit to take or lock, not of loss.
        since_ns: when the first of them was.
        least_e4: the least profit that they show.
        most_e4: the most.
    """

    above: bool
    since_ns: int
    least_e4: int
    most_e4: int


class AccountState:
    """One account's day; a new day begins with a new state.

    Attributes:
        beyond: the valuations up to the newest, where that one lies beyond a line.
        lost_ns: since when every estimate has shown the limit of loss as reached; 0: the newest
            valuation is none that does.
        lock: the floor under the day's profit.
        verdict: why the account was left today; None while it was not.
    """

    __slots__ = ("beyond", "lock", "lost_ns", "verdict")

    def __init__(self, lock: Lock | None = None, verdict: ExitReason | None = None) -> None:
        self.beyond: Beyond | None = None
        self.lost_ns = 0
        self.lock = lock or Lock()
        self.verdict = verdict

    def restore(self, lock: Lock) -> None:
        """Take a recorded floor; the higher of the two stands."""
        self.lock = merge(self.lock, lock)


class Valuation(Struct, frozen=True):
    """The profit of an account's day at one instant.

    Attributes:
        pnl_e4: realised and unrealised.
        at_ns: the market instant.
        seen_ns: when each leg that is open was quoted last; read only where it matters.
        whole: by prices that are all fresh; else an estimate, with what has no price at the last
            that it had, or at that of its entry.
    """

    pnl_e4: int
    at_ns: int
    seen_ns: Iterable[int] = ()
    whole: bool = True


def judge_account(
    state: AccountState, valued: Valuation, limits: AccountLimits
) -> ExitReason | None:
    """Judge one valuation of a living link; a stale one must not be brought here.

    Args:
        state: moved in place; its lock is another object after the floor was raised.
        valued: the day's profit.
        limits: what the account is held to.

    Returns:
        Why everything is to be left; told once a day.
    """
    if state.verdict is not None:
        return None
    if not valued.whole:
        return _judge_estimate(state, valued, limits)
    state.lost_ns = 0
    before = state.beyond
    state.beyond = now = _beyond(state, valued, limits)
    if before is None or now is None or before.above is not now.above:
        return None
    state.beyond = both = Beyond(
        now.above,
        before.since_ns,
        min(before.least_e4, now.least_e4),
        max(before.most_e4, now.most_e4),
    )
    if not _quoted_since(before.since_ns, valued):
        return None
    state.verdict = _verdict(state, both, limits)
    state.beyond = _beyond(state, valued, limits)
    return state.verdict


def _judge_estimate(
    state: AccountState, valued: Valuation, limits: AccountLimits
) -> ExitReason | None:
    """Hold an estimate to the limit of loss; what whole valuations have shown stands beside it."""
    if not limits.loss_e4 or valued.pnl_e4 > -limits.loss_e4:
        state.lost_ns = 0
    elif not state.lost_ns:
        state.lost_ns = valued.at_ns
    elif _quoted_since(state.lost_ns, valued):
        state.verdict = ExitReason.ACCOUNT_LOSS
    return state.verdict


def _beyond(state: AccountState, valued: Valuation, limits: AccountLimits) -> Beyond | None:
    """Return a valuation where it alone would do something."""
    rule, lock, pnl_e4 = limits.lock, state.lock, valued.pnl_e4
    below = bool(limits.loss_e4) and pnl_e4 <= -limits.loss_e4
    above = bool(limits.profit_e4) and pnl_e4 >= limits.profit_e4
    if rule is not None:
        below = below or broken(lock, pnl_e4)
        above = above or pnl_e4 >= next_at_e4(rule, lock)
    return Beyond(above, valued.at_ns, pnl_e4, pnl_e4) if above or below else None


def _quoted_since(since_ns: int, valued: Valuation) -> bool:
    """Say whether all prices of a valuation are newer than that, or have stood for long enough."""
    stood_ns = valued.at_ns - STALE_FLOOR_NS
    return all(each > since_ns or each <= stood_ns for each in valued.seen_ns)


def _verdict(state: AccountState, both: Beyond, limits: AccountLimits) -> ExitReason | None:
    """Hold what several valuations agree on to the limits; raise the floor by it."""
    if limits.loss_e4 and both.most_e4 <= -limits.loss_e4:
        return ExitReason.ACCOUNT_LOSS
    if limits.profit_e4 and both.least_e4 >= limits.profit_e4:
        return ExitReason.ACCOUNT_PROFIT
    assert limits.lock is not None, (
        "what lies beyond neither limit lies beyond the lock's next step"
    )
    state.lock = advance(limits.lock, state.lock, both.least_e4)
    return ExitReason.ACCOUNT_PROFIT if broken(state.lock, both.most_e4) else None
