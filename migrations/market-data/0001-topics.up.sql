-- Columns up to updated_at are the specification's; the rest is what the catalog needs beside them.
CREATE TABLE topics (
  id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  topic_name       varchar(200) NOT NULL UNIQUE,
  partitions       integer NOT NULL DEFAULT 1 CHECK (partitions > 0),
  retention_policy varchar(50) NOT NULL DEFAULT '7d',
  compression_type varchar(20) DEFAULT 'LZ4',
  schema_version   varchar(10),
  enabled          boolean NOT NULL DEFAULT true,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  data_type        varchar(50) NOT NULL DEFAULT 'MARKET_DATA',
  tenant           varchar(100) NOT NULL DEFAULT 'default',
  broker_name      varchar(249) NOT NULL UNIQUE,
  origin           varchar(20) NOT NULL DEFAULT 'ingested' CHECK (origin IN ('ingested', 'external')),
  payload          jsonb,
  priority         smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 9),
  conflation_key   jsonb NOT NULL DEFAULT '"none"',
  catalog_version  bigint NOT NULL
);
CREATE INDEX idx_topics_enabled ON topics (enabled);
CREATE INDEX topics_tenant ON topics (tenant);
COMMENT ON COLUMN topics.payload IS 'How the payloads of a topic that others write are encoded, and whose schemas they must have. NULL: JSON.';

-- One row: raised by each change of the catalog, in the same transaction.
CREATE TABLE catalog_version (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version  bigint NOT NULL
);
INSERT INTO catalog_version (version) VALUES (0);

-- The specification's columns alone make a topic, whatever the search path: what the catalog needs beside them follows from the name.
CREATE FUNCTION topic_defaults() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  path text := NEW.topic_name;
  made text := '';
  piece text;
  code integer;
BEGIN
  IF NEW.broker_name IS NULL THEN
    IF path LIKE '@%/%' THEN
      NEW.tenant := substr(split_part(path, '/', 1), 2);
    END IF;
    IF path LIKE '@%' THEN
      path := substr(path, 2);
    END IF;
    -- As the service names topics at the broker: levels joined by dots, other bytes as _hh.
    FOREACH piece IN ARRAY regexp_split_to_array(path, '') LOOP
      IF piece = '/' THEN
        made := made || '.';
      ELSIF piece ~ '^[A-Za-z0-9-]$' THEN
        made := made || piece;
      ELSE
        FOR code IN 0 .. octet_length(convert_to(piece, 'UTF8')) - 1 LOOP
          made := made || '_' || lpad(to_hex(get_byte(convert_to(piece, 'UTF8'), code)), 2, '0');
        END LOOP;
      END IF;
    END LOOP;
    NEW.broker_name := made;
  END IF;
  IF NEW.catalog_version IS NULL THEN
    UPDATE catalog_version SET version = version + 1 RETURNING version INTO NEW.catalog_version;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER topic_defaults BEFORE INSERT ON topics FOR EACH ROW EXECUTE FUNCTION topic_defaults();
