"""What the actors say to each other, and who hears what.

Facts are past tense and carry the state after; they go into the one table and, where others need
them, to those who hear them. Commands are imperative and go to one actor. Words that belong to one
machine live beside that machine, in `domain`.
"""

from __future__ import annotations

from daemon.domain.orders.kill import Stage
from daemon.domain.orders.margin import MarginLeg
from daemon.domain.orders.shown import AccountRead, BrokerOrder, BrokerPosition
from daemon.domain.orders.words import (
    ConfirmationWanted,
    IntentRecorded,
    OrderAccepted,
    OrderParked,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
)
from daemon.domain.risk.moves import LevelMoved
from daemon.domain.risk.words import ExitReason
from daemon.messages.alerts import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertCleared,
    AlertEscalated,
    AlertFact,
    AlertRaised,
    AlertSeen,
    Condition,
    FactRecorded,
    SeeAlerts,
    Severity,
)
from daemon.messages.arming import ArmingFact
from daemon.messages.asks import (
    AbandonRequest,
    AdjustByHand,
    Ask,
    Beat,
    CancelAll,
    CancelByHand,
    ChangeStrategy,
    ClaimRequest,
    DeclareStrategy,
    Declined,
    Done,
    ExitByHand,
    FinishRequest,
    JudgeChange,
    NoteCredentials,
    PlaceByHand,
    PullLatch,
    ReleaseLatch,
    RemoveStrategy,
    SeeAccount,
    SeeDeclaration,
    SeeKill,
    SeeOpen,
    SeeOrders,
    SeePrice,
    SeeRisk,
    SeeStrategy,
    TakeEntries,
    TakeNoEntries,
    TakeStep,
    TellRisk,
    Told,
)
from daemon.messages.beats import Alive, FreeEntries, HeldBy, HoldEntries, Pulse, Pulsed
from daemon.messages.broker import (
    RESIDENT,
    SETTLEMENT,
    WRITTEN_OFF,
    AccountUnread,
    Basis,
    Cancel,
    CancelAnswered,
    FindOrder,
    LoggedIn,
    LogIn,
    LoginFailed,
    MarginRead,
    MarginUnread,
    OrderNotFound,
    Place,
    ReadAccount,
    ReadMargin,
    RenewSession,
    Settled,
    StepWanted,
)
from daemon.messages.control import (
    BooksAgree,
    BooksDiffer,
    BreakerMoved,
    ControlFact,
    CredentialsKept,
    EntriesFreed,
    EntriesHeld,
    KillStaged,
    Latched,
    LatchKind,
    OrderAsked,
    Released,
    RequestAnswered,
    RequestBegun,
    Scope,
    SessionReady,
    StrategyDeclared,
    StrategyRemoved,
    StrategyStarted,
    StrategyStopped,
)
from daemon.messages.jobs import Job, JobDone, RunJob
from daemon.messages.market import (
    DayEnded,
    DayOpened,
    FrameArrived,
    FramePolled,
    LinkDied,
    LinkRevived,
    MarketFact,
    Noted,
    OptionsListed,
    PaceLearnt,
    QuotesRead,
    QuotesUnread,
    ReadQuotes,
)
from daemon.messages.trading import (
    LEDGER_FAILED,
    MAY_HAVE_FILLED,
    BasketEnded,
    BasketOpened,
    CancelAsked,
    CodeLoaded,
    DayMarked,
    EnterLegs,
    EntriesPaused,
    EntryDecided,
    EpochBegan,
    ExitDecided,
    ExitFinished,
    ExitLegs,
    ExitOverdue,
    ExitOwed,
    ExitReplaced,
    LegExpired,
    PauseEntries,
    PositionChanged,
    StartMissed,
    WaitOver,
)
from daemon.messages.views import (
    AccountSeen,
    DeclarationSeen,
    FloorSeen,
    HeldSeen,
    LegSeen,
    PnlFrame,
    PriceSeen,
    RiskSeen,
    StrategySeen,
    WatchSeen,
)
from daemon.runtime.words import ActorDisarmed, DeadLetter

__all__ = [
    "LEDGER_FAILED",
    "MAY_HAVE_FILLED",
    "RESIDENT",
    "SETTLEMENT",
    "WRITTEN_OFF",
    "AbandonRequest",
    "AccountRead",
    "AccountSeen",
    "AccountUnread",
    "AcknowledgeAlert",
    "AdjustByHand",
    "AlertAcknowledged",
    "AlertCleared",
    "AlertEscalated",
    "AlertFact",
    "AlertRaised",
    "AlertSeen",
    "Alive",
    "Ask",
    "Basis",
    "BasketEnded",
    "BasketOpened",
    "Beat",
    "BooksAgree",
    "BooksDiffer",
    "BreakerMoved",
    "BrokerOrder",
    "BrokerPosition",
    "Cancel",
    "CancelAll",
    "CancelAnswered",
    "CancelAsked",
    "CancelByHand",
    "ChangeStrategy",
    "ClaimRequest",
    "CodeLoaded",
    "Condition",
    "CredentialsKept",
    "DayEnded",
    "DayMarked",
    "DayOpened",
    "DeclarationSeen",
    "DeclareStrategy",
    "Declined",
    "Done",
    "EnterLegs",
    "EntriesFreed",
    "EntriesHeld",
    "EntriesPaused",
    "EntryDecided",
    "EpochBegan",
    "ExitByHand",
    "ExitDecided",
    "ExitFinished",
    "ExitLegs",
    "ExitOverdue",
    "ExitOwed",
    "ExitReason",
    "ExitReplaced",
    "Fact",
    "FactRecorded",
    "FindOrder",
    "FinishRequest",
    "FloorSeen",
    "FrameArrived",
    "FramePolled",
    "FreeEntries",
    "HeldBy",
    "HeldSeen",
    "HoldEntries",
    "Job",
    "JobDone",
    "JudgeChange",
    "KillStaged",
    "LatchKind",
    "Latched",
    "LegExpired",
    "LegSeen",
    "LinkDied",
    "LinkRevived",
    "LogIn",
    "LoggedIn",
    "LoginFailed",
    "MarginLeg",
    "MarginRead",
    "MarginUnread",
    "NoteCredentials",
    "Noted",
    "OptionsListed",
    "OrderAsked",
    "OrderNotFound",
    "PaceLearnt",
    "PauseEntries",
    "Place",
    "PlaceByHand",
    "PnlFrame",
    "PositionChanged",
    "PriceSeen",
    "PullLatch",
    "Pulse",
    "Pulsed",
    "QuotesRead",
    "QuotesUnread",
    "ReadAccount",
    "ReadMargin",
    "ReadQuotes",
    "ReleaseLatch",
    "Released",
    "RemoveStrategy",
    "RenewSession",
    "RequestAnswered",
    "RequestBegun",
    "RiskSeen",
    "RunJob",
    "Scope",
    "SeeAccount",
    "SeeAlerts",
    "SeeDeclaration",
    "SeeKill",
    "SeeOpen",
    "SeeOrders",
    "SeePrice",
    "SeeRisk",
    "SeeStrategy",
    "SessionReady",
    "Settled",
    "Severity",
    "Stage",
    "StartMissed",
    "StepWanted",
    "StrategyDeclared",
    "StrategyRemoved",
    "StrategySeen",
    "StrategyStarted",
    "StrategyStopped",
    "TakeEntries",
    "TakeNoEntries",
    "TakeStep",
    "TellRisk",
    "Told",
    "WaitOver",
    "WatchSeen",
]

Fact = (
    MarketFact
    | EntryDecided
    | BasketOpened
    | BasketEnded
    | PositionChanged
    | LegExpired
    | ExitDecided
    | ExitOwed
    | ExitFinished
    | ExitOverdue
    | CancelAsked
    | ExitReplaced
    | EntriesPaused
    | DayMarked
    | EpochBegan
    | CodeLoaded
    | LevelMoved
    | IntentRecorded
    | OrderAccepted
    | OrderRefused
    | OutcomeUnknown
    | ConfirmationWanted
    | OrderParked
    | OrderUpdated
    | DeadLetter
    | ActorDisarmed
    | ControlFact
    | ArmingFact
    | AlertFact
    | JobDone
    | StartMissed
)
"""Everything that may stand in the one table."""
