"""The broker's book of triggers: takes them, watches prices for them, and places their orders.

The order of a trigger goes to the desk like a client's own, once the frame that reached it has been
booked. So the exchange judges it by the same rules, and it may be filled at what that frame offers.

Source: Kite Connect 3, GTT; the broker's help on how far from the last price a trigger must lie.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from daemon.brokers.paper_exchange import RULES
from daemon.brokers.zerodha.gtt import Status
from daemon.brokers.zerodha.wire_twin import triggers
from daemon.brokers.zerodha.wire_twin.asked import Form, amount, count, listed, one_of, side_of
from daemon.brokers.zerodha.wire_twin.contracts import Contracts, Listing
from daemon.brokers.zerodha.wire_twin.desk import Desk
from daemon.brokers.zerodha.wire_twin.triggers import LEGS, Happening, Leg, Trigger, Wanted
from daemon.brokers.zerodha.wire_twin.words import Data, Denied, not_found, rupees, wrong
from daemon.domain.market.frames import Frame
from daemon.domain.money import E4, percent_of

_PRODUCTS = ("CNC", "NRML", "MTF")
_CHEAP_E4 = 50 * E4
_LEAST_E4 = 9 * E4 // 100
"""So far from a last price of at most 50 rupees a trigger must lie."""
_LEAST_PERCENT_E4 = E4 // 4
"""And so far from a higher one."""


class Triggers:
    """The triggers of the account, those that are over included.

    Args:
        desk: takes their orders.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._all: dict[int, Trigger] = {}

    def records(self) -> list[Data]:
        """Return all triggers as they are shown."""
        return [triggers.record(each) for each in self._all.values()]

    def record(self, trigger_id: str) -> Data:
        """Return one trigger as it is shown.

        Raises:
            Denied: there is none.
        """
        return triggers.record(self._find(trigger_id))

    def place(self, form: Form) -> Data:
        """Take a trigger, and return its number.

        Raises:
            Denied: it cannot be.
        """
        now_ns, number = self._desk.now_ns, len(self._all) + 1
        taken = triggers.placed(number, wanted(form, self._desk.contracts), now_ns)
        self._all[number] = taken
        self._desk.after(
            taken.expires_ns - now_ns,
            lambda: self._happen(self._all[number], Happening.EXPIRED),
        )
        return {"trigger_id": number}

    def modify(self, trigger_id: str, form: Form) -> Data:
        """Change what a trigger waits for and has placed, and return its number.

        Raises:
            Denied: it is over, it cannot be so, or it would become quite another.
        """
        before, asked = self._find(trigger_id), wanted(form, self._desk.contracts)
        if asked.listing.key != before.wanted.listing.key or asked.kind != before.wanted.kind:
            raise wrong("The instrument and the `type` of a trigger cannot be modified.")
        self._asked(replace(before, wanted=asked), Happening.CHANGED)
        return {"trigger_id": before.number}

    def delete(self, trigger_id: str) -> Data:
        """Take a trigger away, and return its number.

        Raises:
            Denied: it is over.
        """
        found = self._find(trigger_id)
        self._asked(found, Happening.DELETED)
        return {"trigger_id": found.number}

    def see(self, frame: Frame) -> None:
        """Have the order placed of each trigger whose price a frame of the session reaches."""
        for each in list(self._all.values()):
            contract = each.wanted.listing.contract
            quote = frame.quotes.get(contract.symbol)
            if each.status is not Status.ACTIVE or quote is None:
                continue
            leg = each.wanted.reached(quote)
            if leg is not None and RULES.is_open(contract, frame.at_ns):
                self._fire(each, leg)

    def _fire(self, trigger: Trigger, leg: int) -> None:
        order_id = refusal = ""
        try:
            order_id = self._desk.place(triggers.order_of(trigger.wanted, leg))
        except Denied as denied:
            refusal = str(denied)
        reached = self._happen(trigger, Happening.REACHED)
        assert reached is not None, "only active triggers are watched"
        self._all[trigger.number] = triggers.told(reached, leg, order_id, refusal)

    def _find(self, trigger_id: str) -> Trigger:
        found = self._all.get(int(trigger_id)) if trigger_id.isdecimal() else None
        if found is None:
            raise not_found("trigger_id")
        return found

    def _asked(self, trigger: Trigger, happening: Happening) -> None:
        """Let happen what a client asks for.

        Raises:
            Denied: the trigger is over.
        """
        if self._happen(trigger, happening) is None:
            raise wrong(f"The trigger cannot be {happening} as it is {trigger.status}.")

    def _happen(self, trigger: Trigger, happening: Happening) -> Trigger | None:
        """Let something happen to a trigger; return it then, None where it is over."""
        found = triggers.after(trigger, happening, self._desk.now_ns)
        if found is not None:
            self._all[trigger.number] = found
        return found


def wanted(form: Form, contracts: Contracts) -> Wanted:
    """Read the form of a trigger.

    Raises:
        Denied: a field is missing or cannot be, or a price lies where no trigger can wait for it.
    """
    legs = LEGS[one_of(form, "type", tuple(LEGS))]
    condition = _decoded(form, "condition", dict[str, Any])
    orders = _decoded(form, "orders", list[dict[str, Any]])
    listing = listed(condition, contracts)
    if listing.is_index:
        raise wrong(f"{listing.name} is an index and cannot be traded.")
    values = condition.get("trigger_values")
    if not isinstance(values, list) or len(values) != legs:
        raise wrong("Invalid `trigger_values`.")
    if len(orders) != legs:
        raise wrong("Invalid `orders`: one is needed for each trigger value.")
    asked = Wanted(
        listing,
        amount(_texts(condition), "last_price", at_least=1),
        tuple(
            _leg(_texts(order | {"trigger_values": value}), listing)
            for order, value in zip(orders, values, strict=True)
        ),
    )
    _check(asked)
    return asked


def _leg(form: Form, listing: Listing) -> Leg:
    """Read an order of a trigger.

    Raises:
        Denied: a field of it cannot be.
    """
    if f"{form.get('exchange')}:{form.get('tradingsymbol')}" != listing.key:
        raise wrong("Invalid `orders`: they must be of the instrument of the `condition`.")
    if form.get("order_type") != "LIMIT":
        raise wrong("Invalid `order_type`. Only LIMIT orders are allowed for triggers.")
    return Leg(
        trigger_e4=amount(form, "trigger_values", at_least=1),
        side=side_of(form),
        quantity=count(form, "quantity", at_least=1),
        price_e4=amount(form, "price", at_least=1),
        product=one_of(form, "product", _PRODUCTS),
    )


def _check(asked: Wanted) -> None:
    """Refuse a trigger that would be reached already.

    Raises:
        Denied: a price lies at the last one, too near to it, or on the wrong side of it.
    """
    prices, last_e4 = [leg.trigger_e4 for leg in asked.legs], asked.last_e4
    if last_e4 in prices:
        raise wrong("A trigger cannot be created with a trigger value equal to the last price.")
    if len(prices) > 1 and prices[0] > last_e4:
        raise wrong("A trigger cannot be created with the first value above the last price.")
    if len(prices) > 1 and prices[1] < last_e4:
        raise wrong("A trigger cannot be created with the second value below the last price.")
    least_e4 = percent_of(last_e4, _LEAST_PERCENT_E4) if last_e4 > _CHEAP_E4 else _LEAST_E4
    if any(abs(price_e4 - last_e4) < least_e4 for price_e4 in prices):
        raise wrong(f"Trigger values must be {rupees(least_e4)} or more away from the last price.")


def _decoded(form: Form, name: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(form.get(name, ""), type=kind)
    except msgspec.MsgspecError as error:
        raise wrong(f"Invalid `{name}`.") from error


def _texts(told: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in told.items() if value is not None}
