-- A document is handed in before there is a flow, and its key is its own (src/engine/documents.rs). Several flows may
-- refer to one document, so its key goes with the last of them; what no flow has referred to yet waits here, and goes
-- when its time is over.
CREATE TABLE waiting_documents (
    id uuid   NOT NULL PRIMARY KEY,
    at bigint NOT NULL
);

CREATE INDEX waiting_documents_by_time ON waiting_documents (at);

CREATE TABLE document_uses (
    document uuid NOT NULL,
    flow     uuid NOT NULL,
    PRIMARY KEY (document, flow)
);

CREATE OR REPLACE FUNCTION admit(role name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Nodes that start at the same moment follow one another: the server does not let two change the same grants.
    LOCK TABLE months IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format('GRANT USAGE ON SCHEMA midflow TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT ON records, exchanges, catalogs, sources, activations TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT ON log_hashes, log_checkpoints, log_anchors, document_uses TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON flows, deliveries, log, health, data_keys, holds TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON waiting_documents TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON replicas, starts, ring_keys TO %I', role);
    EXECUTE format('GRANT SELECT ON _sqlx_migrations, months TO %I', role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION make_months(integer) TO %I', role);
END
$$;
