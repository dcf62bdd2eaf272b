"""What comes from outside by hand: commands and questions, and what is told in answer.

Whoever asks from outside wraps a question or a command in `Ask`; its actor answers with
`Show(Told(...))` under the same number, after what it records is durable. So a verb is told, and
its reply awaited, without any actor ever waiting.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from daemon.messages.control import Latched, OrderAsked, RequestAnswered, Scope

NOTHING_HELD = "nothing_held"
"""The code where an exit is asked for and nothing is held that it could close."""
UNKNOWN_LEG = "unknown_leg"
"""The code where a leg is meant that its strategy has never had."""
LOOSENS = "loosens"
"""The code where a stop would move away from the market, and nobody said that this is meant."""
BOOK_UNREAD = "book_unread"
"""The same by our own record alone: what the broker shows could not be read."""


class Ask(Struct, frozen=True):
    """A question or a command from outside.

    Attributes:
        number: comes back with the answer.
        about: what is asked or wanted.
    """

    number: int
    about: Any


class Told(Struct, frozen=True):
    """What an actor answers: it is shown once all that it records is durable."""

    number: int
    answer: Any


class Declined(Struct, frozen=True):
    """An answer that says no.

    Attributes:
        code: one word for programs, such as `unknown_strategy` or `halted`.
        sentence: what is wrong and what to do, for a person.
    """

    code: str
    sentence: str


class Done(Struct, frozen=True):
    """A command was carried out.

    Attributes:
        text: what came of it.
        owed: why no order of it leaves yet; empty: it is on its way.
    """

    text: str = ""
    owed: str = ""


class PullLatch(Struct, frozen=True):
    """To a router: stop the entries of this scope; where it is a kill, flatten it."""

    latched: Latched


class ReleaseLatch(Struct, frozen=True):
    """To a router: a person has released a latch."""

    latch_id: str
    by: str


class CancelAll(Struct, frozen=True):
    """To a router: take every working order of a scope out of the broker's book."""

    scope: Scope
    id: str
    by: str


class EndWait(Struct, frozen=True):
    """To a router: an entry of a strategy waits no longer, for its time of entry is over."""

    strategy_id: str
    because: str


class PlaceByHand(Struct, frozen=True):
    """To a router: send one order; `dry_run` passes every gate and sends nothing."""

    asked: OrderAsked
    dry_run: bool = False


class NoteCredentials(Struct, frozen=True):
    """To a session keeper: credentials of its account were put into the vault."""

    fields: tuple[str, ...]
    by: str


class TakeStep(Struct, frozen=True):
    """To a session keeper: a person brought what its broker wants; it lies in the vault."""

    by: str


class CancelByHand(Struct, frozen=True):
    """To a router: take one order out of the broker's book."""

    intent_id: str
    by: str


class ExitByHand(Struct, frozen=True):
    """To a router: close a position of a strategy, or part of it.

    Attributes:
        strategy_id: whose.
        leg_id: of which leg; empty: all.
        lots: how many of them; 0: all.
        by: who wants it.
        reason: why; empty: that was not said.
    """

    strategy_id: str
    leg_id: str
    lots: int
    by: str
    reason: str = ""


class AdjustByHand(Struct, frozen=True):
    """To the watchdog: move a stop.

    Attributes:
        strategy_id: whose.
        leg_id: of which leg, a price; empty: of each open entry as a whole, an amount of loss.
        stop_e4: where it shall stand, above zero.
        loosen: it may move away from the market too.
        by: who wants it.
    """

    strategy_id: str
    leg_id: str
    stop_e4: int
    loosen: bool
    by: str


class TakeEntries(Struct, frozen=True):
    """To a runner: take entries from here on."""

    by: str


class TakeNoEntries(Struct, frozen=True):
    """To a runner: take no more entries."""

    by: str


class SeeOrders(Struct, frozen=True):
    """To a router: the day's orders and those still open, a tuple of `Order`, oldest first."""


class SeeAccount(Struct, frozen=True):
    """To a router: `AccountSeen`."""


class SeeKill(Struct, frozen=True):
    """To a router: how far a kill has come, `KillStaged`; `Declined` where there is none such."""

    latch_id: str


class SeeRisk(Struct, frozen=True):
    """To the watchdog: `RiskSeen`."""


class SeePrice(Struct, frozen=True):
    """To the broadcaster: the newest price of a symbol, `PriceSeen`, or `Declined`."""

    symbol: str


class SeeStrategy(Struct, frozen=True):
    """To a runner: `StrategySeen`."""


class SeeOpen(Struct, frozen=True):
    """To a router: what of a strategy is open, on its way or owed, a sentence each; else none."""

    strategy_id: str


class DeclareStrategy(Struct, frozen=True):
    """To the register: there shall be one more strategy; `Done` once that is durable.

    Attributes:
        strategy_id: which.
        declaration: the plan as JSON; it was judged.
        by: who wants it.
    """

    strategy_id: str
    declaration: str
    by: str


class ChangeStrategy(Struct, frozen=True):
    """To the register: a declared strategy, with nothing open, shall be this one from here on."""

    strategy_id: str
    declaration: str
    by: str


class RemoveStrategy(Struct, frozen=True):
    """To the register: a declared strategy, with nothing open, shall be there no more."""

    strategy_id: str
    by: str


class JudgeChange(Struct, frozen=True):
    """To the register: may this strategy be changed or removed over HTTP? `Done` or `Declined`."""

    strategy_id: str


class SeeDeclaration(Struct, frozen=True):
    """To the register: `DeclarationSeen`, or `Declined`."""

    strategy_id: str


class TellRisk(Struct, frozen=True):
    """To the watchdog, from an actor: tell me `RiskSeen`."""

    to: str


class Beat(Struct, frozen=True):
    """To the broadcaster, at the pace of whoever watches: show `PnlFrame` if anything has changed.

    Attributes:
        force: show one even where nothing has.
    """

    force: bool = False


class ClaimRequest(Struct, frozen=True):
    """To the clerk: may this request act? `Done`: yes; `RequestAnswered`: it has, and how.

    While the same request is under way its answer is awaited; `Declined` where the id was used for
    another one, or where a stop of the daemon cut it off.

    Attributes:
        request_id: as the caller gave it.
        digest: of who asks, the method, the address and the body.
        host_ns: wall time.
        once: it is recorded before it acts, so that it never acts twice.
    """

    request_id: str
    digest: str
    host_ns: int
    once: bool


class FinishRequest(Struct, frozen=True):
    """To the clerk: a claimed request is answered so; it comes back once that is durable."""

    answered: RequestAnswered


class AbandonRequest(Struct, frozen=True):
    """To the clerk: a claimed request has no answer that could be repeated."""

    request_id: str
