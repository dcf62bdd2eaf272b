"""A router on a stage: driven message by message, against a broker that follows a script.

`tell` and `run` return what came out in short words, for tests that read "in -> out":

    opened, entered, ended: WHY, intend 1 sell ce 75 @99.95, place 1, cancel 1, find 1, parked 1,
    ce -75 (a position), owed ce,pe stop, flat ce,pe, page WHY, note WHY, paused, wake basket +1.5,
    read, margin, differ ce -75 +0 (ours, theirs), agree ce, latched k, released k,
    k closing 1 (attempts), replaced 1, stopped s
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from heapq import heapify, heappop, heappush
from itertools import count

from msgspec.structs import replace

from daemon.actors.order_router import OrderRouter, Terms
from daemon.domain.instants import SECOND_NS, at
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.money import e4, units
from daemon.domain.orders.basket import Basket, BasketLeg, OnFail
from daemon.domain.orders.book import Book
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderFact,
    OrderParked,
    Pocket,
    Product,
    Purpose,
    Side,
    State,
)
from daemon.domain.risk.moves import NEVER
from daemon.domain.risk.words import Distance, ExitReason, LegRules, StrategyRules
from daemon.messages import (
    Ask,
    BasketEnded,
    BasketOpened,
    BooksAgree,
    BooksDiffer,
    Cancel,
    CancelAsked,
    DayOpened,
    EnterLegs,
    EntriesPaused,
    ExitFinished,
    ExitLegs,
    ExitOverdue,
    ExitOwed,
    ExitReplaced,
    FindOrder,
    KillStaged,
    Latched,
    LatchKind,
    LegExpired,
    Noted,
    Place,
    PositionChanged,
    PullLatch,
    ReadAccount,
    ReadMargin,
    Released,
    Scope,
    StrategyStopped,
    Told,
    WaitOver,
)
from daemon.runtime.budget import Budget, Window
from daemon.runtime.words import Alarm, Call, Commit, Publish, Show, Started
from tests.kit.scripted_broker import LATENCY_NS, ScriptedBroker

DAY = date(2025, 9, 1)
OPENS, CLOSES = at(DAY, time(9, 15)), at(DAY, time(15, 30))
T0 = at(DAY, time(9, 30))
WIDE = (Window(1000, SECOND_NS),)
S = SECOND_NS

SYMBOLS = {
    "ce": "NIFTY-2025-09-02-24550-CE",
    "pe": "NIFTY-2025-09-02-24550-PE",
    "hc": "NIFTY-2025-09-02-24750-CE",
    "hp": "NIFTY-2025-09-02-24350-PE",
}
_LEG_IDS = {symbol: leg_id for leg_id, symbol in SYMBOLS.items()}
READING = Terms("a", "broker", strict=False, reconcile_ns=5 * S)
"""Of a broker whose book is read."""
KEEP = {"on_fail": OnFail.KEEP, "deadline_ns": CLOSES, "reprice_ns": 3600 * S}
"""Of an entry that stays as it is."""
OPENED = DayOpened(DAY, ((OPENS, CLOSES),), OPENS - 1, interval_ns=86_400 * S)
"""A feed so slow that its prices live all day, whatever time a test lets pass between frames."""
SHORTS = ("ce", "pe")
CONDOR = ("ce", "pe", "hc", "hp")


def quote(mid: str | int = 100) -> Quote:
    """A quote with a spread of 0.10 around a price."""
    return Quote(e4(mid), e4(mid) - 500, 750, e4(mid) + 500, 750)


def frame(at_ns: int = T0, **mids: str | int) -> Frame:
    """A frame of all four contracts: the shorts at 100, the hedges at 20 unless told."""
    prices = {"ce": 100, "pe": 100, "hc": 20, "hp": 20} | mids
    return Frame(at_ns, {SYMBOLS[leg_id]: quote(mid) for leg_id, mid in prices.items()})


def leg(
    leg_id: str, lots: int = 1, freeze: int = 1800, product: Product = Product.INTRADAY
) -> BasketLeg:
    """A leg of one lot: `h..` is bought, the others are sold."""
    side = Side.BUY if leg_id.startswith("h") else Side.SELL
    return BasketLeg(leg_id, SYMBOLS[leg_id], side, 75 * lots, 75, freeze, 500, product)


def carried(leg_id: str, lots: int = 1, freeze: int = 1800) -> BasketLeg:
    """Such a leg, to be carried overnight."""
    return leg(leg_id, lots, freeze, Product.CARRY)


RULES = StrategyRules(stop_e4=e4(6000))
NEAR = LegRules(stop=Distance(points_e4=1))


def enter(
    *legs: str | BasketLeg, at_ns: int = T0, rules: StrategyRules | None = None, **fields
) -> EnterLegs:
    """A basket of strategy `s`, of no exit time: 5 s for legging, 1.5 s for each limit.

    Where stops are to rest at the broker, each leg has a stop of its own: as near as can be.
    """
    made = tuple(leg(each) if isinstance(each, str) else each for each in legs or SHORTS)
    given = {
        "basket_id": f"s:{at_ns - T0}",
        "strategy_id": "s",
        "deadline_ns": at_ns + 5 * S,
        "on_fail": OnFail.UNWIND,
        "buffer_percent_e4": 0,
        "reprice_ns": 3 * S // 2,
    } | fields
    basket = Basket(legs=made, decided_ns=at_ns, **given)
    own = {each.leg_id: NEAR for each in made} if basket.resident_percent_e4 else {}
    opened = BasketOpened(basket, own, RULES, NEVER, CLOSES, at_ns)
    return EnterLegs(replace(opened, rules=rules) if rules is not None else opened)


def leave(*leg_ids: str, reason: ExitReason = ExitReason.STOP, strategy_id: str = "s") -> ExitLegs:
    """An exit of these legs, or of both shorts."""
    return ExitLegs(strategy_id, leg_ids or SHORTS, reason)


def latch(
    latch_id: str = "k", scope: Scope = Scope.ALL, name: str = "", kind: LatchKind = LatchKind.KILL
) -> PullLatch:
    """A latch, pulled by somebody; a kill of everything unless told."""
    return PullLatch(Latched(latch_id, kind, scope, name, "enough", "me", T0))


class Stage:
    """One router, its broker, its ledger, its alarms, and market time.

    Args:
        place: the broker's script for placings.
        cancel: the broker's script for cancellations.
        windows: of the message budget.
        terms: of the account.
    """

    def __init__(
        self,
        place: Iterable[str] = ("fill",),
        cancel: Iterable[str] = ("done",),
        windows: tuple[Window, ...] = WIDE,
        terms: Terms | None = None,
    ) -> None:
        self.broker = ScriptedBroker(place, cancel)
        self.now_ns = T0
        self.facts: list[object] = [OPENED]
        self.commits = 0
        self.crashes: frozenset[int] = frozenset()
        self.calls_leave = True
        self.down_s = 0
        self.left_ns: list[int] = []
        self.answers: dict[int, object] = {}
        self._windows = windows
        self._terms = terms or Terms("a", "broker", strict=False)
        self._epoch = self._asks = 0
        self._news: list[object] = []
        self._due: list[tuple[int, int, object]] = []
        self._sequence = count()
        self._book, self._folded = Book(), 0
        self._numbers: dict[str, int] = {}
        self._out: list[str] = []
        self.build()
        self.tell(frame())

    def build(self) -> None:
        """Make the router from what was recorded: at the start, and again after a crash."""
        self._epoch += 1
        self._due = [each for each in self._due if each[2] in self._news and each[0] > self.now_ns]
        heapify(self._due)
        ids, budget = IntentIds(self._epoch), Budget(self._windows)
        self.router = OrderRouter(self._terms, ids, budget, list(self.facts))
        self._carry_out(self.router.handle(Started(), self.now_ns))

    def tell(self, message: object, at_ns: int = 0) -> list[str]:
        """Give the router a message; what came out of that alone."""
        self.now_ns = max(self.now_ns, at_ns)
        self._out = []
        if isinstance(message, DayOpened):
            self.facts.append(message)
        self._carry_out(self.router.handle(message, self.now_ns))
        return self._out

    def ask(self, about: object) -> object:
        """Ask the router; what it answers at once, or None."""
        self._asks += 1
        self.said = self.tell(Ask(self._asks, about))
        return self.answers.get(self._asks)

    def run(self, seconds: float = 0.1) -> list[str]:
        """Let time pass: answers come, alarms ring; what came out of all that."""
        until_ns, said = self.now_ns + int(seconds * S), []
        while self._due and self._due[0][0] <= until_ns:
            at_ns, _, message = heappop(self._due)
            self.now_ns = max(self.now_ns, at_ns)
            self.broker.land(self.now_ns)
            said += self.tell(message)
        self.now_ns = max(self.now_ns, until_ns)
        self.broker.land(self.now_ns)
        return said

    def entered(self, *legs: str | BasketLeg, **fields) -> Stage:
        """Go on once a basket is filled."""
        self.tell(enter(*legs, at_ns=self.now_ns, **fields))
        self.run()
        return self

    def push(self, n: int, quantity: int = 0) -> list[str]:
        """Let the broker fill the n-th intent's order, and tell of it."""
        return self.tell(self.broker.fill(self.placed(n), self.now_ns, quantity))

    def placed(self, n: int):
        """The broker's order of the n-th intent."""
        intent_id = next(each for each, number in self._numbers.items() if number == n)
        return self.broker.of(intent_id)[0]

    def intents(self) -> list:
        """Every intent that was recorded."""
        return [fact.intent for fact in self.facts if isinstance(fact, IntentRecorded)]

    def book(self) -> Book:
        """Our book, folded from the facts."""
        for fact in self.facts[self._folded :]:
            if isinstance(fact, OrderFact):
                self._book.apply(fact)
        self._folded = len(self.facts)
        return self._book

    def told(self, kind: type) -> list:
        """The facts of one kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def _carry_out(self, effects, recorded=()) -> None:
        for effect in effects:
            match effect:
                case Commit(facts, then):
                    self.facts += facts
                    self._out += [word for fact in facts if (word := self._word(fact))]
                    self.commits += 1
                    if self.commits in self.crashes:
                        self._crash(then)
                        return
                    self._carry_out(then, facts)
                case Call(_, request):
                    self._out.append(self._asked(request))
                    if not isinstance(request, FindOrder | ReadAccount | ReadMargin):
                        self.left_ns.append(self.now_ns)
                    for after_ns, message in self.broker.ask(request, self.now_ns):
                        self._news += [message] * (after_ns > LATENCY_NS)
                        self._later(self.now_ns + after_ns, message)
                case Alarm(at_ns, message):
                    self._out.append(
                        f"wake {type(message).__name__} +{(at_ns - self.now_ns) / S:g}"
                    )
                    self._later(at_ns, message)
                case Show(Told(number, answer)):
                    self.answers[number] = answer
                case Publish(WaitOver(strategy_id)):
                    self._out.append(f"free {strategy_id}")
                case Publish(message):
                    assert message in recorded, "what is announced was recorded before"

    def _crash(self, then) -> None:
        """Fall between the commit and what follows it; perhaps the requests still left."""
        if self.calls_leave:
            for effect in then:
                if isinstance(effect, Call):
                    self.broker.ask(effect.request, self.now_ns)
        self.now_ns += self.down_s * S
        self.broker.land(self.now_ns)
        self.build()

    def _later(self, at_ns: int, message: object) -> None:
        heappush(self._due, (at_ns, next(self._sequence), message))

    def _asked(self, request: object) -> str:
        match request:
            case Place(approved):
                return f"place {self._number(approved.intent.intent_id)}"
            case Cancel(intent_id):
                return f"cancel {self._number(intent_id)}"
            case FindOrder(intent_id):
                return f"find {self._number(intent_id)}"
            case ReadAccount():
                return "read"
            case ReadMargin():
                return "margin"
        raise AssertionError(request)

    def _number(self, intent_id: str) -> int:
        return self._numbers.setdefault(intent_id, len(self._numbers) + 1)

    def _word(self, fact: object) -> str:
        match fact:
            case IntentRecorded(intent):
                number, price = self._number(intent.intent_id), units(intent.price_e4)
                return (
                    f"intend {number} {intent.side} {intent.leg_id} {intent.quantity} @{price:.2f}"
                )
            case OrderParked(intent_id):
                return f"parked {self._number(intent_id)}"
            case BasketOpened():
                return "opened"
            case BasketEnded(complete=complete, because=because):
                return "entered" if complete else f"ended: {because}"
            case PositionChanged(leg_id=leg_id):
                return f"{leg_id} {fact.net_quantity:+d}"
            case ExitOwed(leg_ids=leg_ids, reason=reason):
                return f"owed {','.join(leg_ids)} {reason}"
            case ExitFinished(leg_ids=leg_ids):
                return f"flat {','.join(leg_ids)}"
            case ExitOverdue(because=because):
                return f"page {because}"
            case LegExpired(leg_id=leg_id):
                return f"{leg_id} expired"
            case Noted(text=text):
                return f"note {text}"
        return self._brake_word(fact)

    def _brake_word(self, fact: object) -> str:
        match fact:
            case EntriesPaused():
                return "paused"
            case StrategyStopped(strategy_id):
                return f"stopped {strategy_id}"
            case BooksDiffer(ours=ours, theirs=theirs):
                return f"differ {_said(fact.pocket)} {ours:+d} {theirs:+d}"
            case Latched(latch_id):
                return f"latched {latch_id}"
            case Released(latch_id):
                return f"released {latch_id}"
            case KillStaged(latch_id, stage, _, attempts):
                return f"{latch_id} {stage}{'' if not attempts else f' {attempts}'}"
            case ExitReplaced(intent_id):
                return f"replaced {self._number(intent_id)}"
            case BooksAgree():
                return f"agree {_said(fact.pocket)}"
        return ""


def _said(pocket: Pocket) -> str:
    symbol = _LEG_IDS.get(pocket.symbol, pocket.symbol)
    return str(pocket._replace(symbol=symbol))


def sold_too_soon(stage: Stage, intent: Intent) -> list[str]:
    """The sales of entries that were given up and could still fill when this long was sold.

    One that works is waited for until `verify_ns` after its cancellation was asked, one in doubt
    until it is parked, and none longer than the exit may take.
    """
    terms, book = stage.router._desk.terms, stage.book()
    began_ns = next(fact.at_ns for fact in stage.told(ExitOwed) if fact.exit_id == intent.parent)
    over = {fact.basket_id for fact in stage.told(BasketEnded)}
    asked_ns = {fact.intent_id: fact.at_ns for fact in reversed(stage.told(CancelAsked))}
    if stage.now_ns - began_ns >= terms.exit_limit_ns:
        return []
    return [
        order.intent.intent_id
        for order in book.open_orders()
        if (order.intent.strategy_id, order.intent.side) == (intent.strategy_id, Side.SELL)
        and order.intent.purpose is Purpose.ENTRY
        and order.intent.parent in over
        and order.state is not State.PARKED
        and not (
            order.state is State.WORKING
            and stage.now_ns - asked_ns.get(order.intent.intent_id, stage.now_ns) >= terms.verify_ns
        )
    ]


def without_wakes(said: list[str]) -> list[str]:
    """The words, without the alarms."""
    return [word for word in said if not word.startswith("wake")]
