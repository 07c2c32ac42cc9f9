import { publishAnswer, publishResultOf } from './publish-answer.js';
import type { IngestOutcome } from './publisher.js';

const lane = (topic: string, partition: number) => ({ topic, partition, epoch: 'e"1' });
const [first, second] = [lane('a.b', 0), lane('a.b', 1)];

const OUTCOMES: IngestOutcome[] = [
  { eventId: 'a "b"\n', duplicate: false, topic: 'a/b', lane: first, position: '10' },
  { eventId: 'é', duplicate: true, topic: '@acme/a/b', lane: first, position: '11' },
  { eventId: 'c', duplicate: false, topic: '@acme/a/b', lane: second, position: '' },
];

describe('the answer to a publish', () => {
  it.each([0, 1, 2, 3])('as bytes says of %i events what its results say', (count) => {
    const outcomes = OUTCOMES.slice(0, count);
    expect(JSON.parse(publishAnswer(outcomes).toString())).toEqual({ results: outcomes.map(publishResultOf) });
  });

  it('has room for the longest ids', () => {
    const outcomes = Array.from({ length: 20 }, (_, at) => ({
      ...OUTCOMES[0],
      eventId: `${at}${'\u0000'.repeat(198)}`,
    }));
    expect(JSON.parse(publishAnswer(outcomes).toString())).toEqual({ results: outcomes.map(publishResultOf) });
  });

  it('names topics as callers do', () => {
    expect(publishResultOf(OUTCOMES[1]).topic).toBe('a/b');
  });
});
