export { createApp, type RunningApp } from './app.js';
export { type MarketDataConfig, marketDataConfig } from './config/market-data.config.js';
