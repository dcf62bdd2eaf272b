"""The keys of the vault: where they come from, and the ring that seals and opens.

A key is handed over by the service manager as the credential `vault.key`; else it lies in the file
`vault.key` of the state folder; else it is made of a passphrase. A file of keys holds one a line,
the newest first: that one seals, and each of them opens.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import Meta, Struct

from daemon.domain.instants import SECOND_NS
from daemon.errors import VaultError
from daemon.settings.credentials import FOLDER, credential, secret_in
from daemon.storage.secret_file import read_secret, require_private_folder, write_secret
from daemon.telemetry.redaction import Secret

KEY_FILE = "vault.key"
PASSPHRASE_FILE = "vault.passphrase"  # noqa: S105 (the name of a file)
LEAST_LETTERS = 12
CHANGE = "rotate the vault and change the credentials at the broker"
_WRITERS = 0o022
_KEY_BYTES = 32
_MOST_KEYS = 16
_MEND = "put back the file that it was, or begin anew: every credential must be put in again then"

_MAY_BE_THERE = (
    "the daemon and the guardian that run may have it: put the file back where it lay there, or "
    "name it with --key"
)


class Cost(Struct, frozen=True, forbid_unknown_fields=True):
    """What one guess of a passphrase costs whoever has stolen the vault.

    The preset takes 128 MiB for some tenths of a second.

    Source: OWASP Password Storage Cheat Sheet, scrypt: N = 2^17, r = 8, p = 1 at the least; the
        function and its parameters are of RFC 7914.

    Attributes:
        log2_n: of N, the cost in memory and time.
        r: the size of a block, in units of 128 bytes.
        p: how often it is done.
    """

    log2_n: Annotated[int, Meta(ge=10, le=20)] = 17
    r: Annotated[int, Meta(ge=8, le=8)] = 8
    p: Annotated[int, Meta(ge=1, le=4)] = 1


class KeyRing:
    """Keys that open, the first of which seals.

    Args:
        keys: as Fernet writes them, the newest first.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = MultiFernet([Fernet(key) for key in keys])
        self.names = tuple(map(name_of, keys))

    @property
    def newest(self) -> str:
        """The name of the key that seals."""
        return self.names[0]

    def seal(self, plain: bytes, at_ns: int) -> str:
        """Return bytes so that only a key of this ring opens them."""
        return self._keys.encrypt_at_time(plain, at_ns // SECOND_NS).decode()

    def seal_again(self, sealed: str) -> str:
        """Return what is sealed under the newest key, whichever it was sealed under.

        Raises:
            InvalidToken: no key opens it, or it is not as it was sealed.
        """
        return self._keys.rotate(sealed.encode()).decode()

    def open(self, sealed: str) -> bytes:
        """Return what was sealed.

        Raises:
            InvalidToken: no key opens it, or it is not as it was sealed.
        """
        return self._keys.decrypt(sealed.encode())


def key_path(folder: Path, credentials: str) -> Path | None:
    """Return where the keys lie; None: nowhere, so a passphrase is what opens the vault.

    Args:
        folder: the state folder.
        credentials: the folder of files that the service manager hands over; empty: there is none.

    Raises:
        SettingsError: what was handed over is open to others.
    """
    handed = credential(KEY_FILE, {FOLDER: credentials})
    if handed is not None:
        return handed
    path = folder / KEY_FILE
    return path if path.is_symlink() or path.exists() else None


def read_keys(path: Path, credentials: str = "") -> tuple[bytes, ...]:
    """Return the keys of a file, the newest first.

    Args:
        path: of the file.
        credentials: the folder of files that the service manager hands over; empty: there is none.

    Raises:
        SettingsError: others can read it or write to its folder, or it cannot be read.
        VaultError: it is not there, or holds no keys.
    """
    require_private_folder(path.parent, _WRITERS)
    held = read_secret(path, CHANGE, credentials)
    if held is None:
        sentence = f"there is no key at {path}, and this command was handed none as the credential"
        mend = _MEND if credentials else _MAY_BE_THERE
        raise VaultError(f"{sentence} {KEY_FILE}; {mend}", "no_vault_key")
    keys = tuple(held.split())
    if not 1 <= len(keys) <= _MOST_KEYS or not all(map(_is_key, keys)):
        raise VaultError(f"{path} holds no keys of a vault, one a line; {_MEND}", "vault_locked")
    return keys


def write_keys(path: Path, keys: Sequence[bytes]) -> None:
    """Write a file of keys, whole and for its owner alone.

    Raises:
        SettingsError: the disk refused.
    """
    write_secret(path, b"".join(key + b"\n" for key in keys))


def name_of(key: bytes) -> str:
    """Return the name of a key, which says nothing of the key."""
    return sha256(b"the name of a key of the vault: " + key).hexdigest()[:8]


def new_key() -> bytes:
    """Return a key of chance."""
    return Fernet.generate_key()


def key_of(passphrase: Secret, salt: bytes, cost: Cost) -> bytes:
    """Return the key that a passphrase makes; for as long as the cost asks nothing else is done.

    Raises:
        VaultError: the passphrase cannot be one.
    """
    try:
        text = passphrase.reveal().encode()
    except UnicodeEncodeError:
        raise VaultError("the passphrase holds what is no text", "vault_refused") from None
    function = Scrypt(salt=salt, length=_KEY_BYTES, n=2**cost.log2_n, r=cost.r, p=cost.p)
    return base64.urlsafe_b64encode(function.derive(text))


def handed_passphrase(credentials: str) -> Secret | None:
    """Return the passphrase that the service manager hands over; None: it does not.

    Args:
        credentials: its folder; empty: there is none.

    Raises:
        SettingsError: it is open to others, or holds nothing.
    """
    environ = {FOLDER: credentials}
    path = credential(PASSPHRASE_FILE, environ)
    return secret_in(path, environ) if path is not None else None


def require_strong(passphrase: Secret) -> None:
    """Refuse a passphrase that is guessed too soon.

    Raises:
        VaultError: it is too short.
    """
    if len(passphrase.reveal()) < LEAST_LETTERS:
        sentence = f"a passphrase has {LEAST_LETTERS} letters at the least; take several words"
        raise VaultError(sentence, "vault_refused")


def _is_key(key: bytes) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
