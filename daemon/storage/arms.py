"""Arms: a file for each account that a person has armed for live trading, and for which day.

The door reads it anew for every entry in an account of a live broker. What is missing, cannot be
read or is of another day arms nothing, so whatever breaks here stops entries and lets none out;
that is why, unlike the latch, it may lean on the rest of the house. To remove the file is to
disarm, which a kill of the account does.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from daemon.errors import SettingsError
from daemon.kill import ARMS
from daemon.storage.secret_file import read_secret, write_secret

_MEND = "arm it anew"


class Arm(Struct, frozen=True, forbid_unknown_fields=True):
    """One arm.

    Attributes:
        account: which account.
        day: the day of market time that it ends with.
        reason: why, in the words of whoever armed it.
        by: who.
        at_ns: the market instant.
    """

    account: str
    day: date
    reason: str
    by: str
    at_ns: int


_decoder = msgspec.json.Decoder(Arm)


def put(state_dir: Path, arm: Arm) -> None:
    """Let an account be armed, durably; an earlier arm of it is replaced.

    Raises:
        SettingsError: the disk refused.
    """
    (state_dir / ARMS).mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(_path(state_dir, arm.account), msgspec.json.encode(arm))


def remove(state_dir: Path, account: str) -> bool:
    """Disarm an account; say whether there was an arm of it.

    Raises:
        OSError: the disk refused; the account may be armed still.
    """
    try:
        _path(state_dir, account).unlink()
    except FileNotFoundError:
        return False
    return True


def of(state_dir: Path, account: str) -> Arm | None:
    """Return the arm of an account, of whatever day; None: nobody armed it, or nobody can tell."""
    try:
        held = read_secret(_path(state_dir, account), _MEND)
        arm = _decoder.decode(held) if held is not None else None
    except (SettingsError, OSError, msgspec.MsgspecError, ValueError):
        return None  # what nobody understands arms nothing
    return arm if arm is not None and arm.account == account else None


def lies_there(state_dir: Path, account: str) -> bool:
    """Say whether there is a file of an account, readable or not."""
    return _path(state_dir, account).exists()


def _path(state_dir: Path, account: str) -> Path:
    return state_dir / ARMS / account
