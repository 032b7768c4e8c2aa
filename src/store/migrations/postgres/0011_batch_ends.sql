-- The record before another one in the chain of its writer stands right before it, unless a batch begins between the two:
-- then it is the last record of an earlier batch. So only the ends of batches are found by an index, and the others cost
-- none. Records of before are all in it: nothing says where their batches ended.
ALTER TABLE records ADD COLUMN ends_batch boolean;

CREATE INDEX records_at_ends ON records (chain, number) WHERE ends_batch IS NOT FALSE;
DROP INDEX records_by_chain;
