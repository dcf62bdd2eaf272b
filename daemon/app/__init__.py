"""The composition root: every actor and every port, wired once for each world."""

from daemon.app.wiring import Account, App, Past, Run, account_of, build

__all__ = ["Account", "App", "Past", "Run", "account_of", "build"]
