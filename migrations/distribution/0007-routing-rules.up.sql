-- Columns up to created_at are the specification's (market data's routing_rules); the rest is what rules need beside them.
CREATE TABLE routing_rules (
  id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  rule_name            varchar(100) NOT NULL,
  source_pattern       varchar(200) NOT NULL,
  target_topic         varchar(200) NOT NULL,
  routing_key_template varchar(200),
  conditions           json,
  priority             integer DEFAULT 1,
  enabled              boolean DEFAULT true,
  created_at           timestamptz DEFAULT now(),
  tenant               varchar(100) NOT NULL DEFAULT 'default',
  key_pattern          varchar(200),
  set_attributes       jsonb NOT NULL DEFAULT '{}',
  set_priority         smallint CHECK (set_priority BETWEEN 1 AND 9),
  transformation       jsonb,
  mode                 varchar(10) NOT NULL DEFAULT 'copy' CHECK (mode IN ('copy', 'move')),
  next                 varchar(10) NOT NULL DEFAULT 'continue' CHECK (next IN ('continue', 'stop')),
  revision             integer NOT NULL DEFAULT 1 CHECK (revision > 0),
  -- Unique as the specification has it, for each tenant on its own.
  CONSTRAINT routing_rules_name UNIQUE (tenant, rule_name)
);
CREATE INDEX idx_routing_rules_priority ON routing_rules (priority, enabled);
COMMENT ON TABLE routing_rules IS 'Which events go where; changed as a whole, with the version.';

-- One row: raised by each change of the rules, in the same transaction. Its lock makes changes one after another.
CREATE TABLE routing_rules_version (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version  bigint NOT NULL
);
INSERT INTO routing_rules_version (version) VALUES (0);
