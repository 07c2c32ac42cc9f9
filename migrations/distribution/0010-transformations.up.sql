CREATE TABLE transformations (
  tenant     varchar(63) NOT NULL,
  name       varchar(100) COLLATE "C" NOT NULL,
  definition json NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, name)
);
COMMENT ON COLUMN transformations.definition IS 'json, not jsonb: the fields of a step keep the order in which they were written.';
CREATE TABLE lookup_tables (
  tenant     varchar(63) NOT NULL,
  name       varchar(100) COLLATE "C" NOT NULL,
  rows       json NOT NULL,
  row_count  integer NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, name)
);
COMMENT ON TABLE lookup_tables IS 'What transformations enrich events with. One row each: they are read and replaced as a whole.';
