DROP TABLE routing_rules;
DROP FUNCTION routing_rules_changed;
DROP TABLE routing_rules_version;
