"""Loading: presets, then the file, then the environment; all of it checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from daemon.domain.market.calendar import coverage
from daemon.settings.credentials import credential
from daemon.settings.document import Document, read_document
from daemon.settings.environment import PREFIX, overlay
from daemon.settings.faults import Fault, SettingsRefused
from daemon.settings.kinds import Day
from daemon.settings.own_rules import take_up
from daemon.settings.reading import Reader, fields_of
from daemon.settings.schema import Settings
from daemon.settings.variables import set_nothing

DEFAULT_PATH: Final = Path("settings.toml")
_DAEMON, _FOLDER, _ACCOUNTS = "daemon", "state_dir", "accounts"


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings; by which market rules they go is not looked at.

    Args:
        path: the file; None: the `settings.toml` that the service manager hands over, else the one
            in the working folder, and presets where there is none.
        environ: variables that go before the file.

    Raises:
        SettingsRefused: a `SettingsError` with every fault that was found.
    """
    settings, _ = _read(path, environ)
    return settings


def load_with_rules(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings, and lay the market rules that they name over those shipped.

    Args:
        path: as for `load`.
        environ: as for `load`.

    Raises:
        SettingsError: something in them is wrong, or in rules of the operator's own.
    """
    settings, document = _read(path, environ)
    take_up(settings.market)
    reader = Reader(document)
    reader.bound(Day(*coverage()), "feed", "first_day")  # the calendar is whole only now
    if reader.faults:
        raise SettingsRefused(reader.faults)
    return settings


def load_to_brake(
    path: Path | None, environ: Mapping[str, str]
) -> tuple[Settings, SettingsRefused | None]:
    """Return settings that are enough to brake by, and what is refused of them; None: nothing.

    To brake needs the state folder alone, and the daemon that runs there has read its settings long
    ago. So a section in which anything is at fault has its presets here; where that is the one of
    the accounts, there are none, for nobody can tell which there are.

    Raises:
        SettingsRefused: nobody can tell from them which folder is meant.
    """
    try:
        return load(path, environ), None
    except SettingsRefused as refused:
        document = _document(path or credential(DEFAULT_PATH.name, environ))
        overlay(document.raw, environ)
        reader = Reader(document)
        settings = reader.sound_parts(Settings, document.raw)
        folders = [each for each in reader.faults if each.key.startswith(("[daemon]", "daemon."))]
        if folders or _may_mean_the_folder(document.raw, refused):
            raise
        if any(map(_concerns_accounts, refused.faults)):
            settings = replace(settings, accounts=())
        return settings, refused


def _read(path: Path | None, environ: Mapping[str, str]) -> tuple[Settings, Document]:
    """Return the settings, and what they were read from, the environment laid over it."""
    document = _document(path or credential(DEFAULT_PATH.name, environ))
    faults = set_nothing(document.raw, environ)
    faults += overlay(document.raw, environ)
    reader = Reader(document)
    settings = reader.table(Settings, document.raw)
    faults += reader.faults
    if settings is None or faults:
        raise SettingsRefused(faults)
    return settings, document


def _concerns_accounts(fault: Fault) -> bool:
    return _ACCOUNTS in fault.key or _ACCOUNTS.upper() in fault.where


def _may_mean_the_folder(raw: Mapping[str, Any], refused: SettingsRefused) -> bool:
    """Say whether what sets nothing may have been meant to set the state folder."""
    known = {*(field.key for field in fields_of(Settings)), *Settings.later}
    is_written = _FOLDER in raw.get(_DAEMON, ())
    if not is_written and not raw.keys() <= known:
        return True
    named = (each.where if each.where.startswith(PREFIX) else each.key for each in refused.faults)
    return any(_FOLDER in each.lower() for each in named)


def _document(path: Path | None) -> Document:
    if path is not None:
        return read_document(path)
    try:
        DEFAULT_PATH.lstat()
    except FileNotFoundError:
        return Document("settings")
    except OSError:
        pass  # there is something, and reading it says what is wrong with it
    return read_document(DEFAULT_PATH)
