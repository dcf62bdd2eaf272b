"""`ordo arm` and `disarm`: an account of a live broker, until the day ends.

To disarm needs no daemon that answers: an arm is a file, and without it no entry leaves.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec

from daemon.cli.act import tell
from daemon.cli.client import client_of
from daemon.cli.options import AS_JSON, REASON, SETTINGS, settings_to_ask, settings_to_brake
from daemon.domain.orders.arming import mode_of
from daemon.errors import DaemonUnreachable, OrdoError
from daemon.settings import Settings
from daemon.storage import arms

_ID = re.compile("[a-z][a-z0-9-]{0,31}")


@click.command("arm")
@click.argument("account")
@REASON
@SETTINGS
@AS_JSON
def arm(account: str, reason: str, settings: Path | None, *, as_json: bool) -> int:
    """Let an account of a live broker be entered, until the day ends."""
    client = client_of(settings_to_ask(settings))
    content = client.post("/api/arm", {"account": account, "reason": reason})
    text = f"{account} is armed for live trading until the day ends"
    return tell(content, text, as_json=as_json)


@click.command("disarm")
@click.argument("account")
@REASON
@SETTINGS
@AS_JSON
def disarm(account: str, reason: str, settings: Path | None, *, as_json: bool) -> int:
    """Let an account be entered no more; what it holds stays guarded and can be left."""
    loaded, refused = settings_to_brake(settings)
    if refused is not None:
        asked_nobody = "the daemon was not asked: it looks there by itself"
        return _remove(loaded, account, asked_nobody, as_json=as_json)
    try:
        content = client_of(loaded).post("/api/disarm", {"account": account, "reason": reason})
    except DaemonUnreachable as unreached:
        return _remove(loaded, account, str(unreached), as_json=as_json)
    text = f"{account} is disarmed; what it holds stays guarded"
    return tell(content, text, as_json=as_json)


def _remove(settings: Settings, account: str, because: str, *, as_json: bool) -> int:
    """Disarm by the file alone; where the accounts are refused, whichever is named.

    Raises:
        UsageError: there is no such account.
        OrdoError: the file stays, so the account may be armed still.
    """
    brokers = {each.id: each.broker for each in settings.accounts}
    if account not in brokers and (brokers or not _ID.fullmatch(account)):
        raise click.UsageError(f"no account {account}; the settings have {', '.join(brokers)}")
    state_dir = settings.daemon.state_dir
    try:
        there = arms.remove(state_dir, account)
    except OSError as refused:
        text = f"{account} may be armed still, its file cannot be removed: {refused.strerror}"
        raise OrdoError(text, "arm_unwritten") from refused
    what = f"the arm of {account} is removed" if there else f"there is no arm of {account}"
    text = f"{what} in {state_dir.absolute()}; without one no entry leaves, and {because}"
    mode = mode_of(brokers[account]) if account in brokers else "live"  # only such are armed
    told = {"ok": True, "text": text, "mode": mode}
    return tell(msgspec.json.encode(told), "", as_json=as_json)
