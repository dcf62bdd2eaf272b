"""The order router: the only one that writes to its account's broker.

It owns the account's orders, positions, baskets, exits owed and message budget. `desk` is that
state, a fold of the facts; `entries`, `exits` and `lookups` decide; `sending` passes every order
through the gate; `router` is the actor.
"""

from daemon.actors.order_router.desk import HEARS
from daemon.actors.order_router.loose import LOOSE
from daemon.actors.order_router.router import OrderRouter
from daemon.actors.order_router.terms import Terms

__all__ = ["HEARS", "LOOSE", "OrderRouter", "Terms"]
