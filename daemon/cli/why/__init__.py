"""`ordo why`: the chain from tick to fill of one order, read from the record."""

from __future__ import annotations

from daemon.cli.why.command import command

__all__ = ["command"]
