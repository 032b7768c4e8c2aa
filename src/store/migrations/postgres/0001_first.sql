-- The first schema on PostgreSQL. Migrations only go forward: a file that was released is never edited.
--
-- Everything stands in the schema `midflow`. Its owner brings it up to date; the replicas run under another role, to
-- which `admit` grants what they need and no more: that role can't change or delete what is recorded.
--
-- Digests are 32 bytes, moments are microseconds since 1970 unless they are of the database's own clock.
--
-- Personal data stands in these columns and nowhere else, sealed by the layer above (src/store/sealed): flows.detail (with
-- subject, idempotency key and request digest in it), exchanges.bytes, deliveries.body (with url). flows.subject stays
-- empty then, and records.subject holds a salted commitment.

-- Every process that writes has a lease, and what it writes is refused once the lease has run out. The number of the
-- lease is never given twice. A row goes when it is long over and no open flow names it.
CREATE TABLE replicas (
    lease bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name  text        NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE flows (
    id              uuid    NOT NULL PRIMARY KEY,
    version         bigint  NOT NULL,
    -- The lease of the replica that took the last step and owes the next one.
    owner           bigint  NOT NULL,
    service         text    NOT NULL,
    capability      text    NOT NULL,
    catalog         bytea   NOT NULL CHECK (octet_length(catalog) = 32),
    token           bytea   NOT NULL UNIQUE CHECK (octet_length(token) = 32),
    person_key      bytea,
    subject         text,
    phase           text    NOT NULL,
    open            boolean NOT NULL,
    state           text    NOT NULL,
    -- Whatever the authority calls it, to the byte.
    request_id      bytea,
    created_at      bigint  NOT NULL,
    expires_at      bigint  NOT NULL,
    outcome         text,
    idempotency_key text    UNIQUE,
    request_digest  bytea,
    detail          bytea   NOT NULL,
    CHECK ((idempotency_key IS NULL) = (request_digest IS NULL))
) WITH (fillfactor = 60);

CREATE INDEX flows_by_creation ON flows (created_at, id);
CREATE INDEX flows_open ON flows (owner, id) WHERE open;
CREATE INDEX flows_by_person ON flows (person_key) WHERE person_key IS NOT NULL;
CREATE INDEX flows_waiting ON flows (expires_at) WHERE phase IN ('created', 'sent', 'unknown', 'waiting');

-- How much there is. Its one row is also what makes the commits of all replicas follow one another for the moment in
-- which records get their numbers, so that the log has no gaps and no number is seen before the one below it.
CREATE TABLE log (
    id        integer NOT NULL PRIMARY KEY CHECK (id = 1),
    records   bigint  NOT NULL,
    flows     bigint  NOT NULL,
    exchanges bigint  NOT NULL
) WITH (fillfactor = 10);

INSERT INTO log (id, records, flows, exchanges) VALUES (1, 0, 0, 0);

-- No reference to flows: a record outlives what it speaks of, and some belong to no flow.
CREATE TABLE records (
    seq     bigint NOT NULL,
    at      bigint NOT NULL,
    flow    uuid,
    kind    text   NOT NULL,
    subject bytea,
    event   text   NOT NULL,
    -- The lease under which it was written.
    writer  bigint NOT NULL,
    PRIMARY KEY (seq, at)
) PARTITION BY RANGE (at);

CREATE INDEX records_by_flow ON records (flow, seq) WHERE flow IS NOT NULL;

-- The id begins with the moment it was made, so a range of ids is a month, and an id is found in one part.
CREATE TABLE exchanges (
    id        uuid   NOT NULL PRIMARY KEY,
    flow      uuid,
    direction text   NOT NULL CHECK (direction IN ('outbound', 'reply', 'callback', 'document')),
    at        bigint NOT NULL,
    bytes     bytea  NOT NULL
) PARTITION BY RANGE (id);

CREATE INDEX exchanges_by_flow ON exchanges (flow, id) WHERE flow IS NOT NULL;
ALTER TABLE exchanges ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE deliveries (
    webhook_id   text   NOT NULL PRIMARY KEY,
    flow         uuid   NOT NULL REFERENCES flows (id),
    url          text   NOT NULL,
    body         bytea  NOT NULL,
    attempts     bigint NOT NULL,
    next_at      bigint,
    delivered_at bigint
);

CREATE INDEX deliveries_by_flow ON deliveries (flow);
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;

-- A catalog is the list of its files; a file is kept once however many catalogs name it.
CREATE TABLE catalogs (
    digest   bytea  NOT NULL PRIMARY KEY CHECK (octet_length(digest) = 32),
    manifest text   NOT NULL,
    kept_at  bigint NOT NULL
);

CREATE TABLE sources (
    digest bytea NOT NULL PRIMARY KEY CHECK (octet_length(digest) = 32),
    bytes  bytea NOT NULL
);

-- The last row names the active catalog.
CREATE TABLE activations (
    seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    catalog   bytea  NOT NULL REFERENCES catalogs (digest),
    at        bigint NOT NULL,
    actor     text   NOT NULL,
    set_aside bytea  CHECK (octet_length(set_aside) = 32)
);

-- The starts that still count for a limit, by service or by service and keyed hash of a person: what makes a limit hold
-- across replicas.
CREATE TABLE starts (
    subject text     NOT NULL PRIMARY KEY,
    moments bigint[] NOT NULL,
    until   bigint   NOT NULL
) WITH (fillfactor = 50);

CREATE INDEX starts_over ON starts (until);

-- One row that is written to learn whether writing works.
CREATE TABLE health (
    id     integer NOT NULL PRIMARY KEY CHECK (id = 1),
    probes bigint  NOT NULL
);

-- The keys that wrap data keys, themselves wrapped with a key that is never in this database. Version 0 is the key of
-- look-ups.
CREATE TABLE ring_keys (
    version bigint NOT NULL PRIMARY KEY CHECK (version >= 0),
    wrapper text   NOT NULL,
    wrapped bytea  NOT NULL,
    made_at bigint NOT NULL
);

-- The key of each flow, and of each message that belongs to none, by its id. Destroyed keys stay as a row without a key;
-- what is left of them in old versions of rows is cleared away as soon as the server gets to it.
CREATE TABLE data_keys (
    owner   uuid   NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    wrapped bytea
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0.0);

-- What must not be erased for now: a flow, all flows of a person, or all of a service. Released, never deleted.
CREATE TABLE holds (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow        uuid,
    person      bytea CHECK (octet_length(person) = 32),
    service     text,
    reference   text   NOT NULL,
    placed_by   text   NOT NULL,
    placed_at   bigint NOT NULL,
    released_by text,
    released_at bigint,
    CHECK (num_nonnulls(flow, person, service) = 1),
    CHECK ((released_by IS NULL) = (released_at IS NULL))
);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'MF001';
END
$$;

-- Law 3, once more below the machine: an ending is never taken back or exchanged for another.
CREATE TRIGGER flows_end_once BEFORE UPDATE ON flows FOR EACH ROW
WHEN (OLD.phase IN ('decided', 'delivered')
    AND (NEW.phase NOT IN ('decided', 'delivered') OR NEW.outcome IS DISTINCT FROM OLD.outcome))
EXECUTE FUNCTION refuse('a flow ends exactly once');

CREATE TRIGGER records_stay BEFORE UPDATE OR DELETE ON records FOR EACH ROW
EXECUTE FUNCTION refuse('a record is never changed or deleted');
CREATE TRIGGER records_are_kept BEFORE TRUNCATE ON records FOR EACH STATEMENT
EXECUTE FUNCTION refuse('records are never deleted');

CREATE TRIGGER exchanges_stay BEFORE UPDATE OR DELETE ON exchanges FOR EACH ROW
EXECUTE FUNCTION refuse('an exchange is never changed or deleted');
CREATE TRIGGER exchanges_are_kept BEFORE TRUNCATE ON exchanges FOR EACH STATEMENT
EXECUTE FUNCTION refuse('exchanges are never deleted');

CREATE TRIGGER data_keys_stay_destroyed BEFORE UPDATE ON data_keys FOR EACH ROW
WHEN (OLD.wrapped IS NULL OR NEW.owner IS DISTINCT FROM OLD.owner)
EXECUTE FUNCTION refuse('a destroyed key never comes back');
CREATE TRIGGER data_keys_are_kept BEFORE DELETE ON data_keys FOR EACH ROW
EXECUTE FUNCTION refuse('a data key is destroyed, and its row is kept');
CREATE TRIGGER holds_are_kept BEFORE DELETE ON holds FOR EACH ROW
EXECUTE FUNCTION refuse('a hold is released, and never deleted');

CREATE FUNCTION refuse_in_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.version = 0
        OR EXISTS (SELECT FROM data_keys WHERE data_keys.version = OLD.version AND data_keys.wrapped IS NOT NULL)
    THEN
        RAISE EXCEPTION 'a key of the ring that is in use is never deleted' USING ERRCODE = 'MF001';
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER ring_keys_in_use BEFORE DELETE ON ring_keys FOR EACH ROW EXECUTE FUNCTION refuse_in_use();

-- The last look at a batch before its records get their numbers: an error here undoes all of it.
CREATE FUNCTION whole(has_lease boolean, lost uuid[], deliveries boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT has_lease THEN
        RAISE EXCEPTION 'the lease of this replica has run out' USING ERRCODE = 'MF003';
    END IF;
    IF cardinality(lost) > 0 THEN
        RAISE EXCEPTION 'flows have changed meanwhile' USING ERRCODE = 'MF002', DETAIL = array_to_string(lost, ',');
    END IF;
    IF NOT deliveries THEN
        RAISE EXCEPTION 'a notice is unknown or repeated' USING ERRCODE = 'MF004';
    END IF;
    RETURN true;
END
$$;

-- The months that have a part of their own. What lies in none of them goes to the part `other`, so that a clock that
-- is wrong refuses nothing.
CREATE TABLE months (
    month date NOT NULL PRIMARY KEY
);

CREATE TABLE records_other PARTITION OF records DEFAULT;
CREATE TABLE exchanges_other PARTITION OF exchanges DEFAULT;
CREATE TRIGGER records_are_kept BEFORE TRUNCATE ON records_other FOR EACH STATEMENT
EXECUTE FUNCTION refuse('records are never deleted');
CREATE TRIGGER exchanges_are_kept BEFORE TRUNCATE ON exchanges_other FOR EACH STATEMENT
EXECUTE FUNCTION refuse('exchanges are never deleted');

-- Makes the parts of this month and of so many after it, with the rights of the owner.
CREATE FUNCTION make_months(ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = midflow, pg_temp AS $$
DECLARE
    made integer := 0;
    first date;
    name text;
    kept text;
BEGIN
    FOR step IN 0..least(ahead, 24) LOOP
        first := (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => step))::date;
        -- Whoever comes second waits here for the first, and then finds the month made.
        INSERT INTO months (month) VALUES (first) ON CONFLICT DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        made := made + 1;
        name := to_char(first, '"_"YYYY"_"MM');
        EXECUTE format('CREATE TABLE %I PARTITION OF records FOR VALUES FROM (%L) TO (%L)', 'records' || name,
            micros_of(first), micros_of((first + interval '1 month')::date));
        EXECUTE format('CREATE TABLE %I PARTITION OF exchanges FOR VALUES FROM (%L) TO (%L)', 'exchanges' || name,
            first_id_of(first), first_id_of((first + interval '1 month')::date));
        FOREACH kept IN ARRAY ARRAY['records', 'exchanges'] LOOP
            EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse(%L)',
                kept || '_are_kept', kept || name, kept || ' are never deleted');
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

CREATE FUNCTION micros_of(day date) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT (day - date '1970-01-01')::bigint * 86400000000 $$;

-- The lowest UUID of version 7 that is made on a day or later.
CREATE FUNCTION first_id_of(day date) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex((day - date '1970-01-01')::bigint * 86400000), 12, '0') || repeat('0', 20))::uuid $$;

REVOKE ALL ON FUNCTION make_months(integer) FROM PUBLIC;

-- Counts a start for each of the subjects unless one of them has reached its limit; then nothing is counted, and the
-- microseconds until it is allowed again are told. Subjects are taken in the order given, the common one first.
CREATE FUNCTION count_start(subjects text[], counts bigint[], windows bigint[], now bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    counted bigint[];
BEGIN
    FOR i IN 1..cardinality(subjects) LOOP
        INSERT INTO starts (subject, moments, until) VALUES (subjects[i], '{}', now) ON CONFLICT DO NOTHING;
        SELECT ARRAY(SELECT moment FROM unnest(moments) AS moment WHERE moment > now - windows[i] ORDER BY moment)
            INTO counted FROM starts WHERE subject = subjects[i] FOR UPDATE;
        IF cardinality(counted) >= counts[i] THEN
            RETURN greatest(counted[1] + windows[i] - now, 1);
        END IF;
    END LOOP;
    FOR i IN 1..cardinality(subjects) LOOP
        UPDATE starts SET until = greatest(until, now + windows[i]),
            moments = ARRAY(SELECT moment FROM unnest(moments) AS moment WHERE moment > now - windows[i]) || now
            WHERE subject = subjects[i];
    END LOOP;
    RETURN 0;
END
$$;

-- Lets a role run replicas. Called by the owner each time that the schema is brought up to date.
CREATE FUNCTION admit(role name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Nodes that start at the same moment follow one another: the server does not let two change the same grants.
    LOCK TABLE months IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format('GRANT USAGE ON SCHEMA midflow TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT ON records, exchanges, catalogs, sources, activations TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON flows, deliveries, log, health, data_keys, holds TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON replicas, starts, ring_keys TO %I', role);
    EXECUTE format('GRANT SELECT ON _sqlx_migrations, months TO %I', role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION make_months(integer) TO %I', role);
END
$$;
