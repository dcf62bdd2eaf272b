"""Codes of access: tokens, the vault, and the credentials in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.errors.entry import Entry

ACCESS: Final[Mapping[str, Entry]] = {
    "token_refused": Entry(
        "The token cannot be made or revoked so", "look at `ordo token list`", "access", status=422
    ),
    "secret_exposed": Entry(
        "Others can read a file of secrets",
        "chmod 600 it, and change what it holds: somebody may have read it",
        "access",
        "critical",
        status=500,
    ),
    "secret_unusable": Entry(
        "A file of secrets cannot be used",
        "let this user read and write it, and look at its disk",
        "access",
        "error",
        status=500,
    ),
    "no_vault": Entry(
        "There is no vault yet",
        "make one with `ordo vault init`",
        "access",
    ),
    "vault_exists": Entry(
        "There is a vault already",
        "look into it with `ordo vault list`",
        "access",
    ),
    "vault_refused": Entry(
        "The vault cannot be used so",
        "do what the sentence says",
        "access",
        status=422,
    ),
    "vault_locked": Entry(
        "The key of the vault is not there, or is another",
        "give it the key or the passphrase that it was sealed with, and after a rotation restart"
        " daemon and guardian; where it is lost, move vault.json away, and put every credential in"
        " again",
        "access",
        "error",
        status=503,
    ),
    "no_vault_key": Entry(
        "The key of the vault is not where it is looked for",
        "hand it over as the unit's credential vault.key, put the file back, or name it with --key",
        "access",
        "error",
        status=503,
    ),
    "vault_altered": Entry(
        "The vault is not as it was written",
        "restore a copy of vault.json, or put in again what is named; find out who writes to it",
        "access",
        "critical",
        status=500,
    ),
    "no_credential": Entry(
        "The vault does not hold that credential",
        "put it in with `ordo vault put ACCOUNT`",
        "access",
        status=404,
    ),
    "no_login": Entry(
        "Nobody logs in there", "name an account whose broker asks for it", "request"
    ),
    "credential_refused": Entry(
        "That can be no credential",
        "look at the names and the lengths that the sentence names",
        "access",
        status=422,
    ),
}
