"""Settings: `settings.toml` and the environment, checked whole before anything starts.

What is wrong is told all at once, each fault with its place and its mend; what is not built yet is
refused by name. Nothing of the outside is looked at but the one file and the variables given.
"""

from daemon.settings.broker_terms import Broker
from daemon.settings.faults import Fault, SettingsRefused
from daemon.settings.guardian import Guardian
from daemon.settings.hot_state import HotState, RedisPlace
from daemon.settings.loading import load, load_to_brake, load_with_rules
from daemon.settings.looking import Logs, Telemetry
from daemon.settings.own_rules import Market, take_up
from daemon.settings.schema import (
    Account,
    Alerts,
    Daemon,
    Feed,
    FeedKind,
    JobSettings,
    LedgerSettings,
    Mode,
    ProfitLock,
    Risk,
    Settings,
    StalePolicy,
    Strategies,
)
from daemon.settings.sinks import EventKind, SinkSettings
from daemon.settings.terms import (
    account_limits,
    breaker,
    ladder,
    limits,
    storms,
    windows,
)
from daemon.settings.web import Web

__all__ = [
    "Account",
    "Alerts",
    "Broker",
    "Daemon",
    "EventKind",
    "Fault",
    "Feed",
    "FeedKind",
    "Guardian",
    "HotState",
    "JobSettings",
    "LedgerSettings",
    "Logs",
    "Market",
    "Mode",
    "ProfitLock",
    "RedisPlace",
    "Risk",
    "Settings",
    "SettingsRefused",
    "SinkSettings",
    "StalePolicy",
    "Strategies",
    "Telemetry",
    "Web",
    "account_limits",
    "breaker",
    "ladder",
    "limits",
    "load",
    "load_to_brake",
    "load_with_rules",
    "storms",
    "take_up",
    "windows",
]
