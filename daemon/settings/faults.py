"""What is wrong with the settings: one sentence per fault, and the error that carries them all.

A fault always says where (the file and its line, or the variable), which key, what is wrong there
and what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal

from msgspec import Struct

from daemon.errors import SettingsError

_SHOWN_MOST = 40


class Fault(Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        where: `settings.toml, line 12`, or `ORDO_RISK__COLLAR_PERCENT in the environment`.
        key: such as `risk.collar_percent`; empty where the whole file is at fault.
        what: goes on after the key, such as `is 0`.
        mend: what to do about it.
    """

    where: str
    key: str
    what: str
    mend: str

    def __str__(self) -> str:
        """Return it as one sentence."""
        subject = f"{self.key} {self.what}" if self.key else self.what
        return f"{self.where}: {subject}; {self.mend}"


class SettingsRefused(SettingsError):
    """The settings are refused as a whole; its text is one line per fault.

    Attributes:
        faults: everything that was found, at least one.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class Wrong(ValueError):
    """A value is not what its key takes.

    Attributes:
        what: goes on after the key.
        mend: what to write instead.
        inside: which element of a list it is, such as `[2]`.
    """

    def __init__(self, what: str, mend: str, inside: str = "") -> None:
        super().__init__(f"{what}; {mend}")
        self.what = what
        self.mend = mend
        self.inside = inside


def shown(raw: object) -> str:
    """Return a value in few words, whatever it is."""
    match raw:
        case bool():
            return "true" if raw else "false"
        case str():
            short = raw if len(raw) <= _SHOWN_MOST else raw[:_SHOWN_MOST] + "..."
            return f'"{short}"' if short.isprintable() else repr(short)
        case int() if raw.bit_length() <= _SHOWN_MOST:
            return f"{raw:,}"
        case int():
            return "a number out of all bounds"
        case Decimal() | datetime() | date() | time():
            return str(raw)[:_SHOWN_MOST]
        case list():
            return f"a list with {len(raw)} in it" if raw else "an empty list"
        case _:
            return "a section"


def listed(names: Iterable[str]) -> str:
    """Return names as `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
