"""Codes of the house: its settings and files, its ledger, its disk and its ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.errors.entry import Entry

_SETTINGS, _DATA, _DISK, _DAEMON = "settings", "data", "disk", "daemon"
_COPY = "keep the file aside, restore a copy, or move it away to begin a new one; delete nothing"
_THREE = (
    "what is moved away takes its -wal and -shm along, where they lie beside it; copies lie in "
    "backups/ of the state folder"
)

HOUSE: Final[Mapping[str, Entry]] = {
    "bad_settings": Entry(
        "The settings are wrong",
        "mend each line that is named; `ordo check` looks again",
        _SETTINGS,
        "error",
        status=500,
    ),
    "no_strategy": Entry(
        "There is no strategy to play a recording with",
        "name one with --strategy, or in [strategies] autostart",
        _SETTINGS,
        "error",
        status=500,
    ),
    "bad_strategy": Entry(
        "The strategy's file is refused",
        "mend the key that is named",
        _SETTINGS,
        "error",
        status=422,
    ),
    "state_folder_unusable": Entry(
        "The state folder cannot be used",
        "let [daemon] state_dir name a folder, not a file, that this user may write to",
        _DISK,
        "error",
        status=500,
    ),
    "socket_unusable": Entry(
        "The kill socket cannot be made",
        "let [daemon] state_dir name a folder with a short path that this user alone may write to",
        _DISK,
        "error",
        status=500,
    ),
    "already_running": Entry(
        "Another daemon or guardian runs on this state folder",
        "stop that one first, or give this one another [daemon] state_dir",
        _DAEMON,
        "error",
        status=500,
    ),
    "port_taken": Entry(
        "The control port cannot be listened on",
        "end what listens there, or let [web] port name another",
        _DAEMON,
        "error",
        status=500,
    ),
    "rule_unknown": Entry(
        "No market rule is known for that day",
        "add the row that is missing, with its source, or choose another day",
        _DATA,
        "error",
        status=422,
    ),
    "rules_damaged": Entry(
        "A table of market rules is damaged",
        "install Ordo anew, or put the table back as it was shipped",
        _DATA,
        "critical",
        status=500,
    ),
    "bad_data": Entry(
        "The recording cannot be understood",
        "mend what is named; a recording is chain snapshots, bars or ticks, as CSV or Parquet",
        _DATA,
        "error",
        status=422,
    ),
    "hot_state_lost": Entry(
        "The mirror of the state of risk cannot be had",
        "mend the Redis or the file that is named; every position stays guarded meanwhile",
        _DISK,
        "warning",
        recoverable=True,
        status=503,
    ),
    "sink_failed": Entry(
        "A sink does not take what it is told",
        "see that its receiver runs; what it refused is told by `ordo outbox dead`, and given again"
        " by `ordo outbox replay`",
        _DISK,
        "warning",
        recoverable=True,
        status=503,
    ),
    "unknown_letter": Entry(
        "No such dead letter waits", "`ordo outbox dead` lists those that do", status=404
    ),
    "no_outbox": Entry(
        "This daemon tells no sink of anything",
        "write [[sinks]] into settings.toml, and start it anew; a replay has none",
        "state",
    ),
    "hot_state_poisoned": Entry(
        "The mirror of the state of risk holds what it should not",
        "find out who else writes to it, and give it a password; what it held is not taken",
        _DATA,
        "error",
        status=500,
    ),
    "hot_state_taken": Entry(
        "The Redis holds the state of risk of another daemon",
        "name a database of its own in [hot_state] url, and restart it; every position stays"
        " guarded meanwhile",
        _SETTINGS,
        "warning",
        recoverable=True,
        status=503,
    ),
    "hot_state_unsafe": Entry(
        "The Redis is not set up to keep the state of risk",
        "mend its configuration as the sentence says, and restart it",
        _SETTINGS,
        "error",
        status=500,
    ),
    "projections_unusable": Entry(
        "The tables beside the record cannot be kept",
        "mend what is named; `ordo db rebuild` folds them anew, and nothing else waits for them",
        _DISK,
        "warning",
        recoverable=True,
        status=503,
    ),
    "no_ledger": Entry(
        "There is no ledger yet",
        "run the daemon once, or name a ledger with --ledger",
        _DATA,
        status=404,
    ),
    "ledger_unusable": Entry(
        "The ledger failed",
        "mend the file, its disk or its folder, and start anew: what was decided meanwhile is kept",
        _DISK,
        "critical",
        status=503,
    ),
    "ledger_away": Entry(
        "The server of the ledger cannot be reached, or is being started",
        "see that it runs, and that [ledger] url names it; a start waits for it two minutes",
        _DISK,
        "critical",
        recoverable=True,
        status=503,
    ),
    "state_disk_fails": Entry(
        "The disk of the state folder is full, read-only or fails",
        "make room on it, remount it, or look at the system's log; then the same start succeeds",
        _DISK,
        "critical",
        recoverable=True,
        status=503,
    ),
    "ledger_altered": Entry(
        "The ledger is not as it was written",
        f"see what `ordo audit verify` finds; {_COPY}; {_THREE}; they are files, so in place of a"
        ' database let [ledger] url = "sqlite:PATH" name a copy of one',
        _DATA,
        "critical",
        status=500,
    ),
    "ledger_log_strange": Entry(
        "A log of SQLite's lies there without the ledger that it belongs to",
        f"move it to that ledger, and start anew; delete nothing: {_THREE}",
        _DATA,
        "critical",
        status=500,
    ),
    "ledger_newer": Entry(
        "The ledger was written by a newer version",
        "run that version, or a later one",
        _DATA,
        "error",
        status=500,
    ),
    "ledger_foreign": Entry(
        "The file is no ledger of this version",
        "name another file, or move this one away; delete nothing",
        _DATA,
        "error",
        status=500,
    ),
    "market_time_ahead": Entry(
        "Market time ran ahead of a clock that was set back",
        "see that the machine's clock is right and start the daemon again; entries stay latched",
        _DAEMON,
        "critical",
        recoverable=True,
        status=503,
    ),
    "records_ahead": Entry(
        "The records reach beyond the day that the clock shows",
        "set the machine's clock; the records stay where they are, unless they are of made-up days",
        _DATA,
        "critical",
        recoverable=True,
        status=503,
    ),
    "epoch_over": Entry(
        "A newer run has begun on the ledger",
        "let the newer run go on; this one ended, and what it had decided last is not recorded",
        _DAEMON,
        "critical",
        status=500,
    ),
    "commit_unknown": Entry(
        "Nobody knows yet whether the ledger stored",
        "see that its server and the way to it are up; nothing is stored twice, whatever it was",
        _DISK,
        "critical",
        status=503,
    ),
    "two_writers": Entry(
        "Another program writes to the ledger",
        "stop one of the two",
        _DISK,
        "critical",
        status=500,
    ),
    "unrecordable": Entry(
        "A fact cannot be recorded",
        "report it: this is a defect of Ordo's",
        _DAEMON,
        "critical",
        status=500,
    ),
    "emergency_unusable": Entry(
        "The emergency file cannot be used",
        "mend its disk or its folder's permissions; it holds what the ledger lacks: delete nothing",
        _DISK,
        "critical",
        status=503,
    ),
    "emergency_damaged": Entry(
        "The emergency file is damaged",
        "keep a copy of it: facts that the ledger lacks are in it; move it away to start without",
        _DATA,
        "critical",
        status=500,
    ),
    "emergency_full": Entry(
        "The emergency file is full",
        "make room for the ledger, and start anew: what is in the file is taken over first",
        _DISK,
        "critical",
        status=503,
    ),
    "exchange_unusable": Entry(
        "The exchange's file cannot be used",
        f"mend its disk or its folder's permissions; where it is damaged, {_COPY}",
        _DISK,
        "critical",
        status=503,
    ),
    "system_refused": Entry(
        "The system refused",
        "look at the file it names, at the room on its disk and at who may write to it",
        _DISK,
        "error",
        status=500,
    ),
    "inbox_full": Entry(
        "An actor does not keep up with its facts",
        "look with `ordo status` and into the log what slows it; entries are latched",
        _DAEMON,
        "critical",
        recoverable=True,
        status=503,
    ),
    "port_silent": Entry(
        "A port does not answer at all",
        "start the daemon again, which asks the broker what became of each order; then report this,"
        " with the log",
        _DAEMON,
        "critical",
        recoverable=True,
        status=503,
    ),
    "too_many_restarts": Entry(
        "An actor fell too often",
        "look into the log for what felled it; entries are latched, `ordo rearm` releases them",
        _DAEMON,
        "critical",
        status=500,
    ),
}
"""Code -> what it means."""
