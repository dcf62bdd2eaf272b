"""One account at Zerodha, as any broker is spoken to.

What the broker shows is evidence as of when it was asked for, not of when its answer came. Orders
and positions come in two answers, so the book is read around the positions until it says the same
before and after: only then do both belong to one instant. An order's fills and end stand in the
book itself, so they are told whatever else does not come: without trades by the order's average,
and without what is held before the word that the account could not be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from msgspec.structs import replace

from daemon.brokers.zerodha import answers, codec, market, questions
from daemon.brokers.zerodha.client import READS_STAND, Client
from daemon.brokers.zerodha.codec import OrderRecord
from daemon.brokers.zerodha.contracts import Contracts
from daemon.brokers.zerodha.fills import Fills
from daemon.brokers.zerodha.forms import REGULAR, cancellation, form_of
from daemon.brokers.zerodha.instruments import Listed
from daemon.brokers.zerodha.resuming import Resuming
from daemon.brokers.zerodha.shares import Shares
from daemon.brokers.zerodha.statuses import Statuses
from daemon.brokers.zerodha.wire import whole
from daemon.domain.instants import SECOND_NS
from daemon.domain.market.polled import Stamped
from daemon.domain.orders.limits import Approved
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.words import Intent, OrderRefused, Purpose, Refusal
from daemon.errors import (
    BrokerError,
    BrokerMisused,
    SessionRefused,
    WireGarbled,
)
from daemon.messages import (
    AccountUnread,
    BrokerPosition,
    LoggedIn,
    LoginFailed,
    MarginRead,
    StepWanted,
)
from daemon.ports.broker import Answer, Counted, Found, Read

_FRESH_NS = SECOND_NS
"""Look-ups within it share one reading of the book."""
_LATE_S = 3.0
"""So long a log-in or a reading waits for the contracts of the day where earlier ones are there."""
_LOST = "Zerodha refused the session before its log-in was over"
_READINGS = 3
"""So often the book may move around a reading of the positions."""


class Zerodha:
    """One account.

    Attributes:
        on_ready: is called once there is another session, and the contracts of its day.

    Args:
        client: the way to the broker.
        contracts: what can be traded, by the broker's names and ours.
        signing_in: brings sessions.
        now_ns: tells market time.
    """

    def __init__(
        self,
        client: Client,
        contracts: Contracts,
        signing_in: Resuming,
        now_ns: Callable[[], int],
    ) -> None:
        self._client = client
        self._contracts = contracts
        self._signing_in = signing_in
        self._now_ns = now_ns
        self._reading, self._signing = asyncio.Lock(), asyncio.Lock()
        self._book: tuple[OrderRecord, ...] = ()
        self._read_ns: int | None = None
        self._read_at_write = 0
        self._asks = self._answered = 0
        self._fills = Fills(client)
        self._statuses = Statuses(client)
        self._shares = Shares(client, contracts.symbol_of)
        self.on_ready: Callable[[], None] | None = None

    async def place(self, approved: Approved) -> Sequence[Answer]:
        """Ask for an order; past its deadline it does not leave, however long a connection takes.

        Raises:
            BrokerUnavailable: nothing left.
            OutcomeUnknown: it may have left, and no whole answer came.
        """
        intent = approved.intent
        try:
            listed = self._listed(intent)
            sent = form_of(approved, listed).request
        except (BrokerMisused, WireGarbled) as error:
            text = f"nothing was sent: {error}"
            return (OrderRefused(intent.intent_id, Refusal.UNSENT, text, self._now_ns()),)
        try:
            in_time = partial(self._in_time, intent)
            reply = await self._client.write(sent, in_time)
        except SessionRefused as error:
            return (OrderRefused(intent.intent_id, Refusal.SESSION, str(error), self._now_ns()),)
        answer = answers.placed(intent.intent_id, reply, self._now_ns())
        if (
            self._client.denies_writes
            and isinstance(answer, OrderRefused)
            and answer.kind is Refusal.SESSION
        ):
            text = f"{answer.text}; {READS_STAND}"  # no log-in mends it: a person
            answer = replace(answer, kind=Refusal.OTHER, text=text)
        return (answer,)

    async def cancel(self, intent_id: str, broker_order_id: str) -> Sequence[Answer]:
        """Ask that an order be taken out of the book.

        Raises:
            BrokerError: no answer came; its class says whether the request left.
        """
        known = next((each for each in self._book if each.order_id == broker_order_id), None)
        variety, parent = (known.variety, known.parent_order_id) if known else (REGULAR, None)
        reply = await self._client.write(cancellation(variety, broker_order_id, parent))
        return (answers.cancelled(intent_id, reply, self._now_ns()),)

    async def log_in(self, generation: int) -> Sequence[LoggedIn | LoginFailed | StepWanted]:
        """Ask for a session; the contracts of the day come with it.

        One log-in waits for the one before: of two at once either would end what the other made,
        and a code would be sent that a session which stands makes needless. Others use the session
        meanwhile, so it may have been refused before this is over: then there is none.

        Raises:
            BrokerError: neither a session nor the lack of one could be shown.
        """
        async with self._signing:
            answer = await self._signing_in.log_in(generation)
        if isinstance(answer, LoggedIn) and not await self._took_up(generation):
            return (LoginFailed(generation, _LOST, self._now_ns()),)
        return (answer,)

    async def find(self, intent_id: str) -> Sequence[Found]:
        """Look an order up by its tag, with the values of its fills.

        Raises:
            BrokerError: the book could not be read, or not all of what may be this order in it,
                which is less than that it is not there.
        """
        book, read_ns = await self._fresh_book()
        ours = [each for each in book if each.client_id == intent_id]
        if not ours:
            return codec.found(intent_id, book, read_ns)
        return await self._fills.told(ours, read_ns)

    async def read(self) -> Sequence[Read]:
        """Read the whole book; before it are told new fills, with values, and the reason of a no.

        Where positions or the shares of earlier days are not known, the book moves around each
        reading of them, or an order goes neither way, what is held cannot be compared: the news of
        the orders is told alone. Where only an order that bears no id of ours cannot be
        understood, the rest is told as a part of the book.

        Raises:
            BrokerError: the orders could not be read, or there is no session.
        """
        await self._contracts.keep_up(self._client, self._now_ns(), _LATE_S)
        lacking = await self._shares.keep_up(self._now_ns())
        book, at_ns, held = await self._with_positions()
        news, priced = await self._fills.news(book, at_ns)
        if isinstance(held, str):
            return (*news, AccountUnread(held, self._now_ns()))
        try:
            account, odd = codec.account(priced, held, self._contracts.symbol_of, at_ns)
        except WireGarbled as error:
            return (*news, AccountUnread(str(error), self._now_ns(), answered=True))
        account = replace(account, unpriced=self._fills.unpriced(at_ns))
        if lacking:
            rest = None if odd else account
            unread = AccountUnread(lacking, self._now_ns(), answered=True, sharesless=rest)
            return (*news, unread)
        account = replace(account, owned=self._shares.beside(account.positions))
        if odd:
            return (*news, AccountUnread(odd, self._now_ns(), partly=account, answered=True))
        return (*news, account)

    async def margin(self, parent: str, legs: Sequence[MarginLeg]) -> Sequence[Counted]:
        """Say what margin legs need beside what is held, and what is free for them.

        Raises:
            BrokerError: the broker does not say, or does not know one of them.
        """
        listed = [(leg, self._contracts.of_symbol(leg.symbol)) for leg in legs]
        at_ns = self._now_ns()
        required_e4 = await self._client.read(questions.basket_margin(listed))
        available_e4 = await self._client.read(questions.funds())
        return (MarginRead(parent, required_e4, available_e4, at_ns),)

    async def quotes(self, symbols: Iterable[str]) -> Mapping[str, Stamped]:
        """Ask for the newest quotes, where no ticker tells them.

        Returns:
            By symbol; what the broker does not list, or has no quote of, is not among them.

        Raises:
            BrokerError: they could not be read.
        """
        listed = [each for symbol in symbols if (each := self._contracts.find(symbol))]
        names = {f"{each.exchange}:{each.name}": each.symbol for each in listed}
        told: dict[str, Stamped] = {}
        for question in market.quotes(tuple(names)):
            for name, quoted in (await self._client.read(question)).items():
                if name in names:
                    told[names[name]] = Stamped(quoted.quote, quoted.at_ns, quoted.traded_ns)
        return told

    async def keep_up(self) -> bool:
        """See to the contracts of the day, and say whether they are there.

        Without a session they come with the next one. Why they do not come is told by themselves.
        """
        if self._client.session is not None:
            with suppress(BrokerError):
                await self._contracts.keep_up(self._client, self._now_ns(), _LATE_S)
        return not self._contracts.objection(self._now_ns())

    async def close(self) -> None:
        """Let go of the broker."""
        await self._contracts.close()
        await self._client.close()

    async def _took_up(self, generation: int) -> bool:
        """Have the contracts of the day, and say whether the session of a log-in stands then.

        Raises:
            BrokerError: the contracts did not come, and there are none of an earlier day.
        """
        self._read_ns = None
        try:
            await self._contracts.keep_up(self._client, self._now_ns(), _LATE_S)
        except SessionRefused:
            return False
        session = self._client.session
        if session is None or session.generation != generation:
            return False
        self._client.use(session)
        if self.on_ready is not None:
            self.on_ready()
        return True

    def _in_time(self, intent: Intent) -> bool:
        return self._now_ns() <= intent.deadline_ns

    def _listed(self, intent: Intent) -> Listed:
        """Return the contract of an order; an entry needs that of its day, in lots of our count.

        Raises:
            BrokerMisused: it is not there, not listed any more, or of other lots.
        """
        now_ns = self._now_ns()
        is_entry = intent.purpose is Purpose.ENTRY
        if is_entry and (objection := self._contracts.objection(now_ns)):
            raise BrokerMisused(objection)
        listed = self._contracts.of_symbol(intent.symbol)
        if is_entry and (objection := self._contracts.objection_to_entry(listed, now_ns)):
            raise BrokerMisused(objection)
        return listed

    async def _fresh_book(self) -> tuple[tuple[OrderRecord, ...], int]:
        """Return the book, read within the last second, and never before the last write."""
        asks = self._asks
        async with self._reading:
            read_ns = self._read_ns
            if read_ns is None or self._read_at_write != self._client.writes:
                return await self._asked_since(asks)
            is_fresh = 0 <= self._now_ns() - read_ns < _FRESH_NS
            return (self._book, read_ns) if is_fresh else await self._asked_since(asks)

    async def _read_book(self) -> tuple[tuple[OrderRecord, ...], int]:
        asks = self._asks
        async with self._reading:
            return await self._asked_since(asks)

    async def _with_positions(
        self,
    ) -> tuple[tuple[OrderRecord, ...], int, tuple[BrokerPosition, ...] | str]:
        """Return the book, the instant of it, and what is held then or why that is not known.

        Raises:
            BrokerError: the book could not be read, or there is no session.
        """
        asked = questions.positions(self._contracts.symbol_of)
        book, at_ns = await self._read_book()
        for _ in range(_READINGS):
            before, before_ns = book, at_ns
            try:
                held = await self._client.read(asked)
                book, at_ns = await self._read_book()
            except SessionRefused:
                raise
            except BrokerError as error:
                return book, at_ns, str(error)
            if _filled(before) == _filled(book):
                return book, before_ns, held
        return book, at_ns, "Zerodha's book moved around each reading of the positions"

    async def _asked_since(self, asks: int) -> tuple[tuple[OrderRecord, ...], int]:
        """Return a book that was asked for after so many others were.

        Who has waited in line for a slow one takes what was asked for meanwhile: if each asked for
        his own, the last would be called off before his came.
        """
        if self._answered > asks and self._read_ns is not None:
            return self._book, self._read_ns
        return await self._ask_for_book()

    async def _ask_for_book(self) -> tuple[tuple[OrderRecord, ...], int]:
        self._asks += 1
        asked, asked_ns, writes = self._asks, self._now_ns(), self._client.writes
        told = await self._client.read(questions.orders())
        book = await self._statuses.told(told)
        self._book, self._read_ns, self._read_at_write = book, asked_ns, writes
        self._answered = asked
        return book, asked_ns


def _filled(book: Iterable[OrderRecord]) -> dict[str, int]:
    return {each.order_id: whole(each.filled_quantity) for each in book if not each.odd}
