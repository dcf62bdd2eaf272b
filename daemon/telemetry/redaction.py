"""Secrets stay out of whatever leaves the process: by type, by key, by form and by value.

By type: a `Secret` shows itself as stars. By key: what stands under a name such as `password` is
never told. By form: what Ordo hands out itself (tokens, codes, tickets, sessions) is known by how
it looks, so nobody has to remember any of it. By value: what others gave us, such as a broker's
key, is told here once and is then taken out of every text.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any, NoReturn

STARS = "***"
LEAST_LETTERS = 8
"""A shorter text is no secret by its value: it stands in too much that is none."""
_LONGEST = 2_000
_LETTERS_OF_OURS = 43
_BITS_64 = 64
_KEYS = frozenset(
    {
        *("authorization", "cookie", "set-cookie", "password", "passphrase", "secret", "pin"),
        *("token", "access_token", "refresh_token", "request_token", "ticket", "session"),
        *("api_key", "api_secret", "otp", "totp", "totp_secret", "credentials"),
    }
)
_FORMS = (
    (re.compile(r"ordo_[0-9a-f]{8}_[A-Za-z0-9_-]{43}"), STARS),
    # 256 bits of chance as web writes them; a word of that length has letters of one size alone.
    (
        re.compile(
            r"(?<![A-Za-z0-9_-])(?=[a-z0-9_-]*[A-Z])(?=[A-Z0-9_-]*[a-z])"
            r"[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
        ),
        STARS,
    ),
    (re.compile(r"\b(bearer|basic)[ \t]+\S+", re.IGNORECASE), rf"\1 {STARS}"),
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), rf"\1:{STARS}@"),
)


class Secret:
    """A text that no log, error or trace shows; `reveal` is the one way to it.

    Args:
        text: what is secret.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for whoever must send it."""
        return self._text

    def __repr__(self) -> str:
        return STARS

    def __format__(self, _: str) -> str:
        return STARS

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is written nowhere")


class Secrets:
    """What must not be told, and how a text looks without it."""

    def __init__(self) -> None:
        self._values: tuple[str, ...] = ()

    def know(self, secret: Secret) -> None:
        """Take a value out of every text from now on, where it is long enough to be told apart."""
        text = secret.reveal()
        if len(text) >= LEAST_LETTERS and text not in self._values:
            longest_first = sorted((*self._values, text), key=len, reverse=True)
            self._values = tuple(longest_first)

    def without(self, text: str) -> str:
        """Return a text without anything that is secret."""
        if len(text) < LEAST_LETTERS:
            return text
        for value in self._values:
            if value in text:
                text = text.replace(value, STARS)
        # Most texts are words: these three looks spare them the search for each form.
        if len(text) >= _LETTERS_OF_OURS or "://" in text or " " in text or "\t" in text:
            for form, instead in _FORMS:
                text = form.sub(instead, text)
        return text

    def clean(self, value: object, key: str = "") -> Any:
        """Return a value as it may be told: plain, without secrets, on one line.

        Args:
            value: anything; what is neither text, number, list nor mapping is told as text.
            key: under which it stands.
        """
        if key.lower() in _KEYS and value:
            return STARS
        if type(value) is str:
            return printable(self.without(value))
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return int(value) if value.bit_length() < _BITS_64 else str(value)
        if isinstance(value, Mapping):
            return {printable(str(name)): self.clean(one, str(name)) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(one) for one in value]
        # A member of an enumeration is told as what it stands for.
        return printable(self.without(str(value)))

    def clean_lines(self, text: str) -> str:
        """Return a text of several lines, such as a trace, as it may be told."""
        return "\n".join(printable(line) for line in self.without(text).splitlines())


def printable(text: str) -> str:
    r"""Return a text that keeps to its line: what would not is written as `\x1b` or `\u202e`.

    Python calls unprintable what turns the direction of writing, too.
    """
    short = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    if short.isprintable():
        return short
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "backslashreplace").decode()
        for one in short
    )
