"""What a service manager hands over: a folder of files, as systemd makes it from version 254 on."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest

_VERSION, _ANYBODY = 2, 0xFFFF_FFFF
_OWNER, _USER, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_READ, _ENTER = 4, 5
_UNIT = 61_184
"""A user of systemd's for one unit."""


def handed_over(folder: Path, files: Mapping[str, bytes], *, by_list: bool) -> Path:
    """Make a folder as systemd hands it over, and return it.

    Args:
        folder: which; it is made.
        files: what each of them holds, by name.
        by_list: with the access lists themselves, or else only the modes that they show.
    """
    folder.mkdir(mode=0o700)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        _let_in(folder / name, _READ, by_list=by_list)
    _let_in(folder, _ENTER, by_list=by_list)
    return folder


def _let_in(path: Path, permits: int, *, by_list: bool) -> None:
    """Let the unit's user in, beside the owner; without access lists here the test is skipped.

    Source: linux/posix_acl_xattr.h.
    """
    path.chmod(permits << 6)
    if by_list:
        entries = (
            *((_OWNER, permits, _ANYBODY), (_USER, permits, _UNIT), (_GROUP, 0, _ANYBODY)),
            *((_MASK, permits, _ANYBODY), (_OTHER, 0, _ANYBODY)),
        )
        packed = b"".join(struct.pack("<HHI", *entry) for entry in entries)
        try:
            os.setxattr(path, "system.posix_acl_access", struct.pack("<I", _VERSION) + packed)
        except OSError as error:
            pytest.skip(f"{path} takes no access list: {error.strerror}")
    else:
        path.chmod(permits << 6 | permits << 3)
    assert path.stat().st_mode & 0o777 == permits << 6 | permits << 3
