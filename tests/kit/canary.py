"""Secrets that tests plant, looked for in whatever a test leaves behind.

Each secret that is made up for a test begins with one word; one that a stand-in for a broker made
up is remembered. Whatever a daemon makes itself, its token and the key of its vault, is read from
the file that is meant to hold it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

WORD = "canary-of-the-house"
"""What every secret that is made up begins with."""
OWN_FILES = frozenset({"operator.token", "vault.key", "keys", "secret"})
"""Files that are meant to hold a secret; their owner alone reads them."""
_LEAST = 20
_REMEMBERED: set[bytes] = set()


def planted(name: str) -> str:
    """Return a secret that is made up."""
    return f"{WORD}-{name}-0123456789"


def remembered(secret: str) -> str:
    """Return a secret that somebody else made up, looked for from here on as well."""
    _REMEMBERED.add(secret.encode())
    return secret


def leaks(folder: Path | None, told: str) -> list[str]:
    """Return where a secret came out.

    Args:
        folder: that a test worked in, with all that was written there; None: in none.
        told: what it wrote to its outputs.
    """
    files = list(_files(folder)) if folder is not None else []
    secrets = {WORD.encode(), *_REMEMBERED, *(made for file in files for made in _made(file))}
    found = ["its output"] if any(each in told.encode() for each in secrets) else []
    for file in files:
        if file.name not in OWN_FILES:
            content = file.read_bytes()
            found += [str(file)] if any(each in content for each in secrets) else []
    return found


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


def _made(file: Path) -> Iterator[bytes]:
    """Yield the secrets that a daemon made itself and keeps in a file."""
    if file.name in {"operator.token", "vault.key"}:
        for line in file.read_bytes().splitlines():
            if len(line.strip()) >= _LEAST:
                yield line.strip()
