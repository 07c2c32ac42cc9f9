ALTER TABLE routing_rules ALTER COLUMN transformation TYPE json USING transformation::json;
COMMENT ON COLUMN routing_rules.transformation IS 'json, not jsonb: the fields of a step keep the order in which they were written.';
