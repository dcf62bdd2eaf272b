"""The risk watchdog: judges every frame against what every open position is held to.

`actor` says which message leads to which decision. What an entry is held to is a `watch`, those of
an account are its `watches`, and what they lead to is in `leaving`; `account` holds the day of the
whole account to its limits, and `picture` and `views` are what people see of it all.
"""

from __future__ import annotations

from daemon.actors.risk_watchdog.actor import RiskWatchdog
from daemon.actors.risk_watchdog.words import HEARS, ExitTime, PnlSeen

__all__ = ["HEARS", "ExitTime", "PnlSeen", "RiskWatchdog"]
