"""Which code, settings and schema a daemon runs with: told, recorded and shown, so that it is seen.

A deployment that went half way, or a file that somebody changed on the machine, gives another hash
than the one that was meant; the record says of every order which code decided it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import msgspec

import daemon
from daemon.domain.market.rules import laid_over
from daemon.domain.orders.arming import PAPER, mode_of
from daemon.messages import CodeLoaded
from daemon.settings import Settings
from daemon.storage.migrating import SQLITE, shipped

_LEFT_OUT = frozenset({"__pycache__"})
UNINSTALLED = "not installed"


def code_loaded(settings: Settings, at_ns: int, home: str = "", record_id: str = "") -> CodeLoaded:
    """Return what decides in a run that begins.

    Args:
        settings: what it goes by.
        at_ns: the market instant that the record had reached.
        home: the account whose facts go unmarked; empty where none is recorded.
        record_id: tells the record from every other; empty: nobody asks.
    """
    return CodeLoaded(
        version=_version(),
        code_sha256=code_sha256(Path(daemon.__file__).parent),
        settings_sha256=_settings_sha256(settings),
        schema_number=shipped(SQLITE)[-1].number,  # that of each dialect is the same
        at_ns=at_ns,
        home=home,
        modes={each.id: mode_of(each.broker) for each in settings.accounts},
        record_id=record_id,
        brokers={each.id: each.broker for each in settings.accounts if each.broker != PAPER},
    )


def _settings_sha256(settings: Settings) -> str:
    """Return the hash over what is gone by, the operator's own market rules included."""
    whole = sha256(msgspec.json.encode(settings, enc_hook=str, order="deterministic"))
    if own := laid_over():
        tables = {table: each.document for table, each in own.items()}
        whole.update(msgspec.json.encode(tables, order="deterministic"))
    return whole.hexdigest()


@cache
def code_sha256(folder: Path) -> str:
    """Return the hash over the files of a package, their names included, in hexadecimal.

    Args:
        folder: of the package; what Python itself puts there does not count.
    """
    whole = sha256()
    for name in sorted(_files(folder)):
        content = (folder / name).read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _files(folder: Path) -> Iterator[str]:
    """Yield the name of every file, from the folder on."""
    for here, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if each not in _LEFT_OUT]
        inner = Path(here).relative_to(folder).as_posix()
        yield from (f"{inner}/{name}" for name in names)


@cache
def _version() -> str:
    try:
        return metadata.version("ordo")
    except metadata.PackageNotFoundError:
        return UNINSTALLED
