import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { EveryLedger } from './every-ledger.js';
import { figuresOf } from './figures.js';
import { KeyProducer } from './key-producer.js';
import { type Judgement, LossLedger } from './loss-ledger.js';
import { areDue } from './running-loop.js';
import type { Scenario } from './scenario.js';
import { Stage } from './stage/stage.js';
import { pauseMs, untilTrue } from './waiting.js';

/**
 * Effectively once: the receivers and the service are killed with `kill -9` at random moments, and each event takes
 * effect once.
 *
 *   producers ──▶ service ──▶ receiver that stores effect and cursor together
 *               kill -9 ▲ └─▶ receiver that ignores an event_id that it has seen
 *                                     ▲ kill -9
 */
const PROGRAM = path.join(import.meta.dirname, 'effects-receiver.js');
const KINDS = ['cursor', 'idempotent'] as const;

const ENOUGH_DEADLINE_MS = 900_000;
const COMPLETE_TRIES = 120;
const COMPLETE_PAUSE_MS = 250;
const MAX_LAST_WORDS = 2_000;

const SIZES = {
  full: { events: 60_000, eventsPerSecond: 3_000, batchSize: 30, rounds: 6, phaseMs: [500, 3_000] },
  small: { events: 100, eventsPerSecond: 200, batchSize: 10, rounds: 1, phaseMs: [300, 900] },
} as const;

export class Receiver {
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  /** If this tool is interrupted. */
  private readonly endNow = () => void this.child?.kill('SIGKILL');
  readonly ledger = new LossLedger();
  kills = 0;
  /** Of those that nobody killed, how they ended and what they said. */
  readonly ownEnds: string[] = [];

  constructor(
    readonly kind: (typeof KINDS)[number],
    private readonly stage: Pick<Stage, 'folder' | 'service' | 'ports' | 'streamUrl'>,
    private readonly run: string,
  ) {
    process.once('exit', this.endNow);
  }

  private get file(): string {
    return path.join(this.stage.folder, `effects-${this.kind}`);
  }

  start(): void {
    const { folder, service, ports } = this.stage;
    const url = this.stage.streamUrl(ports[0]);
    const args = [PROGRAM, this.kind, this.file, url, `effects-${this.run}`, service.topic, this.run];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder });
    this.child = child;
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-MAX_LAST_WORDS)));
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        if (!child.killed) this.ownEnds.push(`${this.kind}: ended by itself with ${code ?? signal}: ${said}`);
        resolve();
      });
    });
  }

  async kill(): Promise<void> {
    if (this.child?.kill('SIGKILL')) this.kills++;
    await this.exited;
  }

  /** The ids of what took effect, as often as it did. */
  effects(): readonly string[] {
    if (!fs.existsSync(this.file)) return [];
    const lines = fs.readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
    if (this.kind === 'idempotent') return lines;
    return lines.flatMap((line) => (JSON.parse(line) as { effects: string[] }).effects);
  }

  judge(): Judgement {
    for (const id of this.effects()) {
      const [, key, sequence] = id.split('.');
      this.ledger.received(key, Number(sequence));
    }
    return this.ledger.judge();
  }
}

export const effects: Scenario = {
  name: 'effects',
  about: 'receivers and service killed with kill -9: each event takes effect once',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  async run({ random, small, broker, tell, events }) {
    const size = SIZES[small ? 'small' : 'full'];
    const stage = await Stage.open({ gateways: 1, broker });
    const [gateway] = stage.gateways;
    const run = `e${random.seed.toString(36)}`;
    const wanted = events ?? size.events;
    const receivers = KINDS.map((kind) => new Receiver(kind, stage, run));
    const ledger = new EveryLedger(receivers.map((receiver) => receiver.ledger));
    const producer = new KeyProducer(
      {
        ports: stage.ports,
        service: stage.service,
        topic: stage.service.topic,
        keys: Array.from({ length: 8 }, (_, key) => `k${key}`),
        run,
        batchSize: size.batchSize,
        eventsPerSecond: size.eventsPerSecond,
      },
      ledger,
    );
    const phase = () => pauseMs(random.between(size.phaseMs[0], size.phaseMs[1]));
    const untilSafe = (events: number) =>
      untilTrue('enough events', () => areDue(events, ledger, [producer]), ENOUGH_DEADLINE_MS);
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
        // However long a service takes to come back: each round has its share of the events.
        await untilSafe((wanted * (round + 1)) / (size.rounds + 1));
        tell(`round ${round + 1}: the service is killed, ${ledger.due} events are safe`);
        await gateway.kill();
        serviceKills++;
        await gateway.begin();
      }
      await untilSafe(wanted);
      await producer.finish();
      const isWhole = () => receivers.every((receiver) => new Set(receiver.effects()).size >= ledger.due);
      for (let tries = 0; tries < COMPLETE_TRIES && !isWhole(); tries++) await pauseMs(COMPLETE_PAUSE_MS);
      // An effect that is still to happen twice would be counted too.
      await pauseMs(500);
      const judged = receivers.map((receiver) => ({ receiver, found: receiver.judge() }));
      return {
        figures: judged.map(({ receiver, found }) => figuresOf(`exactly-once, ${receiver.kind}`, found)),
        checks: [
          { what: 'events due', found: ledger.due, atLeast: wanted },
          { what: 'kills of the service', found: serviceKills, atLeast: size.rounds },
          ...judged.flatMap(({ receiver: { kind, kills, ownEnds }, found }) => [
            { what: `${kind}: receivers that ended by themselves`, found: ownEnds.length, atMost: 0 },
            { what: `${kind}: kills of the receiver`, found: kills, atLeast: size.rounds },
            { what: `${kind}: events without effect`, found: found.missing, atMost: 0 },
            { what: `${kind}: effects that happened twice`, found: found.duplicated, atMost: 0 },
            { what: `${kind}: first effects out of order in their key`, found: found.outOfOrder, atMost: 0 },
            { what: `${kind}: effects of events that no producer sent`, found: found.unknown, atMost: 0 },
          ]),
        ],
        notes: judged.flatMap(({ receiver, found }) => [...receiver.ownEnds, ...found.examples]),
      };
    } finally {
      for (const receiver of receivers) await receiver.kill();
      await stage.close();
    }
  },
};
