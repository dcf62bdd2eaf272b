"""The exchange on paper: takes orders, matches them against frames, answers as a real one would.

It is synchronous and has no clock, randomness or I/O of its own but its file: every call carries
the instant it happens at, so equal calls give equal books. It keeps its own book and never sees
ours: what we believe and what it says are two witnesses. Client ids identify nothing here; a
request sent twice is two orders, which is how a test proves that we never send one twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Self

import msgspec

from daemon.domain.market.frames import Frame
from daemon.domain.market.instruments import Instrument, Kind
from daemon.errors import BrokerMisused
from daemon.twin.admission import Admission, drafted, rejected
from daemon.twin.book import Pocket, opposite
from daemon.twin.faults import Call, Fault, FaultKind
from daemon.twin.file import Arrival, NoFile, TwinFile
from daemon.twin.floor import Terms
from daemon.twin.matching import PENDING_FRAMES
from daemon.twin.words import (
    Accepted,
    CancelAnswer,
    Cancelled,
    Change,
    Event,
    FinalPrice,
    Modified,
    ModifyAnswer,
    NoAnswer,
    PlaceAnswer,
    Reason,
    Refused,
    Status,
    Trade,
    TwinOrder,
)

_SILENCE = "no answer in time"
_BY_PLAN = "refused by the plan of faults"


class Exchange(Admission):
    """An account at the exchange on paper; reading is in `Statements`.

    What a request did at once (its report, its trades) is told by the next `advance` or
    `on_frame`, as reports of a real exchange follow its answer.
    """

    @classmethod
    def open(cls, terms: Terms, file: TwinFile | None = None) -> Self:
        """Open an account, taking in what its file holds.

        Args:
            terms: what a new account begins with.
            file: where it is kept; None: nowhere.

        Raises:
            StoreError: the file cannot be read, or holds a contract that no rule knows.
        """
        return cls(terms, NoFile() if file is None else file)

    def prime(self, frames: Sequence[Frame], shown_ns: int = 0) -> None:
        """Show an account that was just opened the newest quotes, as it would have kept them.

        Nothing is matched by it and no time passes; what was traded at a quote is no longer on
        offer there.

        Args:
            frames: each symbol's newest quote in a frame of its instant, the oldest first.
            shown_ns: when the account's owner is shown all of them in one frame: what he decides
                on it may match them; 0: he is not.
        """
        self._quotes.prime(frames, self._book.trades, shown_ns)

    def link(self, *, alive: bool) -> None:
        """Take that whatever brings frames has died, or lives again.

        What was quoted before is nobody's price any more: it says what bands lie around and what
        a contract was worth, and nothing trades at it. While the link is dead, prices that are
        asked for tell of a part of the market, and only what the newest frame bears is of now.
        """
        self._quotes.merge()
        self._since_ns, self._silent = self._quotes.at_ns + 1, not alive

    def on_frame(self, frame: Frame, now_ns: int) -> list[Event]:
        """Take a frame, fill what it allows, and return what has happened since the last time."""
        pending = self._quotes.pending
        pending.append(frame)
        if self._idle:
            if len(pending) >= PENDING_FRAMES:
                self._read_quotes()
                self._commit()
            return []
        self._turn(now_ns)
        newest = frame.at_ns == self._quotes.at_ns
        for symbol in self._book.symbols():
            self._match(symbol, ranged=newest and symbol in frame.quotes)
        return self._finish()

    def advance(self, now_ns: int) -> list[Event]:
        """Let time pass without a frame, and return what has happened since the last time."""
        self._turn(now_ns)
        return self._finish()

    def place(self, request: TwinOrder, now_ns: int) -> PlaceAnswer:
        """Take a request to trade; it may be filled by the newest frame at once."""
        self._turn(now_ns)
        at_ns = self._arrival_ns()
        answer = self._placed(request, at_ns, self._strike(Call.PLACE))
        self._commit()
        return answer

    def modify(self, order_id: str, change: Change, now_ns: int) -> ModifyAnswer:
        """Alter a working order; a new price or a larger quantity loses its turn."""
        self._turn(now_ns)
        at_ns = self._arrival_ns()
        fault = self._strike(Call.MODIFY)
        kind = fault.kind if fault is not None else None
        answer: ModifyAnswer = NoAnswer(_SILENCE, at_ns)
        if fault is not None and kind == FaultKind.REFUSE:
            answer = Refused(fault.reason, _BY_PLAN, at_ns)
        elif kind != FaultKind.LOSE:
            heard = self._modified(order_id, change, at_ns)
            answer = answer if kind == FaultKind.NO_ANSWER else heard
        self._commit()
        return answer

    def cancel(self, order_id: str, now_ns: int) -> CancelAnswer:
        """Take the rest of a working order out of the book."""
        self._turn(now_ns)
        at_ns = self._arrival_ns()
        fault = self._strike(Call.CANCEL)
        kind = fault.kind if fault is not None else None
        answer: CancelAnswer = NoAnswer(_SILENCE, at_ns)
        if fault is not None and kind == FaultKind.REFUSE:
            answer = Refused(fault.reason, _BY_PLAN, at_ns)
        elif kind != FaultKind.LOSE:
            resting = kind == FaultKind.FILL_AFTER_CANCEL
            heard = self._cancelled(order_id, at_ns, resting=resting)
            answer = answer if kind == FaultKind.NO_ANSWER else heard
        self._commit()
        return answer

    def settle(self, day: date, values_e4: Mapping[str, int], now_ns: int) -> list[Event]:
        """Settle what expired on a day against the settlement values, and return what happened.

        Args:
            day: the expiry day; contracts of another day are left alone.
            values_e4: by underlying; a contract whose underlying is absent stays open.
            now_ns: after the close of its session.

        Raises:
            BrokerMisused: a contract to settle still trades.
        """
        self._turn(now_ns)
        expired = [each for each in self.expiring(day) if each.underlying in values_e4]
        for contract in expired:
            if self._rules.is_open(contract, self._clock_ns):
                raise BrokerMisused(f"{contract.symbol} still trades; settle it after the close")
        for contract in expired:
            self._lapse(self._book.resting(contract.symbol))
            self._settled(contract, values_e4[contract.underlying])
        return self._finish()

    def close(self) -> None:
        """Let go of the file; the account is as it was left when it is opened again."""
        self._file.close()

    def _turn(self, now_ns: int) -> None:
        """Move the clock on and let requests land that were on their way."""
        self._set_clock(now_ns)
        due = [arrival for arrival in self._arrivals.values() if arrival.due_ns <= self._clock_ns]
        for arrival in sorted(due, key=lambda arrival: (arrival.due_ns, arrival.number)):
            del self._arrivals[arrival.number]
            self._landed.append(arrival.number)
            self._admit_unheard(arrival.request, arrival.due_ns)

    def _finish(self) -> list[Event]:
        events = self._drain()
        self._commit()
        return events

    def _placed(self, request: TwinOrder, at_ns: int, fault: Fault | None) -> PlaceAnswer:
        if fault is None:
            return self._admit(request, at_ns)
        if fault.kind == FaultKind.REFUSE:
            return Refused(fault.reason, _BY_PLAN, at_ns)
        if fault.kind == FaultKind.REJECT_LATER:
            return self._admit_to_reject(request, at_ns, fault.reason)
        if fault.kind == FaultKind.NO_ANSWER:
            self._admit_unheard(request, at_ns)
        elif fault.kind == FaultKind.LATE:
            arrival = Arrival(at_ns + fault.delay_ns, self._count("arrival"), request)
            self._arrivals[arrival.number] = arrival
            self._sent.append(arrival)
        return NoAnswer(_SILENCE, at_ns)

    def _admit(self, request: TwinOrder, at_ns: int) -> Accepted | Refused:
        """Check a request and let it into the book."""
        draft = drafted(request, at_ns)
        checked = self._checked(draft)
        if isinstance(checked, tuple):
            return Refused(*checked, at_ns)
        order = self._numbered(checked)
        self._report(order)
        self._match(order.symbol, ranged=False)
        return Accepted(order.order_id, at_ns)

    def _admit_unheard(self, request: TwinOrder, at_ns: int) -> None:
        """Take a request whose sender hears nothing; a refusal is left in the book as evidence."""
        answer = self._admit(request, at_ns)
        if isinstance(answer, Refused):
            order = self._numbered(drafted(request, at_ns))
            self._report(rejected(order, answer.reason, answer.text))

    def _admit_to_reject(self, request: TwinOrder, at_ns: int, reason: Reason) -> PlaceAnswer:
        """Accept a request and reject it by the report that follows."""
        checked = self._checked(drafted(request, at_ns))
        if isinstance(checked, tuple):
            return Refused(*checked, at_ns)
        order = self._numbered(checked)
        self._report(order)
        self._report(rejected(order, reason, "rejected by the plan of faults"))
        return Accepted(order.order_id, at_ns)

    def _modified(self, order_id: str, change: Change, at_ns: int) -> Modified | Refused:
        changed = self._changed(order_id, change, at_ns)
        if isinstance(changed, tuple):
            return Refused(*changed, at_ns)
        self._report(changed)
        self._match(changed.symbol, ranged=False)
        return Modified(order_id, at_ns)

    def _cancelled(self, order_id: str, at_ns: int, *, resting: bool) -> Cancelled | Refused:
        order = self._standing(order_id)
        if isinstance(order, tuple):
            return Refused(*order, at_ns)
        self._report(
            msgspec.structs.replace(
                order, status=Status.CANCELLED, resting=resting, at_ns=at_ns, text="cancelled"
            )
        )
        return Cancelled(order_id, order.filled_quantity, at_ns)

    def _settled(self, contract: Instrument, value_e4: int) -> None:
        """Close what is held of an expired contract at its settlement price, or tell the price."""
        price_e4 = settlement_price(contract, value_e4)
        for pocket in [each for each in self._book.unsettled if each[0] == contract.symbol]:
            self._close(pocket, price_e4)

    def _close(self, pocket: Pocket, price_e4: int) -> None:
        symbol, product = pocket
        position = self._book.positions.get(pocket)
        if position is None or position.net_quantity == 0:
            self._outbox.append(FinalPrice(symbol, price_e4, self._clock_ns, product))
            del self._book.unsettled[pocket]
            return
        self._trade(
            Trade(
                trade_id=self._trade_id(),
                order_id="",
                client_id="",
                symbol=symbol,
                side=opposite(position.net_quantity),
                quantity=abs(position.net_quantity),
                price_e4=price_e4,
                at_ns=self._clock_ns,
                settlement=True,
                product=product,
            )
        )


def settlement_price(contract: Instrument, value_e4: int) -> int:
    """Return what a unit of a contract is worth at the settlement value of its underlying."""
    if contract.kind == Kind.CALL:
        return max(0, value_e4 - contract.strike_e4)
    if contract.kind == Kind.PUT:
        return max(0, contract.strike_e4 - value_e4)
    return value_e4
