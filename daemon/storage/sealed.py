"""The vault as an account sees it: what is its own, and a word to people where it cannot be had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from daemon.errors import BrokerMisused, SettingsError, VaultError
from daemon.runtime.clock import Clock
from daemon.storage.vault import Vault
from daemon.telemetry.redaction import Secret

_MISSING = "no_credential"


class Sealed:
    """The credentials of one account, in the vault.

    Args:
        vault: keeps them.
        account: whose.
        wall: host time.
    """

    def __init__(self, vault: Vault, account: str, wall: Clock) -> None:
        self._vault = vault
        self._account = account
        self._wall = wall

    def find(self, field: str) -> Secret | None:
        """Return a credential; None: there is none.

        Raises:
            BrokerMisused: the vault cannot be opened; with what to do about it.
        """
        with _misused():
            try:
                return self._vault.open(self._account, field)
            except VaultError as error:
                if error.code != _MISSING:
                    raise
        return None

    def know(self, secret: Secret) -> None:
        """Have a secret kept out of what is said, as each is that goes in or out."""
        self._vault.know(secret)

    def keep(self, field: str, secret: Secret, *, absent: bool = False) -> None:
        """Keep a credential in place of the one before; `absent`: only where there is none.

        Raises:
            BrokerMisused: the vault does not take it; with what to do about it.
        """
        with _misused():
            now_ns = self._wall.now_ns()
            self._vault.put(self._account, {field: secret}, now_ns, absent=absent)

    def drop(self, field: str, only: Secret | None = None) -> None:
        """Keep a credential no longer; `only`: where it is this one still.

        Raises:
            BrokerMisused: the vault does not let go of it; with what to do about it.
        """
        with _misused():
            self._vault.remove(self._account, field, only=only)

    def put_in_ns(self, field: str) -> int:
        """Return when a credential was put in; 0: there is none.

        Raises:
            BrokerMisused: the vault cannot be read; with what to do about it.
        """
        with _misused():
            rows = self._vault.rows()
        meant = (self._account, field)
        return next((row.written_ns for row in rows if (row.account, row.field) == meant), 0)


@contextmanager
def _misused() -> Iterator[None]:
    try:
        yield
    except (VaultError, SettingsError) as error:
        raise BrokerMisused(str(error)) from error
