"""Changed at the broker: an order of ours of which somebody has made another in the app.

It fills by what he made of it. What he took off it is asked for by nobody, what he put on it may
fill beyond what was wanted, and at another price it rests elsewhere than we believe.
"""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.money import units
from daemon.domain.orders.heard import Order
from daemon.domain.orders.words import NO_TRIGGER, UNTOLD, OrderUpdated, Purpose, State, Terms

_CONSEQUENCES = {
    (Purpose.EXIT, False): "what it leaves open is closed by another",
    (Purpose.EXIT, True): "it is taken back where it is of more than is open",
    (Purpose.RESIDENT_STOP, False): "what it leaves without a stop has another in a minute",
    (Purpose.RESIDENT_STOP, True): "it is taken back where it is of more than is open",
    (Purpose.ENTRY, True): "what fills of it is held and left like the rest",
}
"""What follows for an order of a strategy, by its purpose and whether it is larger now."""
_GIVEN_UP = "its entry is given up"
_ELSEWHERE = {
    Purpose.EXIT: "it is taken back where it rests beside the step of its ladder",
    Purpose.RESIDENT_STOP: "it is left there, and our own stop stands as it did",
    Purpose.ENTRY: "it is taken back where it rests too long",
}
"""What follows where it rests at another price."""


def told(known: Order, state: State, shown: Terms, *, ours: bool = True) -> Terms:
    """Return what an order asks, as far as a broker's book has news of that; else 0.

    What was cancelled or rejected fills no more, and what a book says of it is not believed; at
    which price an order filled its fills tell. What we left to the market has no price to change.

    Args:
        known: as our book has it.
        state: in which the broker's shows it.
        shown: what the broker's says that it asks.
        ours: we made it. What another's asks only the broker knows, and may show later.
    """
    if state is State.FILLED:
        shown = Terms(shown.quantity)
    elif state is not State.WORKING:
        return UNTOLD
    asked = known.terms
    if not ours:
        asked = asked._replace(trigger_e4=asked.trigger_e4 or NO_TRIGGER)
    if shown == asked:
        return UNTOLD
    pairs = zip(shown, asked, strict=True)
    return Terms(*(now if now != was and (was or not ours) else 0 for now, was in pairs))


def in_whole(shown: Terms) -> Terms:
    """Return what a book shows that an order asks, where a limit without a trigger is a plain one.

    In a word on an order the same 0 only tells that nothing is new.
    """
    if shown.price_e4 and not shown.trigger_e4:
        return shown._replace(trigger_e4=NO_TRIGGER)
    return shown


def as_news(known: Order, update: OrderUpdated, *, ours: bool = True) -> OrderUpdated:
    """Return a broker's word with what its order asks only where that is news.

    Else the same word would be another one wherever a record lacks it, and look just told.
    """
    terms = update.terms
    if not any(terms):
        return update
    return replace(update, **told(known, update.state, terms, ours=ours)._asdict())


def lowered_by(order: Order, before: Order) -> int:
    """Return the units that somebody has just taken off an order; below zero: put on it."""
    return before.quantity - order.quantity


def sentence(order: Order, before: Order, *, alone: bool) -> str:
    """Say what was made of an order, and what follows.

    Args:
        order: as it stands.
        before: as it stood.
        alone: it is an entry that belongs to no basket, so nothing follows from it.
    """
    intent, number = order.intent, order.broker_order_id or "of no number"
    what = f"order {number} of ours, to {intent.side} {before.quantity} {intent.symbol}"
    made, follows = list[str](), list[str]()
    if order.quantity != before.quantity:
        made.append(f"it is of {order.quantity} now")
        larger = order.quantity > before.quantity
        follows.append(_CONSEQUENCES.get((intent.purpose, larger), _GIVEN_UP))
    if order.price_e4 != before.price_e4:
        made.append(f"its limit is {units(order.price_e4)} now, {units(before.price_e4)} before")
    if order.trigger_e4 != before.trigger_e4:
        was = units(before.trigger_e4)
        made.append(f"its trigger is {units(order.trigger_e4)} now, {was} before")
    if order.terms[1:] != before.terms[1:]:
        follows.append(_ELSEWHERE[intent.purpose])
    text = f"{what}, was changed at the broker and not by us: {'; '.join(made)}"
    return text if alone else "; ".join((text, *follows))
