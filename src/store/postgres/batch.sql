-- One batch of units, in one statement and so in one transaction that no client can leave open. $1: the lease;
-- $2 to $19: new flows; $20 to $30: next states of flows; $31 to $35: exchanges; $36 to $40: records; $41 to $47: new
-- notices; $48 to $51: progress of notices; $52 to $54: data keys; $55: whose data keys are destroyed;
-- $56 to $59: the chain of the records, the number of the first in it, their commitments and leaves; $60 and $61: the
-- documents that new flows refer to, and those flows
-- (src/store/postgres/pack.rs).
-- The order is that of the references: rows that others may hold are waited for first, then `whole` looks whether all
-- was done that was asked for, and only then the row of `log` is taken, which all replicas share.
-- What stands between `-- [part` and `-- ]` is left out where the batch has nothing for it (src/store/postgres/parts.rs):
-- a part that writes nothing still takes the server as long as a few rows.
WITH
-- [new flows
new_flows AS (
    INSERT INTO flows (
        owner, id, version, service, capability, catalog, token, person_key, subject, phase, open, state, request_id,
        created_at, expires_at, outcome, idempotency_key, request_digest, detail)
    SELECT $1, r.*
    FROM unnest(
        $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[], $9::text[],
        $10::text[], $11::boolean[], $12::text[], $13::bytea[], $14::bigint[], $15::bigint[], $16::text[],
        $17::text[], $18::bytea[], $19::bytea[]) AS r
    ON CONFLICT DO NOTHING
    RETURNING id
),
-- ]
-- [next flows
next_flows AS (
    UPDATE flows SET
        version = flows.version + 1,
        owner = $1,
        person_key = r.person_key,
        subject = CASE WHEN r.detail IS NULL THEN flows.subject ELSE r.subject END,
        phase = r.phase,
        open = r.open,
        state = r.state,
        request_id = r.request_id,
        expires_at = r.expires_at,
        outcome = r.outcome,
        detail = coalesce(r.detail, flows.detail)
    FROM unnest(
        $20::uuid[], $21::bigint[], $22::bytea[], $23::text[], $24::text[], $25::boolean[], $26::text[],
        $27::bytea[], $28::bigint[], $29::text[], $30::bytea[])
        AS r (id, version, person_key, subject, phase, open, state, request_id, expires_at, outcome, detail)
    WHERE flows.id = r.id AND flows.version + 1 = r.version
    RETURNING flows.id
),
-- ]
-- [notices
new_deliveries AS (
    INSERT INTO deliveries (webhook_id, flow, url, body, attempts, next_at, delivered_at)
    SELECT r.*
    FROM unnest($41::text[], $42::uuid[], $43::text[], $44::bytea[], $45::bigint[], $46::bigint[], $47::bigint[]) AS r
    ON CONFLICT DO NOTHING
    RETURNING 1
),
next_deliveries AS (
    UPDATE deliveries SET attempts = r.attempts, next_at = r.next_at, delivered_at = r.delivered_at
    FROM unnest($48::text[], $49::bigint[], $50::bigint[], $51::bigint[])
        AS r (webhook_id, attempts, next_at, delivered_at)
    WHERE deliveries.webhook_id = r.webhook_id
    RETURNING 1
),
-- ]
checked AS (
    SELECT whole(
        EXISTS (SELECT FROM replicas WHERE lease = $1 AND until > clock_timestamp()),
        '{}'::uuid[]
-- [new flows
            || ARRAY(SELECT id FROM unnest($2::uuid[]) AS asked (id) EXCEPT SELECT id FROM new_flows)
-- ]
-- [next flows
            || ARRAY(SELECT id FROM unnest($20::uuid[]) AS asked (id) EXCEPT SELECT id FROM next_flows)
-- ]
        ,
        true
-- [notices
            AND (SELECT count(*) FROM new_deliveries) = cardinality($41::text[])
            AND (SELECT count(*) FROM next_deliveries) = cardinality($48::text[])
-- ]
    ) AS is_whole
),
head AS (
    UPDATE log SET
        records = log.records + cardinality($36::bigint[]),
        flows = log.flows + cardinality($2::uuid[]),
        exchanges = log.exchanges + cardinality($31::uuid[])
    FROM checked
    WHERE checked.is_whole
    RETURNING log.records - cardinality($36::bigint[]) AS before
),
-- [exchanges
new_exchanges AS (
    INSERT INTO exchanges (id, flow, direction, at, bytes)
    SELECT r.*
    FROM unnest($31::uuid[], $32::uuid[], $33::text[], $34::bigint[], $35::bytea[]) AS r
),
-- ]
-- [keys
new_keys AS (
    INSERT INTO data_keys (owner, version, wrapped)
    SELECT r.*
    FROM unnest($52::uuid[], $53::bigint[], $54::bytea[]) AS r
),
-- ]
-- [documents and destroyed keys
waiting AS (
    INSERT INTO waiting_documents (id, at)
    SELECT r.id, r.at
    FROM unnest($31::uuid[], $32::uuid[], $33::text[], $34::bigint[]) AS r (id, flow, direction, at)
    WHERE r.direction = 'document' AND r.flow IS NULL
),
no_longer_waiting AS (
    DELETE FROM waiting_documents WHERE id = ANY ($55::uuid[] || $60::uuid[])
),
new_uses AS (
    INSERT INTO document_uses (document, flow)
    SELECT r.*
    FROM unnest($60::uuid[], $61::uuid[]) AS r
),
-- The key of a document stays as long as a flow refers to it whose key stays.
destroyed AS (
    UPDATE data_keys SET wrapped = NULL
    WHERE owner = ANY ($55::uuid[]) AND wrapped IS NOT NULL AND NOT EXISTS (
        SELECT FROM document_uses AS u JOIN data_keys AS k ON k.owner = u.flow
        WHERE u.document = data_keys.owner AND k.wrapped IS NOT NULL AND u.flow <> ALL ($55::uuid[]))
),
forgotten AS (
    UPDATE flows SET person_key = NULL, idempotency_key = NULL, request_digest = NULL WHERE id = ANY ($55::uuid[])
),
-- ]
new_records AS (
    INSERT INTO records (seq, at, flow, kind, subject, event, writer, chain, number, commitment, leaf, ends_batch)
    SELECT head.before + r.place, r.at, r.flow, r.kind, r.subject, r.event, $1, $56, $57 + r.place - 1, r.commitment, r.leaf,
        r.place = cardinality($36::bigint[])
    FROM head, unnest($36::bigint[], $37::uuid[], $38::text[], $39::bytea[], $40::text[], $58::bytea[], $59::bytea[])
        WITH ORDINALITY AS r (at, flow, kind, subject, event, commitment, leaf, place)
)
SELECT before FROM head
