"""The session of an account at Zerodha that is kept: used again, and never made here.

A log-in ends every earlier session of the same key. So whoever is not the owner of a session takes
up the one that its owner kept, and can do no more: one token may be used by several programs. It is
shown to the broker before it is said to stand, since any later log-in has ended it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from daemon.brokers.zerodha import login, questions
from daemon.brokers.zerodha.client import Client, Session
from daemon.brokers.zerodha.login import Grant
from daemon.errors import BrokerMisused, SessionRefused, WireGarbled
from daemon.messages import LoggedIn, LoginFailed, StepWanted
from daemon.telemetry.redaction import Secret

API_KEY, ACCESS_TOKEN = "api_key", "access_token"
_FIRST = "the broker asks for a person once a day"


class Kept(Protocol):
    """Where an account's credentials and its session are kept, sealed; each call may block."""

    def find(self, field: str) -> Secret | None:
        """Return a credential of the account; None: there is none."""
        ...

    def know(self, secret: Secret) -> None:
        """Have a secret kept out of what is said, as all are that lie here by themselves."""
        ...


class Credentials(Kept, Protocol):
    """The same, for whoever makes sessions."""

    def keep(self, field: str, secret: Secret, *, absent: bool = False) -> None:
        """Keep a credential in place of the one before; `absent`: only where there is none."""
        ...

    def drop(self, field: str, only: Secret | None = None) -> None:
        """Keep a credential no longer; `only`: where it is this one still."""
        ...


class PersonWanted(Exception):
    """A person is wanted, and why."""


class Resuming:
    """Takes up the session that is kept.

    Args:
        client: uses it.
        kept: of the account.
        now_ns: tells market time, which is that of the wall where this broker is spoken to.
    """

    def __init__(self, client: Client, kept: Kept, now_ns: Callable[[], int]) -> None:
        self._client = client
        self._kept = kept
        self._now_ns = now_ns

    async def log_in(self, generation: int) -> LoggedIn | LoginFailed | StepWanted:
        """Use the session that is kept, if it stands.

        Raises:
            BrokerMisused: a credential is missing.
            BrokerError: the broker could not be asked.
        """
        api_key = await self._credential(API_KEY)
        try:
            return await self._begin(generation, api_key, await self._recall())
        except (PersonWanted, SessionRefused) as why:
            self._client.leave()
            return StepWanted(generation, str(why), self._now_ns())

    async def _begin(self, generation: int, api_key: Secret, grant: Grant) -> LoggedIn:
        """Use a session, on trial until its log-in is over, once the broker has shown it to stand.

        Exits use it before that, for they are not to wait for what the broker shows.
        """
        self._client.use(Session(generation, api_key, grant.access_token), on_trial=True)
        await self._client.read(questions.profile())
        return LoggedIn(generation, self._now_ns(), grant.until_ns)

    async def _recall(self) -> Grant:
        """Return the session that is kept.

        Raises:
            PersonWanted: there is none that can still stand.
        """
        text = await asyncio.to_thread(self._kept.find, ACCESS_TOKEN)
        if text is None:
            raise PersonWanted(_FIRST)
        try:
            grant = login.recalled(text)
        except WireGarbled as error:
            raise PersonWanted(str(error)) from error
        self._kept.know(grant.access_token)  # what is sealed holds its end as well
        if self._now_ns() >= grant.until_ns:
            raise PersonWanted(_FIRST)
        return grant

    async def _credential(self, field: str) -> Secret:
        secret = await asyncio.to_thread(self._kept.find, field)
        if secret is None:
            raise BrokerMisused(f"there is no {field} of this account; `ordo vault put` takes it")
        return secret
