"""Accounts: each with all that it trades under, and by which names its actors are reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from daemon.actors.order_router import Terms
from daemon.domain.instants import MILLISECOND_NS
from daemon.domain.orders.arming import PAPER
from daemon.domain.orders.words import OrderFact
from daemon.domain.plans.schema import Plan
from daemon.domain.risk.account import AccountLimits
from daemon.errors import SettingsError
from daemon.messages import BasketOpened, CodeLoaded
from daemon.messages.cells import Cell, home_of
from daemon.messages.strays import strays
from daemon.runtime.budget import Window
from daemon.settings import Account as AccountSettings
from daemon.settings import (
    Settings,
    StalePolicy,
    account_limits,
    breaker,
    ladder,
    limits,
    storms,
    windows,
)
from daemon.settings.live import PRICES
from daemon.twin.faults import Faults
from daemon.twin.latency import Latency

_US_IN_MS = 1_000


class Account(Struct, frozen=True):
    """One account and everything that it trades under.

    Attributes:
        terms: limits, ladder, strictness.
        cash_e4: what a paper account begins with.
        limits: of its day.
        windows: of its message budget.
        latency: of its exchange twin.
        interval_ns: of its feed, where configured; 0: learnt.
        owner: whose it is; every record carries it.
        lots_multiplier: how many times the lots of a strategy are traded in it.
        faults: what goes wrong at its exchange by plan.
        timeout_ms: how long its broker may take to answer.
        headless_login: it logs in without a person, by what the vault holds.
    """

    terms: Terms
    cash_e4: int
    limits: AccountLimits
    windows: tuple[Window, ...]
    latency: Latency
    interval_ns: int = 0
    owner: str = "owner"
    lots_multiplier: int = 1
    faults: Faults = Faults()
    timeout_ms: int = 8_000
    headless_login: bool = False

    @property
    def id(self) -> str:
        """Its id."""
        return self.terms.account

    @property
    def broker(self) -> str:
        """The canonical id of its broker."""
        return self.terms.broker.partition(":")[0]

    @property
    def router(self) -> str:
        """The address of its router."""
        return f"router:{self.id}"


def watchdog_of(cell: Cell) -> str:
    """Return the address of an account's watchdog; that of the home account bears no name."""
    return f"watchdog:{cell.mark}" if cell.mark else "watchdog"


def accounts_of(settings: Settings, *, strict: bool) -> tuple[Account, ...]:
    """Return every account of the settings, in their order.

    Args:
        settings: the accounts.
        strict: refuse contracts whose tables are not certain; false only where days are replayed.
    """
    return tuple(_account(settings, account, strict=strict) for account in settings.accounts)


def prices_of(settings: Settings) -> Account | None:
    """Return the account that prices come through and nobody trades in; None: there is none."""
    broker = settings.feed.broker
    if broker is None:
        return None
    owner = settings.accounts[0].owner
    return _account(settings, AccountSettings(id=PRICES, broker=broker, owner=owner), strict=True)


def logins(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return every account that may have to log in, with the canonical id of its broker."""
    traded = tuple((each.id, each.broker) for each in settings.accounts)
    return (*traded, (PRICES, settings.feed.broker)) if settings.feed.broker else traded


def account_of(settings: Settings, plan: Plan, *, strict: bool) -> Account:
    """Return the account that a strategy trades in first, as it would trade on paper.

    Args:
        settings: the accounts.
        plan: the strategy; it trades in the first account where it names none.
        strict: refuse contracts whose tables are not certain; false only where days are replayed.

    Raises:
        SettingsError: the strategy names an account that is not there.
    """
    account = traded_in(plan, accounts_of(settings, strict=strict))[0]
    return replace(
        account, terms=replace(account.terms, broker=f"{PAPER}:{account.id}", live=False)
    )


def traded_in(plan: Plan, accounts: Collection[Account]) -> tuple[Account, ...]:
    """Return the accounts that a strategy trades in: those it names, else the first.

    Raises:
        SettingsError: it names one that is not there.
    """
    known = {account.id: account for account in accounts}
    names = plan.accounts or tuple(known)[:1]
    for name in names:
        if name not in known:
            there = ", ".join(known)
            raise SettingsError(
                f"strategy {plan.id} trades in account {name}; the settings have {there}",
                "unknown_account",
            )
    return tuple(known[name] for name in names)


def home(facts: Iterable[object], accounts: Collection[Account]) -> str:
    """Return the account that the records began with.

    Raises:
        SettingsError: they have something open in an account that is not there, or is at another
            broker by now.
    """
    telling = OrderFact | BasketOpened | CodeLoaded
    recorded = tuple(fact for fact in facts if isinstance(fact, telling))
    there = [account.id for account in accounts]
    for account, sentence in strays(recorded, accounts).items():
        if account in there:
            raise SettingsError(sentence)
        raise SettingsError(sentence, "unknown_account")
    return home_of(recorded, there[0])


def _account(settings: Settings, account: AccountSettings, *, strict: bool) -> Account:
    broker = settings.brokers[account.broker]
    repeats, refusals = storms(settings)
    return Account(
        terms=Terms(
            account=account.id,
            broker=f"{account.broker}:{account.id}",
            limits=limits(settings, account),
            ladder=ladder(settings),
            asks_margin=True,
            repeats=repeats,
            refusals=refusals,
            breaker=breaker(settings, account.broker),
            silence_ns=settings.risk.stale_after_ms * MILLISECOND_NS,
            leaves_in_silence=settings.risk.stale_policy is StalePolicy.FLATTEN,
            live=account.broker != PAPER,
            strict=strict,
        ),
        cash_e4=account.cash_e4,
        limits=account_limits(account),
        windows=windows(settings, account),
        latency=Latency(
            settings.feed.seed, broker.latency_ms * _US_IN_MS, broker.jitter_ms * _US_IN_MS
        ),
        interval_ns=settings.feed.interval_ms * MILLISECOND_NS,
        owner=account.owner,
        lots_multiplier=account.lots_multiplier,
        timeout_ms=broker.timeout_ms,
        headless_login=account.headless_login,
    )
