-- Catalogs by content: a catalog is the list of its files (`archive` of `catalogs` holds it), and a file is kept once
-- however many catalogs name it.
CREATE TABLE sources (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    bytes  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Who activated, and which files were set aside by that: as long as they are what lies in the folder, they are not
-- activated by themselves.
ALTER TABLE activations ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE activations ADD COLUMN set_aside BLOB CHECK (length(set_aside) = 32);
