-- The rules that this service runs. Columns up to created_at are the specification's; the rest is what rules need beside
-- them, as in distribution.routing_rules, which services without a table of their own have in common.
CREATE TABLE routing_rules (
  id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  rule_name            varchar(100) NOT NULL,
  source_pattern       varchar(200) NOT NULL,
  target_topic         varchar(200) NOT NULL,
  routing_key_template varchar(200),
  conditions           json,
  priority             integer NOT NULL DEFAULT 1,
  enabled              boolean NOT NULL DEFAULT true,
  created_at           timestamptz NOT NULL DEFAULT now(),
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

-- One row: raised by each change of the rules, in the same transaction. Its lock makes changes one after another.
CREATE TABLE routing_rules_version (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version  bigint NOT NULL
);
INSERT INTO routing_rules_version (version) VALUES (0);

-- A rule that somebody writes with SQL is noticed as well. Who has raised the version in this transaction, as the service does, is left alone.
CREATE FUNCTION routing_rules_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE routing_rules_version SET version = version + 1 WHERE xmin <> pg_current_xact_id()::xid;
  PERFORM pg_notify('distributary_routing_rules', '');
  RETURN NULL;
END $$;
CREATE TRIGGER routing_rules_changed AFTER INSERT OR UPDATE OR DELETE ON routing_rules
  FOR EACH STATEMENT EXECUTE FUNCTION routing_rules_changed();
