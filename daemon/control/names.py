"""Who there is to talk to, the strategies that come and go included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from daemon.domain.orders.arming import Mode
from daemon.messages import Scope
from daemon.messages.modes import ON_PAPER

_AT_HOME = "watchdog"
_FILES = (
    "files are read at the start: those in the folders of [strategies] paths, and those that "
    "[strategies] autostart or `ordo run --strategy` names"
)


class Names:
    """Who there is to talk to.

    Args:
        state_dir: where the latches are kept.
        routers: the address of each account's router, by account.
        strategies: the address of each strategy's runner, by strategy.
        accounts: the accounts of each strategy, those without a runner included.
        watchdogs: the address of each account's watchdog, by account; of others `watchdog`, as it
            is of the account whose facts carry no mark.

    Attributes:
        state_dir: as given.
        sessions: the accounts that log in; there may be one in which nobody trades.
        modes: whose money each account trades with.
        routers: as given.
        left_out: why a strategy that is there does not run, and what to do, by its id.
        strategies: the address of each strategy's runner, as it stands at the moment.
        accounts: the accounts that each strategy trades in, or one that has gone has traded in.
        places: those and the ones that it traded in before a change: something of it may last.
        broadcaster: its address.
        register: its address.
        keeper: the address of the keeper of alerts.
    """

    broadcaster = "pnl_broadcaster"
    register = "strategy_register"
    keeper = "alert_keeper"

    def __init__(
        self,
        state_dir: Path,
        routers: Mapping[str, str],
        strategies: Mapping[str, str],
        accounts: Mapping[str, tuple[str, ...]],
        watchdogs: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._strategies = dict(strategies)
        self._accounts = dict(accounts)
        self._places = dict(accounts)
        self.state_dir = state_dir
        self.routers = routers
        self._watchdogs = watchdogs
        self.sessions = tuple(routers)
        self.modes = ON_PAPER
        self.left_out: Mapping[str, str] = {}
        self.strategies: Mapping[str, str] = MappingProxyType(self._strategies)
        self.accounts: Mapping[str, tuple[str, ...]] = MappingProxyType(self._accounts)
        self.places: Mapping[str, tuple[str, ...]] = MappingProxyType(self._places)

    def watchdog(self, account: str) -> str:
        """Return the address of an account's watchdog."""
        return self._watchdogs.get(account, _AT_HOME)

    def session_keeper(self, account: str) -> str:
        """Return the address of an account's session keeper."""
        return f"session_keeper:{account}"

    def marked(self, mark: str) -> str:
        """Return the account that a mark stands for."""
        if mark:
            return mark
        return next((each for each in self.routers if self.watchdog(each) == _AT_HOME), "")

    def mode(self, scope: Scope, name: str) -> Mode:
        """Return whose money a scope is about; what nobody knows has the word of all."""
        if scope is Scope.STRATEGY:
            strategy_id, _, account = name.partition("@")
            there = self.places.get(strategy_id, ())
            return self.modes.of_all((account,) if account in there else there)
        return self.modes.of(name) if scope is Scope.ACCOUNT else self.modes.whole

    def unknown(self, strategy_id: str) -> str:
        """Return why there is no runner of a strategy, and what to do."""
        if strategy_id in self.left_out:
            return self.left_out[strategy_id]
        there = f"there are: {', '.join(self.strategies)}" if self.strategies else "none runs here"
        return f"no strategy {strategy_id}; {there}; {_FILES}"

    def reach(self, strategy_id: str, accounts: Iterable[str]) -> None:
        """Know where a strategy has traded before: something of it may last there."""
        known = self._places.get(strategy_id, ())
        there = (account for account in accounts if account in self.routers)
        self._places[strategy_id] = tuple(dict.fromkeys((*known, *there)))

    def come(self, strategy_id: str, runner: str, accounts: tuple[str, ...]) -> None:
        """Know a strategy from here on; what it has left where it traded before stays its own."""
        before = self._places.get(strategy_id, ())
        self._strategies[strategy_id] = runner
        self._accounts[strategy_id] = accounts
        self._places[strategy_id] = tuple(dict.fromkeys((*accounts, *before)))

    def go(self, strategy_id: str) -> None:
        """Talk to the runner of a strategy no more."""
        del self._strategies[strategy_id]
