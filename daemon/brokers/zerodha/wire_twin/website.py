"""The log-in page of the twin, as far as a program goes through it: password, code, redirect.

A browser without a cookie of ours is taken for a person's, who does all this at once. One with a
cookie has begun to log in and must have come to the end of it. The third wrong word locks the user
out for good, so that nobody who tries again and again looks right here.

Source: what others have used for years, see `daemon.brokers.zerodha.headless`; words and locking
are the twin's own.
"""

from __future__ import annotations

from hashlib import sha256

import pyotp

from daemon.brokers.zerodha.wire_twin.session import API_SECRET, USER
from daemon.brokers.zerodha.wire_twin.words import Data, Denied, same
from daemon.domain.instants import moment_of

PASSWORD, TOTP_SECRET = "ordotwinpassword", "ORDOTWINORDOTWINORDOTWINORDOTWIN"
COOKIE = "kf_session"
MOST_WRONG = 3
_STEPS_OFF = 1
"""A code of the half minute before or after counts too."""


class Website:
    """Who has come how far in logging in.

    Attributes:
        redirect: the redirect address of the key.
        asked: so many passwords were tried.
        wrong: so many words were wrong since the last that were right.
    """

    def __init__(self) -> None:
        self.redirect = "/twin/redirected"
        self.asked = self.wrong = 0
        self._begun: dict[str, str] = {}
        self._entered: set[str] = set()

    def begin(self, form: Data) -> tuple[Data, str]:
        """Take a password; return what is answered, and the cookie of whoever brought it.

        Raises:
            Denied: it is wrong, or the user is locked out.
        """
        self.asked += 1
        right = form.get("user_id") == USER
        self._judge(right and same(form.get("password", ""), PASSWORD), "password")
        request_id, cookie = _made("request_id", self.asked), _made("cookie", self.asked)
        self._begun[cookie] = request_id
        return {"user_id": USER, "request_id": request_id, "twofa_type": "totp"}, cookie

    def enter(self, form: Data, cookie: str, now_ns: int) -> Data:
        """Take a one-time code.

        Raises:
            Denied: it is wrong, nobody began so, or the user is locked out.
        """
        if self._begun.get(cookie) != form.get("request_id", "-") or form.get("user_id") != USER:
            raise Denied(400, "InputException", "Invalid `request_id`.")
        code, moment = form.get("twofa_value", ""), moment_of(now_ns)
        codes = pyotp.TOTP(TOTP_SECRET)
        right = codes.verify(code, for_time=moment, valid_window=_STEPS_OFF)
        self._judge(right, "TOTP")
        self.wrong = 0
        del self._begun[cookie]
        self._entered.add(cookie)
        return {"profile": {}}

    def lets_in(self, cookie: str | None) -> bool:
        """Say whether a browser is led to a request token."""
        return cookie is None or cookie in self._entered

    def _judge(self, right: bool, what: str) -> None:  # noqa: FBT001
        if self.wrong >= MOST_WRONG:
            raise Denied(403, "UserException", "Account is blocked: too many wrong attempts.")
        if not right:
            self.wrong += 1
            raise Denied(403, "UserException", f"Invalid {what}.")


def _made(kind: str, number: int) -> str:
    return sha256(f"{API_SECRET}:{kind}:{number}".encode()).hexdigest()[:32]
