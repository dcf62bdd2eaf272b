"""One daemon on one state folder: two would each take the other's orders for strangers."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.errors import SettingsError, StoreError

_NAME = "daemon.lock"


@contextmanager
def exclusively(state_dir: Path) -> Iterator[None]:
    """Hold a state folder for this process alone; the kernel lets go of it whatever happens.

    Args:
        state_dir: made where it does not exist, for its owner alone.

    Raises:
        SettingsError: the folder cannot be made or written to.
        StoreError: another daemon holds it.
    """
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(state_dir / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(
            f"the state folder {state_dir} cannot be used: {error.strerror}; "
            "let [daemon] state_dir name a folder that this user may write to",
            "state_folder_unusable",
        ) from error
    try:
        _take(descriptor, state_dir)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, state_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        raise StoreError(
            f"the daemon with process id {holder} runs on the state folder {state_dir}; "
            "stop it first, or give this one another [daemon] state_dir",
            "already_running",
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
