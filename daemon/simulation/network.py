"""The broker behind a network, outside the daemon: it outlives every crash, and so does the way.

A request that left arrives whatever became of who sent it: at once, up to a minute late, or never.
Answers and news find the daemon that is there when they come, or nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from daemon.brokers.paper import Paper
from daemon.domain.instants import MILLISECOND_NS, SECOND_NS
from daemon.domain.market.frames import Frame
from daemon.domain.orders.limits import Approved
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import ConfirmationWanted, OrderRefused, OrderUpdated, Refusal
from daemon.errors import BrokerUnavailable, OutcomeUnknown, SessionRefused
from daemon.messages import CancelAnswered, LoggedIn, OrderNotFound
from daemon.ports.broker import Answer, Counted, Found, Read
from daemon.runtime.pump import at_once
from daemon.simulation.books import Books, cut_short
from daemon.simulation.faults import Call, Fates, Kind
from daemon.simulation.judging.judge import Judge
from daemon.simulation.judging.secrecy import KEY
from daemon.simulation.pump import Reply
from daemon.simulation.session import Session
from daemon.simulation.terminal import Terminal
from daemon.simulation.timeline import Timeline
from daemon.twin import faults as twin

TIMEOUT_NS = 5 * SECOND_NS
_LATEST_NS = 60 * SECOND_NS
_WAY_NS = (MILLISECOND_NS, 40 * MILLISECOND_NS)
_SLOW_NS = (50 * MILLISECOND_NS, TIMEOUT_NS - 50 * MILLISECOND_NS)
_NEWS_NS = (MILLISECOND_NS, 30 * MILLISECOND_NS)
_NEWS_LATE_NS = (100 * MILLISECOND_NS, 4 * SECOND_NS)
_LAG_NS = (500 * MILLISECOND_NS, 4 * SECOND_NS)
_BLIND_NS = 10 * SECOND_NS
_BEHIND_NS = (SECOND_NS, 14 * SECOND_NS)
_STAYS_BEHIND_NS = (10 * SECOND_NS, 60 * SECOND_NS)
_REFUSALS = {
    Kind.BAND: Refusal.BAND,
    Kind.MARGIN: Refusal.MARGIN,
    Kind.RATE: Refusal.RATE,
    Kind.SESSION: Refusal.SESSION,
}
_ASKED = (Kind.ASKED, Kind.CONFIRMED)
_UNHEARD = (Kind.REQUEST_LOST, Kind.REQUEST_LATE, Kind.ANSWER_LOST)


class Planned(twin.Faults, frozen=True, kw_only=True):
    """What goes wrong inside the exchange, as the fates of the run have it."""

    fates: Fates

    def of(self, call: twin.Call, number: int) -> twin.Fault | None:  # noqa: ARG002
        """Return what strikes a call."""
        if call is twin.Call.PLACE and self.fates.of(Call.REJECT):
            return twin.Fault(call, twin.FaultKind.REJECT_LATER)
        if call is twin.Call.CANCEL and self.fates.of(Call.REST):
            return twin.Fault(call, twin.FaultKind.FILL_AFTER_CANCEL)
        return None


class Network:
    """One account at the exchange twin, as it is reached from a daemon.

    Args:
        paper: speaks to the twin.
        timeline: virtual time.
        fates: what goes wrong.
        judge: is shown what leaves, and what the twin's book holds.
        news: brings an update to the daemon that is there, if one is.

    Attributes:
        session: without one all is refused.
        opens_ns: nothing that is asked is answered before; the day is known then.
    """

    def __init__(
        self,
        paper: Paper,
        timeline: Timeline,
        fates: Fates,
        judge: Judge,
        news: Callable[[OrderUpdated], None],
    ) -> None:
        self._paper = paper
        self._timeline = timeline
        self._dice = timeline.dice
        self._fates = fates
        self._judge = judge
        self._news = news
        self._terminal = Terminal(paper.exchange, timeline.dice)
        self._thrown = 0
        self._books = Books()
        self.session = Session(timeline, fates, lambda _: None)
        self.opens_ns = 0

    async def place(self, approved: Approved) -> Sequence[Answer]:
        """Ask for an order.

        Raises:
            BrokerUnavailable: it surely did not arrive.
            OutcomeUnknown: no answer came in time.
        """
        intent = approved.intent
        self._judge.leaves(intent, self._timeline.now_ns())
        fault = Kind.SESSION if self.session.refuses() else self._fates.of(Call.PLACE)
        reply, way_ns = Reply(), self._lasts(_WAY_NS)
        if fault is Kind.UNREACHED:
            self._later(
                way_ns, partial(reply.fail, BrokerUnavailable(f"nobody is there for {KEY}"))
            )
        elif fault in _REFUSALS:
            self._later(way_ns, partial(self._refuse, intent.intent_id, _REFUSALS[fault], reply))
        elif fault in _ASKED:
            self._later(way_ns, partial(self._ask, intent.intent_id, reply))
            if fault is Kind.CONFIRMED:
                later_ns = self._lasts((SECOND_NS, _LATEST_NS))
                asked = partial(self._placed, approved, Reply(), 0)
                self._travels(later_ns, asked, intent.intent_id)
        elif fault in _UNHEARD:
            unknown = OutcomeUnknown("no answer came in time")
            self._later(TIMEOUT_NS, partial(reply.fail, unknown))
            if fault is Kind.REQUEST_LATE:
                way_ns = self._lasts((SECOND_NS, _LATEST_NS))
            if fault is not Kind.REQUEST_LOST:
                self._travels(way_ns, partial(self._placed, approved, Reply(), 0), intent.intent_id)
        else:
            back_ns = self._lasts(_SLOW_NS if fault is Kind.ANSWER_SLOW else _WAY_NS)
            self._travels(way_ns, partial(self._placed, approved, reply, back_ns), intent.intent_id)
        answers: Sequence[Answer] = await reply
        return answers

    async def cancel(self, intent_id: str, broker_order_id: str) -> Sequence[Answer]:
        """Ask that an order be taken out of the book.

        Raises:
            OutcomeUnknown: no answer came in time.
        """
        self._judge.writes(self._timeline.now_ns())
        fault = Kind.CANCEL_REFUSED if self.session.refuses() else self._fates.of(Call.CANCEL)
        reply, way_ns = Reply(), self._lasts(_WAY_NS)
        back_ns = self._lasts(_WAY_NS)
        heard = reply
        if fault in (Kind.CANCEL_LOST, Kind.CANCEL_UNANSWERED):
            heard, unknown = Reply(), OutcomeUnknown("no answer came in time")
            self._later(TIMEOUT_NS, partial(reply.fail, unknown))
        if fault is Kind.CANCEL_REFUSED:
            no = CancelAnswered(intent_id, False, "it cannot be cancelled now", 0)  # noqa: FBT003
            self._later(way_ns + back_ns, partial(self._answer, reply, (no,)))
        elif fault is not Kind.CANCEL_LOST:
            asked = partial(self._cancelled, intent_id, broker_order_id, heard, back_ns)
            self._later(way_ns, asked)
        answers: Sequence[Answer] = await reply
        return answers

    async def find(self, intent_id: str) -> Sequence[Found]:
        """Look an order up by our own id.

        Raises:
            BrokerUnavailable: the broker could not be asked.
            SessionRefused: there is no session.
        """
        fault = self._fates.of(Call.FIND)
        blind = fault is Kind.FIND_BLIND
        fails = "the look-up failed" if fault is Kind.FIND_FAILED else ""
        found: Sequence[Found] = await self._asked(partial(self._found, intent_id, blind), fails)
        return found

    async def log_in(self, generation: int) -> Sequence[LoggedIn]:
        """Ask for a session; everybody is let in, but for a while after one has ended.

        Raises:
            BrokerUnavailable: nobody is let in.
        """
        reply, way_ns = Reply(), self._lasts(_WAY_NS)
        if self.session.lets_in(generation):
            done = (LoggedIn(generation, self._timeline.now_ns()),)
            self._later(way_ns, partial(self._answer, reply, done))
        else:
            self._later(way_ns, partial(reply.fail, BrokerUnavailable("nobody is let in now")))
        logged_in: Sequence[LoggedIn] = await reply
        return logged_in

    async def read(self) -> Sequence[Read]:
        """Read the book, of now or of a while ago; positions may be older, and orders be missing.

        Raises:
            BrokerUnavailable: the broker could not be asked.
            SessionRefused: there is no session.
        """
        fault = self._fates.of(Call.READ)
        lag_ns = self._lasts(_LAG_NS) if fault is Kind.READ_LAGS else 0
        if fault is Kind.POSITIONS_LAG:
            until_ns = self._timeline.now_ns() + self._lasts(_STAYS_BEHIND_NS)
            self._books.fall_behind(self._lasts(_BEHIND_NS), until_ns)
        fails = "the reading failed" if fault is Kind.READ_FAILED else ""
        hides = fault is Kind.ORDERS_UNSHOWN
        read: Sequence[Read] = await self._asked(partial(self._read, lag_ns, hides), fails)
        return read

    async def margin(self, parent: str, legs: Sequence[MarginLeg]) -> Sequence[Counted]:
        """Say what margin legs need and what is free for them.

        Raises:
            BrokerUnavailable: the broker could not be asked.
            SessionRefused: there is no session.
        """
        failed = self._fates.of(Call.COUNT) is Kind.MARGIN_UNREAD
        fails = "the margin could not be read" if failed else ""
        counted: Sequence[Counted] = await self._asked(partial(self._counted, parent, legs), fails)
        return counted

    def on_frame(self, frame: Frame) -> None:
        """Let the twin see a frame, and tell what it filled."""
        news = self._paper.on_frame(frame, self._timeline.now_ns())
        if news:
            self._changed(news)
        self.session.look()
        if self._fates.of(Call.TERMINAL):
            self._terminal.trade(frame, self._timeline.now_ns())
            self._changed(())

    def dawn(self) -> None:
        """Another day begins at the broker: it shows a book of that day, and to a new session."""
        self.session.expire()
        self._changed(())

    def calm(self, *, closes: bool) -> None:
        """Nothing goes wrong any more: let whoever is at the terminal put in order what he did.

        Args:
            closes: whether he closes what he opened.
        """
        now_ns = self._timeline.now_ns()
        if self._terminal.calm(self._judge.known, closes=closes, now_ns=now_ns):
            self._changed(())

    def _asked(self, arrives: Callable[[Reply], None], fails: str) -> Reply:
        """Ask what changes nothing; return what is answered, or fail for that reason."""
        reply, refused = Reply(), self.session.refuses()
        way_ns = max(self._lasts(_WAY_NS), self.opens_ns - self._timeline.now_ns())
        if refused:
            self._later(way_ns, partial(reply.fail, SessionRefused("it is over")))
        elif fails:
            self._later(way_ns, partial(reply.fail, BrokerUnavailable(fails)))
        else:
            self._later(way_ns, partial(arrives, reply))
        return reply

    def _travels(self, way_ns: int, arrives: Callable[[], None], intent_id: str) -> None:
        self._judge.travelling.add(intent_id)
        self._later(way_ns, arrives)

    def _placed(self, approved: Approved, reply: Reply, back_ns: int) -> None:
        self._judge.travelling.discard(approved.intent.intent_id)
        first, *news = at_once(self._paper.place(approved))
        self._changed(news)
        self._later(back_ns, partial(self._answer, reply, (first,)))

    def _cancelled(self, intent_id: str, order_id: str, reply: Reply, back_ns: int) -> None:
        first, *news = at_once(self._paper.cancel(intent_id, order_id))
        self._changed(news)
        self._later(back_ns, partial(self._answer, reply, (first,)))

    def _found(self, intent_id: str, blind: bool, reply: Reply) -> None:  # noqa: FBT001
        found = at_once(self._paper.find(intent_id))
        now_ns = self._timeline.now_ns()
        orders = self._paper.exchange.orders_by_client_id(intent_id)
        if blind and all(now_ns - order.arrived_ns < _BLIND_NS for order in orders):
            found = (OrderNotFound(intent_id, now_ns),)
        self._later(self._lasts(_WAY_NS), partial(self._answer, reply, found))

    def _read(self, lag_ns: int, hides: bool, reply: Reply) -> None:  # noqa: FBT001
        now_ns = self._timeline.now_ns()
        self._changed(())
        shown = self._books.shown(now_ns, lag_ns)
        if hides and shown.orders:
            count = len(shown.orders)
            shown = cut_short(shown, self._lasts((0, 2 * count - 2)))
        self._later(self._lasts(_WAY_NS), partial(self._answer, reply, (shown,)))

    def _counted(self, parent: str, legs: Sequence[MarginLeg], reply: Reply) -> None:
        *news, counted = at_once(self._paper.margin(parent, legs))
        self._changed(news)
        self._later(self._lasts(_WAY_NS), partial(self._answer, reply, (counted,)))

    def _refuse(self, intent_id: str, kind: Refusal, reply: Reply) -> None:
        text = f"refused on its way, with the key {KEY}"
        refused = OrderRefused(intent_id, kind, text, self._timeline.now_ns())
        self._answer(reply, (refused,))

    def _ask(self, intent_id: str, reply: Reply) -> None:
        now_ns = self._timeline.now_ns()
        self._answer(reply, (ConfirmationWanted(intent_id, "q1", "is that meant?", now_ns),))

    def _answer(self, reply: Reply, answers: Sequence[Any]) -> None:
        now_ns = self._timeline.now_ns()
        reply.give(tuple(replace(each, at_ns=each.at_ns or now_ns) for each in answers))

    def _changed(self, news: Sequence[OrderUpdated]) -> None:
        """Keep the book as it stands now, have it judged, and send news of it on their way."""
        *told, book = at_once(self._paper.read())
        self._books.keep(book)
        self._judge.sees(self._paper.exchange)
        for update in (*news, *told):
            fault = self._fates.of(Call.NEWS)
            if fault is Kind.NEWS_LOST:
                continue
            self._tell(update, _NEWS_LATE_NS if fault is Kind.NEWS_LATE else _NEWS_NS)
            if fault is Kind.NEWS_TWICE:
                self._tell(update, _NEWS_LATE_NS)

    def _tell(self, update: OrderUpdated, way_ns: tuple[int, int]) -> None:
        self._later(self._lasts(way_ns), partial(self._news, update))

    def _later(self, by_ns: int, what: Callable[[], None]) -> None:
        self._timeline.after(by_ns, what)

    def _lasts(self, span_ns: tuple[int, int]) -> int:
        self._thrown += 1
        return self._dice.between(*span_ns, "lasts", self._thrown)
