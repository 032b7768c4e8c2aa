-- What is known of a person is found by the keyed hash of the civil number, and by nothing else; with the data key of a
-- flow the hash goes too.
CREATE INDEX flows_by_person ON flows (person_key) WHERE person_key IS NOT NULL;

-- What must not be erased for now: a flow, all flows of a person, or all of a service. Released, never deleted.
CREATE TABLE holds (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    flow        BLOB CHECK (length(flow) = 16),
    person      BLOB CHECK (length(person) = 32),
    service     TEXT,
    reference   TEXT    NOT NULL,
    placed_by   TEXT    NOT NULL,
    placed_at   INTEGER NOT NULL,
    released_by TEXT,
    released_at INTEGER,
    CHECK ((flow IS NOT NULL) + (person IS NOT NULL) + (service IS NOT NULL) = 1),
    CHECK ((released_by IS NULL) = (released_at IS NULL))
) STRICT;

CREATE TRIGGER holds_are_kept BEFORE DELETE ON holds
BEGIN
    SELECT RAISE(ABORT, 'a hold is released, and never deleted');
END;
