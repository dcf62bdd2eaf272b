"""A stop that a person moves: what may be done, and why the rest may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from daemon.actors.order_router.known.loose import is_loose
from daemon.actors.risk_watchdog.watch import Watch
from daemon.actors.risk_watchdog.watches import Watches
from daemon.actors.turn import Turn
from daemon.domain.instants import day_of
from daemon.domain.money import ceil_to, floor_to, units
from daemon.domain.risk.leg_views import LegView
from daemon.domain.risk.legs import resident_base_e4
from daemon.domain.risk.moves import NEVER, LevelMoved
from daemon.domain.risk.pnl import NO_MARK
from daemon.messages import AdjustByHand, BasketOpened, Declined, Done
from daemon.messages.asks import LOOSENS, UNKNOWN_LEG


class _Adjusted(Struct, frozen=True):
    """What a command moved, and where stops stand since, for a person."""

    moves: tuple[LevelMoved, ...]
    text: str


def adjust(
    turn: Turn,
    watches: Watches,
    know: Callable[[BasketOpened], None],
    wanted: AdjustByHand,
    now_ns: int,
) -> Done | Declined:
    """Move a stop, or give one to what is held without an entry; or say why not.

    Args:
        turn: records what was moved.
        watches: what is under watch.
        know: marks what was taken up just now at its newest price.
        wanted: whose stop, and where to.
        now_ns: the market instant of the command.
    """
    taken = watches.loose.take_up(wanted.strategy_id, wanted.leg_id)
    if taken is not None:
        know(taken.watch.opened)
        watches.fill(taken.of)
    done = _adjust(watches, wanted, now_ns)
    if isinstance(done, Declined):
        if taken is not None:
            watches.loose.let_go(taken.watch)
            watches.plan()
        return done
    for moved in done.moves:
        turn.record(moved)
    return Done(done.text)


def _adjust(watches: Watches, wanted: AdjustByHand, now_ns: int) -> _Adjusted | Declined:
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
        return Declined(UNKNOWN_LEG, sentence)
    held = next(((w, leg) for w, leg in found if leg.net_quantity * leg.side.sign > 0), None)
    if held is None:
        return _flat(_whose(wanted))
    watch, leg = held
    refused = _leg_fault(leg, wanted) or _tick_fault(watch, wanted)
    refused = refused or _resident_fault(watch, leg, wanted)
    if refused is not None:
        return refused
    moved = watch.risk.adjust(wanted.leg_id, wanted.stop_e4, now_ns, loosen=wanted.loosen)
    if moved is None:
        return _loosens(f"the stop stands at {_level(leg.stop_e4, wanted.leg_id)}", wanted)
    return _Adjusted((watch.named(moved),), f"the stop of {_whose(wanted)} {_said(moved)}")


def _whose(wanted: AdjustByHand) -> str:
    """Return the leg that is meant, and its strategy."""
    return f"{wanted.leg_id} of {wanted.strategy_id}"


def _said(moved: LevelMoved) -> str:
    """Return where a stop stands now: a leg's is a price, that of a whole an amount of loss."""
    leg_id, sign = moved.leg_id, 1 if moved.leg_id else -1
    where = _level(sign * moved.to_e4, leg_id)
    if not moved.from_e4:
        return f"stands at {where}; there was none"
    return f"moved from {_level(sign * moved.from_e4, leg_id)} to {where}"


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
    if not own_e4 or wanted.stop_e4 <= own_e4:
        return None
    sentence = (
        f"a stop of {wanted.leg_id} rests at the broker just beyond {units(own_e4)}, and would be"
        f" met before {units(wanted.stop_e4)}; {units(own_e4)} is as far as it goes"
    )
    return Declined("bad_stop", sentence)


def _leg_fault(leg: LegView, wanted: AdjustByHand) -> Declined | None:
    whose = _whose(wanted)
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


def _adjust_whole(mine: Sequence[Watch], wanted: AdjustByHand, now_ns: int) -> _Adjusted | Declined:
    """Move the stop of a strategy: the profit at which it fires is minus the loss that is given.

    Each entry has a stop of its own. The loss that is given holds for each that is open, in all of
    them or in none; a stop that is tighter already stays, unless it may be loosened.
    """
    held = [watch for watch in mine if watch.is_open]
    if not held:
        return _flat(wanted.strategy_id)
    free = [watch for watch in held if watch.free_legs()]
    if not free:
        return _owed(wanted.strategy_id)
    several = len(held) > 1
    names = [_entry(watch) if several else wanted.strategy_id for watch in free]
    for watch, whose in zip(free, names, strict=True):
        refused = _whole_fault(watch, whose, wanted)
        if refused is not None:
            return refused
    before_e4 = [-watch.risk.thresholds.stop_e4 for watch in free]
    tried = [watch.risk.adjust("", -wanted.stop_e4, now_ns, loosen=wanted.loosen) for watch in free]
    moves = [each.named(move) for each, move in zip(free, tried, strict=True) if move is not None]
    if not moves:
        assert max(before_e4) < NEVER, "where no stop is, any stop is tighter"
        stops = zip(names, before_e4, strict=True)
        stand = (f"the stop of {whose} stands at {_level(at_e4, '')}" for whose, at_e4 in stops)
        return _loosens("; ".join(stand), wanted)
    stays = (f"stays at {_level(at_e4, '')}" for at_e4 in before_e4)
    told = [
        f"the stop of {whose} {_said(move) + _met_before(watch, move) if move else stay}"
        for whose, watch, move, stay in zip(names, free, tried, stays, strict=True)
    ]
    told += [f"{_entry(watch)} is being left already" for watch in held if watch not in free]
    if len(free) > 1:
        now_e4 = zip(tried, before_e4, strict=True)
        whole_e4 = sum(wanted.stop_e4 if move else at_e4 for move, at_e4 in now_e4)
        told.append(f"together that is {_level(whole_e4, '')}")
    return _Adjusted(tuple(moves), "; ".join(told))


def _met_before(watch: Watch, moved: LevelMoved) -> str:
    """Return that the combined premium stop comes first, or may: its profit is of the options."""
    thresholds = watch.risk.thresholds
    if thresholds.combined_e4 == -NEVER or (
        not thresholds.beside and thresholds.combined_e4 <= moved.to_e4
    ):
        return ""
    leaves = f"; the combined premium stop leaves at {_level(-thresholds.combined_e4, '')}"
    return f"{leaves} of the options alone" if thresholds.beside else f"{leaves} before it"


def _whole_fault(watch: Watch, whose: str, wanted: AdjustByHand) -> Declined | None:
    """Refuse where nobody can tell what an entry is worth, or where the stop is met by now."""
    legs = watch.risk.legs()
    unpriced = next((leg.symbol for leg in legs if leg.pnl_e4 is None), None)
    if unpriced is not None:
        return _unpriced(unpriced)
    pnl_e4 = sum(leg.pnl_e4 or 0 for leg in legs)
    if pnl_e4 > -wanted.stop_e4:
        return None
    sentence = (
        f"the P&L of {whose} is {units(pnl_e4)}: a stop at a loss of {units(wanted.stop_e4)}"
        " would fire at once; to be out now, exit"
    )
    return Declined("wrong_side", sentence)


def _entry(watch: Watch) -> str:
    """Return which of several entries of its strategy it is."""
    return f"the entry of {day_of(watch.opened.at_ns)} of {watch.risk.strategy_id}"


def _unknown(strategy_id: str) -> Declined:
    if is_loose(strategy_id):
        return Declined("no_position", f"{strategy_id} holds nothing of that name; see positions")
    sentence = f"nothing of {strategy_id} is open; `ordo pnl` lists what is"
    return Declined("no_position", sentence)


def _flat(whose: str) -> Declined:
    return Declined("no_position", f"nothing is held in {whose} that a stop could guard")


def _owed(whose: str) -> Declined:
    return Declined("exit_owed", f"{whose} is being left already; its stop is judged no more")


def _unpriced(symbol: str) -> Declined:
    sentence = f"{symbol} has had no price yet, so nobody can tell on which side a stop belongs"
    return Declined("no_price", sentence)


def _loosens(stands: str, wanted: AdjustByHand) -> Declined:
    sentence = (
        f"{stands}, and {_level(wanted.stop_e4, wanted.leg_id)} is no tighter;"
        " say that it is meant (--yes, or loosen in a request) to move it there"
    )
    return Declined(LOOSENS, sentence)
