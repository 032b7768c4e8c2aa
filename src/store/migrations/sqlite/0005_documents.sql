-- Documents that are handed in to be read and signed are exact bytes like any message: a fourth direction. SQLite can't
-- widen a check, so the table is made anew; its rows, its index and its two triggers stay what they were.
CREATE TABLE exchanges_with_documents (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    flow      BLOB,
    direction TEXT    NOT NULL CHECK (direction IN ('outbound', 'reply', 'callback', 'document')),
    at        INTEGER NOT NULL,
    bytes     BLOB    NOT NULL
) STRICT;

INSERT INTO exchanges_with_documents (id, flow, direction, at, bytes)
SELECT id, flow, direction, at, bytes FROM exchanges;

DROP TABLE exchanges;
ALTER TABLE exchanges_with_documents RENAME TO exchanges;

CREATE INDEX exchanges_by_flow ON exchanges (flow, id) WHERE flow IS NOT NULL;

CREATE TRIGGER exchanges_stay BEFORE UPDATE ON exchanges
BEGIN
    SELECT RAISE(ABORT, 'an exchange is never changed');
END;

CREATE TRIGGER exchanges_are_kept BEFORE DELETE ON exchanges
BEGIN
    SELECT RAISE(ABORT, 'an exchange is never deleted');
END;
