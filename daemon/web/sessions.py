"""What a browser holds: a code that becomes a session, a session, a ticket for a WebSocket.

Each is 256 bits of chance, known here only by its SHA-256. Codes and tickets count once. Sessions
outlive the daemon, so that an open page goes on after a restart; their file is for its owner alone.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from daemon.domain.instants import SECOND_NS
from daemon.errors import SettingsError
from daemon.storage.secret_file import read_secret, write_secret
from daemon.web.tokens import ROLES, Principal

SESSIONS_FILE = "sessions.json"
CODE_NS = 600 * SECOND_NS
TICKET_NS = 30 * SECOND_NS
SESSION_NS = 12 * 3_600 * SECOND_NS
_MOST = 1_000


class Held(Struct, frozen=True):
    """What stands behind a secret.

    Attributes:
        name: whose it is.
        role: what it may do.
        until_ns: host time at which it ends.
        prefix: of the token that it was handed out for, with which it ends.
    """

    name: str
    role: str
    until_ns: int
    prefix: str = ""

    @property
    def principal(self) -> Principal:
        """Who it stands for."""
        return Principal(self.name, ROLES[self.role], self.prefix)


class OneTime:
    """Secrets that count once, and not for long.

    Args:
        lives_ns: how long.
    """

    def __init__(self, lives_ns: int) -> None:
        self._lives_ns = lives_ns
        self._held: dict[str, Held] = {}

    def issue(self, who: Principal, now_ns: int) -> tuple[str, int]:
        """Return a new secret for somebody, and when it ends."""
        _forget(self._held, now_ns)
        secret, until_ns = _secret(), now_ns + self._lives_ns
        self._held[_digest(secret)] = Held(who.name, who.role.word, until_ns, who.prefix)
        return secret, until_ns

    def take(self, secret: str, now_ns: int) -> Principal | None:
        """Return whom a secret stands for, and end it; None: it does not count."""
        held = self._held.pop(_digest(secret), None)
        return held.principal if held is not None and now_ns < held.until_ns else None


class Sessions:
    """Sessions of browsers; one that names no token, as those of an older version, is dropped.

    Args:
        state_dir: where they are kept.

    Raises:
        SettingsError: their file is open to others, or cannot be understood.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / SESSIONS_FILE
        held = read_secret(self._path)
        try:
            self._held = msgspec.json.decode(held or b"{}", type=dict[str, Held])
        except msgspec.MsgspecError as error:
            raise SettingsError(
                f"{self._path} cannot be understood: {error}; remove it and log in anew",
                "secret_unusable",
            ) from error
        self._held = {
            key: one for key, one in self._held.items() if one.role in ROLES and one.prefix
        }

    def begin(self, who: Principal, now_ns: int) -> tuple[str, bytes]:
        """Return a new session and what `keep` is to write."""
        _forget(self._held, now_ns)
        secret = _secret()
        until_ns = now_ns + SESSION_NS
        self._held[_digest(secret)] = Held(who.name, who.role.word, until_ns, who.prefix)
        return secret, msgspec.json.encode(self._held)

    def who(self, secret: str, now_ns: int) -> Principal | None:
        """Return whose session it is; None: nobody's, or it is over."""
        held = self._held.get(_digest(secret))
        return held.principal if held is not None and now_ns < held.until_ns else None

    def end(self, secret: str) -> bytes:
        """End a session; return what `keep` is to write."""
        self._held.pop(_digest(secret), None)
        return msgspec.json.encode(self._held)

    def keep(self, written: bytes) -> None:
        """Make sessions durable; takes the disk's time.

        Raises:
            SettingsError: the disk refused.
        """
        write_secret(self._path, written)


def _secret() -> str:
    return secrets.token_urlsafe(32)  # sim-ok: a secret must be chance that nobody can repeat


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _forget(held: dict[str, Held], now_ns: int) -> None:
    """Drop what is over, and the oldest where there are too many."""
    for key in [key for key, one in held.items() if one.until_ns <= now_ns]:
        del held[key]
    while len(held) >= _MOST:
        del held[next(iter(held))]
