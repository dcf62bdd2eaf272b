"""What a guardian that watches stands in for, by its own words, held against the settings of now.

It reads the settings once, so after a change of them it goes on by those before. One that was
started on paper would watch beside a live daemon, and see nothing of what that leaves open. So it
says in the file that it locks what it goes by. Of the tables it tells a digest, and so it does of
the records that it can read: who watches since before an update may know fewer, and closes nothing.
And it says where it cannot open the vault, as after a rotation one that has the key from before.
"""

from __future__ import annotations

import os
import socket
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from daemon.domain.market.rules import laid_over
from daemon.domain.orders.arming import PAPER, mode_of_all
from daemon.settings import Settings
from daemon.settings.guardian import LOCK, SOCKET
from daemon.storage.codec import vocabulary
from daemon.storage.migrating import SQLITE, shipped

MEND: Final = (
    "restart ordo-guardian, by the settings of the daemon and the same ORDO_ variables: until then "
    "it may leave open what a daemon that is gone left"
)
SHUT: Final = "cannot open the vault, so it could close nothing at a broker"
_DIGITS = 12


class StoodInFor(Struct, frozen=True, omit_defaults=True):
    """What a guardian goes by.

    Attributes:
        mode: whose money is traded with.
        state_dir: the state folder, from the root on.
        accounts: the ids of those that it can close.
        tables: a digest of each table of the settings that it goes by, by its name; of `market`, of
            the operator's own rules, where there are some.
        records: a digest of the records that it can read, and of the schema they are kept in; empty
            where an earlier version does not tell it.
        vault: why it cannot open the vault; empty: it can, or needs none.
    """

    mode: str
    state_dir: str
    accounts: tuple[str, ...]
    tables: dict[str, str]
    records: str = ""
    vault: str = ""


def stood_in_for(settings: Settings) -> StoodInFor:
    """Return what a guardian goes by that is started with these settings, and own market rules."""
    accounts = settings.accounts
    live = tuple(each for each in accounts if each.broker != PAPER)
    closed = live or accounts
    tables = {
        "accounts": accounts,
        "brokers": {each.broker: settings.brokers[each.broker] for each in closed},
        "guardian": settings.guardian,
        "ledger": settings.ledger,
        "risk": settings.risk,
    }
    if not live:  # the market on paper is its own, and follows from these
        tables["feed"] = settings.feed
    if own := laid_over():  # what is told without any stays what it was
        tables["market"] = {table: each.document for table, each in own.items()}
    return StoodInFor(
        mode_of_all(each.broker for each in accounts),
        os.fspath(settings.daemon.state_dir.absolute()),
        tuple(each.id for each in closed),
        {name: _digest(table) for name, table in tables.items()},
        _digest((vocabulary(), shipped(SQLITE)[-1].number)),  # that of each dialect is the same
    )


def watched(state_dir: Path) -> bool:
    """Say whether a guardian listens on a state folder now."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        try:
            wire.connect(os.fspath(state_dir / SOCKET))
        except OSError:
            return False
    return True


def unlike(settings: Settings) -> str:
    """Say how a guardian that watches differs from the settings; empty: it does not, or none does.

    One that says nothing is of an earlier version, or found no room on its disk for that.
    """
    state_dir = settings.daemon.state_dir
    if not watched(state_dir):
        return ""
    own, told = stood_in_for(settings), _told(state_dir)
    if told is None:
        return f"the guardian that watches {state_dir} does not say what it stands in for"
    found = []
    if (told.mode, told.accounts) != (own.mode, own.accounts):
        found.append(f"stands in for {_named(told)}, and the settings are for {_named(own)}")
    if not _is_same(Path(told.state_dir), state_dir):
        found.append(f"was started on {told.state_dir}")
    names = [
        name
        for name in {**own.tables, **told.tables}
        if own.tables.get(name) != told.tables.get(name)
    ]
    if names and not found:
        found.append(f"goes by another {' and '.join(f'[{name}]' for name in names)}")
    if told.records != own.records:
        found.append("is of another version, which may not read what is recorded now")
    if told.vault:
        found.append(f"{SHUT}: {told.vault}")
    return f"the guardian that watches {state_dir} {'; it '.join(found)}" if found else ""


def _named(what: StoodInFor) -> str:
    return f"{', '.join(what.accounts)} ({what.mode.upper()})"


def _digest(table: object) -> str:
    encoded = msgspec.json.encode(table, enc_hook=str, order="deterministic")
    return sha256(encoded).hexdigest()[:_DIGITS]


def _told(state_dir: Path) -> StoodInFor | None:
    try:
        return msgspec.json.decode((state_dir / LOCK).read_bytes(), type=StoodInFor)
    except (OSError, msgspec.DecodeError):
        return None


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
