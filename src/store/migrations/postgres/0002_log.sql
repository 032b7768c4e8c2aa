-- The tamper-evident log (docs/audit.md). A record gets its place in the chain of its writer and the leaf that it is in
-- the tree with the batch that makes it durable. A writer is one connection of one node: where nobody knows what became
-- of a batch, its connection is given up and its chain ends with it. The place in the tree is the number of the record.
--
-- `commitment` is the salted commitment to the civil number that the record is about. `subject` holds the number itself
-- where nothing is sealed, and nothing from here on where something is.
ALTER TABLE records
    ADD COLUMN commitment bytea CHECK (octet_length(commitment) = 32),
    ADD COLUMN chain      uuid,
    ADD COLUMN number     bigint,
    ADD COLUMN leaf       bytea CHECK (octet_length(leaf) = 32);

-- Records of before get a chain of their own. What an entry is made of: src/audit/log/entry.rs.
DROP TRIGGER records_stay ON records;

DO $$
DECLARE
    r        record;
    chain_id uuid   := gen_random_uuid();
    place    bigint := 0;
    previous bytea  := decode(repeat('00', 32), 'hex');
    person   bytea;
    part     bytea;
    entry    bytea;
BEGIN
    FOR r IN SELECT seq, at, flow, kind, subject, event FROM records ORDER BY seq LOOP
        person := CASE WHEN octet_length(r.subject) = 32 THEN r.subject END;
        entry := '\x01'::bytea || uuid_send(chain_id) || int8send(place) || previous || int8send(r.at);
        FOREACH part IN ARRAY ARRAY[uuid_send(r.flow), convert_to(r.kind, 'UTF8'), person] LOOP
            part := coalesce(part, '');
            entry := entry || set_byte('\x00'::bytea, 0, octet_length(part)) || part;
        END LOOP;
        previous := sha256('\x00'::bytea || entry || sha256(convert_to(r.event, 'UTF8')));
        UPDATE records SET commitment = person, chain = chain_id, number = place, leaf = previous
            WHERE seq = r.seq AND at = r.at;
        place := place + 1;
    END LOOP;
END
$$;

CREATE TRIGGER records_stay BEFORE UPDATE OR DELETE ON records FOR EACH ROW
EXECUTE FUNCTION refuse('a record is never changed or deleted');

ALTER TABLE records
    ALTER COLUMN chain SET NOT NULL,
    ALTER COLUMN number SET NOT NULL,
    ALTER COLUMN leaf SET NOT NULL;

CREATE INDEX records_by_chain ON records (chain, number);

-- The roots of full subtrees of 256, 65,536, … leaves, so that proofs are cheap; level 0 are the leaves, which stand with
-- their records. All of it follows from the leaves: whoever comes first writes a hash down, and it is the same for all.
CREATE TABLE log_hashes (
    level bigint NOT NULL CHECK (level > 0),
    place bigint NOT NULL,
    hash  bytea  NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, place)
);

-- Signed heads of the tree.
CREATE TABLE log_checkpoints (
    size bigint NOT NULL PRIMARY KEY,
    note text   NOT NULL
);

-- Where a checkpoint stands outside of this database, and what shows it: the cosignature of a witness, the name of a file.
CREATE TABLE log_anchors (
    size   bigint NOT NULL,
    anchor text   NOT NULL,
    proof  text   NOT NULL,
    PRIMARY KEY (size, anchor)
);

CREATE TRIGGER log_hashes_stay BEFORE UPDATE OR DELETE ON log_hashes FOR EACH ROW
EXECUTE FUNCTION refuse('a hash of the tree is never changed or deleted');
CREATE TRIGGER log_hashes_are_kept BEFORE TRUNCATE ON log_hashes FOR EACH STATEMENT
EXECUTE FUNCTION refuse('hashes of the tree are never deleted');
CREATE TRIGGER log_checkpoints_stay BEFORE UPDATE OR DELETE ON log_checkpoints FOR EACH ROW
EXECUTE FUNCTION refuse('a checkpoint is never changed or deleted');
CREATE TRIGGER log_checkpoints_are_kept BEFORE TRUNCATE ON log_checkpoints FOR EACH STATEMENT
EXECUTE FUNCTION refuse('checkpoints are never deleted');
CREATE TRIGGER log_anchors_stay BEFORE UPDATE OR DELETE ON log_anchors FOR EACH ROW
EXECUTE FUNCTION refuse('the note of an anchor is never changed or deleted');
CREATE TRIGGER log_anchors_are_kept BEFORE TRUNCATE ON log_anchors FOR EACH STATEMENT
EXECUTE FUNCTION refuse('notes of anchors are never deleted');

-- Lets a role run replicas. Called by the owner each time that the schema is brought up to date.
CREATE OR REPLACE FUNCTION admit(role name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Nodes that start at the same moment follow one another: the server does not let two change the same grants.
    LOCK TABLE months IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format('GRANT USAGE ON SCHEMA midflow TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT ON records, exchanges, catalogs, sources, activations TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT ON log_hashes, log_checkpoints, log_anchors TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON flows, deliveries, log, health, data_keys, holds TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON replicas, starts, ring_keys TO %I', role);
    EXECUTE format('GRANT SELECT ON _sqlx_migrations, months TO %I', role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION make_months(integer) TO %I', role);
END
$$;
