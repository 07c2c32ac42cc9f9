DROP TABLE lookup_tables;
DROP TABLE transformations;
