import type { UndeliverableEvent } from '../delivery/dead-letter.js';
import { DeadLetters } from '../delivery/dead-letters.js';
import { ReplaySignals } from '../delivery/replay-signals.js';
import { DistributionError } from '../errors/distribution-error.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { NewDeadLetter } from '../ports/dead-letter-store.port.js';
import { noMetrics } from '../ports/metrics.port.js';
import { anEvent, aTopic } from '../testing/builders.js';
import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryDeadLetterStore } from '../testing/in-memory-dead-letter-store.js';
import { InMemoryLog } from '../testing/in-memory-log.js';
import { settle } from '../testing/settle.js';
import type { UntransformedEvent } from './transformations.js';
import { UntransformedLetters } from './untransformed-letters.js';

class StoreThatIsAway extends InMemoryDeadLetterStore {
  constructor(private times: number) {
    super();
  }

  override bury(letter: NewDeadLetter): Promise<void> {
    if (this.times-- > 0) return Promise.reject(new DistributionError('store.unavailable', 'away'));
    return super.bury(letter);
  }
}

function world(maxWaiting?: number) {
  const clock = new FakeClock();
  const buried: [owner: string, letter: UndeliverableEvent][] = [];
  let isDown = false;
  let lost = 0;
  const refusals = new Map<string, ErrorCode>();
  const letters = new UntransformedLetters({
    sinkOf: ({ subscriptionId, tenant }) => ({
      bury: (letter) => {
        if (isDown) return Promise.reject(new Error('down'));
        const refusal = refusals.get(tenant) ?? refusals.get(letter.event.eventId);
        if (refusal !== undefined) return Promise.reject(new DistributionError(refusal, 'no'));
        buried.push([`${tenant}/${subscriptionId}`, letter]);
        return Promise.resolve();
      },
    }),
    clock,
    metrics: { ...noMetrics, counter: () => ({ add: (amount = 1) => void (lost += amount) }) },
    ...(maxWaiting !== undefined && { maxWaiting }),
  });
  const buriedIds = () => buried.map(([, letter]) => letter.event.eventId);
  return {
    clock,
    letters,
    buried,
    buriedIds,
    refusals,
    lost: () => lost,
    setDown: (value: boolean) => (isDown = value),
  };
}

const failed = (eventId: string, tenant = 'default'): UntransformedEvent => ({
  tenant,
  fingerprint: '0123456789abcdefghij',
  failure: { reason: 'expression', message: 'there is no field x', problems: [] },
  place: { at: { topic: 't', partition: 0, epoch: 'e', position: eventId }, record: anEvent({ eventId }) },
});

describe('dead letters of transformations', () => {
  it('are buried in the background, in their order, in the name of the transformation', async () => {
    const { letters, buried, clock } = world();
    for (const id of ['a', 'b']) letters.take(failed(id));
    await settle(clock);
    letters.take(failed('c'));
    await settle(clock);
    expect(buried.map(([owner, letter]) => [owner, letter.event.eventId, letter.reason])).toEqual(
      ['a', 'b', 'c'].map((id) => ['default/transformation:0123456789abcdef', id, 'transformation_failed']),
    );
  });

  it('are tried again until they can be buried', async () => {
    const { letters, buried, clock, setDown } = world();
    setDown(true);
    letters.take(failed('a'));
    await settle(clock);
    setDown(false);
    clock.advance(1_000);
    await settle(clock);
    expect(buried).toHaveLength(1);
  });

  it('do not wait behind one that is refused for good, which is counted', async () => {
    const { letters, buriedIds, clock, refusals, lost } = world();
    refusals.set('a', 'request.invalid');
    for (const id of ['a', 'b']) letters.take(failed(id));
    await settle(clock);
    expect([buriedIds(), lost()]).toEqual([['b'], 1]);
  });

  it('do not wait for those of another tenant', async () => {
    const { letters, buriedIds, clock, refusals, lost } = world();
    refusals.set('acme', 'quota.exceeded');
    for (const id of ['a', 'b']) letters.take(failed(id, 'acme'));
    for (const id of ['c', 'd']) letters.take(failed(id, 'other'));
    await settle(clock);
    clock.advance(1_000);
    await settle(clock);
    expect(buriedIds()).toEqual(['c', 'd']);
    refusals.clear();
    clock.advance(1_000);
    await settle(clock);
    expect([buriedIds(), lost()]).toEqual([['c', 'd', 'a', 'b'], 0]);
  });

  it('are written to their topic once, however often their row has to be tried', async () => {
    const clock = new FakeClock();
    const log = new InMemoryLog({ clock });
    const store = new StoreThatIsAway(3);
    const topic = aTopic('shop/dead-letters');
    await log.createTopic(topic.brokerName, 1, { ms: 0, bytes: 0 });
    const deadLetters = new DeadLetters({
      store,
      log,
      directory: { find: () => topic, create: () => Promise.resolve(topic) },
      signals: new ReplaySignals(store, clock),
      service: 'shop',
      retentionPolicy: '7d',
      clock,
      ids: { uuid: () => '00000000-0000-4000-8000-000000000001', random: () => 0.5 },
      metrics: noMetrics,
    });
    const letters = new UntransformedLetters({
      sinkOf: (owner) => deadLetters.sinkOf(owner),
      clock,
      metrics: noMetrics,
    });
    letters.take(failed('a'));
    for (let second = 0; second < 4; second++) {
      await settle(clock);
      clock.advance(1_000);
    }
    expect(await store.list({ tenant: 'default' }, 10)).toHaveLength(1);
    expect((await log.ends(topic.brokerName))[0].events).toBe(1);
    await log.close();
  });

  it('are counted where there are too many', () => {
    const { letters, setDown, lost } = world(2);
    setDown(true);
    for (const id of ['a', 'b', 'c']) letters.take(failed(id));
    expect(lost()).toBe(1);
  });

  it('are tried once more at the end, and counted if that is in vain', async () => {
    const { letters, buried, clock, setDown, lost } = world();
    setDown(true);
    for (const id of ['a', 'b']) letters.take(failed(id));
    await settle(clock);
    await letters.close();
    expect([buried.length, lost()]).toEqual([0, 2]);
    letters.take(failed('c'));
    expect(lost()).toBe(3);
  });
});
