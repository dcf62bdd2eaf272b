"""What the port answers to deeds: what was done, what is owed of it, and how a kill goes."""

from __future__ import annotations

from daemon.messages import Stage
from daemon.web.told.shapes import Told


class OutcomeTold(Told, frozen=True, omit_defaults=True):
    """What came of it in one account; `code` is empty where it was carried out.

    `owed` is there where no order of it leaves yet, and says why.
    """

    account: str
    ok: bool
    text: str
    code: str
    owed: str = ""


class DoneTold(Told, frozen=True, omit_defaults=True):
    """Something was carried out; `results` where several accounts were meant; `owed` as there."""

    ok: bool
    text: str
    results: tuple[OutcomeTold, ...] = ()
    owed: str = ""


class PausedTold(Told, frozen=True):
    """Entries are paused until this latch is released."""

    latch_id: str


class KilledTold(Told, frozen=True):
    """A kill has begun; `GET /api/kill/{kill_id}` tells how far it is."""

    kill_id: str


class KillTold(Told, frozen=True):
    """How far a kill has come, in the account where it has come least far.

    `because` says of each account from which nothing leaves why that is so, and what to do.
    """

    kill_id: str
    stage: Stage
    left: tuple[str, ...]
    attempts: int
    because: tuple[str, ...]
