"""Which strategies there are, as far as files tell: those of the settings, and what Ordo ships.

What was declared to the daemon is in its record alone, and is not among them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "strategies"
"""What Ordo brings along; it is looked into last."""


def called(file: Path) -> str:
    """Return the id that a file is mostly called after."""
    return file.stem.replace("_", "-")


def ids_in(folders: Iterable[Path]) -> tuple[str, ...]:
    """Return the id of each strategy in some folders, by the alphabet.

    Nothing is judged: of a file that cannot be read the name stands for its id, and a folder that
    cannot be read has none.
    """
    found: set[str] = set()
    for folder in folders:
        try:
            found.update(id_in(file) for file in folder.glob("*.toml"))
        except OSError:
            continue
    return tuple(sorted(found))


def id_in(file: Path) -> str:
    """Return the id that a file names; its own name stands for one that cannot be read."""
    try:
        named = tomllib.loads(file.read_text("utf-8")).get("id")
    except (OSError, ValueError, RecursionError):
        named = None
    return named if isinstance(named, str) else called(file)
