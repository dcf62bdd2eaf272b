"""Funds: an entry leaves only once the broker has said what margin it needs, and that is there.

The answer is a message; until it comes the entry waits, and its deadline runs on. What was asked
is not recorded: after a restart an entry of which nothing has left is asked about anew. An exit
never asks.
"""

from __future__ import annotations

from daemon.actors.order_router.broker import link
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.opening import stand_ins
from daemon.actors.turn import Turn
from daemon.domain.market.margin import Holding
from daemon.domain.orders.margin import MarginLeg, objection, own_margin_e4
from daemon.errors import RuleUnknown
from daemon.messages import MarginRead, MarginUnread, ReadMargin
from daemon.runtime.words import Call


def is_borne(desk: Desk, turn: Turn, parent: str, legs: tuple[MarginLeg, ...], now_ns: int) -> bool:
    """Say whether the account bears an entry; the broker is asked where that is not known yet."""
    if not desk.terms.asks_margin or parent in desk.purse.borne:
        return True
    ask(desk, turn, parent, legs, now_ns)
    return False


def ask(desk: Desk, turn: Turn, parent: str, legs: tuple[MarginLeg, ...], now_ns: int) -> None:
    """Ask what an entry needs, unless that was asked and may still be answered."""
    if parent not in desk.purse.asked:
        desk.purse.asked[parent] = legs
        turn.do(Call(desk.terms.broker, ReadMargin(parent, legs)))
        link.leaves(desk, turn, parent, now_ns)


def heard(desk: Desk, turn: Turn, told: MarginRead | MarginUnread, now_ns: int) -> str | None:
    """Take the answer in.

    Returns:
        Why the entry may not leave, empty where it may; None: nobody waits for the answer.
    """
    alive = isinstance(told, MarginRead)
    link.heard(desk, turn, told.parent, now_ns, alive=alive)
    legs = desk.purse.asked.pop(told.parent, None)
    if legs is None:
        return None
    if isinstance(told, MarginUnread):
        return f"its margin is not known, so it does not leave: {told.because}"
    because = _objection(desk, turn, told, legs, now_ns)
    if not because:
        desk.purse.borne.add(told.parent)
    return because


def forget(desk: Desk, parent: str) -> None:
    """Wait for no answer about an entry any more: it is over."""
    desk.purse.asked.pop(parent, None)
    desk.purse.borne.discard(parent)


def _objection(
    desk: Desk, turn: Turn, told: MarginRead, legs: tuple[MarginLeg, ...], now_ns: int
) -> str:
    required_e4 = told.required_e4
    try:
        required_e4 = max(required_e4, _own_e4(desk, legs))
    except RuleUnknown as unknown:
        if desk.terms.strict:
            return f"its margin cannot be counted: {unknown}"
        text = f"the margin of entries is the broker's alone: {unknown}"
        stand_ins.tell(desk, turn, text, now_ns)
    return objection(required_e4, told.available_e4, desk.terms.limits.margin_percent_e4)


def _own_e4(desk: Desk, legs: tuple[MarginLeg, ...]) -> int:
    """Return what our own model says that an entry needs beside all that is held."""
    assert desk.day is not None, "entries are taken on a day"
    held = []
    for symbol in dict.fromkeys((*desk.book.symbols(), *(leg.symbol for leg in legs))):
        instrument = desk.contract(symbol)
        if instrument is not None:
            last_e4 = desk.prices.last(symbol).ltp_e4
            held.append(Holding(instrument, desk.book.net(symbol), last_e4))
    return own_margin_e4(held, legs, desk.day)
