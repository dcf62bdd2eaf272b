"""Messages for tests of actors, and what came out of them: a short straddle in NIFTY."""

from datetime import date, time

from daemon.domain.instants import at
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4
from daemon.domain.orders.basket import Basket, BasketLeg, OnFail
from daemon.domain.orders.words import Side
from daemon.domain.risk.words import ExitReason, LegRules, StrategyRules
from daemon.messages import (
    BasketEnded,
    BasketOpened,
    DayEnded,
    DayOpened,
    ExitFinished,
    ExitLegs,
    ExitOwed,
    PositionChanged,
)
from daemon.runtime.words import Alarm, Commit, Publish, Show, Tell

DAY = date(2025, 9, 1)
NEXT_DAY = date(2025, 9, 2)
CE, PE = "NIFTY-2025-09-02-24550-CE", "NIFTY-2025-09-02-24550-PE"
SYMBOLS = {"ce": CE, "pe": PE}
BASKET = f"s:{DAY}"
ROUTER = "router:paper"
LOT = 75


def clock(wall: str, day: date = DAY) -> int:
    """The instant of a wall time such as 09:30:00."""
    return at(day, time.fromisoformat(wall))


def sessions(day: date = DAY) -> tuple[tuple[int, int], ...]:
    """One session, 09:15 to 15:30."""
    return ((clock("09:15:00", day), clock("15:30:00", day)),)


def day_opened(day: date = DAY, *, closed: bool = False, interval_ns: int = 0) -> DayOpened:
    """A day begins at 09:00."""
    hours = () if closed else sessions(day)
    return DayOpened(day, hours, clock("09:00:00", day), interval_ns)


def day_ended(day: date = DAY) -> DayEnded:
    """A day ends just after 15:30."""
    return DayEnded(day, clock("15:30:00", day) + 1)


def opened(
    strategy="s", legs=("ce", "pe"), day=DAY, rules=None, leg_rules=None, exit_at="15:20:00"
) -> BasketOpened:
    """A straddle, sold from 09:30 on."""
    at_ns = clock("09:30:00", day)
    basket = Basket(
        basket_id=f"{strategy}:{day}",
        strategy_id=strategy,
        legs=tuple(BasketLeg(leg, SYMBOLS[leg], Side.SELL, LOT, LOT, 1_800, 500) for leg in legs),
        decided_ns=at_ns,
        deadline_ns=at_ns + 5_000_000_000,
        on_fail=OnFail.UNWIND,
        buffer_percent_e4=20_000,
        reprice_ns=1_500_000_000,
    )
    return BasketOpened(
        basket=basket,
        leg_rules={leg: leg_rules or LegRules() for leg in legs},
        rules=rules or StrategyRules(),
        exit_ns=clock(exit_at, day),
        close_ns=clock("15:30:00", day),
        at_ns=at_ns,
    )


def ended(strategy="s", day=DAY, because="") -> BasketEnded:
    """The entry is over."""
    at_ns = clock("09:30:01", day)
    return BasketEnded(f"{strategy}:{day}", strategy, not because, because, at_ns)


def sold(leg, price="100", strategy="s", *, bought=None, quantity=LOT, at_ns=0) -> PositionChanged:
    """A leg that was sold at a price, and perhaps bought back at another."""
    return PositionChanged(
        strategy_id=strategy,
        leg_id=leg,
        symbol=SYMBOLS[leg],
        side=Side.SELL,
        bought_quantity=quantity if bought else 0,
        bought_value_e4=quantity * e4(bought) if bought else 0,
        sold_quantity=quantity,
        sold_value_e4=quantity * e4(price),
        at_ns=at_ns or clock("09:30:00"),
    )


def owed(*legs, strategy="s", reason=ExitReason.STOP) -> ExitOwed:
    """The router has taken an exit on."""
    return ExitOwed("x:1", strategy, legs, reason, clock("10:00:00"))


def finished(*legs, strategy="s") -> ExitFinished:
    """The router has met it."""
    return ExitFinished("x:1", strategy, legs, clock("10:00:01"))


def prices(at_ns: int, ce=None, pe=None, **others) -> Frame:
    """A frame of last prices; what is not given is not in it."""
    given = {CE: ce, PE: pe} | {name.replace("_", "-"): price for name, price in others.items()}
    quotes = {
        symbol: Quote(e4(p), e4(p), 750, e4(p), 750) for symbol, p in given.items() if p is not None
    }
    return Frame(at_ns, quotes)


def facts(effects, kind: type = object) -> list:
    """The facts of a turn, of one type."""
    return [
        fact
        for effect in effects
        if isinstance(effect, Commit)
        for fact in effect.facts
        if isinstance(fact, kind)
    ]


def others(effects, kind: type) -> list:
    """Everything of a kind that a turn does besides recording, in order."""
    flat = []
    for effect in effects:
        flat += effect.then if isinstance(effect, Commit) else (effect,)
    return [effect for effect in flat if isinstance(effect, kind)]


def told(effects, kind: type = ExitLegs) -> list:
    """What the router is told."""
    return [
        tell.message
        for tell in others(effects, Tell)
        if tell.to == ROUTER and isinstance(tell.message, kind)
    ]


def published(effects) -> list:
    """What everybody is told."""
    return [publish.message for publish in others(effects, Publish)]


def alarms(effects) -> list[tuple[int, object]]:
    """When what rings."""
    return [(alarm.at_ns, alarm.message) for alarm in others(effects, Alarm)]


def shown(effects) -> list:
    """What people see."""
    return [show.view for show in others(effects, Show)]
