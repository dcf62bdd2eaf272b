"""Bearer tokens: 256 bits each, shown once, kept as their SHA-256.

A token is `ordo_ID_SECRET`. The id finds its record and is no secret; the secret is compared by
digest in equal time, with a digest of nothing where there is no such record. The operator's own
token stands as it is in a file for its owner alone, where the local commands find it.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from enum import IntEnum
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from daemon.domain.instants import SECOND_NS
from daemon.errors import OrdoError, SettingsError
from daemon.storage.secret_file import locked, read_secret, write_secret

OPERATOR_FILE = "operator.token"
TOKENS_FILE = "tokens.json"
MOST = 200
_USED_EVERY_NS = 3_600 * SECOND_NS
_FORM = re.compile(r"ordo_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_OURS = frozenset({"guardian", "signal", "operator"})
"""What the record calls those of Ordo's own who act; what is told of them is no token's doing."""
_NOBODY = sha256(b"").hexdigest()


class Role(IntEnum):
    """What somebody may do; each role may also do what those below it may."""

    NONE = 0
    VIEWER = 1
    TRADER = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As people write it."""
        return self.name.lower()


ROLES = {role.word: role for role in (Role.VIEWER, Role.TRADER, Role.ADMIN)}


class Principal(Struct, frozen=True):
    """Who is asking.

    Attributes:
        name: stands in the records.
        role: what it may do.
        prefix: of the token that it came in with, or that was behind its code; empty: none, as with
            nobody. A name may be that of another token tomorrow; a prefix is not.
        session: the digest of the browser's session that it is in, or was in as it was handed its
            ticket; empty: none.
    """

    name: str
    role: Role
    prefix: str = ""
    session: str = ""


class TokenRecord(Struct, frozen=True):
    """What is kept of a token; instants in ns of host time, 0: never.

    Attributes:
        name: of whoever uses it.
        role: viewer, trader or admin.
        prefix: its id, by which a person tells tokens apart.
        sha256: of the whole token.
        created_ns: when it was made.
        last_used_ns: when it was last used, to the hour.
        revoked_ns: since when it does not count.
    """

    name: str
    role: str
    prefix: str
    sha256: str
    created_ns: int
    last_used_ns: int = 0
    revoked_ns: int = 0


class TokenRefused(SettingsError):
    """A token cannot be made or revoked as asked."""

    code = "token_refused"


def new_token() -> tuple[str, str]:
    """Return a new token and its id."""
    prefix = secrets.token_hex(4)  # sim-ok: a secret must be chance that nobody can repeat
    return f"ordo_{prefix}_{secrets.token_urlsafe(32)}", prefix  # sim-ok: as above


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create_token(state_dir: Path, name: str, role: str, now_ns: int) -> str:
    """Make a token and return it; it cannot be shown again.

    Raises:
        TokenRefused: the role or name is not one, or there are too many.
        SettingsError: the file is open to others, or the disk refused.
    """
    if role not in ROLES:
        raise TokenRefused(f"no role {role!r}; there are: {', '.join(ROLES)}")
    if not _NAME.fullmatch(name):
        raise TokenRefused(f"a token cannot be called {name!r}; letters, digits and _.@- are taken")
    if name in _OURS:
        text = f"{name} is what Ordo calls one of its own; name the token after who uses it"
        raise TokenRefused(text)
    path = state_dir / TOKENS_FILE
    with locked(path):
        known = _load(path)
        if any(one.name == name and not one.revoked_ns for one in known):
            raise TokenRefused(f"there is a token called {name}; revoke it, or choose another name")
        if len(known) >= MOST:
            raise TokenRefused(f"{MOST} tokens are kept at most; remove {path.name} to begin anew")
        token, prefix = new_token()
        _store(path, (*known, TokenRecord(name, role, prefix, digest(token), now_ns)))
    return token


def list_tokens(state_dir: Path) -> tuple[TokenRecord, ...]:
    """Return what is kept of each token, oldest first."""
    return _load(state_dir / TOKENS_FILE)


def revoke_token(state_dir: Path, name: str, now_ns: int) -> TokenRecord:
    """Make a token count no more, from the next request on.

    Args:
        state_dir: where tokens are kept.
        name: of the token, or its prefix.
        now_ns: host time.

    Raises:
        OrdoError: there is no such token that counts.
        SettingsError: the file is open to others, or the disk refused.
    """
    path = state_dir / TOKENS_FILE
    with locked(path):
        known = _load(path)
        meant = [one for one in known if name in (one.name, one.prefix) and not one.revoked_ns]
        if not meant:
            text = f"no token {name} counts; `ordo token list` shows them"
            raise OrdoError(text, "unknown_token")
        gone = replace(meant[0], revoked_ns=now_ns)
        _store(path, tuple(gone if one is meant[0] else one for one in known))
    return gone


def operator_token(state_dir: Path) -> str:
    """Return the operator's token; it is made at the first run.

    Raises:
        SettingsError: the file is open to others, holds no token, or cannot be written.
    """
    path = state_dir / OPERATOR_FILE
    with locked(path):
        held = read_secret(path)
        if held is None:
            token, _ = new_token()
            write_secret(path, token.encode() + b"\n")
            return token
    return _token_in(path, held)


def require_usable(state_dir: Path) -> None:
    """Refuse the files of tokens that a start would refuse; none is made.

    Args:
        state_dir: where tokens are kept.

    Raises:
        SettingsError: one is open to others, or cannot be understood.
    """
    list_tokens(state_dir)
    held = read_secret(state_dir / OPERATOR_FILE)
    if held is not None:
        _token_in(state_dir / OPERATOR_FILE, held)


def _token_in(path: Path, held: bytes) -> str:
    token = held.decode("ascii", "replace").strip()
    if not _FORM.fullmatch(token):
        text = f"{path} holds no token; remove it, and the next start makes a new one"
        raise SettingsError(text, "secret_unusable")
    return token


class Tokens:
    """Who a token is, asked for each request; what another process revokes counts at once.

    A file that goes bad while the daemon runs lets in nobody but the operator.

    Args:
        state_dir: where tokens are kept.

    Attributes:
        fault: what is wrong with the file; empty: nothing.
        operator: whoever can read the state folder.

    Raises:
        SettingsError: a file is open to others or cannot be understood, at the start.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / TOKENS_FILE
        token = operator_token(state_dir)
        prefix = token.split("_")[1]
        self._operator = TokenRecord("operator", Role.ADMIN.word, prefix, digest(token), 0)
        self.operator = _principal(self._operator)
        self._seen: tuple[int, int, int, int] | None = None
        self._by_prefix: dict[str, TokenRecord] = {}
        self._used: dict[str, int] = {}
        self.fault = ""
        self._reload()
        if self.fault:
            raise SettingsError(self.fault, "secret_unusable")

    def who(self, token: str) -> Principal | None:
        """Return whose token it is; None: nobody's. A known and an unknown one cost the same."""
        self._reload()
        form = _FORM.fullmatch(token)
        known = self._by_prefix.get(form[1]) if form else None
        held = known.sha256 if known else _NOBODY
        equal = hmac.compare_digest(digest(token), held)
        if known is None or not equal or known.revoked_ns:
            return None
        return _principal(known)

    def stands(self, who: Principal) -> bool:
        """Return whether somebody whom a code, a session or a ticket names still counts.

        What was handed out for a token ends with it, also where a new one bears its name.
        """
        self._reload()
        known = self._by_prefix.get(who.prefix)
        meant = replace(who, session="")
        return known is not None and not known.revoked_ns and _principal(known) == meant

    def used(self, token: str, now_ns: int) -> bool:
        """Return whether it is time to note that a token is in use, and remember that it is."""
        prefix = token.split("_")[1]
        if prefix == self._operator.prefix:
            return False
        known = self._by_prefix[prefix]
        last_ns = max(known.last_used_ns, self._used.get(prefix, 0))
        if now_ns - last_ns < _USED_EVERY_NS:
            return False
        self._used[prefix] = now_ns
        return True

    def note_use(self, token: str, now_ns: int) -> None:
        """Write down that a token is in use; takes the disk's time.

        Raises:
            SettingsError: the file is open to others, or the disk refused.
        """
        prefix = token.split("_")[1]
        with locked(self._path):
            known = _load(self._path)
            now = tuple(
                replace(one, last_used_ns=now_ns) if one.prefix == prefix else one for one in known
            )
            _store(self._path, now)

    def _reload(self) -> None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 (one call per request)
            seen = (found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode)
        except OSError:
            seen = None
        if seen == self._seen and self._by_prefix:
            return
        self.fault = ""
        try:
            self._by_prefix = {one.prefix: one for one in _load(self._path)}
        except SettingsError as error:
            self._by_prefix = {}
            self.fault = str(error)
        self._by_prefix[self._operator.prefix] = self._operator
        self._seen = seen


def _principal(known: TokenRecord) -> Principal:
    return Principal(known.name, ROLES[known.role], known.prefix)


_decoder = msgspec.json.Decoder(tuple[TokenRecord, ...])


def _load(path: Path) -> tuple[TokenRecord, ...]:
    held = read_secret(path)
    if held is None:
        return ()
    try:
        records = _decoder.decode(held)
    except msgspec.MsgspecError as error:
        text = f"{path} cannot be understood: {error}; restore a copy, or remove it to begin anew"
        raise SettingsError(text, "secret_unusable") from error
    strange = [one.role for one in records if one.role not in ROLES]
    if strange:
        text = f"{path} cannot be understood: no role {strange[0]!r}; remove it to begin anew"
        raise SettingsError(text, "secret_unusable")
    return records


def _store(path: Path, records: tuple[TokenRecord, ...]) -> None:
    write_secret(path, msgspec.json.format(msgspec.json.encode(records)))
