"""A stop that a person moves: what may be done, and why the rest may not."""

from __future__ import annotations

from collections.abc import Callable

from daemon.actors.order_router.loose import is_loose
from daemon.actors.watch import Watch
from daemon.actors.watches import Watches
from daemon.domain.money import ceil_to, floor_to, units
from daemon.domain.risk.leg_views import LegView
from daemon.domain.risk.legs import resident_base_e4
from daemon.domain.risk.moves import NEVER, LevelMoved
from daemon.domain.risk.pnl import NO_MARK
from daemon.messages import AdjustByHand, BasketOpened, Declined


def adjust(
    watches: Watches, know: Callable[[BasketOpened], None], wanted: AdjustByHand, now_ns: int
) -> LevelMoved | Declined:
    """Move a stop, or give one to what is held without an entry; or say why not.

    Args:
        watches: what is under watch.
        know: marks what was taken up just now at its newest price.
        wanted: whose stop, and where to.
        now_ns: the market instant of the command.
    """
    taken = watches.loose.take_up(wanted.strategy_id, wanted.leg_id)
    if taken is not None:
        know(taken.watch.opened)
        watches.fill(taken.of)
    moved = _adjust(watches, wanted, now_ns)
    if taken is not None and isinstance(moved, Declined):
        watches.loose.let_go(taken.watch)
        watches.plan()
    return moved


def _adjust(watches: Watches, wanted: AdjustByHand, now_ns: int) -> LevelMoved | Declined:
    if is_loose(wanted.strategy_id) and not wanted.leg_id:
        sentence = f"{wanted.strategy_id} has a stop for each symbol, a price: name it as the leg"
        return Declined("leg_needed", sentence)
    mine = watches.of(wanted.strategy_id)
    if not mine:
        return _unknown(wanted.strategy_id)
    if wanted.stop_e4 <= 0:
        what = "a price" if wanted.leg_id else "an amount of loss"
        return Declined("bad_stop", f"a stop is {what} above zero")
    if not wanted.leg_id:
        return _adjust_whole(mine, wanted, now_ns)
    found = [
        (watch, leg) for watch in mine for leg in watch.risk.legs() if leg.leg_id == wanted.leg_id
    ]
    if not found:
        known = ", ".join(leg.leg_id for watch in mine for leg in watch.risk.legs())
        sentence = f"{wanted.strategy_id} has no leg {wanted.leg_id}; it has: {known}"
        return Declined("unknown_leg", sentence)
    held = next(((w, leg) for w, leg in found if leg.net_quantity * leg.side.sign > 0), None)
    if held is None:
        return _flat(f"{wanted.leg_id} of {wanted.strategy_id}")
    watch, leg = held
    refused = _leg_fault(leg, wanted) or _tick_fault(watch, wanted)
    refused = refused or _resident_fault(watch, leg, wanted)
    if refused is not None:
        return refused
    moved = watch.risk.adjust(wanted.leg_id, wanted.stop_e4, now_ns, loosen=wanted.loosen)
    return watch.named(moved) if moved is not None else _loosens(leg.stop_e4, wanted)


def told(moved: LevelMoved) -> str:
    """Return what was done: a leg's stop is a price, a strategy's an amount of loss."""
    leg_id, sign = moved.leg_id, 1 if moved.leg_id else -1
    whose = f"{leg_id} of {moved.strategy_id}" if leg_id else moved.strategy_id
    where = _level(sign * moved.to_e4, leg_id)
    if not moved.from_e4:
        return f"the stop of {whose} stands at {where}; there was none"
    return f"the stop of {whose} moved from {_level(sign * moved.from_e4, leg_id)} to {where}"


def _level(stop_e4: int, leg_id: str) -> str:
    return str(units(stop_e4)) if leg_id else f"a loss of {units(stop_e4)}"


def _tick_fault(watch: Watch, wanted: AdjustByHand) -> Declined | None:
    """Refuse a price that no order could stand at."""
    (tick_e4,) = (leg.tick_e4 for leg in watch.opened.basket.legs if leg.leg_id == wanted.leg_id)
    below_e4, above_e4 = floor_to(wanted.stop_e4, tick_e4), ceil_to(wanted.stop_e4, tick_e4)
    if below_e4 == above_e4:
        return None
    near = f"{units(below_e4)} or {units(above_e4)}" if below_e4 else str(units(above_e4))
    sentence = (
        f"{units(wanted.stop_e4)} is no price of {wanted.leg_id} of {wanted.strategy_id},"
        f" whose tick is {units(tick_e4)}; the nearest: {near}"
    )
    return Declined("bad_stop", sentence)


def _resident_fault(watch: Watch, leg: LegView, wanted: AdjustByHand) -> Declined | None:
    """Refuse a stop that would never be met, for the one that rests at the broker comes first."""
    if leg.net_quantity > 0 or not watch.opened.basket.resident_percent_e4:
        return None
    own_e4 = resident_base_e4(watch.opened.leg_rules.get(wanted.leg_id), leg.entry_e4)
    if wanted.stop_e4 <= own_e4:
        return None
    sentence = (
        f"a stop of {wanted.leg_id} rests at the broker just beyond {units(own_e4)}, and would be"
        f" met before {units(wanted.stop_e4)}; {units(own_e4)} is as far as it goes"
    )
    return Declined("bad_stop", sentence)


def _leg_fault(leg: LegView, wanted: AdjustByHand) -> Declined | None:
    whose = f"{wanted.leg_id} of {wanted.strategy_id}"
    if leg.owed:
        return _owed(whose)
    if leg.mark_e4 == NO_MARK:
        return _unpriced(leg.symbol)
    if leg.side.sign * (leg.mark_e4 - wanted.stop_e4) <= 0:
        where = "below" if leg.side.sign > 0 else "above"
        sentence = (
            f"{leg.symbol} stands at {units(leg.mark_e4)}: the stop of {whose} belongs {where} it;"
            " to be out now, exit"
        )
        return Declined("wrong_side", sentence)
    return None


def _adjust_whole(
    mine: tuple[Watch, ...], wanted: AdjustByHand, now_ns: int
) -> LevelMoved | Declined:
    """Move the stop of a strategy: the profit at which it fires is minus the loss that is given."""
    watch = next((each for each in mine if each.is_open), None)
    if watch is None:
        return _flat(wanted.strategy_id)
    held = [leg for leg in watch.risk.legs() if leg.net_quantity]
    if all(leg.owed for leg in held):
        return _owed(wanted.strategy_id)
    unpriced = next((leg.symbol for leg in held if leg.mark_e4 == NO_MARK), None)
    if unpriced is not None:
        return _unpriced(unpriced)
    pnl_e4 = sum(leg.realised_e4 + leg.unrealised_e4 for leg in watch.risk.legs())
    if pnl_e4 <= -wanted.stop_e4:
        sentence = (
            f"the P&L of {wanted.strategy_id} is {units(pnl_e4)}: a stop at a loss of"
            f" {units(wanted.stop_e4)} would fire at once; to be out now, exit"
        )
        return Declined("wrong_side", sentence)
    stands_e4 = -watch.risk.thresholds.stop_e4
    moved = watch.risk.adjust("", -wanted.stop_e4, now_ns, loosen=wanted.loosen)
    assert moved is not None or stands_e4 < NEVER, "where no stop is, any stop is tighter"
    return watch.named(moved) if moved is not None else _loosens(stands_e4, wanted)


def _unknown(strategy_id: str) -> Declined:
    if is_loose(strategy_id):
        return Declined("no_position", f"{strategy_id} holds nothing of that name; see positions")
    sentence = f"no entry of {strategy_id} is under watch; `ordo pnl` lists what is"
    return Declined("unknown_strategy", sentence)


def _flat(whose: str) -> Declined:
    return Declined("no_position", f"nothing is held in {whose} that a stop could guard")


def _owed(whose: str) -> Declined:
    return Declined("exit_owed", f"{whose} is being left already; its stop is judged no more")


def _unpriced(symbol: str) -> Declined:
    sentence = f"{symbol} has had no price yet, so nobody can tell on which side a stop belongs"
    return Declined("no_price", sentence)


def _loosens(stands_e4: int, wanted: AdjustByHand) -> Declined:
    stands, there = _level(stands_e4, wanted.leg_id), _level(wanted.stop_e4, wanted.leg_id)
    sentence = (
        f"the stop stands at {stands}, and {there} is no tighter;"
        " say that it is meant (--yes, or loosen in a request) to move it there"
    )
    return Declined("loosens", sentence)
