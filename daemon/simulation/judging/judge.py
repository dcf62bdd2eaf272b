"""The judge: sees what the daemon records and sends, and what the exchange holds, and objects.

Two witnesses are heard: our facts as they are entered, and the exchange's own book. Each objection
names the invariant that it is of; the checks of orders are here, those of the end in `verdict`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from daemon.domain.instants import SECOND_NS, day_of
from daemon.domain.orders.kill import Stage
from daemon.domain.orders.late import is_handed_on
from daemon.domain.orders.parents import WRITTEN_OFF
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderFact,
    OrderUpdated,
    Purpose,
    Side,
)
from daemon.domain.plans.schema import Leg
from daemon.domain.risk.moves import LevelMoved
from daemon.messages import ExitReplaced, KillStaged, RiskSeen
from daemon.runtime.budget import Window
from daemon.runtime.words import ActorDisarmed, DeadLetter
from daemon.simulation.judging.believed import held_long, never_traded
from daemon.simulation.judging.doubts import too_many, too_soon
from daemon.simulation.judging.known import Known
from daemon.simulation.judging.levels import misplaced
from daemon.simulation.judging.longs import sold_before_a_short, sold_beside_a_sale
from daemon.simulation.judging.persons import is_persons
from daemon.simulation.judging.prices import Prices, trades_still
from daemon.simulation.raising import is_planned
from daemon.twin.exchange import Exchange
from daemon.twin.words import Status, Trade


class Violated(Exception):
    """An invariant does not hold.

    Args:
        invariant: which, such as `I2`.
        sentence: what was seen.

    Attributes:
        invariant: which.
    """

    def __init__(self, invariant: str, sentence: str) -> None:
        super().__init__(f"{invariant}: {sentence}")
        self.invariant = invariant


class Measures(Struct, frozen=True):
    """What the judge goes by.

    Attributes:
        account: whose orders are judged.
        windows: how often the account may write to its broker.
        planned: by strategy and leg, the most units that it may ever enter.
        legs: by strategy and leg, what its plan says of it.
        fresh_ns: how old the newest frame may be when an entry is decided, at a feed in its pace.
        bunched_ns: by how much what was decided apart may leave closer together.
    """

    account: str
    windows: tuple[Window, ...]
    planned: dict[tuple[str, str], int]
    legs: dict[tuple[str, str], Leg]
    fresh_ns: int
    bunched_ns: int


class Judge:
    """Judges one run.

    Args:
        measures: what it goes by.

    Attributes:
        known: what the facts say, as far as they were entered.
        prices: what the daemon was given of them.
        killed: says whether a kill stands that covers a strategy.
        is_durable: says whether an intent would be found after a crash now.
        trades: returns what the exchange has traded today, oldest first.
        account: whose orders are judged.
        held_ns: since when entries wait for the wall clock; None: they do not.
        travelling: orders whose requests are on their way to the exchange, and will arrive.
    """

    def __init__(self, measures: Measures) -> None:
        self.account = measures.account
        self._measures = measures
        self._planned = Counter(measures.planned)
        self._bunched_ns = measures.bunched_ns
        self._unrecorded_ns: int | None = None
        self.held_ns: int | None = None
        self.known = Known()
        self.prices = Prices(measures.fresh_ns)
        self.killed: Callable[[str], bool] = lambda _: False
        self.is_durable: Callable[[str], bool] = lambda _: False
        self.trades: Callable[[], Sequence[Trade]] = tuple
        self.travelling: set[str] = set()
        self._fallen: set[str] = set()
        self._nets: dict[tuple[str, str], int] = {}
        self._works: set[str] = set()
        self._told: dict[str, int] = {}
        self._left: set[str] = set()
        self._writes: deque[int] = deque(maxlen=max(w.limit for w in measures.windows) + 1)

    def allow(self, strategy_id: str, leg_id: str, units: int) -> None:
        """Take that so many units more may be entered in a leg: somebody will ask for them."""
        self._planned[strategy_id, leg_id] += units

    def unrecorded(self, at_ns: int, late_ns: int) -> None:
        """Take that the ledger has failed, and whoever lives was told.

        Args:
            at_ns: when.
            late_ns: so long a write may have waited for that, and leaves with others now.
        """
        self._unrecorded_ns = at_ns
        self._bunched_ns = self._measures.bunched_ns + late_ns

    def begins(self, facts: Iterable[object]) -> None:
        """Know no more than what was durable: a life of the daemon has ended."""
        self.known = Known()
        self.prices.begins()
        self._unrecorded_ns = self.held_ns = None
        for fact in facts:
            self.known.apply(fact)

    def entered(self, facts: Sequence[object], at_ns: int) -> None:
        """Judge facts as they are entered.

        Raises:
            Violated: one of them must not be.
        """
        for fact in facts:
            match fact:
                case IntentRecorded(intent) if (
                    is_handed_on(intent) or intent.strategy_id == EXTERNAL
                ):
                    pass  # what was done past us, and what is held beyond our book
                case IntentRecorded(intent) if intent.parent.startswith(WRITTEN_OFF):
                    self._expired(intent, at_ns)
                case IntentRecorded(intent) if intent.purpose is Purpose.ENTRY:
                    self._entry(intent, at_ns)
                case IntentRecorded(intent):
                    self._exit(intent, at_ns)
                case OrderUpdated():
                    self._theirs(fact)
                case KillStaged(stage=Stage.FLAT):
                    self._flat(fact, at_ns)
                case ExitReplaced():
                    self._replaced(fact)
                case LevelMoved():
                    self._level(fact)
                case DeadLetter(actor, _, error) if is_planned(actor, error):
                    self._fallen.add(actor)
                case ActorDisarmed(actor) if actor in self._fallen:
                    pass  # it fell three times; its positions stay guarded
                case DeadLetter(actor, message, error):
                    raise Violated("I20", f"{actor} fell over {message}: {error}")
                case ActorDisarmed(actor):
                    raise Violated("I20", f"{actor} was left out")
            before = self._filled(fact)
            self.known.apply(fact)
            self._growth(fact, before)

    def leaves(self, intent: Intent, at_ns: int) -> None:
        """Judge a request for an order as it leaves.

        Raises:
            Violated: it must not.
        """
        if intent.intent_id in self._left:
            raise Violated("I2", f"{intent.intent_id} leaves a second time")
        self._left.add(intent.intent_id)
        self.writes(at_ns)
        known = self.known.book.order(intent.intent_id)
        if known is None or known.intent != intent or not self.is_durable(intent.intent_id):
            raise Violated("I1", f"{intent.intent_id} leaves, and its intent is not durable")
        if intent.purpose is Purpose.ENTRY and self.killed(intent.strategy_id):
            raise Violated("I8", f"the entry {intent.intent_id} leaves although a kill stands")

    def writes(self, at_ns: int) -> None:
        """Judge how often the broker is written to.

        A slot is taken when a write is decided; it leaves once the disk has what was recorded
        ahead of it. So writes of a window and a little more may leave within the window.

        Args:
            at_ns: when the write leaves.

        Raises:
            Violated: more often than a window allows, in any stretch of its length.
        """
        self._writes.append(at_ns)
        for window in self._measures.windows:
            span_ns = window.span_ns - self._bunched_ns
            count = sum(at_ns - each < span_ns for each in self._writes)
            if count > window.limit:
                span_s = window.span_ns // SECOND_NS
                raise Violated("I13", f"{count} writes within {span_s} s, of {window.limit}")

    def sees(self, exchange: Exchange) -> None:
        """Judge the exchange's book.

        Raises:
            Violated: it holds what it must not.
        """
        orders = [order for order in exchange.orders() if not is_persons(order.client_id)]
        for intent_id, count in Counter(order.client_id for order in orders).items():
            if count > 1:
                raise Violated("I2", f"the exchange has {count} orders of the intent {intent_id}")
        possible: Counter[tuple[str, str]] = Counter()
        for order in orders:
            known = self.known.book.order(order.client_id)
            if known is None:
                raise Violated("I1", f"the exchange has {order.client_id}, and no intent of it")
            leg = (known.intent.strategy_id, known.intent.leg_id)
            if known.intent.purpose is not Purpose.ENTRY:
                possible[leg] -= order.filled_quantity
            elif order.status is Status.WORKING:
                possible[leg] += order.quantity
            else:  # what fills once it was told to be cancelled is nobody's fault but the broker's
                told = self._told.setdefault(order.client_id, order.filled_quantity)
                possible[leg] += min(order.filled_quantity, told)
        for leg, quantity in possible.items():
            if quantity > self._planned[leg]:
                most = self._planned[leg]
                raise Violated("I14", f"{quantity} units of {leg} may come to be held, of {most}")
        self._nets = {(p.symbol, p.product): p.net_quantity for p in exchange.positions()}
        self._works = {each.client_id for each in orders if each.status is Status.WORKING}

    def stands(self, seen: RiskSeen) -> None:
        """Judge where the levels of a daemon stand that has just begun to live.

        Raises:
            Violated: one is looser than the record says.
        """
        for watch in seen.watches:
            for leg in watch.legs:
                key = (watch.strategy_id, leg.leg_id)
                stood = self.known.levels.get(key, 0)
                if not stood or not leg.quantity or self.known.unarmed[key]:
                    continue
                if (leg.stop_e4 - stood) * leg.quantity < 0 or not leg.stop_e4:
                    where = f"the stop of {key} stands at {leg.stop_e4}"
                    raise Violated("I15", f"{where} after a start, and it stood at {stood}")

    def _entry(self, intent: Intent, at_ns: int) -> None:
        """An entry is decided on a fresh price, and only as far as nothing else may fill."""
        known = self.known
        if intent.strategy_id == MANUAL and known.book.children(intent.parent):
            raise Violated("I17", f"{intent.parent} acts a second time: {intent.intent_id}")
        if self._unrecorded_ns is not None and at_ns > self._unrecorded_ns:
            raise Violated("I16", f"{intent.intent_id} is decided although the ledger has failed")
        if self.held_ns is not None and at_ns > self.held_ns:
            raise Violated("I12", f"{intent.intent_id} is decided while the clock is in doubt")
        if sentence := self.prices.misplaced(intent, at_ns):
            raise Violated("I12", f"{intent.intent_id} is priced {sentence}")
        leg = (intent.strategy_id, intent.leg_id)
        held = abs(known.book.position(*leg).net_quantity)
        possible = intent.quantity + held + known.on_their_way(intent, self._live)
        if possible > self._planned[leg]:
            raise Violated("I14", f"{intent.intent_id} makes {possible} units of {leg} possible")

    def _expired(self, intent: Intent, at_ns: int) -> None:
        """What is written off has expired, and was all that its leg held."""
        net = self.known.book.position(intent.strategy_id, intent.leg_id).net_quantity
        if trades_still(intent.symbol, day_of(at_ns)) or net != -intent.side.sign * intent.quantity:
            sentence = f"{intent.quantity} of {net:+d} {intent.symbol} are written off"
            raise Violated("I10", f"{intent.intent_id}: {sentence}")

    def _theirs(self, told: OrderUpdated) -> None:
        """What a kill takes for somebody else's was traded by somebody else."""
        if sentence := never_traded(self.known, told, self.trades()):
            raise Violated("I10", sentence)

    def _flat(self, staged: KillStaged, at_ns: int) -> None:
        """A kill of everything is flat once nothing has been held for a while."""
        if self.known.closes_all(staged.latch_id) and (held := held_long(self.trades(), at_ns)):
            raise Violated("I9", f"{staged.latch_id} is told flat, and {held} is held")

    def _exit(self, intent: Intent, at_ns: int) -> None:
        """An exit closes no more than is open; no long is sold beside a short, or one to come."""
        known, leg = self.known, (intent.strategy_id, intent.leg_id)
        net = known.book.position(*leg).net_quantity
        on_their_way = known.on_their_way(intent, self._live)
        if intent.quantity + on_their_way > -net * intent.side.sign:
            sentence = (
                f"{intent.side} {intent.quantity} beside {on_their_way}, of {net:+d} of {leg}"
            )
            raise Violated("I10", f"{intent.intent_id}: {sentence}")
        if sentence := known.outside.beyond(intent, known.strangers_like(intent)):
            raise Violated("I10", sentence)
        if intent.side is Side.BUY:
            if sentence := too_many(known, intent, self._live, self._planned[leg]):
                raise Violated("I10", sentence)
        else:
            sentence = sold_before_a_short(known, intent, self._nets)
            if sentence := sentence or sold_beside_a_sale(known, intent, at_ns):
                raise Violated("I11", f"{intent.intent_id}: {sentence}")

    def _replaced(self, fact: ExitReplaced) -> None:
        """No more is given up within two minutes than was to be held."""
        order = self.known.book.order(fact.intent_id)
        if order is not None and order.intent.purpose is Purpose.EXIT:
            leg = (order.intent.strategy_id, order.intent.leg_id)
            if sentence := too_soon(self.known, order, fact.at_ns, self._planned[leg]):
                raise Violated("I10", sentence)

    @property
    def _live(self) -> set[str]:
        """What will arrive at the exchange, or works there."""
        return self.travelling | self._works

    def _level(self, moved: LevelMoved) -> None:
        """A level stands where it was left, moves one way, and is armed where its plan has it."""
        if sentence := misplaced(self.known, moved, self._measures.legs, self.trades):
            raise Violated("I15", sentence)

    def _filled(self, fact: object) -> int:
        if not isinstance(fact, OrderFact) or isinstance(fact, IntentRecorded):
            return 0
        order = self.known.book.order(fact.intent_id)
        return order.filled_quantity if order else 0

    def _growth(self, fact: object, before: int) -> None:
        """What is filled never becomes less, nor more than was asked for."""
        if not isinstance(fact, OrderFact) or isinstance(fact, IntentRecorded):
            return
        order = self.known.book.order(fact.intent_id)
        if order is not None and not before <= order.filled_quantity <= order.intent.quantity:
            sentence = f"{before}, then {order.filled_quantity} of {order.intent.quantity} units"
            raise Violated("I6", f"{fact.intent_id} has filled {sentence}")
