-- jsonb takes no \u0000 and no half of a surrogate pair: rules with one in a text have to be removed before.
UPDATE routing_rules_version SET version = version + 1;
COMMENT ON COLUMN routing_rules.transformation IS NULL;
ALTER TABLE routing_rules ALTER COLUMN transformation TYPE jsonb USING transformation::jsonb;
