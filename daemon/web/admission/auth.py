"""Who is asking: a program by its bearer token, a browser by its cookie or a ticket.

A cookie comes along with whatever page a browser shows, so it counts only where the browser says
that the page is ours. A bearer token never comes by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NoReturn

from aiohttp import web
from msgspec.structs import replace

from daemon.errors import SettingsError
from daemon.runtime.clock import Clock
from daemon.web.admission.origins import Origins
from daemon.web.admission.sessions import CODE_NS, TICKET_NS, OneTime, Sessions
from daemon.web.admission.throttle import Throttle
from daemon.web.admission.tokens import Principal, Role, Tokens
from daemon.web.house import House
from daemon.web.problems import Problem

NOBODY: Final = Principal("nobody", Role.NONE)
_BEARER = "bearer "


class Auth:
    """Tells who is asking, and hands out what browsers hold.

    Args:
        house: where tokens and sessions are kept, and host time.
        origins: whose pages are ours.

    Attributes:
        cookie: what the cookie of a session is called. A browser sends one host's cookies to every
            port of it, so the name is of this state folder alone: another daemon on the same
            machine, or behind another tunnel to it, neither reads it nor takes its place.

    Raises:
        SettingsError: a file of secrets is open to others or cannot be understood.
    """

    def __init__(self, house: House, origins: Origins) -> None:
        self._clock: Clock = house.host
        self._log = house.log
        self._origins = origins
        self._tokens = Tokens(house.state_dir)
        self.cookie = f"ordo_session_{self._tokens.operator.prefix}"
        self._sessions = Sessions(house.state_dir)
        self._codes = OneTime(CODE_NS)
        self._tickets = OneTime(TICKET_NS)
        self._throttle = Throttle()
        self._fault = ""
        self._writing = asyncio.Lock()

    async def who(self, request: web.Request) -> Principal:
        """Return who is asking; `NOBODY` where no credential was given.

        Raises:
            Problem: a credential was given that does not count.
        """
        header = request.headers.get("Authorization")
        if header is not None:
            return await self._bearer(request, header)
        ticket = request.query.get("ticket")
        if ticket is not None:
            found = self._counting(self._tickets.take(ticket, self._clock.now_ns()))
            if found is None:
                self._refuse(request, "unauthorised", "the ticket is used or too old")
            return found
        if not self._origins.is_ours(request):
            return NOBODY
        return await self._in_session(request) or NOBODY

    async def still(self, who: Principal) -> bool:
        """Say whether somebody who was let in still is: by his token, and his session.

        To be asked is to use the session: a page that is watched ends no session of its own.
        """
        counts = self._counting(who) is not None
        if counts and who.session:
            await self._use(who)
        return counts

    def code(self, who: Principal | None = None) -> tuple[str, int]:
        """Return a code that becomes a session once, and when it ends; None: the operator's."""
        meant = replace(who or self._tokens.operator, session="")  # it begins one of its own
        return self._codes.issue(meant, self._clock.now_ns())

    def ticket(self, who: Principal) -> tuple[str, int]:
        """Return a ticket that opens one WebSocket, and when it ends."""
        return self._tickets.issue(who, self._clock.now_ns())

    async def log_in(self, request: web.Request, code: str) -> tuple[str, Principal]:
        """Turn a code into a session; what the browser held before ends.

        Raises:
            Problem: the code does not count.
        """
        now_ns = self._clock.now_ns()
        who = self._counting(self._codes.take(code, now_ns))
        if who is None:
            sentence = (
                "the code is used, older than ten minutes, or not ours; `ordo page` prints one"
            )
            self._refuse(request, "bad_login", sentence)
        assert who is not None, "a refusal is raised"
        self._throttle.succeeded(address_of(request))
        self._sessions.end(request.cookies.get(self.cookie, ""))
        secret = self._sessions.begin(who, now_ns)
        await self._keep_sessions()
        return secret, who

    async def log_out(self, request: web.Request) -> None:
        """End the browser's session."""
        self._sessions.end(request.cookies.get(self.cookie, ""))
        await self._keep_sessions()

    async def _in_session(self, request: web.Request) -> Principal | None:
        """Return whose session a browser holds, and let it go on; None: nobody's, or it is over."""
        secret = request.cookies.get(self.cookie, "")
        who = self._counting(self._sessions.who(secret, self._clock.now_ns()))
        if who is not None:
            await self._use(who)
        return who

    async def _use(self, who: Principal) -> None:
        """Let the session that somebody is in go on from now."""
        if self._sessions.used(who.session, self._clock.now_ns()):
            await self._keep_sessions()

    async def _keep_sessions(self) -> None:
        """Make sessions durable, one after another, so that the newest stand there at the end."""
        async with self._writing:
            await self._write("sessions", self._sessions.keep, self._sessions.written())

    def _counting(self, who: Principal | None) -> Principal | None:
        """Return who is meant, unless his token was revoked meanwhile, or his session is over."""
        if who is None or not self._tokens.stands(who):
            return None
        lasts = not who.session or self._sessions.lasts(who.session, self._clock.now_ns())
        return who if lasts else None

    async def _bearer(self, request: web.Request, header: str) -> Principal:
        token = header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""
        who, now_ns = self._tokens.who(token), self._clock.now_ns()
        if self._tokens.fault != self._fault:
            self._fault = self._tokens.fault
            self._log.error("tokens not read", because=self._fault)
        if who is None:
            self._refuse(request, "unauthorised", "the bearer token is not one of ours")
        self._throttle.succeeded(address_of(request))
        if self._tokens.used(token, now_ns):
            await self._write("tokens", self._tokens.note_use, token, now_ns)
        return who

    async def _write(self, what: str, write: Callable[..., None], *given: object) -> None:
        """Write a file of secrets; a disk that refuses keeps nobody from the brakes."""
        try:
            await asyncio.to_thread(write, *given)
        except SettingsError as error:
            self._log.error(f"{what} not written", because=str(error))

    def _refuse(self, request: web.Request, code: str, sentence: str) -> NoReturn:
        address = address_of(request)
        wait_s = self._throttle.failed(address, self._clock.now_ns())
        if wait_s:
            self._log.warning("failed attempts", client=address, path=request.path, wait_s=wait_s)
            raise Problem("too_many_logins", f"too many failed attempts; {sentence}", wait_s)
        raise Problem(code, sentence)


AUTH: Final = web.AppKey("auth", Auth)


def address_of(request: web.BaseRequest) -> str:
    """Return the address that a connection comes from; what a header says of it is not believed."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return str(peer[0]) if peer else ""


def demand(who: Principal, role: Role) -> None:
    """Let only those pass who may.

    Raises:
        Problem: nobody is known to ask, or the role does not reach.
    """
    if who.role >= role:
        return
    if who.role is Role.NONE:
        sentence = (
            "send `Authorization: Bearer TOKEN`, or log in with a code that `ordo run` prints, or "
            "`ordo page` where it finds the state folder"
        )
        raise Problem("unauthorised", sentence)
    needed = f"{who.name} has the role {who.role.word}; this needs the role {role.word}"
    raise Problem("forbidden", needed)
