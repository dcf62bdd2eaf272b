"""A log-in without a person: password and one-time code, sent as the broker's own page does.

Nobody at the broker has promised these requests, so all that is not plainly a yes is a no: nothing
is guessed, and nothing is sent twice. `attempts` says when one may be tried.

Source: what others have used for years, read with low trust: POST /api/login answers `request_id`,
POST /api/twofa takes it with the code, and the page of the key then leads on until an address holds
the request token. How the envelope looks is that of Kite Connect's answers.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Protocol, TypeVar
from urllib.parse import quote, urlsplit

import pyotp
from msgspec import Struct
from msgspec.structs import replace

from daemon.brokers.zerodha import attempts, login
from daemon.brokers.zerodha.answers import IN_DOUBT
from daemon.brokers.zerodha.attempts import Attempts, NotYet, Reason, Stopped
from daemon.brokers.zerodha.forms import Sent, form
from daemon.brokers.zerodha.resuming import Credentials
from daemon.brokers.zerodha.transport import Transport
from daemon.brokers.zerodha.wire import OK, Reply, envelope, parsed, without
from daemon.domain.instants import SECOND_NS
from daemon.errors import BrokerMisused, BrokerUnavailable, OutcomeUnknown, WireGarbled
from daemon.runtime.clock import Clock
from daemon.telemetry.redaction import Secret

T = TypeVar("T")
WARNING = (
    "logs in without a person: Zerodha asks its clients to log in by hand once a day and has never "
    "blessed this; it goes by requests that are documented nowhere and may change any day; and "
    "with totp_secret password and one-time codes lie in one place, so that whoever takes the "
    "vault with its key takes the account"
)
USER_ID, PASSWORD, TOTP_SECRET = "user_id", "password", "totp_secret"
OTP = "otp"
"""A one-time code, which a person puts in where there is no seed to make one of."""
ATTEMPTS = "login_attempts"
_HOPS = 6
_NO = frozenset({400, 401, 403})
_LEADS_ON = frozenset({301, 302, 303, 307, 308})
_CODE = re.compile(r"\d{6}", re.ASCII)
_COUNTS_NS = 60 * SECOND_NS
"""So long a code that was put in is worth sending."""
_PERIOD_NS = 30 * SECOND_NS
"""So long a code of a seed is one. Source: RFC 6238, 5.2."""
_LEAST_NS = 3 * SECOND_NS
"""A code that has less of its time left is not made: it could be over where it is looked at, and a
broker that takes none but the code of now would call it wrong, which ends these log-ins."""
_CODE_WANTED = "it waits for a one-time code, which `ordo login` asks for with --otp"


class Given(Credentials, Protocol):
    """Where an account's credentials are kept, with when they were put in; each call may block."""

    def put_in_ns(self, field: str) -> int:
        """Return when a credential was put in; 0: there is none."""
        ...


class Code(Struct, frozen=True):
    """A one-time code that a person put in."""

    digits: Secret


class _Held(Struct, frozen=True):
    """What an attempt needs of the vault."""

    user_id: Secret
    password: Secret
    code: Code | None
    seed: Secret | None
    put_in_ns: tuple[int, ...]
    attempts: Attempts

    @property
    def secrets(self) -> list[Secret]:
        """What the broker may say nothing of."""
        found = (self.password, self.seed, self.user_id, self.code.digits if self.code else None)
        return [secret for secret in found if secret is not None]


class _Asked(Struct, frozen=True):
    request_id: str


class _Passed(Struct, frozen=True):
    """The code was right; what else is told of the person is not read."""


class Headless:
    """Logs one account in without a person.

    Args:
        given: its credentials, and what was tried with them.
        now_ns: market time, by which codes and mornings go.
        wall: host time, by which credentials are put in.
        root: where the log-in page is, or a stand-in's.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        given: Given,
        now_ns: Callable[[], int],
        wall: Clock,
        root: str = login.SITE,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._given = given
        self._now_ns = now_ns
        self._wall = wall
        self._root = root
        self._sleep = sleep

    async def code(self) -> Code | None:
        """Take the one-time code that a person has just put in; None: there is none.

        The vault keeps it no longer than until somebody looks, whatever comes of it.

        Raises:
            BrokerMisused: the vault does not open, or does not let go of it.
        """
        return await asyncio.to_thread(self._take_code)

    async def bring(
        self, reason: Reason, api_key: Secret, code: Code | None = None
    ) -> Secret | NotYet | Stopped:
        """Return the request token that a log-in brings, or why there is none.

        Args:
            reason: for a log-in; a code is one by itself.
            api_key: whose page leads to the token.
            code: what a person put in; None: it is made of the seed.

        Raises:
            BrokerUnavailable: nothing was sent; it may be tried again.
            BrokerMisused: a credential is missing or none, or the vault does not open.
        """
        held = await asyncio.to_thread(self._held, code)
        now_ns = self._now_ns()
        if code is not None:
            reason = Reason.ASKED
        elif held.seed is None:
            return Stopped(_CODE_WANTED, 0)
        decided = attempts.attempt(held.attempts, reason, now_ns, held.put_in_ns)
        if not isinstance(decided, Attempts):
            return decided
        _code(held, now_ns)
        await self._keep(decided)
        transport = Transport(self._root, cookies=True)
        try:
            return await self._through(transport, held, api_key)
        except BrokerUnavailable:
            await self._keep(held.attempts)
            raise
        except BrokerMisused as no:
            await self._keep(replace(held.attempts, refused_ns=0, refused=held.put_in_ns))
            return Stopped(str(no), 0)
        except (OutcomeUnknown, WireGarbled) as error:
            return Stopped(str(error), attempts.next_ns(now_ns))
        finally:
            await transport.close()

    async def _through(self, transport: Transport, held: _Held, api_key: Secret) -> Secret:
        """Go the way of a person.

        Raises:
            BrokerUnavailable: nothing of the password left.
            BrokerMisused: the broker said no.
            OutcomeUnknown: some of it left, and no yes came.
            WireGarbled: an answer leads nowhere that is known.
        """
        known = held.secrets
        sent = password_form(held.user_id, held.password)
        asked = told(await transport.send(sent, None), _Asked, known)
        request_id = Secret(asked.request_id)
        try:
            code = _code(held, await self._code_ns(held))
            sent = code_form(held.user_id, request_id, code)
            told(await transport.send(sent, None), _Passed, (*known, request_id, code))
            path = f"/connect/login?v=3&api_key={quote(api_key.reveal(), '')}"
            for _ in range(_HOPS):
                found = led_to(await transport.send(Sent("GET", path), None), self._root)
                if isinstance(found, Secret):
                    return found
                path = found
        except BrokerUnavailable as error:
            raise OutcomeUnknown(str(error)) from error
        raise WireGarbled("the log-in page leads on and on, and to no session")

    async def _code_ns(self, held: _Held) -> int:
        """Return the instant of which a code is made, once it has come."""
        now_ns = self._now_ns()
        wait_ns = rest_ns(now_ns) if held.code is None else 0
        if not wait_ns:
            return now_ns
        await self._sleep(wait_ns / SECOND_NS)
        return max(self._now_ns(), now_ns + wait_ns)  # whoever waits may wake a little early

    def _held(self, code: Code | None) -> _Held:
        found: dict[str, Secret] = {}
        for field in (USER_ID, PASSWORD):
            secret = self._given.find(field)
            if secret is None:
                sentence = f"there is no {field} of this account, which logs in without a person"
                raise BrokerMisused(f"{sentence}; `ordo vault put` takes it")
            found[field] = secret
        put_in_ns = tuple(map(self._given.put_in_ns, (*found, TOTP_SECRET)))
        seed = self._given.find(TOTP_SECRET)
        tried = attempts.recalled(self._given.find(ATTEMPTS))
        return _Held(found[USER_ID], found[PASSWORD], code, seed, put_in_ns, tried)

    def _take_code(self) -> Code | None:
        digits, put_in_ns = self._given.find(OTP), self._given.put_in_ns(OTP)
        if digits is None:
            return None
        self._given.drop(OTP)
        counts = 0 <= self._wall.now_ns() - put_in_ns <= _COUNTS_NS
        return Code(digits) if counts else None

    async def _keep(self, tried: Attempts) -> None:
        await asyncio.to_thread(self._given.keep, ATTEMPTS, attempts.kept(tried))


def password_form(user_id: Secret, password: Secret) -> Sent:
    """Return the first request of the page."""
    return form("POST", "/api/login", {"user_id": user_id.reveal(), "password": password.reveal()})


def code_form(user_id: Secret, request_id: Secret, code: Secret) -> Sent:
    """Return the second request of the page."""
    fields: dict[str, object] = {
        "user_id": user_id.reveal(),
        "request_id": request_id.reveal(),
        "twofa_value": code.reveal(),
        "twofa_type": "totp",
    }
    return form("POST", "/api/twofa", fields)


def one_time_code(brought: Secret) -> Secret:
    """Return the one-time code in what a person brought.

    Raises:
        BrokerMisused: it is none.
    """
    text = "".join(brought.reveal().split())
    if _CODE.fullmatch(text) is None:
        raise BrokerMisused("that is no one-time code: it has six digits")
    return Secret(text)


def _code(held: _Held, now_ns: int) -> Secret:
    """Return the code to send: the one that was put in, or that of the seed at an instant."""
    if held.code is not None:
        return held.code.digits
    assert held.seed is not None, "without either nothing is begun"
    return code_of(held.seed, now_ns)


def rest_ns(now_ns: int) -> int:
    """Return how long to wait before a code is made of a seed; 0: it would last long enough."""
    left_ns = _PERIOD_NS - now_ns % _PERIOD_NS
    return left_ns if left_ns < _LEAST_NS else 0


def code_of(seed: Secret, now_ns: int) -> Secret:
    """Return the one-time code of an instant.

    Raises:
        BrokerMisused: the seed is none.
    """
    try:
        return Secret(pyotp.TOTP(seed.reveal().replace(" ", "")).at(now_ns // SECOND_NS))
    except (ValueError, TypeError):
        # The cause could quote it.
        sentence = "totp_secret is no seed of one-time codes; put in the letters under the QR code"
        raise BrokerMisused(sentence) from None


def told(reply: Reply, expected: type[T], known: Iterable[Secret] = ()) -> T:
    """Return what a request of the page was answered with.

    Args:
        reply: the answer.
        expected: what a yes holds.
        known: to whoever answers, who may quote it.

    Raises:
        BrokerMisused: the broker says no.
        OutcomeUnknown: it says neither yes nor no.
        WireGarbled: it says nothing that can be read.
    """
    said = envelope(reply)
    if reply.status == OK and not said.is_error:
        return parsed(said.data, expected)
    text = f"Zerodha answers {reply.status} to the log-in: {said.said or 'no reason'}"
    is_no = reply.status in _NO and not IN_DOUBT.search(said.message or "")
    raise (BrokerMisused if is_no else OutcomeUnknown)(without(text, known))


def led_to(reply: Reply, root: str) -> Secret | str:
    """Return the request token that an answer leads to, or the path that it leads on to.

    Args:
        reply: what came back.
        root: the one site that is asked.

    Raises:
        WireGarbled: it leads to another site, or nowhere.
    """
    if reply.status not in _LEADS_ON or reply.location is None:
        sentence = "the log-in page does not lead on; perhaps it asks something of a person"
        raise WireGarbled(f"{sentence}: log in there once by hand")
    with suppress(BrokerMisused):
        return login.request_token(reply.location)
    ours = urlsplit(root)
    try:
        parts = urlsplit(reply.location.reveal())
    except ValueError:  # The cause could quote it.
        raise WireGarbled("the log-in page leads to what is no address") from None
    leads = parts.scheme or ours.scheme, parts.netloc or ours.netloc
    # Behind the host a path without a slash would make another host of it.
    if leads != (ours.scheme, ours.netloc) or not parts.path.startswith("/"):
        raise WireGarbled("the log-in page leads to another site, and brings no session")
    return f"{parts.path}?{parts.query}"
