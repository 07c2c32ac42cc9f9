import fs from 'node:fs';
import { ChildProgram } from '../child-program.js';
import { stampedEventText } from '../event-text.js';
import { programPath } from '../program-path.js';
import { IngestConnection, isSuccess } from '../ingest-connection.js';
import { INGEST_PATH, startMonitoringService, STREAM_PATH } from '../monitoring-service.js';
import { monotonicMicros } from '../monotonic-clock.js';
import { usageOf } from '../process-tree.js';
import { runtimeBetween, type RuntimeFigures } from '../runtime-figures.js';
import type { ServerProcess } from '../server-process.js';
import type { IdleAnswer, IdleCommand, IdleCounts } from './idle-messages.js';

/**
 * What do subscribers cost that wait?
 *
 *                                               ┌─ CPU 0 ─────────────────────┐
 *   ┌─ CPU 1 ─────────────────────────────┐     │ monitoring service          │
 *   │ idle client 1, from 127.0.0.2       │────▶│ one feed, nothing published │
 *   │ idle client 2, from 127.0.0.3       │────▶│ memory? CPU? heartbeats     │
 *   └─────────────────────────────────────┘     └─────────────────────────────┘
 *
 * At the end one event is published, and must reach every one of them.
 */
export interface IdlePlan {
  /** Fewer if the service may not have as many descriptors. */
  readonly connections: number;
  /** That nothing happens but heartbeats. */
  readonly idleSeconds: number;
  readonly pin: boolean;
  readonly profileFolder: string | undefined;
}

export interface IdleFigures {
  readonly connections: number;
  /** What the connections added to the service's own memory, each: at once, and after the idle seconds. */
  readonly connectedKiB: number;
  readonly idleKiB: number;
  /** Handshake and subscription, user and system. */
  readonly handshakeCpuMs: number;
  readonly idleCores: number;
  readonly pings: number;
  /** From the post of the event until the last connection had it. */
  readonly reachedAllMs: number;
  /** While they wait. */
  readonly runtime: RuntimeFigures | undefined;
  readonly findings: readonly string[];
}

const TOPIC = 'monitoring/metrics';
const CONNECTIONS_PER_CLIENT = 9_500;
/** For its log, its database, and everything else that is no subscriber. */
const OWN_DESCRIPTORS = 500;
const CONNECT_DEADLINE_MS = 100_000;
const EVENT_DEADLINE_MS = 10_000;
/** Of what is loaded and compiled at the first connections, nothing belongs to one of them. */
const WARM_UP_CONNECTIONS = 200;

type Client = ChildProgram<IdleCommand, IdleAnswer>;

export async function runIdle({ connections, idleSeconds, pin, profileFolder }: IdlePlan): Promise<IdleFigures> {
  // A worker would tell of its machine once it has the duty, and whoever waits by then would have an event.
  const env = { MAX_SESSIONS: '1000000', ROLES: 'api,gateway' };
  const server = await startMonitoringService({ cpu: pin ? 0 : undefined, env, profileFolder });
  const clients: Client[] = [];
  const connect = async (count: number): Promise<void> => {
    const child: Client = ChildProgram.start(programPath('idle/idle-client'), pin ? 1 : undefined);
    clients.push(child);
    const localAddress = `127.0.0.${clients.length + 1}`;
    const path = `${STREAM_PATH}?patterns=${encodeURIComponent(TOPIC)}`;
    await child.ask(
      { type: 'connect', port: server.port, path, localAddress, count },
      'connected',
      CONNECT_DEADLINE_MS,
    );
  };
  try {
    const wanted = Math.min(connections, descriptorLimitOf(server.pid) - OWN_DESCRIPTORS);
    await connect(Math.min(WARM_UP_CONNECTIONS, wanted));
    await clients.pop()?.stop();
    const before = standOf(server);
    for (let left = wanted; left > 0; left -= CONNECTIONS_PER_CLIENT) {
      await connect(Math.min(left, CONNECTIONS_PER_CLIENT));
    }
    const runtimeBefore = await server.runtime();
    const connected = standOf(server);
    await pause(idleSeconds * 1000);
    const idle = standOf(server);
    const runtime = runtimeBetween(runtimeBefore, await server.runtime());
    const counts = await count(clients);
    const reached = await publishOne(server, clients);
    const each = (bytes: number) => bytes / 1024 / Math.max(1, counts.open);
    return {
      connections: counts.open,
      connectedKiB: each(connected.bytes - before.bytes),
      idleKiB: each(idle.bytes - before.bytes),
      handshakeCpuMs: ((connected.cpuSeconds - before.cpuSeconds) * 1000) / Math.max(1, counts.open),
      idleCores: (idle.cpuSeconds - connected.cpuSeconds) / ((idle.micros - connected.micros) / 1e6),
      pings: counts.pings,
      reachedAllMs: reached.tookMs,
      runtime,
      findings: [
        ...counts.errors,
        ...(counts.open < wanted ? [`${counts.open} of ${wanted} are connected`] : []),
        ...(counts.reached > 0 ? [`${counts.reached} had an event while nothing was published`] : []),
        ...(reached.reached < counts.open ? [`the event reached ${reached.reached} of ${counts.open}`] : []),
      ],
    };
  } finally {
    await Promise.all(clients.map((child) => child.stop()));
    await server.stop();
  }
}

/** Node raises it to what it may have, whatever the shell has set. */
function descriptorLimitOf(pid: number): number {
  const limits = fs.readFileSync(`/proc/${pid}/limits`, 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
}

function standOf(server: ServerProcess) {
  return {
    bytes: server.memory().anonymousBytes,
    cpuSeconds: usageOf([server.pid]).cpuSeconds,
    micros: monotonicMicros(),
  };
}

async function count(clients: readonly Client[]): Promise<IdleCounts> {
  const answers = await Promise.all(
    clients.map((child) => child.ask({ type: 'count' }, 'counted', CONNECT_DEADLINE_MS)),
  );
  return addUp(answers.map(({ counts }) => counts));
}

async function publishOne(server: ServerProcess, clients: readonly Client[]) {
  const waiting = clients.map((child) =>
    child.ask({ type: 'await-events', deadlineMs: EVENT_DEADLINE_MS }, 'events', EVENT_DEADLINE_MS * 2),
  );
  const ingest = new IngestConnection(server.port, INGEST_PATH);
  const stampMicros = monotonicMicros();
  const event = stampedEventText({ topic: TOPIC, run: 'idle-', sequence: 0, stampMicros, key: 0 });
  try {
    const { status, body } = await ingest.post(event);
    if (!isSuccess(status)) throw new Error(`the event was answered with ${status} ${body}`);
  } finally {
    ingest.close();
  }
  const counts = addUp((await Promise.all(waiting)).map((answer) => answer.counts));
  return { reached: counts.reached, tookMs: (counts.lastEventMicros - stampMicros) / 1000 };
}

function addUp(counts: readonly IdleCounts[]): IdleCounts {
  const sum = (field: 'open' | 'reached' | 'pings') => counts.reduce((total, each) => total + each[field], 0);
  return {
    open: sum('open'),
    reached: sum('reached'),
    pings: sum('pings'),
    lastEventMicros: Math.max(0, ...counts.map(({ lastEventMicros }) => lastEventMicros)),
    errors: [...new Set(counts.flatMap(({ errors }) => errors))],
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
