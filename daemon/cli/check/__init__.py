"""`ordo check`: what would hinder a start, a file for each thing that is looked at."""

from __future__ import annotations

from daemon.cli.check.command import command

__all__ = ["command"]
