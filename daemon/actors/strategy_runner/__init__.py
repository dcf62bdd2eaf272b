"""The strategy runner: decides when a declared strategy enters, and with which legs.

`runner` is the actor, and `punctual` one of which a person is told when it does not enter at its
time. What it sees of the market is in `chain_view`, when it may enter in `entry_window`, what its
accounts make of an entry in `fan_out`, and why there is none in `reasons`.
"""

from __future__ import annotations

from daemon.actors.strategy_runner.fan_out import Place
from daemon.actors.strategy_runner.punctual import PunctualRunner
from daemon.actors.strategy_runner.runner import HEARS, StrategyRunner

__all__ = ["HEARS", "Place", "PunctualRunner", "StrategyRunner"]
