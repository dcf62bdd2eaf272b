"""What was heard of one intent, and the order that follows from it.

Facts may come in any order and any number; what was heard only ever grows. What an order asks may
be changed at the broker either way, so of that the newest word stands.
"""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct, field
from msgspec.structs import astuple, replace

from daemon.domain.orders.states import BOOK_WORDS, Evidence, after
from daemon.domain.orders.words import (
    NO_TRIGGER,
    UNTOLD,
    ConfirmationWanted,
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderFact,
    OrderParked,
    OrderRefused,
    OrderType,
    OrderUpdated,
    OutcomeUnknown,
    Refusal,
    State,
    Terms,
)

_ENDED_SHORT = frozenset({State.REFUSED, State.REJECTED, State.CANCELLED})


class Order(Struct, frozen=True):
    """What is known of one intent.

    Attributes:
        intent: what we want.
        state: where it stands.
        broker_order_id: the broker's number, empty while unknown; of several, one that is open.
        filled_quantity: units filled so far; above the intent's where the broker over-filled.
        filled_value_e4: the sum of price x units over those fills.
        remaining_quantity: units that may still be filled, as far as we know. It is not zero for
            an order that was told FILLED with too few units: the rest is unexplained.
        refusal: the newest reason for a no.
        text: the broker's newest words, what it asks, or why the outcome is unknown.
        at_ns: when the newest of what is known was first told; who repeats it changes nothing.
        broker_order_ids: every number that the broker gave it; more than one is a duplicate.
        recorded_ns: when its intent was recorded; its request left after that, if it did.
        changed: what it asks otherwise since somebody changed it at the broker; 0: as intended. Of
            several orders of one intent it says nothing.
    """

    intent: Intent
    state: State
    broker_order_id: str
    filled_quantity: int
    filled_value_e4: int
    remaining_quantity: int
    refusal: Refusal | None
    text: str
    at_ns: int
    broker_order_ids: tuple[str, ...] = ()
    recorded_ns: int = 0
    changed: Terms = UNTOLD

    @property
    def quantity(self) -> int:
        """The units that it is of, by the newest word of the broker's."""
        return self.changed.quantity or self.intent.quantity

    @property
    def price_e4(self) -> int:
        """Its limit, by the newest word of the broker's."""
        return self.changed.price_e4 or self.intent.price_e4

    @property
    def trigger_e4(self) -> int:
        """What wakes it, by the newest word of the broker's."""
        return max(self.changed.trigger_e4 or self.intent.trigger_e4, 0)

    @property
    def order_type(self) -> OrderType:
        """How it is priced; a stop whose trigger was taken off it is a plain limit."""
        plain = self.changed.trigger_e4 == NO_TRIGGER
        return OrderType.LIMIT if plain else self.intent.order_type

    @property
    def terms(self) -> Terms:
        """What it asks, by the newest word of the broker's."""
        return Terms(self.quantity, self.price_e4, self.trigger_e4)

    @property
    def as_it_rests(self) -> Intent:
        """The intent, at the prices that the order has in the broker's book."""
        if not (self.changed.price_e4 or self.changed.trigger_e4):
            return self.intent
        return replace(self.intent, price_e4=self.price_e4, trigger_e4=self.trigger_e4)


class Part(Struct):
    """One order in the broker's book.

    Attributes:
        state: where it stands.
        filled: units, and the sum of price x units over them.
        quantity: when it was last told of how many units it is, and of how many; 0: as intended.
    """

    state: State = State.INTENDED
    filled: tuple[int, int] = (0, 0)
    quantity: tuple[int, int] = (0, 0)

    def asks(self, intent: Intent) -> int:
        """Return the units that it is of."""
        return self.quantity[1] or intent.quantity


class Heard(Struct):
    """All that was heard of one intent; each field only ever grows.

    Attributes:
        intent: None while it was not recorded.
        recorded_ns: when it was.
        state: what the evidence of all its orders makes of it.
        parts: the broker's orders by their number; under no number what named none.
        refusal: the newest reason for a no, and when it was told.
        text: the newest words, and when they were told.
        price_e4: when its limit was last told, and what it was; 0: as intended.
        trigger_e4: the same of what wakes it; `NO_TRIGGER`: nothing does any more.
        at_ns: the newest fact, updates aside.
        first_ns: each update, its instant left out, and when it was first told.
    """

    intent: Intent | None = None
    recorded_ns: int = 0
    state: State = State.INTENDED
    parts: dict[str, Part] = field(default_factory=dict)
    refusal: tuple[int, str] = (0, "")
    text: tuple[int, str] = (0, "")
    price_e4: tuple[int, int] = (0, 0)
    trigger_e4: tuple[int, int] = (0, 0)
    at_ns: int = 0
    first_ns: dict[OrderUpdated, int] = field(default_factory=dict)


def hear(heard: Heard, fact: OrderFact) -> None:
    """Join one fact into what was heard of its intent."""
    if not isinstance(fact, OrderUpdated):
        heard.at_ns = max(heard.at_ns, fact.at_ns)
    match fact:
        case IntentRecorded():
            _record(heard, fact)
        case OrderAccepted():
            _hear_of_part(heard, fact.broker_order_id, Evidence.ACCEPTED)
        case OrderRefused():
            heard.state = after(heard.state, Evidence.REFUSED)
            _say(heard, fact.at_ns, fact.kind, fact.text)
        case OutcomeUnknown():
            heard.state = after(heard.state, Evidence.UNKNOWN)
            _say(heard, fact.at_ns, None, fact.because)
        case ConfirmationWanted():
            heard.state = after(heard.state, Evidence.UNKNOWN)
            _say(heard, fact.at_ns, None, fact.said)
        case OrderParked():
            heard.state = after(heard.state, Evidence.PARKED)
        case OrderUpdated():
            part = _hear_of_part(heard, fact.broker_order_id, BOOK_WORDS[fact.state])
            part.filled = max(part.filled, (fact.filled_quantity, fact.filled_value_e4))
            if any(fact.terms):
                _hear_terms(heard, part, fact)
            _say(heard, fact.at_ns, fact.kind, fact.text)
            told = replace(fact, at_ns=0)
            heard.first_ns[told] = min(heard.first_ns.get(told, fact.at_ns), fact.at_ns)
        case _:
            assert_never(fact)


def _record(heard: Heard, fact: IntentRecorded) -> None:
    # One id for two intents is a defect of ours; the earlier one stands, whichever came first.
    if heard.intent is None or (fact.at_ns, *astuple(fact.intent)) < (
        heard.recorded_ns,
        *astuple(heard.intent),
    ):
        heard.intent, heard.recorded_ns = fact.intent, fact.at_ns


def _hear_of_part(heard: Heard, broker_order_id: str, evidence: Evidence) -> Part:
    heard.state = after(heard.state, evidence)
    part = heard.parts.setdefault(broker_order_id, Part())
    part.state = after(part.state, evidence)
    return part


def _hear_terms(heard: Heard, part: Part, fact: OrderUpdated) -> None:
    """Keep the newest of what the order asks; of one instant the greatest."""
    if fact.quantity:
        part.quantity = max(part.quantity, (fact.at_ns, fact.quantity))
    if fact.price_e4:
        heard.price_e4 = max(heard.price_e4, (fact.at_ns, fact.price_e4))
    if fact.trigger_e4:
        heard.trigger_e4 = max(heard.trigger_e4, (fact.at_ns, fact.trigger_e4))


def _say(heard: Heard, at_ns: int, kind: Refusal | None, text: str) -> None:
    """Keep the newest reason and the newest words; of one instant the greatest."""
    if kind is not None:
        heard.refusal = max(heard.refusal, (at_ns, kind.value))
    if text:
        heard.text = max(heard.text, (at_ns, text))


def order_of(heard: Heard, intent: Intent) -> Order:
    """Return the order as all that was heard of its intent makes it."""
    ids = tuple(sorted(name for name in heard.parts if name))
    quantity, value_e4 = _filled(heard.parts, ids)
    changed = _changed(heard, intent) if len(ids) <= 1 else UNTOLD
    asked = changed.quantity or intent.quantity
    state = after(heard.state, Evidence.FILLED) if quantity >= asked else heard.state
    remaining = 0 if state in _ENDED_SHORT else max(0, asked - quantity)
    live = ids
    if len(ids) > 1:
        rests = {name: _rest(heard.parts[name], intent) for name in ids}
        live = tuple(name for name in ids if rests[name]) or ids
        remaining = sum(rests.values())
        state = State.WORKING if remaining else state
    return Order(
        intent=intent,
        state=state,
        broker_order_id=live[0] if live else "",
        filled_quantity=quantity,
        filled_value_e4=value_e4,
        remaining_quantity=remaining,
        refusal=Refusal(heard.refusal[1]) if heard.refusal[1] else None,
        text=heard.text[1],
        at_ns=max((heard.at_ns, *heard.first_ns.values())),
        broker_order_ids=ids,
        recorded_ns=heard.recorded_ns,
        changed=changed,
    )


def _changed(heard: Heard, intent: Intent) -> Terms:
    """Return what the one order of an intent asks otherwise than was intended."""
    _, quantity = max((part.quantity for part in heard.parts.values()), default=(0, 0))
    told = Terms(quantity, heard.price_e4[1], heard.trigger_e4[1])
    if not any(told):
        return UNTOLD
    intended = (intent.quantity, intent.price_e4, intent.trigger_e4)
    return Terms(*(0 if now == was else now for now, was in zip(told, intended, strict=True)))


def _rest(part: Part, intent: Intent) -> int:
    """Return what one of several orders of an intent may still fill, in units."""
    return 0 if part.state in _ENDED_SHORT else max(0, part.asks(intent) - part.filled[0])


def _filled(parts: dict[str, Part], ids: tuple[str, ...]) -> tuple[int, int]:
    """Return quantity and value over all of the broker's orders.

    Words that name no number may speak of any of them, hence are not added to the named ones.
    """
    if len(ids) == len(parts) == 1:
        return parts[ids[0]].filled
    named = [parts[name].filled for name in ids]
    total = (sum(quantity for quantity, _ in named), sum(value_e4 for _, value_e4 in named))
    return max(total, parts[""].filled) if "" in parts else total
