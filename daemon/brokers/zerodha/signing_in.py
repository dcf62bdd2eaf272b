"""Sessions of one account at Zerodha: the one that is kept, and the one that a person brings.

A session outlives the daemon: it is sealed where the credentials are, and is shown to the broker
before it is used again, since any later log-in with the same key has ended it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from daemon.brokers.zerodha import login, questions
from daemon.brokers.zerodha.client import Client, Session
from daemon.brokers.zerodha.login import Grant
from daemon.errors import BrokerMisused, SessionRefused, WireGarbled
from daemon.messages import LoggedIn, StepWanted
from daemon.telemetry.redaction import Secret

API_KEY, API_SECRET = "api_key", "api_secret"
ACCESS_TOKEN, REQUEST_TOKEN = "access_token", "request_token"
_FIRST = "the broker asks for a person once a day"


class Credentials(Protocol):
    """Where an account's credentials and its session are kept, sealed; each call may block."""

    def find(self, field: str) -> Secret | None:
        """Return a credential of the account; None: there is none."""
        ...

    def keep(self, field: str, secret: Secret) -> None:
        """Keep a credential in place of the one before."""
        ...

    def drop(self, field: str) -> None:
        """Keep a credential no longer."""
        ...


class SigningIn:
    """Makes sessions for a client.

    Args:
        client: uses them.
        credentials: of the account.
        now_ns: tells market time, which is that of the wall where this broker is spoken to.
    """

    def __init__(self, client: Client, credentials: Credentials, now_ns: Callable[[], int]) -> None:
        self._client = client
        self._credentials = credentials
        self._now_ns = now_ns

    async def log_in(self, generation: int) -> LoggedIn | StepWanted:
        """Use the session that a person's token makes, or else the one that is kept.

        Raises:
            BrokerMisused: a credential is missing.
            BrokerError: the broker could not be asked.
        """
        api_key = await self._credential(API_KEY)
        try:
            grant = await self._exchange(api_key) or await self._recall()
            self._client.use(Session(generation, api_key, grant.access_token))
            await self._client.read(questions.profile())
        except (_Wanted, SessionRefused) as why:
            self._client.leave()
            return StepWanted(generation, str(why), self._now_ns())
        return LoggedIn(generation, self._now_ns(), grant.until_ns)

    async def _recall(self) -> Grant:
        """Return the session that is kept.

        Raises:
            _Wanted: there is none that can still stand.
        """
        text = await asyncio.to_thread(self._credentials.find, ACCESS_TOKEN)
        if text is None:
            raise _Wanted(_FIRST)
        try:
            grant = login.recalled(text)
        except WireGarbled as error:
            raise _Wanted(str(error)) from error
        if self._now_ns() >= grant.until_ns:
            raise _Wanted(_FIRST)
        return grant

    async def _exchange(self, api_key: Secret) -> Grant | None:
        """Return the session that a person's token makes; None: nobody brought one.

        The token counts once, so it is dropped before the broker is asked, whatever he answers.
        """
        token = await asyncio.to_thread(self._credentials.find, REQUEST_TOKEN)
        if token is None:
            return None
        api_secret = await self._credential(API_SECRET)
        await asyncio.to_thread(self._credentials.drop, REQUEST_TOKEN)
        asked_ns = self._now_ns()
        reply = await self._client.exchange(login.exchange(api_key, api_secret, token))
        grant = login.granted(reply, asked_ns)
        await asyncio.to_thread(self._credentials.keep, ACCESS_TOKEN, login.kept(grant))
        return grant

    async def _credential(self, field: str) -> Secret:
        secret = await asyncio.to_thread(self._credentials.find, field)
        if secret is None:
            raise BrokerMisused(f"there is no {field} of this account; `ordo vault put` takes it")
        return secret


class _Wanted(Exception):
    """A person is wanted, and why."""
