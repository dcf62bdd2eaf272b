"""Legs that outlived their day: what a reading of a later one than all their orders shows of them.

Within a day a position may lag behind a fill, so our book is the evidence and a short is bought
back. Over a night nothing lags. What is not there on a later day was closed while nobody saw it, by
an order that no list shows any more, and is not closed again. What was to be left on its own day no
broker holds any longer: it is taken off our book, at a price that nobody told. What is carried may
be there after all, so it stays in our book, and its exit waits for the broker to show it.
"""

from __future__ import annotations

from daemon.actors.order_router.broker.settlements import take_off
from daemon.actors.order_router.known.desk import Desk
from daemon.actors.order_router.known.owed import UNSHOWN, Closing
from daemon.actors.order_router.known.readings import again
from daemon.actors.turn import Turn
from daemon.domain.instants import day_of
from daemon.domain.market.notes import NoteKind
from daemon.domain.orders.parents import UNSEEN
from daemon.domain.orders.reconcile import positions
from daemon.domain.orders.words import Pocket, Product
from daemon.messages import Noted


def shown_gap(desk: Desk, pocket: Pocket) -> int | None:
    """Return by how many units the broker shows more than a pocket that outlived its day holds.

    Of what is carried two equal readings are asked for, the newer of the open session: before it
    opens a broker may not have laid out yet what was carried.

    Returns:
        None where the pocket is of this day, or it is too early to say.
    """
    gap = _lacking(desk, pocket)
    if gap is None or pocket.product is Product.INTRADAY:
        return gap
    newest, lasted = desk.reads.newest, desk.reads.gap(pocket, desk.terms.verify_ns)
    assert newest is not None, "a gap is known by a reading"
    is_of_session = newest.at_ns >= _opened_ns(desk)
    return gap if is_of_session and lasted is not None else None


def awaited_ns(desk: Desk, closing: Closing) -> int:
    """Return until when an exit waits for readings to say whether its legs are there; 0: never.

    What an order of ours may have filled unheard is reckoned with already.
    """
    until_ns = 0
    for pocket in _pockets(desk, closing):
        is_early = _lacking(desk, pocket) is not None and shown_gap(desk, pocket) is None
        if is_early and pocket not in desk.reads.unheard:
            since_ns = desk.reads.gaps[pocket].since_ns
            began_ns = max(closing.owed.at_ns, since_ns, _opened_ns(desk))
            until_ns = max(until_ns, began_ns + desk.terms.exit_limit_ns)
    return until_ns


def tell_unshown(desk: Desk, turn: Turn, closing: Closing, now_ns: int) -> None:
    """Tell once a day of an exit that waits for the broker to show what it is to close."""
    for pocket in _pockets(desk, closing) if UNSHOWN not in closing.told else ():
        if pocket.product is Product.CARRY and shown_gap(desk, pocket) is not None:
            closing.told.add(UNSHOWN)
            text = f"the broker does not show {pocket}, by no order that it tells of: the exit "
            text = f"{text}waits until it does; look there, and close there what is open after all"
            turn.announce(Noted(NoteKind.OUTSIDE, text, now_ns, closing.owed.strategy_id))


def free(desk: Desk, turn: Turn, now_ns: int) -> None:
    """Take off our book what was to be left on an earlier day, and the broker holds no longer.

    Two equal readings tell that, the newer of the open session, as above.
    """
    reads = desk.reads
    assert reads.newest is not None, "it is called by a reading"
    at_ns, gone = reads.newest.at_ns, _gone(desk)
    reads.absent = {p: again(reads.absent.get(p), net, at_ns) for p, net in gone.items()}
    if not desk.sessions or at_ns < _opened_ns(desk):
        return
    for pocket in sorted(gone):
        if reads.absent[pocket].lasted_ns < desk.terms.verify_ns:
            continue
        kept = _delivered(desk, pocket)
        if kept:
            _tell_delivered(desk, turn, pocket, kept, now_ns)
        else:
            _take_off(desk, turn, pocket, now_ns)
            reads.adopted(pocket)


def _gone(desk: Desk) -> dict[Pocket, int]:
    """Return what is of an earlier day, and the broker shows none of; with the net of its legs."""
    nets = {pocket: desk.book.within(pocket).net for _, pocket in desk.holders()}
    return {
        pocket: net
        for pocket, net in nets.items()
        if pocket.product is Product.INTRADAY
        and pocket not in desk.reads.unheard  # an order of ours may have done it
        and (lacking := _lacking(desk, pocket)) is not None
        and not net + lacking
    }


def _take_off(desk: Desk, turn: Turn, pocket: Pocket, now_ns: int) -> None:
    for key, held in desk.holders():
        if held == pocket:
            units = desk.book.position(*key).net_quantity
            take_off(desk, turn, (key, pocket), UNSEEN, now_ns)
            text = f"{units:+d} {pocket} were closed outside after their day: the broker shows "
            text = f"{text}none of them, and no order that did it; its contract note has the "
            text = f"{text}price, which nobody here knows"
            turn.announce(Noted(NoteKind.OUTSIDE, text, now_ns, key[0]))


def _delivered(desk: Desk, pocket: Pocket) -> int:
    """Return how many units of a long may lie among the owner's shares of earlier days."""
    owned = desk.reads.owned.get(Pocket(pocket.symbol, Product.CARRY), 0)
    return max(min(owned, desk.book.within(pocket).net), 0)


def _tell_delivered(desk: Desk, turn: Turn, pocket: Pocket, units: int, now_ns: int) -> None:
    """Tell, once a day, of shares that the broker may have carried over: they have no stop."""
    text = f"the broker shows none of {pocket} any longer, and {units} among the shares of earlier "
    text = f"{text}days: it may have carried them over; nothing is sold of them here, so look "
    text = f"{text}there, and sell there what is not to be kept"
    if text not in desk.told:
        desk.told.add(text)
        turn.announce(Noted(NoteKind.OUTSIDE, text, now_ns))


def _lacking(desk: Desk, pocket: Pocket) -> int | None:
    """Return the gap of a pocket that outlived its day; None: it did not, or holds all.

    What a broker has moved to the other product of a contract is still there. Legs that cancel out
    have no gap, be they there or not: where nothing is shown, they lack 0.
    """
    gap = desk.reads.gap(pocket, 0)
    net = desk.book.within(pocket).net
    if _cancels_out(desk, pocket):
        return 0
    if gap is None or gap * net >= 0 or not _is_outlived(desk, pocket):
        return None
    sign = 1 if gap > 0 else -1
    moved = _moved(desk, pocket, sign)
    return sign * (abs(gap) - moved) if abs(gap) > moved else None


def _cancels_out(desk: Desk, pocket: Pocket) -> bool:
    """Say whether the legs of a pocket that outlived its day are long as much as short."""
    reads = desk.reads
    return (
        reads.newest is not None
        and pocket.product is Product.INTRADAY
        and not desk.book.within(pocket).net
        and pocket not in positions(reads.newest)
        and _is_outlived(desk, pocket)
        and not any(_moved(desk, pocket, sign) for sign in (1, -1))
    )


def _moved(desk: Desk, pocket: Pocket, sign: int) -> int:
    """Return the units that a broker has moved out of a pocket to the other product.

    It shows them there, and our book knows of none. What it showed there before the legs were
    entered is none of theirs.

    Args:
        desk: of the account.
        pocket: out of which.
        sign: 1 where they are short, -1 where they are long.
    """
    reads, units = desk.reads, 0
    assert reads.newest is not None, "a gap is known by a reading"
    assert reads.seen is not None, "a gap is known by a reading"
    shown = positions(reads.newest)
    since = [desk.since_ns[key] for key, held in desk.holders() if held == pocket]
    since_ns = min(since, default=0)
    for other in (Pocket(pocket.symbol, each) for each in Product if each is not pocket.product):
        told, more = reads.differing.get(other), reads.seen.get(other, 0)
        if told is not None and told.at_ns < since_ns:
            more -= told.theirs - told.ours
        units += max(min(-sign * more, -sign * shown.get(other, 0)), 0)
    return units


def _is_outlived(desk: Desk, pocket: Pocket) -> bool:
    """Say whether no order in a pocket is of the day of the newest reading."""
    newest = desk.reads.newest
    assert newest is not None, "a gap is known by a reading"
    day = day_of(newest.at_ns)
    return all(
        day_of(order.intent.decided_ns) < day
        for order in desk.book
        if order.intent.pocket == pocket and (order.filled_quantity or order.remaining_quantity)
    )


def _pockets(desk: Desk, closing: Closing) -> list[Pocket]:
    """Return where the legs of an exit hold something, and the broker shows otherwise."""
    if not desk.reads.gaps:
        return []
    owed = closing.owed
    keys = {(owed.strategy_id, leg_id) for leg_id in owed.leg_ids}
    return [pocket for key, pocket in desk.holders() if key in keys and pocket in desk.reads.gaps]


def _opened_ns(desk: Desk) -> int:
    """Return when the day's trading began, or begins; 0: there is none today."""
    return desk.sessions[0][0] if desk.sessions else 0
