"""How far a kill has come, over all accounts, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_ORDER = ("cancelling", "closing", "verifying", "incomplete", "flat")


def summed(stages: Sequence[dict[str, Any]]) -> tuple[str, list[str], int]:
    """Return the stage of the account that has come least far, and what is left in all of them."""
    stage = min((each["stage"] for each in stages), key=_ORDER.index)
    left = [what for each in stages for what in each["left"]]
    return stage, left, max(each["attempts"] for each in stages)


def outcome(latch_id: str, stage: str, left: Sequence[str]) -> str:
    """Say how a kill ended, and until when it stands."""
    head = f"flat; latched as {latch_id} until `ordo rearm {latch_id}`"
    if stage == "flat":
        return head
    return "\n".join([f"INCOMPLETE, and still tried; latched as {latch_id}; left:", *left])
