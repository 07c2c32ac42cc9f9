DROP TABLE delivery_statistics;
