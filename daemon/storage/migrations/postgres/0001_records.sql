-- The one append-only, hash-chained table, and the head that is kept beside it.
CREATE TABLE migrations (
    number BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL
);
CREATE TABLE records (
    number BIGINT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    at_ns BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    message BIGINT NOT NULL,
    cause BIGINT NOT NULL,
    body BYTEA NOT NULL,
    link BYTEA NOT NULL
);
CREATE TABLE head (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    count BIGINT NOT NULL,
    digest BYTEA NOT NULL
);
INSERT INTO head VALUES (1, 0, decode(repeat('00', 32), 'hex'));
-- Against slips of our own; whoever means to alter a record is found by its link.
CREATE FUNCTION a_record_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a record is never %', TG_ARGV[0]; END;
$$;
CREATE TRIGGER records_are_not_altered BEFORE UPDATE ON records
    FOR EACH STATEMENT EXECUTE FUNCTION a_record_stays('altered');
CREATE TRIGGER records_are_not_removed BEFORE DELETE OR TRUNCATE ON records
    FOR EACH STATEMENT EXECUTE FUNCTION a_record_stays('removed');
-- As SQLite has it, so that one query reads both stores.
CREATE FUNCTION instr(whole BYTEA, part BYTEA) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE AS 'SELECT position(part IN whole)';
