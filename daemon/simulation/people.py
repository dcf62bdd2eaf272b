"""People outside: they place orders by hand, each under a request id and often twice, and watch.

A request goes the way that the web takes it: it is claimed at the clerk, acts at the router, and
its answer is made durable before anybody is told. Whoever asked when the daemon fell has heard
nothing, and may ask again under the same id. Once nothing goes wrong any more they ask for
everything again, take back what rests, and leave what they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from daemon.app import Account
from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.domain.orders.heard import Order
from daemon.domain.orders.reconcile import MANUAL
from daemon.domain.orders.words import OrderType, Pocket, Product, Side, State
from daemon.messages import (
    Ask,
    Beat,
    CancelByHand,
    ClaimRequest,
    Declined,
    Done,
    ExitByHand,
    FinishRequest,
    OrderAsked,
    PlaceByHand,
    PnlFrame,
    RequestAnswered,
    SeeOrders,
    Told,
)
from daemon.runtime.words import Lane
from daemon.simulation.judging.heard import Heard
from daemon.simulation.market import Piece
from daemon.simulation.timeline import Timeline

CLERK, BROADCASTER = "request_clerk", "pnl_broadcaster"
_FIRST_NUMBER = 1_000
"""Below it stand the numbers of what every start asks for itself."""
_PATIENCE_NS = 5 * SECOND_NS
_AGAIN_NS = (0, 12 * SECOND_NS)
_LEAVES_EVERY_NS = 10 * SECOND_NS
_BEAT_NS, _SELDOM_NS = SECOND_NS, 30 * SECOND_NS
_MOST_ORDERS, _MOST_TIMES = 3, 4
_KNOWN_NS = DAY_NS - 1
"""How long after it was asked for first a request is known again for sure."""
_OK, _CONFLICT = 200, 409
_BY = "somebody"


class _Talk(Struct):
    """One conversation about a request; it has come as far as `about` says."""

    asked: OrderAsked
    about: type


class People:
    """Those outside, who outlive every daemon.

    Args:
        timeline: virtual time.
        allow: is told what they will ask for: whose, of which leg, and units.
        heard: judges what they hear.
        tell: brings a message to an actor of the daemon that is there; returns whether one is.

    Attributes:
        wakes_ns: says when they look again who would at an instant.
    """

    def __init__(
        self,
        timeline: Timeline,
        allow: Callable[[str, str, int], None],
        heard: Heard,
        tell: Callable[[str, Any, Lane], bool],
    ) -> None:
        self._timeline = timeline
        self._allow = allow
        self._heard = heard
        self._router = ""
        self._tell = tell
        self._number = _FIRST_NUMBER
        self._talks: dict[int, _Talk] = {}
        self._requests: list[OrderAsked] = []
        self._leaves_ns = self._orders_number = 0
        self.wakes_ns: Callable[[int], int] = lambda wanted_ns: wanted_ns

    def plan(self, account: Account, piece: Piece, days_ns: Sequence[tuple[int, int]]) -> None:
        """Choose what they will ask for, and when.

        What was asked for on a day before is asked for again in the morning of the last.

        Args:
            account: in which.
            piece: of its contracts.
            days_ns: from when until when each day lasts.
        """
        self._router, symbols, lot = account.router, piece.symbols, piece.lot
        dice, (morning_ns, _) = self._timeline.dice, days_ns[-1]
        for at in range(dice.below(_MOST_ORDERS + 1, "orders by hand")):
            symbol = symbols[dice.below(len(symbols), "by hand of", at)]
            side = (Side.BUY, Side.SELL)[dice.below(2, "by hand side", at)]
            product = tuple(Product)[dice.below(len(Product), "by hand product", at)]
            day_ns = days_ns[dice.below(len(days_ns), "by hand on", at)]
            first_ns = dice.between(*day_ns, "by hand at", at)
            asked = OrderAsked(
                *(f"req-{at}", account.id, symbol, side, lot, OrderType.MARKET, 0, 0),
                *("", _BY, first_ns, product),
            )
            self._allow(MANUAL, Pocket(symbol, product).leg_id, lot)
            self._requests.append(asked)
            for time in range(1 + dice.below(_MOST_TIMES, "times", at)):
                later_ns = dice.between(*_AGAIN_NS, f"again {at}", time) if time else 0
                self._timeline.at(first_ns + later_ns, partial(self._ask, asked))
            if first_ns < morning_ns:
                again_ns = dice.between(morning_ns, first_ns + _KNOWN_NS, "by hand anew", at)
                self._timeline.at(again_ns, partial(self._ask, asked))
        self._timeline.after(_BEAT_NS, self._watch)

    def look(self) -> None:
        """Look at how things stand."""
        self._tell(BROADCASTER, Beat(force=True), Lane.FACTS)

    def cut(self) -> None:
        """The daemon fell: nobody who talked to it hears anything more."""
        self._talks.clear()

    def shown(self, view: object) -> None:
        """Take what the daemon shows."""
        if isinstance(view, PnlFrame):
            self._heard.saw(view)
        elif isinstance(view, Told) and view.number == self._orders_number:
            self._take_back(view.answer)
        elif isinstance(view, Told) and (talk := self._talks.pop(view.number, None)) is not None:
            self._hear(talk, view.answer)

    def _take_back(self, orders: Sequence[Order]) -> None:
        for order in orders:
            intent = order.intent
            if intent.strategy_id == MANUAL and order.state is State.WORKING:
                self._say(self._router, CancelByHand(intent.intent_id, _BY), Lane.CONTROL)

    def calm(self, now_ns: int) -> None:
        """Nothing goes wrong any more: ask for everything again once, and leave what is held."""
        if not self._leaves_ns:
            for asked in self._requests:
                if now_ns <= asked.at_ns + _KNOWN_NS:
                    self._ask(asked)
        if now_ns < self._leaves_ns:
            return
        self._leaves_ns = now_ns + _LEAVES_EVERY_NS
        if self._requests:
            self._say(self._router, ExitByHand(MANUAL, "", 0, _BY), Lane.CONTROL)
            self._orders_number = self._say(self._router, SeeOrders(), Lane.FACTS)

    def _watch(self) -> None:
        self.look()
        beat_ns = _SELDOM_NS if self._leaves_ns else _BEAT_NS
        self._timeline.at(self.wakes_ns(self._timeline.now_ns() + beat_ns), self._watch)

    def _ask(self, asked: OrderAsked) -> None:
        wanted = ClaimRequest(asked.request_id, asked.symbol, self._timeline.now_ns(), once=True)
        self._talk(_Talk(asked, ClaimRequest), CLERK, wanted)

    def _hear(self, talk: _Talk, answer: object) -> None:
        """Go on with a conversation."""
        if isinstance(answer, RequestAnswered):
            self._heard.answered(answer)
        elif talk.about is ClaimRequest and isinstance(answer, Done):
            talk.about = PlaceByHand
            number = self._talk(talk, self._router, PlaceByHand(talk.asked))
            self._timeline.after(_PATIENCE_NS, partial(self._give_up, number))
        elif talk.about is ClaimRequest:
            assert isinstance(answer, Declined), f"the clerk answered {answer!r}"
            self._heard.declined(talk.asked.request_id, answer.sentence)
        elif talk.about is PlaceByHand:
            self._finish(talk, answer)

    def _give_up(self, number: int) -> None:
        """Wait no longer for the router; that is an answer too."""
        talk = self._talks.pop(number, None)
        if talk is not None:
            self._finish(talk, Declined("no_answer", "look before you repeat it"))

    def _finish(self, talk: _Talk, answer: object) -> None:
        """Have an answer made durable before anybody is told."""
        status, body = _CONFLICT, str(answer)
        if isinstance(answer, Order):
            status = _OK
            body = f"{answer.intent.intent_id} {answer.state} {answer.filled_quantity}"
        asked, now_ns = talk.asked, self._timeline.now_ns()
        answered = RequestAnswered(asked.request_id, asked.symbol, status, body, now_ns)
        talk.about = FinishRequest
        self._talk(talk, CLERK, FinishRequest(answered))

    def _talk(self, talk: _Talk, to: str, about: object) -> int:
        number = self._say(to, about, Lane.FACTS)
        self._talks[number] = talk
        return number

    def _say(self, to: str, about: object, lane: Lane) -> int:
        self._number += 1
        self._tell(to, Ask(self._number, about), lane)
        return self._number
