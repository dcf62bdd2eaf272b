"""Fan-out: one decision to enter, told to every account that a strategy trades in.

The accounts are told at the same time and answer for themselves: what one of them refuses, or
never answers, holds up none of the others. Each trades the decision as many times as it is set to;
amounts in rupees are those of the strategy's own lots, so they are as many times as large.

Where an account may not enter for now, and nothing was begun there, it waits: once that has passed,
another decision is taken for it, under an id of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.plans.risk_rules import strategy_rules
from daemon.domain.plans.schema import Plan
from daemon.domain.risk.words import LockRule, StrategyRules
from daemon.messages import BasketEnded, BasketOpened, EnterLegs, WaitOver
from daemon.messages.asks import EndWait
from daemon.messages.cells import address
from daemon.runtime.words import Tell

ENTERED = "entered today"
_ENTERING = "entering"
_UNTOLD = "it was no account of the strategy then, or the daemon stopped before it was told"


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


class Stage(Enum):
    """How far the entry of a day has come.

    Attributes:
        REST: some accounts have what was decided, and others were never told.
        LOST: so it is, and what was decided is not known any more.
        ASKS: a decision is wanted.
        ENTERING: some account is yet to answer.
        WAITS: in some account it waits for what keeps it out to pass.
        OVER: there is no entry after this one on that day.
    """

    REST = auto()
    LOST = auto()
    ASKS = auto()
    ENTERING = auto()
    WAITS = auto()
    OVER = auto()


class FanOut:
    """What became of the newest day's entry in each account.

    Attributes:
        tried: how often it was decided on that day, as far as is known.

    Args:
        plan: the strategy.
        places: its accounts.
    """

    def __init__(self, plan: Plan, places: Sequence[Place]) -> None:
        self._lots = {leg.id: leg.lots for leg in plan.legs}
        self._rules = strategy_rules(plan)
        self._id = plan.id
        self._places = tuple(places)
        self.tried = 0
        self._day = ""
        self._decided: BasketOpened | None = None
        self._words: dict[str, BasketOpened | BasketEnded | None] = {}
        self._passed: set[str] = set()
        self._missed: set[str] = set()
        self._is_spent = False

    def begin_day(self, day: date) -> bool:
        """Owe nothing of an earlier day: an entry counts for the day of its decision alone.

        Returns:
            Whether it is another day than before; the same may be told anew, with other hours.
        """
        is_another = str(day) != self._day
        self._begin(str(day), 0)
        return is_another

    def tell(self, decided: BasketOpened) -> tuple[Tell, ...]:
        """Tell a decision, taken in the strategy's own lots, to the accounts that want one.

        Returns:
            What is told to the routers; to those that know the basket nothing.
        """
        self._begin(*_entry_of(decided.basket.basket_id))
        self._decided = decided
        return self._tell(self._wanting())

    def tell_rest(self, now_ns: int) -> tuple[Tell, ...]:
        """Tell what was decided before a crash to the accounts that it kept from hearing it.

        Once the time of that entry is over they are given up, for good: nobody decides on its
        prices now. So they are where no account has it, and nobody knows it any more.
        """
        untold = self._untold()
        if self._decided is not None and now_ns < self._decided.basket.deadline_ns:
            return self._tell(untold)
        self._missed.update(place.mark for place in untold)
        return ()

    def forget(self) -> None:
        """Owe nobody anything: what was decided was of another strategy under this id.

        What that has begun on a day is the entry of the day.
        """
        self._is_spent = self._is_spent or self._begun()
        self._clear()

    def hear(self, fact: BasketOpened | BasketEnded | WaitOver) -> bool:
        """Take in what an account made of it; what is told of an older day is passed over.

        That what kept an entry out has passed may be heard before that it waits.

        Returns:
            Whether an entry of the newest day was told of.
        """
        if isinstance(fact, WaitOver):
            self._passed.add(fact.account)
            return False
        basket_id = _basket_id(fact)
        if not self._begin(*_entry_of(basket_id)):
            return False
        if isinstance(fact, BasketOpened) and self._decided is None and self._is_first(basket_id):
            self._decided = self._in_own_lots(fact)
        self._words[fact.account] = fact
        return True

    def end_waits(self, closed: str) -> tuple[Tell, ...]:
        """Tell the accounts in which the entry still waits that it is over for the day.

        Args:
            closed: when its window was over, in words for people.
        """
        return tuple(
            Tell(place.router, EndWait(self._id, self._over_because(place.mark, word, closed)))
            for place in self._places
            if isinstance(word := self._words.get(place.mark), BasketEnded) and word.waits
        )

    def stage(self) -> Stage:
        """Return how far the entry has come."""
        if self._is_spent:
            return Stage.OVER
        if self._untold() and self._begun():
            return Stage.LOST if self._decided is None else Stage.REST
        if self._wanting():
            return Stage.ASKS
        if None in self._words.values():
            return Stage.ENTERING
        return Stage.WAITS if any(map(_waits, self._words.values())) else Stage.OVER

    def lost(self, *, day_over: bool) -> tuple[tuple[str, str], ...]:
        """Return the accounts that are not entered after all: the mark of each, and a sentence.

        Args:
            day_over: it is waited for no longer either; else those alone that were never told.
        """
        untold = self._untold() if self._begun() else []
        why = [(place, f"the entry failed{self._in_words(place)}: {_UNTOLD}") for place in untold]
        if day_over:
            waiting = [place for place in self._places if _waits(self._words.get(place.mark))]
            why += [(place, f"no entry today{self._in_words(place)}") for place in waiting]
        return tuple((place.mark, text) for place, text in why)

    def said(self, ended: BasketEnded) -> str:
        """Return what is to be told of an entry that is not complete."""
        place = next((each for each in self._places if each.mark == ended.account), None)
        where = self._in_words(place or Place("", ended.account, ended.account))
        return f"the entry {'waits' if ended.waits else 'failed'}{where}: {ended.because}"

    def status(self) -> str:
        """Return what is to be said of the entry."""
        told = [place for place in self._places if place.mark in self._words]
        ends = {mark: word for mark, word in self._words.items() if isinstance(word, BasketEnded)}
        if any(place.mark not in ends for place in told) or self.stage() is Stage.REST:
            return _ENTERING
        only = ends.get(self._places[0].mark) if len(self._places) == 1 else None
        if only is not None and not only.complete:
            text = self.said(only)
            return text if text.startswith("the entry waits") else f"resting: {text}"
        out = [(place, ends.get(place.mark)) for place in self._places]
        return _status_of([(place.account, end) for place, end in out])

    def _tell(self, places: Iterable[Place]) -> tuple[Tell, ...]:
        assert self._decided is not None, "what was decided is told"
        told = []
        for place in places:
            self._words[place.mark] = None
            self._passed.discard(place.mark)
            told.append(Tell(place.router, EnterLegs(self._in(place, self._decided))))
        return tuple(told)

    def _untold(self) -> list[Place]:
        out = self._missed.union(self._words)
        return [place for place in self._places if place.mark not in out]

    def _begun(self) -> bool:
        """Say whether an account has what was decided, or has refused it for good."""
        return not all(map(_waits, self._words.values()))

    def _is_first(self, basket_id: str) -> bool:
        """Say whether it is of the decision that the entry began with.

        Of a later one those alone were told that had waited, and the others are not owed it.
        """
        before = [word for word in self._words.values() if word is not None and not _waits(word)]
        return all(_entry_of(_basket_id(word))[1] >= _entry_of(basket_id)[1] for word in before)

    def _wanting(self) -> list[Place]:
        """Return the accounts that a decision is wanted for.

        One that a crash kept from hearing of an entry wants another where nobody has begun it.
        """
        begun = self._begun()
        return [
            place
            for place in self._places
            if (not begun if place.mark not in self._words else self._is_free(place.mark))
        ]

    def _over_because(self, mark: str, ended: BasketEnded, closed: str) -> str:
        """Return why an entry that waits is over for the day, and what it waited for."""
        how = "it had waited, and was not decided anew" if mark in self._passed else "it waited"
        return f"it is over for today: {how} until its window ended at {closed}: {ended.because}"

    def _is_free(self, mark: str) -> bool:
        return mark in self._passed and _waits(self._words[mark])

    def _begin(self, day: str, number: int) -> bool:
        """Begin anew with the first word of a day; say whether it is the newest one."""
        if day > self._day:
            self._day, self._is_spent, self.tried = day, False, 0
            self._clear()
        if day == self._day:
            self.tried = max(self.tried, number)
        return day == self._day

    def _clear(self) -> None:
        self._decided = None
        self._words.clear()
        self._passed.clear()
        self._missed.clear()

    def _in_words(self, place: Place) -> str:
        """Return where something is so; empty where there is one account."""
        return f" in {place.account}" if len(self._places) > 1 else ""

    def _in(self, place: Place, decided: BasketOpened) -> BasketOpened:
        """Return a decision as an account trades it."""
        times, basket = place.lots_multiplier, decided.basket
        legs = tuple(replace(leg, quantity=leg.quantity * times) for leg in basket.legs)
        entry = basket.basket_id.rpartition(":")[2]
        basket_id = f"{address(self._id, place.mark)}:{entry}"
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


def entry_name(day: date, number: int) -> str:
    """Return how an entry is told from the others of its strategy: by its day, and its number.

    Args:
        day: of its decision.
        number: 1 for the first decision of a day; what waited has another one.
    """
    return f"{day}.{number}" if number > 1 else str(day)


def _entry_of(basket_id: str) -> tuple[str, int]:
    """Return day and number of an entry, whatever account its basket is in."""
    day, _, number = basket_id.rpartition(":")[2].partition(".")
    return day, int(number) if number.isdecimal() else 1


def _basket_id(word: BasketOpened | BasketEnded) -> str:
    return word.basket_id if isinstance(word, BasketEnded) else word.basket.basket_id


def _waits(word: BasketOpened | BasketEnded | None) -> bool:
    return isinstance(word, BasketEnded) and word.waits


def _status_of(ends: Sequence[tuple[str, BasketEnded | None]]) -> str:
    """Return what is to be said of accounts that have all answered, or were never told."""
    out = [f"{account} {_outcome(end)}" for account, end in ends if end is None or not end.complete]
    count, entered = len(ends), len(ends) - len(out)
    if not out:
        return ENTERED
    because = "; ".join(out)
    if entered:
        return f"entered in {entered} of {count} accounts: {because}"
    if any(_waits(end) for _, end in ends):
        return f"the entry waits: {because}"
    where = f"all {count} accounts" if count > 1 else "its account"
    return f"resting: the entry failed in {where}: {because}"


def _outcome(end: BasketEnded | None) -> str:
    """Return what an account that is not entered made of the entry, and why."""
    if end is None:
        return f"not entered: {_UNTOLD}"
    return f"{'waits' if end.waits else 'refused'}: {end.because}"


def _times(rules: StrategyRules, times: int) -> StrategyRules:
    lock = rules.lock
    if lock is not None:
        lock = LockRule(
            lock.at_e4 * times, lock.lock_e4 * times, lock.every_e4 * times, lock.by_e4 * times
        )
    return replace(
        rules, stop_e4=rules.stop_e4 * times, target_e4=rules.target_e4 * times, lock=lock
    )
