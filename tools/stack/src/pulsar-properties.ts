import os from 'node:os';

/** Where one standalone Pulsar listens: web (REST and WebSocket), its binary protocol, its bookie, web over TLS. */
export const PULSAR_PORTS = 4;

export const pulsarPorts = (port: number) =>
  ({ web: port, binary: port + 1, bookie: port + 2, webTls: port + 3 }) as const;

const LOOPBACK = '127.0.0.1';

/** The interface that has it. */
function loopback(): string {
  const found = Object.entries(os.networkInterfaces()).find(([, addresses = []]) =>
    addresses.some(({ address }) => address === LOOPBACK),
  );
  if (found === undefined) throw new Error(`no interface of this machine has ${LOOPBACK}`);
  return found[0];
}

/** The largest event, in bytes: Pulsar's own limit, and beyond it base64 and the fields around it. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/** The text of standalone.conf. `security`: more lines, who may come in and how. */
export function pulsarProperties(port: number, security: Readonly<Record<string, string>> = {}): string {
  const { web, binary } = pulsarPorts(port);
  const lines: Readonly<Record<string, string | number | boolean>> = {
    // Empty: it keeps its own below the folder that the command line names.
    metadataStoreUrl: '',
    configurationMetadataStoreUrl: '',
    brokerServicePort: binary,
    webServicePort: web,
    bindAddress: LOOPBACK,
    advertisedAddress: LOOPBACK,
    // Its bookie knows no address to bind to: without an interface it listens on all of them.
    listeningInterface: loopback(),
    clusterName: 'standalone',
    webSocketServiceEnabled: true,
    webSocketMaxTextFrameSize: MAX_FRAME_BYTES,
    allowAutoTopicCreation: false,
    brokerDeleteInactiveTopicsEnabled: false,
    loadBalancerEnabled: false,
    // Or its bookie takes any port, which another program may have when it comes back.
    allowEphemeralPorts: true,
    managedLedgerDefaultEnsembleSize: 1,
    managedLedgerDefaultWriteQuorum: 1,
    managedLedgerDefaultAckQuorum: 1,
    managedLedgerCacheSizeMB: 64,
    systemTopicEnabled: true,
    topicLevelPoliciesEnabled: true,
    // What it has not noted for its deduplication does not expire: every two minutes is too rare for tests.
    brokerDeduplicationSnapshotFrequencyInSeconds: 1,
    brokerDeduplicationSnapshotIntervalSeconds: 1,
    transactionCoordinatorEnabled: false,
    acknowledgmentAtBatchIndexLevelEnabled: true,
    functionsWorkerEnabled: false,
    numIOThreads: 4,
    numHttpServerThreads: 8,
    webSocketNumServiceThreads: 4,
    webSocketNumIoThreads: 4,
    subscriptionKeySharedEnable: true,
    ...security,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
