import type { UndeliverableEvent } from '../delivery/dead-letter.js';
import { noMetrics } from '../ports/metrics.port.js';
import { anEvent } from '../testing/builders.js';
import { FakeClock } from '../testing/fake-clock.js';
import { settle } from '../testing/settle.js';
import type { UntransformedEvent } from './transformations.js';
import { UntransformedLetters } from './untransformed-letters.js';

function world(maxWaiting?: number) {
  const clock = new FakeClock();
  const buried: [owner: string, letter: UndeliverableEvent][] = [];
  let isDown = false;
  let lost = 0;
  const letters = new UntransformedLetters({
    sinkOf: ({ subscriptionId, tenant }) => ({
      bury: (letter) => {
        if (isDown) return Promise.reject(new Error('down'));
        buried.push([`${tenant}/${subscriptionId}`, letter]);
        return Promise.resolve();
      },
    }),
    clock,
    metrics: { ...noMetrics, counter: () => ({ add: (amount = 1) => void (lost += amount) }) },
    ...(maxWaiting !== undefined && { maxWaiting }),
  });
  return { clock, letters, buried, lost: () => lost, setDown: (value: boolean) => (isDown = value) };
}

const failed = (eventId: string): UntransformedEvent => ({
  tenant: 'default',
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
