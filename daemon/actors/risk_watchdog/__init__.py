"""The risk watchdog: judges every frame against what every open position is held to."""

from __future__ import annotations

from daemon.actors.risk_watchdog.actor import RiskWatchdog
from daemon.actors.risk_watchdog.words import HEARS, ExitTime, PnlSeen

__all__ = ["HEARS", "ExitTime", "PnlSeen", "RiskWatchdog"]
