"""Where the ledger lies, from the text of its setting."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daemon.settings.faults import Wrong

LEDGER_URL: Final = "sqlite:STATE/ledger.sqlite"
"""The one place until others are built; `STATE` stands for the state folder."""
_IN_STATE: Final = "sqlite:STATE/"
_POSTGRES: Final = ("postgres", "postgresql")
_MEND: Final = f'until then write "{LEDGER_URL}"; [daemon] state_dir says where STATE is'


def ledger_url(text: str) -> str:
    """Return the text where it names the ledger in the state folder.

    Raises:
        Wrong: it names another place; never shown, for such an address may hold a password.
    """
    if text == LEDGER_URL:
        return text
    if text.partition(":")[0].partition("+")[0] in _POSTGRES:
        raise Wrong("names PostgreSQL, which comes with a later version", _MEND)
    raise Wrong("names another ledger; to choose its place comes with a later version", _MEND)


def ledger_file(url: str, state_dir: Path) -> Path:
    """Return the file that a checked text names."""
    return state_dir / url.removeprefix(_IN_STATE)
