DROP FUNCTION maintain_time_series;
DROP TABLE distribution_metrics_ts;
DROP TABLE message_delivery_log;
DROP TABLE time_series;
