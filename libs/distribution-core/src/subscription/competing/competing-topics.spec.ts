import { DeadLetters } from '../../delivery/dead-letters.js';
import { ReplaySignals } from '../../delivery/replay-signals.js';
import { DistributionError } from '../../errors/distribution-error.js';
import { noMetrics } from '../../ports/metrics.port.js';
import type { NewTopic } from '../../ports/topic-catalog.port.js';
import { TopicDirectory } from '../../routing/topic-directory.js';
import { anEvent, aTopic } from '../../testing/builders.js';
import { aCompetingProcess } from '../../testing/competing.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryCursorStore } from '../../testing/in-memory-cursor-store.js';
import { InMemoryDeadLetterStore } from '../../testing/in-memory-dead-letter-store.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { InMemoryTopicCatalog } from '../../testing/in-memory-topic-catalog.js';
import { until } from '../../testing/until.js';
import { Replays } from '../replays.js';
import type { DurableSubscription } from '../subscription.js';

const SUBSCRIPTION: DurableSubscription = {
  subscriptionId: '@acme/billing',
  tenant: 'acme',
  subscriberService: 'billing',
  type: 'shared',
  deliveryGuarantee: 'at_least_once',
  slowPolicy: 'block',
  status: 'active',
  createdAtMicros: 0,
  topicPatterns: ['@acme/orders/#'],
  keyPatterns: [],
  filter: undefined,
};

const nothing = () => undefined;
const EVENTS = { onSuspended: nothing, onResumed: nothing, onLost: nothing };

const acmes = (name: string): NewTopic => aTopic(`@acme/${name}`, { tenant: 'acme', brokerName: `acme.${name}` });

/** A store that answers as late as a test wants. */
class SlowCursorStore extends InMemoryCursorStore {
  waiting: Promise<void> | undefined;
  isAsked = false;

  override async loadWithAbove(subscriptionId: string) {
    this.isAsked = true;
    await this.waiting;
    return super.loadWithAbove(subscriptionId);
  }
}

describe('the topics of a subscription that is shared', () => {
  let clock: FakeClock;
  let log: InMemoryLog;
  let catalog: InMemoryTopicCatalog;
  let cursors: SlowCursorStore;
  beforeEach(() => {
    clock = new FakeClock();
    log = new InMemoryLog({ clock });
    catalog = new InMemoryTopicCatalog({ clock });
    cursors = new SlowCursorStore({ clock });
  });
  afterEach(() => log.close());

  /** With the topics of the catalog, and with dead letters: those of a tenant lie in a topic that is made when it is needed first. */
  async function aProcess(ownerId: string) {
    const directory = new TopicDirectory({ catalog, log, clock, metrics: noMetrics, onError: nothing });
    const store = new InMemoryDeadLetterStore();
    const signals = new ReplaySignals(store, clock);
    const ids = { uuid: () => '00000000-0000-4000-8000-000000000001', random: () => 0.5 };
    const whole = { service: 'shop', retentionPolicy: '7d', metrics: noMetrics };
    const letters = new DeadLetters({ ...whole, store, log, directory, signals, clock, ids });
    const replays = new Replays({ letters, store, signals, log, clock });
    const competing = aCompetingProcess({ log, cursors, clock }, { ownerId, replays });
    directory.onChange((topics) => competing.setTopics(topics));
    await directory.start([acmes('orders/a')]);
    return { directory, competing };
  }

  const publish = (name: string, ...eventIds: string[]) =>
    log.append([{ topic: `acme.${name}`, partition: 0, records: eventIds.map((eventId) => anEvent({ eventId })) }]);

  async function join({ competing }: Awaited<ReturnType<typeof aProcess>>) {
    const seat = await competing.join(SUBSCRIPTION, { at: 'latest' }, EVENTS);
    const next = async () => (await seat.receive(10, new AbortController().signal)).map(({ event }) => event.eventId);
    return { seat, next };
  }

  it('do not wait for the first subscription of its tenant, which makes the topic of the dead letters', async () => {
    const process = await aProcess('one');
    const reader = await join(process);
    await process.directory.create(acmes('orders/b'));
    await publish('orders/b', 'b1');
    expect(await reader.next()).toEqual(['b1']);
    await process.competing.close();
  });

  it('are read though one of them cannot be, and so are those of other subscriptions', async () => {
    const process = await aProcess('one');
    const reader = await join(process);
    const second = { ...SUBSCRIPTION, subscriptionId: '@acme/audit' };
    const other = await process.competing.join(second, { at: 'latest' }, EVENTS);
    const ends = log.ends.bind(log);
    log.ends = (topic) =>
      topic === 'acme.orders/b'
        ? Promise.reject(new DistributionError('broker.unavailable', 'one broker is away'))
        : ends(topic);
    await process.directory.create(acmes('orders/b'));
    await process.directory.create(acmes('orders/c'));
    await publish('orders/b', 'b1');
    await publish('orders/c', 'c1');
    expect(await reader.next()).toEqual(['c1']);
    const [delivery] = await other.receive(10, new AbortController().signal);
    expect(delivery.event.eventId).toBe('c1');
    log.ends = ends;
    await process.directory.refresh();
    expect(await reader.next()).toEqual(['b1']);
    await process.competing.close();
  });

  it('are read from their first event when they came while it was opened', async () => {
    const process = await aProcess('one');
    let goOn = nothing as () => void;
    cursors.waiting = new Promise((resolve) => (goOn = resolve));
    const joining = join(process);
    await until('the store to be asked', () => cursors.isAsked);
    await process.directory.create(acmes('orders/b'));
    await publish('orders/b', 'b1');
    goOn();
    expect(await (await joining).next()).toEqual(['b1']);
    await process.competing.close();
  });

  it('are read from their first event when they came between one process that received it and the next', async () => {
    const [one, other] = [await aProcess('one'), await aProcess('other')];
    await publish('orders/a', 'before');
    const first = await join(one);
    await publish('orders/a', 'a1');
    expect(await first.next()).toEqual(['a1']);
    await first.seat.leave();
    await other.directory.create(acmes('orders/b'));
    await publish('orders/b', 'b1');
    const second = await join(other);
    const received: string[] = [];
    while (received.length < 2) received.push(...(await second.next()));
    expect(received.sort()).toEqual(['a1', 'b1']);
    await other.competing.close();
  });

  it.each(['at once', 'after a while'])('are read anew when they are deleted and created again %s', async (when) => {
    const [one, other] = [await aProcess('one'), await aProcess('other')];
    const reader = await join(one);
    await publish('orders/a', 'a1');
    expect(await reader.next()).toEqual(['a1']);
    await other.directory.refresh();
    await other.directory.delete('@acme/orders/a');
    if (when === 'after a while') await one.directory.refresh();
    await other.directory.create(acmes('orders/a'));
    await one.directory.refresh();
    await publish('orders/a', 'a2');
    expect(await reader.next()).toEqual(['a2']);
    await one.competing.close();
  });

  it('that are created again keep their events when those of before are acknowledged', async () => {
    const process = await aProcess('one');
    const { directory, competing } = process;
    const { seat, next } = await join(process);
    const { signal } = new AbortController();
    await publish('orders/a', 'a1');
    const before = await seat.receive(10, signal);
    await directory.delete('@acme/orders/a');
    await directory.create(acmes('orders/a'));
    await publish('orders/a', 'a2');
    expect(await next()).toEqual(['a2']);
    seat.ack(before);
    await seat.leave();
    const again = await join(process);
    expect(await again.next()).toEqual(['a2']);
    await competing.close();
  });
});
