-- How far each reader of the records has come, and what a sink of the outbox did not take.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    failed_because TEXT NOT NULL DEFAULT '',
    failed_ns INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE dead_letters (
    sink TEXT NOT NULL,
    number INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    because TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('dead', 'wanted', 'delivered')),
    PRIMARY KEY (sink, number)
) STRICT;
