-- The one append-only, hash-chained table, and the head that is kept beside it.
CREATE TABLE migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL
) STRICT;
CREATE TABLE records (
    number INTEGER PRIMARY KEY,
    owner_id TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    message INTEGER NOT NULL,
    cause INTEGER NOT NULL,
    body BLOB NOT NULL,
    link BLOB NOT NULL
) STRICT;
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, zeroblob(32));
-- Against slips of our own; whoever means to alter a record is found by its link.
CREATE TRIGGER records_are_not_altered BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'a record is never altered'); END;
CREATE TRIGGER records_are_not_removed BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'a record is never removed'); END;
