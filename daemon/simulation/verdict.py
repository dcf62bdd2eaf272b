"""The verdict: what must hold once the faults are over and a quiet while has passed.

Each check is pure: it looks at what our facts say and at the exchange's own book, and names the
invariant that does not hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from daemon.domain.chain import verify
from daemon.domain.instants import day_of
from daemon.domain.orders.book import Book
from daemon.domain.orders.kill import Stage
from daemon.domain.orders.late import is_handed_on
from daemon.domain.orders.parents import WRITTEN_OFF
from daemon.domain.orders.words import IntentRecorded, OrderFact, OrderUpdated, State
from daemon.errors import OrdoError
from daemon.kill import ALL, Latch
from daemon.simulation.judging.judge import Violated
from daemon.simulation.judging.known import Known
from daemon.simulation.judging.persons import is_persons, traded_outside
from daemon.simulation.ledger import SimulatedLedger
from daemon.storage.codec import decode, linked
from daemon.twin.exchange import Exchange
from daemon.twin.words import Status


def judge_end(
    known: Known, exchange: Exchange, ledger: SimulatedLedger, latches: Sequence[Latch]
) -> None:
    """Judge what a run has come to.

    Args:
        known: what our facts say.
        exchange: the other witness.
        ledger: the record.
        latches: the kills that stand.

    Raises:
        Violated: an invariant does not hold.
    """
    every_order_is_accounted_for(known, exchange)
    both_books_hold_the_same(known, exchange)
    both_books_count_the_same_money(known, exchange)
    nothing_stays_closed_twice(known, exchange)
    all_is_flat_or_told(known, exchange)
    every_exit_is_over_or_told(known)
    for latch in latches:
        a_kill_is_flat_or_names_what_is_left(known, exchange, latch)
    facts = [fact for fact in ledger.facts() if isinstance(fact, OrderFact)]
    news_may_come_in_any_order(facts)
    the_record_is_whole(ledger, exchange)


def objected(ended: Violated | AssertionError | OrdoError) -> tuple[str, str]:
    """Return what a run has ended by: the invariant that does not hold, and what was seen."""
    match ended:
        case Violated():
            return ended.invariant, str(ended)
        case AssertionError():
            return "assertion", f"a defect of our own: {ended}"
    return "I20", f"I20: the daemon ended: {ended}"


def is_settled(known: Known, exchange: Exchange, latches: Sequence[Latch]) -> bool:
    """Say whether nobody waits for anything any more, but for what a person was told of.

    Args:
        known: what our facts say.
        exchange: the other witness.
        latches: the kills that stand.
    """
    if any(order.status is Status.WORKING for order in exchange.orders()):
        return False
    try:
        every_order_is_accounted_for(known, exchange)
        both_books_hold_the_same(known, exchange)
        # What somebody opened and closed between two readings is not heard of before the next.
        both_books_count_the_same_money(known, exchange)
        all_is_flat_or_told(known, exchange)
        every_exit_is_over_or_told(known)
        for latch in latches:
            a_kill_is_flat_or_names_what_is_left(known, exchange, latch)
    except Violated:
        return False
    return True


def is_heard(known: Known, exchange: Exchange) -> bool:
    """Say whether all that was traded is heard of, and all that may still trade works there.

    Args:
        known: what our facts say.
        exchange: the other witness.
    """
    for order in known.book.open_orders():
        there = exchange.orders_by_client_id(order.intent.intent_id)
        if there[-1].status is not Status.WORKING if there else order.state is not State.PARKED:
            return False
    try:
        both_books_hold_the_same(known, exchange)
        both_books_count_the_same_money(known, exchange)
    except Violated:
        return False
    return True


def every_order_is_accounted_for(known: Known, exchange: Exchange) -> None:
    """I3: no order is unresolved, but for those that nobody shows, which a person was told of.

    Those are what was parked, and what is of an earlier day: it is over, and what it filled is
    unproven.
    """
    for order in known.book.open_orders():
        intent_id = order.intent.intent_id
        there = exchange.orders_by_client_id(intent_id)
        told = any(intent_id in note for note in known.notes)
        is_over = known.day is not None and day_of(order.intent.decided_ns) < known.day
        if (is_over or order.state is State.PARKED) and not there and told:
            continue
        theirs = there[-1].status if there else "not there"
        raise Violated("I3", f"{intent_id} is {order.state}, and at the exchange it is {theirs}")


def both_books_hold_the_same(known: Known, exchange: Exchange) -> None:
    """I4: our positions are those of the broker, to the unit."""
    ours = {tuple(pocket): each.net for pocket, each in known.book.pockets.items() if each.net}
    theirs = _held(exchange)
    if ours != theirs:
        raise Violated("I4", f"our book holds {ours}, the exchange {theirs}")


def both_books_count_the_same_money(known: Known, exchange: Exchange) -> None:
    """I5: what was bought and sold, in units and in money, is the same in both books."""
    ours: Counter[tuple[str, str, str]] = Counter()
    for order in known.book:
        if is_handed_on(order.intent) or order.intent.parent.startswith(WRITTEN_OFF):
            continue  # what it hands on was counted as the stranger's; what expired, nobody trades
        key = (order.intent.symbol, order.intent.side.value)
        ours[*key, "units"] += order.filled_quantity
        ours[*key, "e4"] += order.filled_value_e4
    theirs: Counter[tuple[str, str, str]] = Counter()
    for trade in exchange.trades():
        key = (trade.symbol, trade.side.value)
        theirs[*key, "units"] += trade.quantity
        theirs[*key, "e4"] += trade.quantity * trade.price_e4
    if +ours != +theirs:
        differing = sorted(key for key in ours | theirs if ours[key] != theirs[key])
        raise Violated("I5", f"the books count otherwise: {differing}")


def nothing_stays_closed_twice(known: Known, exchange: Exchange) -> None:
    """I10: what an exit closed although somebody had, was undone, or a person was paged for it."""
    paged = known.paged_pockets()
    twice = traded_outside(known, exchange).twice()
    if found := [what for pocket, what in twice.items() if pocket not in paged]:
        raise Violated("I10", f"closed outside, and by an exit as well: {found}")


def all_is_flat_or_told(known: Known, exchange: Exchange) -> None:
    """I9: after the exits of a day nothing is held or rests, or a person was paged for it.

    That does for a long; a short is bought back again and again, so none stands.
    """
    held = _held(exchange)
    rests = [order.client_id for order in exchange.orders() if order.status is Status.WORKING]
    if (held or rests) and not known.overdue.intersection(known.owed):
        raise Violated("I9", f"{held} is held and {rests} rest, and nobody was paged")
    shorts = {symbol: net for symbol, net in held.items() if net < 0}
    if shorts:
        raise Violated("I9", f"{shorts} stands, and nobody buys it back")


def every_exit_is_over_or_told(known: Known) -> None:
    """I9: what was owed is done, be the kill released that wanted it, or a person was paged."""
    if found := sorted(known.owed.keys() - known.overdue):
        raise Violated("I9", f"{found} are owed still, and nobody was paged")


def a_kill_is_flat_or_names_what_is_left(known: Known, exchange: Exchange, latch: Latch) -> None:
    """I9: a kill ends flat, or incomplete with the names of what is left."""
    staged = known.stages.get(latch.latch_id)
    if staged is None:
        raise Violated("I9", f"the kill {latch.latch_id} was never begun")
    if staged.stage is Stage.INCOMPLETE and staged.left:
        return
    if staged.stage is not Stage.FLAT:
        raise Violated("I9", f"the kill {latch.latch_id} is {staged.stage}, and names nothing")
    held = any(p.net_quantity for p in exchange.positions())
    if latch.scope == ALL and held:
        raise Violated("I9", f"the kill {latch.latch_id} is flat, and the exchange holds something")


def news_may_come_in_any_order(facts: list[OrderFact]) -> None:
    """I7: the same news backwards, or twice, make the same book."""
    forward, backward, twice = Book(), Book(), Book()
    for fact in facts:
        forward.apply(fact)
        twice.apply(fact)
        if isinstance(fact, OrderUpdated):
            twice.apply(fact)
    for fact in reversed(facts):
        backward.apply(fact)
    if not forward == backward == twice:
        raise Violated("I7", "the order in which news came made another book")


def the_record_is_whole(ledger: SimulatedLedger, exchange: Exchange) -> None:
    """I16: the chain verifies, and every order of the exchange has its intent in it."""
    links = ((row.number, linked(row), row.link) for row in ledger.disk.rows)
    broken = verify(links, ledger.disk.head)
    if broken is not None:
        raise Violated("I16", f"record {broken.number} of the ledger is {broken.how}")
    recorded = {
        fact.intent.intent_id
        for row in ledger.disk.rows
        if row.kind == IntentRecorded.__name__
        and isinstance(fact := decode(row.body), IntentRecorded)
    }
    theirs = {order.client_id for order in exchange.orders()}
    missing = sorted(each for each in theirs - recorded if not is_persons(each))
    if missing:
        raise Violated("I16", f"the exchange has {missing}, and the ledger has no intent of them")


def _held(exchange: Exchange) -> dict[tuple[str, str], int]:
    """Return what the exchange holds open, each product of a symbol by itself."""
    return {
        (each.symbol, each.product): each.net_quantity
        for each in exchange.positions()
        if each.net_quantity
    }
