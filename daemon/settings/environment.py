"""Settings from the environment: `ORDO_SECTION__KEY`, and two aliases.

A variable lays its text over what the file says, and the text stays marked with the variable's
name, so that a fault can name it. An account is named by its id, as `ORDO_ACCOUNTS__PAPER__CASH`;
what cannot stand in a variable's name is written as `_`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from daemon.settings.brokers import canonical
from daemon.settings.faults import Fault, Wrong, listed, shown

PREFIX: Final = "ORDO_"
BETWEEN: Final = "__"
_PAPER: Final = "USE_PAPER"
_CASH: Final = "DEMO_SEED_CASH"
_SAID: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), "paper"),
    **dict.fromkeys(("false", "0", "no", "off"), "live"),
}


class Override(Struct, frozen=True):
    """A value that a variable lays over the file's.

    Attributes:
        variable: its name.
        text: what it holds, not read yet.
    """

    variable: str
    text: str

    @property
    def where(self) -> str:
        """The place, for a fault."""
        return f"{self.variable} in the environment"


def overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> list[Fault]:
    """Lay the environment over a document.

    Args:
        raw: the sections and keys of a file; changed in place.
        environ: variables; those of others are passed over.

    Returns:
        What is wrong with the variables' names; their values are judged with the settings.
    """
    faults: list[Fault] = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and BETWEEN in name:
            way = name.removeprefix(PREFIX).lower().split(BETWEEN)
            _lay(raw, way, Override(name, environ[name]), faults)
    if _PAPER in environ:
        _use_paper(raw, Override(_PAPER, environ[_PAPER]), faults)
    if _CASH in environ:
        _seed_cash(raw, Override(_CASH, environ[_CASH]), faults)
    return faults


def override_in(raw: object) -> Override | None:
    """Return an override that a value is or holds."""
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Override):
            return value
        if isinstance(value, dict):
            waiting.extend(value.values())
    return None


def _lay(raw: dict[str, Any], way: list[str], override: Override, faults: list[Fault]) -> None:
    if not all(way):
        mend = "write ORDO_SECTION__KEY, such as ORDO_DAEMON__STATE_DIR"
        faults.append(Fault(override.where, "", "names no key", mend))
        return
    table: Any = raw
    if way[0] == "accounts":
        table = _account(raw, way, override, faults)
        way = way[2:]
        if table is None:
            return
    *sections, key = way
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            mend = "take the variable out, or mend its name"
            faults.append(Fault(override.where, "", f"leads into {section}, no section", mend))
            return
    table[key] = override


def _account(
    raw: dict[str, Any], way: list[str], override: Override, faults: list[Fault]
) -> dict[str, Any] | None:
    """Return the account that a variable names by its id."""
    accounts = _accounts(raw)
    for account in accounts:
        if way[2:] and str(account.get("id", "")).replace("-", "_").lower() == way[1]:
            return account
    known = listed([shown(account.get("id", "")) for account in accounts] or ["none"])
    mend = f"write ORDO_ACCOUNTS__ID__KEY; the ids are {known}"
    faults.append(Fault(override.where, "", "names no account's key", mend))
    return None


def _accounts(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the accounts; the preset one is written out where the file has none."""
    accounts = raw.setdefault("accounts", [{"id": "paper", "broker": "paper"}])
    if not isinstance(accounts, list):
        return []
    return [account for account in accounts if isinstance(account, dict)]


def _use_paper(raw: dict[str, Any], override: Override, faults: list[Fault]) -> None:
    mode = _SAID.get(override.text.strip().lower())
    if mode is None:
        what, mend = f"is {shown(override.text)}", "write true, or unset it"
        faults.append(Fault(override.where, "", what, mend))
        return
    daemon = raw.setdefault("daemon", {})
    if not isinstance(daemon, dict):
        return
    other = daemon.get("mode")
    if isinstance(other, Override) and other.text != mode:
        what = f"says {mode} and {other.variable} says {shown(other.text)}"
        faults.append(Fault(override.where, "", what, "unset one of them"))
        return
    daemon["mode"] = Override(_PAPER, mode)


def _seed_cash(raw: dict[str, Any], override: Override, faults: list[Fault]) -> None:
    """Give the cash to every account on paper; a variable of its own goes before."""
    found = False
    for account in _accounts(raw):
        if _on_paper(account.get("broker")):
            found = True
            if not isinstance(account.get("cash"), Override):
                account["cash"] = override
    if not found:
        what, mend = "finds no account on paper", "unset it, or add an account on paper"
        faults.append(Fault(override.where, "", what, mend))


def _on_paper(broker: object) -> bool:
    text = broker.text if isinstance(broker, Override) else broker
    try:
        return isinstance(text, str) and canonical(text) == "paper"
    except Wrong:
        return False
