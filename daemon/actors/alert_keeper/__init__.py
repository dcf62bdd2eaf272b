"""The keeper of alerts: which conditions hold, who knows of them, and how loud they are.

`keeper` is the actor. Which facts begin and end a condition is in `conditions`, and which of the
notes among them do in `noted`.
"""

from __future__ import annotations

from daemon.actors.alert_keeper.keeper import KEPT, LEVELS, AlertKeeper, Unanswered

__all__ = ["KEPT", "LEVELS", "AlertKeeper", "Unanswered"]
