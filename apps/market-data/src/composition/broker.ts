import { EmbeddedLog, embeddedLogOptions } from '@distributary/broker-embedded';
import { PulsarLog, pulsarLogOptions } from '@distributary/broker-pulsar';
import type { Broker, BrokerSurroundings } from '@distributary/distribution-service';
import type { MarketDataConfig } from '../config/market-data.config.js';

/** Pulsar where it is configured, else the log in files. */
export async function openBroker({ config, ...around }: BrokerSurroundings<MarketDataConfig>): Promise<Broker> {
  if (config.PULSAR_URL === undefined) {
    return { kind: 'embedded', log: await EmbeddedLog.open({ ...embeddedLogOptions(config), ...around }) };
  }
  const log = await PulsarLog.open({ ...pulsarLogOptions(config), ...around });
  return { kind: 'pulsar', log, competing: log.subscriptions, check: () => log.check() };
}
