"""Who may ask: a request token becomes an access token, which dies early in the morning.

There is one session for a key: whoever logs in again ends the one before. All tokens follow from
the secret and their number, so two runs give out the same.
"""

from __future__ import annotations

from datetime import time, timedelta
from hashlib import sha256

from daemon.brokers.zerodha.wire_twin.words import Data, Denied, dead_session, same, stamp
from daemon.domain.instants import at, day_of

API_KEY, API_SECRET = "ordotwin", "ordotwinsecret"
USER, APP_ID = "TW0001", 1
_DIES = time(6)
_ACCOUNT = {
    "user_id": USER,
    "user_name": "Ordo Twin",
    "user_shortname": "Ordo",
    "email": "twin@localhost",
    "user_type": "individual",
    "broker": "ZERODHA",
    "exchanges": ["NSE", "BSE", "NFO", "BFO"],
    "products": ["CNC", "NRML", "MIS"],
    "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
    "avatar_url": None,
    "meta": {"demat_consent": "consent"},
}


class Session:
    """The one session of the twin's one key."""

    def __init__(self) -> None:
        self._asked = self._logins = 0
        self._open: set[str] = set()
        self._access = ""
        self._until_ns = 0

    def request_token(self) -> str:
        """Return what a login page would: a token for one exchange."""
        self._asked += 1
        token = _token("request", self._asked)
        self._open.add(token)
        return token

    def log_in(self, form: Data, now_ns: int) -> Data:
        """Exchange a request token.

        Raises:
            Denied: it is not one, it was used before, or the checksum is another's.
        """
        token = form.get("request_token", "")
        proof = sha256(f"{API_KEY}{token}{API_SECRET}".encode()).hexdigest()
        if form.get("api_key") != API_KEY or not same(form.get("checksum", ""), proof):
            raise Denied(403, "TokenException", "Invalid `checksum`.")
        if token not in self._open:
            raise Denied(403, "TokenException", "Token is invalid or has expired.")
        self._open.remove(token)
        self._logins += 1
        self._access = _token("access", self._logins)
        dies_ns = at(day_of(now_ns), _DIES)
        if dies_ns <= now_ns:
            dies_ns = at(day_of(now_ns) + timedelta(days=1), _DIES)
        self._until_ns = dies_ns
        tokens = {name: _token(name, self._logins) for name in ("public", "enc")}
        return _ACCOUNT | {
            "api_key": API_KEY,
            "access_token": self._access,
            "public_token": tokens["public"],
            "enctoken": tokens["enc"],
            "refresh_token": "",
            "silo": "",
            "login_time": stamp(now_ns),
        }

    def log_out(self) -> None:
        """End the session."""
        self._access = ""

    def check(self, api_key: str, access_token: str, now_ns: int) -> None:
        """Let a request in.

        Raises:
            Denied: it bears no token that lives.
        """
        lives = bool(self._access) and now_ns < self._until_ns
        if not lives or api_key != API_KEY or not same(access_token, self._access):
            raise dead_session()

    def check_header(self, header: str, now_ns: int) -> None:
        """Let a request with such an `Authorization` in.

        Raises:
            Denied: it bears no token that lives.
        """
        scheme, _, pair = header.partition(" ")
        api_key, _, token = pair.partition(":")
        if scheme != "token":
            raise dead_session()
        self.check(api_key, token, now_ns)


def profile() -> Data:
    """Return who the account belongs to."""
    return _ACCOUNT


def _token(kind: str, number: int) -> str:
    return sha256(f"{API_SECRET}:{kind}:{number}".encode()).hexdigest()[:32]
