"""The order router: the only one that writes to its account's broker.

It owns the account's orders, positions, baskets, exits owed and message budget. Four rooms, each
standing on those before it: `known` is its state, a fold of the facts; `broker` asks and reads the
broker's book; `opening` works entries; `closing` works exits and may end entries. Here stands what
needs several of them, and `router`, the actor.
"""

from daemon.actors.order_router.known.desk import HEARS
from daemon.actors.order_router.known.terms import Terms
from daemon.actors.order_router.router import OrderRouter

__all__ = ["HEARS", "OrderRouter", "Terms"]
