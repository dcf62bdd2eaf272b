"""`[[sinks]]`: who outside is told of what happens, from the text of its address."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from daemon.settings.faults import Wrong
from daemon.settings.hot_state import RedisPlace, redis_place
from daemon.settings.kinds import Location, Many, OneOf, Text, Translated, Whole
from daemon.settings.tables import Table

_MEND: Final = (
    'write "https://HOST[:PORT]/PATH", "http://127.0.0.1:PORT/PATH" for this machine alone, '
    '"redis://[USER@]HOST[:PORT][/NUMBER]" or "unix://[USER@]/PATH[?db=NUMBER]"'
)
_ID: Final = Text(
    r"[a-z][a-z0-9-]{0,31}", 'small letters, digits and dashes, at most 32, such as "pager"'
)
_KEY: Final = Text(r"[!-~]{1,200}", 'a key of a Redis without blanks, such as "ordo:events"')
_WEB: Final = ("https", "http")
_MOST_LETTERS: Final = 500


def sink_url(text: str) -> str:
    """Return the text where it names a place for events.

    Raises:
        Wrong: it names none, or may hold a secret; it is never shown.
    """
    if not text.startswith(tuple(f"{scheme}:" for scheme in _WEB)):
        try:
            redis_place(text)
        except Wrong as wrong:
            raise _at_a_sink(wrong) from None
        return text
    try:
        parts = urlsplit(text)
        is_web = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_web = False
    if not is_web or not (text.isascii() and text.isprintable()) or " " in text:
        raise Wrong("names no place for events", _MEND)
    if "@" in parts.netloc or parts.query or parts.fragment or len(text) > _MOST_LETTERS:
        mend = "write the address alone; what proves who we are is the signature of secret_file"
        raise Wrong("may hold a secret, which does not belong into settings", mend)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise Wrong("would be told over an open wire", "write https, or an address of this machine")
    return text


def _at_a_sink(wrong: Wrong) -> Wrong:
    """Return what is wrong about the place of a Redis, in words that fit a sink."""
    if "password" in wrong.what:
        mend = "let secret_file name a file that this user alone can read"
        return Wrong(wrong.what, mend)
    return Wrong("names no place for events", _MEND)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class EventKind(StrEnum):
    """What an event is about, in the words of the stream of events."""

    ORDER = "order"
    FILL = "fill"
    RISK = "risk"
    KILL = "kill"
    ALERT = "alert"
    ACTOR = "actor"


class SinkSettings(Table, frozen=True):
    """`[[sinks]]`: one who is told, and of what; a replay tells nobody.

    Attributes:
        id: of its cursor and its dead letters.
        url: of a webhook, or of a Redis.
        secret_file: its first line is what deliveries to a webhook are signed with, or the password
            of the Redis; None: what the service manager hands over as `sink.ID.secret`.
        events: the kinds of events that it is given.
        tries: so many noes to an event, with growing pauses, make it a dead letter; that nobody is
            there to take it is no no.
        pause_ms: the first pause; each later one is twice as long.
        longest_pause_ms: and none is longer.
        timeout_ms: how long the answer of a webhook may take.
        stream: the key of the stream in a Redis.
        length: about so many entries stay in that stream.
    """

    id: Annotated[str, _ID]
    url: Annotated[str, Translated("the address of a webhook or of a Redis, in quotes", sink_url)]
    secret_file: Annotated[Path, Location()] | None = None
    events: Annotated[tuple[EventKind, ...], Many(OneOf(EventKind), 1, len(EventKind))] = tuple(
        EventKind
    )
    tries: Annotated[int, Whole(1, 100, "tries")] = 10
    pause_ms: Annotated[int, Whole(10, 600_000, "milliseconds")] = 1_000
    longest_pause_ms: Annotated[int, Whole(10, 3_600_000, "milliseconds")] = 60_000
    timeout_ms: Annotated[int, Whole(100, 60_000, "milliseconds")] = 5_000
    stream: Annotated[str, _KEY] = "ordo:events"
    length: Annotated[int, Whole(100, 10_000_000, "entries")] = 10_000

    @property
    def redis(self) -> RedisPlace | None:
        """The Redis; None: it is a webhook."""
        return None if urlsplit(self.url).scheme in _WEB else redis_place(self.url)
