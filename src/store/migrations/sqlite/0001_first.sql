-- The first schema. Migrations only go forward: a file that was released is never edited.
--
-- Ids are UUIDs of version 7 as 16 bytes, digests are 32 bytes, moments are microseconds since 1970.
--
-- Personal data stands in these columns and nowhere else; sealing them is a later step:
--   flows.subject, flows.detail, records.subject, exchanges.bytes, deliveries.body.
-- records.event holds none: civil numbers have their own column, names and photos stay in the exchange.

PRAGMA application_id = 1296452695; -- "MFLW"

CREATE TABLE flows (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    version         INTEGER NOT NULL,
    service         TEXT    NOT NULL,
    capability      TEXT    NOT NULL,
    catalog         BLOB    NOT NULL CHECK (length(catalog) = 32),
    token           BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    person_key      BLOB,
    subject         TEXT,
    phase           TEXT    NOT NULL,
    open            INTEGER NOT NULL CHECK (open IN (0, 1)),
    state           TEXT    NOT NULL,
    request_id      TEXT,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    outcome         TEXT,
    idempotency_key TEXT    UNIQUE,
    request_digest  BLOB,
    detail          BLOB    NOT NULL,
    CHECK ((idempotency_key IS NULL) = (request_digest IS NULL))
) STRICT;

CREATE INDEX flows_by_creation ON flows (created_at, id);
CREATE INDEX flows_open ON flows (id) WHERE open = 1;

-- Law 3, once more below the machine: an ending is never taken back or exchanged for another.
CREATE TRIGGER flows_end_once BEFORE UPDATE ON flows
WHEN OLD.phase IN ('decided', 'delivered')
    AND (NEW.phase NOT IN ('decided', 'delivered') OR NEW.outcome IS NOT OLD.outcome)
BEGIN
    SELECT RAISE(ABORT, 'a flow ends exactly once');
END;

-- No reference to flows: a record outlives what it speaks of, and some belong to no flow.
CREATE TABLE records (
    seq     INTEGER NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    flow    BLOB,
    kind    TEXT    NOT NULL,
    subject TEXT,
    event   TEXT    NOT NULL
) STRICT;

CREATE INDEX records_by_flow ON records (flow, seq) WHERE flow IS NOT NULL;

CREATE TRIGGER records_stay BEFORE UPDATE ON records
BEGIN
    SELECT RAISE(ABORT, 'a record is never changed');
END;

CREATE TRIGGER records_are_kept BEFORE DELETE ON records
BEGIN
    SELECT RAISE(ABORT, 'a record is never deleted');
END;

CREATE TABLE exchanges (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    flow      BLOB,
    direction TEXT    NOT NULL CHECK (direction IN ('outbound', 'reply', 'callback')),
    at        INTEGER NOT NULL,
    bytes     BLOB    NOT NULL
) STRICT;

CREATE INDEX exchanges_by_flow ON exchanges (flow, id) WHERE flow IS NOT NULL;

CREATE TRIGGER exchanges_stay BEFORE UPDATE ON exchanges
BEGIN
    SELECT RAISE(ABORT, 'an exchange is never changed');
END;

CREATE TRIGGER exchanges_are_kept BEFORE DELETE ON exchanges
BEGIN
    SELECT RAISE(ABORT, 'an exchange is never deleted');
END;

CREATE TABLE deliveries (
    webhook_id   TEXT    NOT NULL PRIMARY KEY,
    flow         BLOB    NOT NULL REFERENCES flows (id),
    url          TEXT    NOT NULL,
    body         BLOB    NOT NULL,
    attempts     INTEGER NOT NULL,
    next_at      INTEGER,
    delivered_at INTEGER
) STRICT;

CREATE INDEX deliveries_by_flow ON deliveries (flow);
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE catalogs (
    digest  BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    archive BLOB    NOT NULL,
    kept_at INTEGER NOT NULL
) STRICT;

-- The last row names the active catalog.
CREATE TABLE activations (
    seq     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    catalog BLOB    NOT NULL REFERENCES catalogs (digest),
    at      INTEGER NOT NULL
) STRICT;

-- One row that is written to learn whether writing works.
CREATE TABLE health (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    probes INTEGER NOT NULL
) STRICT;
