"""What a browser holds: a code that becomes a session, a session, a ticket for a WebSocket.

Each is 256 bits of chance, known here only by its SHA-256. Codes and tickets count once. A session
ends 12 h after it was last used, which an open page does, and seven days after it began at the
longest; a ticket and what it opened end with the session that it was handed out in. Sessions
outlive the daemon, so that an open page goes on after a restart; their file is for its owner
alone, and knows of their use to the hour.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.instants import DAY_NS, SECOND_NS
from daemon.errors import SettingsError
from daemon.storage.secret_file import read_secret, write_secret
from daemon.web.admission.tokens import ROLES, Principal

SESSIONS_FILE = "sessions.json"
CODE_NS = 600 * SECOND_NS
TICKET_NS = 30 * SECOND_NS
SESSION_NS = 12 * 3_600 * SECOND_NS
LONGEST_NS = 7 * DAY_NS
_KEPT_EVERY_NS = 3_600 * SECOND_NS
_MOST = 1_000


class Held(Struct, frozen=True):
    """What stands behind a secret.

    Attributes:
        name: whose it is.
        role: what it may do.
        until_ns: host time at which it ends.
        prefix: of the token that it was handed out for, with which it ends.
        at_last_ns: host time at which it ends however much it is used; 0: it is not renewed.
        session: the digest of the session that a ticket was handed out in, with which it ends;
            empty: it was in none.
    """

    name: str
    role: str
    until_ns: int
    prefix: str = ""
    at_last_ns: int = 0
    session: str = ""

    @property
    def principal(self) -> Principal:
        """Who it stands for."""
        return Principal(self.name, ROLES[self.role], self.prefix, self.session)


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
        self._held[_digest(secret)] = Held(
            who.name, who.role.word, until_ns, who.prefix, session=who.session
        )
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
        self._kept_ns = 0

    def begin(self, who: Principal, now_ns: int) -> str:
        """Return a new session; it is time to keep them."""
        _forget(self._held, now_ns)
        secret, until_ns, at_last_ns = _secret(), now_ns + SESSION_NS, now_ns + LONGEST_NS
        begun = Held(who.name, who.role.word, until_ns, who.prefix, at_last_ns)
        self._held[_digest(secret)] = begun
        self._kept_ns = now_ns
        return secret

    def who(self, secret: str, now_ns: int) -> Principal | None:
        """Return whose session it is; None: nobody's, or it is over."""
        key = _digest(secret)
        return replace(self._held[key].principal, session=key) if self.lasts(key, now_ns) else None

    def lasts(self, key: str, now_ns: int) -> bool:
        """Return whether the session of a digest counts."""
        held = self._held.get(key)
        return held is not None and now_ns < held.until_ns

    def used(self, key: str, now_ns: int) -> bool:
        """Let the session of a digest go on from now; return whether it is time to keep them."""
        held = self._held[key]
        until_ns = max(held.until_ns, min(now_ns + SESSION_NS, held.at_last_ns))
        self._held[key] = replace(held, until_ns=until_ns)
        if now_ns - self._kept_ns < _KEPT_EVERY_NS:
            return False
        self._kept_ns = now_ns
        return True

    def end(self, secret: str) -> None:
        """End a session; it is time to keep the others."""
        self._held.pop(_digest(secret), None)

    def written(self) -> bytes:
        """Return what `keep` is to write."""
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
