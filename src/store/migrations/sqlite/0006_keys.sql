-- Sealing. From here on these columns hold ciphertext or keyed hashes of what they are named after, and what is personal
-- can be read with the data key of its flow only (src/store/sealed):
--   flows.detail (with subject, idempotency key and request digest in it), exchanges.bytes, deliveries.body (with url).
--   flows.subject and records.subject stay empty; records keep a salted commitment.

-- The keys that wrap data keys, themselves wrapped with a key that is never in this file. Version 0 is the key of
-- look-ups.
CREATE TABLE ring_keys (
    version INTEGER NOT NULL PRIMARY KEY CHECK (version >= 0),
    wrapper TEXT    NOT NULL,
    wrapped BLOB    NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;

-- The key of each flow, and of each message that belongs to none, by its id. Destroyed keys stay as a row without a key.
CREATE TABLE data_keys (
    owner   BLOB    NOT NULL PRIMARY KEY CHECK (length(owner) = 16),
    version INTEGER NOT NULL,
    wrapped BLOB
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ring_keys_in_use BEFORE DELETE ON ring_keys
WHEN OLD.version = 0 OR EXISTS (
    SELECT 1 FROM data_keys WHERE data_keys.version = OLD.version AND data_keys.wrapped IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'a key of the ring that is in use is never deleted');
END;

CREATE TRIGGER data_keys_stay_destroyed BEFORE UPDATE ON data_keys
WHEN OLD.wrapped IS NULL OR NEW.owner IS NOT OLD.owner
BEGIN
    SELECT RAISE(ABORT, 'a destroyed key never comes back');
END;

CREATE TRIGGER data_keys_are_kept BEFORE DELETE ON data_keys
BEGIN
    SELECT RAISE(ABORT, 'a data key is destroyed, and its row is kept');
END;
