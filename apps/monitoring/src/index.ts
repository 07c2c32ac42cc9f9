export { createApp, type RunningApp } from './app.js';
export { type MonitoringConfig, monitoringConfig } from './config/monitoring.config.js';
