-- The tamper-evident log. A record gets its place in the chain of its writer and the leaf that it is in the tree, with
-- the row itself; records of earlier versions have none until the store is opened the next time.
-- The commitment to the civil number that it is about takes the place of the number.
ALTER TABLE records ADD COLUMN commitment BLOB CHECK (length(commitment) = 32);
ALTER TABLE records ADD COLUMN writer INTEGER;
ALTER TABLE records ADD COLUMN number INTEGER;
ALTER TABLE records ADD COLUMN leaf BLOB CHECK (length(leaf) = 32);

-- A leaf is given once, and nothing else of a record ever changes.
DROP TRIGGER records_stay;
CREATE TRIGGER records_stay BEFORE UPDATE ON records
WHEN OLD.leaf IS NOT NULL
    OR NEW.seq IS NOT OLD.seq OR NEW.at IS NOT OLD.at OR NEW.flow IS NOT OLD.flow OR NEW.kind IS NOT OLD.kind
    OR NEW.subject IS NOT OLD.subject OR NEW.event IS NOT OLD.event
BEGIN
    SELECT RAISE(ABORT, 'a record is never changed');
END;

-- Every run of a node that has written records.
CREATE TABLE log_writers (
    number INTEGER NOT NULL PRIMARY KEY,
    id     BLOB    NOT NULL UNIQUE CHECK (length(id) = 16)
) STRICT;

-- Hashes of full subtrees, 256 a tile, so that proofs are cheap. Level 0 are the leaves, which stand with their records.
CREATE TABLE log_tiles (
    level  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hashes BLOB    NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (level, number)
) STRICT;

CREATE TRIGGER log_tiles_only_grow BEFORE UPDATE ON log_tiles
WHEN NEW.level IS NOT OLD.level OR NEW.number IS NOT OLD.number
    OR substr(NEW.hashes, 1, length(OLD.hashes)) IS NOT OLD.hashes
BEGIN
    SELECT RAISE(ABORT, 'the hashes of a tree only become more');
END;

CREATE TRIGGER log_tiles_are_kept BEFORE DELETE ON log_tiles
BEGIN
    SELECT RAISE(ABORT, 'the hashes of a tree are never deleted');
END;

-- Signed heads of the tree.
CREATE TABLE log_checkpoints (
    size INTEGER NOT NULL PRIMARY KEY,
    note TEXT    NOT NULL
) STRICT;

CREATE TRIGGER log_checkpoints_stay BEFORE UPDATE ON log_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is never changed');
END;

CREATE TRIGGER log_checkpoints_are_kept BEFORE DELETE ON log_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is never deleted');
END;

-- Where a checkpoint stands outside of this file, and what shows it: the cosignature of a witness, the path of a file.
CREATE TABLE log_anchors (
    size   INTEGER NOT NULL,
    anchor TEXT    NOT NULL,
    proof  TEXT    NOT NULL,
    PRIMARY KEY (size, anchor)
) STRICT;
