"""`[market]`, and how the market rules of an operator's own are read and laid over those shipped.

A holiday is announced, a lot changed, a tax raised faster than a version comes out. So a folder of
the operator's may hold tables named as those shipped, with rows that go before theirs.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from msgspec import field

from daemon.domain.market.rules import TABLES, Own, lay_over
from daemon.domain.market.tables import require_tables
from daemon.errors import RulesDamaged, SettingsError
from daemon.settings.kinds import Location
from daemon.settings.tables import Table

_ENDING = ".toml"
_MEND = "docs/rules.md says what may stand there"


class Market(Table, frozen=True):
    """`[market]`: what is known of the market beside what Ordo knows.

    Attributes:
        folder: of rows of one's own; None: there are none.
    """

    folder: Annotated[Path, Location()] | None = field(default=None, name="rules")


def take_up(market: Market) -> None:
    """Lay the operator's own rules over those shipped; before any rule is asked for.

    Raises:
        SettingsError: they cannot be read, or something in them is wrong; nothing may go on then.
    """
    own = _own(market.folder) if market.folder is not None else {}
    try:
        lay_over(own)
        require_tables()
    except RulesDamaged as error:
        if not own:
            raise
        raise SettingsError(f"[market] rules: {error}") from error


def _own(folder: Path) -> dict[str, Own]:
    try:
        files = sorted(each for each in folder.iterdir() if _is_named(each))
        return {_table(each): Own(str(each), _document(each)) for each in files}
    except OSError as error:
        what = f"[market] rules: {error.filename or folder} cannot be read: {error.strerror}"
        raise SettingsError(f"{what}; make it readable, or take the key out") from error


def _is_named(file: Path) -> bool:
    """Say whether a file is meant as a table; an editor's own beside it begins with a dot."""
    return file.suffix == _ENDING and not file.name.startswith(".")


def _table(file: Path) -> str:
    if file.stem not in TABLES:
        tables = ", ".join(f"{each}{_ENDING}" for each in TABLES)
        raise SettingsError(f"[market] rules: {file} is no table; the tables are {tables}")
    return file.stem


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"[market] rules: {file} is no TOML: {error}; {_MEND}") from error
