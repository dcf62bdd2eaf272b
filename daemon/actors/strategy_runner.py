"""The strategy runner: on which frame a declared strategy enters, and with which legs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from daemon.actors.chain_view import Chain
from daemon.actors.turn import Turn
from daemon.domain.instants import MILLISECOND_NS, at, day_of
from daemon.domain.market import expiries
from daemon.domain.market.calendar import Segment, next_session, session_close_ns
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.market.instruments import Instrument, Kind, Parts, contract
from daemon.domain.market.notes import NoteKind
from daemon.domain.money import e4
from daemon.domain.orders.basket import Basket, BasketLeg
from daemon.domain.plans.days import resolve, rest_reason
from daemon.domain.plans.legs import LegPlan, legs, spread_fault
from daemon.domain.plans.risk_rules import leg_rules, strategy_rules
from daemon.domain.plans.schema import Plan
from daemon.domain.plans.validation import Fault
from daemon.domain.plans.words import Product
from daemon.domain.risk.hours import exit_at
from daemon.domain.risk.moves import NEVER
from daemon.errors import RuleUnknown
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    DayEnded,
    DayOpened,
    EnterLegs,
    EntryDecided,
    LinkDied,
    LinkRevived,
    Noted,
)
from daemon.runtime.words import NOTHING, Effect, Started, Tell

_NOT_YET = "no entry yet"
_OPTIONS = (f"-{Kind.CALL}", f"-{Kind.PUT}")
HEARS = (Frame, DayOpened, DayEnded, LinkDied, LinkRevived, BasketEnded)


class Window(Struct, frozen=True):
    """When a strategy may enter today, and when it is out at the latest."""

    day: date
    opens_ns: int
    closes_ns: int
    exit_ns: int
    session_end_ns: int
    expiries: tuple[date | None, ...]


class StrategyRunner:
    """Runs one declared strategy.

    Args:
        plan: the strategy.
        router: the address of its account's router.
        strict: refuse contracts whose tables are not certain.
        facts: what was recorded before.
    """

    def __init__(
        self, plan: Plan, router: str, *, strict: bool, facts: Iterable[object] = ()
    ) -> None:
        self._plan = plan
        self._router = router
        self._strict = strict
        self._leg_rules = {leg.id: leg_rules(leg) for leg in plan.legs}
        self._rules = strategy_rules(plan)
        self._quotes: dict[str, Quote] = {}
        self._window: Window | None = None
        self._entered: set[date] = set()
        self._told: set[str] = set()
        self._bare = f"{_NOT_YET}: no option of {plan.underlying} has been quoted"
        self._is_bare = False
        self._alive = True
        for fact in facts:
            match fact:
                case EntryDecided(strategy_id) if strategy_id == plan.id:
                    self._entered.add(day_of(fact.at_ns))
                    self._window = None
                case Noted(_, text, _, strategy_id) if strategy_id == plan.id:
                    self._told.add(_said(text))
                    self._is_bare = self._is_bare or text == self._bare
                case DayOpened():
                    self._open(Turn(), fact)
                case DayEnded():
                    self._window = None
                case LinkDied():
                    self._alive = False
                case LinkRevived():
                    self._alive = True

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        if type(message) is Frame:
            window = self._window
            if window is None or not self._alive:
                return NOTHING
            self._quotes.update(message.quotes)
            if not window.opens_ns <= now_ns <= window.closes_ns:
                return NOTHING
            return self._try(window, now_ns)
        turn = Turn()
        match message:
            case DayOpened():
                self._open(turn, message)
            case DayEnded():
                self._end(turn, now_ns)
            case LinkDied():
                self._alive = False
                self._quotes.clear()
            case LinkRevived():
                self._alive = True
            case BasketEnded(_, strategy_id, complete, because):
                if strategy_id == self._plan.id and not complete:
                    self._note(turn, NoteKind.REFUSED, f"the entry failed: {because}", now_ns)
            case Started():
                return NOTHING
            case _:
                raise AssertionError(f"the runner was told {message!r}")
        return turn.done()

    def _open(self, turn: Turn, opened: DayOpened) -> None:
        """Find out whether and when the strategy trades on a day."""
        self._window = None
        self._quotes.clear()
        self._told.clear()
        day, plan = opened.day, self._plan
        if not opened.sessions or day in self._entered:
            return
        chosen = resolve(plan, day, expiries)
        reason = (
            chosen if isinstance(chosen, Fault) else rest_reason(plan, day, chosen, _sessions_until)
        )
        if reason is not None:
            self._note(turn, NoteKind.REFUSED, f"{reason.place}: {reason.reason}", opened.at_ns)
            return
        assert not isinstance(chosen, Fault), "a fault is a reason to rest"
        close_ns = opened.sessions[-1][1]
        exit_ns = exit_at(day, plan.exit.at, close_ns)
        latest = plan.entry.no_later_than
        closes_ns = min(at(day, latest), exit_ns - 1) if latest else exit_ns - 1
        if plan.product is Product.CARRY:
            exit_ns, close_ns = _carried_until(plan, day, chosen, (exit_ns, close_ns))
        self._window = Window(day, at(day, plan.entry.at), closes_ns, exit_ns, close_ns, chosen)

    def _end(self, turn: Turn, now_ns: int) -> None:
        """Tell that what was waited for since the first refusal never came."""
        if self._window is not None and any(said.startswith(_NOT_YET) for said in self._told):
            self._note(turn, NoteKind.REFUSED, "no entry today", now_ns)
        self._window = None

    def _try(self, window: Window, now_ns: int) -> Sequence[Effect]:
        """Enter on this frame, or say once why not."""
        turn, plan = Turn(), self._plan
        chain = Chain(plan.underlying, plan.basis, window.day, self._quotes)
        if self._lacks_options():
            if not self._is_bare:
                self._is_bare = True
                self._note(turn, NoteKind.REFUSED, self._bare, now_ns)
            return turn.done()
        self._is_bare = False
        chosen = legs(plan, window.expiries, chain, self._contract)
        if chain.substituted:
            text = f"{plan.underlying} has no {plan.basis} price; the synthetic forward is taken"
            self._note(turn, NoteKind.BASIS, text, now_ns)
        why = chosen if isinstance(chosen, Fault) else spread_fault(plan, chosen)
        refusal = f"{why.place}: {why.reason}" if why else _crossed(chosen)
        if refusal:
            self._note(turn, NoteKind.REFUSED, f"{_NOT_YET}: {refusal}", now_ns)
            return turn.done()
        assert not isinstance(chosen, Fault), "a fault is a refusal"
        self._entered.add(window.day)
        self._window = None
        opened = self._opened(window, chosen, now_ns)
        nearest = next((expiry for expiry in window.expiries if expiry is not None), window.day)
        turn.record(
            EntryDecided(
                strategy_id=plan.id,
                basket_id=opened.basket.basket_id,
                basis_e4=chain.basis_e4(nearest),
                legs=tuple(
                    (leg.leg_id, leg.symbol, leg.quote.bid_e4, leg.quote.ask_e4) for leg in chosen
                ),
                at_ns=now_ns,
            )
        )
        turn.do(Tell(self._router, EnterLegs(opened)))
        return turn.done()

    def _lacks_options(self) -> bool:
        """Say whether options are wanted and none is quoted: a recording may hold none at all."""
        if not any(leg.instrument.is_option for leg in self._plan.legs):
            return False
        first = f"{self._plan.underlying}-"
        return not any(
            symbol.startswith(first) and symbol.endswith(_OPTIONS) for symbol in self._quotes
        )

    def _opened(self, window: Window, chosen: Sequence[LegPlan], now_ns: int) -> BasketOpened:
        plan = self._plan
        basket = Basket(
            basket_id=f"{plan.id}:{window.day}",
            strategy_id=plan.id,
            legs=tuple(_basket_leg(leg) for leg in chosen),
            decided_ns=now_ns,
            deadline_ns=now_ns + plan.entry.legging.timeout_ms * MILLISECOND_NS,
            on_fail=plan.entry.legging.on_fail,
            buffer_percent_e4=e4(plan.order.buffer.percent),
            reprice_ns=plan.order.unfilled_after_ms * MILLISECOND_NS,
        )
        return BasketOpened(
            basket=basket,
            leg_rules=dict(self._leg_rules),
            rules=self._rules,
            exit_ns=window.exit_ns,
            close_ns=window.session_end_ns,
            at_ns=now_ns,
        )

    def _contract(
        self, underlying: str, kind: Kind, expiry: date | None, strike_e4: int
    ) -> Instrument | None:
        assert self._window is not None, "contracts are looked up while a day is open"
        parts = Parts(underlying, kind, expiry, strike_e4)
        return contract(parts, self._window.day, strict=self._strict)

    def _note(self, turn: Turn, kind: NoteKind, text: str, now_ns: int) -> None:
        """Tell something once a day; of refusals of an entry, the first with the same place."""
        if _said(text) not in self._told:
            self._told.add(_said(text))
            turn.record(Noted(kind, text, now_ns, self._plan.id))


def _said(text: str) -> str:
    """Return what of a text makes it new: figures of a refusal move with every frame."""
    return ": ".join(text.split(": ")[:2]) if text.startswith(_NOT_YET) else text


def _crossed(chosen: Sequence[LegPlan] | Fault) -> str:
    """Return which book has a bid above its ask; empty: none, and its prices can be believed."""
    if isinstance(chosen, Fault):
        return ""
    crossed = (leg.symbol for leg in chosen if leg.quote.bid_e4 > leg.quote.ask_e4 > 0)
    return next((f"the book of {symbol} is crossed" for symbol in crossed), "")


def _basket_leg(leg: LegPlan) -> BasketLeg:
    instrument = leg.instrument
    return BasketLeg(
        leg_id=leg.leg_id,
        symbol=leg.symbol,
        side=leg.side,
        quantity=leg.quantity,
        lot=instrument.lot,
        freeze_quantity=instrument.freeze_quantity,
        tick_e4=instrument.tick_e4,
    )


def _carried_until(
    plan: Plan, day: date, expiring: Sequence[date | None], today: tuple[int, int]
) -> tuple[int, int]:
    """Return when a carried position is left, and when its market closes on that day.

    It is left at the plan's exit time on the day of its nearest expiry; what does not expire is
    left by its rules or by hand alone.
    """
    last = min((expiry for expiry in expiring if expiry is not None), default=None)
    if last is None:
        return NEVER, NEVER
    if last == day:
        return today
    close_ns = session_close_ns(last, Segment.DERIVATIVES)
    return exit_at(last, plan.exit.at, close_ns), close_ns


def _sessions_until(day: date, expiry: date) -> int:
    """Count the trading days after a day, up to and including an expiry."""
    count = 0
    while day < expiry:
        day = _next(day, expiry)
        count += 1
    return count


def _next(day: date, expiry: date) -> date:
    try:
        return next_session(day, Segment.DERIVATIVES)
    except RuleUnknown:
        return expiry
