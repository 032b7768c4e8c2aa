-- A document is handed in before there is a flow, and its key is its own (src/engine/documents.rs). Several flows may
-- refer to one document, so its key goes with the last of them; what no flow has referred to yet waits here, and goes
-- when its time is over.
CREATE TABLE waiting_documents (
    id BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX waiting_documents_by_time ON waiting_documents (at);

CREATE TABLE document_uses (
    document BLOB NOT NULL CHECK (length(document) = 16),
    flow     BLOB NOT NULL CHECK (length(flow) = 16),
    PRIMARY KEY (document, flow)
) STRICT, WITHOUT ROWID;
