"""The vault: the credentials of the accounts at their brokers, sealed in a file of their own.

It stands beside the ledger and not in it: whoever must log in to close a position needs no ledger
for that. `vault.json` of the state folder holds names and dates in the clear, and secrets only
sealed; the file is written whole, so a crash leaves the old one or the new one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from daemon.errors import VaultError
from daemon.storage import vault_keys, vault_rows
from daemon.storage.secret_file import locked, read_secret, require_private_folder, write_secret
from daemon.storage.vault_keys import Cost, KeyRing, key_of, key_path, read_keys
from daemon.storage.vault_rows import Held, Row, seal, sealed_again, unseal
from daemon.telemetry.redaction import Secret

VAULT_FILE = "vault.json"
PRESET = Cost()
_PROOF = Secret("a vault of Ordo's")
_SALT_BYTES = 16


def _unheard(secret: Secret) -> None:
    """Nobody keeps it out of what is said."""


class Place(Struct, frozen=True):
    """Where a vault lies, and where its key comes from.

    Attributes:
        folder: the state folder.
        credentials: the folder of files that the service manager hands over; empty: there is none.
        key: a file of keys that a person named; None: wherever there is one.
        passphrase: as a person said it; None: the one that the service manager hands over.
        know: is told each secret, to keep it out of what is said.
    """

    folder: Path
    credentials: str = ""
    key: Path | None = None
    passphrase: Secret | None = None
    know: Callable[[Secret], None] = _unheard


class Vault:
    """Keeps credentials; nothing of it is held in memory between two calls, and every call blocks.

    What another process puts in or rotates counts with the next call.

    Args:
        place: where it lies.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.path = place.folder / VAULT_FILE

    def begin(self, now_ns: int, passphrase: Secret | None = None, cost: Cost = PRESET) -> None:
        """Make the vault, and its key where there is none.

        Args:
            now_ns: host time.
            passphrase: what its key is made of; None: a file holds it.
            cost: of the passphrase.

        Raises:
            VaultError: there is a vault already, or the passphrase is too short.
            SettingsError: a file is open to others, or the disk refused.
        """
        with locked(self.path):
            self._require_private()
            if self._read() is not None:
                sentence = f"there is a vault at {self.path}; `ordo vault list` shows what is in it"
                raise VaultError(sentence, "vault_exists")
            path = self._key_path()
            if passphrase is not None and path is not None:
                sentence = f"there is a key at {path}, which goes before any passphrase"
                raise VaultError(f"{sentence}; move it away, or use it", "vault_refused")
            if passphrase is not None:
                held, _ = _under(passphrase, now_ns, cost)
            else:
                path = path or self._place.folder / vault_keys.KEY_FILE
                if not path.exists() and not path.is_symlink():
                    vault_keys.write_keys(path, (vault_keys.new_key(),))
                held = Held(vault_rows.VERSION, _proof(self._keys_of(path), now_ns))
            self._write(held)

    def rows(self) -> tuple[Row, ...]:
        """Return what is kept, by account and field; the secrets stay sealed.

        Raises:
            VaultError: there is no vault, or it cannot be understood.
            SettingsError: its file is open to others, or cannot be read.
        """
        return self._held().rows

    def open(self, account: str, field: str) -> Secret:
        """Return one credential.

        Raises:
            VaultError: it is not there, or cannot be opened.
            SettingsError: a file is open to others, or cannot be read.
        """
        held = self._held()
        row = next((r for r in held.rows if (r.account, r.field) == (account, field)), None)
        if row is None:
            mend = f"`ordo vault put {account} {field}` asks for it"
            raise VaultError(f"the vault holds no {field} of {account}; {mend}", "no_credential")
        return self._opened(self._ring(held), row)

    def know(self, secret: Secret) -> None:
        """Keep a secret out of what is said that is a part of one which lies here."""
        self._place.know(secret)

    def put(
        self, account: str, values: Mapping[str, Secret], now_ns: int, *, absent: bool = False
    ) -> None:
        """Keep credentials of an account, all of them or none, in place of those before.

        Args:
            account: whose.
            values: by field.
            now_ns: host time.
            absent: nothing is kept where one of them is there already.

        Raises:
            VaultError: one of them can be none, there is no vault, or its key is another.
            SettingsError: a file is open to others, or the disk refused.
        """
        for field, secret in values.items():
            vault_rows.require_fit(field, secret)
            self._place.know(secret)
        with locked(self.path):
            held = self._held()
            if absent and any(r.account == account and r.field in values for r in held.rows):
                return
            ring = self._ring(held)
            new = [seal(ring, account, field, secret, now_ns) for field, secret in values.items()]
            kept = [row for row in held.rows if row.account != account or row.field not in values]
            self._write(replace(held, rows=_in_order((*kept, *new))))

    def remove(
        self, account: str, field: str = "", *, only: Secret | None = None
    ) -> tuple[Row, ...]:
        """Forget one credential of an account, or all of them; return those that there were.

        Args:
            account: whose.
            field: which; empty: all.
            only: nothing is forgotten but this; None: whatever it is.

        Raises:
            VaultError: there is none, or no vault.
            SettingsError: a file is open to others, or the disk refused.
        """
        with locked(self.path):
            held = self._held()
            gone = [r for r in held.rows if r.account == account and field in ("", r.field)]
            if not gone:
                sentence = f"the vault holds no {field or 'credential'} of {account}"
                mend = "`ordo vault list` shows what it holds"
                raise VaultError(f"{sentence}; {mend}", "no_credential")
            if only is not None and self._opened(self._ring(held), gone[0]) != only:
                return ()
            self._write(replace(held, rows=tuple(row for row in held.rows if row not in gone)))
        return tuple(gone)

    def check(self) -> int:
        """Open every row, and return how many there are.

        Raises:
            VaultError: one cannot be opened, or there is no vault.
            SettingsError: a file is open to others, or cannot be read.
        """
        held = self._held()
        ring = self._ring(held)
        for row in held.rows:
            self._opened(ring, row)
        return len(held.rows)

    def rotate(self, now_ns: int, passphrase: Secret | None = None) -> int:
        """Seal every row anew under a new key, and let the old ones go; return how many there are.

        The new key is durable before anything is sealed under it, and the old ones go after
        everything has been opened without them: a crash in between leaves keys for every row.

        Args:
            now_ns: host time.
            passphrase: the new one, where a passphrase is what opens the vault.

        Raises:
            VaultError: a row cannot be opened, or the key is not ours to change; nothing is
                changed then.
            SettingsError: a file is open to others, or the disk refused.
        """
        with locked(self.path):
            held = self._held()
            if held.salt:
                self._write(self._under_another(held, passphrase, now_ns))
                return len(held.rows)
            path = self._own_key_path()
            used = {row.key for row in (held.proof, *held.rows)}
            before = [key for key in read_keys(path) if vault_keys.name_of(key) in used]
            fresh = vault_keys.new_key()
            wide, alone = KeyRing((fresh, *before)), KeyRing((fresh,))
            rows = tuple(sealed_again(wide, row) for row in (held.proof, *held.rows))
            for row in rows:
                unseal(alone, row)
            vault_keys.write_keys(path, (fresh, *before))
            self._write(replace(held, proof=rows[0], rows=rows[1:]))
            vault_keys.write_keys(path, (fresh,))
        return len(held.rows)

    def opened_by(self) -> str:
        """Return what it takes its key from, for people.

        Raises:
            VaultError: there is no vault, or it cannot be understood.
            SettingsError: a file is open to others, or cannot be read.
        """
        if self.asks_passphrase():
            return "a passphrase"
        return str(self._key_path() or self._place.folder / vault_keys.KEY_FILE)

    def asks_passphrase(self) -> bool:
        """Say whether a passphrase is what opens it.

        Raises:
            VaultError: there is no vault, or it cannot be understood.
            SettingsError: a file is open to others, or cannot be read.
        """
        return bool(self._held().salt)

    def _under_another(self, held: Held, passphrase: Secret | None, now_ns: int) -> Held:
        """Return a vault under another passphrase and another salt."""
        if passphrase is None:
            sentence = "this vault opens with a passphrase; say the new one as well"
            raise VaultError(sentence, "vault_refused")
        ring, (after, fresh) = self._ring(held), _under(passphrase, now_ns, held.cost)
        rows = [
            seal(fresh, row.account, row.field, self._opened(ring, row), row.written_ns)
            for row in held.rows
        ]
        return replace(after, rows=tuple(rows))

    def _ring(self, held: Held) -> KeyRing:
        """Return the keys, once they have shown that they are those of this vault."""
        if held.salt:
            ring = KeyRing((key_of(self._passphrase(), bytes.fromhex(held.salt), held.cost),))
        else:
            ring = self._keys_of(self._key_path() or self._place.folder / vault_keys.KEY_FILE)
        unseal(ring, held.proof)
        return ring

    def _keys_of(self, path: Path) -> KeyRing:
        return KeyRing(read_keys(path, self._place.credentials))

    def _passphrase(self) -> Secret:
        words = self._place.passphrase or vault_keys.handed_passphrase(self._place.credentials)
        if words is None:
            sentence = (
                "the vault opens with a passphrase, and nobody is here who could be asked for it; "
                f"hand it over as the credential {vault_keys.PASSPHRASE_FILE} of the unit"
            )
            raise VaultError(sentence, "vault_locked")
        return words

    def _opened(self, ring: KeyRing, row: Row) -> Secret:
        secret = unseal(ring, row)
        self._place.know(secret)
        return secret

    def _key_path(self) -> Path | None:
        return self._place.key or key_path(self._place.folder, self._place.credentials)

    def _own_key_path(self) -> Path:
        """Return the file of keys, where it may be written to.

        Raises:
            VaultError: the service manager hands it over, so a change of it would not last.
        """
        path = self._key_path() or self._place.folder / vault_keys.KEY_FILE
        if self._place.credentials and path.parent == Path(self._place.credentials):
            sentence = (
                f"{path} is a copy that the service manager hands over; name the file that it comes"
                f" from, `ordo vault rotate --key PATH`, and restart both: {vault_rows.RESTART}"
            )
            raise VaultError(sentence, "vault_refused")
        return path

    def _held(self) -> Held:
        self._require_private()
        held = self._read()
        if held is None:
            sentence = f"there is no vault at {self.path}; `ordo vault init` makes one"
            raise VaultError(sentence, "no_vault")
        return held

    def _read(self) -> Held | None:
        data = read_secret(self.path, vault_keys.CHANGE)
        return None if data is None else vault_rows.decode(self.path, data)

    def _write(self, held: Held) -> None:
        write_secret(self.path, vault_rows.encode(held))

    def _require_private(self) -> None:
        if self._place.folder.exists():
            require_private_folder(self._place.folder)


def _under(passphrase: Secret, now_ns: int, cost: Cost) -> tuple[Held, KeyRing]:
    """Return an empty vault under a passphrase, and the key that it makes.

    Raises:
        VaultError: it is too short.
    """
    vault_keys.require_strong(passphrase)
    salt = secrets.token_bytes(_SALT_BYTES)  # sim-ok: a salt must be chance that nobody can repeat
    ring = KeyRing((key_of(passphrase, salt, cost),))
    return Held(vault_rows.VERSION, _proof(ring, now_ns), salt=salt.hex(), cost=cost), ring


def _proof(ring: KeyRing, now_ns: int) -> Row:
    return seal(ring, "", "", _PROOF, now_ns)


def _in_order(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: (row.account, row.field)))
