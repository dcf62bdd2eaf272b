"""How far a kill has come, over all accounts, and how it ended."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

_ORDER = ("cancelling", "closing", "verifying", "incomplete", "flat")


def summed(stages: Sequence[dict[str, Any]]) -> tuple[str, list[str], int]:
    """Return the stage of the account that has come least far, and what is left in all of them."""
    stage = min((each["stage"] for each in stages), key=_ORDER.index)
    left = [
        f"{each['account']}: {what}" if each.get("account") and len(stages) > 1 else what
        for each in stages
        for what in each["left"]
    ]
    return stage, left, max(each["attempts"] for each in stages)


class Progress:
    """Shows on stderr how far a kill is: a person each stage, and everybody what keeps it."""

    def __init__(self) -> None:
        self._stage = ""
        self._because: list[str] = []

    def show(self, stage: str, because: Sequence[str]) -> None:
        """Show what is new of it; who reads a pipe else hears nothing for a minute."""
        if sys.stderr.isatty() and stage != self._stage:
            click.echo(stage, err=True)
        self._stage = stage
        for each in because:
            if each not in self._because:
                self._because.append(each)
                click.echo(f"ordo: {each}", err=True)


def outcome(latch_id: str, stage: str, left: Sequence[str], because: Sequence[str] = ()) -> str:
    """Say how a kill ended, and until when it stands; last why nothing leaves, and what to do.

    Flat is what the broker's book shows; what is carried by our book alone follows.
    """
    if stage == "flat":
        return "\n".join([f"flat; latched as {latch_id} until `ordo rearm {latch_id}`", *left])
    head = f"INCOMPLETE, and still tried; latched as {latch_id}; left:"
    return "\n".join([head, *left, *because])
