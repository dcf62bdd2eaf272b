"""Which ledger a command reads where none is named."""

from __future__ import annotations

from pathlib import Path

from daemon.errors import StoreError
from daemon.settings import Settings, ledger_path


def newest_ledger(settings: Settings) -> Path:
    """Return the daemon's ledger, or that of the newest replay.

    Raises:
        StoreError: there is none.
    """
    own, state_dir = ledger_path(settings), settings.daemon.state_dir
    if own.exists():
        return own
    replays = [path for path in replays_of(state_dir) if (path / own.name).exists()]
    if not replays:
        raise StoreError(f"{state_dir} holds no ledger; name one with --ledger", "no_ledger")
    return replays[-1] / own.name


def replays_of(state_dir: Path) -> list[Path]:
    """Return the folders of the replays so far, the oldest first."""
    parent = state_dir / "replay"
    numbered = [each for each in parent.glob("*") if each.name.isdecimal() and each.is_dir()]
    return sorted(numbered, key=lambda each: int(each.name))
