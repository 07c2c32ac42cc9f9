import { noMetrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { anEvent, BusyClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';

const METRICS = 'monitoring/metrics';
const INCIDENTS = 'monitoring/incidents';
const ALERTS = 'monitoring/alerts';
const PRIORITIES = { [METRICS]: 5, [INCIDENTS]: 3, [ALERTS]: 1 };

/** Notes in one list, for all outlets, who was written to. */
class NotingOutlet extends RecordingOutlet {
  constructor(
    private readonly name: string,
    private readonly written: string[],
    private readonly onWrite: () => void,
  ) {
    super();
  }

  override write(bytes: Buffer, mark: number): void {
    super.write(bytes, mark);
    if (!bytes.toString().includes('"events"')) return;
    this.written.push(this.name);
    this.onWrite();
  }
}

async function setUp(workMsPerWrite = 0) {
  const clock = new BusyClock();
  const log = new InMemoryLog({ clock });
  const fanOut = new FanOut({ log, clock, metrics: noMetrics });
  const topics = Object.entries(PRIORITIES).map(([name, priority]): TopicDefinition => ({
    name,
    tenant: 'default',
    brokerName: name,
    dataType: 'ANY',
    partitions: 1,
    retentionPolicy: '7d',
    enabled: true,
    origin: 'ingested',
    priority,
    conflationKey: 'none',
    catalogVersion: 1,
    createdAtMicros: 0,
  }));
  for (const { brokerName } of topics) await log.createTopic(brokerName, 1, { ms: 0, bytes: 0 });
  await fanOut.setTopics(topics);
  const written: string[] = [];
  const subscribe = async (name: string, topicPatterns: readonly string[]) => {
    const outlet = new NotingOutlet(name, written, () => (clock.workedMs += workMsPerWrite));
    const attached = fanOut.attach({
      subscriptionId: name,
      // Feeds of their own.
      selection: { topicPatterns, keyPatterns: [], filter: { op: 'not', filter: { op: 'exists', attribute: name } } },
      encoder: lineEncoder,
      outlet,
      policy: 'block',
      credit: Number.POSITIVE_INFINITY,
      maxRate: Number.POSITIVE_INFINITY,
      snapshot: false,
      startOf: async () => 'live',
      onAttached: () => undefined,
    });
    await settle(clock, 8);
    clock.advance(2);
    const member = await attached;
    outlet.onRoom = () => fanOut.serve(member);
    await settle(clock, 8);
    return outlet;
  };
  let published = 0;
  const publish = (...names: string[]) =>
    log.append(names.map((topic) => ({ topic, partition: 0, records: [anEvent({ eventId: `e${++published}` })] })));
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settle(clock, 8);
  };
  const turn = async () => {
    clock.advance(0);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  return { clock, fanOut, log, written, subscribe, publish, pass, turn };
}

describe('feeds with something to write', () => {
  it('are written to in the order of their most urgent topic, whatever came first', async () => {
    const { subscribe, publish, written, pass, fanOut, clock } = await setUp();
    await subscribe('metrics', [METRICS]);
    await subscribe('incidents', [INCIDENTS]);
    await subscribe('alerts', [ALERTS]);
    await subscribe('all', ['monitoring/#']);
    // After a first flush there is a pause, in which what comes is gathered.
    await publish(METRICS);
    await settle(clock, 8);
    written.length = 0;
    await publish(METRICS, INCIDENTS, ALERTS);
    await settle(clock, 8);
    await pass(5);
    expect(new Set(written.slice(0, 2))).toEqual(new Set(['alerts', 'all']));
    expect(written.slice(2)).toEqual(['incidents', 'metrics']);
    await fanOut.stop();
  });

  it('write their lanes in the order of priority, and each lane in its own', async () => {
    const { subscribe, publish, pass, fanOut, clock } = await setUp();
    const all = await subscribe('all', ['monitoring/#']);
    await publish(METRICS, ALERTS);
    await settle(clock, 8);
    const before = all.of('data').length;
    await publish(METRICS, INCIDENTS, METRICS, ALERTS, METRICS);
    await settle(clock, 8);
    await pass(5);
    const flushed = all.of('data').slice(before);
    const lanes = flushed.map(({ lane }) => String(lane).split('#')[0]);
    expect(lanes).toEqual([ALERTS, INCIDENTS, METRICS]);
    expect(all.chainBreaks()).toEqual([]);
    await fanOut.stop();
  });

  it('hold up no alert while a long round of metrics is being written, nor in the pause after it', async () => {
    const { subscribe, publish, written, turn, clock, fanOut } = await setUp(2);
    const feeds = 40;
    for (let n = 0; n < feeds; n++) await subscribe(`metrics-${n}`, [METRICS]);
    await subscribe('alerts', [ALERTS]);
    await publish(METRICS);
    while (written.length < 3) {
      await turn();
      if (written.length === 0) clock.advance(1);
    }
    await publish(ALERTS);
    const before = written.length;
    while (!written.includes('alerts')) await turn();
    // One feed of the round takes as long as a slice may: some turns pass until the tail has the alert.
    expect(written.length - before).toBeLessThan(feeds / 2);
    while (written.length < feeds + 1) await turn();
    // The round took 80 ms, so the next one begins 40 ms later; the next alert does not wait for that.
    await publish(METRICS);
    await publish(ALERTS);
    clock.advance(1);
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(written.slice(feeds + 1)).toEqual(['alerts']);
    await fanOut.stop();
  });

  it('tell how late they are while a round goes on and for a moment after it, and nothing of it later', async () => {
    const { subscribe, publish, written, turn, clock, fanOut } = await setUp(2);
    const feeds = 20;
    for (let n = 0; n < feeds; n++) await subscribe(`metrics-${n}`, [METRICS]);
    expect(fanOut.lagMs()).toBe(0);
    await publish(METRICS);
    while (written.length < feeds / 2) {
      await turn();
      if (written.length === 0) clock.advance(1);
    }
    expect(fanOut.lagMs()).toBeGreaterThanOrEqual(feeds);
    while (written.length < feeds) await turn();
    await turn();
    expect(fanOut.lagMs()).toBeGreaterThanOrEqual(2 * feeds);
    clock.advance(251);
    expect(fanOut.lagMs()).toBe(0);
    await fanOut.stop();
  });
});
