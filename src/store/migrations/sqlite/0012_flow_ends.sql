-- Law 3, as before. A statement that a trigger may abort keeps a copy of every page that it changes, so that it can be
-- undone alone; each step of a flow changes one row, and has nothing to undo when the trigger stops it. So the trigger
-- fails the statement instead: the row stays as it was, and whoever wrote it rolls the transaction back.
DROP TRIGGER flows_end_once;
CREATE TRIGGER flows_end_once BEFORE UPDATE ON flows
WHEN OLD.phase IN ('decided', 'delivered')
    AND (NEW.phase NOT IN ('decided', 'delivered') OR NEW.outcome IS NOT OLD.outcome)
BEGIN
    SELECT RAISE(FAIL, 'a flow ends exactly once');
END;
