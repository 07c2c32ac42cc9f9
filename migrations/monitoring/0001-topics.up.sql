-- Columns up to created_at are the specification's; the rest is what the catalog needs beside them.
CREATE TABLE monitoring_topics (
  id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  topic_name       varchar(200) NOT NULL UNIQUE,
  data_type        varchar(50) NOT NULL,
  partitions       integer NOT NULL DEFAULT 1 CHECK (partitions > 0),
  retention_policy varchar(50) DEFAULT '7d',
  enabled          boolean DEFAULT true,
  created_at       timestamptz DEFAULT now(),
  tenant           varchar(100) NOT NULL DEFAULT 'default',
  broker_name      varchar(249) NOT NULL UNIQUE,
  origin           varchar(20) NOT NULL DEFAULT 'ingested' CHECK (origin IN ('ingested', 'external')),
  priority         smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 9),
  conflation_key   jsonb NOT NULL DEFAULT '"none"',
  catalog_version  bigint NOT NULL
);
CREATE INDEX monitoring_topics_tenant ON monitoring_topics (tenant);

-- One row: raised by each change of the catalog, in the same transaction.
CREATE TABLE catalog_version (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version  bigint NOT NULL
);
INSERT INTO catalog_version (version) VALUES (0);
