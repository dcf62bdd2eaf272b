"""`[brokers.ID]`: what a broker is called with, and how often."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar

from daemon.domain.instants import MILLISECOND_NS
from daemon.runtime.breaker import BreakerPolicy
from daemon.settings.brokers import BUILT
from daemon.settings.kinds import Translated, Whole
from daemon.settings.live import ADDRESS, address, family_of
from daemon.settings.roots import ADDRESS_URL, API_ROOT, WS_ROOT, address_url, api_root, ws_root
from daemon.settings.tables import Rule, Table

_BREAKER = BreakerPolicy()


class Broker(Table, frozen=True):
    """`[brokers.ID]`: how often a broker is called, and how long it takes; kept per account.

    Attributes:
        writes_per_second: orders, changes and cancellations in any second; the rules for orders
            without a registered algorithm end at 10.
        exit_per_second: of these, kept free for exits.
        timeout_ms: how long an answer may take; after it a write is in doubt, and a read failed. A
            request to a broker is given up an eighth of it before. A reading of the account is
            several requests, and may take three times as long.
        latency_ms: on paper, the least that a message takes to the exchange.
        jitter_ms: on paper, the most that chance adds.
        static_ip: the address that its orders come from, as the broker was told; None: it was not.
        address_url: who is asked from which address this machine comes, to compare it with that.
        api_root: a stand-in on this machine that is asked; None: the broker itself.
        ws_root: the ticker of a stand-in.
        breaker_failures: so many calls that fail in a row keep entries from leaving.
        breaker_cool_down_ms: after it one call finds out whether the link is back.
    """

    later: ClassVar[tuple[str, ...]] = ("read_attempts", "read_base_ms")
    rules: ClassVar[tuple[Rule, ...]] = (
        *(
            Rule(
                (f"exit_per_{span}", f"writes_per_{span}"),
                lambda exits, writes: exits < writes,
                f"leaves nothing to entries: exit_per_{span} is not below writes_per_{span}",
                "keep fewer slots for exits, or allow more writes",
            )
            for span in ("second", "minute")
        ),
        Rule(
            ("api_root", "ws_root"),
            lambda api, ws: (api is None) == (ws is None),
            "stands alone: a stand-in has a ticker too",
            "write both api_root and ws_root, or neither",
        ),
    )
    writes_per_second: Annotated[int, Whole(2, 10, "calls")] = 8
    writes_per_minute: Annotated[int, Whole(2, 600, "calls")] = 300
    exit_per_second: Annotated[int, Whole(1, 9, "calls")] = 3
    exit_per_minute: Annotated[int, Whole(1, 599, "calls")] = 60
    timeout_ms: Annotated[int, Whole(100, 60_000, "milliseconds")] = 8_000
    latency_ms: Annotated[int, Whole(0, 10_000, "milliseconds")] = 30
    jitter_ms: Annotated[int, Whole(0, 10_000, "milliseconds")] = 20
    static_ip: Annotated[str, Translated(ADDRESS, address)] | None = None
    address_url: Annotated[str, Translated(ADDRESS_URL, address_url)] = "https://icanhazip.com"
    api_root: Annotated[str, Translated(API_ROOT, api_root)] | None = None
    ws_root: Annotated[str, Translated(WS_ROOT, ws_root)] | None = None
    breaker_failures: Annotated[int, Whole(1, 100, "calls")] = _BREAKER.failures
    breaker_cool_down_ms: Annotated[int, Whole(100, 600_000, "milliseconds")] = (
        _BREAKER.cool_down_ns // MILLISECOND_NS
    )

    @property
    def family(self) -> socket.AddressFamily:
        """The kind of address that its orders come from; of one that was told none, any."""
        return family_of(self.static_ip or "") or socket.AF_UNSPEC


def presets() -> Mapping[str, Broker]:
    """Return what is preset for each broker that is built."""
    return MappingProxyType(dict.fromkeys(BUILT, Broker()))
