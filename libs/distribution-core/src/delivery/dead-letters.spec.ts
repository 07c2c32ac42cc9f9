import { LOCAL_PRINCIPAL } from '../access/local-principal.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { NewTopic, TopicDefinition } from '../ports/topic-catalog.port.js';
import { aTopic, anEvent, FakeClock, InMemoryDeadLetterStore, InMemoryLog } from '../testing/index.js';
import { DeadLetters, MAX_LETTERS_AT_ONCE } from './dead-letters.js';
import { ReplaySignals } from './replay-signals.js';

const OF_BILLING = { subscriptionId: 'billing' };
/** And far apart in time: so each is found in the log without reading hundreds of others. */
const LARGE = { text: 'x'.repeat(20_000) };

describe('dead letters that are replayed to their topics', () => {
  let clock: FakeClock;
  let log: InMemoryLog;
  let store: InMemoryDeadLetterStore;
  let letters: DeadLetters;
  let buried: number;
  let topics: Map<string, TopicDefinition>;

  beforeEach(async () => {
    clock = new FakeClock();
    log = new InMemoryLog({ clock });
    store = new InMemoryDeadLetterStore();
    buried = 0;
    topics = new Map([['orders', aTopic('orders')]]);
    await log.createTopic('orders', 1, { ms: 0, bytes: 0 });
    const directory = {
      find: (name: string) => topics.get(name),
      create: async ({ name, brokerName }: NewTopic) => {
        await log.createTopic(brokerName, 1, { ms: 0, bytes: 0 });
        topics.set(name, aTopic(name, { brokerName }));
        return aTopic(name, { brokerName });
      },
    };
    letters = new DeadLetters({
      store,
      log,
      directory,
      signals: new ReplaySignals(store, clock),
      service: 'shop',
      retentionPolicy: '7d',
      clock,
      ids: { uuid: () => `00000000-0000-4000-8000-${String(buried).padStart(12, '0')}`, random: () => 0.5 },
      metrics: noMetrics,
    });
  });
  afterEach(() => log.close());

  const bury = async (topic: string) => {
    const position = String(++buried).padStart(6, '0');
    const at = { topic, partition: 0, epoch: 'its-own', position };
    const micros = clock.nowMicros();
    const times = { firstFailureMicros: micros, lastFailureMicros: micros };
    const event = anEvent({ eventId: `event-${buried}`, value: LARGE });
    await letters
      .sinkOf({ ...OF_BILLING, tenant: 'default' })
      .bury({ event, at, reason: 'nacked', attempts: 5, ...times });
    clock.advance(10_000);
  };
  const statuses = async () => (await store.list({ tenant: 'default' }, 1_000)).map(({ status }) => status);
  const sent = async () => (await log.ends('orders'))[0].events;
  const replay = () => letters.replay(LOCAL_PRINCIPAL, OF_BILLING, 'topic');

  it('do not stop at one whose topic is gone', async () => {
    for (const topic of ['orders', 'gone', 'orders']) await bury(topic);
    expect(await replay()).toEqual({ count: 2, hasMore: false });
    expect(await statuses()).toEqual(['replayed', 'dead', 'replayed']);
    expect(await sent()).toBe(2);
  });

  it('say why when none of them can be sent', async () => {
    await bury('gone');
    await bury('gone');
    await expect(replay()).rejects.toMatchObject({ code: 'topic.not_found' });
    expect(await statuses()).toEqual(['dead', 'dead']);
  });

  it('stay on their way when the broker does not answer, and go on when they are asked for again', async () => {
    await bury('orders');
    await bury('orders');
    log.setOutage(true);
    await expect(replay()).rejects.toMatchObject({ code: 'broker.unavailable' });
    expect(await statuses()).toEqual(['replaying', 'replaying']);
    log.setOutage(false);
    expect(await replay()).toEqual({ count: 2, hasMore: false });
    expect(await sent()).toBe(2);
  });

  it('are begun no more at once than are sent', async () => {
    for (let count = 0; count <= MAX_LETTERS_AT_ONCE; count++) await bury('orders');
    expect(await replay()).toEqual({ count: MAX_LETTERS_AT_ONCE, hasMore: true });
    expect((await statuses()).at(-1)).toBe('dead');
    expect(await replay()).toEqual({ count: 1, hasMore: false });
    expect(await sent()).toBe(MAX_LETTERS_AT_ONCE + 1);
  });
});
