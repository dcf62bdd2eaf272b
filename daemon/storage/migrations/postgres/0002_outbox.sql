-- How far each reader of the records has come, and what a sink of the outbox did not take.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    number BIGINT NOT NULL,
    failed_because TEXT NOT NULL DEFAULT '',
    failed_ns BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE dead_letters (
    sink TEXT NOT NULL,
    number BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    because TEXT NOT NULL,
    at_ns BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('dead', 'wanted', 'delivered')),
    PRIMARY KEY (sink, number)
);
