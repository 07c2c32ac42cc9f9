COMMENT ON COLUMN routing_rules.transformation IS NULL;
ALTER TABLE routing_rules ALTER COLUMN transformation TYPE jsonb USING transformation::jsonb;
