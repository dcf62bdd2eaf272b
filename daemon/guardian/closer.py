"""Closing one account: what is recorded and asked next, from the broker's own book.

It decides and never waits. Whoever asks it records the facts of a round durably, then asks the
broker what the round wants, then tells it the answers. Shorts are bought back before the options
beside them are sold; no more is closed than the broker shows; what nobody knows is looked for,
never sent again. Beside an order that cannot be understood what is held is closed as well, and
nothing is flat.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.instants import SECOND_NS
from daemon.domain.market.bands import AVERAGED_FRAMES
from daemon.domain.market.frames import Frame, Quote
from daemon.domain.orders import hedges, reconcile
from daemon.domain.orders.changed import lowered_by
from daemon.domain.orders.flatten import CancelExit, Flatten, Holding, PlaceExit, Resting, Word
from daemon.domain.orders.heard import Order
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.kill import Proof
from daemon.domain.orders.late import is_handed_on
from daemon.domain.orders.limits import Refused, gate
from daemon.domain.orders.outside import his_own, may_sell
from daemon.domain.orders.refusals import PAGED
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.words import (
    Intent,
    IntentRecorded,
    OrderNews,
    Purpose,
    Refusal,
    Side,
    State,
)
from daemon.guardian.books import Leg, remaining
from daemon.guardian.guarding import Guarding
from daemon.guardian.left import closable, in_doubt, still_open, unshown
from daemon.guardian.orders import Wanted, intent_of, prices, seen_by_the_gate
from daemon.guardian.withdrawals import Withdrawals
from daemon.guardian.witness import VERIFY_NS, Round, Terms, Witness, is_todays, leg_of
from daemon.messages import Cancel, CancelAsked, ExitFinished, ExitOwed, ExitReason, Place
from daemon.runtime.budget import Budget, Priority, Wait

_CANCEL_AGAIN_NS = 5 * SECOND_NS


class Closer(Witness):
    """Closes one account.

    Args:
        terms: what it is closed under.
        ids: of the orders of this run of the guardian.
        facts: all that was recorded of the account, oldest first.
    """

    def __init__(self, terms: Terms, ids: IntentIds, facts: Sequence[object]) -> None:
        super().__init__(terms, ids, facts)
        self._machine = Flatten(terms.ladder)
        self._proof = Proof()
        self._budget = Budget(terms.windows)
        self._budget.restore(
            fact.at_ns
            for fact in facts
            if isinstance(fact, CancelAsked)
            or (isinstance(fact, IntentRecorded) and _has_left(fact.intent))
        )
        self._mine: set[str] = set()
        self._cancelling: dict[str, int] = {}
        self._withdrawals = Withdrawals(VERIFY_NS)
        self._guarding = Guarding(self.books, self._lag, self._withdrawals)
        self._seen: deque[Frame] = deque(maxlen=AVERAGED_FRAMES)

    def round(
        self, read: AccountRead, quotes: Mapping[str, Quote], now_ns: int, odd: str = ""
    ) -> Round:
        """Return what is done now.

        Args:
            read: the broker's book.
            quotes: the newest, by symbol.
            now_ns: the present instant.
            odd: why an order that bears no id of ours is not in that book; empty: all are.
        """
        done = Round()
        self._odd = odd
        self._seen.append(Frame(now_ns, dict(quotes)))
        self._learn(done, read, now_ns)
        read = reconcile.with_ours(self.books.book, read)
        shown = reconcile.positions(read)
        read, beyond = closable(read)
        done.beyond += beyond
        self._adopt(done, read, quotes, now_ns)
        self._lag.look(shown, read.at_ns)
        for order in self._todays(now_ns):
            self._doubt(done, order, now_ns)
        self._replace(done, read, now_ns)
        self._go_beside(done, read, now_ns)
        shares = self.books.shares(reconcile.positions(read))
        self._owe(done, shares, now_ns)
        self._close(done, shares, now_ns)
        self._finish(done, shares, now_ns)
        done.beyond += unshown(self.books, shares)
        self._judge(done, read, now_ns)
        return done

    def heard(self, told: Sequence[object], now_ns: int) -> Round:
        """Take in what the broker said; return what is to be recorded, and told to a person."""
        done = Round()
        for fact in told:
            if isinstance(fact, OrderNews):
                self._hear(done, fact, now_ns)
        return done

    def _go_beside(self, done: Round, read: AccountRead, now_ns: int) -> None:
        """Count on stops no longer that are not known to be gone in time: exits leave beside them.

        Where an order cannot be understood it may be any of those that the book does not show.
        """
        exits = [order for order in self._exits(now_ns) if not self._is_replaced(order)]
        there = {reconcile.id_in(self.books.book, each, read.at_ns) for each in read.orders}
        unsure = {o.intent.intent_id for o in exits if self._odd} - there
        for order in self._withdrawals.overdue_stops(exits, unsure, now_ns):
            what = f"a resident stop of {order.remaining_quantity} {order.intent.symbol}"
            self._count_no_longer(done, order, f"{what}, is not known to be gone", now_ns)

    def _owe(self, done: Round, shares: Mapping[Leg, int], now_ns: int) -> None:
        """Owe an exit of all that is held; an exit of a part ends where all is left."""
        for owed in tuple(self.books.owed.values()):
            if owed.keep:
                legs = [(owed.strategy_id, leg_id) for leg_id in owed.leg_ids]
                sent = self.books.book.children(owed.exit_id)
                closed = sum(order.filled_quantity for order in sent)
                self._finished(
                    done, owed, now_ns, closed, sum(abs(self.books.net(e)) for e in legs)
                )
        owing: dict[str, list[str]] = {}
        for strategy_id, leg_id in shares:
            if not self._owed_of((strategy_id, leg_id)):
                owing.setdefault(strategy_id, []).append(leg_id)
        for strategy_id, leg_ids in owing.items():
            exit_id = f"{self._terms.account}:exit:{self.books.exits + 1}"
            owed = ExitOwed(exit_id, strategy_id, tuple(leg_ids), ExitReason.KILL, now_ns)
            self._take(done, owed)

    def _owed_of(self, leg: Leg) -> str:
        """Return the exit that a leg's orders are children of; empty: none is owed."""
        for owed in self.books.owed.values():
            if owed.strategy_id == leg[0] and leg[1] in owed.leg_ids:
                return owed.exit_id
        return ""

    def _close(self, done: Round, shares: Mapping[Leg, int], now_ns: int) -> None:
        """Take back what is not ours to rest, buy shorts back, take entries back, sell longs.

        What guards waits for the shorts of its own strategy and underlying, and for no other.
        """
        holdings: dict[str, list[Holding]] = {}
        for leg in sorted({*shares, *(leg_of(order) for order in self._exits(now_ns))}):
            held = self._holding(leg, shares.get(leg, 0), now_ns)
            holdings.setdefault(leg[0], []).append(held)
        others = [o for o in self._todays(now_ns) if o.intent.intent_id not in self._mine]
        for order in others:
            if order.intent.purpose is not Purpose.ENTRY:
                self._cancel(done, order, now_ns)
        said = (word for legs in holdings.values() for word in self._machine.next(legs, now_ns))
        words = sorted(said, key=self._is_of_sale)
        for word in words:
            if isinstance(word, CancelExit):
                resting = self.books.book.order(word.intent_id)
                assert resting is not None, "what rests was recorded"
                self._cancel(done, resting, now_ns)
            elif word.side is Side.BUY:
                self._send(done, word, shares, now_ns)
        for order in sorted(others, key=lambda each: each.intent.side is Side.BUY):
            if order.intent.purpose is Purpose.ENTRY:
                self._cancel(done, order, now_ns)
        for word in words:
            if isinstance(word, PlaceExit) and word.side is Side.SELL:
                leg = next(leg for leg in shares if _named(leg) == word.leg_id)
                waits, told = self._guarding.waits(leg, self._todays(now_ns), now_ns)
                done.told += told
                if not waits:
                    self._send(done, word, shares, now_ns)

    def _is_of_sale(self, word: Word) -> bool:
        """Say whether a word is of a sale: all that is bought back goes first, whosever it is."""
        if isinstance(word, PlaceExit):
            return word.side is Side.SELL
        resting = self.books.book.order(word.intent_id)
        return resting is not None and resting.intent.side is Side.SELL

    def _holding(self, leg: Leg, net: int, now_ns: int) -> Holding:
        exits = [o for o in self.books.exits_of(leg) if is_todays(o, now_ns)]
        side = Side.BUY if net < 0 else Side.SELL
        found = prices(self.books.pockets[leg].symbol, side, self._seen, now_ns)
        prospect = found.prospect if found else None
        price_e4, next_price_e4 = self._machine.prices_e4(_named(leg), side, prospect, now_ns)
        return Holding(
            leg_id=_named(leg),
            net_quantity=net,
            closing_quantity=remaining(exits, side)
            + (self._theirs(leg, now_ns) if net > 0 else 0)
            + (0 if net else remaining(exits, side.opposite)),
            resting=tuple(
                Resting(o.intent.intent_id, o.price_e4, o.intent.decided_ns)
                for o in exits
                if o.intent.intent_id in self._mine
                and o.state is State.WORKING
                and now_ns >= self._cancelling.get(o.intent.intent_id, 0)
            ),
            lot=found.instrument.lot if found else 1,
            freeze_quantity=found.instrument.freeze_quantity if found else 1,
            price_e4=price_e4,
            next_price_e4=next_price_e4,
            is_ordered=found is not None,
            guards=hedges.guards(self.books.pockets[leg].symbol),
            underlying=hedges.underlying(self.books.pockets[leg].symbol),
        )

    def _theirs(self, leg: Leg, now_ns: int) -> int:
        """Return the units of a long leg that strangers' orders may sell; they are taken back."""
        books, pocket = self.books, self.books.pockets[leg]
        held = books.held_against(pocket)[Side.SELL]
        own = his_own(books.book, pocket, self._owned.get(pocket, 0))
        return may_sell(own, self._todays(now_ns), held, leg, pocket)

    def _send(self, done: Round, word: PlaceExit, shares: Mapping[Leg, int], now_ns: int) -> None:
        """Let an exit leave through the gate."""
        leg = next(leg for leg in shares if _named(leg) == word.leg_id)
        exits = [o for o in self.books.exits_of(leg) if is_todays(o, now_ns)]
        theirs = self._theirs(leg, now_ns) if word.side is Side.SELL else 0
        wanted = Wanted(
            account=self._terms.account,
            leg=leg,
            pocket=self.books.pockets[leg],
            parent=self._owed_of(leg),
            open_quantity=abs(shares[leg]),
            sent_quantity=remaining(exits, word.side) + theirs,
            working=self._withdrawals.in_the_way(self._todays(now_ns), now_ns),
        )
        intent = intent_of(self._ids.next(), word, wanted, now_ns)
        judged = gate(
            intent,
            seen_by_the_gate(wanted, word.side, self._seen, now_ns),
            self._terms.limits,
            now_ns,
        )
        if isinstance(judged, Refused):
            done.left.append(
                f"{word.side} {word.quantity} {intent.symbol} stays: {judged.sentence}"
            )
            return
        if isinstance(self._budget.take(now_ns, Priority.EXIT), Wait):
            return
        self._mine.add(intent.intent_id)
        self._take(done, IntentRecorded(intent, now_ns))
        done.asked.append(Place(judged))

    def _cancel(self, done: Round, order: Order, now_ns: int) -> None:
        intent_id = order.intent.intent_id
        if order.state is not State.WORKING or not order.broker_order_id:
            return
        if now_ns < self._cancelling.get(intent_id, 0):
            return
        if isinstance(self._budget.take(now_ns, Priority.EXIT), Wait):
            return
        self._cancelling[intent_id] = now_ns + _CANCEL_AGAIN_NS
        self._withdrawals.begin(intent_id, now_ns)
        self._take(done, CancelAsked(intent_id, now_ns))
        done.asked.append(Cancel(intent_id, order.broker_order_id))

    def _finish(self, done: Round, shares: Mapping[Leg, int], now_ns: int) -> None:
        """Record that an obligation is met once nothing of its legs is held or on its way."""
        for owed in tuple(self.books.owed.values()):
            legs = [(owed.strategy_id, leg_id) for leg_id in owed.leg_ids]
            if not any(self.books.net(leg) or shares.get(leg) for leg in legs) and not any(
                is_todays(order, now_ns) for leg in legs for order in self.books.exits_of(leg)
            ):
                self._finished(done, owed, now_ns)

    def _finished(
        self, done: Round, owed: ExitOwed, now_ns: int, closed: int = 0, held: int = 0
    ) -> None:
        names = owed.exit_id, owed.strategy_id, owed.leg_ids
        self._take(done, ExitFinished(*names, now_ns, closed, held))

    def _judge(self, done: Round, read: AccountRead, now_ns: int) -> None:
        """Say what is left, and whether two readings have shown that nothing is."""
        done.left += still_open(read, now_ns)
        done.left += self._lag.sentences()
        if self._odd:
            done.left.append(f"what cannot be understood may still fill: {self._odd}")
        doubtful = [each for each in self._todays(now_ns) if each.state is not State.WORKING]
        quiet = not done.left and all(each.state is State.PARKED for each in doubtful)
        done.left += map(in_doubt, doubtful)
        self._proof.take(read.at_ns, VERIFY_NS, is_flat=quiet)
        done.flat = self._proof.given

    def _exits(self, now_ns: int) -> Iterator[Order]:
        return (o for o in self._todays(now_ns) if o.intent.purpose is not Purpose.ENTRY)

    def _refused(self, done: Round, order: Order, now_ns: int) -> None:
        """Answer a no of the broker's to an exit of ours by the table of the closing machine."""
        intent = order.intent
        if intent.intent_id in self._mine:
            name, kind = _named(leg_of(order)), order.refusal or Refusal.OTHER
            answer = self._machine.refused(name, kind, intent.quantity, now_ns)
            if answer in PAGED:
                done.told.append(f"{intent.side} {intent.symbol} was refused: {order.text}")

    def _cancelled(self, done: Round, order: Order, now_ns: int) -> None:
        """Answer that somebody else took an exit of ours back, as the daemon does."""
        intent = order.intent
        if intent.intent_id in self._mine and intent.intent_id not in self._cancelling:
            left = intent.quantity - order.filled_quantity
            name, kind = _named(leg_of(order)), order.refusal or Refusal.OTHER
            answer = self._machine.cancelled(name, left, now_ns, kind)
            why = order.text or "no reason was told"
            if answer in PAGED:
                said = f"{intent.side} {intent.symbol} was cancelled, and not by us: {why}"
                done.told.append(said)

    def _changed(self, done: Round, order: Order, before: Order, now_ns: int) -> None:
        """Answer what was taken off an exit of ours like that; take back what is of more now."""
        units = lowered_by(order, before)
        if order.intent.intent_id not in self._mine:
            return
        if units > 0:
            self._machine.cancelled(_named(leg_of(order)), units, now_ns)
        else:
            self._cancel(done, order, now_ns)


def _has_left(intent: Intent) -> bool:
    """Say whether a request of ours left for an intent, as far as the record tells."""
    return not (reconcile.is_strangers(intent) or is_handed_on(intent))


def _named(leg: Leg) -> str:
    """Return what the closing machine calls a leg."""
    return " ".join(leg)
