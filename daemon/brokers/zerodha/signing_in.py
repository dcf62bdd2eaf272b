"""Sessions of one account at Zerodha: the one that is kept, and the one that is brought.

A person brings one each day; where the settings say so, `headless` does in his place.

A session outlives the daemon: it is sealed where the credentials are, and is shown to the broker
before it is said to stand, since any later log-in with the same key has ended it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from daemon.brokers.zerodha import login
from daemon.brokers.zerodha.attempts import BEGINS_AT, NotYet, Reason, Stopped
from daemon.brokers.zerodha.client import Client
from daemon.brokers.zerodha.headless import Headless
from daemon.brokers.zerodha.login import Grant
from daemon.brokers.zerodha.resuming import (
    ACCESS_TOKEN,
    API_KEY,
    Credentials,
    PersonWanted,
    Resuming,
)
from daemon.errors import BrokerUnavailable, SessionRefused
from daemon.messages import LoggedIn, LoginFailed, StepWanted
from daemon.telemetry.redaction import Secret

API_SECRET, REQUEST_TOKEN = "api_secret", "request_token"
_LATER = f"its next log-in without a person is at {BEGINS_AT:%H:%M}"


class SigningIn(Resuming):
    """Makes sessions for a client.

    Args:
        client: uses them.
        credentials: of the account.
        now_ns: tells market time, which is that of the wall where this broker is spoken to.
        headless: brings what a person would; None: only a person does.
    """

    def __init__(
        self,
        client: Client,
        credentials: Credentials,
        now_ns: Callable[[], int],
        headless: Headless | None = None,
    ) -> None:
        super().__init__(client, credentials, now_ns)
        self._credentials = credentials
        self._headless = headless

    async def log_in(self, generation: int) -> LoggedIn | LoginFailed | StepWanted:
        """Use the session that a person's token makes, or the one that is kept, or a new one.

        A token that is refused ends nothing: the session that is kept goes on where it stands.

        Raises:
            BrokerMisused: a credential is missing.
            BrokerError: the broker could not be asked.
        """
        code = None if self._headless is None else await self._headless.code()
        api_key = await self._credential(API_KEY)
        token = await asyncio.to_thread(self._credentials.find, REQUEST_TOKEN)
        reason = Reason.DIED
        try:
            grant = await (self._recall() if token is None else self._brought(api_key, token))
            return await self._begin(generation, api_key, grant)
        except PersonWanted as none:
            reason, because = Reason.ENDED, str(none)
        except SessionRefused as refused:
            because = str(refused)
        if token is not None and (standing := await self._standing(generation, api_key)):
            return standing
        self._client.leave()
        if token is None and self._headless is not None:
            bring = partial(self._headless.bring, reason, api_key, code)
            return await self._by_itself(generation, api_key, bring)
        return StepWanted(generation, because, self._now_ns())

    async def _standing(self, generation: int, api_key: Secret) -> LoggedIn | None:
        """Return the session that is kept; None: it does not stand, or there is none."""
        try:
            return await self._begin(generation, api_key, await self._recall())
        except (PersonWanted, SessionRefused):
            return None

    async def _by_itself(
        self,
        generation: int,
        api_key: Secret,
        bring: Callable[[], Awaitable[Secret | NotYet | Stopped]],
    ) -> LoggedIn | LoginFailed | StepWanted:
        """Make a session without a person, where that may be tried."""
        api_secret = await self._credential(API_SECRET)
        match await bring():
            case NotYet(at_ns):
                return LoginFailed(generation, _LATER, self._now_ns(), at_ns)
            case Stopped(because, again_ns):
                return StepWanted(generation, because, self._now_ns(), again_ns)
            case token:
                assert isinstance(token, Secret), "whatever is brought else is named above"
        try:
            grant = await self._exchange(api_key, api_secret, token)
            return await self._begin(generation, api_key, grant)
        except SessionRefused as error:
            self._client.leave()
            return StepWanted(generation, str(error), self._now_ns())

    async def _brought(self, api_key: Secret, token: Secret) -> Grant:
        """Return the session that a person's token makes.

        The token counts once, so it is dropped before the broker is asked, whatever he answers; it
        is put back only where nothing of the question left.
        """
        api_secret = await self._credential(API_SECRET)
        credentials = self._credentials  # a newer token may have been put in meanwhile, and stays
        await asyncio.to_thread(credentials.drop, REQUEST_TOKEN, token)
        try:
            return await self._exchange(api_key, api_secret, token)
        except BrokerUnavailable:
            await asyncio.to_thread(credentials.keep, REQUEST_TOKEN, token, absent=True)
            raise

    async def _exchange(self, api_key: Secret, api_secret: Secret, token: Secret) -> Grant:
        """Return the session that a request token makes, once, and keep it."""
        asked_ns = self._now_ns()
        reply = await self._client.exchange(login.exchange(api_key, api_secret, token))
        grant = login.granted(reply, asked_ns, (api_key, token))
        self._credentials.know(grant.access_token)
        await asyncio.to_thread(self._credentials.keep, ACCESS_TOKEN, login.kept(grant))
        return grant
