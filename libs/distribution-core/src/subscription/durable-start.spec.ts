import { LOCAL_PRINCIPAL } from '../access/local-principal.js';
import { FanOut } from '../fan-out/fan-out.js';
import type { SessionMessage } from '../fan-out/outlet.js';
import type { Ownership, StoredPosition } from '../ports/cursor-store.port.js';
import { noMetrics } from '../ports/metrics.port.js';
import {
  aCompetingProcess,
  aDurableSubscription,
  events,
  FakeClock,
  InMemoryCursorStore,
  InMemoryLog,
  InMemorySubscriptionStore,
  lineEncoder,
  RecordingOutlet,
  settle,
} from '../testing/index.js';
import type { SubscribeCommand } from './stream-commands.js';
import { StreamSession } from './stream-session.js';
import { DEFAULT_STREAM_SESSION_LIMITS } from './stream-session-dependencies.js';

/** Says what it is told to as soon as the client hears that its subscription has begun. */
class EagerOutlet extends RecordingOutlet {
  onSubscribed: () => void = () => undefined;

  override send(message: SessionMessage): void {
    super.send(message);
    if (message.type === 'subscribed') setImmediate(() => this.onSubscribed());
  }
}

class HesitantStore extends InMemoryCursorStore {
  letGo: (() => void) | undefined;
  isStale = false;

  override async store(ownership: Ownership, positions: readonly StoredPosition[]): Promise<'stored' | 'stale'> {
    await new Promise<void>((resolve) => {
      this.letGo = resolve;
    });
    return this.isStale ? 'stale' : super.store(ownership, positions);
  }
}

describe('a durable subscription whose first positions are still being stored', () => {
  const clock = new FakeClock();
  let log: InMemoryLog;
  let fanOut: FanOut;
  let cursors: HesitantStore;
  let subscriptions: InMemorySubscriptionStore;
  let outlet: EagerOutlet;
  let session: StreamSession;

  beforeEach(async () => {
    log = new InMemoryLog({ clock });
    fanOut = new FanOut({ log, clock, metrics: noMetrics });
    await log.createTopic('t', 1, { ms: 0, bytes: 0 });
    const row = { tenant: 'default', brokerName: 't', dataType: 'ALERTS', partitions: 1, retentionPolicy: '7d' };
    const ways = { enabled: true, origin: 'ingested', priority: 1, conflationKey: 'none' } as const;
    await fanOut.setTopics([{ name: 't', ...row, ...ways, catalogVersion: 1, createdAtMicros: 0 }]);
    cursors = new HesitantStore({ clock });
    subscriptions = new InMemorySubscriptionStore();
    outlet = new EagerOutlet();
    session = new StreamSession(
      {
        fanOut,
        log,
        subscriptions,
        cursors,
        competing: aCompetingProcess({ log, cursors, clock }),
        clock,
        ids: { uuid: () => 'owner', random: () => 0.5 },
        catalogVersion: () => 1,
        lookAtCatalog: () => Promise.resolve(),
        limits: DEFAULT_STREAM_SESSION_LIMITS,
      },
      LOCAL_PRINCIPAL,
      outlet,
      lineEncoder,
    );
  });
  afterEach(async () => {
    const closing = session.close();
    await settle(clock, 4);
    cursors.letGo?.();
    await closing;
    await fanOut.stop();
    await log.close();
  });

  const subscribe = (command: Partial<SubscribeCommand> = {}) =>
    session.subscribe({
      id: 's',
      selection: { topicPatterns: ['t'], keyPatterns: [], filter: undefined },
      start: { at: 'earliest' },
      slowPolicy: 'block',
      maxRate: undefined,
      credit: 1,
      durable: { name: 'd', type: 'exclusive', deliveryGuarantee: 'at_least_once', subscriberService: 'desk' },
      ...command,
    });

  // Its client was told that it has begun; the credit was refused as that of an unknown subscription, and nothing ever came.
  it('hears what its client says', async () => {
    await log.append([{ topic: 't', partition: 0, records: events(2) }]);
    outlet.onSubscribed = () => session.credit('s', 1);
    const subscribed = subscribe();
    await settle(clock, 12);
    expect(outlet.of('data').flatMap((data) => data.events ?? [])).toHaveLength(2);
    cursors.letGo?.();
    await subscribed;
  });

  // Nothing more came, and the client was not told why.
  it('tells its client if another owner has it by then', async () => {
    const subscribed = subscribe();
    await settle(clock, 6);
    cursors.isStale = true;
    await cursors.acquire('d', 'another', 9_000, { force: true });
    cursors.letGo?.();
    await subscribed;
    await settle(clock, 6);
    expect(outlet.of('error')).toMatchObject([{ id: 's', code: 'generation.stale' }]);
  });

  it.each([
    ['earliest', 1],
    [undefined, 0],
  ] as const)('begins where it was to begin (%s) if its client does not say', async (start, received) => {
    const remembered = { topicPatterns: ['t'], keyPatterns: [], filter: undefined, subscriberService: 'desk', start };
    await subscriptions.create(aDurableSubscription({ subscriptionId: 'd', ...remembered }));
    await log.append([{ topic: 't', partition: 0, records: events(1) }]);
    const subscribed = subscribe({ start: undefined });
    await settle(clock, 12);
    expect(outlet.of('data').flatMap((data) => data.events ?? [])).toHaveLength(received);
    cursors.letGo?.();
    await subscribed;
  });
});
