"""What is recorded of what a person did, and of what came of it.

Where `account` may be empty it is the mark of the account that took the fact on, see `cells`.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from daemon.domain.orders.kill import Stage
from daemon.domain.orders.words import OrderType, Pocket, Product, Side
from daemon.messages.beats import HeldBy
from daemon.runtime.breaker import Phase


class Scope(StrEnum):
    """How far a word of a person reaches."""

    ALL = "all"
    ACCOUNT = "account"
    STRATEGY = "strategy"


class LatchKind(StrEnum):
    """What a latch does: both stop entries until they are released; a kill closes as well."""

    PAUSE = "pause"
    KILL = "kill"


class Latched(Struct, frozen=True, tag=True):
    """Entries of a scope are stopped until a person releases this; a kill also closes it.

    Attributes:
        latch_id: repeated by whoever releases it.
        kind: pause or kill.
        scope: how far it reaches.
        id: of the account or strategy; empty for all.
        reason: why, in the words of whoever pulled it.
        by: who.
        at_ns: the market instant.
        unwritten: the disk refused its file; it stands in the record alone.
    """

    latch_id: str
    kind: LatchKind
    scope: Scope
    id: str
    reason: str
    by: str
    at_ns: int
    account: str = ""
    unwritten: bool = False


class Released(Struct, frozen=True, tag=True):
    """A latch was released by a person."""

    latch_id: str
    by: str
    at_ns: int
    account: str = ""


class KillStaged(Struct, frozen=True, tag=True):
    """A kill went on, or back, to a stage.

    Attributes:
        latch_id: which kill.
        stage: where it stands now.
        left: what is still open or working, a sentence each; when flat, what is carried by our book
            and the broker shows nowhere.
        attempts: how often its closing began anew because more was found.
        at_ns: the market instant.
    """

    latch_id: str
    stage: Stage
    left: tuple[str, ...]
    attempts: int
    at_ns: int
    account: str = ""


class StrategyStarted(Struct, frozen=True, tag=True):
    """A strategy takes entries from here on."""

    strategy_id: str
    by: str
    at_ns: int


class StrategyStopped(Struct, frozen=True, tag=True):
    """A strategy takes no more entries; what it holds stays guarded.

    Attributes:
        strategy_id: which.
        by: who stopped it; `ordo` where no person did.
        at_ns: the market instant.
        because: why, where no person did.
    """

    strategy_id: str
    by: str
    at_ns: int
    because: str = ""


class BreakerMoved(Struct, frozen=True, tag=True):
    """Calls to a broker failed in a row, or get through again; exits leave all the same.

    Attributes:
        account: whose calls.
        phase: what is believed of the link to the broker.
        at_ns: the market instant.
    """

    account: str
    phase: Phase
    at_ns: int


class StrategyDeclared(Struct, frozen=True, tag=True):
    """A strategy is there, or is another one under its id: so it is written from here on.

    It takes no entries until somebody starts it, whatever was said of its id before.

    Attributes:
        strategy_id: which.
        declaration: the plan as JSON.
        by: who declared or changed it.
        at_ns: the market instant.
    """

    strategy_id: str
    declaration: str
    by: str
    at_ns: int


class StrategyRemoved(Struct, frozen=True, tag=True):
    """A declared strategy is there no more."""

    strategy_id: str
    by: str
    at_ns: int


class OrderAsked(Struct, frozen=True, tag=True):
    """A person or a program asked for one order.

    Attributes:
        request_id: under which it is asked for once and never again.
        account: in which.
        symbol: of what.
        side: which way.
        quantity: units.
        order_type: how it is priced.
        price_e4: the limit; 0 where the order names none.
        trigger_e4: of a stop order; 0: none.
        tag: the caller's own word for it.
        by: who asked.
        at_ns: the market instant.
        product: how it is held; None: as what it closes, else left on the same day.
    """

    request_id: str
    account: str
    symbol: str
    side: Side
    quantity: int
    order_type: OrderType
    price_e4: int
    trigger_e4: int
    tag: str
    by: str
    at_ns: int
    product: Product | None = None


class RequestBegun(Struct, frozen=True, tag=True):
    """A write is about to act; without an answer after it, nobody knows how far it came.

    Attributes:
        request_id: as the caller gave it.
        digest: of who asked, the method, the address and the body.
        host_ns: wall time, by which it is forgotten after a day.
    """

    request_id: str
    digest: str
    host_ns: int


class RequestAnswered(Struct, frozen=True, tag=True):
    """A write was answered: under its id it is answered with these bytes again, and not done again.

    Attributes:
        request_id: as the caller gave it.
        digest: of who asked, the method, the address and the body that came under it.
        status: of the answer.
        body: of the answer.
        host_ns: wall time, by which it is forgotten after a day.
        again: it was refused for now, and nothing was done: a repeat acts.
    """

    request_id: str
    digest: str
    status: int
    body: str
    host_ns: int
    again: bool = False


class BooksDiffer(Struct, frozen=True, tag=True):
    """The broker shows another position than ours: no entry in it until the two agree.

    Attributes:
        account: whose.
        symbol: in what.
        ours: units by our book; below zero short.
        theirs: units by the broker's.
        at_ns: the market instant.
        product: in which product of it; the other may agree.
    """

    account: str
    symbol: str
    ours: int
    theirs: int
    at_ns: int
    product: Product = Product.INTRADAY

    @property
    def pocket(self) -> Pocket:
        """Where it is."""
        return Pocket(self.symbol, self.product)


class BooksAgree(Struct, frozen=True, tag=True):
    """The broker's position in a symbol, held in one product, is ours again."""

    account: str
    symbol: str
    at_ns: int
    product: Product = Product.INTRADAY

    @property
    def pocket(self) -> Pocket:
        """Where it is."""
        return Pocket(self.symbol, self.product)


class BookRead(Struct, frozen=True, tag=True):
    """The broker's whole book was read; by the newest of these a start knows what was read before.

    It stands only where that one would have a start know less, or it is the first of a day.

    Attributes:
        account: whose.
        at_ns: the market instant at which the broker showed it.
        beside: where readings have long shown its position above ours: the symbol, in which product
            of it, and by how many units; below zero beneath.
    """

    account: str
    at_ns: int
    beside: tuple[tuple[str, Product, int], ...] = ()


class SessionReady(Struct, frozen=True, tag=True):
    """The broker session of an account can be used.

    Attributes:
        account: whose.
        generation: rises with each log-in; who met a refusal names the one that he used.
        at_ns: the market instant.
    """

    account: str
    generation: int
    at_ns: int


class CredentialsKept(Struct, frozen=True, tag=True):
    """A person put credentials of an account into the vault; what they are stands nowhere else.

    Attributes:
        account: whose.
        fields: which of them.
        by: who.
        at_ns: the market instant.
    """

    account: str
    fields: tuple[str, ...]
    by: str
    at_ns: int


class EntriesHeld(Struct, frozen=True, tag=True):
    """Nothing is entered in the account while something of the machine's own is not in order.

    Attributes:
        account: whose.
        by: what holds them; it lets go by itself, and a restart forgets it.
        because: what is not in order.
        at_ns: the market instant.
    """

    account: str
    by: HeldBy
    because: str
    at_ns: int


class EntriesFreed(Struct, frozen=True, tag=True):
    """What held the entries of an account has passed."""

    account: str
    by: HeldBy
    at_ns: int


ControlFact = (
    Latched
    | Released
    | KillStaged
    | StrategyStarted
    | StrategyStopped
    | StrategyDeclared
    | StrategyRemoved
    | OrderAsked
    | RequestBegun
    | RequestAnswered
    | BooksDiffer
    | BooksAgree
    | BookRead
    | SessionReady
    | CredentialsKept
    | EntriesHeld
    | EntriesFreed
    | BreakerMoved
)
