"""The wall of a cell: an actor of one account hears of that account alone, and need not name it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.domain.market.frames import Frame
from daemon.messages import RiskSeen, Told
from daemon.messages.cells import Cell
from daemon.runtime.words import NOTHING, Actor, Commit, Effect, Publish, Show, Tell


class CellWall:
    """Stands around one actor of an account, where a run has several accounts.

    Args:
        cell: whose.
        actor: what stands behind it.
    """

    def __init__(self, cell: Cell, actor: Actor) -> None:
        self._cell = cell
        self._actor = actor

    def handle(self, message: Any, now_ns: int) -> Sequence[Effect]:
        """Let the actor decide on what is of its cell, and mark what leaves."""
        cell = self._cell
        if type(message) is not Frame:
            if not cell.owns(message):
                return NOTHING
            message = cell.bare(message)
        effects = self._actor.handle(message, now_ns)
        return self._marked(effects) if cell.mark and effects else effects

    def _marked(self, effects: Sequence[Effect]) -> tuple[Effect, ...]:
        return tuple(self._leaving(effect) for effect in effects)

    def _leaving(self, effect: Effect) -> Effect:
        cell = self._cell
        match effect:
            case Commit(facts, then):
                return Commit(tuple(map(cell.marked, facts)), self._marked(then))
            case Publish(message, lane):
                return Publish(cell.marked(message), lane)
            case Show(Told(number, answer)):
                return Show(Told(number, cell.marked(answer)))
            case Show(view):
                return Show(cell.marked(view))
            case Tell(to, RiskSeen() as seen, lane):
                return Tell(to, cell.marked(seen), lane)
        return effect
