-- The register of applications is read out of the log, in which other records are a thousand times as many.
CREATE INDEX records_of_applications ON records (seq) WHERE kind = 'application';
