"""An answer that is almost JSON, made strict: what one text spoils hides nothing beside it.

Texts that people type come back in records: a half of a pair of surrogates, or a control character
as it is, and no strict reader takes any of the answer. Both become the sign for what cannot be
shown. A number that is none stays none, as a text, so that whoever counts by it refuses it.
"""

from __future__ import annotations

import re

_UNSHOWN = rb"\ufffd"
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_IN_TEXT = re.compile(
    rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"  # a whole pair
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2}|[\x00-\x1f])"  # a half of one, or a control character
    rb"|\\.",  # any other escape, so that no half of it is taken for the beginning of one
    re.DOTALL,
)


def made_strict(body: bytes) -> bytes:
    """Return an answer with what strict JSON forbids in texts and numbers replaced."""
    return _TOKENS.sub(_token, body)


def _token(found: re.Match[bytes]) -> bytes:
    token = found[0]
    return _IN_TEXT.sub(_in_text, token) if token.startswith(b'"') else b'"' + token + b'"'


def _in_text(found: re.Match[bytes]) -> bytes:
    return _UNSHOWN if found[2] else found[0]
