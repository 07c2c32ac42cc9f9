import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { INGEST_PATH, type ServerProcess, startMonitoringService, STREAM_PATH } from '@distributary/bench';
import { KeyProducer } from './key-producer.js';
import { LossLedger } from './loss-ledger.js';
import type { Scenario } from './scenario.js';
import { pauseMs, untilTrue } from './waiting.js';

/**
 * Effectively once: the receivers and the service are killed with `kill -9` at random moments, and each event takes
 * effect once.
 *
 *   producers ──▶ service ──▶ receiver that stores effect and cursor together
 *               kill -9 ▲ └─▶ receiver that ignores an event_id that it has seen
 *                                     ▲ kill -9
 */
const TOPIC = 'monitoring/metrics';
const PROGRAM = path.join(import.meta.dirname, 'effects-receiver.js');
const KINDS = ['cursor', 'idempotent'] as const;
const TERM_MS = 1_500;

const SIZES = {
  full: { eventsPerSecond: 400, rounds: 8, phaseMs: [500, 3_000] },
  small: { eventsPerSecond: 200, rounds: 1, phaseMs: [300, 900] },
} as const;

class Receiver {
  private child: ChildProcess | undefined;
  kills = 0;

  constructor(
    readonly kind: (typeof KINDS)[number],
    private readonly service: ServerProcess,
    private readonly run: string,
  ) {}

  private get file(): string {
    return path.join(this.service.folder, `effects-${this.kind}`);
  }

  start(): void {
    const url = `ws://127.0.0.1:${this.service.port}${STREAM_PATH}`;
    const args = [PROGRAM, this.kind, this.file, url, `effects-${this.run}`, TOPIC, this.run];
    this.child = spawn(process.execPath, args, { stdio: 'ignore', cwd: this.service.folder });
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
    this.kills++;
  }

  /** The ids of what took effect, as often as it did. */
  effects(): readonly string[] {
    if (!fs.existsSync(this.file)) return [];
    const text = fs.readFileSync(this.file, 'utf8');
    if (this.kind === 'cursor') return (JSON.parse(text) as { effects: string[] }).effects;
    return text.split('\n').slice(0, -1);
  }
}

export const effects: Scenario = {
  name: 'effects',
  about: 'receivers and service killed with kill -9: each event takes effect once',

  async run({ random, small, tell }) {
    const size = SIZES[small ? 'small' : 'full'];
    const service = await startMonitoringService({ env: { OWNERSHIP_TERM_MS: String(TERM_MS) } });
    const run = `e${random.seed.toString(36)}`;
    const ledger = new LossLedger();
    const producer = new KeyProducer(
      {
        port: service.port,
        ingestPath: INGEST_PATH,
        topic: TOPIC,
        keys: Array.from({ length: 8 }, (_, key) => `k${key}`),
        run,
        batchSize: 10,
        eventsPerSecond: size.eventsPerSecond,
      },
      ledger,
    );
    const receivers = KINDS.map((kind) => new Receiver(kind, service, run));
    const phase = () => pauseMs(random.between(size.phaseMs[0], size.phaseMs[1]));
    let serviceKills = 0;
    try {
      for (const receiver of receivers) receiver.start();
      producer.start();
      for (let round = 0; round < size.rounds; round++) {
        await phase();
        for (const receiver of receivers) {
          await receiver.kill();
          receiver.start();
        }
        await phase();
        tell(`round ${round + 1}: the service is killed`);
        await service.kill();
        serviceKills++;
        await service.begin();
      }
      await phase();
      await producer.finish();
      const isWhole = () => receivers.every((receiver) => new Set(receiver.effects()).size >= ledger.due);
      await untilTrue('all effects', isWhole, 30_000).catch(() => undefined);
      // An effect that is still to happen twice would be counted too.
      await pauseMs(500);
      return {
        checks: [
          { what: 'events due', found: ledger.due, atLeast: 100 },
          { what: 'kills of the service', found: serviceKills, atLeast: size.rounds },
          ...receivers.flatMap((receiver) => {
            const all = receiver.effects();
            const distinct = new Set(all).size;
            return [
              { what: `${receiver.kind}: kills of the receiver`, found: receiver.kills, atLeast: size.rounds },
              { what: `${receiver.kind}: events without effect`, found: ledger.due - distinct, atMost: 0 },
              { what: `${receiver.kind}: effects that happened twice`, found: all.length - distinct, atMost: 0 },
            ];
          }),
        ],
        notes: [],
      };
    } finally {
      for (const receiver of receivers) await receiver.kill();
      await service.stop();
    }
  },
};
