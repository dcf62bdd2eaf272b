"""From a plan to the legs of one entry: contracts, quantities, rules and the quotes they rest on.

All legs or none: the first that cannot be entered refuses the whole, with the key that says why.
A refusal is of this frame alone; the next one may be entered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.market.bands import reference_e4
from daemon.domain.market.frames import Quote
from daemon.domain.market.instruments import Instrument, Kind
from daemon.domain.money import PERCENT_E4, e4, units
from daemon.domain.orders.basket import BasketLeg
from daemon.domain.orders.words import Product, Side
from daemon.domain.plans.risk_rules import leg_rules, strategy_rules
from daemon.domain.plans.schema import Leg, Plan
from daemon.domain.plans.strikes import Listed, choose
from daemon.domain.plans.validation import EntryPrice, Fault, leg_fault, loss_fault
from daemon.domain.risk.moves import Exit, LevelMoved
from daemon.domain.risk.pnl import LegPosition
from daemon.domain.risk.strategy import StrategyRisk
from daemon.domain.risk.words import ExitReason, LegRules
from daemon.errors import RuleUnknown

_OF_THE_WHOLE = {
    ExitReason.COMBINED_PREMIUM: "risk.combined_premium_stop",
    ExitReason.STRATEGY_STOP: "risk.stop",
    ExitReason.STRATEGY_TARGET: "risk.target",
}
"""Which key of a plan says so, of the rules of the whole that can leave an entry at once."""


class ChainView(Protocol):
    """What the market looks like at this frame; a stale quote is no quote."""

    def basis_e4(self, expiry: date) -> int:
        """Return what at the money is measured on, in `_e4`; 0 where it is not known."""

    def options(self, expiry: date, kind: Kind) -> Listed:
        """Return the listed strikes of an expiry, each with its quote where it has one."""

    def quote(self, symbol: str) -> Quote | None:
        """Return the quote of one contract."""


class Contracts(Protocol):
    """What contracts there are."""

    def __call__(
        self, underlying: str, kind: Kind, expiry: date | None, strike_e4: int
    ) -> Instrument | None:
        """Return a contract, or None where there is none such.

        Raises:
            RuleUnknown: no table says what its lot is.
        """


class LegPlan(Struct, frozen=True):
    """One leg as it is about to be entered.

    Attributes:
        leg_id: its id in the plan.
        instrument: the contract.
        side: which way.
        quantity: units, a whole number of lots.
        rules: what it is held to.
        quote: what the decision rests on.
    """

    leg_id: str
    instrument: Instrument
    side: Side
    quantity: int
    rules: LegRules
    quote: Quote

    @property
    def symbol(self) -> str:
        """The contract's symbol."""
        return self.instrument.symbol

    @property
    def lot(self) -> int:
        """Units in one lot."""
        return self.instrument.lot

    @property
    def kind(self) -> Kind:
        """What it is."""
        return self.instrument.kind

    @property
    def strike_e4(self) -> int:
        """The strike; options only."""
        return self.instrument.strike_e4

    @property
    def touch_e4(self) -> int:
        """The price that this leg meets: the ask for a purchase, the bid for a sale."""
        return touch_e4(self.quote, self.side)


def legs(
    plan: Plan, expiries: Sequence[date | None], chain: ChainView, contracts: Contracts
) -> tuple[LegPlan, ...] | Fault:
    """Return the legs of an entry in the order of the plan, or why there is none now.

    Args:
        plan: the strategy.
        expiries: one for each leg, as `days.resolve` gives them.
        chain: the market at this frame.
        contracts: what there is to trade.
    """
    made: list[LegPlan] = []
    for at, (leg, expiry) in enumerate(zip(plan.legs, expiries, strict=True)):
        place = f"legs[{at}]"
        instrument = _instrument(plan, at, expiry, chain, contracts)
        if isinstance(instrument, Fault):
            return instrument
        entering = _leg(leg, place, instrument, chain)
        if isinstance(entering, Fault):
            return entering
        made.append(entering)
    return loss_fault(plan, [_price(leg) for leg in made]) or tuple(made)


def entry_fault(plan: Plan, entering: Sequence[LegPlan]) -> Fault | None:
    """Return why legs that could be entered are not, on the prices they rest on, or None."""
    return spread_fault(plan, entering) or left_fault(plan, entering) or unpriced_fault(entering)


def spread_fault(plan: Plan, entering: Sequence[LegPlan]) -> Fault | None:
    """Return why a spread forbids the entry, or None.

    Args:
        plan: the strategy, with or without `entry.max_spread`.
        entering: its legs.
    """
    if plan.entry.max_spread is None:
        return None
    percent_e4 = e4(plan.entry.max_spread.percent)
    for leg in entering:
        if is_wide(leg.quote, percent_e4):
            bid, ask = units(leg.quote.bid_e4), units(leg.quote.ask_e4)
            return Fault("entry.max_spread", f"{leg.symbol} stands at {bid} to {ask}")
    return None


def unpriced_fault(entering: Sequence[LegPlan]) -> Fault | None:
    """Return which leg has half a touch and no last price, or None.

    The gate would refuse its order, and that ends an entry; a frame later there may be a price.

    Args:
        entering: the legs.
    """
    for at, leg in enumerate(entering):
        if not reference_e4(leg.quote):
            return Fault(f"legs[{at}]", f"{leg.symbol} has no price to measure its limit against")
    return None


def left_fault(plan: Plan, entering: Sequence[LegPlan]) -> Fault | None:
    """Return which rule would leave an entry at once, or never, on the prices it rests on, or None.

    At once it is where the last price is an old one, which bid and ask have left behind, and where
    a spread is wider than a stop allows. A stop or a floor that such a price would move at once
    would leave at the first real one, for a profit that nobody had.

    Args:
        plan: the strategy.
        entering: its legs.
    """
    risk = _filled(plan, entering)
    verdicts = risk.judge(0)
    left = next((each for each in verdicts if isinstance(each, Exit)), None)
    moved = next((each for each in verdicts if isinstance(each, LevelMoved)), None)
    if left is not None:
        place = _OF_THE_WHOLE.get(left.reason)
        if place is not None:
            return _entered_at(risk, place, "leave all")
        return _counted_as(risk, left.leg_ids, left.reason, "leave")
    if moved is None:
        return _unheld(risk)
    if not moved.leg_id:
        return _entered_at(risk, "risk.lock_and_trail", "lock")
    return _counted_as(risk, (moved.leg_id,), ExitReason.TRAIL, "move the stop of")


def _entered_at(risk: StrategyRisk, place: str, does: str) -> Fault:
    """Return what a rule of the whole would do at once."""
    profit = units(risk.pnl.last_e4)
    return Fault(place, f"would {does} at once: it is entered at a profit of {profit}")


def _counted_as(risk: StrategyRisk, leg_ids: Sequence[str], rule: ExitReason, does: str) -> Fault:
    """Return what a rule of the first of these legs would do at once."""
    at, leg = next(each for each in enumerate(risk.legs()) if each[1].leg_id in leg_ids)
    entry, mark = units(leg.entry_e4), units(leg.mark_e4)
    why = f"would {does} {leg.symbol} at once: entered at {entry}, it counts as {mark}"
    return Fault(f"legs[{at}].{rule}", why)


def _unheld(risk: StrategyRisk) -> Fault | None:
    """Return which short nothing would hold: a share of a premium of nothing is no stop."""
    for at, leg in enumerate(risk.legs()):
        if leg.side is Side.SELL and not leg.ruled:
            why = "a share of the premium is no stop where what is sold and bought cancels out"
            return Fault(f"legs[{at}].stop", f"nothing would hold {leg.symbol}: {why}")
    return None


def _filled(plan: Plan, entering: Sequence[LegPlan]) -> StrategyRisk:
    """Return the watch over an entry that was filled at the touch."""
    rules = replace(strategy_rules(plan), all_on_leg_stop=False)
    risk = StrategyRisk(plan.id, rules, {leg.leg_id: leg.rules for leg in entering})
    for leg in entering:
        empty = LegPosition(leg.leg_id, leg.symbol, leg.side)
        risk.fill(empty.filled(leg.side, leg.quantity, leg.touch_e4), 0)
    risk.see({leg.symbol: replace(leg.quote, low_e4=0, high_e4=0) for leg in entering}, 0)
    return risk


def is_wide(quote: Quote, percent_e4: int) -> bool:
    """Say whether (ask - bid) / mid is more than a percentage; so is a side without a price."""
    if not (quote.bid_e4 and quote.ask_e4):
        return True
    spread_e4 = quote.ask_e4 - quote.bid_e4
    return 2 * spread_e4 * PERCENT_E4 > percent_e4 * (quote.ask_e4 + quote.bid_e4)


def touch_e4(quote: Quote, side: Side) -> int:
    """Return the price that a side meets; 0 where nobody offers one."""
    return quote.ask_e4 if side is Side.BUY else quote.bid_e4


def _instrument(
    plan: Plan, at: int, expiry: date | None, chain: ChainView, contracts: Contracts
) -> Instrument | Fault:
    """Return the contract of a leg, or why there is none."""
    kind, strike, strike_e4 = plan.legs[at].instrument, plan.legs[at].strike, 0
    if kind.is_option:
        assert strike is not None, "an option of a plan has a strike"
        assert expiry is not None, "an option of a plan has an expiry"
        listed, basis_e4 = chain.options(expiry, kind), chain.basis_e4(expiry)
        chosen = choose(strike, kind, basis_e4, listed)
        if isinstance(chosen, str):
            return Fault(f"legs[{at}].strike", chosen)
        strike_e4 = chosen
    try:
        instrument = contracts(plan.underlying, kind, expiry, strike_e4)
    except RuleUnknown as error:
        return Fault(f"legs[{at}]", str(error))
    if instrument is None:
        words = [plan.underlying, expiry, units(strike_e4) if strike_e4 else None, kind]
        named = " ".join(str(word) for word in words if word is not None)
        return Fault(f"legs[{at}]", f"there is no contract {named}")
    return instrument


def _leg(leg: Leg, place: str, instrument: Instrument, chain: ChainView) -> LegPlan | Fault:
    quote = chain.quote(instrument.symbol)
    if quote is None or not touch_e4(quote, leg.side):
        verb = "offers" if leg.side is Side.BUY else "bids for"
        return Fault(place, f"nobody {verb} {instrument.symbol}")
    quantity = leg.lots * instrument.lot
    entering = LegPlan(leg.id, instrument, leg.side, quantity, leg_rules(leg), quote)
    return leg_fault(leg, place, _price(entering)) or entering


def _price(leg: LegPlan) -> EntryPrice:
    return EntryPrice(leg.touch_e4, leg.quantity, leg.strike_e4)


def basket_leg(leg: LegPlan, product: Product) -> BasketLeg:
    """Return a leg as its basket holds it, in the product of its plan."""
    instrument = leg.instrument
    return BasketLeg(
        leg_id=leg.leg_id,
        symbol=leg.symbol,
        side=leg.side,
        quantity=leg.quantity,
        lot=instrument.lot,
        freeze_quantity=instrument.freeze_quantity,
        tick_e4=instrument.tick_e4,
        product=product,
    )
