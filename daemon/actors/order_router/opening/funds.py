"""Funds: an entry leaves only once the broker has said what margin it needs, and that is there.

The answer is a message; until it comes the entry waits, and its deadline runs on. What was asked
is not recorded: after a restart an entry of which nothing has left is asked about anew. An exit
never asks.

Free margin is spent once. What was promised to others is taken off what is free until all of it
has left and was answered before the question: else the reading need not have seen it. An entry that
is too much only beside that is not refused: it is asked about anew when less is promised, and put
off where that is not in time. Where nobody knows what was promised, as after a restart, the broker
is not asked before the orders that left are answered; but about one that needs no margin, such as
an order by hand that closes something, at once.
"""

from __future__ import annotations

from daemon.actors.order_router.broker import link
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.purse import Asked, Awaiting
from daemon.actors.order_router.opening import promised, stand_ins
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
    """Ask what an entry needs, or have it wait for its turn; what was asked may yet be answered."""
    purse = desk.purse
    if parent in purse.asked:
        return
    waits = purse.awaiting.get(parent, Awaiting(legs))
    if promised.is_before(desk, parent, waits) and not _needs_nothing(desk, legs):
        purse.awaiting[parent] = Awaiting(legs, waits.beside_e4)
        return
    purse.awaiting.pop(parent, None)
    question = purse.question(parent)
    purse.asked[parent] = Asked(legs, promised.beside(desk, parent), question)
    turn.do(Call(desk.terms.broker, ReadMargin(question, legs)))
    opened = desk.baskets.get(parent)
    if opened is None or opened.basket.strategy_id not in desk.conduct.delayed:
        # Asked once more it tells nothing new of the link.
        link.leaves(desk, turn, question, now_ns)


def go_on(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Ask about the entries that waited for others, as far as their turn has come."""
    promised.settle(desk)
    broken = bool(link.broken_because(desk))
    for parent, waits in tuple(desk.purse.awaiting.items()):
        if broken and parent in desk.baskets:
            continue
        ask(desk, turn, parent, waits.legs, now_ns)
    for strategy_id, waits in tuple(desk.purse.put_off.items()):
        if not promised.is_before(desk, "", waits):
            del desk.purse.put_off[strategy_id]


def heard(desk: Desk, turn: Turn, told: MarginRead | MarginUnread, now_ns: int) -> str | None:
    """Take the answer in.

    Returns:
        Why the entry may not leave, empty where it may; None: nobody waits for the answer, or the
        entry is to be asked about anew.
    """
    alive = isinstance(told, MarginRead) or told.answered
    link.heard(desk, turn, told.parent, now_ns, alive=alive)
    parent = desk.purse.parent(told.parent)
    asked = desk.purse.asked.pop(parent, None)
    if asked is None:
        return None
    if isinstance(told, MarginUnread):
        return f"its margin is not known, so it does not leave: {told.because}"
    required_e4, because = _required(desk, turn, told, asked.legs, now_ns)
    because = because or _too_much(desk, required_e4, told.available_e4)
    if because:
        return because
    beside_e4 = sum(asked.beside.values())
    if _too_much(desk, required_e4, told.available_e4 - beside_e4):
        desk.purse.awaiting[parent] = Awaiting(asked.legs, beside_e4)
        return None
    desk.purse.borne[parent] = max(required_e4, 0)
    return ""


def put_off(desk: Desk, parent: str, strategy_id: str) -> None:
    """Have a strategy wait with another entry for as long as others come before this one."""
    desk.purse.put_off[strategy_id] = desk.purse.awaiting.pop(parent)


def forget(desk: Desk, parent: str) -> None:
    """Wait for no answer about an entry any more; what was promised to it stands as long as due."""
    if desk.purse.asked.pop(parent, None) is not None:
        desk.purse.forgotten[parent] += 1
    desk.purse.awaiting.pop(parent, None)


def _required(
    desk: Desk, turn: Turn, told: MarginRead, legs: tuple[MarginLeg, ...], now_ns: int
) -> tuple[int, str]:
    """Return what an entry needs by the dearer of two witnesses, and why that is not known."""
    try:
        return max(told.required_e4, _own_e4(desk, legs)), ""
    except RuleUnknown as unknown:
        if desk.terms.strict:
            return 0, f"its margin cannot be counted: {unknown}"
        text = f"the margin of entries is the broker's alone: {unknown}"
        stand_ins.tell(desk, turn, text, now_ns)
        return told.required_e4, ""


def _needs_nothing(desk: Desk, legs: tuple[MarginLeg, ...]) -> bool:
    try:
        return _own_e4(desk, legs) <= 0
    except RuleUnknown:
        return False


def _too_much(desk: Desk, required_e4: int, available_e4: int) -> str:
    return objection(required_e4, available_e4, desk.terms.limits.margin_percent_e4)


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
