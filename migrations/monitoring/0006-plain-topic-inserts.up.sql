-- The specification's columns alone make a topic: what the catalog needs beside them follows from the name.
CREATE FUNCTION monitoring_topic_defaults() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER monitoring_topic_defaults BEFORE INSERT ON monitoring_topics
  FOR EACH ROW EXECUTE FUNCTION monitoring_topic_defaults();
