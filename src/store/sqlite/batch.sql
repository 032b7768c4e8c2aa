-- One batch of units. $1: short values, $2: long values, $3 to $8: rows of numbers and words (src/store/sqlite/pack.rs),
-- $9: the number of the last record. Ends before COMMIT: the caller first compares what was returned with
-- what was asked for.
-- Parameters are written $1 and not ?1: the driver counts a ?NNN that a statement leaves out.
BEGIN IMMEDIATE;

INSERT INTO flows (
    id, version, service, capability, catalog, token, person_key, subject, phase, open, state, request_id,
    created_at, expires_at, outcome, idempotency_key, request_digest, detail)
SELECT
    substr($1, r.value ->> 0, 16),
    r.value ->> 1,
    r.value ->> 2,
    r.value ->> 3,
    substr($1, r.value ->> 4, 32),
    substr($1, r.value ->> 5, 32),
    substr($1, r.value ->> 6, 32),
    CAST(substr($1, r.value ->> 7, r.value ->> 8) AS TEXT),
    r.value ->> 9,
    r.value ->> 10,
    CAST(substr($1, r.value ->> 11, r.value ->> 12) AS TEXT),
    CAST(substr($1, r.value ->> 13, r.value ->> 14) AS TEXT),
    r.value ->> 15,
    r.value ->> 16,
    r.value ->> 17,
    CAST(substr($1, r.value ->> 18, r.value ->> 19) AS TEXT),
    substr($1, r.value ->> 20, 32),
    substr($2, r.value ->> 21, r.value ->> 22)
FROM jsonb_each($3) AS r
WHERE true
ON CONFLICT DO NOTHING
RETURNING 0, id;

UPDATE flows SET
    version = version + 1,
    person_key = substr($1, r.value ->> 6, 32),
    subject = CAST(substr($1, r.value ->> 7, r.value ->> 8) AS TEXT),
    phase = r.value ->> 9,
    open = r.value ->> 10,
    state = CAST(substr($1, r.value ->> 11, r.value ->> 12) AS TEXT),
    request_id = CAST(substr($1, r.value ->> 13, r.value ->> 14) AS TEXT),
    expires_at = r.value ->> 16,
    outcome = r.value ->> 17,
    detail = coalesce(substr($2, r.value ->> 21, r.value ->> 22), detail)
FROM jsonb_each($4) AS r
WHERE flows.id = substr($1, r.value ->> 0, 16) AND flows.version + 1 = r.value ->> 1
RETURNING 1, id;

INSERT INTO exchanges (id, flow, direction, at, bytes)
SELECT
    substr($1, r.value ->> 0, 16),
    substr($1, r.value ->> 1, 16),
    r.value ->> 2,
    r.value ->> 3,
    substr($2, r.value ->> 4, r.value ->> 5)
FROM jsonb_each($5) AS r;

INSERT INTO records (seq, at, flow, kind, subject, event)
SELECT
    $9 + 1 + r.key,
    r.value ->> 0,
    substr($1, r.value ->> 1, 16),
    r.value ->> 2,
    CAST(substr($1, r.value ->> 3, r.value ->> 4) AS TEXT),
    CAST(substr($2, r.value ->> 5, r.value ->> 6) AS TEXT)
FROM jsonb_each($6) AS r;

INSERT INTO deliveries (webhook_id, flow, url, body, attempts, next_at, delivered_at)
SELECT
    CAST(substr($1, r.value ->> 0, r.value ->> 1) AS TEXT),
    substr($1, r.value ->> 2, 16),
    CAST(substr($1, r.value ->> 3, r.value ->> 4) AS TEXT),
    substr($2, r.value ->> 5, r.value ->> 6),
    r.value ->> 7,
    r.value ->> 8,
    r.value ->> 9
FROM jsonb_each($7) AS r
WHERE true
ON CONFLICT DO NOTHING
RETURNING 2, x'';

UPDATE deliveries SET
    attempts = r.value ->> 7,
    next_at = r.value ->> 8,
    delivered_at = r.value ->> 9
FROM jsonb_each($8) AS r
WHERE deliveries.webhook_id = CAST(substr($1, r.value ->> 0, r.value ->> 1) AS TEXT)
RETURNING 3, x'';
