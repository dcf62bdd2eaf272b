"""The state of an account's session, as whoever keeps it tells."""

from __future__ import annotations

from daemon.control.line import Line, Refusal
from daemon.messages.arming import SeeSession

_PATIENCE_S = 5


async def session_of(line: Line, account: str, patience_s: int = _PATIENCE_S) -> str:
    """Return the state of an account's session; empty: its keeper does not answer in time."""
    try:
        keeper = line.names.session_keeper(account)
        state: str = await line.ask(keeper, SeeSession(), patience_s=patience_s)
    except Refusal:
        return ""
    return state
