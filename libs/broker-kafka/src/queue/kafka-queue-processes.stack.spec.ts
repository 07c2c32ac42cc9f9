import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { LanePosition } from '@distributary/distribution-core';
import { anEvent, until } from '@distributary/distribution-core/testing';
import { type RunningServer, startKafka } from '../../../../tools/stack/src/index.js';
import { aKafkaLog, type KafkaHarness } from '../testing/kafka-harness.js';

const CHILD = path.join(import.meta.dirname, '..', 'testing', 'sharing-child.mjs');
const LANES = 6;
const KEYS_PER_LANE = 3;
const LONGEST_STALL_MS = 10_000;

interface Got {
  readonly ms: number;
  readonly id: string;
  readonly lane: number;
}

/** A real process that takes part, and what it says. */
class SharingProcess {
  readonly got: Got[] = [];
  readonly acked = new Set<string>();
  readonly refused: { readonly code: string; readonly ids: readonly string[] }[] = [];
  hasJoined = false;
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private rest = '';
  private complaints = '';

  constructor(broker: string, prefix: string, pauseMs: number) {
    this.child = spawn(process.execPath, [CHILD, broker, prefix, String(pauseMs)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.child, 'close');
    this.child.stdout?.on('data', (data: Buffer) => this.take(data.toString()));
    this.child.stderr?.on('data', (data: Buffer) => (this.complaints += data.toString()));
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    if (this.child.exitCode !== null) throw new Error(`it had ended already: ${this.complaints}`);
    this.child.kill(signal);
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  lanesSince(ms: number): number[] {
    return [...new Set(this.got.filter((one) => one.ms >= ms).map(({ lane }) => lane))].sort();
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const [what, ms, ...words] = line.split(' ');
      if (what === 'joined') this.hasJoined = true;
      else if (what === 'got') this.got.push({ ms: Number(ms), id: words[0], lane: Number(words[1]) });
      else if (what === 'acked') for (const id of words) this.acked.add(id);
      else if (what === 'refused') this.refused.push({ code: words[0], ids: words.slice(1) });
    }
  }
}

const nowMs = () => performance.timeOrigin + performance.now();
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

describe('processes that share a subscription over Kafka', () => {
  let kafka: RunningServer;
  let harness: KafkaHarness;
  const processes: SharingProcess[] = [];
  const underWay = new Set<() => Promise<unknown>>();
  beforeAll(async () => {
    kafka = await startKafka();
  }, 120_000);
  afterAll(() => kafka.stop('SIGKILL'));
  beforeEach(async () => {
    harness = await aKafkaLog(kafka.url);
    await harness.log.createTopic('orders', LANES, { ms: 0, bytes: 0 });
  });
  afterEach(async () => {
    for (const stop of underWay) await stop().catch(() => undefined);
    underWay.clear();
    await Promise.all(processes.splice(0).map((process) => process.end()));
    await harness.dispose();
  });

  const aProcess = (pauseMs: number) => {
    const process = new SharingProcess(kafka.url, harness.prefix, pauseMs);
    processes.push(process);
    return process;
  };
  const join = async (...joining: SharingProcess[]) => {
    await until('they have joined', () => joining.every(({ hasJoined }) => hasJoined), 60_000);
  };

  /** Each has some lanes, and both together all of them once. */
  const untilShared = async (one: SharingProcess, two: SharingProcess) => {
    const lately = (process: SharingProcess) => process.lanesSince(nowMs() - 1_500).length;
    await until(
      'the lanes are shared',
      () => lately(one) > 0 && lately(two) > 0 && lately(one) + lately(two) === LANES,
      30_000,
    );
  };

  /** One event of each key every 50 ms, until it is told to stop; by event: when the log had it. */
  function publishing() {
    const sent = new Map<string, number>();
    let isOn = true;
    const running = (async () => {
      for (let round = 0; isOn; round++) {
        const appends = Array.from({ length: LANES }, (_, partition) => ({
          topic: 'orders',
          partition,
          records: Array.from({ length: KEYS_PER_LANE }, (_, key) => {
            const routingKey = `k${partition}-${key}`;
            return anEvent({ eventId: `${routingKey}:${String(round).padStart(5, '0')}`, routingKey });
          }),
        }));
        await harness.log.append(appends);
        for (const { records } of appends) for (const { eventId } of records) sent.set(eventId, nowMs());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    const stop = async () => {
      isOn = false;
      await running;
      return sent;
    };
    underWay.add(stop);
    return { sent, stop };
  }

  /** Positions that were committed, as often as one looks; none may ever go back. */
  function watching() {
    const seen = new Map<number, string>();
    const wentBack: LanePosition[] = [];
    let isOn = true;
    const running = (async () => {
      while (isOn) {
        for (const at of await harness.log.committed('queue:reports')) {
          if (compare(at.position, seen.get(at.partition) ?? '') < 0) wentBack.push(at);
          seen.set(at.partition, at.position);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const stop = async () => {
      isOn = false;
      await running;
      return wentBack;
    };
    underWay.add(stop);
    return { stop };
  }

  /** Nothing is missing, the first deliveries of a key come in order, no lane waits too long; how many came twice, and the wait. */
  function judge(sent: ReadonlyMap<string, number>) {
    const first = new Map<string, Got>();
    let deliveries = 0;
    for (const got of processes.flatMap((process) => process.got)) {
      deliveries++;
      const before = first.get(got.id);
      if (before === undefined || got.ms < before.ms) first.set(got.id, got);
    }
    expect([...sent.keys()].filter((id) => !first.has(id))).toEqual([]);
    const byKey = new Map<string, Got[]>();
    for (const got of first.values()) {
      const key = got.id.split(':')[0];
      byKey.set(key, [...(byKey.get(key) ?? []), got]);
    }
    for (const all of byKey.values()) {
      const inOrder = [...all].sort((a, b) => compare(a.id, b.id));
      const late = inOrder.filter((got, index) => index > 0 && got.ms < inOrder[index - 1].ms);
      expect(late).toEqual([]);
    }
    const longestMs = Math.max(...[...first.values()].map(({ id, ms }) => ms - (sent.get(id) ?? ms)));
    expect(longestMs).toBeLessThan(LONGEST_STALL_MS);
    return { longestMs: Math.round(longestMs), twice: deliveries - first.size, events: sent.size };
  }

  /** By what is stored: who is killed in the middle of an acknowledgement cannot say any more that it took effect. */
  const isAllAcked = async () => {
    const committed = await harness.log.committed('queue:reports');
    const ends = await harness.log.ends('orders');
    return ends.every(({ lane, last }) =>
      committed.some(({ partition, position }) => partition === lane.partition && compare(position, last) >= 0),
    );
  };

  it('take over what one had that was killed, with nothing lost and no lane still for ten seconds', async () => {
    const [one, two] = [aProcess(0), aProcess(0)];
    await join(one, two);
    const producer = publishing();
    const watcher = watching();
    await untilShared(one, two);
    const killedMs = nowMs();
    one.signal('SIGKILL');
    await until('the other has all lanes', () => two.lanesSince(killedMs).length === LANES, 30_000);
    const takenOverMs = nowMs() - killedMs;
    const sent = await producer.stop();
    await until('everything is acknowledged', isAllAcked, 30_000);
    expect(await watcher.stop()).toEqual([]);
    const verdict = judge(sent);
    // What it was given last and had not acknowledged.
    expect(verdict.twice).toBeLessThanOrEqual(100);
    process.stdout.write(`killed: ${JSON.stringify({ ...verdict, takenOverMs: Math.round(takenOverMs) })}\n`);
  }, 120_000);

  it('refuse the acknowledgement of one that was stopped and wakes', async () => {
    const [one, two] = [aProcess(300), aProcess(0)];
    await join(one, two);
    const producer = publishing();
    const watcher = watching();
    await untilShared(one, two);
    // In the middle of an acknowledgement: something is given to it and not acknowledged.
    await until('it holds something', () => one.got.some(({ id }) => !one.acked.has(id)));
    const stoppedMs = nowMs();
    one.signal('SIGSTOP');
    await until('the other has all lanes', () => two.lanesSince(stoppedMs).length === LANES, 30_000);
    const takenOverMs = nowMs() - stoppedMs;
    const wokenMs = nowMs();
    one.signal('SIGCONT');
    await until('it is refused', () => one.refused.length > 0, 30_000);
    expect(one.refused.map(({ code }) => code)).toContain('generation.stale');
    await until(
      'it has lanes again',
      () => one.lanesSince(wokenMs + 500).length > 0 && two.lanesSince(nowMs() - 500).length < LANES,
      30_000,
    );
    const sent = await producer.stop();
    await until('everything is acknowledged', isAllAcked, 30_000);
    expect(await watcher.stop()).toEqual([]);
    process.stdout.write(`stopped: ${JSON.stringify({ ...judge(sent), takenOverMs: Math.round(takenOverMs) })}\n`);
  }, 120_000);
});
