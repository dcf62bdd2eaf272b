"""The composition root: every actor and every port, wired once for each world.

`machine` is what a daemon uses of its host, `at_brokers` its accounts, `given` what one run plays
and wires; `watching` looks after it, and `shown` is what others see of it. `service` runs them all.
"""

from daemon.app.at_brokers.accounts import Account, account_of, accounts_of
from daemon.app.given.runs import Past, Run
from daemon.app.given.wiring import App, build

__all__ = ["Account", "App", "Past", "Run", "account_of", "accounts_of", "build"]
