"""`ordo kill`, `pause`, `cancel-all`, `rearm`: through the kill socket, or by the latch itself.

They need neither the web nor the ledger. Where no daemon answers, kill and pause are latched all
the same, as files that it finds when it runs, and the exit code says that nobody acted yet.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import click
from msgspec import Struct

from daemon import kill as latches
from daemon.cli import FAILED, INTERRUPTED, MISUSED, UNREACHED
from daemon.cli.kill_line import Refused, Unreached, ask, gone, latches_told
from daemon.cli.kill_stages import Progress, outcome, summed
from daemon.cli.options import REASON, settings_to_brake
from daemon.cli.unanswered import (
    LOOK_FIRST,
    doubts_of,
    in_no_file,
    once_released,
    require_account,
    to_come,
    to_repeat,
    unwritten,
    whereabouts,
)
from daemon.domain.instants import iso
from daemon.domain.orders.arming import Mode, mode_of_all
from daemon.settings import Settings
from daemon.storage.unused import never_ran

_NO_ANSWER = "no_answer"
"""The daemon's code where an actor of its did not answer in time."""
_QUICK_S, _PATIENT_S, _EVERY_S = 2.0, 6.0, 0.2
"""Within how many seconds a latch is answered, and all else; how often a kill is looked at."""
_MISSES = 10
"""After so many looks without an answer a kill is watched no more."""
_PATH = click.Path(path_type=Path)


class Wanted(Struct, frozen=True):
    """What a brake was given, by the names of its options."""

    settings: Path | None
    strategy: str | None
    account: str | None
    reason: str
    as_json: bool
    latch_id: str | None = None
    no_wait: bool = False

    @property
    def scope(self) -> tuple[str, str]:
        """How far it reaches: the word, and the id.

        Raises:
            UsageError: more than one thing is named, or one without an id.
        """
        named = {latches.STRATEGY: self.strategy, latches.ACCOUNT: self.account}
        given = [(scope, name) for scope, name in named.items() if name is not None]
        if len(given) > 1:
            raise click.UsageError("name a strategy or an account, not both")
        if self.latch_id is not None and given:
            raise click.UsageError("name a latch or a scope, not both")
        if any(not name for _, name in given):
            raise click.UsageError(f"--{given[0][0]} needs an id")
        return given[0] if given else (latches.ALL, "")


def _brake(name: str, *more: Callable[[Any], Any]) -> Callable[[Callable[..., int]], click.Command]:
    """Make a brake's command, with the options that all of them have."""
    options = (
        *more,
        click.option("--strategy", metavar="ID", help="Of one strategy alone."),
        click.option("--account", metavar="ID", help="Of one account alone."),
        REASON,
        click.option("--settings", type=_PATH, help="Another settings.toml."),
        click.option("--json", "as_json", is_flag=True, help="One JSON document."),
    )

    def made(act: Callable[..., int]) -> click.Command:
        def call(latch_id: str | None = None, *, no_wait: bool = False, **asked: Any) -> int:
            wanted = Wanted(**asked, latch_id=latch_id, no_wait=no_wait)
            _ = wanted.scope  # misuse is told before anything is read
            settings, _ = settings_to_brake(wanted.settings)
            return act(wanted, settings)

        for option in reversed(options):
            call = option(call)
        return click.command(name, help=act.__doc__)(call)

    return made


@_brake("kill", click.option("--no-wait", is_flag=True, help="Return once it is latched."))
def kill(wanted: Wanted, settings: Settings) -> int:
    """Stop entries durably, cancel, close everything, and see that it is flat."""
    latch = _latched(latches.KILL, wanted, settings)
    if latch is None:
        return UNREACHED
    if wanted.no_wait:
        told = {"kill_id": latch["latch_id"], **latch}
        _tell(wanted, told, f"latched as {latch['latch_id']}; what is open is being closed")
        return 0
    try:
        return _watch(wanted, settings.daemon.state_dir, latch)
    except KeyboardInterrupt:
        told = {"kill_id": latch["latch_id"], **latch}
        _tell(wanted, told, f"latched as {latch['latch_id']}; it goes on, and nobody watches here")
        return INTERRUPTED


@_brake("pause")
def pause(wanted: Wanted, settings: Settings) -> int:
    """Take no new entries until it is released; what is open stays guarded."""
    latch = _latched(latches.PAUSE, wanted, settings)
    if latch is None:
        return UNREACHED
    _tell(wanted, latch, f"latched as {latch['latch_id']}; no new entries until it is released")
    return 0


@_brake("cancel-all")
def cancel_all(wanted: Wanted, settings: Settings) -> int:
    """Take every working order out of the book."""
    state_dir, (scope, name) = settings.daemon.state_dir, wanted.scope
    request = {"verb": "cancel_all", "scope": scope, "id": name, "reason": wanted.reason}
    try:
        answer = ask(state_dir, request, _PATIENT_S)
    except Unreached as error:
        told = {"done": False, "mode": _mode(settings, scope, name), **whereabouts(state_dir)}
        text = f"nothing was cancelled: {error}; {to_repeat(state_dir)}"
        if error.taken:
            told["done"], text = None, f"perhaps orders are being cancelled: {error}; {LOOK_FIRST}"
        _tell(wanted, told, text)
        return UNREACHED
    told = {"done": True, "daemon": "answered", "mode": _mode(settings, scope, name, answer)}
    _tell(wanted, told, "working orders are being cancelled")
    return 0


@_brake("rearm", click.argument("latch_id", required=False))
def rearm(wanted: Wanted, settings: Settings) -> int:
    """Release a pause or a kill; without LATCH_ID the only one of its scope."""
    state_dir = settings.daemon.state_dir
    files = latches.standing(state_dir)
    found = _meant(wanted, files)
    if len(found) != 1:
        recorded = latches_told(state_dir, _PATIENT_S)
        standing = files if recorded is None else recorded
        found = _meant(wanted, standing)
        if len(found) != 1:
            return _which(wanted, settings, standing, heard=recorded is not None)
    latch_id, about = found[0].latch_id, (found[0].scope, found[0].id)
    request = {"verb": "rearm", "latch_id": latch_id, "reason": wanted.reason}
    told = {"latch_id": latch_id, "released": True}
    try:
        answer = ask(state_dir, request, _PATIENT_S)
        told |= {"mode": _mode(settings, *about, answer), "daemon": "answered"}
    except Unreached as error:
        told |= {"mode": _mode(settings, *about), **whereabouts(state_dir)}
        if latch_id not in {each.latch_id for each in files}:
            released, what = (None, "perhaps NOTHING") if error.taken else (False, "NOTHING")
            text = f"{latch_id} stands in the record alone, and {error}; repeat this when it runs"
            _tell(wanted, told | {"released": released}, f"{what} is released: {text}")
            return UNREACHED
        _release(state_dir, latch_id)
        then = once_released(state_dir)
        _tell(wanted, told, f"{latch_id} is released; {gone(state_dir)}: {then}")
        return 0
    _tell(wanted, told, f"{latch_id} is released")
    return 0


def _meant(wanted: Wanted, standing: Sequence[latches.Latch]) -> list[latches.Latch]:
    """Return those of some latches that are meant by their scope, or by their name."""
    if wanted.latch_id is None:
        return [latch for latch in standing if (latch.scope, latch.id) == wanted.scope]
    return [latch for latch in standing if latch.latch_id == wanted.latch_id]


def _release(state_dir: Path, latch_id: str) -> None:
    """Remove a latch's file, which is the truth, if the daemon has not done so already.

    Raises:
        OrdoError: it stands.
    """
    try:
        if latches.release(state_dir, latch_id):
            return
    except latches.LatchUnwritten as error:
        raise unwritten(state_dir, "released", error) from error
    for latch in latches.standing(state_dir):
        if latch.latch_id == latch_id:  # there is no such file: the folder is no folder
            raise unwritten(state_dir, "released", latch.reason)


def _which(
    wanted: Wanted, settings: Settings, standing: Sequence[latches.Latch], *, heard: bool
) -> int:
    """Say which latches stand, where it is not plain which of them is meant.

    Unless the daemon was heard those are the latches that have a file.
    """
    (scope, name), found = wanted.scope, _meant(wanted, standing)
    state_dir = settings.daemon.state_dir
    where = {"daemon": "answered"} if heard else whereabouts(state_dir)
    named = wanted.latch_id is not None or scope != latches.ALL
    lines = [
        f"  {latch.latch_id}  {latch.kind} of {latch.scope} {latch.id}".rstrip()
        + f"  by {latch.by}: {latch.reason or 'no reason'}"
        for latch in standing
    ]
    which = f"no latch {wanted.latch_id or f'of {scope} {name}'}" if standing else "no latch"
    head, code, ask_for = "say which", MISUSED, ": ordo rearm LATCH_ID; these stand:"
    if not found and (named or not standing):
        head, code = f"there is {which}" if standing else f"{which} stands", FAILED
        if not heard and not never_ran(state_dir):
            head, ask_for = in_no_file(state_dir, which), "; these have one:"
            code = FAILED if where["daemon"] == "gone" else UNREACHED
    head += ask_for if standing else ""
    told: dict[str, Any] = {
        "released": False,
        "because": head.partition(":")[0],
        "latches": [_document(asdict(each)) for each in standing],
        "mode": _mode(settings, scope, name),
        **where,
    }
    _tell(wanted, told, "\n".join([head, *lines]))
    return code


def _latched(kind: str, wanted: Wanted, settings: Settings) -> dict[str, Any] | None:
    """Have a latch pulled by the daemon, or pull it; None: nobody acts on it yet.

    Raises:
        OrdoError: it does not stand.
    """
    state_dir, (scope, name) = settings.daemon.state_dir, wanted.scope
    request = {"verb": kind, "scope": scope, "id": name, "reason": wanted.reason}
    try:
        answer = ask(state_dir, request, _QUICK_S)
        return {**_document(answer["latch"]), "mode": _mode(settings, scope, name, answer)}
    except Unreached as error:
        taken = error.taken
        if settings.accounts:  # where they are refused nobody can tell which there are
            require_account(settings, scope, name)
    latch_id = f"{kind}-{secrets.token_hex(8)}"  # sim-ok: a name that only a person repeats
    by = f"local:{_user()}"
    latch = latches.Latch(latch_id, kind, scope, name, wanted.reason, by, at_ns=0)
    try:
        latches.pull(state_dir, latch)
    except latches.LatchUnwritten as error:
        raise unwritten(state_dir, "latched", error) from error
    then = to_come(settings, kind, taken=taken)
    told = {
        **_document(asdict(latch)),
        "mode": _mode(settings, scope, name),
        **whereabouts(state_dir),
    }
    doubts = doubts_of(settings, latch)
    told |= {"unchecked": doubts} if doubts else {}
    _tell(wanted, told, "\n".join([f"latched as {latch_id}; {gone(state_dir)}: {then}", *doubts]))
    return None


def _document(latch: Mapping[str, Any]) -> dict[str, Any]:
    """Return a latch as programs are shown it everywhere; null where nobody knew when."""
    told = {name: latch[name] for name in latches.Latch.__slots__ if name != "at_ns"}
    return {**told, "at": iso(latch["at_ns"]) if latch["at_ns"] else None}


def _watch(wanted: Wanted, state_dir: Path, latch: dict[str, Any]) -> int:
    """Wait until a kill is flat or incomplete, showing a person how far it is."""
    latch_id, misses, progress = latch["latch_id"], 0, Progress()
    while True:
        try:
            stages = ask(state_dir, {"verb": "kill_stage", "latch_id": latch_id}, _PATIENT_S)
        except (Unreached, Refused) as error:
            misses += 1
            if isinstance(error, Refused) and error.code != _NO_ANSWER:
                raise
            if misses < _MISSES:
                time.sleep(_EVERY_S)
                continue
            told = {"kill_id": latch_id, **latch, **whereabouts(state_dir)}
            _tell(wanted, told, f"latched as {latch_id}; {error}; it goes on when the daemon runs")
            return UNREACHED
        misses = 0
        stage, left, attempts = summed(stages["stages"])
        because = stages.get("because", [])
        if stage in {"flat", "incomplete"}:
            ended = {"stage": stage, "left": left, "attempts": attempts, "because": because}
            text = outcome(latch_id, stage, left, because)
            _tell(wanted, {"kill_id": latch_id, **latch, **ended}, text)
            return 0 if stage == "flat" else FAILED
        progress.show(stage, because)
        time.sleep(_EVERY_S)


def _tell(wanted: Wanted, document: dict[str, Any], text: str) -> None:
    """Say what came of it, and whose money that was; in ASCII where a name is no text."""
    if wanted.as_json:
        click.echo(json.dumps(document))
    else:
        line = f"{document['mode'].upper()}  {text}"
        click.echo(line.encode("utf-8", "backslashreplace").decode())


def _mode(
    settings: Settings, scope: str, name: str, answer: Mapping[str, Any] = MappingProxyType({})
) -> Mode:
    """Return whose money a scope is about, as a daemon answered; else by its account, or by all.

    Where the accounts are refused it is that of the daemon.

    A daemon that was begun before its program was changed may not say so, and a brake works on it.
    """
    if told := answer.get("mode"):
        return cast("Mode", told)
    accounts = {each.id: each.broker for each in settings.accounts}
    if not accounts:
        return settings.daemon.mode.value
    account = name if scope == latches.ACCOUNT else name.partition("@")[2]
    return mode_of_all([accounts[account]] if account in accounts else accounts.values())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
