"""The rows of the vault: one credential each, sealed together with whose it is.

What is sealed names account, field and instant as well as the secret. Fernet does not bind a text
to its place, so a row that somebody moved is found out by what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.fernet import InvalidToken
from msgspec import Meta, Struct

from daemon.errors import VaultError
from daemon.storage.vault_keys import Cost, KeyRing
from daemon.telemetry.redaction import Secret

VERSION = 1
MOST_LETTERS = 8_192
ASKED = (
    *("user_id", "password", "pin", "totp_secret"),
    *("api_key", "api_secret", "app_id", "private_key"),
)
"""What a person may put in for an account, in the order in which it is asked for."""
RESTART = "systemctl restart ordo ordo-guardian"
"""What has the units take up the key that they are handed."""
KEPT = ("request_token", "otp", "access_token", "refresh_token", "login_attempts")
"""What a log-in needs, brings and has tried, which only the daemon puts in."""
_ALTERED = "put that credential in again, and find out who else writes to the file"


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """One credential, as it lies in the file.

    Attributes:
        account: whose.
        field: which of his.
        key: the name of the key that it is sealed under.
        written_ns: host time at which it was put in.
        sealed: the secret, and whose it is.
    """

    account: str
    field: str
    key: str
    written_ns: int
    sealed: str


class _Plain(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sealed."""

    version: int
    account: str
    field: str
    written_ns: int
    secret: str


class Held(Struct, frozen=True, forbid_unknown_fields=True):
    """The file of a vault.

    Attributes:
        version: of its form.
        proof: a row of nobody's, which tells a wrong key before anything is sealed under it.
        rows: the credentials, by account and field.
        salt: of the passphrase, as hexadecimal digits; empty: its key lies in a file.
        cost: of the passphrase.
    """

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    proof: Row
    rows: tuple[Row, ...] = ()
    salt: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")] = ""
    cost: Cost = Cost()


def seal(ring: KeyRing, account: str, field: str, secret: Secret, at_ns: int) -> Row:
    """Return a credential as a row."""
    plain = msgspec.json.encode(_Plain(VERSION, account, field, at_ns, secret.reveal()))
    return Row(account, field, ring.newest, at_ns, ring.seal(plain, at_ns))


def unseal(ring: KeyRing, row: Row) -> Secret:
    """Return the credential of a row.

    Raises:
        VaultError: no key opens it, it is not as it was sealed, or it is another's.
    """
    where = f"{row.field} of {row.account}" if row.account else "the proof of the vault"
    try:
        plain = msgspec.json.decode(ring.open(row.sealed), type=_Plain)
    except InvalidToken as error:
        if row.key not in ring.names:
            raise VaultError(
                f"{where} is sealed under the key {row.key}, which is not here (there are: "
                f"{', '.join(ring.names)}); give the key or passphrase that it was sealed with, and"
                f" where the vault was rotated meanwhile restart daemon and guardian: {RESTART}",
                "vault_locked",
            ) from error
        raise VaultError(f"{where} is not as it was sealed; {_ALTERED}", "vault_altered") from error
    except msgspec.MsgspecError:
        # The cause would hold what was sealed.
        sentence = f"{where} holds what this version does not know; {_ALTERED}"
        raise VaultError(sentence, "vault_altered") from None
    meant = (VERSION, row.account, row.field, row.written_ns)
    if (plain.version, plain.account, plain.field, plain.written_ns) != meant:
        sentence = f"{where} was sealed for another place or day; {_ALTERED}"
        raise VaultError(sentence, "vault_altered")
    return Secret(plain.secret)


def sealed_again(ring: KeyRing, row: Row) -> Row:
    """Return a row under the newest key; its account, field and instant stay what they are.

    Raises:
        VaultError: it cannot be opened.
    """
    unseal(ring, row)
    return msgspec.structs.replace(row, key=ring.newest, sealed=ring.seal_again(row.sealed))


def require_fit(field: str, secret: Secret, fields: Iterable[str] = (*ASKED, *KEPT)) -> None:
    """Refuse a field that is none, and what can be no credential; neither is quoted.

    Raises:
        VaultError: with what is taken.
    """
    known = tuple(fields)
    if field not in known:
        sentence = f"a field of that name is not taken; there are: {', '.join(known)}"
        raise VaultError(sentence, "credential_refused")
    text = secret.reveal()
    if not text.strip() or len(text) > MOST_LETTERS or not _is_text(text):
        sentence = f"{field} is a text of 1 to {MOST_LETTERS:,} letters"
        raise VaultError(sentence, "credential_refused")


def decode(path: Path, data: bytes) -> Held:
    """Return what the file of a vault holds.

    Raises:
        VaultError: it is none.
    """
    mend = (
        "restore a copy of it; where there is none, move it away and begin with `ordo vault init`"
    )
    try:
        held = msgspec.json.decode(data, type=Held)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        sentence = f"{path} cannot be understood as a vault: {error}; {mend}"
        raise VaultError(sentence, "vault_altered") from error
    places = [(row.account, row.field) for row in held.rows]
    if len(set(places)) < len(places):
        sentence = f"{path} holds a credential twice; {mend}"
        raise VaultError(sentence, "vault_altered")
    return held


def encode(held: Held) -> bytes:
    """Return the file of a vault."""
    return msgspec.json.format(msgspec.json.encode(held), indent=1) + b"\n"


def _is_text(text: str) -> bool:
    return text == text.encode("utf-8", "ignore").decode()
