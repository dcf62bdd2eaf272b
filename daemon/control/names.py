"""Who there is to talk to, the strategies that come and go included."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType


class Names:
    """Who there is to talk to.

    Args:
        state_dir: where the latches are kept.
        routers: the address of each account's router, by account.
        strategies: the address of each strategy's runner, by strategy.
        accounts: the account of each strategy, those without a runner included.

    Attributes:
        state_dir: as given.
        routers: as given.
        strategies: the address of each strategy's runner, as it stands at the moment.
        accounts: the account of each strategy, of one that has gone too: something of it may last.
        watchdog: its address.
        broadcaster: its address.
        register: its address.
    """

    watchdog = "watchdog"
    broadcaster = "pnl_broadcaster"
    register = "strategy_register"

    def __init__(
        self,
        state_dir: Path,
        routers: Mapping[str, str],
        strategies: Mapping[str, str],
        accounts: Mapping[str, str],
    ) -> None:
        self._strategies = dict(strategies)
        self._accounts = dict(accounts)
        self.state_dir = state_dir
        self.routers = routers
        self.strategies: Mapping[str, str] = MappingProxyType(self._strategies)
        self.accounts: Mapping[str, str] = MappingProxyType(self._accounts)

    def come(self, strategy_id: str, runner: str, account: str) -> None:
        """Know a strategy from here on."""
        self._strategies[strategy_id] = runner
        self._accounts[strategy_id] = account

    def go(self, strategy_id: str) -> None:
        """Talk to the runner of a strategy no more."""
        del self._strategies[strategy_id]
