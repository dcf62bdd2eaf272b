"""Fan-out: one decision to enter, told to every account that a strategy trades in.

The accounts are told at the same time and answer for themselves: what one of them refuses, or
never answers, holds up none of the others. Each trades the decision as many times as it is set to;
amounts in rupees are those of the strategy's own lots, so they are as many times as large.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.plans.risk_rules import strategy_rules
from daemon.domain.plans.schema import Plan
from daemon.domain.risk.words import LockRule, StrategyRules
from daemon.messages import BasketEnded, BasketOpened, EnterLegs
from daemon.messages.cells import address
from daemon.runtime.words import Tell

ENTERED = "entered today"
_ENTERING = "entering"
_UNTOLD = "the daemon stopped before it was told"


class Place(Struct, frozen=True):
    """Where a strategy trades: one of its accounts.

    Attributes:
        router: the address of its router.
        account: its id.
        mark: what its facts carry; empty at home.
        lots_multiplier: how many times the lots of the strategy are traded there.
    """

    router: str
    account: str = ""
    mark: str = ""
    lots_multiplier: int = 1


class FanOut:
    """What became of the newest entry in each account.

    Args:
        plan: the strategy.
        places: its accounts.
    """

    def __init__(self, plan: Plan, places: Sequence[Place]) -> None:
        self._lots = {leg.id: leg.lots for leg in plan.legs}
        self._rules = strategy_rules(plan)
        self._id = plan.id
        self._places = tuple(places)
        self._entry = ""
        self._decided: BasketOpened | None = None
        self._told: set[str] = set()
        self._ended: dict[str, BasketEnded] = {}

    def begin_day(self, day: date) -> None:
        """Owe nothing of an earlier day: an entry counts for the day of its decision alone."""
        self._begin(str(day))

    def tell(self, decided: BasketOpened) -> tuple[Tell, ...]:
        """Tell a decision, taken in the strategy's own lots, to the accounts that have it not yet.

        Returns:
            What is told to the routers; to those that know the basket nothing.
        """
        self._begin(_entry_of(decided.basket.basket_id))
        self._decided = decided
        untold = self._untold()
        self._told.update(place.mark for place in untold)
        return tuple(Tell(place.router, EnterLegs(self._in(place, decided))) for place in untold)

    def tell_rest(self, now_ns: int) -> tuple[Tell, ...]:
        """Tell what was decided before a crash to the accounts that it kept from hearing it.

        Once the time of that entry is over they are given up: nobody decides on its prices now.
        """
        assert self._decided is not None, "what was decided is known where a rest is left"
        if now_ns < self._decided.basket.deadline_ns:
            return self.tell(self._decided)
        self._decided = None
        return ()

    def forget(self) -> None:
        """Owe nobody anything: what was decided was of another strategy under this id."""
        self._decided = None
        self._told.clear()
        self._ended.clear()

    def hear(self, fact: BasketOpened | BasketEnded) -> bool:
        """Take in what an account made of it; what is told of an older entry is passed over.

        Returns:
            Whether it was told of the newest entry.
        """
        if not self._begin(day_of_entry(fact)):
            return False
        self._told.add(fact.account)
        if isinstance(fact, BasketEnded):
            self._ended[fact.account] = fact
        elif self._decided is None:
            self._decided = self._in_own_lots(fact)
        return True

    def has_rest(self) -> bool:
        """Say whether some accounts have what was decided, and others were never told."""
        return self._decided is not None and bool(self._untold())

    def lost(self) -> tuple[tuple[str, str], ...]:
        """Return the accounts that an entry was never told to: the mark of each, and a sentence."""
        marks = [place.mark for place in self._untold()]
        return tuple((mark, f"the entry failed{self.failed_in(mark)}: {_UNTOLD}") for mark in marks)

    def failed_in(self, mark: str) -> str:
        """Return where an entry failed, in words; empty where there is one account."""
        names = (place.account for place in self._places if place.mark == mark)
        return f" in {next(names, mark)}" if len(self._places) > 1 else ""

    def status(self) -> str:
        """Return what is to be said of the entry."""
        told = [place for place in self._places if place.mark in self._told]
        if any(place.mark not in self._ended for place in told) or self.has_rest():
            return _ENTERING
        failed = [
            (place.account, self._ended[place.mark].because if place in told else _UNTOLD)
            for place in self._places
            if place not in told or not self._ended[place.mark].complete
        ]
        count, entered = len(self._places), len(self._places) - len(failed)
        if not failed:
            return ENTERED
        if count == 1:
            return f"resting: the entry failed: {failed[0][1]}"
        because = "; ".join(f"{account} refused: {why}" for account, why in failed)
        if not entered:
            return f"resting: the entry failed in all {count} accounts: {because}"
        return f"entered in {entered} of {count} accounts: {because}"

    def _untold(self) -> list[Place]:
        return [place for place in self._places if place.mark not in self._told]

    def _begin(self, entry: str) -> bool:
        """Begin anew with the first word of an entry; say whether it is the newest one."""
        if entry > self._entry:
            self._entry, self._decided = entry, None
            self._told.clear()
            self._ended.clear()
        return entry == self._entry

    def _in(self, place: Place, decided: BasketOpened) -> BasketOpened:
        """Return a decision as an account trades it."""
        times, basket = place.lots_multiplier, decided.basket
        legs = tuple(replace(leg, quantity=leg.quantity * times) for leg in basket.legs)
        basket_id = f"{address(self._id, place.mark)}:{self._entry}"
        return replace(
            decided,
            basket=replace(basket, basket_id=basket_id, legs=legs),
            rules=_times(decided.rules, times),
        )

    def _in_own_lots(self, opened: BasketOpened) -> BasketOpened:
        """Return what an account has entered as it was decided."""
        basket = opened.basket
        legs = tuple(
            replace(leg, quantity=self._lots.get(leg.leg_id, 1) * leg.lot) for leg in basket.legs
        )
        return replace(opened, basket=replace(basket, legs=legs), rules=self._rules, account="")


def day_of_entry(fact: BasketOpened | BasketEnded) -> str:
    """Return the day on which an entry was decided; its end may come on a later one."""
    return _entry_of(fact.basket_id if isinstance(fact, BasketEnded) else fact.basket.basket_id)


def _entry_of(basket_id: str) -> str:
    """Return which of a strategy's entries a basket is, whatever account it is in: its day."""
    return basket_id.rpartition(":")[2]


def _times(rules: StrategyRules, times: int) -> StrategyRules:
    lock = rules.lock
    if lock is not None:
        lock = LockRule(
            lock.at_e4 * times, lock.lock_e4 * times, lock.every_e4 * times, lock.by_e4 * times
        )
    return replace(
        rules, stop_e4=rules.stop_e4 * times, target_e4=rules.target_e4 * times, lock=lock
    )
