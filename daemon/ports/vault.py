"""The port that credentials come out of, for whoever speaks to a broker."""

from __future__ import annotations

from typing import Protocol

from daemon.telemetry.redaction import Secret


class CredentialSource(Protocol):
    """What a person has put in for the accounts; `Vault` keeps it in a file."""

    def open(self, account: str, field: str) -> Secret:
        """Return one credential of an account; it blocks as long as the disk does.

        Raises:
            VaultError: there is none, or it cannot be opened; with what to do about it.
            SettingsError: a file of the vault is open to others, or cannot be read.
        """
        ...
