-- Rewriting a table shows it empty to who began to read before: the version, which is taken first as in a change, makes him read again.
UPDATE routing_rules_version SET version = version + 1;
ALTER TABLE routing_rules ALTER COLUMN transformation TYPE json USING transformation::json;
COMMENT ON COLUMN routing_rules.transformation IS 'json, not jsonb: the fields of a step keep the order in which they were written.';
