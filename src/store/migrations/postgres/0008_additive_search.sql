-- What auditors look flows up by: a search must not read through all of them. The person and the time have their index
-- already.
CREATE INDEX flows_by_service ON flows (service, created_at, id);
CREATE INDEX flows_by_outcome ON flows (outcome, created_at, id) WHERE outcome IS NOT NULL;
CREATE INDEX flows_by_request ON flows (request_id) WHERE request_id IS NOT NULL;
