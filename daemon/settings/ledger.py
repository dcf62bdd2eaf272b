"""Where the ledger lies, from the text of its setting."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from daemon.settings.faults import Wrong
from daemon.settings.kinds import is_path

LEDGER_URL: Final = "sqlite:STATE/ledger.sqlite"
"""What is preset; `STATE` stands for the state folder, or that of the replay."""
_SQLITE: Final = "sqlite:"
_IN_STATE: Final = "STATE/"
_POSTGRES: Final = ("postgres://", "postgresql://")
_ASKED: Final = frozenset(
    {"host", "port", "search_path", "sslmode", "sslrootcert", "sslcert", "sslkey"}
)
"""What an address may ask for behind its `?`; whatever else stands there may be a secret."""
_EXPECTED: Final = (
    f'write "{LEDGER_URL}" (STATE is [daemon] state_dir), "sqlite:PATH", or'
    ' "postgresql://USER@HOST/DATABASE"'
)
_KEPT_APART: Final = (
    "take it out, change it, and keep it in a file for this user alone that PGPASSFILE names, or in"
    " the credential `pgpass`"
)


def ledger_url(text: str) -> str:
    """Return the text where it names a ledger.

    Raises:
        Wrong: it names none, or holds a password; never shown, for it may hold one.
    """
    if is_postgres(text):
        _require_address(text)
        return text
    path = text.removeprefix(_SQLITE)
    if path != text and is_path(path.removeprefix(_IN_STATE)) and not path.startswith("//"):
        return text
    raise Wrong("names no ledger", _EXPECTED)


def is_postgres(url: str) -> bool:
    """Say whether a text names a PostgreSQL."""
    return url.startswith(_POSTGRES)


def ledger_file(url: str, folder: Path) -> Path:
    """Return the file that a checked text names.

    Args:
        url: the text, of no PostgreSQL.
        folder: what `STATE` stands for.
    """
    path = url.removeprefix(_SQLITE)
    return folder / path.removeprefix(_IN_STATE) if path.startswith(_IN_STATE) else Path(path)


def _require_address(text: str) -> None:
    try:
        parts = urlsplit(text)
        # What a password may be cut at by mistake: no name of a database holds these.
        secret = parts.password is not None or "@" in parts.path + parts.fragment
        secret = secret or ":" in unquote(parts.username or "")
        named = parts.port is None or bool(parts.hostname)
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise Wrong("is no address of a PostgreSQL", _EXPECTED) from None
    keys = parse_qs(parts.query, keep_blank_values=True)
    if secret or any(key.endswith("password") for key in keys):
        raise Wrong("holds a password", _KEPT_APART)
    if not named or not keys.keys() <= _ASKED:
        raise Wrong("is no address of a PostgreSQL", _EXPECTED)
