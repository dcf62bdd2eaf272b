"""Sessions at brokers: which page a person opens for one, and what he brings back from it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from daemon.brokers.steps import STEPS, Step
from daemon.control.line import Line, Refusal
from daemon.errors import BrokerMisused, SettingsError, VaultError
from daemon.messages import Done, TakeStep
from daemon.storage.vault import Vault
from daemon.telemetry.redaction import Secret

_PATIENCE_S = 45
"""A log-in is several requests to the broker, and the contracts of the day come with it."""


class Sessions:
    """The step of a person in a log-in; what he brings goes to the vault, and to no actor.

    Args:
        line: to the actors.
        vault: holds the credentials.
        stand_ins: where one is asked in place of a broker, by its canonical id.
    """

    def __init__(self, line: Line, vault: Vault, stand_ins: Mapping[str, str]) -> None:
        self._line = line
        self._stand_ins = stand_ins
        self._vault = vault

    async def page(self, account: str, broker: str, state: Secret) -> Secret:
        """Return the address of the page that he opens.

        Args:
            account: whose session.
            broker: the canonical id of its broker.
            state: what the browser shows that the page leads back here.

        Raises:
            Refusal: there is no such account, nobody logs in there, or the vault refuses.
        """
        step, root = self._step(account, broker), self._stand_ins.get(broker, "")
        try:
            key = await asyncio.to_thread(self._vault.open, account, step.key)
        except (VaultError, SettingsError) as error:
            raise Refusal(error.code, str(error)) from error
        return step.page(key, state, root)

    async def bring(self, account: str, broker: str, pasted: Secret, by: str, host_ns: int) -> Done:
        """Take what he brought, and have a session made of it.

        Args:
            account: whose session.
            broker: the canonical id of its broker.
            pasted: what he brought, or the whole address that he was led to.
            by: who.
            host_ns: host time.

        Raises:
            Refusal: there is no such account, nothing usable was brought, the vault refuses, or
                the broker gave no session for it.
        """
        step = self._step(account, broker)
        try:
            values = {step.field: step.brought(pasted)}
            await asyncio.to_thread(self._vault.put, account, values, host_ns)
        except BrokerMisused as error:
            raise Refusal("credential_refused", str(error)) from error
        except (VaultError, SettingsError) as error:
            raise Refusal(error.code, str(error)) from error
        keeper = self._line.names.session_keeper(account)
        done: Done = await self._line.ask(keeper, TakeStep(by), patience_s=_PATIENCE_S)
        return done

    def _step(self, account: str, broker: str) -> Step:
        self._line.session_keeper(account)
        if broker not in STEPS:
            raise Refusal("no_login", f"account {account} is at {broker}, where nobody logs in")
        return STEPS[broker]
