"""Credentials: put in by a person, and never given out again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from daemon.control.line import Line, Refusal
from daemon.errors import SettingsError, VaultError
from daemon.messages import Done, NoteCredentials
from daemon.storage.vault import Vault
from daemon.storage.vault_rows import ASKED, require_fit
from daemon.telemetry.redaction import Secret


class Credentials:
    """What a person may do to the vault of a running daemon.

    Secrets go to the vault alone: no actor is told one, for what an actor is told may be recorded.

    Args:
        line: to the actors.
        vault: keeps them.
    """

    def __init__(self, line: Line, vault: Vault) -> None:
        self._line = line
        self._vault = vault

    async def put(self, account: str, values: Mapping[str, Secret], by: str, host_ns: int) -> Done:
        """Keep credentials of an account, all of them or none, and record who put which in.

        Args:
            account: whose.
            values: by field.
            by: who.
            host_ns: host time.

        Raises:
            Refusal: there is no such account, one of them can be none, or the vault refuses; or
                they are kept and that could not be recorded.
        """
        self._line.session_keeper(account)
        try:
            for field, secret in values.items():
                require_fit(field, secret, ASKED)
            await asyncio.to_thread(self._vault.put, account, values, host_ns)
        except (VaultError, SettingsError) as error:
            raise Refusal(error.code, str(error)) from error
        names = tuple(values)
        try:
            keeper = self._line.names.session_keeper(account)
            await self._line.ask(keeper, NoteCredentials(names, by))
        except Refusal as refusal:
            sentence = f"the vault keeps them, but nothing says so in the record: {refusal}"
            raise Refusal(refusal.code, sentence) from refusal
        return Done(f"the vault keeps {', '.join(names)} of {account}")
