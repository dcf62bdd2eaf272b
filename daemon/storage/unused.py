"""State folders that no daemon ever ran on: another one was meant, or it is typed elsewhere."""

from __future__ import annotations

from pathlib import Path

from daemon.storage.exclusive import LOCK


def never_ran(state_dir: Path) -> str:
    """Say that no daemon ever ran on a folder, and what to do; empty: one may have."""
    try:
        (state_dir / LOCK).lstat()
    except FileNotFoundError:
        pass
    except OSError:
        return ""  # who may not look there knows nothing of it
    else:
        return ""
    told = f"no daemon ever ran on {state_dir.absolute()}"
    if state_dir.is_absolute():
        return f"{told}; if yours runs elsewhere, name its settings: --settings FILE"
    return f"{told}; {seen_from_here(state_dir)}"


def seen_from_here(state_dir: Path) -> str:
    """Say of a folder that is written relative what it hangs on, and what to do."""
    return (
        f"[daemon] state_dir {state_dir} is seen from the folder that this is typed in: type it "
        "where the daemon was started, or let the settings of --settings FILE name a whole path"
    )
