"""Sessions at brokers: which page a person opens for one, and what he brings back from it."""

from __future__ import annotations

import asyncio

from daemon.brokers.steps import STEPS, Brought, Step
from daemon.control.arming import LiveTerms
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
        terms: where brokers are asked, and who logs in without a person.
    """

    def __init__(self, line: Line, vault: Vault, terms: LiveTerms) -> None:
        self._line = line
        self._terms = terms
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
        step, root = self._step(account, broker), self._terms.stand_ins.get(broker, "")
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
        token = self._step(account, broker).token
        return await self._take(account, token, pasted, by, host_ns)

    async def enter(self, account: str, broker: str, otp: Secret, by: str, host_ns: int) -> Done:
        """Take his one-time code, and have a session made of it and of what the vault holds.

        Args:
            account: whose session.
            broker: the canonical id of its broker.
            otp: the code.
            by: who.
            host_ns: host time.

        Raises:
            Refusal: there is no such account, it does not log in so, that is no code, the vault
                refuses, or the broker gave no session for it.
        """
        step = self._step(account, broker)
        if account not in self._terms.alone:
            sentence = f"{account} takes no one-time code; `ordo login {account}` tells which page"
            raise Refusal("no_login", f"{sentence} to open. A code needs headless_login")
        return await self._take(account, step.otp, otp, by, host_ns)

    async def _take(self, account: str, what: Brought, said: Secret, by: str, host_ns: int) -> Done:
        try:
            values = {what.field: what.read(said)}
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
