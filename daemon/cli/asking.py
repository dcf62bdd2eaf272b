"""What is secret, as a person or a program says it: at a prompt that shows nothing, or by a pipe.

Never as an argument, which others on the machine can read.
"""

from __future__ import annotations

import sys

import click

from daemon.errors import VaultError
from daemon.telemetry.redaction import Secret


def asked(what: str, *, again: bool = False, empty: bool = False) -> Secret:
    """Ask for a secret at the terminal, or take a line of standard input where there is none."""
    if not sys.stdin.isatty():
        return Secret(piped().rstrip("\r\n"))
    default = "" if empty else None
    answer = click.prompt(
        what,
        default=default,
        hide_input=True,
        show_default=False,
        confirmation_prompt=again,
        err=True,
    )
    return Secret(answer)


def piped(most: int = 0) -> str:
    """Return so much of standard input, or its next line.

    Raises:
        VaultError: it is no text; nothing of it is quoted.
    """
    try:
        return sys.stdin.read(most) if most else sys.stdin.readline()
    except UnicodeDecodeError:
        sentence = "standard input is no text in UTF-8, and nothing is changed"
        raise VaultError(sentence, "credential_refused") from None
