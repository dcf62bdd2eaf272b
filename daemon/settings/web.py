"""`[web]`: where the control port listens, and whom it hears."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, ClassVar

from daemon.settings.faults import Wrong, shown
from daemon.settings.kinds import Many, Switch, Text, Translated, Whole
from daemon.settings.tables import Rule, Table

_NAME = r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])"
_PORT = r"(:[0-9]{1,5})?"


def address(text: str) -> str:
    """Return an address to listen on.

    Raises:
        Wrong: it is no IP address.
    """
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        mend = 'write an IP address, such as "127.0.0.1"'
        raise Wrong(f"is {shown(text)}, which is no IP address", mend) from None


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    return ip_address(host).is_loopback


class Web(Table, frozen=True):
    """`[web]`: the control port, for this machine alone unless names are given.

    Attributes:
        enabled: false: no control port; the local commands then have no daemon to ask.
        host: the address that is listened on.
        port: 0: any that is free.
        allowed_hosts: what a `Host` header may say besides the loopback names, with its port where
            the caller's address has one. By plain http no browser logs in under them.
        allowed_origins: pages of other servers that may read and act, by CORS.
        pnl_hz: how often a second profit is told at most.
        max_connections: in all.
        max_connections_per_ip: of one address that is not this machine's.
        max_connections_loopback: of this machine, proxies on it included.
    """

    later: ClassVar[tuple[str, ...]] = ("tls",)
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            ("host", "allowed_hosts"),
            lambda host, names: is_loopback(host) or bool(names),
            "is reached from other machines, and no allowed_hosts are named",
            'write allowed_hosts, such as ["ordo.example:8787"], or host = "127.0.0.1"',
        ),
        *(
            Rule(
                (some, "max_connections"),
                lambda some, all_of_them: some <= all_of_them,
                f"leaves some of them no room: {some} is more than max_connections",
                f"write a {some} of at most that, or allow more in all",
            )
            for some in ("max_connections_per_ip", "max_connections_loopback")
        ),
    )
    enabled: Annotated[bool, Switch()] = True
    host: Annotated[str, Translated('an IP address, such as "127.0.0.1"', address)] = "127.0.0.1"
    port: Annotated[int, Whole(0, 65_535)] = 8_787
    allowed_hosts: Annotated[
        tuple[str, ...],
        Many(Text(_NAME + _PORT, 'a host in small letters, such as "ordo.example:8787"'), 0, 20),
    ] = ()
    allowed_origins: Annotated[
        tuple[str, ...],
        Many(Text(f"https?://{_NAME}{_PORT}", 'an origin, such as "https://page.example"'), 0, 20),
    ] = ()
    pnl_hz: Annotated[int, Whole(1, 20, "messages a second")] = 4
    max_connections: Annotated[int, Whole(10, 20_000, "connections")] = 1_500
    max_connections_per_ip: Annotated[int, Whole(1, 20_000, "connections")] = 20
    max_connections_loopback: Annotated[int, Whole(1, 20_000, "connections")] = 1_400
