"""A broker that does what a script says, with a book of its own to hold ours against."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.domain.money import e4
from daemon.domain.orders.words import (
    ConfirmationWanted,
    Intent,
    OrderAccepted,
    OrderRefused,
    OrderType,
    OrderUpdated,
    OutcomeUnknown,
    Pocket,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.messages import (
    AccountRead,
    AccountUnread,
    BrokerOrder,
    BrokerPosition,
    Cancel,
    CancelAnswered,
    FindOrder,
    MarginRead,
    MarginUnread,
    OrderNotFound,
    Place,
    ReadAccount,
    ReadMargin,
)

LATENCY_NS = 10_000_000
_RESTS = {"fill": "work", "part": "work", "over": "work", "dumb": "dumbwork", "mute": "accept"}
CLOSED = frozenset({State.FILLED, State.CANCELLED, State.REJECTED})


class Placed(Struct):
    """One order in the broker's book."""

    number: str
    intent: Intent
    state: State = State.WORKING
    filled: int = 0
    changed: int = 0
    prices: dict[str, int] = {}

    @property
    def quantity(self) -> int:
        """Units that it is of."""
        return self.changed or self.intent.quantity

    def update(self, at_ns: int, **fields) -> OrderUpdated:
        """What the book says of it."""
        value_e4 = self.filled * self.intent.price_e4
        return OrderUpdated(
            self.intent.intent_id, self.number, self.state, self.filled, value_e4, at_ns, **fields
        )


class ScriptedBroker:
    """Answers the n-th placing, and the n-th cancellation, as its script says.

    placing: fill | work | part (one lot) | accept (no update follows) | over (fills twice as much,
        three times at most; after that it fills)
        | refuse KIND | reject KIND (accepted before) | liar [KIND] (refused, yet two seconds later
        it rests in the book) | drop [units] (accepted, and cancelled by the exchange once so many
        have filled) | dumb [seconds] (no answer; it arrives at once, or so much later, and
        fills) | dumbwork (no answer; it arrives and rests) | lost (no answer, and it never
        arrives) | mute (nothing at all, not even a time-out; it arrives and fills) | ask [seconds]
        (a question in place of an answer; somebody confirms it so much later and it fills, or
        nobody does)
    cancelling: done | quiet (done, and no update follows) | race (it fills instead) | after
        [seconds] (cancelled, yet fills then) | lost (nothing happens, nothing is answered) | no
        (nothing happens, and that is answered)

    Strangers' orders and positions `beside` all orders stand in its book too, and `owned` shares
    beside those; `unread` says why the next readings fail, `mute` for no answer at all and
    `no shares` where those of earlier days alone did not come.

    `margin` is what every entry needs and what is free for it, or why the broker does not say; None
    for no answer at all.

    Its positions show a fill `lag_s` seconds after its orders do.

    `flips` are our orders that turned a position over. Where a stranger traded in a contract too,
    his share and ours are closed one after the other, so their sum may pass through nothing.

    A resident stop that would fill rests: nothing has met its trigger yet.

    What is beyond a script's end goes by its last word. Every answer is (after how long, message).
    """

    def __init__(self, place: Iterable[str] = ("fill",), cancel: Iterable[str] = ("done",)) -> None:
        self._place, self._cancel = deque(place), deque(cancel)
        self.orders: dict[str, Placed] = {}
        self.asked: Counter[str] = Counter()
        self.copies = 1
        self.flips: list[str] = []
        self._shared: set[str] = set()
        self._overs = 3
        self.reads = 0
        self.unread: deque[str] = deque()
        self.margin: object = (e4(100_000), e4(1_000_000))
        self.beside: dict[str | Pocket, int] = {}
        self.owned: dict[Pocket, int] = {}
        self._later: list[tuple[int, Intent]] = []
        self._arrived = 0
        self.lag_s = 0
        self._fills: list[tuple[int, Pocket, int]] = []

    def ask(self, request: object, now_ns: int) -> list[tuple[int, object]]:
        """Take a request; what it is answered, and when."""
        match request:
            case Place(approved):
                self.asked[approved.intent.intent_id] += 1
                return self._placed(approved.intent, *_next(self._place).split(), now_ns=now_ns)
            case Cancel(_, number):
                how = _next(self._cancel).split()
                if number not in self.orders:
                    text = "no such order today"
                    return _told(CancelAnswered(request.intent_id, False, text, now_ns))
                return self._cancelled(self.orders[number], *how, now_ns=now_ns)
            case FindOrder(intent_id):
                return self._found(intent_id, now_ns)
            case ReadAccount():
                return self._shown(now_ns)
            case ReadMargin(parent):
                return self._counted(parent, now_ns)
        raise AssertionError(request)

    def calm(self) -> None:
        """From here on every order fills and every cancellation is done."""
        self._place, self._cancel = deque(["fill"]), deque(["done"])

    def script(self, *place: str) -> None:
        """From here on it does this with what is placed."""
        self._place = deque(place)

    def net(self) -> dict[str, int]:
        """Units held, by symbol; without those that are flat."""
        nets: Counter[str] = Counter()
        for pocket, net in self.held().items():
            nets[pocket.symbol] += net
        return {symbol: net for symbol, net in nets.items() if net}

    def held(self) -> dict[Pocket, int]:
        """Units held, each product of a contract by itself; without those that are flat."""
        nets: Counter[Pocket] = Counter()
        for beside, net in self.beside.items():
            nets[Pocket(beside) if isinstance(beside, str) else beside] += net
        for order in self.orders.values():
            nets[order.intent.pocket] += order.intent.side.sign * order.filled
        return {pocket: net for pocket, net in nets.items() if net}

    def stranger(self, symbol: str, side: Side, quantity: int = 75, filled: int = 0) -> Placed:
        """Somebody else orders in this account, under no id of ours."""
        made = replace(NOBODY, intent_id="", symbol=symbol, side=side, quantity=quantity)
        self._shared.add(symbol)
        order = self._arrive(made)
        if filled:
            self.fill(order, 0, filled)
        return order

    def resting(self) -> list[Placed]:
        """What may still fill."""
        return [order for order in self.orders.values() if order.state is State.WORKING]

    def land(self, now_ns: int) -> list[OrderUpdated]:
        """Let requests arrive that were on their way; nobody is told unless he asks."""
        due = [(at_ns, intent) for at_ns, intent in self._later if at_ns <= now_ns]
        self._later = [each for each in self._later if each[0] > now_ns]
        return [self.fill(self._arrive(intent), now_ns) for _, intent in due]

    def fill(self, order: Placed, now_ns: int, quantity: int = 0) -> OrderUpdated:
        """Fill an order, wholly unless told."""
        more = quantity or order.quantity - order.filled
        before = self.held().get(order.intent.pocket, 0)
        order.filled += more
        self._fills.append((now_ns, order.intent.pocket, more * order.intent.side.sign))
        turned = before * (before + more * order.intent.side.sign) < 0
        if turned and order.intent.symbol not in self._shared:
            self.flips.append(order.intent.intent_id)
        if order.filled >= order.quantity:
            order.state = State.FILLED
        return order.update(now_ns)

    def change(self, order: Placed, quantity: int = 0, **prices: int) -> None:
        """Somebody changes what an order asks; made so small that all is filled it is over."""
        order.changed = quantity or order.changed
        order.prices = {**order.prices, **prices}
        if order.filled >= order.quantity:
            order.state = State.FILLED

    def end_day(self) -> None:
        """Forget the orders of the day; what they filled stays held, what rests lapses untold."""
        self.beside, self.orders = dict(self.held()), {}

    def of(self, intent_id: str) -> list[Placed]:
        """The orders that one intent led to."""
        return [order for order in self.orders.values() if order.intent.intent_id == intent_id]

    def _arrive(self, intent: Intent) -> Placed:
        self._arrived += 1
        number = f"B{self._arrived}"
        self.orders[number] = order = Placed(number, intent)
        return order

    def _placed(self, intent: Intent, how: str, what: str = "", *, now_ns: int):
        at_ns, intent_id = now_ns + LATENCY_NS, intent.intent_id
        if intent.purpose is Purpose.RESIDENT_STOP:
            how = _RESTS.get(how, how)
        if how == "refuse":
            return _told(OrderRefused(intent_id, Refusal(what), "no", at_ns))
        if how in ("dumb", "dumbwork", "lost", "ask"):
            if what:
                self._later.append((now_ns + int(what) * SECOND_NS, intent))
            elif how not in ("lost", "ask"):
                order = self._arrive(intent)
                if how == "dumb":
                    self.fill(order, at_ns)
            if how == "ask":
                return _told(ConfirmationWanted(intent_id, "q1", "are you sure?", at_ns))
            return _told(OutcomeUnknown(intent_id, "no answer in time", at_ns))
        order = self._arrive(intent)
        if how == "liar":
            refused = OrderRefused(intent_id, Refusal(what or "OTHER"), "no", at_ns)
            later_ns = 2 * SECOND_NS
            return [*_told(refused), (later_ns, order.update(now_ns + later_ns))]
        accepted = OrderAccepted(intent_id, order.number, at_ns)
        if how == "mute":
            self.fill(order, at_ns)
            return []
        if how in ("reject", "drop"):
            return _told(accepted, _ended(order, how, what, at_ns))
        if how == "over" and self._overs:
            self._overs -= 1
            return _told(accepted, self.fill(order, at_ns, 2 * intent.quantity))
        if how in ("fill", "over"):
            return _told(accepted, *[self.fill(order, at_ns)] * self.copies)
        if how == "part":
            return _told(accepted, self.fill(order, at_ns, min(75, intent.quantity)))
        return _told(accepted, *[order.update(at_ns)] * (how == "work"))

    def _cancelled(self, order: Placed, how: str, what: str = "", *, now_ns: int):
        at_ns, intent_id = now_ns + LATENCY_NS, order.intent.intent_id
        no = CancelAnswered(intent_id, False, "it cannot be cancelled", at_ns)
        if how == "lost":
            return []
        if how == "no" or order.state in CLOSED:
            return _told(no)
        if how == "race":
            return _told(self.fill(order, at_ns), no)
        order.state = State.CANCELLED
        yes = CancelAnswered(intent_id, True, "", at_ns)
        if how == "quiet":
            return _told(yes)
        told = _told(yes, *[order.update(at_ns)] * self.copies)
        if how == "after":
            later_ns = int(what or 1) * SECOND_NS
            told.append((later_ns, self.fill(order, now_ns + later_ns)))
        return told

    def _shown(self, now_ns: int):
        """The whole book, unless the script of failures has a word for this reading."""
        self.reads += 1
        at_ns = now_ns + LATENCY_NS
        how = self.unread.popleft() if self.unread else ""
        if how and how != "no shares":
            unread = AccountUnread(how, at_ns, sessionless=how == "no session")
            return [] if how == "mute" else _told(unread)
        orders = tuple(map(_shown, self.orders.values()))
        held, owned = (
            tuple(BrokerPosition(of.symbol, net, of.product) for of, net in shown.items())
            for shown in (self._positions(now_ns), self.owned)
        )
        if how:
            rest = AccountRead(orders, held, at_ns)
            return _told(AccountUnread(how, at_ns, answered=True, sharesless=rest))
        return _told(AccountRead(orders, held, at_ns, owned))

    def _positions(self, now_ns: int) -> dict[Pocket, int]:
        """What is held, without what its positions do not show yet."""
        shown = Counter(self.held())
        for at_ns, pocket, units in self._fills if self.lag_s else ():
            shown[pocket] -= units if at_ns > now_ns - self.lag_s * SECOND_NS else 0
        return {pocket: net for pocket, net in shown.items() if net}

    def _counted(self, parent: str, now_ns: int):
        """What an entry needs and what is free; why that is not known; nothing at all."""
        at_ns = now_ns + LATENCY_NS
        match self.margin:
            case (required_e4, available_e4):
                return _told(MarginRead(parent, required_e4, available_e4, at_ns))
            case str() as because:
                return _told(MarginUnread(parent, because, at_ns))
        return []

    def _found(self, intent_id: str, now_ns: int):
        at_ns = now_ns + LATENCY_NS
        found = [order.update(at_ns) for order in self.of(intent_id)]
        return _told(*found or [OrderNotFound(intent_id, at_ns)])


NOBODY = Intent(
    "", "", "", "", "", Side.BUY, 75, OrderType.LIMIT, 100_0000, Purpose.ENTRY, "", 0, 0
)


def _shown(order: Placed) -> BrokerOrder:
    intent = order.intent
    return BrokerOrder(
        intent.intent_id,
        order.number,
        intent.symbol,
        intent.side,
        order.quantity,
        order.state,
        order.filled,
        order.filled * intent.price_e4,
        product=intent.product,
        **order.prices,
    )


def _ended(order: Placed, how: str, what: str, at_ns: int) -> OrderUpdated:
    """End an order that was accepted a moment ago."""
    if how == "reject":
        order.state = State.REJECTED
        kind = Refusal(what) if what else None
        return order.update(at_ns, kind=kind, text="rejected")
    order.filled, order.state = int(what or 0), State.CANCELLED
    return order.update(at_ns, text="self trade")


def _next(script: deque[str]) -> str:
    return script.popleft() if len(script) > 1 else script[0]


def _told(*messages: object) -> list[tuple[int, object]]:
    return [(LATENCY_NS, message) for message in messages]
