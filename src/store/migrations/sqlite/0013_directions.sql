-- The same check without a list: SQLite builds a table of a list's members each time that a row is inserted, and each
-- message of a flow is a row. Nothing stored changes, so the table is not written anew; its text in the schema is.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'direction IN (''outbound'', ''reply'', ''callback'', ''document'')',
    'direction = ''outbound'' OR direction = ''reply'' OR direction = ''callback'' OR direction = ''document''')
WHERE type = 'table' AND name = 'exchanges';
PRAGMA writable_schema = RESET;
