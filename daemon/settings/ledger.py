"""Where the ledger lies, from the text of its setting."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daemon.settings.faults import Wrong, shown
from daemon.settings.kinds import is_path

STATE: Final = "STATE/"
"""What stands for the state folder at the beginning of a path."""
_SQLITE: Final = "sqlite:"
_POSTGRES: Final = ("postgres", "postgresql")
_MEND: Final = 'write "sqlite:FILE", such as "sqlite:STATE/ledger.sqlite"'


def ledger_url(text: str) -> str:
    """Return the text where it names a file for SQLite.

    Raises:
        Wrong: it names another kind of ledger, no file, or none that outlives the daemon.
    """
    scheme, _, place = text.partition(":")
    if scheme.partition("+")[0] in _POSTGRES:
        # Never shown: such an address may hold a password.
        raise Wrong("names PostgreSQL, which comes with a later version", f"until then {_MEND}")
    if scheme != "sqlite":
        raise Wrong("does not begin with sqlite:", _MEND)
    if place.startswith("//"):
        raise Wrong(f"is {shown(text)}, with slashes that mean a host", f"{_MEND}, no //")
    if ":memory:" in place:
        raise Wrong("names a ledger in memory, which would not outlive the daemon", _MEND)
    if not is_path(place) or place.endswith("/") or place == STATE.rstrip("/"):
        raise Wrong(f"is {shown(text)}, which names no file", _MEND)
    return text


def ledger_file(url: str, state_dir: Path) -> Path:
    """Return the file that a checked text names."""
    place = url.removeprefix(_SQLITE)
    return state_dir / place.removeprefix(STATE) if place.startswith(STATE) else Path(place)
