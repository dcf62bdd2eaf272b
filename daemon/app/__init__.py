"""The composition root: every actor and every port, wired once for each world."""

from daemon.app.accounts import Account, account_of, accounts_of
from daemon.app.runs import Past, Run
from daemon.app.wiring import App, build

__all__ = ["Account", "App", "Past", "Run", "account_of", "accounts_of", "build"]
