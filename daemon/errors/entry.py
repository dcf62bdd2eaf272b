"""The form of an entry of the error catalogue."""

from __future__ import annotations

from typing import Final, NamedTuple

CATEGORIES: Final = ("request", "access", "state", "broker", "daemon", "settings", "data", "disk")
"""Whose matter an error is."""
SEVERITIES: Final = ("info", "warning", "error", "critical")
"""From what need not be acted on to what must be acted on at once."""


class Entry(NamedTuple):
    """What holds of a code each time.

    Attributes:
        title: the same for every error of this code.
        mend: what to do about it.
        category: whose matter it is.
        severity: how grave it is.
        recoverable: the same again may succeed later, as it is.
        retry_after_s: when it may, where that does not depend on the case; None: no matter of time.
        status: of HTTP, where it leaves by the control port.
    """

    title: str
    mend: str
    category: str = "request"
    severity: str = "warning"
    recoverable: bool = False
    retry_after_s: int | None = None
    status: int = 409
