DROP TABLE routing_rules_version;
DROP TABLE routing_rules;
