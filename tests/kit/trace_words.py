"""What a message says, in a few words for a reader; figures in rupees, times of the market."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from daemon.actors.order_router.known.alarms import Due
from daemon.actors.risk_watchdog.words import PnlSeen
from daemon.domain.instants import wall_of
from daemon.domain.market.frames import Frame
from daemon.domain.money import units
from daemon.domain.orders.words import (
    ConfirmationWanted,
    Intent,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
)
from daemon.domain.risk.moves import LevelMoved
from daemon.messages import (
    AccountRead,
    Ask,
    BasketEnded,
    BasketOpened,
    BreakerMoved,
    Cancel,
    CancelAnswered,
    CancelAsked,
    DayOpened,
    EnterLegs,
    EntriesPaused,
    EntryDecided,
    ExitDecided,
    ExitFinished,
    ExitLegs,
    ExitOwed,
    ExitReplaced,
    FindOrder,
    FrameArrived,
    KillStaged,
    Latched,
    LegSeen,
    LogIn,
    Noted,
    Place,
    PositionChanged,
    PullLatch,
    RiskSeen,
    SessionReady,
)


def price(amount_e4: int) -> str:
    """An amount in rupees."""
    return f"{units(amount_e4):,.{2 if amount_e4 % 100 == 0 else 4}f}"


def time_of(at_ns: int) -> str:
    """A time of the market day, to the millisecond."""
    return f"{wall_of(at_ns):%H:%M:%S}.{at_ns // 1_000_000 % 1000:03d}"


def joined(names: Sequence[str]) -> str:
    """Names as a reader would say them: a, b and c."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def short(who: str) -> str:
    """An actor's name without what it is for."""
    return who.partition(":")[0]


def kind(message: object) -> str:
    """The type of a message, as code."""
    return f"`{type(message).__name__}`"


@singledispatch
def said(message: object) -> str:
    """What a message says beside its type; empty where the type says it all."""
    return ""


@said.register
def _(arrived: FrameArrived) -> str:
    return said(arrived.frame)


@said.register
def _(frame: Frame) -> str:
    return f"{len(frame.quotes)} prices of {wall_of(frame.at_ns):%H:%M:%S}"


@said.register
def _(decided: EntryDecided) -> str:
    legs = ", ".join(f"{leg} {symbol}" for leg, symbol, _, _ in decided.legs)
    return f"with the index at {price(decided.basis_e4)}: {legs}"


@said.register
def _(enter: EnterLegs) -> str:
    return f"basket {enter.opened.basket.basket_id}"


@said.register
def _(opened: BasketOpened) -> str:
    legs = opened.basket.legs
    return f"{opened.basket.basket_id}, {len(legs)} legs, with the rules that it is held to"


@said.register
def _(recorded: IntentRecorded) -> str:
    return said(recorded.intent)


@said.register
def _(intent: Intent) -> str:
    what = f"{intent.side} {intent.quantity} {intent.symbol} at {price(intent.price_e4)}"
    return f"{intent.intent_id} will {what}"


@said.register
def _(place: Place) -> str:
    return said(place.approved.intent)


@said.register
def _(accepted: OrderAccepted) -> str:
    return f"{accepted.intent_id} is the broker's {accepted.broker_order_id}"


@said.register
def _(refused: OrderRefused) -> str:
    return f"{refused.intent_id}, {refused.kind}: {refused.text}"


@said.register
def _(unknown: OutcomeUnknown) -> str:
    return f"{unknown.intent_id}: {unknown.because}"


@said.register
def _(wanted: ConfirmationWanted) -> str:
    return f"{wanted.intent_id}: {wanted.said}"


@said.register
def _(parked: OrderParked) -> str:
    return f"nobody knows what became of {parked.intent_id}"


@said.register
def _(asked: CancelAsked) -> str:
    return f"the broker is to take {asked.intent_id} out of its book"


@said.register
def _(replaced: ExitReplaced) -> str:
    return f"{replaced.intent_id} may still fill, and another leaves in its place"


@said.register
def _(paused: EntriesPaused) -> str:
    return paused.because


@said.register
def _(updated: OrderUpdated) -> str:
    what = f"{updated.intent_id} is {updated.state}"
    if not updated.filled_quantity:
        return what
    mean = price(updated.filled_value_e4 // updated.filled_quantity)
    return f"{what}, {updated.filled_quantity} at {mean}"


@said.register
def _(changed: PositionChanged) -> str:
    return f"{changed.leg_id} now holds {changed.net_quantity:+d} {changed.symbol}"


@said.register
def _(ended: BasketEnded) -> str:
    if ended.waits:
        return f"waits: {ended.because}"
    return "complete" if ended.complete else f"given up: {ended.because}"


@said.register
def _(moved: LevelMoved) -> str:
    if moved.leg_id and not moved.to_e4:
        return f"{moved.leg_id} is watched from here on, without a stop of its own"
    whose = f"the stop of {moved.leg_id}" if moved.leg_id else "the floor under the profit"
    came = f" from {price(moved.from_e4)}" if moved.from_e4 else ""
    return f"{whose} is {moved.move}{came} at {price(moved.to_e4)}"


@said.register
def _(leave: ExitLegs) -> str:
    return f"leave {joined(leave.leg_ids)}, for its {leave.reason}"


@said.register
def _(decided: ExitDecided) -> str:
    pnl = price(decided.pnl_e4)
    return f"{joined(decided.leg_ids)}: {decided.reason}, with the profit at {pnl}"


@said.register
def _(owed: ExitOwed) -> str:
    return f"{owed.exit_id} owes {joined(owed.leg_ids)}, for {owed.reason}"


@said.register
def _(finished: ExitFinished) -> str:
    return f"{finished.exit_id} is met, flat in {joined(finished.leg_ids)}"


@said.register
def _(latched: Latched) -> str:
    return f"{latched.latch_id}, a {latched.kind} of {latched.scope}: “{latched.reason}”"


@said.register
def _(pull: PullLatch) -> str:
    return said(pull.latched)


@said.register
def _(staged: KillStaged) -> str:
    if len(staged.left) > 1:
        return f"{staged.stage.upper()}, with {len(staged.left)} things left to see to"
    return ", ".join((staged.stage.upper(), *staged.left))


@said.register
def _(find: FindOrder) -> str:
    return f"what became of {find.intent_id}?"


@said.register
def _(cancel: Cancel) -> str:
    return f"{cancel.intent_id}, the broker's {cancel.broker_order_id}"


@said.register
def _(answered: CancelAnswered) -> str:
    return f"{answered.intent_id}: {'done' if answered.done else answered.text}"


@said.register
def _(read: AccountRead) -> str:
    held = [f"{each.net_quantity:+d} {each.symbol}" for each in read.positions]
    held = [each for each in held if not each.startswith("+0 ")]
    return f"{len(read.orders)} orders of the day; held: {', '.join(held) or 'nothing'}"


@said.register
def _(log_in: LogIn) -> str:
    return f"generation {log_in.generation}"


@said.register
def _(moved: BreakerMoved) -> str:
    return f"the link is {moved.phase}"


@said.register
def _(ready: SessionReady) -> str:
    return f"generation {ready.generation}"


@said.register
def _(opened: DayOpened) -> str:
    return f"{opened.day}"


@said.register
def _(noted: Noted) -> str:
    return f"“{noted.text}”"


@said.register
def _(due: Due) -> str:
    return due.what


@said.register
def _(seen: PnlSeen) -> str:
    floor = f", the floor under it {price(seen.floor_e4)}" if seen.floor_e4 else ""
    return f"the profit is {price(seen.pnl_e4)}{floor}"


@said.register
def _(ask: Ask) -> str:
    return f"a person wants {kind(ask.about)}"


@said.register
def _(seen: RiskSeen) -> str:
    return "; ".join(
        f"floor {price(watch.current_sl_e4)}, {', '.join(map(_leg, watch.legs))}"
        for watch in seen.watches
    )


def _leg(leg: LegSeen) -> str:
    if not leg.quantity:
        return f"{leg.leg_id} is flat"
    guard = f"not guarded ({', '.join(leg.unguarded_because)})"
    held = f"{leg.leg_id} holds {leg.quantity:+d} with its stop at {price(leg.stop_e4)}"
    return f"{held}, {guard if leg.unguarded_because else 'guarded'}"
