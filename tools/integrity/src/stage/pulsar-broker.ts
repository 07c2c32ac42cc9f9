import { PulsarLog } from '@distributary/broker-pulsar';
import { SystemClock, SystemIds } from '@distributary/distribution-nest';
import type { StageBroker } from './broker.js';
import { realServers } from './real-servers.js';

/** A real Pulsar: broker, bookie and metadata in one process. */
export async function pulsarBroker(): Promise<StageBroker> {
  const { startPulsar } = await realServers();
  const pulsar = await startPulsar();
  return {
    kind: 'pulsar',
    spreads: true,
    env: { PULSAR_URL: pulsar.url },
    servers: [pulsar],
    openLog: () => PulsarLog.open({ url: pulsar.url, clock: new SystemClock(), ids: new SystemIds() }),
    stop: () => pulsar.stop(),
  };
}
