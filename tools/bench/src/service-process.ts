import path from 'node:path';
import { makeCertificate } from './certificate.js';
import { freePort } from './free-port.js';
import { newFolder, ServerProcess } from './server-process.js';

/** This file runs from the `dist` of its project. */
const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Of a service that was built in this workspace, or in another one. */
export const serviceScript = (app: string, workspace: string = ROOT): string =>
  path.join(workspace, 'apps', app, 'dist/main.js');

export interface ServiceOptions {
  readonly script: string;
  readonly cpu?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it leaves a profile of its processor time when it ends; absent: none. */
  readonly profileFolder?: string;
  readonly isTls?: boolean;
  /** So many gateways behind one port, and what they need beside them; absent: one process does everything. */
  readonly processes?: number;
  /** Absent: a minute. */
  readonly readyDeadlineMs?: number;
}

/** A service on its own data folder and ports, without the probe that would add events of its own. */
export async function startService({
  script,
  cpu,
  env = {},
  profileFolder,
  isTls = false,
  processes = 1,
  readyDeadlineMs = 60_000,
}: ServiceOptions): Promise<ServerProcess> {
  const folder = newFolder('service');
  const port = await freePort();
  const certificate = isTls ? makeCertificate(folder) : undefined;
  return ServerProcess.start({
    script,
    execArgs: profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profileFolder)}`],
    env: {
      HOST: '127.0.0.1',
      PORT: String(port),
      GRPC_PORT: String(await freePort()),
      DATABASE_URL: '',
      DATA_DIR: path.join(folder, 'data'),
      EMBEDDED_DIR: path.join(folder, 'data', 'log'),
      // Once at the start, and then not again while anything is measured.
      PROBE_INTERVAL_MS: '3600000',
      PERFORMANCE_INTERVAL_MS: '3600000',
      RECEIPT_INTERVAL_MS: '3600000',
      LOG_LEVEL: 'warn',
      // All clients are one here, and what is measured is not the limiter.
      RATE_LIMIT_PER_KEY: '0',
      RATE_LIMIT_PER_ADDRESS: '0',
      HANDSHAKES_PER_SECOND: '0',
      MAX_CONNECTIONS_PER_KEY: '1000000',
      MAX_CONNECTIONS_PER_ADDRESS: '1000000',
      ...(certificate && { TLS_CERT_FILE: certificate.certificate, TLS_KEY_FILE: certificate.key }),
      ...(processes > 1 && { PROCESSES: String(processes) }),
      ...env,
    },
    cpu,
    port,
    isTls,
    sharesItsPort: processes > 1,
    readyPath: '/health/ready',
    readyDeadlineMs,
    folder,
  });
}
