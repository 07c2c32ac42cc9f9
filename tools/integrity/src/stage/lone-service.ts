import { type ServerProcess, startService } from '@distributary/bench';
import type { BrokerKind, StageBroker } from './broker.js';
import { kafkaBroker } from './kafka-broker.js';
import { pulsarBroker } from './pulsar-broker.js';
import { READY_WITHIN_MS, scriptOf, type TestedService, testedOn } from './tested-service.js';

/** One process that is measured, with nothing beside it but its broker. */
export interface LoneService {
  readonly process: ServerProcess;
  readonly tested: TestedService;
  stop(): Promise<void>;
}

/** The archive of market data gathers and compresses within bounds of its own, which are not judged here. */
const ALL_BUT_WORKER = 'api,gateway,router';

/** On the log in files, or on a Kafka or Pulsar that is started for it. `env` comes last. */
export async function startLone(
  kind: BrokerKind,
  env: Readonly<Record<string, string>> = {},
  tested: TestedService = testedOn(kind),
): Promise<LoneService> {
  const broker = await startedFor(kind);
  try {
    const roles: Readonly<Record<string, string>> = tested.app === 'market-data' ? { ROLES: ALL_BUT_WORKER } : {};
    const process = await startService({
      script: scriptOf(tested),
      readyDeadlineMs: READY_WITHIN_MS,
      env: { ...broker?.env, ...roles, ...env },
    });
    const stop = async () => {
      await process.stop();
      await broker?.stop();
    };
    return { process, tested, stop };
  } catch (error) {
    await broker?.stop();
    throw error;
  }
}

/** The log in files lies in the service's own folder. */
async function startedFor(kind: BrokerKind): Promise<StageBroker | undefined> {
  if (kind === 'embedded') return undefined;
  return kind === 'kafka' ? kafkaBroker(1) : pulsarBroker();
}
