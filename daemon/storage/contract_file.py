"""A broker's file of contracts on the disk, so that a start does not hang upon the broker for it.

The broker's file is large, and slowest on the mornings on which it matters. What an account has
fetched is kept as it came, behind one line with a digest, from where it came, and when.
What is not whole or could have been written by others is refused, and what comes from elsewhere is
as good as none: an order goes by these numbers.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from daemon.errors import SettingsError
from daemon.storage.secret_file import read_secret, write_secret

FOLDER = "contracts"


class ContractFile:
    """What one account has fetched last.

    Args:
        state_dir: the state folder.
        account: whose.
        root: where it is fetched from; a stand-in's contracts are not the broker's.
    """

    def __init__(self, state_dir: Path, account: str, root: str) -> None:
        self.path = state_dir / FOLDER / account
        self._root = root

    def find(self) -> tuple[str, int] | None:
        """Return the file, and the market instant at which it was fetched; None: there is none.

        Raises:
            SettingsError: there is one that cannot be trusted, and why.
        """
        try:
            held = read_secret(self.path, "let it be fetched anew")
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be read: {error.strerror}") from error
        if held is None:
            return None
        digest, _, rest = held.partition(b" ")
        if digest != _digest(rest):
            raise SettingsError(f"{self.path} is not as it was kept")
        head, _, body = rest.decode().partition("\n")
        root, _, fetched_ns = head.rpartition(" ")
        return (body, int(fetched_ns)) if root == self._root else None

    def keep(self, text: str, fetched_ns: int) -> None:
        """Keep a file in place of the one before.

        Args:
            text: as the broker gave it.
            fetched_ns: when, in market time.

        Raises:
            SettingsError: the disk refused.
        """
        rest = f"{self._root} {fetched_ns}\n{text}".encode()
        write_secret(self.path, _digest(rest) + b" " + rest)


def _digest(rest: bytes) -> bytes:
    return hashlib.sha256(rest).hexdigest().encode()
