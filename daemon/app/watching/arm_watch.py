"""The arms and the record, held against each other while the daemon runs.

An arm stands where both have it. Whatever one of them lacks is taken from the other: a file that a
person removed disarms, and so do a kill and the end of the day, after which the file goes. It is
looked at twice, for it may be on its way at this very moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from daemon.messages import AccountSeen
from daemon.messages.arming import DisarmAccount
from daemon.storage import arms

GONE = DisarmAccount("its arm is gone from the folder", "the folder of arms")
"""What a router is told whose account only the record has armed."""


class ArmWatch:
    """Watches the arms of the accounts of live brokers.

    Args:
        state_dir: whose.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._unlike: frozenset[str] = frozenset()

    def look(self, accounts: Sequence[AccountSeen]) -> tuple[str, ...]:
        """Remove what only the folder has, and return the accounts that only the record has armed.

        Args:
            accounts: as their routers know them.
        """
        live = [each for each in accounts if each.live]
        there = {each.account for each in live if self._is_there(each)}
        unlike = {each.account for each in live if (each.account in there) != bool(each.armed)}
        for account in unlike & self._unlike & there:
            with suppress(OSError):  # it is tried again, and the record forbids meanwhile
                arms.remove(self._state_dir, account)
        gone = sorted((unlike & self._unlike) - there)
        self._unlike = frozenset(unlike)
        return tuple(gone)

    def _is_there(self, seen: AccountSeen) -> bool:
        """Say whether the folder holds the arm that the record has, or any where it has none."""
        if seen.armed is None:
            return arms.lies_there(self._state_dir, seen.account)
        arm = arms.of(self._state_dir, seen.account)
        return arm is not None and arm.day == seen.armed.day
