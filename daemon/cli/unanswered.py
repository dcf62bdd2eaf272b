"""What settings and files say of an account or a strategy, where no daemon answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from daemon import kill
from daemon.cli.kill_line import AS_ANOTHER, UNKNOWN, gone, may_not_look, who_is_there
from daemon.cli.strategy_files import SHIPPED, ids_in
from daemon.domain.orders.reconcile import EXTERNAL, MANUAL
from daemon.errors import OrdoError
from daemon.settings import Settings
from daemon.storage.exclusive import GUARDIAN
from daemon.storage.unused import never_ran

LOOK_FIRST = "look with `ordo orders`, or at the broker's own page, before you repeat this"
"""What to do about a request that perhaps was taken."""
_GUARDIAN = "a guardian that watches does, unless the ledger cannot be opened"


def require_account(settings: Settings, scope: str, name: str) -> None:
    """Refuse an account that the settings do not have.

    Args:
        settings: the accounts.
        scope: how far a brake reaches.
        name: of an account or a strategy, or a strategy in one account, `ID@ACCOUNT`.

    Raises:
        UsageError: there is no such account.
    """
    strategy_id, at, account = name.partition("@")
    if scope == kill.ACCOUNT:
        at, account = "@", name
    if scope == kill.ALL or not at:
        return
    if not account:
        text = f"{strategy_id}@ names no account; leave the @ out to reach all of them"
        raise click.UsageError(text)
    accounts = [each.id for each in settings.accounts]
    if account not in accounts:
        raise click.UsageError(f"no account {account}; the settings have {', '.join(accounts)}")


def doubts_of(settings: Settings, latch: kill.Latch) -> list[str]:
    """Return what to add of a latch whose strategy no file has: nobody could say if it is there."""
    strategy_id = latch.id.partition("@")[0]
    known = ids_in((*settings.strategies.paths, SHIPPED))
    if latch.scope != kill.STRATEGY or strategy_id in (*known, EXTERNAL, MANUAL):
        return []
    unknown = f"nobody could check that there is a strategy {strategy_id}: no file has it"
    there = ", ".join(known) or "none"
    again = f"{latch.kind} that one, and release this: ordo rearm {latch.latch_id}"
    return [
        f"{unknown}, and what was declared the daemon alone knows",
        f"the files have {there}; if one of them was meant, {again}",
    ]


def to_come(settings: Settings, kind: str, *, taken: bool) -> str:
    """Say what comes of a latch that is pulled where no daemon answers, and when.

    Args:
        settings: whose state folder.
        kind: pause or kill.
        taken: perhaps a daemon took the request that it did not answer.
    """
    state_dir = settings.daemon.state_dir
    (there, who), later = who_is_there(state_dir), never_ran(state_dir)
    if there == UNKNOWN:
        return AS_ANOTHER
    if kind == kill.PAUSE:
        then = "once it has read its record" if there == "starting" else "when the daemon runs"
        return later or f"no new entries {then}"
    if there == GUARDIAN:
        return f"{who} has this folder, and closes everything"
    if taken:
        return (
            "perhaps it took this, latched it by another name as well, and closes already; "
            f"otherwise it closes when it answers again, or {_GUARDIAN}"
        )
    if there == "starting":
        bound_s = settings.guardian.stopped_s
        later = (
            "it closes what is open once it has read its record; where that takes over "
            f"{bound_s} s, or where it is ending, {_GUARDIAN}"
        )
    return f"nothing has been closed yet; {later or 'it will be closed when the daemon runs'}"


def once_released(state_dir: Path) -> str:
    """Say what comes of the release of a latch's file where no daemon answers."""
    there, who = who_is_there(state_dir)
    if there == GUARDIAN:
        goes_on = f"{who} has this folder, and goes on closing"
        return f"{goes_on}; a kill of its own stands when it is done"
    if there == UNKNOWN:
        return AS_ANOTHER
    return never_ran(state_dir) or "it finds that when it runs"


def to_repeat(state_dir: Path) -> str:
    """Say what to do about a request that nobody took."""
    there, who = who_is_there(state_dir)
    if there == GUARDIAN:
        return f"{who} has this folder, and cancels and closes all"
    if there == UNKNOWN:
        return f"{AS_ANOTHER}, or cancel at the broker's own page"
    waits = {"starting": "wait until it has read its record", "silent": "wait until it answers"}
    first = waits.get(there, "start it with `ordo run`")
    return never_ran(state_dir) or f"{first} and repeat this, or cancel at the broker's own page"


def in_no_file(state_dir: Path, what: str) -> str:
    """Say of a latch that it has no file, and who may have it in the record, where nobody answered.

    Args:
        state_dir: in which nobody did.
        what: the latch.
    """
    there, who = who_is_there(state_dir)
    if there == UNKNOWN:
        return f"{what} is seen, for this user may not look there: {AS_ANOTHER}"
    if not who:
        return f"{what} has a file; whether the record holds one, only a running daemon tells"
    may = f"{who} does not answer yet, and its record may hold one: repeat this when it runs"
    if there == GUARDIAN:
        may = f"{who} has this folder, and the record may hold one: repeat this when a daemon runs"
    return f"{what} has a file; {may}"


def unwritten(state_dir: Path, what: str, because: object) -> OrdoError:
    """Return that a latch's file could not be changed, where no daemon answers either."""
    text = f"NOTHING is {what}, and {gone(state_dir)}: {because}"
    error = OrdoError(text, "latch_unwritten")
    if may_not_look(state_dir):
        error.add_note(AS_ANOTHER)
    return error


def whereabouts(state_dir: Path) -> dict[str, Any]:
    """Return what programs read where nobody answers: where that was, and if anybody ever ran."""
    (there, _), ran = who_is_there(state_dir), not never_ran(state_dir)
    told = None if there == UNKNOWN else ran
    return {"daemon": there, "state_dir": str(state_dir.absolute()), "daemon_ran_here": told}
