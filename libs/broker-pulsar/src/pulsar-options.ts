import { readFileSync } from 'node:fs';
import type { PulsarConfig } from './pulsar.config.js';
import type { PulsarLogOptions } from './pulsar-log.js';

/** The part of `PulsarLog.open`'s options that comes from the environment. Reads the file of TLS, and throws if it cannot. */
export function pulsarLogOptions(config: PulsarConfig) {
  const { PULSAR_TLS_CA_FILE: ca } = config;
  return {
    url: config.PULSAR_URL ?? '',
    adminUrl: config.PULSAR_ADMIN_URL,
    tenant: config.PULSAR_TENANT,
    namespace: config.PULSAR_NAMESPACE,
    token: config.PULSAR_TOKEN?.reveal(),
    ca: ca === undefined ? undefined : readFileSync(ca),
    compression: config.PULSAR_COMPRESSION,
    maxInFlightBytes: config.PULSAR_MAX_IN_FLIGHT_BYTES,
    maxRecordBytes: config.PULSAR_MAX_EVENT_BYTES,
    timeoutMs: config.PULSAR_TIMEOUT_MS,
  } satisfies Partial<PulsarLogOptions>;
}
