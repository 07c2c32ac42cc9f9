import { EmbeddedLog, embeddedLogOptions } from '@distributary/broker-embedded';
import type { Broker, BrokerSurroundings } from '@distributary/distribution-service';
import type { MarketDataConfig } from '../config/market-data.config.js';

/** The log in files. */
export async function openBroker({ config, ...around }: BrokerSurroundings<MarketDataConfig>): Promise<Broker> {
  return { kind: 'embedded', log: await EmbeddedLog.open({ ...embeddedLogOptions(config), ...around }) };
}
