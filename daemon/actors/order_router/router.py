"""The actor: which message leads to which decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from daemon.actors.order_router import (
    answers,
    arms,
    entering,
    giving_up,
    hearing,
    latches,
    margins,
    storms,
    waiting,
)
from daemon.actors.order_router.broker import holds, lookups, overdue, reconciling, sharesless
from daemon.actors.order_router.broker.reconciling import Heard
from daemon.actors.order_router.broker.sending import cancel_answered
from daemon.actors.order_router.broker.settlements import settle, write_off
from daemon.actors.order_router.closing import (
    changed,
    doubts,
    exits,
    killing,
    late_fills,
    residents,
    silence,
    unwanted,
)
from daemon.actors.order_router.hearing import Taken
from daemon.actors.order_router.known.alarms import (
    AnswerDue,
    BasketDue,
    ClosingDue,
    DelayOver,
    Due,
    ExitLate,
    KillDue,
    LookUpDue,
    ReadDue,
    ResidentDue,
    SilenceDue,
)
from daemon.actors.order_router.known.desk import Desk, basket_of
from daemon.actors.order_router.known.loose import is_child, is_loose, stands_alone
from daemon.actors.order_router.known.terms import Terms
from daemon.actors.order_router.opening import entries, funds, obstacles
from daemon.actors.turn import Turn
from daemon.domain.market.frames import Frame
from daemon.domain.orders.heard import Order
from daemon.domain.orders.ids import IntentIds
from daemon.domain.orders.reconcile import news, with_ours
from daemon.domain.orders.shown import AccountRead
from daemon.domain.orders.states import is_open
from daemon.domain.orders.words import Intent, OrderAnswer, OrderUpdated, OutcomeUnknown, State
from daemon.messages import (
    AccountUnread,
    Ask,
    CancelAnswered,
    DayEnded,
    DayOpened,
    EnterLegs,
    EntriesPaused,
    ExitLegs,
    FramePolled,
    FreeEntries,
    HoldEntries,
    LinkDied,
    LinkRevived,
    MarginRead,
    MarginUnread,
    OrderNotFound,
    PaceLearnt,
    PauseEntries,
    PullLatch,
    Pulse,
    Pulsed,
    ReleaseLatch,
    Settled,
    StrategyStarted,
)
from daemon.messages.asks import EndWait
from daemon.ports.market import BookWanted, BygonePrices
from daemon.runtime.budget import Budget
from daemon.runtime.words import NOTHING, Effect, Publish, Started


class OrderRouter:
    """Routes the orders of one account."""

    def __init__(
        self, terms: Terms, ids: IntentIds, budget: Budget, facts: Iterable[object] = ()
    ) -> None:
        self._desk = Desk(terms, ids, budget)
        self._desk.restore(facts)

    def handle(self, message: object, now_ns: int) -> Sequence[Effect]:
        """Decide on one message."""
        desk = self._desk
        if type(message) is Frame:
            desk.prices.see(message)
            killing_on = desk.halts.kills and desk.halts.under_way()
            if not (desk.closings or desk.baskets or killing_on or overdue.wanted(desk, now_ns)):
                return NOTHING
        turn = Turn()
        self._decide(turn, message, now_ns)
        giving_up.while_unread(desk, turn, now_ns)
        residents.keep(desk, turn, now_ns)
        if desk.halts.kills:
            killing.go_on(desk, turn, now_ns)
        funds.go_on(desk, turn, now_ns)
        obstacles.look(desk, turn, now_ns)
        return turn.done()

    def _decide(self, turn: Turn, message: object, now_ns: int) -> None:
        desk = self._desk
        match message:
            case Frame():
                self._go_on(turn, now_ns)
            case _ if isinstance(message, OrderAnswer | OrderUpdated):
                self._hear(turn, message, now_ns)
            case Due():
                if desk.wakes.rings(message):
                    self._look_again(turn, message, now_ns)
            case EnterLegs(opened):
                entering.take(desk, turn, opened, now_ns)
            case EndWait(strategy_id, because):
                obstacles.end_wait(desk, turn, strategy_id, because, now_ns)
            case ExitLegs():
                exits.begin(desk, turn, message, now_ns)
            case Ask(number, about):
                answers.answer(desk, turn, number, about, now_ns)
            case PullLatch(latched):
                latches.pull(desk, turn, latched, now_ns)
            case OrderNotFound(intent_id):
                lookups.not_found(desk, turn, intent_id, now_ns)
            case CancelAnswered(intent_id):
                cancel_answered(desk, intent_id, now_ns)
                lookups.begin(desk, turn, intent_id, now_ns)
            case AccountRead() | AccountUnread():
                read = sharesless.taken(desk, turn, message, now_ns)
                if read is not None:
                    self._read(turn, read, now_ns)
            case _:
                self._take_notice(turn, message, now_ns)

    def _look_again(self, turn: Turn, due: Due, now_ns: int) -> None:
        desk = self._desk
        match due:
            case BasketDue(basket_id):
                self._enter_on(turn, basket_id, now_ns)
            case ClosingDue(exit_id):
                exits.proceed(desk, turn, exit_id, now_ns)
            case ExitLate(exit_id):
                exits.late(desk, turn, exit_id, now_ns)
            case LookUpDue(intent_id):
                lookups.due(desk, turn, intent_id, now_ns)
            case ReadDue():
                reconciling.due(desk, turn, now_ns)
            case AnswerDue(intent_id):
                waiting.late(desk, turn, intent_id)
            case SilenceDue():
                silence.due(desk, turn, now_ns)
            case KillDue() | ResidentDue() | DelayOver():
                pass  # after every message kills go on, stops are kept in step, waits are over

    def _take_notice(self, turn: Turn, message: object, now_ns: int) -> None:
        desk = self._desk
        match message:
            case DayOpened() | DayEnded():
                arms.lapse(desk, turn, message, now_ns)
                desk.apply(message)
                if isinstance(message, DayOpened):
                    self._resume(turn, now_ns)
            case StrategyStarted() | PaceLearnt() | FramePolled() | BygonePrices():
                desk.apply(message)
            case LinkDied():
                desk.apply(message)
                silence.watch(desk, turn, now_ns)
            case LinkRevived() | BookWanted():
                desk.apply(message)
                reconciling.hinted(desk, turn, now_ns)
            case Settled():
                settle(desk, turn, message, now_ns)
                exits.proceed_all(desk, turn, now_ns)
            case ReleaseLatch(latch_id, by):
                latches.release(desk, turn, latch_id, by, now_ns)
            case MarginRead() | MarginUnread():
                margins.heard(desk, turn, message, now_ns)
            case PauseEntries(because):
                self._pause(turn, because, now_ns)
            case HoldEntries():
                self._hold(turn, message, now_ns)
            case FreeEntries(by):
                holds.free(desk, turn, by, now_ns)
            case Pulse(number, who):
                turn.do(Publish(Pulsed(number, who)))
            case Started():
                self._doubt(turn, now_ns)
                self._resume(turn, now_ns)
            case _:
                raise AssertionError(f"the router was told {message!r}")

    def _doubt(self, turn: Turn, now_ns: int) -> None:
        """Take it that nobody knows what became of an order whose answer was not recorded.

        Its request may have left or not: the intent was durable before, and nothing shows which.
        An answer that is still on its way is heard all the same.
        """
        for order in self._desk.book.open_orders():
            if order.state is State.INTENDED:
                because = "the daemon was started anew before its answer was recorded"
                unknown = OutcomeUnknown(order.intent.intent_id, because, now_ns)
                self._hear(turn, unknown, now_ns)

    def _resume(self, turn: Turn, now_ns: int) -> None:
        """Go on with whatever was under way before a restart, or on an earlier day.

        News may have been missed meanwhile, so every order that is not ended is asked about, and
        every other one of the day: what was cancelled or refused has been seen to fill.
        """
        desk = self._desk
        reconciling.begin(desk, turn, now_ns)
        silence.watch(desk, turn, now_ns)
        write_off(desk, turn, now_ns)
        orders = desk.book.open_orders()
        for intent_id in sorted(desk.todays.union(order.intent.intent_id for order in orders)):
            lookups.begin(desk, turn, intent_id, now_ns)
        parents = {o.intent.parent for o in orders if is_child(o.intent)}
        for parent in sorted((parents | desk.baskets.keys()) - desk.closings.keys()):
            self._enter_on(turn, parent, now_ns)
        for exit_id in tuple(desk.closings):
            exits.resume(desk, turn, exit_id, now_ns)

    def _enter_on(self, turn: Turn, basket_id: str, now_ns: int) -> None:
        """Look at a basket again: one that ended has its rest taken back, as has an exit."""
        basket = basket_of(self._desk, basket_id)
        if basket is None:
            entries.recall(self._desk, turn, basket_id, now_ns)
            return
        entries.due(self._desk, turn, basket, now_ns)
        exits.clear_up(self._desk, turn, basket, now_ns)

    def _pause(self, turn: Turn, because: str, now_ns: int) -> None:
        """Take no new entries, and none of those that are under way any further."""
        desk = self._desk
        if because not in (desk.paused, desk.halts.unrecorded):
            paused = EntriesPaused(because, now_ns)
            desk.apply(paused)
            turn.announce(paused)
        self._enter_no_further(turn, because, now_ns)

    def _hold(self, turn: Turn, wanted: HoldEntries, now_ns: int) -> None:
        """Take no new entries while somebody holds them, and none that are under way further."""
        if holds.hold(self._desk, turn, wanted, now_ns):
            self._enter_no_further(turn, wanted.because, now_ns)

    def _enter_no_further(self, turn: Turn, because: str, now_ns: int) -> None:
        """Give up every entry that is under way."""
        giving_up.give_up_all(self._desk, turn, f"entries are paused: {because}", now_ns)

    def _go_on(self, turn: Turn, now_ns: int) -> None:
        """Look at what is under way with the prices of a new frame; exits go first."""
        exits.proceed_all(self._desk, turn, now_ns)
        for opened in tuple(self._desk.baskets.values()):
            entries.proceed(self._desk, turn, opened.basket, now_ns)
            exits.clear_up(self._desk, turn, opened.basket, now_ns)

    def _read(self, turn: Turn, read: AccountRead, now_ns: int) -> None:
        """Hear what the broker's book knows better; then hold it against ours."""
        desk = self._desk
        is_first = not desk.reads.reconciled
        moved = reconciling.answered(desk, read)
        told = [hearing.take(desk, turn, fact, now_ns) for fact in news(desk.book, read)]
        heard = [taken for taken in told if taken is not None]
        self._closed_outside(turn, reconciling.take_in(desk, turn, read, now_ns), now_ns)
        for taken in heard:
            self._follow(turn, taken, now_ns)
        read = with_ours(desk.book, read)
        # a position may be older than the fill that the same reading has told of
        early = moved.union(each.order.intent.symbol for each in heard if each.is_filling)
        for end in reconciling.lapsed(desk, turn, read, early, now_ns):
            self._hear(turn, end, now_ns)
        reconciling.read(desk, turn, read, moved, now_ns)
        doubts.look(desk, turn, read, now_ns)
        killing.saw(desk, read)
        if is_first:  # exits have waited for it
            exits.proceed_all(desk, turn, now_ns)

    def _closed_outside(self, turn: Turn, closed: Sequence[Intent], now_ns: int) -> None:
        """Go on where strangers closed legs of ours: an exit may be done, or gone beyond flat."""
        if closed:
            exits.proceed_all(self._desk, turn, now_ns)
        for intent in closed:
            unwanted.leave(self._desk, turn, intent, now_ns)

    def _hear(self, turn: Turn, fact: Heard, now_ns: int) -> None:
        """Take the broker's word on an order in, and what follows for its parent."""
        taken = hearing.take(self._desk, turn, fact, now_ns)
        if taken is not None:
            self._follow(turn, taken, now_ns)

    def _follow(self, turn: Turn, taken: Taken, now_ns: int) -> None:
        """Do what follows from the broker's word on an order."""
        desk, order = self._desk, taken.order
        waiting.heard(desk, turn, order)
        changed.heard(desk, turn, order, taken.before, now_ns)
        if taken.is_filling:
            self._closed_outside(turn, taken.closed, now_ns)
        if taken.is_late:
            late_fills.trade_back(desk, turn, order, taken.before, now_ns)
        elif taken.is_filling:
            unwanted.tell_overfill(desk, turn, order, taken.before, now_ns)
            residents.filled(desk, turn, order, now_ns)
        is_awaited = order.intent.parent in desk.baskets or order.intent.parent in desk.closings
        if is_awaited and is_open(order.state) and not taken.is_filling:
            return  # it rests where it was wanted
        if taken.is_no:
            self._hear_no(turn, order, now_ns)
        self._go_on_with(turn, order, now_ns)
        if taken.is_filling or not is_loose(order.intent.strategy_id):
            unwanted.leave(desk, turn, order.intent, now_ns)
        if taken.is_filling and not taken.is_late:
            unwanted.leave_surplus(desk, turn, order, taken.before, now_ns)

    def _hear_no(self, turn: Turn, order: Order, now_ns: int) -> None:
        """A no ends the basket, and is answered by the table of the closing."""
        desk = self._desk
        storms.refused(desk, turn, order, now_ns)
        basket = basket_of(desk, order.intent.parent)
        if basket is None:
            exits.refused(desk, turn, order, now_ns)
            residents.refused(desk, turn, order, now_ns)
            return
        giving_up.refused(desk, turn, basket, order, now_ns)

    def _go_on_with(self, turn: Turn, order: Order, now_ns: int) -> None:
        """Do what the news of an order calls for: in what is being left, then in its basket."""
        desk, intent = self._desk, order.intent
        exits.proceed_all(desk, turn, now_ns)
        basket = basket_of(desk, intent.parent)
        if basket is not None:
            entries.proceed(desk, turn, basket, now_ns)
            exits.clear_up(desk, turn, basket, now_ns)
        elif intent.parent not in desk.closings and not stands_alone(intent):
            entries.recall(desk, turn, intent.parent, now_ns)
