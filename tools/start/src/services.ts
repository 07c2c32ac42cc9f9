import { isIPv6 } from 'node:net';
import path from 'node:path';

/** One of the programs that `npm start` brings up. */
export interface StartedService {
  readonly name: 'monitoring' | 'market-data';
  /** As it stands in a URL for callers on this machine. */
  readonly host: string;
  readonly port: string;
  readonly grpcPort: string;
  /** Below the folder of the workspace. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Made-up ticks a second, for there is no feed on a machine that has only just begun. */
const DEMO_TICKS_PER_SECOND = '20';

/**
 * In the order of their start: the first one makes the key, and the others take it. `HOST`, `PORT`, `GRPC_PORT` are those of
 * monitoring; market data has `MARKET_DATA_PORT` and `MARKET_DATA_GRPC_PORT`. `options`: settings from the command line.
 */
export function servicesOf(
  environment: Environment,
  dataDir: string,
  options: Readonly<Record<string, string>>,
): readonly StartedService[] {
  const host = calledHost(environment.HOST || '127.0.0.1');
  const port = environment.PORT ?? '7101';
  const grpcPort = environment.GRPC_PORT ?? '7201';
  const marketPort = environment.MARKET_DATA_PORT ?? '7102';
  const marketGrpcPort = environment.MARKET_DATA_GRPC_PORT ?? '7202';
  const marketDir = path.join(dataDir, 'market-data');
  return [
    {
      name: 'monitoring',
      host,
      port,
      grpcPort,
      program: 'apps/monitoring/dist/main.js',
      env: { DATA_DIR: dataDir, ...options },
    },
    {
      name: 'market-data',
      host,
      port: marketPort,
      grpcPort: marketGrpcPort,
      program: 'apps/market-data/dist/main.js',
      env: {
        PORT: marketPort,
        GRPC_PORT: marketGrpcPort,
        DATA_DIR: marketDir,
        EMBEDDED_DIR: path.join(marketDir, 'log'),
        DEMO_TICKS_PER_SECOND: environment.DEMO_TICKS_PER_SECOND ?? DEMO_TICKS_PER_SECOND,
        ...options,
      },
    },
  ];
}

/** By which name callers on this machine reach what listens there. */
function calledHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return isIPv6(host) ? `[${host}]` : host;
}
