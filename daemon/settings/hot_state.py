"""`[hot_state]`: where the state of risk is mirrored, from the text of its setting."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Struct

from daemon.settings.faults import Wrong
from daemon.settings.kinds import Location, Switch, Translated, is_path
from daemon.settings.tables import Table

HOT_URL: Final = "sqlite:STATE/hot.sqlite"
"""The preset; `STATE` stands for the folder of the records."""
_NOWHERE: Final = "memory:"
_IN_STATE: Final = "sqlite:STATE/"
_MEND: Final = (
    f'write "{HOT_URL}", "{_NOWHERE}" for none, "redis://[USER@]HOST[:PORT][/NUMBER]" or '
    '"unix://[USER@]/PATH[?db=NUMBER]"'
)
_USER: Final = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_MOST_DB: Final = 15
_PORT: Final = 6_379


class RedisPlace(Struct, frozen=True):
    """Where a Redis listens; `path` is that of its socket, and empty where it has a host."""

    host: str = ""
    port: int = 0
    path: str = ""
    db: int = 0
    user: str = ""

    def __str__(self) -> str:
        """Return it as people write it."""
        who = f"{self.user}@" if self.user else ""
        if self.path:
            return f"unix://{who}{self.path}" + (f"?db={self.db}" if self.db else "")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis://{who}{host}:{self.port}" + (f"/{self.db}" if self.db else "")


def hot_url(text: str) -> str:
    """Return the text where it names a place for the hot state.

    Raises:
        Wrong: it names none; never shown, for such an address may hold a password.
    """
    if text not in (HOT_URL, _NOWHERE):
        redis_place(text)
    return text


def redis_place(url: str) -> RedisPlace:
    """Return where a Redis listens.

    Raises:
        Wrong: the text does not say so.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Wrong("names no place for the hot state", _MEND) from None
    if parts.password is not None:
        mend = "let [hot_state] password_file name a file that this user alone can read"
        raise Wrong("holds a password, which does not belong into settings", mend)
    user = unquote(parts.username or "")
    if not _USER.fullmatch(user) or parts.fragment:
        raise Wrong("names no place for the hot state", _MEND)
    match parts.scheme:
        case "redis" if parts.hostname and not parts.query:
            db = _number(parts.path.removeprefix("/"))
            return RedisPlace(parts.hostname, port or _PORT, "", db, user)
        case "unix" if not parts.hostname and port is None and _is_socket(parts):
            return RedisPlace(path=unquote(parts.path), db=_number(_db(parts.query)), user=user)
    raise Wrong("names no place for the hot state", _MEND)


def _is_socket(parts: SplitResult) -> bool:
    return parts.path.startswith("/") and is_path(parts.path)


def _db(query: str) -> str:
    """Return what a query says of the database; a text that is no number where it says more."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    return given.get("db", "") if given.keys() <= {"db"} else "more"


def _number(text: str) -> int:
    """Return the number of a database; none named is the first."""
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST_DB))):
        raise Wrong("names no database by its number", _MEND)
    if int(text) > _MOST_DB:
        raise Wrong("names no database by its number", f"write one from 0 to {_MOST_DB}")
    return int(text)


class HotState(Table, frozen=True):
    """`[hot_state]`: the mirror of the state of risk; no decision waits for it.

    Attributes:
        url: `memory:` is none at all. A replay never writes to a Redis, but to a file of its own.
        password_file: of the Redis, its first line; None: what the service manager hands over as
            `hot_state.password`, or none.
        pause_entries: nothing is entered while the mirror is lost.
    """

    url: Annotated[str, Translated(f'"{HOT_URL}" or a Redis', hot_url)] = HOT_URL
    password_file: Annotated[Path, Location()] | None = None
    pause_entries: Annotated[bool, Switch()] = False

    @property
    def redis(self) -> RedisPlace | None:
        """The Redis; None: it is another kind of place."""
        return None if self.file or self.url == _NOWHERE else redis_place(self.url)

    @property
    def file(self) -> str:
        """The name of the file in the folder of the records; empty: it is another kind of place."""
        return self.url.removeprefix(_IN_STATE) if self.url.startswith(_IN_STATE) else ""
